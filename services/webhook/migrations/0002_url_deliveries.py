"""Addresses that single requests name, users' default secrets, and Ed25519 keys."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "default_secret",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("previous_secret", sa.Text(), nullable=True),
        sa.Column("previous_secret_until", moment, nullable=True),
        sa.CheckConstraint(
            "num_nulls(previous_secret, previous_secret_until) in (0, 2)", name="default_secret_previous_check"
        ),
        sa.PrimaryKeyConstraint("user_id", name="default_secret_pkey"),
    )
    op.add_column(
        "endpoint", sa.Column("of_requests", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.add_column("endpoint", sa.Column("ed25519_key", sa.Text(), nullable=True))
    op.add_column("endpoint", sa.Column("previous_ed25519_key", sa.Text(), nullable=True))
    op.add_column("delivery", sa.Column("url", sa.Text(), nullable=True))
    op.add_column("delivery", sa.Column("user_id", sa.Text(), nullable=True))
    op.create_check_constraint(
        "delivery_url_check", "delivery", "num_nulls(url, user_id) in (0, 2)", postgresql_not_valid=True
    )


def downgrade() -> None:
    op.execute("delete from endpoint where of_requests")
    op.drop_constraint("delivery_url_check", "delivery")
    op.drop_column("delivery", "user_id")
    op.drop_column("delivery", "url")
    op.drop_column("endpoint", "previous_ed25519_key")
    op.drop_column("endpoint", "ed25519_key")
    op.drop_column("endpoint", "of_requests")
    op.drop_table("default_secret")
