"""The rows that the campaign service reads."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from services.campaign.domain import Counts


class CampaignRow(NamedTuple):
    """Table campaign, with its children counted by state and their credits."""

    id: UUID
    user_id: str
    api_key_id: str
    project_id: UUID
    name: str
    state: str
    variant_axis: str | None
    max_credits: int | None
    price_list: str
    credits_estimated: int
    children: int
    tone: str
    created_at: datetime
    expires_at: datetime | None
    begun_at: datetime | None
    canceled: bool
    ended_at: datetime | None
    waiting: int
    running: int
    completed: int
    failed: int
    canceled_children: int
    skipped: int
    held: int
    spent: int

    @property
    def counts(self) -> Counts:
        """Its children."""
        return Counts(
            waiting=self.waiting,
            running=self.running,
            completed=self.completed,
            failed=self.failed,
            canceled=self.canceled_children,
            skipped=self.skipped,
            held=self.held,
            spent=self.spent,
        )


class LeasedRow(NamedTuple):
    """A leased campaign with what its next step needs."""

    id: UUID
    user_id: str
    api_key_id: str
    project_id: UUID
    price_list: str
    tone: str
    begun_at: datetime
    leased_until: datetime
    failures: int


class ChildRow(NamedTuple):
    """Table child."""

    campaign_id: UUID
    number: int
    product_id: UUID
    product_name: str
    type: str
    request: bytes
    version: int
    headline_version: int
    headline: str | None
    credits: int
    state: str
    tried_at: datetime | None
    job_id: UUID | None
    reason: str
    message: str
    spent: int
    language: str = ""


class HeadlineRow(NamedTuple):
    """A headline of a product's version."""

    product_id: UUID
    headline_version: int
    headline: str


class RecordRow(NamedTuple):
    """The response to an earlier request with an Idempotency-Key."""

    digest: bytes
    response: bytes


class LockedRow(NamedTuple):
    """A locked campaign."""

    state: str
    canceled: bool


class PriceRow(NamedTuple):
    """The place and price of a child."""

    number: int
    credits: int


class DueRow(NamedTuple):
    """When the most overdue step was due."""

    next_step_at: datetime | None
