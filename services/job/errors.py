"""Refusals of the job service."""

from __future__ import annotations

from services.chassis.errors import FieldViolation, Refusal

PRICES = "GET /api/prices"  # where customers find the price of a request


class JobNotFound(Refusal):
    reason = "JOB_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("Job not found.")


class JobEnded(Refusal):
    reason = "JOB_ENDED"


class StaleAttempt(Refusal):
    reason = "STALE_ATTEMPT"

    def __init__(self) -> None:
        super().__init__("The attempt is not the current attempt of a processing job.")


def _credits(number: int) -> str:
    return "1 credit" if number == 1 else f"{number} credits"


class InsufficientCredits(Refusal):
    """The user has too few credits. `fields` has the numbers: price, available and, if it would suffice, held."""

    reason = "INSUFFICIENT_CREDITS"

    def __init__(self, *, price: int, available: int, held: int = 0) -> None:
        numbers = {"price": price, "available": available}
        text = f"This request costs {_credits(price)}, and {_credits(available)} can be spent."
        if held > 0 and price <= available + held:
            numbers["held"] = held
            text += f" Jobs in progress hold {_credits(held)}, which are released if those jobs are canceled or fail."
        if available:
            text += f" Ask the operator of this service for more credits, or choose a cheaper request ({PRICES})."
        else:
            text += " Ask the operator of this service for more credits."
        super().__init__(text, fields=[FieldViolation(field=name, message=str(n)) for name, n in numbers.items()])


class PricesNotKept(Refusal):
    reason = "PRICES_NOT_KEPT"

    def __init__(self) -> None:
        super().__init__("The prices that were quoted are no longer kept. Request a new estimate.")


class KeyBudgetExceeded(Refusal):
    reason = "API_KEY_BUDGET_EXCEEDED"

    def __init__(self, *, price: int) -> None:
        super().__init__(
            f"This request costs {_credits(price)}, more than the remaining budget of the API key. "
            f"Use a key with a larger budget, or choose a cheaper request ({PRICES}).",
            fields=[FieldViolation(field="price", message=str(price))],
        )


class ApiKeyEnded(Refusal):
    reason = "API_KEY_ENDED"

    def __init__(self) -> None:
        super().__init__("The API key was revoked or has expired.")


class TooManyLiveJobs(Refusal):
    reason = "TOO_MANY_LIVE_JOBS"

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"At most {limit} jobs may be queued or processing at a time. Wait for some to end.", retry_after_seconds=30
        )


class KeyReused(Refusal):
    reason = "IDEMPOTENCY_KEY_REUSED"

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key was used for a different request. Send a new key with a new request.")


class RequestInFlight(Refusal):
    reason = "REQUEST_IN_FLIGHT"

    def __init__(self) -> None:
        super().__init__(
            "A request with this Idempotency-Key is still being processed. Try again.", retry_after_seconds=1
        )


class JobsOverloaded(Refusal):
    reason = "JOBS_OVERLOADED"


class EarlierUndecided(Refusal):
    reason = "EARLIER_REQUEST_UNDECIDED"

    def __init__(self) -> None:
        super().__init__(
            "An earlier request with the same key is still being processed. Try again.", retry_after_seconds=2
        )


class JobNotDead(Refusal):
    reason = "JOB_NOT_DEAD"


class AssetNotFound(Refusal):
    reason = "ASSET_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("Asset not found.")


class BadSignature(Refusal):
    reason = "BAD_SIGNATURE"

    def __init__(self) -> None:
        super().__init__("The link is not valid. Request the job's status to get a new one.")


class LinkExpired(Refusal):
    reason = "LINK_EXPIRED"

    def __init__(self) -> None:
        super().__init__("The link has expired. Request the job's status to get a new one.")


class TooManyStreams(Refusal):
    reason = "TOO_MANY_STREAMS"

    def __init__(self) -> None:
        super().__init__("Too many event streams are open. Poll the status instead.", retry_after_seconds=10)
