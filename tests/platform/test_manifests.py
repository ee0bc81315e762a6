"""The rendered manifests are valid by the schemas of their consumers, and agree with the code."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.kubernetes import SET_BY_ENVOY_GATEWAY, cluster_settings
from gateway.listener import listener
from gateway.routes import read_descriptors, routes_of
from gateway.schema import messages_of
from services.billing.__main__ import BillingSettings
from services.campaign.__main__ import CampaignSettings
from services.catalog.__main__ import CatalogSettings
from services.chassis.data.kafka import RETENTION_MS, SESSION_TIMEOUT_MS
from services.chassis.observability import tracing
from services.copy.__main__ import CopySettings
from services.image.__main__ import ImageWorkerSettings
from services.job.__main__ import JobSettings
from services.job.events import TOPICS
from services.video.__main__ import VideoSettings
from services.worker import loop
from tests.platform import tools
from tests.platform.manifests import OVERLAYS, ROOT, Resource, container, environment, of_kind, rendered
from tests.platform.schemas import KUBERNETES, complaints, definitions

pytestmark = pytest.mark.timeout(tools.BUILD_SECONDS + 300)

# Variables about the bucket that obstore reads, and not the settings classes.
BUCKET_VARIABLES = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_ENDPOINT_URL"}
SERVERS = ("catalog", "billing", "job", "copy", "image", "video", "webhook", "campaign")
WORKERS = ("image-worker", "video-worker")
# Strimzi's definitions are in no package; its operators' classes parse its resources instead.
STRIMZI = "kafka.strimzi.io/v1"
STRIMZI_FOLDER = Path(__file__).parent / "strimzi"


STRIMZI_OVERLAYS = ("overlays/dev", "overlays/production")
# Changes that make a resource invalid: (kind, path, value).
INVALID: list[tuple[str, list[Any], Any]] = [
    ("Deployment", ["spec", "template", "spec", "containers", 0, "livenessProb"], {}),
    ("ScaledObject", ["spec", "triggers"], "kafka"),
    ("HTTPRoute", ["spec", "rules", 0, "matches", 0, "path", "type"], "Glob"),
    ("BackendTrafficPolicy", ["spec", "circuitBreaker", "maxConnection"], 1),
    ("NetworkPolicy", ["spec", "policyTypes"], "Egress"),
    ("Cluster", ["spec", "instance"], 3),
]
INVALID_STRIMZI: list[tuple[str, list[Any], Any]] = [
    ("KafkaTopic", ["spec", "partitions"], "many"),
    ("KafkaUser", ["spec", "authorization", "acl"], []),
]


def changed(kind: str, path: list[Any], value: Any) -> Resource:
    """Returns the production overlay's first resource of the kind, with a value set at the path."""
    found: Resource = json.loads(
        json.dumps(next(item for item in rendered("overlays/production") if item["kind"] == kind))
    )
    inside: Any = found
    for step in path[:-1]:
        inside = inside[step]
    inside[path[-1]] = value
    return found


def of_strimzi(overlay: str) -> list[Resource]:
    return [item for item in rendered(overlay) if item["apiVersion"] == STRIMZI]


@pytest.fixture(scope="module")
def strimzi_complaints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """The errors of Strimzi's resources by overlay, and by kind for the invalid ones."""
    jars = tools.maven_jars(STRIMZI_FOLDER / "pom.xml", STRIMZI_FOLDER / "jars.sha256")
    cases = {overlay: of_strimzi(overlay) for overlay in STRIMZI_OVERLAYS}
    cases |= {kind: [changed(kind, path, value)] for kind, path, value in INVALID_STRIMZI}
    folder = tmp_path_factory.mktemp("strimzi")
    files = {name: folder / f"{number}.json" for number, name in enumerate(cases)}
    for name, resources in cases.items():
        files[name].write_text(json.dumps(resources), encoding="utf-8")
    line = ["java", "-cp", f"{jars}/*", str(STRIMZI_FOLDER / "Check.java"), *map(str, files.values())]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    return {name: found[str(file)] for name, file in files.items()}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_manifest_is_valid(overlay: str) -> None:
    assert complaints([item for item in rendered(overlay) if item["apiVersion"] != STRIMZI]) == []


