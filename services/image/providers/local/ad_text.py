"""The words on the picture: who says what, and where each text came from."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from services.image.domain import ImageBrief

SYMBOLS: Final[dict[str, str]] = {
    "USD": "$",
    "EUR": "€",
    "GBP": "£",
    "JPY": "¥",
    "INR": "₹",
    "AUD": "A$",
    "CAD": "C$",
    "NZD": "NZ$",
    "CNY": "¥",
    "KRW": "₩",
    "BRL": "R$",
    "MXN": "MX$",
    "SGD": "S$",
    "HKD": "HK$",
}
NO_DECIMALS: Final = frozenset({"JPY", "KRW"})
SUBLINE_LIMIT: Final = 110  # characters; more is not read in an ad
DIGITS_ONLY: Final = re.compile(r"^\d+(?:[.,]\d+)*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """Each text of the picture; "" leaves it out. `quoted` names those set verbatim from the prompt."""

    brand: str
    eyebrow: str
    headline: str
    subline: str
    price: str
    call_to_action: str
    product_name: str
    quoted: tuple[str, ...] = ()


def wording(brief: ImageBrief, quoted: dict[str, str]) -> Wording:
    """The brief's words; `quoted` (role to text) comes from the prompt and goes before everything."""
    name = _one_line(brief.product_name)
    headline = _one_line(brief.headline) or name or _one_line(brief.brand_name)
    subline = _one_line(brief.subline) or _plain_subline(brief)
    if subline.casefold().strip(".!") == headline.casefold().strip(".!"):
        subline = ""
    made = Wording(
        brand=_one_line(brief.brand_name),
        eyebrow="",
        headline=headline,
        subline=subline,
        price=price_text(brief.price, brief.currency),
        call_to_action=_one_line(brief.call_to_action) or "Learn more",
        product_name=name,
    )
    if quoted:
        made = replace(made, **quoted, quoted=tuple(quoted))
    says_name = name.casefold() in f"{made.headline} {made.brand}".casefold()
    if name and not says_name:
        made = replace(made, eyebrow=name)
    return made


def price_text(price: str | None, currency: str | None) -> str:
    """ "29.9", "EUR" -> "€29.90"; prices that carry their own currency stay as they are."""
    text = _one_line(price or "")
    if not text or not DIGITS_ONLY.match(text):
        return text
    code = (currency or "").strip().upper()
    if "." in text and "," not in text and code not in NO_DECIMALS:
        whole, _, cents = text.partition(".")
        if len(cents) <= 2 and "." not in cents:
            text = whole if not cents.strip("0") else f"{whole}.{cents.ljust(2, '0')}"
    if not code:
        return text
    return f"{SYMBOLS[code]}{text}" if code in SYMBOLS else f"{code} {text}"


def _plain_subline(brief: ImageBrief) -> str:
    sentences = re.split(r"(?<=[.!?])\s+", _one_line(brief.description))
    first = sentences[0] if sentences else ""
    if first and len(first) <= SUBLINE_LIMIT:
        return first
    if first:
        clause = re.split(r"\s[–—-]\s|[;:,]\s", first)[0]
        if 12 <= len(clause) <= SUBLINE_LIMIT:
            return clause.rstrip(".,;:") + "."
    features = [_one_line(feature).rstrip(".") for feature in brief.features[:3] if feature.strip()]
    while features and len(" · ".join(features)) > SUBLINE_LIMIT:
        features.pop()
    return " · ".join(features)


def _one_line(text: str) -> str:
    """White space collapsed, control characters dropped."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
