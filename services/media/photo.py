"""Customers' pictures, decoded within bounds: nothing a file claims or holds may cost more than its share of memory."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, TypeVar

import numpy
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from services.chassis.errors import InputFault

Result = TypeVar("Result")

MAX_FILE_BYTES: Final = 20 * 1024 * 1024
HEAD_BYTES: Final = 512  # enough of a file to tell what it is
MAX_SIDE: Final = 12_000  # pixels; the largest phone cameras stay below
MAX_PIXELS: Final = 64_000_000  # 64 megapixels; decoded at four bytes each, 256 MB
SMALLEST_SIDE: Final = 64  # below, nothing could be recognised even on a thumbnail
WORKING_SIDE: Final = 2000  # what compositors get: more than any of our pictures shows of a photo
FORMATS: Final = ("PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP")

# Brands of ISO base media files (ISO 14496-12, "ftyp") that hold pictures, and how to get a JPEG instead.
_PHONE_FORMATS: Final = {
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1"), "HEIC"),
    **dict.fromkeys((b"avif", b"avis"), "AVIF"),
}

_SRGB: Final = ImageCms.createProfile("sRGB")


def decode_photo(path: Path, *, named: str = "The product's photo", longest_side: int = WORKING_SIDE) -> Image.Image:
    """The picture upright, in sRGB, its longer side at most `longest_side`; of several pictures in a file, the first.

    Raises InputFault, in words for the customer, when the file is not a picture, is damaged, too large or too small.
    """
    size = path.stat().st_size
    if size > MAX_FILE_BYTES:
        raise InputFault("PHOTO_TOO_LARGE", f"{named} is larger than {MAX_FILE_BYTES // 1024 // 1024} MB.")
    return _within_bounds(
        path.read_bytes(), named, FORMATS, lambda picture: _decoded(picture, longest_side), longest_side
    )


def photo_format(content: bytes, *, named: str, formats: Sequence[str]) -> str:
    """The format of a picture that `decode_photo` will take: PNG, JPEG, WEBP or another of `formats`.

    The picture is decoded once, so that a damaged one is found before anything depends on it. A JPEG that holds
    several pictures (MPO, as phones write it) is a JPEG. Raises InputFault as `decode_photo` does.
    """

    def loaded(picture: Image.Image) -> str:
        picture.load()
        return "JPEG" if picture.format == "MPO" else str(picture.format)

    return _within_bounds(content, named, formats, loaded, WORKING_SIDE)


def _within_bounds(
    content: bytes,
    named: str,
    formats: Sequence[str],
    use: Callable[[Image.Image], Result],
    longest_side: int,
) -> Result:
    """What `use` makes of the picture, which is open and not loaded. Raises InputFault."""
    if not content:
        raise InputFault("PHOTO_UNREADABLE", f"{named} is an empty file.")
    _refuse_other_kinds(content[:HEAD_BYTES], named)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # bombs are measured below, odd metadata does no harm
            with Image.open(io.BytesIO(content), formats=tuple(formats)) as picture:
                _measure(*picture.size, named)
                picture.draft("RGB", (longest_side, longest_side))  # JPEGs decode at a fraction of their size
                return use(picture)
    except InputFault:
        raise
    except UnidentifiedImageError:
        raise InputFault(
            "PHOTO_UNSUPPORTED", f"{named} is not a picture this service reads; please give a PNG, JPEG or WebP."
        ) from None
    except (MemoryError, Image.DecompressionBombError):
        raise InputFault("PHOTO_TOO_LARGE", f"{named} is too large to open; please give a smaller one.") from None
    except Exception as error:  # decoders raise whatever their damaged input leads them to
        raise InputFault("PHOTO_DAMAGED", f"{named} is damaged or incomplete; please export it again.") from error


def _refuse_other_kinds(head: bytes, named: str) -> None:
    """Raises InputFault for files that are often taken for a photo, each with the way to one that works."""
    text = head.lstrip().lower()
    if text.startswith((b"<?xml", b"<svg")) or b"<svg" in text:
        raise InputFault("PHOTO_UNSUPPORTED", f"{named} is an SVG drawing; please give a PNG, JPEG or WebP picture.")
    if text.startswith((b"<!doctype html", b"<html")):
        raise InputFault("PHOTO_UNSUPPORTED", f"{named} is a web page; please give the PNG, JPEG or WebP itself.")
    if text.startswith(b"%pdf-"):
        raise InputFault("PHOTO_UNSUPPORTED", f"{named} is a PDF; please export it as PNG, JPEG or WebP.")
    kind = _PHONE_FORMATS.get(head[8:12]) if head[4:8] == b"ftyp" else None
    if kind is not None:
        raise InputFault(
            "PHOTO_UNSUPPORTED",
            f"{named} is in the {kind} format; please export it as JPEG, PNG or WebP. A phone takes JPEGs when its "
            'camera is set to "most compatible".',
        )


def _measure(width: int, height: int, named: str) -> None:
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


def _decoded(picture: Image.Image, longest_side: int) -> Image.Image:
    profile = picture.info.get("icc_profile")
    picture.load()
    upright, profile = _plain(ImageOps.exif_transpose(picture), profile)
    upright.thumbnail((longest_side, longest_side), Image.Resampling.LANCZOS)
    return _in_srgb(upright, profile)


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
