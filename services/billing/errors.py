"""Refusals of billing: the requests that the ledger and the API keys reject, with their stable reasons."""

from __future__ import annotations

from services.chassis.errors import Refusal


class GrantConflict(Refusal):
    reason = "GRANT_CONFLICT"

    def __init__(self) -> None:
        super().__init__("This grantId was used for another grant. Send a new grantId.")


class BalanceTooLarge(Refusal):
    reason = "BALANCE_TOO_LARGE"

    def __init__(self, limit: int) -> None:
        super().__init__(f"A user can have at most {limit} credits.")


class HoldNotFound(Refusal):
    reason = "HOLD_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("No credits were held for this job.")


class NotCaptured(Refusal):
    reason = "NOT_CAPTURED"

    def __init__(self) -> None:
        super().__init__("This job was not charged.")


class AlreadyRefunded(Refusal):
    reason = "ALREADY_REFUNDED"

    def __init__(self) -> None:
        super().__init__("This job has already been refunded.")


class ApiKeyNotFound(Refusal):
    reason = "API_KEY_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("API key not found.")


class ApiKeyLimitReached(Refusal):
    reason = "API_KEY_LIMIT_REACHED"

    def __init__(self, limit: int) -> None:
        super().__init__(f"You can have at most {limit} API keys. Revoke one first.")
