"""Life: how a presenter sways, nods, blinks, looks and raises the brows, frame by frame.

Movement is smoothed chance, not sine waves: nothing comes round again. What is said shapes it: brows and nods go with
stressed syllables, blinks and glances with pauses.
"""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Sequence
from dataclasses import fields
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from services.video.providers.local.kokoro import Phone
from services.video.providers.local.presenters.pose import Mouth, Pose
from services.video.providers.local.visemes import OPEN, Mouths

BLINK_SHUT_SECONDS: Final = 0.07
BLINK_OPEN_SECONDS: Final = 0.14
BLINK_GAP_SECONDS: Final = (1.7, 5.2)  # people blink about every four seconds while they talk
STRESS_GAP_SECONDS: Final = 0.75  # no more than one accent of head or brows in this time
PAUSE_SECONDS: Final = 0.18
TURN_FRAMES: Final = 12  # from the movement of one film to that of another

Track = NDArray[np.float64]


def poses(phones: Sequence[Phone], shapes: Mouths, *, seed: str, frames_per_second: int) -> list[Pose]:
    """One pose a row of `shapes`."""
    frames = len(shapes)
    chance = np.random.default_rng(zlib.crc32(seed.encode()))

    def wander(period_seconds: float, amount: float) -> Track:
        """Chance smoothed so that it turns about every `period_seconds`; `amount` is its usual size."""
        sigma = period_seconds * frames_per_second / 2.6
        margin = int(sigma * 4)
        raw = gaussian_filter1d(chance.standard_normal(frames + 2 * margin), sigma)[margin : margin + frames]
        return np.asarray(
            raw / (0.5315 / np.sqrt(max(sigma, 0.3))) * amount
        )  # 0.5315/sqrt(sigma): what smoothing leaves

    accents = _accents(phones, chance)
    nod, lift = np.zeros(frames), np.zeros(frames)
    for time, strength in accents:
        place = int(time * frames_per_second)
        _pulse(nod, place, strength * chance.uniform(3, 8), (0.10, 0.22), frames_per_second)
        if chance.random() < 0.6:
            _pulse(lift, place, strength * chance.uniform(0.35, 0.95), (0.12, 0.38), frames_per_second)
    pauses = [first.end for first, second in _gaps(phones) if second - first.end > PAUSE_SECONDS]
    blink = _blinks(frames, pauses, chance, frames_per_second)
    gaze_x, gaze_y = _gaze(frames, pauses, chance, frames_per_second)
    speaking = gaussian_filter1d(shapes[:, OPEN].astype(np.float64), 2.0)
    breath = _breath(frames, pauses, chance, frames_per_second)
    yaw = np.clip(wander(1.9, 0.30) + wander(0.8, 0.08), -0.95, 0.95)
    x, y = wander(2.3, 5.0) + yaw * 7, wander(1.7, 2.6) + nod + breath * 1.5 + speaking * 3
    tilt = wander(2.1, 1.25) + wander(0.9, 0.35)
    pitch = np.clip(wander(1.5, 0.25) + nod * 0.09, -1, 1)
    brow = np.clip(wander(1.6, 0.18) + lift + speaking * 0.12, -0.6, 1.3)
    brow_tilt = wander(2.8, 0.22)
    smile = np.clip(0.45 + wander(3.0, 0.2) - speaking * 0.25, 0.05, 1.0)
    smile[_ending(phones, frames, frames_per_second) :] = np.maximum(
        smile[_ending(phones, frames, frames_per_second) :], 0.8
    )
    smile = gaussian_filter1d(smile, 0.12 * frames_per_second)
    return [
        Pose(
            x=float(x[place]),
            y=float(y[place]),
            tilt=float(tilt[place]),
            yaw=float(yaw[place]),
            pitch=float(pitch[place]),
            blink=float(blink[place]),
            wide=float(np.clip(lift[place], -1, 1)),
            gaze_x=float(gaze_x[place] - yaw[place] * 0.28),  # the eyes stay on the viewer while the head turns
            gaze_y=float(gaze_y[place] - pitch[place] * 0.2),
            brow=float(brow[place]),
            brow_tilt=float(brow_tilt[place]),
            smile=float(smile[place]),
            breath=float(breath[place]),
        )
        for place in range(frames)
    ]


def continued(before: Sequence[Pose], after: Sequence[Pose], since: int) -> list[Pose]:
    """The poses `before` up to a frame, and from there on those `after`, into which they pass within TURN_FRAMES."""
    turn = min(TURN_FRAMES, len(before) - since, len(after) - since)
    between = [_between(before[since + step], after[since + step], (step + 1) / (turn + 1)) for step in range(turn)]
    return [*before[:since], *between, *after[since + len(between) :]]


