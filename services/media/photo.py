"""Decodes customers' images within limits, so that no file can exhaust memory."""

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
HEAD_BYTES: Final = 512  # enough to recognise a file's format
MAX_SIDE: Final = 12_000  # pixels; photos of the largest phone cameras are smaller
MAX_PIXELS: Final = 64_000_000  # 64 megapixels; decoded at four bytes each, 256 MB
MIN_SIDE: Final = 64  # pixels; smaller images are unrecognisable even as thumbnails
MAX_ASPECT: Final = 20  # longer side to shorter side; in any layout a longer strip is a line
WORKING_SIDE: Final = 2000  # pixels; more than any output shows of a photo
FORMATS: Final = ("PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP", "AVIF")

# Brands of ISO base media files (ISO 14496-12, "ftyp") that contain images, with the names of their formats.
_PHONE_FORMATS: Final = {
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1"), "HEIC"),
    **dict.fromkeys((b"avif", b"avis"), "AVIF"),
}

_SRGB: Final = ImageCms.createProfile("sRGB")


def decode_photo(path: Path, *, named: str = "The product's photo", longest_side: int = WORKING_SIDE) -> Image.Image:
    """Decodes an image: upright, in sRGB, its longer side at most `longest_side`; the first of several in a file.

    Raises InputFault with a message for the customer when the file is no image, damaged, too large or too small.
    """
    size = path.stat().st_size
    if size > MAX_FILE_BYTES:
        raise InputFault("PHOTO_TOO_LARGE", f"{named} may be at most {MAX_FILE_BYTES // 1024 // 1024} MiB.")
    return _open_bounded(path.read_bytes(), named, FORMATS, lambda image: _decode(image, longest_side), longest_side)


def photo_format(content: bytes, *, named: str, formats: Sequence[str]) -> str:
    """Returns the format of an image that `decode_photo` will accept: PNG, JPEG, WEBP or another of `formats`.

    The image is decoded completely, to detect damage early. A JPEG with several images (MPO, which phones write) counts
    as JPEG. Raises InputFault as `decode_photo`, and for a strip that no layout can show.
    """

    def loaded(image: Image.Image) -> str:
        _check_aspect(*image.size, named)
        image.load()
        return "JPEG" if image.format == "MPO" else str(image.format)

    return _open_bounded(content, named, formats, loaded, WORKING_SIDE)


def _open_bounded(
    content: bytes,
    named: str,
    formats: Sequence[str],
    use: Callable[[Image.Image], Result],
    longest_side: int,
) -> Result:
    """Opens the image, checks it, and returns `use(image)` before its pixels are loaded. Raises InputFault."""
    if not content:
        raise InputFault("PHOTO_UNREADABLE", f"{named} is an empty file.")
    _refuse_other_formats(content[:HEAD_BYTES], named, formats)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # _check_size detects decompression bombs, and odd metadata is harmless
            with Image.open(io.BytesIO(content), formats=tuple(formats)) as image:
                _check_size(*image.size, named)
                image.draft("RGB", (longest_side, longest_side))  # decodes large JPEGs at reduced size
                return use(image)
    except InputFault:
        raise
    except UnidentifiedImageError:
        raise InputFault(
            "PHOTO_UNSUPPORTED", f"{named} is not a supported image; please use a PNG, JPEG or WebP."
        ) from None
    except (MemoryError, Image.DecompressionBombError):
        raise InputFault("PHOTO_TOO_LARGE", f"{named} is too large to open; please use a smaller one.") from None
    except Exception as error:  # damaged input makes decoders raise arbitrary exceptions
        raise InputFault("PHOTO_DAMAGED", f"{named} is damaged or incomplete; please export it again.") from error


