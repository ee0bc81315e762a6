"""Processes are killed, frozen or restarted under load: each accepted job ends once and is paid at most once."""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import grpc
import pytest
from adwright.job.v1 import events_pb2 as job_events
from adwright.job.v1 import job_pb2, job_pb2_grpc
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition
from rich.console import Console
from rich.table import Table

from services.chassis.rpc.auth import ServiceIdentity
from services.chassis.rpc.server import open_channel
from services.job import domain
from services.job.events import EVENTS_TOPIC
from tests.faults.harness import FaultHarness, Load
from tests.running import Customer
from tests.support import TERMINAL_STATUSES, error_of

ATTEMPT_SECONDS = 15  # the deadline of an attempt
ATTEMPT_FAILURES = 3  # the failed attempts after which a job fails
GRACE_SECONDS = 60  # after it, a stopping service interrupts open calls; more than any stop takes
OUTAGE_SECONDS = 7  # longer than all pauses between the attempts of a job: 2 and 4 s
WORKERS = {"worker-1": 4, "worker-2": 4}  # slots by name
LIVE = "select count(*) from job where user_id = %s and status not in ('completed', 'failed')"
QUEUED = "select count(*) from job where user_id = %s and status = 'queued'"


@pytest.fixture(scope="module")
def started() -> Iterator[FaultHarness]:
    """A system with short attempts."""
    system = FaultHarness(
        ("ADWRIGHT_ATTEMPT_SECONDS", f"copy=60,static_ad={ATTEMPT_SECONDS},video=60"),
        ("ADWRIGHT_ATTEMPT_FAILURES", str(ATTEMPT_FAILURES)),
        ("ADWRIGHT_STOP_GRACE_SECONDS", str(GRACE_SECONDS)),
    )
    yield system
    system.stop()


@pytest.fixture
async def harness(started: FaultHarness) -> FaultHarness:
    """The system with two workers, repaired from the faults of the preceding test."""
    await started.repair(WORKERS)
    return started


async def submit(harness: FaultHarness, customer: Customer, prompt: str) -> str:
    """Submits a job, with retries while parts of the system restart; its id."""
    load = Load(harness, customer, concurrency=1)
    await load.run(jobs=1, prompt=lambda _: prompt)
    assert load.refused == {}
    return load.accepted[0]


async def reached(harness: FaultHarness, customer: Customer, job_id: str, **wanted: Any) -> dict[str, Any]:
    """Waits until the job's status has these values; that status."""
    status: dict[str, Any] = {}

    def matches() -> bool:
        status.update(customer.status(job_id))
        return all(status.get(name) == value for name, value in wanted.items())

    try:
        await harness.until(matches)
    except AssertionError as error:
        raise AssertionError(f"The job has not reached {wanted}: {status}") from error
    return status


def outcomes_of(harness: FaultHarness, job_id: str) -> list[str]:
    """The outcomes of the job's attempts in order."""
    rows = harness.rows("job", "select outcome from attempt where job_id = %s order by number", job_id)
    return [row["outcome"] for row in rows]


def worker_of(harness: FaultHarness, job_id: str) -> str:
    """The name of the worker that has leased the job."""
    leased_by = harness.rows("job", "select worker from job where id = %s", job_id)[0]["worker"]
    pid = int(leased_by.split("/")[1])
    return next(name for name in WORKERS if harness.pid(name) == pid)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("job", marks=pytest.mark.slow),  # the test of job events kills it under load
        pytest.param("billing", marks=pytest.mark.slow),  # test_ledger.py kills it under load
        pytest.param("image", marks=pytest.mark.slow),  # as the catalog: a service on the way of every submission
        "catalog",
        "gateway",
        "postgres",
        "broker",
        "worker-1",
    ],
)
async def test_jobs_complete_when_a_process_is_killed_under_load(harness: FaultHarness, name: str) -> None:
    """The process is killed while requests arrive and jobs run."""
    customer = harness.running.customer(10_000)
    load = Load(harness, customer)
    running = asyncio.create_task(load.run(jobs=24, prompt=lambda n: "ok:0.4" if n % 3 else "transient ok"))
    await harness.until(lambda: len(load.accepted) >= 10)
    assert harness.kill(name)
    await running
    assert load.refused == {}
    await harness.settled()
    mine = harness.rows("job", "select id::text, status from job where user_id = %s", customer.id)
    assert sorted(load.accepted) == sorted(row["id"] for row in mine), "no job is lost or duplicated"
    assert {row["status"] for row in mine} == {"completed"}
    harness.check_assets()
    await harness.check_ledger()
    assert customer.credits["available"] == 10_000 - 3 * len(mine)


