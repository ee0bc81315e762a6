"""The index of the taxonomy: its names and clues as stems and its sentences as vectors, in one file.

It holds the weights of single words, and those of the models of leading statements and of roles, which read the same
encoder's vectors.

`python -m services.catalog.understanding.index` builds it (60 s), or copies it from the user's cache folder, where an
index of the same data was put by an earlier build. Reading the taxonomy itself takes 1.5 s and encoding its sentences
30 s, reading the index 0.2 s, and each language under 0.1 s more when a text first needs it.
"""

from __future__ import annotations

import json
import os
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, TypeVar
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from services.catalog.understanding import leads, role_model
from services.catalog.understanding.encoder import SentenceEncoder, encoder_version
from services.catalog.understanding.taxonomy import LANGUAGES, Trade, data_digest, phrases, read_trades
from services.catalog.understanding.vocabulary import Vocabulary, fit_vocabulary, read_vocabulary
from services.catalog.understanding.words import stems_of
from services.catalog.understanding.worth import read_labelled

FORMAT = 7  # of the file; raise it when what is written changes
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
    version: str


def build_index(path: Path = PATH) -> None:
    """Writes the index of the taxonomy."""
    trades = read_trades()
    arrays: dict[str, Any] = {"vectors": None, "starts": None}
    for language in LANGUAGES:
        said = _said_by(trades, language)
        for kind in ("names", "clues"):
            owners: dict[str, set[int]] = defaultdict(set)
            for position, trade in enumerate(trades):
                for phrase in _listed(trade, kind, language):
                    owners[" ".join(stems_of(phrase, language)[:MAX_WORDS])].add(position)
            lines = [
                f"{key}\t{' '.join(map(str, sorted(found)))}\t{len(said.get(key, set()) - found)}"
                for key, found in sorted(owners.items())
            ]
            arrays[f"{kind}_{language}"] = _text("\n".join(lines))
        for part, array in zip(WEIGHED, fit_vocabulary(trades, language), strict=True):
            arrays[f"{part}_{language}"] = array
        arrays[f"vocabulary_{language}"] = _text("\n".join(sorted({s for key in said for s in key.split()})))
    sentences = [[text for _, text in phrases(trade.sentences)] for trade in trades]
    arrays["starts"] = np.cumsum([0, *map(len, sentences)])[:-1].astype(np.int32)
    described = [text for texts in sentences for text in texts]
    of_sentences = _encoded(described)
    arrays["vectors"] = _bytes(of_sentences)
    names = [(name, position) for position, trade in enumerate(trades) for _, name in phrases(trade.names)]
    arrays["name_vectors"] = _bytes(_encoded([name for name, _ in names]))
    arrays["name_owners"] = np.array([position for _, position in names], np.int32)
    labelled = list(read_labelled())
    vectors = _encoded([statement.text for statement in labelled])
    graded = list(leads.read_products())
    read = iter(_encoded([text for product in graded for text in leads.read_texts(product)]))
    of_products = [np.stack([next(read) for _ in leads.read_texts(product)]) for product in graded]
    worths = np.array([statement.worth for statement in labelled], np.float32)
    arrays["leads"] = leads.fit(graded, of_products, vectors, worths)
    encoded = dict(zip((statement.text for statement in labelled), vectors, strict=True))
    encoded.update(zip(described, of_sentences, strict=True))
    statements = role_model.labelled_statements(labelled, trades)
    texts = [role_model.as_read(statement.text) for statement in statements]
    new = [text for text in dict.fromkeys(texts) if text not in encoded]
    encoded.update(zip(new, _encoded(new), strict=True))
    arrays["roles"] = role_model.fit(
        np.stack([encoded[text] for text in texts]),
        texts,
        np.array([role_model.CLASSES.index(statement.role) for statement in statements]),
    )
    arrays["trades"] = _text(json.dumps([_described(trade) for trade in trades], ensure_ascii=False))
    arrays["key"] = _text(index_key())
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    with partial.open("wb") as file:
        np.savez(file, **arrays)
    partial.replace(path)


