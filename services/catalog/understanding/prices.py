"""Writes the fields price, offer and proof of a product out, in the language of its texts."""

from __future__ import annotations

import re
import tomllib
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from services.catalog.understanding import text
from services.catalog.understanding.values import Offer, ProductTexts, Proof

_DATA: dict[str, Any] = tomllib.loads((Path(__file__).parent / "data" / "formats.toml").read_text(encoding="utf-8"))
_SYMBOLS: dict[str, str] = _DATA["symbols"]
_ALWAYS_BEFORE = frozenset({"R$"})  # also where other signs stand behind the amount
_ALWAYS_BEHIND = frozenset({"zł", "Kč", "kr"})


def price_text(texts: ProductTexts, language: str) -> str:
    """Returns a product's price with its currency and unit, with the old price beside a reduced one, or ""."""
    forms = _forms(language)
    now = texts.sale_price or texts.price
    before = texts.old_price or (texts.price if texts.sale_price else "")
    new = money(now, texts.currency, language)
    old = money(before, texts.currency, language)
    if not new:
        return ""
    if unit := text.clean_name(texts.price_per):
        new = forms["per"].format(price=new, unit=forms["units"].get(unit.lower(), unit))
    is_reduced = old and Decimal(before) > Decimal(now)
    return str(forms["reduced"].format(new=new, old=old)) if is_reduced else new


def money(amount: str, currency: str, language: str) -> str:
    """Returns an amount as a language writes it: "1.349 €" for "1349.00". "" for what is no decimal number."""
    try:
        value = Decimal(amount)
    except InvalidOperation:
        return ""
    if not value.is_finite() or abs(value) >= Decimal("1e15"):
        return ""
    forms = _forms(language)
    digits = f"{value:,.0f}" if value == value.to_integral_value() else f"{value:,.2f}"
    number = digits.translate(str.maketrans({",": forms["thousands"], ".": forms["decimal"]}))
    symbol = _SYMBOLS.get(currency.upper(), currency.upper())
    if not symbol:
        return number
    if (forms["before"] or symbol in _ALWAYS_BEFORE) and symbol not in _ALWAYS_BEHIND:
        return f"{symbol}{'' if forms['before'] and not symbol.isalpha() else ' '}{number}"
    return f"{number} {symbol}"


def offer_text(offer: Offer, language: str) -> str:
    """Returns an offer with its code and its last day, where its text does not name them already."""
    forms = _forms(language)
    said = text.clean_name(offer.text)
    parts = [said] if said else []
    if offer.code and not _stands_in(offer.code, said):
        parts.append(forms["code"].format(code=offer.code))
    try:
        ends = date.fromisoformat(offer.ends) if offer.ends else None
    except ValueError:
        ends = None
    if ends:
        month = forms["months"].split()[ends.month - 1]
        if not (_stands_in(str(ends.day), said) and month.lower() in said.lower()):
            parts.append(forms["until"].format(day=ends.day, month=month, year=ends.year))
    return ", ".join(parts)


def _stands_in(word: str, said: str) -> bool:
    """Whether a text holds a code or a number as a word of its own: "1" does not stand in "15 %", nor OFF in "off"."""
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", said) is not None


def proof_texts(proof: Proof, language: str) -> list[str]:
    """Returns the rating with its count and source, and the award, each where given."""
    forms = _forms(language)
    found = []
    rated = []
    if proof.rating:
        rated.append(forms["rating"].format(rating=proof.rating.replace(".", forms["decimal"]), best=proof.best))
    if proof.count:
        count = f"{proof.count:,}".replace(",", forms["thousands"])
        rated.append(forms["reviews"].format(count=count))
    if rated:
        source = text.clean_name(proof.source)
        found.append(", ".join((*rated, source)) if source else ", ".join(rated))
    if award := text.clean_name(proof.award):
        found.append(award)
    return found


def _forms(language: str) -> dict[str, Any]:
    languages: dict[str, Any] = _DATA["languages"]
    forms: dict[str, Any] = languages.get(language, languages["und"])
    return forms
