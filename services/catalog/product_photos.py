"""Checks of uploaded product photos and logos: size, format, and that they can be decoded."""

from __future__ import annotations

from services.catalog.domain import PHOTO_SUFFIXES, SVG_SUFFIX, SVG_TYPE
from services.catalog.errors import ImageTooLarge, ImageUnreadable
from services.chassis.errors import InputFault
from services.media import svg
from services.media.photo import converted_photo, photo_format
from services.media.upload_forms import file_of_upload

MAX_PHOTO_BYTES = 10 * 1024 * 1024
SVG_TRIAL_SIDE = 2048  # pixels; no job draws a logo larger
SVG_TRIAL_SECONDS = 5.0  # half of what jobs allow, so that load does not make a job refuse what was accepted
SUFFIXES = {"PNG": ".png", "JPEG": ".jpg", "WEBP": ".webp"}  # by the format, as Pillow names it
CONVERTED = ("AVIF", "HEIF")  # formats that are read and stored as another one


def checked_photo(content: bytes, *, named: str = "The photo") -> tuple[bytes, str, str]:
    """Returns (content, content type, file suffix) of a photo, which it decodes completely: slow, and up to 430 MB.

    AVIF and HEIC, which not every browser shows, become JPEG, or WebP where they are transparent.
    Raises ImageTooLarge, ImageUnreadable.
    """
    if len(content) > MAX_PHOTO_BYTES:
        raise ImageTooLarge(f"{named} may be at most {MAX_PHOTO_BYTES // 1024 // 1024} MiB.")
    try:
        found = photo_format(content, named=named, formats=(*SUFFIXES, *CONVERTED))
        if found in CONVERTED:
            content, found = converted_photo(content, named=named, max_bytes=MAX_PHOTO_BYTES)
    except InputFault as fault:
        raise _refusal(fault) from None
    suffix = SUFFIXES[found]
    return content, PHOTO_SUFFIXES[suffix], suffix


def uploaded_file(content: bytes) -> bytes:
    """Returns the file of a form; any other body as it is. Raises ImageUnreadable."""
    try:
        return file_of_upload(content)
    except InputFault as fault:
        raise _refusal(fault) from None


def checked_logo(content: bytes) -> tuple[bytes, str, str]:
    """Returns (content, content type, file suffix) of a logo; of an SVG, the cleaned document, which it draws once,
    at the size that jobs use and in less time than they allow.

    Raises ImageTooLarge, ImageUnreadable.
    """
    if not svg.is_svg(content):
        return checked_photo(content, named="The logo")
    try:
        cleaned = svg.sanitized(content, named="The logo")
        svg.render(cleaned, SVG_TRIAL_SIDE, named="The logo", seconds=SVG_TRIAL_SECONDS)
    except InputFault as fault:
        raise _refusal(fault) from None
    return cleaned, SVG_TYPE, SVG_SUFFIX


def _refusal(fault: InputFault) -> ImageTooLarge | ImageUnreadable:
    refusal = ImageTooLarge if fault.reason == "PHOTO_TOO_LARGE" else ImageUnreadable
    return refusal(fault.message)
