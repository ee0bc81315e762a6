"""Tags in a script: `<break time="…"/>` is a silence, every other tag is not spoken.

The customer's other tools write SSML; a tag that is read aloud would spoil a film that was paid for.
"""

from __future__ import annotations

import html
import re
from typing import Final

from services.video.script.spans import Edit

MAX_BREAK_SECONDS: Final = 3.0  # a longer silence looks like a film that has stopped
MAX_BREAKS_SECONDS: Final = 12.0  # of one script together
DEFAULT_BREAK_SECONDS: Final = 0.5
STRENGTHS: Final = {"none": 0.0, "x-weak": 0.15, "weak": 0.25, "medium": 0.5, "strong": 0.8, "x-strong": 1.2}

TAG: Final = re.compile(r"<!--.{0,2000}?-->|</?[A-Za-z][\w:.-]{0,40}(?:\s[^<>]{0,300})?/?>", re.DOTALL)
ENTITY: Final = re.compile(r"&(?:[A-Za-z][A-Za-z0-9]{1,30}|#\d{1,7}|#[xX][0-9A-Fa-f]{1,6});")
_TIME: Final = re.compile(r"\btime\s*=\s*[\"']?\s*(\d{1,6}(?:\.\d{1,3})?)\s*(ms|s)\b", re.IGNORECASE)
_STRENGTH: Final = re.compile(r"\bstrength\s*=\s*[\"']?([a-z-]{4,8})", re.IGNORECASE)


def tag_edits(script: str, taken: list[bool]) -> list[Edit]:
    """Returns the edits of all tags: silences of at most MAX_BREAK_SECONDS each. Updates `taken`."""
    edits: list[Edit] = []
    silence = 0.0
    for found in TAG.finditer(script):
        start, end = found.span()
        if any(taken[start:end]):
            continue
        pause = min(_seconds(found[0]), MAX_BREAK_SECONDS, MAX_BREAKS_SECONDS - silence)
        silence += pause
        # What stands on either side of a tag are two words, unless the tag stands inside of one.
        edits.append(Edit(start=start, end=end, words=" " if _is_break(found[0]) else "", pause=max(0.0, pause)))
        taken[start:end] = [True] * (end - start)
    return edits


def said(script: str) -> str:
    """The script without tags and with its character references resolved: the words that a voice reads."""
    return html.unescape(TAG.sub(lambda found: " " if _is_break(found[0]) else "", script))


def shown(script: str) -> str:
    """The script as captions show it: tags as spaces, so that every other character keeps its place."""
    return TAG.sub(lambda found: " " * len(found[0]), script)


def shown_word(word: str) -> str:
    """A word of a caption with its character references resolved: "R&amp;D" -> "R&D"."""
    return ENTITY.sub(lambda found: html.unescape(found[0]), word)


def _is_break(tag: str) -> bool:
    return re.match(r"<break\b", tag, re.IGNORECASE) is not None


def _seconds(tag: str) -> float:
    if not _is_break(tag):
        return 0.0
    time = _TIME.search(tag)
    if time:
        return float(time[1]) / (1000 if time[2].lower() == "ms" else 1)
    strength = _STRENGTH.search(tag)
    return STRENGTHS.get(strength[1].lower(), DEFAULT_BREAK_SECONDS) if strength else DEFAULT_BREAK_SECONDS
