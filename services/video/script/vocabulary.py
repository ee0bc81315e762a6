"""The English words of `data/english.toml`, and the names of units, currencies, months and days from CLDR.

Another language needs a file of the same tables, its CLDR locale, and rules for what it writes otherwise.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, Final

from babel.dates import get_day_names, get_month_names
from babel.numbers import get_currency_name, list_currencies
from babel.units import UnknownUnitError, format_unit

LOCALE: Final = "en_GB"  # CLDR's spelling of units; voices say both spellings alike
DATA: Final[dict[str, Any]] = tomllib.loads(
    (Path(__file__).parent / "data" / "english.toml").read_text(encoding="utf-8")
)
UNITS: Final[dict[str, str]] = DATA["units"]
PERIODS: Final[dict[str, str]] = DATA["periods"]
PRICED: Final[dict[str, str]] = DATA["priced"]
SCALES: Final[dict[str, str]] = DATA["scales"]
NOT_CODES: Final = frozenset(DATA["not_codes"]["words"].split())  # words in capitals: "TOP 10", "TRY 3 flavours"
CURRENCIES: Final[dict[str, str]] = {
    **{code: code for code in sorted(list_currencies()) if code not in NOT_CODES},
    **DATA["symbols"],
}
ZONES: Final = tuple(DATA["zones"]["names"].split())
MONTHS: Final[dict[str, int]] = {
    **{name: number for number, name in get_month_names("wide", locale="en").items()},
    **{name: number for number, name in get_month_names("abbreviated", locale="en").items()},
    "Sept": 9,
}
MONTH_NAMES: Final[dict[int, str]] = dict(get_month_names("wide", locale="en").items())
DAYS: Final[dict[str, int]] = {
    **{name: number for number, name in get_day_names("wide", locale="en").items()},
    **{name: number for number, name in get_day_names("abbreviated", locale="en").items()},
    "Tues": 1,
    "Weds": 2,
    "Thur": 3,
    "Thurs": 3,
}
DAY_NAMES: Final[dict[int, str]] = dict(get_day_names("wide", locale="en").items())


def words(name: str) -> frozenset[str]:
    """Returns a list of `[words]` as a set."""
    return frozenset(DATA["words"][name].split())


def one_of(written: Iterable[str]) -> str:
    """Returns a pattern for any of the given texts, the longest first."""
    return "|".join(re.escape(text) for text in sorted(written, key=lambda text: (-len(text), text)))


@cache
def unit_name(symbol: str, *, one: bool) -> str:
    """Names a unit as it is written: ("ml", one=False) -> "millilitres". Raises KeyError for an unknown one."""
    unit = UNITS[symbol]
    if "-" not in unit:  # not among CLDR's
        singular, _, many = unit.partition("|")
        return singular if one else many or f"{singular}s"
    try:
        named = format_unit(1 if one else 2, unit, "long", locale=LOCALE)
    except UnknownUnitError as error:
        raise KeyError(symbol) from error
    said = named.removeprefix("1 ").removeprefix("2 ").replace("-", " ")
    return re.sub(r"\bper (?=hour)", "an ", re.sub(r"\bper (?=second)", "a ", said))


@cache
def currency_name(symbol: str, *, one: bool) -> str:
    """Names a currency by its code or sign: ("€", one=False) -> "euros", ("SEK", one=True) -> "Swedish krona"."""
    code = CURRENCIES[symbol]
    if code == "bitcoin":
        return "bitcoin" if one else "bitcoins"
    named = get_currency_name(code, count=1 if one else 2, locale="en")
    named = re.sub(r"\bLira\b", "lira", named)
    if code in {"USD", "GBP", "JPY", "INR"} or len(symbol) == 1 or symbol == "kr":
        named = re.sub(r"^(?:[A-Z]\S*\s)+(?=[a-z])", "", named)
    return re.sub(r"\b[A-Z]{2,3}\b", lambda found: " ".join(found[0]), named)


def hundredths_name(symbol: str, count: int) -> str | None:
    """Names the hundredth of a currency, or returns None where the name is not known."""
    names = DATA["hundredths"].get(CURRENCIES[symbol])
    return str(names[0 if count == 1 else 1]) if names else None
