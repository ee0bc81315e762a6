"""The words of one language: numbers, currencies, units, months and days, and what `data/languages` says of it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from babel.dates import get_day_names, get_month_names
from babel.numbers import get_currency_name, list_currencies
from babel.units import UnknownUnitError, format_unit
from unicode_rbnf import RbnfEngine

from services.video.script.vocabulary import DATA as ENGLISH
from services.video.script.vocabulary import one_of

FOLDER: Final = Path(__file__).parents[1] / "data" / "languages"
SPACES: Final = " \u00a0\u202f\u2009"
NUMBER: Final = (
    rf"(?:\d{{1,3}}(?:[{SPACES}]\d{{3}}){{1,5}}(?:[.,]\d{{1,2}})?(?!\d)|\d{{1,3}}(?:\.\d{{3}}){{1,5}}(?:,\d+)?(?!\d)"
    r"|\d{1,3}(?:,\d{3}){1,5}\.\d{1,2}(?!\d)|\d{1,3}(?:,\d{3}){2,5}(?!\d)|\d+(?:[.,]\d+)?)"
)
# Units that are written by English abbreviations only ("in", "mo"): those letters are words elsewhere.
ENGLISH_ONLY: Final = re.compile(r"[|]|inch|foot|yard|mile|pound|ounce|gallon|fluid|spoon|cup|duration|carat")
MAX_DIGITS: Final = 12  # more digits are read one by one
MASCULINE, FEMININE, COUNTING = "m", "f", ""


class Words:
    """What one language calls numbers and things. language: a code that has a file in `data/languages`."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.data: dict[str, Any] = tomllib.loads((FOLDER / f"{language}.toml").read_text(encoding="utf-8"))
        self.joints: dict[str, str] = self.data["joints"]
        self._engine = RbnfEngine.for_language(language)
        parted = self.data.get("numbers", {}).get("parted")
        self._parted = re.compile(f"({parted})\u00ad") if parted else None
        self._ones = {
            gender: {re.compile(first, re.IGNORECASE): form for first, form in forms.items()}
            for gender, forms in self.data.get("one", {}).items()
        }
        self.spelled = lru_cache(4096)(self._spelled)
        months = dict(get_month_names("wide", locale=language).items())
        short = get_month_names("abbreviated", locale=language)
        self.month_names: dict[int, str] = months
        self.months: dict[str, int] = {name: number for number, name in months.items()}
        for number, name in short.items():
            for written in (name.rstrip("."), name.rstrip(".")[:3]):
                if written not in self.data["not_months"]["words"].split():
                    self.months.setdefault(written, number)
        self.day_names: dict[int, str] = dict(get_day_names("wide", locale=language).items())
        self.days: dict[str, int] = {name: number for number, name in self.day_names.items()}
        for number, name in get_day_names("abbreviated", locale=language).items():
            for written in {name.rstrip("."), self.day_names[number][:3]}:
                self.days.setdefault(written, number)
        self._feminine = re.compile(self.data["gender"]["feminine"])
        self._masculine = frozenset(self.data["gender"]["masculine"].split())
        self._feminine_nouns = frozenset(self.data["gender"]["feminine_nouns"].split())
        not_codes = {*ENGLISH["not_codes"]["words"].split(), *self.data["currencies"].get("not_codes", "").split()}
        self.currencies: dict[str, str] = {
            **{code: code for code in sorted(list_currencies()) if code not in not_codes},
            **{sign: code for sign, code in ENGLISH["symbols"].items() if code != "bitcoin"},
        }
        self.letters = frozenset(f"{self.data['kept']}{self.data['kept'].upper()}")

    def words(self, name: str) -> frozenset[str]:
        """A list of `[words]` as a set."""
        return frozenset(self.data["words"][name].split())

    def any_month(self) -> str:
        """A pattern for names of months, long and short, in any case."""
        return f"(?i:{one_of(self.months)})"

    def any_day(self) -> str:
        """A pattern for names of days, long and short, in any case."""
        return f"(?i:{one_of(self.days)})"

    def _spelled(self, number: int, ruleset: str) -> str:
        said = self._engine.format_number(number, ruleset_names=[ruleset]).text
        if self._parted is not None:  # "milleduecento" in the words that a voice can stress
            said = self._parted.sub(r"\1 ", said)
        return said.replace("\u00ad", "").replace("\u2011", "-")

    def cardinal(self, number: int, gender: str = COUNTING) -> str:
        """A whole number in words: (21, "f") -> "veintiuna"; gender: of what it counts, "" where it counts nothing."""
        if number < 0:
            return f"{self.joints['minus']} {self.cardinal(-number, gender)}"
        if number >= 10**MAX_DIGITS:
            return self.digits(str(number))
        name = {MASCULINE: "spellout-cardinal-masculine", FEMININE: "spellout-cardinal-feminine"}.get(gender)
        if name is None or (number != 1 and not self.data["gender"]["counts"]):
            name = "spellout-numbering"
        return self.spelled(number, name)

    def ordinal(self, number: int, gender: str = MASCULINE) -> str:
        """21 -> "vigésimo primero"."""
        return self.spelled(number, f"spellout-ordinal-{'feminine' if gender == FEMININE else 'masculine'}")

    def digits(self, written: str) -> str:
        """The digits of a text one by one."""
        return " ".join(self.cardinal(int(digit)) for digit in written if digit.isdecimal())

    def parts(self, written: str) -> tuple[str, str]:
        """The digits before and after the decimal mark: a comma, unless three digits follow several of them, or a dot
        that does not part thousands."""
        text = re.sub(rf"[{SPACES}]", "", written)
        comma, dot = text.rfind(","), text.rfind(".")
        mark = max(comma, dot)
        if mark < 0:
            return text, ""
        sign, tail = text[mark], text[mark + 1 :]
        both = comma >= 0 and dot >= 0
        thousands = not both and (text.count(sign) > 1 or (sign == "." and len(tail) == 3 and not text.startswith("0")))
        head = re.sub(r"[.,]", "", text[:mark])
        return (head + tail, "") if thousands else (head, tail)

    def figure(self, written: str, gender: str = COUNTING) -> str:
        """A number as it is written ("1.299", "3,5", "007") in words."""
        whole, fraction = self.parts(written)
        if not fraction:
            leading = len(whole) > 1 and whole.startswith("0")
            return self.digits(whole) if leading else self.cardinal(int(whole or "0"), gender)
        return f"{self.cardinal(int(whole or '0'))} {self.joints['decimal']} {self.fraction(fraction)}"

    def fraction(self, digits: str) -> str:
        """The digits after a decimal mark: "75" -> "setenta y cinco", "05" and three or more one by one."""
        if digits.startswith("0") or len(digits) > 2:
            return self.digits(digits)
        return self.cardinal(int(digits))

    def is_one(self, written: str) -> bool:
        """Whether grammar counts a number as one thing."""
        whole, fraction = self.parts(written)
        return int(whole or "0") == 1 and not fraction

    def gender_of(self, noun: str) -> str:
        """The gender of a noun by its ending, and the exceptions that the data names."""
        folded = noun.casefold()
        if folded in self._feminine_nouns:
            return FEMININE
        return FEMININE if folded not in self._masculine and self._feminine.search(folded) else MASCULINE

    def counted(self, written: str, noun: str) -> str:
        """A number before a noun: ("21", "tiendas") -> "veintiuna tiendas", ("1", "ora") -> "un'ora"."""
        gender = self.gender_of(noun)
        if written == "1":
            for first, form in self._ones.get(gender, {}).items():
                if first.match(noun):
                    return f"{form}{noun}"
        return f"{self.figure(written, gender)} {noun}"

    def unit_name(self, symbol: str, *, one: bool) -> str:
        """Names a unit as it is written. Raises KeyError for an unknown one."""
        unit = self.data["units"].get(symbol) or ENGLISH["units"][symbol]
        if "|" in unit or "-" not in unit:
            singular, _, many = unit.partition("|")
            return str(singular if one else many or singular)
        try:
            named = format_unit(1 if one else 2, unit, "long", locale=self.language)
        except UnknownUnitError as error:
            raise KeyError(symbol) from error
        return re.sub(r"^[12]\s", "", named)

    def units(self) -> list[str]:
        """The units that have a name in this language, as they are written."""
        own: dict[str, str] = self.data["units"]
        known = [symbol for symbol, unit in ENGLISH["units"].items() if "-" in unit and not ENGLISH_ONLY.search(unit)]
        return [*own, *(symbol for symbol in known if symbol not in own and self._has_unit(ENGLISH["units"][symbol]))]

    def _has_unit(self, unit: str) -> bool:
        try:
            format_unit(2, unit, "long", locale=self.language)
        except UnknownUnitError:
            return False
        return True

    def currency_name(self, symbol: str, *, one: bool) -> str:
        """Names a currency by its code or sign; a bare sign has no nationality: "$" -> "dólares"."""
        code = self.currencies[symbol]
        named = get_currency_name(code, count=1 if one else 2, locale=self.language).lower()
        plain = code in {"USD", "GBP", "JPY", "INR", "BRL"} or (len(symbol) == 1 and not symbol.isalpha())
        return named.split()[0] if plain else named

    def is_local(self, currency: str) -> bool:
        """Whether a sign may stand for a currency where the product is priced in it."""
        return any(currency in local["codes"] for local in self.data["currencies"]["local"].values())

    def hundredths_name(self, symbol: str, count: int) -> str | None:
        """Names the hundredth of a currency, or returns None where the name is not known."""
        names = self.data["hundredths"].get(self.currencies[symbol])
        return str(names[0 if count == 1 else 1]) if names else None

    def after_number(self, joint: str, noun: str) -> str:
        """A joint before a noun: "de" before "euros" -> "de euros", French "d'euros"."""
        elided = self.joints.get(f"{joint}_elided")
        if elided and noun[:1].casefold() in "aeiouyéèêh":
            return f"{elided}{noun}"
        return f"{self.joints[joint]} {noun}"

    def contracted(self, script: str, place: int, first: str, last: str) -> str:
        """A range in words. The words before it may hold its preposition already: "del 3-7", "entre 20-30"."""
        before = re.search(r"([^\W\d_]+)['’]?\s?$", script[max(0, place - 16) : place])
        opening = self.joints["from"]
        if before and before[1].casefold() in self.words("ranged"):
            opening = ""
        return f"{opening + ' ' if opening else ''}{first} {self.joints['to']} {last}"


Rewrite = Callable[[re.Match[str]], str | None]
