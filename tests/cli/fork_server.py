"""Runs `adwright` commands, each in a process forked from this one, which has imported the modules of the commands.

A command is a line of JSON on stdin; its exit status is a line on stdout.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import cli.catalog_import
import cli.reconciliation
import cli.system  # noqa: F401
from cli.__main__ import main


def run(command: dict[str, Any]) -> int:
    """Runs the command like a program of its own."""
    for number, path, flags in (
        (0, os.devnull, os.O_RDONLY),
        (1, command["output"], os.O_WRONLY),
        (2, command["problems"], os.O_WRONLY),
    ):
        os.dup2(os.open(path, flags), number)
    os.environ.clear()
    os.environ.update(command["variables"])
    os.chdir(command["folder"])
    sys.argv = ["adwright", *command["arguments"]]
    return main()


def serve() -> None:
    """Runs the commands until stdin ends."""
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            sys.exit(run(json.loads(line)))
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    serve()