def provide_index(path: Path = PATH, copies: Path = COPIES) -> bool:
    """Writes the index: the copy of an earlier build from the same data, or else a new one, and keeps a copy of that.

    Returns True if a copy was used. A copy that is not of these data or cannot be read is not used, and a folder that
    cannot be written keeps none.
    """
    copy = copies / f"{blake2b(index_key().encode(), digest_size=16).hexdigest()}.npz"
    if _is_current(copy):
        _copy(copy, path)
        return True
    build_index(path)
    try:
        copies.mkdir(parents=True, exist_ok=True)
        _copy(path, copy)
        kept = sorted(copies.glob("*.npz"), key=lambda file: file.stat().st_mtime, reverse=True)
        for old in kept[MAX_COPIES:]:
            old.unlink(missing_ok=True)
    except OSError:
        pass  # the index itself is written; the next checkout builds its own
    return False


def _is_current(path: Path) -> bool:
    try:
        load_index(path)
    except (IndexUnusable, OSError, ValueError, KeyError, BadZipFile):
        return False
    return True


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f"{target.name}.{os.getpid()}.partial")
    shutil.copyfile(source, partial)
    partial.replace(target)


def load_index(path: Path = PATH) -> TradeIndex:
    """Returns the index. Raises IndexUnusable if it is absent or its data, encoder or format were others."""
    remedy = "Run `make gen/trades.npz`."
    if not path.exists():
        raise IndexUnusable(f"The index of trades is absent: {path}. {remedy}")
    with np.load(path) as arrays:
        if bytes(arrays["key"]).decode() != index_key():
            raise IndexUnusable(f"The index of trades was built from other data: {path}. {remedy}")
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
    parts = ("words.py", "worth.py", "leads.py", "vocabulary.py", "role_model.py")
    code = b"".join(Path(__file__).with_name(name).read_bytes() for name in parts)
    return f"{FORMAT}:{data_digest()}:{blake2b(code, digest_size=8).hexdigest()}:{encoder_version()}"


def _listed(trade: Trade, kind: str, language: str) -> tuple[str, ...]:
    if kind == "clues":
        return trade.clues.get(language, ())
    return (*trade.names.get(language, ()), *trade.further_names.get(language, ()))


def _said_by(trades: Iterable[Trade], language: str) -> dict[str, set[int]]:
    """Returns, by phrase of up to 4 stems, the trades that use it anywhere in their data."""
    said: dict[str, set[int]] = defaultdict(set)
    for position, trade in enumerate(trades):
        for words in (trade.names, trade.further_names, trade.clues, trade.sentences):
            for text in words.get(language, ()):
                stems = stems_of(text, language)
                for start in range(len(stems)):
                    for end in range(start + 1, min(start + 4, len(stems)) + 1):
                        said[" ".join(stems[start:end])].add(position)
    return said


def _encoded(texts: list[str]) -> NDArray[np.float32]:
    encoder = SentenceEncoder()
    return np.concatenate([encoder.encode(texts[i : i + BATCH]) for i in range(0, len(texts), BATCH)])


def _bytes(vectors: NDArray[np.float32]) -> NDArray[np.int8]:
    scaled: NDArray[np.int8] = np.round(vectors / np.abs(vectors).max(axis=1, keepdims=True) * 127).astype(np.int8)
    return scaled


def _units(vectors: NDArray[np.int8]) -> NDArray[np.float32]:
    units = vectors.astype(np.float32)
    units /= np.sqrt(np.einsum("ij,ij->i", units, units))[:, None]
    return units


def _described(trade: Trade) -> dict[str, Any]:
    fields = ("id", "name", "sector", "kind", "goal", "sensitive", "regulated")
    words = {language: list(trade.names.get(language, ()))[:MAX_SHOWN_NAMES] for language in LANGUAGES}
    return {**{field: getattr(trade, field) for field in fields}, "names": words}


def _tables(text: bytes) -> list[dict[str, Any]]:
    return [
        {
            **{field: tuple(value) if isinstance(value, list) else value for field, value in table.items()},
            "names": {language: tuple(names) for language, names in table["names"].items()},
        }
        for table in json.loads(text)
    ]


def _text(text: str) -> NDArray[np.uint8]:
    return np.frombuffer(text.encode(), np.uint8)


def _entries(array: NDArray[np.uint8]) -> Entries:
    found = {}
    for line in bytes(array).decode().split("\n"):
        key, owners, others = line.split("\t")
        found[key] = (tuple(map(int, owners.split(" "))), int(others))
    return found


def _vocabulary(array: NDArray[np.uint8]) -> frozenset[str]:
    return frozenset(bytes(array).decode().split("\n"))


if __name__ == "__main__":
    provide_index()
