"""The tables of the webhook service. Every row is reached through its owner only."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
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

ENDPOINT = Table(
    "endpoint",
    METADATA,
    Column("id", Uuid, primary_key=True),  # version 7: in order of creation
    Column("user_id", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("events", ARRAY(Text), nullable=False),
    Column("project_id", Uuid),  # null: all projects
    Column("secret", Text, nullable=False),  # whsec_…; signatures need the key itself, so it cannot be a hash
    Column("previous_secret", Text),
    Column("previous_secret_until", MOMENT),
    Column("created_at", MOMENT, nullable=False),
    Column("failing_since", MOMENT),  # null: the last try succeeded
    Column("disabled_at", MOMENT),
    Column("disabled_reason", Text),
    # Stands for the addresses of one origin that a user's requests name: `url` is the origin, `created_at` the time of
    # its last event, and the default secret signs. It is never disabled, and nobody sees it.
    Column("of_requests", Boolean, nullable=False, server_default=text("false")),
    Column("ed25519_key", Text),  # whsk_…; null: requests are signed by HMAC only
    Column("previous_ed25519_key", Text),  # signs too until previous_secret_until
    CheckConstraint("num_nulls(previous_secret, previous_secret_until) in (0, 2)", name="endpoint_previous_check"),
    CheckConstraint("num_nulls(disabled_at, disabled_reason) in (0, 2)", name="endpoint_disabled_check"),
)
Index("endpoint_of_user", ENDPOINT.c.user_id, ENDPOINT.c.id.desc())
Index("endpoint_of_requests", ENDPOINT.c.user_id, ENDPOINT.c.url, unique=True, postgresql_where=ENDPOINT.c.of_requests)
Index("endpoint_of_requests_age", ENDPOINT.c.created_at, postgresql_where=ENDPOINT.c.of_requests)

# Signs requests to the addresses that generate requests name.
DEFAULT_SECRET = Table(
    "default_secret",
    METADATA,
    Column("user_id", Text, primary_key=True),
    Column("secret", Text, nullable=False),
    Column("previous_secret", Text),
    Column("previous_secret_until", MOMENT),
    CheckConstraint(
        "num_nulls(previous_secret, previous_secret_until) in (0, 2)", name="default_secret_previous_check"
    ),
)

DELIVERY = Table(
    "delivery",
    METADATA,
    Column("id", Uuid, primary_key=True),  # version 7
    Column("endpoint_id", Uuid, ForeignKey(ENDPOINT.c.id, ondelete="CASCADE"), nullable=False),
    Column("event_id", Uuid, nullable=False),
    Column("type", Text, nullable=False),
    Column("job_id", Uuid),  # null: a test
    Column("occurred_at", MOMENT, nullable=False),
    Column("state", Text, nullable=False),
    Column("tries", Integer, nullable=False, server_default=text("0")),
    Column("next_try_at", MOMENT),
    Column("leased_until", MOMENT),  # a sender tries now; after this time another one may
    Column("tried_at", MOMENT),
    Column("request_body", Text),
    Column("answer_status", Integer),
    Column("answer_head", Text, nullable=False, server_default=""),
    Column("error", Text, nullable=False, server_default=""),
    # The address that the job's request named, and its user; null: the endpoint's.
    Column("url", Text),
    Column("user_id", Text),
    CheckConstraint("num_nulls(url, user_id) in (0, 2)", name="delivery_url_check"),
    CheckConstraint("state in ('pending', 'delivered', 'failed', 'skipped')", name="delivery_state_check"),
    CheckConstraint("(state = 'pending') = (next_try_at is not null)", name="delivery_next_try_check"),
    UniqueConstraint("endpoint_id", "event_id"),
)
Index("delivery_of_endpoint", DELIVERY.c.endpoint_id, DELIVERY.c.id.desc())
# Holds what is to be sent only, so ended deliveries do not make it grow.
Index("delivery_due", DELIVERY.c.endpoint_id, DELIVERY.c.next_try_at, postgresql_where=text("state = 'pending'"))
Index("delivery_age", DELIVERY.c.occurred_at)
Index("delivery_of_user", DELIVERY.c.user_id, DELIVERY.c.id.desc(), postgresql_where=DELIVERY.c.user_id.is_not(None))
Index("delivery_of_user_job", DELIVERY.c.user_id, DELIVERY.c.job_id, postgresql_where=DELIVERY.c.user_id.is_not(None))

# Up to where job's feed has been read. One row; none before the first reading.
FEED_POSITION = Table(
    "feed_position",
    METADATA,
    Column("singleton", Boolean, primary_key=True, server_default=text("true")),
    Column("ended_at", MOMENT, nullable=False),
    CheckConstraint("singleton", name="feed_position_singleton_check"),
)
