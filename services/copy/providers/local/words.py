"""The engine's own words by language: connectives, lines for what customers wonder, buttons. Data, read once."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from services.copy.domain import Tone

LANGUAGES = ("en", "es", "fr", "de", "it", "pt")  # languages with words of their own; others are quoted only
TONES = {"p": Tone.PROFESSIONAL, "c": Tone.CASUAL, "u": Tone.URGENT, "l": Tone.LUXE, "y": Tone.PLAYFUL, "b": Tone.BOLD}
EVERY_TONE = frozenset(Tone)
# what a brief may ask of its readers; the first that is found counts
ASKED = ("apply", "donate", "book", "sign_up", "call", "urgent", "sell", "tickets", "visit")
_PREFIX = re.compile(r"^([pculyb]{1,6}): ")


@dataclass(frozen=True, slots=True)
class Phrase:
    """A text of the engine and the tones that it suits. It may hold slots such as {name}."""

    text: str
    tones: frozenset[Tone] = EVERY_TONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The words of one language; `frames` by section and name, as in services/copy/data/frames.*.toml.

    `asked`: by what a brief asks of its readers, the phrases that ask it; `demands`: words of texts that ask something
    of the customer; `always`: lines that every text carries; `extras`: words of what a price lacks;
    `welcomes`: of what is allowed (services/copy/data/asked.toml).
    """

    language: str
    frames: Mapping[str, Mapping[str, tuple[Phrase, ...]]]
    buttons: Mapping[tuple[str, str], tuple[str, ...]]
    guards: re.Pattern[str]
    negations: re.Pattern[str]
    forbids: re.Pattern[str]
    dangling: frozenset[str]
    open_end: frozenset[str]
    joints: frozenset[str]
    listing: frozenset[str]
    pronouns: frozenset[str]
    ours: re.Pattern[str]
    back: frozenset[str]
    far: frozenset[str]
    spans: frozenset[str]
    weak_start: frozenset[str]
    empty: frozenset[str]
    heads: frozenset[str]
    attributes: re.Pattern[str]
    informs: re.Pattern[str]
    demands: re.Pattern[str]
    always: re.Pattern[str]
    extras: re.Pattern[str]
    welcomes: re.Pattern[str]
    asked: Mapping[str, re.Pattern[str]]

    def phrases(self, section: str, name: str, tone: Tone) -> list[str]:
        """The phrases of a section that suit a tone, in the order of the data."""
        return [phrase.text for phrase in self.frames.get(section, {}).get(name, ()) if tone in phrase.tones]


def whole_words(entries: Iterable[str]) -> re.Pattern[str]:
    """A pattern of whole words and phrases; an entry that ends with a star matches every ending, one that begins with a
    star every beginning of its word."""
    parts = []
    for entry in sorted(set(entries), key=len, reverse=True):
        text = entry.strip()
        if text == "*":
            parts.append(r"\*")
        elif text.startswith("*"):
            parts.append(rf"{re.escape(text[1:].strip())}(?!\w)")
        elif text.endswith("*"):
            parts.append(rf"(?<!\w){re.escape(text[:-1].strip())}\w*")
        else:
            parts.append(rf"(?<!\w){re.escape(text)}(?!\w)")
    return re.compile("|".join(parts) or r"(?!)", re.IGNORECASE)


def _ages(entries: Iterable[str]) -> re.Pattern[str]:
    """A pattern of phrases of which those that end in a number are about an age ("over 18"): at the end of a clause, or
    before a word for years."""
    either = "|".join(re.escape(word) for word in signs("ages"))
    units = "|".join(re.escape(word) for word in signs("units"))
    parts = []
    for entry in sorted(set(entries), key=len, reverse=True):
        phrase = rf"(?<!\w){re.escape(entry)}"
        if entry[-1].isdigit():
            parts.append(rf"{phrase}(?:(?=\W*$|[.,;!?)](?!\d))|(?=[ \u00a0-](?:{either})(?!\w)))")
        else:
            parts.append(rf"{phrase}(?!\w|\s?(?:{units})\b|\s?\d|\s?[°€$£%])")
    return re.compile("|".join(parts) or r"(?!)", re.IGNORECASE)


