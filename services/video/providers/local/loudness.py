"""Loudness as broadcasters measure it (ITU-R BS.1770-4), and speech brought to a target without clipping.

scipy.signal is imported when sound is made: it takes as long to import as the rest of the video service.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.ndimage import minimum_filter1d, uniform_filter1d

TARGET_LUFS: Final = -14.0  # what the large platforms play at
CEILING_DB: Final = -2.6  # true peak before encoding: a decibel is left for encoders, below -1.5 dBTP
CEILING: Final = 10 ** (CEILING_DB / 20)
OVERSAMPLING: Final = 4  # of true peaks, as BS.1770-4 annex 2 has it for 48 kHz
PEAK_PIECE: Final = 1 << 18  # samples oversampled at a time, with PEAK_MARGIN on either side
PEAK_MARGIN: Final = 64
BLOCK_SECONDS: Final = 0.4
OVERLAP: Final = 4  # blocks begin a quarter of a block after each other
HOPS_AT_ONCE: Final = 64
SHELF: Final = ([1.53512485958697, -2.69169618940638, 1.19839281085285], [1.0, -1.69065929318241, 0.73248077421585])
HIGH_PASS: Final = ([1.0, -2.0, 1.0], [1.0, -1.99004745483398, 0.99007225036621])
ABSOLUTE_GATE: Final = -70.0
RELATIVE_GATE: Final = -10.0
ROUNDS: Final = 4  # limiting takes loudness away again; four rounds settle within 0.2 LU for speech

Audio = NDArray[np.float32]
Track = NDArray[np.float64]


def to_48k(samples: Audio, rate: int) -> Audio:
    """Resampled to 48 kHz, the rate of the film's sound."""
    from scipy.signal import resample_poly

    divisor = math.gcd(48_000, rate)
    return np.asarray(resample_poly(samples, 48_000 // divisor, rate // divisor), np.float32)


def integrated_loudness(samples: Audio) -> float:
    """LUFS of mono sound at 48 kHz; -inf for silence."""
    from scipy.signal import lfilter

    hop = int(BLOCK_SECONDS * 48_000 / OVERLAP)
    padded = np.pad(samples, (0, max(-len(samples) % hop, OVERLAP * hop - len(samples))))
    energies: list[Track] = []
    shelf, high_pass = np.zeros(2), np.zeros(2)
    for start in range(0, len(padded), HOPS_AT_ONCE * hop):  # a long script's sound in doubles takes much memory
        part = padded[start : start + HOPS_AT_ONCE * hop].astype(np.float64)
        part, shelf = lfilter(*SHELF, part, zi=shelf)
        part, high_pass = lfilter(*HIGH_PASS, part, zi=high_pass)
        energies.append((part**2).reshape(-1, hop).sum(axis=1))
    whole = len(samples) // hop if len(samples) >= OVERLAP * hop else OVERLAP
    power = sliding_window_view(np.concatenate(energies)[:whole], OVERLAP).sum(axis=1) / (OVERLAP * hop)
    loud = -0.691 + 10 * np.log10(np.maximum(power, 1e-12))
    power = power[loud > ABSOLUTE_GATE]
    if not len(power):
        return -math.inf
    gate = -0.691 + 10 * math.log10(float(power.mean())) + RELATIVE_GATE
    gated = power[-0.691 + 10 * np.log10(np.maximum(power, 1e-12)) > gate]
    return -0.691 + 10 * math.log10(float(gated.mean()))


def normalised(samples: Audio, *, target: float = TARGET_LUFS) -> Audio:
    """Mono sound at 48 kHz brought to `target` LUFS, its true peaks held under CEILING. Silence stays silence.

    The stereo file has the same signal in both channels, which BS.1770 counts as 3 dB louder than one of them.
    """
    made = samples
    for _ in range(ROUNDS):
        measured = integrated_loudness(made) + 3.0103
        if not math.isfinite(measured):
            return samples
        made = _limited(made * np.float32(10 ** ((target - measured) / 20)))
    return made


def true_peaks(samples: Audio) -> Audio:
    """The highest magnitude of the continuous wave around each sample, of full scale (BS.1770-4, annex 2)."""
    from scipy.signal import resample_poly

    peaks = np.empty(len(samples), np.float32)
    for start in range(0, len(samples), PEAK_PIECE):
        stop = min(len(samples), start + PEAK_PIECE)
        first = max(0, start - PEAK_MARGIN)
        fine = np.abs(resample_poly(samples[first : stop + PEAK_MARGIN], OVERSAMPLING, 1))
        after = fine.reshape(-1, OVERSAMPLING).max(axis=1)  # from each sample to before the next
        around = np.maximum(after, np.concatenate([after[:1], after[:-1]]))
        peaks[start:stop] = around[start - first : stop - first]
    return peaks


def _limited(samples: Audio) -> Audio:
    peaks = true_peaks(samples)
    if float(peaks.max(initial=0.0)) <= CEILING:
        return samples
    wanted = np.minimum(1.0, CEILING / np.maximum(peaks, 1e-9))
    ahead = 240  # 5 ms either side: the gain is down before the peak comes
    held = minimum_filter1d(wanted, 2 * ahead + 1)
    gain = np.minimum(uniform_filter1d(uniform_filter1d(held, ahead), ahead), wanted)
    return np.asarray(samples * gain, np.float32)
