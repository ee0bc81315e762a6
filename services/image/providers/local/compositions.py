"""The compositions of the six styles, from data/compositions.toml: type, ground, stage and colours of each."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter
from pydantic.dataclasses import dataclass

from services.image.domain import Style
from services.image.providers.local.arrangement import Plan
from services.image.providers.local.text_column import ButtonShape
from services.media.colour import Harmony, Mood
from services.media.field_palette import Scheme

Pairs = tuple[tuple[str, int, str], ...]
"""(headline family, weight, text family); a picture draws one of them."""


@dataclass(frozen=True, slots=True, kw_only=True, config=ConfigDict(extra="forbid"))
class Composition:
    """One way a style can look. ground, stage: names of backdrops and stages. headline: its largest size in units."""

    name: str
    plan: Plan
    ground: str
    stage: str
    mood: Mood
    pairs: Pairs
    harmony: Harmony = Harmony.COMPLEMENTARY
    button: ButtonShape = ButtonShape.PILL
    headline: float = 14.0
    leading: float = 1.05
    tracking: float = -0.015
    capitals: bool = False
    pill: bool = False
    arrow: bool = True
    badge: bool = False
    overlay: str = ""
    reflection: float = 0.0
    product_share: float = 1.0
    photographic: bool = False  # before a photographed place, where those are installed
    scheme: Scheme | None = None  # of a poster's colours
    stretch: float = 1.0  # of a headline's lines, to fill their column


class _File(BaseModel):
    """`faces`: the pairs that compositions name. `shown`, `type_alone`: compositions with their style, in order."""

    model_config = ConfigDict(extra="forbid")
    faces: dict[str, Pairs]
    shown: list[dict[str, Any]]
    type_alone: list[dict[str, Any]]


@cache
def _file() -> _File:
    text = files("services.image.providers.local").joinpath("data/compositions.toml").read_text(encoding="utf-8")
    return _File.model_validate(tomllib.loads(text))


@cache
def compositions(*, type_alone: bool = False) -> dict[Style, tuple[Composition, ...]]:
    """The compositions by style, with something to show or of type alone. Raises ValidationError for faulty data."""
    found: dict[Style, tuple[Composition, ...]] = dict.fromkeys(Style, ())
    adapter = TypeAdapter(Composition)
    for entry in _file().type_alone if type_alone else _file().shown:
        own = {name: value for name, value in entry.items() if name not in ("style", "faces")}
        made = adapter.validate_python({**own, "pairs": _file().faces[entry["faces"]]})
        found[Style(entry["style"])] += (made,)
    return found