def _beginnings(stems: Iterable[str]) -> re.Pattern[str]:
    """A pattern of words that begin with one of the stems."""
    return re.compile("|".join(rf"(?<!\w){re.escape(stem)}" for stem in stems) or r"(?!)", re.IGNORECASE)


def _phrase(text: str) -> Phrase:
    prefix = _PREFIX.match(text)
    if prefix is None:
        return Phrase(text)
    return Phrase(text[prefix.end() :], frozenset(TONES[letter] for letter in prefix[1]))


def read_data(name: str) -> dict[str, Any]:
    return tomllib.loads(files("services.copy.data").joinpath(name).read_text(encoding="utf-8"))


@cache
def words_of(language: str) -> Words:
    """The words of a language; those of a language without any are empty."""
    known = language in LANGUAGES
    forms = read_data("function_words.toml")[language] if known else {}
    asked = read_data("asked.toml")[language] if known else {}
    frames = read_data(f"frames.{language}.toml") if known else {}
    buttons = {
        (platform, goal): tuple(labels)
        for platform, goals in frames.pop("buttons", {}).items()
        for goal, labels in goals.items()
    }
    return Words(
        language=language,
        frames={
            section: {name: tuple(map(_phrase, texts)) for name, texts in table.items()}
            if isinstance(table, dict)
            else {}
            for section, table in frames.items()
        },
        buttons=buttons if known else _translated(words_of("en").buttons, labels_of(language)),
        guards=whole_words(forms.get("guards", ())),
        negations=whole_words(forms.get("negations", ())),
        forbids=whole_words(forms.get("forbids", ())),
        dangling=frozenset(forms.get("dangling", ())),
        open_end=frozenset(forms.get("open_end", ())),
        joints=frozenset(forms.get("joints", ())),
        listing=frozenset(forms.get("listing", ())),
        back=frozenset(forms.get("back", ())),
        ours=whole_words(forms.get("ours", ())),
        pronouns=frozenset(forms.get("pronouns", ())),
        far=frozenset(forms.get("far", ())),
        spans=frozenset(forms.get("spans", ())),
        weak_start=frozenset(forms.get("weak_start", ())),
        empty=frozenset(forms.get("empty", ())),
        heads=frozenset(forms.get("heads", ())),
        attributes=_beginnings(forms.get("attributes", ())),
        informs=_beginnings(forms.get("informs", ())),
        demands=whole_words(asked.get("demands", ())),
        always=_ages(asked.get("always", ())),
        extras=whole_words(asked.get("extras", ())),
        welcomes=whole_words(asked.get("welcomes", ())),
        asked={kind: whole_words(asked[kind]) for kind in ASKED if kind in asked},
    )


@cache
def signs(name: str) -> tuple[str, ...]:
    """Words and marks that mean the same in any language: services/copy/data/signs.toml."""
    return tuple(read_data("signs.toml")[name])


@cache
def labels_of(language: str) -> Mapping[str, str]:
    """The labels of buttons in a language that is quoted only, by the English ones; empty for one without any."""
    labels: Mapping[str, str] = read_data("labels.toml").get(language, {})
    return labels


def _translated(
    buttons: Mapping[tuple[str, str], tuple[str, ...]], labels: Mapping[str, str]
) -> Mapping[tuple[str, str], tuple[str, ...]]:
    """Buttons in the language of the labels, without those that it lacks; the English ones without labels."""
    if not labels:
        return buttons
    return {
        key: tuple(dict.fromkeys(labels[label] for label in row if label in labels)) for key, row in buttons.items()
    }


def read_all() -> None:
    """Reads the words of all languages, so that no request waits for them: about 1 s of processor time."""
    for language in LANGUAGES:
        words_of(language)
