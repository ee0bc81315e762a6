"""A photographed face that speaks: the picture is cut along the lips and its parts are moved.

Nothing is generated. The picture above the cut and the picture below it are two sheets of small triangles; the lower
one slides down over the dark of the mouth when the jaw opens, and up over the teeth when the lips close. A smile that
shows teeth is cut along the lower lip, so that the teeth stay with the skull; a closed mouth is cut between the lips
and gets teeth drawn into it. Lids are sheets of their own. Measures are in heights of the face (brow to chin).
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from services.media.faces import Points
from services.media.skia import skia
from services.video.providers.local.photos import Pixels
from services.video.providers.local.presenters.pose import Mouth, Pose
from services.video.providers.local.strokes import along, around, box, image_of, line

Array = NDArray[np.float64]

# Point numbers of the MediaPipe mesh, from the viewer's left to right.
UPPER_INNER: Final = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
LOWER_INNER: Final = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)
LIDS: Final = (
    ((33, 246, 161, 160, 159, 158, 157, 173, 133), (33, 7, 163, 144, 145, 153, 154, 155, 133)),
    ((362, 398, 384, 385, 386, 387, 388, 466, 263), (362, 382, 381, 380, 374, 373, 390, 249, 263)),
)
BROW_POINTS: Final = (105, 66, 334, 296)
FOREHEAD, CHIN, LEFT_CHEEK, RIGHT_CHEEK, NOSE = 10, 152, 234, 454, 1

SHOWS_TEETH: Final = 0.018  # a gap between the lips wider than this is an open mouth
WIDE_OPEN: Final = 0.045  # and than this, an open one whatever is seen in it
LIP_SEARCH: Final = 0.03  # the mesh is seldom off by more between closed lips, and rather too high than too low
LOW_SEARCH: Final = 0.045
TEETH_STAND_OUT: Final = 0.08  # by how much more they are like teeth than the lips are
FIRMNESS: Final = 0.016  # how far pressed lips go past each other's edge: no tooth shows between them
WIDEST: Final = 0.17  # how far the lips part for the widest sound; speech reaches two thirds of it
MOST_LIFT: Final = 0.011  # how far the upper lip goes up, and the teeth of a smile with it
PARTING: Final = 0.94  # of half of the mouth: the lips stay together beside it, or an open mouth would have horns
CROWDING: Final = 1.6  # how much closer the lower sheet's columns are in the mouth than in the cheeks
COLUMNS: Final = 19  # each triangle costs about 10 microseconds beside its pixels
ROWS: Final = 23
LOWER_COLUMNS: Final = 23
LOWER_ROWS: Final = 9
NEAREST: Final = skia.SamplingOptions(skia.FilterMode.kNearest)
FINER: Final = (
    2  # how much finer the picture is kept: its nearest pixel is then as good as mixing four, at half the cost
)
SWAY_ENDS: Final = 1.28  # from here outwards, in radii of the head, nothing moves


class SpeakingFace:
    """The face of one plate: a picture already at the size it is shown, and the 468 points on it."""

    def __init__(self, plate: Pixels, points: Points) -> None:
        self._plate = plate
        eyes = points[263] - points[33]
        angle = math.atan2(eyes[1], eyes[0])
        self._turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
        self.height = float(np.linalg.norm(points[FOREHEAD] - points[CHIN]))
        self.centre = (points[13] + points[14]) / 2
        local = ((points - self.centre) @ self._turn.T) / self.height
        self._local = local
        upper, lower = local[list(UPPER_INNER)], local[list(LOWER_INNER)]
        self._mouth_u = (upper[:, 0] + lower[:, 0]) / 2
        order = np.argsort(self._mouth_u)
        self._mouth_u = self._mouth_u[order]
        self._upper_v, self._lower_v = upper[order, 1], lower[order, 1]
        self._half = float(self._mouth_u[-1] - self._mouth_u[0]) / 2
        self._mid_u = float(self._mouth_u[-1] + self._mouth_u[0]) / 2
        self.shows_teeth = self._find_teeth()
        if self.shows_teeth:
            self._cut_v = self._lower_v
        else:
            self._cut_v = self._lip_line()
            self._upper_v = self._lower_v = self._cut_v
        self._chin_v = float(local[CHIN, 1])
        self._brow_v = float(local[list(BROW_POINTS), 1].mean())
        self._build_sheets()

    # geometry

    def _find_teeth(self) -> bool:
        """Whether teeth are seen between the lips; then both lines are moved to the edges that they have there."""
        gap = float(np.max(self._lower_v - self._upper_v))
        if gap <= SHOWS_TEETH:
            return False
        lower = self._edge(self._lower_v, -LIP_SEARCH / 2, LOW_SEARCH, falling=True)
        upper = self._edge(self._upper_v, -LIP_SEARCH / 2, LOW_SEARCH, falling=False)
        upper = np.minimum(upper, lower - 0.25 * (self._lower_v - self._upper_v))
        middle = slice(3, 8)
        teeth = self._toothlike(self._mouth_u[middle], (upper[middle] + lower[middle]) / 2)
        lips = [
            self._toothlike(self._mouth_u[middle], upper[middle] - 0.015),
            self._toothlike(self._mouth_u[middle], lower[middle] + 0.015),
        ]
        if float(np.median(teeth - np.mean(lips, axis=0))) > TEETH_STAND_OUT:
            self._upper_v, self._lower_v = upper, lower
            return True
        return gap > WIDE_OPEN

    def _edge(self, line_v: Array, low: float, high: float, *, falling: bool) -> Array:
        """Where teeth end (falling) or begin below a line of the mesh: no further than `low` above, `high` below."""
        offsets = np.linspace(low, high, 61)
        seen = np.stack(
            [self._toothlike(np.full_like(offsets, u), v + offsets) for u, v in zip(self._mouth_u, line_v, strict=True)]
        )
        step = 4
        change = seen[:, 2 * step :] - seen[:, : -2 * step]
        score = (-change if falling else change) - 0.10 * (offsets[step:-step] / LOW_SEARCH) ** 2
        return np.asarray(line_v + _even(offsets[step:-step][np.argmax(score, axis=1)]))

    def _toothlike(self, u: Array, v: Array) -> Array:
        """Bright and not red, place by place: about 0.2 for lips, 0.4 and more for teeth."""
        rgb = self._sampled(u, v)
        red = (rgb[:, 0] - rgb[:, 1]) / np.maximum(rgb[:, 0], 1.0)
        return np.asarray(rgb.mean(axis=1) / 255 - 0.8 * red)

    def _sampled(self, u: Array, v: Array) -> Array:
        places = self._to_pixels(np.column_stack([u, v])).round().astype(int)
        height, width = self._plate.shape[:2]
        rows, columns = np.clip(places[:, 1], 0, height - 1), np.clip(places[:, 0], 0, width - 1)
        return self._plate[rows, columns, :3].astype(np.float64)

    def _lip_line(self) -> Array:
        """The dark line between closed lips, near where the mesh has it."""
        middle = (self._upper_v + self._lower_v) / 2
        offsets = np.linspace(-LIP_SEARCH, LOW_SEARCH, 76)
        shifts = []
        for u, v in zip(self._mouth_u, middle, strict=True):
            grey = self._sampled(np.full_like(offsets, u), v + offsets).mean(axis=1)
            darkness = np.convolve(np.pad(grey, 2, mode="edge"), np.full(5, 0.2), "valid")
            shifts.append(offsets[int(np.argmin(darkness + 12 * (offsets / LIP_SEARCH) ** 2))])
        return np.asarray(middle + _even(np.array(shifts)))

    def _to_pixels(self, local: Array) -> Array:
        return np.asarray((local * self.height) @ self._turn + self.centre)

    def _cut(self, u: Array) -> Array:
        return np.asarray(np.interp(u, self._mouth_u, self._cut_v))

    def _lip_profile(self, u: Array) -> Array:
        across = np.abs(u - self._mid_u) / (self._half * PARTING)
        return np.asarray(np.clip(1 - across**2.4, 0.0, 1.0))

    def _build_sheets(self) -> None:
        middle = (self._brow_v + self._chin_v) / 2
        reach_u, top, bottom = 0.67, middle - 0.93, middle + 0.93  # where `_swayed` has faded to nothing
        u, v = np.meshgrid(np.linspace(-reach_u, reach_u, COLUMNS), np.linspace(top, bottom, ROWS))
        self._upper = np.column_stack([u.ravel(), v.ravel()])
        self._upper_triangles = _within(_triangles(COLUMNS, ROWS), self._radius(self._upper) < SWAY_ENDS)
        places = np.linspace(-1.0, 1.0, LOWER_COLUMNS)
        jaw = 0.60 * np.sign(places) * np.abs(places) ** CROWDING
        self._rows = np.linspace(0.0, 1.0, LOWER_ROWS) ** 1.25
        cut = self._cut(jaw)
        start = cut - 0.012
        low = min(bottom - 0.02, self._chin_v + 0.32)  # the neck moves no lower
        self._lower = np.column_stack(
            [
                np.repeat(jaw[None], LOWER_ROWS, axis=0).ravel(),
                (start[None] + (low - start)[None] * self._rows[:, None]).ravel(),
            ]
        )
        self._lower_triangles = _triangles(LOWER_COLUMNS, LOWER_ROWS)
        plate = _shader(self._plate, None)
        self._plate_paint = skia.Paint(AntiAlias=True, Shader=plate)
        self._lower_paint = skia.Paint(AntiAlias=True, Shader=_shader(self._plate, self._below_cut()))
        self._upper_texture = _points(self._to_pixels(self._upper))
        self._lower_texture = _points(self._to_pixels(self._lower))
        self._lid_sheets = [self._lid(*lids) for lids in LIDS]

    def _below_cut(self) -> NDArray[np.float64]:
        """1 below the cut, 0 above, soft over two pixels: the edge of the lower lip."""
        height, width = self._plate.shape[:2]
        y, x = np.mgrid[0:height, 0:width]
        local = (np.column_stack([x.ravel(), y.ravel()]) - self.centre) @ self._turn.T / self.height
        distance = (local[:, 1] - self._cut(local[:, 0])) * self.height
        return np.asarray(np.clip(distance / 2.0 + 0.5, 0, 1).reshape(height, width))

    def _lid(self, upper: tuple[int, ...], lower: tuple[int, ...]) -> tuple[Any, ...]:
        """One lid: its sheet from above the crease to the lashes, and how far the lashes go to meet the lower lid."""
        top, low = self._local[list(upper)], self._local[list(lower)]
        u = np.linspace(top[0, 0] - 0.006, top[-1, 0] + 0.006, 13)
        line_v = np.interp(u, top[:, 0], top[:, 1]) - 0.007  # above the lashes: stretched, they would be a smear
        travel = np.maximum(0.0, np.interp(u, low[:, 0], low[:, 1]) - np.interp(u, top[:, 0], top[:, 1]))
        travel += 0.010
        travel *= np.clip(np.minimum(u - u[0], u[-1] - u) / 0.02, 0, 1)
        tall = max(0.03, float(travel.max()) * 1.3)
        shares = np.linspace(0, 1, 6)
        sheet = np.column_stack(
            [
                np.repeat(u[None], 6, axis=0).ravel(),
                (line_v[None] - tall + tall * shares[:, None]).ravel(),
            ]
        )
        moves = (travel[None] * (shares[:, None] ** 1.4)).ravel()
        height, width = self._plate.shape[:2]
        low_corner = self._to_pixels(sheet).min(axis=0).astype(int) - 6
        high_corner = self._to_pixels(sheet).max(axis=0).astype(int) + 6
        mask = np.zeros((height, width))
        y0, y1 = max(0, low_corner[1]), min(height, high_corner[1])
        x0, x1 = max(0, low_corner[0]), min(width, high_corner[0])
        y, x = np.mgrid[y0:y1, x0:x1]
        local = (np.column_stack([x.ravel(), y.ravel()]) - self.centre) @ self._turn.T / self.height
        distance = (np.interp(local[:, 0], u, line_v) - local[:, 1]) * self.height
        mask[y0:y1, x0:x1] = np.clip(distance / 2.0 + 0.5, 0, 1).reshape(y.shape)
        paint = skia.Paint(AntiAlias=True, Shader=_shader(self._plate, mask))
        lashes = sheet[-13:][2:-2]
        return sheet, moves, _triangles(13, 6), paint, _points(self._to_pixels(sheet)), lashes, moves[-13:][2:-2]

    # movement

    def draw(self, canvas: Any, mouth: Mouth, pose: Pose) -> None:
        """The speaking face over the plate, which is already drawn."""
        opening = mouth.open * WIDEST * (1 - 0.25 * mouth.round)
        gap = self._lower_v - self._upper_v  # of the picture; 0 where the lips are closed
        natural = float(gap.max())
        if self.shows_teeth:
            # At rest the smile keeps most of itself; B, M, P bring the lips together over the teeth.
            kept = np.clip(0.42 + opening / max(natural, 1e-3) * 0.58, 0.0, 1.0) * (1 - mouth.press)
            change = gap * (kept - 1) - mouth.press * FIRMNESS * self._lip_profile(self._mouth_u)
            change = change + max(0.0, opening - natural * 0.5) * 0.9 * self._lip_profile(self._mouth_u)
        else:
            change = opening * self._lip_profile(self._mouth_u)
        down_share = np.where(change > 0, 0.82, 0.80)
        up = np.maximum(change * (down_share - 1), -MOST_LIFT)  # the rest is the jaw's
        down = change + up
        jaw = float(np.interp(self._mid_u, self._mouth_u, down))

        upper = self._swayed(self._upper + self._upper_moves(self._upper, up, jaw, mouth, pose), pose)
        self._sheet(canvas, upper, self._upper_texture, self._upper_triangles, self._plate_paint)
        self._inside(canvas, up, down, mouth, pose)
        lower_moves = self._lower_moves(self._lower, down, jaw, mouth)
        self._sheet(
            canvas,
            self._swayed(self._lower + lower_moves, pose),
            self._lower_texture,
            self._lower_triangles,
            self._lower_paint,
        )
        if pose.blink > 0.03:
            for sheet, moves, triangles, paint, texture, lashes, lash_moves in self._lid_sheets:
                moved = sheet + np.column_stack([np.zeros(len(sheet)), moves * min(1.0, pose.blink) * 0.97])
                self._sheet(canvas, self._swayed(moved, pose), texture, triangles, paint)
                edge = lashes + np.column_stack([np.zeros(len(lashes)), lash_moves * min(1.0, pose.blink) * 0.97])
                path = skia.Path()
                path.addPoly(_points(self._to_pixels(self._swayed(edge, pose))), False)
                canvas.drawPath(path, line("#1d120e", self.height * 0.011, 0.75 * pose.blink))

    def _sheet(self, canvas: Any, local: Array, texture: list[Any], triangles: list[int], paint: Any) -> None:
        vertices = skia.Vertices(
            skia.Vertices.kTriangles_VertexMode, _points(self._to_pixels(local)), texture, None, triangles
        )
        canvas.drawVertices(vertices, paint, skia.BlendMode.kSrcOver)

    def _sideways(self, local: Array, mouth: Mouth) -> Array:
        """Lips drawn in for W and OO, out for EE: fades towards cheeks, nose and chin."""
        u, v = local[:, 0] - self._mid_u, local[:, 1]
        amount = (mouth.width - 0.5) * 0.17 - mouth.round * 0.20
        fade = np.exp(-((v / 0.13) ** 2)) * (1 - _smooth(0.9 * self._half, 2.0 * self._half, np.abs(u)))
        return np.asarray(u * amount * fade)

    def _upper_moves(self, local: Array, up: Array, jaw: float, mouth: Mouth, pose: Pose) -> Array:
        u, v = local[:, 0], local[:, 1]
        lift = np.interp(u, self._mouth_u, up, left=0.0, right=0.0)
        vertical = lift * np.exp(-(((v - self._cut(u)) / 0.075) ** 2))
        brow = np.exp(-(((v - self._brow_v) / 0.055) ** 2)) * (1 - _smooth(0.34, 0.5, np.abs(u)))
        vertical -= brow * pose.brow * 0.013
        # Below the cut this sheet is covered, but for the cheeks beside the lower one: they go along with the jaw.
        vertical += np.where(v > self._cut(u), self._jaw_field(u, v, jaw), 0.0)
        return np.column_stack([self._sideways(local, mouth), vertical])

    def _lower_moves(self, local: Array, down: Array, jaw: float, mouth: Mouth) -> Array:
        u, v = local[:, 0], local[:, 1]
        lip = np.interp(u, self._mouth_u, down, left=0.0, right=0.0)
        depth = _smooth(0.0, 0.10, v - self._cut(u))
        vertical = lip * (1 - depth) + self._jaw_field(u, v, jaw) * depth
        return np.column_stack([self._sideways(local, mouth), vertical])

    def _jaw_field(self, u: Array, v: Array, jaw: float) -> Array:
        """How far the jaw takes skin along: all of the chin, nothing of the cheekbones, less and less of the neck."""
        across = 1 - _smooth(1.0 * self._half, 2.7 * self._half, np.abs(u - self._mid_u))
        fade_in = _smooth(0.0, 0.14, v - self._cut(u))
        neck = 1 - _smooth(self._chin_v - 0.02, self._chin_v + 0.30, v)
        reach = jaw * 0.86 if jaw > 0 else jaw * 0.35 * (1 - _smooth(0.05, 0.22, v - self._cut(u)))
        return np.asarray(reach * across * fade_in * neck)

    def _radius(self, local: Array) -> Array:
        middle = (self._brow_v + self._chin_v) / 2
        return np.asarray(np.hypot(local[:, 0] / 0.52, (local[:, 1] - middle) / 0.72))

    def _swayed(self, local: Array, pose: Pose) -> Array:
        """The head's own movement, fading out before the picture behind it begins."""
        u, v = local[:, 0], local[:, 1]
        middle = (self._brow_v + self._chin_v) / 2
        weight = 1 - _smooth(0.75, SWAY_ENDS, self._radius(local))
        angle = math.radians(pose.tilt * 0.55)
        pivot = self._chin_v + 0.2
        turn_u = -(v - pivot) * math.sin(angle) + pose.x * 0.0012
        turn_v = u * math.sin(angle) + pose.y * 0.0010
        nearness = np.exp(-((u / 0.4) ** 2) - ((v - middle) / 0.45) ** 2)
        return np.column_stack(
            [u + weight * (turn_u + pose.yaw * 0.010 * nearness), v + weight * (turn_v + pose.pitch * 0.006 * nearness)]
        )

    def _inside(self, canvas: Any, up: Array, down: Array, mouth: Mouth, pose: Pose) -> None:
        """What shows between the sheets: the dark, the tongue and, where the picture has none, teeth."""
        reach = self._half * PARTING
        u = np.linspace(self._mid_u - reach, self._mid_u + reach, 25)
        rise, drop = np.interp(u, self._mouth_u, up), np.interp(u, self._mouth_u, down)
        cut = self._cut(u)
        top_line, bottom_line = cut + np.minimum(rise, 0.0), cut + drop
        if float((bottom_line - top_line).max()) * self.height < 0.6:
            return
        rim = np.column_stack(
            [
                np.concatenate([u, u[::-1]]),
                np.concatenate([top_line, (bottom_line + 0.004 * self._lip_profile(u))[::-1]]),
            ]
        )
        rim[:, 0] += self._sideways(rim, mouth)
        edge = self._to_pixels(self._swayed(rim, pose))
        path = skia.Path()
        path.addPoly(_points(edge), True)
        y_top, y_bottom = float(edge[:, 1].min()), float(edge[:, 1].max())
        x_middle = float(edge[:, 0].mean())
        tall = self.height
        canvas.save()
        canvas.clipPath(path, doAntiAlias=True)
        canvas.drawPaint(along((0, y_top), (0, max(y_bottom, y_top + 1)), ["#36100f", "#240808"]))
        half = self._half * tall * (1 + (mouth.width - 0.5) * 0.17 - mouth.round * 0.2)
        tongue_y = y_bottom - tall * (0.018 + 0.03 * mouth.tongue)
        canvas.drawOval(
            box(x_middle - half * 0.62, tongue_y, half * 1.24, tall * 0.09),
            around((x_middle, tongue_y + tall * 0.02), half * 0.7, [("#b4605f", 0.9), ("#7c3237", 0.8)]),
        )
        if not self.shows_teeth:
            # The corners of a smile are above its middle: teeth hang from the middle of the upper lip.
            lip = float(edge[len(u) // 2, 1])
            self._teeth(canvas, x_middle, lip, half, min(tall * (0.016 + 0.018 * mouth.teeth), (y_bottom - lip) * 0.55))
        canvas.drawPath(path, line("#1c0505", tall * 0.014, 0.45, blur=tall * 0.006))
        canvas.restore()

    def _teeth(self, canvas: Any, x: float, y: float, half: float, length: float) -> None:
        """An upper row, a little out of the light as teeth are: cream, darker to the sides, faint gaps."""
        if length < 1.0:
            return
        width = half * 0.80
        lowest = y + length
        path = skia.Path()
        path.moveTo(x - width, y - length)
        path.lineTo(x + width, y - length)
        path.lineTo(x + width * 0.94, y + length * 0.45)
        path.quadTo(x, lowest + length * 0.35, x - width * 0.94, y + length * 0.45)
        path.close()
        canvas.drawPath(path, around((x, y), width * 1.05, ["#efe7dc", "#ddd1c4", "#7d6a60"], [0, 0.6, 1]))
        for place in (-0.62, -0.4, -0.2, 0.0, 0.2, 0.4, 0.62):
            canvas.drawLine(x + place * width, y - length, x + place * width * 0.98, lowest, line("#8a7468", 1.0, 0.35))
        canvas.drawRect(
            box(x - width, y - 2, 2 * width, length * 0.5),
            along((0, y - 2), (0, y + length * 0.5), [("#3a1512", 0.45), ("#3a1512", 0.0)]),
        )


def _triangles(columns: int, rows: int) -> list[int]:
    indices: list[int] = []
    for row in range(rows - 1):
        for column in range(columns - 1):
            first = row * columns + column
            indices += [first, first + 1, first + columns, first + 1, first + columns + 1, first + columns]
    return indices


def _points(places: Array) -> list[Any]:
    return [skia.Point(x, y) for x, y in places.tolist()]


def _even(shifts: Array) -> Array:
    """Shifts along the mouth without jumps; its corners stay where they are."""
    middle = np.median(np.stack([np.roll(np.pad(shifts, 2, mode="edge"), by)[2:-2] for by in (-1, 0, 1)]), axis=0)
    even = np.convolve(np.pad(middle, 2, mode="edge"), [0.1, 0.2, 0.4, 0.2, 0.1], "valid")
    even[[0, -1]] = 0.0
    return np.asarray(even)


def _smooth(low: float, high: float, value: Array) -> Array:
    share = np.clip((value - low) / (high - low), 0, 1)
    return np.asarray(share * share * (3 - 2 * share))


def _within(triangles: list[int], moving: NDArray[np.bool_]) -> list[int]:
    """The triangles of which a corner moves: under the others the picture is as it is."""
    corners = np.array(triangles).reshape(-1, 3)
    return [int(corner) for corner in corners[moving[corners].any(axis=1)].ravel()]


def _shader(plate: Pixels, mask: NDArray[np.float64] | None) -> Any:
    """The plate as a paint's source, seen where the mask is 1. Premultiplied: skia would do it anew for every pixel."""
    height, width = plate.shape[:2]
    finer = Image.fromarray(plate).resize((width * FINER, height * FINER), Image.Resampling.BICUBIC)
    rgba = np.asarray(finer)
    if mask is not None:
        alpha = Image.fromarray(mask.astype(np.float32)).resize(finer.size, Image.Resampling.BILINEAR)
        shown = np.asarray(alpha)
        made = np.empty((*shown.shape, 4), np.uint8)
        for channel in range(3):  # one at a time: all in floats would take half a gigabyte at 1080p
            made[..., channel] = np.round(rgba[..., channel] * shown)
        made[..., 3] = np.round(shown * 255)
        rgba = made
    image = image_of(rgba[..., [2, 1, 0, 3]], opaque=mask is None)
    scale = skia.Matrix.Scale(1 / FINER, 1 / FINER)
    return image.makeShader(skia.TileMode.kClamp, skia.TileMode.kClamp, NEAREST, scale)
