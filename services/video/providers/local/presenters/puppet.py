"""A presenter put together: still parts as pictures, the face drawn live, all moved by a pose."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_erosion

from services.media.skia import skia
from services.video.providers.local.presenters import face, hair, wardrobe
from services.video.providers.local.presenters.look import Look
from services.video.providers.local.presenters.pose import Mouth, Pose
from services.video.providers.local.strokes import box, fill, image_of, surface_of

NECK_Y: Final = 210.0  # the point the head tilts about
QUARTERS: Final = 4
SMOOTH: Final = skia.SamplingOptions(skia.FilterMode.kLinear)
NEAREST: Final = skia.SamplingOptions(skia.FilterMode.kNearest)
FINER: Final = 3  # how much finer a turned part is kept than it is shown
TILE: Final = 8  # pixels
HIDING: Final = 30.0  # units: how far apart hair and what lies before it move

Region = tuple[float, float, float, float]
HAIR_REGION: Final[Region] = (-340, -400, 340, 620)


class Puppet:
    """One presenter at one scale (pixels a presenter unit)."""

    def __init__(self, look: Look, scale: float, *, depth: float = 1300.0) -> None:
        """depth: how far below the middle of the head the picture reaches, in presenter units."""
        self.look = look
        self.scale = scale
        shoulders = look.shoulders + 60.0
        self._body = _Picture(
            lambda canvas: wardrobe.draw_body(canvas, look), (-shoulders, 100, shoulders, depth), scale
        )
        self._back = _Turning(lambda canvas: hair.draw_back(canvas, look), scale, behind=self._draw_before_hair)
        self._front = _Turning(lambda canvas: hair.draw_front(canvas, look), scale)

    def draw(self, canvas: Any, pose: Pose, mouth: Mouth) -> None:
        """With the middle of the head at the canvas' origin, in pixels."""
        unit = self.scale
        canvas.save()
        self._lean(canvas, pose, 0.62)
        self._back.draw(canvas)
        canvas.restore()
        self._body.draw_at(canvas, pose.x * 0.16 * unit, 3.2 * pose.breath * unit)
        canvas.save()
        self._lean(canvas, pose, 1.0)
        canvas.scale(unit, unit)
        face.draw_skin(canvas, self.look, pose, mouth)
        face.draw_features(canvas, self.look, pose, mouth)
        canvas.scale(1 / unit, 1 / unit)
        canvas.translate(pose.yaw * 3 * unit, 0)
        self._front.draw(canvas)
        canvas.restore()

    def _draw_before_hair(self, canvas: Any) -> None:
        wardrobe.draw_body(canvas, self.look)
        canvas.drawPath(face.face_outline(self.look, 0.0), fill("#000000"))

    def _lean(self, canvas: Any, pose: Pose, share: float) -> None:
        unit = self.scale
        canvas.translate(pose.x * share * unit, pose.y * share * unit)
        canvas.rotate(pose.tilt * share, 0, NECK_Y * unit)


class _Turning:
    """Hair, drawn once and then turned with the head: only where there is any, and where nothing lies before it.

    The nearest pixel of a picture enlarged smoothly beforehand is what interpolating between pixels would give, to
    within a third of one, at less than half the cost.
    """

    def __init__(
        self, draw: Callable[[Any], None], scale: float, *, behind: Callable[[Any], None] | None = None
    ) -> None:
        """behind: draws what hides part of it."""
        pixels = _drawn(draw, HAIR_REGION, scale)
        seen = pixels[..., 3] > 0
        if behind is not None:
            hidden = _drawn(behind, HAIR_REGION, scale)[..., 3] == 255
            seen &= ~binary_erosion(hidden, iterations=round(HIDING * scale))
        self._place = HAIR_REGION[0] * scale, HAIR_REGION[1] * scale
        self._path = _tiles(seen)
        self._paint: Any = None
        if not self._path.isEmpty():
            matrix = skia.Matrix.Scale(1 / FINER, 1 / FINER)
            shader = _finer(image_of(pixels)).makeShader(skia.TileMode.kClamp, skia.TileMode.kClamp, NEAREST, matrix)
            self._paint = skia.Paint(Shader=shader)

    def draw(self, canvas: Any) -> None:
        """Under whatever turn the canvas has."""
        if self._paint is None:
            return
        canvas.save()
        canvas.translate(*self._place)
        canvas.drawPath(self._path, self._paint)
        canvas.restore()


