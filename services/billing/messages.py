"""Conversion of billing's values to and from protobuf messages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from adwright.billing.v1 import billing_pb2, keys_pb2

from services.billing.domain import (
    ApiKey,
    Balance,
    Book,
    EndedHold,
    EntryRow,
    HoldEnd,
    HoldOutcome,
    HoldRequest,
    HoldResult,
    HoldRow,
    HoldState,
    Settlement,
)
from services.chassis.errors import FieldViolation, ValidationFailed
from services.chassis.rpc.pagination import timestamp

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
DEFAULT_PAGE = 50
PAGE_TOKEN = re.compile(r"([0-9]{1,16})-([0-9]{1,18})")
HOLD_ENDS = {
    billing_pb2.SETTLEMENT_KIND_CAPTURE: HoldEnd.CAPTURE,
    billing_pb2.SETTLEMENT_KIND_RELEASE: HoldEnd.RELEASE,
}
HOLD_RESULTS = {
    HoldResult.HELD: billing_pb2.HOLD_RESULT_HELD,
    HoldResult.INSUFFICIENT: billing_pb2.HOLD_RESULT_INSUFFICIENT,
    HoldResult.ENDED: billing_pb2.HOLD_RESULT_ENDED,
    HoldResult.UNPRICED: billing_pb2.HOLD_RESULT_UNPRICED,
    HoldResult.OVER_BUDGET: billing_pb2.HOLD_RESULT_OVER_BUDGET,
    HoldResult.KEY_ENDED: billing_pb2.HOLD_RESULT_KEY_ENDED,
    HoldResult.PRICES_NOT_KEPT: billing_pb2.HOLD_RESULT_PRICES_NOT_KEPT,
}
SETTLEMENT_RESULTS = {
    HoldState.CAPTURED: billing_pb2.SETTLEMENT_RESULT_CAPTURED,
    HoldState.RELEASED: billing_pb2.SETTLEMENT_RESULT_RELEASED,
    HoldState.EXPIRED: billing_pb2.SETTLEMENT_RESULT_EXPIRED,
}


def price_messages(prices: Mapping[str, int]) -> list[billing_pb2.Price]:
    return [billing_pb2.Price(type=name, credits=amount) for name, amount in prices.items()]


def hold_request(request: billing_pb2.HoldRequest) -> HoldRequest:
    return HoldRequest(
        job_id=UUID(request.job_id),
        user_id=request.user_id,
        type=request.type,
        project_id=UUID(request.project_id) if request.project_id else None,
        expires_at=request.expires_at.ToDatetime(tzinfo=UTC),
        key_id=UUID(request.api_key_id) if request.api_key_id else None,
        quantity=request.quantity or 1,
        price_list=request.price_list,
    )


def hold_outcome(outcome: HoldOutcome) -> billing_pb2.HoldOutcome:
    return billing_pb2.HoldOutcome(
        job_id=str(outcome.job_id),
        result=HOLD_RESULTS[outcome.result],
        amount=outcome.amount,
        available=outcome.available,
        held=outcome.held,
    )


def settlements(request: billing_pb2.SettleHoldsRequest) -> dict[UUID, Settlement]:
    return {
        UUID(settlement.job_id): Settlement(end=HOLD_ENDS[settlement.kind], delivered=settlement.delivered)
        for settlement in request.settlements
    }


def settlement_outcome(job_id: str, found: EndedHold | None) -> billing_pb2.SettlementOutcome:
    if found is None:
        return billing_pb2.SettlementOutcome(job_id=job_id, result=billing_pb2.SETTLEMENT_RESULT_UNKNOWN)
    return billing_pb2.SettlementOutcome(
        job_id=job_id, result=SETTLEMENT_RESULTS[found.state], amount=found.amount, captured=found.captured
    )


def statement_filter(request: billing_pb2.GetStatementRequest, user_id: str) -> dict[str, Any]:
    """Returns the arguments of Ledger.entries. Raises ValidationFailed for an invalid page token."""
    return {
        "user_id": user_id,
        "limit": request.page_size or DEFAULT_PAGE,
        "before": token_position(request.page_token),
        "since": getattr(request, "from").ToDatetime(tzinfo=UTC) if request.HasField("from") else None,
        "until": request.to.ToDatetime(tzinfo=UTC) if request.HasField("to") else None,
        "job_id": UUID(request.job_id) if request.HasField("job_id") else None,
        "project_id": UUID(request.project_id) if request.HasField("project_id") else None,
        "kind": request.kind if request.HasField("kind") else None,
    }


def page_token(last: EntryRow | None) -> str:
    """Returns the token that continues a statement after this entry: its time in microseconds and its id."""
    return f"{(last.created_at - EPOCH) // MICROSECOND}-{last.id}" if last is not None else ""


def token_position(token: str) -> tuple[datetime, int] | None:
    """Returns the (created_at, id) that a token of `page_token` stands for. Raises ValidationFailed."""
    if not token:
        return None
    found = PAGE_TOKEN.fullmatch(token)
    if found is None:
        raise ValidationFailed([FieldViolation(field="pageToken", message="is not a valid page token")])
    return EPOCH + int(found[1]) * MICROSECOND, int(found[2])


def credits_message(balance: Balance) -> billing_pb2.Credits:
    message = billing_pb2.Credits(available=balance.available, held=balance.held)
    if balance.expiring_soon:
        message.expiring_soon = balance.expiring_soon
    if balance.next_expiry is not None:
        message.next_expiry.CopyFrom(timestamp(balance.next_expiry))
    return message


def entry_message(row: EntryRow) -> billing_pb2.StatementEntry:
    debit, credit = row.debit, row.credit
    message = billing_pb2.StatementEntry(
        id=str(row.id),
        kind=row.kind,
        amount=row.amount,
        available_change=row.amount * ((credit == Book.AVAILABLE) - (debit == Book.AVAILABLE)),
        held_change=row.amount * ((credit == Book.HELD) - (debit == Book.HELD)),
        created_at=timestamp(row.created_at),
    )
    for name in ("job_id", "job_type", "project_id", "grant_id", "grant_type", "reason"):
        if (value := getattr(row, name)) is not None:
            setattr(message, name, str(value))
    if row.expires_at is not None:
        message.expires_at.CopyFrom(timestamp(row.expires_at))
    return message


def captured_credits(row: HoldRow) -> int:
    """The credits that a hold's capture spent; 0 without one."""
    return row.amount - row.remainder if row.state == HoldState.CAPTURED else 0


