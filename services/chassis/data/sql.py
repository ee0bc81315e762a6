"""Parts of Core statements that PostgreSQL's planner and psycopg need in a certain form.

Statements are built once, at import: building one costs more than executing it. A bound parameter must not be named
like a column of the table that an `update` sets.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, TableValuedAlias, bindparam, column, func, literal_column
from sqlalchemy import any_ as sql_any
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Text, TypeEngine

# Names of constraints that have none of their own, as PostgreSQL would choose them.
NAMING_CONVENTION = {
    "pk": "%(table_name)s_pkey",
    "uq": "%(table_name)s_%(column_0_N_name)s_key",
    "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
    "ck": "%(constraint_name)s",
    "ix": "%(table_name)s_%(column_0_N_name)s_idx",
}


def inline(value: str) -> ColumnElement[str]:
    """A string in the statement's text. For the conditions of partial indexes: a generic plan of a statement with a
    bound value must serve every value, so it cannot use them."""
    return literal_column("'" + value.replace("'", "''") + "'", Text)


def in_inline(of: ColumnElement[Any], values: Iterable[str]) -> ColumnElement[bool]:
    """`of in ('a', 'b')` with the values in the statement's text, as `inline`."""
    return of.in_([inline(value) for value in values])


def array(name: str, of: TypeEngine[Any] | type[TypeEngine[Any]]) -> BindParameter[Any]:
    """A bound list."""
    return bindparam(name, type_=ARRAY(of))


def among(of: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """`of = any(:name)`: one parameter and one plan for lists of every length, where `in` has one for each."""
    return of == sql_any(array(name, of.type))


def unnest(
    alias: str, *, ordinality: str | None = None, **columns: TypeEngine[Any] | type[TypeEngine[Any]]
) -> TableValuedAlias:
    """Rows of bound lists: the parameter `alias_column` is the list of the column `column`.

    ordinality: the name of a further column, the number of the row from 1.

    `unnest("given", id=Uuid, amount=Integer)`: `unnest(:given_id::uuid[], :given_amount::int[]) as given (id, amount)`.
    """
    types = {name: of() if isinstance(of, type) else of for name, of in columns.items()}
    rows = func.unnest(*(array(f"{alias}_{name}", of) for name, of in types.items()))
    named = [column(name, of) for name, of in types.items()]
    if ordinality is None:
        return rows.table_valued(*named).render_derived(name=alias)
    return rows.table_valued(*named, with_ordinality=ordinality).render_derived(name=alias)
