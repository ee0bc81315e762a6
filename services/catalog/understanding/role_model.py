"""Says what a statement most likely is, where no list of words does: learnt from labelled statements of businesses.

A multinomial logistic regression of the sentence encoder's vector, of hashed words and letters, and of a few signs. It
is fitted when the index is built, on data/statements/, and reads all of the encoder's languages.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Final
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from services.catalog.understanding import roles
from services.catalog.understanding.encoder import DIMENSIONS, SentenceEncoder
from services.catalog.understanding.learning import BUCKETS, Array, fit_logistic, pieces_of, share_of, softmax
from services.catalog.understanding.taxonomy import Trade, read_trades
from services.catalog.understanding.values import BESIDE, Fact
from services.catalog.understanding.worth import MAX_CHARACTERS, MOST, Labelled

DATA: Final = Path(__file__).parent / "data"
LIMITS: Final = ("exclusion", "fee", "requirement", "term", "notice")
UNSAID: Final = ("page", "internal", "withdrawal", "question")  # see services.catalog.understanding.unsaid
CLASSES: Final = ("benefit", "feature", "proof", "offer", "price", "logistics", *LIMITS, *UNSAID)
LIMIT_COLUMNS: Final = [CLASSES.index(name) for name in LIMITS]
UNSAID_COLUMNS: Final = [CLASSES.index(name) for name in UNSAID]
SELLING_COLUMNS: Final = [CLASSES.index(name) for name in ("benefit", "feature", "proof", "offer", "price")]
PULL: Final = 0.3  # of the weights towards nought
UNSHOWN: Final = frozenset({"feature", "figure"})  # roles that no word has shown
SHOWN: Final = frozenset(
    {"benefit", "price", "offer", "proof"}
)  # roles that words have shown: these need a higher chance
SURE_OF_SHOWN: Final = 0.95
# Chances to sell from which a statement that words take for a condition ("nobody counts the minutes") is none: it
# stands in texts, and from the second it may lead them. Of the labelled statements that words take for conditions, 57
# and 45 of 100 that sell reach them, and 2.5 and 0.5 of 100 limits.
SELLS: Final = 0.80
SURELY_SELLS: Final = 0.90
LONGEST_RESTORED: Final = 100  # characters; the labelled limits are shorter, so the model does not know longer ones
RESTORED: Final = 0.5  # strength of such a statement, before its worth is weighed
DOUBTED: Final = UNSHOWN | {"logistics"}  # roles of statements that lead nothing where they may be limits
# Chance of a limit from which a statement leads nothing. 2 of 100 selling statements reach it and lose no other
# place.
DOUBTFUL: Final = 0.84
# Likewise, in languages that the encoder reads and for which there are too few selling statements to measure with.
DOUBTFUL_ELSEWHERE: Final = dict.fromkeys(("ar", "ja", "ko", "ru", "th", "tr", "zh"), 0.90)
DESCRIBING: Final = 2  # sentences of a trade and language that are learnt
BATCH: Final = 64  # texts that are encoded at a time
FOLDS: Final = 4  # of the trades, when thresholds are measured

_SIGNS: Final = (
    roles.MONEY,
    roles.PERCENT_OFF,
    roles.TIME,
    re.compile(r"\d"),
    re.compile(r",|:"),
)

READ_SOURCES: Final = frozenset({"features", "description"})  # the other fields say themselves what they are


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement with its language code, its trade and its class."""

    language: str
    trade: str
    role: str
    text: str


def read_statements(folder: Path = DATA / "statements") -> Iterator[Statement]:
    """Yields the labelled statements."""
    for path in sorted(folder.glob("*.toml")):
        for trade, table in tomllib.loads(path.read_text(encoding="utf-8")).items():
            for role, texts in table.items():
                yield from (Statement(path.stem, trade, role, text) for text in texts)


def selling(labelled: Iterable[Labelled]) -> Iterator[Statement]:
    """Yields those statements labelled by worth that people buy for, or that speak for a product."""
    for statement in labelled:
        if statement.worth >= 0.5:
            role = "benefit" if statement.worth > 0.5 else "feature"
            yield Statement(statement.language, "", role, statement.text)


def describing(trades: Iterable[Trade]) -> Iterator[Statement]:
    """Yields sentences of the taxonomy: whole sentences that say what is sold, as descriptions of products do."""
    for trade in trades:
        for language, texts in trade.sentences.items():
            yield from (Statement(language, trade.id, "feature", text) for text in texts[:DESCRIBING])


