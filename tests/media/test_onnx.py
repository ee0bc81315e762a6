"""ONNX Runtime reports to nobody, and nothing imports it around the module that sees to that."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_runtime_makes_no_identifier_and_no_store_of_events(tmp_path: Path) -> None:
    # Under test and in CI it makes none anyway.
    left_out = ("CI", "ORT_", "XDG_", "GITHUB_", "PYTEST_", "TF_BUILD")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    subprocess.run(
        [sys.executable, "-c", "from services.media.onnx import load_runtime; load_runtime().SessionOptions()"],
        env={**kept, "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)},
        check=True,
        timeout=60,
    )
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == []


def test_only_one_module_imports_the_runtime() -> None:
    importing = set()
    for path in (ROOT / "services").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if any(name.partition(".")[0] == "onnxruntime" for name in names):
                importing.add(path.relative_to(ROOT).as_posix())
    assert importing == {"services/media/onnx.py"}
