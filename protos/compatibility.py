"""Compatibility with the last release: `python -m protos.compatibility` compares its protos and migrations.

The last release is the newest tag `v…` that this commit descends from. Two versions run side by side while one replaces
the other, so each must be able to read the other's messages (`buf breaking` with the rules WIRE_JSON of buf.yaml), and
a migration that a database may have is never changed or removed. Before the first tag there is nothing to compare.
"""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def last_release(tree: Path) -> str:
    """Returns the tag of the last release; empty: there is none."""
    done = _git(tree, "describe", "--tags", "--abbrev=0", "--match=v*", check=False)
    return done.stdout.decode().strip() if done.returncode == 0 else ""


def incompatibilities(tree: Path, release: str) -> list[str]:
    """Returns the incompatible changes of protos and migrations since the release, one line each."""
    return [*_breaking_proto_changes(tree, release), *_changed_migrations(tree, release)]


def _breaking_proto_changes(tree: Path, release: str) -> list[str]:
    with tempfile.TemporaryDirectory(prefix="adwright-release-") as folder:
        archive = _git(tree, "archive", release, "protos").stdout
        with tarfile.open(fileobj=io.BytesIO(archive)) as files:
            files.extractall(folder, filter="data")
        # Each by its own generator, which may have changed.
        _generate(Path(folder))
        _generate(tree)
        done = subprocess.run(  # noqa: S603
            [
                Path(sys.executable).parent / "buf", "breaking", "gen/image.binpb",
                "--against", Path(folder) / "gen" / "image.binpb", "--exclude-imports",
            ],
            cwd=tree, capture_output=True, text=True, check=False,
        )  # fmt: skip
    if done.returncode == 0:
        return []
    return (done.stdout + done.stderr).splitlines() or [f"buf exited with {done.returncode}"]


def _changed_migrations(tree: Path, release: str) -> list[str]:
    changed = _git(tree, "diff", "--name-status", "--no-renames", release, "--", "services/*/migrations/*.py")
    lines = [line.split("\t") for line in changed.stdout.decode().splitlines()]
    complaint = f"is part of {release} and has changed: add a new migration instead"
    return [f"{path} {complaint}" for kind, path in lines if kind != "A"]


def _generate(tree: Path) -> None:
    subprocess.run([sys.executable, tree / "protos" / "generate.py"], check=True)  # noqa: S603


def _git(tree: Path, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["git", "-C", tree, *arguments], capture_output=True, check=check)  # noqa: S603, S607


def main() -> None:
    release = last_release(ROOT)
    if not release:
        print("compatibility: no release (tag v…) to compare with")
        return
    found = incompatibilities(ROOT, release)
    print("\n".join(found) or f"compatibility: no incompatible change since {release}")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
