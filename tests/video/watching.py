"""Measures a finished MP4 by its pixels and sound only."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_opening

from services.media.faces import found_faces, mesh
from services.video.domain import FRAMES_PER_SECOND, AspectRatio, VideoBrief
from services.video.providers.local.captions import timed_words
from services.video.providers.local.editing import shot_at
from services.video.providers.local.kokoro import Phone, Speech
from services.video.providers.local.portraits.warp import CHIN, FOREHEAD
from services.video.providers.local.presenter_cut import presenter_cut
from services.video.providers.local.rendering import SPEECH_BEGINS_SECONDS, DrawnActor
from services.video.providers.local.stage import NEARER_DROP, Stage, layout

Floats = NDArray[np.float64]

STRONG = 70  # levels by which a letter differs from what is behind it
BLOCK = 3  # pixels: what is narrower is a trace of the encoding
STEP = 5  # frames
CHANGED = 3.0  # levels of the mean pixel within STEP frames
LIP_LINE = 6  # pixels at 720p
INNER_LIPS = ((82, 87), (13, 14), (312, 317))  # points of the mesh, upper and lower


def pictures(path: Path, *, every: int = 1, first: int | None = None) -> NDArray[np.uint8]:
    """Returns the first frames in RGB, or all, and of these each of number 0, every, 2 * every, …"""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        # A minute of film is gigabytes of pixels: each frame is written where it stays.
        count = stream.frames if first is None else min(first, stream.frames)
        frames = np.empty((-(-count // every), stream.height, stream.width, 3), np.uint8)
        number = -1
        for number, frame in enumerate(islice(container.decode(stream), count)):
            if number % every == 0:
                frames[number // every] = cast(Any, frame).to_ndarray(format="rgb24")
    assert number + 1 == count
    return frames


def sound(path: Path) -> NDArray[np.float32]:
    """Returns the left channel at 48 kHz."""
    with av.open(str(path)) as container:
        parts = [cast(Any, frame).to_ndarray()[0] for frame in container.decode(audio=0)]
    return np.concatenate(parts).astype(np.float32)


def set_apart(frames: NDArray[np.uint8], others: NDArray[np.uint8]) -> tuple[NDArray[np.bool_], tuple[float, ...]]:
    """Returns in which frames two films differ, and where: (left, top, right, bottom) as shares of the frame.

    The films differ by what one of them has in addition, such as captions. Traces of the encoding do not count.
    """
    tall, wide = frames.shape[1:3]
    rows, columns, apart = np.zeros(tall, bool), np.zeros(wide, bool), []
    for one, two in zip(frames, others, strict=True):
        strong = np.maximum(one, two) - np.minimum(one, two) > STRONG  # bytes: a third of the time of signed numbers
        blocks = _blocks(strong[..., 0] | strong[..., 1] | strong[..., 2])
        apart.append(bool(blocks.any()))
        for seen, axis in ((rows, 1), (columns, 0)):
            begins = np.asarray(blocks.any(axis=axis))
            for shift in range(BLOCK):
                seen[shift : shift + begins.size] |= begins
    x, y = np.flatnonzero(columns), np.flatnonzero(rows)
    return np.array(apart), (x[0] / wide, y[0] / tall, (x[-1] + 1) / wide, (y[-1] + 1) / tall)


def _blocks(pixels: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Returns where a block of BLOCK x BLOCK pixels begins that are all true."""
    height, width = (size - BLOCK + 1 for size in pixels.shape)
    tall = np.all([pixels[shift : shift + height] for shift in range(BLOCK)], axis=0)
    return np.asarray(np.all([tall[:, shift : shift + width] for shift in range(BLOCK)], axis=0))


def longest_still(frames: NDArray[np.uint8]) -> float:
    """Returns the longest time in seconds without a cut, a change of framing or a thing that comes or goes. A speaking
    presenter and a thing that drifts change less."""
    small = frames[:, ::8, ::8].mean(axis=-1)
    changes = np.abs(small[STEP:] - small[:-STEP]).mean(axis=(1, 2)) > CHANGED
    places = [0, *(int(place) + STEP for place in np.flatnonzero(changes)), len(frames)]
    return max(np.diff(places)) / FRAMES_PER_SECOND


def mouth_opening(frames: NDArray[np.uint8], box: tuple[int, int, int, int]) -> Floats:
    """Returns the share (0..1) of the box (left, top, right, bottom) that is the inside of a mouth, for each frame.

    Teeth and the dark behind them count; the thin dark line of closed lips does not.
    """
    left, top, right, bottom = box
    part = frames[:, top:bottom, left:right].astype(np.int16)
    red, green, blue = part[..., 0], part[..., 1], part[..., 2]
    dark = (red < 120) & (green < 60) & (blue < 75) & (red > green + 24)
    teeth = (part.min(axis=-1) > 150) & (part.max(axis=-1) - part.min(axis=-1) < 40)
    # A vertical run of at least LIP_LINE pixels is more than the line of closed lips.
    inside = binary_opening(dark | teeth, structure=np.ones((1, LIP_LINE, 1), dtype=bool))
    return np.asarray(inside.mean(axis=(1, 2)))


