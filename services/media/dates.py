"""Whether a text holds a date with a month in words, by the names of months in CLDR."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from babel import Locale, UnknownLocaleError

DAY: Final = r"(?<!\d)\d{1,2}(?:st|nd|rd|th)?[.º°]?(?:\s*[-–/&]\s*\d{1,2}[.º]?)?"
JOINED: Final = r"\s*(?:de\s+|of\s+)?"  # "5 de mayo", "5th of May"
EAST_ASIAN: Final = re.compile(r"\d{1,2}\s*月\s*\d{1,2}\s*日|\d{1,2}월\s*\d{1,2}일")
LONGEST_CODE: Final = 3  # letters of a language's code


def holds_date(text: str, language: str) -> bool:
    """Returns whether a text names a day: "13–14 May 2027", "January 16". language: BCP 47, "en-GB" or "en_GB"."""
    pattern = _pattern(re.split("[-_]", language)[0].casefold())
    return EAST_ASIAN.search(text) is not None or (pattern is not None and pattern.search(text) is not None)


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
    names = {
        written
        for kind in ("format", "stand-alone")
        for width in ("wide", "abbreviated")
        for name in months[kind][width].values()
        if any(map(str.isalpha, name))
        for written in (name.rstrip("."), name.rstrip(".").capitalize(), name.rstrip(".").upper())
    }
    listed = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
    month = rf"(?<!\w)(?:{listed})(?!\w)"
    return re.compile(rf"{DAY}{JOINED}{month}|{month}\.?\s*{DAY}(?!\d)")
