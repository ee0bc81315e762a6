"""The sweeper's indexes serve no other statements."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

INDEXES = (
    ("job_expiry", "expires_at", "status IN ('pending', 'queued', 'processing')"),
    ("job_to_dispatch", "dispatch_at", "status = 'queued'"),
)


def upgrade() -> None:
    with op.get_context().autocommit_block():
        for name, column, statuses in INDEXES:
            op.drop_index(name, "job", postgresql_concurrently=True, if_exists=True)
            op.create_index(
                name,
                "job",
                [column],
                postgresql_where=sa.text(f"{statuses} AND {column} > '-infinity'"),
                postgresql_concurrently=True,
            )


def downgrade() -> None:
    for name, column, statuses in INDEXES:
        op.drop_index(name, "job")
        op.create_index(name, "job", [column], postgresql_where=sa.text(statuses))
