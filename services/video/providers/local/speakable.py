"""A script as it is to be spoken: prices, dates, addresses, abbreviations and figures in words.

Every rule edits a span of the written text, and every spoken character remembers which written character it stands
for. That is how a caption can show "$19.99" for exactly as long as "nineteen dollars and ninety-nine cents" sounds.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

UNITS_BELOW_TWENTY: Final = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
TENS: Final = ["zero", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
SCALES: Final = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (1000, "thousand"), (100, "hundred"))

IRREGULAR_ORDINALS: Final = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}

CURRENCIES: Final[dict[str, tuple[str, str, str, str]]] = {  # one, many, one of the hundredth, many of them
    "$": ("dollar", "dollars", "cent", "cents"),
    "US$": ("dollar", "dollars", "cent", "cents"),
    "€": ("euro", "euros", "cent", "cents"),
    "£": ("pound", "pounds", "penny", "pence"),
    "¥": ("yen", "yen", "", ""),
    "₹": ("rupee", "rupees", "paisa", "paise"),
    "USD": ("dollar", "dollars", "cent", "cents"),
    "EUR": ("euro", "euros", "cent", "cents"),
    "GBP": ("pound", "pounds", "penny", "pence"),
    "JPY": ("yen", "yen", "", ""),
    "CHF": ("franc", "francs", "centime", "centimes"),
}

MEASURES: Final[dict[str, tuple[str, str]]] = {
    "ml": ("millilitre", "millilitres"),
    "cl": ("centilitre", "centilitres"),
    "l": ("litre", "litres"),
    "L": ("litre", "litres"),
    "mg": ("milligram", "milligrams"),
    "g": ("gram", "grams"),
    "kg": ("kilogram", "kilograms"),
    "mm": ("millimetre", "millimetres"),
    "cm": ("centimetre", "centimetres"),
    "m": ("metre", "metres"),
    "km": ("kilometre", "kilometres"),
    "km/h": ("kilometre an hour", "kilometres an hour"),
    "mph": ("mile an hour", "miles an hour"),
    "oz": ("ounce", "ounces"),
    "lb": ("pound", "pounds"),
    "lbs": ("pound", "pounds"),
    "ft": ("foot", "feet"),
    "in": ("inch", "inches"),
    "°C": ("degree Celsius", "degrees Celsius"),
    "°F": ("degree Fahrenheit", "degrees Fahrenheit"),
    "°": ("degree", "degrees"),
    "GB": ("gigabyte", "gigabytes"),
    "MB": ("megabyte", "megabytes"),
    "TB": ("terabyte", "terabytes"),
    "W": ("watt", "watts"),
    "kWh": ("kilowatt hour", "kilowatt hours"),
    "mAh": ("milliamp hour", "milliamp hours"),
    "V": ("volt", "volts"),
    "Hz": ("hertz", "hertz"),
    "GHz": ("gigahertz", "gigahertz"),
    "hrs": ("hour", "hours"),
    "hr": ("hour", "hours"),
    "min": ("minute", "minutes"),
    "mins": ("minute", "minutes"),
    "sec": ("second", "seconds"),
    "ms": ("millisecond", "milliseconds"),
    "K": ("K", "K"),
}

ABBREVIATIONS: Final[dict[str, str]] = {
    "e.g.": "for example",
    "i.e.": "that is",
    "etc.": "et cetera",
    "vs.": "versus",
    "vs": "versus",
    "approx.": "approximately",
    "Dr.": "Doctor",
    "Mr.": "Mister",
    "Mrs.": "Missus",
    "Ms.": "Miz",
    "Prof.": "Professor",
    "No.": "number",
    "w/": "with",
    "w/o": "without",
    "&": "and",
    "+": "plus",
    "=": "equals",
    "@": "at",
    "×": "times",
    "½": "one half",
    "¼": "one quarter",
    "¾": "three quarters",
    "a.m.": "A M",
    "p.m.": "P M",
    "FAQ": "F A Q",
    "ASAP": "as soon as possible",
    "DIY": "D I Y",
    "B2B": "B to B",
    "B2C": "B to C",
    "24/7": "twenty-four seven",
    "50/50": "fifty-fifty",
    "Wi-Fi": "why fye",
    "WiFi": "why fye",
    "SaaS": "sass",
    "iOS": "eye O S",
}

MONTHS: Final = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
MONTH_NAMES: Final = "|".join([*MONTHS, *(f"{name[:3]}\\.?" for name in MONTHS), "Sept\\.?"])
FULL_MONTHS: Final = {name[:3].casefold(): name for name in MONTHS}
TOP_LEVEL: Final = "com|org|net|io|co|app|shop|store|ai|dev|me|uk|de|fr|eu|us|ca|info|biz|tv|xyz|online"
TOP_LEVEL_WORDS: Final = {
    "io": "I O", "ai": "A I", "tv": "T V", "uk": "U K", "de": "D E", "fr": "F R", "eu": "E U", "us": "U S",
    "ca": "C A", "me": "me", "xyz": "X Y Z", "co": "co",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """`text` is what is said; `origin[i]` is the place in the script that its i-th character stands for."""

    text: str
    origin: tuple[int, ...]


Rewrite = Callable[[re.Match[str]], str | None]


def speakable(script: str, pronunciations: Mapping[str, str] | None = None) -> Spoken:
    """The script in words an English voice can say. A pronunciation goes before every rule, whatever its case."""
    characters = list(script)
    edits: list[tuple[int, int, str]] = []
    taken = [False] * len(characters)
    for pattern, rewrite in (*_pronouncing(pronunciations or {}), *RULES):
        for found in pattern.finditer(script):
            start, end = found.span()
            if start == end or any(taken[start:end]):
                continue
            words = rewrite(found)
            if words is None:
                continue
            edits.append((start, end, words))
            taken[start:end] = [True] * (end - start)
    edits.sort()
    text: list[str] = []
    origin: list[int] = []
    place = 0
    for start, end, words in [*edits, (len(script), len(script), "")]:
        for position in range(place, start):
            for character in _plain(script[position]):
                text.append(character)
                origin.append(position)
        if words:
            before = " " if text and text[-1].isalnum() and words[:1].isalnum() else ""
            after = " " if end < len(script) and script[end].isalnum() else ""
            padded = f"{before}{words}{after}"
            for number, character in enumerate(padded):
                text.append(character)
                origin.append(min(end - 1, start + number * (end - start) // max(1, len(padded))))
        place = end
    return Spoken(text="".join(text), origin=tuple(origin))


def cardinal(number: int) -> str:
    """A whole number in words: 1_250 -> "one thousand two hundred fifty"."""
    if number < 0:
        return f"minus {cardinal(-number)}"
    if number < 20:
        return UNITS_BELOW_TWENTY[number]
    if number < 100:
        tens, unit = divmod(number, 10)
        return TENS[tens] + (f"-{UNITS_BELOW_TWENTY[unit]}" if unit else "")
    for size, name in SCALES:
        if number >= size:
            count, rest = divmod(number, size)
            return f"{cardinal(count)} {name}" + (f" {cardinal(rest)}" if rest else "")
    raise AssertionError("every number from 100 has a scale")


def ordinal(number: int) -> str:
    """21 -> "twenty-first"."""
    words = cardinal(number)
    head, separator, last = words.rpartition("-") if "-" in words.split(" ")[-1] else words.rpartition(" ")
    if last in IRREGULAR_ORDINALS:
        last = IRREGULAR_ORDINALS[last]
    elif last.endswith("y"):
        last = f"{last[:-1]}ieth"
    else:
        last = f"{last}th"
    return f"{head}{separator}{last}"


def year(number: int) -> str:
    """1995 -> "nineteen ninety-five", 2008 -> "two thousand eight", 2026 -> "twenty twenty-six"."""
    if 2000 <= number < 2010 or number % 1000 == 0:
        return cardinal(number)
    century, rest = divmod(number, 100)
    if not rest:
        return f"{cardinal(century)} hundred"
    return f"{cardinal(century)} {'oh ' if rest < 10 else ''}{cardinal(rest)}"


def figure(written: str) -> str:
    """A number as it is written ("1,299", "3.5", "007") in words."""
    whole, _, fraction = written.replace(",", "").partition(".")
    if (len(whole) > 1 and whole.startswith("0")) or len(whole) > 15:
        words = _digits(whole)
    else:
        words = cardinal(int(whole or "0"))
    return f"{words} point {_digits(fraction)}" if fraction else words


def _digits(written: str) -> str:
    return " ".join(UNITS_BELOW_TWENTY[int(digit)] for digit in written if digit.isdigit())


def _plain(character: str) -> str:
    """One written character as the phonemiser takes it: typographic forms made plain, unspeakable ones dropped."""
    if character in "‘’ʼ`´":
        return "'"
    if character in '“”«»„"*_~^|<>[]{}#\\':
        return ""
    if character in "()":
        return ","
    if character in "–—":
        return "—"
    if character == "…":
        return "."
    if character in "/":
        return " "
    if character.isspace():
        return " "
    if ord(character) < 128:
        return character
    folded = unicodedata.normalize("NFKD", character)
    letters = "".join(letter for letter in folded if not unicodedata.combining(letter))
    if letters and letters.isascii():
        return letters
    return {"ß": "ss", "ø": "o", "Ø": "O", "æ": "ae", "œ": "oe", "ł": "l", "ı": "i", "đ": "d"}.get(character, "")


def _money(found: re.Match[str]) -> str | None:
    symbol, amount, scale = found["symbol"], found["amount"], (found["scale"] or "").strip()
    one, many, hundredth, hundredths = CURRENCIES[symbol]
    scale = {"k": "thousand", "K": "thousand", "m": "million", "M": "million", "bn": "billion"}.get(scale, scale)
    whole, _, cents = amount.replace(",", "").partition(".")
    if scale:
        return f"{figure(amount)} {scale} {many}"
    named = f"{figure(whole)} {one if int(whole or 0) == 1 else many}"
    if len(cents) == 2 and int(cents) and hundredth:
        small = f"{cardinal(int(cents))} {hundredth if int(cents) == 1 else hundredths}"
        return small if not int(whole or 0) else f"{named} and {small}"
    return named


def _date(month: str, day: str, year_written: str | None) -> str:
    name = FULL_MONTHS.get(month[:3].casefold(), month)
    said = f"{name} {ordinal(int(day))}"
    return f"{said}, {year(int(year_written))}" if year_written else said


def _clock(found: re.Match[str]) -> str | None:
    hour, minute = int(found["hour"]), int(found["minute"] or 0)
    if hour > 24 or minute > 59:
        return None
    half = (found["half"] or "").replace(".", "").strip().upper()
    if found["minute"] is None and not half:
        return None
    words = cardinal(hour)
    if minute:
        words += f" {'oh ' if minute < 10 else ''}{cardinal(minute)}"
    elif not half:
        words += " o'clock" if 0 < hour <= 12 else " hundred"
    return f"{words} {half[0]} M" if half else words


def _address(found: re.Match[str]) -> str:
    """A web or mail address, said as one dictates it."""
    written = re.sub(r"^https?://", "", found.group(0)).rstrip("/")
    written = re.sub(r"^www\.", "", written)
    words: list[str] = []
    for piece in re.split(r"([./@_\-?=&:])", written):
        if piece == ".":
            words.append("dot")
        elif piece == "/":
            words.append("slash")
        elif piece == "@":
            words.append("at")
        elif piece in ("-", "_"):
            words.append("dash" if piece == "-" else "underscore")
        elif piece in TOP_LEVEL_WORDS and words:
            words.append(TOP_LEVEL_WORDS[piece])
        elif piece.isdigit():
            words.append(figure(piece) if len(piece) < 5 else _digits(piece))
        elif piece and piece not in "?=&:":
            words.append(_split_name(piece))
    return " ".join(words)


def _split_name(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Za-z])(?=\d)|(?<=\d)(?=[A-Za-z])", " ", name)


def _measure(found: re.Match[str]) -> str:
    one, many = MEASURES[found["unit"]]
    return f"{figure(found['amount'])} {one if found['amount'] == '1' else many}"


def _joined_number(found: re.Match[str]) -> str | None:
    """Letters and figures in one word: "USB-C" stays, "4K", "X200", "100k"."""
    pieces = re.findall(r"\d+|[A-Za-z]+", found.group(0))
    said = []
    for piece in pieces:
        if piece.isdigit():
            said.append(figure(piece) if len(piece) < 4 else year(int(piece)) if len(piece) == 4 else _digits(piece))
        else:
            said.append(" ".join(piece) if piece.isupper() and len(piece) < 4 else piece)
    return " ".join(said)


def _code(found: re.Match[str]) -> str:
    """A discount code: letters that form no word are spelt."""
    return " ".join(
        figure(piece) if piece.isdigit() else piece.capitalize() if re.search("[AEIOUY]", piece) else " ".join(piece)
        for piece in re.findall(r"\d+|[A-Z]+", found.group(0))
    )


def _year(found: re.Match[str]) -> str:
    return year(int(found.group(0)))


def _pronouncing(pronunciations: Mapping[str, str]) -> list[tuple[re.Pattern[str], Rewrite]]:
    rules: list[tuple[re.Pattern[str], Rewrite]] = []
    for written, said in sorted(pronunciations.items(), key=lambda entry: -len(entry[0])):
        pattern = re.compile(rf"(?<!\w){re.escape(written)}(?!\w)", re.IGNORECASE)
        rules.append((pattern, lambda _found, said=said: "".join(_plain(character) for character in said)))  # type: ignore[misc]
    return rules


NUMBER: Final = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
SYMBOLS: Final = "|".join(re.escape(symbol) for symbol in sorted(CURRENCIES, key=len, reverse=True))
MEASURE_UNITS: Final = "|".join(re.escape(unit) for unit in sorted(MEASURES, key=len, reverse=True))

RULES: Final[tuple[tuple[re.Pattern[str], Rewrite], ...]] = (
    (
        re.compile(
            rf"(?:https?://\S+?(?=[.,;:!?)]*(?:\s|$)))|[\w.+-]+@[\w-]+\.[\w.-]*\w|"
            rf"(?:www\.)?(?:[a-zA-Z0-9-]+\.)+(?:{TOP_LEVEL})\b(?:/[\w\-/]*\w)?"
        ),
        _address,
    ),
    (
        re.compile(
            "|".join(
                rf"(?<![\w.]){re.escape(word)}" + (r"(?!\w)" if word[-1].isalnum() else "")
                for word in sorted(ABBREVIATIONS, key=len, reverse=True)
                if word not in ("&", "+", "=", "@", "×", "½", "¼", "¾")
            )
        ),
        lambda found: ABBREVIATIONS[found.group(0)],
    ),
    (
        re.compile(rf"(?P<symbol>{SYMBOLS})\s?(?P<amount>{NUMBER})(?P<scale>\s?(?:k|K|m|M|bn|million|billion)\b)?"),
        _money,
    ),
    (
        re.compile(rf"(?P<amount>{NUMBER})\s?(?P<symbol>€|£|USD|EUR|GBP|CHF|JPY)(?!\w)(?P<scale>)"),
        _money,
    ),
    (re.compile(rf"(?P<amount>{NUMBER})\s?%"), lambda found: f"{figure(found['amount'])} percent"),
    (
        re.compile(rf"\b(?P<month>{MONTH_NAMES})\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:,?\s+(?P<year>\d{{4}}))?\b"),
        lambda found: _date(found["month"], found["day"], found["year"]),
    ),
    (
        re.compile(rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s+(?P<month>{MONTH_NAMES})(?:\s+(?P<year>\d{{4}}))?\b"),
        lambda found: _date(found["month"], found["day"], found["year"]),
    ),
    (
        re.compile(r"\b(?P<year>\d{4})-(?P<month>0[1-9]|1[0-2])-(?P<day>[0-3]\d)\b"),
        lambda found: _date(MONTHS[int(found["month"]) - 1], found["day"], found["year"]),
    ),
    (
        re.compile(r"\b(?P<hour>\d{1,2})(?::(?P<minute>\d{2}))?(?P<half>\s?(?:[ap]\.m\.|[ap]m|[AP]M)(?!\w))?"),
        _clock,
    ),
    (re.compile(r"\b\d+(?:st|nd|rd|th)\b"), lambda found: ordinal(int(found.group(0)[:-2]))),
    (re.compile(rf"(?P<amount>{NUMBER})\s?(?P<unit>{MEASURE_UNITS})(?![\w°])"), _measure),
    (re.compile(r"\+?\d[\d]*(?:[-–]\d{3,})+\b"), lambda found: ", ".join(map(_digits, re.split("[-–]", found[0])))),
    (
        re.compile(rf"(?P<from>{NUMBER})\s?[-–]\s?(?P<to>{NUMBER})"),
        lambda found: f"{figure(found['from'])} to {figure(found['to'])}",
    ),
    (re.compile(r"(?<![\d.,])(?:1[1-9]|20)\d{2}(?![\d,.]\d|\d)"), _year),
    (re.compile(r"#(?P<amount>\d+)"), lambda found: f"number {figure(found['amount'])}"),
    (re.compile(r"\b(?=[A-Z]*\d)[A-Z]{3,}\d+\b"), _code),
    (re.compile(r"\b(?=\w*\d)(?=\w*[A-Za-z])[A-Za-z0-9]+\b"), _joined_number),
    (re.compile(r"(?<!\w)[-−](?P<amount>\d+(?:\.\d+)?)"), lambda found: f"minus {figure(found['amount'])}"),
    (re.compile(NUMBER), lambda found: figure(found.group(0))),
    (re.compile(r"[&+=@×½¼¾]"), lambda found: ABBREVIATIONS[found.group(0)]),
)
