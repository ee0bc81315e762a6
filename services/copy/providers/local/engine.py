# ruff: noqa: E501  (sentences of notes)
"""The rule engine: over-generate from the frames, filter hard, rank, and choose five that differ.

Pure functions of brief and seed. Nothing is drawn from outside: the same brief and seed give the same answer.
"""

from __future__ import annotations

import random
import re
from dataclasses import replace

from services.copy.domain import VARIANT_COUNT, CopyBrief, CopyResult, Notes, Variant
from services.copy.providers import content_filters
from services.copy.providers.local import library
from services.copy.providers.local.candidates import Drawing
from services.copy.providers.local.choice import Candidate, choose, search
from services.copy.providers.local.facts import content_words
from services.copy.providers.local.feasibility import check_feasible, not_found
from services.copy.providers.local.finishing import dress, polish
from services.copy.providers.local.request import Order, understand_order

MAX_SEARCHES = 5  # in as many draws; only sparse briefs and narrow limits come to it
MAX_SLACK = 0.3  # how far the wish for difference gives way before plain texts are taken that hardly differ


def write(brief: CopyBrief, seed: str) -> CopyResult:
    """Five variants for a brief. Raises InputFault when the banned words leave nothing to write with."""
    order = understand_order(brief)
    check_feasible(order)
    random_ = random.Random(
        f"{seed}|{brief.platform}|{brief.format}|{brief.tone}|{brief.product_name}|{brief.custom_instructions}"
    )
    chosen = _five(order, random_)
    if len(chosen) < VARIANT_COUNT:
        raise not_found(order)
    variants = dress(chosen, order, random_)
    return CopyResult(variants=variants, notes=notes_for(order, variants), provider="local")


def _five(order: Order, random_: random.Random) -> list[Candidate]:
    """Five that differ; fewer if the rules allow no five."""
    drawing, finish = Drawing(order, random_), _Finish(order)
    first = _eligible(drawing.candidates(), order, finish)
    chosen = choose(first, finish)
    if len(chosen) == VARIANT_COUNT:
        return chosen
    # The fillings were too much alike: another draw of them costs little and mostly suffices.
    first += _eligible(drawing.candidates(), order, finish)
    chosen = choose(first, finish)
    if len(chosen) == VARIANT_COUNT:
        return chosen
    # Hard limits of length (a customer's "max 8 words", a long name on a small platform): plain frames remain.
    spare = _eligible(drawing.candidates(plain=True), order, finish)
    for pool, already, slack in ((spare, chosen, 0.2), ([*first, *spare], chosen, MAX_SLACK)):
        found = choose(pool, finish, already=already, slack=slack)
        if len(found) == VARIANT_COUNT:
            return found
    pool = [*first, *spare]
    for _ in range(2 if order.limited else MAX_SEARCHES):
        if found := search(pool, finish):
            return found
        pool = _eligible([*drawing.candidates(), *drawing.candidates(plain=True)], order, finish)
    return choose([*first, *spare], finish, already=chosen, slack=1.0, limit=1.0)  # better alike than none


def _eligible(candidates: list[Candidate], order: Order, finish: _Finish) -> list[Candidate]:
    """Those that hold the words the customer wants and keep the length they set, as far as there are some."""
    if order.limited:
        candidates = [candidate for candidate in candidates if finish(candidate) is not None]
    required = content_words(" ".join(order.instructions.required))
    if required:
        holding = [
            candidate for candidate in candidates if required <= content_words(f"{candidate.hook} {candidate.body}")
        ]
        if len({candidate.frame.angle for candidate in holding}) >= VARIANT_COUNT:
            return holding
    return candidates


class _Finish:
    """Polishes a candidate and judges it; None if it must not go out. Remembers its answers: it is asked again."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._known: dict[int, tuple[Candidate, Candidate | None]] = {}

    def __call__(self, candidate: Candidate) -> Candidate | None:
        if id(candidate) not in self._known:
            self._known[id(candidate)] = (candidate, self._finished(candidate))
        return self._known[id(candidate)][1]

    def _finished(self, candidate: Candidate) -> Candidate | None:
        order = self._order
        hook, body = polish(candidate.hook, order, title=True), polish(candidate.body, order)
        variant = Variant(angle=candidate.frame.angle, hook=hook, body=body, cta="-", hashtags=())
        if content_filters.rejection_reason(variant, order.brief, order.rules) is not None:
            return None
        return replace(candidate, hook=hook, body=body)


def notes_for(order: Order, variants: tuple[Variant, ...]) -> Notes:
    """What every variant was checked to follow, what not, and what was left out."""
    applied, missed = [], list(order.instructions.unknown)
    texts = [f"{variant.hook}\n{variant.body}" for variant in variants]
    for wish in order.instructions.wishes:
        if wish.kind == "focus":
            topic = content_words(wish.text)
            if all(topic & content_words(text) for text in texts):
                applied.append(wish.note)
            elif any(topic & content_words(text) for text in texts):
                missed.append(
                    f"The focus on {wish.text} holds in some variants only: the brief says too little about it."
                )
            else:
                missed.append(f"The brief says nothing about {wish.text}, so nothing was claimed about it.")
        elif wish.kind == "required":
            held = all(re.search(rf"\b{re.escape(wish.text)}", text, re.I) for text in texts)
            (applied if held else missed).append(
                wish.note if held else f"The word “{wish.text}” could not be worked into every variant."
            )
        elif wish.kind == "price" and order.instructions.price:
            shown = bool(order.subject.price) and all(order.subject.price in text for text in texts)
            (applied if shown else missed).append(
                wish.note if shown else "The price could not be named: the product has none."
            )
        elif wish.kind == "emoji" and order.instructions.emoji and order.rules.emoji_max == 0:
            missed.append("Emoji are not customary on this platform, or the brand asks for calm.")
        elif wish.kind == "audience" and not order.people:
            missed.append(
                "The audience was not addressed: platforms do not allow pointing at such personal attributes, or it is not a group that a line can name."
            )
        else:
            applied.append(wish.note)
    if order.instructions.language:
        missed.append(f"The built-in engine writes English only, not {order.instructions.language}.")
    known = frozenset().union(*library.tone_words().values())
    for word in order.brief.tone_words:
        if word.lower().strip() not in known:
            missed.append(f"The brand's tone word “{word}” is not one the built-in engine knows.")  # noqa: PERF401  (reads in order with the others)
    return Notes(
        applied=tuple(dict.fromkeys(applied)),
        not_applied=tuple(dict.fromkeys(missed)),
        filtered=order.subject.claims.removed,
    )


__all__ = ["Order", "notes_for", "polish", "understand_order", "write"]
