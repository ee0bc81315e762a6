"""Which photographed places suit what is advertised, read from services/media/data/places.toml."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

CERTAIN: Final = frozenset({"sure", "likely"})
GRAVE: Final = frozenset({"death", "illness", "debt", "faith"})  # subjects that take quiet places only
SURFACES: Final = frozenset({"wood", "stone", "plaster", "slate"})
STREWN: Final = frozenset({"", "petals", "leaves", "flakes", "lights"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place: its panorama, directions that look well (yaws in degrees), field of view in degrees, what a product may
    stand on there, words for it, and whether it is always dark."""

    name: str
    panorama: str
    yaws: tuple[float, ...]
    view: float
    surfaces: tuple[str, ...]
    words: str
    dark: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SeasonPlaces:
    """Places of a season, the colour of its light ("#rrggbb"), whether it is dark, and what is in the air."""

    places: tuple[str, ...]
    grade: str
    dark: bool
    strewn: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """The table. trades: by sector and trade; sectors: for other trades. lying: trades whose goods do not stand.
    leading: by trade, the places that show its work by themselves."""

    places: Mapping[str, Place]
    neutral: tuple[str, ...]
    quiet: tuple[str, ...]
    lying: frozenset[str]
    leading: Mapping[str, tuple[str, ...]]
    settings: Mapping[str, tuple[str, ...]]
    seasons: Mapping[str, SeasonPlaces]
    sectors: Mapping[str, tuple[str, ...]]
    trades: Mapping[str, Mapping[str, tuple[str, ...]]]


@cache
def places() -> Places:
    """Returns the table. Raises ValueError for one that breaks its schema."""
    return read_table(files("services.media").joinpath("data/places.toml").read_text(encoding="utf-8"))


def read_table(text: str) -> Places:
    """Reads the table. Raises ValueError for unknown parts, places, surfaces and fields."""
    data = tomllib.loads(text)
    parts = {"neutral", "quiet", "lying", "leading", "places", "settings", "seasons", "sectors", "trades"}
    if set(data) != parts:
        raise ValueError(f"The table has the parts {', '.join(sorted(data))}, not {', '.join(sorted(parts))}.")
    try:
        known = {
            name: Place(
                name=name,
                panorama=entry["panorama"],
                yaws=tuple(entry["yaws"]),
                view=entry["view"],
                surfaces=tuple(entry["surfaces"]),
                words=entry["words"],
                dark=entry.get("dark", False),
            )
            for name, entry in data["places"].items()
        }
        seasons = {
            name: SeasonPlaces(**{**entry, "places": tuple(entry["places"])}) for name, entry in data["seasons"].items()
        }
    except (KeyError, TypeError) as error:
        raise ValueError(f"A place or season lacks a field or has an unknown one: {error}") from None
    for place in known.values():
        if not place.yaws or not place.surfaces or not set(place.surfaces) <= SURFACES:
            raise ValueError(f"The place {place.name} has no direction, or an unknown surface.")
    if wrong := [name for name, season in seasons.items() if season.strewn not in STREWN]:
        raise ValueError(f"Unknown things are strewn in {', '.join(wrong)}.")
    table = Places(
        places=known,
        neutral=tuple(data["neutral"]),
        quiet=tuple(data["quiet"]),
        lying=frozenset(data["lying"]),
        leading=_listed(data["leading"]),
        settings=_listed(data["settings"]),
        seasons=seasons,
        sectors=_listed(data["sectors"]),
        trades={sector: _listed(trades) for sector, trades in data["trades"].items()},
    )
    lists = [table.neutral, table.quiet, *table.settings.values(), *table.sectors.values(), *table.leading.values()]
    lists += [season.places for season in seasons.values()]
    lists += [listed for trades in table.trades.values() for listed in trades.values()]
    for listed in lists:
        if not listed or not set(listed) <= set(known):
            raise ValueError(f"A list of places is empty or names an unknown one: {', '.join(listed)}.")
    return table


def _listed(table: Mapping[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(listed) for name, listed in table.items()}


def places_for(*, trade: str, sector: str, confidence: str, sensitive: Collection[str]) -> tuple[str, ...]:
    """Returns the names of places that suit a product, the best first; neutral ones where its trade is not certain.

    The arguments are fields of adwright.catalog.v1.Understanding.
    """
    table = places()
    if GRAVE & set(sensitive):
        return table.quiet
    if confidence not in CERTAIN or not sector:
        return table.neutral
    return table.trades.get(sector, {}).get(trade) or table.sectors.get(sector) or table.neutral


def leading_places(*, trade: str, confidence: str, sensitive: Collection[str]) -> tuple[str, ...]:
    """Returns the names of places that show a product's trade by themselves; () where its trade is not certain."""
    if confidence not in CERTAIN or sensitive:
        return ()
    return places().leading.get(trade, ())


def season_places(season: str, suiting: Collection[str]) -> tuple[str, ...]:
    """Returns the season's places: those that also suit the product, or else all."""
    listed = places().seasons[season].places
    return tuple(name for name in listed if name in suiting) or listed


def chosen_place(names: Collection[str], draw: random.Random) -> Place:
    """Chooses one of the named places, the first most often."""
    listed = list(names)
    weights = [2.0**-number for number in range(len(listed))]
    return places().places[draw.choices(listed, weights)[0]]
