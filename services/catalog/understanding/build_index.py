"""Builds the index of the taxonomy (services.catalog.understanding.index), and fits the models that are in it.

`python -m services.catalog.understanding.build_index` writes it (90 s), or copies it from the user's cache folder,
where an index of the same data was put by an earlier build.
"""

from __future__ import annotations

import json
import os
import shutil
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from services.catalog.understanding import aims, leads, role_model
from services.catalog.understanding.encoder import SentenceEncoder
from services.catalog.understanding.index import (
    MAX_WORDS,
    PATH,
    WEIGHED,
    IndexUnusable,
    index_key,
    index_of,
    load_index,
)
from services.catalog.understanding.language import language_of
from services.catalog.understanding.recognition import Readings
from services.catalog.understanding.taxonomy import LANGUAGES, Trade, phrases, read_trades
from services.catalog.understanding.text import clean
from services.catalog.understanding.values import ProductTexts
from services.catalog.understanding.vocabulary import fit_vocabulary
from services.catalog.understanding.words import stems_of
from services.catalog.understanding.worth import read_labelled

MAX_SHOWN_NAMES = 3  # of a trade in one language: what an understanding shows of them
BATCH = 64  # texts that the encoder reads at once
COPIES = Path.home() / ".cache" / "adwright" / "trades"  # indexes of this user's checkouts, by their keys
PRICED = "1"  # of a labelled product that has a price: its amount says nothing of kind or goal
MAX_COPIES = 3  # of 24 MB each; the oldest go first


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
    arrays["aims"] = _aims(arrays, trades)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    with partial.open("wb") as file:
        np.savez(file, **arrays)
    partial.replace(path)


def _aims(arrays: Mapping[str, Any], trades: Sequence[Trade]) -> NDArray[np.float32]:
    """Returns the models of kinds and goals, fitted on the labelled products as the rest of the index reads them."""
    readings = Readings(index_of({**arrays, "aims": np.zeros(0, np.float32)}), SentenceEncoder())
    labelled, typical = list(aims.read_products()), list(aims.typical_products(trades))
    products = [*labelled, *typical]
    return aims.fit(
        aimed_products(products, readings),
        [product.kind for product in products],
        [product.goal for product in products],
        [*(1.0 for _ in labelled), *(aims.TYPICAL for _ in typical)],
    )


def aimed_products(products: Iterable[aims.LabelledProduct], readings: Readings) -> list[aims.Aimed]:
    """Returns the labelled products as the models of kinds and goals read them. About 40 ms each."""
    read = []
    for product in products:
        texts = ProductTexts(
            project="",
            name=product.name,
            description=product.description,
            features=product.features,
            price=PRICED if product.priced else "",
        )
        said = clean("\n".join((product.name, product.description, *product.features)))
        read.append(readings.aimed(texts, language_of(said)))
    return read


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


def _described(trade: Trade) -> dict[str, Any]:
    fields = ("id", "name", "sector", "kind", "goal", "sensitive", "regulated")
    words = {language: list(trade.names.get(language, ()))[:MAX_SHOWN_NAMES] for language in LANGUAGES}
    return {**{field: getattr(trade, field) for field in fields}, "names": words}


def _text(text: str) -> NDArray[np.uint8]:
    return np.frombuffer(text.encode(), np.uint8)


if __name__ == "__main__":
    provide_index()
