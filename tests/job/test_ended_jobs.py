"""The feed of ended jobs, which other services read instead of Kafka."""

from __future__ import annotations

from typing import Any, cast

from adwright.job.v1 import events_pb2, job_pb2

from services.job.domain import TERMINAL_STATUSES
from services.job.events import EVENTS_TOPIC
from services.job.servicer import JobFeedServicer
from services.job.statuses import Statuses
from services.job.tables import outbox
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
