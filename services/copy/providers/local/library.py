"""The engine's tables, read once from services/copy/data into typed values."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from services.copy.domain import Format, Platform, Tone
from services.copy.providers.local.topics import senses_of

_SLOT = re.compile(r"\{(\w+)\}")
_TONES = {"p": Tone.PROFESSIONAL, "c": Tone.CASUAL, "u": Tone.URGENT, "l": Tone.LUXE, "y": Tone.PLAYFUL, "b": Tone.BOLD}
_FORMATS = {"s": Format.SHORT, "l": Format.LONG, "h": Format.HOOK}
_KINDS = {
    "g": "goods", "f": "food", "s": "software", "v": "service", "p": "place", "c": "course", "e": "event", "z": "cause",
}  # fmt: skip
_EVERY_KIND = frozenset(_KINDS.values())
_PLATFORMS = {
    "m": Platform.META, "t": Platform.TIKTOK, "g": Platform.GOOGLE, "l": Platform.LINKEDIN, "p": Platform.PINTEREST,
    "u": Platform.UNIVERSAL,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One way into an ad. For a story `opening` stands between hook and turn, and `body` is the turn. Without a body a
    bridge of the tone brings the product in. With `only`, it suits briefs that hold one of these words."""

    key: str
    angle: str
    hook: str
    body: str
    tones: frozenset[Tone]
    formats: frozenset[Format]
    kinds: frozenset[str]
    opening: str = ""
    compact: bool = False
    platforms: frozenset[Platform] = frozenset(Platform)
    only: frozenset[str] = frozenset()
    made: bool = False  # for one trade or one fact, and so preferred
    slots: frozenset[str] = field(init=False)
    least: int = field(init=False)  # characters of the hook, its slots aside
    merit: float = field(init=False)  # what speaks for it whatever it is filled with
    senses: frozenset[str] = field(init=False)  # what the hook is about, its slots aside

    def __post_init__(self) -> None:
        texts = f"{self.hook} {self.opening} {self.body}"
        object.__setattr__(self, "slots", frozenset(_SLOT.findall(texts)))
        object.__setattr__(self, "least", len(_SLOT.sub("", self.hook)))
        merit = 0.05 * (len(Tone) - len(self.tones)) + (0.4 if self.made else 0.0)
        object.__setattr__(self, "merit", merit)
        object.__setattr__(self, "senses", senses_of(self.hook) if self.made else frozenset())


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of a category; with `only`, it stands only for briefs that hold one of these words."""

    text: str
    only: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Payoff:
    """What a feature means to the person who buys: ways to open an ad with it, and lines that may follow it.

    One text may take such an opening as benefit and another as proof: `hooks` has it twice then. `defining` has them
    for a feature that stands in what the product is."""

    when: re.Pattern[str]
    kinds: frozenset[str]
    hooks: tuple[Frame, ...]
    defining: tuple[Frame, ...]
    lines: dict[Tone, tuple[Line, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bridges:
    """How a tone brings the product in after an opening line; `bare` where the brief says nothing."""

    bridges: tuple[str, ...]
    bare: tuple[str, ...]
    long: tuple[str, ...]
    moments: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """What customers of one kind of goods or service live through."""

    name: str
    kind: str
    nouns: tuple[str, ...]
    keywords: tuple[str, ...]
    pains: tuple[Line, ...]
    moments: tuple[Line, ...]
    people: tuple[Line, ...]
    truths: tuple[Line, ...]
    doubts: tuple[tuple[Line, str], ...]  # and what answers it
    steps: tuple[Line, ...]
    scenes: tuple[tuple[Line, str], ...]  # the opening sentence, and what happens next
    tags: tuple[Line, ...]
    emoji: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """How a tone closes, ends a story, opens a list, names a price and asks."""

    closers: tuple[str, ...]
    endings: tuple[str, ...]
    openers: tuple[str, ...]
    price: tuple[str, ...]
    cta: dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Room for one format on one platform, in characters; `facts` is how many facts support the opening."""

    hook: int
    body: int
    whole: int
    aim: int
    facts: int
    bullets: bool = False
    hook_aim: int = 38


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformRules:
    source: str
    read_on: str  # ISO date
    read_in: str  # where it was read on that day
    fold: int
    hashtags: tuple[int, int]  # fewest and most
    emoji: int
    exclamation: bool
    layouts: dict[Format, Layout]


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(files("services.copy.data").joinpath(name).read_text(encoding="utf-8"))


def _kinds(letters: str) -> frozenset[str]:
    return frozenset(_KINDS[letter] for letter in letters) if letters else _EVERY_KIND


@cache
def frames() -> tuple[Frame, ...]:
    found = []
    for angle, table in _read("frames.toml").items():
        for number, row in enumerate(table["frames"]):
            found.append(
                Frame(
                    key=f"{angle}/{number}",
                    angle=angle,
                    hook=row["hook"],
                    body=row["body"],
                    tones=frozenset(_TONES[letter] for letter in row["tones"]),
                    formats=frozenset(_FORMATS[letter] for letter in row.get("formats", "slh")),
                    kinds=_kinds(row.get("kinds", "")),
                    platforms=frozenset(_PLATFORMS[letter] for letter in row.get("platforms", "mtglpu")),
                )
            )
    return tuple(found)


@cache
def stories() -> tuple[Frame, ...]:
    return tuple(
        Frame(
            key=f"story/{number}",
            angle=row["angle"],
            hook=row["hook"],
            body=row["turn"],
            opening=row["opening"],
            tones=frozenset(_TONES[letter] for letter in row["tones"]),
            formats=frozenset({Format.STORY}),
            kinds=_EVERY_KIND,
            compact=row.get("compact", False),
        )
        for number, row in enumerate(_read("stories.toml")["stories"])
    )


