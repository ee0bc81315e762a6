"""`adwright keys`: replaces the secrets of the system on this machine, while it runs or not."""

from __future__ import annotations

import time
from enum import StrEnum
from typing import Annotated

import typer

from cli.terminal import say
from local.home import Home
from services.chassis.rpc.rotating_secret import RELOAD_SECONDS

# Every process must have read the file before the next step: twice the time after which each looks at it again, and
# the time of a call that is under way with the token it began with.
SETTLE_SECONDS = 2 * RELOAD_SECONDS + 2

app = typer.Typer(no_args_is_help=True, help="Replace the secrets that this system signs with.")


class Which(StrEnum):
    """A secret of the system."""

    SERVICE = "service"
    ASSETS = "assets"


FILES = {Which.SERVICE: "service-secret", Which.ASSETS: "asset-secret"}


@app.command()
def rotate(
    which: Annotated[Which, typer.Argument(help="service: calls between services; assets: links to results.")],
    leaked: Annotated[
        bool, typer.Option("--leaked", help="End the old one at once: its links stop working, calls may be repeated.")
    ] = False,
) -> None:
    """Make a new secret and bring it into use without refusing anything.

    Links that are signed with the old secret of assets work until they end; the next rotation drops it.
    """
    home = Home()
    rotate_secret(home, which, leaked=leaked, settle_seconds=SETTLE_SECONDS if home.running() is not None else 0)
    say(f"The secret of {which.value} is a new one; the old one is {_state(which, leaked=leaked)}.")


def rotate_secret(home: Home, which: Which, *, leaked: bool, settle_seconds: float) -> None:
    """Replaces a secret in the order of services/chassis/rpc/rotating_secret.py. Raises OSError."""
    home.prepare()
    file = FILES[which]
    old, new = home.secret(file), home.new_secret()
    if leaked:
        home.write_secret(file, new)
        return
    for lines in ([old, new], [new, old]):
        home.write_secret(file, *lines)
        time.sleep(settle_seconds)
    if which is Which.SERVICE:
        home.write_secret(file, new)


def _state(which: Which, *, leaked: bool) -> str:
    if which is Which.ASSETS and not leaked:
        return "accepted for the links that it signed"
    return "no longer accepted"
