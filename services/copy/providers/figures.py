"""Figures in texts, by value: "€899" is 899.00, "1.299,00" is 1,299.00, "48 hours" are two days."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache, lru_cache
from typing import Final

from services.chassis.amounts import values_of
from services.copy.providers.meaning import fold, is_stop_word, read_table, stem

_DIGITS: Final = r"\d{1,3}(?:[.,'’\u00a0\u202f ]\d{3})+(?:[.,]\d{1,2})?(?!\d)|\d+(?:[.,]\d+)?"
_MULTIPLIERS: Final = {"k": 1_000, "m": 1_000_000, "thousand": 1_000, "million": 1_000_000, "mio": 1_000_000}
_UNIT: Final = re.compile(r"[-\s]{0,2}([^\W\d_]+[23]?(?!\d)|°\s?c|°\s?f|[%²³]|mbit/s|km/h)(?:\s+([^\W\d_]{3,}))?")
# A range is no bound: "from 9 to 5", "von 9 bis 17 Uhr". That of a price is one: its first end is the lowest.
_RANGE: Final = re.compile(r"\s*(?:[^\W\d_.]{1,7}\.?\s*)?(?:to|till|until|bis|à|a|al|hasta|alle|às|[-–—])\s*\d")
_DENIED_PERIOD: Final = 24  # characters after a price in which its period stands


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A number in a text.

    values: what it may be worth; two where a separator can be read in two ways ("3.125"). kind: price, percent,
    duration or count. unit: the currency of a price, "s" or "month" of a duration (the values are in seconds or
    months). nouns: stems of the words after a count. per: stem of what one price pays for ("month"), or empty. bound:
    up_to, from, over or empty. written: the number is written as a word.
    """

    values: frozenset[Decimal]
    kind: str
    unit: str = ""
    nouns: frozenset[str] = frozenset()
    per: str = ""
    bound: str = ""
    written: bool = False
    start: int = 0
    end: int = 0
    text: str = ""

    def equals(self, other: Figure) -> bool:
        """Whether another figure has the same value in the same unit."""
        return bool(self.values & other.values) and self.kind == other.kind and self._fits_unit(other)

    def _fits_unit(self, other: Figure) -> bool:
        if self.kind == "count":
            return not self.nouns or not other.nouns or bool(self.nouns & other.nouns)
        return not self.unit or not other.unit or self.unit == other.unit


@dataclass(frozen=True, slots=True)
class _Tables:
    currencies: dict[str, str]  # code by sign or word
    percent: frozenset[str]
    durations: dict[str, tuple[str, int]]  # ("s" or "month", factor) by word
    measures: dict[str, tuple[str, Decimal]]  # (base unit, factor) by word
    numbers: dict[str, Decimal]
    periods: frozenset[str]  # names of durations
    period_of: dict[str, str]
    people: frozenset[str]


@cache
def _tables() -> _Tables:
    table = read_table("figures.toml")
    durations: dict[str, tuple[str, int]] = {}
    period_of: dict[str, str] = {}
    for name, row in table["durations"].items():
        for word in row["words"]:
            durations[fold(word)] = ("month", row["months"]) if "months" in row else ("s", row["seconds"])
            period_of[fold(word)] = name
    return _Tables(
        currencies={fold(sign): code for code, signs in table["currencies"].items() for sign in signs},
        percent=frozenset(map(fold, table["percent"]["words"])),
        durations=durations,
        measures={
            fold(word): (base, Decimal(row["factor"]))
            for base, units in table["measures"].items()
            for row in units.values()
            for word in row["words"]
        },
        numbers={fold(word): Decimal(value) for value, words in table["numbers"].items() for word in words},
        periods=frozenset(table["durations"]),
        period_of=period_of,
        people=frozenset(map(fold, table["per"]["people"])),
    )


