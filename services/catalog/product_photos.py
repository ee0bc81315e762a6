"""Checks of uploaded product photos and logos: size, format, and that they can be decoded."""

from __future__ import annotations

from services.catalog.domain import PHOTO_SUFFIXES, SVG_SUFFIX, SVG_TYPE
from services.catalog.errors import ImageTooLarge, ImageUnreadable
from services.chassis.errors import InputFault
from services.media import svg
from services.media.photo import photo_format

MAX_PHOTO_BYTES = 10 * 1024 * 1024
SVG_TRIAL_SIDE = 2048  # pixels; no job draws a logo larger
SVG_TRIAL_SECONDS = 5.0  # half of what jobs allow, so that load does not make a job refuse what was accepted
SUFFIXES = {"PNG": ".png", "JPEG": ".jpg", "WEBP": ".webp"}  # by the format, as Pillow names it


def photo_type(content: bytes, *, named: str = "The photo") -> tuple[str, str]:
    """Returns the (content type, file suffix) of a photo, which it decodes completely: slow, and up to 256 MB.

    Raises ImageTooLarge, ImageUnreadable.
    """
    if len(content) > MAX_PHOTO_BYTES:
        raise ImageTooLarge(f"{named} may be at most {MAX_PHOTO_BYTES // 1024 // 1024} MiB.")
    try:
        found = photo_format(content, named=named, formats=tuple(SUFFIXES))
    except InputFault as fault:
        raise _refusal(fault) from None
    suffix = SUFFIXES[found]
    return PHOTO_SUFFIXES[suffix], suffix


def checked_logo(content: bytes) -> tuple[bytes, str, str]:
    """Returns (content, content type, file suffix) of a logo; of an SVG, the cleaned document, which it draws once,
    at the size that jobs use and in less time than they allow.

    Raises ImageTooLarge, ImageUnreadable.
    """
    if not svg.is_svg(content):
        return content, *photo_type(content, named="The logo")
    try:
        cleaned = svg.sanitized(content, named="The logo")
        svg.render(cleaned, SVG_TRIAL_SIDE, named="The logo", seconds=SVG_TRIAL_SECONDS)
    except InputFault as fault:
        raise _refusal(fault) from None
    return cleaned, SVG_TYPE, SVG_SUFFIX


def _refusal(fault: InputFault) -> ImageTooLarge | ImageUnreadable:
    refusal = ImageTooLarge if fault.reason == "PHOTO_TOO_LARGE" else ImageUnreadable
    return refusal(fault.message)
