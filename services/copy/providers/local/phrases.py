# ruff: noqa: E501  (one row a slot)
"""Slots of a frame, filled for one product: names, agreement, lines of the category, and facts as phrases."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence

from services.copy.domain import Tone
from services.copy.providers.local import english
from services.copy.providers.local.facts import Fact, FactKind, content_words, head_noun, is_mass
from services.copy.providers.local.library import Line, Payoff
from services.copy.providers.local.subject import Subject, with_article

_SLOT = re.compile(r"\{(\w+)\}")
_FORMAL = frozenset({Tone.PROFESSIONAL, Tone.LUXE})
# words that a sentence of the customer's own may not begin with where it is tied to the product by "with ..."
_LOOSE = frozenset(
    {
        "it",
        "they",
        "this",
        "that",
        "these",
        "those",
        "there",
        "he",
        "she",
        "i",
        "so",
        "and",
        "but",
        "or",
        "because",
        "no",
        "just",
        "simply",
        "perfect",
        "say",
        "forget",
        "let",
        "don't",
        "don’t",
        "with",
        "from",
        "when",
        "if",
        "once",
        "whether",
        "instead",
        "a",
        "an",
        "the",
    }
)
_CHATTY = frozenset({Tone.CASUAL, Tone.PLAYFUL})
_YOU_GET = frozenset({"service", "place", "course", "event", "cause"})
_SUBORDINATE = re.compile(
    r"\s*(?:,\s(?:so|because|while|even|which|thanks|whether|if|when|without|making|giving|letting)\b|\s(?:so that|so|because|while|thanks to|even when|even if|which|without having|whether)\s).*$"
)
_FRAGMENT_KINDS = frozenset(
    {FactKind.DOES, FactKind.HAS, FactKind.IS, FactKind.ITEMS, FactKind.NONE, FactKind.CAN, FactKind.BARE}
)


_GET = {
    "goods": "get", "food": "order", "software": "try", "service": "call", "place": "book", "course": "join",
    "event": "get tickets for", "cause": "support",
}  # fmt: skip
_COUNTED = re.compile(
    r"^(?:two|three|four|five|six|seven|eight|nine|ten|\d+) (?:\w+ )?(?:sizes|colou?rs|shades|flavou?rs|lengths|widths|scents|finishes)\b"
)
SINGULAR = re.compile(r"\b[Ii]t(?:s|self|'s|'ll)?\b")  # says "it" of the product: not for products in the plural
DEFINITION = 99  # the place of what the product is, among the facts
_NOUN_SLOTS = frozenset({"N", "aN", "thisN", "N1"})
_LINES = frozenset({"pain", "barepain", "moment", "people", "truth", "doubt", "step", "scene", "then"})


class Missing(Exception):
    """The brief has nothing for a slot of the frame; another frame has to do."""


def shorter(fact: Fact, room: int) -> Fact:
    """The fact without its subordinate clause when it is longer than `room` characters."""
    if len(fact.text) <= room or fact.kind in {FactKind.ITEMS, FactKind.SAYS}:
        return fact
    text = _SUBORDINATE.sub("", fact.text)
    if len(text.split()) < 2 or text == fact.text:
        return fact
    rest = _SUBORDINATE.sub("", fact.rest)
    return Fact(kind=fact.kind, text=text, verb=fact.verb, rest=rest, mass=fact.mass, order=fact.order)


def _plural(definition: str) -> bool:
    """Whether a definition speaks of more than one ("handmade mugs from Wales")."""
    return bool(definition) and english.is_plural_noun(head_noun(definition).split("-")[-1])


def agreement(subject: Subject, tone: Tone) -> dict[str, str]:
    """The slots whose filling follows from the product and the tone alone. Noun slots are missing where no word for
    the product's kind is known, or where it cannot be counted."""
    plural = subject.plural
    pairs = {
        "it": ("it", "them"), "them": ("it", "them"), "its": ("its", "their"), "is": ("is", "are"),
        "isnt": ("is not", "are not"), "has": ("has", "have"), "dothey": ("does", "do"), "comes": ("comes", "come"),
        "keeps": ("keeps", "keep"), "makes": ("makes", "make"),
    }  # fmt: skip
    found = {name: forms[1] if plural else forms[0] for name, forms in pairs.items()}
    several = plural or _plural(subject.definition)
    found["Itis"] = (("It’s", "They’re") if tone in _CHATTY else ("It is", "They are"))[several]
    found |= {"P": subject.name, "theP": subject.called, "get": f"{_GET[subject.kind]} {subject.called}"}
    if subject.noun:
        several = subject.noun_plural
        bare = several or is_mass(subject.noun)
        found["N"] = subject.noun
        found["aN"] = subject.noun if bare else f"{english.article(subject.noun)} {subject.noun}"
        found["thisN"] = f"{'these' if several else 'this'} {subject.noun}"
        if not bare:
            found["N1"] = subject.noun
    return found


