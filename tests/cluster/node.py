"""Starts and stops the node (node.sh), with its DNS, its volumes, and the definitions of custom resources."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import yaml

from tests.cluster.commands import StepError, console, kubectl, run, timed, until
from tests.cluster.leftovers import leftovers
from tests.cluster.places import BIN, FOLDER, IMAGES, PAUSE_IMAGE, RESOURCES, RUN
from tests.platform.manifests import KUBECTL
from tests.platform.schemas import definitions

START_SECONDS = 400.0
DOWN_SECONDS = 600.0  # to delete the files of the containers takes minutes on a slow disk
END_SECONDS = 15.0  # until the kernel has taken down what process 1 leaves
LEFTOVERS_CHARACTERS = 2_000
STRIMZI = {"Kafka": "kafkas", "KafkaNodePool": "kafkanodepools", "KafkaTopic": "kafkatopics", "KafkaUser": "kafkausers"}


def environment() -> dict[str, str]:
    return {"BIN": str(BIN), "KUBECTL": str(KUBECTL), "RUN": str(RUN), "IMAGES": str(IMAGES), "PAUSE": PAUSE_IMAGE}


def running() -> bool:
    """Whether process 1 of the node's namespaces runs."""
    pid = RUN / "pid"
    return pid.exists() and Path(f"/proc/{pid.read_text(encoding='utf-8').strip()}").is_dir()


def up() -> None:
    """Starts the node and waits until it is Ready and resolves names. Raises StepError."""
    with timed("node"):
        run(FOLDER / "node.sh", "up", environment=environment(), seconds=START_SECONDS)
        kubectl("apply", "--server-side", "-f", RESOURCES / "dns.yaml", "-f", RESOURCES / "volumes.yaml")
        kubectl("-n", "kube-system", "rollout", "status", "deployment/coredns", "--timeout=100s")


def define_custom_resources() -> None:
    """Creates the definitions of all custom resources that the overlays use. Raises StepError."""
    with timed("definitions of custom resources"):
        found = [
            item
            for path in definitions()
            for item in yaml.load_all(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
            if item and item["kind"] == "CustomResourceDefinition"
        ]
        for item in found:
            item["metadata"].pop("labels", None)  # some are templates of Helm
        kubectl("apply", "--server-side", "-f", "-", text=yaml.safe_dump_all(found))
        kubectl("apply", "--server-side", "-f", "-", text=strimzi_definitions())


def down() -> None:
    """Ends the node and everything in it; only the cache stays. Raises StepError that names what else did."""
    for pid in _forwarders():
        run("kill", str(pid))
    run(FOLDER / "node.sh", "down", environment=environment(), seconds=DOWN_SECONDS)
    deadline = time.monotonic() + END_SECONDS
    while found := leftovers():
        if time.monotonic() > deadline:
            raise StepError(f"the node left behind: {'; '.join(found)[:LEFTOVERS_CHARACTERS]}")
        time.sleep(0.5)


def _forwarders() -> list[int]:
    """The processes that forward into the node's namespace, started from this checkout."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            arguments = path.read_bytes().split(b"\0")
            inside = os.readlink(path.parent / "ns" / "net")
        except OSError:
            continue
        if b"tests.cluster.forwarder" in arguments and running() and inside == os.readlink(_network()):
            found.append(int(path.parent.name))
    return found


def _network() -> Path:
    return Path("/proc") / (RUN / "pid").read_text(encoding="utf-8").strip() / "ns" / "net"


def strimzi_definitions() -> str:
    """Definitions that accept anything: Strimzi publishes its own in no package of a registry."""
    return yaml.safe_dump_all(
        {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": f"{plural}.kafka.strimzi.io"},
            "spec": {
                "group": "kafka.strimzi.io",
                "names": {"kind": kind, "plural": plural, "singular": kind.lower()},
                "scope": "Namespaced",
                "versions": [
                    {
                        "name": "v1",
                        "served": True,
                        "storage": True,
                        "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
                    }
                ],
            },
        }
        for kind, plural in STRIMZI.items()
    )


def memory_bytes() -> int:
    """The resident memory of all processes in the node's namespaces."""
    total = 0
    for path in Path("/proc").glob("[0-9]*/status"):
        try:
            if os.readlink(path.parent / "ns" / "pid") == os.readlink(_network().with_name("pid")):
                total += sum(int(kib) * 1024 for kib in re.findall(r"RssAnon:\s+(\d+)", path.read_text()))
        except OSError:
            continue
    return total


def wait_for_pods(namespace: str, selector: str, *, seconds: float) -> None:
    """Waits until the pods of a selector exist and are Ready. Raises StepError."""
    until(
        f"pods of {selector}",
        lambda: bool(kubectl("-n", namespace, "get", "pods", "-l", selector, "-o", "name")),
        seconds=seconds,
    )
    kubectl(
        "-n", namespace, "wait", "pod", "-l", selector, "--for=condition=Ready", f"--timeout={seconds:.0f}s",
        seconds=seconds + 10,
    )  # fmt: skip
    console.print(f"{selector}: Ready")
