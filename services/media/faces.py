"""Faces in a picture: where they are, and 468 points on one of them.

The models are MediaPipe's face detection and face mesh. Decoding follows their published graphs: anchors of a single
shot detector, and a square about the face, turned upright by the eyes, for the mesh.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import affine_transform

from services.media import model_files

Pixels = NDArray[np.uint8]  # (height, width, 3 or 4)
Points = NDArray[np.float64]

CERTAIN: Final = 0.5
CERTAIN_PERSON: Final = 0.7  # flowers, cats and colour charts pass for faces with up to 0.58
SESSIONS: Final = 3  # one of each model in a process: together about 10 MB
OVERLAP: Final = 0.3
MESH_SIZE: Final = 192
MESH_REACH: Final = 1.5  # the mesh wants the face with a quarter of its size around
MESH_CERTAIN: Final = 0.0  # a logit: more likely a face than not
LEFT_EYE, RIGHT_EYE = 33, 263  # outer corners, as the viewer sees them


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A face: its box in pixels (left, top, width, height), its eyes, and how certain it is (0..1)."""

    box: tuple[float, float, float, float]
    eyes: tuple[tuple[float, float], tuple[float, float]]
    certainty: float


def found_faces(pixels: Pixels, folder: Path | None) -> list[Found]:
    """All faces, the largest first. Close ones are looked for first, then far ones. Raises ModelMissing."""
    short = _detected(pixels, folder, model_files.FACE_DETECTION_SHORT, size=128, anchors=_short_anchors())
    faces = short or _detected(pixels, folder, model_files.FACE_DETECTION_FULL, size=192, anchors=_full_anchors())
    return sorted(faces, key=lambda face: -face.box[2] * face.box[3])


def largest_face(picture: Image.Image, folder: Path | None) -> float:
    """Returns the height of the largest certain face as a share of the picture's; 0 without one, and where the models
    are not installed. folder: of the models; None: the default one.

    A face is one in a mirror as well: creases and eyelets of a shoe pass for one from one side only.
    """
    try:
        pixels = np.asarray(picture.convert("RGB"))
        faces = _certain(found_faces(pixels, folder))
        mirrored = _certain(found_faces(np.ascontiguousarray(pixels[:, ::-1]), folder)) if faces else []
    except model_files.ModelMissing:
        return 0.0
    width = pixels.shape[1]
    turned = [(width - left - across, top, across, down) for left, top, across, down in (face.box for face in mirrored)]
    seen_twice = [face for face in faces if any(_overlap(face.box, other) >= OVERLAP for other in turned)]
    return max((face.box[3] / pixels.shape[0] for face in seen_twice), default=0.0)


def _certain(faces: list[Found]) -> list[Found]:
    return [face for face in faces if face.certainty >= CERTAIN_PERSON]


def is_person(picture: Image.Image, folder: Path | None) -> bool:
    """Whether a picture certainly shows a face; False where the models are not installed. folder: of the models; None:
    the default one."""
    return largest_face(picture, folder) > 0


def mesh(pixels: Pixels, face: Found, folder: Path) -> Points | None:
    """468 points in pixels (x, y), or None when the mesh model does not see a face there. Raises ModelMissing."""
    left, top, width, height = face.box
    points: Points | None = None
    centre = (left + width / 2, top + height / 2)
    side = max(width, height) * MESH_REACH
    angle = _slope(*face.eyes)
    for _ in range(2):  # the second look is taken at what the first one found, and is steadier
        points = _mesh_in(pixels, centre, side, angle, folder)
        if points is None:
            return None
        low, high = points.min(axis=0), points.max(axis=0)
        centre = (float(low[0] + high[0]) / 2, float(low[1] + high[1]) / 2)
        side = float((high - low).max()) * MESH_REACH
        angle = _slope(tuple(points[LEFT_EYE]), tuple(points[RIGHT_EYE]))
    return points


def _slope(left: tuple[float, ...], right: tuple[float, ...]) -> float:
    return math.atan2(right[1] - left[1], right[0] - left[0])


@lru_cache(maxsize=SESSIONS)
def _interpreter(path: str) -> Any:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=path, num_threads=1)
    interpreter.allocate_tensors()
    return interpreter


