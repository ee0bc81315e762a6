"""The ad around the presenter: where everything stands, the backdrop, the product's card and captions.

Measures are fractions of the picture or multiples of `unit` (a 720th of the shorter side). What must be read stays
inside the safe zone: apps lay their own buttons over the edges of a vertical video.
"""

# ruff: noqa: E501 - outlines stay whole, and coordinates come in the order drawing libraries have

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from services.media import fonts
from services.media.colour import Colour, Mood, Palette, palette, readable_on
from services.media.skia import skia
from services.media.text_shaping import Face, Line, shape
from services.video.domain import AspectRatio, VideoBrief
from services.video.prices import written_price
from services.video.providers.local.captions import Group
from services.video.providers.local.photos import Pixels, picture
from services.video.providers.local.product.caption_strip import Inks, lit_word, words_picture
from services.video.providers.local.product.lettering import fitted
from services.video.providers.local.product.stage import draw_rows
from services.video.providers.local.product_picture import TradeDrawing
from services.video.providers.local.strokes import along, around, box, fill, image_of, line, rounded, surface_of

Frame = NDArray[np.uint8]

HIGHEST_QUALITY: Final = skia.SamplingOptions(skia.CubicResampler.Mitchell())
CARD_MARGIN: Final = 64  # room for the shadow of the card, in units
CAPTION_REACH: Final = 3.2  # of the size of captions, above and below their middle: four rows and what is about them
BRAND_REACH: Final = 40  # units above and below the middle of the brand's mark
NEARER_DROP: Final = 190  # units for each time that a presenter is shown larger
DRAWING: Final = 0.66  # of the side that the product has
PRICE_CHARACTERS: Final = 30  # of a price that a card has room for
LINEAR: Final = skia.SamplingOptions(skia.FilterMode.kLinear)
TEXT_CARD: Final = 0.56  # height of a tall card without a picture, as a share of its width, and what a price adds
TEXT_CARD_PRICE: Final = 0.2
CHEST_CARD: Final = 0.456  # of the height, between chin and captions
OPENING_SIZE: Final = 56  # of the words that open a film, in units
OPENING_ROWS: Final = 3  # of them at most
OPENING_LEADING: Final = 1.36  # height of a row and its share of the panel's rim, of the size
PANEL, PANEL_INK = Colour.of("#ffffff"), Colour.of("#16181d")
HEAD_CARD: Final = 0.185  # of the height, above a face that stands low


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where things stand, in pixels. `presenter_x` with and without the card beside; `card` is (x, y, width, height);
    captions stand about the height `caption_y` and above `caption_end`."""

    width: int
    height: int
    unit: float
    scale: float
    presenter_x: float
    presenter_aside_x: float
    presenter_y: float
    card: tuple[float, float, float, float]
    caption_y: float
    caption_end: float
    caption_width: float
    caption_size: float
    brand_x: float
    brand_y: float
    tall_card: bool


def layout(ratio: AspectRatio, resolution: str) -> Layout:
    width, height = ratio.size(resolution)
    unit = min(width, height) / 720
    if ratio is AspectRatio.PORTRAIT:
        return Layout(
            width=width, height=height, unit=unit, scale=0.66 * unit, presenter_x=width * 0.5,
            presenter_aside_x=width * 0.5, presenter_y=height * 0.324,
            card=(width * 0.18, height * CHEST_CARD, width * 0.64, height * 0.076), caption_y=height * 0.6,
            caption_end=height * 0.648, caption_width=width * 0.64, caption_size=48 * unit, brand_x=width * 0.5,
            brand_y=height * 0.157, tall_card=False,
        )  # fmt: skip
    if ratio is AspectRatio.SQUARE:
        return Layout(
            width=width, height=height, unit=unit, scale=0.60 * unit, presenter_x=width * 0.5,
            presenter_aside_x=width * 0.315, presenter_y=height * 0.43,
            card=(width * 0.60, height * 0.15, width * 0.345, height * 0.53), caption_y=height * 0.845,
            caption_end=height * 0.95, caption_width=width * 0.88, caption_size=44 * unit, brand_x=width * 0.5,
            brand_y=height * 0.075, tall_card=True,
        )  # fmt: skip
    return Layout(
        width=width, height=height, unit=unit, scale=0.68 * unit, presenter_x=width * 0.5,
        presenter_aside_x=width * 0.31, presenter_y=height * 0.44,
        card=(width * 0.585, height * 0.16, width * 0.30, height * 0.54), caption_y=height * 0.855,
        caption_end=height * 0.95, caption_width=width * 0.76, caption_size=46 * unit, brand_x=width * 0.5,
        brand_y=height * 0.078,
        tall_card=True,
    )  # fmt: skip


class Stage:
    """Everything of one video but the presenter."""

    def __init__(
        self,
        brief: VideoBrief,
        *,
        product: Pixels | None,
        logo: Pixels | None,
        drawing: TradeDrawing | None = None,
    ) -> None:
        self.layout = layout(brief.aspect_ratio, brief.resolution)
        self.brief = brief
        moods = (Mood.VIVID, Mood.DARK, Mood.PASTEL)
        mood = moods[zlib.crc32(f"mood {brief.seed}".encode()) % len(moods)]
        self.colours: Palette = palette(brief.brand_colours, mood=mood)
        self.family = fonts.nearest_family(brief.brand_font)
        self._product = picture(product) if product is not None else None
        self._drawing = drawing  # stands for a product without a photo
        self._logo = picture(logo) if logo is not None else None
        self._lines: dict[str, Line] = {}
        self._caption: tuple[tuple[Group, int | None], Any] | None = None
        self._opening: tuple[tuple[int, int], Any] | None = None
        self._backdrops: dict[float, Frame] = {}
        self._brand: Any = None
        self._card = self._card_picture()

    def face(self, weight: int, *, tracking: float = 0.0) -> Face:
        return Face(family=self.family, weight=weight, tracking=tracking)

    # the ground

    def _painted(self, draw: Any) -> Frame:
        frame = np.zeros((self.layout.height, self.layout.width, 4), np.uint8)
        draw(surface_of(frame).getCanvas())
        return frame

    def _draw_ground(self, canvas: Any) -> None:
        place, colours = self.layout, self.colours
        width, height, unit = place.width, place.height, place.unit
        canvas.drawPaint(along((0, 0), (width * 0.5, height), [colours.background, colours.background_end]))
        chance = np.random.default_rng(zlib.crc32(f"ground {self.brief.seed}".encode()))
        for ink, alpha, x, y, radius in (
            (colours.glow, 0.55, chance.uniform(0.1, 0.35), chance.uniform(0.05, 0.25), 0.62),
            (colours.secondary, 0.34, chance.uniform(0.8, 1.05), chance.uniform(0.1, 0.4), 0.55),
            (colours.tertiary, 0.30, chance.uniform(-0.05, 0.25), chance.uniform(0.7, 0.95), 0.6),
        ):
            reach = radius * max(width, height)
            canvas.drawCircle(
                x * width, y * height, reach, around((x * width, y * height), reach, [(ink, alpha), (ink, 0.0)])
            )
        if not colours.dark:
            canvas.drawCircle(width * 0.5, height * 1.2, height * 0.5, fill(colours.glow, 0.18, blur=90 * unit))

    def presenter_y(self, nearness: float) -> float:
        """Where the middle of a presenter's head is: lower when nearer, so that hair stays below the brand's mark."""
        place = self.layout
        return place.presenter_y + (0.0 if place.tall_card else (nearness - 1) * NEARER_DROP * place.unit)

    @property
    def has_picture(self) -> bool:
        """Whether there is a photo or a drawing for the product, and not its name alone."""
        return self._product is not None or self._drawing is not None

    def backdrop(self, nearness: float = 1.0) -> Frame:
        """What is behind the presenter, larger about the presenter's eyes."""
        if nearness not in self._backdrops:
            self._backdrops[nearness] = self._painted(lambda canvas: self._draw_backdrop(canvas, nearness))
        return self._backdrops[nearness]

    def _draw_backdrop(self, canvas: Any, nearness: float) -> None:
        place = self.layout
        unit = place.unit
        canvas.save()
        canvas.translate(place.presenter_x, self.presenter_y(nearness))
        canvas.scale(nearness, nearness)
        canvas.translate(-place.presenter_x, -place.presenter_y)
        self._draw_ground(canvas)
        x, y, radius = place.presenter_x, place.presenter_y + 40 * unit, 330 * place.scale
        if place.presenter_aside_x == place.presenter_x:
            canvas.drawCircle(x, y, radius * 1.16, fill("#ffffff", 0.10))
            canvas.drawCircle(
                x, y, radius, along((x, y - radius), (x, y + radius), [("#ffffff", 0.34), ("#ffffff", 0.05)])
            )
        else:
            for number in range(3):
                size = (0.34 + number * 0.15) * place.width
                canvas.drawCircle(place.width * 0.36, place.height * 0.62, size, fill("#ffffff", 0.07))
        canvas.restore()
        _grain(canvas, place.width, place.height, self.brief.seed)

    def _draw_brand(self, canvas: Any, x: float, y: float, *, size: float = 27.0, ink: Colour | None = None) -> None:
        """Logo or name, centred about (x, y)."""
        unit = self.layout.unit
        if self._logo is not None:
            height = size * 1.7 * unit
            width = self._logo.width() * height / self._logo.height()
            shrink = min(1.0, 0.34 * self.layout.width / width)
            width, height = width * shrink, height * shrink
            pad = 14 * unit
            canvas.drawRRect(
                rounded(
                    x - width / 2 - pad, y - height / 2 - pad * 0.7, width + 2 * pad, height + 1.4 * pad, 16 * unit
                ),
                fill("#ffffff", 0.92),
            )
            canvas.drawImageRect(self._logo, box(x - width / 2, y - height / 2, width, height), HIGHEST_QUALITY)
            return
        name = self.brief.brand_name.strip()
        if not name:
            return
        made = self._fitted(name, self.face(700, tracking=0.02), size * unit, self.layout.width * 0.6)
        canvas.drawTextBlob(made.blob(), x - made.advance / 2, y + made.size * 0.36, fill(ink or self.colours.ink))

    def draw_brand(self, canvas: Any) -> None:
        """The brand's mark where it stands in every shot."""
        place = self.layout
        top = max(0, round(place.brand_y - BRAND_REACH * place.unit))
        if self._brand is None:
            pixels = np.zeros((round(2 * BRAND_REACH * place.unit), place.width, 4), np.uint8)
            over = surface_of(pixels).getCanvas()
            over.translate(0, -top)
            self._draw_brand(over, place.brand_x, place.brand_y)
            self._brand = image_of(pixels)
        canvas.drawImage(self._brand, 0, top)

    def draw_brand_over(self, canvas: Any) -> None:
        """The brand's mark over a picture that covers the backdrop, on a ground of its own."""
        name = self.brief.brand_name.strip()
        place = self.layout
        if self._logo is None and name:
            made = self._fitted(name, self.face(700, tracking=0.02), 27 * place.unit, place.width * 0.6)
            width, height = made.advance + 44 * place.unit, 50 * place.unit
            pill = rounded(place.brand_x - width / 2, place.brand_y - height / 2, width, height, height / 2)
            canvas.drawRRect(pill, fill(self.colours.ink, 0.92))
        self._draw_brand(canvas, place.brand_x, place.brand_y, ink=self.colours.background)

    # the product's card

    def price(self) -> str:
        """The price as it is written, with what it pays for; "" without one, and where that has no room on a card."""
        line = self.brief.facts.price_line
        if line is not None:
            return line.text if len(line.text) <= PRICE_CHARACTERS else ""
        return written_price(self.brief.price, self.brief.currency, self.brief.facts.language)

    @property
    def card_box(self) -> tuple[float, float, float, float]:
        """Where the card is: x, y, width, height. A tall one without a picture is as low as its texts, or it would be an
        empty sheet."""
        x, y, width, height = self.layout.card
        if not self.layout.tall_card or self.has_picture:
            return x, y, width, height
        low = width * (TEXT_CARD + (TEXT_CARD_PRICE if self.price() else 0.0))
        return x, y + (height - low) / 2, width, low

    def _card_picture(self) -> Any:
        _, _, width, height = self.card_box
        margin = CARD_MARGIN * self.layout.unit
        pixels = np.zeros((math.ceil(height + 2 * margin), math.ceil(width + 2 * margin), 4), np.uint8)
        canvas = surface_of(pixels).getCanvas()
        canvas.translate(margin, margin)
        self._draw_card(canvas, width, height)
        return image_of(pixels)

    def _draw_card(self, canvas: Any, width: float, height: float) -> None:
        unit, colours = self.layout.unit, self.colours
        radius = 26 * unit
        shade = fill("#05060a", 0.30, blur=15 * unit)
        canvas.drawRRect(rounded(4 * unit, 12 * unit, width - 8 * unit, height - 4 * unit, radius), shade)
        ground, ink = Colour.of("#ffffff"), Colour.of("#16181d")
        accent = readable_on(ground, colours.accent)
        if self.layout.tall_card and not self.has_picture:
            ground, ink, accent = colours.accent, colours.accent_ink, colours.accent_ink
        canvas.drawRRect(rounded(0, 0, width, height, radius), fill(ground))
        pad = 16 * unit
        if not self.has_picture:  # the name once
            side, text_x, text_width = 0.0, pad, width - 2 * pad
            centred = True
        elif self.layout.tall_card:
            side = min(width - 2 * pad, height * 0.64)
            self._draw_product(canvas, (width - side) / 2, pad, side, side, 18 * unit)
            text_x, text_width = pad, width - 2 * pad
            centred = True
        else:
            side = height - 2 * pad
            self._draw_product(canvas, pad, pad, side, side, 18 * unit)
            text_x, text_width = pad + side + 20 * unit, width - side - 3 * pad - 8 * unit
            centred = False
        priced = (56 if self.layout.tall_card else 30) * unit if self.price() else 0.0
        if self.layout.tall_card:
            area = (text_x, pad * 1.3 + side, text_width, height - side - pad * 2.1 - priced * 1.15)
        else:
            area = (text_x, pad * 0.6, text_width, height - pad * 1.2 - priced * 1.25)
        self._draw_name(canvas, area, ink, centred=centred)
        price = self.price()
        if price:
            rows = 2 if self.layout.tall_card else 1
            made = fitted(price, self.family, 800, width_px=text_width, height_px=priced, largest=32 * unit, rows=rows)
            place = text_x + text_width / 2 if centred else text_x
            draw_rows(canvas, made, place, height - pad * 0.7 - priced / 2, accent, centre=centred)

    def _draw_product(self, canvas: Any, x: float, y: float, width: float, height: float, radius: float) -> None:
        """The product's photo, cropped to fill; without one the drawing for its trade, or its whole name, on the brand's
        colours."""
        colours = self.colours
        canvas.save()
        canvas.clipRRect(rounded(x, y, width, height, radius), doAntiAlias=True)
        if self._product is not None:
            canvas.drawRect(box(x, y, width, height), fill("#f3f4f6"))
            image = self._product
            grow = max(width / image.width(), height / image.height())
            if not 0.55 < image.width() / image.height() < 1.8:
                grow = min(width / image.width(), height / image.height())  # far from square: whole rather than cut
            shown_width, shown_height = image.width() * grow, image.height() * grow
            left, top = x + (width - shown_width) / 2, y + (height - shown_height) / 2
            canvas.drawImageRect(image, box(left, top, shown_width, shown_height), HIGHEST_QUALITY)
        else:
            canvas.drawRect(
                box(x, y, width, height),
                along((x, y), (x + width, y + height), [colours.accent.lighter(0.08), colours.accent]),
            )
            canvas.drawCircle(x + width * 0.84, y + height * 0.16, width * 0.36, fill("#ffffff", 0.14))
            if self._drawing is not None:
                side = DRAWING * min(width, height)
                inks = (colours.secondary, colours.accent_ink, colours.ink)
                self._drawing.draw(canvas, x + width / 2, y + height / 2, side, inks, behind=colours.accent)
            else:
                self._draw_name(
                    canvas, (x + width * 0.08, y + height * 0.1, width * 0.84, height * 0.8), colours.accent_ink
                )
        canvas.restore()

    def _draw_name(
        self,
        canvas: Any,
        area: tuple[float, float, float, float],
        ink: Any,
        *,
        centred: bool = True,
        largest: float = 60,
    ) -> None:
        """The product's whole name in a box, in as many rows as it needs."""
        x, y, width, height = area
        made = fitted(
            self.brief.product_name, self.family, 800, width_px=width, height_px=height,
            largest=largest * self.layout.unit, rows=4,
        )  # fmt: skip
        draw_rows(canvas, made, x + width / 2 if centred else x, y + height / 2, ink, centre=centred)

    def draw_card(self, canvas: Any, shown: float, *, at: float | None = CHEST_CARD) -> None:
        """The card, `shown` of the way in (0 away .. 1 there). at: its top in a vertical picture, as a share of the
        height, where it is clear of the face; None: there is no such place, and no card."""
        if shown <= 0.001 or at is None:
            return
        x, y, _, _ = self.card_box
        margin = CARD_MARGIN * self.layout.unit
        eased = 1 - (1 - shown) ** 3
        if not self.layout.tall_card:
            y = at * self.layout.height
        x += (1 - eased) * (self.layout.width - x + margin)
        # On whole pixels, which are blended ten times faster than what lies between them.
        canvas.drawImage(self._card, round(x - margin), round(y - margin))

    # captions

    def draw_caption(self, canvas: Any, group: Group, time: float) -> None:
        """The group's words; the one being said on a patch of the accent colour. Words last for several frames, and
        the picture of the last ones is kept."""
        current = max((number for number, word in enumerate(group.words) if word.start <= time + 0.02), default=0)
        lit = current if time < group.words[current].end + 0.12 else None
        top = round(self.layout.caption_y - CAPTION_REACH * self.layout.caption_size)
        if self._caption is None or self._caption[0] != (group, lit):
            height = round(2 * CAPTION_REACH * self.layout.caption_size)
            pixels = np.zeros((height, self.layout.width, 4), np.uint8)
            words = surface_of(pixels).getCanvas()
            words.translate(0, -top)
            self._draw_words(words, group, lit)
            self._caption = (group, lit), image_of(pixels)
        canvas.drawImage(self._caption[1], 0, top)

    def _draw_words(self, canvas: Any, group: Group, lit: int | None) -> None:
        unit, colours = self.layout.unit, self.colours
        face = self.face(800)
        size = self.layout.caption_size
        texts = [word.text for word in group.words]
        widest = max(self._line(text, face, size).advance for text in texts)
        if widest > self.layout.caption_width:
            size *= self.layout.caption_width / widest
        space = size * 0.27
        made_words = [self._line(text, face, size) for text in texts]
        rows = _rows(made_words, space, self.layout.caption_width)
        pitch = size * 1.36
        y = self.layout.caption_y - pitch * (len(rows) - 1) / 2 + size * 0.35
        outline_paint = line("#0b0d12", size * 0.17, 0.85)
        pad = size * 0.16
        for row in rows:
            total = sum(made.advance for _, made in row) + space * (len(row) - 1)
            x = (self.layout.width - total) / 2
            for number, made in row:
                if number == lit:
                    canvas.drawRRect(
                        rounded(x - pad, y - size * 0.93, made.advance + 2 * pad, size * 1.24, size * 0.24),
                        fill(colours.accent),
                    )
                    canvas.drawTextBlob(made.blob(), x, y, fill(colours.accent_ink))
                else:
                    canvas.drawTextBlob(made.blob(), x, y + unit, outline_paint)
                    canvas.drawTextBlob(made.blob(), x, y, fill("#ffffff"))
                x += made.advance + space
            y += pitch

    def draw_opening(self, canvas: Any, group: Group, time: float, *, is_chest_clear: bool) -> None:
        """The words that open the film, large on a panel that ends where captions may. is_chest_clear: whether the face
        leaves room for a third row."""
        place, lit = self.layout, lit_word(group, time)
        rows = OPENING_ROWS if is_chest_clear else OPENING_ROWS - 1
        if self._opening is None or self._opening[0] != (lit, rows):
            made = words_picture(
                group, lit, family=self.family, unit=place.unit, width=place.caption_width,
                height=rows * OPENING_LEADING * OPENING_SIZE * place.unit, largest=OPENING_SIZE * place.unit, rows=rows,
                inks=Inks(
                    ground=PANEL, opacity=0.96, text=PANEL_INK, accent=self.colours.accent, lit=self.colours.accent_ink
                ),
            )  # fmt: skip
            self._opening = (lit, rows), made
        image = self._opening[1]
        canvas.drawImage(image, round((place.width - image.width()) / 2), round(place.caption_end - image.height()))

    # text

    def _line(self, text: str, face: Face, size: float) -> Line:
        key = f"{face.weight} {size:.2f} {text}"
        if key not in self._lines:
            covered = face if face.covers(text) else Face(family=fonts.DEFAULT_FAMILY, weight=face.weight)
            self._lines[key] = shape(text, covered, size)
        return self._lines[key]

    def _fitted(self, text: str, face: Face, size: float, width: float) -> Line:
        """The text at `size` or smaller, so that it fits; below two thirds it is shortened instead."""
        made = self._line(text, face, size)
        if made.advance <= width or not text:
            return made
        smaller = max(size * 0.66, size * width / made.advance)
        made = self._line(text, face, smaller)
        while made.advance > width and len(text) > 1:
            text = text[:-1].rstrip(" ,.;:-")
            made = self._line(f"{text}…", face, smaller)
        return made


