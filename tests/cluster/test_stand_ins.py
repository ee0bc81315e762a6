"""The stand-ins of the test cluster offer what overlays/dev expects of operators; drift is found without a cluster."""

from __future__ import annotations

import base64
import re
from typing import Any

import yaml

from tests.cluster import application
from tests.cluster.places import FOLDER, GATEWAY_PORT, KUBERNETES, RELEASE, RESOURCES
from tests.platform.manifests import of_kind
from tests.platform.pod_security import violations

STAND_INS = list(yaml.safe_load_all((RESOURCES / "stand-ins.yaml").read_text(encoding="utf-8")))
# What application.py, make issuer-dev and the gateway's operator create.
CREATED_SECRETS = {"adwright-kafka-client", "adwright-cluster-ca-cert"}


def named(kind: str) -> dict[str, dict[str, Any]]:
    return {item["metadata"]["name"]: item for item in STAND_INS if item["kind"] == kind}


def secrets_of(value: Any) -> set[str]:
    """The Secrets that a pod's spec refers to."""
    if isinstance(value, list):
        return set().union(*map(secrets_of, value))
    if not isinstance(value, dict):
        return set()
    own = {value["secretName"]} if "secretName" in value else set()
    own |= {value[name]["name"] for name in ("secretKeyRef", "secret") if "name" in (value.get(name) or {})}
    return own.union(*map(secrets_of, value.values()))


def test_pods_comply_with_the_namespaces_security_level() -> None:
    pods = [item["spec"]["template"]["spec"] for item in STAND_INS if item["kind"] in ("Deployment", "StatefulSet")]
    assert len(pods) == 3
    assert [violations(pod) for pod in pods] == [[], [], []]


def test_the_overlays_missing_secrets_are_those_that_the_stand_ins_create() -> None:
    needed = secrets_of([item["spec"]["template"]["spec"] for item in of_kind("overlays/dev", "Deployment").values()])
    assert needed - of_kind("overlays/dev", "Secret").keys() == CREATED_SECRETS


def test_dependencies_have_the_addresses_that_the_overlay_names() -> None:
    settings = of_kind("overlays/dev", "ConfigMap")["adwright"]["data"]
    addresses = [settings["ADWRIGHT_KAFKA_BOOTSTRAP"]]
    for name in ("catalog", "billing", "job", "webhook", "campaign"):
        secret = of_kind("overlays/dev", "Secret")[f"adwright-database-{name}"]
        url = base64.b64decode(secret["data"]["url"]).decode()
        addresses.append(url.partition("@")[2].partition("/")[0])
        assert (
            f"{name}=development"
            in named("StatefulSet")["stand-in-database"]["spec"]["template"]["spec"]["containers"][0]["command"]
        )
    services = named("Service")
    for address in addresses:
        host, _, port = address.partition(":")
        assert int(port) in [item["port"] for item in services[host]["spec"]["ports"]], address
    assert settings["ADWRIGHT_PUBLIC_URL"].endswith(f":{GATEWAY_PORT}")


def test_forwarded_services_have_fixed_addresses() -> None:
    services = named("Service")
    assert services["stand-in-gateway"]["spec"]["clusterIP"] == application.GATEWAY
    assert services["adwright-database-rw"]["spec"]["clusterIP"] == application.DATABASE


def test_volumes_belong_to_the_claims_of_overlay_and_stand_ins() -> None:
    volumes = yaml.safe_load_all((RESOURCES / "volumes.yaml").read_text(encoding="utf-8"))
    claims = set(of_kind("overlays/dev", "PersistentVolumeClaim")) | set(named("PersistentVolumeClaim"))
    assert {item["spec"]["claimRef"]["name"] for item in volumes} == claims


def test_kubernetes_and_all_its_modules_have_one_version() -> None:
    text = (FOLDER / "kubernetes" / "go.mod").read_text(encoding="utf-8")
    assert f"k8s.io/kubernetes {KUBERNETES}\n" in text
    replaced = re.findall(r"=> k8s\.io/\S+ (\S+)", text)
    assert len(replaced) > 25
    assert set(replaced) == {KUBERNETES.replace("v1.", "v0.")}


def test_the_image_has_the_tag_that_the_overlay_runs() -> None:
    images = {
        item["spec"]["template"]["spec"]["containers"][0]["image"]
        for item in of_kind("overlays/dev", "Deployment").values()
    }
    assert images == {f"adwright:{RELEASE}"}