async def test_job_of_a_killed_worker_runs_again_while_billing_hangs(harness: FaultHarness) -> None:
    """While billing hangs, submissions can be neither decided nor taken back; accepted jobs continue."""
    customer = harness.running.customer(1_000)
    job_id = await submit(harness, customer, "hang ok")
    await reached(harness, customer, job_id, status="processing")
    assert harness.signal("billing", signal.SIGSTOP)
    try:
        log_file = harness.home.logs / "job.log"
        before = log_file.stat().st_size
        load = Load(harness, customer, concurrency=4)
        running = asyncio.create_task(load.run(jobs=8))
        assert harness.kill(worker_of(harness, job_id))
        await reached(harness, customer, job_id, status="completed")
        assert outcomes_of(harness, job_id) == ["lost", "completed"]
        await harness.until(lambda: b"submissions_left_pending" in log_file.read_bytes()[before:])
    finally:
        assert harness.signal("billing", signal.SIGCONT)
    await running
    assert load.refused == {}
    await harness.settled()
    assert customer.credits == {"available": 1_000 - 9 * 3, "held": 0}
    await harness.check_ledger()


async def test_job_events_are_ordered_and_complete_while_the_job_service_crashes(harness: FaultHarness) -> None:
    """Holds for a reader that drops repeated ids; the relay that sends the events is part of the job service.

    The jobs themselves survive the crashes too: none is lost, duplicated or paid for twice.
    """
    customer = harness.running.customer(1_000)
    load = Load(harness, customer, concurrency=8)
    running = asyncio.create_task(load.run(jobs=30, cancel_every=9, prompt=lambda n: "transient ok" if n % 4 else "ok"))
    for accepted in (8, 18):
        await harness.until(lambda accepted=accepted: len(load.accepted) >= accepted)
        await harness.until(lambda: harness.kill("job"))
    await running
    await harness.settled()
    await harness.until(lambda: not harness.count("job", "select count(*) from outbox"))
    events = await asyncio.to_thread(events_of, harness, customer.id)
    received: dict[str, list[job_events.JobEvent]] = {}
    seen: set[str] = set()
    for event in events:
        if event.id not in seen:
            seen.add(event.id)
            received.setdefault(event.job_id, []).append(event)
    rows = harness.rows(
        "job",
        """select id::text, status, (select count(*) from attempt where job_id = job.id)::int as attempts
             from job where user_id = %s""",
        customer.id,
    )
    assert set(received) == {row["id"] for row in rows} == set(load.accepted)
    for row in rows:
        statuses = [event.status for event in received[row["id"]]]
        attempts = [event.attempt for event in received[row["id"]]]
        assert statuses[0] == "queued"
        assert statuses[-1] == row["status"]
        assert all(
            domain.Status(after) in domain.TRANSITIONS[domain.Status(before)] for before, after in pairwise(statuses)
        )
        assert attempts == sorted(attempts)
        assert statuses.count("processing") == row["attempts"]
    assert len(load.accepted) == len(rows), "no job is duplicated"
    assert load.refused == {}
    assert {row["status"] for row in rows} <= {"completed", "canceled"}
    harness.check_assets()
    await harness.check_ledger()
    completed = sum(row["status"] == "completed" for row in rows)
    assert customer.credits == {"available": 1_000 - 3 * completed, "held": 0}


