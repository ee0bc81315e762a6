"""The drawings and signs of things and the nouns that name them, read from objects.toml and signs.toml in
services/media/data."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from services.media.noun_phrases import Word, phrases_of, words_of

TABLES: Final = ("objects.toml", "signs.toml")
LANGUAGES: Final = ("en", "es", "fr", "de", "it", "pt")
FOOD: Final = frozenset({"fruit", "vegetable", "food", "drink"})  # classes whose products are named by what is in them
COMPOUNDED: Final = 4  # letters of a noun within a German compound, at least: "Preis" is not "Eis"
REST: Final = 3  # of the other part
LINKS: Final = ("", "s", "n", "en", "e", "es")  # between the parts of German compounds
MOST_WORDS: Final = 4  # of a noun


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """A drawing with what it may stand for. strict: only its sectors count, not the open ones. certain: its nouns mean
    nothing else, so that no sector need be known. heads_only: its nouns count only as what a name says it is. general:
    it gives way to any other thing. serves: it also stands for its accessories. edible: it stands for what is made of
    it. group: its table."""

    drawing: str
    sectors: frozenset[str]
    strict: bool
    certain: bool
    heads_only: bool
    general: bool
    serves: bool
    edible: bool
    group: str


@dataclass(frozen=True, slots=True)
class Mention:
    """A thing that words name: words[first..last]. joined: the noun is the first part of a compound, and the words say
    another thing that has to do with it."""

    thing: Thing
    first: int
    last: int
    joined: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Objects:
    """All things. nouns: by language and words, singular and plural; None: they name another thing."""

    things: Mapping[str, Thing]
    nouns: Mapping[str, Mapping[tuple[str, ...], Thing | None]]
    open_sectors: frozenset[str]
    titled: frozenset[str]
    portions: frozenset[str]

    def mentions(self, words: Sequence[Word], language: str) -> Iterator[Mention]:
        """Yields the things that words name, from left to right, of nouns within nouns the longest."""
        nouns = self.nouns[language]
        at = 0
        while at < len(words):
            for count in range(min(MOST_WORDS, len(words) - at), 0, -1):
                if any(word.pause for word in words[at + 1 : at + count]):
                    continue
                said = tuple(word.text for word in words[at : at + count])
                if said in nouns:
                    thing = nouns[said]
                    if thing is not None:
                        yield Mention(thing, at, at + count - 1)
                    at += count
                    break
            else:
                if language == "de":
                    yield from _in_compound(nouns, words[at].text, at)
                at += 1


@cache
def objects() -> Objects:
    """Returns the table. Raises ValueError for one that breaks its schema."""
    folder = files("services.media").joinpath("data")
    return read_objects(*(folder.joinpath(name).read_text(encoding="utf-8") for name in TABLES))


def read_objects(text: str, *further: str) -> Objects:
    """Reads the table. further: tables of the same form, without lists of their own.

    Raises ValueError for an unknown part and for a noun or a drawing that stands twice.
    """
    data = tomllib.loads(text)
    lists = {name: frozenset(data.pop(name)) for name in ("open", "titled", "portions")}
    groups: list[tuple[str, dict[str, Any]]] = []
    others: list[tuple[str, str]] = []
    for read in (data, *map(tomllib.loads, further)):
        others += read.pop("others", {}).items()
        groups += read.items()
    things: dict[str, Thing] = {}
    nouns: dict[str, dict[tuple[str, ...], Thing | None]] = {language: {} for language in LANGUAGES}
    for name, table in groups:
        sectors, serves = table.pop("sectors"), table.pop("serves", False)
        for drawing, entry in table.items():
            if unknown := set(entry) - {*LANGUAGES, "only", "also", "head", "certain", "general"}:
                raise ValueError(f"The drawing {drawing} has unknown parts: {', '.join(sorted(unknown))}.")
            if drawing in things:
                raise ValueError(f"The drawing {drawing} stands twice.")
            things[drawing] = thing = Thing(
                drawing=drawing,
                sectors=frozenset(entry.get("only") or [*sectors, *entry.get("also", ())]),
                strict="only" in entry,
                certain="only" not in entry or entry.get("certain", False),
                heads_only=entry.get("head", False),
                general=entry.get("general", False),
                serves=serves,
                edible=name in FOOD,
                group=name,
            )
            _enter(nouns, thing, entry)
    for language, listing in others:
        for noun in _listed(listing):
            if noun in nouns[language]:
                raise ValueError(f"The noun {' '.join(noun)} ({language}) names a thing and is another.")
            nouns[language][noun] = None
    for language, listed in nouns.items():  # after all singulars: a form of one noun may be another noun
        for noun, named in list(listed.items()):
            for form in _plurals(noun, language):
                listed.setdefault(form, named)
    return Objects(
        things=things,
        nouns=nouns,
        open_sectors=lists["open"],
        titled=lists["titled"],
        portions=lists["portions"],
    )


def _listed(text: str) -> list[tuple[str, ...]]:
    """The nouns of a list with commas, as words."""
    return [tuple(word.text for word in words_of(noun)) for noun in text.split(",") if noun.strip()]


def _enter(nouns: Mapping[str, dict[tuple[str, ...], Thing | None]], thing: Thing, entry: Mapping[str, Any]) -> None:
    for language in LANGUAGES:
        for noun in filter(None, (part.strip() for part in entry.get(language, "").split(","))):
            singular = tuple(word.text for word in words_of(noun))
            if noun != noun.lower() or nouns[language].get(singular, thing) is not thing:
                raise ValueError(f"The noun {noun} ({language}) stands twice, or is not in small letters.")
            nouns[language][singular] = thing


def _in_compound(nouns: Mapping[tuple[str, ...], Thing | None], word: str, at: int) -> Iterator[Mention]:
    """The thing that a German compound is ("Klapprad"), else the one that it has to do with ("Erdbeerhof")."""
    for start in range(REST, len(word) - COMPOUNDED + 1):
        if (head := (word[start:],)) in nouns:
            thing = nouns[head]
            if thing is not None:
                yield Mention(thing, at, at)
            return  # "Tageskarte" is no kart
    for end in range(len(word) - REST, COMPOUNDED - 1, -1):
        part = word[:end]
        for link in LINKS:
            first = (part.removesuffix(link),)
            if part.endswith(link) and first in nouns:
                thing = nouns[first]
                if thing is not None:
                    yield Mention(thing, at, at, joined=True)
                return


def _plurals(noun: tuple[str, ...], language: str) -> Iterator[tuple[str, ...]]:
    """Forms of a noun that may be its plural; those that do not exist do no harm."""
    if phrases_of(language).head_last:
        for form in _PLURALS[language](noun[-1]):
            yield (*noun[:-1], form)
        return
    for form in _PLURALS[language](noun[0]):
        yield (form, *noun[1:])
        if len(noun) == 2:
            for second in _PLURALS[language](noun[1]):
                yield (form, second)


def _english(word: str) -> Iterator[str]:
    yield from (f"{word}s", f"{word}es")
    if word.endswith("y"):
        yield f"{word[:-1]}ies"


def _german(word: str) -> Iterator[str]:
    yield from (f"{word}{ending}" for ending in ("e", "en", "n", "er", "ern", "s", "es"))
    if word.endswith("e"):
        yield word[:-1]  # in compounds: "Kirschbaum"
    for plain, changed in (("a", "ä"), ("o", "ö"), ("u", "ü")):
        head, vowel, tail = word.rpartition(plain)
        if vowel:
            yield from (f"{head}{changed}{tail}{ending}" for ending in ("", "e", "en", "er", "ern", "n"))


def _french(word: str) -> Iterator[str]:
    yield from (f"{word}s", f"{word}x")
    if word.endswith("al"):
        yield f"{word[:-2]}aux"


def _spanish(word: str) -> Iterator[str]:
    yield from (f"{word}s", f"{word}es")
    if word.endswith("z"):
        yield f"{word[:-1]}ces"
    for accented, plain in (("ón", "on"), ("án", "an"), ("ín", "in"), ("és", "es")):
        if word.endswith(accented):
            yield f"{word.removesuffix(accented)}{plain}es"


def _portuguese(word: str) -> Iterator[str]:
    yield from (f"{word}s", f"{word}es")
    if word.endswith("m"):
        yield f"{word[:-1]}ns"
    if word.endswith("ão"):
        yield from (f"{word[:-2]}{ending}" for ending in ("ões", "ães", "ãos"))
    if word.endswith("l"):
        yield f"{word[:-1]}is"


def _italian(word: str) -> Iterator[str]:
    stem = word[:-1]
    if word.endswith("io"):
        yield stem
    if word[-1:] in "oe":
        yield f"{stem}i"
    if word.endswith("a"):
        yield f"{stem}e"
    if word.endswith(("co", "go")):
        yield f"{stem}hi"
    if word.endswith(("ca", "ga")):
        yield f"{stem}he"
    if word.endswith(("cia", "gia")):
        yield f"{word[:-2]}e"


_PLURALS: Final = {
    "en": _english,
    "de": _german,
    "fr": _french,
    "es": _spanish,
    "pt": _portuguese,
    "it": _italian,
}
