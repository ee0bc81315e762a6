"""The sound of a film: the voice over music, or over the faint noise of a room instead of digital silence."""

from __future__ import annotations

import math
import zlib
from typing import Final

import numpy as np

from services.video.domain import FRAMES_PER_SECOND
from services.video.providers.local import loudness
from services.video.providers.local.film import SOUND_RATE
from services.video.providers.local.kokoro import SAMPLE_RATE, Speech
from services.video.providers.local.loudness import Audio
from services.video.providers.local.music import ducked

ROOM_DB: Final = -75.0  # of full scale, mean: below the absolute gate of loudness meters, above silence
ROOM_CORNER_HERTZ: Final = 400.0  # the noise of rooms falls by 6 dB an octave from about here
ROOM_FADE_SECONDS: Final = 0.15
SETTLING: Final = 4_096  # samples until the filter has forgotten that it began with silence


def frames_to_samples(frames: int) -> int:
    """How many samples at SOUND_RATE last as long as so many frames."""
    return round(frames / FRAMES_PER_SECOND * SOUND_RATE)


def soundtrack(
    speech: Speech | None, frames: int, *, seed: str, music: Audio | None = None, volume: float = 0.5
) -> Audio:
    """Mono samples at SOUND_RATE, as long as so many frames of film. A film without speech and music is silent.

    music: of that length, at any level. volume: of the music under the voice, see `ducked`.
    """
    count = frames_to_samples(frames)
    sound = np.zeros(count, np.float32)
    if speech is None:
        return sound if music is None else loudness.normalised(music)
    voice = loudness.to_48k(speech.samples, SAMPLE_RATE)
    sound[: len(voice)] = voice[:count]
    if music is not None:
        sound += ducked(music, sound, speech, volume)
    return loudness.normalised(sound) + room_tone(count, seed=seed)


def room_tone(count: int, *, seed: str) -> Audio:
    """So many samples of noise at ROOM_DB, darker than white, faded at both ends. The same for the same seed."""
    from scipy.signal import lfilter  # as in loudness

    noise = np.random.default_rng(zlib.crc32(seed.encode())).standard_normal(count + SETTLING, np.float32)
    kept = math.exp(-2 * math.pi * ROOM_CORNER_HERTZ / SOUND_RATE)
    dark = np.asarray(lfilter([1 - kept], [1, -kept], noise)[SETTLING:], np.float32)
    dark *= np.float32(10 ** (ROOM_DB / 20) / math.sqrt((1 - kept) / (1 + kept)))
    fade = min(round(ROOM_FADE_SECONDS * SOUND_RATE), count // 2)
    ramp = np.linspace(0, 1, fade, dtype=np.float32)
    dark[:fade] *= ramp
    dark[count - fade :] *= ramp[::-1]
    return dark
