"""The feed of all jobs of a user: each change is reported once, and its size is bounded."""

from __future__ import annotations

import asyncio
import uuid
from contextlib import AsyncExitStack
from datetime import timedelta

import psycopg
import pytest

from services.job.change_feed import MAX_SUBSCRIPTIONS_PER_USER, UserFeed
from services.job.errors import TooManyStreams
from services.job.queries import MAX_STREAMED_JOBS
from tests.job.harness import JobHarness


class TestUserFeed:
    async def test_each_change_is_reported_once(self, harness: JobHarness) -> None:
        await harness.grant("u", 30)
        await harness.grant("v", 30)
        feed = UserFeed(harness.database, harness.clock)
        ended = await harness.submitted()
        await harness.lifecycle.cancel(ended, "u")
        live = await harness.submitted()
        await harness.submitted("v")
        async with feed.subscribe("u") as subscription:
            await feed.poll()
            assert await subscription.next_changes(10) == [live]
            await feed.poll()
            fresh = await harness.submitted()
            await harness.leases.lease("static_ad", "m")
            await feed.poll()
            assert set(await subscription.next_changes(10)) == {live, fresh}
            brief = await harness.submitted()  # created and ended between two polls
            await harness.lifecycle.cancel(brief, "u")
            harness.clock.ahead = timedelta(seconds=20)
            await feed.poll()
            assert await subscription.next_changes(10) == [brief]
            harness.clock.ahead = timedelta(minutes=5)
            await harness.lifecycle.cancel(fresh, "u")
            await feed.poll()
            assert fresh in await subscription.next_changes(10)
            await feed.poll()
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await subscription.next_changes(10)

    async def test_number_of_reported_jobs_is_bounded(self, harness: JobHarness) -> None:
        many = [uuid.uuid4() for _ in range(MAX_STREAMED_JOBS + 50)]
        with psycopg.connect(harness.url) as connection:
            connection.execute(
                """insert into job (id, user_id, type, project_id, product_id, status, self_made, parameters, credits,
                                    expires_at, deadline, created_at, updated_at)
                   select id, 'u', 'video', id, id, 'queued', false, '', 40, now(), now(), now(), now()
                     from unnest(%s::uuid[]) as given (id)""",
                [many],
            )
        feed = UserFeed(harness.database, harness.clock)
        async with feed.subscribe("u") as subscription:
            await feed.poll()
            assert len(await subscription.next_changes(10_000)) == MAX_STREAMED_JOBS

    async def test_number_of_subscriptions_per_user_is_bounded(self, harness: JobHarness) -> None:
        feed = UserFeed(harness.database, harness.clock)
        async with AsyncExitStack() as stack:
            for _ in range(MAX_SUBSCRIPTIONS_PER_USER):
                await stack.enter_async_context(feed.subscribe("u"))
            with pytest.raises(TooManyStreams):
                await stack.enter_async_context(feed.subscribe("u"))
            await stack.enter_async_context(feed.subscribe("v"))
        async with feed.subscribe("u"):
            pass
