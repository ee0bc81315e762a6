"""Graphic scenes for the lifestyle style and the seasons, and which of them fits a product, a prompt or a date."""

from __future__ import annotations

import datetime
import math
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from services.chassis.colour import BLACK, WHITE, Colour, Mood, Palette, contrast, readable_on
from services.image.providers.local import brushes, scenery
from services.image.providers.local.backdrops import Ground, Set, floor, leaf_shape
from services.image.providers.local.geometry import Box

Paint = Callable[[Set], None]

# Upper and lower colour of what is behind, and the surface the product stands on.
SETTING_COLOURS: Final[dict[str, tuple[str, str, str]]] = {
    "beach": ("#bfe4f4", "#fbf1da", "#efd7a4"),
    "pool": ("#d8f3f4", "#bfeaf0", "#f1ece0"),
    "desert": ("#f9e0c3", "#f4bf92", "#dd9763"),
    "mountains": ("#cfe3f3", "#f5efe4", "#86a88a"),
    "forest": ("#e6f1e0", "#c3ddb8", "#7d9c68"),
    "garden": ("#e2f2ef", "#f9f4df", "#a7cc8c"),
    "kitchen": ("#f5eee3", "#ecdfcd", "#c79b6d"),
    "bathroom": ("#e4efee", "#d5e5e3", "#f2eee6"),
    "room": ("#f1e6d9", "#e7d4c0", "#b3855a"),
    "desk": ("#eaeef3", "#dbe2ea", "#c7a27b"),
    "city": ("#d9e4f4", "#f8dfca", "#969cac"),
    "gym": ("#e4e7ec", "#cdd3db", "#4f5560"),
    "sky": ("#8fc6f1", "#e9f5fc", "#ffffff"),
    "space": ("#0b1030", "#2c1a5c", "#43307c"),
}

# Which products belong where, by words; the first that fits wins.
SETTING_WORDS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("beach", ("sunscreen", "sun cream", "spf", "sunglasses", "swim", "surf", "beach", "flip-flops", "towel")),
    (
        "bathroom",
        (
            "serum",
            "cream",
            "shampoo",
            "soap",
            "skincare",
            "skin",
            "lotion",
            "toothpaste",
            "bath",
            "shower",
            "face",
            "perfume",
            "deodorant",
            "lipstick",
            "makeup",
            "hair",
        ),
    ),
    ("gym", ("gym", "workout", "kettlebell", "dumbbell", "protein", "fitness", "training")),
    (
        "desk",
        (
            "laptop",
            "software",
            "app",
            "notebook",
            "planner",
            "keyboard",
            "desk",
            "office",
            "course",
            "productivity",
            "book",
            "headphones",
            "earbuds",
            "phone",
            "smart watch",
            "smartwatch",
            "lamp",
        ),
    ),
    (
        "kitchen",
        (
            "coffee",
            "tea",
            "chocolate",
            "honey",
            "jam",
            "oil",
            "wine",
            "snack",
            "cook",
            "pan",
            "mug",
            "kitchen",
            "food",
            "sauce",
            "spice",
            "bread",
            "juice",
            "beans",
            "granola",
            "espresso",
            "roast",
            "chocolat",
            "dessert",
            "crème",
            "cake",
            "cookie",
            "biscuit",
            "cereal",
            "kettle",
            "knife",
            "blender",
        ),
    ),
    (
        "mountains",
        (
            "hiking",
            "trail",
            "outdoor",
            "backpack",
            "tent",
            "camping",
            "bottle",
            "boots",
            "adventure",
            "running",
            "travel",
            "suitcase",
        ),
    ),
    (
        "city",
        (
            "sneaker",
            "bike",
            "bicycle",
            "scooter",
            "commute",
            "city",
            "urban",
            "fashion",
            "handbag",
            "tote",
            "leather",
            "coat",
        ),
    ),
    ("garden", ("plant", "garden", "herb", "flower", "dog", "cat", "pet", "picnic")),
    (
        "room",
        (
            "candle",
            "lamp",
            "sofa",
            "chair",
            "blanket",
            "pillow",
            "home",
            "diffuser",
            "speaker",
            "furniture",
            "rug",
            "yoga",
        ),
    ),
)


def setting_for(texts: Sequence[str], draw: random.Random) -> str:
    """The setting a product is at home in, by its name before its description; without a hint a room or a desk."""
    for text in texts:
        words = text.casefold()
        for setting, hints in SETTING_WORDS:
            if any(hint in words and re.search(rf"\b{re.escape(hint)}(?:e?s)?\b", words) for hint in hints):
                return setting
    return draw.choice(("room", "desk"))


def scene_palette(setting: str, brand: Palette, mood: Mood, light_word: str | None) -> Palette:
    """The setting's colours, tinted by the brand and moved to the mood; the brand keeps its accent."""
    if setting not in SETTING_COLOURS:
        return brand
    upper, lower, base = (Colour.of(text) for text in SETTING_COLOURS[setting])
    if light_word == "sunset":
        upper, lower = Colour.of("#f6b184").mixed(upper, 0.15), Colour.of("#ffe3b8")
    tint = brand.secondary
    upper, lower, base = (colour.mixed(tint, 0.08) for colour in (upper, lower, base))
    if mood is Mood.DARK and setting != "space":
        upper, lower = (_dimmed(colour, 0.2) for colour in (upper, lower.lighter(-0.05)))
        base = _dimmed(base, 0.26)
    elif mood is Mood.VIVID:
        upper, lower, base = (colour.with_chroma(min(0.16, colour.chroma * 1.9)) for colour in (upper, lower, base))
    elif mood is Mood.PASTEL:
        upper, lower, base = (colour.with_chroma(colour.chroma * 0.8).lighter(0.02) for colour in (upper, lower, base))
    return _grounded(brand, upper, lower, base)


