"""The Helm chart is what kustomize renders of the same components, and its values arrive where they should."""

from __future__ import annotations

import base64
import copy
import gzip
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import jsonschema_rs
import pytest
import yaml

from deploy.chart.__main__ import manifests_with, write_files
from deploy.chart.build import CONFIG, LEFT_OUT, TRIAL, Plan, files, plan
from deploy.chart.rendering import Manifests, Rendering
from deploy.chart.table import read_table
from deploy.chart.tree import change, grow, holds, value
from tests.platform import tools
from tests.platform.manifests import Loader, Resource, container, environment, rendered
from tests.platform.schemas import KUBERNETES, complaints
from tests.platform.test_manifests import STRIMZI

pytestmark = pytest.mark.timeout(tools.BUILD_SECONDS + 300)

TABLE = read_table()
ADDED_LABELS = {
    "app.kubernetes.io/managed-by": "Helm",
    "app.kubernetes.io/instance": "adwright",
    "app.kubernetes.io/version": "0.1.0",
    "helm.sh/chart": "adwright-0.1.0",
}
RECORD_BYTES = 1_048_576  # of a Secret, in which Helm keeps a release
CLOUDS = ("eks", "gke", "aks")


@pytest.fixture(scope="module")
def manifests() -> Iterator[Manifests]:
    with manifests_with() as found:
        yield found


@pytest.fixture(scope="module")
def made(manifests: Manifests) -> Plan:
    return plan(TABLE, manifests)


@pytest.fixture(scope="module")
def chart(manifests: Manifests, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("chart") / "adwright"
    write_files(folder, files(TABLE, manifests))
    return folder


@pytest.fixture(scope="module")
def schema(chart: Path) -> jsonschema_rs.Validator:
    return jsonschema_rs.Draft7Validator(json.loads((chart / "values.schema.json").read_text(encoding="utf-8")))


def run_helm(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    line = [tools.program(tools.HELM, "cmd/helm"), *arguments, "--kube-version", f"{KUBERNETES}.0"]
    return subprocess.run(line, capture_output=True, text=True, check=False)


def template(chart: Path, values: dict[str, Any], *more: str | Path) -> list[Resource]:
    """Returns the resources that Helm makes of the chart with these values."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "values.yaml"
        file.write_text(yaml.safe_dump(values), encoding="utf-8")
        done = run_helm("template", "adwright", chart, "--namespace", "adwright", *more, "--values", file)
    assert done.returncode == 0, done.stderr
    return [item for item in yaml.load_all(done.stdout, Loader=Loader) if item]


def of_helm(resources: list[Resource]) -> Rendering:
    """Returns resources by kind and name, without the labels and the annotation that the chart adds."""
    found = {}
    for item in copy.deepcopy(resources):
        metadata = item["metadata"]
        for name in list(metadata["labels"]):
            if name in ADDED_LABELS:
                assert metadata["labels"].pop(name) == ADDED_LABELS[name]
        if not metadata["labels"]:
            del metadata["labels"]
        if item["kind"] == "Deployment":
            pods = item["spec"]["template"]["metadata"]
            assert re.fullmatch("[0-9a-f]{64}", pods.pop("annotations")["checksum/config"])
        found[item["kind"], metadata["name"]] = item
    assert len(found) == len(resources)
    return found


def of_kustomize(resources: tuple[Resource, ...]) -> Rendering:
    """Returns resources by kind and name, with the ConfigMap's name without its hash, and without the namespace."""
    text = json.dumps(resources)
    for name in re.findall(r'"(adwright-[a-z0-9]{10})"', text):
        if any(item["kind"] == "ConfigMap" and item["metadata"]["name"] == name for item in resources):
            text = text.replace(f'"{name}"', '"adwright"')
    found = {(item["kind"], item["metadata"]["name"]): item for item in json.loads(text) if item["kind"] != "Namespace"}
    for (kind, _), item in found.items():
        if kind == "Secret":  # kustomize folds long values
            item["data"] = {key: text.replace("\n", "") for key, text in item["data"].items()}
    return found


def differences(found: Rendering, wanted: Rendering) -> list[str]:
    """Returns the resources that one of two renderings lacks, or that differ."""
    return [
        " ".join(key) for key in sorted(set(found) | set(wanted)) if found.get(key) != wanted.get(key)
    ]  # fmt: skip


# Trees


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"a": 1, "c": 3}, {"a": 1, "b": 2, "c": 3}),
        ({"a": 1, "b": 2}, {"a": 1}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 2, "c": 2}}),
        ({"a": {}}, {"a": {"b": 1}}),
        ({"a": {"b": 1}}, {"a": {"c": 1}}),
        ([{"name": "x"}, {"name": "y"}], [{"name": "w"}, {"name": "x", "z": 1}, {"name": "y"}]),
        (["a", "b"], ["b", "a"]),
        (["a", "a"], ["a"]),
        ({"a": 1}, {"a": [1]}),
    ],
)
def test_tree_is_both_renderings_by_its_switch(old: Any, new: Any) -> None:
    tree = change(grow(old), old, new, "on", frozenset())
    assert value(tree, frozenset()) == old
    assert value(tree, frozenset({"on"})) == new


