"""Credits: the words of the ledger, its prices and its refusals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from services.chassis.errors import Kind, Refusal

TYPES = ("copy", "static_ad", "video")
MAX_BALANCE = 2_000_000_000  # credits are int32 on the wire


class HoldEnd(StrEnum):
    """How a hold ends: the entry's kind and what it moves."""

    CAPTURE = "capture"
    RELEASE = "release"
    EXPIRE = "expire"

    @property
    def state(self) -> str:
        """What the hold is after it."""
        return {HoldEnd.CAPTURE: "captured", HoldEnd.RELEASE: "released", HoldEnd.EXPIRE: "expired"}[self]

    @property
    def credit(self) -> str:
        """The account that the held credits go to."""
        return "revenue" if self is HoldEnd.CAPTURE else "available"


class HoldResult(StrEnum):
    HELD = "held"
    INSUFFICIENT = "insufficient"
    ENDED = "ended"
    UNPRICED = "unpriced"
    OVER_BUDGET = "over_budget"
    KEY_ENDED = "key_ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldOrder:
    """A hold to place."""

    job_id: UUID
    user_id: str
    type: str
    project_id: UUID | None
    expires_at: datetime
    key_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldOutcome:
    """What became of it; `available` is what the user can spend afterwards, `held` what all their jobs hold then."""

    job_id: UUID
    result: HoldResult
    amount: int
    available: int
    held: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Credits to add."""

    grant_id: str
    user_id: str
    credits: int
    reason: str
    type: str
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """An API key without the key itself, which is not kept. `spent` is held or spent; no budget: no limit."""

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
    """A user's credits. `expiring_soon` is a part of `available`."""

    available: int = 0
    held: int = 0
    expiring_soon: int = 0
    next_expiry: datetime | None = None


def prices_of(text: str) -> Mapping[str, int]:
    """Reads "copy=1,static_ad=3,video=40". Raises ValueError, also when a type has no price: it could not be sold."""
    prices: dict[str, int] = {}
    for part in text.split(","):
        name, _, amount = part.partition("=")
        if not amount.strip().isdecimal() or not 1 <= int(amount) <= MAX_BALANCE:
            raise ValueError(f"{part!r} is not like static_ad=3")
        prices[name.strip()] = int(amount)
    if set(prices) != set(TYPES):
        raise ValueError(f"{text!r} does not name {', '.join(TYPES)}, and no others")
    return prices


class GrantConflict(Refusal):
    """The grant id was used before, with other values."""

    kind = Kind.CONFLICT
    reason = "GRANT_CONFLICT"

    def __init__(self) -> None:
        super().__init__("This grantId was used for another grant.")


class BalanceTooLarge(Refusal):
    """The user would have more credits than can be told."""

    kind = Kind.UNPROCESSABLE
    reason = "BALANCE_TOO_LARGE"

    def __init__(self) -> None:
        super().__init__(f"A user can have at most {MAX_BALANCE} credits.")


class HoldNotFound(Refusal):
    """The caller has no such job, or nothing was held for it."""

    kind = Kind.NOT_FOUND
    reason = "HOLD_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("Nothing was held for such a job.")


class NotCaptured(Refusal):
    """Only what was spent can be refunded."""

    kind = Kind.CONFLICT
    reason = "NOT_CAPTURED"

    def __init__(self) -> None:
        super().__init__("The job has spent no credits.")


class AlreadyRefunded(Refusal):
    """A job is refunded once."""

    kind = Kind.CONFLICT
    reason = "ALREADY_REFUNDED"

    def __init__(self) -> None:
        super().__init__("The job was refunded before.")


class ApiKeyNotFound(Refusal):
    """There is no such key, or it is somebody else's."""

    kind = Kind.NOT_FOUND
    reason = "API_KEY_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("There is no such API key.")


class ApiKeyLimitReached(Refusal):
    """The user has as many good keys as they may."""

    kind = Kind.CONFLICT
    reason = "API_KEY_LIMIT_REACHED"

    def __init__(self, limit: int) -> None:
        super().__init__(f"There may be {limit} API keys; revoke one first.")
