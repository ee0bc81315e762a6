"""Recognises what a product's texts advertise: its trade or at least its sector or kind, and says by which words."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.catalog.understanding.aims import GOALS, KINDS, SURE_OF_KIND, Aimed, Aims, likeliest, sure_goal
from services.catalog.understanding.cues import (
    allowed_goals,
    goals_stated,
    is_lent_by,
    kinds_in,
    rental_in,
    subjects_in,
)
from services.catalog.understanding.encoder import SentenceEncoder, shared_encoder
from services.catalog.understanding.index import TradeIndex
from services.catalog.understanding.scoring import WEIGHTS, Channel, Ground, Scorer, Scores, Texts
from services.catalog.understanding.subject import subject_behind_code, subject_of
from services.catalog.understanding.taxonomy import LANGUAGES, alike
from services.catalog.understanding.text import clean_name, segments
from services.catalog.understanding.values import NOT_KNOWN, Evidence, ProductTexts, Recognition
from services.catalog.understanding.ways import ways_in

SURE, LIKELY = "sure", "likely"
THINKABLE = 0.3  # chance of a goal that the texts state
MAX_EVIDENCE = 4

# How likely the leading trade is right: a logistic model, fitted with ridge 2 on development briefs whose trades were
# labelled by hand, and cross-validated there. The floors are where at most 2 % of all briefs get a wrong trade.
CERTAINTY = {"constant": -2.15, "lead": 0.38, "total": 0.040, "named": 1.1, "sector": 2.7, "known_language": -0.9}
MAX_LEAD, MAX_TOTAL = 8.0, 40.0  # above them, more adds no certainty
LIKELY_CERTAINTY, SURE_CERTAINTY = 0.8, 0.95
SURE_WORDS = 3.5  # of names and clues, weighed
NAMED = 0.9  # the head of the name, or what the text says it is, is a name of the trade
LEAST_WORDS = 1.2  # an evidence by words above which no meaning is quoted
LEAST_SCORE = 9.0  # below it, the texts name nothing
FIT = 0.4  # below it, the description is about something else than the name
# Probabilities are those of the trades' scores under a softmax.
SECTOR_PROBABILITY, SECTOR_SCORE = 0.85, 11.5
SAYING = (
    6  # words of three letters and more that texts of an unknown trade need; "Ref. 22, in 24 hours" may be anything
)
OTHER_KIND = 8.0  # what a trade of another kind than the customer's loses
LENT_WITHIN = 2  # sentences that may say that the thing is lent; later ones speak of something beside it
WORDS = slice(Channel.CATEGORY, Channel.CLUE + 1)
NAMING = [Channel.CATEGORY, Channel.NAME_HEAD, Channel.STATED]


@dataclass(frozen=True, slots=True)
class Reading:
    """The scores of a product, and the probabilities of trades."""

    scores: Scores
    total: NDArray[np.float32]  # the scores' total, without trades of another kind than the customer's
    probability: NDArray[np.float32]

    @property
    def top(self) -> int:
        return int(np.argmax(self.probability))


class Readings:
    """Reads products by the words and sentences of the taxonomy. Threads may share it."""

    def __init__(self, index: TradeIndex, encoder: SentenceEncoder) -> None:
        self._scorer = Scorer(index, encoder)
        self._kind_of = np.array([KINDS.index(trade.kind) for trade in index.trades])
        self._goal_of = np.array([GOALS.index(trade.goal) for trade in index.trades])

    def aimed(self, texts: ProductTexts, language: str) -> Aimed:
        """Returns what the models of kinds and goals read of a product whose language has this BCP 47 code."""
        read = _texts(texts)
        known = language.split("-", maxsplit=1)[0].lower()
        return self.aimed_of(self.of(read, texts, known), read, texts, known)

    def of(self, read: Texts, texts: ProductTexts, language: str) -> Reading:
        """Returns the scores and probabilities of the trades."""
        scores = self._scorer.score(read, language)
        total = scores.total.copy()
        if texts.kind:
            for position, kind in enumerate(KINDS):
                if kind != texts.kind:
                    total[self._kind_of == position] -= OTHER_KIND / (4 if alike(kind, texts.kind) else 1)
        weight = np.exp(total - total.max())
        return Reading(scores, total, weight / weight.sum())

    def aimed_of(self, reading: Reading, read: Texts, texts: ProductTexts, language: str) -> Aimed:
        """Returns what the models of kinds and goals read of a product that has been read."""
        said = [read.name, *read.sentences, *read.features]
        kinds = np.bincount(self._kind_of, reading.probability, len(KINDS))
        goals = np.bincount(self._goal_of, reading.probability, len(GOALS))
        return Aimed(
            name=read.name,
            sentences=read.sentences,
            features=read.features,
            meanings=reading.scores.meanings,
            by_trade=np.concatenate([kinds, goals]).astype(np.float32),
            marked=kinds_in(read.name, language),
            stated={goal: count for goal, (_, count) in goals_stated(said, language).items()},
            ways=frozenset(ways_in(". ".join(said), language)),
            lent=bool(rental_in(read.name, read.sentences[:LENT_WITHIN], language)) or is_lent_by(texts.price_per),
            priced=bool(texts.price or texts.sale_price),
        )


class Recogniser:
    """Recognises products. Threads may share it."""

    def __init__(self, index: TradeIndex, encoder: SentenceEncoder | None = None) -> None:
        self._index = index
        self._readings = Readings(index, encoder or shared_encoder())
        self._aims = Aims(index.aims)
        self._sectors = sorted({trade.sector for trade in index.trades})
        self._sector_of = np.array([self._sectors.index(trade.sector) for trade in index.trades])

    def recognise(self, texts: ProductTexts, language: str) -> Recognition:
        """Returns what the texts, whose language has this BCP 47 code, advertise. Takes 10 to 50 ms."""
        read = _texts(texts)
        known = language.split("-", maxsplit=1)[0].lower()
        reading = self._readings.of(read, texts, known)
        top = reading.top
        marked = kinds_in(read.name, known)
        confidence = self._confidence(reading, marked, kinds_in(" ".join(read.sentences[:2]), known), known)
        if confidence == NOT_KNOWN:
            return self._without_trade(reading, read, texts, known)
        trade = self._index.trades[top]
        said = [read.name, *read.sentences, *read.features]
        kind = texts.kind or (next(iter(marked)) if len(marked) == 1 else trade.kind)
        product = self._readings.aimed_of(reading, read, texts, known)
        goal, asked = self._goal(product, self._aims.chances(product)[1], texts, known)
        return Recognition(
            confidence=confidence,
            kind=kind,
            trade=trade.id,
            sector=trade.sector,
            subject=subject_of(
                reading.scores.grounds, top, read.project, self._index.vocabulary.get(known, frozenset())
            )
            or subject_behind_code(read.name, read.sentences, known),
            goal=goal,
            sensitive=_joined(trade.sensitive, subjects_in("sensitive", read.name, said, known)),
            regulated=_joined(trade.regulated, subjects_in("regulated", read.name, said, known)),
            evidence=(
                *_evidence(reading.scores, top),
                *_field_evidence(texts),
                *asked,
            ),
        )

    def _confidence(self, reading: Reading, kinds: Collection[str], opening: Collection[str], language: str) -> str:
        """Returns how sure the likeliest trade is. kinds, opening: those that the name and the first sentences say."""
        top = reading.top
        words = float(WEIGHTS[WORDS] @ reading.scores.channels[WORDS, top])
        if len({ground.key for ground in reading.scores.grounds if ground.trade == top}) < 2:
            words -= float(WEIGHTS[Channel.CLUE] * reading.scores.channels[Channel.CLUE, top])  # one clue is chance
        if language in LANGUAGES and (self._contradicts(top, kinds) or reading.scores.fit[top] < FIT):
            return NOT_KNOWN
        named = reading.scores.channels[NAMING, top].max() >= NAMED
        certainty = self._certainty(reading, named=bool(named), known_language=language in LANGUAGES)
        if certainty < LIKELY_CERTAINTY:
            return NOT_KNOWN
        is_said = named and not self._contradicts(top, opening)
        return SURE if certainty >= SURE_CERTAINTY and words >= SURE_WORDS and is_said else LIKELY

    def _certainty(self, reading: Reading, *, named: bool, known_language: bool) -> float:
        """Returns how likely the leading trade is right, 0 to 1; 0 if the texts name nothing."""
        top = reading.top
        second, first = np.partition(reading.total, -2)[-2:]
        if known_language and not reading.scores.channels[Channel.VOCABULARY, top] > 0:
            return 0.0
        if first - WEIGHTS[Channel.KIND] * reading.scores.channels[Channel.KIND, top] < LEAST_SCORE:
            return 0.0
        found = {
            "constant": 1.0,
            "lead": min(float(first - second), MAX_LEAD),
            "total": min(float(first), MAX_TOTAL),
            "named": float(named),
            "sector": float(reading.probability[self._sector_of == self._sector_of[top]].sum()),
            "known_language": float(known_language),
        }
        return float(1 / (1 + np.exp(-sum(CERTAINTY[name] * value for name, value in found.items()))))

    def _contradicts(self, trade: int, kinds: Collection[str]) -> bool:
        """Returns True if the name says another kind of thing: "mirror recoating" sells no mirrors."""
        kind = self._index.trades[trade].kind
        return bool(kinds) and not any(alike(kind, marked) for marked in kinds)

    def _without_trade(self, reading: Reading, read: Texts, texts: ProductTexts, language: str) -> Recognition:
        """Returns the sector and kind where several trades of one are likely, else what the texts say of themselves."""
        score = float(reading.scores.total.max())
        sectors = np.bincount(self._sector_of, reading.probability, len(self._sectors))
        sector, kind = "", texts.kind
        evidence = list(_field_evidence(texts))
        if reading.scores.fit[reading.top] < FIT:  # the name and the description are about different things
            score = 0.0
        said = [read.name, *read.sentences, *read.features]
        product = self._readings.aimed_of(reading, read, texts, language)
        kinds, goals = self._aims.chances(product)
        marked = kinds_in(read.name, language)
        fits = not self._contradicts(reading.top, marked)
        if fits and sectors.max() >= SECTOR_PROBABILITY and score >= SECTOR_SCORE:
            sector = self._sectors[int(sectors.argmax())]
        if not kind and len(marked) == 1:
            kind, words = next(iter(marked.items()))
            evidence.append(Evidence(decided="kind", source="name", words=words, by="phrase"))
        elif not kind and not marked and _says_something(read):
            kind = likeliest(kinds, SURE_OF_KIND)
            if kind:
                evidence.append(Evidence(decided="kind", source="description", words="", by="meaning"))
        goal, asked = self._goal(product, goals, texts, language) if kind or _says_something(read) else (texts.goal, [])
        return Recognition(
            confidence=NOT_KNOWN,
            kind=kind,
            sector=sector,
            subject=subject_behind_code(read.name, read.sentences, language),
            goal=goal,
            sensitive=subjects_in("sensitive", read.name, said, language),
            regulated=subjects_in("regulated", read.name, said, language),
            evidence=(*evidence, *asked),
        )

    def _goal(
        self, product: Aimed, goals: Mapping[str, float], texts: ProductTexts, language: str
    ) -> tuple[str, list[Evidence]]:
        """Returns what the ad asks for, and what shows it: the customer's field, else the likeliest that is
        sure, else the only one that the texts state, if it is THINKABLE: "we install it" downloads nothing.

        Of a kind that the customer gave, it is one that is usual for it.
        """
        if texts.goal:
            return texts.goal, []
        usual = allowed_goals(texts.kind)
        if usual:
            left = {goal: chance for goal, chance in goals.items() if goal in usual}
            goals = {goal: chance / sum(left.values()) for goal, chance in left.items()}
        stated = goals_stated([product.name, *product.sentences, *product.features], language)
        only = next(iter(stated)) if len(stated) == 1 else ""
        goal = sure_goal(goals, product.ways) or (only if goals.get(only, 0.0) >= THINKABLE else "")
        if goal == "sell" and product.lent:
            goal = "book"
        if not goal or (usual and goal not in usual):
            return "", []
        words = stated.get(goal, ("", 0))[0]
        by = "phrase" if words else "meaning"
        return goal, [Evidence(decided="goal", source="description", words=words, by=by)]


def _says_something(read: Texts) -> bool:
    return len(re.findall(r"[^\W\d_]{3,}", " ".join((read.name, *read.sentences, *read.features)))) >= SAYING


def _texts(texts: ProductTexts) -> Texts:
    return Texts(
        name=clean_name(texts.name),
        sentences=tuple(segments(texts.description)),
        features=tuple(part for feature in texts.features for part in segments(feature)),
        project=clean_name(texts.project),
        category=texts.category,
    )


def _evidence(scores: Scores, trade: int) -> list[Evidence]:
    """Returns the words that spoke for a trade, the weightiest first, and the meaning where it weighed more."""
    best: dict[str, Ground] = {}
    for ground in scores.grounds:
        if ground.trade == trade and (ground.key not in best or _weight(ground) > _weight(best[ground.key])):
            best[ground.key] = ground
    found = [
        Evidence(decided="trade", source=ground.source, words=ground.phrase, by=_by(ground))
        for ground in sorted(best.values(), key=_weight, reverse=True)[: MAX_EVIDENCE - 1]
    ]
    if not best or sum(map(_weight, best.values())) < LEAST_WORDS:
        found.append(Evidence(decided="trade", source="description", words="", by="meaning"))
    return found


def _field_evidence(texts: ProductTexts) -> list[Evidence]:
    return [
        Evidence(decided=field, source=field, words=value, by="field")
        for field, value in (("kind", texts.kind), ("goal", texts.goal))
        if value
    ]


def _by(ground: Ground) -> str:
    named = {Channel.CATEGORY: "category", Channel.NAME_HEAD: "name", Channel.CLUE: "clue"}
    return named.get(ground.channel, "phrase")


def _weight(ground: Ground) -> float:
    return float(WEIGHTS[ground.channel]) * ground.value


def _joined(first: Sequence[str], second: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*first, *second)))
