"""What stands in the room that a shot's texts leave: the drawing for the product's trade, large, whole or in an arch;
without one a flat shape in a lower corner of vertical films: rings, a quarter disc, bands, dots or tiles."""

from __future__ import annotations

import math
import random
import zlib
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from services.media.colour import Colour, contrast
from services.media.skia import skia
from services.video.product.layouts import Box
from services.video.product.storyboard import Scene
from services.video.providers.local.product.layers import ENTER_SECONDS, NEARER, Layer, painted
from services.video.providers.local.product.looks import Tone
from services.video.providers.local.product.stage import Stage, placed
from services.video.providers.local.product_picture import TradeDrawing
from services.video.providers.local.strokes import box, fill

KINDS: Final = ("rings", "disc", "bands", "dots", "tiles")
SEEN_ALPHA: Final = 60  # of 255, from which something is seen
RINGS: Final = 4
SEEN: Final = 1.2  # contrast of a shape against the ground, from which it is seen
DRIFT: Final = 0.05  # share by which a shape grows while its shot lasts
TURN: Final = -9.0  # degrees of a drawing that is cut by an edge
CROPPED: Final = 1.02  # of the room's longer side, the size of such a drawing
BESIDE: Final = 0.86  # of the area beside texts, the size of a drawing there
BESIDE_HEIGHT: Final = 1.25  # of the height of a wide picture's room for it, the most that such a drawing takes
RIGHT: Final = 1.02  # of the frame's width, where the room of what stands at the right ends
FOOT: Final = 0.985  # of the frame, where what stands below texts ends
ARCHED: Final = 0.7  # of an arch's width, that of the drawing in it
CLOSE: Final = 1.5  # of the room's longer side, the size of a drawing seen from near, of which a part is in the picture
PUSHED: Final = 0.14  # share by which such a drawing grows while its shot lasts
# How the drawing for the trade stands in each shot: neighbours differ, so that a cut is seen.
STANDING: Final[Mapping[str, str]] = {
    "hook_type": "right", "hook_product": "right", "hero": "arch", "aside": "right", "statement": "left",
    "statement_bold": "close", "price": "aside", "offer": "aside", "code": "aside", "contact": "aside",
    "figure": "close", "chips": "whole", "quote": "left", "rating": "aside", "before_after": "whole",
}  # fmt: skip


def ornament(stage: Stage, shot: str, tone: Tone) -> Layer:
    """A shape in a lower corner, of one kind in all shots of a film; it comes up with the shot."""
    kind = random.Random(f"ornament {stage.seed}").choice(KINDS)
    chance = np.random.default_rng(zlib.crc32(f"ornament {stage.seed} {shot}".encode()))
    x, y, _, _ = stage.places.low
    reach = min(stage.height - y, stage.width * 0.8) if not stage.wide else stage.width - x
    reach *= 2 / (1 + (1 + DRIFT) * (1 + NEARER))  # grown, it still ends below what is written
    right = stage.wide or bool(chance.integers(2))
    colours = _colours(tone)

    def draw(canvas: Any) -> None:
        if not right:  # drawn for the lower right corner
            canvas.translate(reach, 0)
            canvas.scale(-1, 1)
        _DRAWN[kind](canvas, reach, colours, tone.ground, chance)

    image = painted(reach, reach, draw)
    corner_x = stage.width - reach / 2 if right else reach / 2
    return placed(image, corner_x, stage.height - reach / 2, enter="rise", at=-0.1, far=reach * 0.3, grow=DRIFT)


