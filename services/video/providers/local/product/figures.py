"""What a shot draws beside its ground: the product, the sentence word by word, and what stands for a part's content."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from services.media import drawings
from services.media.skia import skia
from services.media.text_shaping import shape, width
from services.video.product.layouts import Box, Places
from services.video.product.shots import cues
from services.video.product.storyboard import BEAT_SECONDS, Scene
from services.video.providers.local.product.layers import ENTER_SECONDS, FINE, Layer, painted
from services.video.providers.local.product.lettering import CAP, LEADING, SPACE, Set, drawable, face_for, fitted
from services.video.providers.local.product.looks import DARK, WHITE, Tone
from services.video.providers.local.product_picture import ProductPicture
from services.video.providers.local.strokes import along, box, fill, line, outline, rounded

SHADOW: Final = 0.34
CORNER: Final = 34.0  # units
HALF_BEAT: Final = BEAT_SECONDS / 2
PHONE_BELOW: Final = 0.75  # width over height of a screenshot that a phone shows
STARS: Final = 5
DISCS: Final = frozenset({"brand"})  # grounds on which a product has a disc behind it


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What all shots of a film share. places: in pixels. wide: text left, product right. icons: file of drawings."""

    width: int
    height: int
    unit: float
    places: Places
    wide: bool
    family: str
    picture: ProductPicture
    name: str
    icons: Path | None

    @property
    def centre(self) -> bool:
        return not self.wide


def product_layers(stage: Stage, scene: Scene, tone: Tone) -> list[Layer]:
    """The product where the shot wants it; a card of type where there is no picture."""
    where = scene.shot.product
    if not where or where == "end" or (scene.shot.text == "sticker" and not _pictured(stage)):
        return []
    area: Box = getattr(stage.places, where)
    hook = scene.start == 0.0  # the first frame shows the product
    made = standing(
        stage, area, tone, enter=scene.shot.enter, at=-ENTER_SECONDS / 2 if hook or scene.shot.cut == "cut" else 0.04
    )
    if scene.shot.ground in DISCS and stage.picture.figure is not None and "screenshot" not in stage.picture.shows:
        return [disc(stage, area, tone), made]
    return [made]


def _pictured(stage: Stage) -> bool:
    """Whether the product is shown by more than its name."""
    return bool(stage.picture.shows)


def disc(stage: Stage, area: Box, tone: Tone) -> Layer:
    """A bright disc behind a product, which sets it off from a dark ground."""
    x, y, w, h = area
    side = min(w, h) * 1.1

    def draw(canvas: Any) -> None:
        ink = tone.disc
        canvas.drawCircle(
            side / 2, side / 2, side / 2, along((0, 0), (0, side), [ink.lighter(0.06), ink.lighter(-0.05)])
        )

    return _placed(painted(side, side, draw), x + w / 2, y + h / 2, enter="pop", at=0.0)


def standing(stage: Stage, area: Box, tone: Tone, *, enter: str, at: float) -> Layer:
    """The product in a box, with its shadow, as one layer."""
    x, y, w, h = area
    image = stage.picture.figure
    if image is not None and "screenshot" in stage.picture.shows:
        image = device(image)
    if image is not None:
        grow = min(w / image.width(), h * 0.94 / image.height())
        wide, tall = image.width() * grow, image.height() * grow
        drop = stage.unit * 26

        def draw(canvas: Any) -> None:
            shadow = fill(DARK, SHADOW, blur=drop * 0.7)
            canvas.drawOval(box(drop + wide * 0.12, drop + tall * 0.95, wide * 0.76, max(8.0, tall * 0.06)), shadow)
            canvas.drawImageRect(image, box(drop, drop, wide, tall), FINE)

        made = painted(wide + 2 * drop, tall + 2 * drop, draw)
        return _placed(made, x + w / 2, y + h / 2, enter=enter, at=at, grow=0.045, sway=4 * stage.unit)
    if stage.picture.photo is not None:
        return _photo_card(stage, area, enter, at)
    return _type_card(stage, area, tone, enter, at)


