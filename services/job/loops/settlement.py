"""Settlement: captures or releases the hold of every ended job, and repeats that until billing has confirmed it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import structlog
from sqlalchemy import Integer, Uuid, bindparam, select, update

from services.chassis.clock import Clock
from services.chassis.data.batcher import Batcher
from services.chassis.data.database import Connection, Database
from services.chassis.data.sql import among
from services.chassis.data.statements import Query, fetch_rows, run
from services.chassis.errors import Refusal
from services.chassis.observability.tracing import linked_span
from services.job.credits import BillingClient
from services.job.domain import PROMPT_SETTLEMENT, EndedJob
from services.job.settlement_queue import SettlementQueue
from services.job.tables import MOMENT, UNSETTLED, job

TICK_SECONDS = 1.0
GATHER_SECONDS = 0.02  # lets jobs that end concurrently be settled in one call
BATCH = 500
PROMPT_BATCH = 256
MAX_PROMPT_WAITING = 4_000  # jobs beyond it are settled by the loop
PROMPT_CONCURRENCY = 2  # one batch is at billing while another is recorded
CALL_SECONDS = 10.0


class _UnsettledRow(NamedTuple):
    id: UUID
    settle: str
    delivered: int
    traceparent: str


_UNSETTLED_JOBS = Query(
    _UnsettledRow,
    (
        select(job.c.id, job.c.settle, job.c.delivered, job.c.traceparent)
        .where(UNSETTLED, job.c.id > bindparam("after", type_=Uuid()))
        .order_by(job.c.id)
        .limit(bindparam("most", type_=Integer()))
    ),
)
_MARK_SETTLED = (
    update(job)
    .values(settled_at=bindparam("now", type_=MOMENT))
    .where(among(job.c.id, "ids"), job.c.settled_at.is_(None))
)

log = structlog.get_logger()


class Settlement:
    """Settles ended jobs. Replicas may settle the same job: billing ends each hold once and reports how."""

    def __init__(self, *, database: Database, billing: BillingClient, clock: Clock, ended: SettlementQueue) -> None:
        """ended: others add the jobs that have ended."""
        self._database = database
        self._billing = billing
        self._clock = clock
        self._ended = ended
        seconds = PROMPT_SETTLEMENT.total_seconds()
        self._prompt: Batcher[EndedJob, bool] = Batcher(
            lambda jobs: self._settle(jobs, seconds=seconds),
            max_batch=PROMPT_BATCH,
            max_waiting=MAX_PROMPT_WAITING,
            max_wait_seconds=seconds,
            concurrency=PROMPT_CONCURRENCY,
        )

    async def settle_promptly(self, *jobs: EndedJob) -> None:
        """Returns when billing has confirmed the ends of the jobs' holds, or after PROMPT_SETTLEMENT.

        The loop settles a job that is not confirmed by then.
        """
        error: BaseException | None = None
        try:
            async with asyncio.timeout(PROMPT_SETTLEMENT.total_seconds()):
                outcomes = await self._prompt.submit_all(jobs)
            error = next((outcome for outcome in outcomes if isinstance(outcome, BaseException)), None)
        except (Refusal, TimeoutError) as refusal:
            error = refusal
        if error is not None:
            log.warning("settlement_delayed", jobs=[str(job.id) for job in jobs], error=repr(error))
            self._ended.add(jobs)

    async def run(self) -> None:
        """Settles jobs when they have ended, and at every tick those that are left in the table, until cancelled."""
        clock = asyncio.get_running_loop().time
        tick = clock() + TICK_SECONDS
        while True:
            try:
                async with asyncio.timeout_at(tick):
                    await self._ended.wait()
                    await asyncio.sleep(GATHER_SECONDS)
            except TimeoutError:
                pass
            try:
                await self.settle_ended()
                if clock() >= tick:
                    tick = clock() + TICK_SECONDS
                    await self.settle_all()
            except Refusal as error:
                log.warning("settlement_delayed", error=repr(error))
            except Exception:
                log.exception("settlement_failed")

    async def settle_ended(self) -> None:
        """Settles the jobs of the queue. Those that billing does not confirm stay in the table."""
        jobs = self._ended.take()
        for start in range(0, len(jobs), BATCH):
            await self._settle(jobs[start : start + BATCH], seconds=CALL_SECONDS)

    async def settle_all(self) -> int:
        """Settles all jobs in the table that have ended; the number that billing has confirmed."""
        after = UUID(int=0)
        count = 0
        while True:
            async with self._database.connection() as connection:
                batch = await unsettled(connection, after, BATCH)
            if batch:
                count += sum(await self._settle(batch, seconds=CALL_SECONDS))
                after = batch[-1].id
            if len(batch) < BATCH:
                return count

    async def _settle(self, jobs: Sequence[EndedJob], *, seconds: float) -> list[bool]:
        """Settles these jobs and records the confirmed ones; for each, whether billing has confirmed it."""
        with linked_span("settle", [job.traceparent for job in jobs]):
            confirmed = await self._billing.settle(jobs, seconds=seconds)
        final = [job.id for job, settled in zip(jobs, confirmed, strict=True) if settled]
        if final:
            async with self._database.connection() as connection:
                await mark_settled(connection, final, self._clock.now())
        return confirmed


async def unsettled(connection: Connection, after: UUID, limit: int) -> list[EndedJob]:
    """Ended jobs whose holds billing has not confirmed as ended, with ids above `after`, in order of id."""
    rows = await fetch_rows(connection, _UNSETTLED_JOBS, {"after": after, "most": limit})
    return [
        EndedJob(id=row.id, settle=row.settle, delivered=row.delivered, traceparent=row.traceparent) for row in rows
    ]


async def mark_settled(connection: Connection, job_ids: Sequence[UUID], now: datetime) -> None:
    """Records that billing has confirmed the ends of these jobs' holds."""
    await run(connection, _MARK_SETTLED, {"now": now, "ids": list(job_ids)})
