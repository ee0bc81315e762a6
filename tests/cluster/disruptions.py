"""What happens to a cluster in its life: rollouts, killed pods, restarts of dependencies, and a drained node."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

from tests.cluster.application import READY_SECONDS, State, deployments, wait_ready
from tests.cluster.commands import StepError, kubectl, timed
from tests.cluster.load import SteadyLoad, check
from tests.cluster.places import NAMESPACE
from tests.cluster.system import ClusterSystem

CALM_SECONDS = 8.0  # of load before, between and after disruptions
WORKERS = "adwright.dev/role=worker"


def restart_every_deployment() -> None:
    """Rolls out every Deployment again, one after the other, the gateway included."""
    for name in deployments():
        with timed(f"rollout of {name}"):
            kubectl("-n", NAMESPACE, "rollout", "restart", name)
            kubectl(
                "-n", NAMESPACE, "rollout", "status", name, f"--timeout={READY_SECONDS}s", seconds=READY_SECONDS + 10
            )


def kill_workers() -> None:
    """Kills the workers' pods without a grace time, three times."""
    for _ in range(3):
        kubectl("-n", NAMESPACE, "delete", "pods", "-l", WORKERS, "--grace-period=0", "--force")
        wait_ready()
        time.sleep(CALM_SECONDS)


def restart_database() -> None:
    """Deletes the pod of PostgreSQL; its data stays in the volume."""
    _restart("stand-in-database")


def restart_broker() -> None:
    """Deletes the broker's pod."""
    _restart("stand-in-broker")


def _restart(name: str) -> None:
    kubectl("-n", NAMESPACE, "delete", "pods", "-l", f"app={name}", "--wait=true")
    kubectl("-n", NAMESPACE, "rollout", "status", f"statefulset/{name}", "--timeout=200s", seconds=210)
    wait_ready()


def drain() -> None:
    """Drains the node, which the PodDisruptionBudgets allow only pod after pod, and lets pods return after 20 s.

    A node of its own for the replacements is missing here: with one replica of each service this is an outage, and the
    check is that evictions are accepted, pods end within their grace times, and no job is lost.
    """
    kubectl("cordon", "node")
    try:
        kubectl(
            "drain", "node", "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=300s",
            "--pod-selector=app.kubernetes.io/part-of=adwright", seconds=310,
        )  # fmt: skip
    finally:
        kubectl("uncordon", "node")
    wait_ready()


DISRUPTIONS: dict[str, Callable[[], None]] = {
    "rollout": restart_every_deployment,
    "workers": kill_workers,
    "database": restart_database,
    "broker": restart_broker,
    "drain": drain,
}


def under_load(names: Sequence[str], interval: float) -> None:
    """Runs disruptions one after the other, each with a load of its own. Raises StepError if one costs a job."""
    failures = []
    for name in names:
        try:
            disrupted(name, DISRUPTIONS[name], interval)
        except StepError as error:
            failures.append(f"{name}: {error}")
    if failures:
        raise StepError("\n".join(failures))


def disrupted(name: str, disruption: Callable[[], None], interval: float) -> None:
    """Runs a disruption under a load. Raises StepError if it fails or costs a job."""
    load = SteadyLoad(ClusterSystem(State.read()), interval)
    with timed(f"{name} under load"):
        asyncio.run(_disrupt(load, disruption))
    check(load)


async def _disrupt(load: SteadyLoad, disruption: Callable[[], None]) -> None:
    ended = asyncio.Event()
    running = asyncio.create_task(load.run(ended))
    try:
        await asyncio.sleep(CALM_SECONDS)
        await asyncio.to_thread(disruption)
        await asyncio.sleep(CALM_SECONDS)
    finally:
        ended.set()
        await running
