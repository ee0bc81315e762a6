"""Jobs against holds: what the job service says must have become of every job's credits, and what billing says did.

Both are read in order of job id and merged. A difference is looked at again before it is told, for jobs and holds move
while they are read. Healed is only what has one right answer, and always by an entry.
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

PAGE = 5_000
CHUNK = 1_000
CALL_SECONDS = 30.0
SETTLING_SECONDS = 60.0  # how long after its submission a job and its hold may still be on their way to each other
AGAIN_AFTER_SECONDS = 3.0  # longer than a settlement tick
LIVE = ("queued", "processing")
GIVEN_BACK = ("failed", "canceled", "expired")

Job = job_pb2.JobSettlement
Hold = billing_pb2.Hold


@dataclass(frozen=True, slots=True)
class Difference:
    """A job and a hold that disagree. `heal`: capture, release, refund, or nothing when a person must decide."""

    job_id: str
    text: str
    heal: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was compared and found; `healed` says what was done about it, in the order of `differences`."""

    jobs: int
    holds: int
    differences: tuple[Difference, ...]
    healed: tuple[str, ...]


def compare(job: Job | None, hold: Hold | None, forgotten_until: float = 0.0) -> Difference | None:
    """What is wrong between a job and the hold of the same id; None: nothing.

    forgotten_until: jobs that ended before this (seconds since 1970) may have been deleted for their age.
    """
    if job is None:
        assert hold is not None, "one of them is there"
        if hold.state == "held":
            return Difference(hold.job_id, f"{hold.amount} credits of {hold.user_id} are held for no job", "release")
        if hold.state == "captured" and not hold.refunded and _seconds(hold.created_at) >= forgotten_until:
            return Difference(hold.job_id, f"{hold.user_id} has paid {hold.amount} credits for no job")
        return None  # given back: its submission was never decided
    if job.status == "pending":
        return None  # not accepted yet; the sweeper takes it back if it never is
    who = f"{job.status} job of {job.user_id}"
    if hold is None:
        # A job that ended before it was accepted never had one.
        if job.status in ("canceled", "expired") and not job.credits:
            return None
        return Difference(job.job_id, f"{who} has no hold")
    if (hold.user_id, hold.amount) != (job.user_id, job.credits) and not (job.status in GIVEN_BACK and not job.credits):
        return Difference(job.job_id, f"{who} costs {job.credits}, its hold is {hold.amount} credits of {hold.user_id}")
    if job.status in LIVE:
        return None if hold.state == "held" else Difference(job.job_id, f"{who} has a hold that is {hold.state}")
    if job.status == "completed":
        if hold.state == "captured":
            return None
        if hold.state == "held":
            return Difference(job.job_id, f"{who} has not been paid for", "capture")
        return Difference(job.job_id, f"{who} was not paid for: its hold is {hold.state}")
    if hold.state == "held":
        return Difference(job.job_id, f"{who} still holds {hold.amount} credits", "release")
    if hold.state == "captured" and not hold.refunded:
        return Difference(job.job_id, f"{who} was paid for", "refund")
    return None


def _seconds(at: Timestamp) -> float:
    return at.ToDatetime(tzinfo=UTC).timestamp()


