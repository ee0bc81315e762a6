"""Rows of statements have the fields, and the fields the types, of the statement's columns."""

from __future__ import annotations

import dataclasses
import importlib
import typing
from types import NoneType
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from sqlalchemy import ARRAY, Column, Executable, Table, select, text

from services.billing.tables import HOLD
from services.chassis.data.database import Database
from services.chassis.data.statements import Query, fetch_row
from tests.platform.manifests import ROOT
from tests.running import Postgres

MODULES = sorted(
    str(path.relative_to(ROOT).with_suffix("")).replace("/", ".")
    for path in (ROOT / "services").rglob("*.py")
    if "Query(" in path.read_text(encoding="utf-8") and path.name != "statements.py"
)


def queries() -> dict[str, Query[Any]]:
    """The queries that are constants of modules, by name."""
    return {
        f"{module}.{name}": value
        for module in MODULES
        for name, value in vars(importlib.import_module(module)).items()
        if isinstance(value, Query)
    }


def stored_columns(statement: Executable) -> list[Column[Any]]:
    """The columns of tables that a statement returns unchanged, under their own names."""
    returned = getattr(statement, "exported_columns", {}).values()
    return [column for column in returned if isinstance(column, Column) and isinstance(column.table, Table)]


def kinds(annotation: Any) -> set[Any]:
    return set(typing.get_args(annotation)) if type(None) in typing.get_args(annotation) else {annotation}


def test_fields_have_the_types_of_their_columns() -> None:
    compared, wrong = 0, []
    for name, query in queries().items():
        hints = typing.get_type_hints(query.row)
        for column in stored_columns(query.statement):
            wanted: Any = column.type.python_type
            if isinstance(column.type, ARRAY):
                wanted = list[column.type.item_type.python_type]  # type: ignore[name-defined]
            elif wanted is dict:
                wanted = dict[str, Any]
            field = kinds(hints[column.name]) if column.name in hints else {wanted}
            compared += 1
            if field - {NoneType} != {wanted} or (not column.nullable and NoneType in field):
                wrong.append(f"{name}: {column.name} is {hints[column.name]}")
    assert not wrong
    assert compared > 300, "most columns are stored ones"


class Two(NamedTuple):
    job_id: UUID
    amount: int


@dataclasses.dataclass
class Swapped:
    amount: int
    job_id: UUID


def test_row_with_other_fields_is_refused_before_anything_runs() -> None:
    statement = select(HOLD.c.job_id, HOLD.c.amount)
    Query(Two, statement)
    with pytest.raises(TypeError, match="Swapped"):
        Query(Swapped, statement)
    with pytest.raises(TypeError, match="Two"):
        Query(Two, select(HOLD.c.job_id))


async def test_rows_of_written_sql_are_checked_when_it_runs(postgres: Postgres) -> None:
    database = Database(postgres.database(), pool_size=1)
    await database.open()
    try:
        async with database.connection() as connection:
            row = await fetch_row(connection, Query(Two, text("select gen_random_uuid() as job_id, 3 as amount")))
            assert row is not None
            assert (type(row), row.amount) == (Two, 3)
            with pytest.raises(TypeError, match="Two"):
                await fetch_row(connection, Query(Two, text("select now() as job_id, 3 as total")))
    finally:
        await database.close()