def _dimmed(colour: Colour, lightness: float) -> Colour:
    return Colour.from_oklch(
        lightness + 0.1 * (colour.lightness - 0.8), min(0.07, max(colour.chroma, 0.025)), colour.hue
    )


def _grounded(brand: Palette, upper: Colour, lower: Colour, base: Colour) -> Palette:
    dark = upper.luminance < 0.2
    ink = Colour.from_oklch(0.985, 0.01, upper.hue) if dark else Colour.from_oklch(0.23, 0.04, brand.accent.hue)
    ink = readable_on(upper, ink, 7.0)
    accent = brand.accent
    if contrast(accent, base) < 1.6:
        accent = readable_on(base, accent, 2.2)
    accent_ink = max((WHITE, Colour.from_oklch(0.2, 0.03, accent.hue)), key=lambda colour: contrast(colour, accent))
    return replace(
        brand,
        background=upper,
        background_end=lower,
        surface=base,
        ink=ink,
        muted_ink=readable_on(upper, ink.mixed(upper, 0.2), 5.0),
        accent=readable_on(accent_ink, accent),
        accent_ink=accent_ink,
        glow=WHITE if not dark else lower.lighter(0.3),
        shade=Colour.from_oklch(0.12 if dark else 0.3, 0.03, base.hue),
    )


# -- settings ----------------------------------------------------------------------------------------------------------


def beach(scene: Set) -> None:
    scenery.wall(scene)
    frame, unit, palette = scene.frame, scene.unit, scene.palette
    shore = scenery.surface_top(scene) - unit * 4
    sea_top = shore - unit * 15
    sea = Colour.of("#3fb6cf").mixed(palette.background, 0.12)
    if palette.dark:
        sea = sea.with_lightness(0.36)
    product, height = scene.product, max(sea_top - unit * 16, unit * 20)
    for x in (product.right + unit * 13, product.left - unit * 13, frame.width - unit * 14, unit * 14):
        spot = Box(x - unit * 9, height - unit * 9, x + unit * 9, height + unit * 9)
        taken = (scene.arrangement.text,) if scene.arrangement.spread else scene.written
        if scene.frame.whole.contains(spot) and not any(spot.overlaps(box) for box in taken):
            scenery.sun(scene, x, height, unit * 6, Colour.of("#ffe9a8"))
            break
    water = Box(0, sea_top, frame.width, shore + unit * 4)
    scene.canvas.drawRect(
        brushes.rect(water), brushes.down(water, [(0, sea.lighter(-0.05), 1), (1, sea.lighter(0.16), 1)])
    )
    for index in range(16):
        x, y = scene.draw.uniform(0, frame.width), sea_top + unit * scene.draw.uniform(1, 13)
        scene.canvas.drawLine(x, y, x + unit * scene.draw.uniform(4, 12), y, brushes.stroke(WHITE, unit * 0.28, 0.4))
        del index
    points: list[tuple[float, float]] = [
        (frame.width * step / 8, shore + unit * 1.6 * math.sin(step * 1.4)) for step in range(-1, 10)
    ]
    for lift, colour in ((unit * 1.2, WHITE), (0.0, palette.surface)):
        outline = brushes.smooth_path([(x, y - lift) for x, y in points], closed=False)
        outline.lineTo(frame.width * 1.2, frame.height)
        outline.lineTo(-frame.width * 0.2, frame.height)
        outline.close()
        scene.canvas.drawPath(
            outline,
            brushes.linear(
                (0, shore), (0, frame.height), [(0, colour.lighter(0.02), 1), (1, colour.lighter(-0.06), 1)]
            ),
        )
    for _ in range(120):
        x, y = scene.draw.uniform(0, frame.width), scene.draw.uniform(shore + unit * 3, frame.height)
        scene.canvas.drawCircle(x, y, unit * 0.2, brushes.fill(palette.surface.lighter(-0.16), 0.5))


def pool(scene: Set) -> None:
    scenery.wall(scene)
    frame, unit = scene.frame, scene.unit
    top = scenery.surface_top(scene)
    water = Box(0, top - unit * 26, frame.width, top)
    blue = Colour.of("#2fb5cf").mixed(scene.palette.secondary, 0.1)
    if scene.palette.dark:
        blue = blue.with_lightness(0.4)
    scene.canvas.drawRect(
        brushes.rect(water), brushes.down(water, [(0, blue.lighter(-0.04), 1), (1, blue.lighter(0.12), 1)])
    )
    for row in range(5):
        for column in range(12):
            x = frame.width * (column + (0.5 if row % 2 else 0)) / 11
            y = water.top + water.height * (row + 0.6) / 5
            wave = [
                (x - unit * 4, y),
                (x - unit * 2, y - unit * 0.9),
                (x, y),
                (x + unit * 2, y + unit * 0.9),
                (x + unit * 4, y),
            ]
            scene.canvas.drawPath(
                brushes.smooth_path(wave, closed=False), brushes.stroke(WHITE, unit * (0.22 + 0.06 * row), 0.45)
            )
    scenery.leaf_shadows(scene, 0.08)
    scenery.counter(scene, scene.palette.surface)


def desert(scene: Set) -> None:
    scenery.wall(scene)
    unit, surface = scene.unit, scene.palette.surface
    base = scenery.surface_top(scene)
    scenery.sun(
        scene, scene.product.centre_x + scene.product.width * 0.2, base - unit * 34, unit * 11, Colour.of("#fff0cf")
    )
    for index, lift in enumerate((22.0, 13.0, 4.0)):
        scenery.hills(
            scene,
            base - unit * lift,
            surface.lighter(0.1 - 0.05 * index),
            swing=unit * 8,
            phase=scene.draw.uniform(0, 6),
        )
    scenery.counter(scene, surface)


