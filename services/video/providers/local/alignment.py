"""When each phoneme is heard in a recording of a text that somebody else spoke.

The local voice says the same text, and its phonemes' times are known. Both are heard as short-time spectra, what
differs between two speakers for good is taken out, and the one is stretched along the other (dynamic time warping),
so that its times become times of the recording.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Final, cast

import av
import numpy as np
from numpy.typing import NDArray
from scipy.fft import dct

from services.chassis.errors import TransientFault
from services.video.providers.local.kokoro import SAMPLE_RATE, Samples, Speech

HOP: Final = 240  # 10 ms
WINDOW: Final = 720
BANDS: Final = 32
CEPSTRA: Final = 14
LONGEST_SECONDS: Final = 120.0  # of one recording; a passage takes 15-30 s
BAND_SHARE: Final = 0.25  # how far the recording may run ahead of or behind an even stretch, in shares of its length
STAY: Final = 0.35  # what it costs, in mean distances, that one of the two stands still for a step

Floats = NDArray[np.float64]


def recorded(path: Path) -> Samples:
    """A recording as mono samples at SAMPLE_RATE. Raises TransientFault when it is none, or longer than it may be."""
    try:
        with av.open(str(path)) as container:
            resampler = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)
            parts: list[Samples] = []
            length = 0
            for frame in container.decode(audio=0):
                for piece in resampler.resample(frame):
                    parts.append(cast(Any, piece).to_ndarray().ravel())
                    length += len(parts[-1])
                if length > LONGEST_SECONDS * SAMPLE_RATE:
                    raise TransientFault("VOICE_UNUSABLE", f"the voice spoke for more than {LONGEST_SECONDS:g} s")
            parts.extend(cast(Any, piece).to_ndarray().ravel() for piece in resampler.resample(None))
    except (av.error.FFmpegError, IndexError, OSError) as error:
        raise TransientFault("VOICE_UNUSABLE", "the voice's answer is not a sound that can be read") from error
    samples = np.concatenate(parts) if parts else np.zeros(0, np.float32)
    if len(samples) < SAMPLE_RATE // 10 or not np.abs(samples).max() > 1e-3:
        raise TransientFault("VOICE_UNUSABLE", "the voice's answer is silent")
    return np.asarray(samples, np.float32)


def aligned(guide: Speech, recording: Samples) -> Speech:
    """`recording` with the phonemes and words of `guide`, which says the same text, at the times they have in it."""
    path = _warped(_heard(guide.samples), _heard(recording))
    steps = np.arange(len(path)) * HOP / SAMPLE_RATE
    seconds = len(recording) / SAMPLE_RATE

    def moved(time: float) -> float:
        return float(min(seconds, np.interp(time, steps, path)))

    return Speech(
        samples=recording,
        phones=tuple(replace(phone, start=moved(phone.start), end=moved(phone.end)) for phone in guide.phones),
        words=tuple(replace(word, start=moved(word.start), end=moved(word.end)) for word in guide.words),
    )


def _heard(samples: Samples) -> Floats:
    """Cepstra and their changes, a row every 10 ms, each column with mean 0 and deviation 1 over the loud parts."""
    padded = np.pad(samples.astype(np.float64), (WINDOW // 2, WINDOW))
    count = 1 + len(samples) // HOP
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP][:count]
    power = np.abs(np.fft.rfft(windows * np.hanning(WINDOW), 1024)) ** 2
    bands = np.log(power @ _filters().T + 1e-7)
    cepstra = dct(bands, type=2, axis=1, norm="ortho")[:, :CEPSTRA]
    changes = np.gradient(cepstra, axis=0)
    features = np.hstack([cepstra, 2 * changes])
    loud = bands.max(axis=1) > bands.max() - 9
    mean, deviation = features[loud].mean(axis=0), features[loud].std(axis=0) + 1e-6
    return np.asarray((features - mean) / deviation)


def _filters() -> Floats:
    """Triangles evenly spaced on the mel scale, 80 Hz to 7.6 kHz."""
    low, high = (2595 * np.log10(1 + hertz / 700) for hertz in (80.0, 7600.0))
    centres = 700 * (10 ** (np.linspace(low, high, BANDS + 2) / 2595) - 1)
    bins = np.arange(513) * SAMPLE_RATE / 1024
    rising = (bins[None] - centres[:-2, None]) / (centres[1:-1] - centres[:-2])[:, None]
    falling = (centres[2:, None] - bins[None]) / (centres[2:] - centres[1:-1])[:, None]
    return np.asarray(np.clip(np.minimum(rising, falling), 0, None))


def _warped(one: Floats, two: Floats) -> Floats:
    """For each row of `one`, the time in seconds of the row of `two` that it is best laid upon, in order."""
    rows, columns = len(one), len(two)
    distance = np.sqrt(
        np.maximum((one**2).sum(axis=1)[:, None] + (two**2).sum(axis=1)[None] - 2 * one @ two.T, 0.0)
    ).astype(np.float32)
    even = np.arange(rows)[:, None] * (columns / rows)
    distance += np.where(np.abs(np.arange(columns)[None] - even) > BAND_SHARE * columns + 50, 1e6, 0).astype(np.float32)
    stay = np.float32(STAY * np.median(distance))
    # Diagonal by diagonal, so that each is one step of array arithmetic.
    cost = np.full((rows + 1, columns + 1), np.inf, np.float32)
    cost[0, 0] = 0.0
    step = np.zeros((rows, columns), np.int8)
    for diagonal in range(rows + columns - 1):
        row = np.arange(max(0, diagonal - columns + 1), min(rows, diagonal + 1))
        column = diagonal - row
        ways = np.stack([cost[row, column], cost[row, column + 1] + stay, cost[row + 1, column] + stay])
        best = ways.argmin(axis=0)
        step[row, column] = best
        cost[row + 1, column + 1] = ways[best, np.arange(len(row))] + distance[row, column]
    places: list[list[int]] = [[] for _ in range(rows)]
    row_at, column_at = rows - 1, columns - 1
    while row_at >= 0 and column_at >= 0:
        places[row_at].append(column_at)
        way = step[row_at, column_at]
        row_at -= int(way != 2)
        column_at -= int(way != 1)
    means = np.array([np.mean(found) if found else np.nan for found in places])
    known = np.flatnonzero(~np.isnan(means))
    return np.asarray(np.interp(np.arange(rows), known, means[known]) * HOP / SAMPLE_RATE)
