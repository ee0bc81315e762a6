"""Where the words of a text come from: each sentence is traced to the brief or to a line of the engine's data.

It shares no code with the engine's writing: it reads the same data files and takes finished texts apart.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

from services.copy.domain import BriefFact, BriefUnderstanding, CopyBrief, Tone
from services.copy.providers.local.bodies import SIGNED
from services.copy.providers.local.prices import amount_text, readable_amounts
from services.copy.providers.local.words import LANGUAGES, words_of
from tests.copy.products import Product, brief

JOINS = tomllib.loads(files("services.copy.data").joinpath("joins.toml").read_text(encoding="utf-8"))
NOT_SOLD = frozenset({"condition", "contact", "legal"})
LAWFUL = frozenset({"housing", "jobs", "credit", "health", "gambling", "alcohol", "finance"})  # legal lines stand here
GRAVE = frozenset({"credit", "gambling"})
EMOJI = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff]")
_END = re.compile(r"(?<=[.!?…])[”»\"')\]]*\s+")
_SEPARATOR = re.compile(r"(?:\s[–—-]\s|[,;:]\s|\s\()")
_FIGURE = re.compile(r"[\d$€£₹¥%]")
_SLOT = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One sentence or row. kind: fact, limit, name, price, line or asked; `fact` is quoted."""

    kind: str
    text: str
    fact: BriefFact | None = None


def plain(text: str) -> str:
    """The text in small letters, without emoji, bullets and the marks at its end."""
    text = EMOJI.sub("", text).replace("’", "'").replace("\u00a0", " ").replace("\u202f", " ").replace("!", ".")
    return re.sub(r"\s+", " ", text).strip(" •").rstrip(".,;:…–—- ").casefold()