def _photo_card(stage: Stage, area: Box, enter: str, at: float) -> Layer:
    photo = stage.picture.photo
    x, y, w, h = area
    shape_wanted = min(max(photo.width() / photo.height(), w / h * 0.75, 0.7), 1.6)
    wide, tall = (w, w / shape_wanted) if w / shape_wanted <= h else (h * shape_wanted, h)
    pad, radius = 26 * stage.unit, CORNER * stage.unit

    def draw(canvas: Any) -> None:
        canvas.drawRRect(rounded(pad, pad + 10 * stage.unit, wide, tall, radius), fill(DARK, SHADOW, blur=pad * 0.5))
        canvas.clipRRect(rounded(pad, pad, wide, tall, radius), doAntiAlias=True)
        grow = max(wide / photo.width(), tall / photo.height())
        pw, ph = photo.width() * grow, photo.height() * grow
        canvas.drawImageRect(photo, box(pad + (wide - pw) / 2, pad + (tall - ph) / 2, pw, ph), FINE)

    made = painted(wide + 2 * pad, tall + 2 * pad, draw)
    return _placed(made, x + w / 2, y + h / 2, enter=enter, at=at, grow=0.04)


def _type_card(stage: Stage, area: Box, tone: Tone, enter: str, at: float) -> Layer:
    """The product's name, whole, on a card in the accent colour: where nothing certainly shows the product."""
    x, y, w, h = area
    h = min(h, w * 0.8)
    pad, radius = 26 * stage.unit, CORNER * stage.unit
    text = fitted(
        stage.name, stage.family, 800, width_px=w * 0.82, height_px=h * 0.72, largest=110 * stage.unit, rows=5
    )

    def draw(canvas: Any) -> None:
        canvas.drawRRect(rounded(pad, pad + 10 * stage.unit, w, h, radius), fill(DARK, SHADOW, blur=pad * 0.5))
        canvas.drawRRect(
            rounded(pad, pad, w, h, radius),
            along((pad, pad), (pad + w, pad + h), [tone.accent.lighter(0.05), tone.accent.lighter(-0.04)]),
        )
        canvas.save()
        canvas.clipRRect(rounded(pad, pad, w, h, radius), doAntiAlias=True)
        canvas.drawCircle(pad + w * 0.94, pad + h * 0.06, h * 0.42, fill(WHITE, 0.12))
        canvas.drawCircle(pad + w * 0.04, pad + h * 0.98, h * 0.3, fill(DARK, 0.08))
        canvas.restore()
        draw_rows(canvas, text, pad + w / 2, pad + h / 2, tone.accent_ink)

    return _placed(painted(w + 2 * pad, h + 2 * pad, draw), x + w / 2, y + area[3] / 2, enter=enter, at=at, grow=0.03)


def device(screen: Any) -> Any:
    """The screenshot in the frame of a phone or of a window, by its shape."""
    wide, tall = screen.width(), screen.height()
    phone = wide / tall < PHONE_BELOW
    edge = wide * (0.045 if phone else 0.012)
    bar = 0.0 if phone else wide * 0.045
    radius = wide * (0.13 if phone else 0.02)

    def draw(canvas: Any) -> None:
        canvas.drawRRect(rounded(0, 0, wide + 2 * edge, tall + 2 * edge + bar, radius + edge), fill("#23262d"))
        if not phone:
            for number in range(3):
                canvas.drawCircle(
                    edge + bar * (0.6 + number * 0.55), edge + bar * 0.45, bar * 0.16, fill("#ffffff", 0.5)
                )
        canvas.clipRRect(rounded(edge, edge + bar, wide, tall, radius * 0.9 if phone else 4), doAntiAlias=True)
        canvas.drawImageRect(screen, box(edge, edge + bar, wide, tall), FINE)

    return painted(wide + 2 * edge, tall + 2 * edge + bar, draw)


# the sentence itself


