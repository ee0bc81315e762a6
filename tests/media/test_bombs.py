"""Decompression bombs, half a gigabyte once decoded, are refused by their header at every entry point."""

from __future__ import annotations

import os
import re
import resource
import signal
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from services.catalog import product_photos
from services.catalog.errors import ImageTooLarge
from services.catalog.product_photos import checked_photo
from services.chassis.errors import InputFault
from services.image.providers.local import logo
from services.media import svg
from services.media.photo import decode_photo
from services.video.providers.local import photos
from services.video.providers.local.photos import decoded

SIDE = 13_000
DECODED_KIB = SIDE * SIDE * 3 // 1024


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


@pytest.fixture(scope="module")
def bomb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Writes a valid PNG that is completely black."""
    packer = zlib.compressobj(9)
    row = bytes(1 + SIDE * 3)
    rows = b"".join(packer.compress(row) for _ in range(SIDE)) + packer.flush()
    header = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)
    file = tmp_path_factory.mktemp("bomb") / "photo.png"
    file.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b""))
    assert file.stat().st_size < 1 << 20
    return file


def upload(file: Path) -> None:
    checked_photo(file.read_bytes())


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


SMALL = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><rect width="5" height="5"/></svg>'


def slow_drawing() -> bytes:
    """Returns a drawing within all limits of its document, which takes many seconds."""
    points = " L".join(f"{number * 37 % 100},{number * 61 % 100}" for number in range(600))
    path = f'<path id="a" d="M{points}" fill="red" fill-opacity=".5" stroke="blue"/>'
    uses = '<use href="#a" x="1"/>' * 2000
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100">{path}{uses}</svg>'.encode()


def cpu_seconds(process: str) -> float:
    """Returns what a process has used; 0 for one that is gone."""
    try:
        fields = Path("/proc", process, "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return 0.0 if fields[0] == "Z" else (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def children_of(process: int) -> list[str]:
    return [child for task in Path(f"/proc/{process}/task").glob("*/children") for child in task.read_text().split()]


def draws(process: str) -> bool:
    """Whether a process was started to draw: this one has other children, too."""
    try:
        return svg.__name__.encode() in Path("/proc", process, "cmdline").read_bytes().split(b"\0")
    except OSError:
        return False


def drawing_process_of(process: int, *, least_cpu_seconds: float) -> str:
    """Waits for a child of a process that has drawn for a while, and returns it."""
    for _ in range(600):
        for child in children_of(process):
            if draws(child) and cpu_seconds(child) >= least_cpu_seconds:
                return child
        time.sleep(0.05)
    raise AssertionError("no process draws")


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
class TestSlowDrawing:
    def test_it_is_ended_and_refused(self) -> None:
        assert svg.render(SMALL, 90, named="The logo").size == (90, 90)
        with ThreadPoolExecutor(1) as threads:
            refused = threads.submit(svg.render, slow_drawing(), 2048, named="The logo", seconds=8.0)
            process = drawing_process_of(os.getpid(), least_cpu_seconds=1.5)
            with pytest.raises(InputFault, match="too long to draw"):
                refused.result()
        assert cpu_seconds(process) == 0

    def test_it_ends_with_the_process_that_waits_for_it(self, tmp_path: Path) -> None:
        (tmp_path / "slow.svg").write_bytes(slow_drawing())
        code = (
            "import pathlib, sys; from services.media import svg;"
            "svg.render(pathlib.Path(sys.argv[1]).read_bytes(), 2048, named='x', seconds=60.0)"
        )
        paths = os.pathsep.join(filter(None, sys.path))
        with subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path / "slow.svg")], env={**os.environ, "PYTHONPATH": paths}
        ) as waiting:
            process = drawing_process_of(waiting.pid, least_cpu_seconds=1.5)
            waiting.kill()
        for _ in range(40):
            if not cpu_seconds(process):
                break
            time.sleep(0.05)
        assert cpu_seconds(process) == 0

    def test_its_process_has_limits_and_no_secrets(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("ADWRIGHT_SERVICE_SECRET", "hush")
        with ThreadPoolExecutor(1) as threads:
            refused = threads.submit(svg.render, slow_drawing(), 2048, named="The logo", seconds=30.0)
            process = Path("/proc", drawing_process_of(os.getpid(), least_cpu_seconds=1.5))
            limits, environment = (process / "limits").read_text(), (process / "environ").read_bytes()
            os.kill(int(process.name), signal.SIGKILL)
            with pytest.raises(InputFault):
                refused.result()
        assert re.search(rf"Max address space +{svg.DRAWING_BYTES} ", limits)
        assert re.search(r"Max cpu time +31 ", limits)
        names = {entry.partition(b"=")[0] for entry in environment.split(b"\0") if entry}
        assert names <= {b"PATH", b"PYTHONPATH", b"OPENBLAS_NUM_THREADS", b"LC_CTYPE"}


def test_logo_is_tried_at_the_size_that_jobs_use_in_less_time() -> None:
    sizes = {logo.LONGEST_SIDE, photos.LONGEST_SIDE}
    assert max(sizes) <= product_photos.SVG_TRIAL_SIDE
    assert product_photos.SVG_TRIAL_SECONDS < svg.DRAWING_SECONDS
