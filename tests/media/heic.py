"""Writes HEIC files as phones do: one HEVC picture in an ISO base media file (ISO/IEC 23008-12).

No package here writes them, so the picture is encoded by FFmpeg and its boxes are put around it.
"""

from __future__ import annotations

import io
import struct
from fractions import Fraction

import av
import numpy
from PIL import Image


def heic(picture: Image.Image, *, turned: int = 0) -> bytes:
    """Returns a HEIC file of an RGB image with even sides. turned: quarter turns, against the clock, when shown."""
    configuration, data = _encoded(picture)
    width, height = picture.size
    properties = [
        _box(b"hvcC", configuration),
        _full(b"ispe", struct.pack(">II", width, height)),
        _box(b"irot", bytes([turned % 4])),
    ]
    linked = struct.pack(">IHB", 1, 1, len(properties)) + bytes([0x81, 2, 0x83])  # 0x80: essential
    parts = [
        _full(b"hdlr", struct.pack(">I4s12xB", 0, b"pict", 0)),
        _full(b"pitm", struct.pack(">H", 1)),
        _full(b"iinf", struct.pack(">H", 1) + _full(b"infe", struct.pack(">HH4sB", 1, 0, b"hvc1", 0), version=2)),
        _box(b"iprp", _box(b"ipco", b"".join(properties)) + _full(b"ipma", linked)),
    ]
    head = _box(b"ftyp", b"heic" + bytes(4) + b"mif1heic")

    def described(start: int) -> bytes:
        place = struct.pack(">BBHHHHII", 0x44, 0, 1, 1, 0, 1, start, len(data))
        return _full(b"meta", b"".join((*parts, _full(b"iloc", place))))

    start = len(head) + len(described(0)) + 8
    return head + described(start) + _box(b"mdat", data)


def _encoded(picture: Image.Image) -> tuple[bytes, bytes]:
    """The decoder's configuration and the coded picture, taken out of an MP4 file of one frame."""
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as container:
        stream = container.add_stream("libx265", rate=1, options={"crf": "4", "x265-params": "log-level=none"})
        stream.width, stream.height, stream.pix_fmt = *picture.size, "yuv420p"
        frame = av.VideoFrame.from_ndarray(numpy.asarray(picture.convert("RGB")), format="rgb24")
        frame.pts, frame.time_base = 0, Fraction(1)
        for packet in (*stream.encode(frame), *stream.encode(None)):
            packet.dts = packet.pts  # of a single frame the encoder's own is now and then any number
            container.mux(packet)
    film = out.getvalue()
    with av.open(io.BytesIO(film), "r") as written:
        coded = bytes(next(packet for packet in written.demux(video=0) if packet.size))
    at = film.index(b"hvcC")
    (size,) = struct.unpack(">I", film[at - 4 : at])
    return film[at + 4 : at - 4 + size], coded


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", len(content) + 8, kind) + content


def _full(kind: bytes, content: bytes, *, version: int = 0) -> bytes:
    return _box(kind, bytes([version, 0, 0, 0]) + content)
