"""All tables as of the first release with Alembic."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
# The files of the release before Alembic, which together made the same tables, and their SHA-256.
replaces = {
    "0001_ledger.sql": "96b36f10df1e00878d10ef315dd49521f971da45af86cccf01cbad53bfe6eb56",
    "0010_api_keys.sql": "223bb790df7777d25a68285b024ba7603ab88779cd630b31522d4f8e4f7ad3ca",
}


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("available", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("held", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("expiring", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint("available >= 0", name="account_available_check"),
        sa.CheckConstraint("expiring between 0 and available", name="account_check"),
        sa.CheckConstraint("held >= 0", name="account_held_check"),
        sa.PrimaryKeyConstraint("user_id", name="account_pkey"),
    )
    op.create_table(
        "api_key",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("hint", sa.Text(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("budget", sa.Integer(), nullable=True),
        sa.Column("spent", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("budget > 0", name="api_key_budget_check"),
        sa.CheckConstraint("length(hash) = 32", name="api_key_hash_check"),
        sa.CheckConstraint("spent <= budget", name="api_key_check"),
        sa.CheckConstraint("spent >= 0", name="api_key_spent_check"),
        sa.PrimaryKeyConstraint("id", name="api_key_pkey"),
        sa.UniqueConstraint("hash", name="api_key_hash_key"),
    )
    op.create_index("api_key_of_user", "api_key", ["user_id", sa.literal_column("id DESC")], unique=False)
    op.create_table(
        "hold",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=True),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("drawn", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refunded_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'held') = (ended_at is null)", name="hold_check1"),
        sa.CheckConstraint("refunded_at is null or state = 'captured'", name="hold_check2"),
        sa.CheckConstraint("state in ('held', 'captured', 'released', 'expired')", name="hold_state_check"),
        sa.CheckConstraint("user_id is not null or (state = 'released' and amount = 0)", name="hold_check3"),
        sa.CheckConstraint("amount >= 0", name="hold_amount_check"),
        sa.CheckConstraint("drawn between 0 and amount", name="hold_check"),
        sa.PrimaryKeyConstraint("job_id", name="hold_pkey"),
    )
    op.create_index("hold_expiry", "hold", ["expires_at"], unique=False, postgresql_where=sa.text("state = 'held'"))
    op.create_table(
        "seal",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("ids", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("digests", sa.LargeBinary(), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="seal_pkey"),
        sa.UniqueConstraint("hash", name="seal_hash_key"),
    )
    op.create_table(
        "entry",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("debit", sa.Text(), nullable=False),
        sa.Column("credit", sa.Text(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.Column("job_type", sa.Text(), nullable=True),
        sa.Column("project_id", sa.Uuid(), nullable=True),
        sa.Column("grant_id", sa.Text(), nullable=True),
        sa.Column("grant_type", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(kind in ('grant', 'lapse')) = (grant_id is not null)", name="entry_check1"),
        sa.CheckConstraint(
            "(kind, debit, credit) in ("
            "('grant', 'issued', 'available'), "
            "('hold', 'available', 'held'), "
            "('capture', 'held', 'revenue'), "
            "('release', 'held', 'available'), "
            "('expire', 'held', 'available'), "
            "('refund', 'revenue', 'available'), "
            "('lapse', 'available', 'issued'))",
            name="entry_check",
        ),
        sa.CheckConstraint(
            "case kind when 'grant' then job_id is null when 'lapse' then true else job_id is not null end",
            name="entry_check2",
        ),
        sa.CheckConstraint("expires_at is null or kind = 'grant'", name="entry_check3"),
        sa.CheckConstraint("amount > 0", name="entry_amount_check"),
        sa.ForeignKeyConstraint(["user_id"], ["account.user_id"], name="entry_user_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="entry_pkey"),
    )
    op.create_index(
        "entry_of_end",
        "entry",
        ["job_id"],
        unique=True,
        postgresql_where=sa.text("kind IN ('capture', 'release', 'expire')"),
    )
    op.create_index("entry_of_grant", "entry", ["grant_id"], unique=True, postgresql_where=sa.text("kind = 'grant'"))
    op.create_index("entry_of_hold", "entry", ["job_id"], unique=True, postgresql_where=sa.text("kind = 'hold'"))
    op.create_index(
        "entry_of_lapse",
        "entry",
        ["grant_id", "job_id"],
        unique=True,
        postgresql_where=sa.text("kind = 'lapse'"),
        postgresql_nulls_not_distinct=True,
    )
    op.create_index("entry_of_refund", "entry", ["job_id"], unique=True, postgresql_where=sa.text("kind = 'refund'"))
    op.create_index(
        "entry_of_user",
        "entry",
        ["user_id", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "entry_of_user_rare",
        "entry",
        ["user_id", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
        postgresql_where=sa.text("kind IN ('grant', 'lapse', 'refund')"),
    )
    op.create_table(
        "key_spending",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("key_id", sa.Uuid(), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("restored", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint("amount > 0", name="key_spending_amount_check"),
        sa.ForeignKeyConstraint(["key_id"], ["api_key.id"], name="key_spending_key_id_fkey"),
        sa.PrimaryKeyConstraint("job_id", name="key_spending_pkey"),
    )
    op.create_index("key_spending_of_key", "key_spending", ["key_id"], unique=False)
    op.create_table(
        "lot",
        sa.Column("grant_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("granted", sa.Integer(), nullable=False),
        sa.Column("remaining", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("granted > 0", name="lot_granted_check"),
        sa.CheckConstraint("remaining between 0 and granted", name="lot_check"),
        sa.ForeignKeyConstraint(["user_id"], ["account.user_id"], name="lot_user_id_fkey"),
        sa.PrimaryKeyConstraint("grant_id", name="lot_pkey"),
    )
    op.create_index("lot_expiry", "lot", ["expires_at"], unique=False, postgresql_where=sa.text("remaining > 0"))
    op.create_index(
        "lot_of_user", "lot", ["user_id", "expires_at"], unique=False, postgresql_where=sa.text("remaining > 0")
    )
    op.create_table(
        "draw",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("grant_id", sa.Text(), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.CheckConstraint("amount > 0", name="draw_amount_check"),
        sa.ForeignKeyConstraint(["grant_id"], ["lot.grant_id"], name="draw_grant_id_fkey"),
        sa.ForeignKeyConstraint(["job_id"], ["hold.job_id"], name="draw_job_id_fkey"),
        sa.PrimaryKeyConstraint("job_id", "grant_id", name="draw_pkey"),
    )

    # Writers share a lock until they commit; who holds it alone knows that every id up to the newest has been decided.
    # Taken before ids are, which is why it is a trigger on the statement.
    op.execute(
        """
        create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'entries are only ever added';
end $$;
        create trigger entry_is_final before update or delete on entry
          for each row execute function refuse_change();
        create trigger entry_is_never_emptied before truncate on entry
          for each statement execute function refuse_change();
        create trigger seal_is_final before update or delete on seal
          for each row execute function refuse_change();
        create function lock_for_writing_entries() returns trigger language plpgsql as $$
begin
  perform pg_advisory_xact_lock_shared(7153004);
  return null;
end $$;
        create trigger entry_writers_lock before insert on entry
          for each statement execute function lock_for_writing_entries();
        """
    )


def downgrade() -> None:
    op.drop_table("draw")
    op.drop_table("lot")
    op.drop_table("key_spending")
    op.drop_table("entry")
    op.drop_table("seal")
    op.drop_table("hold")
    op.drop_table("api_key")
    op.drop_table("account")
    op.execute("drop function refuse_change; drop function lock_for_writing_entries")
