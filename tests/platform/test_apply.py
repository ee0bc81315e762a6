"""The documented commands fit the limits of the API server, and the dev overlay fits its documented machine."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from tests.platform.manifests import OVERLAYS, ROOT, Resource, container, of_kind, rendered

# The API server's limit for all annotations of a resource; a client-side apply writes the whole resource into one.
ANNOTATIONS_BYTES = 256 << 10
# etcd rejects requests of 1.5 MiB; managed fields and status are added to the applied resource.
RESOURCE_BYTES = 1 << 20
# The share of the dev overlay's two cores for the pods of Kubernetes and the operators.
OTHERS_CPU = Decimal("0.5")


def documents() -> list[Path]:
    """Returns the files that document how to apply an overlay."""
    found = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("gateway/*.md"), ROOT / "skaffold.yaml"]
    return [*found, ROOT / "Makefile", *ROOT.glob("deploy/**/*.md"), *ROOT.glob("deploy/**/*.yaml")]


def size(resource: Resource) -> int:
    return len(json.dumps(resource, separators=(",", ":"), ensure_ascii=False).encode())


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_resource_fits_a_server_side_apply(overlay: str) -> None:
    for item in rendered(overlay):
        assert size(item) < RESOURCE_BYTES, item["metadata"]["name"]
        annotations = item["metadata"].get("annotations", {})
        assert sum(len(key) + len(value) for key, value in annotations.items()) < ANNOTATIONS_BYTES


def test_every_documented_apply_of_an_overlay_is_server_side() -> None:
    lines = [
        line.strip()
        for path in documents()
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search(r"kubectl\b.*\bapply\b.* -k ", line)
    ]
    assert len(lines) >= 5
    assert [line for line in lines if "apply --server-side -k" not in line] == []


def test_skaffold_applies_server_side() -> None:
    found = yaml.safe_load((ROOT / "skaffold.yaml").read_text(encoding="utf-8"))
    assert "--server-side" in found["deploy"]["kubectl"]["flags"]["apply"]


def cores(quantity: str) -> Decimal:
    return Decimal(quantity.removesuffix("m")) / 1000 if quantity.endswith("m") else Decimal(quantity)


def test_dev_fits_on_two_cores_during_a_rollout() -> None:
    overlay = "overlays/dev"
    total = Decimal(0)
    for deployment in of_kind(overlay, "Deployment").values():
        spec = deployment["spec"]
        surge = spec["strategy"]["rollingUpdate"]["maxSurge"]
        total += cores(container(deployment)["resources"]["requests"]["cpu"]) * (spec["replicas"] + surge)
    [pool] = of_kind(overlay, "KafkaNodePool").values()
    total += cores(pool["spec"]["resources"]["requests"]["cpu"]) * pool["spec"]["replicas"]
    [cluster] = of_kind(overlay, "Cluster").values()
    total += cores(cluster["spec"]["resources"]["requests"]["cpu"]) * cluster["spec"]["instances"]
    [proxy] = of_kind(overlay, "EnvoyProxy").values()
    envoy = proxy["spec"]["provider"]["kubernetes"]["envoyDeployment"]
    total += cores(envoy["container"]["resources"]["requests"]["cpu"]) * (envoy["replicas"] + 1)
    assert total + OTHERS_CPU <= 2


def test_services_of_the_dev_overlay_create_topics_with_the_replicas_of_its_kafka() -> None:
    [brokers] = of_kind("overlays/dev", "KafkaNodePool").values()
    settings = of_kind("overlays/dev", "ConfigMap")["adwright"]["data"]
    assert settings["ADWRIGHT_KAFKA_REPLICATION"] == str(brokers["spec"]["replicas"])
