"""The rewritten vocoder graph sounds like the published one, and what was said is kept."""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from threading import Lock

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from services.media import model_files as files
from services.video.providers.local import vocoder
from services.video.providers.local.kokoro import SAMPLE_RATE, Kokoro, Speech
from services.video.providers.local.phonemes import Passage, passages
from services.video.script.speakable import speakable

TEXT = "Bob moved five waves."
# The published graph rounds every activation to a byte, which is 3.6 dB from the result in floats. Two equally good
# ways of rounding differ by 3 dB.
SAME_DECIBELS = 4.0


def spectrum(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """Returns the spectral distance in decibels, in frames of 512 samples."""
    windows = sliding_window_view(samples, 512)[::128] * np.hanning(512)
    return np.asarray(20 * np.log10(np.abs(np.fft.rfft(windows, axis=1)) + 1e-3))


def distance(one: Speech, two: Speech) -> float:
    late = round((one.phones[0].end - two.phones[0].end) * SAMPLE_RATE)  # their silent ends have different lengths
    first, second = one.samples[max(0, late) :], two.samples[max(0, -late) :]
    length = min(len(first), len(second))
    apart = spectrum(first[:length]) - spectrum(second[:length])
    return float(np.sqrt((apart**2).mean(axis=1)).mean())


Speak = Callable[[str], Speech]


def speaker(engine: Kokoro) -> Speak:
    """Returns a function that speaks TEXT with a voice, once."""
    (passage,) = passages(speakable(TEXT))
    return functools.cache(lambda voice: engine.speak(passage, voice))


@pytest.fixture(scope="module")
def published(models: Path) -> Speak:
    return speaker(Kokoro(models, quick=False))


@pytest.fixture(scope="module")
def quick_engine(models: Path) -> Kokoro:
    return Kokoro(models)


@pytest.fixture(scope="module")
def unsigned(models: Path) -> Speak:
    return speaker(Kokoro(models, signed=False))


@pytest.fixture(scope="module")
def quick(quick_engine: Kokoro) -> Speak:
    return speaker(quick_engine)


class TestRewrittenVocoder:
    @pytest.mark.parametrize("voice", [pytest.param("female-1", marks=pytest.mark.slow), "male-4"])
    def test_rewritten_vocoder_sounds_like_the_published_one(self, published: Speak, quick: Speak, voice: str) -> None:
        self.check_same(published(voice), quick(voice))

    def test_unsigned_weights_sound_like_the_published_ones(self, published: Speak, unsigned: Speak) -> None:
        self.check_same(published("male-4"), unsigned("male-4"))

    def check_same(self, one: Speech, two: Speech) -> None:
        assert [phone.symbol for phone in one.phones] == [phone.symbol for phone in two.phones]
        first, second = (np.diff([phone.end for phone in speech.phones[:-2]]) for speech in (one, two))
        assert np.allclose(first, second, atol=1e-6)  # except the silent end, whose cut depends on its loudness
        assert distance(one, two) < SAME_DECIBELS

    def test_other_voice_differs_more(self, published: Speak, quick: Speak) -> None:
        assert distance(published("male-4"), quick("male-1")) > SAME_DECIBELS

    def test_slow_convolutions_are_replaced(self, models: Path) -> None:
        content = files.model_path(files.KOKORO, models).read_bytes()
        parsed = vocoder._message("Model").FromString(vocoder.prepared(content))
        blocks = [node for node in parsed.graph.node if node.op_type == "ConvInteger" and "resblocks" in node.name]
        assert not blocks

    def test_unknown_graph_is_refused(self) -> None:
        with pytest.raises(KeyError):
            vocoder.prepared(vocoder._message("Model")(ir_version=9).SerializeToString())

    def test_same_passage_sounds_identical(self, quick: Speak, quick_engine: Kokoro) -> None:
        (passage,) = passages(speakable(TEXT))
        assert np.array_equal(quick("male-4").samples, quick_engine.speak(passage, "male-4").samples)

    def test_the_shortest_passage_has_enough_steps_for_all_pieces(self, quick_engine: Kokoro) -> None:
        (passage,) = passages(speakable("A."))
        spoken = quick_engine.speak(passage, "male-4", speed=2.0)
        assert spoken.seconds > 0.1
        assert np.abs(spoken.samples).max() > 0.05


class Counting(Kokoro):
    """An engine without a model that says silence of a hundred seconds and counts how often."""

    def __init__(self) -> None:
        self._kept, self._keeping = OrderedDict(), Lock()
        self.count = 0

    def speak(self, passage: Passage, voice_id: str, *, speed: float = 1.0) -> Speech:
        self.count += 1
        return Speech(samples=np.zeros(100 * SAMPLE_RATE, np.float32), phones=(), words=())


def test_what_was_said_is_kept_until_others_take_its_room() -> None:
    engine = Counting()
    one, two, three = (passages(speakable(text))[0] for text in ("One.", "Two.", "Three."))
    first = engine.said(one, "male-4")
    assert engine.said(one, "male-4") is first
    assert not first.samples.flags.writeable  # two films hear it
    for voice, speed in (("male-1", 1.0), ("male-4", 1.2)):
        assert engine.said(one, voice, speed=speed) is not first
    assert engine.count == 3  # of which the first has made room: 240 s are kept
    assert engine.said(one, "male-4") is not first
    before = engine.count
    for passage in (two, one, three, one):
        engine.said(passage, "male-4")
    assert engine.count == before + 2