def word_layers(stage: Stage, scene: Scene, tone: Tone) -> list[Layer]:
    """Each word as it is said, all in one block; the word that weighs most stands on a patch."""
    area = stage.places.aside_words if scene.shot.product == "aside" else stage.places.words
    x, y, w, h = area
    spoken = [(drawable(word.text), word) for word in scene.part.words]
    spoken = [(text, word) for text, word in spoken if text]
    text = " ".join(each for each, _ in spoken)
    if not text:
        return []
    largest = (86 if len(spoken) > 6 else 104) * stage.unit
    pad = 0.14
    rows = fitted(text, stage.family, 800, width_px=w * 0.95, height_px=h * 0.96, largest=largest, rows=7)
    size = rows.size
    weighty = _weighty([each for each, _ in spoken])
    face = face_for(text, stage.family, 800)
    top = y + (h - rows.height) / 2 if not scene.shot.product else y + max(0.0, (h - rows.height) * 0.35)
    layers: list[Layer] = []
    number = 0
    for row, made in enumerate(rows.rows):
        count = len(made.text.split())
        words = spoken[number : number + count]
        widths = [width(each, face, size) for each, _ in words]
        total = sum(widths) + SPACE * size * (count - 1)
        left = x + (w - total) / 2 if stage.centre else x
        baseline = top + (CAP + row * LEADING) * size
        for place, ((each, word), advance) in enumerate(zip(words, widths, strict=True)):
            lit = number + place == weighty
            image = _word(each, face, size, advance, tone, lit, pad)
            centre_x = left + advance / 2
            centre_y = baseline - CAP * size / 2
            at = max(0.0, word.start - scene.start - 0.08)
            if scene.start == 0.0:
                at = min(at, (number + place) * 0.14) - ENTER_SECONDS / 2  # the hook is read within two seconds
            layers.append(
                _placed(image, centre_x, centre_y, enter="pop" if lit else "rise", at=at, far=28 * stage.unit)
            )
            left += advance + SPACE * size
        number += count
    return layers


def _word(text: str, face: Any, size: float, advance: float, tone: Tone, lit: bool, pad: float) -> Any:
    margin = size * 0.4

    def draw(canvas: Any) -> None:
        baseline = margin + CAP * size
        if lit:
            patch = rounded(
                margin - pad * size, margin - 0.16 * size, advance + 2 * pad * size, (CAP + 0.36) * size, 0.16 * size
            )
            canvas.drawRRect(patch, fill(tone.accent))
        canvas.drawTextBlob(
            shape(text, face, size).blob(), margin, baseline, fill(tone.accent_ink if lit else tone.ink)
        )

    return painted(advance + 2 * margin, CAP * size + 2 * margin, draw)


def _weighty(words: list[str]) -> int:
    """The number of the word that weighs most: one with a figure, else the longest of the second half."""
    for number, word in enumerate(words):
        if re.search(r"\d", word):
            return number
    half = len(words) // 2
    return max(range(half, len(words)), key=lambda number: len(words[number].strip(".,!?;:")))


# what stands for a part's content


def name_layers(stage: Stage, scene: Scene, tone: Tone) -> list[Layer]:
    """The product's whole name above it. A type card already is the name."""
    if not stage.picture.shows:
        return []
    return [_text(stage, stage.name, stage.places.title, tone.ink, largest=54, rows=2, enter="rise", at=HALF_BEAT)]


def sticker_layers(stage: Stage, scene: Scene, tone: Tone, before: str = "") -> list[Layer]:
    """The price on a round sticker: a word before it, what one price pays for, and the old price struck out."""
    part = scene.part
    x, y, w, h = stage.places.sticker if _pictured(stage) else stage.places.stage
    side = min(w, h)
    below = part.items[0] if part.items else ""
    ground, ink = (tone.accent, tone.accent_ink) if tone.accent.lightness < 0.93 else (DARK, WHITE)

    def draw(canvas: Any) -> None:
        middle = side / 2 + 16
        canvas.drawCircle(middle, middle + 8, side / 2, fill(DARK, 0.3, blur=9))
        canvas.drawPath(_burst(middle, middle, side / 2, 18), fill(ground))
        canvas.drawCircle(middle, middle, side * 0.42, line(ink, side * 0.012, 0.55))
        price = fitted(part.value, stage.family, 800, width_px=side * 0.76, height_px=side * 0.34, largest=400, rows=1)
        draw_rows(canvas, price, middle, middle, ink)
        if part.label:
            head = fitted(part.label, stage.family, 700, width_px=side * 0.5, height_px=side * 0.12, largest=80, rows=1)
            draw_rows(canvas, head, middle, middle - side * 0.25, ink)
        foot = before or below
        if foot:
            text = fitted(foot, stage.family, 700, width_px=side * 0.52, height_px=side * 0.13, largest=80, rows=1)
            draw_rows(canvas, text, middle, middle + side * 0.26, ink)
            if before:
                wide = text.width * 0.56
                canvas.drawLine(
                    middle - wide, middle + side * 0.28, middle + wide, middle + side * 0.24, line(ink, side * 0.016)
                )

    image = painted(side + 32, side + 40, draw)
    at = _said(scene, part.value)
    sticker = _placed(image, x + w / 2, y + h / 2, enter="pop", at=at, turn=-8.0, sway=2 * stage.unit)
    title = (
        [_text(stage, stage.name, stage.places.title, tone.ink, largest=46, rows=2, enter="rise", at=0.0)]
        if stage.picture.shows
        else []
    )
    return [*title, sticker]


