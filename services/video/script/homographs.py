"""Words that are written alike and sound different, which the words beside them tell apart.

The table is `data/homographs.toml`. A word whose place does not decide stays as the voice's dictionary has it.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from services.video.script.spans import Edit

CONTEXT: Final = 80  # characters that a rule may look at on either side


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What stands right before and right after a word, and the sounds it then has."""

    before: re.Pattern[str]
    after: re.Pattern[str]
    sounds: str


@cache
def _table() -> dict[str, tuple[bool, tuple[Context, ...]]]:
    path = Path(__file__).parent / "data" / "homographs.toml"
    loaded: list[dict[str, Any]] = tomllib.loads(path.read_text(encoding="utf-8"))["words"]
    return {
        entry["word"].lower(): (
            bool(entry.get("case")),
            tuple(
                Context(
                    before=re.compile(f"(?:{rule.get('before', '')})$", re.IGNORECASE),
                    after=re.compile(rule.get("after", ""), re.IGNORECASE),
                    sounds=rule["sounds"],
                )
                for rule in entry["rules"]
            ),
        )
        for entry in loaded
    }


@cache
def _pattern() -> re.Pattern[str]:
    return re.compile(rf"(?<![\w'-])(?:{'|'.join(map(re.escape, _table()))})(?!\w)(?!['’]\w)", re.IGNORECASE)


def edits(script: str, taken: list[bool]) -> list[Edit]:
    """Returns an edit with sounds for each word whose place tells how it is spoken. Updates `taken`."""
    made: list[Edit] = []
    for found in _pattern().finditer(script):
        start, end = found.span()
        if any(taken[start:end]):
            continue
        sounds = _sounds(script, start, end)
        if sounds:
            if script[end : end + 1] == "-":  # the sounds are of this part of a compound only
                made.append(Edit(start=start, end=end + 1, words=f"{found[0]} ", phonemes=sounds))
                taken[end] = True
            else:
                made.append(Edit(start=start, end=end, words=found[0], phonemes=sounds))
            taken[start:end] = [True] * (end - start)
    return made


def _sounds(script: str, start: int, end: int) -> str:
    cased, contexts = _table().get(script[start:end].lower(), (False, ()))  # "ſ" is no small letter of "S"
    if cased and not script[start].isupper():
        return ""
    before, after = script[max(0, start - CONTEXT) : start], script[end : end + CONTEXT]
    for context in contexts:
        if context.before.search(before) and context.after.match(after):
            return context.sounds
    return ""