@lru_cache(maxsize=512)
def openings(platform: Platform, format_: Format, tone: Tone | None, kind: str) -> tuple[Frame, ...]:
    """The frames that suit a platform, a format, a tone (any where None) and a kind of goods."""
    return tuple(
        frame
        for frame in (stories() if format_ is Format.STORY else frames())
        if (tone is None or tone in frame.tones)
        and format_ in frame.formats
        and kind in frame.kinds
        and platform in frame.platforms
    )


@cache
def trade_openings(category: str, tone: Tone | None) -> tuple[Frame, ...]:
    """The opening lines of a category in a tone, or in any."""
    return tuple(frame for frame in hooks()[category] if tone is None or tone in frame.tones)


def _lines(rows: list[str]) -> tuple[Line, ...]:
    """A line may end in "@ word word": it then needs one of these words in the brief."""
    found = []
    for row in rows:
        text, _, only = row.partition(" @ ")
        found.append(Line(text=text, only=frozenset(only.split())))
    return tuple(found)


def _answered(rows: list[str]) -> tuple[tuple[Line, str], ...]:
    """Doubts from "doubt => answer @ words"."""
    found = []
    for line in _lines(rows):
        doubt, _, answer = line.text.partition(" => ")
        found.append((replace(line, text=doubt), answer))
    return tuple(found)


def _opening(key: str, tones: str, row: str) -> Frame:
    """A frame from "angle: line @ words": a hook without a body."""
    angle, _, text = row.partition(": ")
    line = _lines([text])[0]
    return Frame(
        key=key, angle=angle, hook=line.text, body="", tones=frozenset(_TONES[letter] for letter in tones),
        formats=frozenset(_FORMATS.values()), kinds=_EVERY_KIND, only=line.only, made=True,
    )  # fmt: skip


@cache
def hooks() -> dict[str, tuple[Frame, ...]]:
    """The opening lines of each category."""
    return {
        category: tuple(
            _opening(f"{category}/{tone}{number}", tone, row)
            for tone, rows in table.items()
            for number, row in enumerate(rows)
        )
        for category, table in _read("hooks.toml").items()
    }


@cache
def payoffs() -> tuple[Payoff, ...]:
    found = []
    for number, row in enumerate(_read("payoffs.toml")["payoff"]):
        lines: dict[Tone, list[Line]] = {tone: [] for tone in Tone}
        for line in row.get("lines", []):
            tones, _, text = line.partition(": ")
            for letter in tones:
                lines[_TONES[letter]].extend(_lines([text]))
        hooks = [
            _opening(f"payoff/{number}.{place}", *hook.split(" ", 1)) for place, hook in enumerate(row.get("hooks", []))
        ]
        found.append(
            Payoff(
                when=re.compile(row["when"]),
                kinds=_kinds(row.get("kinds", "")),
                hooks=(*hooks, *(replace(frame, angle="proof") for frame in hooks if frame.angle == "benefit")),
                defining=tuple(replace(frame, body="{isdef}.") for frame in hooks),
                lines={tone: tuple(rows) for tone, rows in lines.items()},
            )
        )
    return tuple(found)


@cache
def bridges() -> dict[Tone, Bridges]:
    table = _read("bridges.toml")
    return {
        tone: Bridges(
            bridges=tuple(table[tone]["bridges"]),
            bare=tuple(table[tone]["bare"]),
            long=tuple(table[tone]["long"]),
            moments=tuple(table[tone]["moments"]),
        )
        for tone in Tone
    }


@cache
def categories() -> dict[str, Category]:
    found = {}
    for name in ("goods.toml", "food.toml", "software.toml", "services.toml"):
        for key, row in _read(name).items():
            found[key] = Category(
                name=key,
                kind=row["kind"],
                nouns=tuple(row["nouns"]),
                keywords=tuple(row["keywords"]),
                pains=_lines(row["pains"]),
                moments=_lines(row["moments"]),
                people=_lines(row["people"]),
                truths=_lines(row["truths"]),
                doubts=_answered(row["doubts"]),
                steps=_lines(row["steps"]),
                scenes=tuple((_lines([first])[0], then) for first, then in row["scenes"]),
                tags=_lines(row["tags"]),
                emoji=tuple(row["emoji"]),
            )
    return found


@cache
def voices() -> dict[Tone, Voice]:
    table = _read("voices.toml")
    return {
        tone: Voice(
            closers=tuple(table[tone]["closers"]),
            endings=tuple(table[tone]["endings"]),
            openers=tuple(table[tone]["openers"]),
            price=tuple(table[tone]["price"]),
            cta={kind: tuple(lines) for kind, lines in table[tone]["cta"].items()},
        )
        for tone in Tone
    }


@cache
def tone_words() -> dict[str, frozenset[str]]:
    """For each tone (and "calm"), the words by which a brand asks for it."""
    return {name: frozenset(words) for name, words in _read("voices.toml")["words"].items()}


@cache
def platforms() -> dict[Platform, PlatformRules]:
    found = {}
    for name, row in _read("platforms.toml").items():
        low, high = row["hashtags"]
        found[Platform(name)] = PlatformRules(
            source=row["source"],
            read_on=row["read_on"].isoformat(),
            read_in=row["read_in"],
            fold=row["fold"],
            hashtags=(low, high),
            emoji=row["emoji"],
            exclamation=row["exclamation"],
            layouts={format_: Layout(**row[format_]) for format_ in Format},
        )
    return found
