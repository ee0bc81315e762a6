"""KEDA's own operator on the node, and the workers that it scales by the lag of their consumer group."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

from tests.cluster.application import State
from tests.cluster.commands import BUILD_SECONDS, StepError, console, kubectl, run, step, timed, until
from tests.cluster.images import write_archive
from tests.cluster.node import load_image
from tests.cluster.places import BIN, CACHE, IMAGES, NAMESPACE, ROOT
from tests.cluster.system import ClusterSystem
from tests.platform import tools
from tests.running import Customer
from tests.support import TERMINAL_STATUSES

IMAGE = f"ghcr.io/kedacore/keda:{tools.KEDA.version}"
PROGRAMS = {"operator": "keda", "adapter": "keda-adapter"}
USER = 1000
WORKER = "image-worker"
JOBS = 40  # 8 workers of lagThreshold 5; a worker holds some of them, which are no lag
WANTED_REPLICAS = 3
SCALE_SECONDS = 420.0
DRAIN_SECONDS = 900.0
SHRINK_SECONDS = 600.0  # the Horizontal Pod Autoscaler waits for 300 s before it removes pods


def build() -> None:
    """Builds KEDA's operator and its metrics server from their module."""
    step("keda", (tools.KEDA.version, tools.KEDA.checksum), _build)
    files = {name: BIN / name for name in PROGRAMS.values()}
    write_archive(IMAGES / "keda.tar", IMAGE, files, ("/keda",))


def _build() -> None:
    # The module's own replacements count only where it is the main module, so its files are copied out of Go's cache.
    with tempfile.TemporaryDirectory(dir=CACHE, prefix="keda-") as name:
        folder = Path(name) / "keda"
        shutil.copytree(tools.source(tools.KEDA), folder)
        for package, program in PROGRAMS.items():
            run(
                "nice", "-n", "19", "go", "build", "-mod=readonly", "-trimpath", "-ldflags", "-s -w",
                "-o", BIN / program, f"./cmd/{package}",
                folder=folder, environment={"CGO_ENABLED": "0"}, seconds=2 * BUILD_SECONDS,
            )  # fmt: skip


def install() -> None:
    """Applies KEDA's own manifests, without its admission webhooks, and waits until it is Ready. Raises StepError."""
    load_image(IMAGES / "keda.tar")
    with timed("KEDA"):
        rendered = kubectl("kustomize", tools.source(tools.KEDA) / "config/default")
        found = [_adapted(item) for item in yaml.safe_load_all(rendered) if item and "webhook" not in _name(item)]
        kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", text=yaml.safe_dump_all(found))
        for name in ("keda-operator", "keda-metrics-apiserver"):
            kubectl("-n", "keda", "rollout", "status", f"deployment/{name}", "--timeout=300s", seconds=310)
        kubectl("wait", "apiservice/v1beta1.external.metrics.k8s.io", "--for=condition=Available", "--timeout=100s")


def _name(item: dict[str, Any]) -> str:
    return f"{item['kind']} {item['metadata']['name']}".lower()


def _adapted(item: dict[str, Any]) -> dict[str, Any]:
    """Names this machine's image, which has no user of its own, in a Deployment."""
    if item["kind"] == "Deployment":
        spec = item["spec"]["template"]["spec"]
        spec["securityContext"] |= {"runAsUser": USER, "runAsGroup": USER}
        for container in spec["containers"]:
            container |= {"image": IMAGE, "imagePullPolicy": "Never"}
            container["resources"] = {"requests": {"cpu": "20m", "memory": "100Mi"}}
    return item


def observe() -> None:
    """Scales the picture workers by `components/autoscaling` under a queue of jobs, and back. Raises StepError."""
    items = yaml.safe_load_all((ROOT / "deploy/components/autoscaling/workers.yaml").read_text(encoding="utf-8"))
    chosen = [item for item in items if item["kind"] != "ScaledObject" or item["metadata"]["name"] == WORKER]
    system = ClusterSystem(State.read())
    customer = system.customer(1_000_000)
    kubectl("-n", NAMESPACE, "apply", "--server-side", "-f", "-", text=yaml.safe_dump_all(chosen))
    began = time.monotonic()
    seen: list[tuple[float, int, int]] = []
    jobs: list[str] = []

    def look() -> int:
        replicas = int(kubectl("-n", NAMESPACE, "get", f"deployment/{WORKER}", "-o", "jsonpath={.spec.replicas}"))
        ready = kubectl("-n", NAMESPACE, "get", f"deployment/{WORKER}", "-o", "jsonpath={.status.readyReplicas}") or "0"
        if not seen or seen[-1][1:] != (replicas, int(ready)):
            seen.append((time.monotonic() - began, replicas, int(ready)))
            console.print(f"  {seen[-1][0]:5.0f} s: {replicas} replicas, {ready} ready")
        return replicas

    try:
        kubectl("-n", NAMESPACE, "wait", f"scaledobject/{WORKER}", "--for=condition=Ready", "--timeout=100s")
        look()
        for number in range(JOBS):
            body = {**customer.ids, "prompt": f"A bottle on a shelf, number {number}"}
            response = customer.client.post("/api/generate/static-ad", json=body)
            if response.status_code != 200:
                raise StepError(f"a job was refused: {response.text}")
            jobs.append(str(response.json()["jobId"]))
        until("more workers", lambda: look() >= WANTED_REPLICAS, seconds=SCALE_SECONDS, interval=2)
        until("the end of the jobs", lambda: look() >= 1 and _ended(customer, jobs), seconds=DRAIN_SECONDS, interval=5)
        until("one worker", lambda: look() == 1, seconds=SHRINK_SECONDS, interval=5)
    finally:
        kubectl("-n", NAMESPACE, "delete", "--ignore-not-found", "-f", "-", text=yaml.safe_dump_all(chosen))
        kubectl("-n", NAMESPACE, "scale", f"deployment/{WORKER}", "--replicas=1")
    completed = sum(customer.status(job)["status"] == "completed" for job in jobs)
    console.print(
        f"  {completed} of {len(jobs)} jobs completed; at most {max(seen, key=lambda row: row[1])[1]} replicas"
    )
    if completed != len(jobs):
        raise StepError(f"{len(jobs) - completed} jobs did not complete")


def _ended(customer: Customer, jobs: list[str]) -> bool:
    return all(customer.status(job)["status"] in TERMINAL_STATUSES for job in jobs)
