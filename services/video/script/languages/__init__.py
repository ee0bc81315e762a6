"""Scripts in other languages than English: one set of rules, and the words of each language as data.

`data/languages/<code>.toml` holds what differs: joints, abbreviations, signs, letters. Numbers are CLDR's spell-out
rules through unicode-rbnf, names of currencies, units, months and days CLDR's through babel.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from services.video.script.languages import amounts, contacts, dates, times, wording
from services.video.script.languages.words import Words
from services.video.script.spans import Rule

CODES: Final = ("es", "it", "pt")  # of the languages that voices speak beside English


@cache
def words_of(language: str) -> Words:
    """The words of one of CODES. Raises KeyError for another language."""
    if language not in CODES:
        raise KeyError(language)
    return Words(language)


@cache
def rules_of(language: str, currency: str = "") -> tuple[Rule, ...]:
    """The rules of one of CODES, the most telling form first: what a rule took, later ones leave. currency: that of the
    product, which tells what a sign is."""
    words = words_of(language)
    if currency and not words.is_local(currency):
        return rules_of(language)
    return (
        *contacts.rules(words),
        *wording.references(words),
        *amounts.money(words, currency),
        *dates.rules(words),
        *times.rules(words),
        *amounts.ratios(words),
        *amounts.shares(words),
        *amounts.measures(words),
        *wording.abbreviations(words),
        *wording.numerals(words),
        *amounts.counts(words),
        *wording.codes(words),
        *amounts.plain_numbers(words),
        *wording.signs(words),
    )
