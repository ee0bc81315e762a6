"""Migrations: Alembic's revisions of a service, applied by one process at a time and never changed afterwards.

A service's `migrations/` folder holds revisions only, `0001_first.py` and so on. They write the tables of its
`tables.py`; tests compare the two. `env.py` is shared and stands beside this file. A revision that builds an index of a
large table does so within `op.get_context().autocommit_block()`, concurrently, and must be safe to run again.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import structlog
from psycopg.conninfo import make_conninfo
from sqlalchemy import Connection, NullPool, create_engine, text

from services.chassis.data.database import CONNECT_TIMEOUT_SECONDS, KEEPALIVE
from services.chassis.data.locks import MIGRATION_LOCK

if TYPE_CHECKING:  # Alembic is imported when a revision is missing: a service that only starts does without
    from alembic.config import Config
    from alembic.script import Script

LOCK_TIMEOUT = "10s"  # a migration that waits longer for a table lock fails: readers queue behind its wait
POLL_SECONDS = 0.5
WAIT_SECONDS = 3_600  # building an index over many millions of rows takes tens of minutes
CONNECTING: dict[str, Any] = {"connect_timeout": CONNECT_TIMEOUT_SECONDS, **KEEPALIVE}  # the lock's waits for long
ENVIRONMENT = Path(__file__).parent / "alembic"
RECORDS = "schema_migration"  # file name and SHA-256 of every applied revision

_alembic = threading.Lock()  # Alembic's `op` and `context` belong to the process

log = structlog.get_logger()


async def migrate(url: str, folder: Path) -> list[str]:
    """Applies the revisions in `folder` that the database lacks, in order. Returns the names of the applied files.

    An advisory lock lets one process at a time do so. Raises RuntimeError for a revision that was changed after it had
    been applied, and for a database that is older than the release before Alembic. Revisions in the database that have
    no file here are accepted: an older release may run against a newer database.

    Cancelling ends the wait for the lock, or cancels the statement that runs, whose revision is then rolled back.
    """
    interruption = _Interruption()
    work = asyncio.create_task(asyncio.to_thread(_migrate, url, folder, interruption))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        interruption.requested.set()
        while not work.done():  # again and again: the thread may have been between two statements
            await asyncio.to_thread(interruption.cancel_statements)
            await asyncio.wait({work}, timeout=POLL_SECONDS)
        raise
    finally:
        work.add_done_callback(lambda done: done.cancelled() or done.exception())  # of an interrupted thread: expected


async def prepare(url: str, folder: Path, *, auto_migrate: bool) -> None:
    """Migrates the database, or checks that it has been migrated. Raises RuntimeError with the missing revisions.

    A supervisor restarts a service that exits with this error, so a rollout waits for its migrations.
    """
    if auto_migrate:
        await migrate(url, folder)
    else:
        await asyncio.to_thread(_check_migrated, url, folder)


def configuration(folder: Path, **attributes: Any) -> Config:
    """Returns Alembic's configuration for a service's revisions. Attributes: see env.py."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(ENVIRONMENT).replace("%", "%%"))
    config.set_main_option("version_locations", str(folder).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.attributes.update(attributes)
    return config


class _Interruption:
    """Lets the event loop end the work of the migrating thread."""

    def __init__(self) -> None:
        self.requested = threading.Event()
        self.connections: list[psycopg.Connection] = []

    def cancel_statements(self) -> None:
        """Cancels what runs on the thread's connections. Blocks for CONNECT_TIMEOUT_SECONDS at most."""
        for connection in self.connections:
            with suppress(psycopg.Error):
                connection.cancel_safe(timeout=CONNECT_TIMEOUT_SECONDS)


@contextmanager
def connected(url: str, interruption: _Interruption | None = None) -> Iterator[Connection]:
    """Opens a connection for migrations."""

    def connect() -> psycopg.Connection:
        found = psycopg.connect(make_conninfo(url, **CONNECTING, options=f"-c lock_timeout={LOCK_TIMEOUT}"))
        if interruption is not None:
            interruption.connections.append(found)
        return found

    engine = create_engine(
        "postgresql+psycopg://",
        creator=connect,
        poolclass=NullPool,
        use_native_hstore=False,
    )
    with engine.connect() as connection:
        yield connection


def revisions(folder: Path) -> list[Script]:
    """Returns the revisions in `folder`, first to last."""
    from alembic.script import ScriptDirectory

    return list(reversed(list(ScriptDirectory.from_config(configuration(folder)).walk_revisions())))


def _migrate(url: str, folder: Path, interruption: _Interruption) -> list[str]:
    digests = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in _files(folder)}
    with _locked(url, interruption), connected(url, interruption) as connection:
        applied = _applied(connection)
        changed = [name for name, digest in digests.items() if applied.get(name, digest) != digest]
        if changed:
            raise RuntimeError(
                f"{changed[0]} was changed after it had been applied: this database belongs to another version"
            )
        # Writes nothing unless a revision is missing, so that a service can start on a read-only database.
        missing = [name for name in digests if name not in applied]
        if not missing:
            return []
        from alembic import command

        with _alembic:
            scripts = {Path(script.path).name: script for script in revisions(folder)}
        if not applied:
            connection.execute(
                text(
                    f"create table if not exists {RECORDS} (name text primary key, sha256 text not null,"
                    " applied_at timestamptz not null default now())"
                )
            )
            connection.commit()

        recorded: list[str] = []

        def record(*, ctx: Any, step: Any, **rest: Any) -> None:
            for revision in step.up_revision_ids if step.is_upgrade else ():
                [name] = [name for name, script in scripts.items() if script.revision == revision]
                # With the files that it replaces, so that the release before finds the database that it knows.
                replaced: dict[str, str] = getattr(scripts[name].module, "replaces", {})
                for file, digest in {name: digests[name], **replaced}.items():
                    ctx.connection.execute(
                        text(f"insert into {RECORDS} (name, sha256) values (:name, :digest) on conflict do nothing"),
                        {"name": file, "digest": digest},
                    )
                recorded.append(name)

        with _alembic:
            config = configuration(folder, connection=connection, record=record)
            first = scripts[missing[0]]
            if first.down_revision is None and applied:
                _check_adoptable(first, applied)
                command.stamp(config, first.revision)
                connection.commit()
                log.info("database_adopted", name=missing[0])
            adopted = len(recorded)
            command.upgrade(config, "head")
            connection.commit()
    for name in recorded[adopted:]:
        log.info("migration_applied", name=name)
    if recorded != missing:
        raise RuntimeError(
            f"{RECORDS} lacks {', '.join(missing)}, but Alembic applied {', '.join(recorded) or 'nothing'}: "
            "alembic_version was changed by hand"
        )
    return missing