class Reconciliation:
    """Reads both services; admin_token is needed for refunds only."""

    def __init__(self, *, billing: str, job: str, secret: str, admin_token: str = "") -> None:
        self._identity = ServiceIdentity("reconcile", secret)
        self._channels = (open_channel(billing), open_channel(job))
        self._billing = billing_pb2_grpc.BillingLedgerServiceStub(self._channels[0])
        self._admin = billing_pb2_grpc.BillingAdminServiceStub(self._channels[0])
        self._jobs = job_pb2_grpc.JobSubmissionServiceStub(self._channels[1])
        self._admin_token = admin_token
        self._forgotten_until = 0.0

    async def close(self) -> None:
        for channel in self._channels:
            await channel.close()

    async def run(self, *, heal: bool, settling_seconds: float = SETTLING_SECONDS) -> Outcome:
        """Compares everything; heals what has one right answer if asked to. Jobs younger than `settling_seconds`
        whose settlement is not confirmed are let be.
        """
        jobs = holds = 0
        suspects: list[str] = []
        young = time.time() - settling_seconds
        async for job, hold in self._merged():
            jobs += job is not None
            holds += hold is not None
            if compare(job, hold, self._forgotten_until) is not None:
                suspects.append((job or hold).job_id)  # type: ignore[union-attr]
        if suspects:
            await asyncio.sleep(AGAIN_AFTER_SECONDS)
        found: list[Difference] = []
        for start in range(0, len(suspects), CHUNK):
            found += await self._look_again(suspects[start : start + CHUNK], young)
        healed = [await self._heal(difference) for difference in found] if heal else []
        return Outcome(jobs, holds, tuple(found), tuple(healed))

    async def _look_again(self, ids: Sequence[str], young: float) -> list[Difference]:
        # Holds first: a hold ends after its job, so a job read later is never behind its hold.
        holds = {
            hold.job_id: hold
            for hold in (
                await self._billing.ListHolds(
                    billing_pb2.ListHoldsRequest(job_ids=ids, page_size=CHUNK),
                    metadata=self._identity.metadata(),
                    timeout=CALL_SECONDS,
                )
            ).holds
        }
        request = job_pb2.ListSettlementsRequest(job_ids=ids, page_size=CHUNK)
        jobs = {job.job_id: job for job in await self._settlements(request)}
        found = []
        for job_id in ids:
            job, hold = jobs.get(job_id), holds.get(job_id)
            if job is None and hold is None:
                continue
            difference = compare(job, hold, self._forgotten_until)
            began = _seconds((job or hold).created_at)  # type: ignore[union-attr]
            on_its_way = began > young and not (job is not None and job.settled)
            if difference is not None and not on_its_way:
                found.append(difference)
        return found

    async def _heal(self, difference: Difference) -> str:
        if not difference.heal:
            return "left for a person to decide"
        if difference.heal == "refund":
            if not self._admin_token:
                return "left: a refund needs an admin token"
            await self._admin.RefundJob(
                billing_pb2.RefundJobRequest(job_id=difference.job_id, reason=f"reconciled: {difference.text}"),
                metadata=(("authorization", f"Bearer {self._admin_token}"),),
                timeout=CALL_SECONDS,
            )
            return "refunded"
        kind = (
            billing_pb2.SETTLEMENT_KIND_CAPTURE if difference.heal == "capture" else billing_pb2.SETTLEMENT_KIND_RELEASE
        )
        await self._billing.SettleHolds(
            billing_pb2.SettleHoldsRequest(settlements=[billing_pb2.Settlement(job_id=difference.job_id, kind=kind)]),
            metadata=self._identity.metadata(),
            timeout=CALL_SECONDS,
        )
        return {"capture": "captured", "release": "released"}[difference.heal]

    async def _merged(self) -> AsyncIterator[tuple[Job | None, Hold | None]]:
        """Every id that either side has, in order."""
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
            jobs = await self._settlements(job_pb2.ListSettlementsRequest(after_job_id=after, page_size=PAGE))
            for job in jobs:
                yield job
            if len(jobs) < PAGE:
                return
            after = jobs[-1].job_id

    async def _settlements(self, request: job_pb2.ListSettlementsRequest) -> Sequence[Job]:
        answer = await self._jobs.ListSettlements(request, metadata=self._identity.metadata(), timeout=CALL_SECONDS)
        if answer.HasField("deleted_until"):
            self._forgotten_until = max(self._forgotten_until, _seconds(answer.deleted_until))
        return answer.jobs

    async def _all_holds(self) -> AsyncIterator[Hold]:
        after = ""
        while True:
            answer = await self._billing.ListHolds(
                billing_pb2.ListHoldsRequest(after_job_id=after, page_size=PAGE),
                metadata=self._identity.metadata(),
                timeout=CALL_SECONDS,
            )
            for hold in answer.holds:
                yield hold
            if len(answer.holds) < PAGE:
                return
            after = answer.holds[-1].job_id