class _Picture:
    """A part drawn once, in pixels of its own, cut to what is visible of it."""

    def __init__(self, draw: Callable[[Any], None], region: Region, scale: float) -> None:
        pixels = _drawn(draw, region, scale)
        visible = pixels[..., 3] > 0
        rows, columns = np.flatnonzero(visible.any(axis=1)), np.flatnonzero(visible.any(axis=0))
        self._image: Any = None
        self._moved: dict[tuple[int, int], Any] = {}
        if len(rows):
            first, before = max(0, rows[0] - 1), max(0, columns[0] - 1)
            self._image = image_of(pixels[first : rows[-1] + 2, before : columns[-1] + 2])
            self._x, self._y = region[0] * scale + before, region[1] * scale + first

    def draw_at(self, canvas: Any, x: float, y: float) -> None:
        """Moved by (x, y) pixels on a canvas that is not turned, to the nearest quarter pixel.

        A copy for each quarter is kept: blending whole pixels is several times faster than interpolating a picture as
        large as a body, and a quarter of a pixel is not seen to jump.
        """
        if self._image is None:
            return
        quarter_x, quarter_y = round((self._x + x) * QUARTERS), round((self._y + y) * QUARTERS)
        left, part_x = divmod(quarter_x, QUARTERS)
        top, part_y = divmod(quarter_y, QUARTERS)
        moved = self._moved.get((part_x, part_y))
        if moved is None:
            pixels = np.zeros((self._image.height() + 1, self._image.width() + 1, 4), np.uint8)
            surface_of(pixels).getCanvas().drawImage(self._image, part_x / QUARTERS, part_y / QUARTERS, SMOOTH)
            moved = image_of(pixels)
            self._moved[part_x, part_y] = moved
        matrix = canvas.getTotalMatrix()
        canvas.save()
        canvas.translate(
            round(matrix.getTranslateX()) - matrix.getTranslateX(),
            round(matrix.getTranslateY()) - matrix.getTranslateY(),
        )
        canvas.drawImage(moved, left, top)
        canvas.restore()


def _drawn(draw: Callable[[Any], None], region: Region, scale: float) -> NDArray[np.uint8]:
    left, top, right, bottom = region
    pixels = np.zeros((math.ceil((bottom - top) * scale), math.ceil((right - left) * scale), 4), np.uint8)
    canvas = surface_of(pixels).getCanvas()
    canvas.scale(scale, scale)
    canvas.translate(-left, -top)
    draw(canvas)
    return pixels


def _tiles(seen: NDArray[np.bool_]) -> Any:
    """The squares of TILE pixels in which anything is seen, as a path; those side by side as one."""
    height, width = seen.shape
    whole = np.pad(seen, ((0, -height % TILE), (0, -width % TILE)))
    rows = np.asarray(whole.reshape(whole.shape[0] // TILE, TILE, -1, TILE).any(axis=(1, 3)))
    path = skia.Path()
    for number in range(len(rows)):
        edges = np.flatnonzero(np.diff(np.concatenate([[False], rows[number], [False]])))
        for first, last in edges.reshape(-1, 2):
            path.addRect(box(first * TILE, number * TILE, (last - first) * TILE, TILE))
    return path


def _finer(image: Any) -> Any:
    pixels = np.zeros((image.height() * FINER, image.width() * FINER, 4), np.uint8)
    canvas = surface_of(pixels).getCanvas()
    canvas.scale(FINER, FINER)
    canvas.drawImage(image, 0, 0, SMOOTH)
    return image_of(pixels)
