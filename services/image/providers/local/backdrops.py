"""Graphic grounds behind product and type. No scenery: that is in `scenes` and `seasons`."""

from __future__ import annotations

import math
from typing import Final

from services.image.providers.local import brushes
from services.image.providers.local.geometry import Box
from services.image.providers.local.scene_context import Ground, Set, room_at, room_beside
from services.media.colour import WHITE, Colour, contrast
from services.media.skia import skia


def _fill(scene: Set, start: Colour, end: Colour, *, steep: bool = False) -> None:
    box = scene.frame.whole
    paint = (
        brushes.down(box, [(0, start, 1), (1, end, 1)])
        if steep
        else brushes.diagonal(box, [(0, start, 1), (1, end, 1)])
    )
    scene.canvas.drawPaint(paint)


def plain(scene: Set) -> None:
    """An even ground with light falling on it from the upper left and behind the product."""
    palette, product = scene.palette, scene.product
    _fill(scene, palette.background, palette.background.mixed(palette.background_end, 0.7), steep=True)
    reach = max(product.width, product.height) * 0.95
    brushes.glow(scene.canvas, product.centre_x, product.centre_y, reach, palette.glow, 0.5)


def mesh(scene: Set) -> None:
    """Large soft lights in the brand's colours over a deep ground."""
    palette, frame, draw = scene.palette, scene.frame, scene.draw
    _fill(scene, palette.background, palette.background_end)
    side = min(frame.width, frame.height)
    product = scene.product
    strength = 0.72 if palette.dark else 0.5
    spots = [
        (product.centre_x, product.centre_y, 0.72, palette.glow, strength),
        (frame.width * draw.uniform(0.85, 1.0), frame.height * draw.uniform(0.82, 1.0), 0.62, palette.secondary, 0.62),
        (frame.width * draw.uniform(0.0, 0.15), frame.height * draw.uniform(0.85, 1.0), 0.5, palette.tertiary, 0.42),
        (frame.width * draw.uniform(0.3, 0.5), 0, 0.45, palette.background_end.lighter(0.08), 0.6),
    ]
    if not palette.dark:
        spots = [(x, y, size, colour, alpha * 0.6) for x, y, size, colour, alpha in spots]
    for x, y, size, colour, alpha in spots:
        brushes.glow(scene.canvas, x, y, side * size * 1.25, colour, alpha)


def floor(scene: Set) -> None:
    """A studio: wall and floor meeting in a soft bend, lit from above the product."""
    palette, frame, product = scene.palette, scene.frame, scene.product
    horizon = product.bottom - product.height * 0.1
    wall = palette.background
    scene.canvas.drawPaint(
        brushes.down(
            frame.whole,
            [
                (0, wall.lighter(-0.03), 1),
                (max(0.05, horizon / frame.height - 0.1), wall.mixed(palette.background_end, 0.5), 1),
                (min(0.97, horizon / frame.height + 0.015), palette.background_end.lighter(-0.025), 1),
                (1, palette.background_end.lighter(0.035), 1),
            ],
        )
    )
    reach = max(product.width, product.height)
    brushes.glow(scene.canvas, product.centre_x, product.centre_y - reach * 0.1, reach * 1.05, palette.glow, 0.65)
    scene.canvas.drawOval(
        brushes.rect(
            Box(
                product.centre_x - reach * 0.8,
                product.bottom - reach * 0.06,
                product.centre_x + reach * 0.8,
                product.bottom + reach * 0.2,
            )
        ),
        brushes.fill(palette.glow, 0.32, blur=reach * 0.06),
    )


