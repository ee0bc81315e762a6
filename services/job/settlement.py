"""Settlement: captures or releases the hold of every ended job, again and again until billing has confirmed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import UUID

import grpc
import structlog
from adwright.billing.v1 import billing_pb2, billing_pb2_grpc

from services.chassis.clock import Clock
from services.chassis.data.batcher import Batcher
from services.chassis.data.database import Database
from services.chassis.errors import Refusal
from services.chassis.observability.tracing import linked_span
from services.chassis.rpc.auth import ServiceIdentity
from services.job.domain import PROMPT_SETTLEMENT, EndedJob
from services.job.lease_store import LeaseStore

TICK_SECONDS = 1.0
GATHER_SECONDS = 0.02  # jobs that end together are settled together
BATCH = 500
PROMPT_BATCH = 256
MAX_PROMPT_WAITING = 4_000  # past it they are settled like all others
PROMPT_CONCURRENCY = 2  # the next batch is under way while one is written down
CALL_SECONDS = 10.0
KINDS = {"capture": billing_pb2.SETTLEMENT_KIND_CAPTURE, "release": billing_pb2.SETTLEMENT_KIND_RELEASE}
CONFIRMED = {
    billing_pb2.SETTLEMENT_RESULT_CAPTURED,
    billing_pb2.SETTLEMENT_RESULT_RELEASED,
    billing_pb2.SETTLEMENT_RESULT_EXPIRED,
    billing_pb2.SETTLEMENT_RESULT_UNKNOWN,
}

log = structlog.get_logger()


class Settlement:
    """Settles until cancelled. Replicas may settle the same job: billing ends each hold once and answers how."""

    def __init__(
        self,
        *,
        database: Database,
        storage: LeaseStore,
        billing: billing_pb2_grpc.BillingLedgerServiceAsyncStub,
        identity: ServiceIdentity,
        clock: Clock,
        ended: asyncio.Event,
    ) -> None:
        self._database = database
        self._storage = storage
        self._billing = billing
        self._identity = identity
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

    async def settle_promptly(self, job: EndedJob) -> None:
        """Returns when billing has confirmed the end of the job's hold, or after PROMPT_SETTLEMENT at the latest; what
        is not confirmed by then, `run` settles."""
        try:
            async with asyncio.timeout(PROMPT_SETTLEMENT.total_seconds()):
                await self._prompt.submit(job)
        except (grpc.aio.AioRpcError, Refusal, TimeoutError) as error:
            log.warning("settlement_delayed", job_id=str(job.id), error=repr(error))
            self._ended.set()

    async def run(self) -> None:
        while True:
            try:
                async with asyncio.timeout(TICK_SECONDS):
                    await self._ended.wait()
                await asyncio.sleep(GATHER_SECONDS)
            except TimeoutError:
                pass
            self._ended.clear()
            try:
                await self.settle_all()
            except (grpc.aio.AioRpcError, Refusal) as error:
                log.warning("settlement_delayed", error=repr(error))
            except Exception:
                log.exception("settlement_failed")

    async def settle_all(self) -> int:
        """Settles what has ended until now; how many."""
        after = UUID(int=0)
        count = 0
        while True:
            async with self._database.connection() as connection:
                batch = await self._storage.unsettled(connection, after, BATCH)
            if not batch:
                return count
            count += sum(await self._settle(batch, seconds=CALL_SECONDS))
            after = batch[-1].id

    async def _settle(self, jobs: Sequence[EndedJob], *, seconds: float) -> list[bool]:
        """Ends the holds of these jobs; of which billing has confirmed it. Harmless to repeat."""
        settlements = [billing_pb2.Settlement(job_id=str(job.id), kind=KINDS[job.settle]) for job in jobs]
        with linked_span("settle", [job.traceparent for job in jobs]):
            answer = await self._billing.SettleHolds(
                billing_pb2.SettleHoldsRequest(settlements=settlements),
                metadata=self._identity.metadata(),
                timeout=seconds,
            )
        confirmed = [outcome.result in CONFIRMED for outcome in answer.outcomes]
        for job, outcome in zip(jobs, answer.outcomes, strict=True):
            captured = outcome.result == billing_pb2.SETTLEMENT_RESULT_CAPTURED
            if outcome.result in CONFIRMED and job.settle == "capture" and not captured:
                # The rules exclude it; if it happens, a person must know, and reconcile lists it.
                log.error("completed_job_not_captured", job_id=str(job.id), result=outcome.result)
        ended = [job.id for job, known in zip(jobs, confirmed, strict=True) if known]
        async with self._database.connection() as connection:
            await self._storage.settled(connection, ended, self._clock.now())
        return confirmed
