"""The Kubernetes manifests as kustomize renders them."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from gateway.kubernetes import resources, settings_of
from tests.platform import tools

ROOT = Path(__file__).parents[2]
OVERLAYS = ("overlays/dev", "overlays/production", "migrations")

Resource = dict[str, Any]


@cache
def rendered(overlay: str) -> tuple[Resource, ...]:
    """The resources of an overlay of deploy/."""
    kustomize = tools.program(tools.KUSTOMIZE)
    with TemporaryDirectory() as folder:
        shutil.copytree(ROOT / "deploy", Path(folder) / "deploy")
        shutil.copytree(ROOT / "gateway" / "resources", Path(folder) / "gateway" / "resources")
        generated = Path(folder) / "gateway" / "resources" / "generated.yaml"
        generated.write_text(yaml.safe_dump_all(gateway_resources()), encoding="utf-8")
        text = subprocess.run(
            [kustomize, "build", Path(folder) / "deploy" / overlay], capture_output=True, text=True, check=True
        ).stdout
    return tuple(yaml.load_all(text, Loader=yaml.CSafeLoader))


@cache
def gateway_resources() -> tuple[Resource, ...]:
    text = (ROOT / "gateway" / "resources" / "settings.json").read_text(encoding="utf-8")
    return tuple(resources(settings_of(text)))


def of_kind(overlay: str, kind: str) -> dict[str, Resource]:
    """The resources of a kind, by name."""
    return {item["metadata"]["name"]: item for item in rendered(overlay) if item["kind"] == kind}


def container(deployment: Resource) -> Resource:
    """The one container of a workload."""
    [found] = deployment["spec"]["template"]["spec"]["containers"]
    return dict(found)


def environment(deployment: Resource) -> dict[str, str]:
    """The plain variables of a container."""
    return {item["name"]: item["value"] for item in container(deployment).get("env", []) if "value" in item}
