"""The rows that are measured from outside, on a system of their own: how soon it answers, how much memory it takes."""

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
REST_SECONDS = 8.0  # after this long without work, a system is idle
ASK_SECONDS = 0.02


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

    def first_answer(self) -> float:
        """Seconds from the command until the first request with a token is answered."""
        give_up = self._began + READY_SECONDS
        while time.monotonic() < give_up:
            try:
                token = self.home.token("demo")
                answer = httpx.get(
                    f"{self._url}/api/projects", headers={"Authorization": f"Bearer {token}"}, trust_env=False
                )
                if answer.status_code == 200:
                    return time.monotonic() - self._began
            except (httpx.HTTPError, FileNotFoundError):
                pass
            if self._process.poll() is not None:
                raise RuntimeError(f"make up ended with status {self._process.returncode}")
            time.sleep(ASK_SECONDS)
        raise RuntimeError(f"no answer after {READY_SECONDS} s")

    def pids(self) -> dict[str, int]:
        """Its processes by name, once all have started."""
        give_up = time.monotonic() + READY_SECONDS
        while (found := self.home.running()) is None or not all(found.pids.values()):
            if time.monotonic() > give_up:
                raise RuntimeError("the system did not say what runs")
            time.sleep(0.1)
        return found.pids | {"supervisor": found.supervisor_pid}

    def stop(self) -> None:
        """As Ctrl-C does."""
        found = self.home.running()
        if found is not None:
            os.kill(found.supervisor_pid, signal.SIGINT)
        elif self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)
        self._process.wait(60)


@contextmanager
def warm_folder() -> Iterator[Path]:
    """A folder in which a system has run before."""
    folder = Path(tempfile.mkdtemp(prefix="adwright-bench-"))
    try:
        folder.chmod(0o755)
        first = Up(folder)
        try:
            first.first_answer()
            first.pids()
        finally:
            first.stop()
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def start(folder: Path) -> list[Figure]:
    """`make up` in a folder in which it ran before."""
    rounds = []
    for _ in range(STARTS):
        system = Up(folder)
        try:
            rounds.append(system.first_answer())
            system.pids()
        finally:
            system.stop()
    return [
        Figure(
            row="start", name="make up, warm, until the first request is answered", unit="s", rounds=rounds, at_most=5
        )
    ]


def memory(folder: Path) -> list[Figure]:
    """Everything that `make up` runs, workers included, with nothing to do."""
    system = Up(folder)
    try:
        system.first_answer()
        pids = system.pids()
        time.sleep(REST_SECONDS)
        each = processes.memory(pids)
        before = processes.seconds(pids)
        time.sleep(REST_SECONDS)
        spent = sum(processes.seconds(pids).values()) - sum(before.values())
    finally:
        system.stop()
    told = ", ".join(f"{name} {size:.0f}" for name, size in sorted(each.items(), key=lambda item: -item[1]))
    return [
        Figure(
            row="memory",
            name="idle memory of the whole system (PSS)",
            unit="MiB",
            rounds=[sum(each.values())],
            at_most=700,
            note=told,
            details=dict(each),
        ),
        Figure(
            row="memory",
            name="processor time of the idle system",
            unit="% of a core",
            rounds=[100 * spent / REST_SECONDS],
        ),
    ]
