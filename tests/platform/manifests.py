"""The Kubernetes manifests as kustomize, a part of kubectl, renders them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from gateway.kubernetes import cluster_settings, resources

ROOT = Path(__file__).parents[2]
KUBECTL = Path(sys.executable).parent / "kubectl"
OVERLAYS = ("overlays/dev", "overlays/production", "overlays/recovery", "migrations")

Resource = dict[str, Any]


class Loader(yaml.CSafeLoader):
    """Loads times as strings, like Kubernetes."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if not tag.endswith(":timestamp")]
    for first, found in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


@cache
def rendered(overlay: str, instead: tuple[tuple[str, str], ...] = ()) -> tuple[Resource, ...]:
    """Renders an overlay of deploy/, unchanged or with some texts of its kustomization replaced."""
    with TemporaryDirectory() as folder:
        shutil.copytree(ROOT / "deploy", Path(folder) / "deploy")
        shutil.copytree(ROOT / "gateway" / "resources", Path(folder) / "gateway" / "resources")
        kustomization = Path(folder) / "deploy" / overlay / "kustomization.yaml"
        text = kustomization.read_text(encoding="utf-8")
        for old, new in instead:
            assert old in text, f"{overlay} has no {old}"
            text = text.replace(old, new)
        kustomization.write_text(text, encoding="utf-8")
        generated = Path(folder) / "gateway" / "resources" / "generated.yaml"
        generated.write_text(yaml.dump_all(gateway_resources(), Dumper=yaml.CSafeDumper), encoding="utf-8")
        text = build(Path(folder) / "deploy" / overlay)
    return tuple(yaml.load_all(text, Loader=Loader))


def build(folder: Path) -> str:
    """Returns the YAML that kustomize makes of a folder."""
    return subprocess.run([KUBECTL, "kustomize", folder], capture_output=True, text=True, check=True).stdout


@cache
def gateway_resources() -> tuple[Resource, ...]:
    text = (ROOT / "gateway" / "resources" / "settings.json").read_text(encoding="utf-8")
    return tuple(resources(cluster_settings(text)))


def of_kind(overlay: str, kind: str, instead: tuple[tuple[str, str], ...] = ()) -> dict[str, Resource]:
    """Returns the resources of a kind by name."""
    return {item["metadata"]["name"]: item for item in rendered(overlay, instead) if item["kind"] == kind}


def container(deployment: Resource) -> Resource:
    """Returns the one container of a workload."""
    [found] = deployment["spec"]["template"]["spec"]["containers"]
    return dict(found)


def environment(deployment: Resource) -> dict[str, str]:
    """Returns the variables of a container that have literal values."""
    return {item["name"]: item["value"] for item in container(deployment).get("env", []) if "value" in item}
