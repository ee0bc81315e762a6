"""Rules over several fields of a product, and those that need more than a pattern: dates, check digits, currencies."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from decimal import Decimal
from functools import cache

from babel.core import get_global

from services.catalog.domain import Product
from services.chassis.errors import FieldViolation, ValidationFailed

CHECKED_FIELDS = frozenset(
    {"conditions", "currency", "gtin", "offer", "proof"}
)  # those that are checked only where given
DEFAULT_BEST_RATING = 5
NO_TERRITORY = "ZZ"  # under which CLDR lists the codes that nobody pays with: XXX, XTS, metals


def check_product(product: Product, given: Collection[str]) -> None:
    """Raises ValidationFailed for each rule that the product breaks.

    given: names of the fields that the request sets. A value that was accepted earlier is not checked again by itself:
    a currency that has been replaced since does not keep its product from being changed.
    """
    found = [*_price_violations(product)]
    if "currency" in given and product.currency is not None and product.currency not in currencies():
        found.append(_violation("currency", f"{product.currency} is not a current ISO 4217 code"))
    if "gtin" in given and product.gtin:
        found += _gtin_violations(product.gtin)
    if "conditions" in given:
        found += [
            _violation(f"conditions[{index}]", "must not be empty")
            for index, condition in enumerate(product.conditions)
            if not condition
        ]
    if "offer" in given:
        found += _offer_violations(product)
    if "proof" in given:
        found += _proof_violations(product)
    if found:
        raise ValidationFailed(found)


@cache
def currencies() -> frozenset[str]:
    """Returns the ISO 4217 codes in use, funds codes included, by CLDR."""
    current = {
        territory: {code for code, _, end, _ in entries if end is None}
        for territory, entries in get_global("territory_currencies").items()
    }
    return frozenset(set().union(*current.values()) - current[NO_TERRITORY])


def _violation(field: str, message: str) -> FieldViolation:
    return FieldViolation(field=field, message=message)


def _price_violations(product: Product) -> list[FieldViolation]:
    if product.price is None:
        needing = {
            "salePrice": product.sale_price, "oldPrice": product.old_price, "pricePer": product.price_per,
        }  # fmt: skip
        names = [name for name, value in needing.items() if value]
        return [_violation("price", f"is required with {' and '.join(names)}")] if names else []
    found = []
    if product.currency is None:
        found.append(_violation("currency", "is required with a price"))
    price = Decimal(product.price)
    if product.sale_price is not None and Decimal(product.sale_price) >= price:
        found.append(_violation("salePrice", f"must be lower than the price, which is {product.price}"))
    if product.old_price is not None and Decimal(product.old_price) <= price:
        found.append(_violation("oldPrice", f"must be higher than the price, which is {product.price}"))
    return found


def _gtin_violations(gtin: str) -> list[FieldViolation]:
    expected = gtin_check_digit(gtin[:-1])
    if gtin[-1] == expected:
        return []
    return [
        _violation("gtin", f"has a wrong digit: after {gtin[:-1]}, the last one, the check digit, would be {expected}")
    ]


def gtin_check_digit(digits: str) -> str:
    """Returns the check digit that follows the other digits of a GTIN (GS1 General Specifications, section 7.9)."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return str(-total % 10)


def _offer_violations(product: Product) -> list[FieldViolation]:
    offer = product.offer
    if offer is None:
        return []
    found = []
    if not offer.text:
        found.append(_violation("offer.text", "is required with a code or an end"))
    if offer.ends:
        try:
            date.fromisoformat(offer.ends)
        except ValueError:
            found.append(_violation("offer.ends", f"{offer.ends} is not a date of the calendar"))
    return found


def _proof_violations(product: Product) -> list[FieldViolation]:
    proof = product.proof
    if proof is None:
        return []
    if not (proof.rating or proof.award):
        return [_violation("proof", "needs a rating or an award")]
    if not proof.rating or Decimal(proof.rating) <= proof.best:
        return []
    return [_violation("proof.rating", f"must be at most {proof.best}; send the best possible rating as proof.best")]