def split(scene: Set) -> None:
    """Two fields of colour; the product stands on the seam."""
    palette, frame, arrangement = scene.palette, scene.frame, scene.arrangement
    _fill(scene, palette.background, palette.background.mixed(palette.background_end, 0.35), steep=True)
    other = palette.secondary if not palette.dark else palette.background_end.lighter(0.06)
    if frame.wide and arrangement.text.width < frame.width * 0.7:
        left = arrangement.text.centre_x < frame.width / 2
        seam = scene.product.left + scene.product.width * (0.42 if left else 0.58)
        if left:
            seam = max(seam, arrangement.text.right + 2 * scene.unit)
        else:
            seam = min(seam, arrangement.text.left - 2 * scene.unit)
        field = Box(seam, 0, frame.width, frame.height) if left else Box(0, 0, seam, frame.height)
        scene.canvas.drawRect(
            brushes.rect(field), brushes.down(field, [(0, other.lighter(0.04), 1), (1, other.lighter(-0.05), 1)])
        )
    else:
        seam = scene.product.top + scene.product.height * 0.5
        field = Box(0, seam, frame.width, frame.height)
        if arrangement.text.centre_y > seam:
            field = Box(0, 0, frame.width, min(seam, arrangement.text.top - 2 * scene.unit))
        elif arrangement.foot is not None:
            field = Box(0, max(seam, arrangement.text.bottom), frame.width, arrangement.foot.top - 3 * scene.unit)
            field = Box(0, field.top, frame.width, max(field.bottom, scene.product.bottom + 4 * scene.unit))
        scene.canvas.drawRect(
            brushes.rect(field), brushes.down(field, [(0, other.lighter(0.03), 1), (1, other.lighter(-0.04), 1)])
        )


def sunburst(scene: Set) -> None:
    """Rays from behind the product."""
    palette, frame, product = scene.palette, scene.frame, scene.product
    _fill(scene, palette.background, palette.background_end.mixed(palette.background, 0.4), steep=True)
    x, y = product.centre_x, product.centre_y
    reach = math.hypot(frame.width, frame.height)
    count = 22
    turn = scene.draw.uniform(0, 360 / count)
    step = next(  # the lightest ray that small type still reads on
        (
            step
            for step in (0.09, 0.075, 0.06, 0.045)
            if contrast(palette.muted_ink, palette.background.lighter(step)) > 5
        ),
        0.03,
    )
    ray = palette.background.lighter(step if palette.ink.luminance > 0.3 else 0.07)
    for index in range(count):
        start = math.radians(turn + index * 360 / count)
        end = math.radians(turn + (index + 0.5) * 360 / count)
        wedge = brushes.path(
            [
                (x, y),
                (x + reach * math.cos(start), y + reach * math.sin(start)),
                (x + reach * math.cos(end), y + reach * math.sin(end)),
            ]
        )
        scene.canvas.drawPath(
            wedge, brushes.radial((x, y), reach * 0.75, [(0, ray.lighter(0.03), 1), (0.4, ray, 1), (1, ray, 0.5)])
        )
    brushes.glow(scene.canvas, x, y, max(product.width, product.height) * 0.7, palette.glow, 0.5)


def blobs(scene: Set) -> None:
    """Organic shapes at the edges, one of them behind the product."""
    palette, frame, draw, product = scene.palette, scene.frame, scene.draw, scene.product
    _fill(scene, palette.background, palette.background.mixed(palette.background_end, 0.4), steep=True)
    size = max(product.width, product.height)
    soft = 0.9 if not palette.dark else 0.6
    across, along = room_beside(scene, size * 0.62)
    colour = palette.background_end.lighter(0.05 if palette.dark else -0.03)
    shapes = [(product.centre_x, product.centre_y, across, along, colour, 1.0)]
    low, high = frame.height * draw.uniform(0.95, 1.03), -frame.unit * 6
    sides = [frame.width * share for share in draw.sample((-0.04, 1.04), 2)]
    for places, radius, colour, alpha in (
        ([(x, low) for x in sides], frame.unit * 34, palette.secondary, soft),
        ([(x, high) for x in (*reversed(sides), frame.width * 0.72)], frame.unit * 24, palette.tertiary, soft * 0.75),
    ):
        room, spot = max(((room_at(scene, *place), place) for place in places), key=lambda found: found[0])
        if room > frame.unit * 9:
            reach = min(radius, room / 1.16)
            shapes.append((*spot, reach, reach, colour, alpha))
    for x, y, across, along, colour, alpha in shapes:
        points = []
        for step in range(9):
            angle = 2 * math.pi * step / 9
            far = draw.uniform(0.84, 1.14)
            points.append((x + across * far * math.cos(angle), y + along * far * math.sin(angle)))
        scene.canvas.drawPath(
            brushes.smooth_path(points),
            brushes.linear(
                (x - across, y - along),
                (x + across, y + along),
                [(0, colour.lighter(0.05), alpha), (1, colour.lighter(-0.04), alpha)],
            ),
        )