def _refuse_other_formats(head: bytes, named: str, formats: Sequence[str]) -> None:
    """Raises InputFault for formats that are often mistaken for photos, with advice for each."""
    text = head.lstrip().lower()
    if text.startswith((b"<?xml", b"<svg")) or b"<svg" in text:
        raise InputFault("PHOTO_UNSUPPORTED", f"{named} is an SVG drawing; please use a PNG, JPEG or WebP.")
    if text.startswith((b"<!doctype html", b"<html")):
        raise InputFault("PHOTO_UNSUPPORTED", f"{named} is a web page; please use the PNG, JPEG or WebP itself.")
    if text.startswith(b"%pdf-"):
        raise InputFault("PHOTO_UNSUPPORTED", f"{named} is a PDF; please export it as PNG, JPEG or WebP.")
    kind = _PHONE_FORMATS.get(head[8:12]) if head[4:8] == b"ftyp" else None
    if kind is not None and kind not in formats:
        raise InputFault(
            "PHOTO_UNSUPPORTED",
            f"{named} is in the {kind} format; please export it as JPEG, PNG or WebP. Phones take JPEGs when the "
            'camera is set to "most compatible".',
        )


def _check_size(width: int, height: int, named: str) -> None:
    if width > MAX_SIDE or height > MAX_SIDE or width * height > MAX_PIXELS:
        raise InputFault(
            "PHOTO_TOO_LARGE",
            f"{named} is {width} x {height} pixels; please use one of at most {MAX_SIDE} a side and "
            f"{MAX_PIXELS // 1_000_000} megapixels.",
        )
    if min(width, height) < MIN_SIDE:
        raise InputFault(
            "PHOTO_TOO_SMALL",
            f"{named} is only {width} x {height} pixels; please use one of at least {MIN_SIDE} a side.",
        )


def _check_aspect(width: int, height: int, named: str) -> None:
    if max(width, height) > MAX_ASPECT * min(width, height):
        raise InputFault(
            "PHOTO_TOO_NARROW",
            f"{named} is a strip of {width} x {height} pixels; please crop it: the longer side may be at most "
            f"{MAX_ASPECT} times the shorter one.",
        )


def _decode(image: Image.Image, longest_side: int) -> Image.Image:
    profile = image.info.get("icc_profile")
    image.load()
    upright, profile = _normalize_mode(ImageOps.exif_transpose(image), profile)
    upright.thumbnail((longest_side, longest_side), Image.Resampling.LANCZOS)
    return _convert_to_srgb(upright, profile)


def _normalize_mode(image: Image.Image, profile: bytes | None) -> tuple[Image.Image, bytes | None]:
    """Converts palettes, transparent colours and 16-bit channels, which scaling and colour conversion would spoil.
    Returns the profile too, if it still applies."""
    if image.mode.startswith(("I", "F")):  # 16 bits a channel; convert() would clip them to white
        values = numpy.asarray(image, dtype=numpy.float32)
        top = 65535.0 if values.max() > 255 else 255.0
        return Image.fromarray((numpy.clip(values / top, 0, 1) * 255).astype(numpy.uint8)), None
    if image.mode in ("LA", "La", "RGBa"):
        return image.convert("RGBA"), None
    if "transparency" in image.info:
        return image.convert("RGBA"), profile if image.mode == "RGB" else None
    if image.mode in ("P", "PA", "1"):
        return image.convert("RGBA" if image.mode == "PA" else "RGB"), None
    return image, profile


def _convert_to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    transparent = image.mode == "RGBA"
    if profile and image.mode in ("RGB", "RGBA", "CMYK", "L"):
        image = _apply_profile(image, profile)
    return image.convert("RGBA" if transparent else "RGB")


def _apply_profile(image: Image.Image, profile: bytes) -> Image.Image:
    alpha = image.getchannel("A") if image.mode == "RGBA" else None
    flat = image.convert("RGB") if alpha is not None else image
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(flat, source, _SRGB, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image  # a broken profile is ignored
    assert converted is not None
    if alpha is not None:
        converted.putalpha(alpha)
    return converted
