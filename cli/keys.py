"""`adwright keys`: rotates the secrets of the system on this machine, whether it runs or not."""

from __future__ import annotations

import time
from enum import StrEnum
from typing import Annotated

import typer

from cli.terminal import print_line
from local.home import Home
from services.chassis.rotating_secret import RELOAD_SECONDS

# Every process must have reloaded the file before the next step. Twice the reload interval, plus the time of a call
# that was sent with an old token.
SETTLE_SECONDS = 2 * RELOAD_SECONDS + 2

app = typer.Typer(no_args_is_help=True, help="Rotate the signing secrets of this system.")


class SecretKind(StrEnum):
    """The secrets that can be rotated."""

    SERVICE = "service"
    ASSETS = "assets"


FILES = {SecretKind.SERVICE: "service-secret", SecretKind.ASSETS: "asset-secret"}


@app.command()
def rotate(
    which: Annotated[SecretKind, typer.Argument(help="service: calls between services; assets: links to results.")],
    leaked: Annotated[
        bool,
        typer.Option(
            "--leaked", help="Revoke the old secret immediately: its links stop working, and calls may be retried."
        ),
    ] = False,
) -> None:
    """Create a new secret and switch to it without refusing valid calls.

    Asset links signed with the old secret work until they expire; the next rotation drops the old secret.
    """
    home = Home()
    rotate_secret(home, which, leaked=leaked, settle_seconds=SETTLE_SECONDS if home.running() is not None else 0)
    print_line(f"Rotated the secret for {which.value}; the old secret is {_old_secret_state(which, leaked=leaked)}.")


def rotate_secret(home: Home, which: SecretKind, *, leaked: bool, settle_seconds: float) -> None:
    """Replaces a secret in the order that services/chassis/rotating_secret.py describes. Raises OSError."""
    home.prepare()
    file = FILES[which]
    old, new = home.secret(file), home.new_secret()
    if leaked:
        home.write_secret(file, new)
        return
    for lines in ([old, new], [new, old]):
        home.write_secret(file, *lines)
        time.sleep(settle_seconds)
    if which is SecretKind.SERVICE:
        home.write_secret(file, new)


def _old_secret_state(which: SecretKind, *, leaked: bool) -> str:
    if which is SecretKind.ASSETS and not leaked:
        return "accepted for links that it signed"
    return "no longer accepted"
