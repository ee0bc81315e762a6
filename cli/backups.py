"""`adwright backup` and `adwright restore`: all databases at one moment, the assets and the keys."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from cli.terminal import error_exit, print_line, running_system
from local import backup as local_backup
from local.home import Home


def backup(folder: Annotated[Path, typer.Argument(help="A new folder; it will contain secrets.")]) -> None:
    """Back up the system on this machine while it runs."""
    home, running = running_system()
    _run_or_exit(lambda: local_backup.take(home, running, folder))
    print(folder)


def restore(folder: Annotated[Path, typer.Argument(help="A folder that `adwright backup` wrote.")]) -> None:
    """Restore a backup into the folder that ADWRIGHT_HOME names. Then run: adwright up."""
    home = Home()
    _run_or_exit(lambda: local_backup.restore(folder, home))
    print_line(
        f"{folder} is restored to {home.folder}. Start the system, then run: adwright ledger verify; "
        "adwright ledger reconcile"
    )


def _run_or_exit(work: Callable[[], None]) -> None:
    try:
        work()
    except local_backup.BackupError as error:
        raise error_exit(str(error)) from None
