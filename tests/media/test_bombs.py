"""Pictures that are small as files and half a gigabyte once decoded: refused by their header, wherever one comes in."""

from __future__ import annotations

import resource
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from services.catalog.errors import ImageTooLarge
from services.catalog.product_photos import photo_type
from services.chassis.errors import InputFault
from services.media.photo import decode_photo
from services.video.providers.local.photos import decoded

SIDE = 13_000
DECODED_KIB = SIDE * SIDE * 3 // 1024


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


@pytest.fixture(scope="module")
def bomb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PNG without a fault, all of it black."""
    packer = zlib.compressobj(9)
    row = bytes(1 + SIDE * 3)
    rows = b"".join(packer.compress(row) for _ in range(SIDE)) + packer.flush()
    header = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)
    file = tmp_path_factory.mktemp("bomb") / "photo.png"
    file.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b""))
    assert file.stat().st_size < 1 << 20
    return file


def upload(file: Path) -> None:
    photo_type(file.read_bytes())


def avatar(file: Path) -> None:
    decoded(file, named="The avatar")


def product_photo(file: Path) -> None:
    decode_photo(file)


@pytest.mark.parametrize("way_in", [upload, avatar, product_photo])
def test_bomb_is_refused_before_it_takes_memory(bomb: Path, way_in: Callable[[Path], None]) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises((ImageTooLarge, InputFault)) as refused:
        way_in(bomb)
    assert getattr(refused.value, "reason", "") in ("IMAGE_TOO_LARGE", "PHOTO_TOO_LARGE")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < DECODED_KIB // 2
