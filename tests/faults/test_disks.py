"""A full disk under the system on one machine: the supervisor keeps restarting processes, writes are refused as
retryable, and the system recovers once there is space."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest

from local.home import Home
from local.system import Options, health
from tests.disks import SmallDisk
from tests.faults.harness import FaultHarness
from tests.faults.load import FAULT_SECONDS, GRANT, UNRELATED_REASONS, MixedLoad, check_end
from tests.running import RunningSystem
from tests.stub_worker import PICTURE

DISK_BYTES = 320 * 1024 * 1024  # a new PostgreSQL takes about 60 MiB
KILLED = ("image", "catalog")


@contextmanager
def on_small_disk(place: Callable[[Home], Path]) -> Iterator[tuple[FaultHarness, SmallDisk]]:
    """Starts a system with a small disk mounted at one of its folders."""
    disks: list[SmallDisk] = []
    with ExitStack() as stack:

        def mount(home: Home) -> None:
            disks.append(stack.enter_context(SmallDisk(DISK_BYTES, place(home))))

        settings = (("ADWRIGHT_ATTEMPT_SECONDS", "copy=20,static_ad=20,video=60"),)
        harness = FaultHarness(running=RunningSystem(Options(workers=False, settings=settings), fill=mount))
        stack.callback(harness.stop)
        harness.add_worker("worker-1", slots=4)
        yield harness, disks[0]


async def reported_healthy(harness: FaultHarness) -> bool:
    """Whether every process of the system's own state file runs and passes its health check."""
    found = harness.home.running()
    return found is not None and all((await health(found)).values())


def use_up_log_segment(address: str) -> None:
    """Makes PostgreSQL start new segments of its write-ahead log, for which there may be no space."""
    with suppress(psycopg.Error), psycopg.connect(address, autocommit=True, connect_timeout=2) as connection:
        for _ in range(3):
            connection.execute("select pg_switch_wal()")
            connection.execute("create table if not exists segment ()")
            connection.execute("drop table segment")


def upload(harness: FaultHarness, load: MixedLoad) -> httpx.Response:
    """Uploads a photo of the product."""
    return load.customer.client.post(
        f"/api/products/{load.customer.product_id}/image",
        content=PICTURE,
        headers={"Content-Type": "image/png"},
    )


def runs(pid: int) -> bool:
    """Whether the process runs; a terminated process stays listed until its parent has waited for it."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


async def check_survival(harness: FaultHarness, disk: SmallDisk) -> None:
    """Fills the disk under load, kills processes, frees the disk again, and checks what the system did."""
    customer = harness.running.customer(GRANT)
    address = harness.system.database_url("job")
    async with MixedLoad(harness, customer) as load:
        assert (await load.static_ad()).status == 200
        assert upload(harness, load).status_code == 200
        over = asyncio.Event()
        running = asyncio.create_task(load.run(over))
        await load.warmed_up()
        before = len(harness.running.messages)
        began = len(load.responses)
        filled_at = time.monotonic()
        disk.fill()
        use_up_log_segment(address)
        killed = {name: harness.pid(name) for name in KILLED}
        for name in KILLED:
            harness.kill(name)
        await asyncio.sleep(FAULT_SECONDS)
        for name, pid in killed.items():
            await harness.until(lambda name=name, pid=pid: harness.pid(name) not in (0, pid))
        if disk.folder == harness.home.assets:  # the restarted services do not need this disk
            await harness.until(lambda: reported_healthy(harness))
        refusal = upload(harness, load)
        ended = len(load.responses)
        lines = harness.running.messages[before:]
        full_seconds = time.monotonic() - filled_at
        disk.empty()
        took = await harness.until(load.writes_succeed)
        await harness.until(lambda: reported_healthy(harness))
        over.set()
        await running
        print(f"recovered in {took:.2f} s", load.summary(began), *harness.running.messages[before:], sep="\n")
        print(refusal.status_code, refusal.text)
        for response in load.responses[began:ended]:
            if response.status != 200 and response.reason not in UNRELATED_REASONS:
                assert (response.status, response.retryable) == (503, True), response
        if disk.folder != harness.home.logs:
            error = refusal.json()["error"]
            assert (refusal.status_code, error["retryable"]) == (503, True)
            assert str(harness.home.folder) not in refusal.text
            assert "os error" not in refusal.text
        if disk.folder == harness.home.assets:
            assert error["reason"] == "STORAGE_FULL"
        assert len(lines) < 10 + 2 * full_seconds, "the supervisor logs events, not every retry"
        assert upload(harness, load).status_code == 200
        assert json.loads(harness.home.state.read_text())["pids"]["image"] == harness.pid("image")
        await check_end(harness, load)


@pytest.mark.parametrize(
    "place",
    [
        # A minute of processor time each. The test below fills the disk of the assets; only these fill PostgreSQL's.
        pytest.param(lambda home: home.folder, id="everything", marks=pytest.mark.slow),
        pytest.param(lambda home: home.database, id="postgres", marks=pytest.mark.slow),
        pytest.param(lambda home: home.logs, id="logs", marks=pytest.mark.slow),
    ],
)
async def test_system_survives_a_full_disk_and_recovers(place: Callable[[Home], Path]) -> None:
    """The system also stops on a full disk."""
    with on_small_disk(place) as (harness, disk):
        await check_survival(harness, disk)
        pids = [harness.pid(name) for name in ("postgres", *KILLED)]
        disk.fill()  # the context manager stops the system on a full disk
    assert not [pid for pid in pids if runs(pid)]


async def test_system_survives_a_full_asset_storage_and_recovers(impaired: FaultHarness) -> None:
    await impaired.repair({"worker-1": 4})
    with SmallDisk(DISK_BYTES, impaired.home.assets) as disk:
        await check_survival(impaired, disk)
