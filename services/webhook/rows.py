"""The rows that the webhook service reads."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID


class EndpointRow(NamedTuple):
    """Table endpoint."""

    id: UUID
    user_id: str
    url: str
    events: list[str]
    project_id: UUID | None
    secret: str
    previous_secret: str | None
    previous_secret_until: datetime | None
    created_at: datetime
    failing_since: datetime | None
    disabled_at: datetime | None
    disabled_reason: str | None
    of_requests: bool
    ed25519_key: str | None
    previous_ed25519_key: str | None


class DeliveryRow(NamedTuple):
    """Table delivery."""

    id: UUID
    endpoint_id: UUID
    event_id: UUID
    type: str
    job_id: UUID | None
    occurred_at: datetime
    state: str
    tries: int
    next_try_at: datetime | None
    leased_until: datetime | None
    tried_at: datetime | None
    request_body: str | None
    answer_status: int | None
    answer_head: str
    error: str
    url: str | None
    user_id: str | None


class LeasedRow(NamedTuple):
    """A leased delivery with what its sender needs of the endpoint."""

    id: UUID
    endpoint_id: UUID
    event_id: UUID
    type: str
    job_id: UUID | None
    occurred_at: datetime
    tries: int
    leased_until: datetime
    user_id: str
    url: str
    secret: str
    failing_since: datetime | None
    previous_secret: str | None
    of_requests: bool
    ed25519_key: str | None
    previous_ed25519_key: str | None


class SecretRow(NamedTuple):
    """Table default_secret."""

    user_id: str
    secret: str
    previous_secret: str | None
    previous_secret_until: datetime | None


class PositionRow(NamedTuple):
    """Up to where job's feed has been read."""

    ended_at: datetime
