"""Portraits that users upload as avatars."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "portrait",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("asset_key", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("consent_version", sa.Text(), nullable=False),
        sa.Column("faces", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("faces >= 0", name="portrait_faces"),
        sa.PrimaryKeyConstraint("id", name="portrait_pkey"),
    )
    op.create_index("portrait_of_user", "portrait", ["user_id", sa.literal_column("id DESC")], unique=False)


def downgrade() -> None:
    op.drop_table("portrait")