def _mesh_in(pixels: Pixels, centre: tuple[float, float], side: float, angle: float, folder: Path) -> Points | None:
    interpreter = _interpreter(str(model_files.model_path(model_files.FACE_LANDMARKS, folder)))
    unit = side / MESH_SIZE
    cosine, sine = math.cos(angle) * unit, math.sin(angle) * unit
    # From the square's (row, column) to the picture's; scipy counts rows first.
    turn = np.array([[cosine, sine], [-sine, cosine]])
    middle = np.array([centre[1], centre[0]])
    offset = middle - turn @ np.array([MESH_SIZE / 2, MESH_SIZE / 2])
    rgb = pixels[..., :3].astype(np.float32)
    if unit > 1.5:  # halve first: sampling every third pixel would alias
        step = int(unit)
        rgb = np.asarray(
            Image.fromarray(pixels[..., :3]).resize(
                (pixels.shape[1] // step, pixels.shape[0] // step), Image.Resampling.BOX
            ),
            np.float32,
        )
        turn, offset = turn / step, offset / step
    square = np.stack(
        [
            affine_transform(
                rgb[..., channel], turn, offset, output_shape=(MESH_SIZE, MESH_SIZE), order=1, mode="nearest"
            )
            for channel in range(3)
        ],
        axis=-1,
    )
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], (square / 255.0)[None].astype(np.float32))
    interpreter.invoke()
    outputs = [interpreter.get_tensor(detail["index"]).ravel() for detail in interpreter.get_output_details()]
    coordinates = next(output for output in outputs if output.size == 468 * 3)
    flag = next(output for output in outputs if output.size == 1)
    if float(flag[0]) < MESH_CERTAIN:
        return None
    in_square = coordinates.reshape(468, 3)[:, :2].astype(np.float64)
    turn_xy = np.array([[cosine, -sine], [sine, cosine]])
    return np.asarray((in_square - MESH_SIZE / 2) @ turn_xy.T + np.array(centre))


def _detected(pixels: Pixels, folder: Path | None, name: str, *, size: int, anchors: Points) -> list[Found]:
    height, width = pixels.shape[:2]
    longest = max(height, width)
    picture = Image.new("RGB", (longest, longest))
    picture.paste(Image.fromarray(pixels[..., :3]), ((longest - width) // 2, (longest - height) // 2))
    square = np.asarray(picture.resize((size, size), Image.Resampling.BILINEAR), np.float32)
    interpreter = _interpreter(str(model_files.model_path(name, folder)))
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], (square / 127.5 - 1.0)[None])
    interpreter.invoke()
    outputs = [interpreter.get_tensor(detail["index"])[0] for detail in interpreter.get_output_details()]
    raw = next(output for output in outputs if output.shape[-1] == 16).astype(np.float64)
    scores = next(output for output in outputs if output.shape[-1] == 1).ravel().astype(np.float64)
    certainty = 1 / (1 + np.exp(-np.clip(scores, -80, 80)))
    faces: list[Found] = []
    shift = np.array([(longest - width) // 2, (longest - height) // 2])
    for place in np.argsort(-certainty):
        if certainty[place] < CERTAIN or len(faces) >= 16:
            break
        numbers = raw[place] / size
        centre = (anchors[place] + numbers[:2]) * longest - shift
        extent = numbers[2:4] * longest
        eyes = [(anchors[place] + numbers[4 + 2 * eye : 6 + 2 * eye]) * longest - shift for eye in range(2)]
        face = Found(
            box=(centre[0] - extent[0] / 2, centre[1] - extent[1] / 2, float(extent[0]), float(extent[1])),
            eyes=((float(eyes[0][0]), float(eyes[0][1])), (float(eyes[1][0]), float(eyes[1][1]))),
            certainty=float(certainty[place]),
        )
        if all(_overlap(face.box, known.box) < OVERLAP for known in faces):
            faces.append(face)
    return faces


def _overlap(one: tuple[float, float, float, float], two: tuple[float, float, float, float]) -> float:
    across = min(one[0] + one[2], two[0] + two[2]) - max(one[0], two[0])
    down = min(one[1] + one[3], two[1] + two[3]) - max(one[1], two[1])
    shared = max(0.0, across) * max(0.0, down)
    return shared / (one[2] * one[3] + two[2] * two[3] - shared)


def _short_anchors() -> Points:
    return np.array(
        [
            ((column + 0.5) / grid, (row + 0.5) / grid)
            for grid, count in ((16, 2), (8, 6))
            for row in range(grid)
            for column in range(grid)
            for _ in range(count)
        ]
    )


def _full_anchors() -> Points:
    return np.array([((column + 0.5) / 48, (row + 0.5) / 48) for row in range(48) for column in range(48)])