def _rows(words: list[Line], space: float, width: float) -> list[list[tuple[int, Line]]]:
    """The words on as few rows as they need, of lengths as even as can be."""
    lengths = [word.advance for word in words]
    total = sum(lengths) + space * (len(words) - 1)
    wanted = max(1, math.ceil(total / width))
    even = total / wanted
    rows: list[list[tuple[int, Line]]] = [[]]
    used = 0.0
    for number, word in enumerate(words):
        longer = used + (space if rows[-1] else 0.0) + word.advance
        past_even = len(rows) < wanted and rows[-1] and longer - even > even - used
        if rows[-1] and (longer > width or past_even):
            rows.append([])
            longer = word.advance
        rows[-1].append((number, word))
        used = longer
    return rows


def _grain(canvas: Any, width: int, height: int, seed: str) -> None:
    """Noise of about two levels: gradients do not band, and the encoder does not mind."""
    chance = np.random.default_rng(zlib.crc32(f"grain {seed}".encode()))
    noise = chance.integers(0, 256, (128, 128), np.uint8)
    tile = np.dstack([noise, noise, noise, np.full_like(noise, 6)])
    image = skia.Image.fromarray(
        np.ascontiguousarray(tile), colorType=skia.kRGBA_8888_ColorType, alphaType=skia.kUnpremul_AlphaType, copy=True
    )
    paint = skia.Paint(Shader=image.makeShader(skia.TileMode.kRepeat, skia.TileMode.kRepeat, skia.SamplingOptions()))
    canvas.drawRect(box(0, 0, width, height), paint)
