"""`adwright backup` and `adwright restore`: all databases at one moment, the assets, the keys."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from cli.terminal import fail, running
from local import backup as local
from local.home import Home


def backup(folder: Annotated[Path, typer.Argument(help="A new folder; it will hold secrets.")]) -> None:
    """Take a backup of the system that runs here, while it runs."""
    home, found = running()
    _do(lambda: local.take(home, found, folder))
    print(folder)


def restore(folder: Annotated[Path, typer.Argument(help="What `adwright backup` wrote.")]) -> None:
    """Make a new home of a backup, in the folder that ADWRIGHT_HOME names. Then: adwright up."""
    home = Home()
    _do(lambda: local.restore(folder, home))
    print(
        f"{home.folder} holds what was in {folder}. Start it, then: adwright ledger verify; adwright ledger reconcile"
    )


def _do(work: Callable[[], None]) -> None:
    try:
        work()
    except local.BackupError as error:
        raise fail(str(error)) from None
