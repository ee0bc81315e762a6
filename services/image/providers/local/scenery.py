"""Parts of scenes: skies, hills, tables, trees, flakes and lights, drawn flat with soft light."""

from __future__ import annotations

import math
from typing import Any

from services.image.providers.local import brushes
from services.image.providers.local.geometry import Box
from services.image.providers.local.scene_context import Set, leaf_shape
from services.media.colour import BLACK, WHITE, Colour
from services.media.skia import skia


def wall(scene: Set) -> None:
    """The ground's two colours from top to bottom, and light from the upper left."""
    palette, frame = scene.palette, scene.frame
    scene.canvas.drawPaint(brushes.down(frame.whole, [(0, palette.background, 1), (1, palette.background_end, 1)]))
    brushes.glow(
        scene.canvas, frame.width * 0.2, frame.height * 0.12, max(frame.width, frame.height) * 0.7, palette.glow, 0.4
    )


def surface_top(scene: Set) -> float:
    """Where the surface that the product stands on meets what is behind: not where a text is written."""
    product, unit = scene.product, scene.unit
    usual = product.bottom - min(product.height * 0.12, unit * 9)
    return clear_line(scene, usual, product.bottom - max(product.height * 0.34, unit * 14), product.bottom - unit)


def clear_line(scene: Set, usual: float, low: float, high: float, reach: float = 2.2) -> float:
    """The height nearest to the usual one, between low and high, at which a line crosses no text; `reach` is how many
    units it goes up and down. The usual one where there is none."""
    reach *= scene.unit
    crossing = [(box.top - reach, box.bottom + reach) for box in scene.written]
    edges = [edge for pair in crossing for edge in pair if low <= edge <= high]
    free = [y for y in (usual, *edges) if not any(top + 0.5 < y < bottom - 0.5 for top, bottom in crossing)]
    return min(free, key=lambda y: abs(y - usual), default=usual)


def behind_type(scene: Set, box: Box) -> bool:
    """Whether a thing in the box would stand behind a text."""
    return any(box.overlaps(other) for other in scene.written)


def haze(scene: Set) -> None:
    """Air between the viewer and what lies behind type that stands beside the product: far things grow pale there."""
    if not scene.arrangement.spread or scene.arrangement.panel is not None:
        return
    text, frame = scene.arrangement.text, scene.frame
    air, base = scene.palette.background, surface_top(scene)
    reach = 12 * scene.unit
    start, end = (
        (0.0, text.right + reach) if text.centre_x < frame.width / 2 else (float(frame.width), text.left - reach)
    )
    area = Box(min(start, end), 0, max(start, end), base)
    across = brushes.linear((start, 0), (end, 0), [(0, air, 0.86), (0.62, air, 0.8), (1, air, 0)])
    down = brushes.down(area, [(0, WHITE, 1), (0.72, WHITE, 1), (1, WHITE, 0.0)])
    # Blended as shaders, not as layers: eight bits between the two would show as stripes in a sky.
    shader = skia.Shaders.Blend(skia.BlendMode.kDstIn, across.getShader(), down.getShader())
    scene.canvas.drawRect(brushes.rect(area), skia.Paint(AntiAlias=True, Shader=shader, Dither=True))


def counter(scene: Set, colour: Colour, *, wood: bool = False) -> float:
    """A table or counter over the whole width; returns its upper edge."""
    frame, unit = scene.frame, scene.unit
    top = surface_top(scene)
    slab = Box(0, top, frame.width, frame.height)
    scene.canvas.drawRect(
        brushes.rect(Box(0, top - unit * 3, frame.width, top)),
        brushes.down(Box(0, top - unit * 3, 1, top), [(0, BLACK, 0), (1, scene.palette.shade, 0.16)]),
    )
    scene.canvas.drawRect(
        brushes.rect(slab),
        brushes.down(slab, [(0, colour.lighter(0.07), 1), (0.25, colour, 1), (1, colour.lighter(-0.08), 1)]),
    )
    if wood:
        for index in range(9):
            y = top + (frame.height - top) * ((index + 0.6) / 9) ** 1.3
            points = [
                (frame.width * step / 7, y + unit * 0.5 * math.sin(step * 1.7 + index * 2.1)) for step in range(8)
            ]
            scene.canvas.drawPath(
                brushes.smooth_path(points, closed=False), brushes.stroke(colour.lighter(-0.14), 2.2, 0.28)
            )
    scene.canvas.drawRect(brushes.rect(Box(0, top, frame.width, top + 2.5)), brushes.fill(WHITE, 0.45))
    return top


