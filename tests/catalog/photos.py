"""Photos for the tests of catalog."""

from __future__ import annotations

import io

from PIL import Image


def photo(colour: str = "red", size: tuple[int, int] = (80, 70), kind: str = "PNG") -> bytes:
    """Returns a photo of one colour; size in pixels, kind as Pillow names formats."""
    content = io.BytesIO()
    Image.new("RGB", size, colour).save(content, kind)
    return content.getvalue()
