"""Programs and schemas for tests that no Python package contains: fetched once, pinned, verified by hash."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest

BUILD_SECONDS = 1_500
CACHE = Path.home() / ".cache" / "adwright" / "tools"


@dataclass(frozen=True, slots=True, kw_only=True)
class GoModule:
    """A Go module with its version and the Go tools' checksum."""

    path: str
    version: str
    checksum: str


KUSTOMIZE = GoModule(
    path="sigs.k8s.io/kustomize/kustomize/v5",
    version="v5.8.1",
    checksum="h1:Pgsg5psubpVEy7Nf6S89PARg5VmmWUC1l9dC6Dl4PG0=",
)
KUBECTL_VALIDATE = GoModule(
    path="sigs.k8s.io/kubectl-validate", version="v0.0.4", checksum="h1:tGKuv0awYHn11Cb6KPsZKxUmHgavF46K3NvVH0Nse9U="
)
ENVOY_GATEWAY = GoModule(
    path="github.com/envoyproxy/gateway", version="v1.9.1", checksum="h1:vAVp6/AlBXJ1aOhp1mxL7fNEzVEfjADUguUhm2wzxQY="
)
KEDA = GoModule(
    path="github.com/kedacore/keda/v2", version="v2.21.0", checksum="h1:R6z2HZvstK4RLUMxroNACzBj74xGxt3kG59b5Xc+Xps="
)
PROMETHEUS_OPERATOR = GoModule(
    path="github.com/prometheus-operator/prometheus-operator",
    version="v0.85.0",
    checksum="h1:M5xLCLEoaW2IJfnuCwFzzpL+jSVQu3KGT84Pye+fW8s=",
)
CLOUDNATIVE_PG = GoModule(
    path="github.com/cloudnative-pg/cloudnative-pg",
    version="v1.27.0",
    checksum="h1:mp0zlYO4vKAJmQdArWORWKr1lmB4Hj8JeBQGX5RBnpg=",
)
CERT_MANAGER = GoModule(
    path="github.com/cert-manager/cert-manager",
    version="v1.18.2",
    checksum="h1:H2P75ycGcTMauV3gvpkDqLdS3RSXonWF2S49QGA1PZE=",
)
POLICY_CONTROLLER = GoModule(
    path="github.com/sigstore/policy-controller",
    version="v0.13.0",
    checksum="h1:NAzGGn8TWQB3Bxek2/xd5mxvZR1Fn6RnttXTOfdm3Xk=",
)
CYCLONEDX = GoModule(
    path="github.com/CycloneDX/cyclonedx-go",
    version="v0.10.0",
    checksum="h1:7xyklU7YD+CUyGzSFIARG18NYLsKVn4QFg04qSsu+7Y=",
)
HELM = GoModule(path="helm.sh/helm/v3", version="v3.22.0", checksum="h1:n1if5iQgHYsujPAcO5oonH/KiSNUmqmUF0iGVjSF3AU=")
PROMETHEUS = GoModule(
    path="github.com/prometheus/prometheus",
    version="v0.316.0",
    checksum="h1:f1GRFerhTMKQma+awCoC9T820ecWeGSdF+xAlMHzZzM=",
)


def _go() -> str:
    found = shutil.which("go")
    if found is None:
        pytest.skip("go is not installed: this test builds its tools with it")
    return found


def program(module: GoModule, package: str = "", tags: str = "") -> Path:
    """Returns a program of a Go module, built on first use; skips the test where that is not possible."""
    name = (package or module.path.removesuffix("/v5")).rsplit("/", 1)[-1]
    folder = CACHE / f"{name}-{module.version}"
    if not (folder / name).exists():
        go = _go()
        target = "/".join(part for part in (module.path, package) if part)
        folder.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(
            [go, "install", "-tags", tags, f"{target}@{module.version}"],
            env={**os.environ, "GOBIN": str(folder), "GOFLAGS": "-mod=mod"},
            capture_output=True,
            text=True,
            timeout=BUILD_SECONDS,
            check=False,
        )
        if done.returncode != 0:
            pytest.skip(f"{name} {module.version} could not be built: {done.stderr[-300:]}")
    build_info = subprocess.run(
        [_go(), "version", "-m", folder / name], capture_output=True, text=True, check=True
    ).stdout
    built_from = next(line.split() for line in build_info.splitlines() if line.startswith("\tmod\t"))
    assert built_from[1:] == [module.path, module.version, module.checksum], f"{name} is not what it should be"
    return folder / name


def source(module: GoModule) -> Path:
    """Returns the folder of a Go module's files; skips the test where they cannot be fetched."""
    done = subprocess.run(
        [_go(), "mod", "download", "-json", f"{module.path}@{module.version}"],
        capture_output=True,
        text=True,
        timeout=BUILD_SECONDS,
        check=False,
        cwd=Path.home(),
    )
    if done.returncode != 0:
        pytest.skip(f"{module.path} {module.version} could not be fetched: {done.stdout[-300:]}")
    module_info = json.loads(done.stdout)
    assert module_info["Sum"] == module.checksum, f"{module.path} is not what it should be"
    return Path(module_info["Dir"])


def maven_jars(project: Path, lock: Path) -> Path:
    """Returns the folder of a Maven project's jars, each verified by SHA-256; skips the test without Maven."""
    maven = shutil.which("mvn")
    if maven is None or shutil.which("java") is None:
        pytest.skip("java and mvn are not installed: this test runs Apache Kafka itself")
    sums = dict(line.split("  ", 1)[::-1] for line in lock.read_text(encoding="utf-8").splitlines())
    folder = CACHE / f"jars-{hashlib.sha256(lock.read_bytes()).hexdigest()[:12]}"
    if not folder.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE, prefix=f"{folder.name}-") as temporary:
            partial = Path(temporary) / "jars"  # test processes may fetch the same jars concurrently
            done = subprocess.run(
                [
                    maven, "-q", "-B", "-f", project, "dependency:copy-dependencies",
                    "-DincludeScope=runtime", f"-DoutputDirectory={partial}",
                ],
                capture_output=True,
                text=True,
                timeout=BUILD_SECONDS,
                check=False,
            )  # fmt: skip
            if done.returncode != 0:
                pytest.skip(f"the jars of {project} could not be fetched: {done.stdout[-300:]}")
            with contextlib.suppress(OSError):  # another process was faster; its jars are checked below
                partial.rename(folder)
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}
    assert found == sums, "the jars are not what they should be"
    return folder
