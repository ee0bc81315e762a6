"""The drawing library, loaded with a message an operator can act on when the machine lacks what it links to."""

from __future__ import annotations

try:
    import skia
except ImportError as error:  # the wheel links libGL and libEGL even for drawing in memory; slim images lack them
    raise ImportError(
        f"skia-python could not be loaded ({error}). On Debian and Ubuntu: apt-get install -y libgl1 libegl1"
    ) from error

__all__ = ["skia"]