def events_of(harness: FaultHarness, user_id: str) -> list[job_events.JobEvent]:
    """All events of the user's jobs in the broker, in the order in which a consumer receives them."""
    consumer = Consumer(
        {
            "bootstrap.servers": f"127.0.0.1:{harness.system.ports['broker']}",
            "group.id": "test-events",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
        }
    )
    partitions = consumer.list_topics(EVENTS_TOPIC, timeout=30).topics[EVENTS_TOPIC].partitions
    consumer.assign([TopicPartition(EVENTS_TOPIC, number, OFFSET_BEGINNING) for number in partitions])
    records: list[bytes] = []
    read: set[int | None] = set()  # partitions of which everything has been read
    try:
        while read != set(partitions):
            record = consumer.poll(60)
            assert record is not None, "the broker does not respond"
            error = record.error()
            if error is None:
                records.append(record.value() or b"")
            else:
                assert error.code() == KafkaError._PARTITION_EOF, error
                read.add(record.partition())
    finally:
        consumer.close()
    events = [job_events.JobEvent.FromString(record) for record in records]
    return [event for event in events if event.user_id == user_id]


async def test_live_workers_keep_their_jobs_when_leases_expire_during_an_outage(harness: FaultHarness) -> None:
    """The job service hangs longer than a lease lasts, so no worker can renew its lease."""
    customer = harness.running.customer(3)
    job_id = await submit(harness, customer, "ok:9")
    await reached(harness, customer, job_id, status="processing")
    # Longer than the gap by which the sweeper sees that it was frozen (MAX_GAP_SECONDS).
    expired = "select count(*) from job where id = %s and lease_expires_at < now() - interval '3 seconds'"
    assert harness.signal("job", signal.SIGSTOP)
    try:
        await harness.until(lambda: harness.count("job", expired, job_id) == 1)
    finally:
        assert harness.signal("job", signal.SIGCONT)
    await reached(harness, customer, job_id, status="completed")
    assert outcomes_of(harness, job_id) == ["completed"]


async def test_result_of_a_worker_frozen_past_its_lease_is_refused(harness: FaultHarness) -> None:
    customer = harness.running.customer(3)
    job_id = await submit(harness, customer, "ok:2 ok:3")
    await reached(harness, customer, job_id, status="processing")
    worker = worker_of(harness, job_id)
    frozen = harness.pid(worker)
    assert harness.signal(worker, signal.SIGSTOP)
    await reached(harness, customer, job_id, status="processing", attempt=2)
    assert harness.signal(worker, signal.SIGCONT)  # its attempt is due immediately, the second one needs 3 s
    status = await reached(harness, customer, job_id, status="completed")
    assert outcomes_of(harness, job_id) == ["lost", "completed"]
    assert len(status["assets"]) == 1
    assert harness.pid(worker) == frozen
    stored = harness.home.assets / "static_ad" / job_id
    # The worker deletes the files of the first attempt when its result is refused.
    await harness.until(lambda: [path.parent.name for path in stored.rglob("*.png")] == ["2"])
    await harness.settled()
    await harness.check_ledger()


async def test_fault_kind_decides_about_retries(harness: FaultHarness) -> None:
    """A provider that hangs is stopped at the attempt's deadline, which counts as a transient fault."""
    expected: dict[str, tuple[list[str], str | None]] = {
        "transient transient ok": (["transient", "transient", "completed"], None),
        "unknown ok": (["unknown", "completed"], None),
        "input": (["input"], "BAD_PICTURE"),
        "unknown": (["unknown"] * ATTEMPT_FAILURES, "GENERATION_FAILED"),
        "hang ok": (["transient", "completed"], None),
    }
    customers = {prompt: harness.running.customer(3) for prompt in expected}
    jobs = {prompt: await submit(harness, customer, prompt) for prompt, customer in customers.items()}
    for prompt, (outcomes, reason) in expected.items():
        wanted = "failed" if reason else "completed"
        status = await reached(harness, customers[prompt], jobs[prompt], status=wanted)
        assert outcomes_of(harness, jobs[prompt]) == outcomes, prompt
        assert status.get("error", {}).get("reason") == reason, prompt
    await harness.settled()
    for prompt, (_, reason) in expected.items():
        assert customers[prompt].credits == {"available": 3 if reason else 0, "held": 0}, prompt


