"""What an asset was made from, and the asset that it is a variant of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("asset", sa.Column("parent_asset_id", sa.Uuid(), nullable=True))
    op.create_table(
        "asset_scene",
        sa.Column("asset_id", sa.Uuid(), nullable=False),
        sa.Column("scene", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("asset_id", name="asset_scene_pkey"),
        sa.ForeignKeyConstraint(["asset_id"], ["asset.id"], name="asset_scene_asset_id_fkey", ondelete="CASCADE"),
    )


def downgrade() -> None:
    op.drop_table("asset_scene")
    op.drop_column("asset", "parent_asset_id")
