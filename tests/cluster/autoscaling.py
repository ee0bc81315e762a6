"""Workers scaled by the lag of their Kafka consumer group, with the numbers of `components/autoscaling`.

KEDA is not built (3,700 packages): its metrics server is a stand-in, and the HorizontalPodAutoscaler is made here of
the ScaledObject's numbers, as KEDA's operator makes it.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import yaml

from tests.cluster.application import State
from tests.cluster.commands import StepError, console, kubectl, timed, until
from tests.cluster.places import NAMESPACE, RESOURCES, ROOT
from tests.cluster.system import ClusterSystem
from tests.running import Customer
from tests.support import TERMINAL_STATUSES

WORKER = "image-worker"
STAND_IN = "stand-in-lag"
JOBS = 240  # in a minute or less, so that the autoscaler, which looks every 15 s, sees the queue
SUBMITTING = 8
WANTED_REPLICAS = 3
MOST_REPLICAS = 4  # the ScaledObject's 12 do not fit one node of two cores
SCALE_SECONDS = 300.0
DRAIN_SECONDS = 900.0
SHRINK_SECONDS = 600.0  # the autoscaler waits for 300 s before it removes pods
COMPLAINT_CHARACTERS = 300


def scaled_object() -> dict[str, Any]:
    """The spec of the workers' ScaledObject."""
    text = (ROOT / "deploy/components/autoscaling/workers.yaml").read_text(encoding="utf-8")
    [found] = [
        item["spec"]
        for item in yaml.safe_load_all(text)
        if item["kind"] == "ScaledObject" and item["metadata"]["name"] == WORKER
    ]
    return dict(found)


def autoscaler(spec: dict[str, Any]) -> dict[str, Any]:
    """The HorizontalPodAutoscaler of a ScaledObject, with at most MOST_REPLICAS."""
    [trigger] = spec["triggers"]
    target = {"type": "AverageValue", "averageValue": trigger["metadata"]["lagThreshold"]}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": STAND_IN, "namespace": NAMESPACE},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", **spec["scaleTargetRef"]},
            "minReplicas": spec["minReplicaCount"],
            "maxReplicas": min(spec["maxReplicaCount"], MOST_REPLICAS),
            "metrics": [{"type": "External", "external": {"metric": {"name": "lag"}, "target": target}}],
        },
    }


def install() -> None:
    """Applies the metrics server and the autoscaler, and waits until the metric is there. Raises StepError."""
    spec = scaled_object()
    [trigger] = spec["triggers"]
    items = list(yaml.safe_load_all((RESOURCES / "lag.yaml").read_text(encoding="utf-8")))
    items[0]["spec"]["template"]["spec"]["containers"][0]["args"] = [
        trigger["metadata"]["consumerGroup"],
        trigger["metadata"]["topic"],
    ]
    program = {"lag.py": (RESOURCES / "lag.py").read_text(encoding="utf-8")}
    metadata = {"name": STAND_IN, "namespace": NAMESPACE}
    items.append({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": program})
    with timed("the metric of the lag"):
        kubectl("apply", "--server-side", "-f", "-", text=yaml.safe_dump_all([*items, autoscaler(spec)]))
        kubectl("-n", NAMESPACE, "rollout", "status", f"deployment/{STAND_IN}", "--timeout=200s", seconds=210)
        kubectl("wait", "apiservice/v1beta1.external.metrics.k8s.io", "--for=condition=Available", "--timeout=100s")
        kubectl(
            "-n", NAMESPACE, "wait", f"horizontalpodautoscaler/{STAND_IN}", "--for=condition=ScalingActive",
            "--timeout=100s",
        )  # fmt: skip


def observe() -> None:
    """Queues jobs, and watches the workers become more and fewer. Raises StepError if a job is not completed."""
    customer = ClusterSystem(State.read()).customer(1_000_000)
    began = time.monotonic()
    seen: list[tuple[str, ...]] = []

    def submitted(number: int) -> str:
        body = {**customer.ids, "prompt": f"A bottle on a shelf, number {number}"}
        response = customer.client.post("/api/generate/static-ad", json=body)
        if response.status_code != 200:
            raise StepError(f"a job was refused: {response.text[:COMPLAINT_CHARACTERS]}")
        return str(response.json()["jobId"])

    def look() -> int:
        path = "{.spec.replicas} {.status.readyReplicas}"
        replicas = kubectl("-n", NAMESPACE, "get", f"deployment/{WORKER}", "-o", f"jsonpath={path}").split()
        lag = kubectl(
            "-n", NAMESPACE, "get", f"horizontalpodautoscaler/{STAND_IN}", "-o",
            "jsonpath={.status.currentMetrics[0].external.current.averageValue}",
        )  # fmt: skip
        if not seen or seen[-1] != (*replicas, lag):
            seen.append((*replicas, lag))
            console.print(f"  {time.monotonic() - began:4.0f} s: replicas and ready {replicas}, lag for each {lag}")
        return int(replicas[0])

    look()
    with ThreadPoolExecutor(SUBMITTING) as threads:
        jobs = list(threads.map(submitted, range(JOBS)))
    console.print(f"  {time.monotonic() - began:4.0f} s: {JOBS} jobs are queued")
    until("more workers", lambda: look() >= WANTED_REPLICAS, seconds=SCALE_SECONDS, interval=3)
    ended: list[str] = []

    def all_ended() -> bool:
        look()
        ended[:] = _statuses(customer, jobs)
        return TERMINAL_STATUSES.issuperset(ended)

    until("the end of the jobs", all_ended, seconds=DRAIN_SECONDS, interval=3)
    console.print(f"  {time.monotonic() - began:4.0f} s: all jobs have ended")
    until("one worker", lambda: look() == 1, seconds=SHRINK_SECONDS, interval=5)
    completed = ended.count("completed")
    most = max(int(replicas) for replicas, *_ in seen)
    console.print(f"  {completed} of {JOBS} jobs completed, with at most {most} workers")
    if completed != JOBS:
        raise StepError(f"{JOBS - completed} jobs did not complete")


def remove() -> None:
    """Removes the autoscaler and the metrics server."""
    items = [*yaml.safe_load_all((RESOURCES / "lag.yaml").read_text(encoding="utf-8")), autoscaler(scaled_object())]
    kubectl("delete", "--ignore-not-found", "-f", "-", text=yaml.safe_dump_all(items))
    kubectl("-n", NAMESPACE, "scale", f"deployment/{WORKER}", "--replicas=1")


def _statuses(customer: Customer, jobs: list[str]) -> list[str]:
    """The statuses of jobs; empty for one that the busy node does not say now."""
    responses = [customer.client.get("/api/generate/status", params={"jobId": job}) for job in jobs]
    return [str(response.json().get("status", "")) for response in responses]