def waves(scene: Set) -> None:
    """Layered waves rising to where the product stands."""
    palette, frame, draw, product = scene.palette, scene.frame, scene.draw, scene.product
    _fill(scene, palette.background, palette.background.mixed(palette.background_end, 0.6), steep=True)
    brushes.glow(
        scene.canvas, product.centre_x, product.centre_y, max(product.width, product.height) * 0.9, palette.glow, 0.6
    )
    base = product.bottom - product.height * 0.16
    layers = 4
    for layer in range(layers):
        share = layer / (layers - 1)
        colour = palette.background_end.mixed(palette.secondary, 0.16 + 0.5 * share)
        y = base + (frame.height - base) * share * 0.72
        phase, swing = draw.uniform(0, 6.28), frame.unit * draw.uniform(2.5, 5)
        points: list[tuple[float, float]] = [
            (frame.width * step / 12, y + swing * math.sin(phase + step * 0.62)) for step in range(-1, 14)
        ]
        outline = brushes.smooth_path(points, closed=False)
        outline.lineTo(frame.width * 1.1, frame.height)
        outline.lineTo(-frame.width * 0.1, frame.height)
        outline.close()
        scene.canvas.drawPath(
            outline,
            brushes.linear(
                (0, y - swing), (0, frame.height), [(0, colour.lighter(0.03), 0.9), (1, colour.lighter(-0.04), 1)]
            ),
        )


def _pattern_ground(scene: Set) -> Colour:
    palette = scene.palette
    _fill(scene, palette.background, palette.background.mixed(palette.background_end, 0.55), steep=True)
    return palette.background.lighter(0.06 if palette.background.lightness < 0.75 else -0.045)


def dots(scene: Set) -> None:
    """A regular pattern of dots, calm enough to stand behind type."""
    mark = _pattern_ground(scene)
    step = scene.unit * 7
    for row in range(int(scene.frame.height / step) + 2):
        for column in range(int(scene.frame.width / step) + 2):
            x = (column + (0.5 if row % 2 else 0.0)) * step
            scene.canvas.drawCircle(x, row * step, scene.unit * 1.15, brushes.fill(mark))
    brushes.glow(
        scene.canvas,
        scene.product.centre_x,
        scene.product.centre_y,
        max(scene.product.width, scene.product.height),
        scene.palette.glow,
        0.5,
    )


def halftone(scene: Set) -> None:
    """Comic-book dots that grow towards a corner, and a disc of colour."""
    palette, frame = scene.palette, scene.frame
    _fill(scene, palette.background, palette.background.mixed(palette.background_end, 0.3), steep=True)
    mark = palette.secondary
    step = scene.unit * 3.4
    left = scene.product.centre_x > frame.width * 0.55
    for row in range(int(frame.height / step) + 2):
        for column in range(int(frame.width / step) + 2):
            x, y = (column + (0.5 if row % 2 else 0.0)) * step, row * step
            across = x / frame.width if left else 1 - x / frame.width
            near = (across * 0.75 + y / frame.height) / 1.75
            radius = step * 0.55 * max(0.0, (near - 0.46) / 0.54)
            if radius > 0.6 and not any(Box(x, y, x, y).inset(-step).overlaps(box) for box in scene.quiet):
                scene.canvas.drawCircle(x, y, radius, brushes.fill(mark, 0.9))


def stripes(scene: Set) -> None:
    """Diagonal bands of two near tones."""
    mark = _pattern_ground(scene)
    frame = scene.frame
    width = scene.unit * 9
    slant = frame.height * 0.6
    x = -slant
    while x < frame.width + slant:
        scene.canvas.drawPath(
            brushes.path([(x + slant, 0), (x + slant + width, 0), (x + width, frame.height), (x, frame.height)]),
            brushes.fill(mark, 0.8),
        )
        x += width * 2
    brushes.glow(
        scene.canvas,
        scene.product.centre_x,
        scene.product.centre_y,
        max(scene.product.width, scene.product.height) * 0.9,
        scene.palette.glow,
        0.5,
    )


