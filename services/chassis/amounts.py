"""Reads amounts in texts by value, however their digits, thousands, decimals and currencies are written.

"£1,299.00", "1.299,00 €", "12 990 kr", "2 lakh", "5万円", "１２，３００円", "٣٫٥" and "A$12" are read; where a figure
may mean two values ("1.299" is 1299 or 1.299), both are given, the likelier first. Work is linear in the text's length.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

MAX_DIGITS: Final = 15  # of one group of digits; longer ones are codes
MAX_GROUPS: Final = 8  # of one figure: more than any amount has, so that a row of numbers costs no square
_DATA: dict[str, Any] = tomllib.loads((Path(__file__).parent / "amounts.toml").read_text(encoding="utf-8"))

_SPACES: Final = "\u0020\u00a0\u202f\u2009"
_MARKS: Final = f".,'’٬٫{_SPACES}"
# Digits of every script, with marks of thousands and decimals between them.
_WIDE_MARK: Final = "(?<=[０-９])(?:，(?=[０-９]{3}(?![０-９]))|．(?=[０-９]))"
_CENTS_ONLY: Final = r"(?<=[$£¥\u20a0-\u20cf])[.,](?=\d{1,2}(?![.,]?\d))"  # "$.99"; "Rs.99" is an abbreviation
_FIGURE: Final = re.compile(
    rf"(?<!\d)(?:{_CENTS_ONLY})?\d{{1,{MAX_DIGITS}}}"
    rf"(?:(?:[{_MARKS}]|{_WIDE_MARK})\d{{1,{MAX_DIGITS}}}){{0,{MAX_GROUPS}}}(?!\d)"
)
_THOUSANDS: Final = re.compile(
    rf"(?![0٠०０])\d{{1,3}}(?:([.,'’٬，{_SPACES}])\d{{3}})(?:\1\d{{3}}){{0,{MAX_GROUPS}}}(?=$|[.,٫．]\d{{1,2}}$)"
)
_LAKHS: Final = re.compile(r"(?![0٠०])\d{1,2}(?:,\d{2}){1,4},\d{3}(?=$|\.\d{1,2}$)")  # "1,29,999"
# Three decimals and more: behind thousands that another mark divides ("1.234,567").
_PRECISE: Final = re.compile(
    rf"(?![0٠०０])(\d{{1,3}}(?:([.,'’٬，{_SPACES}])\d{{3}})(?:\2\d{{3}}){{0,{MAX_GROUPS}}})((?!\2)[.,٫．]\d{{3,}})"
)
_PLAIN: Final = re.compile(r"\d*[.,٫．]\d+|\d+")
_SPACE: Final = re.compile(rf"[{_SPACES}]")


def _ordered(words: list[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=lambda word: (-len(word), word)))


_BY_SIGN: Final[dict[str, str]] = {sign: code for code, signs in _DATA["currencies"].items() for sign in signs}
_SHARED: Final[list[str]] = _DATA["shared"]["signs"]
# Symbols may touch a word ("5円から"), letters must not ("10 krona").
_SYMBOLS: Final = [sign for sign in (*_BY_SIGN, *_SHARED) if not sign[-1].isalpha() or sign > "\u2e80"]
_CURRENCY: Final = (
    rf"(?:{_ordered(_SYMBOLS)})|(?<![^\W\d_])(?:{_ordered(sorted({*_BY_SIGN, *_SHARED} - {*_SYMBOLS}))})(?![^\W\d_])"
)
_BEFORE: Final = re.compile(rf"(?:{_CURRENCY})\.?[{_SPACES}]?$", re.IGNORECASE)
_WORDS_BEHIND: Final = _ordered(_DATA["shared"]["behind"])
_CURRENCY_BEHIND: Final = rf"{_CURRENCY}|(?<![^\W\d_])(?:{_WORDS_BEHIND})(?![^\W\d_])"
_BEHIND: Final = re.compile(
    rf"(?P<whole>[.,][-–—])?[{_SPACES}]?(?:{_CURRENCY_BEHIND})|(?P<dash>[.,][-–—])(?!\d)", re.IGNORECASE
)
_SIGN: Final = re.compile(_CURRENCY_BEHIND, re.IGNORECASE)
_WORDS: Final = [word for word in _DATA["multiples"] if word.isascii()]
# A letter touches its digits: "5k" is 5,000, "4 K" is not.
_MULTIPLE: Final = re.compile(
    rf"[{_SPACES}]?(?P<sign>{_ordered([word for word in _DATA['multiples'] if not word.isascii()])})"
    rf"|(?:(?P<letter>{_ordered([word for word in _WORDS if len(word) == 1])})"
    rf"|[{_SPACES}]?(?P<word>{_ordered([word for word in _WORDS if len(word) > 1])}))(?![^\W_])",
    re.IGNORECASE,
)
# These stand beside a currency only: "€1.2m", "2 mil €", "3 M€".
_OF_MONEY: Final = re.compile(
    rf"[{_SPACES}]?(?P<word>{_ordered(list(_DATA['multiples_of_money']))})(?![^\W_])|(?P<sign>(?!))(?P<letter>(?!))",
    re.IGNORECASE,
)
_PENCE: Final = re.compile(r"p(?=$|[/,.)!]| (?:each|per|an?|for|only|off)(?!\w))")
_SCREENS: Final = frozenset(_DATA["pence"]["screens"])
MAX_PENCE: Final = 999
_PACK: Final = re.compile(rf"(?<!\w)(?:{'|'.join(_DATA['packs']['words'])})[{_SPACES}]?$", re.IGNORECASE)
_SIZE: Final = re.compile(rf"[{_SPACES}]?(?:{'|'.join(_DATA['packs']['sizes'])})(?!\w)", re.IGNORECASE)
# A name with a capital inside ends with a number of its own: "iPhone 15 999 €".
_MODEL: Final = re.compile(rf"(?<!\w)(?=\w*[a-z][A-Z])\w{{2,20}}[{_SPACES}]$")
NEAR: Final = 24  # characters before a figure that say what it counts
_LONGEST: Final = max(map(len, (*_BY_SIGN, *_SHARED))) + 3  # with a full stop and a space
_BY_FOLDED: Final = {sign.casefold(): code for sign, code in _BY_SIGN.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """A number of a text.

    values: what it may mean, the likelier first. start, end: its digits in the text; stop: where its multiple ends ("2
    lakh"); sign_start, sign_end: the span that holds its currency as well. currency: ISO 4217, "" where none stands
    beside it or several countries share its sign ("$", "kr"); is_money is True for those as well.
    """

    values: tuple[Decimal, ...]
    start: int
    end: int
    stop: int
    sign_start: int
    sign_end: int
    currency: str
    is_money: bool


def amounts_in(text: str) -> Iterator[Amount]:
    """Yields the amounts of a text in order. Numbers that spaces divide ("from 12 24.90") are several."""
    for figure in _FIGURE.finditer(text):
        for digits, start in _parts(figure[0], figure.start(), is_divided=_is_divided(text, figure)):
            if not (values := values_of(digits)):
                continue
            end = start + len(digits)
            multiple = _multiple(text, start, end)
            factor = _factor(multiple) if multiple else Decimal(1)
            stop = multiple.end() if multiple else end
            sign, sign_start, sign_end = _sign(text, start, stop)
            if not sign and values[0] <= MAX_PENCE and values[0] not in _SCREENS and _PENCE.match(text, end):
                sign, stop, sign_end, factor = "£", end + 1, end + 1, Decimal("0.01")
            yield Amount(
                values=tuple(value * factor for value in values),
                start=start,
                end=end,
                stop=stop,
                sign_start=sign_start,
                sign_end=sign_end,
                currency=_BY_FOLDED.get(sign.casefold(), ""),
                is_money=bool(sign),
            )


def read_amount(text: str) -> Decimal | None:
    """Returns the likeliest value of a text's first amount, or None for a text without one."""
    first = next(amounts_in(text), None)
    return first.values[0] if first else None


def values_of(figure: str) -> tuple[Decimal, ...]:
    """Returns what the digits of one figure may mean, the likelier first: "1.299" is 1299 or 1.299, "1.2.3" is none."""
    found = []
    grouped = _grouped(figure)
    if grouped is not None:
        whole = re.sub(r"\D", "", grouped[0])
        found.append(_decimal(whole + figure[grouped.end() :]))
    elif precise := _PRECISE.fullmatch(figure):
        found.append(_decimal(re.sub(r"\D", "", precise[1]) + precise[3]))
    if _PLAIN.fullmatch(figure):
        found.append(_decimal(figure))
    return tuple(found)


def names(text: str, amount: Decimal, *, as_money: bool = False) -> bool:
    """Returns True if a text names an amount; `as_money`: with a currency beside it."""
    return any(amount in found.values and (found.is_money or not as_money) for found in amounts_in(text))


def western(text: str) -> str:
    """Returns the text with the digits of every script as 0 to 9."""
    return "".join(str(unicodedata.digit(sign)) if sign.isdigit() and not sign.isascii() else sign for sign in text)


def _multiple(text: str, start: int, end: int) -> re.Match[str] | None:
    """Returns the word or sign behind a number that multiplies it, or None."""
    if multiple := _MULTIPLE.match(text, end):
        return multiple
    of_money = _OF_MONEY.match(text, end)
    return of_money if of_money and _sign(text, start, of_money.end())[0] else None


def _is_divided(text: str, figure: re.Match[str]) -> bool:
    """Returns True where a space stands between two numbers: "pack of 3 250 g", "iPhone 15 999 €"."""
    if not _SPACE.search(figure[0]):
        return False
    before = text[max(0, figure.start() - NEAR) : figure.start()]
    if _MODEL.search(before):
        return True
    return _PACK.search(before) is not None and _SIZE.match(text, figure.end()) is not None


def _parts(figure: str, start: int, *, is_divided: bool) -> Iterator[tuple[str, int]]:
    """Yields the numbers of a figure with their places: one, or those that spaces divide but no thousands."""
    if is_divided:  # the first number is one of its own
        first = _SPACE.split(figure, maxsplit=1)[0]
        yield first, start
        yield from _parts(figure[len(first) + 1 :], start + len(first) + 1, is_divided=False)
        return
    if _grouped(figure) or not _SPACE.search(figure):
        yield figure, start
        return
    at, rest = 0, figure
    pieces = _SPACE.split(figure)
    while at < len(pieces):
        # "12 1 299": the longest row of groups from here on that is one number
        lengths = [len("_".join(pieces[at : at + count])) for count in range(1, len(pieces) - at + 1)]
        count = next((count for count in range(len(lengths), 1, -1) if _grouped(rest[: lengths[count - 1]])), 1)
        digits = rest[: lengths[count - 1]]
        yield digits, start
        start += len(digits) + 1
        rest = rest[len(digits) + 1 :]
        at += count


def _grouped(figure: str) -> re.Match[str] | None:
    return _THOUSANDS.match(figure) or _LAKHS.match(figure)


def _decimal(figure: str) -> Decimal:
    return Decimal(re.sub("[,٫．]", ".", figure))


def _factor(multiple: re.Match[str]) -> Decimal:
    word = (multiple["sign"] or multiple["letter"] or multiple["word"]).lower()
    return Decimal(_DATA["multiples"].get(word) or _DATA["multiples_of_money"][word])


def _sign(text: str, start: int, stop: int) -> tuple[str, int, int]:
    """Returns the currency's sign beside an amount, "" without one, and where amount and sign begin and end."""
    behind = _BEHIND.match(text, stop)
    end = behind.end() if behind else stop
    before = _BEFORE.search(text[max(0, start - _LONGEST) : start])
    if before:
        return before[0].strip(f".{_SPACES}"), start - len(before[0]), end
    if behind is None:
        return "", start, stop
    sign = _SIGN.search(behind[0])
    return sign[0] if sign else behind[0], start, end
