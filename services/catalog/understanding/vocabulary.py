"""Weighs single words: how much more often each trade's data say a word than all trades' data do.

Names and clues count where a text repeats their whole phrase. Owners write other phrases of the same words: "spines,
hinges, loose pages". The weights are those of a naive Bayes model, fitted when the index is built.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.catalog.understanding.taxonomy import Trade
from services.catalog.understanding.words import grammar, stems_of

SMOOTHING = 30.0  # how many words of the language stand behind each trade's own, so that small trades gain nothing
DAMPING = 0.5  # exponent of a count: a word in nine phrases of a trade says little more than one in four

Arrays = tuple[NDArray[np.uint8], NDArray[np.int32], NDArray[np.int16], NDArray[np.float16]]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words of a language. `starts` (words + 1,) are each word's places in `owners` and `weights`."""

    places: Mapping[str, int]  # by stem
    starts: NDArray[np.int32]
    owners: NDArray[np.int16]  # positions of trades
    weights: NDArray[np.float32]  # log ratio, above 0

    def score(self, words: Mapping[str, float], trades: int) -> NDArray[np.float32]:
        """Returns by trade, (trades,), the sum of its weights of these stems, each times its given factor."""
        total = np.zeros(trades, np.float32)
        for stem, factor in words.items():
            place = self.places.get(stem)
            if place is not None:
                part = slice(self.starts[place], self.starts[place + 1])
                total[self.owners[part]] += factor * self.weights[part]
        return total


def fit_vocabulary(trades: Sequence[Trade], language: str) -> Arrays:
    """Returns the arrays that `read_vocabulary` takes: stems in lines, starts, owners, weights."""
    counts = [_counts(trade, language) for trade in trades]
    damped = [{stem: count**DAMPING for stem, count in found.items()} for found in counts]
    said: Counter[str] = Counter()
    for found in damped:
        said.update(found)
    everything = sum(said.values())
    of_word: dict[str, list[tuple[int, float]]] = {stem: [] for stem in sorted(said)}
    for position, found in enumerate(damped):
        size = sum(found.values())
        for stem, count in found.items():
            share = said[stem] / everything
            weight = float(np.log((count + SMOOTHING * share) / (size + SMOOTHING) / share))
            if weight > 0:
                of_word[stem].append((position, weight))
    lengths = [len(listed) for listed in of_word.values()]
    pairs = [pair for listed in of_word.values() for pair in listed]
    return (
        np.frombuffer("\n".join(of_word).encode(), np.uint8),
        np.cumsum([0, *lengths]).astype(np.int32),
        np.array([position for position, _ in pairs], np.int16),
        np.array([weight for _, weight in pairs], np.float16),
    )


def read_vocabulary(arrays: Arrays) -> Vocabulary:
    """Returns the vocabulary that `fit_vocabulary` made."""
    stems, starts, owners, weights = arrays
    listed = bytes(stems).decode().split("\n")
    return Vocabulary({stem: place for place, stem in enumerate(listed)}, starts, owners, weights.astype(np.float32))


def counted(stems: Iterable[str], language: str) -> set[str]:
    """Returns the stems that may tell a trade: no function words, numbers or single letters."""
    functions = grammar(language)
    passed_over = functions.article | functions.before | functions.glue | functions.negation
    return {stem for stem in stems if len(stem) > 1 and not stem[0].isdigit() and stem not in passed_over}


def _counts(trade: Trade, language: str) -> Counter[str]:
    found: Counter[str] = Counter()
    for words in (trade.names, trade.further_names, trade.clues, trade.sentences):
        for text in words.get(language, ()):
            found.update(sorted(counted(stems_of(text, language), language)))
    return found
