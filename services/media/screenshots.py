"""Tells screenshots of software from photographs."""

from __future__ import annotations

from typing import Final

import numpy
from PIL import Image

WIDEST: Final = 2.6  # width over height past which a picture is no screen
FLAT_SHARE: Final = 0.5  # of neighbouring pixels that are equal: screens are flat, photographs are not


def is_screenshot(picture: Image.Image) -> bool:
    """Returns True for an opaque picture in a screen's shape, most of whose neighbouring pixels are equal."""
    shape = picture.width / picture.height
    if not 1 / WIDEST < shape < WIDEST:
        return False
    pixels = numpy.asarray(picture.convert("RGBA"))
    if pixels[..., 3].min() < 255:
        return False
    equal = (pixels[:, 1:, :3] == pixels[:, :-1, :3]).all(axis=2)
    return float(equal.mean()) >= FLAT_SHARE