def _between(one: Pose, other: Pose, share: float) -> Pose:
    return Pose(
        **{
            field.name: (1 - share) * getattr(one, field.name) + share * getattr(other, field.name)
            for field in fields(Pose)
        }
    )


def mouth_of(row: NDArray[np.float32]) -> Mouth:
    """A row of visemes by name."""
    numbers = [float(number) for number in row]
    return Mouth(
        open=numbers[0], width=numbers[1], round=numbers[2], teeth=numbers[3], tongue=numbers[4], press=numbers[5]
    )


def _accents(phones: Sequence[Phone], chance: np.random.Generator) -> list[tuple[float, float]]:
    """(seconds, strength 0..1) of the stressed syllables that show."""
    accents: list[tuple[float, float]] = []
    last = -1.0
    for phone in phones:
        if phone.stressed and phone.start - last > STRESS_GAP_SECONDS and chance.random() < 0.72:
            length = phone.end - phone.start
            accents.append((phone.start, float(np.clip(0.45 + length * 3, 0.4, 1.0))))
            last = phone.start
    return accents


def _gaps(phones: Sequence[Phone]) -> list[tuple[Phone, float]]:
    sounding = [phone for phone in phones if phone.symbol.isalpha()]
    return [(one, two.start) for one, two in itertools.pairwise(sounding)]


def _ending(phones: Sequence[Phone], frames: int, frames_per_second: int) -> int:
    return min(frames, int((phones[-1].end if phones else 0.0) * frames_per_second))


def _pulse(track: Track, place: int, size: float, times: tuple[float, float], frames_per_second: int) -> None:
    """Adds a smooth bump of `size` at `place` that takes times[0] seconds to rise and times[1] to fall."""
    rise, fall = times
    up, down = max(1, round(rise * frames_per_second)), max(1, round(fall * frames_per_second))
    for offset in range(-up, down + 1):
        if 0 <= place + offset < len(track):
            share = 1 + offset / up if offset < 0 else 1 - offset / down
            track[place + offset] += size * (share * share * (3 - 2 * share))


def _blinks(frames: int, pauses: Sequence[float], chance: np.random.Generator, frames_per_second: int) -> Track:
    times: list[float] = []
    time, length = float(chance.uniform(0.8, 2.0)), frames / frames_per_second
    while time < length:
        near = [pause for pause in pauses if abs(pause - time) < 0.7]
        times.append(near[0] + 0.05 if near else time)
        if chance.random() < 0.12:
            times.append(times[-1] + 0.33)  # now and then twice
        time = times[-1] + float(chance.uniform(*BLINK_GAP_SECONDS))
    at = np.arange(frames) / frames_per_second
    track = np.zeros(frames)
    for middle in times:
        closing = np.clip(1 - (middle - at) / BLINK_SHUT_SECONDS, 0, 1) * (at <= middle)
        opening = np.clip(1 - (at - middle) / BLINK_OPEN_SECONDS, 0, 1) * (at > middle)
        track = np.maximum(track, np.maximum(closing, opening))
        nearest = round(middle * frames_per_second)
        if nearest < frames:
            track[nearest] = 1.0  # a frame shows it shut
    return track


def _gaze(
    frames: int, pauses: Sequence[float], chance: np.random.Generator, frames_per_second: int
) -> tuple[Track, Track]:
    """Eyes rest on the viewer, jump aside at some pauses, and jump back."""
    x, y = np.zeros(frames), np.zeros(frames)
    for pause in pauses:
        if chance.random() < 0.38:
            first = int((pause - 0.12) * frames_per_second)
            last = first + int(chance.uniform(0.35, 0.8) * frames_per_second)
            x[max(0, first) : last] = chance.choice([-1, 1]) * chance.uniform(0.35, 0.75)
            y[max(0, first) : last] = chance.uniform(-0.35, 0.2)
    for _ in range(int(frames / frames_per_second * 0.8)):
        first = int(chance.integers(0, max(1, frames)))
        x[first : first + 8] += chance.uniform(-0.14, 0.14)
    return gaussian_filter1d(x, 0.55), gaussian_filter1d(y, 0.55)


def _breath(frames: int, pauses: Sequence[float], chance: np.random.Generator, frames_per_second: int) -> Track:
    """In at the pauses, slowly out while speaking: -1..1."""
    track = np.full(frames, -0.2)
    for time in [0.0, *pauses]:
        place = int(time * frames_per_second)
        size = float(chance.uniform(0.7, 1.1))
        _pulse(track, place + int(0.25 * frames_per_second), size, (0.4, 1.9), frames_per_second)
    return np.asarray(np.clip(gaussian_filter1d(track, 0.12 * frames_per_second), -1, 1))
