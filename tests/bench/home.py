"""Rows measured on `make up` from outside: the time until the first response, and the memory and CPU at rest."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from local.home import ROOT, Home
from tests.bench import processes
from tests.bench.figures import Figure
from tests.running import free_port

STARTS = 3
READY_SECONDS = 90.0
REST_SECONDS = 8.0  # a system without work for this time is idle
POLL_SECONDS = 0.02


class Up:
    """`make up` in a folder."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.home = Home(folder)
        port = free_port()
        self._url = f"http://127.0.0.1:{port}"
        self._began = time.monotonic()
        self._process = subprocess.Popen(
            ["make", "up", f"PORT={port}", *options],
            cwd=ROOT,
            env=os.environ | {"ADWRIGHT_HOME": str(folder)},
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )

    def first_response(self) -> float:
        """Seconds from the command until the first request with a token succeeds. Raises RuntimeError."""
        deadline = self._began + READY_SECONDS
        while time.monotonic() < deadline:
            try:
                token = self.home.token("demo")
                response = httpx.get(
                    f"{self._url}/api/projects", headers={"Authorization": f"Bearer {token}"}, trust_env=False
                )
                if response.status_code == 200:
                    return time.monotonic() - self._began
            except (httpx.HTTPError, FileNotFoundError):
                pass
            if self._process.poll() is not None:
                raise RuntimeError(f"make up exited with status {self._process.returncode}")
            time.sleep(POLL_SECONDS)
        raise RuntimeError(f"no response within {READY_SECONDS:g} s")

    def pids(self) -> dict[str, int]:
        """The process ids by name, once all processes have started. Raises RuntimeError."""
        deadline = time.monotonic() + READY_SECONDS
        while (found := self.home.running()) is None or not all(found.pids.values()):
            if time.monotonic() > deadline:
                raise RuntimeError(f"not all processes have started within {READY_SECONDS:g} s")
            time.sleep(0.1)
        return found.pids | {"supervisor": found.supervisor_pid}

    def stop(self) -> None:
        """Stops the system as Ctrl-C does."""
        found = self.home.running()
        if found is not None:
            os.kill(found.supervisor_pid, signal.SIGINT)
        elif self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)
        self._process.wait(60)


@contextmanager
def warm_folder() -> Iterator[Path]:
    """A temporary folder in which a system has run before."""
    folder = Path(tempfile.mkdtemp(prefix="adwright-bench-"))
    try:
        folder.chmod(0o755)
        first = Up(folder)
        try:
            first.first_response()
            first.pids()
        finally:
            first.stop()
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def start(folder: Path) -> list[Figure]:
    """Measures the start of `make up` in a folder in which it has run before."""
    rounds = []
    for _ in range(STARTS):
        system = Up(folder)
        try:
            rounds.append(system.first_response())
            system.pids()
        finally:
            system.stop()
    return [
        Figure(row="start", name="make up, warm start, until the first response", unit="s", rounds=rounds, at_most=5)
    ]


def memory(folder: Path) -> list[Figure]:
    """Measures all processes of `make up`, workers included, at rest."""
    system = Up(folder)
    try:
        system.first_response()
        pids = system.pids()
        time.sleep(REST_SECONDS)
        each = processes.memory(pids)
        before = processes.seconds(pids)
        time.sleep(REST_SECONDS)
        spent = sum(processes.seconds(pids).values()) - sum(before.values())
    finally:
        system.stop()
    by_process = ", ".join(f"{name} {size:.0f}" for name, size in sorted(each.items(), key=lambda item: -item[1]))
    return [
        Figure(
            row="memory",
            name="memory of the idle system (PSS)",
            unit="MiB",
            rounds=[sum(each.values())],
            at_most=600,
            note=by_process,
            details=dict(each),
        ),
        Figure(
            row="memory",
            name="CPU time of the idle system",
            unit="% of a core",
            rounds=[100 * spent / REST_SECONDS],
            at_most=5,
        ),
    ]
