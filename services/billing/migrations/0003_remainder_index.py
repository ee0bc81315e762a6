"""A hold has one remainder."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index("entry_of_remainder", "entry", postgresql_concurrently=True, if_exists=True)
        op.create_index(
            "entry_of_remainder",
            "entry",
            ["job_id"],
            unique=True,
            postgresql_where=sa.text("kind = 'remainder'"),
            postgresql_concurrently=True,
        )


def downgrade() -> None:
    op.drop_index("entry_of_remainder", "entry")
