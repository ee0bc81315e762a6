"""Dates, days, months, decades, years and times of day in words.

Names of months and days are CLDR's. In "03/04/2026" the month comes first unless the script shows another order: a
date that only fits it, or prices in pounds or euros.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from services.video.script.numbers import cardinal, ordinal, plural, year
from services.video.script.spans import Rule
from services.video.script.vocabulary import DAY_NAMES, DAYS, MONTH_NAMES, MONTHS, ZONES, one_of, words

SHORT_DAYS: Final = one_of(name for name in DAYS if name not in DAY_NAMES.values())
SHORT_MONTHS: Final = one_of(name for name in MONTHS if name not in MONTH_NAMES.values())
MONTH: Final = rf"(?P<month>(?:{one_of(MONTHS)}))\b(?:(?<!May)(?<!\w{5})\.)?"
DAY: Final = r"(?P<day>0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?"
DAY_ONLY: Final = r"(?:0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?"
LAST: Final = r"(?:\s?[-–—]\s?(?P<last>0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?)?"
YEAR: Final = r"(?:,?\s(?P<year>1[5-9]\d\d|20\d\d))?"
WEEKDAY: Final = rf"(?:(?P<weekday>{one_of(DAYS)})\b\.?,?\s)?"
HALF: Final = r"(?:\s?(?P<half>[ap]\.m\.(?!\w)|[ap]m\b|[AP]M\b|[AP]\.M\.))"
DASH: Final = r"\s?(?:[-–—]|to)\s?"
_JOINED: Final = r"(?:\s?[,&+/–-]\s?|,?\s(?:and|or|to)\s)"
BESIDE_DAY: Final = re.compile(rf"\b(?:{one_of(DAYS)})s?\.?{_JOINED}(?:(?:and|or|&)\s)?$")
AFTER_DAY: Final = re.compile(
    rf"\.?(?:{_JOINED}(?:{one_of(DAYS)})s?\b|,?\s(?:\d|(?:at|from|till|until|{one_of(words('day_after'))})\b))"
)
ALONE_DAY: Final = re.compile(rf"[.,;:!?)]|\s*$|\s(?:{one_of(words('following') - {'and', 'or', 'of'})})\b")
MEASURED: Final = re.compile(  # fractions, of what stands behind them
    rf"\d{{1,2}}/\d{{1,2}}(?:(?:\s?[-–—]\s?|\sto\s)\d{{1,2}}/\d{{1,2}})?[\s-](?:{one_of(words('measured'))})\b"
)
CENTURY: Final = 100
REFERENCE: Final = re.compile(r"\b(?:ISBN|ISSN|part|ref|reference|no|number|serial|SKU|model)[.:#]?\s?$", re.IGNORECASE)


@lru_cache(256)
def day_first(script: str) -> bool:
    """Whether dates in figures have the day before the month in this script."""
    for first, second in re.findall(r"\b(\d{1,2})/(\d{1,2})/(?:\d{2}|\d{4})\b", script):
        if int(first) > 12:
            return True
        if int(second) > 12:
            return False
    return re.search("[£€]", script) is not None


def _date_in_words(month: int, day: int, full_year: int | None, *, last: int | None = None, weekday: str = "") -> str:
    said = f"{MONTH_NAMES[month]} {ordinal(day)}{f' to {ordinal(last)}' if last else ''}"
    named = f"{DAY_NAMES[DAYS[weekday]]}, " if weekday else ""
    return f"{named}{said}, {year(full_year)}" if full_year else f"{named}{said}"


def _written_date(found: re.Match[str]) -> str:
    if " of " in found[0] and not found["last"]:
        said = f"the {ordinal(int(found['day']))} of {MONTH_NAMES[MONTHS[found['month']]]}"
        return f"{said}, {year(int(found['year']))}" if found["year"] else said
    named = _date_in_words(
        MONTHS[found["month"]],
        int(found["day"]),
        int(found["year"]) if found["year"] else None,
        last=int(found["last"]) if found["last"] else None,
        weekday=found["weekday"] or "",
    )
    return named + _kept_stop(found, found[0])


def _figures(found: re.Match[str]) -> str | None:
    """A date in figures; None when it is no day of a calendar, or groups of a number after "ISBN" or "part"."""
    if found["sign"] == "-" and _is_reference(found):
        return None
    first, second, written = int(found["first"]), int(found["second"]), found["year"]
    full = int(written) if len(written) == 4 else 2000 + int(written)
    dotted = found["sign"] == "."
    day, month = (first, second) if dotted or day_first(found.string) or first > 12 else (second, first)
    if month > 12 or not 1 <= day <= 31:
        day, month = month, day
    return _date_in_words(month, day, full) if 1 <= month <= 12 and 1 <= day <= 31 else None


def short_date(first: int, second: int, script: str) -> str | None:
    """A date without a year in figures, or None when it is no day of a calendar."""
    day, month = (first, second) if day_first(script) or first > 12 else (second, first)
    return _date_in_words(month, day, None) if 1 <= month <= 12 and 1 <= day <= 31 else None


def _short_range(found: re.Match[str]) -> str | None:
    """Two dates without years, where a word before says that they are dates; else fractions."""
    if "th" not in found["joint"] and not dated(found.string, found.start()):
        return None
    first, last = (
        short_date(int(found[low]), int(found[high]), found.string)
        for low, high in (("first", "second"), ("third", "fourth"))
    )
    return f"{first} to {last}" if first and last else None


def dated(script: str, place: int) -> bool:
    """Whether the words beside a place tell that figures with a stroke at it are a date: "by 3/4", not "by 3/4 cup"."""
    if MEASURED.match(script, place):
        return False
    before = script[max(0, place - 48) : place].lower()
    if before.endswith(" by ") and words("changing") & set(re.findall(r"[a-z]+", before)):
        return False
    return re.search(rf"\b(?:{one_of(words('dated'))})\s$", before) is not None


def _weekday_in_figures(found: re.Match[str]) -> str | None:
    date = short_date(int(found["first"]), int(found["second"]), found.string)
    return f"{DAY_NAMES[DAYS[found['weekday']]]}, {date}" if date else None


def _bare_zone(found: re.Match[str]) -> str:
    return " ".join(found["zone"] or found["other"])


def _short_year(found: re.Match[str]) -> str:
    """A year of two digits: "'98" -> "ninety-eight", "'09" -> "oh nine"."""
    number = int(found["year"])
    return cardinal(number) if number >= 10 else f"oh {cardinal(number)}"


def _is_reference(found: re.Match[str]) -> bool:
    return REFERENCE.search(found.string[max(0, found.start() - 24) : found.start()]) is not None


def _iso(found: re.Match[str]) -> str | None:
    if _is_reference(found):
        return None
    return _date_in_words(int(found["month"]), int(found["day"]), int(found["year"]))


def _month_only(found: re.Match[str]) -> str:
    return f"{MONTH_NAMES[MONTHS[found['month']]]} {year(int(found['year']))}"


def _month_range(found: re.Match[str]) -> str:
    return f"{MONTH_NAMES[MONTHS[found['low']]]} to {MONTH_NAMES[MONTHS[found['high']]]}"


def _day_range(found: re.Match[str]) -> str:
    return f"{DAY_NAMES[DAYS[found['low']]]} to {DAY_NAMES[DAYS[found['high']]]}"


def _weekday(found: re.Match[str]) -> str:
    return DAY_NAMES[DAYS[found["weekday"]]]


def _short_weekday(found: re.Match[str]) -> str | None:
    """A day after a word or mark; "Sun", "Sat" and "Mon" only where the words beside tell: not "every Sat nav"."""
    before = found.groupdict().get("before") or ""
    said = f"{before}{' ' if before else ''}{_weekday(found)}"
    if found["weekday"] not in words("also_days"):
        return said
    start, end = found.start("weekday"), found.end("weekday")
    if BESIDE_DAY.search(found.string[max(0, start - 20) : start]) or AFTER_DAY.match(found.string, end):
        return said
    alone = before not in ("", "and", "or", "from")
    return said if alone and ALONE_DAY.match(found.string, end) else None


def _clock(hour: int, minute: int | None, half: str) -> str:
    """A time of day: (9, 30, "am") -> "nine thirty A M"; whole hours from 13 are said with P M."""
    marked = half.replace(".", "").upper()
    if not marked and not minute and hour > 12:
        return "midnight" if hour == 24 else f"{cardinal(hour - 12)} P M"
    if not marked and not minute and hour == 0:
        return "midnight"
    said = cardinal(hour)
    if minute:
        said += f" {'oh ' if minute < 10 else ''}{cardinal(minute)}"
    elif not marked and minute is not None:
        said += " o'clock"
    return f"{said} {marked[0]} M" if marked else said


def _minute(written: str | None) -> int | None:
    return int(written) if written is not None else None


def _time(found: re.Match[str]) -> str | None:
    hour, minute, half = int(found["hour"]), _minute(found["minute"]), found["half"] or ""
    if hour > 24 or (half and hour > 12 and minute is None):
        return None
    return _clock(hour, minute, half) + _kept_stop(found, half) + _zone(found)


def _kept_stop(found: re.Match[str], half: str) -> str:
    """The full stop that ends both "p.m." and its sentence."""
    return "." if half.endswith(".") and re.match(r"\s+[A-Z]|\s*$", found.string[found.end() :]) else ""


def _zone(found: re.Match[str]) -> str:
    zone = found.groupdict().get("zone")
    return f" {' '.join(zone.strip())}" if zone else ""


def _time_range(found: re.Match[str]) -> str | None:
    first, last = int(found["hour"]), int(found["to_hour"])
    half, to_half = found["half"] or "", found["to_half"] or ""
    if first > 24 or last > 24 or not (half or to_half or (found["minute"] and found["to_minute"])):
        return None
    low = _clock(first, _minute(found["minute"]) or (None if half or to_half else 0), half)
    high = _clock(last, _minute(found["to_minute"]), to_half)
    return f"{low.removesuffix(chr(32) + 'o' + chr(39) + 'clock')} to {high}{_kept_stop(found, to_half)}{_zone(found)}"


def _duration(found: re.Match[str]) -> str:
    hours, minutes = int(found["hours"]), int(found["minutes"])
    return (
        f"{cardinal(hours)} {'hour' if hours == 1 else 'hours'} "
        f"{cardinal(minutes)} {'minute' if minutes == 1 else 'minutes'}"
    )


def _decade(found: re.Match[str]) -> str:
    number = int(found["decade"])
    if number < CENTURY:
        return plural(cardinal(number)) if number >= 20 else f"{cardinal(number)}s"
    return plural(year(number))


def _years(found: re.Match[str]) -> str | None:
    low, high = found["low"], found["high"]
    if len(high) == 2:
        if int(high) != (int(low) + 1) % CENTURY and found["sign"] == "/":
            return None
        return f"{year(int(low))} to {cardinal(int(high))}"
    return f"{year(int(low))} to {year(int(high))}"


def _year(found: re.Match[str]) -> str | None:
    """Four digits as a year, unless they count what follows."""
    number = int(found[0])
    before = re.search(r"(\S+)\s$", found.string[max(0, found.start() - 24) : found.start()])
    after = re.match(r"\s([a-z]+)", found.string[found.end() : found.end() + 24])
    named = before[1].lower().strip("(“\"'") if before else ""
    if named in words("year_before") or MONTHS.get(named.capitalize()):
        return year(number)
    if after and after[1] not in words("year_after"):
        counted = after[1].endswith("s") and len(after[1]) > 3 and after[1] not in words("following")
        if counted or after[1] in words("plural"):
            return None
    return year(number)


TIME: Final = r"(?P<hour>[01]?\d|2[0-4])"
ZONE: Final = rf"(?P<zone>\s(?:{one_of(ZONES)})\b)?"
RULES: Final[tuple[Rule, ...]] = (
    (
        re.compile(
            rf"{WEEKDAY}(?<![\w.-])(?P<year>(?:19|20)\d\d)-(?P<month>0[1-9]|1[0-2])-(?P<day>0[1-9]|[12]\d|3[01])\b(?!-\d)"
        ),
        _iso,
    ),
    (
        re.compile(
            r"(?<![\w/.-])(?P<first>\d{1,2})(?P<sign>[/.-])(?P<second>\d{1,2})(?P=sign)"
            r"(?P<year>(?:19|20)\d\d|(?<!-)\d\d)(?![\w/])(?![.-]\d)"
        ),
        _figures,
    ),
    (re.compile(rf"\b{WEEKDAY}{MONTH}\s{DAY}\b{LAST}{YEAR}(?![\w:]|[.,]\d|\s?[ap]m)"), _written_date),
    (re.compile(rf"(?<![\w.,])(?:{WEEKDAY})(?:the\s)?{DAY}{LAST}\s(?:of\s)?{MONTH}{YEAR}"), _written_date),
    (re.compile(rf"\b{MONTH},?\s(?P<year>(?:19|20)\d\d)\b"), _month_only),
    (re.compile(rf"\b(?P<low>{one_of(MONTHS)})\.?\s?[-–—]\s?(?P<high>{one_of(MONTHS)})\b"), _month_range),
    (
        re.compile(
            rf"\b(?P<low>{one_of(DAYS)})\.?(?:\s?[-–—]\s?|\s(?:to|thru|through|till|until)\s)(?P<high>{one_of(DAYS)})\b"
        ),
        _day_range,
    ),
    (re.compile(rf"(?<=[a-z\d])\s?[-–—]\s?(?={DAY_ONLY}\s(?:{one_of(MONTHS)})\b)"), lambda _found: " to "),
    (re.compile(rf"(?<=\d)\s?[-–—]\s?(?=(?:{one_of(MONTHS)})\b\.?\s\d)"), lambda _found: " to "),
    (
        re.compile(
            rf"(?<![\w.,/])(?P<first>\d{{1,2}})/(?P<second>\d{{1,2}})(?P<joint>{DASH}|\s(?:through|thru)\s)"
            r"(?P<third>\d{1,2})/(?P<fourth>\d{1,2})(?![\w/]|\.\d)"
        ),
        _short_range,
    ),
    (
        re.compile(rf"\b(?P<weekday>{one_of(DAYS)})\b\.?,?\s(?P<first>\d{{1,2}})/(?P<second>\d{{1,2}})(?![\w/]|\.\d)"),
        _weekday_in_figures,
    ),
    (re.compile(rf"(?<=\bnoon )(?P<zone>{one_of(ZONES)})\b|(?<=\bmidnight )(?P<other>{one_of(ZONES)})\b"), _bare_zone),
    (re.compile(r"(?<![\w'’])['’‘](?P<year>\d\d)(?![\w'’])"), _short_year),
    (re.compile(rf"\b(?P<weekday>{one_of(DAYS)})\b\.?(?=,?\s(?:\d|(?:{one_of(MONTHS)})\b))"), _weekday),
    (
        re.compile(rf"\b(?P<weekday>{SHORT_DAYS})\b(?=\s?[,&+/]\s?(?:{one_of(DAYS)})\b)"),
        _weekday,
    ),
    (
        re.compile(rf"(?:(?<=[,&+/] )|(?<=[a-z]/))(?P<weekday>{SHORT_DAYS})\b(?=[\s,.:;)]|$)"),
        _short_weekday,
    ),
    (re.compile(rf"\b(?P<weekday>{SHORT_DAYS})\.(?=,|\s[a-z])"), _weekday),
    (
        re.compile(
            rf"\b(?P<before>before|by|on|until|till|this|next|last|every|each|and|or|from)\s(?P<weekday>{SHORT_DAYS})(?=[.,;:!?)]|\s|$)"
        ),
        _short_weekday,
    ),
    (
        re.compile(r"\b(?P<named>[Nn]oon|[Mm]idnight)\s?[-–—]\s?(?=\d|midnight\b|noon\b)"),
        lambda found: f"{found['named']} to ",
    ),
    (
        re.compile(rf"\b(?P<month>{SHORT_MONTHS})\.(?=\s[a-z])"),
        lambda found: MONTH_NAMES[MONTHS[found["month"]]],
    ),
    (re.compile(r"(?<![\w.,])(?P<hours>\d{1,2})\s?(?:h|hrs?)\s?(?P<minutes>[0-5]?\d)\s?(?:min|mins|m)\b"), _duration),
    (
        re.compile(
            rf"(?<![\w.,:]){TIME}(?:[:.](?P<minute>[0-5]\d))?{HALF}?{DASH}(?P<to_hour>[01]?\d|2[0-4])"
            rf"(?:[:.](?P<to_minute>[0-5]\d))?(?:\s?(?P<to_half>[ap]\.m\.(?!\w)|[ap]m\b|[AP]M\b|[AP]\.M\.))?(?![\w:%]|[.,]\d){ZONE}"
        ),
        _time_range,
    ),
    (re.compile(rf"(?<![\w.,:]){TIME}:(?P<minute>[0-5]\d){HALF}?(?![\w:]){ZONE}"), _time),
    (re.compile(rf"(?<![\w.,:]){TIME}(?:\.(?P<minute>[0-5]\d))?{HALF}{ZONE}"), _time),
    (
        re.compile(
            rf"\b(?P<before>(?i:from|until|till|doors|show|starts|opens|closes|kick-off))\s{TIME}\.(?P<minute>00|15|30|45)(?P<half>)"
            r"(?=[,;!]|\.?$|\.\s|\s(?:to|until|till|on|every|daily|sharp|onwards|in)\b)"
        ),
        lambda found: f"{found['before']} {_time(found)}",
    ),
    (re.compile(rf"(?<=\b[Aa]t ){TIME}\.(?P<minute>[0-5]\d)(?P<half>)(?![\w%]|[.,:]\d|\s[a-z]+s\b)"), _time),
    (re.compile(r"(?<![\w.,])['‘’]?(?P<decade>(?:1[5-9]|20)\d0|[2-9]0)(?:['’])?s\b"), _decade),
    (
        re.compile(
            r"(?<![\w.,/])(?P<low>(?:1[5-9]|20)\d\d)(?:\s?[-–—]\s?(?P<high>(?:1[5-9]|20)\d\d))(?P<sign>)(?![\w,.]\d|\w)"
        ),
        _years,
    ),
    (re.compile(r"(?<![\w.,/])(?P<low>(?:19|20)\d\d)(?P<sign>/)(?P<high>\d\d)(?![\w/])"), _years),
    (re.compile(r"(?<![\d.,\w])(?:1[1-9]|20)\d{2}(?![\d\w]|[,.]\d|\s?[%°])"), _year),
)
