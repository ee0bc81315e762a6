"""Checks the rows of before against the constraints that 0002 added without reading them."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"

CONSTRAINTS = (
    ("job", "job_check2"),
    ("job", "job_quantity_check"),
    ("job", "job_delivered_check"),
)


def upgrade() -> None:
    for table, constraint in CONSTRAINTS:
        op.execute(f'alter table "{table}" validate constraint {constraint}')  # reads and writes go on meanwhile


def downgrade() -> None:
    """Leaves the constraints as they are: a validated one accepts the same rows."""
