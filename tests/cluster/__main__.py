"""`python -m tests.cluster`: the test cluster's commands. `make test-cluster` runs up, test and down."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated
from xml.etree import ElementTree

import typer

from tests.cluster import application, autoscaling, disruptions, images, machine, node, programs, release
from tests.cluster.application import State
from tests.cluster.commands import StepError, console, kubectl, require_programs, timed
from tests.cluster.places import NAMESPACE, ROOT, STATE
from tests.cluster.system import VARIABLE

# Tests of the API that need nothing but the gateway and the databases. The gateway of a cluster serves no pages.
PAGES = (
    "test_docs_page.py",
    "test_clients.py",
    *sorted(path.name for path in ROOT.glob("tests/contract/test_studio*.py")),
)
TESTS = ("tests/contract", "tests/journeys", *(f"--ignore=tests/contract/{name}" for name in PAGES))
COMPOSE_TESTS = ("tests/contract/test_picture_variants.py", "tests/contract/test_photo_uploads.py")
HELM_TESTS = COMPOSE_TESTS
CONTAINER_TESTS = ("tests/job", "tests/billing", "tests/contract")
TEST_SECONDS = 3_600
WORKERS = ("image-worker", "video-worker")

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)


@app.command()
def build() -> None:
    """Build the programs and images that are missing in the cache."""
    require_programs()
    programs.build()
    images.build()


@app.command()
def up() -> None:
    """Build what is missing, start the node, install the application, and wait until everything is Ready."""
    build()
    if not node.running():
        node.down()  # what an interrupted run left
        node.up()
    node.define_custom_resources()
    application.install()
    console.print(f"{State.read().url} is ready; the node uses {node.memory_bytes() / 2**30:.2f} GiB")


@app.command()
def down() -> None:
    """End the node. The cache of builds stays."""
    images.unmount()
    node.down()


@app.command("test")
def run_tests(
    paths: Annotated[list[str] | None, typer.Argument(help="Test files; without: all of the API.")] = None,
) -> None:
    """Run the API's tests against the cluster's gateway: with workers, then those that need jobs to stay queued."""
    chosen = paths or list(TESTS)
    failed = [
        what
        for what, workers in (("with workers", True), ("without workers", False))
        if not _tests(chosen, workers=workers)
    ]
    if failed:
        raise StepError(f"tests failed {' and '.join(failed)}")


def _tests(paths: list[str], *, workers: bool) -> bool:
    """Whether tests pass on the cluster. Raises StepError where all of them were skipped."""
    report = STATE.parent / "tests.xml"
    _scale_workers(1 if workers else 0)
    state = State.read()
    State(url=state.url, database=state.database, workers=workers).write()
    try:
        with timed(f"tests {'with' if workers else 'without'} workers"):
            done = subprocess.run(
                [
                    *(sys.executable, "-m", "pytest", "-q", "-m", "not slow", "-p", "no:cacheprovider"),
                    *(f"--junitxml={report}", *paths),
                ],
                cwd=ROOT,
                env={**os.environ, VARIABLE: str(STATE)},
                timeout=TEST_SECONDS,
                check=False,
            )
    finally:
        state.write()
        _scale_workers(1)
    if not ran(report):
        raise StepError("no test ran: each was skipped")
    return done.returncode == 0


def ran(report: Path) -> int:
    """The number of tests of a JUnit report that were not skipped."""
    suites = ElementTree.parse(report).getroot().iter("testsuite")
    return sum(int(suite.get("tests", 0)) - int(suite.get("skipped", 0)) for suite in suites)


def _scale_workers(replicas: int) -> None:
    for name in WORKERS:
        kubectl("-n", NAMESPACE, "scale", f"deployment/{name}", f"--replicas={replicas}")
    for name in WORKERS:
        kubectl("-n", NAMESPACE, "rollout", "status", f"deployment/{name}", "--timeout=300s", seconds=310)


@app.command()
def disrupt(
    names: Annotated[list[str] | None, typer.Argument(help=f"Some of: {', '.join(disruptions.DISRUPTIONS)}.")] = None,
    interval: Annotated[float, typer.Option(help="Seconds between jobs.", min=0.05)] = 3.0,
) -> None:
    """Restart everything, kill workers, restart PostgreSQL and the broker, drain the node, each under a steady load."""
    chosen = names or list(disruptions.DISRUPTIONS)
    unknown = set(chosen) - set(disruptions.DISRUPTIONS)
    if unknown:
        raise typer.BadParameter(f"unknown: {', '.join(sorted(unknown))}")
    disruptions.under_load(chosen, interval)


@app.command()
def autoscale() -> None:
    """Scale the picture workers by Kafka's lag, up and down."""
    try:
        autoscaling.install()
        autoscaling.observe()
    finally:
        autoscaling.remove()


@app.command("helm")
def run_helm(
    interval: Annotated[float, typer.Option(help="Seconds between jobs during the upgrade.", min=0.05)] = 5.0,
) -> None:
    """Install the Helm chart in place of the overlay, upgrade it under a load, run tests, roll back, and remove it."""
    release.install()
    disruptions.disrupted("helm upgrade", release.upgrade, interval)
    if not _tests(list(HELM_TESTS), workers=True):
        raise StepError("tests failed on the chart")
    release.roll_back()
    release.remove()


@app.command("compose")
def run_compose(
    paths: Annotated[list[str] | None, typer.Argument(help="Test files; without: pictures and photos.")] = None,
) -> None:
    """Run compose.yaml by podman-compose, and the API's tests against its gateway."""
    images.build_for_machine()
    if not machine.on_compose(paths or list(COMPOSE_TESTS)):
        raise StepError("tests failed on compose.yaml")


@app.command("containers")
def run_containers(
    paths: Annotated[list[str] | None, typer.Argument(help="Test files; without: as make test-containers.")] = None,
) -> None:
    """Run tests on PostgreSQL and Kafka in containers, through podman's socket."""
    images.build_for_machine()
    if not machine.on_containers(paths or list(CONTAINER_TESTS)):
        raise StepError("tests failed on containers")


@app.command()
def reproduce() -> None:
    """Build the application's image again from nothing, and compare it with the first layer by layer."""
    require_programs()
    images.build_application()
    if not images.compare():
        raise StepError("two builds of the same checkout differ")


@app.command()
def sizes(megabytes: Annotated[int, typer.Option(help="Show folders of at least this size.")] = 10) -> None:
    """Show the largest folders of the application's image."""
    for folder, size in sorted(images.sizes().items(), key=lambda item: -item[1]):
        if size >= megabytes * 1_000_000:
            console.print(f"{size / 1e6:8.0f} MB  {folder}")


def main() -> None:
    try:
        app()
    except StepError as error:
        sys.exit(f"test cluster: {error}")


if __name__ == "__main__":
    main()
