"""Draws the fields of a poster's layout: blocks of colour, and ornaments in the room that texts leave."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from services.image.providers.local import brushes, ornaments, paper, textures
from services.image.providers.local.geometry import Box
from services.image.providers.local.layouts import PlacedField
from services.image.providers.local.motifs import under
from services.image.providers.local.posters import Fade, Shape, Tone, tone_of
from services.image.providers.local.scene_context import Set, room_at
from services.media.colour import Colour, contrast
from services.media.skia import skia
from services.media.text_shaping import Face

GAP: Final = 3.0  # units between an ornament and the nearest text
LEAST: Final = 24.0  # units of an ornament's reach, below which it is left out
FADE: Final = 0.018  # of lightness that a field gains towards its upper left, so that it does not look printed by fax
LEAST_FADE, MOST_FADE = 0.2, 0.86  # shares of a view that the ground's colour hides
SLANT: Final = 0.3
FADE_LENGTH: Final = 0.34  # of the view, in which it dissolves
BEHIND_TEXT: Final = 0.95  # opacity of that colour at the end of the texts
VIEW_FROM: Final = 0.45  # of what a field does not show of a view, the share that lies above it
FIELD_CONTRAST: Final = 1.25  # of a field behind a figure against the ground
SET_OFF: Final = 0.24  # distance in OKLab of such a field from the figure


def paint(
    scene: Set,
    fields: Sequence[PlacedField],
    shown: Colour | None = None,
    view: Any = None,
    *,
    ground: bool = True,
    large: tuple[str, Face] | None = None,
    texture: str = "plain",
) -> None:
    """Fills the picture with the ground's tone, unless `ground` is False, and draws the fields, in the order of the
    layout.

    shown: the mean colour of the figure before them; the field behind it has the tone that sets it off best. view: a
    skia.Image of the place or season for fields that show it. large: what ornaments show, with its face; None:
    they are left out.
    texture: the ground's, in layouts that have one.
    """
    if ground:
        scene.canvas.drawPaint(_lit(scene.frame.whole, scene.palette.background))
    for placed in fields:
        field = placed
        if shown is not None and field.tone is Tone.SECOND:
            field = replace(placed, tone=_behind(scene, shown))
        if field.shape is Shape.TEXTURE:
            held_on_paper = any(paper.holds(each.shape) for each in fields)
            textures.paint(scene, texture, under_text=not held_on_paper)
        elif paper.is_paper(field.shape):
            paper.paint(scene, field)
        elif view is not None and (field.tone is Tone.VIEW or field.shape is Shape.ORNAMENT):
            _through(scene, field, view)
        elif field.shape is Shape.ORNAMENT:
            if large is not None:
                ornaments.large(
                    scene, field.box, under(field.box, fields[: fields.index(placed)], scene.palette), *large
                )
        else:
            _draw(scene, field)


def _through(scene: Set, field: PlacedField, view: Any) -> None:
    """The view, cut to the field's shape: as large as covers it, its horizon at two thirds of the height."""
    canvas, box = scene.canvas, field.box
    scale = max(box.width / view.width(), box.height / view.height())
    width, height = view.width() * scale, view.height() * scale
    left = box.centre_x - width / 2
    top = box.top - (height - box.height) * VIEW_FROM
    canvas.save()
    canvas.clipPath(_outline(scene, field), doAntiAlias=True)
    target = brushes.rect(Box(left, top, left + width, top + height))
    canvas.drawImageRect(view, target, skia.SamplingOptions(skia.CubicResampler.Mitchell()), skia.Paint())
    if field.fade is not None:
        canvas.drawPaint(_dissolving(scene, field, field.fade))
    canvas.restore()


def _outline(scene: Set, field: PlacedField) -> Any:
    """The shape through which a view is seen."""
    outline, box = skia.Path(), field.box
    if field.shape is Shape.ARCH:
        outline.addRRect(_arch(box))
    elif field.shape is Shape.ROUNDED:
        outline.addRRect(brushes.rounded(box, 5 * scene.unit))
    elif field.shape is Shape.CIRCLE:
        radius = box.width / 2
        outline.addCircle(box.centre_x, box.centre_y, radius)
    elif field.shape is Shape.SLANT:
        return brushes.path(_slanted(box))
    elif field.shape is Shape.WEDGE:
        return brushes.path([(box.left, box.bottom), (box.right, box.top), (box.right, box.bottom)])
    else:
        outline.addRect(brushes.rect(box))
    return outline


def _slanted(box: Box) -> list[tuple[float, float]]:
    """The corners of a box whose inner edge leans by SLANT of its shorter side."""
    lean = SLANT * min(box.width, box.height)
    if box.width > box.height:
        return [(box.left, box.top + lean), (box.right, box.top), (box.right, box.bottom), (box.left, box.bottom)]
    return [(box.left + lean, box.top), (box.right, box.top), (box.right, box.bottom), (box.left, box.bottom)]


