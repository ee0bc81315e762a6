"""The writer of films: frames in, one file out."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from services.video.providers.local.film import SOUND_RATE, Film
from tests.video.watching import pictures

SIZE = 360
FRAMES = 40


def moving_squares() -> list[np.ndarray]:
    slope = (np.indices((SIZE, SIZE)).sum(0) % 256).astype(np.uint8)
    frames = []
    for number in range(FRAMES):
        frame = np.zeros((SIZE, SIZE, 4), np.uint8)
        frame[..., 0], frame[..., 1] = np.roll(slope, number * 3, 0), np.roll(slope, number * 2, 1)
        frame[..., 2] = slope // 2 + number
        frame[50 + number : 150 + number, 100:200] = 255
        frames.append(frame)
    return frames


def test_equal_frames_give_equal_films_whatever_memory_holds(tmp_path: Path) -> None:
    frames, chance = moving_squares(), np.random.default_rng(1)
    sound = np.zeros(FRAMES * SOUND_RATE // 25, np.float32)
    seen = set()
    for number in range(6):
        used = [np.full(chance.integers(1_000, 900_000), chance.integers(256), np.uint8) for _ in range(60)]
        del used[::2]  # the encoder's memory is taken from what these leave
        path = tmp_path / f"{number}.mp4"
        with Film(path, width=SIZE, height=SIZE, frames_per_second=25, sound=sound, title="") as film:
            for frame in frames:
                film.add(frame)
        seen.add(pictures(path, every=1).tobytes())
    assert len(seen) == 1
