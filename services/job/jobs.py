"""What can be done with jobs: the order of transactions, calls to billing and events.

Every public method is at most one transaction of ours at a time, and no call leaves while one is open. Submissions
and workers' reports that come in together share transactions (see chassis.batch).
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

import grpc
import structlog
from adwright.billing.v1 import billing_pb2, billing_pb2_grpc
from psycopg.rows import DictRow

from services.chassis.clock import Clock
from services.chassis.data.batcher import Batcher
from services.chassis.data.database import Connection, Database
from services.chassis.data.ids import new_id
from services.chassis.data.outbox import Relay
from services.chassis.errors import DependencyUnavailable, Refusal
from services.chassis.observability.tracing import current_traceparent, record_past_span
from services.chassis.rpc.auth import ServiceIdentity
from services.chassis.rpc.refusals import to_refusal
from services.job import idempotency_records, queries
from services.job.domain import (
    HOLD_MARGIN,
    AcceptedJob,
    ApiKeyEnded,
    AttemptFailure,
    Completion,
    EarlierUndecided,
    EndedJob,
    FoundJob,
    Heartbeat,
    IdempotentRequest,
    InsufficientCredits,
    Job,
    JobNotDead,
    JobNotFound,
    JobPolicy,
    JobsOverloaded,
    KeyBudgetExceeded,
    Lease,
    RequestInFlight,
    StaleAttempt,
    Status,
    Submission,
    TooManyLiveJobs,
    merge_heartbeats,
)
from services.job.events import announce, dispatch
from services.job.lease_store import LeaseStore
from services.job.submission_store import SubmissionStore

MAX_BATCH = 256
MAX_WAITING = 4_000  # at 1,000 a second this is what four seconds bring; a caller has given up by then
MAX_UNSURE = 10_000  # what is past it is found by its age
LEASE_ROUNDS = 5  # while users' last places are taken by other replicas; workers ask again soon in any case
MAX_LEASE_WAIT_SECONDS = 3.0  # a worker waits 5 s
BILLING_SECONDS = 5.0
PENDING_WAIT_SECONDS = 8.0  # how long a duplicate waits for the first one's outcome
PENDING_POLL_SECONDS = (0.01, 0.1)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Undecided:
    """The live job of the same key is still pending: whether it is accepted is not known yet."""


class Jobs:
    """The job engine: accepts, leases, ends. Everything it promises holds for any number of replicas."""

    def __init__(
        self,
        *,
        database: Database,
        billing: billing_pb2_grpc.BillingLedgerServiceAsyncStub,
        identity: ServiceIdentity,
        relay: Relay,
        policy: JobPolicy,
        clock: Clock,
    ) -> None:
        self._database = database
        self._billing = billing
        self._identity = identity
        self._relay = relay
        self._policy = policy
        self._clock = clock
        self.intake = SubmissionStore(policy)
        self.storage = LeaseStore(policy)
        self.ended = asyncio.Event()  # set when a job has ended: settlement waits for it
        self._undecided: set[UUID] = set()  # submissions that this process could not take back yet
        self._unsure: set[UUID] = set()  # submissions of which it does not know whether they are pending
        self._submissions: Batcher[Submission, AcceptedJob | _Undecided] = Batcher(
            self._submit_batch, max_batch=MAX_BATCH, max_waiting=MAX_WAITING, concurrency=2
        )
        self._leases: dict[str, Batcher[str, Lease | None]] = {}
        self._beats: Batcher[Heartbeat, str] = Batcher(self._beat_batch, max_batch=MAX_BATCH, max_waiting=MAX_WAITING)
        self._completions: Batcher[Completion, EndedJob] = Batcher(
            self._complete_batch, max_batch=MAX_BATCH, max_waiting=MAX_WAITING
        )
        self._reads: Batcher[UUID, Job | None] = Batcher(self._read_batch, max_batch=MAX_BATCH, max_waiting=MAX_WAITING)

    # -- submission

    async def submit(self, submission: Submission, *, wait_seconds: float = PENDING_WAIT_SECONDS) -> AcceptedJob:
        """Accepts a job, or finds the live one of the same key. Raises InsufficientCredits, TooManyLiveJobs,
        JobsOverloaded; EarlierUndecided when an earlier request of the same key is not decided in `wait_seconds`."""
        give_up = asyncio.get_running_loop().time() + wait_seconds
        low, high = PENDING_POLL_SECONDS
        while True:
            outcome = await self._submissions.submit(submission)
            if isinstance(outcome, AcceptedJob):
                return outcome
            if asyncio.get_running_loop().time() >= give_up:
                raise EarlierUndecided
            await asyncio.sleep(random.uniform(low, high))

    async def _submit_batch(self, submissions: Sequence[Submission]) -> list[AcceptedJob | _Undecided | Refusal]:
        try:
            outcomes, fresh = await self._make_pending(submissions)
        except DependencyUnavailable:
            # Cut off while it committed, perhaps; then keys would stand for nothing until the rows have grown old.
            if len(self._unsure) < MAX_UNSURE:
                self._unsure.update(entry.job_id for entry in submissions)
            raise
        if fresh:
            outcomes.update(await self._hold_and_queue(fresh))
        return await self._with_balances(submissions, outcomes)

    async def _make_pending(
        self, submissions: Sequence[Submission]
    ) -> tuple[dict[UUID, AcceptedJob | _Undecided | Refusal], list[Submission]]:
        """What is known of submissions already, and those that have become pending jobs."""
        now = self._clock.now()
        outcomes: dict[UUID, AcceptedJob | _Undecided | Refusal] = {}
        async with self._database.transaction() as connection:
            # The pending row need not survive a crash: if it is lost, its hold is one without a job, and expires.
            await connection.execute("set local synchronous_commit = off")
            outcomes.update(await idempotency_records.recorded(connection, submissions, now))
            unknown = [entry for entry in submissions if entry.job_id not in outcomes]
            taken = await idempotency_records.claim(connection, unknown, now)
            outcomes.update({job_id: RequestInFlight() for job_id in taken})
            unknown = [entry for entry in unknown if entry.job_id not in taken]
            room = await self.intake.remaining_quota(connection, [entry.user_id for entry in unknown])
            admitted = []
            for entry in unknown:
                if room[entry.user_id] > 0:
                    room[entry.user_id] -= 1
                    admitted.append(entry)
                else:
                    outcomes[entry.job_id] = TooManyLiveJobs(self._policy.live_jobs_per_user)
            inserted = await self.intake.insert_pending(connection, admitted, now) if admitted else set()
            ended = await self.intake.jobs_live_at_arrival(connection, unknown, now)
            late = inserted & set(ended)  # duplicates of jobs that have ended between their arrival and now
            inserted -= late
            # A user at the limit may still repeat a request whose job is live.
            rest = [entry for entry in unknown if entry.job_id not in inserted]
            blocked = [entry for entry in rest if entry.job_id not in late]
            live = await self.intake.live_jobs(connection, blocked) if blocked else {}
            found = ended | {entry: job for entry, job in live.items() if job.id not in late}
            await self._keep_or_drop_keys(connection, rest, found)
            if late:
                await self.intake.delete_pending(connection, list(late))
        for entry in rest:
            job = found.get(entry.job_id)
            if job is None and entry.job_id not in outcomes:
                outcomes[entry.job_id] = _Undecided()  # it ended between the two statements: the next try inserts
            elif job is not None and job.status is Status.PENDING:
                outcomes[entry.job_id] = _Undecided()
            elif job is not None:
                outcomes[entry.job_id] = AcceptedJob(
                    job_id=job.id, status="reused", credits_used=0, credits_remaining=0, job_type=job.type
                )
        return outcomes, [entry for entry in submissions if entry.job_id in inserted]

    async def _keep_or_drop_keys(
        self, connection: Connection, rest: Sequence[Submission], found: dict[UUID, FoundJob]
    ) -> None:
        """The request keys of submissions that made no job: they stand for the live job that was found, or go."""
        keyed = [entry.job_id for entry in rest if entry.request_key]
        reused = [
            (job_id, found[job_id].id)
            for job_id in keyed
            if job_id in found and found[job_id].status is not Status.PENDING
        ]
        if reused:
            await idempotency_records.reuse(connection, reused)
        if len(reused) < len(keyed):
            await idempotency_records.drop(connection, keyed)  # those that are reused stand for other ids by now

    async def _hold_and_queue(self, submissions: Sequence[Submission]) -> dict[UUID, AcceptedJob | Refusal]:
        """What became of submissions that are pending. Those that end undecided are remembered for the sweeper."""
        try:
            return await self._decide(submissions)
        except DependencyUnavailable:
            # Whether they were queued is unknown: the sweeper looks, and takes back what was not.
            self._undecided.update(entry.job_id for entry in submissions)
            raise

    async def _decide(self, submissions: Sequence[Submission]) -> dict[UUID, AcceptedJob | Refusal]:
        request = billing_pb2.PlaceHoldsRequest()
        for entry in submissions:
            hold = request.holds.add(
                job_id=str(entry.job_id),
                user_id=entry.user_id,
                type=entry.type,
                project_id=str(entry.project_id),
                api_key_id=entry.api_key_id,
            )
            hold.expires_at.FromDatetime(self._clock.now() + self._policy.limits[entry.type].total + HOLD_MARGIN)
        try:
            answer = await self._billing.PlaceHolds(
                request, metadata=self._identity.metadata(), timeout=BILLING_SECONDS
            )
        except grpc.aio.AioRpcError as error:
            # Whether holds were placed is unknown: released now if billing answers, by the sweeper otherwise.
            refusal = to_refusal(error) or JobsOverloaded("Credits cannot be checked; try again.")
            undecided = [entry.job_id for entry in submissions]
            try:
                await self.abandon(undecided)
            except (grpc.aio.AioRpcError, Refusal) as trouble:
                self._undecided.update(undecided)
                log.warning("submissions_left_pending", jobs=len(undecided), error=repr(trouble))
            return {entry.job_id: refusal for entry in submissions}
        outcomes: dict[UUID, AcceptedJob | Refusal] = {}
        held: dict[UUID, billing_pb2.HoldOutcome] = {}
        refused: list[UUID] = []
        for entry, placed in zip(submissions, answer.outcomes, strict=True):
            if placed.result == billing_pb2.HOLD_RESULT_HELD:
                held[entry.job_id] = placed
                continue
            refused.append(entry.job_id)
            if placed.result == billing_pb2.HOLD_RESULT_INSUFFICIENT:
                outcomes[entry.job_id] = InsufficientCredits(
                    price=placed.amount, available=placed.available, held=placed.held
                )
            elif placed.result == billing_pb2.HOLD_RESULT_OVER_BUDGET:
                outcomes[entry.job_id] = KeyBudgetExceeded(price=placed.amount)
            elif placed.result == billing_pb2.HOLD_RESULT_KEY_ENDED:
                outcomes[entry.job_id] = ApiKeyEnded()
            else:
                log.error("hold_refused", job_id=str(entry.job_id), result=placed.result)
                outcomes[entry.job_id] = JobsOverloaded("The job could not be accepted; try again.")
        now = self._clock.now()
        dispatched = [
            (entry.job_id, held[entry.job_id].amount)
            for entry in submissions
            if entry.job_id in held and not entry.worker
        ]
        self_made = [
            (entry.job_id, held[entry.job_id].amount, entry.worker, entry.sends_heartbeats)
            for entry in submissions
            if entry.job_id in held and entry.worker
        ]
        async with self._database.transaction() as connection:
            if refused:
                await self.intake.delete_pending(connection, refused)
            queued = await self.intake.queue(connection, dispatched, now) if dispatched else []
            begun = await self.intake.begin_self_made(connection, self_made, now) if self_made else []
            await announce(connection, [*queued, *begun], self._clock.now(), dispatch=True)
            accepted = {
                row["id"]: AcceptedJob(
                    job_id=row["id"],
                    status=row["status"],
                    credits_used=held[row["id"]].amount,
                    credits_remaining=held[row["id"]].available,
                    attempt=row["attempt"],
                )
                for row in [*queued, *begun]
            }
            keyed = [accepted[entry.job_id] for entry in submissions if entry.request_key and entry.job_id in accepted]
            if keyed:
                await idempotency_records.decide(connection, keyed)
        self._relay.wake()
        outcomes.update(accepted)
        lost = [job_id for job_id in held if job_id not in accepted]
        if lost:
            # Canceled, or taken back by the sweeper while we were slow; either releases the hold.
            log.warning("submissions_lost", jobs=[str(job_id) for job_id in lost])
            outcomes.update({job_id: JobsOverloaded("The job could not be accepted; try again.") for job_id in lost})
        return outcomes

    async def _with_balances(
        self, submissions: Sequence[IdempotentRequest], outcomes: dict[UUID, AcceptedJob | _Undecided | Refusal]
    ) -> list[AcceptedJob | _Undecided | Refusal]:
        """Fills in what the users of reused jobs can still spend, and puts the outcomes in order."""
        reused = {
            entry.user_id
            for entry in submissions
            if isinstance(outcome := outcomes[entry.job_id], AcceptedJob) and outcome.status == "reused"
        }
        available: dict[str, int] = {}
        failed: Refusal | None = None
        if reused:
            try:
                answer = await self._billing.GetBalances(
                    billing_pb2.GetBalancesRequest(user_ids=sorted(reused)),
                    metadata=self._identity.metadata(),
                    timeout=BILLING_SECONDS,
                )
                available = {balance.user_id: balance.available for balance in answer.balances}
            except grpc.aio.AioRpcError as error:
                failed = to_refusal(error)
        ordered: list[AcceptedJob | _Undecided | Refusal] = []
        for entry in submissions:
            outcome = outcomes[entry.job_id]
            if isinstance(outcome, AcceptedJob) and outcome.status == "reused":
                outcome = failed or replace(outcome, credits_remaining=available.get(entry.user_id, 0))
            ordered.append(outcome)
        return ordered

    async def abandon(self, job_ids: Sequence[UUID]) -> None:
        """Takes back those of these submissions that were never decided: nothing can accept them any more, then their
        holds go for good, then their rows."""
        async with self._database.transaction() as connection:
            abandoned = await self.intake.abandon(connection, job_ids)
        if not abandoned:
            return
        await self._billing.SettleHolds(
            billing_pb2.SettleHoldsRequest(
                settlements=[
                    billing_pb2.Settlement(job_id=str(job_id), kind=billing_pb2.SETTLEMENT_KIND_RELEASE)
                    for job_id in abandoned
                ]
            ),
            metadata=self._identity.metadata(),
            timeout=BILLING_SECONDS,
        )
        async with self._database.transaction() as connection:
            await self.intake.delete_pending(connection, abandoned)

    async def recorded_answer(self, user_id: str, key: str, digest: bytes) -> AcceptedJob | None:
        """What the user's request key stands for; None: it is free. Raises KeyReused, RequestInFlight."""
        now = self._clock.now()
        asked = IdempotentRequest(job_id=new_id(now), user_id=user_id, request_key=key, request_digest=digest)
        async with self._database.connection() as connection:
            found = await idempotency_records.recorded(connection, [asked], now)
        if not found:
            return None
        outcome = (await self._with_balances([asked], dict(found)))[0]
        if isinstance(outcome, Refusal):
            raise outcome
        assert isinstance(outcome, AcceptedJob), "a recorded answer is decided"
        return outcome

    async def retry_dead(self, job_id: UUID) -> AcceptedJob:
        """Submits a dead job's request again. Raises JobNotFound, JobNotDead, and as `submit`."""
        async with self._database.connection() as connection:
            row = await queries.retryable(connection, job_id)
        if row is None:
            raise JobNotFound
        if not row["dead"] or row["self_made"]:
            raise JobNotDead("The job did not fail for unknown reasons, nor for an outage.")
        return await self.submit(
            Submission(
                job_id=new_id(self._clock.now()),
                user_id=row["user_id"],
                type=row["type"],
                project_id=row["project_id"],
                product_id=row["product_id"],
                idempotency_key="",
                parameters=bytes(row["parameters"]),
                retry_of=job_id,
                traceparent=current_traceparent(),
            )
        )

    # -- workers

    async def lease(self, job_type: str, worker: str) -> Lease | None:
        """The next job in turn, leased to the worker; None when there is none."""
        if job_type not in self._leases:
            self._leases[job_type] = Batcher(
                lambda workers: self._lease_batch(job_type, workers),
                max_batch=MAX_BATCH,
                max_waiting=MAX_WAITING,
                max_wait_seconds=MAX_LEASE_WAIT_SECONDS,
            )
        return await self._leases[job_type].submit(worker)

    async def _lease_batch(self, job_type: str, workers: Sequence[str]) -> list[Lease | Refusal | None]:
        rows: list[DictRow] = []
        for _ in range(LEASE_ROUNDS):
            async with self._database.transaction() as connection:
                leased, again = await self.storage.lease(connection, job_type, workers[len(rows) :], self._clock.now())
                await announce(connection, leased, self._clock.now(), dispatch=False)
            rows += leased
            if not again:
                break
        if rows:
            self._relay.wake(soon=True)
        leases: dict[str, list[Lease]] = {}
        for row in rows:
            began, about = row["created_at"].timestamp(), {"adwright.worker": row["worker"]}
            record_past_span(row["traceparent"], "queued", began=began, attributes=about)
            leases.setdefault(row["worker"], []).append(self.storage.lease_of(row))
        return [leases[worker].pop() if leases.get(worker) else None for worker in workers]

    async def heartbeat(self, beat: Heartbeat) -> str:
        """Moves the lease on; "" or the reason to stop."""
        return await self._beats.submit(beat)

    async def _beat_batch(self, beats: Sequence[Heartbeat]) -> list[str | Refusal]:
        joined = merge_heartbeats(beats)
        async with self._database.connection() as connection:
            stopped = await self.storage.heartbeat(
                connection,
                [(beat.job_id, beat.attempt, beat.progress, beat.stage, beat.checkpoint) for beat in joined],
                self._clock.now(),
            )
        return [stopped.get((beat.job_id, beat.attempt), "") for beat in beats]

    async def complete(self, completion: Completion) -> EndedJob:
        """The attempt's result. Raises StaleAttempt; repeating is harmless. The settlement of a self-made job is left
        to the caller, who waits for it."""
        return await self._completions.submit(completion)

    async def _complete_batch(self, completions: Sequence[Completion]) -> list[EndedJob | Refusal]:
        first: dict[tuple[UUID, int], Completion] = {}
        for done in completions:
            first.setdefault((done.job_id, done.attempt), done)  # as if the others had come a batch later
        async with self._database.transaction() as connection:
            rows, repeated = await self.storage.complete(
                connection,
                [(done.job_id, done.attempt, done.assets, done.result, done.notes) for done in first.values()],
                self._clock.now(),
            )
            await announce(connection, rows, self._clock.now(), dispatch=False)
        self._relay.wake(soon=True)
        if not all(row["self_made"] for row in rows):
            self.ended.set()
        taken = {(row["id"], row["attempt"]): self.storage.ended_job(row) for row in [*rows, *repeated]}
        return [taken.get((done.job_id, done.attempt)) or StaleAttempt() for done in completions]

    async def fail(self, failure: AttemptFailure) -> tuple[Status, EndedJob | None]:
        """The attempt failed: what the job is now, and the job if it has ended. Raises StaleAttempt; repeating is
        harmless. The settlement of a self-made job is left to the caller, who waits for it."""
        async with self._database.transaction() as connection:
            row, changed = await self.storage.fail(connection, failure, self._clock.now())
            if changed:
                # A job with a pause before its next attempt is dispatched by the sweeper when the pause is over.
                await announce(connection, [row], self._clock.now(), dispatch=False)
        self._relay.wake(soon=True)
        job = self.storage.ended_job(row) if row["status"] == Status.FAILED else None
        if job is not None and not job.self_made:
            self.ended.set()
        return Status(row["status"]), job

    async def give_back(self, job_id: UUID, attempt: int, reason: str = "", message: str = "") -> None:
        """The worker hands the job back: it stops, or what `reason` names is away. Raises StaleAttempt."""
        async with self._database.transaction() as connection:
            row = await self.storage.give_back(connection, job_id, attempt, reason, message, self._clock.now())
            if row is None:
                raise StaleAttempt
            await announce(connection, [row], self._clock.now(), dispatch=True)
        self._relay.wake()

    # -- owners

    async def job(self, job_id: UUID, user_id: str) -> Job:
        """A user's job. Raises JobNotFound."""
        found = await self._reads.submit(job_id)
        if found is None or found.user_id != user_id:
            raise JobNotFound
        return found

    async def jobs(self, job_ids: Sequence[UUID]) -> list[Job]:
        """Those of these jobs that exist, in order."""
        async with self._database.connection() as connection:
            found = await queries.jobs_by_id(connection, job_ids)
        return [found[job_id] for job_id in job_ids if job_id in found]

    async def _read_batch(self, job_ids: Sequence[UUID]) -> list[Job | Refusal | None]:
        async with self._database.connection() as connection:
            found = await queries.jobs_by_id(connection, list(dict.fromkeys(job_ids)))
        return [found.get(job_id) for job_id in job_ids]

    async def cancel(self, job_id: UUID, user_id: str | None) -> tuple[Status, int]:
        """Ends a live job: its status before and the credits that go back. Raises JobNotFound, JobEnded."""
        async with self._database.transaction() as connection:
            row, before, amount = await self.storage.cancel(connection, job_id, user_id, self._clock.now())
            await announce(connection, [row], self._clock.now(), dispatch=False)
        self._relay.wake(soon=True)
        self.ended.set()
        return before, amount

    # -- the sweeper's

    async def expire(self, most: int) -> int:
        """Gives up live jobs whose time is over; how many."""
        async with self._database.transaction() as connection:
            rows = await self.storage.expire(connection, self._clock.now(), most)
            await announce(connection, rows, self._clock.now(), dispatch=False)
        if rows:
            self._relay.wake(soon=True)
            self.ended.set()
        return len(rows)

    async def recover_lost(self, most: int) -> int:
        """Ends attempts whose leases have run out and does what follows; how many."""
        async with self._database.transaction() as connection:
            now = self._clock.now()
            lost = await self.storage.lost(connection, now, most)
            for failure in lost:
                row, changed = await self.storage.fail(connection, failure, now)
                if changed:
                    await announce(connection, [row], self._clock.now(), dispatch=row["status"] == Status.QUEUED)
        if lost:
            self._relay.wake()
            self.ended.set()
        return len(lost)

    async def dispatch_again(self, most: int) -> int:
        """Tells workers again of queued jobs that nobody took; how many."""
        async with self._database.transaction() as connection:
            rows = await self.storage.stale_dispatches(connection, self._clock.now(), most)
            await dispatch(connection, rows, self._clock.now())
        if rows:
            self._relay.wake()
        return len(rows)

    async def resolve_leftovers(self, older_than: timedelta, most: int) -> int:
        """Takes back submissions that died half-way; how many.

        This process's own need not grow old: their clients are repeating them, and wait for the first one's outcome.
        """
        own, unsure = list(self._undecided)[:most], list(self._unsure)[:most]
        async with self._database.connection() as connection:
            left = await self.intake.leftovers(connection, self._clock.now() - older_than, most)
            own += await self.intake.pending_among(connection, unsure)
        left = list(dict.fromkeys([*own, *left]))
        if left:
            await self.abandon(left)
            self._undecided.difference_update(own)
        self._unsure.difference_update(unsure)
        if left:
            log.info("leftovers_resolved", jobs=[str(job_id) for job_id in left])
        return len(left)
