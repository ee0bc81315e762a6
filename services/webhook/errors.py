"""Refusals of the webhook service, with their stable reasons."""

from __future__ import annotations

from services.chassis.errors import Refusal


class WebhookNotFound(Refusal):
    reason = "WEBHOOK_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("Webhook not found.")


class DeliveryNotFound(Refusal):
    reason = "DELIVERY_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("The webhook has no delivery with this id.")


class WebhookLimitReached(Refusal):
    reason = "WEBHOOK_LIMIT_REACHED"

    def __init__(self, limit: int) -> None:
        super().__init__(f"You can have at most {limit} webhooks. Delete one first.")


class WebhookUrlNotAllowed(Refusal):
    reason = "WEBHOOK_URL_NOT_ALLOWED"


class WebhookDisabled(Refusal):
    reason = "WEBHOOK_DISABLED"

    def __init__(self) -> None:
        super().__init__("The webhook is disabled. Enable it first.")
