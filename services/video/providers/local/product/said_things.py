"""The drawing of a thing that the words of a shot name, for films whose product has neither a photo nor a drawing."""

from __future__ import annotations

import re
from typing import Final

from services.media.noun_phrases import words_of
from services.media.objects import LANGUAGES, Mention, objects
from services.video.domain import ProductFacts
from services.video.product.shots import cues

DENIED: Final = re.compile(r"\w+n['’]t\b")
UNDRAWN: Final = frozenset({"cause", "financial"})  # kinds of which a thing that is mentioned would make light


def said_thing(text: str, facts: ProductFacts) -> str:
    """Returns the name of the drawing of the first thing that a text names with a noun that means nothing else.

    "" where it names none, denies something, or is about what no drawing suits.
    """
    language = facts.language.split("-")[0] or "en"
    if language not in LANGUAGES or facts.sensitive or facts.kind in UNDRAWN or facts.trade in objects().titled:
        return ""
    words = words_of(text)
    if DENIED.search(text.casefold()) or not cues().negations.isdisjoint(word.text for word in words):
        return ""
    named = (mention for mention in objects().mentions(words, language) if _is_sure(mention, facts))
    return next((each.thing.drawing for each in named), "")


def _is_sure(mention: Mention, facts: ProductFacts) -> bool:
    """Whether a noun means its thing. The first word of a sentence may be a verb ("Book with us")."""
    thing = mention.thing
    if thing.heads_only or thing.general or mention.joined or mention.first == 0:
        return False
    return thing.certain or facts.sector in thing.sectors
