"""Files of the system on one machine when the disk is full."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from local import logs
from local.home import Home, Running
from local.process import Process
from services.chassis.observability.telemetry import LOG_LOST, LossyStream
from tests.disks import SmallDisk


@pytest.fixture
def disk() -> Iterator[SmallDisk]:
    with SmallDisk(256 * 1024) as found:
        yield found


def lost_writes() -> float:
    return sum(sample.value for metric in LOG_LOST.collect() for sample in metric.samples if "total" in sample.name)


RUNNING = Running(url="http://127.0.0.1:1", supervisor_pid=1, ports={"image": 1}, pids={"image": 2}, databases={})


def test_failed_write_leaves_the_last_state_file(disk: SmallDisk) -> None:
    home = Home(disk.folder)
    assert home.write_state(RUNNING)
    before = home.state.read_bytes()
    disk.fill()
    assert not home.write_state(RUNNING)
    assert home.state.read_bytes() == before
    disk.empty()
    assert home.write_state(RUNNING)
    assert [path.name for path in disk.folder.iterdir()] == ["running.json"]


def test_key_files_are_written_completely_or_not_at_all(disk: SmallDisk) -> None:
    """The next start would use an empty secret."""
    home = Home(disk.folder)
    for folder in (home.logs, home.assets, home.keys):
        folder.mkdir()
    disk.fill()
    with pytest.raises(OSError, match="No space"):
        home.prepare()
    assert not list(home.keys.iterdir())
    disk.empty()
    home.prepare()
    assert all(path.stat().st_size for path in home.keys.iterdir())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_log_writes_to_a_full_disk_raise_nothing_and_are_counted() -> None:
    full = open("/dev/full", "w", buffering=1)  # noqa: SIM115 - closing it raises
    before = lost_writes()
    print('{"event": "serving"}', file=LossyStream(full), flush=True)
    assert lost_writes() > before
    with suppress(OSError):
        full.close()


async def test_process_starts_when_its_log_cannot_be_opened(tmp_path: Path) -> None:
    messages: list[str] = []

    async def ready() -> bool:
        return True

    process = Process(
        "talker",
        [sys.executable, "-c", "import time; print('here', flush=True); time.sleep(60)"],
        environment={},
        log=tmp_path / "missing" / "talker.log",
        ready=ready,
        on_message=messages.append,
    )
    await process.start()
    assert process.pid
    await process.stop()


def test_growing_log_is_rotated_while_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "LOG_BYTES", 100)
    file = tmp_path / "gateway.log"
    with file.open("ab", buffering=0) as writing:
        writing.write(b"x" * 101)
        logs.trim([file, tmp_path / "none.log"])
        writing.write(b"more")
    assert file.read_bytes() == b"more"
    assert (tmp_path / "gateway.log.1").read_bytes() == b"x" * 101
    logs.trim([file])
    assert file.read_bytes() == b"more"


def test_log_is_truncated_when_there_is_no_space_to_rotate_it(disk: SmallDisk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "LOG_BYTES", 10_000)
    file = disk.folder / "gateway.log"
    file.write_bytes(b"x" * 100_000)
    disk.fill()
    logs.trim([file])
    assert file.read_bytes() == b""
    assert not (disk.folder / "gateway.log.1").exists()
