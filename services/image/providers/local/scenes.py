"""Graphic scenes of the lifestyle style, a painter for each setting."""

from __future__ import annotations

import math
from typing import Final

from services.image.providers.local import brushes, scenery
from services.image.providers.local.backdrops import floor
from services.image.providers.local.geometry import Box
from services.image.providers.local.scene_context import Ground, Set, leaf_shape
from services.media.colour import WHITE, Colour


def beach(scene: Set) -> None:
    scenery.wall(scene)
    frame, unit, palette = scene.frame, scene.unit, scene.palette
    high = scene.product.bottom - unit * 2
    shore = scenery.clear_line(
        scene, scenery.surface_top(scene) - unit * 4, high - max(scene.product.height * 0.5, unit * 24), high, reach=3.2
    )
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
        height = unit * scene.draw.uniform(7, 13)
        if not scenery.behind_type(scene, Box(x - height * 0.3, base - height, x + height * 0.3, base + unit * 2)):
            scenery.pine(scene.canvas, x, base + unit * 2, height, green)
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
        height = unit * scene.draw.uniform(13, 20)
        if not scenery.behind_type(scene, Box(x - height * 0.4, base - height, x + height * 0.4, base)):
            scenery.round_tree(scene.canvas, x, base - unit * 3, height, palette.surface.lighter(-0.14))
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


def sunlit(scene: Set) -> None:
    """A wall in the brand's colours with window light and a plant's shadow, and a shelf for what stands."""
    scenery.wall(scene)
    scenery.window_light(scene, 0.4)
    scenery.leaf_shadows(scene, 0.1)
    if scene.stands:
        scenery.counter(scene, scene.palette.surface)


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
    if frame.whole.contains(stack) and not any(stack.overlaps(box) for box in (*scene.quiet, scene.product)):
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
    "sunlit": sunlit,
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
