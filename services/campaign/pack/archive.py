"""A zip that is written while it is read: the standard library's ZipFile over a sink that cannot seek."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime
from typing import Final
from zipfile import ZipInfo

_ZIP64_FROM: Final = 1024**3  # bytes; ZipFile raises an error at 2 GiB unless force_zip64 was set
# Level 0 stores the bytes in blocks of deflate. Method "stored" is avoided: without sizes in front of the content,
# which are not known yet, a reader that streams could not find its end.
_UNCOMPRESSED: Final = 0
_COMPRESSED: Final = 6
_PERMISSIONS: Final = 0o644 << 16
_EARLIEST: Final = (1980, 1, 1, 0, 0, 0)  # of the format


class _Sink(io.RawIOBase):
    """Keeps what is written until it is taken."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def tell(self) -> int:
        raise OSError("a stream has no position")

    def write(self, data: object) -> int:
        piece = bytes(data)  # type: ignore[call-overload]
        self._pieces.append(piece)
        return len(piece)

    def take(self) -> bytes:
        taken, self._pieces = b"".join(self._pieces), []
        return taken


class Archive:
    """Adds members one after the other. Each method returns or yields bytes that come next in the zip.

    Members have data descriptors; zip64 is used for members from 1 GiB, and wherever the archive needs it.
    """

    def __init__(self, created: datetime) -> None:
        """created: the time stamp of every member, so that the same content gives the same zip."""
        self._sink = _Sink()
        self._zip = zipfile.ZipFile(self._sink, "w", allowZip64=True)
        self._time = max(created.timetuple()[:6], _EARLIEST)
        self._member: io.BufferedIOBase | None = None

    def add(self, name: str, content: bytes, *, compress: bool = False) -> bytes:
        """A whole member."""
        self.begin(name, size=max(len(content), 1), compress=compress)
        return self.write(content) + self.end()

    def begin(self, name: str, *, size: int, compress: bool = False) -> None:
        """Begins a member. size: its expected number of bytes, for zip64; 0: not known."""
        info = ZipInfo(name, date_time=self._time)
        info.compress_type = zipfile.ZIP_DEFLATED
        # No public way before Python 3.13, which keeps this name: ZipFile.open takes the level from here only.
        info._compresslevel = _COMPRESSED if compress else _UNCOMPRESSED  # type: ignore[attr-defined]
        info.external_attr = _PERMISSIONS
        self._member = self._zip.open(info, "w", force_zip64=size == 0 or size >= _ZIP64_FROM)  # type: ignore[assignment]

    def write(self, piece: bytes) -> bytes:
        """Adds a piece to the member that was begun."""
        assert self._member is not None
        self._member.write(piece)
        return self._sink.take()

    def end(self) -> bytes:
        """Ends the member."""
        assert self._member is not None
        self._member.close()
        self._member = None
        return self._sink.take()

    def close(self) -> bytes:
        """The central directory. Nothing may be added afterwards."""
        self._zip.close()
        return self._sink.take()