def _any_of(words: list[str]) -> str:
    return "|".join(re.escape(fold(word)) for word in sorted(words, key=len, reverse=True))


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """Of a figure; of a price's period; of the bound before a figure; of the percent words after it."""
    table = read_table("figures.toml")
    signs = _any_of([sign for signs in table["currencies"].values() for sign in signs])
    # Letters of a currency end at a letter's edge: "an" is no sign of "mean 5".
    # Digits within a code or a name ("SAVE10") are no figure, unless the letters before them are a currency.
    signs_before = rf"(?<![^\W\d_])(?:{signs})\s?|(?<![^\W_])"
    signs_after = rf"(?:\s?[-–]?\s?(?:{signs})(?![^\W\d_]))?"
    numbers = _any_of([word for words in table["numbers"].values() for word in words])
    figure = re.compile(
        rf"(?P<before>{signs_before})(?:(?P<digits>{_DIGITS})(?P<times>\s?(?:k|m|mio|thousand|million)\b)?|"
        rf"(?<![^\W_-])(?P<word>{numbers})(?![^\W_]))(?P<cents>[.,][-–]+)?(?P<after>{signs_after})"
    )
    per_words = _any_of(table["per"]["words"])
    period_words = _any_of([word for row in table["durations"].values() for word in row["words"]])
    people = _any_of(table["per"]["people"])
    period = re.compile(
        rf"\s*(?:(?:{per_words})\s?)+({period_words}|{people})(?![^\W\d_])|\s*(monthly|yearly|weekly|nightly)"
    )
    bounds = "|".join(rf"(?P<{name}>{_any_of(words)})" for name, words in table["bounds"].items())
    bound = re.compile(rf"(?<![^\W\d_])(?:{bounds})\s+(?:(?:only|just|nur|the)\s+)?$")
    percent = re.compile(rf"[\s\u00a0]?(?:{_any_of(table['percent']['words'])})(?![^\W\d_])")
    return figure, period, bound, percent


def _values(digits: str) -> frozenset[Decimal]:
    """Returns what digits may mean: never nothing, so that every figure can be compared ("1.234 567")."""
    joined = re.sub(r"['’\u00a0\u202f ]", "", digits)
    return frozenset(values_of(digits) or (*values_of(joined), Decimal(re.sub(r"\D", "", digits))))


@lru_cache(maxsize=4096)
def figures(text: str) -> tuple[Figure, ...]:
    """The figures of a text in order."""
    folded = fold(text)
    pattern, period, bound, percent = _patterns()
    found = []
    for match in pattern.finditer(folded):
        before = bound.search(folded[max(0, match.start() - 30) : match.start()])
        figure = _figure(folded, match, period, percent, (before.lastgroup or "") if before else "")
        if figure.bound == "from" and figure.kind in ("count", "duration") and _RANGE.match(folded, match.end()):
            figure = replace(figure, bound="")
        found.append(figure)
    return tuple(found)


def _figure(folded: str, match: re.Match[str], period: re.Pattern[str], percent: re.Pattern[str], bound: str) -> Figure:
    tables = _tables()
    written = match["word"] is not None
    values = frozenset({tables.numbers[match["word"]]}) if written else _values(match["digits"])
    if match["times"]:
        values = frozenset(value * _MULTIPLIERS[match["times"].strip()] for value in values)
    sign = (match["before"].strip() or match["after"].strip(" -–")).strip()
    end = match.end()
    shown = match.group().strip()
    found = Figure(values=values, kind="count", bound=bound, written=written, start=match.start(), end=end, text=shown)
    if sign:
        after = period.match(folded, end, end + _DENIED_PERIOD)
        per = ""
        if after:
            word = after.group(1) or after.group(2)
            per = tables.period_of.get(word, "person" if word in tables.people else word.removesuffix("ly"))
        return replace(found, kind="price", unit=tables.currencies[sign], per=per)
    if percent.match(folded, end):
        return replace(found, kind="percent", text=f"{shown}%")
    after_number = _UNIT.match(folded, end)
    if not after_number:
        return found
    unit, further = after_number.group(1), after_number.group(2)
    shown = f"{shown} {unit}"
    if unit in tables.durations:
        kind, factor = tables.durations[unit]
        values = frozenset(value * factor for value in values)
        return replace(found, values=values, kind="duration", unit=kind, end=after_number.end(1), text=shown)
    if unit in tables.measures:
        base, factor_of_unit = tables.measures[unit]
        values = frozenset(value * factor_of_unit for value in values)
        return replace(found, values=values, nouns=frozenset({f"={base}"}), text=shown)
    nouns = frozenset(stem(word) for word in (unit, further) if word and not is_stop_word(word))
    return replace(found, nouns=nouns, text=shown)
