"""Times of day in words, on a clock of 24 hours."""

from __future__ import annotations

import re
from typing import Final

from services.video.script.languages.words import FEMININE, Words
from services.video.script.spans import Rule

HOUR: Final = r"(?:[01]?\d|2[0-4])"
DASH: Final = r"\s?[-–—]\s?"
NIGHTFALL: Final = 8  # the hour after noon from which it is night
LAST_HOUR: Final = 12


class _Times:
    """The rules of times of day."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._data = words.data["times"]

    def clock(self, hour: str, minute: str | None) -> str:
        """ "18", "30" -> "dieciocho treinta"."""
        said = self._words.cardinal(int(hour), FEMININE)
        hours = self._data["hours"]
        if hours:
            said = f"{said} {hours[0 if int(hour) == 1 else 1]}"
        if not minute or not int(minute):
            return said
        joint = self._data["joint"]
        return f"{said}{f' {joint}' if joint else ''} {self.minutes(minute)}"

    def minutes(self, written: str) -> str:
        return self._words.digits(written) if written.startswith("0") else self._words.cardinal(int(written), FEMININE)

    def single(self, found: re.Match[str]) -> str:
        named = found.groupdict().get("unit")
        said = self.clock(found["hour"], found["minute"])
        return f"{said} {self._data['named']}" if named and not self._data["hours"] and not self._whole(found) else said

    def of_day(self, found: re.Match[str]) -> str:
        """ "9:30 p. m." -> "nueve treinta de la noche"."""
        hour, half = int(found["hour"]), found["half"].casefold()
        parts = self._data["parts_of_day"]
        part = parts["night"] if half == "a" and hour == LAST_HOUR else parts["morning"] if half == "a" else ""
        part = part or (parts["evening"] if NIGHTFALL <= hour < LAST_HOUR else parts["afternoon"])
        ends = found[0].endswith(".") and re.match(r"\s+[¿¡]?[^\W\d_a-z]|\s*$", found.string[found.end() :])
        return f"{self.clock(found['hour'], found['minute'])} {part}{'.' if ends else ''}"

    def _whole(self, found: re.Match[str]) -> bool:
        return bool(found["minute"] and int(found["minute"]))

    def span(self, found: re.Match[str]) -> str | None:
        low, high = self.clock(found["hour"], found["minute"]), self.clock(found["to_hour"], found["to_minute"])
        before = re.search(r"([^\W\d_]+)['’]?\s?$", found.string[max(0, found.start() - 16) : found.start()])
        opened = before is not None and before[1].casefold() in self._words.words("ranged")
        opening = "" if opened else _before(self._data["from_one" if int(found["hour"]) == 1 else "from"])
        return f"{opening}{low} {_before(self._data['to_one' if int(found['to_hour']) == 1 else 'to'])}{high}"


def _before(joint: str) -> str:
    """A joint before an hour: "alle " and "all'"."""
    return joint if joint.endswith("'") else f"{joint} "


def rules(words: Words) -> tuple[Rule, ...]:
    """Times with a colon or "h", ranges of them, and times with a dot behind words that announce one."""
    times = _Times(words)
    at = words.data["times"]["at"]
    unit = r"(?:\s?(?P<unit>h|hs|hrs)\b\.?)"
    return (
        (
            re.compile(
                r"(?<![\w.,:])(?P<hour>1[0-2]|0?[1-9])(?:[:.](?P<minute>[0-5]\d))?\s?(?P<half>[apAP])\.?\s?[mM](?:\.|\b)(?!\w)"
            ),
            times.of_day,
        ),
        (
            re.compile(
                rf"(?<![\w.,:])(?P<hour>{HOUR})\.(?P<minute>[0-5]\d)(?P<to>{DASH}|\s(?:{words.data['times']['to']})\s)"
                rf"(?P<to_hour>{HOUR})\.(?P<to_minute>[0-5]\d)\s?hs?\b\.?(?!\w)"
            ),
            times.span,
        ),
        (re.compile(rf"(?<![\w.,:])(?P<hour>{HOUR})\.(?P<minute>[0-5]\d)\s?(?P<unit>h|hs)\b\.?(?!\w)"), times.single),
        (
            re.compile(
                rf"(?<![\w.,:])(?P<hour>{HOUR}):(?P<minute>[0-5]\d)(?:\s?h\b)?{DASH}(?P<to_hour>{HOUR}):(?P<to_minute>[0-5]\d)"
                r"(?:\s?hs?\b\.?)?(?![\w:])"
            ),
            times.span,
        ),
        (
            re.compile(
                rf"(?<![\w.,:])(?P<hour>{HOUR})\s?h(?P<minute>[0-5]\d)?{DASH}(?P<to_hour>{HOUR})\s?h(?P<to_minute>[0-5]\d)?(?!\w)"
            ),
            times.span,
        ),
        (re.compile(rf"(?<![\w.,:])(?P<hour>{HOUR}):(?P<minute>[0-5]\d){unit}?(?![\w:])"), times.single),
        (re.compile(rf"(?<![\w.,:])(?P<hour>{HOUR})\s?h\s?(?P<minute>[0-5]\d)(?!\s?min)(?!\w)"), times.single),
        (
            re.compile(
                rf"\b(?P<at>(?i:{at}))(?P<gap>\s|(?<=['’]))(?P<hour>{HOUR})\.(?P<minute>[0-5]\d)(?P<unit>)(?![\w%€$£]|[.,]\d|\s[€$£%])"
            ),
            lambda found: f"{found['at']}{found['gap']}{times.single(found)}",
        ),
    )
