"""Dates, days, months, years and decades in words. The day stands before the month."""

from __future__ import annotations

import re
from typing import Final

from services.video.script.languages.words import MASCULINE, Words
from services.video.script.spans import Rule
from services.video.script.vocabulary import one_of

DAY: Final = r"(?:0?[1-9]|[12]\d|3[01])"
DASH: Final = r"\s?[-–—]\s?"
CENTURY: Final = 2000


class _Dates:
    """The rules of dates."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._data = words.data["dates"]
        self._months = {name.casefold(): number for name, number in words.months.items()}
        self._days = {name.casefold(): number for name, number in words.days.items()}

    def day(self, number: int, *, first: str = "") -> str:
        """The number of a day: the first of a month has an ordinal where the language uses one."""
        if number == 1 and (self._data["first_is_ordinal"] or first):
            return self._words.ordinal(1, MASCULINE)
        return self._words.cardinal(number)

    def date(self, day: int, month: int, year: int | None) -> str:
        of = self._data["of"]
        said = f"{self.day(day)} {of}{' ' if of else ''}{self._words.month_names[month]}"
        if year is None:
            return said
        before = self._data["of_year"]
        return f"{said} {before}{' ' if before else ''}{self._words.cardinal(year)}"

    def figures(self, found: re.Match[str]) -> str | None:
        day, month, written = int(found["day"]), int(found["month"]), found["year"]
        if not (1 <= day <= 31 and 1 <= month <= 12):
            return None
        return self.date(day, month, int(written) if len(written) == 4 else CENTURY + int(written))

    def iso(self, found: re.Match[str]) -> str:
        return self.date(int(found["day"]), int(found["month"]), int(found["year"]))

    def short(self, found: re.Match[str]) -> str | None:
        """ "4/5" where a word before it says that it is a date."""
        if not (1 <= int(found["day"]) <= 31 and 1 <= int(found["month"]) <= 12):
            return None
        first = self.date(int(found["day"]), int(found["month"]), None)
        return f"{found['before']} {first}" if found["before"][-1] not in "'’" else f"{found['before']}{first}"

    def short_range(self, found: re.Match[str]) -> str | None:
        low, high = (int(found["day"]), int(found["month"])), (int(found["last"]), int(found["other"]))
        if not all(1 <= day <= 31 and 1 <= month <= 12 for day, month in (low, high)):
            return None
        return self._span(found, self.date(*low, None), self.date(*high, None))

    def written(self, found: re.Match[str]) -> str:
        """ "24 dic.", "1 maggio 2026", "10-15 de agosto"."""
        month = self._words.month_names[self._months[found["month"].casefold()]]
        of = f"{self._data['of']} " if self._data["of"] else ""
        last = f"{self.day(int(found['day']), first=found['ordinal'] or '')} {of}{month}"
        said = self._span(found, self.day(int(found["low"])), last) if found["low"] else last
        if found["year"]:
            before = self._data["of_year"]
            said += f" {before}{' ' if before else ''}{self._words.cardinal(int(found['year']))}"
        ends = found[0].endswith(".") and re.match(r"\s+[^\W\d_a-z]|\s*$", found.string[found.end() :])
        return f"{said}{'.' if ends else ''}"

    def _span(self, found: re.Match[str], low: str, high: str) -> str:
        return self._opened(found, f"{low} {self._data['to']} {high}", self._data["from"])

    def _opened(self, found: re.Match[str], said: str, opening: str) -> str:
        """A range with its preposition, unless the script has one before it."""
        before = re.search(r"([^\W\d_]+)['’]?\s?$", found.string[max(0, found.start() - 16) : found.start()])
        opened = before is not None and before[1].casefold() in self._words.words("ranged")
        return said if opened else f"{opening} {said}"

    def day_range(self, found: re.Match[str]) -> str:
        low, high = (self._words.day_names[self._days[found[end].casefold()]] for end in ("low", "high"))
        return self._opened(found, f"{low} {self._data['to_day']} {high}", self._data["from_day"])

    def weekday(self, found: re.Match[str]) -> str:
        return self._words.day_names[self._days[found["weekday"].casefold()]]

    def decade(self, found: re.Match[str]) -> str:
        return f"{found['before']} {self._words.cardinal(int(found['decade']))}"


def rules(words: Words) -> tuple[Rule, ...]:
    """Dates in figures and in words, ranges of them, days of the week and decades."""
    dates = _Dates(words)
    data = words.data["dates"]
    month, weekday = words.any_month(), words.any_day()
    short_days = one_of(name for name in words.days if name not in words.day_names.values())
    ordinal = r"(?P<ordinal>\.?[º°ª]|er)?"
    letters: dict[str, str] = data["letters"]
    of = data["of"] or data["of_written"]
    made: list[Rule] = [
        (
            re.compile(
                r"(?<![\w.-])(?P<year>(?:19|20)\d\d)-(?P<month>0[1-9]|1[0-2])-(?P<day>0[1-9]|[12]\d|3[01])(?![\w-])"
            ),
            dates.iso,
        ),
        (
            re.compile(
                r"(?<![\w/.-])(?P<day>\d{1,2})(?P<sign>[/.-])(?P<month>\d{1,2})(?P=sign)(?P<year>(?:19|20)\d\d|\d\d)(?![\w/]|[.-]\d)"
            ),
            dates.figures,
        ),
        (
            re.compile(
                rf"(?<![\w.,/])(?P<day>{DAY})/(?P<month>\d{{1,2}}){DASH}(?P<last>{DAY})/(?P<other>\d{{1,2}})(?![\w/]|\.\d)"
            ),
            dates.short_range,
        ),
        (
            re.compile(
                rf"\b(?P<before>(?i:{data['dated']}))(?:\s|(?<=['’]))(?P<day>{DAY})/(?P<month>0?[1-9]|1[0-2])(?![\w/%]|[.,]\d)"
            ),
            dates.short,
        ),
        (
            re.compile(
                rf"(?<![\w.,/])(?:(?P<low>{DAY}){DASH})?(?P<day>{DAY}){ordinal}\s(?:{of}\s)?"
                rf"(?P<month>{month})\b\.?(?:,?\s(?:(?:{data['of_year_written']})\s)?(?P<year>(?:19|20)\d\d)\b)?"
            ),
            dates.written,
        ),
        (re.compile(rf"\b(?P<low>{weekday})\.?{DASH}(?P<high>{weekday})\b\.?(?!\w)"), dates.day_range),
        (re.compile(rf"\b(?P<weekday>(?i:{short_days}))\.(?=\s|,|$)"), dates.weekday),
        (re.compile(rf"\b(?P<weekday>(?i:{short_days}))(?=,?\s\d)"), dates.weekday),
        (re.compile(rf"(?P<before>{data['decades']})\s['’‘]?(?:19)?(?P<decade>[2-9]0)\b"), dates.decade),
    ]
    if letters:

        def initials(found: re.Match[str]) -> str:
            return f"{data['from_day']} {letters[found['low']]} {data['to_day']} {letters[found['high']]}"

        made.append(
            (
                re.compile(rf"\b(?P<low>[{''.join(letters)}])\s?[-–—]\s?(?P<high>[{''.join(letters)}])\b(?![-\w])"),
                initials,
            )
        )
    return tuple(made)