def mountains(scene: Set) -> None:
    scenery.wall(scene)
    unit, palette = scene.unit, scene.palette
    base = scenery.surface_top(scene)
    far = palette.background.mixed(Colour.of("#5f7f9f"), 0.45)
    near = palette.background.mixed(Colour.of("#3f5f72"), 0.7)
    if palette.dark:
        far, near = far.with_lightness(0.34), near.with_lightness(0.28)
    phase = scene.draw.uniform(0, 6)
    scenery.peaks(scene, base, far, height=unit * 42, snow=True, phase=phase)
    scenery.peaks(scene, base, near, height=unit * 24, snow=False, phase=phase + 2)
    scenery.hills(scene, base - unit, palette.surface.lighter(0.03), swing=unit * 4, phase=phase)
    green = palette.surface.lighter(-0.2)
    for index in range(14):
        x = scene.frame.width * (index + scene.draw.uniform(0.1, 0.9)) / 14
        scenery.pine(scene.canvas, x, base + unit * 2, unit * scene.draw.uniform(7, 13), green)
    scenery.counter(scene, palette.surface)


def forest(scene: Set) -> None:
    scenery.wall(scene)
    unit, palette, frame = scene.unit, scene.palette, scene.frame
    base = scenery.surface_top(scene)
    for layer, (scale, shade) in enumerate(((44, 0.06), (34, -0.06), (24, -0.16))):
        tone = palette.background_end.mixed(Colour.of("#3c7a4d"), 0.3 + 0.2 * layer).lighter(shade * 0.5)
        if palette.dark:
            tone = tone.with_lightness(0.32 - 0.04 * layer)
        for index in range(11):
            x = frame.width * (index + scene.draw.uniform(0, 1)) / 11
            scenery.pine(scene.canvas, x, base + unit * 2, unit * scale * scene.draw.uniform(0.75, 1.1), tone)
    scenery.counter(scene, palette.surface)


def garden(scene: Set) -> None:
    scenery.wall(scene)
    unit, palette, frame = scene.unit, scene.palette, scene.frame
    base = scenery.surface_top(scene)
    scenery.sun(scene, frame.width * 0.85, unit * 18, unit * 5.5, Colour.of("#ffefb5"))
    scenery.hills(scene, base - unit * 9, palette.surface.lighter(0.07), swing=unit * 6, phase=scene.draw.uniform(0, 6))
    for index in range(5):
        x = frame.width * (index + scene.draw.uniform(0.1, 0.9)) / 5
        scenery.round_tree(
            scene.canvas, x, base - unit * 3, unit * scene.draw.uniform(13, 20), palette.surface.lighter(-0.14)
        )
    top = scenery.counter(scene, palette.surface)
    for _ in range(46):
        x, y = scene.draw.uniform(0, frame.width), scene.draw.uniform(top + unit * 2, frame.height)
        spot = Box(x - unit * 2, y - unit * 2, x + unit * 2, y + unit * 2)
        if any(spot.overlaps(box) for box in scene.quiet) or spot.overlaps(scene.product):
            continue
        scenery.flower(
            scene.canvas,
            x,
            y,
            unit * scene.draw.uniform(2, 3.6),
            scene.draw.choice(
                (Colour.of("#f4a6bd"), WHITE, palette.secondary.with_lightness(0.75), Colour.of("#f7d774"))
            ),
        )


def kitchen(scene: Set) -> None:
    scenery.wall(scene)
    unit, palette, frame = scene.unit, scene.palette, scene.frame
    top = scenery.surface_top(scene)
    tile = unit * 10
    line = palette.background_end.lighter(-0.05)
    limit = top - unit * 34
    for row in range(int(unit * 34 / (tile * 0.5)) + 1):
        y = top - row * tile * 0.5
        if y < limit:
            break
        scene.canvas.drawLine(0, y, frame.width, y, brushes.stroke(line, 2, 0.6))
        for column in range(int(frame.width / tile) + 2):
            x = (column - (0.5 if row % 2 else 0.0)) * tile
            scene.canvas.drawLine(x, y, x, max(limit, y - tile * 0.5), brushes.stroke(line, 2, 0.6))
    scenery.window_light(scene, 0.42)
    scenery.counter(scene, palette.surface, wood=True)
    side = frame.width * 0.94 if scene.product.centre_x < frame.width * 0.7 else scene.product.left - unit * 9
    if not any(
        Box(side - unit * 6, top - unit * 18, side + unit * 6, top).overlaps(box)
        for box in (*scene.quiet, scene.product)
    ):
        _vase(scene, side, top + unit * 3, unit * 9)


def bathroom(scene: Set) -> None:
    scenery.wall(scene)
    unit, palette, frame = scene.unit, scene.palette, scene.frame
    tile = unit * 9
    line = palette.background.lighter(0.04 if not palette.dark else 0.05)
    for column in range(int(frame.width / tile) + 1):
        scene.canvas.drawLine(column * tile, 0, column * tile, frame.height, brushes.stroke(line, 3.0, 0.9))
    for row in range(int(frame.height / tile) + 1):
        scene.canvas.drawLine(0, row * tile, frame.width, row * tile, brushes.stroke(line, 3.0, 0.9))
    scenery.leaf_shadows(scene, 0.10)
    reach = max(scene.product.width, scene.product.height)
    brushes.glow(scene.canvas, scene.product.centre_x, scene.product.centre_y, reach * 0.9, palette.glow, 0.55)
    top = scenery.counter(scene, palette.surface)
    for dx, size in ((0.62, 5.2), (0.84, 3.6)):
        x = scene.product.centre_x + (scene.product.width * dx + unit * 4) * (
            1 if scene.product.centre_x < frame.width * 0.62 else -1
        )
        stone = Box(x - unit * size, top + unit * 4, x + unit * size, top + unit * (4 + size * 0.62))
        if any(stone.overlaps(box) for box in (*scene.quiet, scene.product)):
            continue
        scene.canvas.drawOval(
            brushes.rect(stone.moved(unit * 0.6, unit * 0.8)), brushes.fill(palette.shade, 0.25, blur=unit * 0.7)
        )
        scene.canvas.drawOval(
            brushes.rect(stone),
            brushes.diagonal(stone, [(0, palette.surface.lighter(-0.12), 1), (1, palette.surface.lighter(-0.3), 1)]),
        )


