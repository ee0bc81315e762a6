"""Loudness against FFmpeg's meter, speech labels, caption times and visemes."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from pathlib import Path

import av
import av.filter
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from services.media.model_files import MODELS, MUSIC_FILES, model_path
from services.video.domain import Music
from services.video.providers.local import captions, kokoro, loudness, music, visemes
from services.video.providers.local.kokoro import LABEL_LATENESS_SECONDS, SAMPLE_RATE, Speech
from services.video.providers.local.phonemes import passages
from services.video.providers.local.soundtrack import room_tone, soundtrack
from services.video.script.speakable import speakable

# Two passages, as each of the two parts has over 70 symbols.
TEXT = (
    "Stop. Buy bread. Do it today! We wish you big dreams, and bold plans for your family. Keep going, people. Done "
    "means done. Go now, and be quick, before everybody else stops by, as our bread is gone by five."
)


def by_ffmpeg(samples: NDArray[np.float32]) -> float:
    """Returns the integrated loudness of a stereo file with this signal in both channels, by FFmpeg's ebur128."""
    graph = av.filter.Graph()
    source = graph.add_abuffer(sample_rate=48_000, format="fltp", layout="stereo", time_base=Fraction(1, 48_000))
    meter = graph.add("ebur128", "metadata=1")
    sink = graph.add("abuffersink")
    source.link_to(meter)
    meter.link_to(sink)
    graph.configure()
    frame = av.AudioFrame.from_ndarray(np.stack([samples, samples]), format="fltp", layout="stereo")
    frame.sample_rate, frame.pts, frame.time_base = 48_000, 0, Fraction(1, 48_000)
    graph.push(frame)
    graph.push(None)
    measured = float("nan")
    while True:
        try:
            pulled = graph.pull()
        except (av.EOFError, av.BlockingIOError):
            return measured
        measured = float(pulled.metadata.get("lavfi.r128.I", measured))


@pytest.fixture(scope="module")
def speech(models: Path) -> Speech:
    engine = kokoro.engine(models)
    return kokoro.joined([engine.speak(passage, "male-4") for passage in passages(speakable(TEXT))])


def true_peak_db(samples: NDArray[np.float32]) -> float:
    """Returns dBTP by Fourier interpolation, eightfold."""
    from scipy.signal import resample  # takes a second, in every process that collects tests

    return 20 * float(np.log10(np.abs(resample(samples, 8 * len(samples))).max()))


class TestLoudness:
    def test_reference_tone_has_the_loudness_of_the_standard(self) -> None:
        tone = np.sin(2 * np.pi * 997 * np.arange(48_000 * 4) / 48_000).astype(np.float32)
        assert loudness.integrated_loudness(tone) == pytest.approx(-3.01, abs=0.05)  # BS.1770-4, annex 1

    def test_silence_stays_silent(self) -> None:
        assert not loudness.normalised(np.zeros(48_000, np.float32)).any()

    def test_peaks_between_samples_count(self) -> None:
        """A tone at a quarter of the rate, sampled beside its crests: the wave is 3 dB above every sample."""
        tone = np.sin(np.pi / 2 * np.arange(48_000) + np.pi / 4).astype(np.float32) * 0.7
        assert float(loudness.true_peaks(tone)[1000:-1000].max()) == pytest.approx(0.7, abs=0.01)
        assert float(np.abs(tone).max()) < 0.5

    def test_speech_meets_the_target_without_clipping(self, speech: Speech) -> None:
        made = loudness.normalised(loudness.to_48k(speech.samples, SAMPLE_RATE))
        assert loudness.integrated_loudness(made) + 3.01 == pytest.approx(loudness.TARGET_LUFS, abs=0.5)
        assert true_peak_db(made) <= loudness.CEILING_DB + 0.1


class TestRoomTone:
    def test_pauses_hold_a_faint_tone_and_the_ends_none(self) -> None:
        tone = room_tone(96_000, seed="a")
        level = 20 * np.log10(np.sqrt(np.mean(tone[8_000:-8_000] ** 2)))
        assert -75 < level < -60
        assert tone[0] == tone[-1] == 0.0
        assert np.array_equal(tone, room_tone(96_000, seed="a"))

    def test_no_stretch_of_a_spoken_film_is_digital_silence(self, speech: Speech) -> None:
        sound = soundtrack(speech, round(speech.seconds * 25) + 50, seed="a")
        assert np.abs(sound[480:-480]).reshape(-1, 480).max(axis=1).min() > 0.0

    def test_silent_film_stays_silent(self) -> None:
        assert not soundtrack(None, 25, seed="a").any()


