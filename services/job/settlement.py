"""Settlement: captures or releases the hold of every ended job, again and again until billing has confirmed."""

from __future__ import annotations

import asyncio
from uuid import UUID

import grpc
import structlog
from adwright.billing.v1 import billing_pb2, billing_pb2_grpc

from services.chassis.auth import ServiceIdentity
from services.chassis.clock import Clock
from services.chassis.database import Database
from services.chassis.errors import Refusal
from services.chassis.tracing import together
from services.job.storage import JobStorage

TICK_SECONDS = 1.0
GATHER_SECONDS = 0.1  # jobs that end together are settled together
BATCH = 500
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
        storage: JobStorage,
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
            settlements = [billing_pb2.Settlement(job_id=str(job_id), kind=KINDS[kind]) for job_id, kind, _ in batch]
            with together("settle", [traceparent for _, _, traceparent in batch]):
                answer = await self._billing.SettleHolds(
                    billing_pb2.SettleHoldsRequest(settlements=settlements),
                    metadata=self._identity.metadata(),
                    timeout=CALL_SECONDS,
                )
            confirmed = []
            for (job_id, kind, _), outcome in zip(batch, answer.outcomes, strict=True):
                if outcome.result not in CONFIRMED:
                    continue
                confirmed.append(job_id)
                if kind == "capture" and outcome.result != billing_pb2.SETTLEMENT_RESULT_CAPTURED:
                    # The rules exclude it; if it happens, a person must know, and reconcile lists it.
                    log.error("completed_job_not_captured", job_id=str(job_id), result=outcome.result)
            async with self._database.connection() as connection:
                await self._storage.settled(connection, confirmed, self._clock.now())
            count += len(confirmed)
            after = batch[-1][0]
