"""Services and backups get access to their buckets by keys or by a role."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from services.chassis.data.assets import AssetStore
from tests.platform.manifests import Resource, container, of_kind, rendered
from tests.platform.network import Endpoint, Flow, Network
from tests.platform.schemas import complaints
from tests.platform.test_manifests import STRIMZI
from tests.platform.test_network import NAMESPACES, endpoints

PRODUCTION = "overlays/production"
ROLES = ("eks", "gke", "aks")
STORAGE = {"catalog", "job", "image-worker", "video-worker"}


def instead(role: str) -> tuple[tuple[str, str], ...]:
    """Returns the change of deploy/README.md to an overlay for a role instead of keys."""
    return (("components/bucket/credentials", f"components/bucket/{role}"),)


def env(deployment: Resource) -> dict[str, Resource]:
    return {item["name"]: item for item in container(deployment)["env"]}


@pytest.mark.parametrize("role", ROLES)
def test_each_bucket_component_renders_valid_manifests(role: str) -> None:
    found = [item for item in rendered(PRODUCTION, instead(role)) if item["apiVersion"] != STRIMZI]
    assert complaints(found) == []


def test_only_services_that_use_the_bucket_get_its_keys() -> None:
    for name, deployment in of_kind(PRODUCTION, "Deployment").items():
        found = {key: item["valueFrom"]["secretKeyRef"] for key, item in env(deployment).items() if "AWS" in key}
        if name in STORAGE:
            assert found["AWS_ACCESS_KEY_ID"] == {"name": "adwright-bucket", "key": "access-key"}
            assert found["AWS_SECRET_ACCESS_KEY"] == {"name": "adwright-bucket", "key": "secret-key"}
            assert found["AWS_ENDPOINT_URL"]["optional"] is found["AWS_REGION"]["optional"] is True
        else:
            assert found == {}, name


@pytest.mark.parametrize("role", ROLES)
def test_role_replaces_every_key(role: str) -> None:
    for deployment in of_kind(PRODUCTION, "Deployment", instead(role)).values():
        assert not {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} & set(env(deployment))
    accounts = of_kind(PRODUCTION, "ServiceAccount", instead(role))
    assert {name for name, item in accounts.items() if item["metadata"].get("annotations")} == STORAGE
    spec = of_kind(PRODUCTION, "Cluster", instead(role))["adwright-database"]["spec"]
    store = spec["backup"]["barmanObjectStore"]
    [credentials] = [store[name] for name in store if name.endswith("Credentials")]
    assert list(credentials.values()) == [True], "a role, and no reference to a Secret"
    assert spec["serviceAccountTemplate"]["metadata"]["annotations"]


def test_aks_labels_the_pods_that_get_a_token() -> None:
    label = ("azure.workload.identity/use", "true")
    for name, deployment in of_kind(PRODUCTION, "Deployment", instead("aks")).items():
        labels = deployment["spec"]["template"]["metadata"]["labels"]
        assert (label in labels.items()) == (name in STORAGE), name


def test_gke_opens_the_metadata_server_to_pods_with_a_bucket_only() -> None:
    server = Endpoint(name="gke-metadata", address="169.254.169.254")
    policies = list(of_kind(PRODUCTION, "NetworkPolicy", instead("gke")).values())
    network = Network(policies, [*endpoints(), server], NAMESPACES)
    ours = [item.name for item in endpoints() if item.namespace == "adwright"]
    reached = {name for name in ours if network.allows(Flow(source=name, target="gke-metadata", port=80))}
    assert reached == STORAGE | {"postgres-1", "postgres-2", "postgres-join"}


@pytest.fixture
def authorizations(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The Authorization headers that a stub of S3 receives; `AWS_ENDPOINT_URL` is its address."""
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            seen.append(self.headers["authorization"])
            self.send_response(200)
            self.send_header("etag", '"e"')
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    yield seen
    server.shutdown()
    server.server_close()


def test_the_store_reads_the_variables_that_the_manifests_set(
    authorizations: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    values = {"AWS_ACCESS_KEY_ID": "key-of-test", "AWS_SECRET_ACCESS_KEY": "s", "AWS_REGION": "region-of-test"}
    given = {name for name in env(of_kind(PRODUCTION, "Deployment")["job"]) if name.startswith("AWS")}
    assert given == set(values) | {"AWS_ENDPOINT_URL"}
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    asyncio.run(AssetStore("s3://bucket/prefix").put_bytes("a", b"content", "text/plain"))
    [header] = authorizations
    assert "Credential=key-of-test/" in header
    assert "/region-of-test/s3/" in header
