"""The taxonomy of trades: what can be advertised, with the words that name it, read from data/trades/."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data"
LANGUAGES = ("en", "es", "fr", "de", "it", "pt")  # those that names and clues are written in
KINDS = (
    "good", "service", "software", "food", "place", "event", "property", "job", "cause", "finance", "public_body",
)  # fmt: skip
GOALS = ("sell", "book", "sign_up", "donate", "visit", "apply", "download", "call")
SENSITIVE = ("death", "illness", "debt", "faith", "politics", "minors")
REGULATED = ("housing", "jobs", "credit", "health", "alcohol", "gambling", "finance")

_ALIKE = (
    {"service", "place", "finance", "public_body"},
    {"good", "food", "place"},
    {"event", "place", "service"},
    {"cause", "public_body"},
    {"cause", "event"},
    {"property", "place"},
    {"property", "service"},
    {"software", "service"},
)  # kinds that customers do not tell apart

Words = Mapping[str, tuple[str, ...]]  # by language


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """What a business sells or asks for. A trade that an index holds has its usual names only, no clues and sentences.

    `names` name the trade or the thing sold, the usual first; `further_names` are sorts, parts and occasions.
    `clues` occur in its adverts, `sentences` describe such businesses.
    """

    id: str
    name: str
    sector: str
    kind: str
    goal: str
    sensitive: tuple[str, ...] = ()
    regulated: tuple[str, ...] = ()
    names: Words
    further_names: Words
    clues: Words
    sentences: Words


def read_trades(folder: Path = DATA) -> list[Trade]:
    """Returns all trades by sector and in the order of their files. Takes 3 s.

    Raises ValueError for an identifier that stands twice and KeyError for a missing field.
    """
    trades: dict[str, Trade] = {}
    for path in sorted((folder / "trades").glob("*.toml")):
        further = folder / "names" / path.name
        names = tomllib.loads(further.read_text(encoding="utf-8")) if further.exists() else {}
        for identifier, table in tomllib.loads(path.read_text(encoding="utf-8")).items():
            if identifier in trades:
                raise ValueError(f"The trade {identifier} stands in two sectors.")
            trades[identifier] = _trade(identifier, path.stem, table, names.pop(identifier, {}))
        if names:
            raise ValueError(f"{further.name} names trades that {path.name} lacks: {', '.join(names)}.")
    return list(trades.values())


def data_digest(folder: Path = DATA) -> str:
    """Returns a digest of the files that the index is built from."""
    digest = blake2b(digest_size=16)
    listed = [
        path
        for name in ("trades", "names", "worth", "leads", "statements", "aims")
        for path in sorted((folder / name).glob("*.toml"))
    ]
    for path in [*listed, folder / "grammar.toml", folder / "ways.toml"]:
        digest.update(f"{path.parent.name}/{path.name}".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def alike(kind: str, other: str) -> bool:
    """Returns True for one kind and for two that customers do not tell apart."""
    return kind == other or any({kind, other} <= kinds for kinds in _ALIKE)


def phrases(words: Words) -> Iterator[tuple[str, str]]:
    """Yields (language, phrase) of all phrases."""
    for language, listed in words.items():
        for phrase in listed:
            yield language, phrase


def _trade(identifier: str, sector: str, table: Mapping[str, Any], further: Mapping[str, list[str]]) -> Trade:
    return Trade(
        id=identifier,
        name=table["name"],
        sector=sector,
        kind=table["kind"],
        goal=table["goal"],
        sensitive=tuple(table["sensitive"]),
        regulated=tuple(table["regulated"]),
        names=_words(table["names"]),
        further_names=_words(further),
        clues=_words(table["clues"]),
        sentences=_words(table["sentences"]),
    )


def _words(table: Mapping[str, list[str]]) -> Words:
    return {language: tuple(listed) for language, listed in table.items()}
