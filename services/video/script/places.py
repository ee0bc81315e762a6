"""Addresses in words: street types, points of the compass, states and postal codes."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, Final

from services.video.script.numbers import digits
from services.video.script.spans import Rule
from services.video.script.vocabulary import one_of, words

_DATA: Final[dict[str, Any]] = tomllib.loads(
    (Path(__file__).parent / "data" / "places.toml").read_text(encoding="utf-8")
)
STREETS: Final[dict[str, str]] = _DATA["streets"]
COMPASS: Final[dict[str, str]] = _DATA["compass"]
REGIONS: Final[dict[str, str]] = {**_DATA["states"], **_DATA["provinces"]}
ALSO_WORDS: Final = frozenset(_DATA["words"]["also_words"].split())
STREET_WORDS: Final = frozenset(_DATA["street_words"]["types"].split())
BEFORE_STREETS: Final[list[str]] = _DATA["street_words"]["before"].split()
_NAMES: Final = r"(?:[A-Z][\w.'’]*\s){0,3}"
TITLED: Final = frozenset(("St", "Dr"))  # also before a name: "St James", "Dr Lee"


def _kept_stop(found: re.Match[str]) -> str:
    """The full stop that ends both an abbreviation and its sentence."""
    ends = found[0].endswith(".") and re.match(r"[\"')”]?(?:\s+[\"'“(]?[A-Z]|\s*$)", found.string[found.end() :])
    return "." if ends else ""


def _street(found: re.Match[str]) -> str | None:
    """A street's type after its name, and the point of the compass after it: "St. E." -> "Street east"."""
    kind, compass = found["kind"], found["compass"]
    before = re.search(
        r"(?:[A-Z][\w'’]*|\d(?:st|nd|rd|th))\s$", found.string[max(0, found.start() - 40) : found.start()]
    )
    if before is None:
        return None
    if kind in STREET_WORDS and not (found["dot"] or compass or _is_address(found)):
        return None
    if kind in TITLED and not compass:
        if found["dot"] and before[0][0].isalpha():
            return None  # by its place
        if re.match(r"\s[A-Z]", found.string[found.end() :]) and before[0][0].isalpha():
            return None
    return f"{STREETS[kind]}{f' {COMPASS[compass]}' if compass else ''}{_kept_stop(found)}"


def _is_address(found: re.Match[str]) -> bool:
    """Whether the words beside a street type that is also a word tell an address: a number, a place or a mark."""
    before, after = found.string[max(0, found.start() - 60) : found.start()], found.string[found.end() :]
    if re.search(rf"\d(?:st|nd|rd|th|[A-Z])?,?\s{_NAMES}$", before):
        return True
    if re.search(r"(\w+)\s$", before)[1].lower() in words("determiners"):  # type: ignore[index]
        return False
    placed = re.search(rf"\b(?i:{one_of(BEFORE_STREETS)})\s{_NAMES}$", before) is not None
    return re.match(r"\s?(?:[,;:!?)&]|$)", after) is not None or (placed and not re.match(r"\s[A-Z]", after))


def _region(found: re.Match[str]) -> str | None:
    """A state or province after its town, with the postal code one by one."""
    region, code = found["region"], found["zip"] or found["postcode"]
    before = found.string[max(0, found.start() - 60) : found.start()]
    if re.search(r"[A-Z][\w.'’]*, $", before) is None:
        return None
    placed = re.search(r"\b(?:in|near|from|to|serving|of|at)\s(?:[A-Z][\w.'’]*\s){0,2}[A-Z][\w.'’]*, $", before)
    if code is None and region in ALSO_WORDS and (placed is None or not _ENDED.match(found.string, found.end())):
        return None
    if code is None:
        return REGIONS[region]
    spelled = " ".join(digits(letter) if letter.isdecimal() else letter for letter in code if letter.isalnum())
    return f"{REGIONS[region]} {spelled}"


# What stands behind a state at the end of its phrase: a mark, or another town with its state.
_ENDED: Final = re.compile(rf"[.,;:)]|\s?$|\s(?:to|and|&)\s(?:[A-Z][\w.'’]*\s?){{1,3}}, (?:{one_of(REGIONS)})\b")


def _direction(found: re.Match[str]) -> str:
    return COMPASS[found["compass"]]


def _floor(found: re.Match[str]) -> str:
    return f" Floor{_kept_stop(found)}"


RULES: Final[tuple[Rule, ...]] = (
    (
        re.compile(
            rf"(?<=\d\s)(?P<compass>(?!W\s)(?:{one_of(COMPASS)}))\b\.?"
            rf"(?=\s(?:[A-Z][\w'’]*\s|\d{{1,3}}(?:st|nd|rd|th)\s){{1,3}}"
            rf"(?:{one_of(STREETS)}|{one_of(STREETS.values())})\b)"
        ),
        _direction,
    ),
    (
        re.compile(  # "60 W" are watts unless a street is certain: shortened, numbered, or before a town
            r"(?<=\d\s)(?P<compass>W)"
            rf"(?=\s(?:[A-Z][\w'’]*\s){{1,3}}(?:(?:{one_of(STREETS)})(?!\w)|(?:{one_of(STREETS.values())}), [A-Z])"
            rf"|\s\d{{1,3}}(?:st|nd|rd|th)\s(?:{one_of(STREETS)}|{one_of(STREETS.values())})\b)"
        ),
        _direction,
    ),
    (
        re.compile(
            rf"(?<![\w.,@/-])(?P<kind>{one_of(STREETS)})(?!\w)(?P<dot>\.)?"
            rf"(?:\s(?P<compass>{one_of(COMPASS)})(?![\w'’])\.?)?"
        ),
        _street,
    ),
    (
        re.compile(
            rf"(?<=, )(?P<region>{one_of(REGIONS)})(?![\w'’])"
            r"(?:\s(?P<zip>\d{5}(?:-\d{4})?)(?![\w-])|\s(?P<postcode>[A-Z]\d[A-Z]\s?\d[A-Z]\d)\b)?"
        ),
        _region,
    ),
    (re.compile(r"(?<=\d(?:st|nd|rd|th))\sFl(?:r)?(?!\w)\.?"), _floor),
)
