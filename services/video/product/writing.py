"""A script for a product film whose request has none: the product's facts in the customer's words, strongest first.

Facts are quoted whole; none is shortened or joined to another. The few words round them are in data/lines.toml.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from services.media.dates import holds_date
from services.video.product.shots import cues
from services.video.product.storyboard import silent_seconds

SELLING: Final = ("benefit", "offer", "proof", "figure", "feature", "logistics")  # roles of facts that a film says
HOOKS: Final = SELLING[:-1]  # of those, what may open it where something does
FOOTNOTE_MARKS: Final = frozenset("*†‡§")
HOOK_WORDS: Final = 4  # of a fact that opens a film, where one has so many: fewer say little alone
WEAKEST: Final = 0.4  # strength below which a fact is left out
LONGEST_WORDS: Final = 16  # of a quoted fact: one breath
MOST_NAME_WORDS: Final = 8  # of a name that is shown whole
NAME_WORDS: Final = 6  # of a name that the brand is said with
MOST_FACTS: Final = 6
OVERLAP: Final = 0.5  # of a fact's words that another has already said
STEM_LETTERS: Final = 5  # by which two forms of a word are the same
DEFAULT_SECONDS: Final = 18
TABLE_ROW: Final = re.compile(r"^(?=[^:]*\d)[^:]{1,30}:\s")  # "20 to 8 days: …": no line that stands alone
POINTING: Final = re.compile(  # to the sentence before it, beside which it will not stand
    r"(?:(?:it|they|he|she)\b|(?:this|that|these|those) (?:one|ones|is|are|was|way)\b|that['’]s\b)", re.IGNORECASE
)
SPOKEN_SHARE: Final = 0.94  # of the reading time: what speech takes
SHORT_SECONDS: Final = 10  # a shorter film says one fact and the name
BRACKETED: Final = re.compile(r"(?<=\S{3})\s+\([^()]*\)$")  # "(pair)": a catalog's note behind a name
NAME_MARKS: Final = re.compile(r"\s+[-–—|]\s+|,\s+(?=\D{0,12}\d)")  # a comma before a size, not in a list


# For languages without lines: names and prices alone, since a film never mixes languages.
NEUTRAL: Final[Mapping[str, Any]] = {
    "named": "{name}, {brand}.",
    "unbranded": "{name}.",
    "price": "{price}.",
    "sale": "{price}.",
    "code": "{code}.",
    "closers": {"none": ""},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A fact of the catalog's understanding."""

    text: str
    role: str
    strength: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What a script is written from. price and old_price: as they are written, "" without one. price_line: the
    customer's statement of the price, with its unit and conditions."""

    name: str
    brand: str
    language: str
    goal: str
    facts: Sequence[Fact]
    price: str = ""
    old_price: str = ""
    price_line: str = ""
    code: str = ""


@cache
def lines() -> Mapping[str, Mapping[str, Any]]:
    """Returns the lines by language."""
    return tomllib.loads(files("services.video.product").joinpath("data/lines.toml").read_text(encoding="utf-8"))


def written_script(
    material: Material, *, seconds: float | None, sayable: Callable[[str], bool], heard: bool = True
) -> str:
    """Writes a script for a film of that many seconds; "" when there is nothing to quote.

    sayable: whether the voice, or captions, can render a line. Facts that cannot be rendered are passed over. heard:
    whether a voice says it: a silent film shows the brand in every picture and need not say it.
    """
    language = material.language.split("-")[0]
    words = lines().get(language) or NEUTRAL
    budget = seconds or DEFAULT_SECONDS
    name = short_name(material.name)
    short = len(name.split()) <= NAME_WORDS
    said = heard and short and bool(material.brand)
    named = words["named" if said and material.brand.casefold() not in name.casefold() else "unbranded"]
    frame = [named.format(name=name, brand=material.brand)]
    if material.price and material.old_price:
        frame.append(words["sale"].format(price=material.price, old=material.old_price))
    elif material.price_line:
        frame.append(_sentence(material.price_line))
    elif material.price:
        frame.append(words["price"].format(price=material.price))
    if material.code:
        frame.append(words["code"].format(code=material.code))
    frame.append(words["closers"].get(material.goal) or words["closers"]["none"])
    frame = [line for line in frame if line and sayable(line)]
    if budget < SHORT_SECONDS:
        frame = frame[:1]
    chosen: list[str] = []
    for fact in _ranked(material):
        if len(chosen) >= MOST_FACTS:
            break
        line = _sentence(fact.text)
        if _said(line, [*chosen, *frame]) or not sayable(line):
            continue
        if material.price and _money(material.price) in _money(line):
            continue
        if _seconds([line, *chosen, *frame]) <= budget:
            chosen.append(line)
    hook, rest = chosen[:1], chosen[1:]
    script = [line for line in (*hook, frame[0] if frame else "", *rest, *frame[1:]) if line]
    while len(script) > 1 and _seconds(script) > budget:
        script.pop(-2)  # the closer stays; offers and prices go before the name and the hook
    return " ".join(script) if chosen or ((material.price or material.price_line) and script) else ""