def job_statement(row: HoldRow) -> billing_pb2.JobStatement:
    captured = captured_credits(row)
    released = 0 if row.state == HoldState.HELD else row.amount - captured
    message = billing_pb2.JobStatement(
        job_id=str(row.job_id),
        type=row.type,
        state="refunded" if row.refunded_at else row.state,
        held=row.amount,
        captured=captured,
        released=released,
        refunded=captured if row.refunded_at else 0,
        held_at=timestamp(row.created_at),
    )
    if row.ended_at is not None:
        message.ended_at.CopyFrom(timestamp(row.ended_at))
    if row.refunded_at is not None:
        message.refunded_at.CopyFrom(timestamp(row.refunded_at))
    return message


def hold_message(row: HoldRow) -> billing_pb2.Hold:
    message = billing_pb2.Hold(
        job_id=str(row.job_id),
        user_id=row.user_id or "",  # only a tombstone has none, and those are not listed
        type=row.type,
        amount=row.amount,
        state=row.state,
        created_at=timestamp(row.created_at),
        expires_at=timestamp(row.expires_at),
        refunded=row.refunded_at is not None,
        captured=captured_credits(row),
    )
    if row.ended_at is not None:
        message.ended_at.CopyFrom(timestamp(row.ended_at))
    return message


def api_key_message(key: ApiKey) -> keys_pb2.ApiKey:
    message = keys_pb2.ApiKey(
        id=str(key.id),
        name=key.name,
        hint=key.hint,
        created_at=timestamp(key.created_at),
        expires_at=timestamp(key.expires_at),
        credits_spent=key.spent,
    )
    if key.revoked_at is not None:
        message.revoked_at.CopyFrom(timestamp(key.revoked_at))
    if key.budget is not None:
        message.credit_budget = key.budget
    return message
