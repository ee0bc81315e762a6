"""Campaigns, their children and the responses to requests with an Idempotency-Key."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

IS_LIVE = "state in ('admitting', 'running')"


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    empty, zero = sa.text("''"), sa.text("0")
    op.create_table(
        "campaign",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("api_key_id", sa.Text(), server_default=empty, nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), server_default=empty, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("variant_axis", sa.Text(), nullable=True),
        sa.Column("max_credits", sa.Integer(), nullable=True),
        sa.Column("price_list", sa.Text(), nullable=False),
        sa.Column("credits_estimated", sa.Integer(), nullable=False),
        sa.Column("children", sa.Integer(), nullable=False),
        sa.Column("tone", sa.Text(), server_default=empty, nullable=False),
        sa.Column("idempotency_key", sa.Text(), server_default=empty, nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("expires_at", moment, nullable=True),
        sa.Column("begun_at", moment, nullable=True),
        sa.Column("canceled", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("ended_at", moment, nullable=True),
        sa.Column("next_step_at", moment, nullable=True),
        sa.Column("leased_until", moment, nullable=True),
        sa.Column("failures", sa.Integer(), server_default=zero, nullable=False),
        sa.CheckConstraint(
            "state in ('estimated', 'admitting', 'running', 'completed', 'capped', 'canceled', 'failed')",
            name="campaign_state_check",
        ),
        sa.CheckConstraint("(state = 'estimated') = (begun_at is null)", name="campaign_begun_check"),
        sa.CheckConstraint(f"({IS_LIVE}) = (next_step_at is not null)", name="campaign_step_check"),
        sa.CheckConstraint(
            "(state in ('completed', 'capped', 'canceled', 'failed')) = (ended_at is not null)",
            name="campaign_ended_check",
        ),
        sa.CheckConstraint("children between 1 and 1000", name="campaign_children_check"),
        sa.PrimaryKeyConstraint("id", name="campaign_pkey"),
    )
    op.create_index("campaign_of_user", "campaign", ["user_id", sa.literal_column("id DESC")], unique=False)
    op.create_index("campaign_due", "campaign", ["next_step_at"], unique=False, postgresql_where=sa.text(IS_LIVE))
    op.create_index(
        "campaign_live_key",
        "campaign",
        ["user_id", "idempotency_key"],
        unique=True,
        postgresql_where=sa.text(f"{IS_LIVE} and idempotency_key <> ''"),
    )
    op.create_index(
        "campaign_estimate_expiry",
        "campaign",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("state = 'estimated'"),
    )
    op.create_index(
        "campaign_age", "campaign", ["ended_at"], unique=False, postgresql_where=sa.text("ended_at is not null")
    )
    op.create_table(
        "child",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("product_name", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("request", sa.LargeBinary(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("headline_version", sa.Integer(), nullable=False),
        sa.Column("headline", sa.Text(), nullable=True),
        sa.Column("credits", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("tried_at", moment, nullable=True),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), server_default=empty, nullable=False),
        sa.Column("message", sa.Text(), server_default=empty, nullable=False),
        sa.Column("spent", sa.Integer(), server_default=zero, nullable=False),
        sa.CheckConstraint(
            "state in ('waiting', 'running', 'completed', 'failed', 'canceled', 'skipped')", name="child_state_check"
        ),
        sa.CheckConstraint("type in ('copy', 'static_ad', 'video')", name="child_type_check"),
        sa.CheckConstraint("state not in ('running', 'completed') or job_id is not null", name="child_job_check"),
        sa.CheckConstraint("spent between 0 and credits", name="child_spent_check"),
        sa.CheckConstraint("spent = 0 or state in ('completed', 'canceled', 'failed')", name="child_spent_ended_check"),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name="child_campaign_id_fkey", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("campaign_id", "number", name="child_pkey"),
        sa.UniqueConstraint("job_id", name="child_job_id_key"),
    )
    op.create_table(
        "idempotency_record",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("response", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "key", name="idempotency_record_pkey"),
    )
    op.create_index("idempotency_record_age", "idempotency_record", ["created_at"], unique=False)


def downgrade() -> None:
    for table in ("idempotency_record", "child", "campaign"):
        op.drop_table(table)