def _dissolving(scene: Set, field: PlacedField, side: Fade) -> Any:
    """The ground's colour over a view: whole behind texts on its side, and gone at the other end."""
    box, ground = field.box, scene.palette.background
    texts = [text for text in scene.written if text.overlaps(box)]
    if side is Fade.LEFT:
        along, reach = box.width, max((text.right - box.left for text in texts), default=0.0)
        start, end = (box.left, 0.0), (box.right, 0.0)
    elif side is Fade.TOP:
        along, reach = box.height, max((text.bottom - box.top for text in texts), default=0.0)
        start, end = (0.0, box.top), (0.0, box.bottom)
    else:
        low = [text for text in texts if text.overlaps(scene.arrangement.text)]  # the brand stands apart, on the view
        along, reach = box.height, max((box.bottom - text.top for text in low), default=0.0)
        start, end = (0.0, box.bottom), (0.0, box.top)
    held = min(max((reach + GAP * scene.unit) / along, LEAST_FADE), MOST_FADE)
    gone = min(1.0, held + FADE_LENGTH)
    stops = [(0.0, 1.0), (held, BEHIND_TEXT), ((held + gone) / 2, BEHIND_TEXT / 2.4), (gone, 0.0)]
    stops += [(1.0, 0.0)] if gone < 1 else []
    return brushes.linear(start, end, [(place, ground, alpha) for place, alpha in stops])


def _arch(box: Box) -> Any:
    rise = min(box.width / 2, box.height * 0.62)
    shape = skia.RRect()
    shape.setRectRadii(brushes.rect(box), [skia.Point(reach, reach) for reach in (rise, rise, 0, 0)])
    return shape


def _behind(scene: Set, shown: Colour) -> Tone:
    """The tone of a field behind the figure: the layout's own if the figure stands out on it, else the best that does
    and that is seen on the ground."""
    palette = scene.palette
    tones = [Tone.SECOND, Tone.THIRD, Tone.ACCENT, Tone.PAPER, Tone.DEEP]
    seen = [tone for tone in tones if contrast(tone_of(palette, tone), palette.background) >= FIELD_CONTRAST]
    apart = {tone: _distance(tone_of(palette, tone), shown) for tone in seen or tones}
    good = next((tone for tone, far in apart.items() if far >= SET_OFF), None)
    return good or max(apart, key=lambda tone: apart[tone])


def _distance(one: Colour, other: Colour) -> float:
    """The distance of two colours in OKLab."""
    turned = math.radians(one.hue - other.hue)
    chroma = one.chroma**2 + other.chroma**2 - 2 * one.chroma * other.chroma * math.cos(turned)
    return math.sqrt((one.lightness - other.lightness) ** 2 + max(chroma, 0.0))


def _lit(box: Box, colour: Colour) -> Any:
    return brushes.diagonal(box, [(0, colour.lighter(FADE), 1), (1, colour.lighter(-FADE), 1)])


def _draw(scene: Set, field: PlacedField) -> None:
    canvas, box, colour = scene.canvas, field.box, tone_of(scene.palette, field.tone)
    if field.shape is Shape.RECT:
        canvas.drawRect(brushes.rect(box), _lit(box, colour))
    elif field.shape is Shape.ROUNDED:
        canvas.drawRRect(brushes.rounded(box, 5 * scene.unit), _lit(box, colour))
    elif field.shape is Shape.CIRCLE:
        radius = box.width / 2
        around = Box(box.left, box.centre_y - radius, box.right, box.centre_y + radius)
        canvas.drawOval(brushes.rect(around), _lit(around, colour))
    elif field.shape is Shape.ARCH:
        canvas.drawRRect(_arch(box), _lit(box, colour))
    elif field.shape is Shape.WEDGE:
        corners = [(box.left, box.bottom), (box.right, box.top), (box.right, box.bottom)]
        canvas.drawPath(brushes.path(corners), _lit(box, colour))
    elif field.shape is Shape.SLANT:
        canvas.drawPath(brushes.path(_slanted(box)), _lit(box, colour))
    elif field.shape is Shape.RULE:
        canvas.drawRect(brushes.rect(box), brushes.fill(colour))
    elif field.shape is Shape.HALO:
        x, y = scene.product.centre_x, scene.product.centre_y
        edge = min(x, scene.frame.width - x, y, scene.frame.height - y)
        radius = min(box.width / 2, room_at(scene, x, y) - GAP * scene.unit, edge - GAP * scene.unit)
        around = Box(x - radius, y - radius, x + radius, y + radius)
        canvas.drawOval(brushes.rect(around), _lit(around, colour))
    else:
        _in_corner(scene, field)


def _in_corner(scene: Set, field: PlacedField) -> None:
    """An ornament about the corner of its box that is nearest to a corner of the picture."""
    box, frame = field.box, scene.frame
    x = box.left if box.centre_x < frame.width / 2 else box.right
    y = box.top if box.centre_y < frame.height / 2 else box.bottom
    reach = min(room_at(scene, x, y) - GAP * scene.unit, max(box.width, box.height))
    if reach < LEAST * scene.unit:
        return
    canvas = scene.canvas
    canvas.save()
    canvas.clipRect(brushes.rect(frame.whole))
    around = Box(x - reach, y - reach, x + reach, y + reach)
    canvas.drawOval(brushes.rect(around), _lit(around, tone_of(scene.palette, field.tone)))
    canvas.restore()
