"""`adwright up` and `adwright demo` as processes that are killed, interrupted and restarted."""

from __future__ import annotations

import os
import pty
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from cli.api import trust_in
from local.home import ROOT, Home
from tests.cli.test_demo import check_results

SECONDS = 270


@pytest.fixture
def home() -> Iterator[Home]:
    folder = Path(tempfile.mkdtemp(prefix="adwright-test-"))
    folder.chmod(0o755)  # when the tests run as root, PostgreSQL runs as another user and must read it
    home = Home(folder / "home")
    yield home
    for process in processes_of(home):  # left by a failed test
        process.kill()
    shutil.rmtree(folder, ignore_errors=True)


def processes_of(home: Home) -> list[psutil.Process]:
    """The processes whose command line names this folder."""
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if any(str(home.folder) in part for part in process.info["cmdline"] or [])
    ]


class Foreground:
    """A command in its own pseudo-terminal."""

    def __init__(self, home: Home, *arguments: str, **variables: str) -> None:
        self.home = home
        self.shown = ""
        self._master, slave = pty.openpty()
        self._process = subprocess.Popen(
            # In its own session, so that Ctrl-C in this terminal reaches the whole process group, as in a shell.
            ["setsid", "--ctty", "--wait", sys.executable, "-m", "cli", *arguments],
            env={
                "PATH": os.environ["PATH"],
                "HOME": os.environ.get("HOME", ""),
                "PYTHONPATH": f"{ROOT}:{ROOT / 'gen'}",
                "ADWRIGHT_HOME": str(home.folder),
                "COLUMNS": "100",
                "TERM": "xterm",
                **variables,
            },
            stdin=slave,
            stdout=slave,
            stderr=slave,
        )
        os.close(slave)

    def wait_for(self, text: str) -> None:
        """Waits until the terminal shows the text."""
        deadline = time.monotonic() + SECONDS
        while text not in self.shown:
            assert time.monotonic() < deadline, self.shown[-2000:]
            assert self._read(), self.shown[-2000:]

    def interrupt(self) -> int:
        """Presses Ctrl-C and returns the exit status once no process is left."""
        os.write(self._master, b"\x03")
        return self.wait()

    def wait(self) -> int:
        deadline = time.monotonic() + SECONDS
        while self._read():
            assert time.monotonic() < deadline, self.shown[-2000:]
        code = self._process.wait(SECONDS)
        os.close(self._master)
        assert "Traceback" not in self.shown
        assert processes_of(self.home) == []
        assert self.home.running() is None
        return code

    def _read(self) -> bool:
        if not select.select([self._master], [], [], 1)[0]:
            return True
        try:
            self.shown += os.read(self._master, 65536).decode(errors="replace")
        except OSError:
            return False  # the process closed the terminal
        return True


def test_killed_service_restarts_data_survives_a_killed_supervisor_and_ctrl_c_stops_all(home: Home) -> None:
    first = Foreground(home, "up", "--no-workers", "--https")
    first.wait_for("Ctrl-C stops everything.")
    assert '--cacert "$ADWRIGHT_CERTIFICATE"' in first.shown
    found = home.running()
    assert found is not None
    assert found.url.startswith("https://127.0.0.1:")
    assert f"{found.url}/studio#token=ey" in first.shown.replace("\r\n", "")

    os.kill(found.pids["catalog"], signal.SIGKILL)
    first.wait_for("catalog ended (signal SIGKILL); starting it again")
    first.wait_for("catalog is back")

    headers = {"authorization": f"Bearer {home.token('demo')}"}
    with httpx.Client(
        base_url=found.url, headers=headers, verify=trust_in(found.certificate), trust_env=False
    ) as client:
        response = client.get("/api/projects")
        assert response.headers["strict-transport-security"] == "max-age=31536000"
        project = response.json()["projects"][0]
    assert Path(found.certificate).with_suffix(".key").stat().st_mode & 0o777 == 0o600

    # All processes end with the supervisor except PostgreSQL, a daemon, which the next system takes over and stops.
    supervisor = psutil.Process(found.supervisor_pid)
    children = supervisor.children()
    services = {pid for name, pid in found.pids.items() if name != "postgres"}
    # The state file has the pid of the catalog that was killed above or that of its successor.
    assert services - {found.pids["catalog"]} <= {child.pid for child in children}
    supervisor.kill()
    assert psutil.wait_procs([supervisor, *children], timeout=SECONDS)[1] == []
    assert home.running() is None

    again = Foreground(home, "up", "--no-workers")
    again.wait_for("Ctrl-C stops everything.")
    back = home.running()
    assert back is not None
    assert back.url.startswith("http://")
    with httpx.Client(base_url=back.url, headers=headers, trust_env=False) as client:
        assert client.get("/api/projects").json()["projects"] == [project]
    assert again.interrupt() == 0
    assert "Stopped." in again.shown


# "Starting" is shown a fifth of a second before the names of the first processes.
@pytest.mark.parametrize(
    "shown",
    [
        pytest.param("Starting", marks=pytest.mark.slow),  # as later, with fewer processes to stop
        pytest.param("postgres", marks=pytest.mark.slow),
        "image",
    ],
)
def test_ctrl_c_during_the_start_leaves_no_process(home: Home, shown: str) -> None:
    starting = Foreground(home, "up", "--no-workers")
    starting.wait_for(shown)
    assert starting.interrupt() == 130
    assert starting.shown.rstrip().endswith("Stopped.")


# test_demo.py tests the message, test_speech_without_installed_voices_is_an_input_fault the refusal that it is of.
@pytest.mark.slow
def test_demo_without_voices_explains_the_missing_video_and_stops(home: Home) -> None:
    folder = home.folder.parent
    (folder / "models").mkdir()
    demo = Foreground(home, "demo", "--out", str(folder / "out"), ADWRIGHT_MODELS=str(folder / "models"))
    assert demo.wait() == 0
    assert {path.name for path in (folder / "out").iterdir()} == {
        "copy.txt",
        "copy.json",
        "ad.png",
        "ad-thumbnail.webp",
    }
    assert "No video; its credits were returned. No voices are installed" in demo.shown
    assert "npm's registry" in demo.shown
    assert "Credits: 100 before, 96 after." in demo.shown


@pytest.mark.slow  # test_demo.py creates the three results with a running system, the video from a shorter script
def test_demo_creates_three_results_and_stops(home: Home) -> None:
    out = home.folder.parent / "out"
    demo = Foreground(home, "demo", "--out", str(out))
    assert demo.wait() == 0
    assert "Credits: 100 before, 56 after." in demo.shown
    check_results(out, demo.shown)