class TestMusic:
    @pytest.fixture(scope="class")
    def every_track(self) -> dict[music.Track, NDArray[np.float32]]:
        return {track: music.decoded(model_path(track.file)) for track in music.tracks()}

    def test_every_packaged_track_has_a_mood_and_every_mood_a_choice(self) -> None:
        files = [track.file for track in music.tracks()]
        assert set(files) == MUSIC_FILES <= set(MODELS)
        counts = Counter(track.mood for track in music.tracks())
        assert set(counts) == set(Music) - {Music.NONE}
        assert min(counts.values()) >= 3

    def test_track_is_repeated_without_click_or_hole(self) -> None:
        time = np.arange(30 * 48_000) / 48_000
        tones = sum(np.sin(2 * np.pi * hertz * time + hertz * np.sin(time / 3)) for hertz in (110.0, 173.3, 261.1))
        heard = np.asarray(tones * 0.2 * np.clip((30 - time) / 2, 0, 1), np.float32)  # fades out over two seconds
        made = music.extended(heard, 75 * 48_000, 3.1)
        assert len(made) == 75 * 48_000
        assert np.abs(np.diff(made)).max() <= 1.6 * np.abs(np.diff(heard)).max()
        levels = np.sqrt((made**2).reshape(-1, 4_800).mean(axis=1))
        assert 20 * np.log10(levels.min() / np.median(levels)) > -6

    def test_every_track_lasts_as_long_as_the_longest_film(
        self, every_track: dict[music.Track, NDArray[np.float32]]
    ) -> None:
        for track, heard in every_track.items():
            made = music.extended(heard, 150 * 48_000, track.bar_seconds)
            blocks = np.sqrt((made**2).reshape(-1, 48_000).mean(axis=1))
            assert 20 * np.log10(blocks.min() / np.median(blocks)) > -24, track

    @pytest.mark.parametrize(("volume", "clear_db"), [(1.0, 12.0), (0.5, 18.0)])
    def test_voice_stays_clear_of_any_music(
        self, every_track: dict[music.Track, NDArray[np.float32]], speech: Speech, volume: float, clear_db: float
    ) -> None:
        count = round(speech.seconds * 48_000) + 96_000
        voice = np.zeros(count, np.float32)
        heard = loudness.to_48k(speech.samples, SAMPLE_RATE)
        voice[: len(heard)] = heard
        for track, samples in every_track.items():
            under = music.ducked(music.extended(samples, count, track.bar_seconds), voice, speech, volume)
            for start, end in music.phrases_of(speech):
                span = slice(round(start * 48_000), round(end * 48_000))
                loudest = uniform_filter1d(under.astype(np.float64) ** 2, 19_200, mode="nearest")[
                    span
                ].max()  # of 0.4 s
                distance = 10 * np.log10((voice[span].astype(np.float64) ** 2).mean() / loudest)
                assert distance >= clear_db, track

    @pytest.mark.parametrize("is_spoken", [True, False])
    def test_film_with_music_keeps_loudness_and_peaks(self, speech: Speech, is_spoken: bool) -> None:
        frames = round(speech.seconds * 25) + 75
        track = music.tracks()[0]
        playing = music.faded(music.extended(music.decoded(model_path(track.file)), frames * 1_920, track.bar_seconds))
        sound = soundtrack(speech if is_spoken else None, frames, seed="a", music=playing, volume=1.0)
        assert by_ffmpeg(sound) == pytest.approx(-14.0, abs=0.5)
        assert 20 * np.log10(loudness.true_peaks(sound).max()) <= -1.5
        assert abs(sound[-1]) < 1e-3


class TestSpeech:
    def test_phonemes_cover_the_speech_in_order(self, speech: Speech) -> None:
        starts = [phone.start for phone in speech.phones]
        assert starts == sorted(starts)
        assert 0 <= speech.phones[-1].end <= speech.seconds + 1e-6

    def test_phoneme_labels_match_the_audio(self, speech: Speech) -> None:
        """Voiced phonemes correlate best with low-band energy within 20 ms, and clearly."""
        shifts = np.arange(-0.1, 0.101, 0.01)
        matches = [voicing_match(speech, float(shift)) for shift in shifts]
        assert abs(float(shifts[int(np.argmax(matches))])) <= 0.02
        assert max(matches) > 0.4

    def test_uncorrected_model_labels_are_late(self, speech: Speech) -> None:
        assert voicing_match(speech, LABEL_LATENESS_SECONDS) < voicing_match(speech, 0.0) - 0.04

    @pytest.mark.parametrize("speed", [0.8, 1.25])
    def test_speed_changes_the_length_and_keeps_the_labels(self, models: Path, speed: float) -> None:
        parts = passages(speakable("We wish you big dreams and bold plans."))
        usual, paced = (
            kokoro.joined(kokoro.spoken(kokoro.engine(models), parts, "male-4", speed=s)) for s in (1.0, speed)
        )
        assert usual.seconds / paced.seconds == pytest.approx(speed, rel=0.1)
        assert [phone.symbol for phone in usual.phones] == [phone.symbol for phone in paced.phones]
        assert paced.phones[-1].end <= paced.seconds + 1e-6

    def test_two_voices_differ_and_one_voice_repeats_itself(self, models: Path) -> None:
        engine, (passage,) = kokoro.engine(models), passages(speakable("Hello."))
        one, again, other = (engine.speak(passage, voice) for voice in ("male-1", "male-1", "female-2"))
        assert np.array_equal(one.samples, again.samples)
        assert len(one.samples) != len(other.samples) or not np.allclose(one.samples, other.samples)


