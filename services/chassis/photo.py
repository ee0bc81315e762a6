"""Customers' pictures, decoded within bounds: nothing a file claims or holds may cost more than its share of memory."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Final

import numpy
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from services.chassis.errors import InputFault

MAX_FILE_BYTES: Final = 20 * 1024 * 1024
MAX_SIDE: Final = 12_000  # pixels; the largest phone cameras stay below
MAX_PIXELS: Final = 64_000_000  # 64 megapixels; decoded at four bytes each, 256 MB
SMALLEST_SIDE: Final = 64  # below, nothing could be recognised even on a thumbnail
WORKING_SIDE: Final = 2000  # what compositors get: more than any of our pictures shows of a photo
FORMATS: Final = ("PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP")

_SRGB: Final = ImageCms.createProfile("sRGB")


def decode_photo(path: Path, *, named: str = "The product's photo") -> Image.Image:
    """The picture upright, in sRGB, its longer side at most WORKING_SIDE; of an animation, the first frame.

    Raises InputFault, in words for the customer, when the file is not a picture, is damaged, too large or too small.
    """
    size = path.stat().st_size
    if size > MAX_FILE_BYTES:
        raise InputFault("PHOTO_TOO_LARGE", f"{named} is larger than {MAX_FILE_BYTES // 1024 // 1024} MB.")
    content = path.read_bytes()
    if not content:
        raise InputFault("PHOTO_UNREADABLE", f"{named} is an empty file.")
    head = content[:512].lstrip().lower()
    if head.startswith((b"<?xml", b"<svg")) or b"<svg" in head:
        raise InputFault("PHOTO_UNSUPPORTED", f"{named} is an SVG drawing; please give a PNG, JPEG or WebP picture.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # bombs are measured below, odd metadata does no harm
            return _decoded(content, named)
    except InputFault:
        raise
    except UnidentifiedImageError:
        raise InputFault(
            "PHOTO_UNSUPPORTED", f"{named} is not a picture this service reads; please give a PNG, JPEG or WebP."
        ) from None
    except (MemoryError, Image.DecompressionBombError):
        raise InputFault("PHOTO_TOO_LARGE", f"{named} is too large to open; please give a smaller one.") from None
    except Exception as error:  # decoders raise whatever their damaged input leads them to
        raise InputFault(
            "PHOTO_DAMAGED", f"{named} is damaged and cannot be opened ({type(error).__name__})."
        ) from error


def _decoded(content: bytes, named: str) -> Image.Image:
    picture: Image.Image = Image.open(io.BytesIO(content), formats=FORMATS)
    width, height = picture.size
    if width > MAX_SIDE or height > MAX_SIDE or width * height > MAX_PIXELS:
        raise InputFault(
            "PHOTO_TOO_LARGE",
            f"{named} is {width} x {height} pixels; please give one of at most {MAX_SIDE} a side and "
            f"{MAX_PIXELS // 1_000_000} megapixels.",
        )
    if min(width, height) < SMALLEST_SIDE:
        raise InputFault(
            "PHOTO_TOO_SMALL",
            f"{named} is only {width} x {height} pixels; please give one of at least {SMALLEST_SIDE} a side.",
        )
    picture.draft("RGB", (WORKING_SIDE, WORKING_SIDE))  # JPEGs decode at a fraction of their size
    profile = picture.info.get("icc_profile")
    picture.load()
    picture, profile = _plain(ImageOps.exif_transpose(picture), profile)
    picture.thumbnail((WORKING_SIDE, WORKING_SIDE), Image.Resampling.LANCZOS)
    return _in_srgb(picture, profile)


def _plain(picture: Image.Image, profile: bytes | None) -> tuple[Image.Image, bytes | None]:
    """Without palettes, transparent colours and 16 bits, which scaling and conversion would spoil; and the profile as
    far as it still describes the pixels."""
    if picture.mode.startswith(("I", "F")):  # 16 bits a channel: scaled, for conversion would clip it to white
        values = numpy.asarray(picture, dtype=numpy.float32)
        top = 65535.0 if values.max() > 255 else 255.0
        return Image.fromarray((numpy.clip(values / top, 0, 1) * 255).astype(numpy.uint8)), None
    if picture.mode in ("LA", "La", "RGBa"):
        return picture.convert("RGBA"), None
    if "transparency" in picture.info:
        return picture.convert("RGBA"), profile if picture.mode == "RGB" else None
    if picture.mode in ("P", "PA", "1"):
        return picture.convert("RGBA" if picture.mode == "PA" else "RGB"), None
    return picture, profile


def _in_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    transparent = picture.mode == "RGBA"
    if profile and picture.mode in ("RGB", "RGBA", "CMYK", "L"):
        picture = _converted(picture, profile)
    return picture.convert("RGBA" if transparent else "RGB")


def _converted(picture: Image.Image, profile: bytes) -> Image.Image:
    alpha = picture.getchannel("A") if picture.mode == "RGBA" else None
    flat = picture.convert("RGB") if alpha is not None else picture
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(flat, source, _SRGB, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return picture  # a broken profile says nothing about the pixels
    assert converted is not None
    if alpha is not None:
        converted.putalpha(alpha)
    return converted
