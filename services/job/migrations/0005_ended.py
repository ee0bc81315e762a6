"""Ended jobs in order of their end, for ListEndedJobs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index("job_ended", "job", postgresql_concurrently=True, if_exists=True)
        op.create_index(
            "job_ended",
            "job",
            ["completed_at", "id"],
            postgresql_where=sa.text("completed_at IS NOT NULL"),
            postgresql_concurrently=True,
        )


def downgrade() -> None:
    op.drop_index("job_ended", "job")
