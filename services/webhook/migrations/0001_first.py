"""Endpoints, deliveries and the position in job's feed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "endpoint",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("events", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=True),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("previous_secret", sa.Text(), nullable=True),
        sa.Column("previous_secret_until", moment, nullable=True),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("failing_since", moment, nullable=True),
        sa.Column("disabled_at", moment, nullable=True),
        sa.Column("disabled_reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "num_nulls(previous_secret, previous_secret_until) in (0, 2)", name="endpoint_previous_check"
        ),
        sa.CheckConstraint("num_nulls(disabled_at, disabled_reason) in (0, 2)", name="endpoint_disabled_check"),
        sa.PrimaryKeyConstraint("id", name="endpoint_pkey"),
    )
    op.create_index("endpoint_of_user", "endpoint", ["user_id", sa.literal_column("id DESC")], unique=False)
    op.create_table(
        "delivery",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.Column("occurred_at", moment, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_try_at", moment, nullable=True),
        sa.Column("leased_until", moment, nullable=True),
        sa.Column("tried_at", moment, nullable=True),
        sa.Column("request_body", sa.Text(), nullable=True),
        sa.Column("answer_status", sa.Integer(), nullable=True),
        sa.Column("answer_head", sa.Text(), server_default="", nullable=False),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("state in ('pending', 'delivered', 'failed', 'skipped')", name="delivery_state_check"),
        sa.CheckConstraint("(state = 'pending') = (next_try_at is not null)", name="delivery_next_try_check"),
        sa.ForeignKeyConstraint(
            ["endpoint_id"], ["endpoint.id"], name="delivery_endpoint_id_fkey", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="delivery_pkey"),
        sa.UniqueConstraint("endpoint_id", "event_id", name="delivery_endpoint_id_event_id_key"),
    )
    op.create_index("delivery_age", "delivery", ["occurred_at"], unique=False)
    op.create_index(
        "delivery_due",
        "delivery",
        ["endpoint_id", "next_try_at"],
        unique=False,
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_index("delivery_of_endpoint", "delivery", ["endpoint_id", sa.literal_column("id DESC")], unique=False)
    op.create_table(
        "feed_position",
        sa.Column("singleton", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("ended_at", moment, nullable=False),
        sa.CheckConstraint("singleton", name="feed_position_singleton_check"),
        sa.PrimaryKeyConstraint("singleton", name="feed_position_pkey"),
    )


def downgrade() -> None:
    for table in ("feed_position", "delivery", "endpoint"):
        op.drop_table(table)