def offer_layers(stage: Stage, scene: Scene, tone: Tone) -> list[Layer]:
    """A share off, huge, with the words that belong to it."""
    return _big(stage, scene, tone, scene.part.value, scene.part.label)


def figure_layers(stage: Stage, scene: Scene, tone: Tone) -> list[Layer]:
    """A figure, huge, with its qualifier above and what it counts below."""
    part = scene.part
    return _big(stage, scene, tone, part.value, part.label, above=part.items[0] if part.items else "")


def _big(stage: Stage, scene: Scene, tone: Tone, value: str, label: str, above: str = "") -> list[Layer]:
    x, y, w, h = stage.places.stage
    share = 0.58 if label else 0.86
    top = y + (h * 0.14 if above else 0.0)
    at = _said(scene, value.split(maxsplit=1)[0])
    box_value = (x, top, w, h * share - (top - y) * 0.4)
    layers = [_text(stage, value, box_value, tone.accent, largest=230, rows=1, weight=800, enter="pop", at=at)]
    if above:
        layers.append(_text(stage, above, (x, y, w, h * 0.14), tone.ink, largest=52, rows=1, enter="rise", at=at))
    if label:
        below = (x, y + h * 0.64, w, h * 0.34)
        layers.append(_text(stage, label, below, tone.ink, largest=66, rows=2, enter="rise", at=at + HALF_BEAT))
    return layers


def code_layers(stage: Stage, scene: Scene, tone: Tone) -> list[Layer]:
    """The code on a ticket with notched sides."""
    x, y, w, h = stage.places.stage
    wide, tall = w * 0.92, min(h * 0.52, w * 0.3)
    text = fitted(
        scene.part.value,
        stage.family,
        800,
        width_px=wide * 0.76,
        height_px=tall * 0.5,
        largest=120 * stage.unit,
        rows=1,
    )
    pad = 18 * stage.unit

    def draw(canvas: Any) -> None:
        ticket = rounded(pad, pad, wide, tall, 22 * stage.unit)
        canvas.drawRRect(rounded(pad, pad + 8, wide, tall, 22 * stage.unit), fill(DARK, 0.3, blur=9))
        canvas.save()
        for edge in (pad, pad + wide):
            notch = outline_circle(edge, pad + tall / 2, tall * 0.15)
            canvas.clipPath(notch, _difference(), True)
        canvas.drawRRect(ticket, fill(WHITE))
        inner = rounded(pad + tall * 0.2, pad + tall * 0.12, wide - tall * 0.4, tall * 0.76, 14 * stage.unit)
        stroke = line(tone.accent if tone.accent.lightness < 0.85 else DARK, 3.2 * stage.unit)
        stroke.setPathEffect(_dashes(12 * stage.unit))
        canvas.drawRRect(inner, stroke)
        canvas.restore()
        draw_rows(canvas, text, pad + wide / 2, pad + tall / 2, DARK)

    at = _said(scene, scene.part.value)
    return [_placed(painted(wide + 2 * pad, tall + 2 * pad, draw), x + w / 2, y + h * 0.42, enter="pop", at=at)]