def hills(scene: Set, y: float, colour: Colour, *, swing: float, phase: float) -> None:
    """One soft ridge across the picture, filled to the bottom."""
    frame = scene.frame
    points: list[tuple[float, float]] = [
        (
            frame.width * step / 9,
            y - swing * (0.5 + 0.5 * math.sin(phase + step * 0.9)) - swing * 0.3 * math.sin(phase * 2 + step * 1.7),
        )
        for step in range(-1, 11)
    ]
    outline = brushes.smooth_path(points, closed=False)
    outline.lineTo(frame.width * 1.2, frame.height)
    outline.lineTo(-frame.width * 0.2, frame.height)
    outline.close()
    scene.canvas.drawPath(
        outline,
        brushes.linear(
            (0, y - swing), (0, y + swing * 2.5), [(0, colour.lighter(0.05), 1), (1, colour.lighter(-0.05), 1)]
        ),
    )


def peaks(scene: Set, y: float, colour: Colour, *, height: float, snow: bool, phase: float) -> None:
    """Pointed mountains with lit and shaded flanks."""
    frame = scene.frame
    x = -frame.width * 0.12 + frame.width * 0.1 * math.sin(phase)
    index = 0
    while x < frame.width * 1.05:
        half = frame.width * (0.2 + 0.07 * math.sin(phase + index * 2.3))
        tip = (x + half, y - height * (0.72 + 0.28 * math.sin(phase * 1.7 + index * 1.9)))
        left, right = (x, y), (x + 2 * half, y)
        ridge = (tip[0] + half * 0.12, y)
        scene.canvas.drawPath(
            brushes.path([left, tip, right]),
            brushes.linear(tip, ridge, [(0, colour.lighter(0.06), 1), (1, colour.lighter(0.14), 1)]),
        )
        scene.canvas.drawPath(
            brushes.path([tip, right, ridge]),
            brushes.linear(tip, ridge, [(0, colour.lighter(-0.07), 1), (1, colour.lighter(0.06), 1)]),
        )
        if snow:
            share = 0.24
            zig = [tip]
            for step, wobble in enumerate((1.0, 0.72, 1.08, 0.8, 1.0)):
                along = step / 4
                base_x = tip[0] - half * share + 2 * half * share * along
                zig.append((base_x, tip[1] + (y - tip[1]) * share * wobble * (1.0 if step in (0, 4) else 1.1)))
            scene.canvas.drawPath(brushes.path(zig), brushes.fill(WHITE, 0.9))
        x += half * 1.25
        index += 1


def sun(scene: Set, x: float, y: float, radius: float, colour: Colour) -> None:
    brushes.glow(scene.canvas, x, y, radius * 4, colour, 0.6)
    scene.canvas.drawCircle(x, y, radius, brushes.fill(colour.lighter(0.08)))


def cloud(canvas: Any, x: float, y: float, size: float, alpha: float) -> None:
    for dx, dy, radius in ((-0.9, 0.1, 0.5), (-0.3, -0.2, 0.72), (0.4, -0.1, 0.62), (0.95, 0.12, 0.45)):
        canvas.drawCircle(x + dx * size, y + dy * size, radius * size, brushes.fill(WHITE, alpha, blur=size * 0.1))
    canvas.drawRRect(
        brushes.rounded(Box(x - size * 1.4, y + size * 0.1, x + size * 1.4, y + size * 0.6), size * 0.25),
        brushes.fill(WHITE, alpha, blur=size * 0.1),
    )


def pine(canvas: Any, x: float, y: float, height: float, colour: Colour, *, snow: bool = False) -> None:
    """A conifer of three tiers standing on y."""
    canvas.drawRect(
        brushes.rect(Box(x - height * 0.03, y - height * 0.14, x + height * 0.03, y)),
        brushes.fill(Colour.of("#5b3d28")),
    )
    for index, (base, tip, half) in enumerate(((0.1, 0.55, 0.26), (0.36, 0.78, 0.21), (0.6, 1.0, 0.15))):
        tier = [(x - height * half, y - height * base), (x, y - height * tip), (x + height * half, y - height * base)]
        tone = colour.lighter(0.02 * index)
        canvas.drawPath(
            brushes.path(tier),
            brushes.linear(tier[0], tier[2], [(0, tone.lighter(0.06), 1), (1, tone.lighter(-0.08), 1)]),
        )
        if snow:
            canvas.drawPath(
                brushes.smooth_path(
                    [
                        tier[1],
                        (x + height * half * 0.5, y - height * (base + tip) / 2),
                        (x + height * half * 0.15, y - height * ((base + tip) / 2 + 0.01)),
                        (x - height * half * 0.2, y - height * ((base + tip) / 2 - 0.02)),
                        (x - height * half * 0.5, y - height * (base + tip) / 2),
                    ]
                ),
                brushes.fill(WHITE, 0.9),
            )


