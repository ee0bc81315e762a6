"""Finds the deliveries and endpoints of addresses that requests named."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

INDEXES: tuple[tuple[str, str, Sequence[str | sa.ColumnElement[Any]], bool, str], ...] = (
    ("endpoint_of_requests", "endpoint", ["user_id", "url"], True, "of_requests"),
    ("endpoint_of_requests_age", "endpoint", ["created_at"], False, "of_requests"),
    ("delivery_of_user", "delivery", ["user_id", sa.literal_column("id DESC")], False, "user_id IS NOT NULL"),
    ("delivery_of_user_job", "delivery", ["user_id", "job_id"], False, "user_id IS NOT NULL"),
)


def upgrade() -> None:
    with op.get_context().autocommit_block():
        for name, table, columns, unique, condition in INDEXES:
            op.drop_index(name, table, postgresql_concurrently=True, if_exists=True)
            op.create_index(
                name,
                table,
                columns,
                unique=unique,
                postgresql_where=sa.text(condition),
                postgresql_concurrently=True,
            )


def downgrade() -> None:
    for name, table, *_ in INDEXES:
        op.drop_index(name, table)
