"""Refusals of the campaign service, with their stable reasons."""

from __future__ import annotations

from services.chassis.errors import Refusal


class CampaignNotFound(Refusal):
    reason = "CAMPAIGN_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("Campaign not found.")


class CampaignEnded(Refusal):
    reason = "CAMPAIGN_ENDED"

    def __init__(self, state: str) -> None:
        super().__init__(f"The campaign has already ended as {state}.")


class CampaignHasNoAds(Refusal):
    reason = "CAMPAIGN_HAS_NO_ADS"

    def __init__(self) -> None:
        super().__init__("No ad of the campaign is finished yet. Try again when it is.")


class TooManyStreams(Refusal):
    reason = "TOO_MANY_STREAMS"

    def __init__(self) -> None:
        super().__init__("Too many event streams are open. Poll the campaign instead.", retry_after_seconds=10)


class CampaignLimitReached(Refusal):
    reason = "CAMPAIGN_LIMIT_REACHED"


class EstimateNotFound(Refusal):
    reason = "ESTIMATE_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("Estimate not found.")


class EstimateExpired(Refusal):
    reason = "ESTIMATE_EXPIRED"

    def __init__(self) -> None:
        super().__init__("The estimate has expired, so its prices are no longer held. Request a new estimate.")


class InsufficientCredits(Refusal):
    reason = "INSUFFICIENT_CREDITS"


class KeyReused(Refusal):
    reason = "IDEMPOTENCY_KEY_REUSED"

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key was used for a different request. Send a new key with a new request.")
