"""All tables as of the first release with Alembic."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
# The files of the release before Alembic, which together made the same tables, and their SHA-256.
replaces = {
    "0001_jobs.sql": "d4642b51c527d9ae9fa562f8c4139ea5cbc1ef4284f5953beac916eff4fa62db",
    "0002_trace.sql": "62e05de5ea9448546718b36f1bd55aa8bc04a26ae867889dc4f3b0c692b7edf3",
    "0010_idempotency_records.sql": "376a2ecb2cc84889fbfc4f195d476d9ad4c13e62f57a989e9c4b2f29ca0c6567",
    "0020_retention_mark.sql": "c9ffebcf07a2b6bbe2eb455821c29596d1691a944c352b62cd7042cc6d8a1a73",
    "0021_abandoned_submissions.sql": "e19a19b3c9b825b22ba32ae632db31879506dce7b035c21f71838513c54ce9a0",
    "0022_unsuccessful_jobs_index.sql": "fcac0938e96933543039a807bc34eadd97cb1e11a124065e348edb4d8a4a4c5f",
    "0023_dispatch_at.sql": "799752ef3d438316252b44e18740863b4ec711a8ab9276bc0ea986dd29ce2588",
    "0024_sweeper_indexes.sql": "8e4c6ec29ae56e476db8609fe9f281a6ebcdce8b8552ef5ac2c11306bc3678b1",
    "0030_ended_keys_index.sql": "815c02de25e4cede7a724f16944bdd061d35949b6f1515d7920cfe93cb27313c",
    "0042_priced_as.sql": "0fde9c162f97ff99740c4a6edddf2b53511d4990f0928de3150a9e29bd68c1ea",
}


def upgrade() -> None:
    op.create_table(
        "job",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("self_made", sa.Boolean(), nullable=False),
        sa.Column("credits", sa.Integer(), nullable=True),
        sa.Column("parameters", sa.LargeBinary(), nullable=False),
        sa.Column("turn", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), server_default=sa.text("'-infinity'"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deadline", sa.DateTime(timezone=True), nullable=False),
        sa.Column("dispatches", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("attempt", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("worker", sa.Text(), nullable=True),
        sa.Column("lease_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempt_deadline", sa.DateTime(timezone=True), nullable=True),
        sa.Column("progress", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("stage", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("checkpoint", sa.LargeBinary(), nullable=True),
        sa.Column("error_reason", sa.Text(), nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("dead", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("notes", sa.ARRAY(sa.Text(), dimensions=1), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("result", sa.LargeBinary(), nullable=True),
        sa.Column("retry_of", sa.Uuid(), nullable=True),
        sa.Column("settle", sa.Text(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("traceparent", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("abandoned", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("dispatch_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("priced_as", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.CheckConstraint(
            "(status in ('completed', 'failed', 'canceled', 'expired')) = (completed_at is not null)",
            name="job_check",
        ),
        sa.CheckConstraint("settle in ('capture', 'release')", name="job_settle_check"),
        sa.CheckConstraint("settle is distinct from 'capture' or status = 'completed'", name="job_check2"),
        sa.CheckConstraint(
            "status <> 'processing' or (lease_expires_at is not null and attempt_deadline is not null and attempt > 0)",
            name="job_check3",
        ),
        sa.CheckConstraint(
            "status in ('pending', 'queued', 'processing', 'completed', 'failed', 'canceled', 'expired')",
            name="job_status_check",
        ),
        sa.CheckConstraint(
            "status not in ('queued', 'processing', 'completed') or credits is not null", name="job_check4"
        ),
        sa.CheckConstraint("type in ('copy', 'static_ad', 'video')", name="job_type_check"),
        sa.CheckConstraint("(completed_at is not null) = (settle is not null)", name="job_check1"),
        sa.CheckConstraint("credits >= 0", name="job_credits_check"),
        sa.PrimaryKeyConstraint("id", name="job_pkey"),
    )
    # Every job passes through the partial indexes of queued and live jobs, and every event through the outbox. Their
    # dead entries must be vacuumed long before a fifth of a table with millions of ended jobs has changed, which is
    # the default.
    op.execute(
        "alter table job set (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.005,"
        " autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_insert_scale_factor = 0.02)"
    )
    op.create_index("job_dead", "job", ["id"], unique=False, postgresql_where=sa.text("dead"))
    op.create_index(
        "job_ended_key",
        "job",
        ["user_id", "idempotency_key", "completed_at"],
        unique=False,
        postgresql_where=sa.text("idempotency_key IS NOT NULL AND status IN ('completed', 'canceled')"),
    )
    op.create_index(
        "job_expiry",
        "job",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("status IN ('pending', 'queued', 'processing')"),
    )
    op.create_index(
        "job_live_key",
        "job",
        ["user_id", "idempotency_key"],
        unique=True,
        postgresql_where=sa.text("idempotency_key IS NOT NULL AND status IN ('pending', 'queued', 'processing')"),
    )
    op.create_index(
        "job_live_of_user",
        "job",
        ["user_id"],
        unique=False,
        postgresql_where=sa.text("status IN ('pending', 'queued', 'processing')"),
    )
    op.create_index("job_of_user", "job", ["user_id", sa.literal_column("id DESC")], unique=False)
    op.create_index("job_pending", "job", ["created_at"], unique=False, postgresql_where=sa.text("status = 'pending'"))
    op.create_index(
        "job_processing", "job", ["type", "user_id"], unique=False, postgresql_where=sa.text("status = 'processing'")
    )
    op.create_index(
        "job_queue", "job", ["type", "turn", "id"], unique=False, postgresql_where=sa.text("status = 'queued'")
    )
    op.create_index(
        "job_queue_of_user",
        "job",
        ["type", "user_id", "turn"],
        unique=False,
        postgresql_where=sa.text("status = 'queued'"),
    )
    op.create_index("job_retry_of", "job", ["retry_of"], unique=True, postgresql_where=sa.text("retry_of IS NOT NULL"))
    op.create_index(
        "job_to_dispatch", "job", ["dispatch_at"], unique=False, postgresql_where=sa.text("status = 'queued'")
    )
    op.create_index(
        "job_unsettled",
        "job",
        ["id"],
        unique=False,
        postgresql_where=sa.text("settle IS NOT NULL AND settled_at IS NULL"),
    )
    op.create_index(
        "job_unsuccessful_of_user",
        "job",
        ["user_id", "status", sa.literal_column("id DESC")],
        unique=False,
        postgresql_where=sa.text("status IN ('failed', 'canceled', 'expired')"),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("traceparent", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name="outbox_pkey"),
    )
    op.execute("alter table outbox set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000)")
    op.create_table(
        "retention_mark",
        sa.Column("singleton", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("deleted_until", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("singleton", name="retention_mark_singleton_check"),
        sa.PrimaryKeyConstraint("singleton", name="retention_mark_pkey"),
    )
    op.create_table(
        "asset",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name="asset_job_id_fkey", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="asset_pkey"),
        sa.UniqueConstraint("job_id", "position", name="asset_job_id_position_key"),
    )
    op.create_table(
        "attempt",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("cause", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.CheckConstraint(
            "outcome in ('completed', 'transient', 'input', 'unknown', 'lost', 'returned', 'canceled', 'expired')",
            name="attempt_outcome_check",
        ),
        sa.CheckConstraint("(ended_at is null) = (outcome is null)", name="attempt_check"),
        sa.CheckConstraint("number > 0", name="attempt_number_check"),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name="attempt_job_id_fkey", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", "number", name="attempt_pkey"),
    )
    op.create_table(
        "idempotency_record",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("credits_used", sa.Integer(), nullable=True),
        sa.Column("credits_remaining", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "num_nulls(status, credits_used, credits_remaining) in (0, 3)", name="idempotency_record_check"
        ),
        sa.ForeignKeyConstraint(
            ["job_id"],
            ["job.id"],
            name="idempotency_record_job_id_fkey",
            ondelete="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("user_id", "key", name="idempotency_record_pkey"),
    )
    op.create_index("idempotency_record_age", "idempotency_record", ["created_at"], unique=False)
    op.create_index("idempotency_record_of_job", "idempotency_record", ["job_id"], unique=False)


def downgrade() -> None:
    op.drop_table("idempotency_record")
    op.drop_table("attempt")
    op.drop_table("asset")
    op.drop_table("retention_mark")
    op.drop_table("outbox")
    op.drop_table("job")