def chip_layers(stage: Stage, scene: Scene, tone: Tone) -> list[Layer]:
    """The items of a list as chips, each with an icon, one after another as they are said."""
    part = scene.part
    x, y, w, h = stage.places.stage
    gap = 16 * stage.unit
    count = len(part.items)
    tall = min(96 * stage.unit, (h - gap * (count - 1)) / count)
    top = y + (h - count * tall - (count - 1) * gap) / 2
    texts = [
        fitted(item, stage.family, 700, width_px=w - tall * 1.7, height_px=tall * 0.62, largest=44 * stage.unit, rows=2)
        for item in part.items
    ]
    size = min(text.size for text in texts)
    layers = []
    for number, item in enumerate(part.items):
        text = fitted(item, stage.family, 700, width_px=w - tall * 1.7, height_px=tall * 0.7, largest=size, rows=2)
        image = painted(w, tall + 10 * stage.unit, _chip(stage, item, text, w, tall, tone))
        at = max(_said(scene, item.split()[0]), number * HALF_BEAT)
        centre_y = top + number * (tall + gap) + tall / 2
        layers.append(_placed(image, x + w / 2, centre_y + 5 * stage.unit, enter="slide", at=at, far=40 * stage.unit))
    return layers


def _chip(stage: Stage, item: str, text: Set, w: float, tall: float, tone: Tone) -> Callable[[Any], None]:
    icon = _icon(stage, item)

    def draw(canvas: Any) -> None:
        canvas.drawRRect(rounded(2, 8 * stage.unit, w - 4, tall, tall * 0.34), fill(DARK, 0.16))
        canvas.drawRRect(rounded(0, 0, w, tall, tall * 0.34), fill(tone.panel))
        side = tall * 0.62
        if icon is not None:
            grow = side / max(icon.width(), icon.height())
            wide, high = icon.width() * grow, icon.height() * grow
            canvas.drawImageRect(icon, box(tall * 0.58 - wide / 2, tall / 2 - high / 2, wide, high), FINE)
        else:
            dot = tone.accent if tone.accent.lightness < 0.88 else DARK
            canvas.drawCircle(tall * 0.58, tall / 2, tall * 0.17, fill(dot))
        left = tall * 1.12
        for row, made in enumerate(text.rows):
            baseline = tall / 2 - text.height / 2 + (CAP + 0.11 + row * LEADING) * text.size
            canvas.drawTextBlob(made.blob(), left, baseline, fill(tone.panel_ink))

    return draw


def _icon(stage: Stage, item: str) -> Any:
    """The drawing for an item's words, None where no cue fits or the drawings are not installed."""
    if stage.icons is None:
        return None
    words = set(re.findall(r"[\w'-]+", item.casefold()))
    for name, cue in cues().icons.items():
        if words & cue and name in drawings.drawing_file(stage.icons).names:
            return drawings.render(stage.icons, name).image
    return None


def quote_layers(stage: Stage, scene: Scene, tone: Tone) -> list[Layer]:
    """What somebody said, between large marks."""
    x, y, w, h = stage.places.stage
    text = fitted(
        scene.part.value, stage.family, 700, width_px=w * 0.8, height_px=h * 0.66, largest=58 * stage.unit, rows=5
    )
    pad = 18 * stage.unit

    def draw(canvas: Any) -> None:
        canvas.drawRRect(rounded(pad, pad + 8, w, h, CORNER * stage.unit), fill(DARK, 0.25, blur=10))
        canvas.drawRRect(rounded(pad, pad, w, h, CORNER * stage.unit), fill(tone.panel))
        mark = shape("“", face_for("“", stage.family, 800), h * 0.5)
        ink = tone.accent if tone.accent.lightness < 0.85 else DARK
        canvas.drawTextBlob(mark.blob(), pad + w * 0.06, pad + h * 0.42, fill(ink))
        draw_rows(canvas, text, pad + w / 2, pad + h * 0.58, tone.panel_ink)

    return [_placed(painted(w + 2 * pad, h + 2 * pad, draw), x + w / 2, y + h / 2, enter="rise", at=0.1)]


