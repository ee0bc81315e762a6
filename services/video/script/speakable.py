"""A script as it is to be spoken: prices, dates, addresses, abbreviations and figures in words."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Final

from services.video.script import calendar, contacts, homographs, places, quantities, references, wording
from services.video.script.markup import ENTITY, tag_edits
from services.video.script.spans import Edit, Rule, Spoken, edits_of, said, spoken_of

RULES: Final[tuple[Rule, ...]] = (  # the most telling form first: what a rule took, later ones leave
    *contacts.RULES,
    *references.RULES,
    *places.RULES,
    *quantities.MONEY,
    *quantities.RATIOS,
    *wording.ABBREVIATIONS,
    *calendar.RULES[:-1],
    *quantities.SHARES,
    *quantities.MEASURES,
    *wording.CODES,
    calendar.RULES[-1],
    *quantities.COUNTS[:3],
    *wording.JOINED,
    *quantities.COUNTS[3:],
    *wording.SIGNS,
)


def speakable(script: str, pronunciations: Mapping[str, str] | None = None) -> Spoken:
    """The script in words that an English voice can say. A pronunciation goes before every rule, whatever its case."""
    taken = [False] * len(script)
    edits = tag_edits(script, taken)
    edits += edits_of(script, pronunciation_rules(pronunciations or {}), taken)
    edits += _entities(script, taken)
    edits += edits_of(script, RULES, taken)
    edits += homographs.edits(script, taken)
    return spoken_of(script, edits)


def pronunciation_rules(pronunciations: Mapping[str, str]) -> list[Rule]:
    """Returns a rule for each written word, the longest first."""
    rules: list[Rule] = []
    for written, respelling in sorted(pronunciations.items(), key=lambda entry: -len(entry[0])):
        pattern = re.compile(rf"(?<!\w){re.escape(written)}(?!\w)", re.IGNORECASE)
        words = said(respelling)
        rules.append((pattern, lambda _found, words=words: words))  # type: ignore[misc]
    return rules


def _entities(script: str, taken: list[bool]) -> list[Edit]:
    def resolved(found: re.Match[str]) -> str | None:
        character = html.unescape(found[0])
        return None if character == found[0] else {"&": "and"}.get(character, said(character) or " ")

    return edits_of(script, [(ENTITY, resolved)], taken)
