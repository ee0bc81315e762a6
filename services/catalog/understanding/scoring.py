"""Weighs what a product's texts say for each trade: names by their place and part, clues, words, and meaning."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from services.catalog.understanding.cues import kinds_in
from services.catalog.understanding.encoder import SentenceEncoder
from services.catalog.understanding.index import TradeIndex
from services.catalog.understanding.matching import Match, Part, find, is_excluded, zone
from services.catalog.understanding.taxonomy import LANGUAGES, alike
from services.catalog.understanding.vocabulary import counted
from services.catalog.understanding.words import Grammar, Word, grammar, words_of

Vector = NDArray[np.float32]

MAX_SENTENCES = 40  # of a description that are read
MAX_FEATURES = 24
MAX_PARTS = 3  # of a name whose meaning is compared with names of trades


class Channel(IntEnum):
    """A kind of evidence; a row of the scores."""

    CATEGORY = 0  # the shop category that the customer gave
    NAME_HEAD = 1  # the head of the product's name
    NAME_REST = 2  # other words of the name
    STATED = 3  # "we are a …"
    OPENING = 4  # nouns of the first two sentences
    TEXT = 5  # nouns of the further ones and of the features
    PROJECT = 6  # the project's name, which is often a brand
    CLUE = 7  # words that occur in adverts of the trade
    MEANING_NAME = 8  # the name is near sample sentences of the trade
    MEANING_START = 9  # the name with the text's start
    MEANING_TEXT = 10  # the description
    MEANING_FEATURES = 11
    NEAR_NAME = 12  # a part of the name is near a name of the trade
    KIND = 13  # the name says that the trade's kind of thing is advertised: "repair", "course", "app"
    VOCABULARY = 14  # single words that the trade's data say more often than others'


# Fitted on development briefs as a conditional logit with weights pulled to those set by hand.
WEIGHTS = np.array([16, 4.5, 3.8, 6.5, 2.6, 1.4, 3, 2.2, 9, 12.5, 12.5, 5, 5.4, 3, 0.4], np.float32)
INNER, AFTER, WHOLE, COMPOUND = 0.42, 0.3, 1.15, 0.8  # what a phrase counts by its part, beside a head's 1
LONGER = 0.15  # more for each further word of a phrase
COMMON = 0.06  # less for each other trade that says the phrase, where it is no head
LONGER_CLUE = 0.25  # likewise of a clue
LATER = 0.85  # a part of the name behind a mark
FOREIGN = 0.45  # an English name in a text of another language
REPEATED = 0.35  # each further name of a trade in a channel, beside the strongest
SIMILAR = 0.7  # what a kind counts that customers do not tell apart from the one that the name says
EARLY = 1.5  # what a word of the name and the first sentence counts, beside one of later sentences
BRAND_WORDS = 3  # of a name that is taken out of the description before its meaning is compared
CONTEXT = 80  # characters of a description that may contradict the name
UNFIT, FIT = -0.5, 1.0  # standard deviations above the mean at which a description contradicts or bears out a name
NEAR = 0.5  # likeness of names below which they have nothing in common


_Field = tuple[Channel, str, str, list[Word]]  # with the source and the text that the words are of


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """A product's cleaned texts in reading order."""

    name: str
    sentences: tuple[str, ...]
    features: tuple[str, ...]
    project: str
    category: str