def rating_layers(stage: Stage, scene: Scene, tone: Tone) -> list[Layer]:
    """The rating as the script says it, with as many stars."""
    part = scene.part
    x, y, w, h = stage.places.stage
    value = float(part.value.replace(",", "."))
    side = min(h * 0.24, w / 6.2)

    def draw(canvas: Any) -> None:
        for number in range(STARS):
            centre = side * (0.6 + 1.15 * number)
            star = _star(centre, side * 0.6, side * 0.54)
            canvas.drawPath(star, fill(tone.ink, 0.22))
            share = min(1.0, max(0.0, value - number))
            canvas.save()
            canvas.clipRect(box(centre - side * 0.54, 0, side * 1.08 * share, side * 1.3))
            canvas.drawPath(star, fill("#ffb400"))
            canvas.restore()

    stars = painted(side * 5.8, side * 1.25, draw)
    at = _said(scene, part.value)
    layers = [
        _text(stage, part.value, (x, y, w, h * 0.46), tone.ink, largest=200, rows=1, weight=800, enter="pop", at=at),
        _placed(stars, x + w / 2 if stage.centre else x + side * 2.9, y + h * 0.6, enter="wipe", at=at + HALF_BEAT),
    ]
    if part.label:
        below = (x, y + h * 0.76, w, h * 0.22)
        layers.append(_text(stage, part.label, below, tone.ink, largest=50, rows=2, enter="rise", at=at + BEAT_SECONDS))
    return layers


def change_layers(stage: Stage, scene: Scene, tone: Tone) -> list[Layer]:
    """Before and after, one above the other: the first struck out, the second wiped in."""
    x, y, w, h = stage.places.stage
    before, after = scene.part.items
    half = h * 0.46
    layers = []
    for number, (text, ground, ink) in enumerate(
        ((before, tone.ink, tone.start), (after, tone.accent, tone.accent_ink))
    ):
        made = fitted(
            text, stage.family, 800, width_px=w * 0.84, height_px=half * 0.62, largest=72 * stage.unit, rows=2
        )

        def draw(canvas: Any, made: Set = made, ground: Any = ground, ink: Any = ink, first: bool = not number) -> None:
            canvas.drawRRect(rounded(0, 0, w, half, 26 * stage.unit), fill(ground, 0.55 if first else 1.0))
            draw_rows(canvas, made, w / 2, half / 2, ink)
            if first:
                canvas.drawLine(
                    w / 2 - made.width * 0.54, half / 2, w / 2 + made.width * 0.54, half / 2, line(ink, 5 * stage.unit)
                )

        at = _said(scene, text.split()[0]) if number else 0.1
        centre_y = y + half / 2 + number * (h - half)
        layers.append(_placed(painted(w, half, draw), x + w / 2, centre_y, enter="wipe" if number else "rise", at=at))
    return layers


def contact_layers(stage: Stage, scene: Scene, tone: Tone) -> list[Layer]:
    """An address or a number to call, on a bar with a sign."""
    x, y, w, h = stage.places.stage
    tall = min(h * 0.42, 128 * stage.unit)
    text = fitted(
        scene.part.value,
        stage.family,
        800,
        width_px=w - tall * 1.3,
        height_px=tall * 0.56,
        largest=70 * stage.unit,
        rows=1,
    )
    phone = scene.part.label == "phone"
    pad = 18 * stage.unit
    sign_ink = tone.accent_ink

    def draw(canvas: Any) -> None:
        canvas.drawRRect(rounded(pad, pad + 8, w, tall, tall / 2), fill(DARK, 0.28, blur=9))
        canvas.drawRRect(rounded(pad, pad, w, tall, tall / 2), fill(tone.panel))
        middle = (pad + tall / 2, pad + tall / 2)
        canvas.drawCircle(*middle, tall * 0.36, fill(tone.accent))
        canvas.save()
        canvas.translate(middle[0] - tall * 0.2, middle[1] - tall * 0.2)
        canvas.scale(tall * 0.4 / 24, tall * 0.4 / 24)
        if phone:
            canvas.drawPath(
                outline(
                    "M 6 2 L 10 2 L 11.5 7.5 L 8.8 9.4 C 10 12 12 14 14.6 15.2 L 16.5 12.5 L 22 14 L 22 18 "
                    "C 22 20.5 20 22 18 22 C 9.5 21.5 2.5 14.5 2 6 C 2 4 3.5 2 6 2 Z"
                ),
                fill(sign_ink),
            )
        else:
            canvas.drawCircle(12, 12, 10, line(sign_ink, 2.2))
            canvas.drawOval(box(7.5, 2, 9, 20), line(sign_ink, 2))
            canvas.drawLine(2.5, 12, 21.5, 12, line(sign_ink, 2))
        canvas.restore()
        draw_rows(canvas, text, pad + tall * 1.0 + (w - tall * 1.25) / 2, pad + tall / 2, tone.panel_ink)

    return [_placed(painted(w + 2 * pad, tall + 2 * pad, draw), x + w / 2, y + h * 0.4, enter="pop", at=0.1)]


