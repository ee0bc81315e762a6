"""When what is advertised takes place: the day or span of days that a picture shows large."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from services.media.dates import date_phrase

LONGEST: Final = 34  # characters of an occasion; more is a sentence
MOST_WORDS_BESIDE: Final = 3  # in a fact, beside its days: "Night lamber, 10 March to 14 April"
SPAN_SIGNS: Final = re.compile(r"[-–—]|\s\w{1,6}\s")  # between two days: a single day in a fact may be a deadline
CLOSED: Final = re.compile(  # of a span of days on which there is nothing
    r"\b(?:clos|not\b|no\b|except|geschlossen|zu\b|nicht|ferm|sauf|cerrad|chius|fechad|exce|zamkni|gesloten|stängt|lukket)",
    re.IGNORECASE,
)
NAME_TAIL: Final = " ,;:–—|-·("
DANGLING: Final = re.compile(
    r"(?:[\s,;:–—|·(-]+\b(?:on|am|ab|le|du|from|vom|del|dal|il|em|el|in|im|en)\b)*[\s,;:–—|·(-]*$", re.IGNORECASE
)


def occasion_of(name: str, facts: Iterable[str], language: str) -> str:
    """Returns the days that the product's name names, else those of a fact that names a span of days and hardly
    anything else; "" where there are none.

    A single day in a fact, and days in a sentence, may be those of a deadline or a closing, and are left to copy.
    """
    found = date_phrase(name, language)
    if found and len(found) <= LONGEST:
        return found
    for fact in facts:
        phrase = date_phrase(fact, language)
        if not phrase or len(phrase) > LONGEST or len(re.findall(r"\d+", phrase)) < 2:
            continue
        rest = fact.replace(phrase, " ")
        if CLOSED.search(rest):
            continue
        if len(re.findall(r"[^\W\d_]{2,}", rest)) <= MOST_WORDS_BESIDE and SPAN_SIGNS.search(phrase):
            return phrase
    return ""


def without_occasion(text: str, occasion: str) -> str:
    """Returns a name or headline without the days that stand at its end, or in brackets there: "Demo derby Sat Aug 15,
    7pm" -> "Demo derby"; the text as it is where they stand elsewhere, or where nothing but a word would be left."""
    if not occasion:
        return text
    for part in (occasion, re.split(r",\s*(?=\d{1,2}(?:[:.]\d\d)?\s*[ap]?\.?m?)", occasion)[0]):
        head, found, tail = text.partition(part)
        if found and not re.search(r"\w", tail):
            rest = DANGLING.sub("", head).strip(NAME_TAIL)
            return rest if len(rest) > 3 else text
    return text