class Phrases:
    """Fills slots. One instance serves one filled frame: it remembers which facts and lines it has used."""

    def __init__(
        self,
        subject: Subject,
        tone: Tone,
        random_: random.Random,
        facts: Sequence[Fact],
        people: str,
        *,
        meanings: Mapping[int, Sequence[Payoff]],
        agreed: Mapping[str, str],
        lead: Fact | None = None,
    ) -> None:
        self._subject = subject
        self._tone = tone
        self._random = random_
        self._facts = [lead, *(fact for fact in facts if fact is not lead)] if lead else list(facts)
        self._meanings = meanings
        self._agreed = agreed
        self._lead = lead
        self._people = people
        self._chosen: dict[str, str] = {}
        self._got = False
        self.used: list[Fact] = []
        self.lines: list[str] = []

    def fill(self, template: str) -> str:
        """The template with every slot filled; raises Missing if one cannot be."""
        return _SLOT.sub(
            lambda match: self._slot(match.group(1), inside=template[: match.start()].endswith(": ")), template
        )

    def meaning(self, fact: Fact, *, room: int) -> str | None:
        """A line that says what the fact means to the customer, if there is one that fits; None after the fact that
        an opening line has made the point of already."""
        if self._lead is not None and fact.order == self._lead.order:
            return None
        lines = [
            line
            for payoff in self._meanings.get(fact.order, ())
            for line in payoff.lines[self._tone]
            if (not line.only or line.only & self._subject.plain)
            and line.text not in self.lines
            and not (self._subject.plural and SINGULAR.search(line.text))
        ]
        if not lines:
            return None
        line = self._random.choice(lines)
        text = self._inner(line.text)
        if len(text) > room:
            return None
        self.lines.append(line.text)
        return text

    def take(self, kinds: frozenset[FactKind] | None = None, *, room: int = 200, apart_from: str = "") -> Fact:
        """The next unused fact of these kinds that fits and repeats nothing that was said."""
        said = content_words(apart_from) - content_words(self._subject.name) if apart_from else frozenset()
        for fact in self._facts:
            if fact in self.used or any(fact.order == other.order for other in self.used):
                continue
            if kinds is not None and fact.kind not in kinds:
                continue
            found = shorter(fact, room)
            if len(found.text) > room or any(len(found.words & other.words) > 1 for other in self.used):
                continue
            if len(found.words & said) > 1:
                continue
            self.used.append(found)
            return found
        raise Missing("fact")

    def _slot(self, name: str, *, inside: bool = False) -> str:
        if name in self._chosen:
            return self._chosen[name]
        plain = self._agreement(name)
        if plain is not None:
            return plain
        value = self._line(name) if name in _LINES else self._fact(name, inside=inside)
        self._chosen[name] = value
        return value

    def _agreement(self, name: str) -> str | None:
        return self._agreed.get(name) or (self._missing(name) if name in _NOUN_SLOTS else None)

    def _missing(self, name: str) -> str:
        raise Missing(name)

    def _line(self, name: str) -> str:
        category = self._subject.category
        bare, name = name == "barepain", "pain" if name == "barepain" else name
        if name == "then":
            raise Missing("then without scene")
        if name == "scene":
            scene, then = self._random.choice(
                [pair for pair in category.scenes if not pair[0].only or pair[0].only & self._subject.plain]
            )
            self._chosen["then"] = self._inner(then)
            self.lines.append(scene.text)
            return self._inner(scene.text)
        if name == "people" and self._people:
            return self._people
        rows: tuple[Line, ...] = {
            "pain": category.pains, "moment": category.moments, "people": category.people,
            "truth": category.truths, "doubt": category.doubts, "step": category.steps,
        }[name]  # fmt: skip
        if bare:  # "no jargon", but not "no the queue"
            rows = tuple(row for row in rows if re.match(r"(?!the |a |an |“)[a-z]", row.text))
        fitting = [row for row in rows if not row.only or row.only & self._subject.plain]
        if not fitting:
            raise Missing(name)
        row = self._random.choice(fitting)
        self.lines.append(row.text)
        return self._inner(row.text)

    def _inner(self, text: str) -> str:
        return _SLOT.sub(lambda match: self._agreement(match.group(1)) or self._missing(match.group(1)), text)

    def _fact(self, name: str, *, inside: bool) -> str:
        subject = self._subject
        if name in {"def", "isdef"}:
            if not subject.definition:
                raise Missing(name)
            text = subject.definition if subject.loose else with_article(subject.definition)
            if any(fact.text == text for fact in self.used):
                raise Missing(name)
            self.used.append(Fact(kind=FactKind.IS, text=text, order=DEFINITION))
            if name == "def":
                return text
            if subject.loose:
                return f"{subject.name}: {text}"
            if is_mass(subject.definition) and (
                subject.kind in _YOU_GET or (not subject.plural and _plural(subject.definition))
            ):
                return f"{subject.called}: {text}"
            return f"{subject.called} {'are' if subject.plural else 'is'} {text}"
        if name in {"fact", "fact2"}:
            return self.fragment(self.take(_FRAGMENT_KINDS, room=64), inside=inside)
        if name in {"does", "do", "doing", "does1"}:
            fact = self.take(frozenset({FactKind.DOES}), room=60)
            if name == "does":
                return fact.does(plural=subject.plural)
            return fact.do() if name == "do" else fact.doing() if name == "doing" else fact.does(plural=False)
        if name == "can":
            return self.take(frozenset({FactKind.CAN}), room=60).do()
        if name == "np":
            fact = self.take(frozenset({FactKind.HAS}), room=50)
            return fact.noun_phrase()
        if name == "adj":
            fact = self.take(frozenset({FactKind.IS}), room=50)
            if fact.text.startswith("for "):
                raise Missing(name)
            return fact.text
        if name in {"clause", "pclause", "pclause1", "pclauseit", "sentence", "psentence"}:
            named = name in {"pclause", "pclause1", "psentence"}
            fact = self.take(None, room=90)
            value = self.clause(fact, named=named)
            if name == "pclause1" and not value.startswith(subject.called):
                raise Missing(name)
            return f"{value}." if name in {"sentence", "psentence"} else value
        raise Missing(name)

    # -- facts as phrases ------------------------------------------------------------------------------------------

    def fragment(self, fact: Fact, *, inside: bool = False) -> str:
        """The fact standing alone: "keeps water fresh for 24 hours", "insulated steel body"; or, behind a colon, "it
        keeps water fresh for 24 hours", "an insulated steel body"."""
        if fact.kind is FactKind.DOES:
            does = fact.does(plural=self._subject.plural)
            return f"{'they' if self._subject.plural else 'it'} {does}" if inside else does
        if fact.kind is FactKind.HAS and inside:
            return fact.noun_phrase()
        return english.lower_first(fact.text) if fact.kind is FactKind.SAYS else fact.text

    def clause(self, fact: Fact, *, named: bool) -> str:
        """The fact as a clause, in small letters, about "it" or about the product by name."""
        subject = self._subject
        plural, name = subject.plural, subject.called
        they = "they" if plural else "it"
        who = name if named else they
        be = "are" if plural else "is"
        short_be = f"{they}’re" if plural else "it’s"
        if fact.kind is FactKind.DOES:
            if named is False and self._subject.kind in {"service", "place"}:
                return f"{they} {fact.does(plural=plural)}"
            return f"{who} {fact.does(plural=plural)}"
        if fact.kind is FactKind.IS:
            if named or self._tone in _FORMAL:
                return f"{who} {be} {fact.text}"
            return f"{short_be} {fact.text}"
        if fact.kind is FactKind.CAN:
            return f"with {name}, you can {fact.do()}" if named else f"you can {fact.do()}"
        if fact.kind is FactKind.HAS and subject.kind not in _YOU_GET:
            return f"{who} {self._having(fact.text)} {fact.noun_phrase()}"
        if fact.kind is FactKind.ITEMS and subject.category.name == "fragrance":
            return f"{who} {'smell' if plural else 'smells'} of {fact.text}"
        if fact.kind in {FactKind.HAS, FactKind.ITEMS}:
            phrase = fact.noun_phrase() if fact.kind is FactKind.HAS else fact.text
            return f"with {name}, you get {phrase}" if named else f"you get {phrase}"
        if fact.kind is FactKind.NONE:
            if subject.kind in {"goods", "food"} and fact.text.startswith("no "):
                return f"{who} {'have' if plural else 'has'} {fact.text}"
            if re.match(r"(?:no|zero)\b", fact.text):
                verb = "are" if english.is_plural_noun(fact.text.split()[-1]) else "is"
                return f"with {name}, there {verb} {fact.text}" if named else f"there {verb} {fact.text}"
            text = fact.text
            if text.startswith("free ") and not is_mass(text.removeprefix("free ")):
                text = f"a {text}"
            return f"with {name}, you get {text}" if named else f"you get {text}"
        if fact.kind is FactKind.SAYS:
            return self._placed(fact) if named else english.lower_first(fact.text)
        raise Missing("clause")

    def _having(self, text: str) -> str:
        """The verb that goes with a thing the product has: it "comes in three sizes"."""
        plural = self._subject.plural
        if _COUNTED.match(text):
            return "come in" if plural else "comes in"
        if self._subject.kind == "software":
            return "come with" if plural else "comes with"
        return "have" if plural else "has"

    def _placed(self, fact: Fact) -> str:
        """A sentence of the customer's own, tied to the product: "at Harbor Plumbing, we answer the phone"."""
        subject = self._subject
        first = fact.text.split(" ", 1)[0].lower()
        text = english.lower_first(fact.text)
        if first in {"we", "our"}:
            if subject.kind in _YOU_GET or subject.kind == "software":
                return f"at {subject.name}, {text}"
            raise Missing("clause")
        if first in _LOOSE or not re.match(r"[a-z]", text):
            raise Missing("clause")
        return f"with {subject.called}, {text}"

    def support(self, *, named: bool, room: int, said: str, count: int) -> str | None:
        """One sentence more from the brief, from up to `count` facts of one kind, naming the product unless it was
        named already; None when nothing fits."""
        try:
            first = self.take(None, room=room, apart_from=said)
        except Missing:
            return None
        group = [first]
        if count > 1 and first.kind in {FactKind.DOES, FactKind.HAS, FactKind.IS, FactKind.CAN}:
            try:
                if " and " not in first.text and len(first.text) < 50:
                    second = self.take(frozenset({first.kind}), room=min(60, room), apart_from=said)
                    if " and " in second.text or second.text.startswith("for ") or _counted(first) != _counted(second):
                        self.used.remove(second)
                    else:
                        group.append(second)
            except Missing:
                pass
        text = self._sentence(group, named=named)
        if text is None or len(text) > room:
            for fact in group:
                self.used.remove(fact)
            return None
        return text

    def _sentence(self, group: list[Fact], *, named: bool) -> str | None:
        subject = self._subject
        plural = subject.plural
        who = ("they" if plural else "it") if named else subject.called
        fact, kind = group[0], group[0].kind
        clipped = self._tone in {Tone.BOLD, Tone.LUXE} and named
        if kind is FactKind.DOES:
            does = [fact.does(plural=plural) for fact in group]
            if clipped and self._tone is Tone.BOLD:
                return " ".join(f"{english.upper_first(text)}." for text in does)
            return f"{who} {english.series(does)}."
        if kind is FactKind.IS:
            joined = english.series([fact.text for fact in group])
            if clipped:
                return f"{english.upper_first(joined)}."
            if named and self._tone in _CHATTY:
                return f"{'they’re' if plural else 'it’s'} {joined}."
            return f"{who} {'are' if plural else 'is'} {joined}."
        if kind is FactKind.HAS:
            return self._has(group, who, named=named, clipped=clipped)
        if kind is FactKind.CAN:
            can = english.series([fact.do() for fact in group])
            if named and (clipped or self._tone is Tone.URGENT):
                return " ".join(f"{english.upper_first(fact.do())}." for fact in group)
            return f"You can {can}." if named else f"With {subject.called}, you can {can}."
        if kind is FactKind.SAYS:
            if named:
                return f"{fact.text}."
            try:
                return f"{english.upper_first(self._placed(fact))}."
            except Missing:
                return None
        text = english.upper_first(fact.text)
        return f"{text}." if named else f"{subject.name}: {fact.text}."

    def _has(self, group: list[Fact], who: str, *, named: bool, clipped: bool) -> str:
        subject = self._subject
        phrases = [fact.noun_phrase() for fact in group]
        if clipped:
            return " ".join(f"{english.upper_first(fact.text)}." for fact in group)
        if subject.kind in _YOU_GET:
            get = f"you get {english.series(phrases)}."
            return english.upper_first(get) if named else f"With {subject.called}, {get}"
        if named and self._tone in _CHATTY | {Tone.URGENT} and not _counted(group[0]) and not self._got:
            self._got = True  # the next one says it another way
            return f"You get {english.series(phrases)}."
        return f"{who} {self._having(group[0].text)} {english.series(phrases)}."


def _counted(fact: Fact) -> bool:
    return _COUNTED.match(fact.text) is not None
