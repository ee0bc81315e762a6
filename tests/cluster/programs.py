"""Builds Kubernetes and its DNS server from their Go modules: pinned in go.mod, verified by go.sum."""

from __future__ import annotations

from tests.cluster.commands import BUILD_SECONDS, run, step
from tests.cluster.places import BIN, FOLDER, KUBERNETES

KUBERNETES_PROGRAMS = (
    "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy",
)  # fmt: skip
MAJOR, MINOR = KUBERNETES.removeprefix("v").split(".")[:2]
VERSION = "k8s.io/component-base/version"
FLAGS = f"-s -w -X {VERSION}.gitVersion={KUBERNETES} -X {VERSION}.gitMajor={MAJOR} -X {VERSION}.gitMinor={MINOR}"


def build() -> None:
    """Builds what is missing: about 10 minutes of two cores the first time."""
    folder = FOLDER / "kubernetes"
    packages = [f"k8s.io/kubernetes/cmd/{name}" for name in KUBERNETES_PROGRAMS]
    step("kubernetes", (KUBERNETES, folder, *packages), lambda: _build("kubernetes", *packages, flags=FLAGS))
    # It runs in an image without a C library.
    static = {"CGO_ENABLED": "0"}
    step("coredns", (folder.with_name("coredns"),), lambda: _build("coredns", ".", **static))


def _build(module: str, *packages: str, flags: str = "-s -w", **environment: str) -> None:
    BIN.mkdir(parents=True, exist_ok=True)
    command = ("nice", "-n", "15", "go", "build", "-mod=readonly", "-trimpath", "-ldflags", flags, "-o", f"{BIN}/")
    run(*command, *packages, folder=FOLDER / module, environment=environment, seconds=BUILD_SECONDS)
