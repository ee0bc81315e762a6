"""The finished pixels as files: PNG, JPEG or WebP in sRGB, within the size limit, and a thumbnail."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy
from PIL import Image, ImageCms

from services.image.providers.local.legibility import Pixels

PNG_LIMIT: Final = 1_460_000  # bytes before signing, which adds some 15 kB; 1.5 MB are promised
THUMBNAIL_LONG_SIDE: Final = 400
CONTENT_TYPES: Final = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp"}
SUFFIXES: Final = {"png": "png", "jpeg": "jpg", "webp": "webp"}
PNG_LEVEL: Final = 3  # deflate effort: level 6 takes twice as long for a few per cent less
COARSE_STEPS: Final = (2, 4, 8)  # tones merged when a photograph alone is over the limit, least first

_SRGB: Final = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def write_image(pixels: Pixels, path: Path, file_format: str) -> None:
    """Writes RGBA pixels as an opaque picture. PNGs over PNG_LIMIT are written again with fewer tones."""
    picture = Image.fromarray(pixels[..., :3])
    if file_format == "jpeg":
        picture.save(path, "JPEG", quality=92, subsampling=0, optimize=True, icc_profile=_SRGB)
        return
    if file_format == "webp":
        picture.save(path, "WEBP", quality=90, method=4, icc_profile=_SRGB)
        return
    _png(picture, path)
    for step in COARSE_STEPS:
        if path.stat().st_size <= PNG_LIMIT:
            return
        _png(Image.fromarray(_coarser(pixels[..., :3], step)), path)


def write_thumbnail(pixels: Pixels, path: Path) -> None:
    """A WebP no larger than THUMBNAIL_LONG_SIDE."""
    picture = Image.fromarray(pixels[..., :3])
    picture.thumbnail((THUMBNAIL_LONG_SIDE, THUMBNAIL_LONG_SIDE), Image.Resampling.LANCZOS, reducing_gap=2.0)
    picture.save(path, "WEBP", quality=84, method=3)


def _png(picture: Image.Image, path: Path) -> None:
    picture.save(path, "PNG", compress_level=PNG_LEVEL, icc_profile=_SRGB)


def _coarser(pixels: Pixels, step: int) -> Pixels:
    """Tones rounded to multiples of `step`, with a fixed 4x4 threshold pattern so that no bands appear."""
    pattern = numpy.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]], dtype=numpy.float32) / 16
    height, width = pixels.shape[:2]
    threshold = numpy.tile(pattern, (height // 4 + 1, width // 4 + 1))[:height, :width, None] * step
    rounded: Any = numpy.floor((pixels.astype(numpy.float32) + threshold) / step) * step
    coarse: Pixels = numpy.clip(rounded, 0, 255).astype(numpy.uint8)
    return coarse