def labelled_statements(labelled: Iterable[Labelled], trades: Iterable[Trade]) -> list[Statement]:
    """Returns all that the model is fitted on. labelled: by worth (read_labelled)."""
    return [*read_statements(), *selling(labelled), *describing(trades)]


@cache
def thresholds() -> Mapping[str, float]:
    """Returns, by language code, the chance from which a statement counts as a limit. Other languages have none."""
    found: dict[str, float] = tomllib.loads((DATA / "role_thresholds.toml").read_text(encoding="utf-8"))["sure"]
    return found


def as_read(text: str) -> str:
    """Returns a statement as the model reads it: cut, and without the mark that ends a sentence.

    Few labelled statements have that mark, and those of some classes more often than those of others.
    """
    return text[:MAX_CHARACTERS].rstrip(" .!") or text[:MAX_CHARACTERS]


def signs_of(text: str) -> list[float]:
    """Returns what a text shows without a word: money, a share, a time, a number, a list, its length."""
    return [*(float(sign.search(text) is not None) for sign in _SIGNS), min(len(text), MAX_CHARACTERS) / MAX_CHARACTERS]


def fit(vectors: Array, texts: Sequence[str], classes: NDArray[np.int64]) -> Array:
    """Returns the weights, (DIMENSIONS + signs + BUCKETS + 1, len(CLASSES)); every class weighs as much as another.

    vectors: (n, DIMENSIONS) of the texts; classes: (n,), positions in CLASSES. Takes about 5 s for 4,000 texts.
    """
    signs = np.array([signs_of(text) for text in texts], np.float32)
    counts = np.maximum(np.bincount(classes, minlength=len(CLASSES)), 1)
    weigh = (len(texts) / len(CLASSES) / counts)[classes] ** 0.5
    pieces = [pieces_of(as_read(text)) for text in texts]
    dense = np.hstack([vectors, signs])
    return fit_logistic(dense, [pieces], classes, of=len(CLASSES), pull=PULL, weigh=weigh)


class RoleModel:
    """The fitted model."""

    def __init__(self, weights: Array, encoder: SentenceEncoder) -> None:
        """`weights`: as `fit` returns them."""
        self._meaning, self._signs = weights[:DIMENSIONS], weights[DIMENSIONS : -BUCKETS - 1]
        self._pieces, self._constant = weights[-BUCKETS - 1 : -1], weights[-1]
        self._encoder = encoder

    def chances(self, texts: Sequence[str], vectors: Array | None = None) -> Array:
        """Returns the probability of each class, (len(texts), len(CLASSES)). About 0.1 ms a text that was encoded.

        vectors: those of the texts, (len(texts), DIMENSIONS), where they are known.
        """
        if vectors is None:
            vectors = self.encoded(texts)
        scores = vectors @ self._meaning + self._constant
        for row, text in enumerate(texts):
            pieces = pieces_of(as_read(text))
            scores[row] += self._pieces[pieces].sum(axis=0) * share_of(pieces)
            scores[row] += np.array(signs_of(text), np.float32) @ self._signs
        return softmax(scores.astype(float)).astype(np.float32)

    def encoded(self, texts: Sequence[str]) -> Array:
        """Returns the vectors of texts, as far as the model reads them: (len(texts), DIMENSIONS), of length 1."""
        return self._encoder.encode([as_read(text) for text in texts])

    def limits(self, texts: Sequence[str], vectors: Array | None = None) -> Array:
        """Returns the probability that each statement limits, demands, charges or warns, (len(texts),)."""
        limits: Array = self.chances(texts, vectors)[:, LIMIT_COLUMNS].sum(axis=1)
        return limits

    def applied(self, facts: Sequence[Fact], language: str) -> list[Fact]:
        """Returns the facts, those that are surely a limit as conditions, which sell nothing; the strongest first.

        It reads the statements of the texts that are strong enough to lead, at most as many as are weighed by worth,
        and only in the languages of `thresholds`.
        """
        sure = thresholds().get(language)
        if sure is None:
            return list(facts)
        limits = {
            id(fact)
            for fact, chance in self._read(facts)
            if fact.role not in DOUBTED - UNSHOWN
            and chance >= (sure if fact.role in UNSHOWN else max(sure, SURE_OF_SHOWN))
        }
        changed = [replace(fact, role="condition", strength=0.0) if id(fact) in limits else fact for fact in facts]
        return sorted(changed, key=lambda fact: -fact.strength)

    def restored(self, facts: Sequence[Fact], language: str) -> list[Fact]:
        """Returns the facts in their order; conditions of the texts that most likely sell have the role that they have
        by the model, and no more than BESIDE in strength where it is not sure.

        It reads the languages of `thresholds` only, and at most MOST conditions.
        """
        if language not in thresholds():
            return list(facts)
        read = [
            fact
            for fact in facts
            if fact.role == "condition" and fact.source in READ_SOURCES and len(fact.text) <= LONGEST_RESTORED
        ][:MOST]
        if not read:
            return list(facts)
        changed = {}
        for fact, chances in zip(read, self.chances([fact.text for fact in read]), strict=True):
            sells = float(chances[SELLING_COLUMNS].sum())
            if sells >= SELLS:
                role = CLASSES[max(SELLING_COLUMNS, key=lambda column: chances[column])]
                strength = RESTORED if sells >= SURELY_SELLS else BESIDE
                changed[id(fact)] = replace(fact, role=role, strength=strength)
        return [changed.get(id(fact), fact) for fact in facts]

    def doubted(self, facts: Sequence[Fact], language: str) -> list[Fact]:
        """Returns the facts, those that may well be a limit no stronger than BESIDE; the strongest first."""
        least = DOUBTFUL if language in thresholds() else DOUBTFUL_ELSEWHERE.get(language)
        if least is None:
            return list(facts)
        doubtful = {id(fact) for fact, chance in self._read(facts) if fact.role in DOUBTED and chance >= least}
        changed = [
            replace(fact, strength=min(fact.strength, BESIDE)) if id(fact) in doubtful else fact for fact in facts
        ]
        return sorted(changed, key=lambda fact: -fact.strength)

    def _read(self, facts: Sequence[Fact]) -> list[tuple[Fact, float]]:
        """The facts that a model reads, each with its chance to be a limit."""
        read = sorted(
            (
                fact
                for fact in facts
                if fact.role in DOUBTED | SHOWN and fact.source in READ_SOURCES and fact.strength > BESIDE
            ),
            key=lambda fact: -fact.strength,
        )[:MOST]
        return list(zip(read, self.limits([fact.text for fact in read]).tolist(), strict=True)) if read else []


