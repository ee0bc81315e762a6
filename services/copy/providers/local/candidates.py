"""Over-generating: ways into an ad, drawn in turn from every angle, filled, and scored."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

from services.copy.domain import Format
from services.copy.providers import content_filters
from services.copy.providers.local import library
from services.copy.providers.local.choice import Candidate, head, saying
from services.copy.providers.local.composition import HOOK_TRIM, compose
from services.copy.providers.local.facts import Fact, FactKind
from services.copy.providers.local.library import Frame
from services.copy.providers.local.phrase_pool import DEFINITION, SINGULAR
from services.copy.providers.local.request import Order

MAX_CANDIDATES = 24  # from every angle in turn, what promises most first: more hardly changes which five are chosen
MAX_TRIES = 300  # fillings of frames, fit or not
_CHANCE = 0.45  # how much of a score is luck, so that another job gets other texts

_APT = 0.3
_PRACTICAL = re.compile(
    r"\b(?:ships|shipped|open (?:on|from|daily|\w+day)|available|included|returns?|pages|hardcover|paperback|parts)\b",
    re.I,
)  # good to know, and no reason to buy: seldom goes first

Way = tuple[Frame, Fact | None]  # a frame, and the fact that it opens with if it was made for one


class Drawing:
    """Draws candidates for one order."""

    def __init__(self, order: Order, random_: random.Random) -> None:
        self._order = order
        self._random = random_
        focus = order.focus
        self._weighed = [
            (
                -2.0 * len(fact.words & focus)
                + (3.0 if fact.kind in {FactKind.SAYS, FactKind.BARE} else 0.0)
                - (1.5 if fact.kind in {FactKind.DOES, FactKind.CAN} else 0.0)
                + (1.0 if len(fact.text) < 14 else 0.0)
                + (2.0 if _PRACTICAL.search(fact.text) else 0.0)
                + fact.order * 0.3,
                fact,
            )
            for fact in order.facts
        ]

    def candidates(self, *, plain: bool = False) -> list[Candidate]:
        """Filled frames that pass the cheap filters, at most MAX_CANDIDATES of them. `plain` ones say as little as they
        can, in whatever tone."""
        ways = self._fitting(plain=plain)
        found: list[Candidate] = []
        tries = min(MAX_TRIES, 6 * len(ways))
        enough = MAX_CANDIDATES * (3 if self._order.limited else 1)  # few of them are as short as the customer wants
        while ways and tries > 0:
            for luck, way in self._in_turn(ways):
                candidate = self._filled(way, luck, plain=plain)
                if candidate is not None:
                    found.append(candidate)
                tries -= 1
                if len(found) >= enough or tries <= 0:
                    return found
        return found

    def _fitting(self, *, plain: bool) -> list[Way]:
        order = self._order
        brief, subject, stock = order.brief, order.subject, order.stock
        tone = None if plain else brief.tone
        rows = library.openings(brief.platform, brief.format, tone, subject.kind)
        if brief.format is Format.STORY:
            compact = order.layout.body <= 100
            rows = tuple(
                frame for frame in rows if frame.compact == compact or (len(order.facts) < 2 and frame.compact)
            )
        else:
            rows += library.trade_openings(subject.category.name, tone)
        ways: list[Way] = [
            (frame, None)
            for frame in rows
            if (not frame.only or frame.only & subject.plain) and self._fits(frame) and not frame.slots & stock.lacking
        ]
        return ways if brief.format is Format.STORY else ways + list(self._payoffs())

    def _fits(self, frame: Frame) -> bool:
        """Whether the hook has room, whatever it is filled with."""
        return frame.least <= self._order.layout.hook + HOOK_TRIM

    def _payoffs(self) -> Iterator[Way]:
        """Openings made for a fact of the brief, or for what the product is."""
        order = self._order
        for fact in order.facts:
            for payoff in order.stock.payoffs.get(fact.order, ()):
                yield from ((frame, fact) for frame in payoff.hooks if self._suits(frame))
        for payoff in order.stock.payoffs.get(DEFINITION, ()):
            yield from ((frame, None) for frame in payoff.defining if self._suits(frame))

    def _suits(self, frame: Frame) -> bool:
        subject = self._order.subject
        return (
            self._order.brief.tone in frame.tones
            and (not frame.only or bool(frame.only & subject.plain))
            and self._fits(frame)
            and not frame.slots & self._order.stock.lacking
            and not (subject.plural and SINGULAR.search(frame.hook))
        )

    def _in_turn(self, ways: list[Way]) -> Iterator[tuple[float, Way]]:
        """One angle after the other, so that a bound on their number starves no angle; of each angle what promises most
        goes first."""
        aim, nearest, draw = self._order.layout.hook_aim, self._order.nearest, self._random.random
        angles: dict[str, list[tuple[float, float, Way]]] = {}
        for way in ways:
            frame, luck = way[0], _CHANCE * draw()
            promise = frame.merit + luck + self._apt(frame) - 0.008 * abs(frame.least - aim)
            if nearest:
                promise += 0.2 * len(nearest & frame.tones)
            angles.setdefault(frame.angle, []).append((promise, luck, way))
        rows = list(angles.values())
        for row in rows:
            row.sort(key=_promise)
        while rows:
            for row in rows:
                _, luck, way = row.pop()
                yield luck, way
            rows = [row for row in rows if row]

    def _apt(self, frame: Frame) -> float:
        """What it counts that the brief answers what the hook is about, or does not."""
        if not frame.senses:
            return 0.0
        return _APT if frame.senses & self._order.stock.answered else -_APT

    def _filled(self, way: Way, luck: float, *, plain: bool) -> Candidate | None:
        order, subject = self._order, self._order.subject
        frame, lead = way
        text = compose(frame, lead, self._shuffled(), order, self._random, plain=plain)
        if text is None:
            return None
        hook, body = text.hook, text.body
        named = subject.name in hook
        if not body or not (named or subject.name in body or subject.name.lower() in f"{hook} {body}".lower()):
            return None
        if not order.instructions.questions and "?" in hook + body:
            return None
        heads = head(hook), head(body)
        if heads[0] == heads[1]:
            return None
        if order.brief.format is not Format.STORY and hook.rstrip(".").lower() in body.lower():
            return None
        if (
            content_filters.length_violation(
                hook.rstrip("."), body, platform=order.platform, format_=order.brief.format
            )
            is not None
        ):
            return None
        return Candidate(
            frame=frame, hook=hook, body=body, closer=text.closer, lines=text.lines, facts=text.facts,
            score=luck + self._score(frame, text.words, hook, body) - (2 if plain else 0),
            words=text.words - order.stock.name_words,
            saying=saying(hook), heads=heads, named=named, listed="\n•" in body,
            priced=bool(subject.price) and not order.instructions.price and subject.price in body,
        )  # fmt: skip

    def _shuffled(self) -> list[Fact]:
        """The facts, roughly in the customer's order: what they said first matters most. Focus stays in front."""
        draw = self._random.random
        keyed = [(weight + 4 * draw(), fact) for weight, fact in self._weighed]
        keyed.sort(key=_weight)
        return [fact for _, fact in keyed]

    def _score(self, frame: Frame, words: frozenset[str], hook: str, body: str) -> float:
        order, layout = self._order, self._order.layout
        score = (
            frame.merit
            + self._apt(frame)
            + 1.2 * len(words & order.subject.words) / max(4, len(words))
            - 0.5 * abs(len(body) - layout.aim) / max(40, layout.aim)
            - 0.008 * abs(len(hook) - layout.hook_aim)
        )
        if order.focus:
            score += 0.8 * min(2, len(words & order.focus))
        if order.nearest:
            score += 0.2 * len(order.nearest & frame.tones)
        return score


def _promise(row: tuple[float, float, Way]) -> float:
    return row[0]


def _weight(row: tuple[float, Fact]) -> float:
    return row[0]
