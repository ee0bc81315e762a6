"""Judges the claims of a text: each must be carried by a fact of the same subject.

A claim is a figure, or words of one of the kinds in `data/claims.toml`: superlatives, guarantees, free things, awards,
ratings, urgency, medical and financial promises and others. Prices, percentages and durations are compared by value.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

from services.copy.providers.figures import Figure, figures
from services.copy.providers.meaning import (
    concepts,
    fold,
    is_negated,
    negations,
    read_table,
    sentences,
    stem,
    subjects,
    without_names,
    words_of,
)

_TWIST = re.compile(r"[,:]| and | und | et | y | e | but | aber | mais | pero ")
NO_COST = "absence of cost or tie"
_PLAIN_NUMBERS = frozenset({"price", "percent", "duration"})  # kinds whose written numbers are claims everywhere


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim in a text: its kind ("price", "superlative", "free") and its words."""

    kind: str
    words: str

    def __str__(self) -> str:
        return f"“{self.words}” ({self.kind})"


@dataclass(frozen=True, slots=True)
class _Kind:
    name: str
    by: str
    pattern: re.Pattern[str]
    exceptions: re.Pattern[str] | None


@dataclass(frozen=True, slots=True)
class _Statement:
    """A fact, prepared for comparison."""

    text: str
    folded: str
    concepts: frozenset[str]
    figures: tuple[Figure, ...]
    kinds: frozenset[str]
    denied: frozenset[str]  # concepts that it denies of the product


@cache
def _kinds() -> tuple[_Kind, ...]:
    found = []
    for row in read_table("claims.toml")["kind"]:
        exceptions = "|".join(row.get("except", ()))
        found.append(
            _Kind(
                row["name"],
                row["by"],
                re.compile(rf"(?<![^\W_])(?:{'|'.join(row['patterns'])})(?![^\W_])".replace("'", "’")),
                re.compile(exceptions.replace("'", "’")) if exceptions else None,
            )
        )
    return tuple(found)


@lru_cache(maxsize=1024)
def _statement(text: str) -> _Statement:
    folded = fold(text)
    return _Statement(
        text=text,
        folded=folded,
        concepts=concepts(text),
        figures=figures(text),
        kinds=frozenset(kind.name for kind in _kinds() if next(_matches(kind, folded), None)),
        denied=_denied(folded),
    )


@cache
def _frames() -> frozenset[str]:
    """Words that frame an exclusion and are not its subject: "not suitable for induction hobs"."""
    return frozenset(map(stem, map(fold, read_table("claims.toml")["exclusion"]["frames"])))


@cache
def _guarantee_frames() -> frozenset[str]:
    return frozenset(
        word.concept for word in words_of(fold(" ".join(read_table("claims.toml")["guarantee"]["frames"])))
    )


def _denied(folded: str) -> frozenset[str]:
    """What a fact denies in a few words: {"induction", "hob"} of "not suitable for induction hobs"."""
    first = re.match(r"(?:is |are |ist |est |es |è |é )?(\S+)\s+(.*)", folded)
    if not first or first.group(1) not in negations() - {"never", "nie", "jamais", "nunca", "mai"}:
        return frozenset()
    scope = re.split(r"[,;:.(]", first.group(2))[0]
    found = [word.concept for word in words_of(scope) if word.concept not in _frames()]
    return frozenset(found) if 0 < len(found) <= 4 else frozenset()


def _matches(kind: _Kind, folded: str) -> Iterator[re.Match[str]]:
    for match in kind.pattern.finditer(folded):
        if not match.group().strip():
            continue
        around = folded[max(0, match.start() - 16) : match.end() + 24]
        if kind.exceptions is None or not kind.exceptions.search(around):
            yield match


