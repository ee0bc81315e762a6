"""What the commands share: words for problems, the system that runs here, and its API."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import typer
from rich.console import Console

from cli.api import Api, ApiError
from local.home import Home, Running

DEMO_USER = "demo"
NOTHING_RUNS = 3
INTERRUPTED = 130  # as shells say of SIGINT
DURATION = re.compile(r"(\d{1,9})([smhd])")
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
MAX_DURATION = 10 * 365 * 86_400

# What is printed may hold brackets and paths: nothing of it is markup, and lines are the terminal's to wrap.
console = Console(highlight=False, soft_wrap=True)
problems = Console(stderr=True, highlight=False, soft_wrap=True)


def fail(text: str, code: int = 1) -> typer.Exit:
    """Says what is wrong; raise what it gives back."""
    problems.print(text, style="red", markup=False)
    return typer.Exit(code)


def say(text: str, style: str = "") -> None:
    """Prints a line as it is."""
    console.print(text, style=style or None, markup=False)


def running() -> tuple[Home, Running]:
    """The system that runs here, or the end of the program."""
    home = Home()
    found = home.running()
    if found is None:
        raise fail("No system is running here. Start one with: make up", NOTHING_RUNS)
    return home, found


def api_of(home: Home, found: Running, user: str = DEMO_USER, *, admin: bool = False) -> Api:
    """The API of a system that runs here, for one user of it."""
    return Api(found.url, home.token(user, admin=admin), found.certificate)


def api_for(user: str = DEMO_USER, *, admin: bool = False) -> Api:
    """The API of the system that runs here; ADWRIGHT_URL and ADWRIGHT_TOKEN go before it."""
    url, token = os.environ.get("ADWRIGHT_URL"), os.environ.get("ADWRIGHT_TOKEN")
    if url and token and user == DEMO_USER and not admin:
        return Api(url, token, os.environ.get("ADWRIGHT_CERTIFICATE", ""))
    return api_of(*running(), user, admin=admin)


def call(api: Api, method: str, path: str, body: dict[str, Any] | None = None, **query: Any) -> dict[str, Any]:
    """As Api.call, ending the program when it is refused."""
    try:
        return api.call(method, path, body, **query)
    except ApiError as error:
        raise fail(str(error)) from None


def seconds_of(text: str) -> int | None:
    """How long 90s, 30m, 12h or 7d is; None when it is not written so, or is nothing or more than ten years."""
    match = DURATION.fullmatch(text)
    seconds = int(match[1]) * UNITS[match[2]] if match else 0
    return seconds if 0 < seconds <= MAX_DURATION else None


def writable(folder: Path) -> Path:
    """The folder, made if it is not there; the program ends, before anything is paid for, when nothing can be saved."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise fail(f"--out: nothing can be saved in {folder}: {error.strerror}", 2) from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise fail(f"--out: nothing can be saved in {folder}: it is not yours to write to", 2)
    return folder
