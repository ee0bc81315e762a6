"""Joins quoted facts into sentences where the grammar is certain. Nothing is conjugated; frames: data/joins.toml."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Final

from services.copy.providers.local.prices import is_amount
from services.copy.providers.local.quotes import as_line, as_sentence, first_word, names_day
from services.copy.providers.local.words import LANGUAGES, read_data

_AMOUNT_OF: Final = re.compile(r"[a-zà-ÿ]+ [a-zà-ÿ]+ \d")
SELL: Final = "s: "  # a frame for what is sold as a thing


@dataclass(frozen=True, slots=True, kw_only=True)
class Joins:
    """How one language joins: `verbs` finds what makes a text more than a phrase; the rest as in data/joins.toml."""

    priced: tuple[str, ...]
    attached: frozenset[str]
    apposed: frozenset[str]
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
    if _AMOUNT_OF.match(small):
        return as_sentence(f"{name}, {small}")  # "at least 2 kg" counts, and says no place
    if first in joins.attached:
        return as_sentence(f"{name} {as_line(small) if small[:1].isupper() else small}")
    if first in joins.apposed or names_day(text, language):
        return as_sentence(f"{name}, {small}")
    return ""
