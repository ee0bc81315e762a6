"""Containers on one machine by podman: compose.yaml as it is, and the socket that `make test-containers` uses.

The images of PostgreSQL, Apache Kafka and Envoy are stand-ins (stand_ins/machine.Dockerfile) with the official images'
settings and folders. podman works in the cache's own store, with settings of its own; nothing else on the machine
changes.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Final

import httpx

from local.home import Home
from tests.cluster import images
from tests.cluster.application import State
from tests.cluster.commands import run, timed, until
from tests.cluster.places import CACHE, GATEWAY_PORT, RESOURCES, ROOT, STAND_INS_OF_MACHINE
from tests.cluster.system import VARIABLE

RUN_FOLDER: Final = CACHE / "machine"
SOCKET: Final = RUN_FOLDER / "podman.sock"
COMPOSE: Final = ("-f", str(ROOT / "compose.yaml"), "-f", str(RESOURCES / "compose.yaml"))
DEPENDENCIES: Final = ("postgres", "kafka")
POSTGRES_PORT: Final = 5433  # resources/compose.yaml
START_SECONDS: Final = 400.0
CHECK_SECONDS: Final = 60.0
SOCKET_SECONDS: Final = 20.0
TEST_SECONDS: Final = 3_600.0
SETTINGS: Final = """\
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
"""


def _environment() -> dict[str, str]:
    """The variables with which podman works here."""
    RUN_FOLDER.mkdir(parents=True, exist_ok=True)
    settings = RUN_FOLDER / "containers.conf"
    settings.write_text(SETTINGS, encoding="utf-8")
    return {"CONTAINERS_CONF": str(settings)}


@contextmanager
def composed() -> Iterator[State]:
    """The system of compose.yaml once it answers; its containers and volumes go afterwards. Raises StepError."""
    environment = _environment()
    run("make", "compose", folder=ROOT, seconds=START_SECONDS)
    command = ["podman-compose", f"--podman-args={' '.join(images.STORE)}", *COMPOSE]
    up = (*command, "up", "--detach", "--no-build")
    try:
        with timed("compose.yaml"):
            # podman before 4.6 ignores `condition: service_healthy`, and runs health checks only with systemd.
            run(*up, *DEPENDENCIES, folder=ROOT, environment=environment, seconds=START_SECONDS)
            for name in DEPENDENCIES:
                until(name, partial(_healthy, name, environment), seconds=START_SECONDS)
            run(*up, folder=ROOT, environment=environment, seconds=START_SECONDS)
            state = State(
                url=f"http://127.0.0.1:{GATEWAY_PORT}",
                database=f"postgresql://adwright:adwright@127.0.0.1:{POSTGRES_PORT}/{{name}}",
            )
            until("the API", lambda: _answers(state.url), seconds=START_SECONDS)
        yield state
    finally:
        run(*command, "down", "--volumes", folder=ROOT, environment=environment, seconds=START_SECONDS)


def _healthy(service: str, environment: Mapping[str, str]) -> bool:
    """Whether the health check of a service of compose.yaml succeeds now."""
    command = ["podman", *images.STORE, "healthcheck", "run", f"adwright_{service}_1"]
    done = subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, timeout=CHECK_SECONDS, check=False
    )
    return done.returncode == 0


def _answers(url: str) -> bool:
    """Whether the services with databases answer through the gateway."""
    headers = {"Authorization": f"Bearer {Home().token('probe')}"}
    try:
        return all(
            httpx.get(url + path, headers=headers, trust_env=False, timeout=5).status_code == 200
            for path in ("/api/projects", "/api/credits", "/api/generate/jobs", "/api/webhooks", "/api/campaigns")
        )
    except httpx.HTTPError:
        return False


@contextmanager
def socket() -> Iterator[Mapping[str, str]]:
    """podman's Docker-compatible socket; yields the variables with which tests use it. Raises StepError."""
    environment = {**os.environ, **_environment()}
    SOCKET.unlink(missing_ok=True)
    with (RUN_FOLDER / "podman.log").open("wb") as log:
        service = subprocess.Popen(
            ["podman", *images.STORE, "system", "service", "--time=0", f"unix://{SOCKET}"],
            env=environment,
            stdout=log,
            stderr=log,
        )
    try:
        until("podman's socket", SOCKET.exists, seconds=SOCKET_SECONDS, interval=0.1)
        yield {
            "DOCKER_HOST": f"unix://{SOCKET}",
            "ADWRIGHT_TEST_POSTGRES_IMAGE": STAND_INS_OF_MACHINE["postgres"],
            "ADWRIGHT_TEST_KAFKA_IMAGE": STAND_INS_OF_MACHINE["kafka"],
            # testcontainers takes a machine with Docker's marker file for a container, and asks for an address that
            # podman's list of containers does not have.
            "TESTCONTAINERS_CONNECTION_MODE": "docker_host",
            "TESTCONTAINERS_RYUK_DISABLED": "true",
            "ADWRIGHT_TEST_STACK": "containers",
        }
    finally:
        service.terminate()
        service.wait(SOCKET_SECONDS)


def run_tests(paths: Sequence[str], environment: Mapping[str, str]) -> bool:
    """Runs tests that are not slow with more variables; whether they passed."""
    with timed("tests"):
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-m", "not slow", "-p", "no:cacheprovider", *paths],
            cwd=ROOT,
            env={**os.environ, **environment},
            timeout=TEST_SECONDS,
            check=False,
        )
    return done.returncode == 0


def on_compose(paths: Sequence[str]) -> bool:
    """Runs tests of the API against the system of compose.yaml; whether they passed."""
    with composed() as state:
        file = RUN_FOLDER / "state.json"
        state.write(file)
        return run_tests(paths, {VARIABLE: str(file)})


def on_containers(paths: Sequence[str]) -> bool:
    """Runs tests whose PostgreSQL and Kafka are containers; whether they passed."""
    with socket() as variables:
        return run_tests(paths, variables)
