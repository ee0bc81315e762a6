"""A backup taken while jobs run is restored elsewhere, with a consistent ledger and without losses."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from local import backup
from local.home import ROOT, Home
from local.system import Options
from tests.faults.harness import FaultHarness, Load
from tests.running import RunningSystem

BEFORE = 50  # jobs accepted before the backup starts


def adwright(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs the command like an operator."""
    return subprocess.run(
        [sys.executable, "-m", "cli", *arguments],
        env={**os.environ, "ADWRIGHT_HOME": str(home), "PYTHONPATH": f"{ROOT}:{ROOT / 'gen'}"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
async def loaded(impaired: FaultHarness) -> FaultHarness:
    await impaired.repair({"worker-1": 4})
    return impaired


async def test_backup_taken_under_load_restores_a_consistent_ledger(loaded: FaultHarness, tmp_path: Path) -> None:
    load, stopping = Load(loaded, loaded.running.customer(100_000), concurrency=4), asyncio.Event()
    running = asyncio.create_task(load.run(until=stopping, cancel_every=4, pause=0.1))
    await loaded.until(lambda: len(load.accepted) >= BEFORE, 60)
    before = set(load.accepted)
    entries = loaded.count("billing", "select count(*) from entry")
    taken = await asyncio.to_thread(adwright, loaded.home.folder, "backup", str(tmp_path / "backup"))
    assert taken.returncode == 0, taken.stderr
    during = len(load.accepted) - len(before)
    stopping.set()
    await running
    assert during > 0, "nothing happened while the backup was taken"
    assert load.refused == {}

    restored = RunningSystem(Options(workers=False), lambda home: backup.restore(tmp_path / "backup", home))
    try:
        with psycopg.connect(restored.system.database_url("job")) as connection:
            there = {str(row[0]) for row in connection.execute("select id from job where status <> 'pending'")}
        assert before <= there
        with psycopg.connect(restored.system.database_url("billing")) as connection:
            [kept] = connection.execute("select count(*) from entry").fetchone() or (0,)
        assert kept >= entries
        for command in ("verify", "reconcile"):
            options = ["--settling", "0"] if command == "reconcile" else []
            done = await asyncio.to_thread(adwright, restored.home.folder, "ledger", command, *options)
            assert done.returncode == 0, done.stdout + done.stderr
        elsewhere = FaultHarness(running=restored)
        elsewhere.add_worker("stub-2", slots=4)
        await elsewhere.settled()  # jobs that ran at that moment are completed and paid, or their credits released
        elsewhere.check_assets(load.customer.id)
        await elsewhere.check_ledger()
        elsewhere.remove_worker("stub-2")
        # Links issued before are still valid.
        client = restored.client(load.customer.id)
        done = client.get("/api/generate/jobs", params={"status": "completed"}).json()["jobs"][0]
        assets = client.get("/api/generate/status", params={"jobId": done["id"]}).json()["assets"]
        assert client.get(assets[0]["url"]).status_code == 200
    finally:
        restored.stop()


def test_assets_deleted_while_they_are_copied_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, copy_file = tmp_path / "assets", shutil.copy2
    for name in ("1/a", "1/b", "1/c#1", "2/a", "2/b", "2/c#1", "3/a", "3/b", "3/c#1"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(name)

    def delete_others(path: Path, copy: Path) -> None:
        """Deletes the file beside this one, which has been listed, and the other folders, which have not."""
        copy_file(path, copy)
        for folder in {source / "1", source / "2", source / "3"} - {path.parent}:
            shutil.rmtree(folder, ignore_errors=True)
        for name in {"a", "b"} - {path.name}:
            (path.parent / name).unlink(missing_ok=True)

    monkeypatch.setattr(shutil, "copy2", delete_others)
    backup.copy_assets(source, tmp_path / "copy")
    [found] = [path for path in (tmp_path / "copy").rglob("*") if path.is_file()]
    assert found.read_text() == str(found.relative_to(tmp_path / "copy"))


def test_unreadable_assets_fail_the_backup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(folder: Path) -> None:
        raise PermissionError(folder)

    (tmp_path / "assets").mkdir()
    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(PermissionError):
        backup.copy_assets(tmp_path / "assets", tmp_path / "copy")


def test_incomplete_backup_and_nonempty_folder_are_rejected(tmp_path: Path) -> None:
    (tmp_path / "half").mkdir()
    with pytest.raises(backup.BackupError, match="not a whole backup"):
        backup.restore(tmp_path / "half", Home(tmp_path / "home"))
    (tmp_path / "half" / backup.MARK).write_text("{}")
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "something").write_text("kept")
    with pytest.raises(backup.BackupError, match="not empty"):
        backup.restore(tmp_path / "half", Home(tmp_path / "home"))
    done = adwright(tmp_path / "home", "backup", str(tmp_path / "new"))
    assert (done.returncode, (tmp_path / "new").exists()) == (3, False)  # nothing runs there
