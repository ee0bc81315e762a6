"""Checks the rows of before against the constraints that the release before Alembic added without reading them."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"

CONSTRAINTS = (
    ("product", "product_further_photos"),
    ("product", "product_photo_limit"),
)


def upgrade() -> None:
    for table, constraint in CONSTRAINTS:
        op.execute(f'alter table "{table}" validate constraint {constraint}')  # reads and writes go on meanwhile


def downgrade() -> None:
    """Leaves the constraints as they are: a validated one accepts the same rows."""
