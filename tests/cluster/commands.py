"""Runs programs with a bound, and cached steps."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from rich.console import Console

from tests.cluster.places import BIN, CACHE, PACKAGES, RUN

BUILD_SECONDS = 7_200.0  # of Kubernetes on a core that others use too
COMMAND_SECONDS = 120.0
TAIL_CHARACTERS = 2_000

console = Console(highlight=False)


class StepError(RuntimeError):
    """A step did not succeed; the message says what and why."""


def run(
    *command: str | Path,
    seconds: float = COMMAND_SECONDS,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    text: str | None = None,
) -> str:
    """Runs a program and returns its output. Raises StepError with the end of its output."""
    try:
        done = subprocess.run(
            [str(part) for part in command],
            cwd=folder,
            env={**os.environ, **(environment or {})},
            input=text,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise StepError(f"{command[0]} took longer than {seconds:.0f} s: {' '.join(map(str, command))}") from None
    if done.returncode != 0:
        output = (done.stdout + done.stderr)[-TAIL_CHARACTERS:]
        raise StepError(f"{' '.join(map(str, command))[:500]} exited with {done.returncode}:\n{output}")
    return done.stdout


def kubectl(*arguments: str | Path, seconds: float = COMMAND_SECONDS, text: str | None = None) -> str:
    """Runs kubectl in the node's network namespace, from the folder of the checkout."""
    return run(RUN / "bin" / "kubectl", *arguments, seconds=seconds, text=text)


def until(what: str, ready: Callable[[], bool], *, seconds: float, interval: float = 1.0) -> None:
    """Waits until `ready` is true. Raises StepError after `seconds`."""
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            raise StepError(f"{what}: not after {seconds:.0f} s")
        time.sleep(interval)


def step(name: str, key: Iterable[str | bytes | Path], action: Callable[[], None]) -> None:
    """Does a build step unless it was done with the same key; says how long it took.

    key: texts, and files or folders whose contents count.
    """
    digest, marker = _digest(key), CACHE / "done" / name
    if marker.exists() and marker.read_text(encoding="utf-8") == digest:
        console.print(f"{name}: cached")
        return
    marker.parent.mkdir(parents=True, exist_ok=True)
    with timed(name):
        action()
    marker.write_text(digest, encoding="utf-8")


class timed:
    """Says when a step begins and how long it took."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        console.print(f"{self._name} …")
        self._began = time.monotonic()

    def __exit__(self, failure: type[BaseException] | None, *_: object) -> None:
        outcome = "failed after" if failure else "done in"
        console.print(f"{self._name}: {outcome} {time.monotonic() - self._began:.0f} s")


def require_programs() -> None:
    """Raises StepError that names the Debian packages that are missing."""
    if os.geteuid() != 0:
        raise StepError("The node needs root, for its namespaces, mounts and control groups.")
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    missing = {package for program, package in PACKAGES.items() if shutil.which(program, path=path) is None}
    if missing:
        raise StepError(f"Install first: apt-get install --no-install-recommends {' '.join(sorted(missing))}")
    if shutil.which("go") is None and not BIN.exists():
        raise StepError("Go is missing: it builds Kubernetes.")


def _digest(key: Iterable[str | bytes | Path]) -> str:
    found = hashlib.sha256()
    for part in key:
        if isinstance(part, Path):
            files = sorted(path for path in part.rglob("*") if path.is_file()) if part.is_dir() else [part]
            for path in files:
                if "__pycache__" not in path.parts:
                    found.update(str(path.relative_to(part)).encode() + b"\0" + path.read_bytes())
        else:
            found.update(part.encode() if isinstance(part, str) else part)
        found.update(b"\0\0")
    return found.hexdigest()
