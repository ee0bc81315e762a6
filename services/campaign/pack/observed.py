"""What was seen of a file while it was read: its size, hash and picture, or why it could not be read."""

from __future__ import annotations

import asyncio
import hashlib
import io
import warnings
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import structlog
from PIL import Image, UnidentifiedImageError

from services.campaign.pack.entries import OpenAsset, PackEntry

HELD_BYTES: Final = 8 * 1024 * 1024  # a file up to here is checked before any of it goes out
MAX_FILE_BYTES: Final = 4 * 1024**3  # the most of any platform: Meta's films
PIECE_SECONDS: Final = 60.0  # the store answers within seconds; a stalled one does not hold the download for ever
_PICTURES: Final = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp", "GIF": "image/gif"}
_log = structlog.get_logger(__name__)


class FileState(StrEnum):
    """What has become of a file. DAMAGED: its bytes differ from its record. TRUNCATED: such a file is in the pack,
    because it is too large to be held back until it is checked."""

    WHOLE = "whole"
    UNREADABLE = "unreadable"
    DAMAGED = "damaged"
    TRUNCATED = "truncated"

    @property
    def usable(self) -> bool:
        return self is FileState.WHOLE


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedFile:
    """A file as it was read. size: bytes. content_type, width, height: of the bytes themselves, empty and 0 where they
    are not a picture or the file is larger than HELD_BYTES. c2pa: whether the bytes hold a C2PA manifest; None: not
    looked for. reason: for the customer, empty for a whole file."""

    state: FileState
    size: int = 0
    sha256: str = ""
    content_type: str = ""
    width: int = 0
    height: int = 0
    c2pa: bool | None = None
    reason: str = ""


class AssetReader:
    """Reads one asset with bounds on its size and on the wait for each piece, and observes it."""

    def __init__(self, entry: PackEntry, open_asset: OpenAsset) -> None:
        self._entry = entry
        self._open = open_asset
        self._hash = hashlib.sha256()
        self._size = 0
        self._reason = ""
        self._failed = False

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """The pieces of the file until its end, its first error or its bound."""
        limit = self._entry.size_bytes or MAX_FILE_BYTES
        try:
            content = aiter(self._open(self._entry.asset_id))
            try:
                while True:
                    async with asyncio.timeout(PIECE_SECONDS):
                        piece = await anext(content, None)
                    if piece is None:
                        return
                    if self._size + len(piece) > limit:
                        self._reason = "It is longer than its record says."
                        return
                    self._size += len(piece)
                    self._hash.update(piece)
                    yield piece
            finally:
                close = getattr(content, "aclose", None)
                if close is not None:
                    await close()
        except Exception as error:  # whatever a store raises, the other files are still wanted
            self._failed = True
            self._reason = "It could not be read."
            _log.warning("pack_asset_unreadable", asset_id=self._entry.asset_id, error=type(error).__name__)

    async def held(self) -> tuple[bytes, AsyncGenerator[bytes, None] | None]:
        """The content if it is at most HELD_BYTES, and None; else its beginning, and the rest as it comes."""
        content = self.pieces()
        held = bytearray()
        async for piece in content:
            held += piece
            if len(held) > HELD_BYTES:
                return bytes(held), content
        return bytes(held), None

    def observed(self, held: bytes | None = None) -> ObservedFile:
        """What was read. held: the whole content, of a file that was kept in memory."""
        state, reason = self._state()
        seen = ObservedFile(state=state, size=self._size, sha256=self._hash.hexdigest(), reason=reason)
        if held is None or not held:
            return seen
        content_type, width, height = picture_header(held)
        return ObservedFile(
            state=state,
            size=self._size,
            sha256=seen.sha256,
            content_type=content_type,
            width=width,
            height=height,
            c2pa=b"c2pa" in held,
            reason=reason,
        )

    def _state(self) -> tuple[FileState, str]:
        entry = self._entry
        if self._failed:
            return FileState.UNREADABLE, self._reason
        if self._reason:
            return FileState.DAMAGED, self._reason
        if self._size == 0:
            return FileState.DAMAGED, "It is empty."
        if entry.size_bytes and self._size != entry.size_bytes:
            return FileState.DAMAGED, f"It has {self._size} bytes; its record says {entry.size_bytes}."
        if entry.sha256 and self._hash.hexdigest() != entry.sha256.lower():
            return FileState.DAMAGED, "Its content differs from its recorded SHA-256."
        return FileState.WHOLE, ""


def picture_header(content: bytes) -> tuple[str, int, int]:
    """Content type, width and height of a PNG, JPEG, WebP or GIF; ("", 0, 0) for anything else. Decodes no pixel."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # nothing is decompressed
            with Image.open(io.BytesIO(content), formats=tuple(_PICTURES)) as picture:
                return _PICTURES[picture.format or ""], picture.width, picture.height
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError, KeyError):
        return "", 0, 0


async def observe(entry: PackEntry, open_asset: OpenAsset) -> ObservedFile:
    """Reads a file to its end, and keeps at most HELD_BYTES of it in memory."""
    reader = AssetReader(entry, open_asset)
    held, rest = await reader.held()
    if rest is None:
        return reader.observed(held)
    del held
    async for _ in rest:
        pass
    return reader.observed()
