"""Whether a business works on its customers' own things: their fleece, their apples, their car."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

from services.copy.providers.local.words import LANGUAGES, read_data, whole_words

CACHED: Final = 64  # briefs whose answer is kept: a request asks twice
BEFORE: Final = 2  # words before a verb among which stands who acts
NEAR: Final = 5  # words between what is done and whose it is
_TOKEN: Final = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*|[.!?;:\n]")


@dataclass(frozen=True, slots=True)
class Entries:
    """Single words, and beginnings of words."""

    words: frozenset[str]
    beginnings: tuple[str, ...]

    def __contains__(self, word: str) -> bool:
        return word in self.words or (bool(self.beginnings) and word.startswith(self.beginnings))


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnWork:
    """The words of a language, by the names of services/copy/data/own_work.toml."""

    names: re.Pattern[str]
    phrases: re.Pattern[str]
    verbs: Entries
    done: Entries
    yours: Entries
    workers: Entries


@cache
def own_work_of(language: str) -> OwnWork:
    """The words of a language of LANGUAGES."""
    row = read_data("own_work.toml")[language]
    return OwnWork(
        names=whole_words(row["names"]),
        phrases=whole_words(row["phrases"]),
        verbs=_entries(row["verbs"]),
        done=_entries(row["done"]),
        yours=_entries(row["yours"]),
        workers=_entries(row.get("workers", ())),
    )


@lru_cache(maxsize=CACHED)
def is_own_work(name: str, written: str, language: str) -> bool:
    """Whether the name of what is offered, or its texts, say that work is done on the customer's own things.

    It is not known in languages without words: then False.
    """
    if language not in LANGUAGES:
        return False
    own = own_work_of(language)
    return bool(own.names.search(name) or own.phrases.search(written)) or _says_so(
        _TOKEN.findall(written.casefold()), own
    )


def _says_so(tokens: Sequence[str], own: OwnWork) -> bool:
    """Whether a verb of work, said by those who do it or of the thing, stands near a word for the customer's own."""
    for at, token in enumerate(tokens):
        if token in own.verbs and _is_said_by_workers(tokens, at, own):
            behind = _clause(tokens[at + 1 : at + 2 + NEAR])
        elif token in own.done:
            behind = []
        else:
            continue
        before = _clause(reversed(tokens[max(0, at - 1 - NEAR) : at]))
        if any(word in own.yours for word in (*behind, *before)):
            return True
    return False


def _is_said_by_workers(tokens: Sequence[str], at: int, own: OwnWork) -> bool:
    """Whether those who act stand beside the verb; in languages whose verbs say it, always."""
    if not own.workers.words:
        return True
    return any(word in own.workers for word in (*tokens[max(0, at - BEFORE) : at], *tokens[at + 1 : at + 2]))


def _clause(tokens: Iterable[str]) -> list[str]:
    """The words up to the next mark."""
    found = []
    for token in tokens:
        if not token[0].isalpha():
            break
        found.append(token)
    return found


def _entries(listed: Iterable[str]) -> Entries:
    words = list(listed)
    return Entries(
        frozenset(word for word in words if not word.endswith("*")),
        tuple(word[:-1] for word in words if word.endswith("*")),
    )
