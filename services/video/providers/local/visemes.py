"""Mouth shapes over time, from measured phonemes.

A mouth is six numbers: how far the jaw is open, how wide the lips are, how rounded, how much of the upper teeth and of
the tongue shows, and how firmly the lips are pressed together. Shapes run into each other (co-articulation), rounding
earlier than the rest; what must be seen closed - the lips of B, M, P - is closed in the frame nearest its middle.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d, uniform_filter1d

from services.video.providers.local.kokoro import SAMPLE_RATE, Phone, Samples

OPEN, WIDTH, ROUND, TEETH, TONGUE, PRESS = range(6)

RATE: Final = 200  # steps a second in which shapes are blended
BLEND_SECONDS: Final = 0.024  # standard deviation of the blending of jaw, width, teeth and tongue
ROUNDING_SECONDS: Final = 0.045  # lips round early: about two frames before a W is heard
ANTICIPATION_SECONDS: Final = 0.015  # the mouth is ready a little before the sound
PRESS_SECONDS: Final = 0.012

#                 open width round teeth tongue press
SHAPES: Final[dict[str, tuple[float, float, float, float, float, float]]] = {
    "rest": (0.00, 0.50, 0.00, 0.0, 0.0, 0.0),
    "closed": (0.00, 0.48, 0.00, 0.0, 0.0, 1.0),  # B M P
    "bite": (0.13, 0.50, 0.00, 1.0, 0.0, 0.0),  # F V
    "between": (0.20, 0.55, 0.00, 0.8, 1.0, 0.0),  # TH
    "ridge": (0.22, 0.58, 0.00, 0.9, 0.5, 0.0),  # T D N
    "hiss": (0.12, 0.66, 0.00, 1.0, 0.0, 0.0),  # S Z
    "hush": (0.20, 0.30, 0.60, 0.9, 0.0, 0.0),  # SH CH J
    "back": (0.26, 0.52, 0.00, 0.5, 0.2, 0.0),  # K G NG
    "curl": (0.24, 0.36, 0.50, 0.4, 0.2, 0.0),  # R
    "lift": (0.30, 0.54, 0.00, 0.7, 0.9, 0.0),  # L
    "purse": (0.13, 0.08, 1.00, 0.0, 0.0, 0.0),  # W
    "spread": (0.24, 0.88, 0.00, 0.9, 0.1, 0.0),  # EE
    "mid": (0.48, 0.68, 0.00, 0.8, 0.2, 0.0),  # EH
    "wide": (0.88, 0.58, 0.00, 0.7, 0.3, 0.0),  # AH as in father
    "neutral": (0.46, 0.50, 0.05, 0.6, 0.2, 0.0),  # uh
    "round": (0.60, 0.24, 0.75, 0.1, 0.1, 0.0),  # OH
    "tight": (0.24, 0.12, 0.95, 0.0, 0.0, 0.0),  # OO
    "breath": (0.30, 0.50, 0.00, 0.3, 0.0, 0.0),  # H
}

BY_SYMBOL: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys("mbpβ", ("closed",)),
    **dict.fromkeys("fv", ("bite",)),
    **dict.fromkeys("θð", ("between",)),
    **dict.fromkeys("tdnɾrʔT", ("ridge",)),
    **dict.fromkeys("szʦʣ", ("hiss",)),
    **dict.fromkeys("ʃʒʧʤ", ("hush",)),
    **dict.fromkeys("kɡŋɣxʁ", ("back",)),
    **dict.fromkeys("ɹɜɚ", ("curl",)),
    **dict.fromkeys("lʎɲ", ("lift",)),
    "w": ("purse",),
    **dict.fromkeys("iɪjʝᵻy", ("spread",)),
    **dict.fromkeys("ɛeæa", ("mid",)),
    **dict.fromkeys("ɑɒ", ("wide",)),
    **dict.fromkeys("ʌəɐᵊ", ("neutral",)),
    **dict.fromkeys("ɔo", ("round",)),
    **dict.fromkeys("uʊ", ("tight",)),
    "h": ("breath",),
    "A": ("mid", "spread"),  # diphthongs: say
    "I": ("wide", "spread"),  # my
    "W": ("wide", "tight"),  # now
    "Y": ("round", "spread"),  # boy
    "O": ("round", "tight"),  # go
    "Q": ("neutral", "tight"),  # British go
}

SILENT_MARKS: Final = "ˈˌː\u0303"  # stress, length and nasality: frames without a shape of their own
BILABIALS: Final = frozenset("bmp")
LEAST_BITE: Final = 0.10  # with less, a soft V would show no teeth on the lip
LABIODENTALS: Final = frozenset("fv")

Mouths = NDArray[np.float32]


def mouths(phones: Sequence[Phone], samples: Samples, *, frames: int, frames_per_second: int) -> Mouths:
    """One row of six numbers (0..1) a frame. Frames after the speech are at rest.

    A frame is seen for its whole duration, so that the shape is taken at its middle.
    """
    seconds = max(frames / frames_per_second, phones[-1].end if phones else 0.0) + 0.5
    steps = int(seconds * RATE) + 1
    track = np.zeros((steps, 6), np.float32)
    track[:] = SHAPES["rest"]
    for phone in phones:
        _lay(track, phone)
    blended = np.empty_like(track)
    for column in range(6):
        wideness = {ROUND: ROUNDING_SECONDS, PRESS: PRESS_SECONDS}.get(column, BLEND_SECONDS)
        blended[:, column] = gaussian_filter1d(track[:, column], wideness * RATE, mode="nearest")
    blended[:, WIDTH] = gaussian_filter1d(track[:, WIDTH], 0.5 * (ROUNDING_SECONDS + BLEND_SECONDS) * RATE)
    # The phonemes are already in heard time, so that loudness meets the jaw it belongs to.
    blended[:, OPEN] *= 0.5 + 0.6 * _loudness(samples, steps)
    middle = 0.5 / frames_per_second + ANTICIPATION_SECONDS
    places = np.clip(((np.arange(frames) / frames_per_second + middle) * RATE).astype(int), 0, steps - 1)
    shapes = blended[places].copy()
    _insist(shapes, phones, frames_per_second)
    shapes[:, OPEN] *= 1 - shapes[:, PRESS]
    return np.asarray(np.clip(shapes, 0.0, 1.0), np.float32)


def _lay(track: Mouths, phone: Phone) -> None:
    if phone.symbol in SILENT_MARKS:
        _hold(track, phone)
        return
    names = BY_SYMBOL.get(phone.symbol, ("rest",))
    length = (phone.end - phone.start) / len(names)
    for number, name in enumerate(names):
        first = int((phone.start + number * length) * RATE)
        last = int((phone.start + (number + 1) * length) * RATE) + 1
        track[first:last] = SHAPES[name]


def _hold(track: Mouths, phone: Phone) -> None:
    """A stress mark has frames but no sound: the mouth stays as it was before."""
    first = int(phone.start * RATE)
    track[first : int(phone.end * RATE) + 1] = track[max(0, first - 1)]


def _loudness(samples: Samples, steps: int) -> NDArray[np.float32]:
    hop = SAMPLE_RATE // RATE
    padded = np.zeros(steps * hop, np.float32)
    padded[: min(len(samples), len(padded))] = samples[: len(padded)]
    power = uniform_filter1d((padded**2).reshape(steps, hop).mean(axis=1), 5)
    loud = np.sqrt(np.maximum(power, 0))
    reference = float(np.percentile(loud[loud > 1e-4], 92)) if np.any(loud > 1e-4) else 1.0
    return np.asarray(uniform_filter1d(np.clip(loud / reference, 0, 1.15), 7), np.float32)


def _insist(shapes: Mouths, phones: Sequence[Phone], frames_per_second: int) -> None:
    """Closes the lips in the frame that shows the middle of each B, M, P, and keeps them near the teeth for F, V."""
    for phone in phones:
        frame = int((phone.start + phone.end) / 2 * frames_per_second)
        if not 0 <= frame < len(shapes):
            continue
        if phone.symbol in BILABIALS:
            shapes[frame, PRESS] = 1.0
            shapes[frame, ROUND] *= 0.5
        elif phone.symbol in LABIODENTALS:
            shapes[frame, OPEN] = np.clip(shapes[frame, OPEN], LEAST_BITE, SHAPES["bite"][OPEN])
            shapes[frame, TEETH] = 1.0
