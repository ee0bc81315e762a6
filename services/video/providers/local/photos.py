"""Customers' pictures, decoded with limits."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from services.media import svg
from services.media.photo import decode_photo
from services.video.providers.local.strokes import image_of

LONGEST_SIDE: Final = 2048

Pixels = NDArray[np.uint8]


def decoded(path: Path, *, named: str, longest_side: int = LONGEST_SIDE) -> Pixels:
    """RGBA pixels, upright, no side longer than `longest_side`. Raises InputFault, which calls the picture `named`."""
    return np.asarray(decode_photo(path, named=named, longest_side=longest_side).convert("RGBA"))


def decoded_logo(path: Path, *, named: str) -> Pixels:
    """RGBA pixels of a logo, which may be an SVG. Raises InputFault, which calls the picture `named`."""
    content = path.read_bytes()
    if not svg.is_svg(content):
        return decoded(path, named=named)
    return np.asarray(svg.render(content, LONGEST_SIDE, named=named).convert("RGBA"))


def on_white(pixels: Pixels) -> Pixels:
    """RGB pixels of RGBA ones: on white where they were transparent."""
    alpha = pixels[..., 3:].astype(np.float32) / 255
    flat = pixels[..., :3] * alpha + 255 * (1 - alpha)
    return np.asarray(np.round(flat), np.uint8)


def picture(pixels: Pixels) -> Any:
    """The skia.Image of RGBA pixels that are not premultiplied; it is, so that drawing it is quick."""
    alpha = pixels[..., 3:]
    opaque = bool((alpha == 255).all())
    if not opaque:
        colours = np.round(pixels[..., :3].astype(np.float32) * (alpha.astype(np.float32) / 255)).astype(np.uint8)
        pixels = np.concatenate([colours, alpha], axis=-1)
    return image_of(pixels[..., [2, 1, 0, 3]], opaque=opaque)