def _ranked(material: Material) -> list[Fact]:
    """Facts that sell, the strongest first, and behind them where and when; the first one can open a film."""
    return [
        fact
        for fact in sorted(
            material.facts,
            key=lambda fact: (fact.role not in HOOKS, len(fact.text.split()) < HOOK_WORDS, -fact.strength),
        )
        if fact.role in SELLING
        and not set(fact.text) & FOOTNOTE_MARKS  # a footnote limits it, which does not stand beside it in a film
        and not TABLE_ROW.match(fact.text)
        and not fact.text.casefold().startswith(cues().requests)
        and not POINTING.match(fact.text)
        and fact.text.split()[-1].strip(".,;:!?").casefold()
        not in cues().prepositions  # "14+ without": half a sentence
        and fact.strength >= WEAKEST
        and 2 <= len(fact.text.split()) <= LONGEST_WORDS
    ]


def _sentence(text: str) -> str:
    text = " ".join(text.split()).rstrip(",;: ")
    text = text[:1].upper() + text[1:]
    return text if text[-1:] in ".!?…" else f"{text}."


def short_name(name: str) -> str:
    """The name up to its first mark, if that is still a name: the rest is said by the facts."""
    first = _without_size(name)
    return first if sum(word.isalpha() for word in first.split()) >= 2 else name.strip().rstrip(".")


def _without_size(name: str) -> str:
    """The name up to its first mark; a day behind a comma stays, without which an event says nothing."""
    first, *rest = NAME_MARKS.split(name)
    return name.strip() if rest and any(holds_date(part, code) for part in rest for code in lines()) else first.strip()


def shown_name(name: str, subject: str) -> str:
    """The name of a product as films show and say it; where it is a list of search words, what the product is in the
    customer's own words. subject: as the catalog understood it, "" where it did not."""
    short = short_name(BRACKETED.sub("", name))
    short = _capital(short)
    place = short.casefold().find(subject.casefold()) if subject else -1
    if len(short.split()) > MOST_NAME_WORDS and place >= 0 and len(subject.split()) > 1:
        return _capital(short[place : place + len(subject)])
    return short


def _capital(name: str) -> str:
    """A name that begins with a small word, typed in a hurry, with a capital; brands with small letters have others in
    them."""
    first = name.split(" ", maxsplit=1)[0]
    return name[:1].upper() + name[1:] if first.isalpha() and first.islower() else name


def _said(line: str, chosen: Sequence[str]) -> bool:
    new = _terms(line)
    return any(len(new & _terms(old)) >= OVERLAP * min(len(new), len(_terms(old))) for old in chosen)


def _terms(text: str) -> set[str]:
    words = re.findall(r"\w+", text.casefold())
    return {word[:STEM_LETTERS] for word in words if len(word) > 3 or word.isdecimal()} or {text}


def _money(text: str) -> str:
    return re.sub(r"[^\d.,]", "", text).strip(".,")


def _seconds(script: Sequence[str]) -> float:
    return silent_seconds(" ".join(script)) * SPOKEN_SHARE
