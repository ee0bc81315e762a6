"""One trace of a video, from the customer's request to the settled hold."""

from __future__ import annotations

import json
import time

import pytest

from tests.journeys.ledger import rows
from tests.platform.collector import Collector, Seen
from tests.running import Customer, RunningSystem
from tests.support import ended, until

STRANGERS = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01"

# Every hop of a video: (service, span). The gateway's span has the name of the requested path.
HOPS = [
    ("video", "adwright.video.v1.VideoService/GenerateVideo"),
    ("catalog", "adwright.catalog.v1.CatalogLookupService/GetBriefs"),
    ("catalog", "statements"),
    ("job", "adwright.job.v1.JobSubmissionService/SubmitJobs"),
    ("job", "batch"),
    ("job", "transaction"),
    ("billing", "adwright.billing.v1.BillingLedgerService/PlaceHolds"),
    ("billing", "transaction"),
    ("copy", "adwright.copy.v1.CopyWriterService/WriteHeadline"),
    ("job", "publish adwright.job.dispatch.video.v1"),
    ("job", "publish adwright.job.events.v1"),
    ("video-worker", "receive adwright.job.dispatch.video.v1"),
    ("job", "queued"),
    ("video-worker", "attempt"),
    ("video-worker", "make"),
    ("video-worker", "store"),
    ("job", "adwright.job.v1.JobWorkerService/CompleteJobs"),
    ("job", "settle"),
    ("billing", "adwright.billing.v1.BillingLedgerService/SettleHolds"),
]


TRIES = 3


@pytest.fixture(scope="module")
def customer(system: RunningSystem) -> Customer:
    return system.customer(200)


@pytest.fixture(scope="module")
def video(system: RunningSystem, customer: Customer, collector: Collector) -> list[Seen]:
    """Returns the spans of one video's trace, after its credits were captured."""
    # Jobs of other tests would share batches with this one, whose spans belong to the trace of only one of their jobs.
    until(lambda: not rows(system, "job", "select 1 from job where settled_at is null limit 1"), seconds=120)
    for _ in range(TRIES):  # a worker that asks for work just then finds the job before it receives the message
        found, is_complete = spans_of_a_video(customer, collector)
        if is_complete:
            break
    return found


def spans_of_a_video(customer: Customer, collector: Collector) -> tuple[list[Seen], bool]:
    """Makes a video; the spans of its trace, and whether every hop is among them."""
    body = {**customer.ids, "script": "A bottle that cleans itself."}
    job_id = customer.client.post("/api/generate/video", json=body, headers={"traceparent": STRANGERS}).json()["jobId"]
    ended(customer, job_id, status="completed", seconds=300)  # a film beside the other tests

    def of_job(spans: list[Seen]) -> list[Seen]:
        traces = {span.trace for span in spans if span.attributes.get("adwright.job") == job_id}
        return [span for span in spans if span.trace in traces]

    def complete(spans: list[Seen]) -> bool:
        found = of_job(spans)
        has_every_hop = {(span.service, span.name) for span in found} >= set(HOPS)
        return has_every_hop and {span.parent for span in found} <= {"", *(span.id for span in found)}

    # Every process sends its spans once a second. What is missing after the wait is missed by a test.
    spans = collector.wait_for(complete)
    return of_job(spans), complete(spans)


def test_every_hop_is_in_one_trace(video: list[Seen]) -> None:
    assert len({span.trace for span in video}) == 1
    there = {(span.service, span.name) for span in video}
    missing = [hop for hop in HOPS if hop not in there]
    assert not missing, sorted(there)
    # webhook reads of the end if a test has registered somebody to tell
    assert {span.service for span in video} - {"webhook"} == {service for service, _ in HOPS} | {"gateway"}


def test_gateways_span_is_the_root(video: list[Seen]) -> None:
    ids = {span.id for span in video}
    roots = [span for span in video if not span.parent]
    assert [span.service for span in roots] == ["gateway"]
    orphans = [(span.service, span.name) for span in video if span.parent and span.parent not in ids]
    assert not orphans


def test_spans_are_ordered_and_show_the_wait_in_the_queue(video: list[Seen]) -> None:
    by_name = {(span.service, span.name): span for span in video}
    queued, attempt = by_name["job", "queued"], by_name["video-worker", "attempt"]
    make, settle = by_name["video-worker", "make"], by_name["job", "settle"]
    assert all(span.began <= span.ended for span in video)
    assert queued.began < queued.ended <= attempt.ended
    assert attempt.began <= make.began <= make.ended <= attempt.ended
    assert settle.began > make.ended


def test_clients_trace_id_is_not_used(video: list[Seen]) -> None:
    assert video[0].trace not in STRANGERS


def test_log_lines_have_the_trace_id(system: RunningSystem, video: list[Seen]) -> None:
    lines = (system.home.logs / "video-worker.log").read_text(encoding="utf-8").splitlines()
    events = [json.loads(line) for line in lines if line.startswith("{")]
    attempts = [event for event in events if event["event"] == "attempt_ended"]
    [job_id] = {span.attributes["adwright.job"] for span in video if "adwright.job" in span.attributes}
    assert {event.get("trace_id") for event in attempts if event["job_id"] == job_id} == {video[0].trace}


def test_heartbeats_and_polls_for_work_start_no_trace(collector: Collector, video: list[Seen]) -> None:
    assert not [span.name for span in collector.spans() if span.name.endswith(("/Heartbeat", "/LeaseJobs"))]


def test_refusal_has_its_reason_and_is_no_error(system: RunningSystem, collector: Collector) -> None:
    began = time.time_ns()
    poor = system.customer(0)
    assert poor.client.post("/api/generate/static-ad", json=poor.ids).status_code == 402

    def refused(spans: list[Seen]) -> list[Seen]:
        reason = "INSUFFICIENT_CREDITS"
        return [span for span in spans if span.began >= began and span.attributes.get("adwright.reason") == reason]

    spans = refused(collector.wait_for(lambda spans: len(refused(spans)) > 1))
    assert {span.service for span in spans} == {"image", "job"}
    assert not any(span.failed for span in spans)
