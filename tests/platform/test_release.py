"""Optional components for releases: copies of assets, images by digest, signatures."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.platform import tools
from tests.platform.manifests import ROOT, build, container, of_kind, rendered
from tests.platform.network import Endpoint, Flow, Network
from tests.platform.pod_security import violations
from tests.platform.schemas import complaints
from tests.platform.test_manifests import STRIMZI
from tests.platform.test_network import NAMESPACES, endpoints

pytestmark = pytest.mark.timeout(tools.BUILD_SECONDS + 300)

PRODUCTION = "overlays/production"
MONITORING = "  - ../../components/monitoring\n"
WITH_ALL = (
    (MONITORING, f"{MONITORING}  - ../../components/assets-backup\n  - ../../components/signing\n"),
)  # fmt: skip
DIGEST = "sha256:" + "0123456789abcdef" * 4


def test_all_components_together_render_valid_manifests() -> None:
    found = [item for item in rendered(PRODUCTION, WITH_ALL) if item["apiVersion"] != STRIMZI]
    assert complaints(found) == []


def test_assets_copy_never_overwrites_and_has_a_deadline() -> None:
    job = of_kind(PRODUCTION, "CronJob", WITH_ALL)["assets-backup"]["spec"]
    pod = job["jobTemplate"]["spec"]["template"]["spec"]
    assert violations(pod) == []
    [rclone] = pod["containers"]
    assert rclone["args"][0] == "copy", "sync would delete in the copy what was lost in the bucket"
    assert "--immutable" in rclone["args"]
    assert job["concurrencyPolicy"] == "Forbid"
    assert job["jobTemplate"]["spec"]["activeDeadlineSeconds"] < 24 * 3600
    config = next(
        item["data"]["ADWRIGHT_ASSETS_URL"]
        for item in of_kind(PRODUCTION, "ConfigMap", WITH_ALL).values()
        if "ADWRIGHT_ASSETS_URL" in item["data"]
    )
    source, copy = rclone["args"][1:3]
    assert source == config.replace("s3://", "SOURCE:")
    assert copy.split("/")[0].removeprefix("COPY:") != source.split("/")[0].removeprefix("SOURCE:")


def test_assets_copy_reaches_only_the_buckets() -> None:
    labels = of_kind(PRODUCTION, "CronJob", WITH_ALL)["assets-backup"]["spec"]["jobTemplate"]["spec"]["template"]
    pod = Endpoint(
        name="copying", address="10.244.1.1", namespace="adwright", labels=labels["metadata"]["labels"]
    )  # fmt: skip
    policies = list(of_kind(PRODUCTION, "NetworkPolicy", WITH_ALL).values())
    network = Network(policies, [*endpoints(), pod], NAMESPACES)
    reached = {
        (item.name, port)
        for item in endpoints()
        for port in (53, 80, 443, 5432, 6443, 7100, 9093)
        if network.allows(Flow(source="copying", target=item.name, port=port))
    }
    assert reached == {("dns", 53), ("internet", 443), ("internet6", 443)}


def set_image(folder: Path, image: str) -> None:
    """Writes what `kustomize edit set image` writes into the kustomization of an overlay."""
    name, digest = image.split("@")
    file = folder / "kustomization.yaml"
    kustomization = yaml.safe_load(file.read_text(encoding="utf-8"))
    kustomization["images"] = [{"name": "adwright", "newName": name, "digest": digest}]
    file.write_text(yaml.safe_dump(kustomization), encoding="utf-8")


def run_documented_command(folder: Path, image: str) -> None:
    """Runs the command of deploy/README.md."""
    kustomize = tools.program(tools.KUSTOMIZE)
    subprocess.run([kustomize, "edit", "set", "image", f"adwright={image}"], cwd=folder, check=True)


@pytest.mark.parametrize(
    "set_image", [set_image, pytest.param(run_documented_command, marks=pytest.mark.slow)], ids=["file", "command"]
)
@pytest.mark.parametrize("overlay", [PRODUCTION, "overlays/recovery", "migrations"])
def test_overlay_runs_the_image_of_the_releases_digest(
    overlay: str, set_image: Callable[[Path, str], None], tmp_path: Path
) -> None:
    shutil.copytree(ROOT / "deploy", tmp_path / "deploy")
    shutil.copytree(ROOT / "gateway" / "resources", tmp_path / "gateway" / "resources")
    (tmp_path / "gateway" / "resources" / "generated.yaml").write_text("", encoding="utf-8")
    folder = tmp_path / "deploy" / overlay
    image = f"registry.example.com/adwright@{DIGEST}"
    set_image(folder, image)
    workloads = [item for item in yaml.safe_load_all(build(folder)) if item["kind"] in {"Deployment", "Job"}]
    assert workloads
    assert {container(item)["image"] for item in workloads} == {image}


def test_signature_policy_covers_the_running_image() -> None:
    [policy] = of_kind(PRODUCTION, "ClusterImagePolicy", WITH_ALL).values()
    [image] = {container(item)["image"] for item in of_kind(PRODUCTION, "Deployment", WITH_ALL).values()}
    [pattern] = [item["glob"] for item in policy["spec"]["images"]]
    assert pattern.endswith("**")
    assert image.startswith(pattern.removesuffix("**"))
    [namespace] = of_kind(PRODUCTION, "Namespace", WITH_ALL).values()
    assert namespace["metadata"]["labels"]["policy.sigstore.dev/include"] == "true"
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
