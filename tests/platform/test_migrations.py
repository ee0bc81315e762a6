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
from alembic import command

from protos.compatibility import incompatibilities, last_release
from services.chassis.data.migrations import configuration, migrate, prepare, revisions
from tests.platform.manifests import ROOT, container, of_kind
from tests.running import Postgres

FOLDERS = [ROOT / "services" / name / "migrations" for name in ("billing", "campaign", "catalog", "job", "webhook")]
CATALOG = ROOT / "services" / "catalog" / "migrations"
SLEEP = "select pg_sleep(600)"
AUTOCOMMIT = "with op.get_context().autocommit_block():\n        "


def write_revision(folder: Path, number: int, upgrade: str) -> str:
    """Writes a revision with these statements of Python; its file name."""
    name = f"{number:04}_revision.py"
    before = f"{number - 1:04}" if number > 1 else None
    (folder / name).write_text(
        f"from alembic import op\nrevision, down_revision = '{number:04}', {before!r}\nreplaces = {{}}\n"
        f"def upgrade():\n    {upgrade}\ndef downgrade():\n    pass\n"
    )
    return name


def squawk(folder: Path, revision: str, tmp_path: Path) -> str:
    """Returns squawk's complaints about the SQL of a revision."""
    file = tmp_path / f"{revision}.sql"
    with file.open("w", encoding="utf-8") as output:
        config = configuration(folder)
        config.output_buffer = output
        down = revisions(folder)[int(revision) - 1].down_revision if len(revisions(folder)) >= int(revision) else None
        command.upgrade(config, f"{down or 'base'}:{revision}", sql=True)
    program, settings = Path(sys.executable).parent / "squawk", ROOT / ".squawk.toml"
    done = subprocess.run(
        [program, "--config", settings, "--reporter", "gcc", file], capture_output=True, text=True, check=False
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


async def one_migration_waits(connection: psycopg.AsyncConnection[Any]) -> bool:
    waiting = await connection.execute(
        """select count(*) from pg_stat_activity
            where query ilike 'create index concurrently%' and wait_event_type = 'Lock'"""
    )
    return await waiting.fetchone() == (1,)


def test_file_that_is_no_revision_is_refused(tmp_path: Path) -> None:
    write_revision(tmp_path, 1, "op.execute('create table a (id uuid primary key)')")
    (tmp_path / "0002_more.sql").write_text("create table b (id uuid primary key)")
    with pytest.raises(RuntimeError, match=r"0002_more\.sql is no revision"):
        asyncio.run(migrate("host=/nowhere", tmp_path))


class TestLocks:
    @pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parts[-2])
    def test_no_migration_locks_or_removes_parts_in_use(self, folder: Path, tmp_path: Path) -> None:
        for revision in revisions(folder):
            assert squawk(folder, revision.revision, tmp_path) == ""

    @pytest.mark.parametrize(
        ("statement", "rule"),
        [
            ("create index slow on job (stage)", "require-concurrent-index-creation"),
            ("alter table job add column n integer not null", "adding-required-field"),
            ("alter table job alter column credits type bigint", "changing-column-type"),
            ("alter table job alter column stage set not null", "adding-not-nullable-field"),
            ("alter table job add constraint c check (credits > 0)", "constraint-missing-not-valid"),
            ("alter table job drop column stage", "ban-drop-column"),
            ("alter table job rename column stage to step", "renaming-column"),
            ("drop table asset", "ban-drop-table"),
            ("create index concurrently slow on job (stage)", "ban-concurrent-index-creation-in-transaction"),
        ],
    )
    def test_unsafe_statement_is_found(self, statement: str, rule: str, tmp_path: Path) -> None:
        write_revision(tmp_path, 1, f"op.execute({statement!r})")
        assert rule in squawk(tmp_path, "0001", tmp_path)

    @pytest.mark.parametrize(
        "upgrade",
        [
            "op.execute('create table more (id uuid primary key); create index more_id on more (id)')",
            "op.execute('alter table job add column note text not null default 1')",
            "op.execute('alter table job add constraint c check (credits > 0) not valid')",
            f"{AUTOCOMMIT}op.execute('create index concurrently i on job (stage)')",
        ],
    )
    def test_safe_statement_is_accepted(self, upgrade: str, tmp_path: Path) -> None:
        write_revision(tmp_path, 1, upgrade)
        assert squawk(tmp_path, "0001", tmp_path) == ""