def drawing_layers(stage: Stage, scene: Scene, tone: Tone) -> list[Layer]:
    """The drawing for the trade: in an arch beside the name, whole beside values, else large and cut by an edge. Only
    of a stage that has one."""
    x, y, w, h = stage.places.low
    standing = "arch" if scene.shot.text == "name" else STANDING.get(scene.shot.id, "right")
    if stage.picture.things is not None:  # a thing of this shot only: it is to be known at once
        standing = "aside"
    came = -ENTER_SECONDS / 2 if scene.start == 0.0 or scene.shot.cut == "cut" else -0.1
    if standing == "arch":
        return arched_drawing(stage, stage.places.low, tone)
    if standing in ("whole", "aside"):
        tall = h if stage.wide else max(h, stage.height * FOOT - y)
        left = x if stage.wide or standing == "whole" else max(x, stage.width * RIGHT - w)
        return [drawing_beside(stage, (left, y, w, tall), tone)]
    room = min(stage.width - x, h * BESIDE_HEIGHT) if stage.wide else max(w, h)
    if standing == "close":
        size = room * CLOSE
        image = _drawing(stage, size, tone.ground, turn=-TURN)
        middle = y + h * 0.5 if stage.wide else _middle(stage, image, y, PUSHED)
        centre = x + size * 0.5 if stage.wide else stage.width * 0.5
        return [placed(image, centre, middle, enter="rise", at=came, far=size * 0.12, grow=PUSHED)]
    size = room * CROPPED
    left = standing == "left" and not stage.wide  # texts stand at the left of a wide picture
    image = _drawing(stage, size, tone.ground, turn=-TURN if left else TURN)
    middle = y + h * 0.5 if stage.wide else _middle(stage, image, y, DRIFT)
    centre = size * 0.43 if left else stage.width - size * 0.43
    far = -size * 0.1 if left else size * 0.1
    return [placed(image, centre, middle, enter="slide", at=came, far=far, grow=DRIFT)]


def arched_drawing(stage: Stage, area: Box, tone: Tone) -> list[Layer]:
    """The drawing for the trade in an arch."""
    behind = arch(stage, area, tone)
    ground = _colours(tone)[0]
    size = behind.width * ARCHED
    image = _drawing(stage, size, ground)
    top = behind.y - behind.height / 2
    middle = top + max(behind.width * 0.5, min(behind.height * 0.5, behind.width * 0.62))
    return [behind, placed(image, behind.x, middle, enter="pop", at=0.04, grow=DRIFT)]


def drawing_beside(stage: Stage, area: Box, tone: Tone) -> Layer:
    """The drawing for the trade, whole, as large as an area takes."""
    x, y, w, h = area
    image = _drawing(stage, min(w, h) * BESIDE, tone.ground)
    return placed(image, x + w / 2, y + h / 2, enter="pop", at=0.04, grow=DRIFT, sway=4 * stage.unit)


def _drawing(stage: Stage, size: float, behind: Colour, *, turn: float = 0.0) -> Any:
    side = size * 1.2  # room for a turn and the shadow
    return painted(
        side,
        side,
        lambda canvas: _the_drawing(stage).draw(
            canvas, side / 2, side / 2, size, (stage.article,), behind=behind, turn=turn
        ),
    )


def _middle(stage: Stage, image: Any, top: float, grow: float) -> float:
    """The height about which a picture stands so that nothing of it is above `top` when it has grown by that share: in
    the middle of the room below where its content fits in, else cut by the lower edge."""
    rows = np.flatnonzero(image.toarray()[..., 3].max(axis=1) > SEEN_ALPHA)
    first, last = (float(row) - image.height() / 2 for row in (rows[0], rows[-1]))
    spare = stage.height - top - (last - first) * (1 + grow)
    return float(top + max(spare, 0.0) / 2 - first * (1 + grow))


def _the_drawing(stage: Stage) -> TradeDrawing:
    if stage.picture.drawing is None:
        raise ValueError("the stage has no drawing")
    return stage.picture.drawing


