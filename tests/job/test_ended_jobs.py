"""The feed of ended jobs, which other services read instead of Kafka."""

from __future__ import annotations

from typing import Any, cast

from adwright.job.v1 import events_pb2, job_pb2
from sqlalchemy import update

from services.job.domain import TERMINAL_STATUSES
from services.job.events import EVENTS_TOPIC
from services.job.servicer import JobFeedServicer
from services.job.statuses import Statuses
from services.job.tables import job, outbox
from tests.job.harness import JobHarness

NO_CONTEXT = cast(Any, None)


async def test_the_feed_pages_through_every_end_once_with_the_ids_of_the_events(harness: JobHarness) -> None:
    await harness.grant("u", 100)
    started = harness.clock.now()
    jobs = [await harness.submitted() for _ in range(5)]
    for job_id in jobs[:4]:
        await harness.lifecycle.cancel(job_id, "u")
    # Ends at the same moment: pages must neither repeat nor skip any of them.
    async with harness.database.connection() as connection:
        await connection.execute("update job set completed_at = now() where completed_at is not null")
    feed = JobFeedServicer(database=harness.database, reader=harness.reader, statuses=cast(Statuses, None))
    request = job_pb2.ListEndedJobsRequest(page_size=1)
    request.since.FromDatetime(started)
    found: list[job_pb2.EndedJob] = []
    while page := (await feed.ListEndedJobs(request, NO_CONTEXT)).jobs:
        found += page
        request.since.CopyFrom(page[-1].ended_at)
        request.after_job_id = page[-1].job_id
    assert [job.job_id for job in found] == sorted(str(job_id) for job_id in jobs[:4])
    assert {(job.user_id, job.status) for job in found} == {("u", "canceled")}
    values = await harness.column(outbox.c.value, outbox.c.topic == EVENTS_TOPIC)
    events = [events_pb2.JobEvent.FromString(value) for value in values]
    ends = {event.job_id: event.id for event in events if event.status in TERMINAL_STATUSES}
    assert {job.job_id: job.event_id for job in found} == ends


async def test_the_address_of_a_request_stays_with_its_job_and_with_a_retry_of_it(harness: JobHarness) -> None:
    await harness.grant("u", 100)
    since = harness.clock.now()
    with_url = await harness.submitted(webhook_url="https://a.example/1", idempotency_key="k")
    repeated = await harness.submissions.submit(
        harness.submission(webhook_url="https://b.example/", idempotency_key="k")
    )
    assert repeated.job_id == with_url
    silent = await harness.submitted()
    for job_id in (with_url, silent):
        await harness.lifecycle.cancel(job_id, "u")
    feed = JobFeedServicer(database=harness.database, reader=harness.reader, statuses=cast(Statuses, None))
    ids = [str(with_url), str(silent), str(await harness.submitted())]  # the last one has not ended

    async def listed(**fields: Any) -> dict[str, str]:
        request = job_pb2.ListEndedJobsRequest(page_size=10, **fields)
        request.since.FromDatetime(since)
        return {job.job_id: job.webhook_url for job in (await feed.ListEndedJobs(request, NO_CONTEXT)).jobs}

    addresses = {str(with_url): "https://a.example/1", str(silent): ""}
    assert await listed() == await listed(job_ids=ids) == addresses
    with_address = {str(with_url): "https://a.example/1"}
    assert await listed(with_webhook_url=True) == await listed(job_ids=ids, with_webhook_url=True) == with_address
    await harness.run(update(job).where(job.c.id == with_url).values(dead=True))
    retried = (await harness.submissions.retry_dead(with_url)).job_id
    assert await harness.column(job.c.webhook_url, job.c.id == retried) == ["https://a.example/1"]