def presenter_mouth(resolution: str = "720p", nearness: float = 1.0) -> tuple[int, int, int, int]:
    """Returns the box that contains the mouth of a drawn presenter in a vertical video, with all sway of the head."""
    place = layout(AspectRatio.PORTRAIT, resolution)
    x, scale = place.presenter_x, place.scale * nearness
    y = place.presenter_y + (nearness - 1) * NEARER_DROP * place.unit
    return int(x - 100 * scale), int(y + 92 * scale), int(x + 100 * scale), int(y + 188 * scale)


def followed_opening(frames: NDArray[np.uint8], brief: VideoBrief, speech: Speech) -> Floats:
    """Returns `mouth_opening` of a drawn presenter in a vertical video, whose mouth is elsewhere in each shot; 0 where
    the product is seen instead. speech: without the silence that the film begins with."""
    stage = Stage(brief, product=None, logo=None)
    delayed = tuple(
        replace(word, start=word.start + SPEECH_BEGINS_SECONDS, end=word.end + SPEECH_BEGINS_SECONDS)
        for word in speech.words
    )
    words = timed_words(brief.script, delayed)
    actor = DrawnActor(brief.avatar_id, stage, brief.seed)
    seconds = speech.seconds + SPEECH_BEGINS_SECONDS
    cuts = presenter_cut(brief, words, seconds, actor, stays=stage.layout.tall_card).beside_card(actor)
    opening = np.zeros(len(frames))
    seen = [shot_at(cuts, number / FRAMES_PER_SECOND) for number in range(len(frames))]
    for nearness in {shot.nearness for shot in seen if not shot.product}:
        places = [number for number, shot in enumerate(seen) if shot.nearness == nearness and not shot.product]
        opening[places] = mouth_opening(frames[places], presenter_mouth(brief.resolution, nearness))
    return opening


def mesh_opening(frames: NDArray[np.uint8], models: Path) -> Floats:
    """Returns the distance of the inner lips for each frame, in heights of the face. The face mesh detects the face in
    every frame."""
    apart = []
    for frame in frames:
        face, *_ = found_faces(frame, models)
        points = mesh(frame, face, models)
        assert points is not None
        height = float(np.linalg.norm(points[FOREHEAD] - points[CHIN]))
        apart.append(float(np.mean([np.linalg.norm(points[low] - points[high]) for high, low in INNER_LIPS])) / height)
    return np.array(apart)


def closed_centres(
    opening: Floats, phones: Sequence[Phone], symbols: Container[str], *, shut: float = 0.25
) -> list[bool]:
    """Returns for each phoneme in `symbols` whether the mouth is closed in the frame of its middle.

    Closed means below the share `shut` of the opening of the widest 5 % of frames, which leaves the line of the lips.
    """
    widest = float(np.percentile(opening, 95))
    middles = [(phone.start + phone.end) / 2 + SPEECH_BEGINS_SECONDS for phone in phones if phone.symbol in symbols]
    return [bool(opening[int(middle * 25)] < shut * widest) for middle in middles]


def voice_energy(samples: NDArray[np.float32], frames: int, frames_per_second: int = 25) -> Floats:
    """Returns the energy in the band of vowels, one value every 10 ms."""
    from scipy.signal import butter, sosfilt  # takes a second, in every process that collects tests

    band = sosfilt(butter(4, [250, 1000], "band", fs=48_000, output="sos"), samples)
    hop = 480
    count = frames * 100 // frames_per_second
    padded = np.zeros(count * hop)
    padded[: min(len(band), len(padded))] = band[: len(padded)]
    return np.asarray(np.sqrt((padded.reshape(count, hop) ** 2).mean(axis=1)))


def lag_of_mouth(opening: Floats, energy: Floats, frames_per_second: int = 25) -> tuple[float, float]:
    """Returns (seconds, correlation): the mouth's delay after the sound with the best correlation.

    A frame's value counts at the middle of its display time. Slow changes (movement of the head, louder sentences) are
    removed from both signals.
    """
    times = np.arange(len(energy)) / 100 + 0.005
    shown = np.interp(times, (np.arange(len(opening)) + 0.5) / frames_per_second, opening)
    smooth = np.convolve(energy, np.hanning(13) / np.hanning(13).sum(), "same")
    one, two = _without_drift(shown), _without_drift(np.sqrt(smooth))
    best = (0.0, -1.0)
    for step in range(-30, 31):
        moved = np.roll(one, -step)
        agreement = float(np.corrcoef(moved[40:-40], two[40:-40])[0, 1])
        if agreement > best[1]:
            best = (step / 100, agreement)
    return best


def _without_drift(values: Floats) -> Floats:
    wide = np.hanning(121) / np.hanning(121).sum()
    return np.asarray(values - np.convolve(values, wide, "same"))
