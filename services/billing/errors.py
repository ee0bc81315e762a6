"""Refusals of billing: the requests that the ledger and the API keys reject, with their stable reasons."""

from __future__ import annotations

from services.chassis.errors import Refusal, RefusalKind


class GrantConflict(Refusal):
    """The grant id was used before with other values."""

    kind = RefusalKind.CONFLICT
    reason = "GRANT_CONFLICT"

    def __init__(self) -> None:
        super().__init__("This grantId was used for another grant. Send a new grantId.")


class BalanceTooLarge(Refusal):
    """The grant or refund would raise the user's credits above the limit."""

    kind = RefusalKind.UNPROCESSABLE
    reason = "BALANCE_TOO_LARGE"

    def __init__(self, limit: int) -> None:
        super().__init__(f"A user can have at most {limit} credits.")


class HoldNotFound(Refusal):
    """The caller has no such job, or no credits were held for it."""

    kind = RefusalKind.NOT_FOUND
    reason = "HOLD_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("No credits were held for this job.")


class NotCaptured(Refusal):
    """The job's hold was not captured, so nothing can be refunded."""

    kind = RefusalKind.CONFLICT
    reason = "NOT_CAPTURED"

    def __init__(self) -> None:
        super().__init__("This job was not charged.")


class AlreadyRefunded(Refusal):
    """The job was refunded before; a job is refunded once."""

    kind = RefusalKind.CONFLICT
    reason = "ALREADY_REFUNDED"

    def __init__(self) -> None:
        super().__init__("This job has already been refunded.")


class ApiKeyNotFound(Refusal):
    """The API key does not exist, or belongs to another user."""

    kind = RefusalKind.NOT_FOUND
    reason = "API_KEY_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("API key not found.")


class ApiKeyLimitReached(Refusal):
    """The user has as many usable API keys as allowed."""

    kind = RefusalKind.CONFLICT
    reason = "API_KEY_LIMIT_REACHED"

    def __init__(self, limit: int) -> None:
        super().__init__(f"You can have at most {limit} API keys. Revoke one first.")