def test_switch_changes_what_another_added() -> None:
    plain, first, both = {"a": 1}, {"a": 1, "b": {"c": 1}}, {"a": 1, "b": {"c": 2, "d": 3}}
    tree = change(grow(plain), plain, first, "first", frozenset())
    tree = change(tree, first, both, "second", frozenset({"first"}))
    assert value(tree, frozenset({"first", "second"})) == both
    assert value(tree, frozenset({"second"})) == plain


# Without Helm: the chart's resources by switches are kustomize's by components


@pytest.mark.parametrize(
    "switches",
    [
        (),
        ("postgres", "kafka"),
        ("kafka", "gateway", "monitoring"),
        ("credentials", "assetsBackup", "kafka", "autoscaling", "network"),
        *[("postgres", "backup", cloud, "kafka", "network", "autoscaling") for cloud in CLOUDS],
        (
            "postgres",
            "backup",
            "credentials",
            "kafka",
            "network",
            "autoscaling",
            "monitoring",
            "certificates",
            "gateway",
        ),
    ],
    ids=" ".join,
)
def test_switches_are_components(switches: tuple[str, ...], made: Plan, manifests: Manifests) -> None:
    wanted, _ = TABLE.lift(manifests.of_components(TABLE.components(switches)))
    wanted = {key: item for key, item in wanted.items() if key[0] not in LEFT_OUT and key != CONFIG}
    enabled = frozenset(switches)
    found = {key: value(item.tree, enabled) for key, item in made.resources.items() if holds(item.when, enabled)}
    assert differences(found, wanted) == []


def test_trial_is_the_overlay_for_development(made: Plan, manifests: Manifests) -> None:
    components = manifests.components_of("dev")
    enabled = frozenset({TRIAL, *(switch.name for switch in TABLE.switches if switch.component in components)})
    wanted, _ = TABLE.lift(manifests.of_overlay("dev"))
    wanted = {key: item for key, item in wanted.items() if key[0] not in LEFT_OUT and key != CONFIG}
    found = {key: value(item.tree, enabled) for key, item in made.resources.items() if holds(item.when, enabled)}
    assert differences(found, wanted) == []


def test_every_component_is_a_switch_of_the_chart() -> None:
    folder = Path(__file__).parents[2] / "deploy"
    existing = {str(path.parent.relative_to(folder)) for path in folder.glob("components/**/kustomization.yaml")}
    switched = {switch.component for switch in TABLE.switches} - {"../gateway/resources"}
    assert existing - switched == {"components/recovery", "components/signing"}


# Values


def test_files_of_values_fit_the_schema(chart: Path, schema: jsonschema_rs.Validator) -> None:
    for name in ("values.yaml", "values-dev.yaml", "values-production.yaml"):
        given = yaml.safe_load((chart / name).read_text(encoding="utf-8"))
        assert [error.message for error in schema.iter_errors(given)] == [], name


def test_every_value_of_the_table_has_a_comment(chart: Path) -> None:
    text = (chart / "values.schema.json").read_text(encoding="utf-8")
    described = json.loads(text)["properties"]
    for place in TABLE.places:
        inside: Any = {"properties": described}
        for step in place.path[: place.path.index("*") if "*" in place.path else None]:
            inside = inside["properties"][step]
        assert inside.get("description"), place.path


WRONG: list[dict[str, Any]] = [
    {"posgres": {"enabled": True}},
    {"postgres": {"enabled": "yes"}},
    {"postgres": {"instances": 0}},
    {"postgres": {"storage": "much"}},
    {"bucket": {"access": "s3"}},
    {"services": {"catalogue": {"replicas": 1}}},
    {"services": {"catalog": {"replicas": -1}}},
    {"services": {"catalog": {"resources": {"request": {}}}}},
    {"services": {"catalog": {"env": [{"value": "x"}]}}},
    {"config": {"ADWRIGHT_LOG_LEVELS": "info"}},
    {"config": {"ADWRIGHT_KEEP_JOBS_DAYS": 400}},
    {"image": {"digest": "latest"}},
    {"image": {"pullPolicy": "Sometimes"}},
    {"secrets": {"adwright": {"service-secret": "x"}}},
    {"certificates": {"hosts": []}},
]


