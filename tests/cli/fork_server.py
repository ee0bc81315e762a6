"""Runs `adwright` commands, each in a process forked from this one, which has imported the modules of the commands.

A command is a line of JSON on stdin; its exit status is a line on stdout.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import traceback
from typing import Any, NoReturn

import cli.catalog_import
import cli.main
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


def run_and_end(command: dict[str, Any]) -> NoReturn:
    """Runs the command and ends this process with its exit status, without freeing what it shares with the server.

    Freeing would copy all of it first, which takes three times as long as the command.
    """
    try:
        status = run(command)
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException:
        traceback.print_exc()
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def serve() -> None:
    """Runs the commands until stdin ends."""
    gc.freeze()
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            run_and_end(json.loads(line))
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    serve()
