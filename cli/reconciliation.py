"""Reconciles jobs with credit holds: compares every job's required settlement with its hold's state in the ledger.

Both sides are read in order of job id and merged. Jobs and holds change while they are read, so a difference is read
a second time before it is reported. Only those with one possible correction are corrected, always by a ledger entry.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC

from adwright.billing.v1 import billing_pb2, billing_pb2_grpc
from adwright.job.v1 import job_pb2, job_pb2_grpc
from google.protobuf.timestamp_pb2 import Timestamp

from services.chassis.rpc.auth import ServiceIdentity
from services.chassis.rpc.server import open_channel

PAGE_SIZE = 5_000
RECHECK_SIZE = 1_000  # ids per request of the second reading
CALL_SECONDS = 30.0
SETTLING_SECONDS = 60.0  # a job and its hold may differ for this long after the submission
RECHECK_AFTER_SECONDS = 3.0  # longer than the interval of the settlement loop
HELD_STATUSES = ("queued", "processing")  # of jobs whose credits must be held
RELEASED_STATUSES = ("failed", "canceled", "expired")  # of jobs whose credits must be released

Job = job_pb2.JobSettlement
Hold = billing_pb2.Hold


@dataclass(frozen=True, slots=True)
class Difference:
    """A job and a hold that disagree.

    heal: the correction: capture, release or refund; empty: an operator must decide. delivered: the variants that a
    capture pays for; 0: the whole job.
    """

    job_id: str
    text: str
    heal: str = ""
    delivered: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """The numbers of compared jobs and holds, and the differences.

    healed: the result of each correction, in the order of `differences`; empty when none were requested.
    """

    jobs: int
    holds: int
    differences: tuple[Difference, ...]
    healed: tuple[str, ...]


def compare(job: Job | None, hold: Hold | None, deleted_until: float = 0.0) -> Difference | None:
    """The difference between a job and the hold of the same id; None if they agree.

    deleted_until: Unix time; jobs that ended before it may have been deleted by retention.
    """
    if job is None:
        assert hold is not None, "at least one is given"
        if hold.state == "held":
            return Difference(hold.job_id, f"{hold.amount} credits of {hold.user_id} are held for no job", "release")
        if hold.state == "captured" and not hold.refunded and _seconds(hold.created_at) >= deleted_until:
            return Difference(hold.job_id, f"{hold.user_id} has paid {hold.amount} credits for no job")
        return None  # released: the submission was never accepted
    if job.status == "pending":
        return None  # not accepted yet; the sweeper removes it if it never is
    label = f"{job.status} job of {job.user_id}"
    if hold is None:
        # A job that ended before it was accepted never had a hold.
        if job.status in ("canceled", "expired") and not job.credits:
            return None
        return Difference(job.job_id, f"{label} has no hold")
    if (hold.user_id, hold.amount) != (job.user_id, job.credits) and not (
        job.status in RELEASED_STATUSES and not job.credits
    ):
        return Difference(
            job.job_id, f"{label} costs {job.credits}, its hold is {hold.amount} credits of {hold.user_id}"
        )
    if job.status in HELD_STATUSES:
        return None if hold.state == "held" else Difference(job.job_id, f"{label} has a hold that is {hold.state}")
    if job.captured or job.status == "completed":
        if hold.state == "captured":
            if hold.captured == job.captured:
                return None
            return Difference(job.job_id, f"{label} costs {job.captured}, {hold.captured} credits were captured for it")
        if hold.state == "held":
            return Difference(job.job_id, f"{label} has not been paid for", "capture", job.delivered)
        return Difference(job.job_id, f"{label} was not paid for: its hold is {hold.state}")
    if hold.state == "held":
        return Difference(job.job_id, f"{label} still holds {hold.amount} credits", "release")
    if hold.state == "captured" and not hold.refunded:
        return Difference(job.job_id, f"{label} was paid for", "refund")
    return None


def _seconds(at: Timestamp) -> float:
    return at.ToDatetime(tzinfo=UTC).timestamp()


class Reconciliation:
    """Compares the jobs of the job service with the holds of billing.

    billing, job: addresses (host:port). secret: the service secret. admin_token: needed for refunds only.
    """

    def __init__(self, *, billing: str, job: str, secret: str, admin_token: str = "") -> None:
        self._identity = ServiceIdentity("reconcile", secret)
        self._channels = (open_channel(billing), open_channel(job))
        self._billing = billing_pb2_grpc.BillingLedgerServiceStub(self._channels[0])
        self._admin = billing_pb2_grpc.BillingAdminServiceStub(self._channels[0])
        self._jobs = job_pb2_grpc.JobSubmissionServiceStub(self._channels[1])
        self._admin_token = admin_token
        self._deleted_until = 0.0

    async def close(self) -> None:
        for channel in self._channels:
            await channel.close()

    async def run(self, *, heal: bool, settling_seconds: float = SETTLING_SECONDS) -> Outcome:
        """Compares all jobs and holds; with `heal`, corrects the differences that have only one possible correction.

        Jobs younger than `settling_seconds` are ignored until their settlement is confirmed. Raises AioRpcError.
        """
        jobs = holds = 0
        suspects: list[str] = []
        settled_before = time.time() - settling_seconds
        async for job, hold in self._merged():
            jobs += job is not None
            holds += hold is not None
            if compare(job, hold, self._deleted_until) is not None:
                suspects.append((job or hold).job_id)  # type: ignore[union-attr]
        if suspects:
            await asyncio.sleep(RECHECK_AFTER_SECONDS)
        found: list[Difference] = []
        for start in range(0, len(suspects), RECHECK_SIZE):
            found += await self._recheck(suspects[start : start + RECHECK_SIZE], settled_before)
        healed = [await self._heal(difference) for difference in found] if heal else []
        return Outcome(jobs, holds, tuple(found), tuple(healed))

    async def _recheck(self, ids: Sequence[str], settled_before: float) -> list[Difference]:
        # Holds first: a hold ends after its job, so a job, read later, never shows an earlier state than its hold.
        holds = {
            hold.job_id: hold
            for hold in (
                await self._billing.ListHolds(
                    billing_pb2.ListHoldsRequest(job_ids=ids, page_size=RECHECK_SIZE),
                    metadata=self._identity.metadata(),
                    timeout=CALL_SECONDS,
                )
            ).holds
        }
        request = job_pb2.ListSettlementsRequest(job_ids=ids, page_size=RECHECK_SIZE)
        jobs = {job.job_id: job for job in await self._settlements(request)}
        found = []
        for job_id in ids:
            job, hold = jobs.get(job_id), holds.get(job_id)
            if job is None and hold is None:
                continue
            difference = compare(job, hold, self._deleted_until)
            created_at = _seconds((job or hold).created_at)  # type: ignore[union-attr]
            settling = created_at > settled_before and not (job is not None and job.settled)
            if difference is not None and not settling:
                found.append(difference)
        return found

    async def _heal(self, difference: Difference) -> str:
        if not difference.heal:
            return "not corrected: an operator must decide"
        if difference.heal == "refund":
            if not self._admin_token:
                return "not corrected: a refund needs an admin token"
            await self._admin.RefundJob(
                billing_pb2.RefundJobRequest(job_id=difference.job_id, reason=f"reconciled: {difference.text}"),
                metadata=(("authorization", f"Bearer {self._admin_token}"),),
                timeout=CALL_SECONDS,
            )
            return "refunded"
        kind = (
            billing_pb2.SETTLEMENT_KIND_CAPTURE if difference.heal == "capture" else billing_pb2.SETTLEMENT_KIND_RELEASE
        )
        settlement = billing_pb2.Settlement(job_id=difference.job_id, kind=kind, delivered=difference.delivered)
        await self._billing.SettleHolds(
            billing_pb2.SettleHoldsRequest(settlements=[settlement]),
            metadata=self._identity.metadata(),
            timeout=CALL_SECONDS,
        )
        return {"capture": "captured", "release": "released"}[difference.heal]

    async def _merged(self) -> AsyncIterator[tuple[Job | None, Hold | None]]:
        """The job and hold of every id that either side has, in order of id."""
        jobs, holds = self._all_jobs(), self._all_holds()
        job, hold = await anext(jobs, None), await anext(holds, None)
        while job is not None or hold is not None:
            first = min(side.job_id for side in (job, hold) if side is not None)
            yield (
                job if job is not None and job.job_id == first else None,
                hold if hold is not None and hold.job_id == first else None,
            )
            if job is not None and job.job_id == first:
                job = await anext(jobs, None)
            if hold is not None and hold.job_id == first:
                hold = await anext(holds, None)

    async def _all_jobs(self) -> AsyncIterator[Job]:
        after = ""
        while True:
            jobs = await self._settlements(job_pb2.ListSettlementsRequest(after_job_id=after, page_size=PAGE_SIZE))
            for job in jobs:
                yield job
            if len(jobs) < PAGE_SIZE:
                return
            after = jobs[-1].job_id

    async def _settlements(self, request: job_pb2.ListSettlementsRequest) -> Sequence[Job]:
        response = await self._jobs.ListSettlements(request, metadata=self._identity.metadata(), timeout=CALL_SECONDS)
        if response.HasField("deleted_until"):
            self._deleted_until = max(self._deleted_until, _seconds(response.deleted_until))
        return response.jobs

    async def _all_holds(self) -> AsyncIterator[Hold]:
        after = ""
        while True:
            response = await self._billing.ListHolds(
                billing_pb2.ListHoldsRequest(after_job_id=after, page_size=PAGE_SIZE),
                metadata=self._identity.metadata(),
                timeout=CALL_SECONDS,
            )
            for hold in response.holds:
                yield hold
            if len(response.holds) < PAGE_SIZE:
                return
            after = response.holds[-1].job_id