def arch(stage: Stage, area: Box, tone: Tone) -> Layer:
    """A field with a round top behind a product, standing on the lower edge; a disc where there is no edge near."""
    x, y, w, h = area
    wide = min(w, h * 1.1) * 0.96
    top = y + h * 0.14
    tall = stage.height - top if not stage.wide else h * 0.86
    wide = min(wide, tall) if stage.wide else wide
    rise = min(wide / 2, tall)
    ink = _colours(tone)[0]

    def draw(canvas: Any) -> None:
        shape = skia.RRect()
        foot = 0.0 if not stage.wide else rise
        shape.setRectRadii(box(0, 0, wide, tall), [skia.Point(r, r) for r in (rise, rise, foot, foot)])
        canvas.drawRRect(shape, fill(ink))

    image = painted(wide, tall, draw)
    return placed(image, x + w / 2, top + tall / 2, enter="rise", at=-0.1, far=tall * 0.3)


def _colours(tone: Tone) -> list[Colour]:
    """The fields' colours that are seen on the ground and beside each other."""
    found: list[Colour] = []
    for colour in (tone.second, tone.third, tone.accent, tone.panel):
        if contrast(colour, tone.ground) > SEEN and all(contrast(colour, other) > 1.12 for other in found):
            found.append(colour)
    return found or [tone.ground.lighter(0.1 if tone.ground.lightness < 0.6 else -0.1)]


def _rings(canvas: Any, reach: float, colours: list[Colour], ground: Colour, chance: Any) -> None:
    step = reach / (RINGS + 0.5)
    for ring in range(RINGS):
        radius = reach - ring * step
        canvas.drawCircle(reach, reach, radius, fill(colours[ring % min(2, len(colours))]))
        canvas.drawCircle(reach, reach, radius - step * 0.62, fill(ground))


def _disc(canvas: Any, reach: float, colours: list[Colour], ground: Colour, chance: Any) -> None:
    canvas.drawCircle(reach, reach, reach, fill(colours[0]))
    if len(colours) > 1:
        canvas.drawCircle(reach, reach, reach * 0.5, fill(colours[1]))


def _bands(canvas: Any, reach: float, colours: list[Colour], ground: Colour, chance: Any) -> None:
    step = reach / 3.4
    for band in range(3):
        outer, inner = reach - band * step, reach - band * step - step * 0.74
        path = skia.Path()
        path.addPoly(
            [
                skia.Point(reach - outer, reach), skia.Point(reach, reach - outer),
                skia.Point(reach, reach - inner), skia.Point(reach - inner, reach),
            ],
            True,
        )  # fmt: skip
        canvas.drawPath(path, fill(colours[band % len(colours)]))


def _dots(canvas: Any, reach: float, colours: list[Colour], ground: Colour, chance: Any) -> None:
    step = reach / 9
    for row in range(9):
        for column in range(9):
            far = math.hypot(row + 0.5, column + 0.5) / 9
            if far < 1:
                radius = step * 0.36 * (1 - 0.7 * far)
                canvas.drawCircle(reach - (column + 0.5) * step, reach - (row + 0.5) * step, radius, fill(colours[0]))


def _tiles(canvas: Any, reach: float, colours: list[Colour], ground: Colour, chance: Any) -> None:
    """Quarter circles in cells, as stairs towards the corner."""
    size = reach / 3
    inks = colours if len(colours) > 1 else [colours[0], ground]
    for row in range(3):
        for column in range(3):
            if row + column < 2:
                continue
            left, top = column * size, row * size
            turn = int(chance.integers(4))
            canvas.save()
            canvas.clipRect(box(left, top, size, size))
            cx, cy = left + size * (turn in (0, 3)), top + size * (turn in (2, 3))
            canvas.drawRect(box(left, top, size, size), fill(inks[(row + column) % len(inks)]))
            canvas.drawCircle(
                cx, cy, size, fill(colours[(row + column + 1) % len(colours)] if len(colours) > 1 else ground)
            )
            canvas.restore()


_DRAWN: Final = {"rings": _rings, "disc": _disc, "bands": _bands, "dots": _dots, "tiles": _tiles}
