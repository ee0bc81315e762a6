"""Tries due deliveries: leases them, sends them beside each other, and records what came of each."""

from __future__ import annotations

import asyncio
import json
import random
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import grpc
import psycopg
import structlog
from adwright.job.v1 import job_pb2, job_pb2_grpc
from google.protobuf import json_format

from services.chassis.backoff import Backoff, jittered
from services.chassis.clock import Clock
from services.chassis.data.database import Database
from services.chassis.errors import Refusal
from services.chassis.rpc.auth import ServiceIdentity
from services.chassis.webhook_signatures import signature_headers
from services.webhook import delivery_store
from services.webhook.domain import Answer, Outcome, State, outcome_of
from services.webhook.metrics import DELAY_SECONDS, DISABLED, RUNNING_TRIES, TRIES
from services.webhook.rows import LeasedRow
from services.webhook.sender import ANSWER_SECONDS, Sender

TICK_SECONDS = 0.5  # for deliveries whose pause has passed; new ones wake the loop
MAX_RUNNING = 128  # tries of a process
JOB_SECONDS = 5.0  # of the call that reads the job
# Longer than a try takes with all its calls. After it, the deliveries of a killed sender are tried by another one.
LEASE = timedelta(seconds=ANSWER_SECONDS + JOB_SECONDS + 15)
JOB_PAUSE = timedelta(seconds=2)  # before a delivery whose job could not be read is looked at again
AFTER_FAILURE = Backoff(first=0.5, longest=10.0)

log = structlog.get_logger()


class JobUnavailable(Exception):
    """The job service cannot be reached, so there is nothing to send yet."""


class Dispatcher:
    """Sends what is due. Any number of replicas may run."""

    def __init__(
        self,
        *,
        database: Database,
        jobs: job_pb2_grpc.JobFeedServiceAsyncStub,
        identity: ServiceIdentity,
        sender: Sender,
        clock: Clock,
        max_running: int = MAX_RUNNING,
    ) -> None:
        self._database = database
        self._jobs = jobs
        self._identity = identity
        self._sender = sender
        self._clock = clock
        self._max_running = max_running
        self._running: set[asyncio.Task[None]] = set()
        self._wanted = asyncio.Event()

    def wake(self) -> None:
        """Looks for due deliveries now: there are new ones, or a try has ended."""
        self._wanted.set()

    async def run(self) -> None:
        """Sends until cancelled; tries that are running then end, and their leases expire."""
        failures = 0
        try:
            while True:
                self._wanted.clear()
                try:
                    await self._begin()
                    failures = 0
                except (Refusal, psycopg.Error) as error:
                    failures += 1
                    log.warning("lease_failed", error=str(error)[:200])
                    await AFTER_FAILURE.pause(failures)
                try:
                    async with asyncio.timeout(jittered(TICK_SECONDS)):
                        await self._wanted.wait()
                except TimeoutError:
                    continue
        finally:
            for task in self._running:
                task.cancel()
            await asyncio.gather(*self._running, return_exceptions=True)

    async def _begin(self) -> None:
        free = self._max_running - len(self._running)
        if free <= 0:
            return
        now = self._clock.now()
        async with self._database.transaction() as connection:
            leased = await delivery_store.lease(connection, now, now + LEASE, free)
        for delivery in leased:
            task = asyncio.create_task(self._deliver(delivery))
            self._running.add(task)
            task.add_done_callback(self._done)
        RUNNING_TRIES.set(len(self._running))

    def _done(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        RUNNING_TRIES.set(len(self._running))
        self.wake()
        if not task.cancelled() and task.exception() is not None:
            log.error("try_failed", exc_info=task.exception())

    async def _deliver(self, delivery: LeasedRow) -> None:
        try:
            body = await self._body(delivery)
        except JobUnavailable:
            with suppress(Refusal, psycopg.Error):  # otherwise the lease ends
                async with self._database.connection() as connection:
                    await delivery_store.return_lease(connection, delivery, self._clock.now() + JOB_PAUSE)
            return
        if body is None:
            answer = Answer(status=None, head="", retry_after="", error="The job is no longer retained.")
            outcome = Outcome(state=State.FAILED, next_try_at=None, disable="")
            await self._record(delivery, "", answer, outcome)
            return
        signing = [secret for secret in (delivery.secret, delivery.previous_secret) if secret]
        keys = [key for key in (delivery.ed25519_key, delivery.previous_ed25519_key) if key]
        headers = signature_headers(str(delivery.event_id), body, signing, self._clock.now(), keys)
        answer = await self._sender.post(delivery.url, body, headers)
        now = self._clock.now()
        outcome = outcome_of(
            answer,
            tries=delivery.tries,
            failing_since=delivery.failing_since,
            now=now,
            chance=random.random(),
            may_disable=not delivery.of_requests,
        )
        await self._record(delivery, body.decode(), answer, outcome)
        if outcome.state == State.DELIVERED and delivery.tries == 1:
            DELAY_SECONDS.observe(max(0.0, (now - delivery.occurred_at).total_seconds()))

    async def _record(self, delivery: LeasedRow, body: str, answer: Answer, outcome: Outcome) -> None:
        try:
            async with self._database.transaction() as connection:
                await delivery_store.end_try(connection, delivery, body, answer, outcome, self._clock.now())
        except (Refusal, psycopg.Error) as error:  # the lease ends, and the delivery is tried again
            log.warning("try_not_recorded", delivery_id=str(delivery.id), error=str(error)[:200])
            return
        result = "retried" if outcome.state == State.PENDING else outcome.state.value
        TRIES.labels(result).inc()
        if outcome.disable:
            DISABLED.inc()
            log.info("webhook_disabled", webhook_id=str(delivery.endpoint_id), user_id=delivery.user_id)

    async def _body(self, delivery: LeasedRow) -> bytes | None:
        """The request's body, with links that are valid from now. None: the job exists no longer."""
        data: dict[str, Any] = {}
        if delivery.job_id is not None:
            request = job_pb2.GetUserJobRequest(job_id=str(delivery.job_id), user_id=delivery.user_id)
            try:
                status = await self._jobs.GetUserJob(request, metadata=self._identity.metadata(), timeout=JOB_SECONDS)
            except grpc.aio.AioRpcError as error:
                if error.code() == grpc.StatusCode.NOT_FOUND:
                    return None
                log.warning("job_unavailable", delivery_id=str(delivery.id), code=error.code().name)
                raise JobUnavailable from None
            data = json_format.MessageToDict(status, always_print_fields_with_no_presence=True)
        content = {"type": delivery.type, "timestamp": _text(delivery.occurred_at), "data": data}
        return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
