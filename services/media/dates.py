"""Dates with a month in words, by the names of months and days in CLDR: whether a text holds one, and which."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from babel import Locale, UnknownLocaleError
from babel.localedata import LocaleDataDict

DAY: Final = r"(?<!\d)\d{1,2}(?:st|nd|rd|th)?[.º°]?(?:\s*[-–/&]\s*\d{1,2}[.º]?)?"
JOINED: Final = r"\s*(?:de\s+|of\s+)?"  # "5 de mayo", "5th of May"
EAST_ASIAN: Final = re.compile(r"\d{1,2}\s*月\s*\d{1,2}\s*日|\d{1,2}월\s*\d{1,2}일")
LONGEST_CODE: Final = 3  # letters of a language's code
# Between the two days of a span, as guides of style of the languages that copy is written in have it.
SPAN: Final = (
    r"\s*(?:[-–—]|\b(?:to|until|till|through|bis(?:\s+zum)?|au|jusqu['’]au|al?|hasta(?:\s+el)?|até|do|tot|til)\b)\s*"
)
HOUR: Final = r"\d{1,2}(?:[:.]\d{2})?\s*(?:[ap]\.?m\b\.?|Uhr\b|h(?:\d{2})?\b)|\d{1,2}:\d{2}"
TIME: Final = rf"(?:,?\s*(?:at\s+|um\s+|ab\s+|à\s+|from\s+)?(?:{HOUR})(?:\s*[-–—]\s*(?:{HOUR}))?)"


def holds_date(text: str, language: str) -> bool:
    """Returns whether a text names a day: "13–14 May 2027", "January 16". language: BCP 47, "en-GB" or "en_GB"."""
    pattern = _pattern(re.split("[-_]", language)[0].casefold())
    return EAST_ASIAN.search(text) is not None or (pattern is not None and pattern.search(text) is not None)


def date_phrase(text: str, language: str) -> str:
    """Returns the first day or span of days that a text names, with its weekday and hour: "Sat Aug 15, 7pm", "13–15
    February", "10 March to 14 April"; "" where it names none. language: BCP 47."""
    pattern = _phrases(re.split("[-_]", language)[0].casefold())
    found = pattern.search(text) if pattern is not None else EAST_ASIAN.search(text)
    return found[0].strip(" ,") if found else ""


@lru_cache(maxsize=64)
def _phrases(code: str) -> re.Pattern[str] | None:
    day = _pattern(code)
    if day is None:
        return None
    days = Locale.parse(code).days
    names = {
        written
        for width in ("wide", "abbreviated")
        for name in days["format"][width].values()
        for written in (name.rstrip("."), name.rstrip(".").capitalize(), name.rstrip(".").upper())
    }
    listed = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
    weekday = rf"(?:(?<!\w)(?:{listed})\.?,?\s+(?:den\s+|the\s+)?)?"
    year = r"(?:,?\s+(?:de\s+)?20\d{2}(?!\d))?"
    one = rf"{weekday}(?:{day.pattern}){year}"
    begun = rf"{weekday}{DAY}(?:{SPAN}){one}"  # "Friday 13 to Sunday 15 February"
    return re.compile(rf"(?:{begun}|{one}(?:{SPAN}{one})?){TIME}?")


@lru_cache(maxsize=64)
def month_names(language: str) -> frozenset[str]:
    """Returns the names of months as they are written, without full stops: "May", "Aug"; none for a language that CLDR
    lacks. language: BCP 47."""
    code = re.split("[-_]", language)[0].casefold()
    try:
        return _written(Locale.parse(code).months) if code else frozenset()
    except (UnknownLocaleError, ValueError):
        return frozenset()


def _written(months: LocaleDataDict) -> frozenset[str]:
    return frozenset(
        written
        for kind in ("format", "stand-alone")
        for width in ("wide", "abbreviated")
        for name in months[kind][width].values()
        if any(map(str.isalpha, name))
        for written in (name.rstrip("."), name.rstrip(".").capitalize(), name.rstrip(".").upper())
    )


@lru_cache(maxsize=64)
def _pattern(code: str) -> re.Pattern[str] | None:
    """Dates of a language; None for one that CLDR lacks."""
    if not 0 < len(code) <= LONGEST_CODE:
        return None
    try:
        months = Locale.parse(code).months
    except (UnknownLocaleError, ValueError):
        return None
    # Case counts: in English, "may 5" is no day.
    names = _written(months)
    listed = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
    month = rf"(?<!\w)(?:{listed})(?!\w)"
    return re.compile(rf"{DAY}{JOINED}{month}|{month}\.?\s*{DAY}(?!\d)")
