"""Every process killed, frozen or restarted while jobs are under way: each accepted job ends, once, and is paid for
once or not at all."""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import grpc
import httpx
import pytest
from adwright.job.v1 import events_pb2 as job_events
from adwright.job.v1 import job_pb2, job_pb2_grpc
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from services.chassis.config import ServiceSettings
from services.chassis.rpc.auth import ServiceIdentity
from services.job import domain
from services.job.events import EVENTS_TOPIC
from tests.faults.harness import TERMINAL, FaultHarness, Load
from tests.running import Customer

HANG_SECONDS = 20  # after so long an attempt is given up
GRACE_SECONDS = ServiceSettings.model_fields["stop_grace_seconds"].default  # what is open after it is cut off
WORKERS = {"worker-1": 4, "worker-2": 4}


@pytest.fixture(scope="module")
def started() -> Iterator[FaultHarness]:
    """Attempts may take 20 s; two workers."""
    system = FaultHarness(("ADWRIGHT_ATTEMPT_SECONDS", f"copy=60,static_ad={HANG_SECONDS},video=60"))
    yield system
    system.stop()


@pytest.fixture
async def harness(started: FaultHarness) -> FaultHarness:
    """Whole at the beginning of each test, whatever became of the one before."""
    await started.whole(WORKERS)
    return started


async def submit(harness: FaultHarness, customer: Customer, prompt: str) -> str:
    """The id of a job; asks again while parts of the system are still on their way back."""
    load = Load(harness, customer, concurrency=1)
    await load.run(jobs=1, prompt=lambda _: prompt)
    assert load.refused == {}
    return load.accepted[0]


async def reached(harness: FaultHarness, customer: Customer, job_id: str, **wanted: Any) -> dict[str, Any]:
    """Waits until the status has these values; the status then."""
    status: dict[str, Any] = {}

    def there() -> bool:
        status.update(customer.status(job_id))
        return all(status.get(name) == value for name, value in wanted.items())

    try:
        await harness.until(there)
    except AssertionError:
        raise AssertionError(f"{wanted} not reached: {status}") from None
    return status


def attempts(harness: FaultHarness, job_id: str) -> list[tuple[str, str]]:
    rows = harness.rows("job", "select worker, outcome from attempt where job_id = %s order by number", job_id)
    return [(row["worker"], row["outcome"]) for row in rows]


@pytest.mark.parametrize("name", ["job", "billing", "image", "catalog", "gateway", "postgres", "broker", "worker-1"])
async def test_killed_under_load(harness: FaultHarness, name: str) -> None:
    """kill -9 while requests come in and jobs are made."""
    customer = harness.running.customer(10_000)
    load = Load(harness, customer)
    running = asyncio.create_task(load.run(jobs=60, prompt=lambda n: "ok:0.4" if n % 3 else "transient ok"))
    await asyncio.sleep(0.7)
    assert harness.kill(name)
    await running
    assert load.refused == {}
    await harness.settled()
    mine = harness.rows("job", "select id::text, status from job where user_id = %s", customer.id)
    assert sorted(load.accepted) == sorted(row["id"] for row in mine), "none is lost, and none was made twice"
    assert {row["status"] for row in mine} == {"completed"}
    harness.check_assets()
    await harness.check_books()
    assert customer.credits["available"] == 10_000 - 3 * len(mine)


async def test_a_job_whose_worker_died_runs_again(harness: FaultHarness) -> None:
    """Within ten seconds on a machine that has nothing else to do, and no later while billing hangs: submissions can
    be neither decided nor taken back then; what was accepted goes on."""
    customer = harness.running.customer(1_000)
    harness.remove_worker("worker-2")

    async def lost(job_id: str) -> float:
        """Kills the worker of a job; the seconds until the job runs again."""
        assert harness.kill("worker-1")
        took = await harness.until(lambda: len(attempts(harness, job_id)) == 2)
        await reached(harness, customer, job_id, status="completed")
        assert [outcome for _, outcome in attempts(harness, job_id)] == ["lost", "completed"]
        return took

    first = await submit(harness, customer, "hang ok")
    await reached(harness, customer, first, status="processing")
    with_billing = await lost(first)
    second = await submit(harness, customer, "hang ok")
    await reached(harness, customer, second, status="processing")
    assert harness.signal("billing", signal.SIGSTOP)
    try:
        load = Load(harness, customer, concurrency=4)
        running = asyncio.create_task(load.run(jobs=8))
        log_file = harness.home.logs / "job.log"
        await harness.until(lambda: "submissions_left_pending" in log_file.read_text(encoding="utf-8"))
        without_billing = await lost(second)
        assert without_billing < 2 * with_billing + 20
    finally:
        assert harness.signal("billing", signal.SIGCONT)
    await running
    assert load.refused == {}
    await harness.settled()
    assert customer.credits == {"available": 1_000 - 10 * 3, "held": 0}
    await harness.check_books()


