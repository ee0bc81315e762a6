"""ONNX Runtime without its telemetry, which reports the models that a process loads to Microsoft by default."""

from __future__ import annotations

import os
from types import ModuleType


def load_runtime() -> ModuleType:
    """Imports onnxruntime with its telemetry off for the life of the process. The only place that imports it."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # read once, when the library starts
    import onnxruntime

    return onnxruntime  # type: ignore[no-any-return]
