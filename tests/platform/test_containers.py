"""A system's databases in a shared server keep what those of an embedded server keep."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from local.home import Home
from tests.containers import SystemDatabases
from tests.running import Postgres

NAMES = ("billing", "job")


def system(folder: Path, url: str) -> SystemDatabases:
    return SystemDatabases(Home(folder), NAMES, lambda _: None, server=lambda: url)


def run(databases: SystemDatabases, name: str, statement: bytes) -> list[tuple[object, ...]]:
    with psycopg.connect(databases.url(name), autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def test_a_system_that_is_stopped_and_started_again_keeps_its_data(postgres: Postgres, tmp_path: Path) -> None:
    url = postgres.database()
    first = system(tmp_path / "home", url)
    other = system(tmp_path / "other", url)
    for databases in (first, other):
        databases.start()
    run(first, "job", b"create table kept as select 1 as value")
    with psycopg.connect(first.url("job"), autocommit=True) as session:
        first.stop()
        with pytest.raises(psycopg.OperationalError):
            session.execute("select 1")
    run(
        first,
        "postgres",
        f'drop database "{psycopg.conninfo.conninfo_to_dict(first.url("billing"))["dbname"]}"'.encode(),
    )

    again = system(tmp_path / "home", url)  # as a new supervisor of the same home folder has them
    again.start()
    again.start()
    assert run(again, "job", b"select value from kept") == [(1,)]
    assert run(again, "billing", b"select 1") == [(1,)], "a missing database is created"
    with pytest.raises(psycopg.errors.UndefinedTable):
        run(other, "job", b"select value from kept")  # another system's database

    again.drop()
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        run(again, "job", b"select 1")
    assert run(other, "job", b"select 1") == [(1,)]
    other.drop()


def test_a_server_that_cannot_be_reached_is_an_error_of_the_start(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="postgres does not start"):
        system(tmp_path / "home", f"host={tmp_path} dbname=postgres").start()