def round_tree(canvas: Any, x: float, y: float, height: float, colour: Colour) -> None:
    canvas.drawRect(
        brushes.rect(Box(x - height * 0.035, y - height * 0.45, x + height * 0.035, y)),
        brushes.fill(Colour.of("#6d4a30")),
    )
    for dx, dy, radius in ((-0.16, -0.56, 0.22), (0.16, -0.58, 0.23), (0.0, -0.78, 0.24), (0.0, -0.55, 0.24)):
        cx, cy, reach = x + dx * height, y + dy * height, radius * height
        canvas.drawCircle(
            cx,
            cy,
            reach,
            brushes.radial(
                (cx - reach * 0.4, cy - reach * 0.4),
                reach * 1.5,
                [(0, colour.lighter(0.09), 1), (1, colour.lighter(-0.06), 1)],
            ),
        )


def palm_leaf(canvas: Any, x: float, y: float, length: float, heading: float, colour: Colour) -> None:
    """A feathered leaf from (x, y) in the heading (degrees, 0 is up)."""
    canvas.save()
    canvas.translate(x, y)
    canvas.rotate(heading)
    count = 13
    for index in range(count):
        along = (index + 1) / count
        size = length * 0.42 * math.sin(math.pi * (0.14 + 0.8 * along))
        for side in (-1, 1):
            canvas.save()
            canvas.translate(0, -length * along)
            canvas.rotate(side * (62 - 30 * along))
            canvas.drawPath(leaf_shape(size, fat=0.09), brushes.fill(colour.lighter(0.03 * side)))
            canvas.restore()
    canvas.drawLine(0, 0, 0, -length * 1.04, brushes.stroke(colour.lighter(0.1), max(3.0, length * 0.014)))
    canvas.restore()


def leaf_shadows(scene: Set, alpha: float = 0.10) -> None:
    """Shadows of a plant outside the picture on the wall, as morning light throws them."""
    frame = scene.frame
    size = max(frame.width, frame.height) * 0.34
    corner = (frame.width * 1.02, -size * 0.05)
    for index in range(4):
        scene.canvas.save()
        scene.canvas.translate(*corner)
        scene.canvas.rotate(196 + index * 26)
        for step in range(7):
            scene.canvas.save()
            scene.canvas.translate(0, -size * (0.25 + 0.11 * step))
            for side in (-1, 1):
                scene.canvas.save()
                scene.canvas.rotate(side * 52)
                scene.canvas.drawPath(
                    leaf_shape(size * 0.34, fat=0.24), brushes.fill(scene.palette.shade, alpha, blur=6)
                )
                scene.canvas.restore()
            scene.canvas.restore()
        scene.canvas.restore()


def window_light(scene: Set, alpha: float = 0.4) -> None:
    """Panes of sunlight lying slanted on the wall."""
    frame = scene.frame
    size = min(frame.width, frame.height)
    left = scene.product.centre_x - size * 0.36
    top = max(0.0, scene.product.top - size * 0.12)
    for row in range(2):
        for column in range(2):
            x, y = left + column * size * 0.36, top + row * size * 0.34
            pane = [
                (x, y),
                (x + size * 0.33, y - size * 0.05),
                (x + size * 0.33, y + size * 0.26),
                (x, y + size * 0.31),
            ]
            scene.canvas.drawPath(brushes.path(pane), brushes.fill(scene.palette.glow, alpha, blur=scene.unit * 0.8))


def flakes(scene: Set, count: int) -> None:
    """Snow falling everywhere but on type."""
    for _ in range(count):
        x, y = scene.draw.uniform(0, scene.frame.width), scene.draw.uniform(0, scene.frame.height)
        radius = scene.unit * scene.draw.choice((0.22, 0.3, 0.42, 0.6, 0.85))
        if any(Box(x - radius, y - radius, x + radius, y + radius).overlaps(box) for box in scene.quiet):
            continue
        scene.canvas.drawCircle(x, y, radius, brushes.fill(WHITE, 0.85, blur=radius * 0.35))


def bokeh(scene: Set, colours: tuple[Colour, ...], count: int) -> None:
    """Lights out of focus behind everything, fainter where type stands."""
    for _ in range(count):
        x, y = scene.draw.uniform(0, scene.frame.width), scene.draw.uniform(0, scene.frame.height * 0.8)
        radius = scene.unit * scene.draw.uniform(2.2, 6.5)
        quiet = any(Box(x - radius, y - radius, x + radius, y + radius).overlaps(box) for box in scene.quiet)
        colour = scene.draw.choice(colours)
        alpha = 0.07 if quiet else 0.3
        scene.canvas.drawCircle(
            x,
            y,
            radius,
            brushes.radial((x, y), radius, [(0, colour, alpha * 0.7), (0.8, colour, alpha), (1, colour, 0)]),
        )


