"""A mounted Kubernetes Secret is loaded again when it changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.chassis import rotating_secret

OLD, NEW = "o" * 40, "n" * 40


def replace_volume(folder: Path, version: str, text: str) -> None:
    """Changes a mounted Secret as the kubelet does: creates a new folder and moves a link to it atomically."""
    (folder / version).mkdir()
    (folder / version / "service-secret").write_text(text, encoding="utf-8")
    link = folder / "..data_tmp"
    link.symlink_to(version)
    link.rename(folder / "..data")


def test_running_process_loads_a_changed_secret_volume(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rotating_secret, "RELOAD_SECONDS", -1.0)
    replace_volume(tmp_path, "..1", OLD)
    file = tmp_path / "service-secret"
    file.symlink_to("..data/service-secret")
    secret = rotating_secret.RotatingSecret(file.read_text(encoding="utf-8"), file=str(file))
    assert secret.accepted() == (OLD,)
    replace_volume(tmp_path, "..2", f"{NEW}\n{OLD}")
    assert secret.accepted() == (NEW, OLD)
    assert secret.signing() == NEW
