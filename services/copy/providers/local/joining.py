"""Joins quoted facts into sentences where the grammar is certain. Nothing is conjugated; frames: data/joins.toml."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from services.copy.providers.local.prices import is_amount
from services.copy.providers.local.quotes import Quote, as_line, as_sentence, first_word, names_day
from services.copy.providers.local.words import LANGUAGES, read_data

MOST_ITEMS: Final = 3  # facts of one list
ITEM_WORDS: Final = 6  # of an item
ITEM_CHARACTERS: Final = 44
LISTED: Final = frozenset({"feature", "figure", "benefit", "proof"})  # roles of what stands in a list
SELL: Final = "s: "  # a frame for what is sold as a thing
_INSIDE = re.compile(r"[,;:()!?/]|\. |\s[–—-]\s|[$€£%]")  # what an item of a list has none of


@dataclass(frozen=True, slots=True, kw_only=True)
class Joins:
    """How one language joins: `verbs` finds what makes a text more than a phrase; the rest as in data/joins.toml."""

    priced: tuple[str, ...]
    attached: frozenset[str]
    apposed: frozenset[str]
    conjunction: str
    unfit: tuple[str, ...]
    verbs: re.Pattern[str]
    commands: frozenset[str]


@cache
def joins_of(language: str) -> Joins | None:
    """The joins of a language; None for one that is quoted only."""
    if language not in LANGUAGES:
        return None
    row = read_data("joins.toml")[language]
    verbs = "|".join(
        rf"\w{{2,}}{re.escape(word[1:])}" if word.startswith("*") else re.escape(word) for word in row["verbs"]
    )
    return Joins(
        priced=tuple(row["priced"]),
        attached=frozenset(row["attached"]),
        apposed=frozenset(row["apposed"]),
        conjunction=row["conjunction"],
        unfit=tuple(row["unfit"]),
        verbs=re.compile(rf"(?<![\w-])(?:{verbs})(?![\w-])", re.IGNORECASE),
        commands=frozenset(row["commands"]),
    )


def is_phrase(text: str, language: str) -> bool:
    """Whether a text surely has no verb: one sentence, none of the language's verbs, no command."""
    joins = joins_of(language)
    if joins is None or ". " in text or "? " in text or text.rstrip().endswith(("!", "?")):
        return False
    return not joins.verbs.search(text.replace("’", "'")) and first_word(text) not in joins.commands


def with_price(name: str, price: str, language: str, *, turn: int, sold: bool) -> str:
    """A sentence of a name and an amount that stands by itself; empty where the price is more than an amount."""
    joins = joins_of(language)
    if joins is None or not is_amount(price):
        return ""
    frames = [frame for frame in joins.priced if sold or not frame.startswith(SELL)]
    frame = frames[turn % len(frames)].removeprefix(SELL)
    return frame.replace("{name}", name).replace("{price}", price.strip(" ."))


def behind_name(name: str, text: str, small: str, language: str) -> str:
    """A sentence of a name and a phrase that may stand right behind it; empty where that is not certain.

    `small`: the phrase as it stands within a sentence.
    """
    joins = joins_of(language)
    if joins is None or not is_phrase(text, language) or name.endswith((".", "!", "?")):
        return ""
    first = first_word(text)
    if first in joins.attached:
        return as_sentence(f"{name} {as_line(small) if small[:1].isupper() else small}")
    if first in joins.apposed or names_day(text, language):
        return as_sentence(f"{name}, {small}")
    return ""


def may_be_listed(found: Quote, language: str) -> bool:
    """Whether a fact is an item that stands beside others in one sentence: a few words without a verb or a mark."""
    text = found.text.rstrip(".")
    return (
        found.role in LISTED
        and not found.dangling
        and not found.late
        and len(text) <= ITEM_CHARACTERS
        and 1 < len(text.split()) <= ITEM_WORDS
        and not _INSIDE.search(text)
        and not names_day(text, language)
        and first_word(text) not in _beginnings(language)
        and is_phrase(text, language)
    )


@cache
def _beginnings(language: str) -> frozenset[str]:
    joins = joins_of(language)
    return joins.apposed | joins.attached if joins else frozenset()


def listed(items: Sequence[str], language: str) -> str:
    """Items as one sentence: "Oak frame, brass hinges and a lid."; empty where the conjunction may not stand."""
    joins = joins_of(language)
    *before, last = items
    if joins is None or not before or any(last.casefold().startswith(start) for start in joins.unfit):
        return ""
    return as_sentence(f"{', '.join(before)} {joins.conjunction} {last}")
