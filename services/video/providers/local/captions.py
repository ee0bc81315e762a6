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
OPENING_CHARACTERS: Final = 42  # of the words that open a film, set large
OPENING_WORDS: Final = 9
STOPPED: Final = 5  # letters of an abbreviation with its full stop, at most
LEANING_LETTERS: Final = 3  # a shorter small word leans on the next one: it does not end a group
LEANING_COST: Final = 60.0  # of a group that ends with a small word or a figure, in squared characters
CUE_CHARACTERS: Final = 74  # two lines of 37, as broadcasters do
LINE_CHARACTERS: Final = 37
LONGEST_LINE: Final = 42  # characters; a longer address is broken
HOLD_SECONDS: Final = 0.25  # a group stays a little when nothing follows at once
SHORTEST_CUE_SECONDS: Final = 0.7
QUOTES: Final = "\"')”’»"


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
    """Words in handfuls for the picture, parted where the speaker pauses, and even in between."""
    return _lasting_groups(_handfuls(words), characters=GROUP_CHARACTERS)


def opening_group(words: Sequence[CaptionWord]) -> Group:
    """The words that open a film, for the picture from its first frame on: the first sentence if it is short, else
    what of it belongs together. words: at least one."""
    first = list(words[:1])
    for phrase in _phrases(words, ".!?…")[:1]:
        parts = _even(phrase, characters=OPENING_CHARACTERS, count=OPENING_WORDS)
        first = parts[0]
    following = words[len(first)].start if len(first) < len(words) else float("inf")
    return Group(words=tuple(first), start=0.0, end=min(first[-1].end + HOLD_SECONDS, following))


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


def _phrases(words: Sequence[CaptionWord], at: str) -> list[list[CaptionWord]]:
    """Words up to and with each one that ends with a mark."""
    made: list[list[CaptionWord]] = [[]]
    for place, word in enumerate(words):
        made[-1].append(word)
        last, following = word.text.rstrip(QUOTES)[-1:], words[place + 1].text if place + 1 < len(words) else ""
        goes_on = last == "." and (following[:1].islower() or following[:1].isdecimal()) and len(word.text) <= STOPPED
        if last in at and not goes_on:  # "Dec. 6th" goes on
            made.append([])
    return [phrase for phrase in made if phrase]


def _handfuls(words: Sequence[CaptionWord]) -> list[list[CaptionWord]]:
    return [
        part
        for phrase in _phrases(words, ".!?,;:—…")
        for part in _even(phrase, characters=GROUP_CHARACTERS, count=GROUP_WORDS)
    ]


def _even(phrase: Sequence[CaptionWord], *, characters: int, count: int) -> list[list[CaptionWord]]:
    """A phrase in as few groups as hold it, of lengths as even as can be; a figure stays with what it counts."""
    size = len(phrase)
    best: list[tuple[int, float, int]] = [(0, 0.0, 0), *([(size + 1, 0.0, 0)] * size)]  # groups, cost, last one's start
    for end in range(1, size + 1):
        for start in range(end - 1, max(-1, end - count - 1), -1):
            length = sum(len(word.text) + 1 for word in phrase[start:end]) - 1
            if length > characters and end - start > 1:
                break
            cost = float((characters - length) ** 2) if length <= characters else 0.0
            if end < size and _leans(phrase[end - 1].text):
                cost += LEANING_COST
            number, before, _ = best[start]
            best[end] = min(best[end], (number + 1, before + cost, start))
    made: list[list[CaptionWord]] = []
    end = size
    while end:
        start = best[end][2]
        made.insert(0, list(phrase[start:end]))
        end = start
    return made


def _leans(text: str) -> bool:
    """Whether a word belongs to the one behind it: an article, a preposition, a figure."""
    return text[-1:].isdecimal() or (len(text) <= LEANING_LETTERS and text.isalpha() and text.islower())


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
    return _lasting_groups(gathered, characters=characters)


def _lasting_groups(gathered: list[list[CaptionWord]], *, characters: int) -> tuple[Group, ...]:
    """The groups with their times; what is too short to be read is joined to a neighbour."""
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