@pytest.mark.parametrize("values", WRONG, ids=json.dumps)
def test_schema_refuses_wrong_values(values: dict[str, Any], schema: jsonschema_rs.Validator) -> None:
    assert not schema.is_valid(values)


# With Helm


@pytest.mark.slow
@pytest.mark.parametrize("values", ["values.yaml", "values-dev.yaml", "values-production.yaml"])
def test_helm_finds_nothing_to_complain_about(chart: Path, values: str) -> None:
    done = run_helm("lint", chart, "--strict", "--namespace", "adwright", "--values", chart / values)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "[WARNING]" not in done.stdout
    assert "[ERROR]" not in done.stdout


@pytest.mark.slow
def test_production_is_the_overlay_and_the_migrations(chart: Path) -> None:
    found = of_helm(template(chart, {}, "--values", chart / "values-production.yaml"))
    wanted = of_kustomize(rendered("overlays/production"))
    jobs = of_kustomize(rendered("migrations"))
    image = container(wanted["Deployment", "job"])["image"]
    for job in jobs.values():
        job["spec"]["template"]["spec"]["containers"][0]["image"] = image
    assert differences(found, wanted | jobs) == []


@pytest.mark.slow
def test_development_is_its_overlay(chart: Path) -> None:
    found = of_helm(template(chart, {}, "--values", chart / "values-dev.yaml"))
    wanted = of_kustomize(rendered("overlays/dev"))
    # The gateway's settings are the chart's, of both overlays.
    assert differences(found, wanted) == []


@pytest.mark.slow
@pytest.mark.parametrize("cloud", CLOUDS)
def test_roles_of_a_cloud_are_its_component(chart: Path, cloud: str) -> None:
    instead = (("components/bucket/credentials", f"components/bucket/{cloud}"),)
    wanted = of_kustomize(rendered("overlays/production", instead))
    destination = wanted["Cluster", "adwright-database"]["spec"]["backup"]["barmanObjectStore"]["destinationPath"]
    values = {
        "bucket": {"access": cloud},
        "backup": {"destination": destination},
        "migrations": {"enabled": False},
    }
    found = of_helm(template(chart, values, "--values", chart / "values-production.yaml"))
    assert differences(found, wanted) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["dev", "production"])
def test_every_resource_of_the_chart_is_valid(chart: Path, name: str) -> None:
    found = template(chart, {}, "--values", chart / f"values-{name}.yaml")
    assert complaints([item for item in found if item["apiVersion"] != STRIMZI]) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"backup": {"enabled": True}}, "backup.enabled needs postgres.enabled"),
        ({"autoscaling": {"enabled": True}}, "autoscaling.enabled needs kafka.enabled"),
        ({"certificates": {"enabled": True}}, "certificates.enabled needs gateway.enabled"),
        ({"assetsBackup": {"enabled": True}}, "assetsBackup.enabled needs bucket.access=credentials"),
        ({"bucket": {"access": "s3"}}, "bucket/access"),
    ],
)
def test_helm_refuses_values_that_make_no_sense(chart: Path, values: dict[str, Any], message: str) -> None:
    with pytest.raises(AssertionError, match=re.escape(message)):
        template(chart, values)


@pytest.mark.slow
def test_components_that_name_the_namespace_are_refused_in_another(chart: Path) -> None:
    done = run_helm("template", "adwright", chart, "--namespace", "ads", "--set", "gateway.enabled=true")
    assert "install with --namespace adwright" in done.stderr
    plain = run_helm("template", "adwright", chart, "--namespace", "ads")
    assert {item["metadata"]["namespace"] for item in yaml.load_all(plain.stdout, Loader=Loader) if item} == {"ads"}