async def test_a_jobs_events_come_in_order_and_tell_all_that_became_of_it(harness: FaultHarness) -> None:
    """To a reader that remembers ids, while the job service, whose relay sends them, is killed again and again."""
    customer = harness.running.customer(1_000)
    load = Load(harness, customer, concurrency=8)
    running = asyncio.create_task(load.run(jobs=80, cancel_every=9, prompt=lambda n: "transient ok" if n % 4 else "ok"))
    for _ in range(3):
        await asyncio.sleep(1.0)
        await harness.until(lambda: harness.kill("job"))  # again when it is back
    await running
    await harness.settled()
    await harness.until(lambda: not harness.count("job", "select count(*) from outbox"))
    events = await asyncio.to_thread(events_of, harness, customer.id)
    told: dict[str, list[job_events.JobEvent]] = {}
    seen: set[str] = set()
    for event in events:
        if event.id not in seen:
            seen.add(event.id)
            told.setdefault(event.job_id, []).append(event)
    rows = harness.rows(
        "job",
        """select id::text, status, (select count(*) from attempt where job_id = job.id)::int as attempts
             from job where user_id = %s""",
        customer.id,
    )
    assert set(told) == {row["id"] for row in rows} == set(load.accepted)
    for row in rows:
        statuses = [event.status for event in told[row["id"]]]
        attempts = [event.attempt for event in told[row["id"]]]
        assert statuses[0] == "queued"
        assert statuses[-1] == row["status"]
        assert all(
            domain.Status(after) in domain.TRANSITIONS[domain.Status(before)] for before, after in pairwise(statuses)
        )
        assert attempts == sorted(attempts)
        assert statuses.count("processing") == row["attempts"]


