"""Captions: the script's own words with the times they are heard at, in groups for the picture and cues for files."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from services.video.providers.local.kokoro import SpokenWord
from services.video.script.markup import shown, shown_word

GROUP_CHARACTERS: Final = 24  # in the picture at once: what is read in a glance
GROUP_WORDS: Final = 5
CUE_CHARACTERS: Final = 74  # two lines of 37, as broadcasters do
LINE_CHARACTERS: Final = 37
LONGEST_LINE: Final = 42  # characters; a longer address is broken
HOLD_SECONDS: Final = 0.25  # a group stays a little when nothing follows at once
SHORTEST_CUE_SECONDS: Final = 0.7


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptionWord:
    """A word as it is written, and when it is heard."""

    text: str
    start: float
    end: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Words shown together, from `start` until `end`."""

    words: tuple[CaptionWord, ...]
    start: float
    end: float


def timed_words(script: str, spoken: Sequence[SpokenWord]) -> tuple[CaptionWord, ...]:
    """The script's words in order, without its tags. What has no sound (an emoji, a dash) joins the word before it."""
    words: list[CaptionWord] = []
    for found in re.finditer(r"\S+", shown(script)):
        heard = [word for word in spoken if word.script_start < found.end() and word.script_end > found.start()]
        if heard:
            start = max(min(word.start for word in heard), words[-1].end if words else 0.0)
            end = max(start + 0.02, *(word.end for word in heard))
            words.append(CaptionWord(text=shown_word(found.group(0)), start=start, end=end))
        elif words:
            last = words[-1]
            words[-1] = CaptionWord(text=f"{last.text} {shown_word(found.group(0))}", start=last.start, end=last.end)
    return tuple(words)


def groups(words: Sequence[CaptionWord]) -> tuple[Group, ...]:
    """Words in handfuls for the picture, parted where the speaker pauses."""
    return _gathered(words, characters=GROUP_CHARACTERS, count=GROUP_WORDS, at=".!?,;:—…")


def cues(words: Sequence[CaptionWord]) -> tuple[Group, ...]:
    """Words in cues for a caption file: up to two lines, a new one with each sentence."""
    return _gathered(words, characters=CUE_CHARACTERS, count=40, at=".!?")


def srt(words: Sequence[CaptionWord]) -> str:
    """A SubRip file."""
    blocks = [
        f"{number}\n{_time(cue.start, ',')} --> {_time(cue.end, ',')}\n{_lines(cue)}\n"
        for number, cue in enumerate(cues(words), start=1)
    ]
    return "\n".join(blocks)


def vtt(words: Sequence[CaptionWord]) -> str:
    """A WebVTT file, with a time before each word, which players may light up."""
    blocks = ["WEBVTT\n"]
    for number, cue in enumerate(cues(words), start=1):
        timed = " ".join(
            (f"<{_time(word.start, '.')}>" if place else "") + _escaped(word.text)
            for place, word in enumerate(cue.words)
        )
        blocks.append(f"{number}\n{_time(cue.start, '.')} --> {_time(cue.end, '.')}\n{timed}\n")
    return "\n".join(blocks)


def _gathered(words: Sequence[CaptionWord], *, characters: int, count: int, at: str) -> tuple[Group, ...]:
    gathered: list[list[CaptionWord]] = []
    current: list[CaptionWord] = []
    for word in words:
        length = sum(len(known.text) + 1 for known in current) + len(word.text)
        if current and (length > characters or len(current) >= count):
            gathered.append(current)
            current = []
        current.append(word)
        if word.text.rstrip("\"')”’")[-1:] in at:
            gathered.append(current)
            current = []
    if current:
        gathered.append(current)
    gathered = _lasting(gathered, most=max(LONGEST_LINE, characters + LONGEST_LINE // 4))
    made: list[Group] = []
    for place, members in enumerate(gathered):
        following = gathered[place + 1][0].start if place + 1 < len(gathered) else float("inf")
        wanted = max(members[-1].end + HOLD_SECONDS, members[0].start + SHORTEST_CUE_SECONDS)
        made.append(Group(words=tuple(members), start=members[0].start, end=min(wanted, following)))
    return tuple(made)


def _lasting(gathered: list[list[CaptionWord]], *, most: int) -> list[list[CaptionWord]]:
    """Groups too short to be read joined to the next, where both have at most `most` characters together."""
    made: list[list[CaptionWord]] = []
    for members in gathered:
        length = sum(len(word.text) + 1 for word in (*(made[-1] if made else ()), *members)) - 1
        if made and members[0].start - made[-1][0].start < SHORTEST_CUE_SECONDS and length <= most:
            made[-1] = [*made[-1], *members]
        else:
            made.append(list(members))
    return made


def _lines(cue: Group) -> str:
    text = " ".join(word.text for word in cue.words)
    if len(text) <= LINE_CHARACTERS:
        return text
    spaces = [place for place, character in enumerate(text) if character == " "]
    if not spaces:
        return text
    cut = min(spaces, key=lambda place: abs(place - len(text) / 2))
    lines = [text[:cut], text[cut + 1 :]]
    if max(map(len, lines)) > LONGEST_LINE:
        lines = textwrap.wrap(text, LONGEST_LINE)
    return "\n".join(lines)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _time(seconds: float, separator: str) -> str:
    milliseconds = round(seconds * 1000)
    hours, milliseconds = divmod(milliseconds, 3_600_000)
    minutes, milliseconds = divmod(milliseconds, 60_000)
    whole, milliseconds = divmod(milliseconds, 1000)
    return f"{hours:02d}:{minutes:02d}:{whole:02d}{separator}{milliseconds:03d}"
