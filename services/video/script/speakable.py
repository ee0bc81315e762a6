"""A script as it is to be spoken: prices, dates, addresses, abbreviations and figures in words."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Final

from services.video.script import calendar, contacts, homographs, places, quantities, references, wording
from services.video.script.languages import rules_of, words_of
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


ENGLISH: Final = "en"


def speakable(
    script: str, pronunciations: Mapping[str, str] | None = None, language: str = ENGLISH, *, currency: str = ""
) -> Spoken:
    """The script in words that a voice of the language can say: "en" or one of `languages.CODES`.

    A pronunciation goes before every rule, whatever its case. currency: of the product, an ISO 4217 code: in Spanish
    "$" are pesos where it is one of theirs.
    """
    kept = letters_of(language)
    joint = "and" if language == ENGLISH else words_of(language).joints["and"]
    taken = [False] * len(script)
    edits = tag_edits(script, taken)
    edits += edits_of(script, pronunciation_rules(pronunciations or {}, kept), taken)
    edits += _entities(script, taken, kept, joint)
    if language == ENGLISH:
        edits += edits_of(script, RULES, taken)
        edits += homographs.edits(script, taken)
    else:
        edits += edits_of(script, rules_of(language, currency), taken)
    return spoken_of(script, edits, kept)


def letters_of(language: str) -> frozenset[str]:
    """The letters of a language beside a to z, in both cases."""
    return frozenset() if language == ENGLISH else words_of(language).letters


def pronunciation_rules(pronunciations: Mapping[str, str], kept: frozenset[str] = frozenset()) -> list[Rule]:
    """Returns a rule for each written word, the longest first."""
    rules: list[Rule] = []
    for written, respelling in sorted(pronunciations.items(), key=lambda entry: -len(entry[0])):
        pattern = re.compile(rf"(?<!\w){re.escape(written)}(?!\w)", re.IGNORECASE)
        words = said(respelling, kept)
        rules.append((pattern, lambda _found, words=words: words))  # type: ignore[misc]
    return rules


def _entities(script: str, taken: list[bool], kept: frozenset[str], joint: str) -> list[Edit]:
    def resolved(found: re.Match[str]) -> str | None:
        character = html.unescape(found[0])
        return None if character == found[0] else {"&": joint}.get(character, said(character, kept) or " ")

    return edits_of(script, [(ENTITY, resolved)], taken)
