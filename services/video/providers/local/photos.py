"""Customers' pictures, decoded with limits."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from services.chassis.errors import InputFault
from services.video.providers.local.strokes import image_of

FORMATS: Final = ("PNG", "JPEG", "WEBP")
MAX_PIXELS: Final = 50_000_000
LONGEST_SIDE: Final = 2048

Pixels = NDArray[np.uint8]


def decoded(path: Path, *, named: str, longest_side: int = LONGEST_SIDE) -> Pixels:
    """RGBA pixels, upright, no side longer than `longest_side`. Raises InputFault, which calls the picture `named`."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=FORMATS) as image:
                if image.width * image.height > MAX_PIXELS:
                    raise InputFault(
                        "IMAGE_TOO_LARGE",
                        f"{named} is too large: {image.width}x{image.height}, over {MAX_PIXELS // 10**6} megapixels.",
                    )
                if image.format == "JPEG":
                    image.draft("RGB", (longest_side, longest_side))
                upright = ImageOps.exif_transpose(image)
                upright.thumbnail((longest_side, longest_side), Image.Resampling.LANCZOS)
                return np.asarray(upright.convert("RGBA"))
    except InputFault:
        raise
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise InputFault("IMAGE_NOT_READABLE", f"{named} could not be read as a PNG, JPEG or WebP picture.") from error


def picture(pixels: Pixels) -> Any:
    """The skia.Image of RGBA pixels that are not premultiplied; it is, so that drawing it is quick."""
    alpha = pixels[..., 3:]
    opaque = bool((alpha == 255).all())
    if not opaque:
        colours = np.round(pixels[..., :3].astype(np.float32) * (alpha.astype(np.float32) / 255)).astype(np.uint8)
        pixels = np.concatenate([colours, alpha], axis=-1)
    return image_of(pixels[..., [2, 1, 0, 3]], opaque=opaque)
