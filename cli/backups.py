"""`adwright backup` and `adwright restore`: all databases at one moment, the assets, the keys."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from deploy.local import backup as local
from deploy.local.home import Home

problems = Console(stderr=True)


def backup(folder: Annotated[Path, typer.Argument(help="A new folder; it will hold secrets.")]) -> None:
    """Take a backup of the system that runs here, while it runs."""
    home = Home()
    found = home.running()
    if found is None:
        problems.print("No system is running here; start one with: make up", style="red", highlight=False)
        raise typer.Exit(3)
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
        problems.print(str(error), style="red", highlight=False)
        raise typer.Exit(1) from None