def heart(size: float) -> Any:
    """A heart centred on (0, 0), `size` wide."""
    outline = skia.Path()
    half = size / 2
    outline.moveTo(0, half * 0.9)
    outline.cubicTo(-half * 1.5, -half * 0.1, -half * 0.9, -half * 1.05, 0, -half * 0.35)
    outline.cubicTo(half * 0.9, -half * 1.05, half * 1.5, -half * 0.1, 0, half * 0.9)
    outline.close()
    return outline


def maple_leaf(size: float) -> Any:
    """A pointed autumn leaf centred on (0, 0)."""
    points: list[tuple[float, float]] = []
    for index in range(14):
        angle = math.pi * 2 * index / 14 - math.pi / 2
        radius = size * (0.52 if index % 2 == 0 else 0.27) * (1.0 if index != 7 else 0.5)
        points.append((radius * math.cos(angle), radius * math.sin(angle)))
    return brushes.path(points)


def flower(canvas: Any, x: float, y: float, size: float, colour: Colour, *, petals: int = 5) -> None:
    for index in range(petals):
        canvas.save()
        canvas.translate(x, y)
        canvas.rotate(index * 360 / petals)
        canvas.drawPath(
            leaf_shape(size * 0.55, fat=0.42),
            brushes.linear((0, 0), (0, -size * 0.55), [(0, colour.lighter(-0.08), 1), (1, colour.lighter(0.06), 1)]),
        )
        canvas.restore()
    canvas.drawCircle(x, y, size * 0.11, brushes.fill(Colour.of("#f4c542")))


def pumpkin(canvas: Any, x: float, y: float, size: float, colour: Colour) -> None:
    """A pumpkin standing on y."""
    for offset in (-0.34, 0.34, -0.18, 0.18, 0.0):
        rib = Box(x + size * (offset - 0.26), y - size * 0.72, x + size * (offset + 0.26), y)
        tone = colour.lighter(0.05 - abs(offset) * 0.3)
        canvas.drawOval(
            brushes.rect(rib),
            brushes.radial(
                (rib.centre_x - size * 0.08, rib.top + size * 0.2),
                size * 0.6,
                [(0, tone.lighter(0.07), 1), (1, tone.lighter(-0.08), 1)],
            ),
        )
    canvas.drawPath(
        brushes.smooth_path(
            [(x - size * 0.04, y - size * 0.68), (x - size * 0.02, y - size * 0.84), (x + size * 0.09, y - size * 0.9)],
            closed=False,
        ),
        brushes.stroke(Colour.of("#5c6b2f"), size * 0.08),
    )


def firework(canvas: Any, x: float, y: float, radius: float, colour: Colour) -> None:
    brushes.glow(canvas, x, y, radius * 0.8, colour, 0.35)
    for index in range(28):
        angle = math.pi * 2 * index / 28
        near, far = radius * (0.25 + 0.06 * (index % 3)), radius * (0.78 + 0.22 * (index % 2))
        start = (x + near * math.cos(angle), y + near * math.sin(angle))
        end = (x + far * math.cos(angle), y + far * math.sin(angle))
        pen = brushes.linear(start, end, [(0, colour, 0.0), (1, colour.lighter(0.1), 1)])
        pen.setStyle(skia.Paint.kStroke_Style)
        pen.setStrokeWidth(max(2.0, radius * 0.018))
        pen.setStrokeCap(skia.Paint.kRound_Cap)
        canvas.drawLine(*start, *end, pen)
        canvas.drawCircle(*end, max(2.5, radius * 0.02), brushes.fill(colour.lighter(0.16)))


def bauble(canvas: Any, x: float, y: float, radius: float, colour: Colour, string_from: float) -> None:
    """A glass ball hanging from y = string_from."""
    canvas.drawLine(x, string_from, x, y - radius, brushes.stroke(colour.lighter(0.2), 2.2, 0.7))
    canvas.drawCircle(
        x,
        y,
        radius,
        brushes.radial(
            (x - radius * 0.35, y - radius * 0.4),
            radius * 1.5,
            [(0, colour.lighter(0.24), 1), (0.35, colour, 1), (1, colour.lighter(-0.22), 1)],
        ),
    )
    canvas.drawRect(
        brushes.rect(Box(x - radius * 0.17, y - radius * 1.14, x + radius * 0.17, y - radius * 0.92)),
        brushes.fill(Colour.of("#d8b25c")),
    )
    canvas.drawOval(
        brushes.rect(Box(x - radius * 0.55, y - radius * 0.62, x - radius * 0.2, y - radius * 0.3)),
        brushes.fill(WHITE, 0.75, blur=radius * 0.06),
    )


def spots(scene: Set, count: int, radius: float, *, over_product: bool = False) -> list[tuple[float, float]]:
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
