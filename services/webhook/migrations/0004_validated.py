"""Checks the rows of before against the constraint that 0002 added without reading them."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute("alter table delivery validate constraint delivery_url_check")  # reads and writes go on meanwhile


def downgrade() -> None:
    """Leaves the constraint as it is: a validated one accepts the same rows."""
