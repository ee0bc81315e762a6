"""Imports skia, with a helpful error message when its system libraries are missing."""

from __future__ import annotations

try:
    import skia
except ImportError as error:  # the wheel links libGL and libEGL even for drawing in memory, and slim images lack them
    raise ImportError(
        f"skia-python could not be loaded ({error}). On Debian and Ubuntu: apt-get install -y libgl1 libegl1"
    ) from error

__all__ = ["skia"]
