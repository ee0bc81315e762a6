"""Five summers, so that a customer who orders several pictures gets several places."""

from __future__ import annotations

import math
from typing import Any

from services.image.providers.local import brushes, scenery
from services.image.providers.local.geometry import Box
from services.image.providers.local.scene_context import Set, leaf_shape
from services.image.providers.local.scenes import beach
from services.media.colour import WHITE, Colour
from services.media.skia import skia

LEAF = Colour.of("#2e9467")


def _clear(scene: Set, box: Box, *, apart: float = 1.0, product: bool = True) -> bool:
    """Whether a thing may stand in the box: off the texts as they will stand, and off the product."""
    taken = (*scene.quiet, *scene.written, *((scene.product,) if product else ()))
    return not any(box.inset(-apart * scene.unit).overlaps(other) for other in taken)


def _text_right(scene: Set) -> bool:
    """Whether type stands where leaves would throw their shadows."""
    return scene.arrangement.spread and scene.arrangement.text.centre_x > scene.frame.width / 2


def palm_beach(scene: Set) -> None:
    """Sand and sea under palm leaves."""
    beach(scene)
    frame, unit = scene.frame, scene.unit
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
        scenery.palm_leaf(scene.canvas, *corner, length, heading, LEAF.lighter(0.03 * (index % 2)))


def poolside(scene: Set) -> None:
    """A tiled pool behind its white edge, a swimming ring on the water."""
    scenery.wall(scene)
    frame, unit, canvas, draw = scene.frame, scene.unit, scene.canvas, scene.draw
    base = scenery.surface_top(scene)
    top = scenery.clear_line(scene, base - unit * 30, base - unit * 44, base - unit * 16, reach=4.6)
    aqua = Colour.of("#35b8cf").mixed(scene.palette.secondary, 0.06)
    water = Box(0, top, frame.width, base)
    canvas.drawRect(brushes.rect(water), brushes.down(water, [(0, aqua.lighter(0.12), 1), (1, aqua.lighter(-0.02), 1)]))
    canvas.save()
    for box in scene.written:  # no line runs through type
        canvas.clipRect(brushes.rect(box.inset(-1.6 * unit)), skia.ClipOp.kDifference, True)
    vanishing = scene.product.centre_x
    line = brushes.stroke(aqua.lighter(0.16), unit * 0.3, 0.55)
    for step in range(-24, 25):  # tiles of the floor, seen through the water
        canvas.drawLine(vanishing + step * unit * 6, top, vanishing + step * unit * 13, base, line)
    for step in range(7):
        y = top + water.height * (step / 7) ** 1.5
        canvas.drawLine(0, y, frame.width, y, line)
    for _ in range(34):
        x, depth = draw.uniform(0, frame.width), draw.random()
        y, reach = top + water.height * (0.06 + 0.9 * depth), unit * (2.0 + 4.5 * depth)
        wave = [(x - reach, y), (x - reach * 0.4, y - unit * 0.5), (x + reach * 0.2, y + unit * 0.3), (x + reach, y)]
        canvas.drawPath(
            brushes.smooth_path(wave, closed=False), brushes.stroke(WHITE, unit * (0.2 + 0.22 * depth), 0.6)
        )
    canvas.restore()
    edge = Box(0, top - unit * 4, frame.width, top)
    canvas.drawRect(brushes.rect(edge), brushes.down(edge, [(0, WHITE, 1), (1, scene.palette.surface, 1)]))
    canvas.drawRect(
        brushes.rect(Box(0, top, frame.width, top + unit * 1.6)),
        brushes.down(Box(0, top, 1, top + unit * 1.6), [(0, scene.palette.shade, 0.22), (1, scene.palette.shade, 0)]),
    )
    size = unit * 12
    for x in (
        scene.product.right + size * 1.15,
        scene.product.left - size * 1.15,
        frame.width - size * 0.6,
        size * 0.6,
    ):
        spot = Box(x - size, base - unit * 19, x + size, base - unit * 6)
        if _clear(scene, spot):
            _ring(scene, x, spot.centre_y, size)
            break
    scenery.counter(scene, scene.palette.surface)