def room(scene: Set) -> None:
    scenery.wall(scene)
    unit, palette, frame = scene.unit, scene.palette, scene.frame
    scenery.window_light(scene, 0.36)
    scenery.leaf_shadows(scene, 0.09)
    frame_box = Box(
        frame.width * 0.78, frame.height * 0.09, frame.width * 0.95, frame.height * 0.09 + frame.width * 0.2
    )
    if not any(frame_box.overlaps(box) for box in (*scene.quiet, scene.product.inset(-unit * 2))):
        scene.canvas.drawRect(
            brushes.rect(frame_box),
            brushes.with_shadow(brushes.fill(palette.surface), palette.shade, y=unit, blur=unit, alpha=0.3),
        )
        art = frame_box.inset(unit * 1.4)
        scene.canvas.drawRect(brushes.rect(art), brushes.fill(WHITE))
        scene.canvas.drawCircle(
            art.centre_x, art.centre_y + art.height * 0.1, art.width * 0.3, brushes.fill(palette.secondary)
        )
    scenery.counter(scene, palette.surface, wood=True)


def desk(scene: Set) -> None:
    scenery.wall(scene)
    unit, palette, frame = scene.unit, scene.palette, scene.frame
    scenery.window_light(scene, 0.5)
    top = scenery.counter(scene, palette.surface, wood=True)
    x = scene.product.centre_x + (scene.product.width * 0.5 + unit * 9) * (
        1 if scene.product.right + unit * 20 < frame.width else -1
    )
    stack = Box(x - unit * 8, top - unit * 7, x + unit * 8, top + unit * 2)
    if not any(stack.overlaps(box) for box in (*scene.quiet, scene.product)):
        for index, tone in enumerate((palette.secondary, palette.tertiary, palette.accent)):
            book = Box(
                stack.left + unit * index * 0.9,
                stack.bottom - unit * 3 * (index + 1),
                stack.right - unit * index * 0.7,
                stack.bottom - unit * 3 * index,
            )
            scene.canvas.drawRRect(
                brushes.rounded(book, unit * 0.4),
                brushes.down(book, [(0, tone.lighter(0.06), 1), (1, tone.lighter(-0.08), 1)]),
            )
            scene.canvas.drawRect(
                brushes.rect(
                    Box(book.left + unit * 1.2, book.top + unit * 0.5, book.left + unit * 1.7, book.bottom - unit * 0.5)
                ),
                brushes.fill(WHITE, 0.6),
            )


def city(scene: Set) -> None:
    scenery.wall(scene)
    unit, palette, frame = scene.unit, scene.palette, scene.frame
    base = scenery.surface_top(scene)
    for layer in range(3):
        tone = palette.background_end.mixed(Colour.of("#5a6684"), 0.18 + 0.2 * layer)
        if palette.dark:
            tone = tone.with_lightness(0.3 - 0.04 * layer)
        x = -unit * 6 * layer
        while x < frame.width:
            width = unit * scene.draw.uniform(8, 15)
            height = unit * scene.draw.uniform(18, 46) * (1 - 0.22 * layer)
            house = Box(x, base - height, x + width, base + unit)
            scene.canvas.drawRect(brushes.rect(house), brushes.down(house, [(0, tone, 1), (1, tone.lighter(0.05), 1)]))
            if layer > 0:
                lit = Colour.of("#ffdf9b") if palette.dark else tone.lighter(0.09)
                for row in range(int(height / (unit * 3.2))):
                    for column in range(int(width / (unit * 2.6))):
                        if scene.draw.random() < 0.6:
                            spot = Box(
                                x + unit * (1 + 2.6 * column),
                                house.top + unit * (1.4 + 3.2 * row),
                                x + unit * (2.4 + 2.6 * column),
                                house.top + unit * (3 + 3.2 * row),
                            )
                            scene.canvas.drawRect(brushes.rect(spot), brushes.fill(lit, 0.75))
            x += width + unit * scene.draw.uniform(0, 2)
    scenery.counter(scene, palette.surface)


def gym(scene: Set) -> None:
    scenery.wall(scene)
    unit, palette, frame = scene.unit, scene.palette, scene.frame
    base = scenery.surface_top(scene)
    for index in range(3):
        x = frame.width * (0.16 + 0.34 * index)
        lamp = Box(x - unit * 11, unit * 3, x + unit * 11, unit * 4.2)
        scene.canvas.drawRRect(brushes.rounded(lamp, unit), brushes.fill(WHITE, 0.9))
        beam = brushes.path(
            [
                (lamp.left, lamp.bottom),
                (lamp.right, lamp.bottom),
                (lamp.right + unit * 14, base),
                (lamp.left - unit * 14, base),
            ]
        )
        scene.canvas.drawPath(beam, brushes.down(Box(0, lamp.bottom, 1, base), [(0, WHITE, 0.3), (1, WHITE, 0.0)]))
    stripe = Box(0, base - unit * 14, frame.width, base - unit * 12)
    scene.canvas.drawRect(brushes.rect(stripe), brushes.fill(palette.secondary, 0.85))
    scenery.counter(scene, palette.surface)
    for _ in range(160):
        x, y = scene.draw.uniform(0, frame.width), scene.draw.uniform(base, frame.height)
        scene.canvas.drawCircle(x, y, unit * 0.22, brushes.fill(palette.surface.lighter(0.16), 0.7))


