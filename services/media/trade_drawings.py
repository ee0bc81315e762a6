"""Which drawings show all that a trade sells, and which words rule some out, read from
services/media/data/trade_drawings.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

MOST: Final = 4  # drawings of one trade
CERTAIN: Final = frozenset({"sure", "likely"})
NO_JOKES: Final = frozenset({"death", "illness", "debt", "faith"})  # subjects that take quiet drawings only
PART: Final = 4  # letters of a word that is found within compounds
HEAD_FIRST: Final = frozenset({"es", "fr", "it", "pt"})  # languages that put the thing before what it is like


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeDrawings:
    """The table: names of drawings by sector and trade, by sector, and by sector and words.

    quiet: those that may stand beside death. any_colour: those that take a brand's colours; all others keep their own.
    unfit: those that look like a tile, an icon or a scene. ruled_out: words of what is sold, by the drawing that they
    rule out.
    """

    trades: Mapping[str, Mapping[str, tuple[str, ...]]]
    sectors: Mapping[str, tuple[str, ...]]
    words: Mapping[str, Mapping[str, str]]
    quiet: frozenset[str]
    any_colour: frozenset[str]
    unfit: frozenset[str]
    ruled_out: Mapping[str, tuple[str, ...]]

    def may_stand(self, drawing: str, *, said: str, sensitive: Collection[str]) -> bool:
        """Whether a drawing may stand for what is sold in these words, beside these subjects."""
        if drawing in self.unfit or (NO_JOKES & set(sensitive) and drawing not in self.quiet):
            return False
        return not _says(said, self.ruled_out.get(drawing, ()))

    def named(self, subject: str, language: str, sector: str) -> str | None:
        """Returns the drawing of the longest words that a subject's head consists of; "" where none fits, None if it is
        none of the table's words."""
        words, said = self.words.get(sector, {}), subject.casefold().split()
        for count in range(len(said), 0, -1):
            head = said[:count] if language in HEAD_FIRST else said[-count:]
            found = words.get(" ".join(head))
            if found is not None:
                return found
        return None

    @property
    def names(self) -> frozenset[str]:
        """The names of all drawings in the table."""
        lists = [listed for trades in self.trades.values() for listed in trades.values()]
        lists += [*self.sectors.values(), *(tuple(words.values()) for words in self.words.values())]
        return frozenset(name for listed in lists for name in listed if name)


@cache
def trade_drawings() -> TradeDrawings:
    """Returns the table. Raises ValueError for one that breaks its schema."""
    text = files("services.media").joinpath("data/trade_drawings.toml").read_text(encoding="utf-8")
    return read_table(text)


def read_table(text: str) -> TradeDrawings:
    """Reads the table. Raises ValueError for a missing or unknown part and for a trade that stands twice."""
    data = tomllib.loads(text)
    parts = {"any_colour", "quiet", "ruled_out", "unfit", "sectors", "words", "trades"}
    if set(data) != parts:
        raise ValueError(f"The table has the parts {', '.join(sorted(data))}, not {', '.join(sorted(parts))}.")
    seen: set[str] = set()
    trades: dict[str, dict[str, tuple[str, ...]]] = {}
    for sector, table in data["trades"].items():
        for trade, listed in table.items():
            if trade in seen:
                raise ValueError(f"The trade {trade} stands in two sectors.")
            if len(listed) > MOST or len(set(listed)) < len(listed):
                raise ValueError(f"The trade {trade} has more than {MOST} drawings, or one twice.")
            seen.add(trade)
        trades[sector] = {trade: tuple(listed) for trade, listed in table.items()}
    for sector, words in (*data["words"].items(), ("ruled_out", [w for ws in data["ruled_out"].values() for w in ws])):
        if wrong := [word for word in words if word != word.casefold()]:
            raise ValueError(f"Words of {sector} are not in lower case: {', '.join(wrong)}.")
    return TradeDrawings(
        trades=trades,
        sectors={sector: tuple(listed) for sector, listed in data["sectors"].items()},
        words=data["words"],
        quiet=frozenset(data["quiet"]),
        any_colour=frozenset(data["any_colour"]),
        unfit=frozenset(data["unfit"]),
        ruled_out={name: tuple(words) for name, words in data["ruled_out"].items()},
    )


def drawings_of(*, trade: str, sector: str, confidence: str) -> tuple[str, ...]:
    """Returns the drawings that show all that a trade sells, the best first; of a sector where the trade is not known.

    The arguments are fields of adwright.catalog.v1.Understanding.
    """
    table = trade_drawings()
    if confidence not in CERTAIN:
        return ()
    return table.trades.get(sector, {}).get(trade, ()) if trade else table.sectors.get(sector, ())


def _says(subject: str, words: Collection[str]) -> bool:
    """Whether a subject has one of the words, by itself or, of PART letters or more, at either end of a compound."""
    said = [word.strip(",.;:!?()[]") for word in subject.casefold().split()]
    return any(
        one == word or (len(word) >= PART and (one.startswith(word) or one.endswith(word)))
        for one in said
        for word in words
    )