def _ring(scene: Set, x: float, y: float, size: float) -> None:
    """A red and white swimming ring lying on water."""
    canvas, flat = scene.canvas, 0.46
    canvas.save()
    canvas.translate(x, y)
    canvas.scale(1, flat)
    canvas.drawCircle(0, size * 0.34, size, brushes.fill(Colour.of("#12758a"), 0.45, blur=size * 0.1))
    outer = skia.Rect.MakeLTRB(-size * 0.78, -size * 0.78, size * 0.78, size * 0.78)
    pen = brushes.stroke(WHITE, size * 0.44)
    pen.setStrokeCap(skia.Paint.kButt_Cap)
    canvas.drawArc(outer, 0, 360, False, pen)
    red = brushes.stroke(Colour.of("#e8523f"), size * 0.44)
    red.setStrokeCap(skia.Paint.kButt_Cap)
    for index in range(4):
        canvas.drawArc(outer, 20 + index * 90, 44, False, red)
    shine = brushes.stroke(WHITE, size * 0.08, 0.8, blur=size * 0.02)
    canvas.drawArc(skia.Rect.MakeLTRB(-size * 0.84, -size * 0.84, size * 0.84, size * 0.84), 200, 60, False, shine)
    dark = brushes.stroke(Colour.of("#7a1f18"), size * 0.1, 0.22, blur=size * 0.05)
    canvas.drawArc(skia.Rect.MakeLTRB(-size * 0.62, -size * 0.62, size * 0.62, size * 0.62), 180, 180, False, dark)
    canvas.restore()


def citrus(scene: Set) -> None:
    """Slices of orange, lemon and grapefruit around the product, on sunny yellow."""
    scenery.wall(scene)
    frame, unit, draw = scene.frame, scene.unit, scene.draw
    reach = max(scene.product.width, scene.product.height)
    brushes.glow(scene.canvas, scene.product.centre_x, scene.product.centre_y, reach * 0.95, scene.palette.glow, 0.75)
    if not _text_right(scene):
        scenery.leaf_shadows(scene, 0.06)
    base = scenery.counter(scene, scene.palette.surface)
    kinds = [("#f08c1d", "#ffc15e"), ("#f2c81f", "#ffe98a"), ("#e8604c", "#ff9f87")]
    draw.shuffle(kinds)
    corners = [
        (frame.width * 1.0, frame.height * 0.02, 15.0),
        (0.0, frame.height * 0.98, 14.0),
        (frame.width * 1.0, frame.height * 0.97, 13.0),
        (0.0, frame.height * 0.02, 12.0),
    ]
    for index, (x, y, size) in enumerate(corners):
        for share in (1.0, 0.75, 0.5):
            radius = size * unit * share
            spot = Box(x - radius, y - radius, x + radius, y + radius)
            if _clear(scene, spot):
                _slice(scene, x, y, radius, kinds[index % 3], turn=draw.uniform(0, 60))
                break
    for side in (-1, 1):  # halves standing beside the product, and one leaning
        for place, (size, kind) in enumerate(((7.6, 0), (5.6, 1))):
            radius = unit * size
            x = scene.product.centre_x + side * (scene.product.width * 0.5 + radius * 1.1 + place * unit * 13.5)
            y = base + unit * (6 if place else 3) - radius * 0.86 + unit * 4
            spot = Box(x - radius, y - radius, x + radius, y + radius)
            if frame.whole.inset(-radius).contains(spot) and _clear(scene, spot, apart=0.4):
                shadow = Box(x - radius, y + radius * 0.78, x + radius * 1.25, y + radius * 1.08)
                scene.canvas.drawOval(brushes.rect(shadow), brushes.fill(scene.palette.shade, 0.3, blur=unit * 0.9))
                _slice(scene, x, y, radius, kinds[(kind + (side > 0)) % 3], turn=draw.uniform(0, 60))


def _slice(scene: Set, x: float, y: float, radius: float, kind: tuple[str, str], *, turn: float) -> None:
    """A round slice of a citrus fruit."""
    canvas, rind, flesh = scene.canvas, Colour.of(kind[0]), Colour.of(kind[1])
    canvas.save()
    canvas.translate(x, y)
    canvas.rotate(turn)
    canvas.drawCircle(0, 0, radius, brushes.fill(rind))
    canvas.drawCircle(0, 0, radius * 0.91, brushes.fill(Colour.of("#fff6e0")))
    count = 9
    for index in range(count):
        canvas.save()
        canvas.rotate(index * 360 / count)
        half = math.radians(180 / count) * 0.86
        wedge = skia.Path()
        near, far = radius * 0.1, radius * 0.82
        wedge.moveTo(0, -near)
        wedge.lineTo(-far * math.sin(half), -far * math.cos(half))
        wedge.quadTo(0, -far * 1.12, far * math.sin(half), -far * math.cos(half))
        wedge.close()
        pen = brushes.linear((0, -near), (0, -far), [(0, flesh.lighter(0.04), 1), (1, rind.lighter(0.03), 1)])
        canvas.drawPath(wedge, pen)
        pen = brushes.linear((0, -near), (0, -far), [(0, flesh.lighter(0.04), 1), (1, rind.lighter(0.03), 1)])
        pen.setStyle(skia.Paint.kStroke_Style)
        pen.setStrokeWidth(radius * 0.035)
        pen.setStrokeJoin(skia.Paint.kRound_Join)
        canvas.drawPath(wedge, pen)
        canvas.drawLine(-far * 0.07, -far * 0.42, -far * 0.1, -far * 0.72, brushes.stroke(WHITE, radius * 0.022, 0.5))
        canvas.restore()
    canvas.restore()