@dataclass(frozen=True, slots=True)
class Ground:
    """Words that speak for a trade. `match` and `words` are those of the text that holds them."""

    trade: int
    value: float
    channel: Channel
    source: str
    text: str
    match: Match
    words: Sequence[Word]
    language: str

    @property
    def phrase(self) -> str:
        """The words as the customer wrote them."""
        return self.text[self.words[self.match.first].start : self.words[self.match.last].end]

    @property
    def key(self) -> str:
        """The words' stems."""
        return " ".join(word.stem for word in self.words[self.match.first : self.match.last + 1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """`channels` is (channels, trades), `total` (trades,) their weighted sum; `grounds` what stands behind words.

    `fit` (trades,) is 1 where the description bears a trade out, or is too short to tell. `meanings` (4, 512) are the
    vectors of the name, of the name with the beginning of the texts, of the description and of the features; the name's
    in place of what is absent.
    """

    channels: Vector
    total: Vector
    fit: Vector
    meanings: Vector
    grounds: tuple[Ground, ...] = field(default=())


MEANING = (Channel.MEANING_NAME, Channel.MEANING_START, Channel.MEANING_TEXT, Channel.MEANING_FEATURES)


class Scorer:
    """Scores texts by an index. Threads may share it."""

    def __init__(self, index: TradeIndex, encoder: SentenceEncoder) -> None:
        self._index = index
        self._encoder = encoder
        ends = np.append(index.starts[1:], len(index.vectors))
        longest = int((ends - index.starts).max())
        columns = index.starts[:, None] + np.arange(longest)[None, :]
        self._kinds = np.array([trade.kind for trade in index.trades])
        self._missing = columns >= ends[:, None]
        self._columns = np.minimum(columns, len(index.vectors) - 1)

    def score(self, texts: Texts, language: str) -> Scores:
        """Returns the scores of a product whose texts are in this language (BCP 47)."""
        grounds: list[Ground] = []
        known = language.split("-", maxsplit=1)[0].lower()
        fields: list[_Field] = []
        if known in LANGUAGES:
            fields = _fields(texts, known)
            grounds += self._grounds(fields, known)
            if known != "en":
                grounds += self._grounds(_fields(texts, "en"), "en", native=known)
        channels = np.zeros((len(Channel), len(self._index.trades)), np.float32)
        self._add_words(channels, grounds)
        meanings = self._add_meaning(channels, texts, known)
        if known in LANGUAGES:
            stems = _stems(fields, known, first=texts.sentences[:1])
            channels[Channel.VOCABULARY] = self._index.weighed[known].score(stems, channels.shape[1])
        for kind in kinds_in(texts.name, known):
            of_kind = np.array(
                [1.0 if other == kind else SIMILAR if alike(other, kind) else 0 for other in self._kinds]
            )
            np.maximum(channels[Channel.KIND], of_kind, out=channels[Channel.KIND])
        fit = np.ones(channels.shape[1], np.float32)
        if sum(map(len, texts.sentences)) >= CONTEXT:
            fit = fitting(channels[Channel.MEANING_TEXT])
            channels[[Channel.NAME_HEAD, Channel.NAME_REST, Channel.PROJECT]] *= fit
        return Scores(channels=channels, total=WEIGHTS @ channels, fit=fit, meanings=meanings, grounds=tuple(grounds))

    def _grounds(self, fields: Sequence[_Field], language: str, native: str = "") -> list[Ground]:
        """Returns the words that are names or clues in a language; `native` is the texts' own where it is another."""
        found: list[Ground] = []
        functions = grammar(language)
        for channel, source, text, words in fields:
            for match in find(words, self._index.names[language], functions, compounds=language == "de"):
                if native and self._is_native(words, match, native):
                    continue
                share = (FOREIGN if native else 1.0) / len(match.owners)
                value, part = _value(words, match, source) * share, _channel(channel, words, match, functions)
                if part is Channel.NAME_HEAD and text[words[match.last].end :].lstrip().startswith("?"):
                    part = Channel.NAME_REST  # "Old sofa?" asks; what is sold follows
                found.extend(Ground(trade, value, part, source, text, match, words, language) for trade in match.owners)
            if not native and source not in ("project", "category"):
                for match in find(words, self._index.clues[language], functions):
                    value = (1 + LONGER_CLUE * (match.last - match.first)) / len(match.owners)
                    found.extend(
                        Ground(trade, value, Channel.CLUE, source, text, match, words, language)
                        for trade in match.owners
                    )
        return found

    def _is_native(self, words: Sequence[Word], match: Match, native: str) -> bool:
        """Returns True if words of an English name are words of the text's own language too."""
        vocabulary = self._index.vocabulary[native]
        parts = [words[i].text for i in range(match.first, match.last + 1)]
        return any(len(part) < 3 or any(w.stem in vocabulary for w in words_of(part, native)) for part in parts)

    def _add_words(self, channels: Vector, grounds: Sequence[Ground]) -> None:
        """Adds by channel and trade the strongest words and a share of the three next; each clue counts once."""
        values: dict[tuple[Channel, int], dict[str, float]] = {}
        for ground in grounds:
            of_trade = values.setdefault((ground.channel, ground.trade), {})
            of_trade[ground.key] = max(of_trade.get(ground.key, 0.0), ground.value)
        for (channel, trade), by_key in values.items():
            ordered = sorted(by_key.values(), reverse=True)
            share = 1.0 if channel is Channel.CLUE else REPEATED
            channels[channel, trade] += ordered[0] + share * sum(ordered[1:5])

    def _add_meaning(self, channels: Vector, texts: Texts, language: str) -> Vector:
        """Adds how near the texts are to each trade's sentences (mean of the two nearest) and names (the nearest).

        Returns the texts' vectors, as Scores has them.
        """
        description = calm(" ".join(texts.sentences))
        name = calm(texts.name)
        queries = {Channel.MEANING_NAME: name, Channel.MEANING_START: f"{name}. {description}"[:220]}
        if description:
            queries[Channel.MEANING_TEXT] = _without(description, (name, texts.project))[:400] or description[:400]
        if texts.features:
            queries[Channel.MEANING_FEATURES] = calm(" ".join(texts.features))[:200]
        parts = _name_parts(name, language)
        vectors = self._encoder.encode([*queries.values(), *parts])
        near = vectors[: len(queries)] @ self._index.vectors.T  # (queries, sentences)
        by_trade = near[:, self._columns]  # (queries, trades, sentences of a trade)
        by_trade[:, self._missing] = -1
        channels[list(queries)] = np.partition(by_trade, -2, axis=2)[:, :, -2:].mean(axis=2)
        if parts:
            alike = (vectors[len(queries) :] @ self._index.name_vectors.T).max(axis=0)
            best = np.full(channels.shape[1], NEAR, np.float32)
            np.maximum.at(best, self._index.name_owners, alike)
            channels[Channel.NEAR_NAME] = best - NEAR
        found = dict(zip(queries, vectors, strict=False))
        meanings: Vector = np.stack([found.get(channel, vectors[0]) for channel in MEANING])
        return meanings


def fitting(near: Vector) -> Vector:
    """Returns by trade what its words in the name still count beside a description that does not mean it.

    A brand may be another trade's word: "Marmalade gives you tides through one endpoint".
    """
    standard = (near - near.mean()) / max(float(near.std()), 1e-6)
    fit: Vector = np.clip((standard - UNFIT) / (FIT - UNFIT), 0.2, 1.0).astype(np.float32)
    return fit


def calm(text: str) -> str:
    """Returns a text that is mostly in capitals in small letters: the encoder reads capitals as other words."""
    letters = [sign for sign in text if sign.isalpha()]
    return text.lower() if sum(sign.isupper() for sign in letters) > 0.5 * len(letters) else text


def _without(description: str, brands: Sequence[str]) -> str:
    """Returns a description without a product's and project's short names, which are often other trades' words."""
    for brand in brands:
        if brand and len(brand.split()) <= BRAND_WORDS:
            description = re.sub(rf"(?<!\w){re.escape(brand)}(?!\w)", "", description, flags=re.IGNORECASE)
    return description.strip()


def is_said_to_be(words: Sequence[Word], first: int, functions: Grammar) -> bool:
    """Returns True if shortly before stands what says that a thing is one: "we are a", "it is the"."""
    for back in range(first, max(first - 5, 0), -1):
        if words[back].after_break:
            return False
        for length in (2, 1):
            if back >= length and tuple(word.text for word in words[back - length : back]) in functions.is_a:
                return True
    return False


def _fields(texts: Texts, language: str) -> list[_Field]:
    sentences = texts.sentences[:MAX_SENTENCES]
    listed = [
        *((Channel.CATEGORY, "category", part) for part in _category_parts(texts.category)),
        (Channel.NAME_HEAD, "name", texts.name),
        *((Channel.OPENING, "description", sentence) for sentence in sentences[:2]),
        *((Channel.TEXT, "description", sentence) for sentence in sentences[2:]),
        *((Channel.TEXT, "features", feature) for feature in texts.features[:MAX_FEATURES]),
        (Channel.PROJECT, "project", texts.project),
    ]
    return [(channel, source, text, words_of(text, language)) for channel, source, text in listed]


def _stems(fields: Sequence[_Field], language: str, first: Sequence[str]) -> dict[str, float]:
    """Returns the stems of all texts but the project's name, with what each counts, without denied words."""
    found: dict[str, float] = {}
    functions = grammar(language)
    for channel, _, text, words in fields:
        if channel is Channel.PROJECT:
            continue
        factor = EARLY if channel in (Channel.CATEGORY, Channel.NAME_HEAD) or text in first else 1.0
        stems = [word.stem for at, word in enumerate(words) if not is_excluded(words, at, functions)]
        for stem in sorted(counted(stems, language)):
            found[stem] = max(found.get(stem, 0.0), factor)
    return found


def _category_parts(category: str) -> list[str]:
    """Returns the last two parts of a category's path: "Lighting" and "Lamps" of "Home & Garden > Lighting > Lamps"."""
    return [part.strip() for part in re.split(r"[>/|»]", category) if part.strip()][-2:]


def _channel(channel: Channel, words: Sequence[Word], match: Match, functions: Grammar) -> Channel:
    if channel is Channel.NAME_HEAD and match.part not in (Part.WHOLE, Part.HEAD):
        return Channel.NAME_REST
    if channel is Channel.OPENING and match.part is not Part.AFTER and is_said_to_be(words, match.first, functions):
        return Channel.STATED
    return channel


def _value(words: Sequence[Word], match: Match, source: str) -> float:
    """Returns what a name counts by its part, length and place, beside a one-word head."""
    is_head = match.part in (Part.WHOLE, Part.HEAD)
    value = {Part.WHOLE: WHOLE, Part.HEAD: 1.0, Part.INNER: INNER, Part.AFTER: AFTER}[match.part]
    value *= 1 + LONGER * (match.last - match.first)
    if match.compound:
        value *= COMPOUND
    if not is_head or source not in ("name", "category"):
        value /= 1 + COMMON * match.others
    if source == "name" and any(word.after_break for word in words[1 : match.first + 1]):
        value *= LATER
    return value


def _name_parts(name: str, language: str) -> list[str]:
    """Returns the name's first phrases, which marks and prepositions divide, without sizes and codes."""
    known = language if language in LANGUAGES else "en"
    words, parts, at = words_of(name, known), list[str](), 0
    while at < len(words) and len(parts) < MAX_PARTS:
        _, end = zone(words, at, at, grammar(known))
        kept = [w for w in words[at : end + 1] if not any(sign.isdigit() for sign in w.text)]
        if kept and (len(kept) > 1 or len(kept[0].text) > 2):
            parts.append(name[kept[0].start : kept[-1].end])
        at = end + 1
        while at < len(words) and words[at].text in grammar(known).before:
            at += 1
    return parts