VOICED = frozenset("iɪᵻɛæaɑʌəɐɔuʊɜɚAIWYOQmnŋlɹwj")


def voicing_match(speech: Speech, shift: float) -> float:
    from scipy.signal import butter, sosfilt

    band = sosfilt(butter(4, [100, 900], "band", fs=SAMPLE_RATE, output="sos"), speech.samples)
    hop = SAMPLE_RATE // 200
    count = len(band) // hop
    energy = np.log(np.sqrt((band[: count * hop].reshape(count, hop) ** 2).mean(axis=1)) + 3e-3)
    labels = np.full(count, 0.5)  # unknown between words
    for phone, following in zip(speech.phones, [*speech.phones[1:], speech.phones[-1]], strict=True):
        symbol = following.symbol if phone.symbol in "ˈˌ" else phone.symbol
        first, last = (max(0, int((time + shift) * 200)) for time in (phone.start, phone.end))
        if symbol != " ":
            labels[first:last] = symbol in VOICED
    return float(np.corrcoef(labels, energy)[0, 1])


class TestCaptionTimes:
    """Caption times against the audio: a word after a pause starts where the silence ends."""

    SCRIPT = (
        "Stop. Buy bread. Do it today! Good things, big dreams, and bold plans for your whole family this year. "
        "Take two and give one to your neighbour, because sharing is better. Keep going, people, until the job is "
        "finally over and done. Done means done. Go now, before everybody else does."
    )

    def test_caption_after_silence_is_within_80_ms_of_its_word(self, speech: Speech) -> None:
        self.check(TEXT, speech)

    @pytest.mark.slow
    @pytest.mark.parametrize("voice", ["male-1", "male-4"])
    def test_long_script_has_captions_within_80_ms(self, models: Path, voice: str) -> None:
        engine = kokoro.engine(models)
        spoken = [engine.speak(passage, voice) for passage in passages(speakable(self.SCRIPT))]
        self.check(self.SCRIPT, kokoro.joined(spoken))

    @staticmethod
    def check(script: str, speech: Speech) -> None:
        begins = [word.start for word in captions.timed_words(script, speech.words)]
        away = [min(abs(begin - end) for begin in begins) for end in ends_of_silence(speech)]
        assert len(away) >= 5
        assert max(away) <= 0.08


def ends_of_silence(speech: Speech) -> list[float]:
    """Returns the seconds at which sound resumes after at least 100 ms below a fiftieth of the peak."""
    hop = SAMPLE_RATE // 200
    count = len(speech.samples) // hop
    level = np.sqrt((speech.samples[: count * hop].reshape(count, hop) ** 2).mean(axis=1))
    ends, quiet = [], 0
    for number, loud in enumerate(level > level.max() / 50):
        if loud and quiet >= 20:
            ends.append(number / 200)
        quiet = 0 if loud else quiet + 1
    return ends


class TestVisemes:
    def test_lips_are_closed_in_frames_of_b_m_p(self, speech: Speech) -> None:
        shapes = visemes.mouths(speech.phones, speech.samples, frames=int(speech.seconds * 25), frames_per_second=25)
        closed = [
            shapes[int((phone.start + phone.end) / 2 * 25), visemes.OPEN]
            for phone in speech.phones
            if phone.symbol in visemes.BILABIALS
        ]
        assert len(closed) > 10
        assert max(closed) == 0.0

    def test_w_is_rounder_than_ee(self, speech: Speech) -> None:
        shapes = visemes.mouths(speech.phones, speech.samples, frames=int(speech.seconds * 25), frames_per_second=25)

        def mean(symbols: str, column: int) -> float:
            rows = [int((p.start + p.end) / 2 * 25) for p in speech.phones if p.symbol in symbols]
            return float(shapes[rows, column].mean())

        assert mean("w", visemes.ROUND) > mean("ɪi", visemes.ROUND) + 0.3
        assert mean("ɑI", visemes.OPEN) > mean("w", visemes.OPEN) + 0.1

    def test_mouth_rests_after_the_speech(self, speech: Speech) -> None:
        shapes = visemes.mouths(
            speech.phones, speech.samples, frames=int(speech.seconds * 25) + 50, frames_per_second=25
        )
        assert float(shapes[-30:, visemes.OPEN].max()) < 0.02


class TestMeters:
    def test_loudness_meter_agrees_with_ffmpeg(self, speech: Speech) -> None:
        made = loudness.normalised(loudness.to_48k(speech.samples, SAMPLE_RATE))
        assert by_ffmpeg(made) == pytest.approx(loudness.integrated_loudness(made) + 3.01, abs=0.2)
