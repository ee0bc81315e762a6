"""What limits a price and stands elsewhere in the customer's text: the least that is sold, the most that it buys."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation
from typing import Final

from services.chassis.amounts import amounts_in, names, read_amount

LONGEST: Final = 40  # characters of what stands behind a price
SENTENCE: Final = re.compile(r"(?<=[.!?。])\s+|\n+|(?<=。)")
CLAUSE: Final = re.compile(r"\s*[,;()]\s*|\s[–—-]\s|\s*[。，、；（）]\s*")
# The least that is sold. "45 min" is a time.
LEAST: Final = re.compile(
    r"(?<![\w.])(?<!\d[\s-])(?:m[ií]n\.|m[ií]n(?=\s\d))(?!\w)|(?<!\w)(?:minim\w*|mínim\w*|mindest\w*|minst)(?!\w)"
    r"|(?<!\w)(?:at least|au moins|al menos|almeno|pelo menos|co najmniej|sekurang-kurangnya)\s\d"
    r"|\d\s?(?:個|組|本|人|份|件|盒)?(?:以上|起)",
    re.IGNORECASE,
)
# The most that a price buys: "up to 600 sq ft".
MOST: Final = re.compile(
    r"(?<!\w)(?:up to|bis zu|jusqu['’]à|hasta|fino a|até|op til|opp til|upp till|tot|do|hingga|sampai)\s(?=\d)"
    r"[^,;()]*?\d\s?(?:sq\.?\s?(?:ft|m)|ft|feet|m²|m2|qm|m|kg|lbs?|people|persons|guests|bedrooms|personas|personnes|"
    r"personen)(?!\w)",
    re.IGNORECASE,
)
# Denials, and words of ages and heights: they limit no price.
OTHERWISE: Final = re.compile(
    r"(?<!\w)(?:no|not|without|kein\w*|ohne|sans|sin|senza|sem|utan|uten|uden|bez|tanpa|aucun|ningún|nessun)(?!\w)"
    r"|(?<!\w)(?:ag(?:e|es|ed)|years?\sold|olds?|heights?|tall|alter\w*|âge|edad|età|idade|alder|usia)(?!\w)",
    re.IGNORECASE,
)
# Times and sizes limit a price in its own sentence only: "€165 a week, minimum four weeks".
MEASURES: Final = re.compile(
    r"(?<!\w)(?:years?|hours?|minutes?|weeks?|months?|days?|jahr\w*|tagen?|wochen|stunden|minuten|monat\w*|ans|ann[ée]es?|"
    r"jours?|heures?|mois|semaines?|años?|días|horas?|mes\w*|semanas?|anni|giorni|ore|anos|dias|år|dage?r?|lat|tahun|hari|jam)"
    r"(?!\w)|\d\s?(?:mm|cm|inch|inches)(?!\w)",
    re.IGNORECASE,
)
BOUND: Final = re.compile(
    r"(?<!\w)(?:terms?|stays?|contracts?|laufzeit|aufenthalt|estancia|séjour)(?!\w)", re.IGNORECASE
)
COINS: Final = re.compile(r"\d\s?(?:¢|cents?|ct|p)(?!\w)", re.IGNORECASE)
NOTE: Final = re.compile(r"[<>{}|#*=\[\]]|&\w+;|\?\?|!!|->")


def price_terms(price: str, text: str, features: Sequence[str], description: str) -> str | None:
    """Returns what limits a price, "" where nothing is known to; None where what is known cannot be printed beside it.

    price: the amount as a number. text: what a picture says of it; what that says already is not returned.
    """
    value = read_amount(price)
    if value is None:
        return ""
    found: list[str] = []
    for clause, is_own in _limits([*features, description], value):
        if names(clause, value, as_money=False):  # the amount itself is the least that is paid
            if not LEAST.search(text):
                return None
            continue
        if is_own and not _says(text, clause):
            found.append(clause)
    if not found:
        return ""
    shortest = min(found, key=len)
    return shortest if len(shortest) <= LONGEST and not NOTE.search(shortest) else None


def with_terms(text: str, terms: str) -> str:
    """A price with what limits it behind it: "$149 2 car driveway, up to 600 sq ft"."""
    lowered = terms if terms[1:2].isupper() else terms[:1].lower() + terms[1:]
    return f"{text.rstrip(' .,;')}, {lowered}" if terms else text


def least_behind(item: str, description: str) -> str | None:
    """An item that names a price, with the least quantity or sum that the customer's text names right behind it; None
    where both have no room. Other items stay as they are."""
    is_priced = COINS.search(item) is not None or any(found.is_money for found in amounts_in(item))
    if not is_priced or LEAST.search(item):
        return item
    place = description.casefold().find(item.casefold().rstrip(" .,"))
    if place < 0:
        return item
    behind = SENTENCE.split(description[place + len(item.rstrip(" .,")) :], maxsplit=1)[0]
    clauses = [clause.strip(" .") for clause in CLAUSE.split(behind) if clause.strip(" .")]
    limits = [clause for clause in clauses if LEAST.search(clause) and not OTHERWISE.search(clause)]
    if not limits:
        return item
    whole = f"{item.rstrip(' .,')}, {limits[0]}"
    return whole if len(whole) <= LONGEST else None


def _limits(texts: Sequence[str], value: Decimal) -> Iterator[tuple[str, bool]]:
    """The clauses that limit a price, each with whether it is this one: not one of a sentence with another amount."""
    for text in texts:
        for sentence in SENTENCE.split(text):
            money = [found for found in amounts_in(sentence) if found.is_money]
            has_own = any(value in found.values for found in money)
            others = [found for found in money if value not in found.values]
            for clause in CLAUSE.split(sentence):
                kept = clause.strip(" .:·")
                about_other = any(found.is_money and value not in found.values for found in amounts_in(kept))
                if about_other or OTHERWISE.search(kept):
                    continue
                is_timed = MEASURES.search(kept) is not None and not (has_own or BOUND.search(kept))
                if LEAST.search(kept) and not is_timed:
                    yield kept, has_own or not others
                elif has_own and (most := MOST.search(kept)):
                    yield most[0].strip(), True


def _says(text: str, clause: str) -> bool:
    """Whether a text says what a clause does: its figures, or all of its words."""
    figures = re.findall(r"\d+", clause)
    words = re.findall(r"\w+", clause.casefold())
    said = re.findall(r"\w+", text.casefold())
    return all(word in said for word in (figures or words))


def states_other_amounts(text: str, price: str | None) -> bool:
    """Whether a line is not about a price: it names amounts, and not that one; or without one, several, as an example
    of a calculation does."""
    amounts = [found for found in amounts_in(text) if found.is_money]
    try:
        value = Decimal(price) if price else None
    except InvalidOperation:
        value = read_amount(price or "")
    if value is None:
        return len({found.values[0] for found in amounts}) > 1
    return bool(amounts) and not names(text, value, as_money=False)