def terrace(scene: Set) -> None:
    """A plastered wall in the sun, an awning above, a lemon tree in a pot, warm tiles."""
    scenery.wall(scene)
    frame, unit, canvas, palette = scene.frame, scene.unit, scene.canvas, scene.palette
    if not _text_right(scene):
        scenery.leaf_shadows(scene, 0.09)
    base = scenery.surface_top(scene)
    ground = Box(0, base, frame.width, frame.height)
    canvas.drawRect(
        brushes.rect(ground),
        brushes.down(ground, [(0, palette.surface.lighter(0.08), 1), (1, palette.surface.lighter(-0.06), 1)]),
    )
    joint = brushes.stroke(palette.surface.lighter(-0.1), unit * 0.26, 0.6)
    for step in range(-20, 21):
        canvas.drawLine(
            frame.width / 2 + step * unit * 9, base, frame.width / 2 + step * unit * 26, frame.height, joint
        )
    for step in range(1, 6):
        y = base + ground.height * (step / 6) ** 1.35
        canvas.drawLine(0, y, frame.width, y, joint)
    skirting = Box(0, base - unit * 2.2, frame.width, base)
    canvas.drawRect(brushes.rect(skirting), brushes.fill(palette.surface.lighter(0.12), 0.9))
    for x in (
        scene.product.right + unit * 15,
        scene.product.left - unit * 15,
        frame.width - unit * 11,
        unit * 11,
    ):
        for height in (46.0, 38.0):
            spot = Box(x - unit * 10, base + unit * 3 - unit * height, x + unit * 10, base + unit * 3)
            if Box(-unit * 3, 0, frame.width + unit * 3, frame.height).contains(spot) and _clear(scene, spot):
                _lemon_tree(scene, x, base + unit * 3, unit * height)
                break
        else:
            continue
        break
    _awning(scene)


def _lemon_tree(scene: Set, x: float, y: float, height: float) -> None:
    """A small round tree in a terracotta pot standing on y."""
    canvas, draw = scene.canvas, scene.draw
    pot, crown = height * 0.3, height * 0.24
    clay = Colour.of("#c9673f")
    canvas.drawOval(
        brushes.rect(Box(x - pot * 0.6, y - pot * 0.12, x + pot * 0.8, y + pot * 0.16)),
        brushes.fill(scene.palette.shade, 0.32, blur=height * 0.018),
    )
    canvas.drawRect(
        brushes.rect(Box(x - height * 0.014, y - height * 0.62, x + height * 0.014, y - pot)),
        brushes.fill(Colour.of("#7a5536")),
    )
    for _ in range(90):
        angle, far = draw.uniform(0, 2 * math.pi), crown * math.sqrt(draw.random())
        tone = LEAF.lighter(draw.uniform(-0.08, 0.1))
        canvas.save()
        canvas.translate(x + far * math.cos(angle), y - height * 0.73 + far * math.sin(angle))
        canvas.rotate(draw.uniform(0, 360))
        canvas.drawPath(leaf_shape(crown * 0.5, fat=0.3), brushes.fill(tone))
        canvas.restore()
    for index in range(6):
        angle = index * math.pi / 3 + draw.uniform(-0.3, 0.3)
        far = crown * draw.uniform(0.35, 0.85)
        cx, cy, size = x + far * math.cos(angle), y - height * 0.73 + far * math.sin(angle), crown * 0.15
        lemon = Box(cx - size, cy - size * 1.25, cx + size, cy + size * 1.25)
        canvas.drawOval(
            brushes.rect(lemon),
            brushes.radial(
                (cx - size * 0.4, cy - size * 0.5),
                size * 1.7,
                [(0, Colour.of("#fff08a"), 1), (1, Colour.of("#eeb91c"), 1)],
            ),
        )
    body = brushes.path([(x - pot * 0.5, y - pot), (x + pot * 0.5, y - pot), (x + pot * 0.36, y), (x - pot * 0.36, y)])
    side = Box(x - pot * 0.5, 0, x + pot * 0.5, 1)
    canvas.drawPath(
        body,
        brushes.across(side, [(0, clay.lighter(-0.05), 1), (0.35, clay.lighter(0.07), 1), (1, clay.lighter(-0.1), 1)]),
    )
    rim = Box(x - pot * 0.56, y - pot * 1.08, x + pot * 0.56, y - pot * 0.84)
    canvas.drawRRect(
        brushes.rounded(rim, pot * 0.05),
        brushes.across(rim, [(0, clay, 1), (0.35, clay.lighter(0.1), 1), (1, clay.lighter(-0.07), 1)]),
    )


