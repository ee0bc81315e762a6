"""Which icon stands beside an item of a list, by what it says, read from services/media/data/benefit_icons.toml."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from services.media.dates import holds_date

DATE: Final = "calendar-days"  # of an item that names a day and nothing else that has an icon
TICK: Final = "check"  # where no icon certainly fits
FITTING: Final = 0.5  # of a list's items that need an icon of their own; with fewer, all have ticks
DENIALS: Final = "denials"
WORD: Final = re.compile(r"[\w%&/+.':-]+")
PUNCTUATION: Final = "&/+.':-"  # that ends no word
FIGURE: Final = "#"  # stands for any figure in a phrase
DOTTED: Final = frozenset({"tr", "az"})  # languages whose capital of "i" has a dot
UNSPACED: Final = frozenset({"ja", "zh", "th"})  # languages written without spaces between words
OTHER_CODES: Final = {"no": "nb", "nn": "nb"}  # languages that share another one's words


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    """The phrases of a language: whole ones, beginnings and endings of words, each with its icon; and what denies."""

    whole: Mapping[str, str]
    beginnings: tuple[tuple[str, str], ...]
    endings: tuple[tuple[str, str], ...]
    denials: re.Pattern[str]
    yielding: frozenset[str]  # icons that go behind any other one
    longest: int  # words of the longest phrase


@dataclass(frozen=True, slots=True, kw_only=True)
class _Match:
    icon: str
    first: int  # place of its first word, or letter
    words: int
    letters: int
    denies: bool  # whether it holds a denial itself


def icons_for(items: Sequence[str], language: str) -> tuple[str, ...]:
    """Returns the name of an icon for each item of a list: no icon twice, TICK where none fits.

    language: BCP 47 code of the items, "en-GB" or "en_GB". All are ticks where fewer than FITTING of the items have an
    icon.
    """
    names: list[str] = []
    for item in items:
        own = fitting_icons(item, language) or ((DATE,) if holds_date(item, language) else ())
        fitting = (name for name in own if name not in names)
        names.append(next(fitting, TICK))
    if sum(name != TICK for name in names) < FITTING * len(names):
        return (TICK,) * len(names)
    return tuple(names)


def fitting_icons(text: str, language: str) -> tuple[str, ...]:
    """Returns the names of icons for what a text says, the best first; () where none certainly fits.

    A time goes behind what happens then; a phrase of more words fits better, then one that stands further ahead. What
    is denied has no icon, unless a phrase holds the denial.
    """
    code = re.split("[-_]", language)[0].casefold()
    words = _tables().get(OTHER_CODES.get(code, code))
    if words is None:
        return ()
    said = _lowered(text, code).replace("’", "'")
    if code in UNSPACED:
        found = _found_anywhere(said, words)
    else:
        tokens = [token for word in WORD.findall(said) if (token := word.rstrip(PUNCTUATION))]
        said = " ".join(tokens)
        found = _found(tokens, words)
    denied = words.denials.search(said) is not None
    fitting = [match for match in found if match.denies or not denied]
    fitting.sort(key=lambda match: (match.icon in words.yielding, -match.words, match.first, -match.letters))
    return tuple(dict.fromkeys(match.icon for match in fitting))


def _lowered(text: str, code: str) -> str:
    """The text in lower case. Turkish has an i with and one without a dot, in both cases."""
    if code in DOTTED:
        text = text.replace("İ", "i").replace("I", "ı")
    return text.lower()


def _found(tokens: list[str], words: _Words) -> list[_Match]:
    matches = []
    figured = [token if any(map(str.isalpha, token)) else FIGURE for token in tokens]
    for first in range(len(tokens)):
        for count in range(1, min(words.longest, len(tokens) - first) + 1):
            phrase = " ".join(tokens[first : first + count])
            icon = words.whole.get(phrase) or words.whole.get(" ".join(figured[first : first + count]))
            if count == 1:
                icon = icon or _compound(phrase, words)
            if icon:
                denies = words.denials.search(phrase) is not None
                matches.append(_Match(icon=icon, first=first, words=count, letters=len(phrase), denies=denies))
    return matches


def _compound(word: str, words: _Words) -> str:
    for beginning, icon in words.beginnings:
        if word.startswith(beginning):
            return icon
    return next((icon for ending, icon in words.endings if word.endswith(ending)), "")


def _found_anywhere(text: str, words: _Words) -> list[_Match]:
    return [
        _Match(
            icon=icon,
            first=text.index(phrase),
            words=1,
            letters=len(phrase),
            denies=words.denials.search(phrase) is not None,
        )
        for phrase, icon in words.whole.items()
        if phrase in text
    ]


def icon_names() -> frozenset[str]:
    """The names of all icons in the table, with the tick."""
    tables = _tables().values()
    listed = (words.whole.values() for words in tables)
    compounds = (icon for words in tables for _, icon in (*words.beginnings, *words.endings))
    return frozenset({TICK, DATE, *compounds}.union(*listed))


@cache
def _tables() -> Mapping[str, _Words]:
    return read_table(files("services.media").joinpath("data/benefit_icons.toml").read_text(encoding="utf-8"))


def read_table(text: str) -> Mapping[str, _Words]:
    """Reads the table, by language. Raises ValueError for a meaning without an icon, and for a phrase that is not in
    lower case or that stands for two meanings of a language."""
    data = tomllib.loads(text)
    denials = data.pop(DENIALS, {})
    phrases: dict[str, dict[str, str]] = {language: {} for language in denials}
    yielding: set[str] = set()
    for meaning, table in data.items():
        icon = table.pop("icon", "")
        if not icon:
            raise ValueError(f"The meaning {meaning} has no icon.")
        if table.pop("yields", False):
            yielding.add(icon)
        for language, listed in table.items():
            if language not in phrases:
                raise ValueError(f"The language {language} of {meaning} has no words that deny.")
            for phrase in listed:
                if phrase != phrase.lower() or not phrase.strip("* "):
                    raise ValueError(f"The phrase {phrase!r} of {meaning} is empty or not in lower case.")
                if phrase in phrases[language]:
                    raise ValueError(f"The phrase {phrase!r} stands for two meanings.")
                phrases[language][phrase] = icon
    return {
        language: _words(own, _denying(denials[language], language), frozenset(yielding))
        for language, own in phrases.items()
    }


def _denying(listed: Sequence[str], language: str) -> re.Pattern[str]:
    if language in UNSPACED:
        return re.compile("|".join(map(re.escape, listed)))
    parts = (r"\S*".join(map(re.escape, phrase.split("*"))) for phrase in listed)
    return re.compile(rf"(?<!\S)(?:{'|'.join(parts)})(?!\S)")


def _words(phrases: Mapping[str, str], denials: re.Pattern[str], yielding: frozenset[str]) -> _Words:
    whole = {phrase: icon for phrase, icon in phrases.items() if "*" not in phrase}
    return _Words(
        whole=whole,
        beginnings=tuple((phrase[:-1], icon) for phrase, icon in phrases.items() if phrase.endswith("*")),
        endings=tuple((phrase[1:], icon) for phrase, icon in phrases.items() if phrase.startswith("*")),
        denials=denials,
        yielding=yielding,
        longest=max((len(phrase.split()) for phrase in whole), default=1),
    )
