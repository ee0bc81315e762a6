"""Values of the image service: styles, aspect ratios, the brief and the rendered image."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from services.image.testimonial import Testimonial


class Style(StrEnum):
    """The styles of an ad image."""

    PRODUCT_HERO = "product_hero"
    LIFESTYLE = "lifestyle"
    MINIMAL = "minimal"
    BOLD = "bold"
    SEASONAL = "seasonal"
    MODERN = "modern"


class AspectRatio(StrEnum):
    """Width to height of an ad image."""

    SQUARE = "1:1"
    STORY = "9:16"
    PORTRAIT = "4:5"
    LANDSCAPE = "16:9"
    WIDE = "1.91:1"
    PIN = "2:3"

    @property
    def pixels(self) -> tuple[int, int]:
        """(width, height) of the finished image."""
        return PIXELS[self]


PIXELS: dict[AspectRatio, tuple[int, int]] = {
    AspectRatio.SQUARE: (1080, 1080),
    AspectRatio.STORY: (1080, 1920),
    AspectRatio.PORTRAIT: (1080, 1350),
    AspectRatio.LANDSCAPE: (1920, 1080),
    AspectRatio.WIDE: (1910, 1000),
    AspectRatio.PIN: (1080, 1620),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is advertised. The fields are those of adwright.catalog.v1.Understanding; empty: not known.

    confidence: how sure kind and trade are: "sure", "likely" or "not_known". subject: the customer's words for it.
    """

    trade: str = ""
    trade_name: str = ""
    sector: str = ""
    kind: str = ""
    confidence: str = ""
    subject: str = ""
    language: str = ""
    sensitive: frozenset[str] = frozenset()
    regulated: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rating:
    """A rating with proof behind it. value: "4.8", "" for an award alone; best: of how many; count: of ratings, 0: not
    known; source: where they stand; award: with its giver and year."""

    value: str = ""
    best: int = 5
    count: int = 0
    source: str = ""
    award: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """Headlines and layouts of the earlier pictures of a job. headlines: empty if all pictures share one."""

    headlines: tuple[str, ...] = ()
    layouts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TextSlot:
    """Where a text of a picture stands, and within which bounds another may take its place. Lengths are in pixels,
    boxes are (left, top, right, bottom).

    element: headline, subline, cta, price, old_price or badge. row: the place of the text with its button or pill;
    room: how far it may grow. align: left, centre or right, of the row; align_within: of lines in it. margins: left,
    right, above and below the text in its button. leading: line height in ems. divide_from: the size from which on
    long words may be divided; 0: any. stretch: how much larger a line may be than the smallest. is_sticker: it stands
    in a circle.
    """

    element: str
    text: str
    row: tuple[float, float, float, float]
    room: tuple[float, float, float, float]
    align: str
    align_within: str
    margins: tuple[float, float, float, float]
    family: str
    weight: int
    italic: bool
    tracking: float
    largest: float
    smallest: float
    leading: float
    most_lines: int
    divide_from: float = 0.0
    stretch: float = 1.0
    in_capitals: bool = False
    right_to_left: bool = False
    language: str = ""
    is_sticker: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneRecord:
    """What drawing a picture again needs besides its brief.

    digest: SHA-256 of its pixels before texts were replaced. png_step: tones that its file merges. colours: of the
    palette's origin, as hexadecimal. slots: of its texts, as they stand on it.
    """

    digest: str
    png_step: int
    colours: tuple[str, ...]
    slots: tuple[TextSlot, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """How a picture differs from the one that its brief alone gives. Texts are (element, text).

    texts: laid out in place of those that were chosen. replaced: set into the finished picture in place of others, so
    that all outside of their boxes stays. digest: of the picture before that; drawing fails where another comes out.
    palette: colours instead of the brand's. layout: the name of one to keep. png_step: the least to merge.
    """

    texts: tuple[tuple[str, str], ...] = ()
    replaced: tuple[tuple[str, str], ...] = ()
    digest: str = ""
    palette: tuple[str, ...] = ()
    layout: str = ""
    png_step: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageBrief:
    """The brief of one ad image.

    photo, logo: downloaded files, or None. more_photos: further photos of the product.
    headline, subline, call_to_action: from the copy service; an empty one is derived from the product.
    price: what is paid now. old_price: what was paid before, None: nothing that is known.
    benefits: short facts of the product, the strongest first. leading_benefits: those that may be headlines; None: all.
    further_leads: facts that may be headlines where stronger ones are taken.
    offer: the product's offer in the customer's words. occasion: the days on which it takes place, "" without such.
    badge: text of a sticker, from the request. rating: of the product; None: none that may be shown.
    testimonial: what somebody says of it; None: nobody whom its texts name.
    given: names of the texts that the request sets, which are printed verbatim.
    forbidden_texts: those that rules of advertising forbid; a prompt may quote one, and it is left out.
    seed: varies the image between jobs; the same brief with the same seed gives the same image.
    visible_mark: whether a small line says how the picture was made.
    concept: pictures with the same one share headline, colours, typefaces and what is shown; empty: the seed.
    taken: what the picture avoids, so that the variants of a job differ.
    date: decides the season when neither style nor prompt names one.
    format: png, jpeg or webp. subject: what the catalog understood of the product.
    changes: of a picture that is drawn again. parent: the file of that picture; None: it is not there any more.
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
    subject: Subject = Subject()
    more_photos: tuple[Path, ...] = ()
    old_price: str | None = None
    benefits: tuple[str, ...] = ()
    leading_benefits: frozenset[str] | None = None
    further_leads: tuple[str, ...] = ()
    offer: str = ""
    occasion: str = ""
    badge: str = ""
    rating: Rating | None = None
    testimonial: Testimonial | None = None
    given: frozenset[str] = frozenset()
    forbidden_texts: frozenset[str] = frozenset()
    concept: str = ""
    taken: Taken = Taken()
    visible_mark: bool = False
    changes: Changes = Changes()
    parent: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TextArea:
    """A line of type on a finished picture: its edges as shares of width and height, the contrast that was measured on
    the picture, and the one that WCAG 2 asks for."""

    role: str
    left: float
    top: float
    right: float
    bottom: float
    contrast: float
    contrast_needed: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedImage:
    """A finished ad image, its thumbnail and its alternative text.

    headline, layout: what is printed as headline, and the name of the layout.
    origin: the IPTC's digital source type of its manifest, a URL. text_areas: None: not known.
    notes: for the customer: which parts of the prompt were applied or not, and every fallback.
    scene: what drawing it again needs; None: another engine made a part of it.
    """

    image: Path
    thumbnail: Path
    content_type: str
    width: int
    height: int
    alt_text: str
    notes: tuple[str, ...]
    provider: str
    headline: str = ""
    layout: str = ""
    origin: str = ""
    text_areas: tuple[TextArea, ...] | None = None
    scene: SceneRecord | None = None
