"""Starts the services of whole systems in processes forked from one that has imported them.

Importing its modules takes a service about a second of processor time, a whole system a dozen, and tests start and
restart hundreds. A forked process runs the module's `__main__` in an own session with its own variables, arguments and
log, and is signalled, killed and waited for as any other. tests/cli/test_up.py starts a system without this.

The server receives a line of JSON for each process, with the log's descriptor, on the socket whose number it is given,
and sends lines: the id of the started process, and later its id and exit status.
"""

from __future__ import annotations

import asyncio
import atexit
import ctypes
import gc
import importlib
import json
import os
import runpy
import selectors
import signal
import socket
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import cache
from typing import IO, Any

import local.process
from local.home import ROOT
from local.process import PR_SET_PDEATHSIG
from local.system import SERVICES

MODULES = frozenset({*(f"services.{name}" for name in SERVICES), "tests.stub_worker"})
LATE_MODULES = (  # imported by services and workers during their start
    "alembic.command",
    "alembic.config",
    "alembic.script",
    "sqlalchemy.dialects.postgresql.psycopg",
)
MAX_REQUEST_BYTES = 65_536
READY_POLL_SECONDS = 0.2  # a health check opens a channel, which takes 5 ms


class ForkedProcess:
    """A process of the fork server, with the part of `asyncio.subprocess.Process` that supervisors use."""

    def __init__(self, pid: int, ended: Future[int]) -> None:
        self.pid = pid
        self._ended = ended

    @property
    def returncode(self) -> int | None:
        """The exit status, negative for a signal; None while the process runs."""
        return self._ended.result() if self._ended.done() else None

    async def wait(self) -> int:
        """Waits until the process has ended; its exit status."""
        # Several may wait, and one that is cancelled must not cancel the others.
        return await asyncio.shield(asyncio.wrap_future(self._ended))

    def terminate(self) -> None:
        """Sends SIGTERM. Raises ProcessLookupError when the process has ended."""
        if self._ended.done():
            raise ProcessLookupError(self.pid)
        os.kill(self.pid, signal.SIGTERM)


class ForkServer:
    """The server of this test process; it starts when the first process is wanted, and ends with the test process."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        variables = {name: os.environ[name] for name in ("PATH", "HOME", "ADWRIGHT_MODELS") if name in os.environ}
        with theirs:
            self._server = subprocess.Popen(
                [sys.executable, "-m", "tests.fork_server", str(theirs.fileno())],
                cwd=ROOT,
                env=variables | {"PYTHONPATH": f"{ROOT}:{ROOT / 'gen'}", "PYTHONUNBUFFERED": "1"},
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        self._lock = threading.Lock()
        self._started: deque[Future[ForkedProcess]] = deque()
        self._running: dict[int, Future[int]] = {}
        threading.Thread(target=self._receive, daemon=True).start()
        atexit.register(self._close)

    async def start(
        self, module: str, arguments: Sequence[str], variables: Mapping[str, str], log: int
    ) -> ForkedProcess:
        """Starts `python -m module`; log: the descriptor of its output."""
        request = {"module": module, "arguments": list(arguments), "variables": dict(variables)}
        started: Future[ForkedProcess] = Future()
        with self._lock:
            self._started.append(started)
            socket.send_fds(self._socket, [json.dumps(request).encode()], [log])
        return await asyncio.wrap_future(started)

    def _receive(self) -> None:
        while message := self._socket.recv(MAX_REQUEST_BYTES):
            pid, *status = map(int, message.split())
            if status:
                self._running.pop(pid).set_result(status[0])
            else:
                self._running[pid] = Future()
                self._started.popleft().set_result(ForkedProcess(pid, self._running[pid]))

    def _close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._server.wait()


fork_server = cache(ForkServer)


class _Asyncio:
    """The module asyncio for `local.process`, whose `create_subprocess_exec` forks services."""

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio, name)

    async def create_subprocess_exec(
        self, *command: str, env: Mapping[str, str], stdout: IO[bytes], **options: Any
    ) -> asyncio.subprocess.Process | ForkedProcess:
        if command[:2] == (sys.executable, "-m") and command[2] in MODULES:
            return await fork_server().start(command[2], command[3:], env, stdout.fileno())
        return await asyncio.create_subprocess_exec(*command, env=env, stdout=stdout, **options)


def fork_services() -> None:
    """Makes the supervisors of this process fork services and stub workers, and ask them less often if they are ready:
    as other tests take the processors, workers are not for most of a minute."""
    setattr(local.process, "asyncio", _Asyncio())  # noqa: B010  (a module does not export what it imports)
    local.process.READY_POLL_SECONDS = READY_POLL_SECONDS


# -- in the server


def main_of(module: str) -> str:
    """The module that `python -m module` runs: a package's `__main__`."""
    return module if module == "tests.stub_worker" else f"{module}.__main__"


def serve(connection: socket.socket) -> None:
    """Forks until the test process closes the connection; ends the processes that are left."""
    for name in (*map(main_of, MODULES), *LATE_MODULES):
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    running: dict[int, int] = {}  # process ids by their descriptor
    with selectors.DefaultSelector() as selector:
        selector.register(connection, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fd in running:
                    selector.unregister(key.fd)
                    os.close(key.fd)
                    pid, status = os.waitpid(running.pop(key.fd), 0)
                    connection.send(f"{pid} {os.waitstatus_to_exitcode(status)}".encode())
                    continue
                request, descriptors, _, _ = socket.recv_fds(connection, MAX_REQUEST_BYTES, 1)
                if not request:
                    for pid in running.values():
                        os.kill(pid, signal.SIGTERM)
                    return
                pid = os.fork()
                if pid == 0:
                    selector.close()
                    connection.close()
                    for descriptor in running:
                        os.close(descriptor)
                    run(descriptors[0], **json.loads(request))
                os.close(descriptors[0])
                descriptor = os.pidfd_open(pid)
                running[descriptor] = pid
                selector.register(descriptor, selectors.EVENT_READ)
                connection.send(str(pid).encode())


def run(log: int, *, module: str, arguments: list[str], variables: dict[str, str]) -> None:
    """Runs the module like a program of its own; does not return."""
    os.setsid()
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    os.environ.clear()
    os.environ.update(variables)
    sys.argv = [module, *arguments]
    sys.modules.pop(main_of(module))  # it becomes `__main__`
    runpy.run_module(module, run_name="__main__", alter_sys=True)
    sys.exit()


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as own_end, suppress(BrokenPipeError, ConnectionResetError):
        serve(own_end)
