"""All tables as of the first release with Alembic."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
# The files of the release before Alembic, which together made the same tables, and their SHA-256.
replaces = {
    "0001_catalog.sql": "49d2a645c382a90542f2c8817d5e6dce2a1bd44108138d53b04a1afa81084033",
    "0002_product_fields.sql": "c961462688ced33a1de791ceadce6c785759a4cf450497f28059492a792ab847",
    "0003_understanding.sql": "c970193979df0cff16b7b88a2e5829e37512597edd5706e1182e3a9afe423f46",
    "0004_logo.sql": "99e13933e7c5ed1dad815399993062117985af7592067ce7435b70f22d422b6f",
}


def upgrade() -> None:
    op.create_table(
        "project",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("brand", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("logo_key", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="project_pkey"),
    )
    op.create_index("project_of_user", "project", ["user_id", sa.literal_column("id DESC")], unique=False)
    op.create_table(
        "product",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("features", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("price", sa.Text(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("image_url", sa.Text(), nullable=True),
        sa.Column("image_key", sa.Text(), nullable=True),
        sa.Column("image_type", sa.Text(), nullable=True),
        sa.Column("landing_page", sa.Text(), nullable=True),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), server_default="", nullable=False),
        sa.Column("category", sa.Text(), server_default="", nullable=False),
        sa.Column("goal", sa.Text(), server_default="", nullable=False),
        sa.Column("sale_price", sa.Text(), nullable=True),
        sa.Column("old_price", sa.Text(), nullable=True),
        sa.Column("price_per", sa.Text(), server_default="", nullable=False),
        sa.Column("offer", postgresql.JSONB(), nullable=True),
        sa.Column("proof", postgresql.JSONB(), nullable=True),
        sa.Column("conditions", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'::text[]"), nullable=False),
        sa.Column("external_id", sa.Text(), server_default="", nullable=False),
        sa.Column("gtin", sa.Text(), server_default="", nullable=False),
        sa.Column("image_urls", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'::text[]"), nullable=False),
        sa.Column("further_image_keys", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'::text[]"), nullable=False),
        sa.CheckConstraint("image_key is not null or further_image_keys = '{}'", name="product_further_photos"),
        sa.CheckConstraint("(image_key is null) = (image_type is null)", name="product_check1"),
        sa.CheckConstraint("cardinality(further_image_keys) < 10", name="product_photo_limit"),
        sa.CheckConstraint("price is null or currency is not null", name="product_check"),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name="product_project_id_fkey", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="product_pkey"),
    )
    op.create_index("product_of_project", "product", ["project_id", sa.literal_column("id DESC")], unique=False)
    op.create_table(
        "understanding",
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("inputs_digest", sa.LargeBinary(), nullable=True),
        sa.Column("reading", sa.LargeBinary(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("corrections", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("(inputs_digest is null) = (reading is null)", name="understanding_check"),
        sa.CheckConstraint("(made_at is null) = (reading is null)", name="understanding_check1"),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name="understanding_product_id_fkey", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("product_id", name="understanding_pkey"),
    )


def downgrade() -> None:
    op.drop_table("understanding")
    op.drop_table("product")
    op.drop_table("project")
