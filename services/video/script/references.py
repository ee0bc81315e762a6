"""Numbers by which something is known - licences, accounts, registrations - read digit by digit."""

from __future__ import annotations

import re
from typing import Final

from services.video.script.numbers import cardinal, digits
from services.video.script.spans import Rule
from services.video.script.vocabulary import DATA, one_of, words

LEAST_DIGITS: Final = 5  # shorter ones are said as numbers: "order no. 12"
LABELS: Final[list[str]] = DATA["references"]["labels"].split()
ALSO_WORDS: Final = frozenset(DATA["references"]["also_words"].split())
ACRONYMS: Final[list[str]] = DATA["references"]["acronyms"].split()
_VALUE: Final = r"(?P<value>(?:[A-Z]{1,4}[ -]?)?\d[A-Z\d]*(?:(?:[ -][A-Z]?\d+|-[A-Z]{1,2}(?!\w))){0,6})(?![\w%]|[.,]\d)"
_NUMBER: Final = r"(?:\s?(?P<number>[Nn]umber|[Nn]o\.?|[Nn]um\.|[Nn]r\.?|#))?"


def _numbered(found: re.Match[str]) -> str | None:
    value = found["value"]
    if sum(character.isdigit() for character in value) < LEAST_DIGITS or re.fullmatch(r"\d{1,3}(?: 000)+", value):
        return None
    if not (found["number"] or found["colon"]) and _counts(found):
        return None
    groups = [_group(group) for group in re.split(r"[ -]", value)]
    label = found["label"]
    said = DATA["references"]["spoken"].get(label.lower(), label)
    return f"{said}{' number' if found['number'] else ''} {', '.join(groups)}"


def _counts(found: re.Match[str]) -> bool:
    """Whether a number right after a label counts things: "order 10000 units", "batch 500-1000 cookies"."""
    value = found["value"]
    if value.startswith("0") or not re.fullmatch(r"[\d -]+", value):
        return False
    if found["label"].lower() in ALSO_WORDS and re.fullmatch(r"\d+(?: \d{3})*", value) and value.endswith("00"):
        return True  # a round number
    following = re.match(r"\s([a-z]{2,})", found.string[found.end() : found.end() + 24])
    return following is not None and following[1] not in words("following")


def _group(group: str) -> str:
    """Letters and digits of a group one by one."""
    return " ".join(cardinal(int(character)) if character.isdecimal() else character for character in group)


def _hash(found: re.Match[str]) -> str:
    letters, figures = found["letters"], found["figures"]
    said = digits(figures) if len(figures) >= LEAST_DIGITS else cardinal(int(figures))
    return f"number {' '.join(letters)} {said}"


def _acronym_number(found: re.Match[str]) -> str:
    figures = found["figures"]
    return f"{found['label']} number {digits(figures) if len(figures) >= LEAST_DIGITS else cardinal(int(figures))}"


RULES: Final[tuple[Rule, ...]] = (
    (
        re.compile(
            rf"(?<![\w-])(?P<label>(?i:{one_of(LABELS)})|(?:{one_of(ACRONYMS)})){_NUMBER}(?P<colon>:)?\s?{_VALUE}"
        ),
        _numbered,
    ),
    (
        re.compile(
            r"(?<![\w-])(?P<label>[A-Z]{2,6})\s(?:[Nn]o\.?|[Nn]umber|#)\s?(?P<figures>\d{2,15})(?![\w%]|[.,]\d)"
        ),
        _acronym_number,
    ),
    (
        re.compile(r"(?<=\s)[Nn]o\.\s?(?P<figures>\d{5,15})(?![\w%]|[.,]\d)"),
        lambda found: f"number {digits(found['figures'])}",
    ),
    (re.compile(r"(?<![\w&#])#(?P<letters>[A-Z]{1,4})-(?P<figures>\d{1,12})(?![\w-])"), _hash),
)
