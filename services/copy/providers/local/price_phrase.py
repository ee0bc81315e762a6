"""The price with the words that belong to it, cut from the customer's text: "$94 a month", "From £14.50 each".

A sentence with a price is often too long for a text, or says much besides. Its amount with what it is for is true by
itself, unless the sentence or a word before the amount limits it; then its clause stands with the limit, or not at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any, Final

from services.chassis.amounts import Amount, amounts_in
from services.copy.providers.local.amounts import CACHED, same_amount
from services.copy.providers.local.quotes import first_word, last_word
from services.copy.providers.local.repeats import numbers_of
from services.copy.providers.local.words import LANGUAGES, Words, read_data, signs, whole_words, words_of

SHORT_LIMIT: Final = 5  # words behind a price that belong to it ("£24 a month, twelve months at least")
_WORDED: Final = re.compile(r"\d\s?[^\W\d_]{4,}")  # "480 pesos"
_CLAUSES: Final = re.compile(r"(?<=[,;:])\s+|\s[–—-]\s")
MOST_WORDS: Final = 6  # of what an amount is for
BEFORE: Final = 3  # words before an amount that say what it is
_SENTENCE_END: Final = re.compile(r"(?<=[.!?])\s+|\n")
_BREAK: Final = re.compile(r"[,;:()\[\].!?\"“”]|\s[–—-]\s|\s[–—]|$")
_WORD: Final = re.compile(r"\S+")
_NEXT_CLAUSE: Final = re.compile(r";|, (?:and|und|et|y|e) ")  # limits nothing before it
_SEVERAL: Final = (" for", " für", " pour", " por", " per")
_GOES_ON: Final = ("-", "–", "/", "+", "*", "%", "(")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Forms:
    """The words of services/copy/data/price_phrases.toml in one language."""

    lowest: re.Pattern[str]
    units: re.Pattern[str]
    ends: frozenset[str]
    limits: re.Pattern[str]
    besides: re.Pattern[str]
    taxed: re.Pattern[str]
    first_lowest: str
    open_end: frozenset[str]


def price_phrase(texts: Iterable[str], price: str, language: str) -> str:
    """The product's price as a phrase, from texts that name it; empty where none is sure, or one of them limits it.

    price: decimal number. language: BCP 47 code; of a language without words of its own there is no phrase.
    """
    if language not in LANGUAGES:
        return ""
    phrases = [phrase for text in texts for phrase in _phrases_of(text, price, language)]
    if None in phrases:
        return ""
    return max(map(str, phrases), key=lambda phrase: (" " in phrase, bool(phrase)), default="")


def names_money(text: str) -> bool:
    """Whether a text names an amount of money."""
    return any(found.is_money for found in amounts_in(text))


def priced_clause(text: str, amount: str, words: Words) -> str:
    """The clause of a text that names its price, with the next one where that limits it ("480 pesos without sweets");
    empty without one, and where the clause would say less than is true: where it needs what stands before it."""
    if not amount or not words.joints:
        return ""
    parts = [part.strip() for part in _CLAUSES.split(text) if part.strip()]
    for place, part in enumerate(parts):
        kept = part
        if not (same_amount(part, amount) and (names_money(part) or _WORDED.search(part))):
            continue
        if part.count("(") != part.count(")") or first_word(part) in words.joints:
            return ""
        behind = parts[place + 1] if place + 1 < len(parts) else ""
        is_short = part.endswith((",", ";")) and len(behind.split()) <= SHORT_LIMIT and not names_money(behind)
        if behind and (is_short or words.guards.search(behind) or words.negations.search(behind)):
            kept = f"{part} {behind}"
        kept = kept.rstrip(" ,;:.")
        return "" if last_word(kept) in words.open_end or kept.count("(") != kept.count(")") else kept
    return ""


@lru_cache(maxsize=CACHED)
def _phrases_of(text: str, price: str, language: str) -> tuple[str | None, ...]:
    """The phrase of each sentence that names the price; None where the sentence limits it."""
    wanted, phrases = Decimal(price), []
    for sentence in _SENTENCE_END.split(text):
        amounts = [found for found in amounts_in(sentence) if found.is_money]
        found = next((found for found in amounts if wanted in found.values), None)
        if found is not None:
            phrases.append(_phrase(sentence, found, amounts, language))
    return tuple(phrases)


def _phrase(sentence: str, found: Amount, amounts: list[Amount], language: str) -> str | None:
    forms = _forms(language)
    begin, end = _span(found)
    before, behind = sentence[:begin].rstrip(), sentence[end:]
    if forms.besides.search(_near(before)):
        return None
    taxed = forms.taxed.match(behind)
    tax = taxed[0] if taxed else ""
    unit = _unit(behind[len(tax) :], forms)
    rest = _NEXT_CLAUSE.split(behind[len(tax) + len(unit or "") :])[0]
    if unit is None or forms.limits.search(unit + rest) or rest.lstrip().startswith(_GOES_ON):
        return None
    others = [
        other for other in amounts if other is not found and not _is_beside(sentence[: _span(other)[0]], language)
    ]
    amount = f"{sentence[begin:end]}{tax}{unit}".strip()
    lowest = forms.lowest.search(before)
    if lowest:
        return f"{lowest[0].strip()} {amount}"
    if not others:
        return amount
    if all(other.values[0] > found.values[0] and other.start > found.start for other in others):
        return f"{forms.first_lowest} {amount}"
    return amount if unit else None


def is_of_one_size(text: str, price: str, name: str) -> bool:
    """Whether the words before a price in its clause have a number that the product's name has not: "A 2.4 metre
    lean-to costs £2,980" is not what a lean-to of any width costs."""
    wanted = Decimal(price)
    for sentence in _SENTENCE_END.split(text):
        for found in amounts_in(sentence):
            if found.is_money and wanted in found.values:
                clause = re.split(r"[,;:]\s|\s[–—-]\s", sentence[: _span(found)[0]])[-1]
                numbers = {value for other in amounts_in(clause) if not other.is_money for value in other.values}
                if numbers - {value for other in amounts_in(name) for value in other.values}:
                    return True
    return False


