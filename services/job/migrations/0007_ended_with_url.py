"""Ended jobs with an address of their own in order of their end, for ListEndedJobs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index("job_ended_with_url", "job", postgresql_concurrently=True, if_exists=True)
        op.create_index(
            "job_ended_with_url",
            "job",
            ["completed_at", "id"],
            postgresql_where=sa.text("completed_at IS NOT NULL AND webhook_url <> ''"),
            postgresql_concurrently=True,
        )


def downgrade() -> None:
    op.drop_index("job_ended_with_url", "job")
