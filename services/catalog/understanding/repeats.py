"""Finds statements of a product that say the same: a feature, and the sentence that says it at length."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from services.catalog.understanding.encoder import SentenceEncoder
from services.catalog.understanding.values import Fact

# In the encoder's languages, 19 of 20 pairs of statements of one product that are this similar say the same (counted
# for 72 products of all trades). In other languages unrelated sentences reach it.
ALIKE: Final = 0.60
LANGUAGES: Final = frozenset(
    ("ar", "de", "en", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "ru", "th", "tr", "zh")
)  # of the encoder
MOST: Final = 40  # statements of a product that are compared, the strongest first


class Repeats:
    """Compares the statements of a product."""

    def __init__(self, encoder: SentenceEncoder) -> None:
        self._encoder = encoder

    def pairs(self, facts: Sequence[Fact], language: str) -> list[tuple[int, int]]:
        """Returns the places of statements that say the same, as pairs, the earlier place first.

        facts: the strongest first. language: BCP 47 code; none is known to say the same in one that the encoder lacks.
        """
        if language.partition("-")[0] not in LANGUAGES:
            return []
        vectors = self._encoder.encode([fact.text for fact in facts[:MOST]])
        alike = vectors @ vectors.T >= ALIKE
        return [(one, other) for other in range(len(vectors)) for one in range(other) if alike[one, other]]