class ClaimJudge:
    """Judges texts by the facts of one product.

    facts: what the customer says of the product, one statement each, prices and accepted instructions included. names:
    the product's and the brand's, whose words and numbers claim nothing.
    """

    def __init__(self, facts: Iterable[str], names: Iterable[str] = ()) -> None:
        self._names = without_names(names)
        self._facts = [_statement(text) for fact in facts for text in [fact, *sentences(fact)] if text.strip()]
        self._units = frozenset(noun for fact in self._facts for figure in fact.figures for noun in figure.nouns)

    def unsupported(self, text: str) -> Claim | None:
        """The first claim that no fact carries; None if there is none."""
        return next(self.unsupported_claims(text), None)

    def unsupported_claims(self, text: str) -> Iterator[Claim]:
        """The claims that no fact carries."""
        for sentence in sentences(self._names(text)):
            folded = fold(sentence)
            yield from self._figures(folded)
            for kind in _kinds():
                for match in _matches(kind, folded):
                    if not self._carried(kind, match, folded):
                        yield Claim(kind.name, match.group().strip())
            yield from self._denied(folded)

    def _figures(self, folded: str) -> Iterator[Claim]:
        for figure in figures(folded):
            if figure.written and figure.kind not in _PLAIN_NUMBERS and not figure.nouns & self._units:
                continue  # "three good reasons"
            if not any(self._carries(fact, figure, folded) for fact in self._facts):
                yield Claim(figure.kind if figure.kind != "count" else "number", figure.text)

    def _carries(self, fact: _Statement, figure: Figure, folded: str) -> bool:
        clause = _clause(folded, figure.start, figure.end)
        subject = concepts(clause) & subjects()
        if subject and not subject & fact.concepts and figure.kind != "price":
            return False
        return any(
            figure.equals(known)
            and (not figure.per or figure.per == known.per or _per_stands_elsewhere(figure, known, fact))
            and (known.bound not in ("up_to", "from") or figure.bound == known.bound or _is_bare_price(fact))
            for known in fact.figures
        )

    def _carried(self, kind: _Kind, match: re.Match[str], folded: str) -> bool:
        words = frozenset(word.concept for word in words_of(match.group()))
        if kind.by == "words":
            negated = is_negated(folded)
            return bool(words) and any(
                words <= fact.concepts and (negated or not fact.denied & words) for fact in self._facts
            )
        carriers = [fact for fact in self._facts if kind.name in fact.kinds]
        if kind.by == "kind":
            return bool(carriers)
        about = _about(match, folded)
        numbers = figures(folded)
        if kind.name == NO_COST and is_negated(match.group()):  # "no joining fee": its own words tell which
            words = frozenset(concepts(" ".join(negations())))
        return any(about <= fact.concepts | words and _keeps_threshold(fact, numbers) for fact in carriers)

    def _denied(self, folded: str) -> Iterator[Claim]:
        """Claims of what a fact excludes: "works on induction hobs" of a product that does not."""
        if is_negated(folded):
            return
        held = concepts(folded)
        for fact in self._facts:
            if fact.denied and fact.denied <= held:
                yield Claim("exclusion", fact.text)
                return


def _clause(folded: str, start: int, end: int) -> str:
    """The part of the sentence around a place, between commas and conjunctions."""
    left = 0
    for twist in _TWIST.finditer(folded, 0, start):
        left = twist.end()
    right = _TWIST.search(folded, end)
    return folded[left : right.start() if right else len(folded)]


def _about(match: re.Match[str], folded: str) -> frozenset[str]:
    """What a claim such as "free" is about: the thing named after it in its clause, or else before it."""
    passed_over = _guarantee_frames() | {"=free"}
    clause_end = _TWIST.search(folded, match.end())
    after = folded[match.end() : clause_end.start() if clause_end else len(folded)]
    own = match.group().strip()
    if len(own.split()) > 2 and not own.startswith(("free", "at no", "without charge", "on the")):
        return frozenset(word.concept for word in words_of(own) if word.concept not in ("=free",))
    named = [word.concept for word in words_of(_without_numbers(after)) if word.concept not in passed_over]
    if named:
        return frozenset(named[:1])
    left = 0
    for twist in _TWIST.finditer(folded, 0, match.start()):
        left = twist.end()
    before = folded[left : match.start()]
    named = [word.concept for word in words_of(_without_numbers(before)) if word.concept not in passed_over | {"=buy"}]
    return frozenset(named[-2:])


def _without_numbers(folded: str) -> str:
    """The text without its figures and their units."""
    for figure in reversed(figures(folded)):
        folded = f"{folded[: figure.start]} {folded[figure.end :]}"
    return re.sub(r"\d\S*", " ", folded)


def _keeps_threshold(fact: _Statement, numbers: tuple[Figure, ...]) -> bool:
    """Whether the text names the amount from which the fact holds ("free delivery over £50")."""
    limits = [figure for figure in fact.figures if figure.kind == "price" and figure.bound in ("over", "from")]
    return all(any(limit.equals(number) for number in numbers) for limit in limits)


def _per_stands_elsewhere(figure: Figure, known: Figure, fact: _Statement) -> bool:
    """Whether the fact names the period of its price in other words than directly after it ("Monthly rent: £900")."""
    return not known.per and stem(figure.per) in fact.concepts


def _is_bare_price(fact: _Statement) -> bool:
    """Whether a fact is nothing but a price, as a price field gives it."""
    return len(fact.figures) == 1 and not fact.concepts
