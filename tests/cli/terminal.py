"""Runs commands as processes, without a terminal."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

import pytest

from local.home import ROOT, Home

SECONDS = 180


@cache
def _fork_server() -> subprocess.Popen[str]:
    """Starts the process that runs the commands of this test process; it ends with its stdin."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.cli.fork_server"],
        env=_variables(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def _variables() -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", ""),
        "PYTHONPATH": f"{ROOT}:{ROOT / 'gen'}",
        "COLUMNS": "80",
    }


class Terminal:
    """Runs commands without a terminal; ADWRIGHT_HOME is a system's folder."""

    def __init__(self, home: Home, folder: Path) -> None:
        self.folder = folder
        self._variables = {**_variables(), "ADWRIGHT_HOME": str(home.folder)}

    def run(self, *arguments: str, **variables: str) -> tuple[int, str, str]:
        """Returns the command's exit status, its output and its error output."""
        server = _fork_server()
        assert server.stdin is not None
        assert server.stdout is not None
        with tempfile.TemporaryDirectory() as folder:
            output, problems = Path(folder) / "output", Path(folder) / "problems"
            output.touch()
            problems.touch()
            command = {
                "arguments": arguments,
                "variables": {**self._variables, **variables},
                "folder": str(self.folder),
                "output": str(output),
                "problems": str(problems),
            }
            print(json.dumps(command), file=server.stdin, flush=True)
            ended = select.select([server.stdout], [], [], SECONDS)[0]
            status = server.stdout.readline() if ended else ""
            if not status:  # its late exit status would be taken for that of the next command
                _fork_server.cache_clear()
                os.killpg(server.pid, signal.SIGKILL)
                server.communicate()
                pytest.fail(f"adwright {' '.join(arguments)} {'killed its server' if ended else 'does not end'}")
            code = int(status)
            printed, reported = output.read_text(encoding="utf-8"), problems.read_text(encoding="utf-8")
        assert "Traceback" not in reported + printed, reported
        return code, printed, reported

    def good(self, *arguments: str, **variables: str) -> str:
        """Returns the output of a command that succeeds."""
        code, output, problems = self.run(*arguments, **variables)
        assert code == 0, problems
        return output

    def bad(self, *arguments: str, code: int = 1, **variables: str) -> str:
        """Returns the error output of a command that fails."""
        got, _, problems = self.run(*arguments, **variables)
        assert got == code, problems
        return problems
