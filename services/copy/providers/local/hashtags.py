"""Hashtags from the customer's own names: the brand, the product, the trade's word, the place. Accents stay."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache

from babel import Locale

from services.chassis.banned_words import BannedWord
from services.copy.providers.local.fitness import is_shorthand
from services.copy.providers.local.material import Material

FEWEST, MOST = 3, 24  # characters of a tag
ENDING = 2  # characters by which forms of one word differ
_APOSTROPHE = re.compile(r"['’]")
# The small word before the place where something is, by language; the place follows with a capital.
_PLACE = {
    "en": r"\b(?:in|near)\s+",
    "es": r"\ben\s+",
    "fr": r"\bà\s+",
    "it": r"\b(?:a|in)\s+",
    "pt": r"\bem\s+",
}
_AND = {"en": "And", "es": "Y", "fr": "Et", "de": "Und", "it": "E", "pt": "E"}
LOCAL = frozenset(
    {"", "service", "place", "event", "property", "cause", "public_body", "job"}
)  # kinds that have a place
NAME_WORDS = 3  # most words of a name that is a tag
_CAPITALISED = (  # "Città di Castello" is one name
    r"([A-ZÀ-ÖØ-Þ][\w'’-]+(?:\s+(?:(?:of|the|upon|on|de|da|do|dos|das|del|della|di|la|le|les|sur|en)\s+){0,2}"
    r"[A-ZÀ-ÖØ-Þ][\w'’-]+)?)"
)


def tag(text: str) -> str:
    """The text as one hashtag in capitalised words, without #; empty if it makes none."""
    words = "".join(
        sign if unicodedata.category(sign)[0] in "LNM" else " " for sign in _APOSTROPHE.sub("", text)
    ).split()
    joined = "".join(word if word[:1].isupper() else word[:1].upper() + word[1:] for word in words)
    return joined if FEWEST <= len(joined) <= MOST and not joined[0].isdigit() else ""


def hashtags(material: Material, *, count: int, index: int, banned: Iterable[BannedWord] = ()) -> tuple[str, ...]:
    """Up to `count` hashtags for the variant `index`: the brand's own, then others in turn."""
    if count <= 0:
        return ()
    brand = material.brand.replace("&", f" {_AND.get(material.language, '')} ")
    named = material.name if len(material.name.split()) <= NAME_WORDS and not is_shorthand(material.name) else ""
    own = list(dict.fromkeys(filter(None, (tag(brand), tag(named)))))
    if material.solemn:  # no tag is made of a coffin or a debt
        sender = filter(None, (tag(brand),))
        return tuple(f"#{text}" for text in sender if not any(pattern.search(text) for pattern in banned))
    said = [
        text
        for text in (*material.trade_words, material.subject)
        if text and re.search(rf"(?<![\w-]){re.escape(text.casefold())}\w{{0,2}}(?!\w)", material.full_name.casefold())
    ]
    topics = dict.fromkeys(filter(None, map(tag, said[:2])))
    others = [text for text in (*topics, *_places(material)) if text.casefold() not in {o.casefold() for o in own}]
    turned = others[index % len(others) :] + others[: index % len(others)] if others else []
    chosen = list(dict.fromkeys([*own[:1], *turned, *own[1:]]))
    allowed = [text for text in chosen if not any(pattern.search(text) for pattern in banned)]
    allowed = [
        text for place, text in enumerate(allowed) if not any(_is_form(text, other) for other in allowed[:place])
    ]
    return tuple(f"#{text}" for text in allowed[:count])


def _is_form(text: str, other: str) -> bool:
    """Whether two tags are forms of one word: "Headphone" and "Headphones"."""
    shorter, longer = sorted((text.casefold(), other.casefold()), key=len)
    return longer.startswith(shorter) and len(longer) - len(shorter) <= ENDING


def _places(material: Material) -> list[str]:
    """Places that the facts name, if the language has a sign for them."""
    pattern = _PLACE.get(material.language)
    # German nouns have capitals too, software works "in Slack", and a coat is made in places where it is not sold
    if pattern is None or material.kind not in LOCAL:
        return []
    made_here = re.compile(pattern + _CAPITALISED)
    texts = [
        material.full_name,
        *(quote.text for quote in material.quotes if quote.source == "features"),
    ]
    described = [quote for quote in material.quotes if quote.source == "description"]
    texts.extend(quote.text for quote in sorted(described, key=lambda quote: quote.place)[:1])
    found = (match[1] for text in texts for match in made_here.finditer(text))
    months = _months(material.language)
    places = (tag(text) for text in found if text.casefold() not in months and not text.isupper())
    return list(dict.fromkeys(filter(None, places)))[:2]


@cache
def _months(language: str) -> frozenset[str]:
    """Names of months and weekdays, which have capitals as places have."""
    locale = Locale.parse(language)
    names = {name for form in ("wide", "abbreviated") for name in locale.months["format"][form].values()}
    names |= {name for form in ("wide", "abbreviated") for name in locale.days["format"][form].values()}
    return frozenset(name.casefold().rstrip(".") for name in names)
