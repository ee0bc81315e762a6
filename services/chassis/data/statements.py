"""Runs SQLAlchemy Core statements by psycopg. Each statement is a module's constant and is compiled once.

A statement that returns rows is a `Query`: it names the type of its rows, so that whoever reads them is type-checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import lru_cache
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

import psycopg
from psycopg.rows import RowMaker, dict_row
from sqlalchemy import Executable
from sqlalchemy.dialects.postgresql import psycopg as dialect
from sqlalchemy.sql.compiler import SQLCompiler

from services.chassis.data.database import Connection

MAX_COMPILED = 1_024  # more than there are statements

_DIALECT = dialect.PGDialectAsync_psycopg()  # type: ignore[no-untyped-call]

Row = TypeVar("Row")


class IdRow(NamedTuple):
    """The id of a row."""

    id: UUID


class CountRow(NamedTuple):
    """A number of rows."""

    number: int


class Query(Generic[Row]):
    """A statement and the named tuple or dataclass of its rows. The fields are the statement's columns, in order.

    Raises TypeError for other fields: at once, for a `text()` when it runs.
    """

    def __init__(self, row: type[Row], statement: Executable) -> None:
        self.row = row
        self.statement = statement
        self._make: RowMaker[Row] = _maker(row)
        columns = getattr(statement, "exported_columns", None)
        self._checked = columns is not None
        if columns is not None:
            self._check(tuple(columns.keys()))

    def rows(self, cursor: psycopg.AsyncCursor[Any]) -> RowMaker[Row]:
        """psycopg's row factory."""
        if not self._checked and cursor.description is not None:
            self._check(tuple(column.name for column in cursor.description))
            self._checked = True
        return self._make

    def _check(self, columns: tuple[str, ...]) -> None:
        names = _fields(self.row)
        if columns != names:
            raise TypeError(f"{self.row.__name__} has the fields {names}, its statement returns {columns}")


def _fields(row: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(row)) if is_dataclass(row) else row._fields


def _maker(row: type[Row]) -> RowMaker[Row]:
    """Returns the function that makes a row of its values."""
    if not is_dataclass(row):
        return row._make  # type: ignore[attr-defined, no-any-return]  # of a named tuple
    if not any(field.kw_only for field in fields(row)):
        return lambda values: row(*values)
    names = _fields(row)
    return lambda values: row(**dict(zip(names, values, strict=True)))


@lru_cache(MAX_COMPILED)
def _compiled(statement: Executable) -> tuple[bytes, Mapping[str, Any]]:
    """The statement's SQL and the parameters whose values it contains."""
    compiled = statement.compile(dialect=_DIALECT)  # type: ignore[attr-defined]  # Executable does not declare it
    assert isinstance(compiled, SQLCompiler), "a statement that is executed is compiled to SQL"
    assert "POSTCOMPILE" not in compiled.string, "a list is one parameter: sql.among"
    return compiled.string.encode(), {
        name: bind.effective_value for bind, name in compiled.bind_names.items() if not bind.required
    }


def sql_of(statement: Executable | Query[Any]) -> str:
    """The statement as psycopg runs it."""
    return _compiled(statement.statement if isinstance(statement, Query) else statement)[0].decode()


async def fetch_rows(
    connection: Connection, query: Query[Row], parameters: Mapping[str, Any] | None = None
) -> list[Row]:
    """The query's rows."""
    cursor = await connection.execute(*_given(query.statement, parameters))
    cursor.row_factory = query.rows
    rows: list[Row] = await cursor.fetchall()
    return rows


async def fetch_row(
    connection: Connection, query: Query[Row], parameters: Mapping[str, Any] | None = None
) -> Row | None:
    """The query's first row, or None."""
    return next(iter(await fetch_rows(connection, query, parameters)), None)


async def fetch_mappings(connection: Connection, statement: Executable) -> list[dict[str, Any]]:
    """The statement's rows by column name, for a caller that knows the columns at run time only."""
    cursor = await connection.execute(*_given(statement, None))
    cursor.row_factory = dict_row
    return await cursor.fetchall()


async def run(connection: Connection, statement: Executable, parameters: Mapping[str, Any] | None = None) -> int:
    """Runs a statement without reading rows; the number of rows that it changed."""
    return (await connection.execute(*_given(statement, parameters))).rowcount


def _given(statement: Executable, parameters: Mapping[str, Any] | None) -> tuple[bytes, Mapping[str, Any]]:
    """The arguments of psycopg's `execute`."""
    sql, fixed = _compiled(statement)
    return sql, {**fixed, **parameters} if fixed and parameters else parameters or fixed