def _files(folder: Path) -> list[Path]:
    """Returns the files of the revisions, first to last: their names begin with numbers. Raises RuntimeError for files
    that are no revisions, which would never be applied."""
    files = sorted(path for path in folder.iterdir() if path.is_file())
    others = [path.name for path in files if not re.fullmatch(r"\d{4}_\w+\.py", path.name)]
    if others:
        raise RuntimeError(
            f"{folder.parent.name}/{folder.name}/{others[0]} is no revision: their names are 0001_name.py"
        )
    return files


def _check_adoptable(first: Script, applied: dict[str, str]) -> None:
    """Checks that the first revision finds its tables as the release before Alembic made them. Raises RuntimeError."""
    replaced: dict[str, str] = first.module.replaces
    older = [name for name in replaced if name not in applied]
    if older:
        raise RuntimeError(
            f"the database lacks {', '.join(older)}: it is older than this release can migrate. Run the release "
            "before this one with `migrate` first"
        )
    changed = [name for name, digest in replaced.items() if applied[name] != digest]
    if changed:
        raise RuntimeError(
            f"{changed[0]} was changed after it had been applied: this database belongs to another version"
        )


def _check_migrated(url: str, folder: Path) -> None:
    with connected(url) as connection:
        applied = _applied(connection)
    missing = [path.name for path in _files(folder) if path.name not in applied]
    if missing:
        raise RuntimeError(f"the database lacks {', '.join(missing)}: run the service with `migrate` first")


def _applied(connection: Connection) -> dict[str, str]:
    """Returns the digests of the applied revisions by file name; those before Alembic are included."""
    found: dict[str, str] = {}
    if connection.scalar(text(f"select to_regclass('{RECORDS}') is not null")):
        found = {row.name: row.sha256 for row in connection.execute(text(f"select name, sha256 from {RECORDS}"))}
    connection.rollback()
    return found


@contextmanager
def _locked(url: str, interruption: _Interruption) -> Iterator[None]:
    """Holds MIGRATION_LOCK, taken by polling. Raises RuntimeError after WAIT_SECONDS, and when it is interrupted.

    A statement that waited for the lock would be an open transaction, for which the holder's `create index
    concurrently` would wait in turn.
    """
    give_up = time.monotonic() + WAIT_SECONDS
    with psycopg.connect(make_conninfo(url, **CONNECTING), autocommit=True) as connection:
        while connection.execute("select pg_try_advisory_lock(%s)", [MIGRATION_LOCK]).fetchone() != (True,):
            if time.monotonic() >= give_up:
                raise RuntimeError(f"another process has been migrating this database for {WAIT_SECONDS} seconds")
            if interruption.requested.wait(POLL_SECONDS):
                raise RuntimeError("interrupted while another process migrates this database")
        yield
