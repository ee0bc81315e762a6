"""Recognises what a product's texts advertise: its trade or at least its sector or kind, and says by which words."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.catalog.understanding.cues import goals_in, kinds_in, subjects_in
from services.catalog.understanding.encoder import SentenceEncoder, shared_encoder
from services.catalog.understanding.index import TradeIndex
from services.catalog.understanding.scoring import WEIGHTS, Channel, Ground, Scorer, Scores, Texts
from services.catalog.understanding.subject import subject_of
from services.catalog.understanding.taxonomy import LANGUAGES, alike
from services.catalog.understanding.text import clean_name, segments
from services.catalog.understanding.values import NOT_KNOWN, Evidence, ProductTexts, Recognition

SURE, LIKELY = "sure", "likely"
MAX_EVIDENCE = 4

# Probabilities are those of the trades' scores under a softmax; the floors were set on development briefs.
SURE_PROBABILITY, SURE_WORDS = 0.93, 3.5
LIKELY_PROBABILITY, LIKELY_WORDS = 0.62, 1.2
NAMED_PROBABILITY, NAMED = 0.15, 0.9  # the head of the name is a name of this trade alone
FIT = 0.4  # below it, the description is about something else than the name
MEANT_PROBABILITY, MEANT_SCORE = 0.7, 14.0  # without words that name the trade
NEAREST_PROBABILITY, NEAREST_SECTOR, NEAREST_SCORE = 0.45, 0.93, 14.5  # the rest goes to trades of the same sector
FOREIGN_PROBABILITY, FOREIGN_SCORE = 0.65, 15.5  # in a language without names
SECTOR_PROBABILITY, SECTOR_SCORE = 0.85, 11.5
KIND_PROBABILITY, KIND_SCORE = 0.85, 10.5
OTHER_KIND = 8.0  # what a trade of another kind than the customer's loses
USUAL_GOAL = {
    "event": "book",
    "job": "apply",
    "cause": "donate",
    "good": "sell",
}  # of other kinds it depends on the trade
WORDS = slice(Channel.CATEGORY, Channel.CLUE + 1)


@dataclass(frozen=True, slots=True)
class _Reading:
    """The scores of a product, and the probabilities of trades."""

    scores: Scores
    probability: NDArray[np.float32]

    @property
    def top(self) -> int:
        return int(np.argmax(self.probability))


class Recogniser:
    """Recognises products. Threads may share it."""

    def __init__(self, index: TradeIndex, encoder: SentenceEncoder | None = None) -> None:
        self._index = index
        self._scorer = Scorer(index, encoder or shared_encoder())
        self._sectors = sorted({trade.sector for trade in index.trades})
        self._kinds = sorted({trade.kind for trade in index.trades})
        self._sector_of = np.array([self._sectors.index(trade.sector) for trade in index.trades])
        self._kind_of = np.array([self._kinds.index(trade.kind) for trade in index.trades])

    def recognise(self, texts: ProductTexts, language: str) -> Recognition:
        """Returns what the texts, whose language has this BCP 47 code, advertise. Takes 10 to 50 ms."""
        read = _texts(texts)
        known = language.split("-", maxsplit=1)[0].lower()
        reading = self._reading(read, texts, known)
        top = reading.top
        marked = kinds_in(read.name, known)
        confidence = self._confidence(reading, marked, kinds_in(" ".join(read.sentences[:2]), known), known)
        if confidence == NOT_KNOWN:
            return self._without_trade(reading, read, texts, known)
        trade = self._index.trades[top]
        said = [read.name, *read.sentences, *read.features]
        kind = texts.kind or (next(iter(marked)) if len(marked) == 1 else trade.kind)
        goal, goal_words = goals_in(said, known, kind)
        return Recognition(
            confidence=confidence,
            kind=kind,
            trade=trade.id,
            sector=trade.sector,
            subject=subject_of(
                reading.scores.grounds, top, read.project, self._index.vocabulary.get(known, frozenset())
            ),
            goal=texts.goal or goal or trade.goal,
            sensitive=_joined(trade.sensitive, subjects_in("sensitive", read.name, said, known)),
            regulated=_joined(trade.regulated, subjects_in("regulated", read.name, said, known)),
            evidence=(
                *_evidence(reading.scores, top),
                *_field_evidence(texts),
                *(
                    [Evidence(decided="goal", source="description", words=goal_words, by="phrase")]
                    if goal and not texts.goal
                    else []
                ),
            ),
        )

    def _reading(self, read: Texts, texts: ProductTexts, language: str) -> _Reading:
        scores = self._scorer.score(read, language)
        total = scores.total.copy()
        if texts.kind:
            for position, kind in enumerate(self._kinds):
                if kind != texts.kind:
                    total[self._kind_of == position] -= OTHER_KIND / (4 if alike(kind, texts.kind) else 1)
        weight = np.exp(total - total.max())
        return _Reading(scores, weight / weight.sum())

    def _confidence(self, reading: _Reading, kinds: Collection[str], opening: Collection[str], language: str) -> str:
        """Returns how sure the likeliest trade is. kinds, opening: those that the name and the first sentences say."""
        top = reading.top
        probability = reading.probability[top]
        words = float(WEIGHTS[WORDS] @ reading.scores.channels[WORDS, top])
        if len({ground.key for ground in reading.scores.grounds if ground.trade == top}) < 2:
            words -= float(WEIGHTS[Channel.CLUE] * reading.scores.channels[Channel.CLUE, top])  # one clue is chance
        total = reading.scores.total[top] - WEIGHTS[Channel.KIND] * reading.scores.channels[Channel.KIND, top]
        if language not in LANGUAGES:
            return LIKELY if probability >= FOREIGN_PROBABILITY and total >= FOREIGN_SCORE else NOT_KNOWN
        if self._contradicts(top, kinds) or reading.scores.fit[top] < FIT:
            return NOT_KNOWN
        named = reading.scores.channels[[Channel.CATEGORY, Channel.NAME_HEAD, Channel.STATED]].max(axis=0)
        is_said = named[top] >= NAMED and not self._contradicts(top, opening)
        if probability >= SURE_PROBABILITY and words >= SURE_WORDS and is_said:
            return SURE
        if probability >= NAMED_PROBABILITY and named[top] >= NAMED and np.delete(named, top).max() < NAMED / 2:
            return LIKELY
        if probability >= LIKELY_PROBABILITY and words >= LIKELY_WORDS:
            return LIKELY
        if probability >= MEANT_PROBABILITY and total >= MEANT_SCORE:
            return LIKELY
        in_sector = reading.probability[self._sector_of == self._sector_of[top]].sum()
        if probability >= NEAREST_PROBABILITY and in_sector >= NEAREST_SECTOR and total >= NEAREST_SCORE:
            return LIKELY
        return NOT_KNOWN

    def _contradicts(self, trade: int, kinds: Collection[str]) -> bool:
        """Returns True if the name says another kind of thing: "mirror recoating" sells no mirrors."""
        kind = self._index.trades[trade].kind
        return bool(kinds) and not any(alike(kind, marked) for marked in kinds)

    def _without_trade(self, reading: _Reading, read: Texts, texts: ProductTexts, language: str) -> Recognition:
        """Returns the sector and kind where several trades of one are likely, else what the texts say of themselves."""
        score = float(reading.scores.total.max())
        sectors = np.bincount(self._sector_of, reading.probability, len(self._sectors))
        kinds = np.bincount(self._kind_of, reading.probability, len(self._kinds))
        sector, kind = "", texts.kind
        evidence = list(_field_evidence(texts))
        if reading.scores.fit[reading.top] < FIT:  # the name and the description are about different things
            score = 0.0
        marked = kinds_in(read.name, language)
        fits = not self._contradicts(reading.top, marked)
        if fits and sectors.max() >= SECTOR_PROBABILITY and score >= SECTOR_SCORE:
            sector = self._sectors[int(sectors.argmax())]
        if not kind and len(marked) == 1:
            kind, words = next(iter(marked.items()))
            evidence.append(Evidence(decided="kind", source="name", words=words, by="phrase"))
        elif not kind and not marked and kinds.max() >= KIND_PROBABILITY and score >= KIND_SCORE:
            kind = self._kinds[int(kinds.argmax())]
            evidence.append(Evidence(decided="kind", source="description", words="", by="meaning"))
        said = [read.name, *read.sentences, *read.features]
        return Recognition(
            confidence=NOT_KNOWN,
            kind=kind,
            sector=sector,
            goal=texts.goal or (goals_in(said, language, kind)[0] or USUAL_GOAL.get(kind, "") if kind else ""),
            sensitive=subjects_in("sensitive", read.name, said, language),
            regulated=subjects_in("regulated", read.name, said, language),
            evidence=tuple(evidence),
        )


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
    if not best or sum(map(_weight, best.values())) < LIKELY_WORDS:
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