def language_of(request: CopyBrief) -> str:
    """The language that the engine writes in, or "und"."""
    known = request.understanding or BriefUnderstanding()
    if not known.language and not known.facts and not request.description:
        return "en"  # a name alone
    return (known.language or "und").split("-")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Everything that a text for one product in one tone may say."""

    facts: dict[str, BriefFact]
    limits: frozenset[str]
    names: frozenset[str]
    prices: frozenset[str]
    lines: frozenset[str]
    frames: re.Pattern[str]
    guards: re.Pattern[str]
    brand: str
    negations: re.Pattern[str]
    attached: frozenset[str]

    def units(self, text: str, *, asked: tuple[str, ...] = (), beside: str = "") -> list[Unit]:
        """The units of a text. Raises AssertionError with the words that come from nowhere.

        beside: the other text of the ad: a fact may begin in the hook and end in the body.
        """
        if beside:
            parts = {words: _parts_beside(words, plain(beside)) for words in (*self.facts, *self.limits)}
            divided = {part: fact for words, fact in self.facts.items() for part in parts[words]}
            limits = self.limits.union(*(parts[words] for words in self.limits))
            return replace(self, facts={**divided, **self.facts}, limits=limits).units(text, asked=asked)
        wanted = {plain(sentence) for sentence in asked}
        return [unit for row in text.split("\n") if plain(row) for unit in self._row(row, wanted)]

    def _row(self, row: str, asked: set[str]) -> list[Unit]:
        places = [match.end() for match in _END.finditer(row)]
        cuts = [0, *(place for place in places if plain(row[place:])), len(row)]

        @cache
        def rest(start: int) -> tuple[Unit, ...] | None:
            if start == len(cuts) - 1:
                return ()
            for end in range(len(cuts) - 1, start, -1):
                unit = self._unit(row[cuts[start] : cuts[end]], asked)
                if unit is not None and (after := rest(end)) is not None:
                    return (unit, *after)
            return None

        found = rest(0)
        assert found is not None, f"nothing says: {row!r}"
        return list(found)

    def _unit(self, text: str, asked: set[str]) -> Unit | None:
        words = plain(text)
        if words in asked:
            return Unit(kind="asked", text=text)
        if words in self.limits:
            return Unit(kind="limit", text=text)
        fact = self._fact(words)
        if fact is not None:
            return Unit(kind="fact", text=text, fact=fact)
        if words in self.names:
            return Unit(kind="name", text=text)
        if words in self.prices:
            return Unit(kind="price", text=text)
        if words in self.lines or self.frames.fullmatch(words):
            return Unit(kind="line", text=text)
        signed = [plain(part) for part in re.split(rf"{SIGNED}| – ", text)]  # what is sold, its price, and its sender
        if len(signed) > 1 and all(part in self.names or part in self.prices for part in signed):
            return Unit(kind="name", text=text)
        before, colon, after = text.partition(": ")
        if colon and plain(before) in self.names:
            return self._unit(after, asked)
        for name in self.names:  # "Oak desk with two drawers", "Oak desk, made in Fowey"
            rest = words.removeprefix(name).removeprefix(",").strip()
            if words.startswith((f"{name} ", f"{name}, ")) and (fact := self._fact(rest)) is not None:
                return Unit(kind="fact", text=text, fact=fact)
        return None

    def _fact(self, words: str) -> BriefFact | None:
        """The fact that the words are, or the beginning of, cut where no negation, limit or condition is lost."""
        if words in self.facts:
            return self.facts[words]
        for text, fact in self.facts.items():
            dropped = text[len(words) :]
            if words and text.startswith(words) and _SEPARATOR.match(dropped) and not self.guards.search(dropped):
                return fact
            behind = dropped.split()[:1]
            if text.startswith(words) and behind and behind[0] in self.attached and not self.guards.search(dropped):
                return fact  # "Own workshop in Leith | since 1987"
            if text.endswith(words) and text[: -len(words)].rstrip().endswith(":"):
                return fact  # what a sentence says behind its colon
            if fact.source != "description" or fact.role == "offer" or not words:
                continue
            if text.startswith(words) and self._is_clause(words, dropped):
                return fact
            if text.endswith(words):  # the end of the sentence that a hook begins
                begun = text[: -len(words)].rstrip(" ,:;–—-")
                if self._is_clause(begun, text[len(begun) :]):
                    return fact
        return None

    def _is_clause(self, kept: str, dropped: str) -> bool:
        """Whether a clause without figures stands before amounts, and what limits those: it loses nothing without."""
        if _FIGURE.search(kept) or self.negations.search(dropped) or not _SEPARATOR.match(dropped):
            return False
        parts = [part for part in _SEPARATOR.split(dropped) if part.strip()]
        return all(_FIGURE.search(part) or not self.guards.search(part) for part in parts)


def _parts_beside(words: str, beside: str) -> set[str]:
    """The parts of a statement of which the other part stands in the other text of an ad."""
    halves = [(words[: cut.start()], words[cut.end() :]) for cut in _SEPARATOR.finditer(words)]
    return {part for one, other in halves for part, left in ((one, other), (other, one)) if left in beside}


def _shorter(name: str) -> set[str]:
    """A name, its parts between dashes and commas, and its beginnings."""
    words = name.split()
    begun = {" ".join(words[:count]) for count in range(1, len(words) + 1)}
    return {plain(part) for part in (*begun, *re.split(r"\s[–—|-]\s|\s*[|:;(\[]\s*|,\s", name)) if plain(part)}


def _with_slots(frame: str, slots: dict[str, frozenset[str]]) -> str | None:
    """The pattern of a frame; None where the brief has nothing for one of its slots."""
    pattern = ""
    for place, part in enumerate(_SLOT.split(frame)):
        if place % 2 == 0:
            pattern += re.escape(part)
        elif slots.get(part):
            pattern += "(?:" + "|".join(map(re.escape, sorted(slots[part], key=len, reverse=True))) + ")"
        else:
            return None
    return pattern


@cache
def sources_of(product: Product, tone: Tone) -> Sources:
    """The sources of the texts for a product in a tone."""
    request = brief(product)
    known = request.understanding
    assert known is not None
    if (known.sensitive or GRAVE.intersection(known.regulated)) and tone is not Tone.LUXE:
        tone = Tone.PROFESSIONAL
    language = language_of(request)
    words = words_of(language)
    lawful = bool(LAWFUL.intersection(known.regulated))
    facts = {
        plain(written): fact
        for fact in known.facts
        if fact.role not in NOT_SOLD or (fact.role == "legal" and lawful)
        for written in (fact.text, readable_amounts(fact.text, language))
    }
    joins = JOINS.get(language, {})
    names = _shorter(known.name) | _shorter(request.product_name)
    if known.subject:
        names |= {f"{name}: {plain(known.subject)}" for name in names}
    brand = plain(known.brand or request.brand_name)
    amount = amount_text(request.price, request.currency or "", language) if request.price else ""
    prices = {plain(amount)} if amount else set()
    prices |= {text for text, fact in facts.items() if fact.role == "price"}
    priced = {
        plain(frame.removeprefix("s: ")).replace("{name}", name).replace("{price}", price)
        for frame in joins.get("priced", ())
        for name in names
        for price in prices
    }
    audience = plain(known.audience or request.audience)
    groups = {plain(audience[: match.start()]) for match in re.finditer(r"[;.(\n]|,\s| [–-] |$", audience)} - {""}
    texts = [phrase.text for table in words.frames.values() for rows in table.values() for phrase in rows
             if tone in phrase.tones]  # fmt: skip
    slots = {
        "name": frozenset(names),
        "brand": frozenset({brand} - {""}),
        "subject": frozenset({plain(known.subject)} - {""}),
        "price": frozenset(prices),
        "audience": frozenset(groups),
    }
    patterns = [_with_slots(plain(text), slots) for text in texts if _SLOT.search(text)]
    return Sources(
        facts=facts,
        limits=frozenset(
            plain(fact.text)
            for fact in known.facts
            if fact.role == "condition" or (fact.role == "legal" and words.always.search(fact.text))
        ),
        names=frozenset(names | {brand} - {""}),
        prices=frozenset(
            prices
            | {f"{name}, {price}" for name in names for price in prices}
            | {f"{brand} – {p}" for p in prices}
            | priced
        ),
        lines=frozenset(plain(text) for text in texts if not _SLOT.search(text)),
        frames=re.compile("|".join(filter(None, patterns)) or r"(?!)"),
        guards=words.guards if language in LANGUAGES else words_of("en").guards,
        brand=brand,
        attached=frozenset(joins.get("attached", ())),
        negations=words.negations if language in LANGUAGES else words_of("en").negations,
    )