def grid(scene: Set) -> None:
    """Fine lines of a drawing board, fading from the product."""
    mark = _pattern_ground(scene)
    frame = scene.frame
    step = scene.unit * 6
    line = scene.palette.ink.mixed(mark, 0.6)
    for index in range(int(frame.width / step) + 1):
        scene.canvas.drawLine(index * step, 0, index * step, frame.height, brushes.stroke(line, 1.4, 0.28))
    for index in range(int(frame.height / step) + 1):
        scene.canvas.drawLine(0, index * step, frame.width, index * step, brushes.stroke(line, 1.4, 0.28))
    brushes.glow(
        scene.canvas,
        scene.product.centre_x,
        scene.product.centre_y,
        max(scene.product.width, scene.product.height),
        scene.palette.glow,
        0.8,
    )
    for box in scene.quiet:  # the lines give way to type
        scene.canvas.drawRRect(
            brushes.rounded(box.inset(-2 * scene.unit), 4 * scene.unit),
            brushes.fill(scene.palette.background, 0.72, blur=3 * scene.unit),
        )


def checks(scene: Set) -> None:
    """A tablecloth of squares."""
    mark = _pattern_ground(scene)
    step = scene.unit * 9
    for row in range(int(scene.frame.height / step) + 1):
        for column in range(int(scene.frame.width / step) + 1):
            if (row + column) % 2:
                scene.canvas.drawRect(
                    skia.Rect.MakeXYWH(column * step, row * step, step, step), brushes.fill(mark, 0.75)
                )


def geometric(scene: Set) -> None:
    """Quarter circles, bars and discs on a square raster, kept out from under the type."""
    palette, frame, draw = scene.palette, scene.frame, scene.draw
    _fill(scene, palette.background, palette.background.mixed(palette.background_end, 0.4), steep=True)
    columns = 6 if frame.wide else 5
    size = frame.width / columns
    tones = (
        palette.secondary,
        palette.tertiary,
        palette.accent,
        palette.background_end.lighter(0.06 if palette.dark else -0.05),
    )
    rows = math.ceil(frame.height / size)
    for row in range(rows):
        for column in range(columns):
            cell = Box(column * size, row * size, (column + 1) * size, (row + 1) * size)
            if any(cell.overlaps(box.inset(-scene.unit)) for box in scene.quiet) or draw.random() < 0.2:
                continue
            colour = draw.choice(tones)
            alpha = 0.92 if palette.dark or colour is tones[3] else 0.85
            shape = draw.randrange(5)
            if shape == 0:
                corner = draw.choice(
                    (
                        (cell.left, cell.top, 0),
                        (cell.right, cell.top, 90),
                        (cell.right, cell.bottom, 180),
                        (cell.left, cell.bottom, 270),
                    )
                )
                scene.canvas.drawArc(
                    skia.Rect.MakeLTRB(corner[0] - size, corner[1] - size, corner[0] + size, corner[1] + size),
                    corner[2],
                    90,
                    True,
                    brushes.fill(colour, alpha),
                )
            elif shape == 1:
                scene.canvas.drawCircle(cell.centre_x, cell.centre_y, size * 0.5, brushes.fill(colour, alpha))
            elif shape == 2:
                scene.canvas.drawPath(
                    brushes.path([(cell.left, cell.top), (cell.right, cell.bottom), (cell.left, cell.bottom)]),
                    brushes.fill(colour, alpha),
                )
            elif shape == 3:
                for index in range(4):
                    y = cell.top + size * (index + 0.5) / 4
                    scene.canvas.drawLine(
                        cell.left + size * 0.1,
                        y,
                        cell.right - size * 0.1,
                        y,
                        brushes.stroke(colour, size * 0.09, alpha),
                    )
            else:
                scene.canvas.drawRect(brushes.rect(cell), brushes.fill(colour, alpha))


def rings(scene: Set) -> None:
    """Fine rings around the product over a soft gradient."""
    mesh(scene)
    product = scene.product
    radius = max(product.width, product.height) * 0.5
    line = WHITE if scene.palette.dark else scene.palette.secondary
    for index in range(4):
        scene.canvas.drawCircle(
            product.centre_x,
            product.centre_y,
            radius * (0.78 + 0.26 * index),
            brushes.stroke(line, 2.4, 0.34 - 0.07 * index),
        )


