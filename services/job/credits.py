"""Client of the billing service: places, releases and settles the holds of jobs, and reads balances.

No other module of this service uses the billing stubs. A failed RPC is raised as a Refusal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import grpc
import structlog
from adwright.billing.v1 import billing_pb2, billing_pb2_grpc

from services.chassis.errors import Refusal
from services.chassis.rpc.auth import ServiceIdentity
from services.chassis.rpc.refusals import refusal_from_rpc_error
from services.job.domain import EndedJob, Submission
from services.job.errors import ApiKeyEnded, InsufficientCredits, JobsOverloaded, KeyBudgetExceeded, PricesNotKept

CALL_SECONDS = 5.0
SETTLEMENT_KINDS = {"capture": billing_pb2.SETTLEMENT_KIND_CAPTURE, "release": billing_pb2.SETTLEMENT_KIND_RELEASE}
# Results after which a hold is final. EXPIRED and UNKNOWN hold no credits either.
FINAL_RESULTS = {
    billing_pb2.SETTLEMENT_RESULT_CAPTURED,
    billing_pb2.SETTLEMENT_RESULT_RELEASED,
    billing_pb2.SETTLEMENT_RESULT_EXPIRED,
    billing_pb2.SETTLEMENT_RESULT_UNKNOWN,
}

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Held:
    """A hold of `credits` was placed; the user can still spend `available` credits."""

    credits: int
    available: int


@dataclass(frozen=True, slots=True)
class Refused:
    """No hold was placed, for the reason in `refusal`."""

    refusal: Refusal


class BillingClient:
    """Calls billing's ledger as the job service. Every method raises Refusal when the RPC fails."""

    def __init__(self, stub: billing_pb2_grpc.BillingLedgerServiceAsyncStub, identity: ServiceIdentity) -> None:
        self._stub = stub
        self._identity = identity

    async def place_holds(self, requests: Sequence[tuple[Submission, datetime]]) -> list[Held | Refused]:
        """Places a hold for each submission, to expire at the given time; the outcomes in order.

        After a Refusal it is unknown whether any hold was placed.
        """
        message = billing_pb2.PlaceHoldsRequest()
        for submission, expires_at in requests:
            hold = message.holds.add(
                job_id=str(submission.job_id),
                user_id=submission.user_id,
                type=submission.priced_as or submission.type,
                project_id=str(submission.project_id),
                api_key_id=submission.api_key_id,
                quantity=submission.quantity,
                price_list=submission.price_list,
            )
            hold.expires_at.FromDatetime(expires_at)
        with _rpc_errors_as_refusals():
            response = await self._stub.PlaceHolds(message, metadata=self._identity.metadata(), timeout=CALL_SECONDS)
        return [_hold_outcome(outcome) for outcome in response.outcomes]

    async def release(self, job_ids: Sequence[UUID]) -> None:
        """Releases the holds of these jobs for good: a hold that billing places later for one of them is refused."""
        settlements = [
            billing_pb2.Settlement(job_id=str(job_id), kind=billing_pb2.SETTLEMENT_KIND_RELEASE) for job_id in job_ids
        ]
        with _rpc_errors_as_refusals():
            await self._stub.SettleHolds(
                billing_pb2.SettleHoldsRequest(settlements=settlements),
                metadata=self._identity.metadata(),
                timeout=CALL_SECONDS,
            )

    async def balances(self, user_ids: Sequence[str]) -> dict[str, int]:
        """The credits that each of these users can spend, by user id."""
        with _rpc_errors_as_refusals():
            response = await self._stub.GetBalances(
                billing_pb2.GetBalancesRequest(user_ids=user_ids),
                metadata=self._identity.metadata(),
                timeout=CALL_SECONDS,
            )
        return {balance.user_id: balance.available for balance in response.balances}

    async def settle(self, jobs: Sequence[EndedJob], *, seconds: float) -> list[bool]:
        """Captures or releases the holds of ended jobs; for each, whether billing confirms that its hold is final.

        Safe to repeat: billing ends each hold once and reports how.
        """
        settlements = [
            billing_pb2.Settlement(job_id=str(job.id), kind=SETTLEMENT_KINDS[job.settle], delivered=job.delivered)
            for job in jobs
        ]
        with _rpc_errors_as_refusals():
            response = await self._stub.SettleHolds(
                billing_pb2.SettleHoldsRequest(settlements=settlements),
                metadata=self._identity.metadata(),
                timeout=seconds,
            )
        for job, outcome in zip(jobs, response.outcomes, strict=True):
            captured = outcome.result == billing_pb2.SETTLEMENT_RESULT_CAPTURED
            if outcome.result in FINAL_RESULTS and job.settle == "capture" and not captured:
                # The ledger's rules exclude this. An operator must learn of it; reconciliation lists the job.
                log.error("completed_job_not_captured", job_id=str(job.id), result=outcome.result)
        return [outcome.result in FINAL_RESULTS for outcome in response.outcomes]


def _hold_outcome(outcome: billing_pb2.HoldOutcome) -> Held | Refused:
    if outcome.result == billing_pb2.HOLD_RESULT_HELD:
        return Held(credits=outcome.amount, available=outcome.available)
    if outcome.result == billing_pb2.HOLD_RESULT_INSUFFICIENT:
        return Refused(InsufficientCredits(price=outcome.amount, available=outcome.available, held=outcome.held))
    if outcome.result == billing_pb2.HOLD_RESULT_OVER_BUDGET:
        return Refused(KeyBudgetExceeded(price=outcome.amount))
    if outcome.result == billing_pb2.HOLD_RESULT_KEY_ENDED:
        return Refused(ApiKeyEnded())
    if outcome.result == billing_pb2.HOLD_RESULT_PRICES_NOT_KEPT:
        return Refused(PricesNotKept())
    log.error("hold_refused", job_id=outcome.job_id, result=outcome.result)
    return Refused(JobsOverloaded("The job could not be accepted; try again."))


@contextmanager
def _rpc_errors_as_refusals() -> Iterator[None]:
    try:
        yield
    except grpc.aio.AioRpcError as error:
        raise refusal_from_rpc_error(error) from error
