"""Migrations lock no tables in use, are safe when run concurrently, and never change after a release."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest

from protos.compatibility import incompatibilities, last_release
from services.chassis.data.database import NO_TRANSACTION, migrate, prepare
from tests.platform.manifests import ROOT
from tests.running import Postgres

MIGRATIONS = sorted(ROOT.glob("services/*/migrations/*.sql"))
JOBS = ROOT / "services" / "job" / "migrations"


def squawk(file: Path) -> str:
    """Returns squawk's complaints about a migration."""
    apart = file.read_text(encoding="utf-8").startswith(NO_TRANSACTION)
    program, settings = Path(sys.executable).parent / "squawk", ROOT / ".squawk.toml"
    options = [] if apart else ["--assume-in-transaction"]
    done = subprocess.run(
        [program, "--config", settings, "--reporter", "gcc", *options, file],
        capture_output=True,
        text=True,
        check=False,
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


async def one_migration_waits(connection: psycopg.AsyncConnection[Any]) -> bool:
    waiting = await connection.execute(
        """select count(*) from pg_stat_activity
            where query like 'create index concurrently%' and wait_event_type = 'Lock'"""
    )
    return await waiting.fetchone() == (1,)


class TestLocks:
    @pytest.mark.parametrize("file", MIGRATIONS, ids=lambda file: f"{file.parts[-3]}/{file.name}")
    def test_no_migration_locks_or_removes_parts_in_use(self, file: Path) -> None:
        assert squawk(file) == ""

    @pytest.mark.parametrize(
        ("statement", "rule"),
        [
            ("create index slow on job (stage);", "require-concurrent-index-creation"),
            ("alter table job add column n integer not null;", "adding-required-field"),
            ("alter table job alter column credits type bigint;", "changing-column-type"),
            ("alter table job alter column stage set not null;", "adding-not-nullable-field"),
            ("alter table job add constraint c check (credits > 0);", "constraint-missing-not-valid"),
            ("alter table job drop column stage;", "ban-drop-column"),
            ("alter table job rename column stage to step;", "renaming-column"),
            ("drop table asset;", "ban-drop-table"),
            (
                "select 1;\ncreate index concurrently slow on job (stage);",
                "ban-concurrent-index-creation-in-transaction",
            ),
        ],
    )
    def test_unsafe_statement_is_found(self, statement: str, rule: str, tmp_path: Path) -> None:
        file = tmp_path / "0002_more.sql"
        file.write_text(statement + "\n", encoding="utf-8")
        assert rule in squawk(file)

    @pytest.mark.parametrize(
        "text",
        [
            "create table more (id uuid primary key);\ncreate index more_id on more (id);\n",
            "alter table job add column note text not null default '';\n",
            "alter table job add constraint c check (credits > 0) not valid;\n",
            f"{NO_TRANSACTION}\ndrop index concurrently if exists i;\ncreate index concurrently i on job (stage);\n",
        ],
    )
    def test_safe_statement_is_accepted(self, text: str, tmp_path: Path) -> None:
        file = tmp_path / "0002_more.sql"
        file.write_text(text, encoding="utf-8")
        assert squawk(file) == ""


class TestRunning:
    async def test_concurrent_and_repeated_migrations_apply_once(self, postgres: Postgres) -> None:
        url = postgres.database()
        applied = await asyncio.gather(*(migrate(url, JOBS) for _ in range(6)))
        assert sorted(name for names in applied for name in names) == sorted(file.name for file in JOBS.glob("*.sql"))
        assert await migrate(url, JOBS) == []

    async def test_index_is_built_beside_writers_while_other_processes_wait(
        self, postgres: Postgres, tmp_path: Path
    ) -> None:
        url = postgres.database()
        (tmp_path / "0001_table.sql").write_text("create table thing (id bigint primary key, size int);\n")
        await migrate(url, tmp_path)
        (tmp_path / "0002_index.sql").write_text(
            f"{NO_TRANSACTION}: beside writers\n"
            "drop index concurrently if exists thing_size;\n"
            "create index concurrently thing_size on thing (size);\n"
        )
        async with await psycopg.AsyncConnection.connect(url) as writer:
            await writer.execute("insert into thing values (1, 1)")  # without a commit yet
            migrating = [asyncio.create_task(migrate(url, tmp_path)) for _ in range(3)]
            async with await psycopg.AsyncConnection.connect(url, autocommit=True) as other:
                async with asyncio.timeout(30):
                    while not await one_migration_waits(other):  # noqa: ASYNC110 - the database has no event for it
                        await asyncio.sleep(0.05)
                await other.execute("insert into thing values (2, 2)")  # writers do not wait for the index
            await writer.commit()
            async with asyncio.timeout(30):
                applied = await asyncio.gather(*migrating)
        assert sorted(applied) == [[], [], ["0002_index.sql"]]

    async def test_older_release_runs_and_newer_release_waits_for_migrations(
        self, postgres: Postgres, tmp_path: Path
    ) -> None:
        url = postgres.database()
        newer = tmp_path / "migrations"
        shutil.copytree(JOBS, newer)
        (newer / "9000_more.sql").write_text("alter table job add column more text not null default '';\n")
        await migrate(url, JOBS)
        with pytest.raises(RuntimeError, match=r"lacks 9000_more\.sql"):
            await prepare(url, newer, auto_migrate=False)
        await migrate(url, newer)
        await prepare(url, newer, auto_migrate=False)
        await prepare(url, JOBS, auto_migrate=False)
        assert await migrate(url, JOBS) == []

    async def test_file_changed_after_it_was_applied_is_rejected(self, postgres: Postgres, tmp_path: Path) -> None:
        url = postgres.database()
        file = tmp_path / "0001_table.sql"
        file.write_text("create table thing (id bigint);\n")
        await migrate(url, tmp_path)
        file.write_text("create table thing (id uuid);\n")
        with pytest.raises(RuntimeError, match="was changed"):
            await migrate(url, tmp_path)


class TestCompatibility:
    """The compatibility check, on a copy of the tree with a release tag."""

    @pytest.fixture
    @staticmethod
    def tree(tmp_path: Path) -> Path:
        for part in ("protos", "buf.yaml"):
            source = ROOT / part
            (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / part)
        shutil.copytree(JOBS, tmp_path / "services" / "job" / "migrations")
        self_named = ["-c", "user.name=test", "-c", "user.email=test@localhost"]
        for line in (
            ["init", "-q"],
            ["add", "-A"],
            [*self_named, "commit", "-qm", "released"],
            [*self_named, "tag", "-am", "released", "v1.0.0"],
        ):
            subprocess.run(["git", "-C", tmp_path, *line], check=True)
        return tmp_path

    def test_unchanged_tree_is_compatible_with_the_last_release(self, tree: Path) -> None:
        assert last_release(tree) == "v1.0.0"
        assert incompatibilities(tree, "v1.0.0") == []

    def test_additions_are_compatible(self, tree: Path) -> None:
        replace(tree / "protos/adwright/job/v1/job.proto", "  repeated JobSettlement jobs = 1;\n",
                "  repeated JobSettlement jobs = 1;\n  string added = 99;\n")  # fmt: skip
        (tree / "services/job/migrations/9000_more.sql").write_text("select 1;\n")
        assert incompatibilities(tree, "v1.0.0") == []

    def test_changed_field_and_changed_migration_are_incompatible(self, tree: Path) -> None:
        replace(tree / "protos/adwright/job/v1/job.proto", "  repeated JobSettlement jobs = 1;\n",
                "  repeated JobSettlement jobs = 98;\n")  # fmt: skip
        replace(tree / "services/job/migrations/0001_jobs.sql", "fillfactor = 85", "fillfactor = 86")
        (tree / "services/job/migrations/0002_trace.sql").unlink()
        complaints = "\n".join(incompatibilities(tree, "v1.0.0"))
        assert 'field "1" with name "jobs"' in complaints
        assert "0001_jobs.sql is part of v1.0.0 and has changed" in complaints
        assert "0002_trace.sql is part of v1.0.0 and has changed" in complaints


def replace(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
