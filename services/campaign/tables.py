"""The tables of the campaign service. Every row is reached through its owner only."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from services.chassis.data.sql import NAMING_CONVENTION

METADATA = MetaData(naming_convention=NAMING_CONVENTION)
MOMENT = DateTime(timezone=True)
EMPTY = text("''")
ZERO = text("0")
IS_LIVE = "state in ('admitting', 'running')"

CAMPAIGN = Table(
    "campaign",
    METADATA,
    Column("id", Uuid, primary_key=True),  # version 7: in order of creation
    Column("user_id", Text, nullable=False),
    Column("api_key_id", Text, nullable=False, server_default=EMPTY),  # of the request; its budget pays
    Column("project_id", Uuid, nullable=False),
    Column("name", Text, nullable=False, server_default=EMPTY),
    Column("state", Text, nullable=False),
    Column("variant_axis", Text),
    Column("max_credits", Integer),
    Column("price_list", Text, nullable=False),  # of billing; its prices are held for every child
    Column("credits_estimated", Integer, nullable=False),
    Column("children", Integer, nullable=False),
    Column("tone", Text, nullable=False, server_default=EMPTY),  # of the headlines; empty: the writer's own
    Column("idempotency_key", Text, nullable=False, server_default=EMPTY),  # from the request's body
    Column("created_at", MOMENT, nullable=False),
    Column("expires_at", MOMENT),  # of an estimate
    Column("begun_at", MOMENT),
    Column("canceled", Boolean, nullable=False, server_default=text("false")),  # nothing more may begin
    Column("ended_at", MOMENT),
    Column("next_step_at", MOMENT),
    Column("leased_until", MOMENT),  # a process works on it now; after this time another one may
    Column("failures", Integer, nullable=False, server_default=ZERO),  # steps in a row that could not go on
    CheckConstraint(
        "state in ('estimated', 'admitting', 'running', 'completed', 'capped', 'canceled', 'failed')",
        name="campaign_state_check",
    ),
    CheckConstraint("(state = 'estimated') = (begun_at is null)", name="campaign_begun_check"),
    CheckConstraint(f"({IS_LIVE}) = (next_step_at is not null)", name="campaign_step_check"),
    CheckConstraint(
        "(state in ('completed', 'capped', 'canceled', 'failed')) = (ended_at is not null)", name="campaign_ended_check"
    ),
    CheckConstraint("children between 1 and 1000", name="campaign_children_check"),
)
Index("campaign_of_user", CAMPAIGN.c.user_id, CAMPAIGN.c.id.desc())
# These hold what has not ended only, so ended campaigns do not make them grow.
Index("campaign_due", CAMPAIGN.c.next_step_at, postgresql_where=text(IS_LIVE))
Index(
    "campaign_live_key",
    CAMPAIGN.c.user_id,
    CAMPAIGN.c.idempotency_key,
    unique=True,
    postgresql_where=text(f"{IS_LIVE} and idempotency_key <> ''"),
)
Index("campaign_estimate_expiry", CAMPAIGN.c.expires_at, postgresql_where=text("state = 'estimated'"))
Index("campaign_age", CAMPAIGN.c.ended_at, postgresql_where=text("ended_at is not null"))

CHILD = Table(
    "child",
    METADATA,
    Column("campaign_id", Uuid, ForeignKey(CAMPAIGN.c.id, ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),  # its place in the order, from 1
    Column("product_id", Uuid, nullable=False),
    Column("product_name", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("request", LargeBinary, nullable=False),  # the message of the service that makes it
    Column("version", Integer, nullable=False),  # 0: the axis does not change it
    Column("headline_version", Integer, nullable=False),  # 0: it takes no headline
    Column("headline", Text),  # null: not written yet
    Column("credits", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("tried_at", MOMENT),  # since then, a job may exist whose id is not known
    Column("job_id", Uuid),
    Column("reason", Text, nullable=False, server_default=EMPTY),
    Column("message", Text, nullable=False, server_default=EMPTY),
    Column("spent", Integer, nullable=False, server_default=ZERO),
    Column("language", Text, nullable=False, server_default=EMPTY),  # that was asked for; empty: the product's
    CheckConstraint(
        "state in ('waiting', 'running', 'completed', 'failed', 'canceled', 'skipped')", name="child_state_check"
    ),
    CheckConstraint("type in ('copy', 'static_ad', 'video')", name="child_type_check"),
    CheckConstraint("state not in ('running', 'completed') or job_id is not null", name="child_job_check"),
    CheckConstraint("spent between 0 and credits", name="child_spent_check"),
    CheckConstraint("spent = 0 or state in ('completed', 'canceled', 'failed')", name="child_spent_ended_check"),
    UniqueConstraint("job_id"),
)

# The responses to requests with an Idempotency-Key.
IDEMPOTENCY_RECORD = Table(
    "idempotency_record",
    METADATA,
    Column("user_id", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("digest", LargeBinary, nullable=False),
    Column("response", LargeBinary, nullable=False),
    Column("created_at", MOMENT, nullable=False),
)
Index("idempotency_record_age", IDEMPOTENCY_RECORD.c.created_at)
