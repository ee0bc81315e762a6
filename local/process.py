"""One process of the local system: started, watched, started again when it dies, stopped."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

STOP_SECONDS = 15.0
READY_SECONDS = 150.0  # workers load their models first, which takes 49 s at a load of 39 on two cores
READY_POLL_SECONDS = 0.05
RESTART_SECONDS = (0.2, 10.0)
LAST_BYTES = 16 * 1024  # of a log, of which the last lines are shown
PR_SET_PDEATHSIG = 1  # prctl(2)

Say = Callable[[str], None]


class Process:
    """Runs a command until told to stop.

    ready: whether it can be used; asked until it says so. Output goes to `log`.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        log: Path,
        ready: Callable[[], Awaitable[bool]],
        say: Say,
    ) -> None:
        self.name = name
        self._command = list(command)
        self._environment = dict(environment)
        self._log = log
        self._ready = ready
        self._say = say
        self._process: asyncio.subprocess.Process | None = None
        self._watching: asyncio.Task[None] | None = None
        self._stopping = False

    @property
    def pid(self) -> int:
        """Its process id; 0 while it is not running."""
        return self._process.pid if self._process is not None and self._process.returncode is None else 0

    async def start(self) -> None:
        """Starts it and waits until it is ready. Raises RuntimeError when it ends or takes too long."""
        await self._spawn()
        await self._until_ready()
        self._watching = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        """Asks it to end, and ends it when it does not."""
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
        """Raises OSError when no process can be started."""
        with _log_or_nothing(self._log) as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                env=self._environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_end_with_parent,
            )

    async def _until_ready(self) -> None:
        assert self._process is not None
        try:
            async with asyncio.timeout(READY_SECONDS):
                while not await self._ready():
                    if self._process.returncode is not None:
                        raise RuntimeError(f"{self.name} ended at its start:\n{self._last_lines()}")
                    await asyncio.sleep(READY_POLL_SECONDS)
        except TimeoutError:
            raise RuntimeError(f"{self.name} was not ready after {READY_SECONDS:g} s:\n{self._last_lines()}") from None

    async def _watch(self) -> None:
        """Starts it again whenever it ends, whatever is wrong meanwhile: this goes on until `stop`."""
        pause, longest = RESTART_SECONDS
        while not self._stopping:
            assert self._process is not None
            began = asyncio.get_running_loop().time()
            code = await self._process.wait()
            if asyncio.get_running_loop().time() - began > 60:
                pause = RESTART_SECONDS[0]
            self._say(f"{self.name} ended ({_ending(code)}); starting it again")
            await asyncio.sleep(pause)
            pause = min(longest, pause * 2)
            try:
                await self._spawn()
                await self._until_ready()
                self._say(f"{self.name} is back")
            except (RuntimeError, OSError) as error:
                self._say(str(error))

    def _last_lines(self) -> str:
        try:
            with self._log.open("rb") as file:
                file.seek(max(0, self._log.stat().st_size - LAST_BYTES))
                lines = file.read().decode("utf-8", "replace").splitlines()[-12:]
        except OSError as error:
            lines = [f"its log cannot be read: {error.strerror}"]
        return "\n".join(f"    {line}" for line in lines)


def _log_or_nothing(path: Path) -> IO[bytes]:
    """The log to append to; where none can be made, for want of space or of its folder, what is printed is lost."""
    try:
        return path.open("ab")
    except OSError:
        return open(os.devnull, "ab")


def _ending(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"status {code}"


def _end_with_parent() -> None:
    """Without it a supervisor that is killed would leave its processes running."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
