"""One supervised process of the local system: started, watched, restarted when it ends, and stopped."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from services.chassis.backoff import Backoff

STOP_SECONDS = 15.0  # between SIGTERM and SIGKILL
READY_SECONDS = 150.0  # workers load their models first, which takes 49 s at a load of 39 on two cores
READY_POLL_SECONDS = 0.05
RESTARTS = Backoff(0.3, 10.0)
STABLE_SECONDS = 60  # a process that ran this long restarts with the shortest pause
LOG_TAIL_BYTES = 16 * 1024  # of a log, searched for the last lines
LOG_TAIL_LINES = 12
PR_SET_PDEATHSIG = 1  # prctl(2)

OnMessage = Callable[[str], None]


class Process:
    """Runs a command until `stop`, and restarts it whenever it ends.

    log: the file that its output is appended to. ready: polled after a start until it returns True. on_message:
    receives a line for the operator when the process ends, is back, or does not start.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        log: Path,
        ready: Callable[[], Awaitable[bool]],
        on_message: OnMessage,
    ) -> None:
        self.name = name
        self.command = list(command)
        self.environment = dict(environment)
        self._log = log
        self._ready = ready
        self._on_message = on_message
        self._process: asyncio.subprocess.Process | None = None
        self._watching: asyncio.Task[None] | None = None
        self._stopping = False

    @property
    def pid(self) -> int:
        """The process id; 0 while it is not running."""
        return self._process.pid if self._process is not None and self._process.returncode is None else 0

    async def start(self) -> None:
        """Starts the process and waits until it is ready.

        Raises RuntimeError when it ends or is not ready in time, and OSError when it cannot be started.
        """
        await self._spawn()
        await self._until_ready()
        self._watching = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        """Sends SIGTERM, and SIGKILL to its process group when it does not end in time."""
        self._stopping = True
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()

    async def _spawn(self) -> None:
        """Raises OSError when the process cannot be started."""
        with _open_log(self._log) as log:
            self._process = await asyncio.create_subprocess_exec(
                *self.command,
                env=self.environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_terminate_with_parent,
            )

    async def _until_ready(self) -> None:
        assert self._process is not None
        try:
            async with asyncio.timeout(READY_SECONDS):
                while not await self._ready():
                    if self._process.returncode is not None:
                        raise RuntimeError(f"{self.name} ended during its start:\n{self._last_lines()}")
                    await asyncio.sleep(READY_POLL_SECONDS)
        except TimeoutError:
            raise RuntimeError(f"{self.name} was not ready after {READY_SECONDS:g} s:\n{self._last_lines()}") from None

    async def _watch(self) -> None:
        """Restarts the process whenever it ends, also after failed restarts, until `stop`."""
        failures = 0
        while not self._stopping:
            assert self._process is not None
            started_at = asyncio.get_running_loop().time()
            code = await self._process.wait()
            if asyncio.get_running_loop().time() - started_at > STABLE_SECONDS:
                failures = 0
            self._on_message(f"{self.name} ended ({_exit_cause(code)}); starting it again")
            failures += 1
            await RESTARTS.pause(failures)
            try:
                await self._spawn()
                await self._until_ready()
                self._on_message(f"{self.name} is back")
            except (RuntimeError, OSError) as error:
                self._on_message(str(error))

    def _last_lines(self) -> str:
        try:
            with self._log.open("rb") as file:
                file.seek(max(0, self._log.stat().st_size - LOG_TAIL_BYTES))
                lines = file.read().decode("utf-8", "replace").splitlines()[-LOG_TAIL_LINES:]
        except OSError as error:
            lines = [f"its log cannot be read: {error.strerror}"]
        return "\n".join(f"    {line}" for line in lines)


def _open_log(path: Path) -> IO[bytes]:
    """The log file for appending, or /dev/null when it cannot be opened, as on a full disk: the output is lost then."""
    try:
        return path.open("ab")
    except OSError:
        return open(os.devnull, "ab")


def _exit_cause(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"status {code}"


def _terminate_with_parent() -> None:
    """Makes the kernel send SIGTERM when the supervisor dies: a killed supervisor would leave its processes running."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
