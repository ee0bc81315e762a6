"""Values of the ledger: prices, holds, grants, balances and API keys."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

TYPES = ("copy", "static_ad", "video", "video_product", "static_ad_variant", "video_variant")
# Credits, for price lists from before the types existed.
DEFAULT_PRICES = {"video_product": 15, "static_ad_variant": 1, "video_variant": 5}
MAX_BALANCE = 2_000_000_000  # credits; the API's fields are int32
MAX_QUANTITY = 10  # units that one hold may reserve, as the proto says
MAX_PRICE = MAX_BALANCE // MAX_QUANTITY  # credits of one unit


class Book(StrEnum):
    """The accounts that entries move credits between. A user has AVAILABLE and HELD; the others are the house's."""

    ISSUED = "issued"
    AVAILABLE = "available"
    HELD = "held"
    REVENUE = "revenue"


class EntryKind(StrEnum):
    """The kinds of entries; ACCOUNTS_OF_ENTRY says what each moves."""

    GRANT = "grant"
    HOLD = "hold"
    CAPTURE = "capture"
    RELEASE = "release"
    EXPIRE = "expire"
    REFUND = "refund"
    LAPSE = "lapse"
    REMAINDER = "remainder"  # what a capture of a part of a hold releases


# kind of entry: (account that is debited, account that is credited)
ACCOUNTS_OF_ENTRY = {
    EntryKind.GRANT: (Book.ISSUED, Book.AVAILABLE),
    EntryKind.HOLD: (Book.AVAILABLE, Book.HELD),
    EntryKind.CAPTURE: (Book.HELD, Book.REVENUE),
    EntryKind.RELEASE: (Book.HELD, Book.AVAILABLE),
    EntryKind.EXPIRE: (Book.HELD, Book.AVAILABLE),
    EntryKind.REFUND: (Book.REVENUE, Book.AVAILABLE),
    EntryKind.LAPSE: (Book.AVAILABLE, Book.ISSUED),
    EntryKind.REMAINDER: (Book.HELD, Book.AVAILABLE),
}


class HoldState(StrEnum):
    """The states of a hold. All but HELD are final."""

    HELD = "held"
    CAPTURED = "captured"
    RELEASED = "released"
    EXPIRED = "expired"


class HoldEnd(StrEnum):
    """How a hold ends. The value is the kind of the entry that ends it."""

    CAPTURE = EntryKind.CAPTURE.value
    RELEASE = EntryKind.RELEASE.value
    EXPIRE = EntryKind.EXPIRE.value

    @property
    def kind(self) -> EntryKind:
        """The kind of the entry that ends the hold."""
        return EntryKind(self.value)

    @property
    def state(self) -> HoldState:
        """The hold's state afterwards."""
        return {
            HoldEnd.CAPTURE: HoldState.CAPTURED,
            HoldEnd.RELEASE: HoldState.RELEASED,
            HoldEnd.EXPIRE: HoldState.EXPIRED,
        }[self]

    @property
    def credit(self) -> Book:
        """The account that the held credits move to."""
        return ACCOUNTS_OF_ENTRY[self.kind][1]


class HoldResult(StrEnum):
    """The result of a hold request; the proto's HoldResult describes each."""

    HELD = "held"
    INSUFFICIENT = "insufficient"
    ENDED = "ended"
    UNPRICED = "unpriced"
    OVER_BUDGET = "over_budget"
    KEY_ENDED = "key_ended"
    PRICES_NOT_KEPT = "prices_not_kept"


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldRequest:
    """A request to hold a job's price, `quantity` times. `key_id` is the API key whose budget pays; None: no budget
    applies. `price_list` is the id of the prices that apply; empty: the current ones."""

    job_id: UUID
    user_id: str
    type: str
    project_id: UUID | None
    expires_at: datetime
    key_id: UUID | None = None
    quantity: int = 1
    price_list: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldOutcome:
    """The outcome of a hold request, in credits.

    `amount` is the price of all units; `available` and `held` are the user's balances after the whole batch.
    """

    job_id: UUID
    result: HoldResult
    amount: int
    available: int
    held: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """How a job's hold is to end. `delivered`: of a capture, the units to capture; 0: all."""

    end: HoldEnd
    delivered: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedHold:
    """A hold that has ended: the credits that were held, and those of them that were captured."""

    state: HoldState
    amount: int
    captured: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Credits to add. `type` is paid or promotional; without `expires_at` they never lapse."""

    grant_id: str
    user_id: str
    credits: int
    reason: str
    type: str
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """An API key without its secret, of which only a hash is stored.

    `budget` limits `spent`, the credits that its jobs hold or have captured; None: no limit.
    """

    id: UUID
    user_id: str
    name: str
    hint: str
    budget: int | None
    created_at: datetime
    expires_at: datetime
    spent: int = 0
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """A user's credits. `expiring_soon` is the part of `available` that lapses within EXPIRING_SOON_PERIOD."""

    available: int = 0
    held: int = 0
    expiring_soon: int = 0
    next_expiry: datetime | None = None


def prices_of(text: str) -> Mapping[str, int]:
    """Parses a price list such as "copy=1,static_ad=3,video=40,video_product=15": credits by type.

    Raises ValueError when an entry is malformed, a type has no price, or an unknown type has one.
    """
    prices: dict[str, int] = {}
    for part in text.split(","):
        name, _, amount = part.partition("=")
        if not amount.strip().isdecimal() or not 1 <= int(amount) <= MAX_PRICE:
            raise ValueError(f"{part!r} must have the form static_ad=3, with a price from 1 to {MAX_PRICE}")
        prices[name.strip()] = int(amount)
    prices = {**DEFAULT_PRICES, **prices}
    if set(prices) != set(TYPES):
        raise ValueError(f"{text!r} must name {', '.join(TYPES)} and no other types")
    return prices


def prices_text(prices: Mapping[str, int]) -> str:
    """The price list as `copy=1,static_ad=3`, the same for equal prices."""
    return ",".join(f"{name}={prices[name]}" for name in sorted(prices))


def price_list_id(prices: Mapping[str, int]) -> str:
    """The id of a price list, which follows from its prices."""
    return hashlib.sha256(prices_text(prices).encode()).hexdigest()[:32]


class HoldRow(NamedTuple):
    """A row of the table `hold`; a tombstone has no user."""

    job_id: UUID
    user_id: str | None
    type: str
    project_id: UUID | None
    amount: int
    drawn: int
    state: str
    created_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    refunded_at: datetime | None
    quantity: int
    remainder: int


class EntryRow(NamedTuple):
    """A row of the table `entry`."""

    id: int
    kind: str
    user_id: str
    amount: int
    debit: str
    credit: str
    job_id: UUID | None
    job_type: str | None
    project_id: UUID | None
    grant_id: str | None
    grant_type: str | None
    reason: str | None
    expires_at: datetime | None
    created_at: datetime
