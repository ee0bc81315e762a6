# ruff: noqa: E501  (one row a slot)
"""Slots of a frame, filled for one product: names, agreement, lines of the category, and facts as phrases."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from services.copy.domain import Tone
from services.copy.providers.local import english
from services.copy.providers.local.facts import Fact, FactKind, content_words
from services.copy.providers.local.library import Line
from services.copy.providers.local.subject import Subject, with_article

_SLOT = re.compile(r"\{(\w+)\}")
_FORMAL = frozenset({Tone.PROFESSIONAL, Tone.LUXE})
_YOU_GET = frozenset({"service", "place", "course", "event", "cause"})
_SUBORDINATE = re.compile(
    r"\s*(?:,|\s(?:so that|so|because|while|thanks to|even when|even if|which|without having|whether)\s).*$"
)
_FRAGMENT_KINDS = frozenset(
    {FactKind.DOES, FactKind.HAS, FactKind.IS, FactKind.ITEMS, FactKind.NONE, FactKind.CAN, FactKind.BARE}
)


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


class Phrases:
    """Fills slots. One instance serves one filled frame: it remembers which facts and lines it has used."""

    def __init__(
        self, subject: Subject, tone: Tone, random_: random.Random, facts: Sequence[Fact], people: str
    ) -> None:
        self._subject = subject
        self._tone = tone
        self._random = random_
        self._facts = list(facts)
        self._people = people
        self._chosen: dict[str, str] = {}
        self._current: Fact | None = None
        self.used: list[Fact] = []
        self.lines: list[str] = []

    def fill(self, template: str) -> str:
        """The template with every slot filled; raises Missing if one cannot be."""
        return _SLOT.sub(lambda match: self._slot(match.group(1)), template)

    def take(self, kinds: frozenset[FactKind] | None = None, *, room: int = 200, apart_from: str = "") -> Fact:
        """The next unused fact of these kinds that fits and repeats nothing that was said."""
        said = content_words(apart_from) - content_words(self._subject.name)
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

    def _slot(self, name: str) -> str:
        if name in self._chosen:
            return self._chosen[name]
        plain = self._agreement(name)
        if plain is not None:
            return plain
        value = (
            self._line(name)
            if name in {"pain", "moment", "people", "truth", "doubt", "step", "scene", "then"}
            else self._fact(name)
        )
        self._chosen[name] = value
        return value

    def _agreement(self, name: str) -> str | None:
        subject, plural = self._subject, self._subject.plural
        if name in {"N", "aN", "thisN", "N1"}:
            if not subject.noun:
                raise Missing(name)
            several = subject.noun_plural
            return (
                {
                    "N": subject.noun,
                    "N1": subject.noun,
                    "aN": subject.noun if several else f"{english.article(subject.noun)} {subject.noun}",
                    "thisN": f"{'these' if several else 'this'} {subject.noun}",
                }[name]
                if not (name == "N1" and several)
                else self._missing(name)
            )
        words = {
            "P": subject.name, "it": "them" if plural else "it", "them": "them" if plural else "it", "its": "their" if plural else "its",
            "is": "are" if plural else "is", "isnt": "are not" if plural else "is not", "has": "have" if plural else "has",
            "dothey": "do" if plural else "does", "comes": "come" if plural else "comes", "keeps": "keep" if plural else "keeps",
            "makes": "make" if plural else "makes",
        }  # fmt: skip
        return words.get(name)

    def _missing(self, name: str) -> str:
        raise Missing(name)

    def _line(self, name: str) -> str:
        category = self._subject.category
        if name == "then":
            raise Missing("then without scene")
        if name == "scene":
            first, then = self._random.choice(category.scenes)
            self._chosen["then"] = self._inner(then)
            self.lines.append(first)
            return self._inner(first)
        if name == "people" and self._people:
            return self._people
        rows: tuple[Line, ...] = {
            "pain": category.pains, "moment": category.moments, "people": category.people,
            "truth": category.truths, "doubt": category.doubts, "step": category.steps,
        }[name]  # fmt: skip
        fitting = [row for row in rows if not row.only or row.only & self._subject.words]
        if not fitting:
            raise Missing(name)
        row = self._random.choice(fitting)
        self.lines.append(row.text)
        return self._inner(row.text)

    def _inner(self, text: str) -> str:
        return _SLOT.sub(lambda match: self._agreement(match.group(1)) or self._missing(match.group(1)), text)

    def _fact(self, name: str) -> str:
        subject = self._subject
        if name == "def":
            if not subject.definition:
                raise Missing(name)
            text = with_article(subject.definition)
            if any(fact.text == text for fact in self.used):
                raise Missing(name)
            self.used.append(Fact(kind=FactKind.IS, text=text, order=99))
            return text
        if name in {"fact", "fact2"}:
            return self.fragment(self.take(_FRAGMENT_KINDS, room=64))
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
        if name in {"clause", "pclause", "pclauseit", "sentence", "psentence"}:
            named = name in {"pclause", "psentence"}
            fact = self.take(None, room=90)
            value = self.clause(fact, named=named)
            return value if name in {"clause", "pclause", "pclauseit"} else f"{value}."
        raise Missing(name)

    # -- facts as phrases ------------------------------------------------------------------------------------------

    def fragment(self, fact: Fact) -> str:
        """The fact standing alone: "keeps water fresh for 24 hours", "an insulated steel body"."""
        if fact.kind is FactKind.DOES:
            return fact.does(plural=self._subject.plural)
        return english.lower_first(fact.text) if fact.kind is FactKind.SAYS else fact.text

    def clause(self, fact: Fact, *, named: bool) -> str:
        """The fact as a clause, in small letters, about "it" or about the product by name."""
        subject = self._subject
        plural, name = subject.plural, subject.name
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
            have = "have" if plural else "has"
            return f"{who} {have} {fact.noun_phrase()}"
        if fact.kind in {FactKind.HAS, FactKind.ITEMS}:
            phrase = fact.noun_phrase() if fact.kind is FactKind.HAS else fact.text
            return f"with {name}, you get {phrase}" if named else f"you get {phrase}"
        if fact.kind is FactKind.NONE:
            if re.match(r"(?:no|zero)\b", fact.text):
                verb = "are" if english.is_plural_noun(fact.text.split()[-1]) else "is"
                return f"with {name}, there {verb} {fact.text}" if named else f"there {verb} {fact.text}"
            return f"with {name}, you get {fact.text}" if named else f"you get {fact.text}"
        if fact.kind is FactKind.SAYS and not named:
            return english.lower_first(fact.text)
        raise Missing("clause")

    def support(self, *, named: bool, room: int, said: str, count: int) -> str | None:
        """One sentence more from the brief, from up to `count` facts of one kind, naming the product unless it was
        named already; None when nothing fits."""
        try:
            first = self.take(None, room=room, apart_from=said)
        except Missing:
            return None
        group = [first]
        if count > 1 and first.kind in {FactKind.DOES, FactKind.HAS, FactKind.IS}:
            try:
                if " and " not in first.text and len(first.text) < 50:
                    second = self.take(frozenset({first.kind}), room=min(60, room), apart_from=said)
                    if " and " in second.text or second.text.startswith("for "):
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
        who = ("they" if plural else "it") if named else subject.name
        kind = group[0].kind
        clipped = self._tone in {Tone.BOLD, Tone.URGENT, Tone.LUXE}
        if kind is FactKind.DOES:
            return f"{who} {english.series([fact.does(plural=plural) for fact in group])}."
        if kind is FactKind.IS:
            if clipped and named:
                return f"{english.upper_first(english.series([fact.text for fact in group]))}."
            return f"{who} {'are' if plural else 'is'} {english.series([fact.text for fact in group])}."
        if kind is FactKind.HAS:
            phrases = [fact.noun_phrase() for fact in group]
            if clipped:
                joined = ". ".join(english.upper_first(fact.text) for fact in group) + "."
                return joined if named else f"{subject.name}: {english.series(phrases)}."
            if subject.kind in _YOU_GET:
                return (
                    f"You get {english.series(phrases)}."
                    if named
                    else f"With {subject.name}, you get {english.series(phrases)}."
                )
            verb = "have" if plural else "has"
            return f"{who} {verb} {english.series(phrases)}."
        fact = group[0]
        if kind is FactKind.SAYS:
            return f"{fact.text}." if named else None
        if kind is FactKind.CAN and not named:
            return f"With {subject.name}, you can {fact.do()}."
        text = english.upper_first(fact.text)
        return f"{text}." if named else f"{subject.name}: {fact.text}."
