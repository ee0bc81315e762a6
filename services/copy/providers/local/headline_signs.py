"""What is seen of a headline by which its grade is guessed: its fact, whether it names the thing, its form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from services.copy.providers.local.quotes import content_words, fold
from services.copy.providers.local.words import words_of

LENGTHS: Final = (16, 24, 34, 44, 54, 66)  # characters between which headlines differ
FEW_WORDS: Final = 2
SHORT: Final = 24  # characters of one that says little without its subject
MOST_FACTS: Final = 12
BEGUN, CUT, NAMED, PROSE, REST = "begun", "cut", "named", "prose", "rest"
MARKS: Final = frozenset({BEGUN, CUT, NAMED, PROSE, REST})
_YOU: Final = re.compile(
    r"\b(?:you|yours?|ihre?[nrms]?|sie|tus?|su|votre|vos|vous|tu[ao]|seus?|suas?)\b", re.IGNORECASE
)
_MONEY: Final = re.compile(r"[£$€¥₹₩]|\b(?:kr|zł|Kč|Ft|lei|CHF|EUR)\b")
_TWO: Final = re.compile(r"[.!?…]\s|。(?!$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Advertised:
    """What an ad is for. what: its name with the words for the thing; count: the facts of its brief."""

    what: str
    subject: str
    brand: str
    language: str
    kind: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """A headline with what is known of it.

    angle: the role of its fact, or "name". source: of its fact; empty without one. strength: of its fact, 0 to 1.
    behind: share of the brief's facts that are stronger. marks, of MARKS: BEGUN, the customer's own first sentence;
    CUT, less than the fact says; NAMED, it says what is sold; PROSE, a sentence of running text; REST, the body has the
    end of its sentence.
    """

    text: str
    angle: str
    source: str
    strength: float
    behind: float
    marks: frozenset[str]


def signs_of(hook: Hook, product: Advertised) -> Mapping[str, float]:
    """The signs of a headline, those that are not zero; numbers from 0 to about 2."""
    text, marks = hook.text, hook.marks
    words = words_of(product.language)
    named = _words_of_name(product.what, product.subject, product.language)
    said = content_words(text, words)
    length, count = len(text), len(text.split())
    is_pair, is_named, is_labelled = bool(_TWO.search(text)), NAMED in marks, ":" in text
    signs = {
        "strength": hook.strength,
        "without_fact": not hook.source,
        "behind": hook.behind if hook.source else 1.0,
        "share_of_name": len(said & named) / max(1, len(named)),
        "share_named": len(said & named) / max(1, len(said)),
        "any_of_name": bool(said & named),
        "other_words": len(said - named) / 10,
        "brand": bool(product.brand) and fold(product.brand) in fold(text),
        "brand_alone": bool(product.brand) and fold(text) == fold(product.brand),
        "name_alone": fold(text) == fold(product.what),
        "two": is_pair,
        "two_named": is_pair and is_named,
        "label": is_labelled,
        "unnamed_row": not is_named and PROSE not in marks,
        "unnamed_short": not is_named and length <= SHORT,
        "squared": (length / 100) ** 2,
        "words": count / 10,
        "few_words": count <= FEW_WORDS,
        "figures": len(re.findall(r"\d+", text)) / 2,
        "money": bool(_MONEY.search(text)),
        "commas": text.count(","),
        "capitals": sum(word.isupper() and len(word) > 1 for word in text.split()) / max(1, count),
        "you": bool(_YOU.search(text)),
        "ours": bool(words.ours.search(text)),
        "facts": min(product.count, MOST_FACTS) / 10,
        "of_thing": product.kind in {"good", "food"},
        f"angle_{hook.angle}": True,
        f"from_{hook.source or 'name'}": True,
        **{f"over_{limit}": length > limit for limit in LENGTHS},
        **{mark: mark in marks for mark in MARKS},
    }
    return {sign: float(value) for sign, value in signs.items() if value}


@lru_cache(maxsize=512)
def _words_of_name(what: str, subject: str, language: str) -> frozenset[str]:
    return content_words(f"{what} {subject}", words_of(language))
