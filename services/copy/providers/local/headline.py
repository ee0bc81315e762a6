"""Lines for a picture: a headline, one line below it, a call to action."""

from __future__ import annotations

import random
from dataclasses import replace

from services.copy.domain import CopyBrief, Format, Headline, Platform
from services.copy.providers.local import engine, english, library
from services.copy.providers.local.dressing import calls, polish
from services.copy.providers.local.facts import FactKind, content_words
from services.copy.providers.local.subject import with_article

HEADLINE_CHARACTERS = 40
SUBLINE_CHARACTERS = 90
CTA_CHARACTERS = 20


def write_headline(brief: CopyBrief, seed: str) -> Headline:
    """The lines for one picture. The headline comes from the engine's hooks; the line below says what the product is or
    does, and never repeats the headline. Offers in the instructions stand in the line below."""
    wanted = replace(brief, platform=Platform.UNIVERSAL, format=Format.HOOK)
    result = engine.write(wanted, seed)
    order = engine.understand_order(wanted)
    random_ = random.Random(seed)
    hooks = sorted(
        result.variants,
        key=lambda variant: (len(variant.hook) > HEADLINE_CHARACTERS, "“" in variant.hook, variant.hook.endswith(":")),
    )
    fitting = [
        v for v in hooks if len(v.hook) <= HEADLINE_CHARACTERS and not v.hook.endswith(":") and "“" not in v.hook
    ]
    variant = random_.choice(fitting) if fitting else hooks[0]
    headline = variant.hook
    if len(headline) > HEADLINE_CHARACTERS:
        named = order.subject.name
        headline = named if len(named) <= HEADLINE_CHARACTERS else named[:HEADLINE_CHARACTERS].rsplit(" ", 1)[0]
    if headline.endswith(".") and headline.count(".") == 1:
        headline = headline[:-1]
    buttons = [call for call in calls(order, random_) if len(call) <= CTA_CHARACTERS]
    return Headline(
        headline=english.upper_first(headline),
        subline=_subline(order, headline, variant.body),
        cta=buttons[0] if buttons else library.voices()[brief.tone].cta["any"][0],
    )


def _subline(order: engine.Order, headline: str, body: str) -> str:
    if order.offers and len(order.offers) <= SUBLINE_CHARACTERS:
        return order.offers
    said = content_words(headline)
    subject = order.subject
    pieces = []
    named = subject.name.lower() in headline.lower()
    for fact in order.facts:
        short = fact if len(fact.text) <= 60 else fact.short
        if fact.kind in {FactKind.SAYS} or len(short.text) > 70 or len(short.words & said) > 1:
            continue
        text = short.does(plural=subject.plural) if short.kind is FactKind.DOES else short.text
        pieces.append(english.upper_first(text))
        if len(pieces) == 3:
            break
    for count in (3, 2, 1):
        joined = " · ".join(pieces[:count])
        if pieces[:count] and len(joined) <= SUBLINE_CHARACTERS - (0 if named else len(subject.name) + 2):
            line = joined if named else f"{subject.name}: {english.lower_first(pieces[0]) if count == 1 else joined}"
            return polish(line, order)
    if (
        subject.definition
        and len(subject.definition) <= SUBLINE_CHARACTERS - 4
        and not content_words(subject.definition) <= said
    ):
        return polish(english.upper_first(with_article(subject.definition)), order)
    return body if len(body) <= SUBLINE_CHARACTERS else subject.name[:SUBLINE_CHARACTERS]