class TestRunning:
    async def test_concurrent_and_repeated_migrations_apply_once(self, postgres: Postgres) -> None:
        url = postgres.database()
        applied = await asyncio.gather(*(migrate(url, CATALOG) for _ in range(6)))
        assert sorted(name for names in applied for name in names) == sorted(file.name for file in CATALOG.glob("*.py"))
        assert await migrate(url, CATALOG) == []

    async def test_index_is_built_beside_writers_while_other_processes_wait(
        self, postgres: Postgres, tmp_path: Path
    ) -> None:
        url = postgres.database()
        write_revision(tmp_path, 1, "op.execute('create table thing (id bigint primary key, size int)')")
        await migrate(url, tmp_path)
        index = write_revision(
            tmp_path,
            2,
            f"{AUTOCOMMIT}op.create_index('thing_size', 'thing', ['size'], postgresql_concurrently=True)",
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
        assert sorted(applied) == [[], [], [index]]

    async def test_cancelling_ends_the_statement_or_the_wait(self, postgres: Postgres, tmp_path: Path) -> None:
        url = postgres.database()
        write_revision(tmp_path, 1, "op.execute('create table thing (id int)'); op.execute('" + SLEEP + "')")
        migrating = asyncio.create_task(migrate(url, tmp_path))
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as other:

            async def statements() -> int:
                found = await other.execute("select count(*) from pg_stat_activity where query = %s", [SLEEP])
                row = await found.fetchone()
                assert row is not None
                return int(row[0])

            async with asyncio.timeout(30):
                while not await statements():  # noqa: ASYNC110 - the database has no event for it
                    await asyncio.sleep(0.05)
                waiting = asyncio.create_task(migrate(url, tmp_path))
                await asyncio.sleep(0)
                for task in (waiting, migrating):
                    task.cancel()
                    with pytest.raises(asyncio.CancelledError):
                        await task
            assert await statements() == 0
            found = await other.execute("select to_regclass('thing') is null")
            assert await found.fetchone() == (True,), "the revision was rolled back"

    async def test_older_release_runs_and_newer_release_waits_for_migrations(
        self, postgres: Postgres, tmp_path: Path
    ) -> None:
        url = postgres.database()
        older, newer = tmp_path / "older", tmp_path / "newer"
        older.mkdir()
        write_revision(older, 1, "op.execute('create table thing (id bigint)')")
        shutil.copytree(older, newer)
        write_revision(newer, 2, "op.execute('alter table thing add column more text')")
        await migrate(url, older)
        with pytest.raises(RuntimeError, match=r"lacks 0002_revision\.py"):
            await prepare(url, newer, auto_migrate=False)
        await migrate(url, newer)
        await prepare(url, newer, auto_migrate=False)
        await prepare(url, older, auto_migrate=False)
        assert await migrate(url, older) == []

    async def test_file_changed_after_it_was_applied_is_rejected(self, postgres: Postgres, tmp_path: Path) -> None:
        url = postgres.database()
        write_revision(tmp_path, 1, "op.execute('create table thing (id bigint)')")
        await migrate(url, tmp_path)
        write_revision(tmp_path, 1, "op.execute('create table thing (id uuid)')")
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
        shutil.copytree(CATALOG, tmp_path / "services" / "catalog" / "migrations")
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
        (tree / "services/catalog/migrations/9000_more.py").write_text("")
        assert incompatibilities(tree, "v1.0.0") == []

    def test_changed_field_and_changed_migration_are_incompatible(self, tree: Path) -> None:
        replace(tree / "protos/adwright/job/v1/job.proto", "  repeated JobSettlement jobs = 1;\n",
                "  repeated JobSettlement jobs = 98;\n")  # fmt: skip
        replace(tree / "services/catalog/migrations/0001_first.py", "product_photo_limit", "photo_limit")
        complaints = "\n".join(incompatibilities(tree, "v1.0.0"))
        assert 'field "1" with name "jobs"' in complaints
        assert "0001_first.py is part of v1.0.0 and has changed" in complaints


def replace(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def migrating() -> dict[str, dict[str, Any]]:
    """The containers that migrate in a cluster, by the name of their service."""
    found = [container(job) for job in of_kind("migrations", "Job").values()]
    return {item["args"][0].removeprefix("services."): item for item in found}


def test_every_database_of_a_service_has_a_migration_job() -> None:
    assert set(migrating()) == {folder.parent.name for folder in FOLDERS}
    assert set(FOLDERS) == set((ROOT / "services").glob("*/migrations"))
    assert all(item["args"][1:] == ["migrate"] for item in migrating().values())


@pytest.mark.parametrize("service", [folder.parent.name for folder in FOLDERS])
def test_job_of_a_cluster_migrates_with_the_settings_that_it_is_given(service: str, postgres: Postgres) -> None:
    migration = migrating()[service]
    assert "envFrom" not in migration
    url = postgres.database()
    given = {variable["name"]: url for variable in migration["env"]}  # each is the URL of the service's database
    assert set(given) == {"ADWRIGHT_DATABASE_URL"}
    done = subprocess.run(
        [sys.executable, "-m", *migration["args"]],
        env={**given, "PYTHONPATH": f"{ROOT}:{ROOT / 'gen'}"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert asyncio.run(migrate(url, ROOT / "services" / service / "migrations")) == [], "nothing is left to apply"
