"""What an ad image is asked for and what comes of it: values only."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Style(StrEnum):
    """The looks a customer can ask for."""

    PRODUCT_HERO = "product_hero"
    LIFESTYLE = "lifestyle"
    MINIMAL = "minimal"
    BOLD = "bold"
    SEASONAL = "seasonal"
    MODERN = "modern"


class AspectRatio(StrEnum):
    """The shapes a customer can ask for."""

    SQUARE = "1:1"
    STORY = "9:16"
    PORTRAIT = "4:5"
    LANDSCAPE = "16:9"

    @property
    def pixels(self) -> tuple[int, int]:
        """(width, height) of the finished picture."""
        return PIXELS[self]


PIXELS: dict[AspectRatio, tuple[int, int]] = {
    AspectRatio.SQUARE: (1080, 1080),
    AspectRatio.STORY: (1080, 1920),
    AspectRatio.PORTRAIT: (1080, 1350),
    AspectRatio.LANDSCAPE: (1920, 1080),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageBrief:
    """One ad image to make.

    photo, logo: local files, already fetched; None when there is none.
    headline, subline, call_to_action: from the copy engine; "" derives plain words from the product.
    seed: what varies one job from another; the same brief with the same seed gives the same picture.
    date: decides the season when neither style nor prompt names one.
    format: png, jpeg or webp.
    """

    product_name: str
    description: str
    features: tuple[str, ...]
    price: str | None
    currency: str | None
    audience: str
    brand_name: str
    brand_colours: tuple[str, ...]
    brand_font: str
    tone_words: tuple[str, ...]
    style: Style
    aspect_ratio: AspectRatio
    prompt: str
    photo: Path | None
    logo: Path | None
    headline: str
    subline: str
    call_to_action: str
    seed: str
    date: datetime.date
    format: str = "png"


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeImage:
    """A finished ad image: the file, a small one for lists, and words about it.

    notes: what was understood of the prompt and what not, and every fallback taken, in words for the customer.
    """

    image: Path
    thumbnail: Path
    content_type: str
    width: int
    height: int
    alt_text: str
    notes: tuple[str, ...]
    provider: str
