# ruff: noqa: E501  (one row a slot)
"""Slots of a frame, filled for one product: names, agreement, lines of the category, and facts as phrases."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from functools import lru_cache

from services.copy.domain import Tone
from services.copy.providers.local import english
from services.copy.providers.local.facts import Fact, FactKind, is_mass
from services.copy.providers.local.phrase_pool import DEFINITION, FRAGMENT_KINDS, Stock
from services.copy.providers.local.subject import is_several, with_article
from services.copy.providers.local.topics import senses_of

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
_COUNTED = re.compile(
    r"^(?:two|three|four|five|six|seven|eight|nine|ten|\d+) (?:\w+ )?(?:sizes|colou?rs|shades|flavou?rs|lengths|widths|scents|finishes)\b"
)
_CLAUSE_KINDS = frozenset(FactKind) - {FactKind.BARE}
_PAIRS = {"scene": "then", "doubt": "answer"}  # lines that come with another
_FOLLOWING = frozenset(_PAIRS.values())
_LINES = frozenset({"pain", "barepain", "moment", "people", "truth", "doubt", "answer", "step", "scene", "then"})


class Missing(Exception):
    """The brief has nothing for a slot of the frame; another frame has to do."""


@lru_cache(maxsize=8192)
def pieces(template: str) -> tuple[tuple[str, str, bool], ...]:
    """A template parted at its slots: the text before each, the slot, and whether it stands behind a colon."""
    found = []
    end = 0
    for match in _SLOT.finditer(template):
        text = template[end : match.start()]
        found.append((text, match.group(1), text.endswith(": ")))
        end = match.end()
    found.append((template[end:], "", False))
    return tuple(found)


class Phrases:
    """Fills slots. One instance serves one filled frame: it remembers which facts and lines it has used."""

    def __init__(
        self, stock: Stock, random_: random.Random, facts: Sequence[Fact], *, lead: Fact | None = None
    ) -> None:
        self._stock = stock
        self._subject = stock.subject
        self._tone = stock.tone
        self._random = random_
        self._facts = [lead, *(fact for fact in facts if fact is not lead)] if lead else facts
        self._lead = lead
        self._chosen: dict[str, str] = {}
        self._got = False
        self.used: list[Fact] = []
        self.lines: list[str] = []

    def copy(self) -> Phrases:
        """Another, as far filled."""
        other = Phrases(self._stock, self._random, self._facts)
        other._lead, other._got = self._lead, self._got
        other._chosen, other.used, other.lines = self._chosen.copy(), self.used.copy(), self.lines.copy()
        return other

    def fill(self, template: str) -> str:
        """The template with every slot filled; raises Missing if one cannot be."""
        if "{" not in template:
            return template
        chosen, agreed = self._chosen, self._stock.agreed
        parts = []
        for text, slot, inside in pieces(template):
            parts.append(text)
            if slot:
                parts.append(chosen.get(slot) or agreed.get(slot) or self._slot(slot, inside=inside))
        return "".join(parts)

    def meaning(self, fact: Fact, *, room: int) -> str | None:
        """A line that says what the fact means to the customer, if there is one that fits; None after the fact that
        an opening line has made the point of already."""
        if self._lead is not None and fact.order == self._lead.order:
            return None
        lines = [line for line in self._stock.gains.get(fact.order, ()) if line not in self.lines]
        if not lines:
            return None
        line = self._random.choice(lines)
        text = self._inner(line)
        if len(text) > room:
            return None
        self.lines.append(line)
        return text

    def take(
        self, kinds: frozenset[FactKind] | None = None, *, room: int = 200, apart_from: frozenset[str] = frozenset()
    ) -> Fact:
        """The next unused fact of these kinds that fits and repeats nothing that was said in these words."""
        said = apart_from - self._stock.name_words
        for fact in self._facts:
            if kinds is not None and fact.kind not in kinds:
                continue
            found = fact if len(fact.text) <= room else fact.short
            if len(found.text) > room:
                continue
            words = found.words
            if len(words & said) > 1:
                continue
            for other in self.used:
                if fact.order == other.order or len(words & other.words) > 1:
                    break
            else:
                self.used.append(found)
                return found
        raise Missing("fact")

    def _slot(self, name: str, *, inside: bool) -> str:
        value = self._line(name) if name in _LINES else self._fact(name, inside=inside)
        self._chosen[name] = value
        return value

    def _line(self, name: str) -> str:
        stock = self._stock
        if name in _FOLLOWING:
            raise Missing(f"{name} before what it follows")
        if name in _PAIRS:
            rows = stock.scenes if name == "scene" else stock.doubts
            if not rows:
                raise Missing(name)
            first, second = self._random.choice(rows)
            self._chosen[_PAIRS[name]] = self._inner(second)
            self._said(first)
            return self._inner(first)
        if name == "people" and stock.people:
            return stock.people
        lines = stock.lines[name]
        if not lines:
            raise Missing(name)
        line = self._random.choice(lines)
        self._said(line)
        return self._inner(line)

    def _said(self, line: str) -> None:
        """Takes note of a line; facts about the same go first from here on."""
        self.lines.append(line)
        senses = senses_of(line) & self._stock.answered
        if senses:
            self._facts = sorted(self._facts, key=lambda fact: -len(fact.senses & senses))

    def _inner(self, text: str) -> str:
        """A line of the tables with its slots filled: only such as follow from the product alone."""
        if "{" not in text:
            return text
        agreed = self._stock.agreed
        try:
            return "".join(before + agreed[slot] if slot else before for before, slot, _ in pieces(text))
        except KeyError as slot:
            raise Missing(str(slot)) from None

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
                subject.kind in _YOU_GET or (not subject.plural and is_several(subject.definition))
            ):
                return f"{self._stock.called}: {text}"
            return f"{self._stock.called} {'are' if subject.plural else 'is'} {text}"
        if name in {"fact", "fact2"}:
            return self.fragment(self.take(FRAGMENT_KINDS, room=64), inside=inside)
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
            fact = self.take(_CLAUSE_KINDS, room=90)
            value = self.clause(fact, named=named)
            if name == "pclause1" and not value.startswith(self._stock.called):
                raise Missing(name)
            return f"{value}." if name in {"sentence", "psentence"} else value
        raise Missing(name)

    # -- facts as phrases ------------------------------------------------------------------------------------------

    def fragment(self, fact: Fact, *, inside: bool = False) -> str:
        """The fact standing alone: "keeps water fresh for 24 hours", "insulated steel body"; or, behind a colon, "it
        keeps water fresh for 24 hours", "an insulated steel body"."""
        if fact.kind is FactKind.DOES:
            does = fact.does(plural=self._subject.plural)
            if self._subject.plural:
                return f"they {does}"  # alone, "stay up" would be a call
            return f"it {does}" if inside else does
        if fact.kind is FactKind.HAS and inside:
            return fact.noun_phrase()
        return english.lower_first(fact.text) if fact.kind is FactKind.SAYS else fact.text

    def clause(self, fact: Fact, *, named: bool) -> str:
        """The fact as a clause, in small letters, about "it" or about the product by name."""
        subject = self._subject
        plural, name = subject.plural, self._stock.called
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
            self._got = True
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
        return f"with {self._stock.called}, {text}"

    def support(self, *, named: bool, room: int, said: frozenset[str], count: int) -> str | None:
        """One sentence more from the brief, from up to `count` facts of one kind that are not in the words said, naming the
        product unless it was named already; None when nothing fits."""
        try:
            first = self.take(None, room=room, apart_from=said)
        except Missing:
            return None
        group = [first]
        if count > 1 and first.kind in {FactKind.DOES, FactKind.HAS, FactKind.IS, FactKind.CAN}:
            try:
                if not re.search(r" (?:and|that|which|who) ", first.text) and len(first.text) < 50:
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
        who = ("they" if plural else "it") if named else self._stock.called
        fact, kind = group[0], group[0].kind
        clipped = self._tone in {Tone.BOLD, Tone.LUXE} and named
        if kind is FactKind.DOES:
            does = [fact.does(plural=plural) for fact in group]
            if clipped and self._tone is Tone.BOLD and not plural:  # "weigh 240 g" would be a call
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
            return f"You can {can}." if named else f"With {self._stock.called}, you can {can}."
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
            if named and self._got:
                return f"Plus {english.series(phrases)}."
            self._got = True
            get = f"you get {english.series(phrases)}."
            return english.upper_first(get) if named else f"With {self._stock.called}, {get}"
        if named and self._tone in _CHATTY | {Tone.URGENT} and not _counted(group[0]) and not self._got:
            self._got = True  # the next one says it another way
            return f"You get {english.series(phrases)}."
        return f"{who} {self._having(group[0].text)} {english.series(phrases)}."


def _counted(fact: Fact) -> bool:
    return _COUNTED.match(fact.text) is not None