@pytest.mark.slow
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_manifest_is_valid_for_the_code_of_the_api_server(overlay: str, tmp_path: Path) -> None:
    folder = tmp_path / "definitions"
    folder.mkdir()
    for path in definitions():
        (folder / path.name).write_bytes(path.read_bytes())
    file = tmp_path / "all.yaml"
    file.write_text(
        yaml.safe_dump_all(item for item in rendered(overlay) if item["apiVersion"] != STRIMZI), encoding="utf-8"
    )
    validate = tools.program(tools.KUBECTL_VALIDATE)
    done = subprocess.run(
        [validate, "--version", KUBERNETES, "--local-crds", folder, file], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("overlay", STRIMZI_OVERLAYS)
def test_strimzi_parses_its_resources(overlay: str, strimzi_complaints: dict[str, list[str]]) -> None:
    assert {item["kind"] for item in of_strimzi(overlay)} == {"Kafka", "KafkaNodePool", "KafkaTopic", "KafkaUser"}
    assert strimzi_complaints[overlay] == []


@pytest.mark.parametrize("kind", [kind for kind, _, _ in INVALID_STRIMZI])
def test_strimzi_refuses_an_invalid_resource(kind: str, strimzi_complaints: dict[str, list[str]]) -> None:
    [complaint] = strimzi_complaints[kind]
    assert complaint.startswith(f"{kind} ")


@pytest.mark.parametrize(("kind", "path", "value"), INVALID)
def test_invalid_manifest_is_found(kind: str, path: list[Any], value: Any) -> None:
    assert complaints([changed(kind, path, value)])


def test_recovered_cluster_reads_old_backups_and_writes_elsewhere() -> None:
    old = of_kind("overlays/production", "Cluster")["adwright-database"]["spec"]
    new = of_kind("overlays/recovery", "Cluster")["adwright-database"]["spec"]
    [source] = new["externalClusters"]
    assert "initdb" not in new["bootstrap"]
    assert new["bootstrap"]["recovery"]["source"] == source["name"]
    store = old["backup"]["barmanObjectStore"]
    assert source["barmanObjectStore"]["destinationPath"] == store["destinationPath"]
    assert source["barmanObjectStore"]["serverName"] == "adwright-database"
    assert new["backup"]["barmanObjectStore"]["destinationPath"] != store["destinationPath"]
    recovered, production = (of_kind(f"overlays/{name}", "ConfigMap") for name in ("recovery", "production"))
    addresses = {
        item["data"]["ADWRIGHT_ASSETS_URL"]
        for item in (*recovered.values(), *production.values())
        if "ADWRIGHT_ASSETS_URL" in item["data"]
    }
    assert len(addresses) == 2, "a recovered system must not write into production's bucket"


@pytest.mark.parametrize("overlay", ["overlays/dev", "overlays/production"])
def test_pods_run_unprivileged_and_write_to_their_volumes_only(overlay: str) -> None:
    for name, deployment in of_kind(overlay, "Deployment").items():
        pod = deployment["spec"]["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        assert container(deployment)["securityContext"]["readOnlyRootFilesystem"] is True, name
        assert container(deployment)["securityContext"]["capabilities"] == {"drop": ["ALL"]}, name
        assert "limits" in container(deployment)["resources"], name


def test_readiness_probes_the_service_and_liveness_the_process() -> None:
    deployments = of_kind("overlays/production", "Deployment")
    for name in SERVERS:
        served = importlib.import_module(f"services.{name}.__main__").SERVICES
        assert container(deployments[name])["readinessProbe"]["grpc"]["service"] in served
    for name in (*SERVERS, *WORKERS):
        assert container(deployments[name])["livenessProbe"]["grpc"] == {"port": 7100}
        assert container(deployments[name])["startupProbe"]["grpc"] == {"port": 7100}


def known_settings() -> set[str]:
    """Returns every variable that a service or worker reads."""
    servers = (CatalogSettings, BillingSettings, JobSettings, CopySettings, VideoSettings, CampaignSettings)
    kinds = (*servers, ImageWorkerSettings)
    return {f"ADWRIGHT_{name.upper()}" for kind in kinds for name in kind.model_fields}


def test_every_variable_is_an_existing_setting() -> None:
    known = known_settings()
    for overlay in OVERLAYS:
        given = {name for item in of_kind(overlay, "ConfigMap").values() for name in item["data"] if name.isupper()}
        for workload in (*of_kind(overlay, "Deployment").values(), *of_kind(overlay, "Job").values()):
            given |= {item["name"] for item in container(workload).get("env", [])}
        assert {name.removesuffix("_FILE") for name in given} <= known | BUCKET_VARIABLES


def test_grace_periods_cover_the_stop_times_of_the_code() -> None:
    for name, deployment in of_kind("overlays/production", "Deployment").items():
        grace = float(environment(deployment)["ADWRIGHT_STOP_GRACE_SECONDS"])
        before = container(deployment).get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        after = tracing.STOP_MS / 1000 + 5  # the last traces are sent, and Python exits
        if name in WORKERS:
            after += loop.CALL_SECONDS + SESSION_TIMEOUT_MS / 1000
        assert deployment["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] >= before + grace + after, name


def test_topics_match_the_code() -> None:
    topics = of_kind("overlays/production", "KafkaTopic")
    assert set(topics) == set(TOPICS)
    for name, topic in topics.items():
        assert topic["spec"]["config"]["retention.ms"] == RETENTION_MS["dispatch" if ".dispatch." in name else "events"]
        assert topic["spec"]["partitions"] == JobSettings.model_fields["kafka_partitions"].default
        assert topic["spec"]["config"]["min.insync.replicas"] == topic["spec"]["replicas"] - 1 == 2


def test_workers_scale_with_the_lag_of_their_groups() -> None:
    for name, scaled in of_kind("overlays/production", "ScaledObject").items():
        module = importlib.import_module(f"services.{name.removesuffix('-worker')}.__main__")
        trigger = scaled["spec"]["triggers"][0]["metadata"]
        assert trigger["topic"] == module.DISPATCH_TOPIC
        text = Path(str(module.__file__)).read_text(encoding="utf-8")
        assert re.findall(r'group="([^"]+)"', text) == [trigger["consumerGroup"]]


def test_plain_http_only_redirects() -> None:
    listeners = of_kind("overlays/production", "Gateway")["adwright"]["spec"]["listeners"]
    assert {item["name"]: (item["port"], item["protocol"]) for item in listeners} == {
        "https": (443, "HTTPS"),
        "http": (80, "HTTP"),
    }
    for name, route in of_kind("overlays/production", "HTTPRoute").items():
        [parent] = route["spec"]["parentRefs"]
        [rule] = route["spec"]["rules"]
        if parent["sectionName"] == "http":
            assert name == "https-redirect"
            assert "backendRefs" not in rule
            [item] = rule["filters"]
            assert item["requestRedirect"] == {"scheme": "https", "port": 443, "statusCode": 308}
        else:
            assert parent["sectionName"] == "https"


def test_cert_manager_writes_the_secret_that_the_gateway_reads() -> None:
    [listener] = [
        item for item in of_kind("overlays/production", "Gateway")["adwright"]["spec"]["listeners"] if "tls" in item
    ]
    [certificate] = of_kind("overlays/production", "Certificate").values()
    assert listener["tls"]["certificateRefs"] == [{"name": certificate["spec"]["secretName"]}]
    assert certificate["spec"]["issuerRef"]["name"] in of_kind("overlays/production", "Issuer")
    [config] = [
        item for name, item in of_kind("overlays/production", "ConfigMap").items() if name.startswith("adwright-")
        and "ADWRIGHT_PUBLIC_URL" in item["data"]
    ]  # fmt: skip
    host = config["data"]["ADWRIGHT_PUBLIC_URL"].removeprefix("https://")
    assert certificate["spec"]["dnsNames"] == [host]
    [issuer] = of_kind("overlays/production", "Issuer").values()
    [solver] = issuer["spec"]["acme"]["solvers"]
    [parent] = solver["http01"]["gatewayHTTPRoute"]["parentRefs"]
    assert parent["sectionName"] == "http"


@pytest.mark.parametrize("overlay", ["overlays/dev", "overlays/production", "overlays/recovery"])
def test_secrets_are_files_and_only_the_job_service_signs_assets(overlay: str) -> None:
    for name, deployment in of_kind(overlay, "Deployment").items():
        pod = deployment["spec"]["template"]["spec"]
        mounted: dict[str, str] = {}
        for mount in container(deployment)["volumeMounts"]:
            [volume] = [item for item in pod["volumes"] if item["name"] == mount["name"]]
            if volume.get("secret", {}).get("secretName") == "adwright":
                assert "subPath" not in mount, "a part of a volume never changes in a running pod"
                mounted |= {f"{mount['mountPath']}/{item['path']}": item["key"] for item in volume["secret"]["items"]}
        files = {key: mounted[value] for key, value in environment(deployment).items() if value in mounted}
        expected = {"ADWRIGHT_SERVICE_SECRET_FILE": "service-secret"}
        if name == "job":
            expected["ADWRIGHT_ASSET_SIGNING_SECRET_FILE"] = "asset-signing-secret"
        assert files == expected, name
        assert len(mounted) == len(files), name


@pytest.mark.parametrize(
    ("overlay", "settings"),
    [("overlays/production", "gateway/resources/settings.json"), ("overlays/dev", "deploy/overlays/dev/gateway.json")],
)
def test_rate_limits_are_divided_by_the_number_of_gateways(overlay: str, settings: str) -> None:
    given = cluster_settings((ROOT / settings).read_text(encoding="utf-8"))
    [proxy] = of_kind(overlay, "EnvoyProxy").values()
    kubernetes = proxy["spec"]["provider"]["kubernetes"]
    assert kubernetes["envoyDeployment"]["replicas"] == given.replicas
    assert "envoyHpa" not in kubernetes, "a number that changes cannot be in the settings"


def test_patch_sets_every_field_of_the_connection_manager() -> None:
    given = cluster_settings((ROOT / "gateway/resources/settings.json").read_text(encoding="utf-8"))
    descriptors = read_descriptors(given.descriptors)
    ours = listener(given, routes_of(descriptors), messages_of(descriptors))
    manager = ours["filter_chains"][0]["filters"][0]["typed_config"]
    [policy] = of_kind("overlays/production", "EnvoyPatchPolicy").values()
    patched = {item["operation"]["path"].removeprefix("/") for item in policy["spec"]["jsonPatches"]}
    assert set(manager) - set(SET_BY_ENVOY_GATEWAY) <= patched
