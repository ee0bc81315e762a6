"""Kokoro-82M through onnxruntime: audio, and how long each phoneme of it lasts."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.chassis.errors import InputFault
from services.media import model_files
from services.media.onnx import load_runtime
from services.video.domain import VOICES
from services.video.providers.local import vocoder
from services.video.providers.local.phonemes import MAX_SYMBOLS, VOCABULARY, Passage, Syllables

Samples = NDArray[np.float32]

SAMPLE_RATE: Final = 24_000
FRAME_SAMPLES: Final = 600  # durations count frames of 25 ms; their sum times this is the length of the audio
DURATIONS: Final = "/encoder/Clip_output_0"  # the tensor of durations inside the graph
# The labels run late against the sound: low-band energy of six voices matches best 40-50 ms earlier.
LABEL_LATENESS_SECONDS: Final = 0.045
VOICE_ROWS: Final = 510
VOICE_WIDTH: Final = 256

ABREAST: Final = 2  # passages spoken at the same time
ABREAST_SYMBOLS: Final = 300  # of both together: each takes up to 2 MB a symbol while it lasts
KEPT_SECONDS: Final = 240.0  # of speech that is kept: 23 MB
SENTENCE_PAUSE_SECONDS: Final = 0.26
LEAD_IN_SECONDS: Final = 0.05  # kept of the silence before and after a passage
LEAD_OUT_SECONDS: Final = 0.09
SILENCE: Final = 0.008  # of full scale; Kokoro's own noise stays below


@dataclass(frozen=True, slots=True, kw_only=True)
class Phone:
    """One phoneme: its symbol, when it is heard (seconds), and whether a stressed syllable begins with it."""

    symbol: str
    start: float
    end: float
    stressed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SpokenWord:
    """When a word is heard, and the span of the script it stands for."""

    start: float
    end: float
    script_start: int
    script_end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """A spoken script: mono samples -1..1 at SAMPLE_RATE, and what is heard when."""

    samples: Samples
    phones: tuple[Phone, ...]
    words: tuple[SpokenWord, ...]

    @property
    def seconds(self) -> float:
        return len(self.samples) / SAMPLE_RATE


class Kokoro:
    """The loaded model; several threads may use it at once. Raises ModelMissing when a file is not cached.

    quick: whether the vocoder is written anew, see vocoder.py. signed: whether it multiplies by signed bytes; unless
    told, where the machine does so exactly.
    """

    def __init__(self, folder: Path, *, threads: int = 1, quick: bool = True, signed: bool | None = None) -> None:
        onnxruntime = load_runtime()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # The published graph has been optimised already: once more costs half a second, and the result is no quicker.
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        # The memory arena stays on, without it the peak is four times as high; it is emptied after each passage, or
        # it would grow with every length that comes up.
        self._tidy = onnxruntime.RunOptions()
        self._tidy.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
        published = model_files.model_path(model_files.KOKORO, folder).read_bytes()
        signed = vocoder.multiplies_exactly() if signed is None else signed
        graph = vocoder.prepared(published, outputs=[DURATIONS], quick=quick, signed=signed)
        del published
        self._session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        self._folder = folder
        self._styles: dict[str, NDArray[np.float32]] = {}
        self._kept: OrderedDict[tuple[Passage, str, float], Speech] = OrderedDict()
        self._keeping = Lock()

    def said(self, passage: Passage, voice_id: str, *, speed: float = 1.0) -> Speech:
        """The passage as `speak` says it, kept for when it is wanted again: a set of films says one script in several
        ratios, and a changed film what its script had before. Its samples are not to be changed."""
        key = passage, voice_id, speed
        with self._keeping:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        speech = self.speak(passage, voice_id, speed=speed)
        speech.samples.flags.writeable = False
        with self._keeping:
            self._kept[key] = speech
            while sum(each.seconds for each in self._kept.values()) > KEPT_SECONDS:
                self._kept.popitem(last=False)
        return speech

    def speak(self, passage: Passage, voice_id: str, *, speed: float = 1.0) -> Speech:
        """One passage, its silent ends trimmed. Raises KeyError for an unknown voice."""
        symbols = passage.symbols
        if len(symbols) > VOICE_ROWS:
            raise InputFault(
                "SCRIPT_NOT_SPEAKABLE",
                f"The script contains a word of more than {MAX_SYMBOLS} sounds, which cannot be spoken. Shorten it.",
            )
        numbers = [0, *(VOCABULARY[symbol] for symbol in symbols), 0]
        style = self._style(VOICES[voice_id].engine_voice)[min(len(symbols), VOICE_ROWS - 1)]
        audio, durations = self._session.run(
            ["audio", DURATIONS],
            {
                "tokens": np.array([numbers], np.int64),
                "style": style[None],
                "speed": np.array([speed], np.float32),
            },
            self._tidy,
        )
        samples = np.ascontiguousarray(audio, np.float32).ravel()
        ends = np.cumsum(np.asarray(durations, np.float64).ravel()) * FRAME_SAMPLES / SAMPLE_RATE
        return _trimmed(samples, ends - LABEL_LATENESS_SECONDS, symbols, passage.words)

    def _style(self, engine_voice: str) -> NDArray[np.float32]:
        style = self._styles.get(engine_voice)
        if style is None:
            path = model_files.model_path(f"{engine_voice}.bin", self._folder)
            style = np.fromfile(path, np.float32).reshape(VOICE_ROWS, VOICE_WIDTH)
            self._styles[engine_voice] = style
        return style


def spoken(
    engine: Kokoro,
    passages: Sequence[Passage],
    voice_id: str,
    heard: Callable[[int], None] = lambda count: None,
    *,
    speed: float = 1.0,
) -> list[Speech]:
    """All passages, the longest first, ABREAST at a time if they are not too long; `heard(count)` tells how many are
    done. Raises as Kokoro.speak.

    One with two threads is no quicker than with one: they wait for each other between any two of a thousand steps.
    """
    longest_first = sorted(range(len(passages)), key=lambda place: len(passages[place].symbols), reverse=True)
    together = sum(len(passages[place].symbols) for place in longest_first[:ABREAST])
    abreast = ABREAST if together <= ABREAST_SYMBOLS else 1
    with ThreadPoolExecutor(abreast, thread_name_prefix="speech") as pool:
        waiting = {pool.submit(engine.said, passages[place], voice_id, speed=speed): place for place in longest_first}
        parts: dict[int, Speech] = {}
        try:
            for done in as_completed(waiting):
                parts[waiting[done]] = done.result()
                heard(len(parts))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return [parts[place] for place in range(len(passages))]


def joined(
    parts: list[Speech], *, pause_seconds: float = SENTENCE_PAUSE_SECONDS, pauses: Sequence[float] = ()
) -> Speech:
    """Passages one after the other with a breath between them, or the longer silence of `pauses` after each."""
    samples: list[Samples] = []
    phones: list[Phone] = []
    words: list[SpokenWord] = []
    count = 0
    for number, part in enumerate(parts):
        if number:
            asked = pauses[number - 1] if number <= len(pauses) else 0.0
            breath = np.zeros(round(max(pause_seconds, asked) * SAMPLE_RATE), np.float32)
            samples.append(breath)
            count += len(breath)
        offset = count / SAMPLE_RATE
        phones.extend(
            Phone(symbol=phone.symbol, start=phone.start + offset, end=phone.end + offset, stressed=phone.stressed)
            for phone in part.phones
        )
        words.extend(
            SpokenWord(
                start=word.start + offset,
                end=word.end + offset,
                script_start=word.script_start,
                script_end=word.script_end,
            )
            for word in part.words
        )
        samples.append(part.samples)
        count += len(part.samples)
    return Speech(samples=np.concatenate(samples), phones=tuple(phones), words=tuple(words))


def _trimmed(samples: Samples, ends: NDArray[np.float64], symbols: str, words: tuple[Syllables, ...]) -> Speech:
    loud = np.flatnonzero(np.abs(samples) > SILENCE)
    first, last = (int(loud[0]), int(loud[-1])) if len(loud) else (0, len(samples) - 1)
    start = max(0, first - round(LEAD_IN_SECONDS * SAMPLE_RATE))
    stop = min(len(samples), last + round(LEAD_OUT_SECONDS * SAMPLE_RATE))
    kept = samples[start:stop].copy()
    fade = min(len(kept) // 2, round(0.008 * SAMPLE_RATE))
    if fade:
        kept[:fade] *= np.linspace(0, 1, fade, dtype=np.float32)
        kept[-fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
    seconds = len(kept) / SAMPLE_RATE
    heard = np.clip(ends - start / SAMPLE_RATE, 0.0, seconds)  # ends[0] is where the opening silence ends
    phones: list[Phone] = []
    spoken: list[SpokenWord] = []
    place, stressed = 0, False
    for word in words:
        word_start, word_end = None, 0.0
        for symbol in word.phonemes:
            begin, end = float(heard[place]), float(heard[place + 1])
            place += 1
            if symbol in "ˈˌː\u0303":  # marks have frames of their own: they belong to the sounds beside them
                stressed = stressed or symbol == "ˈ"
                phones.append(Phone(symbol=symbol, start=begin, end=end))
                continue
            phones.append(Phone(symbol=symbol, start=begin, end=end, stressed=stressed and symbol.isalpha()))
            if symbol.isalpha():
                stressed = False
                word_start = begin if word_start is None else word_start
                word_end = end
        if word_start is not None:
            spoken.append(SpokenWord(start=word_start, end=word_end, script_start=word.start, script_end=word.end))
        if place < len(symbols):  # the space before the next word
            phones.append(Phone(symbol=" ", start=float(heard[place]), end=float(heard[place + 1])))
            place += 1
    return Speech(samples=kept, phones=tuple(phones), words=tuple(spoken))


def engine(folder: Path, *, threads: int = 1) -> Kokoro:
    """The model of this process, loaded once: a render process makes many videos."""
    key = (folder, threads)
    if key not in _ENGINES:
        _ENGINES.clear()
        _ENGINES[key] = Kokoro(folder, threads=threads)
    return _ENGINES[key]


_ENGINES: dict[tuple[Path, int], Kokoro] = {}
