"""Lines for a picture: a headline, one line below it, a call to action. A headline stands alone: it quotes a fact."""

from __future__ import annotations

import random
from collections.abc import Collection
from dataclasses import replace
from typing import Final

from services.copy.domain import CopyBrief, Format, Headline, Platform, Variant
from services.copy.providers import content_filters
from services.copy.providers.local.arguments import UNFIT, Argument, arguments, names_price
from services.copy.providers.local.engine import polish
from services.copy.providers.local.fitness import BESIDE
from services.copy.providers.local.quotes import Quote, as_line, as_sentence, content_words, names_day, shortened
from services.copy.providers.local.request import Order, understand_order

HEADLINE_CHARACTERS: Final = 40
SUBLINE_CHARACTERS: Final = 90
LIST_CHARACTERS: Final = 66  # of a list of features: more is not read on a picture
CTA_CHARACTERS: Final = 20
SHORT: Final = range(8, 31)  # characters that are read at a glance
VARIETY: Final = 0.7  # how much chance may turn the order, so that another job gets another headline
# A line that needs an answer below it, or says only the name, is the last choice for a picture.
_LESS: Final = {"question": -0.6, "audience": -0.4, "name": -0.1}
_EMPTY: Final = frozenset({"call", "neutral"})  # lines that say nothing of the product: a picture has a button for them
_LIMITS: Final = frozenset({"condition", "legal"})  # roles of facts that stand in no headline


def write_headline(brief: CopyBrief, seed: str, taken: Collection[str] = ()) -> Headline:
    """The lines for one picture. The line below never repeats the headline; offers of the instructions stand in it.

    taken: headlines that are written only if the brief holds no other, the rarest of them first.
    """
    order = understand_order(replace(brief, platform=Platform.UNIVERSAL, format=Format.HOOK))
    random_ = random.Random(f"{seed}|{brief.product_name}")
    argument, headline = _chosen(order, random_, taken)
    buttons = [label for label in order.buttons if len(label) <= CTA_CHARACTERS]
    return Headline(
        headline=headline,
        subline=_subline(order, argument, headline),
        cta=buttons[0] if buttons else order.buttons[0][:CTA_CHARACTERS],
    )


def _chosen(order: Order, random_: random.Random, taken: Collection[str]) -> tuple[Argument | None, str]:
    found = []
    again: list[tuple[Argument, str]] = []
    for argument in arguments(
        order.material,
        order.tone,
        limit=HEADLINE_CHARACTERS,
        answer_limit=SUBLINE_CHARACTERS,
        topics=order.topics,
        priced=order.instructions.price,
    ):
        if not order.instructions.questions and "?" in argument.hook:
            continue
        if not _may_lead(argument, order):
            continue
        worth = argument.score + _LESS.get(argument.angle, 0.0) + order.focus_of(argument.fact)
        worth += (0.3 if len(argument.hook) in SHORT else 0.0) + VARIETY * random_.random()
        found.append((worth, argument))
    for _, argument in sorted(found, key=lambda pair: -pair[0]):
        text = as_line(polish(argument.hook, order, title=True))
        if _may_stand(text, order):
            if text not in taken:
                return argument, text
            again.append((argument, text))
    if again:
        return min(again, key=lambda pair: list(taken).count(pair[1]))
    name = order.material.name
    short = shortened(name, HEADLINE_CHARACTERS, order.material.words)
    return None, short or name[:HEADLINE_CHARACTERS].rsplit(" ", 1)[0]


def _may_lead(argument: Argument, order: Order) -> bool:
    """Whether an argument may be the headline: not on a condition, a notice, hours or a place, and not on a price
    without a word of what it buys. The customer's own focus and the product's name always may."""
    found, material = argument.fact, order.material
    if argument.angle in _EMPTY:
        return False
    if argument.angle == "focus":
        return True
    if (argument.angle == "price" or (argument.lead is not None and found and found.role == "price")) and (
        not argument.says_what
    ):
        return False
    return found is None or order.focus_of(found) > 0 or _is_fit(found, order) or found is material.opening


def _is_fit(found: Quote, order: Order) -> bool:
    """Whether a fact is a reason to buy that stands alone."""
    material = order.material
    if found.loss >= UNFIT or found.late or found.role in _LIMITS:
        return False
    return material.kind == "event" or not names_day(found.text, material.words.language)


def _may_stand(text: str, order: Order) -> bool:
    """Whether the filters of copy let a line pass: length, banned words, claims."""
    variant = Variant(angle="line", hook=text, body="-", cta="-", hashtags=())
    return content_filters.rejection_reason(variant, order.brief, order.rules) is None


def _subline(order: Order, argument: Argument | None, headline: str) -> str:
    """The answer to the headline, offers, or facts that the headline does not hold."""
    material = order.material
    offers = " ".join(order.offers)
    if offers and len(offers) <= SUBLINE_CHARACTERS:
        return offers
    if argument is not None and argument.answer is not None:
        answer = argument.answer.within(SUBLINE_CHARACTERS - 1, material.words)
        if answer and _may_stand(answer, order):
            return polish(as_sentence(answer), order)
    # a weaker fact stands below a headline only where the brief holds no other
    fit = [found for found in material.quotes if _is_fit(found, order)]
    weaker = [found for found in material.quotes if found.loss < BESIDE and not found.late and found not in fit]
    pieces = _pieces(fit, order, argument, headline) or _pieces(weaker, order, argument, headline)
    if len(pieces) == 1:
        return polish(as_sentence(pieces[0]), order)
    if pieces:
        return polish(" · ".join(pieces), order)
    name = material.name
    return polish(name, order) if name.casefold() not in headline.casefold() and len(name) <= SUBLINE_CHARACTERS else ""


def _pieces(quotes: list[Quote], order: Order, argument: Argument | None, headline: str) -> list[str]:
    """At most two facts that share no word with the headline or with each other."""
    material = order.material
    said = content_words(headline, material.words)
    pieces: list[str] = []
    for found in quotes:
        if found.dangling or (argument is not None and found is argument.lead) or found.words & said:
            continue
        # the picture shows the price by itself
        if found.source == "price" or (order.instructions.price is False and names_price(found, material)):
            continue
        text = found.within(LIST_CHARACTERS, material.words)
        if text is None or len(" · ".join([*pieces, text])) > LIST_CHARACTERS or not _may_stand(text, order):
            continue
        pieces.append(as_line(text))
        said |= found.words
        if len(pieces) == 2:
            break
    return pieces