def events_of(harness: FaultHarness, user_id: str) -> list[job_events.JobEvent]:
    """All events of a user's jobs that the broker has, in the order in which a reader gets them."""
    consumer = Consumer(
        {
            "bootstrap.servers": f"127.0.0.1:{harness.system.ports['broker']}",
            "group.id": "test-events",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    consumer.assign(
        [
            TopicPartition(EVENTS_TOPIC, number, OFFSET_BEGINNING)
            for number in consumer.list_topics(EVENTS_TOPIC, timeout=10).topics[EVENTS_TOPIC].partitions
        ]
    )
    try:
        records = []
        while (record := consumer.poll(5)) is not None:
            assert record.error() is None, record.error()
            records.append(record.value() or b"")
    finally:
        consumer.close()
    events = [job_events.JobEvent.FromString(record) for record in records]
    return [event for event in events if event.user_id == user_id]


async def test_workers_that_live_keep_their_jobs_when_the_job_service_was_away(harness: FaultHarness) -> None:
    """Longer than a lease: nobody could renew it, and nobody is taken for dead."""
    customer = harness.running.customer(3)
    job_id = await submit(harness, customer, "ok:13")
    await reached(harness, customer, job_id, status="processing")
    assert harness.signal("job", signal.SIGSTOP)
    await asyncio.sleep(8)
    assert harness.signal("job", signal.SIGCONT)
    await reached(harness, customer, job_id, status="completed")
    assert [outcome for _, outcome in attempts(harness, job_id)] == ["completed"]


async def test_a_worker_that_slept_past_its_lease_changes_nothing(harness: FaultHarness) -> None:
    customer = harness.running.customer(3)
    harness.remove_worker("worker-2")
    job_id = await submit(harness, customer, "ok:2 ok:6")
    await reached(harness, customer, job_id, status="processing")
    frozen = harness.pid("worker-1")
    assert harness.signal("worker-1", signal.SIGSTOP)
    harness.add_worker("worker-2", slots=4)
    await reached(harness, customer, job_id, status="processing", attempt=2)
    assert harness.signal("worker-1", signal.SIGCONT)
    await asyncio.sleep(3)  # enough for the thawed one to end its work and offer it
    assert customer.status(job_id)["status"] == "processing"
    status = await reached(harness, customer, job_id, status="completed")
    assert len(status["assets"]) == 1
    assert harness.pid("worker-1") == frozen
    stored = harness.home.assets / "static_ad" / job_id
    # What the late attempt had stored goes when its result is refused.
    await harness.until(lambda: [path.parent.name for path in stored.rglob("*.png")] == ["2"])
    await harness.settled()
    await harness.check_books()


async def test_a_provider_that_hangs_is_stopped_at_its_deadline(harness: FaultHarness) -> None:
    customer = harness.running.customer(3)
    job_id = await submit(harness, customer, "hang ok")
    await reached(harness, customer, job_id, status="completed")
    assert [outcome for _, outcome in attempts(harness, job_id)] == ["transient", "completed"]


@pytest.mark.parametrize(
    ("prompt", "outcomes", "reason"),
    [
        ("transient transient ok", ["transient", "transient", "completed"], None),
        ("unknown ok", ["unknown", "completed"], None),
        ("input", ["input"], "BAD_PICTURE"),
        ("exit exit exit exit", ["lost"] * 4, "MAKER_LOST"),
        ("unknown", ["unknown"] * 4, "GENERATION_FAILED"),
    ],
)
async def test_a_failure_is_followed_by_what_its_kind_says(
    harness: FaultHarness, prompt: str, outcomes: list[str], reason: str | None
) -> None:
    customer = harness.running.customer(3)
    job_id = await submit(harness, customer, prompt)
    status = await reached(harness, customer, job_id, status="failed" if reason else "completed")
    assert [outcome for _, outcome in attempts(harness, job_id)] == outcomes
    assert status.get("error", {}).get("reason") == reason
    await harness.settled()
    assert customer.credits == {"available": 3 if reason else 0, "held": 0}


async def test_a_result_that_is_offered_twice_counts_once(harness: FaultHarness) -> None:
    """By the RPCs themselves: what a worker does that does not hear its answer, or comes back with another result."""
    customer = harness.running.customer(3)
    for name in ("worker-1", "worker-2"):
        harness.remove_worker(name)
    job_id = await submit(harness, customer, "ok")
    secret = (harness.home.keys / "service-secret").read_text(encoding="utf-8").strip()
    metadata = ServiceIdentity("image", secret).metadata()

    def result(number: int) -> job_pb2.CompleteJobRequest:
        asset = job_pb2.StoredAsset(
            id=f"00000000-0000-4000-8000-{random.randrange(16**12):012x}",
            type="image",
            key=f"static_ad/{job_id}/1/{number}.png",
            content_type="image/png",
            size_bytes=1,
        )
        return job_pb2.CompleteJobRequest(job_id=job_id, attempt=1, assets=[asset])

    async with grpc.aio.insecure_channel(f"127.0.0.1:{harness.system.ports['job']}") as channel:
        jobs = job_pb2_grpc.JobWorkerServiceStub(channel)
        leased = await jobs.LeaseJob(job_pb2.LeaseJobRequest(type="static_ad", worker="a test"), metadata=metadata)
        assert leased.job.job_id == job_id
        first = result(1)
        (harness.home.assets / "static_ad" / job_id / "1").mkdir(parents=True)
        (harness.home.assets / first.assets[0].key).write_bytes(b"x")
        await asyncio.gather(*(jobs.CompleteJob(first, metadata=metadata) for _ in range(5)))
        await jobs.CompleteJob(result(2), metadata=metadata)
        with pytest.raises(grpc.aio.AioRpcError) as stale:
            await jobs.CompleteJob(
                job_pb2.CompleteJobRequest(job_id=job_id, attempt=2, assets=result(3).assets), metadata=metadata
            )
    assert "current" in str(stale.value.details())
    keys = harness.rows("job", "select key from asset where job_id = %s", job_id)
    assert keys == [{"key": first.assets[0].key}]
    await harness.settled()
    assert customer.credits == {"available": 0, "held": 0}


async def test_storage_that_is_away_fails_no_picture_and_counts_no_attempt(harness: FaultHarness) -> None:
    customer = harness.running.customer(60)
    aside = harness.home.assets.with_name("assets-aside")
    harness.home.assets.rename(aside)
    harness.home.assets.write_text("no folder")
    jobs = [await submit(harness, customer, "ok") for _ in range(20)]
    await harness.until(lambda: any(attempts(harness, job_id) for job_id in jobs))
    await asyncio.sleep(15)  # longer than the pauses between all the attempts that a job has
    harness.home.assets.unlink()
    aside.rename(harness.home.assets)
    for job_id in jobs:
        await reached(harness, customer, job_id, status="completed")
        # Attempts are short here: one whose deadline came near was returned, which counts for nothing.
        assert {outcome for _, outcome in attempts(harness, job_id)} <= {"returned", "completed"}
    await harness.settled()
    failures = harness.rows("job", "select distinct failures from job where user_id = %s", customer.id)
    assert failures == [{"failures": 0}]
    assert customer.credits == {"available": 0, "held": 0}
    harness.check_assets()


async def test_a_canceled_job_lets_go_of_its_worker_within_two_seconds(harness: FaultHarness) -> None:
    customer = harness.running.customer(3)
    job_id = await submit(harness, customer, "hang")
    await reached(harness, customer, job_id, status="processing")
    answer = customer.client.post("/api/generate/cancel", json={"jobId": job_id}).json()
    assert answer == {"jobId": job_id, "status": "canceled", "previousStatus": "processing", "creditsReleased": 3}
    log_file = harness.home.logs

    def stopped() -> bool:
        lines = [
            line for name in ("worker-1", "worker-2") for line in (log_file / f"{name}.log").open() if job_id in line
        ]
        return any("attempt_stopped" in line and "canceled" in line for line in lines)

    # The next heartbeat, a second later, tells the worker: 2 s on a machine that has nothing else to do.
    assert await harness.until(stopped) < HANG_SECONDS / 2, "it was stopped, and did not end at its deadline"
    await harness.settled()
    assert customer.credits == {"available": 3, "held": 0}


async def test_a_rolling_restart_fails_no_request_and_no_job(harness: FaultHarness) -> None:
    """Servers and workers end by SIGTERM, one after the other, under load. The client repeats what any HTTP client
    library repeats by itself: refused connections and 503."""
    customer = harness.running.customer(10_000)
    load = Load(harness, customer, concurrency=8)
    stopping = asyncio.Event()
    running = asyncio.create_task(load.run(until=stopping, prompt=lambda _: "ok:0.3"))
    watched = await submit(harness, customer, "hang")
    watching = asyncio.create_task(asyncio.to_thread(watch, customer, watched))
    for name in ("catalog", "billing", "job", "image", "gateway"):
        said = harness.running.said.count(f"{name} is back")
        ended = harness.running.said.count(f"{name} ended (status 0); starting it again")
        assert harness.signal(name, signal.SIGTERM)

        def stopped(name: str = name, before: int = ended) -> bool:
            return harness.running.said.count(f"{name} ended (status 0); starting it again") > before

        def back(name: str = name, before: int = said) -> bool:
            return harness.running.said.count(f"{name} is back") > before

        took = await harness.until(stopped)
        await harness.until(back)
        if name == "job":
            assert "processing" in await watching, "it was told until the stop, which ended the stream"
            assert took < GRACE_SECONDS, "an open stream does not keep a process from stopping"
        await asyncio.sleep(1.5)
    customer.client.post("/api/generate/cancel", json={"jobId": watched})
    for name in ("worker-1", "worker-2"):
        harness.remove_worker(name)
        harness.add_worker(name, slots=4)
    stopping.set()
    await running
    assert load.refused == {}
    await harness.settled()
    rows = harness.rows("job", "select id::text, status from job where user_id = %s", customer.id)
    assert {row["id"]: row["status"] for row in rows if row["id"] != watched} == dict.fromkeys(
        load.accepted, "completed"
    )
    lost = "select count(*) from attempt join job on job.id = job_id where user_id = %s and outcome = 'lost'"
    assert harness.count("job", lost, customer.id) == 0, (
        "workers finish or hand back; nothing waits for a lease to run out"
    )
    harness.check_assets()
    await harness.check_books()


def watch(customer: Customer, job_id: str) -> str:
    """What a stream of a job's changes says until it ends."""
    with customer.client.stream("GET", "/api/generate/events", params={"jobId": job_id}) as stream:
        return "".join(stream.iter_text())


async def test_statuses_are_terminal_and_final(harness: FaultHarness) -> None:
    """After all of the above: nothing is live, and nothing that has ended can be canceled."""
    await harness.settled()
    rows = harness.rows("job", "select distinct status from job")
    assert {row["status"] for row in rows} <= TERMINAL
    customer = harness.running.customer(3)
    job_id = await submit(harness, customer, "ok")
    await reached(harness, customer, job_id, status="completed")
    answer: httpx.Response = customer.client.post("/api/generate/cancel", json={"jobId": job_id})
    assert (answer.status_code, answer.json()["error"]["reason"]) == (409, "JOB_ENDED")