# parts


def _text(
    stage: Stage, text: str, area: Box, ink: Any, *, largest: float, rows: int, enter: str, at: float, weight: int = 700
) -> Layer:
    """A text as one layer, centred in its box; on the left of it in a wide frame."""
    x, y, w, h = area
    made = fitted(
        text, stage.family, weight, width_px=w * 0.98, height_px=h * 0.98, largest=largest * stage.unit, rows=rows
    )
    pad = made.size * 0.2
    image = painted(
        made.width + 2 * pad,
        made.height + 2 * pad,
        lambda canvas: draw_rows(
            canvas, made, pad + (made.width / 2 if stage.centre else 0), pad + made.height / 2, ink, centre=stage.centre
        ),
    )
    centre_x = x + w / 2 if stage.centre else x + made.width / 2
    return _placed(image, centre_x, y + h / 2, enter=enter, at=at, far=30 * stage.unit)


def draw_rows(canvas: Any, text: Set, x: float, y: float, ink: Any, *, centre: bool = True) -> None:
    """Rows about the height y, centred about x or beginning there."""
    top = y - text.height / 2
    for row, made in enumerate(text.rows):
        left = x - made.advance / 2 if centre else x
        canvas.drawTextBlob(made.blob(), left, top + (CAP + 0.05 + row * LEADING) * text.size, fill(ink))


def _placed(image: Any, x: float, y: float, **movement: Any) -> Layer:
    return Layer(image=image, x=x, y=y, width=image.width(), height=image.height(), **movement)


def _said(scene: Scene, word: str) -> float:
    """When the first word that holds the text is said, from the shot's start, a moment ahead of the voice."""
    wanted = word.casefold().strip(".,!?;:")
    for spoken in scene.part.words:
        if wanted and wanted in spoken.text.casefold():
            return min(max(0.05, spoken.start - scene.start - 0.1), max(0.05, scene.seconds - 0.9))
    return 0.1


def _burst(x: float, y: float, radius: float, points: int) -> Any:
    path = skia.Path()
    for number in range(points * 2):
        reach = radius * (1.0 if number % 2 else 0.93)
        angle = math.pi * number / points
        place = (x + reach * math.cos(angle), y + reach * math.sin(angle))
        (path.lineTo if number else path.moveTo)(*place)
    path.close()
    return path


def _star(x: float, y: float, radius: float) -> Any:
    path = skia.Path()
    for number in range(10):
        reach = radius * (1.0 if number % 2 == 0 else 0.45)
        angle = math.pi * (number / 5 - 0.5)
        place = (x + reach * math.cos(angle), y + reach * math.sin(angle))
        (path.lineTo if number else path.moveTo)(*place)
    path.close()
    return path


def outline_circle(x: float, y: float, radius: float) -> Any:
    """A circle as a path, to be cut out of a shape."""
    return skia.Path().addCircle(x, y, radius)


def _difference() -> Any:
    return skia.ClipOp.kDifference


def _dashes(length: float) -> Any:
    return skia.DashPathEffect.Make([length, length * 0.7], 0)


TEXTS: Final[dict[str, Callable[[Stage, Scene, Tone], list[Layer]]]] = {
    "words": word_layers,
    "name": name_layers,
    "sticker": sticker_layers,
    "offer": offer_layers,
    "figure": figure_layers,
    "code": code_layers,
    "chips": chip_layers,
    "quote": quote_layers,
    "rating": rating_layers,
    "change": change_layers,
    "contact": contact_layers,
}