async def test_job_that_kills_its_workers_fails(harness: FaultHarness) -> None:
    customer = harness.running.customer(3)
    job_id = await submit(harness, customer, "exit")
    status = await reached(harness, customer, job_id, status="failed")
    assert outcomes_of(harness, job_id) == ["lost"] * ATTEMPT_FAILURES
    assert status["error"]["reason"] == "MAKER_LOST"
    await harness.settled()
    assert customer.credits == {"available": 3, "held": 0}


async def test_result_reported_twice_counts_once(harness: FaultHarness) -> None:
    """The test calls the RPCs of a worker that loses the response, or that reports a second result."""
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

    async with open_channel(f"127.0.0.1:{harness.system.ports['job']}") as channel:
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


async def test_storage_outage_fails_no_job_and_counts_no_attempt(harness: FaultHarness) -> None:
    customer = harness.running.customer(30)
    moved = harness.home.assets.with_name("assets-moved")
    harness.home.assets.rename(moved)
    harness.home.assets.write_text("not a folder")
    jobs = [await submit(harness, customer, "ok") for _ in range(10)]
    await harness.until(lambda: any(outcomes_of(harness, job_id) for job_id in jobs))
    await asyncio.sleep(OUTAGE_SECONDS)
    harness.home.assets.unlink()
    moved.rename(harness.home.assets)
    for job_id in jobs:
        await reached(harness, customer, job_id, status="completed")
        # Attempts have a short deadline here; the worker returns one that approaches it, which does not count.
        assert set(outcomes_of(harness, job_id)) <= {"returned", "completed"}
    await harness.settled()
    failures = harness.rows("job", "select distinct failures from job where user_id = %s", customer.id)
    assert failures == [{"failures": 0}]
    assert customer.credits == {"available": 0, "held": 0}
    harness.check_assets()


async def test_canceled_job_frees_its_worker_at_the_next_heartbeat(harness: FaultHarness) -> None:
    customer = harness.running.customer(3)
    job_id = await submit(harness, customer, "hang")
    await reached(harness, customer, job_id, status="processing")
    response = customer.client.post("/api/generate/cancel", json={"jobId": job_id}).json()
    assert response == {"jobId": job_id, "status": "canceled", "previousStatus": "processing", "creditsReleased": 3}
    log_file = harness.home.logs

    def stopped() -> bool:
        lines = [
            line for name in ("worker-1", "worker-2") for line in (log_file / f"{name}.log").open() if job_id in line
        ]
        return any("attempt_stopped" in line and "canceled" in line for line in lines)

    # The response to the next heartbeat notifies the worker; an attempt that ends at its deadline is not stopped.
    await harness.until(stopped)
    await harness.settled()
    assert customer.credits == {"available": 3, "held": 0}


