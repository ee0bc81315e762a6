"""Pictures and sound into an MP4: H.264 High, yuv420p, BT.709, AAC, the index first so that it plays while loading."""

from __future__ import annotations

import math
import queue
import threading
from collections import deque
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, cast

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter
from numpy.typing import NDArray

PRESET: Final = "superfast"
# A simpler search for movement, a shorter look ahead: a third less work, and nothing to be seen of it in such pictures.
# The macroblock tree of x264 reads memory that it has not written: with it, equal frames give different files. A
# constant quantiser (qcomp=1) in its place takes a third more bits in product films (40.7 dB for 40.0) and a tenth
# fewer in others.
SEARCH: Final = "me=dia:subme=1:weightp=0:rc-lookahead=5:mbtree=0:qcomp=1"
QUALITY: Final = "22"  # CRF; drawn pictures show no blocks at it
KEYFRAME_SECONDS: Final = 2
SOUND_RATE: Final = 48_000
SOUND_BITS: Final = 160_000
SOUND_FRAME: Final = 1024  # samples AAC takes at a time
WAITING_FRAMES: Final = 4  # drawn and not yet encoded
STALL_SECONDS: Final = 60.0
LOWEST_RATE: Final = 620_000  # bits a second of the whole file: ad platforms ask for 516 to 600 thousand
FINER: Final = ("17", "12", "7")  # CRF, tried in turn

Picture = NDArray[np.uint8]


class Film:
    """Writes one file. Frames are encoded in a thread of their own while the next ones are drawn, and the sound, which
    is known before the first frame, in another; the first of them writes both, in the order of their times.
    """

    def __init__(
        self, path: Path, *, width: int, height: int, frames_per_second: int, sound: NDArray[np.float32], title: str
    ) -> None:
        self._container = av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"})
        self._container.metadata["title"] = title
        stream = cast(Any, self._container.add_stream("libx264", rate=frames_per_second))
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"preset": PRESET, "crf": QUALITY, "profile": "high", "bf": "2", "x264-params": SEARCH}
        context = stream.codec_context
        context.gop_size = KEYFRAME_SECONDS * frames_per_second
        context.thread_count = 1  # the drawing has the other core
        context.color_primaries = context.color_trc = context.colorspace = 1  # BT.709
        context.color_range = 1  # limited, as video is
        self._video = stream
        self._audio = cast(Any, self._container.add_stream("aac", rate=SOUND_RATE))
        self._audio.bit_rate = SOUND_BITS
        self._audio.layout = "stereo"
        self._audio.options = {"aac_coder": "fast"}  # a third of the work; at this rate no coder has to choose
        self._sound = sound
        self._frames_per_second = frames_per_second
        self._frames = 0
        self._sounded: deque[Any] = deque()  # packets of sound that are not in the file yet
        self._queue: queue.Queue[Picture | None] = queue.Queue(WAITING_FRAMES)
        self._failure: BaseException | None = None
        self._container.start_encoding()
        self._sound_thread = threading.Thread(target=self._encode_sound, name="sound of film", daemon=True)
        self._thread = threading.Thread(target=self._encode, name="film", daemon=True)
        self._sound_thread.start()
        self._thread.start()

    def __enter__(self) -> Film:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._put(None)
        self._thread.join(STALL_SECONDS)
        if self._failure is not None and value is None:
            raise self._failure
        if self._thread.is_alive() and value is None:
            raise RuntimeError(f"the encoder did not finish within {STALL_SECONDS:g} s")

    def add(self, picture: Picture) -> None:
        """The next frame, BGRA, not to be changed before WAITING_FRAMES + 1 more were added. Raises what the encoder
        raised."""
        self._put(picture)

    def _put(self, picture: Picture | None) -> None:
        if self._failure is not None and picture is not None:
            raise self._failure
        if not self._thread.is_alive():
            return
        self._queue.put(picture, timeout=STALL_SECONDS)

    def _encode(self) -> None:
        try:
            reformatter = VideoReformatter()  # kept: setting one up costs more than a picture does
            while (picture := self._queue.get(timeout=STALL_SECONDS * 5)) is not None:
                frame = reformatter.reformat(
                    av.VideoFrame.from_numpy_buffer(picture, format="bgra"),
                    format="yuv420p",
                    dst_colorspace=Colorspace.ITU709,
                    dst_color_range=ColorRange.MPEG,
                )
                frame.pts = self._frames
                frame.time_base = Fraction(1, self._frames_per_second)
                self._frames += 1
                self._mux_sound(self._frames / self._frames_per_second)
                for packet in self._video.encode(frame):
                    self._container.mux(packet)
            for packet in self._video.encode():
                self._container.mux(packet)
            self._sound_thread.join(STALL_SECONDS)
            self._mux_sound(math.inf)
            self._container.close()
        except BaseException as failure:
            self._failure = failure
            while True:  # the drawing thread may be waiting for room
                try:
                    self._queue.get_nowait()
                except queue.Empty:
                    return

    def _encode_sound(self) -> None:
        try:
            for start in range(0, len(self._sound), SOUND_FRAME):
                piece = self._sound[start : start + SOUND_FRAME]
                frame = av.AudioFrame.from_ndarray(np.stack([piece, piece]), format="fltp", layout="stereo")
                frame.sample_rate, frame.pts, frame.time_base = SOUND_RATE, start, Fraction(1, SOUND_RATE)
                for packet in self._audio.encode(frame):
                    self._sounded.append(packet)
            self._sounded.extend(self._audio.encode())
        except BaseException as failure:
            self._failure = failure

    def _mux_sound(self, seconds: float) -> None:
        """What is heard before that time. The container sorts sound and pictures that are less than ten apart."""
        while self._sounded and float(self._sounded[0].dts * self._sounded[0].time_base) < seconds:
            self._container.mux(self._sounded.popleft())


