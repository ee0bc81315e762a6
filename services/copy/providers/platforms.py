"""What the advertising platforms take: lengths, hashtags, emoji. Read from services/copy/data/platforms.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from unicodedata import east_asian_width

from services.copy.domain import Format, Platform


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Room for one format on one platform, in characters.

    `whole` bounds hook and body with the space between; `aim` is the length of body worked towards; `facts` is how many
    facts support the opening.
    """

    hook: int
    body: int
    whole: int
    aim: int
    facts: int
    bullets: bool = False
    hook_aim: int = 38


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformRules:
    """The rules of one platform.

    `hashtags`: fewest and most. `enforced`: formats whose texts may be no longer, whatever for. `read_on` is an ISO
    date, `read_in` where it was read.
    """

    source: str
    read_on: str
    read_in: str
    fold: int
    hashtags: tuple[int, int]
    emoji: int
    exclamation: bool
    wide_counts_double: bool
    enforced: frozenset[Format]
    layouts: dict[Format, Layout]

    def room_for(self, lines: int, form: Format) -> int:
        """Characters by which a body may be longer for `lines` characters of text that the law asks for."""
        if form in self.enforced:
            return 0
        return max(0, min(lines, self.layouts[Format.LONG].body - self.layouts[form].body))

    def length(self, text: str) -> int:
        """The length of a text as the platform counts it."""
        if not self.wide_counts_double:
            return len(text)
        return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


@cache
def platforms() -> dict[Platform, PlatformRules]:
    """The rules of all platforms."""
    table = tomllib.loads(files("services.copy.data").joinpath("platforms.toml").read_text(encoding="utf-8"))
    return {
        Platform(name): PlatformRules(
            source=row["source"],
            read_on=row["read_on"].isoformat(),
            read_in=row["read_in"],
            fold=row["fold"],
            hashtags=(row["hashtags"][0], row["hashtags"][1]),
            emoji=row["emoji"],
            exclamation=row["exclamation"],
            wide_counts_double=row.get("wide_counts_double", False),
            enforced=frozenset(map(Format, row.get("enforced", ()))),
            layouts={form: Layout(**row[form.value]) for form in Format},
        )
        for name, row in table.items()
    }
