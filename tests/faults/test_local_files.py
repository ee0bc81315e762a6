"""The files of the system on one machine where there is no space for them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from local import logs
from local.home import Home, Running
from local.process import Process
from services.chassis.observability.telemetry import LOG_LOST, SteadyStream
from tests.disks import SmallDisk


@pytest.fixture
def disk() -> Iterator[SmallDisk]:
    with SmallDisk(256 * 1024) as found:
        yield found


RUNNING = Running(url="http://127.0.0.1:1", supervisor_pid=1, ports={"image": 1}, pids={"image": 2}, databases={})


def test_state_that_cannot_be_written_leaves_the_last_one(disk: SmallDisk) -> None:
    home = Home(disk.folder)
    assert home.tell(RUNNING)
    before = home.state.read_bytes()
    disk.fill()
    assert not home.tell(RUNNING)
    assert home.state.read_bytes() == before
    disk.empty()
    assert home.tell(RUNNING)
    assert [path.name for path in disk.folder.iterdir()] == ["running.json"]


def test_keys_are_whole_or_not_there(disk: SmallDisk) -> None:
    """A secret of no bytes would be used at the next start."""
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


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_logging_to_a_full_disk_raises_nothing_and_is_counted() -> None:
    full = open("/dev/full", "w", buffering=1)  # noqa: SIM115 - closing it raises
    before = LOG_LOST._value.get()
    print('{"event": "serving"}', file=SteadyStream(full), flush=True)
    assert LOG_LOST._value.get() > before
    with suppress(OSError):
        full.close()


async def test_process_runs_without_its_log(tmp_path: Path) -> None:
    said: list[str] = []

    async def ready() -> bool:
        return True

    process = Process(
        "talker",
        [sys.executable, "-c", "import time; print('here', flush=True); time.sleep(60)"],
        environment={},
        log=tmp_path / "missing" / "talker.log",
        ready=ready,
        on_message=said.append,
    )
    await process.start()
    assert process.pid
    await process.stop()


def test_log_that_grows_is_moved_aside_while_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_log_is_given_up_where_there_is_no_space_for_a_second(disk: SmallDisk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "LOG_BYTES", 10_000)
    file = disk.folder / "gateway.log"
    file.write_bytes(b"x" * 100_000)
    disk.fill()
    logs.trim([file])
    assert file.read_bytes() == b""
    assert not (disk.folder / "gateway.log.1").exists()
