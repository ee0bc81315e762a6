"""Folders, names and versions of the test cluster."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
FOLDER: Final = Path(__file__).parent
RESOURCES: Final = FOLDER / "resources"

CACHE: Final = Path(
    os.environ.get("ADWRIGHT_TEST_CLUSTER_CACHE")
    or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "adwright" / "cluster"
)
BIN: Final = CACHE / "bin"
IMAGES: Final = CACHE / "images"
RUN: Final = CACHE / "run"  # of a running node; `down` removes it
STATE: Final = RUN / "state.json"  # what the tests need to reach the cluster

NAMESPACE: Final = "adwright"
GATEWAY_PORT: Final = 8080  # deploy/overlays/dev: ADWRIGHT_PUBLIC_URL
RELEASE: Final = "0.1.0"

KUBERNETES: Final = "v1.34.4"
DEBIAN: Final = "bookworm"
BASE_PACKAGES: Final = ("python3.11", "python3-venv", "python-is-python3", "ca-certificates")
# Programs that the steps run, by the Debian package that has them.
PACKAGES: Final = {
    "buildah": "buildah",
    "debootstrap": "debootstrap",
    "etcd": "etcd-server",
    "containerd": "containerd",
    "runc": "runc",
    "nft": "nftables",
    "iptables": "iptables",
    "busybox": "busybox-static",
    "openssl": "openssl",
    "ip": "iproute2",
    "nsenter": "util-linux",
    "/usr/lib/cni/bridge": "containernetworking-plugins",
}

BASE_IMAGE: Final = "localhost/adwright-test-base:1"
APPLICATION_IMAGE: Final = f"docker.io/library/adwright:{RELEASE}"
STAND_INS_IMAGE: Final = "docker.io/library/adwright-stand-ins:test"
STAND_INS_OF_MACHINE: Final = {
    name: f"localhost/adwright-stand-in-{name}:test" for name in ("postgres", "kafka", "envoy")
}
PAUSE_IMAGE: Final = "registry.k8s.io/pause:3.10"
DNS_IMAGE: Final = "registry.k8s.io/coredns/coredns:test"
