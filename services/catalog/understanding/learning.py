"""Multinomial logistic regression of vectors, of hashed words and letters, and of signs: what the models share."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

BUCKETS: Final = 1 << 13  # of hashed words and letters
LETTERS: Final = (3, 4)  # lengths of the pieces of words
STEPS: Final = 80  # of a fit at most

_WORD: Final = re.compile(r"[^\W\d_]+|\d|[€$£¥%+]|[^\w\s]")

Array = NDArray[np.float32]


def pieces_of(text: str, mark: str = "") -> list[int]:
    """Returns the buckets of a text's words, pairs of words, and letters; each once.

    mark: of the field that the text is in, so that a word has one weight in each.
    """
    words = ["0" if word.isdigit() else word for word in _WORD.findall(text.lower())]
    pieces = {*words, *(f"{first} {second}" for first, second in zip(["^", *words], [*words, "$"], strict=True))}
    for word in words:
        framed = f"<{word}>"
        pieces.update(framed[at : at + size] for size in LETTERS for at in range(len(framed) - size + 1))
    return sorted({crc32(f"{mark}{piece}".encode()) % BUCKETS for piece in pieces})


def share_of(pieces: Sequence[int]) -> float:
    """Returns what each piece of a text counts: all together are a vector of length 1."""
    return 1.0 / float(np.sqrt(max(1, len(pieces))))


def fit_logistic(
    dense: Array,
    fields: Sequence[Sequence[Sequence[int]]],
    classes: NDArray[np.int64],
    *,
    of: int,
    pull: float,
    weigh: NDArray[np.float64],
) -> Array:
    """Returns weights (columns of dense + BUCKETS a field + 1, of); the last row is the constant.

    dense: (n, columns). fields: for each field, the pieces of its n texts. classes: (n,), below `of`. pull: of the
    weights towards nought, the constant aside. weigh: (n,), what an example counts.
    """
    from scipy import optimize, sparse

    parts = [sparse.csr_matrix(dense.astype(float))]
    parts += [
        sparse.csr_matrix(
            (
                np.concatenate([np.full(len(found), share_of(found)) for found in listed]),
                np.concatenate([np.array(found, np.int64) for found in listed]),
                np.cumsum([0, *map(len, listed)]),
            ),
            shape=(len(classes), BUCKETS),
        )
        for listed in fields
    ]
    inputs = sparse.hstack([*parts, sparse.csr_matrix(np.ones((len(classes), 1)))]).tocsr()
    turned = inputs.T.tocsr()
    shape = (inputs.shape[1], of)
    pulls = np.full((shape[0], 1), pull)
    pulls[-1] = 0.0
    rows = np.arange(len(classes))

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights = flat.reshape(shape)
        chances = softmax(inputs @ weights)
        value = -weigh @ np.log(np.maximum(chances[rows, classes], 1e-12)) + 0.5 * float((pulls * weights**2).sum())
        chances[rows, classes] -= 1
        return float(value), (turned @ (chances * weigh[:, None]) + pulls * weights).ravel()

    start = np.zeros(shape[0] * shape[1])
    found = optimize.minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": STEPS})
    weights: Array = found.x.reshape(shape).astype(np.float32)
    return weights


def softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns chances of scores (n, classes); every row sums to 1."""
    raised: NDArray[np.float64] = np.exp(scores - scores.max(axis=1, keepdims=True))
    raised /= raised.sum(axis=1, keepdims=True)
    return raised