def _awning(scene: Set) -> None:
    """A striped awning along the upper edge, as deep as the texts allow."""
    frame, unit, canvas = scene.frame, scene.unit, scene.canvas
    room = min((box.top for box in (*scene.written, scene.product)), default=frame.height) - 3.6 * unit
    depth = min(room, unit * 15)
    if depth < unit * 4:
        return
    drop = min(unit * 3.4, depth * 0.4)
    count = round(frame.width / (unit * 9))
    width = frame.width / count
    shadow = Box(0, depth, frame.width, depth + unit * 7)
    canvas.drawRect(
        brushes.rect(shadow), brushes.down(shadow, [(0, scene.palette.shade, 0.22), (1, scene.palette.shade, 0)])
    )
    for index in range(count):
        tone = Colour.of("#fffaf0") if index % 2 else scene.palette.accent
        left = index * width
        strip = Box(left, 0, left + width, depth - drop)
        canvas.drawRect(brushes.rect(strip), brushes.down(strip, [(0, tone.lighter(-0.08), 1), (1, tone, 1)]))
        flap = _flap(left, depth - drop, width, drop)
        canvas.drawPath(flap, brushes.fill(tone.lighter(-0.03)))


def _flap(left: float, top: float, width: float, drop: float) -> Any:
    outline = skia.Path()
    outline.moveTo(left, top)
    outline.lineTo(left + width, top)
    outline.lineTo(left + width, top + drop * 0.45)
    outline.quadTo(left + width / 2, top + drop * 1.5, left, top + drop * 0.45)
    outline.close()
    return outline


def meadow(scene: Set) -> None:
    """Hills, clouds, and a meadow of daisies and poppies up to the product."""
    scenery.wall(scene)
    frame, unit, canvas, palette, draw = scene.frame, scene.unit, scene.canvas, scene.palette, scene.draw
    base = scenery.surface_top(scene)
    for _ in range(5):
        x, y, size = draw.uniform(0, frame.width), draw.uniform(unit * 6, base * 0.6), unit * draw.uniform(4, 7)
        if _clear(scene, Box(x - size * 1.5, y - size, x + size * 1.5, y + size)):
            scenery.cloud(canvas, x, y, size, 0.7)
    green = palette.surface
    for lift, swing, tone in ((15.0, 7.0, 0.1), (7.0, 5.0, 0.05)):
        scenery.hills(scene, base - unit * lift, green.lighter(tone), swing=unit * swing, phase=draw.uniform(0, 6))
    for index in range(7):
        x, height = frame.width * (index + draw.uniform(0.1, 0.9)) / 7, unit * draw.uniform(5, 9)
        foot = base - unit * 9
        if not scenery.behind_type(scene, Box(x - height * 0.4, foot - height, x + height * 0.4, foot).inset(-unit)):
            scenery.round_tree(canvas, x, foot, height, green.lighter(-0.12))
    scenery.hills(scene, base + unit * 1, green, swing=unit * 3, phase=draw.uniform(0, 6))
    for _ in range(420):  # blades, darker and longer towards the viewer
        depth = draw.random() ** 0.8
        x, y = draw.uniform(-unit, frame.width + unit), base + (frame.height - base) * depth
        blade = unit * (1.6 + 4.2 * depth)
        lean = draw.uniform(-0.35, 0.35) * blade
        canvas.drawPath(
            brushes.smooth_path([(x, y), (x + lean * 0.3, y - blade * 0.6), (x + lean, y - blade)], closed=False),
            brushes.stroke(green.lighter(draw.uniform(-0.15, 0.05)), unit * (0.2 + 0.16 * depth), 0.75),
        )
    tones = (WHITE, Colour.of("#e2483d"), Colour.of("#f6c945"), WHITE, palette.secondary.with_lightness(0.68))
    for _ in range(130):
        depth = draw.random()
        x, y = draw.uniform(0, frame.width), base + unit * 1 + (frame.height - base) * depth
        size = unit * (1.5 + 3.0 * depth)
        if _clear(scene, Box(x - size, y - size, x + size, y + size), apart=0.5):
            canvas.drawLine(x, y, x, y + size * 1.3, brushes.stroke(green.lighter(-0.16), unit * 0.28))
            scenery.flower(canvas, x, y, size, draw.choice(tones), petals=draw.choice((5, 8)))