def arch(scene: Set) -> None:
    """A niche with a rounded top in a wall, the product inside."""
    palette, product, frame = scene.palette, scene.product, scene.frame
    _fill(scene, palette.background, palette.background.mixed(palette.background_end, 0.5), steep=True)
    room = scene.arrangement.product
    half = max(product.width * 0.66, product.height * 0.36)
    half = min(half, min(product.centre_x, frame.width - product.centre_x) - 6 * scene.unit)
    half = max(half, product.width * 0.53)
    top = max(min(product.top - half * 0.42, product.top - 5 * scene.unit), min(room.top, product.top - 4 * scene.unit))
    base = product.bottom + product.height * 0.035
    niche = Box(product.centre_x - half, top, product.centre_x + half, base)
    rise = min(half, niche.height * 0.5)  # a round arch over narrow products, a window with round corners over wide
    shape = skia.RRect()
    shape.setRectRadii(brushes.rect(niche), [skia.Point(reach, reach) for reach in (rise, rise, 0, 0)])
    outline = skia.Path()
    outline.addRRect(shape)
    inside = palette.secondary if palette.dark else palette.secondary.mixed(palette.background_end, 0.25)
    scene.canvas.drawPath(
        outline,
        brushes.down(
            niche, [(0, inside.lighter(-0.06), 1), (0.7, inside.lighter(0.04), 1), (1, inside.lighter(0.07), 1)]
        ),
    )
    scene.canvas.save()
    scene.canvas.clipPath(outline, doAntiAlias=True)
    scene.canvas.drawPath(outline, brushes.stroke(palette.shade, scene.unit * 2.5, 0.34, blur=scene.unit * 2))
    brushes.glow(scene.canvas, niche.left + half * 0.7, niche.top + rise * 0.8, half * 1.3, WHITE, 0.34)
    scene.canvas.restore()
    sill = Box(niche.left - 3 * scene.unit, base, niche.right + 3 * scene.unit, base + 2.6 * scene.unit)
    stone = palette.background.mixed(palette.background_end, 0.5)
    scene.canvas.drawRRect(
        brushes.rounded(sill, scene.unit * 0.6),
        brushes.with_shadow(
            brushes.down(sill, [(0, stone.lighter(0.07), 1), (1, stone.lighter(-0.06), 1)]),
            palette.shade,
            y=scene.unit,
            blur=scene.unit * 1.4,
            alpha=0.3,
        ),
    )


def bubbles(scene: Set) -> None:
    """Glassy bubbles drifting up."""
    mesh(scene)
    for _ in range(26):
        x, y = scene.draw.uniform(0, scene.frame.width), scene.draw.uniform(0, scene.frame.height)
        radius = scene.unit * scene.draw.choice((1.2, 1.8, 2.6, 4.0, 6.0))
        if any(Box(x - radius, y - radius, x + radius, y + radius).overlaps(box) for box in scene.quiet):
            continue
        scene.canvas.drawCircle(
            x,
            y,
            radius,
            brushes.radial(
                (x - radius * 0.3, y - radius * 0.3),
                radius * 1.3,
                [(0, WHITE, 0.05), (0.7, WHITE, 0.14), (1, WHITE, 0.42)],
            ),
        )
        scene.canvas.drawOval(
            brushes.rect(Box(x - radius * 0.6, y - radius * 0.7, x - radius * 0.15, y - radius * 0.4)),
            brushes.fill(WHITE, 0.7, blur=radius * 0.06),
        )


GROUNDS: Final[dict[str, Ground]] = {
    "plain": plain,
    "mesh": mesh,
    "floor": floor,
    "split": split,
    "sunburst": sunburst,
    "blobs": blobs,
    "waves": waves,
    "dots": dots,
    "halftone": halftone,
    "stripes": stripes,
    "grid": grid,
    "checks": checks,
    "geometric": geometric,
    "rings": rings,
    "arch": arch,
    "bubbles": bubbles,
}
