"""Drives campaigns: begins their children in batches, follows their jobs and ends them. Any number of replicas may run.

All that it knows is in the database, so a killed process loses nothing: after its lease another one goes on. A child's
request has a key of its own, so a repetition finds the job of the first try.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import psycopg
import structlog
from adwright.image.v1 import image_pb2
from adwright.job.v1 import job_pb2

from services.campaign import campaign_store, child_store
from services.campaign.calls import Calls, ChildRefused, HeadlineRequest, gather_bounded
from services.campaign.child_store import EndedChild
from services.campaign.domain import (
    EXPIRED_MESSAGE,
    EXPIRED_REASON,
    LATE_MESSAGE,
    LATE_REASON,
    LOST_MESSAGE,
    LOST_REASON,
    MONEY_REASONS,
    ChildState,
    affordable,
    is_lapsed,
    is_late,
    says_something_else,
    state_of,
)
from services.campaign.metrics import CHILDREN, DELAY_SECONDS, RUNNING_STEPS, STEP_FAILURES
from services.campaign.planning import ServiceRequest, request_message
from services.campaign.rows import ChildRow, LeasedRow
from services.chassis.backoff import Backoff, jittered
from services.chassis.clock import Clock
from services.chassis.data.database import Database
from services.chassis.errors import Refusal
from services.chassis.rpc.auth import ActingFor
from services.chassis.tasks import cancel_and_wait

TICK_SECONDS = 0.5  # for campaigns whose pause has passed; new ones wake the loop
PAUSE = timedelta(seconds=0.5)  # between the steps of a campaign, which is how late its progress can be
MAX_STEPS = 16  # that run in a process
MAX_RUNNING = 64  # children of a campaign whose jobs have not ended
BATCH = 32  # children that are submitted beside each other
STEP_SECONDS = 40.0
# Longer than a step takes. After it, the campaigns of a killed process are driven by another one.
LEASE = timedelta(seconds=STEP_SECONDS + 5)
HEADLINE_TRIES = 4  # for one that says something else than those of the versions before
MAX_TAKEN = 10  # headlines that a request for another one may name
MAX_DEFECTS = 6  # steps in a row, over a minute or more, after which a defect of a service counts as a refusal
AFTER_FAILURE = Backoff(first=1.0, longest=30.0)
MAINTENANCE_TICKS = 240  # between deletions of old campaigns: about 2 minutes
ENDS = {
    "completed": ChildState.COMPLETED,
    "canceled": ChildState.CANCELED,
    "failed": ChildState.FAILED,
    "expired": ChildState.FAILED,
}
NOT_BEGUN = ("pending", "queued")

log = structlog.get_logger()


class Runner:
    """Leases due campaigns and makes a step of each. A step is bounded in time and in children, so no campaign keeps
    others waiting."""

    def __init__(
        self,
        *,
        database: Database,
        calls: Calls,
        clock: Clock,
        max_running: int = MAX_RUNNING,
        batch: int = BATCH,
    ) -> None:
        self._database = database
        self._calls = calls
        self._clock = clock
        self._max_running = max_running
        self._batch = batch
        self._steps: set[asyncio.Task[None]] = set()
        self._wanted = asyncio.Event()

    def wake(self) -> None:
        """Looks for due campaigns now."""
        self._wanted.set()

    async def run(self) -> None:
        """Drives campaigns until cancelled; steps that are running then end, and their leases expire."""
        failures = ticks = 0
        try:
            while True:
                self._wanted.clear()
                try:
                    await self.begin_steps()
                    ticks += 1
                    if ticks % MAINTENANCE_TICKS == 0:
                        await self.delete_old()
                    failures = 0
                except (Refusal, psycopg.Error) as error:
                    failures += 1
                    log.warning("lease_failed", error=str(error)[:200])
                    await AFTER_FAILURE.pause(failures)
                with suppress(TimeoutError):
                    async with asyncio.timeout(jittered(TICK_SECONDS)):
                        await self._wanted.wait()
        finally:
            await cancel_and_wait(*self._steps)

    async def begin_steps(self) -> None:
        """Leases due campaigns, as many as there is room for, and begins a step of each."""
        free = MAX_STEPS - len(self._steps)
        if free <= 0:
            return
        now = self._clock.now()
        async with self._database.connection() as connection:
            leased = await campaign_store.lease(connection, now, now + LEASE, free)
            due = await campaign_store.oldest_due(connection)
        DELAY_SECONDS.set(max(0.0, (now - due).total_seconds()) if due else 0.0)
        for campaign in leased:
            task = asyncio.create_task(self._step(campaign))
            self._steps.add(task)
            task.add_done_callback(self._done)
        RUNNING_STEPS.set(len(self._steps))

    async def delete_old(self) -> int:
        """Deletes what is past its retention; the number of rows."""
        async with self._database.transaction() as connection:
            return await campaign_store.delete_old(connection, self._clock.now())

    def _done(self, task: asyncio.Task[None]) -> None:
        self._steps.discard(task)
        RUNNING_STEPS.set(len(self._steps))
        if not task.cancelled() and task.exception() is not None:
            log.error("step_failed", exc_info=task.exception())

    async def _step(self, campaign: LeasedRow) -> None:
        failures = 0
        try:
            async with asyncio.timeout(STEP_SECONDS):
                await self._follow(campaign)
                went_on = await self._admit(campaign)
                await self._conclude(campaign)
            failures = 0 if went_on else campaign.failures + 1
        except (Refusal, psycopg.Error, TimeoutError) as error:
            failures = campaign.failures + 1
            log.warning("step_delayed", campaign_id=str(campaign.id), error=str(error)[:200])
        except Exception as error:
            failures = campaign.failures + 1
            log.error("step_failed", campaign_id=str(campaign.id), exc_info=error)
        pause = PAUSE
        if failures:
            STEP_FAILURES.inc()
            pause = timedelta(seconds=AFTER_FAILURE.seconds(failures))
        with suppress(Refusal, psycopg.Error):  # otherwise the lease ends
            async with self._database.connection() as connection:
                await campaign_store.return_lease(connection, campaign, self._clock.now() + pause, failures)

    # -- jobs that have begun

    async def _follow(self, campaign: LeasedRow) -> None:
        """Records the jobs that have ended and are settled, and cancels those of a canceled campaign that no worker has
        taken."""
        async with self._database.connection() as connection:
            running = await child_store.running(connection, campaign.id)
        jobs = await self._calls.settlements([child.job_id for child in running if child.job_id])
        ended: list[EndedChild] = []
        queued: list[UUID] = []
        for child in running:
            assert child.job_id is not None, "a running child has a job"
            job = jobs.get(child.job_id)
            if job is None:
                ended.append(_failed(child, LOST_REASON, LOST_MESSAGE))
            elif job.status in ENDS and job.settled:
                ended.append(await self._end_of(campaign, child, job))
            elif job.status in NOT_BEGUN:
                queued.append(child.job_id)
        if ended:
            async with self._database.transaction() as connection:
                await child_store.end(connection, campaign.id, ended)
            for child_end in ended:
                CHILDREN.labels(child_end.state.value).inc()
        if queued and await self._is_canceled(campaign):
            owner = _owner(campaign)

            async def cancel(job_id: UUID) -> None:
                await self._calls.cancel(job_id, owner)

            await gather_bounded([(cancel, job_id) for job_id in queued])

    async def _end_of(self, campaign: LeasedRow, child: ChildRow, job: job_pb2.JobSettlement) -> EndedChild:
        state = ENDS[job.status]
        if state is not ChildState.FAILED:
            return EndedChild(number=child.number, state=state, spent=job.captured)
        assert child.job_id is not None
        status = await self._calls.job(child.job_id, campaign.user_id)
        if status is not None and status.HasField("error"):
            return _failed(child, status.error.reason, status.error.message, spent=job.captured)
        return _failed(child, EXPIRED_REASON, EXPIRED_MESSAGE, spent=job.captured)

    # -- children without a job

    async def _admit(self, campaign: LeasedRow) -> bool:
        """Begins the next children; whether the services accepted or refused each of them."""
        chosen = await self._choose(campaign)
        if not chosen:
            return True
        ready = await self._with_headlines(campaign, chosen)
        if not ready:
            return False
        async with self._database.transaction() as connection:
            # The lock orders this after a cancellation, or that after this.
            locked = await campaign_store.lock(connection, campaign.id)
            if locked.canceled:
                ready = [child for child in ready if child.tried_at is not None]
            await child_store.mark_tried(connection, campaign.id, [child.number for child in ready], self._clock.now())
        return await self._submit(campaign, ready) and len(ready) == len(chosen)

    async def _choose(self, campaign: LeasedRow) -> list[ChildRow]:
        """The children to begin in this step: as many as may run beside those that do and the user's credits pay for,
        but one at least, whose refusal then ends the admission."""
        if is_late(campaign.begun_at, self._clock.now()):
            await self._end_late(campaign)
        async with self._database.connection() as connection:
            running = await child_store.running(connection, campaign.id)
            room = max(0, min(self._batch, self._max_running - len(running)))
            waiting = list(await child_store.waiting(connection, campaign.id, room))
        untried = [child for child in waiting if child.tried_at is None]
        if not untried:
            return waiting
        tried = [child for child in waiting if child.tried_at is not None]
        paid = affordable((child.credits for child in untried), await self._calls.available(campaign.user_id))
        return [*tried, *untried[: max(paid, 0 if tried else 1)]]

    async def _end_late(self, campaign: LeasedRow) -> None:
        """Ends the children that may no longer begin. Those that may have a job are tried until their keys lapse."""
        async with self._database.transaction() as connection:
            await campaign_store.lock(connection, campaign.id)
            number = await child_store.end_untried(
                connection, campaign.id, ChildState.FAILED, reason=LATE_REASON, message=LATE_MESSAGE
            )
            if is_lapsed(campaign.begun_at, self._clock.now()):
                tried = await child_store.waiting(connection, campaign.id, child_store.ALL_OF_A_CAMPAIGN)
                late = [_failed(child, LATE_REASON, LATE_MESSAGE) for child in tried]
                number += await child_store.refuse(connection, campaign.id, late)
        CHILDREN.labels(ChildState.FAILED.value).inc(number)

    async def _with_headlines(self, campaign: LeasedRow, children: Sequence[ChildRow]) -> list[ChildRow]:
        """The children whose headlines are known, each with it. Headlines are stored before they are used: a
        repetition of a request must equal it."""
        missing = sorted(
            {
                (child.product_id, child.headline_version)
                for child in children
                if child.headline_version and child.headline is None
            },
            key=lambda wanted: (str(wanted[0]), wanted[1]),
        )
        if not missing:
            return list(children)
        async with self._database.connection() as connection:
            found = await child_store.headlines(connection, campaign.id)
        known = {(row.product_id, row.headline_version): row.headline for row in found}
        for product_id, version in missing:  # one after the other: a version's headline differs from those before
            taken = [text for (product, number), text in known.items() if product == product_id and number < version]
            wanted = HeadlineRequest(
                user_id=campaign.user_id,
                project_id=campaign.project_id,
                product_id=product_id,
                tone=campaign.tone,
                seed=f"{campaign.id.hex}-{version}",
                taken=[text for text in taken if text],
            )
            name = next(child.product_name for child in children if child.product_id == product_id)
            try:
                text = await self._new_headline(wanted, name)
            except Refusal as refusal:
                log.warning("headline_delayed", campaign_id=str(campaign.id), error=str(refusal)[:200])
                break
            async with self._database.connection() as connection:
                await child_store.set_headline(connection, campaign.id, product_id, version, text)
                # Another process may have stored one before.
                found = await child_store.headlines(connection, campaign.id)
            known = {(row.product_id, row.headline_version): row.headline for row in found}
        return [
            child._replace(headline=child.headline or known.get((child.product_id, child.headline_version)))
            for child in children
            if not child.headline_version
            or child.headline is not None
            or (child.product_id, child.headline_version) in known
        ]

    async def _new_headline(self, wanted: HeadlineRequest, product_name: str) -> str:
        """A headline that says something else than those that are taken, if one of HEADLINE_TRIES does; otherwise the
        first that is written. Raises Refusal."""
        tries: list[str] = []
        for number in range(HEADLINE_TRIES):
            again = replace(
                wanted,
                seed=f"{wanted.seed}-{number}" if number else wanted.seed,
                taken=list(dict.fromkeys([*wanted.taken, *filter(None, tries)]))[-MAX_TAKEN:],
            )
            text = await self._calls.headline(again)
            if not text or says_something_else(text, wanted.taken, product_name):
                return text
            tries.append(text)
        return next((text for text in tries if text not in wanted.taken), tries[0])

    async def _submit(self, campaign: LeasedRow, children: Sequence[ChildRow]) -> bool:
        """Submits children and records what came of it; whether every outcome is known."""
        owner, last = _owner(campaign), campaign.failures >= MAX_DEFECTS

        async def submit(child: ChildRow) -> UUID | ChildRefused:
            try:
                return await self._calls.submit(request_of(child), key_of(campaign.id, child.number), owner, last=last)
            except ChildRefused as refused:
                return refused

        outcomes = await gather_bounded([(submit, child) for child in children])
        begun: list[tuple[int, UUID]] = []
        refused: list[EndedChild] = []
        unpaid: EndedChild | None = None
        known = True
        for child, outcome in zip(children, outcomes, strict=True):
            if isinstance(outcome, UUID):
                begun.append((child.number, outcome))
            elif outcome.passing:
                known = False
                log.info("child_delayed", campaign_id=str(campaign.id), number=child.number, reason=outcome.reason)
            elif outcome.reason in MONEY_REASONS:
                ended = EndedChild(
                    number=child.number, state=ChildState.SKIPPED, reason=outcome.reason, message=outcome.message
                )
                refused.append(ended)
                unpaid = unpaid or ended
            else:
                refused.append(_failed(child, outcome.reason, outcome.message))
        async with self._database.transaction() as connection:
            await campaign_store.lock(connection, campaign.id)
            await child_store.begin(connection, campaign.id, begun)
            await child_store.refuse(connection, campaign.id, refused)
            skipped = 0
            if unpaid is not None:
                skipped = await child_store.end_untried(
                    connection,
                    campaign.id,
                    ChildState.SKIPPED,
                    reason=unpaid.reason,
                    message=unpaid.message,
                )
        for child_end in refused:
            CHILDREN.labels(child_end.state.value).inc()
        CHILDREN.labels(ChildState.SKIPPED.value).inc(skipped)
        return known

    async def _conclude(self, campaign: LeasedRow) -> None:
        """Sets the campaign's state by its children's."""
        async with self._database.transaction() as connection:
            await campaign_store.lock(connection, campaign.id)
            row = await campaign_store.find(connection, campaign.id, campaign.user_id)
            state = state_of(row.counts)
            ended = await campaign_store.move(connection, campaign.id, state, self._clock.now())
        if ended:
            log.info("campaign_ended", campaign_id=str(campaign.id), user_id=campaign.user_id, state=state.value)

    async def _is_canceled(self, campaign: LeasedRow) -> bool:
        async with self._database.connection() as connection:
            return (await campaign_store.find(connection, campaign.id, campaign.user_id)).canceled


def key_of(campaign_id: UUID, number: int) -> str:
    """The Idempotency-Key of a child's request."""
    return f"campaign-{campaign_id}-{number}"


def request_of(child: ChildRow) -> ServiceRequest:
    """The request that the child's service gets."""
    message = request_message(child.type, child.request)
    if isinstance(message, image_pb2.GenerateStaticAdRequest) and child.headline:
        message.headline = child.headline
    return message


def _owner(campaign: LeasedRow) -> ActingFor:
    return ActingFor(user_id=campaign.user_id, api_key_id=campaign.api_key_id, price_list=campaign.price_list)


def _failed(child: ChildRow, reason: str, message: str, *, spent: int = 0) -> EndedChild:
    return EndedChild(number=child.number, state=ChildState.FAILED, spent=spent, reason=reason, message=message[:800])
