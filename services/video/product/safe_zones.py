"""Safe zones: the part of a film that no app covers with its own buttons and texts, from data/safe_zones.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

FIELDS: Final = {"id", "name", "top", "bottom", "left", "right", "page", "updated", "figures", "read"}
VERTICAL: Final = "9:16"


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """Edges of a free area as shares of the frame's width (left, right) and height (top, bottom), from its corner."""

    left: float
    top: float
    right: float
    bottom: float

    def within(self, width: float, height: float) -> tuple[float, float, float, float]:
        """(left, top, right, bottom) in pixels."""
        return self.left * width, self.top * height, self.right * width, self.bottom * height


@dataclass(frozen=True, slots=True, kw_only=True)
class SafeZones:
    """The vertical zone of each platform, and the rims of the other ratios."""

    platforms: Mapping[str, Zone]
    rims: Mapping[str, float]

    def zone(self, ratio: str, platform: str = "") -> Zone:
        """The free area of a ratio; for no platform, what every platform leaves free. Raises KeyError."""
        if ratio != VERTICAL:
            rim = self.rims[ratio]
            return Zone(left=rim, top=rim, right=1 - rim, bottom=1 - rim)
        zones = [self.platforms[platform]] if platform else list(self.platforms.values())
        return Zone(
            left=max(zone.left for zone in zones),
            top=max(zone.top for zone in zones),
            right=min(zone.right for zone in zones),
            bottom=min(zone.bottom for zone in zones),
        )


@cache
def safe_zones() -> SafeZones:
    """Reads the table. Raises ValueError for one that breaks its schema."""
    return read_zones(files("services.video.product").joinpath("data/safe_zones.toml").read_text(encoding="utf-8"))


def read_zones(text: str) -> SafeZones:
    """Reads a table.

    Raises ValueError for missing or unknown fields, shares outside 0..0.5, and a zone that names no page or figures.
    """
    data = tomllib.loads(text)
    if set(data) != {"platform", "rim"}:
        raise ValueError("The table has the parts platform and rim.")
    platforms: dict[str, Zone] = {}
    for entry in data["platform"]:
        if set(entry) != FIELDS:
            raise ValueError(f"A platform has the fields {', '.join(sorted(FIELDS))}.")
        edges = [float(entry[edge]) for edge in ("top", "bottom", "left", "right")]
        if not entry["page"] or not entry["figures"] or not all(0 <= edge < 0.5 for edge in edges):
            raise ValueError(f"The platform {entry['id']} names no page or figures, or has an edge outside 0 to 0.5.")
        top, bottom, left, right = edges
        platforms[entry["id"]] = Zone(left=left, top=top, right=1 - right, bottom=1 - bottom)
    return SafeZones(platforms=platforms, rims={ratio: float(rim) for ratio, rim in data["rim"].items()})
