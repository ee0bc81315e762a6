"""The index of the taxonomy: its names and clues as stems and its sentences as vectors, in one file.

It holds the weights of single words, and those of the models of leading statements, of roles, and of kinds and goals,
which read the same encoder's vectors. services.catalog.understanding.build_index writes it. Reading it takes 0.2 s, and
each language under 0.1 s more when a text first needs it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from services.catalog.understanding.encoder import encoder_version
from services.catalog.understanding.taxonomy import LANGUAGES, Trade, data_digest
from services.catalog.understanding.vocabulary import Vocabulary, read_vocabulary

FORMAT = 8  # of the file; raise it when what is written changes
PATH = Path(__file__).resolve().parents[3] / "gen" / "trades.npz"
MAX_SHOWN_NAMES = 3  # of a trade in one language: what an understanding shows of them
MAX_WORDS = 7  # of a phrase
WEIGHED = ("weighed_stems", "weighed_starts", "weighed_owners", "weighed_weights")  # arrays of a vocabulary
BATCH = 64  # texts that the encoder reads at once
COPIES = Path.home() / ".cache" / "adwright" / "trades"  # indexes of this user's checkouts, by their keys
MAX_COPIES = 3  # of 24 MB each; the oldest go first

Read = TypeVar("Read")
Entries = Mapping[str, tuple[tuple[int, ...], int]]  # stems -> positions of trades, number of other trades that say it


class IndexUnusable(Exception):
    """The index is absent or was built from other data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeIndex:
    """Names and clues by language and joined stems, and the sentences' vectors, ordered by trade."""

    trades: tuple[Trade, ...]
    names: Mapping[str, Entries]
    clues: Mapping[str, Entries]
    vocabulary: Mapping[str, frozenset[str]]  # stems that the data of a language hold
    weighed: Mapping[str, Vocabulary]  # words that tell trades apart
    vectors: NDArray[np.float32]  # (sentences, 512), unit length
    starts: NDArray[np.int32]  # (trades,): each trade's first sentence
    name_vectors: NDArray[np.float32]  # (names, 512), unit length
    name_owners: NDArray[np.int32]  # (names,): positions of trades
    leads: NDArray[np.float32]  # as services.catalog.understanding.leads.fit returns them
    roles: NDArray[np.float32]  # as services.catalog.understanding.role_model.fit returns them
    aims: NDArray[np.float32]  # as services.catalog.understanding.aims.fit returns them
    version: str


def load_index(path: Path = PATH) -> TradeIndex:
    """Returns the index. Raises IndexUnusable if it is absent or its data, encoder or format were others."""
    remedy = "Run `make gen/trades.npz`."
    if not path.exists():
        raise IndexUnusable(f"The index of trades is absent: {path}. {remedy}")
    with np.load(path) as arrays:
        if bytes(arrays["key"]).decode() != index_key():
            raise IndexUnusable(f"The index of trades was built from other data: {path}. {remedy}")
        return index_of(arrays)


def index_of(arrays: Mapping[str, NDArray[Any]]) -> TradeIndex:
    """Returns the index whose arrays these are, by the names that they have in the file."""
    return TradeIndex(
        trades=tuple(
            Trade(**table, further_names={}, clues={}, sentences={}) for table in _tables(bytes(arrays["trades"]))
        ),
        names=_ByLanguage(arrays, ("names",), _entries),
        clues=_ByLanguage(arrays, ("clues",), _entries),
        vocabulary=_ByLanguage(arrays, ("vocabulary",), _vocabulary),
        weighed=_ByLanguage(arrays, WEIGHED, lambda *parts: read_vocabulary(parts)),
        vectors=_units(arrays["vectors"]),
        starts=arrays["starts"],
        name_vectors=_units(arrays["name_vectors"]),
        name_owners=arrays["name_owners"],
        leads=arrays["leads"],
        roles=arrays["roles"],
        aims=arrays["aims"],
        version=index_key(),
    )


class _ByLanguage(Mapping[str, Read]):
    """A part of the index by language, each read when it is first needed.

    Few products of one seller are in many languages, and reading all of them takes half a second and 20 MB. Two
    threads may read a language at the same time; both get the same.
    """

    def __init__(self, arrays: Mapping[str, NDArray[Any]], parts: Sequence[str], read: Callable[..., Read]) -> None:
        self._unread = {language: [arrays[f"{part}_{language}"] for part in parts] for language in LANGUAGES}
        self._read: dict[str, Read] = {}
        self._reader = read

    def __getitem__(self, language: str) -> Read:
        if language not in self._read:
            self._read[language] = self._reader(*self._unread[language])
        return self._read[language]

    def __iter__(self) -> Iterator[str]:
        return iter(self._unread)

    def __len__(self) -> int:
        return len(self._unread)


def index_key() -> str:
    """Returns what an index depends on: format, data and encoder."""
    # the stems of the first are the keys of the index, the fits of the others are in it
    parts = (
        "words.py",
        "worth.py",
        "leads.py",
        "vocabulary.py",
        "role_model.py",
        "learning.py",
        "aims.py",
        "ways.py",
        "scoring.py",
    )
    code = b"".join(Path(__file__).with_name(name).read_bytes() for name in parts)
    return f"{FORMAT}:{data_digest()}:{blake2b(code, digest_size=8).hexdigest()}:{encoder_version()}"


def _units(vectors: NDArray[np.int8]) -> NDArray[np.float32]:
    units = vectors.astype(np.float32)
    units /= np.sqrt(np.einsum("ij,ij->i", units, units))[:, None]
    return units


def _tables(text: bytes) -> list[dict[str, Any]]:
    return [
        {
            **{field: tuple(value) if isinstance(value, list) else value for field, value in table.items()},
            "names": {language: tuple(names) for language, names in table["names"].items()},
        }
        for table in json.loads(text)
    ]


def _entries(array: NDArray[np.uint8]) -> Entries:
    found = {}
    for line in bytes(array).decode().split("\n"):
        key, owners, others = line.split("\t")
        found[key] = (tuple(map(int, owners.split(" "))), int(others))
    return found


def _vocabulary(array: NDArray[np.uint8]) -> frozenset[str]:
    return frozenset(bytes(array).decode().split("\n"))
