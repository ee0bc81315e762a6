"""Converts rows to messages."""

from __future__ import annotations

from datetime import datetime

from adwright.webhook.v1 import webhook_pb2

from services.chassis.rpc.pagination import timestamp
from services.chassis.webhook_signatures import public_key_of
from services.webhook.domain import State
from services.webhook.rows import DeliveryRow, EndpointRow, SecretRow


def webhook_message(row: EndpointRow, now: datetime) -> webhook_pb2.Webhook:
    """An endpoint without its secrets."""
    message = webhook_pb2.Webhook(
        id=str(row.id),
        url=row.url,
        events=row.events,
        project_id=str(row.project_id) if row.project_id else None,
        enabled=row.disabled_at is None,
        disabled_reason=row.disabled_reason or "",
        created_at=timestamp(row.created_at),
        public_key=public_key_of(row.ed25519_key) if row.ed25519_key else "",
    )
    if row.failing_since is not None:
        message.failing_since.CopyFrom(timestamp(row.failing_since))
    if row.previous_secret_until is not None and row.previous_secret_until > now:
        message.previous_secret_until.CopyFrom(timestamp(row.previous_secret_until))
    return message


def default_secret_message(row: SecretRow, now: datetime) -> webhook_pb2.DefaultSecret:
    """A user's default secret."""
    message = webhook_pb2.DefaultSecret(secret=row.secret)
    if row.previous_secret_until is not None and row.previous_secret_until > now:
        message.previous_secret_until.CopyFrom(timestamp(row.previous_secret_until))
    return message


def delivery_message(row: DeliveryRow) -> webhook_pb2.Delivery:
    """A delivery with its last try."""
    message = webhook_pb2.Delivery(
        id=str(row.id),
        event_id=str(row.event_id),
        type=row.type,
        job_id=str(row.job_id or ""),
        state=row.state,
        occurred_at=timestamp(row.occurred_at),
        tries=row.tries,
        request_body=row.request_body or "",
        answer_status=row.answer_status,
        answer_head=row.answer_head,
        failure=row.error,
        url=row.url or "",
    )
    if row.tried_at is not None:
        message.tried_at.CopyFrom(timestamp(row.tried_at))
    if row.state == State.PENDING and row.next_try_at is not None:
        message.next_try_at.CopyFrom(timestamp(row.next_try_at))
    return message
