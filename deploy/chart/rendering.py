"""Renders base/ with components, and overlays, by kustomize: a part of kubectl."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).resolve().parents[2]
KUBECTL: Final = Path(sys.executable).parent / "kubectl"
NAMESPACE: Final = "adwright"

Resource = dict[str, Any]
Key = tuple[str, str]  # kind and name
Rendering = dict[Key, Resource]

# ConfigMaps without the hash of their content in their names: the chart's pods have it in an annotation.
UNHASHED: Final = {"name": "adwright", "behavior": "merge", "options": {"disableNameSuffixHash": True}}


class RenderError(Exception):
    """kustomize refused a folder. The message is its own."""


class Loader(yaml.CSafeLoader):
    """Loads times as texts, like Kubernetes."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if not tag.endswith(":timestamp")]
    for first, found in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


class Manifests:
    """A copy of the manifests in `folder`, in which overlays of any components can be rendered."""

    def __init__(self, folder: Path, gateway: list[Resource]) -> None:
        self._folder = folder / "deploy"
        self._known: dict[Path, Rendering] = {}
        for name in ("base", "components", "migrations", "overlays"):
            shutil.copytree(ROOT / "deploy" / name, self._folder / name)
        shutil.copytree(ROOT / "gateway" / "resources", folder / "gateway" / "resources")
        generated = folder / "gateway" / "resources" / "generated.yaml"
        generated.write_text(yaml.dump_all(gateway, Dumper=yaml.CSafeDumper), encoding="utf-8")

    def of_components(self, components: tuple[str, ...]) -> Rendering:
        """Returns the resources of base/ with these components."""
        name = "-".join(component.replace("/", "_").strip("._") for component in components)
        folder = self._folder / "of_components" / (name or "base")
        if folder not in self._known:
            kustomization = {
                "apiVersion": "kustomize.config.k8s.io/v1beta1",
                "kind": "Kustomization",
                "namespace": NAMESPACE,
                "resources": ["../../base"],
                "components": [f"../../{component}" for component in components],
                "configMapGenerator": [UNHASHED],
            }
            folder.mkdir(parents=True)
            (folder / "kustomization.yaml").write_text(yaml.safe_dump(kustomization), encoding="utf-8")
        return self.of_folder(folder)

    def of_overlay(self, name: str) -> Rendering:
        """Returns the resources of overlays/NAME."""
        folder = self._folder / "overlays" / name
        if folder not in self._known:
            file = folder / "kustomization.yaml"
            kustomization = yaml.safe_load(file.read_text(encoding="utf-8"))
            kustomization["generatorOptions"] = {"disableNameSuffixHash": True}
            file.write_text(yaml.safe_dump(kustomization), encoding="utf-8")
        return self.of_folder(folder)

    def components_of(self, overlay: str) -> list[str]:
        """Returns the components of overlays/NAME, relative to deploy/."""
        file = self._folder / "overlays" / overlay / "kustomization.yaml"
        found: list[str] = yaml.safe_load(file.read_text(encoding="utf-8"))["components"]
        return [component.removeprefix("../../") for component in found]

    def migrations(self) -> Rendering:
        return self.of_folder(self._folder / "migrations")

    def of_folder(self, folder: Path) -> Rendering:
        """Returns the resources of a folder by kind and name. Raises RenderError."""
        if folder not in self._known:
            line: list[str | Path] = [KUBECTL, "kustomize", folder]
            done = subprocess.run(line, capture_output=True, text=True, check=False)  # noqa: S603 - our own program
            if done.returncode:
                raise RenderError(f"{folder.relative_to(self._folder)}: {done.stderr.strip()}")
            found: list[Resource] = list(yaml.load_all(done.stdout, Loader=Loader))
            self._known[folder] = {(item["kind"], item["metadata"]["name"]): item for item in found}
        return self._known[folder]
