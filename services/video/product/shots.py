"""The shots and cues of product films, read from data/shots.toml and data/cues.toml."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from typing import Final

SAYS: Final = frozenset(
    {
        "hook", "name", "plain", "price", "offer", "code", "list", "quote", "rating", "change", "figure", "contact",
        "end",
    }
)  # fmt: skip
NEEDS: Final = frozenset({"photo", "cutout", "drawing", "screenshot"})
CHOICES: Final[Mapping[str, frozenset[str]]] = {
    "ground": frozenset({"brand", "deep", "paper", "blur", "photo"}),
    "camera": frozenset({"still", "zoom_in", "zoom_out", "pan_left", "pan_right"}),
    "product": frozenset({"", "hero", "low", "aside", "detail", "end"}),
    "text": frozenset(
        {
            "", "words", "name", "price", "offer", "code", "chips", "quote", "rating", "change", "figure", "contact",
            "end",
        }
    ),
    "enter": frozenset({"pop", "rise", "slide", "drop", "fade"}),
    "cut": frozenset({"cut", "push", "rise"}),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One way to show a part of the script; the fields are described in data/shots.toml."""

    id: str
    says: frozenset[str]
    needs: frozenset[str]
    ground: str
    camera: str
    product: str
    text: str
    enter: str
    cut: str

    @property
    def captions(self) -> bool:
        """Whether captions are drawn: not where the shot sets the words themselves."""
        return self.text not in ("words", "end")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cues:
    """Words and patterns by which parts of a script are recognised; data/cues.toml describes them."""

    codes: re.Pattern[str]
    code_verbs: re.Pattern[str]
    calls: re.Pattern[str]
    offers: frozenset[str]
    changes: tuple[re.Pattern[str], ...]
    ratings: tuple[re.Pattern[str], ...]
    before_prices: frozenset[str]
    per: frozenset[str]
    other_charges: frozenset[str]
    charge_verbs: frozenset[str]
    before_verbs: frozenset[str]
    included: frozenset[str]
    charge_joins: frozenset[str]
    additions: frozenset[str]
    charge_copulas: frozenset[str]
    joins: frozenset[str]
    prepositions: frozenset[str]
    requests: tuple[str, ...]
    no_units: frozenset[str]
    qualifiers: re.Pattern[str]
    negations: frozenset[str]
    conditions: frozenset[str]
    limits: frozenset[str]
    unit_beginnings: frozenset[str]
    unit_endings: frozenset[str]
    comparatives: frozenset[str]
    obligations: frozenset[str]
    pays: frozenset[str]
    choices: frozenset[str]
    inclusions: frozenset[str]
    copulas: frozenset[str]
    abbreviations: frozenset[str]
    numbered: frozenset[str]


@cache
def shots() -> tuple[Shot, ...]:
    """Returns the shots in the order of the table. Raises ValueError for a table that breaks its schema."""
    return read_shots(_data("shots.toml"))


@cache
def cues() -> Cues:
    """Returns the cues. Raises ValueError for a table that breaks its schema."""
    return read_cues(_data("cues.toml"))


def read_shots(text: str) -> tuple[Shot, ...]:
    """Reads a table of shots. Raises ValueError for unknown fields or values and for ids that stand twice."""
    made: list[Shot] = []
    for entry in tomllib.loads(text)["shot"]:
        if set(entry) != {"id", "says", "needs", *CHOICES}:
            raise ValueError(f"The shot {entry.get('id')} has other fields than the schema.")
        wrong = [name for name, known in CHOICES.items() if entry[name] not in known]
        if wrong or not set(entry["says"]) <= SAYS or not entry["says"] or not set(entry["needs"]) <= NEEDS:
            raise ValueError(f"The shot {entry['id']} has an unknown value in {', '.join(wrong) or 'says or needs'}.")
        made.append(Shot(**{**entry, "says": frozenset(entry["says"]), "needs": frozenset(entry["needs"])}))
    if len({shot.id for shot in made}) < len(made):
        raise ValueError("A shot stands twice.")
    always = {said for shot in made if not shot.needs for said in shot.says}
    if always != SAYS:
        raise ValueError(f"Nothing shows {', '.join(sorted(SAYS - always))} where there is no picture.")
    return tuple(made)


def read_cues(text: str) -> Cues:
    """Reads a table of cues. Raises ValueError for missing or unknown parts and broken patterns."""
    data = tomllib.loads(text)
    parts = {field.name for field in fields(Cues)}
    if set(data) != parts:
        raise ValueError(f"The cues have the parts {', '.join(sorted(parts))}.")
    try:
        return Cues(
            codes=re.compile(
                rf"\b(?i:{'|'.join(map(re.escape, data['codes']))})\b\W{{0,4}}([A-Z0-9][A-Z0-9-]{{2,19}})\b"
            ),
            code_verbs=_words(data["code_verbs"]),
            calls=_words(data["calls"]),
            offers=frozenset(data["offers"]),
            changes=tuple(re.compile(pattern, re.IGNORECASE) for pattern in data["changes"]),
            ratings=tuple(re.compile(pattern, re.IGNORECASE) for pattern in data["ratings"]),
            before_prices=frozenset(data["before_prices"]),
            per=frozenset(data["per"]),
            other_charges=frozenset(data["other_charges"]),
            charge_verbs=frozenset(data["charge_verbs"]),
            before_verbs=frozenset(data["before_verbs"]),
            included=frozenset(data["included"]),
            additions=frozenset(data["additions"]),
            charge_joins=frozenset(data["charge_joins"]),
            charge_copulas=frozenset(data["charge_copulas"]),
            joins=frozenset(data["joins"]),
            prepositions=frozenset(data["prepositions"]),
            requests=tuple(data["requests"]),
            no_units=frozenset(data["no_units"]),
            qualifiers=re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, data['qualifiers']))})\s*$"),
            negations=frozenset(data["negations"]),
            conditions=frozenset(data["conditions"]),
            limits=frozenset(data["limits"]),
            unit_beginnings=frozenset(data["unit_beginnings"]),
            unit_endings=frozenset(data["unit_endings"]),
            comparatives=frozenset(data["comparatives"]),
            obligations=frozenset(data["obligations"]),
            pays=frozenset(data["pays"]),
            choices=frozenset(data["choices"]),
            inclusions=frozenset(data["inclusions"]),
            copulas=frozenset(data["copulas"]),
            abbreviations=frozenset(data["abbreviations"]),
            numbered=frozenset(data["numbered"]),
        )
    except re.error as error:
        raise ValueError(f"A cue is no pattern: {error}") from error


def _words(words: list[str]) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, words))})(?!\w)", re.IGNORECASE)


def _data(name: str) -> str:
    return files("services.video.product").joinpath(f"data/{name}").read_text(encoding="utf-8")