def sky(scene: Set) -> None:
    scenery.wall(scene)
    unit, frame, product = scene.unit, scene.frame, scene.product
    for _ in range(9):
        x, y = scene.draw.uniform(0, frame.width), scene.draw.uniform(frame.height * 0.1, frame.height)
        size = unit * scene.draw.uniform(5, 11)
        quiet = any(Box(x - size * 1.5, y - size, x + size * 1.5, y + size).overlaps(box) for box in scene.quiet)
        scenery.cloud(scene.canvas, x, y, size, 0.14 if quiet else 0.6)
    for dx in (-0.55, 0.0, 0.55):
        scenery.cloud(
            scene.canvas,
            product.centre_x + product.width * dx,
            product.bottom + unit * 3,
            max(unit * 10, product.width * 0.34),
            0.9,
        )


def space(scene: Set) -> None:
    scenery.wall(scene)
    unit, frame, palette = scene.unit, scene.frame, scene.palette
    brushes.glow(scene.canvas, scene.product.centre_x, scene.product.centre_y, unit * 70, Colour.of("#7b5cff"), 0.5)
    brushes.glow(scene.canvas, frame.width * 0.1, frame.height, unit * 60, palette.secondary, 0.4)
    for _ in range(220):
        x, y = scene.draw.uniform(0, frame.width), scene.draw.uniform(0, frame.height)
        if any(Box(x, y, x, y).inset(-2).overlaps(box) for box in scene.quiet):
            continue
        scene.canvas.drawCircle(x, y, unit * scene.draw.choice((0.1, 0.15, 0.2, 0.32)), brushes.fill(WHITE, 0.85))
    radius = max(scene.product.width * 1.3, unit * 40)
    ground = Box(
        scene.product.centre_x - radius,
        scenery.surface_top(scene),
        scene.product.centre_x + radius,
        scenery.surface_top(scene) + radius * 1.1,
    )
    scene.canvas.drawOval(
        brushes.rect(ground),
        brushes.radial(
            (ground.centre_x - radius * 0.3, ground.top),
            radius * 1.3,
            [(0, palette.surface.lighter(0.2), 1), (1, palette.surface.lighter(-0.2), 1)],
        ),
    )


SCENES: Final[dict[str, Ground]] = {
    "beach": beach,
    "pool": pool,
    "desert": desert,
    "mountains": mountains,
    "forest": forest,
    "garden": garden,
    "kitchen": kitchen,
    "bathroom": bathroom,
    "room": room,
    "desk": desk,
    "city": city,
    "gym": gym,
    "sky": sky,
    "space": space,
    "studio": floor,
}


def _vase(scene: Set, x: float, y: float, size: float) -> None:
    colour = scene.palette.secondary.mixed(scene.palette.surface, 0.35)
    for index in range(7):
        scene.canvas.save()
        scene.canvas.translate(x, y - size * 0.9)
        scene.canvas.rotate((index - 3) * 17)
        tone = Colour.of("#7f9b6b").lighter(0.03 * (index % 3))
        scene.canvas.drawPath(leaf_shape(size * 1.2, fat=0.12), brushes.fill(tone))
        scene.canvas.restore()
    body = brushes.smooth_path(
        [
            (x - size * 0.16, y - size),
            (x - size * 0.14, y - size * 0.8),
            (x - size * 0.38, y - size * 0.4),
            (x - size * 0.26, y),
            (x + size * 0.26, y),
            (x + size * 0.38, y - size * 0.4),
            (x + size * 0.14, y - size * 0.8),
            (x + size * 0.16, y - size),
        ]
    )
    scene.canvas.drawPath(
        body,
        brushes.across(
            Box(x - size * 0.4, 0, x + size * 0.4, 1),
            [(0, colour.lighter(-0.08), 1), (0.35, colour.lighter(0.08), 1), (1, colour.lighter(-0.14), 1)],
        ),
    )


# -- seasons -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Season:
    """A season's colours (upper, lower, surface), mood and what is strewn about."""

    colours: tuple[str, str, str]
    accent: str
    mood: Mood
    paint: Paint

    def tinted(self, brand: Palette, *, keep: bool) -> Palette:
        """The season's colours with a share of the brand's; `keep` when the prompt named colours of its own."""
        if keep:
            return brand
        upper, lower, base = (Colour.of(text).mixed(brand.secondary, 0.1) for text in self.colours)
        accent = Colour.of(self.accent) if contrast(brand.accent, lower) < 1.5 else brand.accent
        accent_ink = max((WHITE, Colour.from_oklch(0.2, 0.03, accent.hue)), key=lambda colour: contrast(colour, accent))
        return _grounded(replace(brand, accent=accent, accent_ink=accent_ink), upper, lower, base)


def _spring(scene: Set) -> None:
    scenery.wall(scene)
    unit, frame = scene.unit, scene.frame
    base = scenery.surface_top(scene)
    scenery.hills(scene, base - unit * 4, Colour.of("#bfe0a8"), swing=unit * 6, phase=scene.draw.uniform(0, 6))
    scenery.hills(scene, base + unit * 6, scene.palette.surface, swing=unit * 4, phase=scene.draw.uniform(0, 6))
    bark = Colour.of("#7b5544")
    right = scene.product.centre_x > frame.width * 0.4
    x, sign = (float(frame.width), -1) if right else (0.0, 1)
    for points in ([(0.0, 4.0), (12.0, 9.0), (25.0, 8.0), (38.0, 14.0)], [(12.0, 9.0), (20.0, 18.0), (22.0, 27.0)]):
        branch = [(x + sign * a * unit, b * unit) for a, b in points]
        scene.canvas.drawPath(brushes.smooth_path(branch, closed=False), brushes.stroke(bark, unit * 0.9))
        for index in range(15):
            near = branch[index % len(branch)]
            spot = (near[0] + scene.draw.uniform(-5, 5) * unit, near[1] + scene.draw.uniform(-4, 5) * unit)
            if any(Box(spot[0], spot[1], spot[0], spot[1]).inset(-2 * unit).overlaps(box) for box in scene.quiet):
                continue
            scenery.flower(
                scene.canvas,
                *spot,
                unit * scene.draw.uniform(3.2, 5),
                Colour.of("#f6b3c7").lighter(scene.draw.uniform(-0.03, 0.05)),
            )
    for x, y in _spots(scene, 22, unit * 1.2):
        scene.canvas.save()
        scene.canvas.translate(x, y)
        scene.canvas.rotate(scene.draw.uniform(0, 360))
        scene.canvas.drawPath(leaf_shape(unit * 1.8, fat=0.4), brushes.fill(Colour.of("#f7bfd0"), 0.9))
        scene.canvas.restore()