async def test_rolling_restart_fails_no_request_and_no_job(harness: FaultHarness) -> None:
    """Services and workers receive SIGTERM one after the other under load.

    The client retries what HTTP client libraries retry by default: refused connections and 503.
    """
    customer = harness.running.customer(10_000)
    load = Load(harness, customer, concurrency=6)
    stopping = asyncio.Event()
    running = asyncio.create_task(load.run(until=stopping, prompt=lambda _: "ok:0.3", pause=0.3))
    watched = await submit(harness, customer, "hang")
    watching = asyncio.create_task(asyncio.to_thread(watch, customer, watched))
    for name in ("catalog", "billing", "job", "webhook", "campaign", "image", "gateway"):
        restarts = harness.running.messages.count(f"{name} is back")
        ended = harness.running.messages.count(f"{name} ended (status 0); starting it again")
        assert harness.signal(name, signal.SIGTERM)

        def stopped(name: str = name, before: int = ended) -> bool:
            return harness.running.messages.count(f"{name} ended (status 0); starting it again") > before

        def back(name: str = name, before: int = restarts) -> bool:
            return harness.running.messages.count(f"{name} is back") > before

        took = await harness.until(stopped)
        await harness.until(back)
        if name == "job":
            assert "processing" in await watching, "the stream reports the status until the stop closes it"
            assert took < GRACE_SECONDS, "an open stream does not delay the stop of a process"
        accepted = len(load.accepted)
        await harness.until(lambda accepted=accepted: len(load.accepted) >= accepted + 6)
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
        "workers finish or return their jobs; no job waits for a lease to expire"
    )
    harness.check_assets()
    await harness.check_ledger()


def watch(customer: Customer, job_id: str) -> str:
    """The text of the job's event stream until it closes."""
    with customer.client.stream("GET", "/api/generate/events", params={"jobId": job_id}) as stream:
        return "".join(stream.iter_text())


async def test_small_customer_does_not_wait_for_a_big_one(harness: FaultHarness) -> None:
    """Of a customer's many queued jobs, at most twice the number of slots overtake another's single job."""
    big, small = harness.running.customer(100_000), harness.running.customer(1_000)
    slots, job_seconds, many, singles = 4, 1.0, 40, 2
    for name in WORKERS:
        harness.remove_worker(name)
    queued = Load(harness, big, concurrency=16)
    await queued.run(jobs=many, prompt=lambda _: f"ok:{job_seconds}")
    for name in WORKERS:
        harness.add_worker(name, slots=slots // len(WORKERS))
    for _ in range(singles):
        await Load(harness, small, concurrency=1).run(jobs=1)
        await harness.until(lambda: not harness.count("job", LIVE, small.id))
    left = harness.count("job", QUEUED, big.id)
    rows = harness.rows(
        "job",
        """select extract(epoch from first.started_at - created_at)::float as waited,
                  (select count(*) from job as other join attempt on job_id = other.id
                    where other.user_id = %s and number = 1
                      and started_at between job.created_at and first.started_at) as overtaken_by
             from job join attempt as first on job_id = id where user_id = %s and number = 1""",
        big.id,
        small.id,
    )
    table = Table(
        title=f"{singles} single jobs beside {many} of another customer, {slots} slots, {job_seconds} s a job of it"
    )
    for column in ("wait, s", "overtaken by"):
        table.add_column(column, justify="right")
    for row in sorted(rows, key=lambda row: row["waited"]):
        table.add_row(f"{row['waited']:.2f}", str(row["overtaken_by"]))
    Console().print(table)
    assert len(rows) == singles
    assert left > 2 * slots, "the big customer's queue was nearly empty before the comparison ended"
    assert max(row["overtaken_by"] for row in rows) <= 2 * slots
    for name in WORKERS:
        harness.remove_worker(name)  # the fixture adds them with their usual slots
    await queued.cancel_live()
    await harness.settled()


async def test_statuses_are_terminal_and_final(harness: FaultHarness) -> None:
    """After all other tests no job is live, and a terminal job cannot be canceled."""
    await harness.settled()
    rows = harness.rows("job", "select distinct status from job")
    assert {row["status"] for row in rows} <= TERMINAL_STATUSES
    customer = harness.running.customer(3)
    job_id = await submit(harness, customer, "ok")
    await reached(harness, customer, job_id, status="completed")
    error_of(customer.client.post("/api/generate/cancel", json={"jobId": job_id}), 409, "JOB_ENDED")
