"""Music under a film: a track of the asked mood, made as long as the film, and held below the voice."""

from __future__ import annotations

import tomllib
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import av
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from services.media import model_files
from services.media.model_files import ModelMissing
from services.video.domain import Music, VideoBrief
from services.video.providers.local.film import SOUND_RATE
from services.video.providers.local.kokoro import Speech
from services.video.providers.local.loudness import Audio

TRACKS: Final = Path(__file__).with_name("music.toml")
LONGEST_TRACK_SECONDS: Final = 60.0
BEATS_A_BAR: Final = 4
JOIN_SECONDS: Final = 0.6  # of the crossfade from a track's end to its repetition
SEARCH_SECONDS: Final = 0.12  # how far from the written tempo's bar the join may lie
FADE_OUT_SHARE: Final = 0.35  # a track ends where it has sunk below this share of its own level
CLEARANCE_DB: Final = 12.5  # of the voice above the music at volume 1: half a decibel more than is promised
PAUSE_LIFT: Final = 10 ** (6 / 20)  # how much louder the music is where nobody speaks
PHRASE_GAP_SECONDS: Final = 0.7  # shorter pauses do not bring the music up
DIP_SECONDS: Final = 0.25  # the music is down this long before a phrase, and comes up as long after it
ENTRY_SECONDS: Final = 0.05
EXIT_SECONDS: Final = 1.2
LEVEL_SECONDS: Final = 0.4  # the window of momentary levels

MISSING: Final = "The film has no music: its files are not installed."


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """A track: its file among the models, its mood and its tempo in beats a minute."""

    file: str
    mood: Music
    beats: float

    @property
    def bar_seconds(self) -> float:
        return 60.0 * BEATS_A_BAR / self.beats


def tracks() -> tuple[Track, ...]:
    """All tracks, in the order of their names."""
    table = tomllib.loads(TRACKS.read_text(encoding="utf-8"))
    return tuple(
        Track(file=f"music-{name}.opus", mood=Music(row["mood"]), beats=row["beats"])
        for name, row in sorted(table.items())
    )


def music_for(brief: VideoBrief, models: Path, count: int, notes: list[str]) -> Audio | None:
    """The brief's music, `count` mono samples at SOUND_RATE. None when it asks for none or the file is not installed,
    which a note then says. One seed always gets the same track."""
    fitting = [track for track in tracks() if track.mood is brief.music]
    if not fitting:
        return None
    track = fitting[zlib.crc32(brief.seed.encode()) % len(fitting)]
    try:
        heard = decoded(model_files.model_path(track.file, models))
    except ModelMissing:
        notes.append(MISSING)
        return None
    return faded(extended(heard, count, track.bar_seconds))


def decoded(path: Path) -> Audio:
    """A track as mono samples at SOUND_RATE, at most LONGEST_TRACK_SECONDS of it."""
    parts: list[Audio] = []
    length = 0
    with av.open(str(path)) as container:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=SOUND_RATE)
        for frame in container.decode(audio=0):
            for piece in resampler.resample(frame):
                parts.append(cast(Any, piece).to_ndarray().ravel())
                length += len(parts[-1])
            if length > LONGEST_TRACK_SECONDS * SOUND_RATE:
                break
    return np.concatenate(parts).astype(np.float32)


def extended(track: Audio, count: int, bar_seconds: float) -> Audio:
    """So many samples of a track, which is repeated by bars where it is too short, joined by crossfades."""
    if count <= len(track):
        return track[:count]
    join = round(JOIN_SECONDS * SOUND_RATE)
    steady = _steady_length(track) - join
    period = _period(track, steady, bar_seconds)
    made = np.zeros(count + len(track), np.float32)
    rise = np.sqrt(np.linspace(0, 1, join, dtype=np.float32))
    for start in range(0, count, period):
        part = track[: period + join].copy()
        if start:
            part[:join] *= rise
        part[period:] *= rise[::-1][: len(part) - period]
        made[start : start + len(part)] += part
    return made[:count]


def _steady_length(track: Audio) -> int:
    """Where a track begins to fade out, in samples; its length when it does not."""
    level = _levels(track)
    loud = np.flatnonzero(level > FADE_OUT_SHARE * float(np.median(level)))
    return int(loud[-1]) + 1 if len(loud) else len(track)


def _period(track: Audio, longest: int, bar_seconds: float) -> int:
    """The longest whole number of bars, moved to where the track most resembles its own beginning."""
    bar = bar_seconds * SOUND_RATE
    around = round(SEARCH_SECONDS * SOUND_RATE)
    join = round(JOIN_SECONDS * SOUND_RATE)
    nominal = round(int((longest - around) / bar) * bar)
    if nominal <= join:
        return max(longest, join)
    from scipy.signal import correlate  # as in loudness

    likeness = correlate(track[nominal - around : nominal + around + join], track[:join], mode="valid")
    return nominal - around + int(np.argmax(likeness))


def faded(samples: Audio) -> Audio:
    """Sound that begins and ends in silence: a short entry, and a fade over its last second."""
    made = samples.copy()
    entry = min(round(ENTRY_SECONDS * SOUND_RATE), len(made))
    leave = min(round(EXIT_SECONDS * SOUND_RATE), len(made))
    made[:entry] *= np.linspace(0, 1, entry, dtype=np.float32)
    made[len(made) - leave :] *= np.linspace(1, 0, leave, dtype=np.float32) ** 2
    return made


def ducked(music: Audio, voice: Audio, speech: Speech, volume: float) -> Audio:
    """Music at the level that `volume` gives while somebody speaks, and PAUSE_LIFT above it in longer pauses.

    voice: the speech as it is mixed, as long as the music. At volume 1 the loudest moment of the music in any phrase
    stays CLEARANCE_DB below that phrase's level.
    """
    levels = _levels(music)
    spans = [(round(start * SOUND_RATE), round(end * SOUND_RATE)) for start, end in phrases_of(speech)]
    ratios = [
        float(np.sqrt(np.mean(voice[first:last].astype(np.float64) ** 2)) / max(levels[first:last].max(), 1e-4))
        for first, last in spans
        if first < last <= len(music)
    ]
    if not ratios:
        return music
    under = volume * min(ratios) * 10 ** (-CLEARANCE_DB / 20)
    gain = np.full(len(music), under * PAUSE_LIFT, np.float32)
    ramp = round(DIP_SECONDS * SOUND_RATE)
    around = ramp + round(LEVEL_SECONDS / 2 * SOUND_RATE)  # so that momentary levels at a phrase's ends are low too
    for first, last in spans:
        gain[max(0, first - around) : last + around] = under
    return np.asarray(music * uniform_filter1d(gain, 2 * ramp, mode="nearest"), np.float32)


def phrases_of(speech: Speech) -> list[tuple[float, float]]:
    """Start and end, in seconds, of what is spoken without a longer pause."""
    phrases: list[tuple[float, float]] = []
    for word in speech.words:
        if phrases and word.start - phrases[-1][1] < PHRASE_GAP_SECONDS:
            phrases[-1] = (phrases[-1][0], max(phrases[-1][1], word.end))
        else:
            phrases.append((word.start, word.end))
    return phrases


def _levels(samples: Audio) -> NDArray[np.float64]:
    """The momentary level around each sample, as root mean square."""
    window = round(LEVEL_SECONDS * SOUND_RATE)
    power = uniform_filter1d(samples.astype(np.float64) ** 2, window, mode="nearest")
    return np.asarray(np.sqrt(np.maximum(power, 0.0)), np.float64)