def _summer(scene: Set) -> None:
    beach(scene)
    frame, unit = scene.frame, scene.unit
    green = Colour.of("#2e9467")
    right = scene.product.centre_x > frame.width * 0.4
    corner = (frame.width + unit * 2, -unit * 2) if right else (-unit * 2, -unit * 2)
    for index in range(4):
        heading = (190 + 24 * index) if right else (170 - 24 * index)
        length = unit * (34 if frame.wide else 30)
        angle = math.radians(heading)
        tip = (corner[0] + length * math.sin(angle), corner[1] - length * math.cos(angle))
        reach = Box(min(corner[0], tip[0]), min(corner[1], tip[1]), max(corner[0], tip[0]), max(corner[1], tip[1]))
        if any(reach.overlaps(box, unit * 2) for box in scene.quiet):
            length = unit * 15
        scenery.palm_leaf(scene.canvas, *corner, length, heading, green.lighter(0.03 * (index % 2)))


def _autumn(scene: Set) -> None:
    scenery.wall(scene)
    unit = scene.unit
    base = scenery.surface_top(scene)
    for index, tone in enumerate(("#e3b06e", "#cf8547", "#b5642f")):
        scenery.hills(
            scene, base - unit * (12 - 7 * index), Colour.of(tone), swing=unit * 6, phase=scene.draw.uniform(0, 6)
        )
    for index in range(6):
        x = scene.frame.width * (index + scene.draw.uniform(0.1, 0.9)) / 6
        scenery.round_tree(
            scene.canvas,
            x,
            base - unit * 2,
            unit * scene.draw.uniform(11, 17),
            Colour.of(scene.draw.choice(("#d9772b", "#c9502c", "#e0a03a"))),
        )
    scenery.hills(scene, base + unit * 4, scene.palette.surface, swing=unit * 3, phase=1.0)
    tones = [Colour.of(text) for text in ("#c8431f", "#e08a2c", "#b3331f", "#e7b13d")]
    for x, y in _spots(scene, 30, unit * 2):
        scene.canvas.save()
        scene.canvas.translate(x, y)
        scene.canvas.rotate(scene.draw.uniform(0, 360))
        size = unit * scene.draw.uniform(2.6, 5)
        colour = scene.draw.choice(tones)
        scene.canvas.drawPath(scenery.maple_leaf(size), brushes.fill(colour))
        scene.canvas.drawLine(0, -size * 0.4, 0, size * 0.6, brushes.stroke(colour.lighter(-0.12), unit * 0.22))
        scene.canvas.restore()


def _halloween(scene: Set) -> None:
    scenery.wall(scene)
    unit, frame = scene.unit, scene.frame
    base = scenery.surface_top(scene)
    moon_x = scene.product.centre_x + unit * 8
    scenery.sun(scene, moon_x, max(unit * 24, scene.product.top + unit * 6), unit * 15, Colour.of("#f6d9a0"))
    scenery.hills(scene, base - unit * 2, Colour.of("#241536"), swing=unit * 7, phase=scene.draw.uniform(0, 6))
    scenery.hills(scene, base + unit * 5, scene.palette.surface, swing=unit * 3, phase=2.0)
    for x, y in _spots(scene, 9, unit * 4):
        if y > base - unit * 4:
            continue
        size = unit * scene.draw.uniform(3, 5)
        wing = [
            (x - size, y - size * 0.4),
            (x - size * 0.4, y - size * 0.1),
            (x, y - size * 0.36),
            (x + size * 0.4, y - size * 0.1),
            (x + size, y - size * 0.4),
            (x + size * 0.6, y + size * 0.2),
            (x + size * 0.25, y + size * 0.06),
            (x, y + size * 0.36),
            (x - size * 0.25, y + size * 0.06),
            (x - size * 0.6, y + size * 0.2),
        ]
        scene.canvas.drawPath(brushes.path(wing), brushes.fill(Colour.of("#140a22")))
    for dx, size in ((-0.75, 15.0), (0.78, 12.0), (0.98, 8.0)):
        x = scene.product.centre_x + dx * (scene.product.width * 0.5 + unit * 14)
        spot = Box(
            x - unit * size * 0.6,
            scene.product.bottom - unit * size * 0.9,
            x + unit * size * 0.6,
            scene.product.bottom + unit * 2,
        )
        if spot.right < frame.width + unit * 4 and not any(spot.overlaps(box) for box in scene.quiet):
            scenery.pumpkin(scene.canvas, x, scene.product.bottom + unit * 2, unit * size, Colour.of("#e8791f"))


def _winter(scene: Set) -> None:
    scenery.wall(scene)
    unit, frame = scene.unit, scene.frame
    base = scenery.surface_top(scene)
    far = scene.palette.background.mixed(Colour.of("#8fb1d4"), 0.5)
    scenery.peaks(scene, base, far, height=unit * 30, snow=True, phase=scene.draw.uniform(0, 6))
    for index in range(12):
        x = frame.width * (index + scene.draw.uniform(0.1, 0.9)) / 12
        scenery.pine(
            scene.canvas,
            x,
            base + unit * 2,
            unit * scene.draw.uniform(10, 19),
            Colour.of("#3f6f70").mixed(far, 0.25),
            snow=True,
        )
    scenery.hills(scene, base + unit * 2, Colour.of("#e6f0fa"), swing=unit * 4, phase=scene.draw.uniform(0, 6))
    scenery.hills(scene, base + unit * 9, Colour.of("#f7fbff"), swing=unit * 3, phase=2.2)
    scenery.flakes(scene, 150)