@pytest.mark.slow
def test_changed_values_arrive(chart: Path) -> None:
    digest = "sha256:" + "a" * 64
    toleration = {"key": "gpu", "operator": "Exists"}
    affinity: Resource = {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}}
    values = {
        "image": {"repository": "r.example.com/ads", "digest": digest, "pullPolicy": "Always", "pullSecrets": ["pull"]},
        "config": {"ADWRIGHT_LOG_LEVEL": "{{ debug }}", "ADWRIGHT_KAFKA_REPLICATION": "2"},
        "kafka": {"enabled": True},
        "pods": {"nodeSelector": {"zone": "a"}, "annotations": {"team": "ads"}},
        "services": {
            "image-worker": {
                "replicas": 5,
                "resources": {"limits": {"memory": "5Gi"}},
                "env": [{"name": "EXTRA", "value": "1"}],
                "nodeSelector": {"disk": "fast"},
                "tolerations": [toleration],
                "affinity": affinity,
                "podAnnotations": {"note": "x"},
            }
        },
    }
    found = {(item["kind"], item["metadata"]["name"]): item for item in template(chart, values)}
    worker, job = found["Deployment", "image-worker"], found["Deployment", "job"]
    pod = worker["spec"]["template"]["spec"]
    assert worker["spec"]["replicas"] == 5
    assert container(worker)["image"] == f"r.example.com/ads@{digest}"
    assert container(worker)["imagePullPolicy"] == "Always"
    assert container(worker)["resources"]["limits"] == {"memory": "5Gi", "ephemeral-storage": "8Gi"}
    assert environment(worker)["EXTRA"] == "1"
    assert "EXTRA" not in environment(job)
    assert pod["imagePullSecrets"] == [{"name": "pull"}]
    assert pod["nodeSelector"] == {"zone": "a", "disk": "fast"}
    assert job["spec"]["template"]["spec"]["nodeSelector"] == {"zone": "a"}
    assert pod["tolerations"] == [toleration]
    assert pod["affinity"] == affinity
    annotations = worker["spec"]["template"]["metadata"]["annotations"]
    assert {name: annotations[name] for name in ("team", "note")} == {"team": "ads", "note": "x"}
    data = found["ConfigMap", "adwright"]["data"]
    assert data["ADWRIGHT_LOG_LEVEL"] == "{{ debug }}"
    assert data["ADWRIGHT_KAFKA_REPLICATION"] == "2"
    assert data["ADWRIGHT_KAFKA_SECURITY_PROTOCOL"] == "SASL_SSL"
    migration = found["Job", "job-migrate-0-1-0"]
    assert container(migration)["image"] == f"r.example.com/ads@{digest}"
    assert migration["spec"]["template"]["spec"]["nodeSelector"] == {"zone": "a"}


@pytest.mark.slow
def test_changed_configuration_restarts_pods_and_changed_replicas_do_not(chart: Path) -> None:
    def checksum(values: dict[str, Any]) -> str:
        [job] = [item for item in template(chart, values) if item["metadata"]["name"] == "job" and "spec" in item
                 and item["kind"] == "Deployment"]  # fmt: skip
        return str(job["spec"]["template"]["metadata"]["annotations"]["checksum/config"])

    plain = checksum({})
    assert checksum({"services": {"job": {"replicas": 3}}}) == plain
    assert checksum({"config": {"ADWRIGHT_LOG_LEVEL": "debug"}}) != plain
    assert checksum({"kafka": {"enabled": True}}) != plain


@pytest.mark.slow
def test_migrations_precede_an_upgrade_and_accompany_an_installation(chart: Path) -> None:
    hook = "helm.sh/hook"
    for more, hooks in (((), set[str]()), (("--is-upgrade",), {"pre-upgrade"})):
        jobs = [item for item in template(chart, {}, *more) if item["kind"] == "Job"]
        assert len(jobs) == 5
        assert {
            item["metadata"]["annotations"][hook] for item in jobs if hook in item["metadata"]["annotations"]
        } == hooks


@pytest.mark.slow
def test_secrets_of_a_trial_are_created(chart: Path) -> None:
    values = {"secrets": {"adwright-bucket": {"data": {"access-key": "a", "secret-key": "b:c"}}}}
    [secret] = [item for item in template(chart, values) if item["kind"] == "Secret"]
    assert secret["type"] == "Opaque"
    assert {key: base64.b64decode(text) for key, text in secret["data"].items()} == {
        "access-key": b"a",
        "secret-key": b"b:c",
    }


@pytest.mark.slow
def test_record_of_a_release_fits_into_a_secret(chart: Path) -> None:
    manifest = yaml.safe_dump_all(template(chart, {}, "--values", chart / "values-production.yaml"))
    texts = [path.read_bytes() for path in sorted(chart.rglob("*")) if path.is_file()]
    record = b"".join(base64.b64encode(text) for text in texts) + manifest.encode()
    size = len(base64.b64encode(gzip.compress(record)))
    print(f"a release's record has about {size / 1e6:.2f} MB")
    assert size < RECORD_BYTES / 2