def raise_rate(path: Path, *, seconds: float) -> None:
    """Encodes a film's pictures again, finer, if the file has less than LOWEST_RATE, which ad platforms refuse.

    The sound is copied.
    """
    for quality in FINER:
        if _content_bytes(path) * 8 >= LOWEST_RATE * seconds:
            return
        finer = path.with_suffix(".finer.mp4")
        with (
            av.open(str(path)) as source,
            av.open(str(finer), "w", format="mp4", options={"movflags": "+faststart"}) as target,
        ):
            target.metadata.update(source.metadata)
            pictures, sound = source.streams.video[0], source.streams.audio[0]
            rate = int(cast(Any, pictures.average_rate))
            stream = cast(Any, target.add_stream("libx264", rate=rate))
            stream.width, stream.height, stream.pix_fmt = pictures.width, pictures.height, "yuv420p"
            stream.options = {"preset": PRESET, "crf": quality, "profile": "high", "bf": "2", "x264-params": SEARCH}
            context = stream.codec_context
            context.gop_size = KEYFRAME_SECONDS * rate
            context.thread_count = 1
            context.color_primaries = context.color_trc = context.colorspace = 1
            context.color_range = 1
            copied = cast(Any, target.add_stream_from_template(sound))
            count = 0
            for packet in source.demux(pictures, sound):
                if packet.stream.type == "audio":
                    if packet.dts is not None:
                        packet.stream = copied
                        target.mux(packet)
                    continue
                for frame in cast(Any, packet).decode():
                    frame.pts, frame.time_base = count, Fraction(1, rate)
                    frame.pict_type = 0  # the encoder chooses
                    count += 1
                    target.mux(stream.encode(frame))
            target.mux(stream.encode())
        finer.replace(path)


def _content_bytes(path: Path) -> int:
    """Bytes of a file's pictures and sound. Its index depends on how the two were interleaved, which is chance."""
    with av.open(str(path)) as container:
        return sum(packet.size for packet in container.demux())


CONTAINERS: Final = {"aac": ("mp4", "fltp"), "libmp3lame": ("mp3", "fltp"), "pcm_s16le": ("wav", "s16")}


def write_sound(place: Path | IO[bytes], samples: NDArray[np.float32], codec: str, *, bits: int = 128_000) -> None:
    """Mono samples at SOUND_RATE as a sound file: codec is one of CONTAINERS."""
    container_format, sample_format = CONTAINERS[codec]
    target = str(place) if isinstance(place, Path) else place
    with av.open(target, "w", format=container_format) as container:
        stream = cast(Any, container.add_stream(codec, rate=SOUND_RATE))
        stream.layout = "mono"
        if codec != "pcm_s16le":
            stream.bit_rate = bits
        piece_size = stream.codec_context.frame_size or SOUND_FRAME
        for start in range(0, len(samples), piece_size):
            piece = samples[None, start : start + piece_size]
            if sample_format == "s16":
                piece = np.round(np.clip(piece, -1, 1) * 32767).astype(np.int16)
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(piece), format=sample_format, layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = SOUND_RATE, start, Fraction(1, SOUND_RATE)
            for packet in stream.encode(frame):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