def _christmas(scene: Set) -> None:
    scenery.wall(scene)
    unit, frame, palette = scene.unit, scene.frame, scene.palette
    gold = Colour.of("#f0c869")
    scenery.bokeh(scene, (gold, Colour.of("#ffdca0"), palette.secondary.with_lightness(0.7)), 34)
    green = Colour.of("#1f6b45")
    for twig in range(-2, int(frame.width / unit) + 4, 5):
        px = twig * unit
        reach = unit * scene.draw.uniform(5, 8)
        if any(Box(px - unit * 4, 0, px + unit * 4, reach).overlaps(box) for box in scene.quiet):
            reach = unit * 4.5
        for side in (-24, 0, 24):
            scene.canvas.save()
            scene.canvas.translate(px, -unit * 2)
            scene.canvas.rotate(180 + side + scene.draw.uniform(-8, 8))
            for step in range(12):
                scene.canvas.save()
                scene.canvas.translate(0, -reach * step / 12)
                for lean in (-48, 48):
                    scene.canvas.save()
                    scene.canvas.rotate(lean)
                    scene.canvas.drawLine(
                        0, 0, 0, -unit * 2.6, brushes.stroke(green.lighter(0.04 * (step % 3)), unit * 0.4)
                    )
                    scene.canvas.restore()
                scene.canvas.restore()
            scene.canvas.restore()
    tones = (Colour.of("#c22f37"), gold, palette.secondary, Colour.of("#e8e3da"))
    for index in range(9):
        x = frame.width * (index + 0.5) / 9
        radius = unit * scene.draw.uniform(2.6, 4.2)
        y = unit * scene.draw.uniform(11, 24)
        if any(Box(x - radius, 0, x + radius, y + radius).overlaps(box.inset(-unit)) for box in scene.quiet) or Box(
            x - radius, y - radius, x + radius, y + radius
        ).overlaps(scene.product):
            continue
        scenery.bauble(scene.canvas, x, y, radius, tones[index % 4], 0)
    base = scenery.surface_top(scene)
    scenery.hills(scene, base + unit * 3, Colour.of("#e9f0f6"), swing=unit * 4, phase=scene.draw.uniform(0, 6))
    scenery.hills(scene, base + unit * 10, Colour.of("#fafcff"), swing=unit * 3, phase=1.0)
    scenery.flakes(scene, 90)


def _new_year(scene: Set) -> None:
    scenery.wall(scene)
    unit = scene.unit
    tones = [Colour.of(text) for text in ("#ffd166", "#ff6f91", "#7bdff2", "#c8a2ff")]
    for index, (x, y) in enumerate(_spots(scene, 7, unit * 9, over_product=True)):
        scenery.firework(
            scene.canvas, x, min(y, scene.frame.height * 0.66), unit * scene.draw.uniform(9, 16), tones[index % 4]
        )
    base = scenery.surface_top(scene)
    brushes.glow(scene.canvas, scene.product.centre_x, base, unit * 44, tones[0], 0.28)
    scenery.counter(scene, scene.palette.surface)
    for x, y in _spots(scene, 40, unit):
        scene.canvas.drawCircle(
            x,
            y,
            unit * scene.draw.uniform(0.25, 0.6),
            brushes.fill(tones[0].lighter(scene.draw.uniform(-0.1, 0.1)), 0.9),
        )


def _valentine(scene: Set) -> None:
    scenery.wall(scene)
    unit, palette = scene.unit, scene.palette
    reach = max(scene.product.width, scene.product.height)
    scene.canvas.save()
    scene.canvas.translate(scene.product.centre_x, scene.product.centre_y)
    size = min(reach * 1.25, 2.2 * min(scene.product.centre_x, scene.frame.width - scene.product.centre_x))
    scene.canvas.drawPath(
        scenery.heart(size),
        brushes.linear(
            (0, -size / 2),
            (0, size / 2),
            [(0, palette.background_end.lighter(-0.02), 1), (1, palette.background_end.lighter(-0.1), 1)],
        ),
    )
    scene.canvas.restore()
    tones = (Colour.of("#e0446a"), Colour.of("#f28aa5"), WHITE, palette.secondary)
    for x, y in _spots(scene, 26, unit * 2.4):
        scene.canvas.save()
        scene.canvas.translate(x, y)
        scene.canvas.rotate(scene.draw.uniform(-28, 28))
        colour = scene.draw.choice(tones)
        size = unit * scene.draw.uniform(2, 5)
        scene.canvas.drawPath(
            scenery.heart(size),
            brushes.linear((0, -size), (0, size), [(0, colour.lighter(0.06), 0.95), (1, colour.lighter(-0.06), 0.95)]),
        )
        scene.canvas.restore()


def _black_friday(scene: Set) -> None:
    scenery.wall(scene)
    unit, frame, palette = scene.unit, scene.frame, scene.palette
    x, y = scene.product.centre_x, scene.product.centre_y
    brushes.glow(scene.canvas, x, y, unit * 62, palette.accent, 0.42)
    neon = palette.accent
    for index in range(3):
        size = max(scene.product.width, scene.product.height) * 0.62 + unit * 6 * index
        ring = Box(x - size, y - size, x + size, y + size)
        scene.canvas.drawRRect(
            brushes.rounded(ring, unit * 3), brushes.stroke(neon, unit * 0.9, 0.3 - 0.08 * index, blur=unit)
        )
        scene.canvas.drawRRect(
            brushes.rounded(ring, unit * 3), brushes.stroke(neon.lighter(0.1), unit * 0.3, 0.9 - 0.26 * index)
        )
    for box in scene.quiet:
        scene.canvas.drawRRect(
            brushes.rounded(box.inset(-2 * unit), 2 * unit), brushes.fill(palette.background, 0.86, blur=2 * unit)
        )
    scenery.counter(scene, palette.surface)
    scene.canvas.drawRect(
        brushes.rect(Box(0, frame.height - unit * 0.8, frame.width, frame.height)), brushes.fill(neon)
    )


