"""Numbers as they are written, in words.

Words are CLDR's spell-out rules through unicode-rbnf (MIT). Which of "," and "." parts the decimals is decided by form:
"1.299,00" and "1,299.00" are the same number.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from unicode_rbnf import FormatPurpose, RbnfEngine

MAX_DIGITS: Final = 15  # more digits are read one by one; CLDR's rules end at a quintillion
SPACES: Final = " \u00a0\u202f\u2009"
NUMBER: Final = (
    rf"(?:\d{{1,2}}(?:,\d{{2}}){{1,7}},\d{{3}}(?!\d)|\d{{1,3}}(?:[{SPACES}]\d{{3}}){{1,6}}(?:[.,]\d{{1,2}})?(?!\d)"
    r"|\d{1,3}(?:,\d{3}){1,6}(?:\.\d+)?(?![\d])|\d{1,3}(?:\.\d{3}){1,6}(?:,\d+)?(?![\d])"
    r"|\d{1,3}(?:['’]\d{3}){1,6}(?:\.\d+)?(?!\d)|\d+(?:[.,]\d+)?)"
)
_ENGINE: Final = RbnfEngine.for_language("en")


@lru_cache(4096)
def _spelled(number: int, purpose: FormatPurpose) -> str:
    return _ENGINE.format_number(number, purpose).text.replace("oh-", "oh ")


def cardinal(number: int) -> str:
    """A whole number in words: 1_250 -> "one thousand two hundred fifty"; more than 15 digits one by one."""
    if number < 0:
        return f"minus {cardinal(-number)}"
    return _spelled(number, FormatPurpose.CARDINAL) if number < 10**MAX_DIGITS else digits(str(number))


def ordinal(number: int) -> str:
    """21 -> "twenty-first"."""
    return _spelled(number, FormatPurpose.ORDINAL) if number < 10**MAX_DIGITS else digits(str(number))


def year(number: int) -> str:
    """1995 -> "nineteen ninety-five", 2008 -> "two thousand eight", 2026 -> "twenty twenty-six"."""
    return _spelled(number, FormatPurpose.YEAR)


def digits(written: str) -> str:
    """The digits of a text one by one."""
    return " ".join(cardinal(int(digit)) for digit in written if digit.isdecimal())


def plural(word: str) -> str:
    """The plural of a number's name: "twenty" -> "twenties"."""
    return f"{word[:-1]}ies" if word.endswith("y") else f"{word}s"


def parts(written: str, *, grouped: bool = False) -> tuple[str, str]:
    """Returns the digits before and after the decimal mark.

    grouped: read one mark before three digits as parting thousands ("10.500" as ten thousand five hundred).
    """
    text = re.sub(rf"[{SPACES}'’]", "", written)
    comma, dot = text.rfind(","), text.rfind(".")
    mark = max(comma, dot)
    if mark < 0:
        return text, ""
    both = comma >= 0 and dot >= 0
    sign = text[mark]
    head, tail = text[:mark], text[mark + 1 :]
    three = len(tail) == 3 and not head.startswith("0")
    thousands = not both and (text.count(sign) > 1 or (three and (sign == "," or grouped)))
    plain = re.sub(r"[.,]", "", head)
    return (plain + tail, "") if thousands else (plain, tail)


def figure(written: str, *, grouped: bool = False) -> str:
    """A number as it is written ("1,299", "3.5", "007") in words."""
    whole, fraction = parts(written, grouped=grouped)
    leading = len(whole) > 1 and whole.startswith("0")
    words = digits(whole) if leading or len(whole) > MAX_DIGITS else cardinal(int(whole or "0"))
    return f"{words} point {digits(fraction)}" if fraction else words


def is_one(written: str) -> bool:
    """Whether a number is exactly one, as grammar counts."""
    return written == "1"
