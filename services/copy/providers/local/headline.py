"""Lines for a picture: a headline, one line below it, a call to action.

A headline stands alone, with no body to pay it off, so most of the engine's openings will not do. What does, best
first: what a feature means to the customer, the feature itself where it is short, what the trade's customers nod at.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from services.copy.domain import CopyBrief, Format, Headline, Platform, Tone, Variant
from services.copy.providers import content_filters
from services.copy.providers.local import engine, english, library
from services.copy.providers.local.facts import Fact, FactKind, content_words
from services.copy.providers.local.finishing import calls, polish
from services.copy.providers.local.library import Frame
from services.copy.providers.local.phrase_pool import DEFINITION, SINGULAR
from services.copy.providers.local.phrases import Missing, Phrases
from services.copy.providers.local.subject import with_article

HEADLINE_CHARACTERS: Final = 40
SUBLINE_CHARACTERS: Final = 90
LIST_CHARACTERS: Final = 66  # of a list of features: more is not read on a picture
CTA_CHARACTERS: Final = 20

# How well an opening stands alone on a picture, by its angle. What is missing needs a body.
MEANING: Final = {"benefit": 2.9, "problem": 2.6, "contrast": 2.6, "curiosity": 2.0, "proof": 2.6}
TRADE: Final = {"contrast": 1.7, "problem": 1.7, "proof": 1.5, "lifestyle": 1.5, "curiosity": 1.2, "identity": 1.0}
FACT: Final = {FactKind.DOES: 2.4, FactKind.CAN: 2.5, FactKind.NONE: 2.1}
FIGURES: Final = 0.4  # more for a fact with a number in it
DEFINED: Final = 1.6  # what the product is, in its own words
LATER_FACT: Final = 0.12  # less for each fact that the customer named before
QUESTION: Final = 0.5  # less: a picture is glanced at
VARIETY: Final = 1.1  # how much chance may turn the order, so that another job gets another headline
SHORT: Final = range(10, 31)  # characters that are read at a glance


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choice:
    text: str
    worth: float
    fact: Fact | None = None


def write_headline(brief: CopyBrief, seed: str) -> Headline:
    """The lines for one picture. The line below says what the product is or does, and never repeats the headline.
    Offers in the instructions stand in the line below."""
    order = engine.understand_order(replace(brief, platform=Platform.UNIVERSAL, format=Format.HOOK))
    random_ = random.Random(f"{seed}|{brief.product_name}")
    tones = tuple(tone for tone in Tone if tone in order.nearest) or (brief.tone,)
    choice = _chosen(order, tones, random_)
    spoken = replace(order, brief=replace(order.brief, tone=random_.choice(tones)))
    buttons = [call for call in calls(spoken, random_) if len(call) <= CTA_CHARACTERS]
    return Headline(
        headline=choice.text,
        subline=_subline(order, choice),
        cta=buttons[0] if buttons else library.voices()[Tone.PROFESSIONAL].cta["any"][0],
    )


def _chosen(order: engine.Order, tones: tuple[Tone, ...], random_: random.Random) -> _Choice:
    first: dict[str, _Choice] = {}  # two facts may mean the same to the customer
    for choice in _choices(order, tones, random_):
        first.setdefault(choice.text, choice)
    choices = [
        replace(choice, worth=choice.worth + _glance(choice.text) + random_.random() * VARIETY)
        for choice in first.values()
    ]
    name = order.subject.name
    for choice in sorted(choices, key=lambda choice: -choice.worth):
        text = polish(choice.text, order)
        if text.endswith(".") and text.count(".") == 1:
            text = text[:-1]
        if len(text) <= HEADLINE_CHARACTERS and _may_go_out(text, order):
            return replace(choice, text=english.upper_first(text))
    return _Choice(
        text=name if len(name) <= HEADLINE_CHARACTERS else name[:HEADLINE_CHARACTERS].rsplit(" ", 1)[0], worth=0
    )


def _choices(order: engine.Order, tones: tuple[Tone, ...], random_: random.Random) -> Iterator[_Choice]:
    subject = order.subject
    for place, fact in enumerate(order.facts):
        later = LATER_FACT * place
        for payoff in order.stock.payoffs.get(fact.order, ()):
            for frame in payoff.hooks:
                text = _filled(frame, order, tones, random_, lead=fact)
                if text and frame.angle in MEANING:
                    yield _Choice(text=text, worth=MEANING[frame.angle] - later, fact=fact)
        short = fact if len(fact.text) <= HEADLINE_CHARACTERS else fact.short
        if short.kind in FACT and len(short.text) <= HEADLINE_CHARACTERS and len(short.text.split()) > 1:
            text = short.does(plural=subject.plural) if short.kind is FactKind.DOES else short.text
            figures = FIGURES if re.search(r"\d", text) else 0.0
            yield _Choice(text=text, worth=FACT[short.kind] + figures - later, fact=fact)
    for payoff in order.stock.payoffs.get(DEFINITION, ()):
        for frame in payoff.hooks:
            text = _filled(frame, order, tones, random_)
            if text and frame.angle in MEANING:
                yield _Choice(text=text, worth=MEANING[frame.angle] - LATER_FACT)
    for frame in library.hooks()[subject.category.name]:
        text = _filled(frame, order, tones, random_)
        if text and frame.angle in TRADE:
            yield _Choice(text=text, worth=TRADE[frame.angle])
    if subject.definition and not subject.loose:
        yield _Choice(text=with_article(subject.definition), worth=DEFINED)


def _filled(
    frame: Frame, order: engine.Order, tones: tuple[Tone, ...], random_: random.Random, lead: Fact | None = None
) -> str:
    """The opening line; "" where it does not suit this product and these tones."""
    subject = order.subject
    tone = next((tone for tone in tones if tone in frame.tones), None)
    if (
        tone is None
        or subject.kind not in frame.kinds
        or (frame.only and not frame.only & subject.plain)
        or (subject.plural and SINGULAR.search(frame.hook))
        or frame.hook.endswith(":")
        or "“" in frame.hook
    ):
        return ""
    phrases = Phrases(replace(order.stock, tone=tone), random_, order.facts, lead=lead)
    try:
        return phrases.fill(frame.hook)
    except Missing:
        return ""


def _glance(text: str) -> float:
    questions = QUESTION if "?" in text else 0.0
    return (0.3 if len(text) in SHORT else 0.0) - questions


def _may_go_out(text: str, order: engine.Order) -> bool:
    if not order.instructions.questions and "?" in text:
        return False
    variant = Variant(angle="benefit", hook=text, body="-", cta="-", hashtags=())
    return content_filters.rejection_reason(variant, order.brief, order.rules) is None


def _subline(order: engine.Order, choice: _Choice) -> str:
    """Offers, or what the product does: first what the headline speaks of, unless the headline has said it itself."""
    if order.offers and len(order.offers) <= SUBLINE_CHARACTERS:
        return order.offers
    subject = order.subject
    said = content_words(choice.text)
    pieces: list[str] = []
    for fact in sorted(order.facts, key=lambda fact: fact is not choice.fact):
        short = fact if len(fact.text) <= 60 else fact.short
        repeats = len(short.words & said) > 1 or short.words <= said
        if fact.kind is FactKind.SAYS or len(short.text) > 70 or repeats:
            continue
        text = short.does(plural=subject.plural) if short.kind is FactKind.DOES else short.text
        pieces.append(english.upper_first(text))
        said |= short.words
        if len(pieces) == 3:
            break
    for count in (3, 2, 1):
        joined = " · ".join(pieces[:count])
        if pieces[:count] and len(joined) <= (LIST_CHARACTERS if count > 1 else SUBLINE_CHARACTERS):
            return polish(joined if count > 1 else f"{joined}.", order)
    defined = with_article(subject.definition) if subject.definition else ""
    banned = any(pattern.search(defined) for pattern in order.rules.banned)
    if 0 < len(defined) < SUBLINE_CHARACTERS and not banned and not content_words(defined) <= said:
        return polish(english.upper_first(f"{defined}."), order)
    return ""
