"""Values that the parts of the understanding exchange."""

from __future__ import annotations

from dataclasses import dataclass, field

NOT_KNOWN = "not_known"
BESIDE = 0.15  # strength of what may stand beside other facts and leads nothing: the price of something else
UNDETERMINED = "und"  # BCP 47: the language is not known


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a product is sold with for a time. `ends` is YYYY-MM-DD or empty."""

    text: str
    code: str = ""
    ends: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What others say of a product. `rating` is a decimal number as text, of at most `best`."""

    rating: str = ""
    best: int = 5
    count: int = 0
    source: str = ""
    award: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductTexts:
    """Everything a customer says of a product, as sent. Empty where not said; prices are decimal numbers as text."""

    project: str
    name: str
    description: str = ""
    features: tuple[str, ...] = ()
    audience: str = ""
    price: str = ""
    sale_price: str = ""
    old_price: str = ""
    price_per: str = ""
    currency: str = ""
    kind: str = ""
    category: str = ""
    goal: str = ""
    offer: Offer | None = None
    proof: Proof | None = None
    conditions: tuple[str, ...] = ()
    description_as_sent: str = ""  # where shorthand was written out in `description`


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One statement about a product. Roles and sources are those of adwright.catalog.v1.Fact.

    strength: 0 to 1; up to BESIDE the fact leads nothing.
    """

    text: str
    role: str
    strength: float
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Words that decided something. The fields are those of adwright.catalog.v1.Evidence."""

    decided: str
    source: str
    words: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognition:
    """What is advertised. `confidence` is sure, likely or not_known; the texts are empty where not known."""

    confidence: str = NOT_KNOWN
    kind: str = ""
    trade: str = ""
    sector: str = ""
    subject: str = ""
    goal: str = ""
    sensitive: tuple[str, ...] = ()
    regulated: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = field(default=())
