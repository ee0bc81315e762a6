"""Checks of uploaded product photos: size, format, and that they can be decoded."""

from __future__ import annotations

from services.catalog.domain import PHOTO_SUFFIXES
from services.catalog.errors import ImageTooLarge, ImageUnreadable
from services.chassis.errors import InputFault
from services.media.photo import photo_format

MAX_PHOTO_BYTES = 10 * 1024 * 1024
SUFFIXES = {"PNG": ".png", "JPEG": ".jpg", "WEBP": ".webp"}  # by the format, as Pillow names it


def photo_type(content: bytes) -> tuple[str, str]:
    """Returns the (content type, file suffix) of a photo, which it decodes completely: slow, and up to 256 MB.

    Raises ImageTooLarge, ImageUnreadable.
    """
    if len(content) > MAX_PHOTO_BYTES:
        raise ImageTooLarge(f"Photos may be at most {MAX_PHOTO_BYTES // 1024 // 1024} MiB.")
    try:
        found = photo_format(content, named="The photo", formats=tuple(SUFFIXES))
    except InputFault as fault:
        refusal = ImageTooLarge if fault.reason == "PHOTO_TOO_LARGE" else ImageUnreadable
        raise refusal(fault.message) from None
    suffix = SUFFIXES[found]
    return PHOTO_SUFFIXES[suffix], suffix
