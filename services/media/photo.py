"""Decodes customers' images within limits, so that no file can exhaust memory."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, TypeVar

import numpy
import pi_heif
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from services.chassis.errors import InputFault

pi_heif.register_heif_opener(thumbnails=False, aux_images=False, depth_images=False)  # Pillow's format "HEIF"

Result = TypeVar("Result")

MAX_FILE_BYTES: Final = 20 * 1024 * 1024
HEAD_BYTES: Final = 512  # enough to recognise a file's format
MAX_SIDE: Final = 12_000  # pixels; photos of the largest phone cameras are smaller
MAX_PIXELS: Final = 64_000_000  # 64 megapixels; decoded at four bytes each, 256 MB
MAX_PIXELS_OF: Final = {"AVIF": 24_000_000, "HEIF": 24_000_000}  # their decoders take up to 18 bytes a pixel, 430 MB
MIN_SIDE: Final = 64  # pixels; smaller images are unrecognisable even as thumbnails
MAX_ASPECT: Final = 20  # longer side to shorter side; in any layout a longer strip is a line
WORKING_SIDE: Final = 2000  # pixels; more than any output shows of a photo
FORMATS: Final = ("PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP", "AVIF", "HEIF")
CONVERTED_SIDES: Final = (3000, 2000, 1400)  # pixels of a photo that is stored in another format than it came in
CONVERTED_QUALITY: Final = 92  # of JPEG and WebP

_SRGB: Final = ImageCms.createProfile("sRGB")


def decode_photo(path: Path, *, named: str = "The product's photo", longest_side: int = WORKING_SIDE) -> Image.Image:
    """Decodes an image: upright, in sRGB, its longer side at most `longest_side`; the first of several in a file.

    Raises InputFault with a message for the customer when the file is no image, damaged, too large or too small.
    """
    size = path.stat().st_size
    if size > MAX_FILE_BYTES:
        raise InputFault("PHOTO_TOO_LARGE", f"{named} may be at most {MAX_FILE_BYTES // 1024 // 1024} MiB.")
    return decode_content(path.read_bytes(), named=named, longest_side=longest_side)


def decode_content(content: bytes, *, named: str, longest_side: int = WORKING_SIDE) -> Image.Image:
    """Decodes the bytes of an image as `decode_photo` decodes a file."""
    return _open_bounded(content, named, FORMATS, lambda image: _decode(image, longest_side), longest_side)


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


def converted_photo(content: bytes, *, named: str, max_bytes: int) -> tuple[bytes, str]:
    """Returns an image in a format that every browser shows, and that format: JPEG, or WEBP for a transparent one.

    It is upright, in sRGB, without metadata, its longer side the first of CONVERTED_SIDES with which it takes at most
    `max_bytes`. Raises InputFault as `decode_photo`.
    """
    picture = decode_content(content, named=named, longest_side=CONVERTED_SIDES[0])
    found = "JPEG" if picture.mode == "RGB" else "WEBP"
    for side in CONVERTED_SIDES:
        picture.thumbnail((side, side), Image.Resampling.LANCZOS)
        out = io.BytesIO()
        picture.save(out, found, quality=CONVERTED_QUALITY)
        if out.tell() <= max_bytes:
            return out.getvalue(), found
    raise InputFault("PHOTO_TOO_LARGE", f"{named} has too much detail to be stored; please use a PNG, JPEG or WebP.")


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
    _refuse_other_formats(content[:HEAD_BYTES], named)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # _check_size detects decompression bombs, and odd metadata is harmless
            with Image.open(io.BytesIO(content), formats=tuple(formats)) as image:
                _check_size(*image.size, named, MAX_PIXELS_OF.get(str(image.format), MAX_PIXELS))
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


def _refuse_other_formats(head: bytes, named: str) -> None:
    """Raises InputFault for formats that are often mistaken for photos, with advice for each."""
    text = head.lstrip().lower()
    if text.startswith((b"<?xml", b"<svg")) or b"<svg" in text:
        raise InputFault("PHOTO_UNSUPPORTED", f"{named} is an SVG drawing; please use a PNG, JPEG or WebP.")
    if text.startswith((b"<!doctype html", b"<html")):
        raise InputFault("PHOTO_UNSUPPORTED", f"{named} is a web page; please use the PNG, JPEG or WebP itself.")
    if text.startswith(b"%pdf-"):
        raise InputFault("PHOTO_UNSUPPORTED", f"{named} is a PDF; please export it as PNG, JPEG or WebP.")


def _check_size(width: int, height: int, named: str, max_pixels: int) -> None:
    if width > MAX_SIDE or height > MAX_SIDE or width * height > max_pixels:
        raise InputFault(
            "PHOTO_TOO_LARGE",
            f"{named} is {width} x {height} pixels; please use one of at most {MAX_SIDE} a side and "
            f"{max_pixels // 1_000_000} megapixels.",
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
    ImageOps.exif_transpose(image, in_place=True)
    upright, profile = _normalize_mode(image, profile)
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
