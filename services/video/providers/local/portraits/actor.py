"""The customer's picture as presenter: animated when its face allows it, framed with a ring of sound when not."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter1d

from services.chassis.errors import TransientFault
from services.media import faces
from services.media.faces import Points
from services.media.skia import skia
from services.video.domain import FRAMES_PER_SECOND
from services.video.providers.local import motion
from services.video.providers.local.kokoro import Speech
from services.video.providers.local.photos import Pixels, on_white, picture
from services.video.providers.local.portraits.warp import CHIN, FOREHEAD, LEFT_CHEEK, NOSE, RIGHT_CHEEK, SpeakingFace
from services.video.providers.local.presenters.pose import Mouth, Pose
from services.video.providers.local.stage import CHEST_CARD, HEAD_CARD, LINEAR, Layout, Stage
from services.video.providers.local.strokes import fill, line, rounded
from services.video.providers.local.visemes import OPEN, Mouths

LARGEST_CLIP: Final = 4096 * 4096  # pixels of a film made elsewhere
SMALLEST_FACE: Final = 70  # pixels of width in the picture: fewer, and the mouth is a smear when enlarged
LIFT: Final = 0.05  # of the height, by which a nearer face may go up
CHIN_ROOM: Final = 1.02  # the chin comes lower while somebody speaks
MOST_TURNED: Final = 0.26  # of the face's width: how far the nose may be off its middle

NO_FACE: Final = "No face was found in the portrait, so it is shown in a frame with a ring that moves with the voice."
TOO_SMALL: Final = (
    "The face in the portrait is too small to animate ({width} pixels wide, at least {least} are needed), "
    "so the picture is shown in a frame with a ring that moves with the voice."
)
TURNED: Final = (
    "The face in the portrait is turned too far to the side to animate, so the picture is shown in a frame "
    "with a ring that moves with the voice."
)
SEVERAL: Final = "The portrait shows {count} faces; the largest one speaks."


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitter:
    """The face that will speak."""

    points: Points
    count: int


def sitter_of(pixels: Pixels, models: Path) -> Sitter | str:
    """The face to animate, or the note that says why none can be. Raises ModelMissing."""
    pixels = on_white(pixels)  # what transparent pixels hide is no picture
    found = faces.found_faces(pixels, models)
    if not found:
        return NO_FACE
    width = round(found[0].box[2])
    if width < SMALLEST_FACE:
        return TOO_SMALL.format(width=width, least=SMALLEST_FACE)
    points = faces.mesh(pixels, found[0], models)
    if points is None:
        return NO_FACE
    across = points[RIGHT_CHEEK] - points[LEFT_CHEEK]
    off = float((points[NOSE] - (points[LEFT_CHEEK] + points[RIGHT_CHEEK]) / 2) @ across / (across @ across))
    if abs(off) > MOST_TURNED:
        return TURNED
    return Sitter(points=points, count=len(found))


def faces_in(pixels: Pixels, models: Path) -> tuple[int, tuple[str, ...]]:
    """How many faces a portrait has, and notes on what a film will make of them. Raises ModelMissing."""
    count = len(faces.found_faces(on_white(pixels), models))
    sitter = sitter_of(pixels, models)
    if isinstance(sitter, str):
        return count, (sitter,)
    return count, (SEVERAL.format(count=count),) if count > 1 else ()


class PortraitActor:
    """A photographed presenter: fills a vertical picture, stands in a rounded panel in the others."""

    def __init__(self, pixels: Pixels, sitter: Sitter, stage: Stage, seed: str) -> None:
        self._stage = stage
        self._seed = seed
        place = stage.layout
        self._x, self._y, width, height = panel(place)
        plate, points = _plate(pixels, sitter.points, width, height, eye_line=0.42 if place.tall_card else 0.31)
        tall = place.card[3] / place.height
        self.card_at: float | None = CHEST_CARD
        if not place.tall_card and float(points[CHIN][1]) > CHEST_CARD * height:
            above = float(points[FOREHEAD][1]) > (HEAD_CARD + tall) * height
            self.card_at = HEAD_CARD if above else None
        eyes, chin = float(points[33][1] + points[263][1]) / 2, float(points[CHIN][1])
        self._eyes = float(points[33][0] + points[263][0]) / 2, eyes
        room = height if place.tall_card else place.caption_y - 2.2 * place.caption_size
        low = chin * CHIN_ROOM
        self._lowest = eyes, low, max(room, low)
        self.nearest = (max(room, low) - eyes + LIFT * height) / max(1.0, low - eyes)
        if place.tall_card or self.card_at is None:
            self.nearest_beside = self.nearest
        elif self.card_at == HEAD_CARD:  # below a card above the face there is no room to come nearer
            self.nearest_beside = 1.0
        else:
            self._lowest = eyes, low, max(CHEST_CARD * height, low)
            self.nearest_beside = (max(CHEST_CARD * height, low) - eyes + LIFT * height) / max(1.0, low - eyes)
        self._face = SpeakingFace(plate, points)
        self._image = picture(plate)
        self._poses: list[Pose] = []
        self._mouths: list[Mouth] = []

    @property
    def mouth(self) -> tuple[float, float]:
        """Where the middle of the mouth is in the picture when the head is still."""
        x, y = self._face.centre
        return self._x + float(x), self._y + float(y)

    def _lift(self, nearness: float) -> float:
        """How far the picture goes up, so that the chin of a nearer face stays above captions and card: in pixels, and
        no farther than it has grown below."""
        eyes, chin, room = self._lowest
        lift = eyes + (chin - eyes) * nearness - room
        return max(0.0, min(lift, (nearness - 1) * (float(self._image.height()) - eyes)))

    def prepare(self, speech: Speech, shapes: Mouths, since: int = 0) -> None:
        poses = motion.poses(speech.phones, shapes, seed=self._seed, frames_per_second=FRAMES_PER_SECOND)
        self._poses = motion.continued(self._poses, poses, since) if since else poses
        self._mouths = [motion.mouth_of(row) for row in shapes]

    def draw(self, canvas: Any, frame: int, aside: float, nearness: float) -> None:
        with _window(canvas, self._stage, aside):
            canvas.translate(0, -self._lift(nearness))
            _come_nearer(canvas, self._eyes, nearness)
            canvas.drawImage(self._image, 0, 0, LINEAR)
            self._face.draw(canvas, self._mouths[frame], self._poses[frame])


class ClipActor:
    """A presenter who already speaks in a film made elsewhere. Where the film is shorter, its last picture stays."""

    def __init__(self, clip: Path, stage: Stage) -> None:
        self._stage = stage
        self.card_at = CHEST_CARD if stage.layout.tall_card else None  # where its face is, is not known
        self.nearest = self.nearest_beside = 1.0
        _, _, self._width, self._height = panel(stage.layout)
        self._container: Any = None
        try:
            self._container = av.open(str(clip))
            self._frames = iter(self._container.decode(video=0))
            self._next: Any = next(self._frames)
        except (av.error.FFmpegError, StopIteration, IndexError) as error:
            raise TransientFault("PROVIDER_UNINTELLIGIBLE", "the engine's result is not a film") from error
        if self._next.width * self._next.height > LARGEST_CLIP:
            raise TransientFault("PROVIDER_TOO_LARGE", f"the engine's film is {self._next.width} pixels wide")
        self._began = float(self._next.time or 0.0)
        self._image: Any = None

    def prepare(self, speech: Speech, shapes: Mouths, since: int = 0) -> None:
        """Nothing: the film has its own mouth."""

    def draw(self, canvas: Any, frame: int, aside: float, nearness: float) -> None:
        self._advance(frame / FRAMES_PER_SECOND)
        with _window(canvas, self._stage, aside):
            canvas.drawImage(self._image, 0, 0)

    def _advance(self, seconds: float) -> None:
        shown = None
        while self._next is not None and float(self._next.time or 0.0) - self._began <= seconds + 1e-6:
            shown = self._next
            try:
                self._next = next(self._frames, None)
            except av.error.FFmpegError:
                self._next = None  # damaged towards its end: what there is stays
        if shown is not None:
            self._image = picture(self._fitted(shown))
        if self._next is None and self._container is not None:
            self._container.close()
            self._container = None

    def _fitted(self, shown: Any) -> Pixels:
        """The panel filled, what is too much cut off evenly at the sides, and below rather than above."""
        grow = max(self._width / shown.width, self._height / shown.height)
        width, height = math.ceil(shown.width * grow), math.ceil(shown.height * grow)
        pixels = shown.reformat(width=width, height=height, format="rgba").to_ndarray()
        left, top = (width - self._width) // 2, (height - self._height) // 3
        return np.ascontiguousarray(pixels[top : top + self._height, left : left + self._width])


class FramedActor:
    """A picture that cannot speak: in a round frame, with rings that swell with the voice."""

    card_at = CHEST_CARD
    nearest = nearest_beside = 1.0

    def __init__(self, pixels: Pixels, stage: Stage) -> None:
        self._stage = stage
        place = stage.layout
        self._radius = 235.0 * place.scale
        side = math.ceil(2 * self._radius) + 1
        self._image = picture(_covering(pixels, side, side))
        self._loud: NDArray[np.float64] = np.zeros(1)

    def prepare(self, speech: Speech, shapes: Mouths, since: int = 0) -> None:
        self._loud = gaussian_filter1d(shapes[:, OPEN].astype(np.float64), 1.0)

    def draw(self, canvas: Any, frame: int, aside: float, nearness: float) -> None:
        place = self._stage.layout
        x = place.presenter_x + (place.presenter_aside_x - place.presenter_x) * aside
        y, radius, unit = place.presenter_y + 10 * place.unit, self._radius, place.unit
        accent = self._stage.colours.accent
        for number in range(3):
            loud = float(self._loud[max(0, frame - 2 * number)])
            reach = radius + (10 + number * 20 + loud * (26 + 16 * number)) * unit
            canvas.drawCircle(x, y, reach, line(accent, (9 - 2 * number) * unit, 0.85 - 0.25 * number))
        canvas.save()
        path = skia.Path()
        path.addCircle(x, y, radius)
        canvas.clipPath(path, doAntiAlias=True)
        canvas.drawImage(self._image, round(x - radius), round(y - radius))
        canvas.restore()
        canvas.drawCircle(x, y, radius, line("#ffffff", 6 * unit))
        self._stage.draw_brand(canvas)


@contextmanager
def _window(canvas: Any, stage: Stage, aside: float) -> Iterator[None]:
    """Where a photographed presenter is drawn, from (0, 0): the whole of a vertical picture, else a rounded panel."""
    place = stage.layout
    x, y, width, height = panel(place)
    canvas.save()
    canvas.translate(round(x + (place.presenter_aside_x - place.presenter_x) * aside), y)
    if place.tall_card:
        radius = 34 * place.unit
        canvas.drawRRect(rounded(0, 8 * place.unit, width, height, radius), fill("#000000", 0.22))
        canvas.clipRRect(rounded(0, 0, width, height, radius), doAntiAlias=True)
    yield
    canvas.restore()
    if place.tall_card:
        stage.draw_brand(canvas)
    else:
        stage.draw_brand_over(canvas)


def _come_nearer(canvas: Any, eyes: tuple[float, float], nearness: float) -> None:
    """Enlarges what is drawn next, about the eyes."""
    if nearness != 1.0:
        canvas.translate(*eyes)
        canvas.scale(nearness, nearness)
        canvas.translate(-eyes[0], -eyes[1])


def panel(place: Layout) -> tuple[int, int, int, int]:
    """(x, y, width, height) of where a photographed presenter is shown."""
    if not place.tall_card:
        return 0, 0, place.width, place.height
    width = round(place.width * (0.50 if place.width == place.height else 0.36))
    height = round(place.height * 0.62)
    return round(place.presenter_x - width / 2), round(place.height * 0.125), width, height


def _plate(pixels: Pixels, points: Points, width: int, height: int, *, eye_line: float) -> tuple[Pixels, Points]:
    """The part of the picture about the face, at the size it is shown, and the points on it.

    The face is made about 0.30 of the height where the picture has room around it; the crop never leaves the picture.
    """
    tall = float(np.linalg.norm(points[FOREHEAD] - points[CHIN]))
    share = 0.30 if height > width * 1.3 else 0.40
    grow = max(height * share / tall, width / pixels.shape[1], height / pixels.shape[0])
    eyes = (points[33] + points[263]) / 2
    box = box_within(
        (pixels.shape[1], pixels.shape[0]),
        (width / grow, height / grow),
        float(eyes[0]) - width / grow / 2,
        float(eyes[1]) - height / grow * eye_line,
    )
    image = Image.fromarray(on_white(pixels)).resize((width, height), Image.Resampling.LANCZOS, box=box)
    return np.asarray(image.convert("RGBA")).copy(), (points - np.array(box[:2])) * grow


def box_within(
    whole: tuple[int, int], part: tuple[float, float], left: float, top: float
) -> tuple[float, float, float, float]:
    """The box (left, top, right, bottom) of a part of a picture, moved and cut so that it never leaves the picture.

    whole, part: (width, height). Quotients of sizes are off by a rounding error, and Pillow refuses a box that leaves
    the picture by as little.
    """
    width, height = min(part[0], whole[0]), min(part[1], whole[1])
    left, top = max(0.0, min(left, whole[0] - width)), max(0.0, min(top, whole[1] - height))
    return left, top, min(left + width, float(whole[0])), min(top + height, float(whole[1]))


def _covering(pixels: Pixels, width: int, height: int) -> Pixels:
    grow = max(width / pixels.shape[1], height / pixels.shape[0])
    part = width / grow, height / grow
    box = box_within(
        (pixels.shape[1], pixels.shape[0]),
        part,
        (pixels.shape[1] - part[0]) / 2,
        (pixels.shape[0] - part[1]) * 0.35,
    )
    image = Image.fromarray(on_white(pixels)).resize((width, height), Image.Resampling.LANCZOS, box=box)
    return np.asarray(image.convert("RGBA"))
