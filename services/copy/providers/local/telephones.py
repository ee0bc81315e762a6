"""Which rows of digits are telephone numbers: neither sizes, years, amounts nor the numbers of books."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final

from services.copy.providers.local.words import signs

FEWEST_DIGITS, MOST_DIGITS = 7, 15  # of a telephone number
FEWEST_STEPS: Final = 3  # numbers of a series
THOUSAND: Final = 3  # digits of a group of an amount
BEFORE: Final = 8  # characters before a row that say what it is
BOOK: Final = 13  # digits of the number of a book
_ROW: Final = re.compile(r"(?<![\d.,])\+?\(?\d[\d ().\u00a0-]{5,20}\d(?![\d,%])")
_YEARS: Final = re.compile(r"(?:19|20)\d\d ?- ?(?:19|20)\d\d")
_BOOK: Final = re.compile(r"\bISBN\b[\s:-]*$", re.IGNORECASE)
_UNIT: Final = re.compile(rf"\s?(?:[€$£%°]|(?:{'|'.join(map(re.escape, signs('units')))}|mg|m|g|l)\b)", re.IGNORECASE)
_COUNTED: Final = re.compile(r"\s[^\W\d_]{2,}")  # "1 250 000 litres"


def has_telephone(text: str) -> bool:
    """Whether a text names a number to call: seven digits or more in groups."""
    return any(_is_telephone(found, text) for found in _ROW.finditer(text))


def _is_telephone(found: re.Match[str], text: str) -> bool:
    row = found[0]
    groups = re.findall(r"\d+", row)
    digits = "".join(groups)
    if not FEWEST_DIGITS <= len(digits) <= MOST_DIGITS or _YEARS.fullmatch(row):
        return False
    if row[0] in "+(" or digits[0] == "0":  # no size, year or amount begins so
        return True
    behind = text[found.end() :]
    if _UNIT.match(behind) or _BOOK.search(text[max(0, found.start() - BEFORE) : found.start()]):
        return False
    if len(digits) == BOOK and digits.startswith(("978", "979")):
        return False
    if len(groups) >= FEWEST_STEPS and "-" not in row and all(int(one) < int(next_) for one, next_ in pairwise(groups)):
        return False  # "36 38 40 42"
    if len(groups) == 1 and _COUNTED.match(behind):
        return False  # "2500000 sold"
    is_amount = len(groups) > 1 and len(groups[0]) <= THOUSAND and all(len(group) == THOUSAND for group in groups[1:])
    return not (is_amount and (set(groups[-1]) == {"0"} or (len(groups[0]) < THOUSAND and _COUNTED.match(behind))))
