"""Runs SQLAlchemy Core statements by psycopg. Each statement is a module's constant and is compiled once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import psycopg
from sqlalchemy import Executable
from sqlalchemy.dialects.postgresql import psycopg as dialect
from sqlalchemy.sql.compiler import SQLCompiler

from services.chassis.data.database import Connection

MAX_COMPILED = 1_024  # more than there are statements

_DIALECT = dialect.PGDialectAsync_psycopg()  # type: ignore[no-untyped-call]


@lru_cache(MAX_COMPILED)
def _compiled(statement: Executable) -> tuple[bytes, Mapping[str, Any]]:
    """The statement's SQL and the parameters whose values it contains."""
    compiled = statement.compile(dialect=_DIALECT)  # type: ignore[attr-defined]  # Executable does not declare it
    assert isinstance(compiled, SQLCompiler), "a statement that is executed is compiled to SQL"
    assert "POSTCOMPILE" not in compiled.string, "a list is one parameter: sql.among"
    return compiled.string.encode(), {
        name: bind.effective_value for bind, name in compiled.bind_names.items() if not bind.required
    }


def sql_of(statement: Executable) -> str:
    """The statement as psycopg runs it."""
    return _compiled(statement)[0].decode()


async def fetch_rows(
    connection: Connection, statement: Executable, parameters: Mapping[str, Any] | None = None
) -> Sequence[Any]:
    """The statement's rows, as named tuples."""
    return await (await _execute(connection, statement, parameters)).fetchall()


async def fetch_row(
    connection: Connection, statement: Executable, parameters: Mapping[str, Any] | None = None
) -> Any | None:
    """The statement's first row, as a named tuple, or None."""
    return next(iter(await fetch_rows(connection, statement, parameters)), None)


async def run(connection: Connection, statement: Executable, parameters: Mapping[str, Any] | None = None) -> int:
    """Runs a statement without reading rows; the number of rows that it changed."""
    return (await _execute(connection, statement, parameters)).rowcount


async def _execute(
    connection: Connection, statement: Executable, parameters: Mapping[str, Any] | None
) -> psycopg.AsyncCursor[Any]:
    sql, fixed = _compiled(statement)
    return await connection.execute(sql, {**fixed, **parameters} if fixed and parameters else parameters or fixed)
