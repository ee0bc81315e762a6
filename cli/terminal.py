"""Terminal output, exit codes, and access to the running system, shared by all commands."""

from __future__ import annotations

import os
import re
import unicodedata
from pathlib import Path
from typing import Any

import typer
from rich.console import Console

from cli.api import Api, ApiError
from local.home import Home, Running

DEMO_USER = "demo"
NO_SYSTEM = 3  # exit status: no system runs here, or a service does not respond
INTERRUPTED = 130  # exit status: 128 + SIGINT, as shells report it
DURATION = re.compile(r"(\d{1,9})([smhd])")
SECONDS_PER_UNIT = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
MAX_DURATION_SECONDS = 10 * 365 * 86_400
# Control characters that Unicode does not put into the category Cc: line and paragraph separators, and the marks that
# change the direction of the text after them.
FURTHER_CONTROLS = frozenset("\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

# Printed text may hold brackets and paths, so markup is off, and the terminal wraps lines.
console = Console(highlight=False, soft_wrap=True)
error_console = Console(stderr=True, highlight=False, soft_wrap=True)


def printable(text: object, *, keep: str = "") -> str:
    """The text with control characters escaped (`\\x1b`, `\\u202e`), so that names cannot steer the terminal.

    keep: control characters to leave as they are.
    """
    return "".join(_escaped(character) if character not in keep else character for character in str(text))


def _escaped(character: str) -> str:
    if unicodedata.category(character) in ("Cc", "Cs") or character in FURTHER_CONTROLS:
        code = ord(character)
        return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
    return character


def error_exit(text: str, code: int = 1) -> typer.Exit:
    """Prints an error line to stderr and returns the exception to raise."""
    print_error(text, "red")
    return typer.Exit(code)


def print_error(text: str, style: str = "") -> None:
    """Prints lines to stderr without markup; control characters but newlines are escaped."""
    error_console.print(printable(text, keep="\n"), style=style or None, markup=False)


def print_line(text: str, style: str = "") -> None:
    """Prints lines to stdout without markup; control characters but newlines are escaped."""
    console.print(printable(text, keep="\n"), style=style or None, markup=False)


def running_system() -> tuple[Home, Running]:
    """The system that runs on this machine. Exits the program when none does."""
    home = Home()
    found = home.running()
    if found is None:
        raise error_exit("No system is running here. Start one with: make up", NO_SYSTEM)
    return home, found


def system_api(home: Home, running: Running, user: str = DEMO_USER, *, admin: bool = False) -> Api:
    """The API of a system that runs on this machine, called as one user."""
    return Api(running.url, home.token(user, admin=admin), running.certificate)


def user_api(user: str = DEMO_USER, *, admin: bool = False) -> Api:
    """The API at ADWRIGHT_URL with ADWRIGHT_TOKEN, or else the API of the system on this machine.

    The variables apply to the demo user only: a token names one user, so another user or an admin needs a new one.
    """
    url, token = os.environ.get("ADWRIGHT_URL"), os.environ.get("ADWRIGHT_TOKEN")
    if url and token and user == DEMO_USER and not admin:
        return Api(url, token, os.environ.get("ADWRIGHT_CERTIFICATE", ""))
    return system_api(*running_system(), user, admin=admin)


def call_or_exit(api: Api, method: str, path: str, body: dict[str, Any] | None = None, **query: Any) -> dict[str, Any]:
    """The response of `Api.call`. Exits the program when the call is refused."""
    try:
        return api.call(method, path, body, **query)
    except ApiError as error:
        raise error_exit(str(error)) from None


def duration_seconds(text: str) -> int | None:
    """The seconds of a duration such as 90s, 30m, 12h or 7d; None for other text, for zero and above ten years."""
    match = DURATION.fullmatch(text)
    seconds = int(match[1]) * SECONDS_PER_UNIT[match[2]] if match else 0
    return seconds if 0 < seconds <= MAX_DURATION_SECONDS else None


def writable_folder(folder: Path) -> Path:
    """Creates the folder of `--out` if it is missing. Exits the program when it cannot be written.

    Commands call this first: a result must not be paid for when it cannot be saved.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise error_exit(f"--out: {folder} cannot be created: {error.strerror}", 2) from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise error_exit(f"--out: you have no permission to write to {folder}", 2)
    return folder
