"""Runs a Dockerfile's first stage in a folder, like an image builder, without an image engine."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.platform.manifests import ROOT


@dataclass(slots=True)
class Stage:
    """The instructions between one FROM and the next."""

    name: str
    steps: list[tuple[str, str]] = field(default_factory=list)

    def arguments_of(self, instruction: str) -> list[str]:
        return [rest for word, rest in self.steps if word == instruction]


def stages() -> list[Stage]:
    text = re.sub(r"^\s*#.*\n", "", (ROOT / "Dockerfile").read_text(encoding="utf-8"), flags=re.M)
    found: list[Stage] = []
    for line in re.sub(r"\\\n\s*", " ", text).splitlines():
        word, _, rest = line.strip().partition(" ")
        if word == "FROM":
            found.append(Stage(rest.partition(" AS ")[2]))
        elif found and word:
            found[-1].steps.append((word, rest.strip()))
    return found


def variables(stage: Stage) -> dict[str, str]:
    """The variables of its ENV instructions."""
    return dict(pair.split("=", 1) for rest in stage.arguments_of("ENV") for pair in rest.split())


def context() -> set[str]:
    """Returns the files that .dockerignore does not exclude."""
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    assert lines[0] == "*"
    return {line.removeprefix("!") for line in lines if line.startswith("!")}


def build(stage: Stage, folder: Path) -> None:
    """Runs COPY and RUN of a stage with `folder` as its WORKDIR."""
    # Settings of package registries are this machine's; the Python and the ENV are the image's.
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    environment = {**ours, "PATH": f"{sys.base_prefix}/bin:{os.environ['PATH']}", **variables(stage)}
    for word, rest in stage.steps:
        if word == "COPY":
            source, target = rest.split()
            assert source in context(), f"{source} is kept out by .dockerignore"
            if (ROOT / source).is_dir():
                ignored = shutil.ignore_patterns("__pycache__")
                shutil.copytree(ROOT / source, folder / target, ignore=ignored)
            else:
                shutil.copy(ROOT / source, folder / target)
        elif word == "RUN":
            done = subprocess.run(
                ["sh", "-c", rest], cwd=folder, env=environment, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, f"{rest}\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}"


def assemble(stage: Stage, built: Path, folder: Path) -> None:
    """Moves what a stage copies from the one before, which was built in the folder `built`, into `folder`."""
    for rest in stage.arguments_of("COPY"):
        option, *sources, target = rest.split()
        assert option.startswith("--from=")
        for source in sources:
            path = built / Path(source).relative_to("/opt/adwright")
            if path.is_dir():
                (folder / target).mkdir(exist_ok=True)
                for inside in path.iterdir():
                    inside.rename(folder / target / inside.name)
            else:
                path.rename(folder / target / path.name)
