"""Accepts submissions as jobs: quota, idempotency, hold and queue; takes back submissions that were never decided.

A submission takes two transactions with one call to billing between them, and no transaction is open during the call.
The first inserts a pending row and claims the keys; the second queues the job whose hold was placed. Submissions that
arrive concurrently share both transactions (see services.chassis.data.batcher).
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

import structlog

from services.chassis.clock import Clock
from services.chassis.data.batcher import Batcher
from services.chassis.data.database import Connection, Database
from services.chassis.data.ids import new_id
from services.chassis.data.outbox import Relay
from services.chassis.errors import DependencyUnavailable, Refusal
from services.chassis.observability.tracing import current_traceparent
from services.job import idempotency_records, queries
from services.job.batching import MAX_BATCH, MAX_WAITING
from services.job.credits import BillingClient, Held, Refused
from services.job.domain import (
    HOLD_MARGIN,
    AcceptedJob,
    ChangedJob,
    FoundJob,
    IdempotentRequest,
    JobPolicy,
    Status,
    Submission,
)
from services.job.errors import (
    EarlierUndecided,
    JobNotDead,
    JobNotFound,
    JobsOverloaded,
    RequestInFlight,
    TooManyLiveJobs,
)
from services.job.events import count_changes, event_records
from services.job.submission_store import SubmissionStore

MAX_UNCONFIRMED = 10_000  # bounds memory; the sweeper finds the others by their age
PENDING_WAIT_SECONDS = 8.0  # how long a duplicate waits until the first submission of its key is decided
PENDING_POLL_SECONDS = (0.01, 0.1)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Undecided:
    """The live job of the same key is still pending, so it is unknown whether that job will be accepted."""


Outcome = AcceptedJob | Undecided | Refusal


class Submissions:
    """Accepts submissions. Its guarantees hold for any number of replicas on one database."""

    def __init__(
        self, *, database: Database, billing: BillingClient, relay: Relay, policy: JobPolicy, clock: Clock
    ) -> None:
        self._database = database
        self._billing = billing
        self._relay = relay
        self._policy = policy
        self._clock = clock
        self._store = SubmissionStore(policy)
        self._undecided: set[UUID] = set()  # submissions that this process could not take back yet
        self._unconfirmed: set[UUID] = set()  # submissions whose pending row may or may not be committed
        self._batcher: Batcher[Submission, AcceptedJob | Undecided] = Batcher(
            self.submit_batch, max_batch=MAX_BATCH, max_waiting=MAX_WAITING, concurrency=2
        )

    async def submit(self, submission: Submission, *, wait_seconds: float = PENDING_WAIT_SECONDS) -> AcceptedJob:
        """Accepts a job, or finds the live job of the same key.

        Raises InsufficientCredits, KeyBudgetExceeded, ApiKeyEnded, TooManyLiveJobs, KeyReused, RequestInFlight,
        JobsOverloaded; EarlierUndecided when an earlier submission of the key is still undecided after `wait_seconds`.
        """
        deadline = asyncio.get_running_loop().time() + wait_seconds
        while True:
            outcome = await self._batcher.submit(submission)
            if isinstance(outcome, AcceptedJob):
                return outcome
            if asyncio.get_running_loop().time() >= deadline:
                raise EarlierUndecided
            await asyncio.sleep(random.uniform(*PENDING_POLL_SECONDS))

    async def submit_all(self, submissions: Sequence[Submission]) -> list[AcceptedJob | BaseException]:
        """Accepts these jobs, each as `submit` without a wait; in place of a job, what `submit` would raise."""
        outcomes = await self._batcher.submit_all(submissions)
        return [EarlierUndecided() if isinstance(outcome, Undecided) else outcome for outcome in outcomes]

    async def submit_batch(self, submissions: Sequence[Submission]) -> list[Outcome]:
        """Decides these submissions in shared transactions; their outcomes in order."""
        try:
            outcomes, pending = await self._insert_pending(submissions)
        except DependencyUnavailable:
            # The commit may have happened before the connection was lost. The rows would then block their keys until
            # the sweeper finds them by age.
            if len(self._unconfirmed) < MAX_UNCONFIRMED:
                self._unconfirmed.update(entry.job_id for entry in submissions)
            raise
        if pending:
            try:
                outcomes.update(await self._hold_and_queue(pending))
            except DependencyUnavailable:
                # It is unknown whether they were queued. The sweeper takes back those that were not.
                self._undecided.update(entry.job_id for entry in pending)
                raise
        return await self._with_balances(submissions, outcomes)

    async def _insert_pending(self, submissions: Sequence[Submission]) -> tuple[dict[UUID, Outcome], list[Submission]]:
        """Outcomes known without a hold, by submission id, and the submissions whose pending jobs were inserted."""
        now = self._clock.now()
        outcomes: dict[UUID, Outcome] = {}
        async with self._database.transaction() as connection:
            outcomes.update(await idempotency_records.find(connection, submissions, now))
            unknown = [entry for entry in submissions if entry.job_id not in outcomes]
            claimed_before = await idempotency_records.claim(connection, unknown, now)
            outcomes.update({job_id: RequestInFlight() for job_id in claimed_before})
            unknown = [entry for entry in unknown if entry.job_id not in claimed_before]
            admitted, refused = await self._apply_quota(connection, unknown)
            outcomes.update(refused)
            inserted = await self._store.insert_pending(connection, admitted, now) if admitted else set()
            ended = await self._store.jobs_live_at_arrival(connection, unknown, now)
            duplicates = inserted & set(ended)  # their jobs ended between the requests' arrival and now
            inserted -= duplicates
            # A user at the limit may still repeat a request whose job is live.
            rest = [entry for entry in unknown if entry.job_id not in inserted]
            blocked = [entry for entry in rest if entry.job_id not in duplicates]
            live = await self._store.live_jobs(connection, blocked) if blocked else {}
            found = ended | {entry: job for entry, job in live.items() if job.id not in duplicates}
            await self._reuse_or_release_keys(connection, rest, found)
            if duplicates:
                await self._store.delete_pending(connection, list(duplicates))
        for entry in rest:
            job = found.get(entry.job_id)
            if job is None and entry.job_id not in outcomes:
                outcomes[entry.job_id] = Undecided()  # the job ended between two statements: the next try inserts
            elif job is not None and job.status is Status.PENDING:
                outcomes[entry.job_id] = Undecided()
            elif job is not None:
                outcomes[entry.job_id] = AcceptedJob(
                    job_id=job.id, status="reused", credits_used=0, credits_remaining=0, job_type=job.type
                )
        return outcomes, [entry for entry in submissions if entry.job_id in inserted]

    async def _apply_quota(
        self, connection: Connection, submissions: Sequence[Submission]
    ) -> tuple[list[Submission], dict[UUID, Refusal]]:
        """Splits submissions into those within their users' limits of live jobs and refusals, by submission id."""
        remaining = await self._store.remaining_quota(connection, [entry.user_id for entry in submissions])
        admitted: list[Submission] = []
        refused: dict[UUID, Refusal] = {}
        for entry in submissions:
            if remaining[entry.user_id] > 0:
                remaining[entry.user_id] -= 1
                admitted.append(entry)
            else:
                refused[entry.job_id] = TooManyLiveJobs(self._policy.live_jobs_per_user)
        return admitted, refused

    async def _reuse_or_release_keys(
        self, connection: Connection, submissions: Sequence[Submission], found: Mapping[UUID, FoundJob]
    ) -> None:
        """Points the claimed keys of submissions that made no job to the job that was found, or deletes the claims."""
        keyed = [entry.job_id for entry in submissions if entry.idempotency_key_header]
        reused = [
            (job_id, found[job_id].id)
            for job_id in keyed
            if job_id in found and found[job_id].status is not Status.PENDING
        ]
        if reused:
            await idempotency_records.reuse(connection, reused)
        if len(reused) < len(keyed):
            await idempotency_records.drop(connection, keyed)  # reused records have other job ids by now

    async def _hold_and_queue(self, submissions: Sequence[Submission]) -> dict[UUID, AcceptedJob | Refusal]:
        """Places the holds of pending submissions and queues the jobs; outcomes by submission id."""
        now = self._clock.now()
        try:
            placed = await self._billing.place_holds(
                [(entry, now + self._policy.limits[entry.type].total + HOLD_MARGIN) for entry in submissions]
            )
        except Refusal as error:
            await self._take_back_now_or_later([entry.job_id for entry in submissions])
            return {entry.job_id: error for entry in submissions}
        held: dict[UUID, Held] = {}
        outcomes: dict[UUID, AcceptedJob | Refusal] = {}
        unequal: list[UUID] = []
        for entry, outcome in zip(submissions, placed, strict=True):
            match outcome:
                case Held(credits) if credits % entry.quantity:
                    # A billing service of an earlier release holds the price of one variant for all of them.
                    log.error("hold_not_for_all_variants", job_id=str(entry.job_id), credits=credits)
                    unequal.append(entry.job_id)
                    outcomes[entry.job_id] = JobsOverloaded("The job could not be accepted; try again.")
                case Held():
                    held[entry.job_id] = outcome
                case Refused(refusal):
                    outcomes[entry.job_id] = refusal
        if unequal:
            await self._take_back_now_or_later(unequal)
        accepted = await self._queue(
            submissions, held, refused=[job_id for job_id in outcomes if job_id not in unequal]
        )
        outcomes.update(accepted)
        lost = [job_id for job_id in held if job_id not in accepted]
        if lost:
            # They were canceled, or taken back by the sweeper meanwhile; either releases the hold.
            log.warning("submissions_lost", jobs=[str(job_id) for job_id in lost])
            outcomes.update({job_id: JobsOverloaded("The job could not be accepted; try again.") for job_id in lost})
        return outcomes

    async def _queue(
        self, submissions: Sequence[Submission], held: Mapping[UUID, Held], *, refused: Sequence[UUID]
    ) -> dict[UUID, AcceptedJob]:
        """Queues the jobs whose holds were placed and deletes the refused ones; the accepted jobs by id.

        A job that its submitter makes itself starts processing instead.
        """
        now = self._clock.now()
        dispatched = [entry for entry in submissions if entry.job_id in held and not entry.worker]
        self_made = [entry for entry in submissions if entry.job_id in held and entry.worker]
        amounts = {job_id: hold.credits for job_id, hold in held.items()}
        queued: list[ChangedJob] = []
        started: list[ChangedJob] = []
        keyed = [entry.job_id for entry in submissions if entry.idempotency_key_header and entry.job_id in held]
        statements = sum(map(bool, (refused, dispatched, self_made, keyed)))
        # A statement alone is a transaction of its own, without the round trips that begin and commit one.
        opened = self._database.transaction() if statements > 1 else self._database.connection()
        async with opened as connection:
            if refused:
                await self._store.delete_pending(connection, refused)
            if dispatched:
                records = event_records([entry.accepted() for entry in dispatched], now, dispatch=True)
                queued = await self._store.queue(connection, dispatched, amounts, records, now)
            if self_made:
                records = event_records([entry.accepted() for entry in self_made], now, dispatch=False)
                started = await self._store.start_self_made(connection, self_made, amounts, records, now)
            accepted = {
                job.id: AcceptedJob(
                    job_id=job.id,
                    status=job.status,
                    credits_used=held[job.id].credits,
                    credits_remaining=held[job.id].available,
                    attempt=job.attempt,
                )
                for job in [*queued, *started]
            }
            decided = [accepted[job_id] for job_id in keyed if job_id in accepted]
            if decided:
                await idempotency_records.decide(connection, decided)
        count_changes([*queued, *started])
        self._relay.wake()
        return accepted

    async def _with_balances(
        self, submissions: Sequence[IdempotentRequest], outcomes: Mapping[UUID, Outcome]
    ) -> list[Outcome]:
        """The outcomes in the order of the submissions, with the credits that users of reused jobs can still spend."""
        reused = {
            entry.user_id
            for entry in submissions
            if isinstance(outcome := outcomes[entry.job_id], AcceptedJob) and outcome.status == "reused"
        }
        available: dict[str, int] = {}
        failed: Refusal | None = None
        if reused:
            try:
                available = await self._billing.balances(sorted(reused))
            except Refusal as refusal:
                failed = refusal
        ordered: list[Outcome] = []
        for entry in submissions:
            outcome = outcomes[entry.job_id]
            if isinstance(outcome, AcceptedJob) and outcome.status == "reused":
                outcome = failed or replace(outcome, credits_remaining=available.get(entry.user_id, 0))
            ordered.append(outcome)
        return ordered

    async def find_idempotency_record(self, user_id: str, key: str, digest: bytes) -> AcceptedJob | None:
        """The stored response of the user's Idempotency-Key; None: the key is free.

        Raises KeyReused, RequestInFlight.
        """
        now = self._clock.now()
        request = IdempotentRequest(
            job_id=new_id(now), user_id=user_id, idempotency_key_header=key, request_digest=digest
        )
        async with self._database.connection() as connection:
            found = await idempotency_records.find(connection, [request], now)
        if not found:
            return None
        outcome = (await self._with_balances([request], dict(found)))[0]
        if isinstance(outcome, Refusal):
            raise outcome
        assert isinstance(outcome, AcceptedJob), "a record that is found is decided or refused"
        return outcome

    async def retry_dead(self, job_id: UUID) -> AcceptedJob:
        """Submits a dead job's request again. Raises JobNotFound, JobNotDead, and as `submit`."""
        async with self._database.connection() as connection:
            dead = await queries.retryable(connection, job_id)
        if dead is None:
            raise JobNotFound
        if not dead.dead or dead.self_made:
            raise JobNotDead("Only a job that failed for unknown reasons or because of an outage can be retried.")
        return await self.submit(
            Submission(
                job_id=new_id(self._clock.now()),
                user_id=dead.user_id,
                type=dead.type,
                project_id=dead.project_id,
                product_id=dead.product_id,
                idempotency_key="",
                parameters=dead.parameters,
                priced_as=dead.priced_as,
                quantity=dead.quantity,
                retry_of=job_id,
                webhook_url=dead.webhook_url,
                traceparent=current_traceparent(),
            )
        )

    async def take_back(self, job_ids: Sequence[UUID]) -> None:
        """Takes back those of these submissions that are undecided.

        First nothing can accept them any more, then their holds are released for good, then their rows are deleted.
        """
        async with self._database.transaction() as connection:
            marked = await self._store.mark_taken_back(connection, job_ids)
        if not marked:
            return
        await self._billing.release(marked)
        async with self._database.transaction() as connection:
            await self._store.delete_pending(connection, marked)

    async def _take_back_now_or_later(self, job_ids: Sequence[UUID]) -> None:
        """Takes submissions back now if billing responds, or leaves them to the sweeper: their holds may be placed."""
        try:
            await self.take_back(job_ids)
        except Refusal as refusal:
            self._undecided.update(job_ids)
            log.warning("submissions_left_pending", jobs=len(job_ids), error=repr(refusal))

    async def take_back_leftovers(self, older_than: timedelta, limit: int) -> int:
        """Takes back submissions that were interrupted half-way; their number.

        Those of this process need not be `older_than`: their clients repeat them and wait for the first one's outcome.
        """
        own, unconfirmed = list(self._undecided)[:limit], list(self._unconfirmed)[:limit]
        async with self._database.connection() as connection:
            old = await self._store.pending_before(connection, self._clock.now() - older_than, limit)
            own += await self._store.pending_among(connection, unconfirmed)
        leftovers = list(dict.fromkeys([*own, *old]))
        if leftovers:
            await self.take_back(leftovers)
            self._undecided.difference_update(own)
        self._unconfirmed.difference_update(unconfirmed)
        if leftovers:
            log.info("leftovers_taken_back", jobs=[str(job_id) for job_id in leftovers])
        return len(leftovers)