def measured() -> Iterator[str]:
    """Yields lines that say, by language and threshold, how many statements count as limits, and as unsaid.

    No statement is read by a model that has seen its trade. Takes 3 minutes.
    """
    from services.catalog.understanding.worth import read_labelled

    statements = labelled_statements(read_labelled(), read_trades())
    encoder = SentenceEncoder()
    texts = [as_read(statement.text) for statement in statements]
    vectors = np.concatenate([encoder.encode(texts[at : at + BATCH]) for at in range(0, len(texts), BATCH)])
    classes = np.array([CLASSES.index(statement.role) for statement in statements])
    folds = np.array([crc32((statement.trade or statement.text).encode()) % FOLDS for statement in statements])
    chances = np.zeros((len(statements), len(CLASSES)))
    for fold in range(FOLDS):
        seen, rest = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        model = RoleModel(fit(vectors[seen], [texts[at] for at in seen], classes[seen]), encoder)
        chances[rest] = model.chances([texts[at] for at in rest], vectors[rest])
    limiting, unsaid = chances[:, LIMIT_COLUMNS].sum(axis=1), chances[:, UNSAID_COLUMNS].sum(axis=1)
    is_limit, is_unsaid = np.isin(classes, LIMIT_COLUMNS), np.isin(classes, UNSAID_COLUMNS)
    is_open = np.array(
        [roles.role_of(each.text, roles.cues_of(each.language)) in UNSHOWN | SHOWN for each in statements]
    )
    languages = np.array([statement.language for statement in statements])
    for language in sorted(set(languages)):
        own = languages == language
        sells = own & ~is_limit & ~is_unsaid & (classes != CLASSES.index("logistics"))
        for threshold in (DOUBTFUL, 0.86, 0.90, 0.93):
            taken = own & is_open & (limiting >= threshold)
            yield (
                f"{language}  limits from {threshold:.2f}: {(taken & is_limit).sum()}"
                f" of {(own & is_limit & is_open).sum()},  selling {(taken & sells).sum()} of {sells.sum()}"
            )
        for threshold in (0.45, 0.60, 0.80, 0.90):
            taken = own & (unsaid >= threshold)
            yield (
                f"{language}  unsaid from {threshold:.2f}: {(taken & is_unsaid).sum()} of {(own & is_unsaid).sum()},"
                f"  selling {(taken & sells).sum()} of {sells.sum()},  limits {(taken & is_limit).sum()}"
                f" of {(own & is_limit).sum()}"
            )


if __name__ == "__main__":
    for line in measured():
        print(line)