def _span(found: Amount) -> tuple[int, int]:
    return min(found.start, found.sign_start), max(found.stop, found.sign_end)


def _is_beside(before: str, language: str) -> bool:
    """Whether an amount behind these words is no other price: an old one, a deposit, that of several ("three for")."""
    near = _near(before.rstrip())
    number = " ".join(near.split()[-2:])
    is_of_several = number.casefold().endswith(_SEVERAL) and bool(numbers_of(number, language))
    return is_of_several or bool(_forms(language).besides.search(near))


def _near(before: str) -> str:
    return " ".join(before.split()[-BEFORE:])


def _unit(behind: str, forms: _Forms) -> str | None:
    """What an amount is for, as it stands behind it; empty where nothing says it, None where it does not end."""
    if forms.units.match(behind) is None:
        return ""
    stop = _BREAK.search(behind, 1)
    words = list(_WORD.finditer(behind, 0, stop.start() if stop else len(behind)))
    is_slashed = behind.lstrip().startswith("/")
    last = next(
        (place for place, word in enumerate(words) if place and word[0].casefold().strip("'’") in forms.ends),
        len(words),
    )
    if (is_slashed and last > 1) or last > MOST_WORDS + 1:
        return None
    return None if words[last - 1][0].casefold() in forms.open_end else behind[: words[last - 1].end()]


@cache
def _forms(language: str) -> _Forms:
    row: dict[str, Any] = read_data("price_phrases.toml")[language]
    taxes = "|".join(map(re.escape, signs("taxes")))
    mixed = "|".join(map(re.escape, sorted(row["taxes"], key=len, reverse=True)))
    return _Forms(
        lowest=re.compile(rf"(?<!\w)(?:{_any(row['from'])})$", re.IGNORECASE),
        units=re.compile(rf"\s?/\s?\w|\s(?:{_any(row['units'])})(?!\w)|\s(?:l|all)['’]", re.IGNORECASE),
        ends=frozenset(row["ends"]),
        limits=whole_words(row["limits"]),
        besides=whole_words(row["besides"]),
        first_lowest=row["from"][0],
        open_end=words_of(language).open_end,
        taxed=re.compile(rf"\s?(?:(?:{mixed})\s?(?:{taxes})(?!\w)|(?:TTC|HT)(?!\w))", re.IGNORECASE),
    )


def _any(entries: Iterable[str]) -> str:
    return "|".join(re.escape(entry) for entry in sorted(entries, key=len, reverse=True))