def _spots(scene: Set, count: int, radius: float, *, over_product: bool = False) -> list[tuple[float, float]]:
    """Places apart from type and, unless over_product, from the product."""
    places: list[tuple[float, float]] = []
    for _ in range(count * 8):
        if len(places) >= count:
            break
        x, y = scene.draw.uniform(0, scene.frame.width), scene.draw.uniform(0, scene.frame.height)
        spot = Box(x - radius, y - radius, x + radius, y + radius)
        if any(spot.overlaps(box.inset(-scene.unit)) for box in scene.quiet):
            continue
        if not over_product and spot.overlaps(scene.product):
            continue
        if all(math.hypot(x - other, y - above) > radius * 2 for other, above in places):
            places.append((x, y))
    return places


SEASONS: Final[dict[str, Season]] = {
    "spring": Season(colours=("#e3f1f7", "#fbeef1", "#cfe6b4"), accent="#c23d6b", mood=Mood.LIGHT, paint=_spring),
    "summer": Season(colours=("#aee0f5", "#fdf3d8", "#f1d9a3"), accent="#e4572e", mood=Mood.LIGHT, paint=_summer),
    "autumn": Season(colours=("#fbeedb", "#f5d6a8", "#a8592b"), accent="#9c3419", mood=Mood.LIGHT, paint=_autumn),
    "halloween": Season(colours=("#22113c", "#5a2a6a", "#1b0f2a"), accent="#f28c28", mood=Mood.DARK, paint=_halloween),
    "winter": Season(colours=("#d3e6f7", "#eef6fd", "#f4f9ff"), accent="#1f5fa8", mood=Mood.LIGHT, paint=_winter),
    "christmas": Season(colours=("#0f3b2c", "#1a5a40", "#f4f8fb"), accent="#d0373f", mood=Mood.DARK, paint=_christmas),
    "new_year": Season(colours=("#0d1233", "#2a2260", "#1a1c48"), accent="#f2c14e", mood=Mood.DARK, paint=_new_year),
    "valentine": Season(colours=("#fde7ec", "#f9c3d0", "#f5aebf"), accent="#c21f4f", mood=Mood.LIGHT, paint=_valentine),
    "black_friday": Season(
        colours=("#0d0e12", "#1b1d24", "#15161b"), accent="#ffd02e", mood=Mood.DARK, paint=_black_friday
    ),
}

# (month, day) from which a season or feast is advertised, in the northern hemisphere's calendar.
CALENDAR: Final[tuple[tuple[int, int, str], ...]] = (
    (1, 1, "new_year"),
    (1, 7, "winter"),
    (1, 31, "valentine"),
    (2, 15, "winter"),
    (3, 10, "spring"),
    (6, 1, "summer"),
    (9, 8, "autumn"),
    (10, 15, "halloween"),
    (11, 1, "autumn"),
    (11, 20, "black_friday"),
    (12, 1, "christmas"),
    (12, 27, "new_year"),
)


def season_of(date: datetime.date) -> str:
    """The season or feast advertised on a date."""
    return next(name for month, day, name in reversed(CALENDAR) if (date.month, date.day) >= (month, day))


def light(scene: Set, word: str) -> None:
    """A light over the whole ground, as the prompt asks: sunset, warm, cool, spotlight."""
    frame, product = scene.frame, scene.product
    reach = math.hypot(frame.width, frame.height)
    if word == "spotlight":
        x, y = product.centre_x, product.centre_y
        scene.canvas.drawPaint(
            brushes.radial(
                (x, y),
                reach * 0.6,
                [(0, WHITE, 0.28), (0.35, WHITE, 0.0), (0.36, BLACK, 0.0), (1, scene.palette.shade, 0.42)],
            )
        )
        return
    tone = {"sunset": Colour.of("#ff9a52"), "warm": Colour.of("#ffcf8a"), "cool": Colour.of("#9fc6ff")}[word]
    scene.canvas.drawPaint(
        brushes.radial(
            (frame.width * 0.85, frame.height * 0.1), reach, [(0, tone, 0.42), (0.6, tone, 0.16), (1, tone, 0.05)]
        )
    )


DESCRIPTIONS: Final[dict[str, str]] = {
    "beach": "on a sandy beach by the sea",
    "pool": "at the edge of a pool",
    "desert": "among desert dunes",
    "mountains": "before snowy mountains",
    "forest": "in a pine forest",
    "garden": "in a flowering garden",
    "kitchen": "on a wooden kitchen counter",
    "bathroom": "on a shelf before pale tiles",
    "room": "in a warm living room",
    "desk": "on a desk in window light",
    "city": "before a city skyline",
    "gym": "in a gym",
    "sky": "among clouds",
    "space": "among stars",
    "studio": "in a studio",
    "spring": "among spring blossoms",
    "summer": "on a summer beach",
    "autumn": "among autumn leaves",
    "halloween": "on a moonlit Halloween night",
    "winter": "in a snowy landscape",
    "christmas": "under a Christmas garland in the snow",
    "new_year": "under New Year's fireworks",
    "valentine": "among hearts",
    "black_friday": "in neon light on black",
}


def described(setting: str, season: str) -> str:
    """The scene in words, for alternative text; "" when there is none."""
    return DESCRIPTIONS.get(season or setting, "")
