"""The job database: tables, constraints, indexes, and the conditions that the partial indexes have.

A job's row is authoritative; Kafka only carries notifications. Statements use the conditions of this module, whose
statuses are literals: with parameters, a generic plan could not use the partial indexes. Storage parameters, which
SQLAlchemy's tables do not have, stand in the migrations.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ColumnElement,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    and_,
    literal_column,
    text,
)

from services.chassis.data.outbox import outbox_table
from services.chassis.data.sql import NAMING_CONVENTION, in_inline, inline
from services.job.domain import (
    DUPLICABLE_STATUSES,
    LIVE_STATUSES,
    TERMINAL_STATUSES,
    UNSUCCESSFUL_STATUSES,
    Status,
    allowed_from,
)

METADATA = MetaData(naming_convention=NAMING_CONVENTION)

MOMENT = DateTime(timezone=True)
EMPTY = text("''")
ZERO = text("0")
FALSE = text("false")
ALWAYS = text("'-infinity'")


def _listed(values: Iterable[str]) -> str:
    return ", ".join(f"'{value}'" for value in values)


job = Table(
    "job",
    METADATA,
    Column("id", Uuid, nullable=False),  # version 7: in order of creation
    Column("user_id", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("project_id", Uuid, nullable=False),
    Column("product_id", Uuid, nullable=False),
    Column("idempotency_key", Text),
    Column("status", Text, nullable=False),
    Column("self_made", Boolean, nullable=False),  # made by the service that submitted it; never leased to a worker
    Column("credits", Integer),  # amount of its hold; null until the hold is placed
    Column("parameters", LargeBinary, nullable=False),
    Column("turn", BigInteger, nullable=False, server_default=ZERO),  # queue order; see submission_store.py
    Column("not_before", MOMENT, nullable=False, server_default=ALWAYS),  # the next attempt starts no earlier
    Column("expires_at", MOMENT, nullable=False),  # when it expires in its current status
    Column("deadline", MOMENT, nullable=False),  # when it expires in any status
    Column("dispatches", Integer, nullable=False, server_default=ZERO),  # since it was last queued
    Column("attempt", Integer, nullable=False, server_default=ZERO),  # number of the latest attempt
    Column("failures", Integer, nullable=False, server_default=ZERO),  # attempts that failed
    Column("worker", Text),
    Column("lease_expires_at", MOMENT),
    Column("attempt_deadline", MOMENT),
    Column("progress", Integer, nullable=False, server_default=ZERO),
    Column("stage", Text, nullable=False, server_default=EMPTY),
    Column("checkpoint", LargeBinary),
    Column("error_reason", Text),
    Column("error_message", Text),
    # failed for unknown reasons or expired in an outage; an operator may retry it
    Column("dead", Boolean, nullable=False, server_default=FALSE),
    Column("notes", ARRAY(Text, dimensions=1), nullable=False, server_default=text("'{}'")),
    Column("result", LargeBinary),
    Column("retry_of", Uuid),
    Column("settle", Text),  # what settlement does with its hold
    Column("settled_at", MOMENT),  # when billing confirmed the settlement
    Column("created_at", MOMENT, nullable=False),
    Column("updated_at", MOMENT, nullable=False),
    Column("completed_at", MOMENT),
    # W3C traceparent of the call that submitted the job; empty: none
    Column("traceparent", Text, nullable=False, server_default=EMPTY),
    # A pending job that is being taken back cannot be accepted any more, however late its submission continues.
    Column("abandoned", Boolean, nullable=False, server_default=FALSE),
    # When a queued job is dispatched again if no worker has leased it by then.
    Column("dispatch_at", MOMENT, nullable=False, server_default=text("now()")),
    # The price that billing holds for the job where it is not that of its type.
    Column("priced_as", Text, nullable=False, server_default=EMPTY),
    Column("quantity", Integer, nullable=False, server_default=text("1")),  # variants, each at the price
    # Stored variants of a job that makes several; 0 in other jobs.
    Column("delivered", Integer, nullable=False, server_default=ZERO),
    # Where the service webhook reports the end of this job; empty: nowhere. It may hold a customer's token.
    Column("webhook_url", Text, nullable=False, server_default=EMPTY),
    PrimaryKeyConstraint("id", name="job_pkey"),
    CheckConstraint("type in ('copy', 'static_ad', 'video')", name="job_type_check"),
    CheckConstraint(f"status in ({_listed(Status)})", name="job_status_check"),
    CheckConstraint("credits >= 0", name="job_credits_check"),
    CheckConstraint("settle in ('capture', 'release')", name="job_settle_check"),
    CheckConstraint(f"(status in ({_listed(TERMINAL_STATUSES)})) = (completed_at is not null)", name="job_check"),
    CheckConstraint("(completed_at is not null) = (settle is not null)", name="job_check1"),
    CheckConstraint("settle is distinct from 'capture' or status = 'completed' or delivered > 0", name="job_check2"),
    CheckConstraint(
        "status <> 'processing' or (lease_expires_at is not null and attempt_deadline is not null and attempt > 0)",
        name="job_check3",
    ),
    CheckConstraint("status not in ('queued', 'processing', 'completed') or credits is not null", name="job_check4"),
    CheckConstraint("quantity > 0 and delivered between 0 and quantity", name="job_quantity_check"),
    # What is delivered is paid for, and what is not is not.
    CheckConstraint(
        "quantity = 1 or settle is null or (settle = 'capture') = (delivered > 0)", name="job_delivered_check"
    ),
)

attempt = Table(
    "attempt",
    METADATA,
    Column("job_id", Uuid, nullable=False),
    Column("number", Integer, nullable=False),
    Column("worker", Text, nullable=False),
    Column("started_at", MOMENT, nullable=False),
    Column("ended_at", MOMENT),
    Column("outcome", Text),
    Column("cause", Text, nullable=False, server_default=EMPTY),
    PrimaryKeyConstraint("job_id", "number", name="attempt_pkey"),
    ForeignKeyConstraint(["job_id"], ["job.id"], name="attempt_job_id_fkey", ondelete="CASCADE"),
    CheckConstraint("number > 0", name="attempt_number_check"),
    CheckConstraint(
        "outcome in ('completed', 'transient', 'input', 'unknown', 'lost', 'returned', 'canceled', 'expired')",
        name="attempt_outcome_check",
    ),
    CheckConstraint("(ended_at is null) = (outcome is null)", name="attempt_check"),
)

asset = Table(
    "asset",
    METADATA,
    Column("id", Uuid, nullable=False),
    Column("job_id", Uuid, nullable=False),
    Column("position", Integer, nullable=False),
    Column("type", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("content_type", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("variant", Integer, nullable=False, server_default=ZERO),  # from 1; 0: the job makes one only
    Column("facts", Text, nullable=False, server_default=EMPTY),  # AssetFacts as JSON; empty: not recorded
    Column("parent_asset_id", Uuid),  # the asset that it is a variant of, which may have been deleted since
    Column("deleted_at", MOMENT),  # by the job's owner; the row stays, so that the status can list it
    PrimaryKeyConstraint("id", name="asset_pkey"),
    ForeignKeyConstraint(["job_id"], ["job.id"], name="asset_job_id_fkey", ondelete="CASCADE"),
    UniqueConstraint("job_id", "position", name="asset_job_id_position_key"),
)

# What an asset was made from, the worker's own message. A table of its own, since statuses are read without it.
asset_scene = Table(
    "asset_scene",
    METADATA,
    Column("asset_id", Uuid, nullable=False),
    Column("scene", LargeBinary, nullable=False),
    PrimaryKeyConstraint("asset_id", name="asset_scene_pkey"),
    ForeignKeyConstraint(["asset_id"], ["asset.id"], name="asset_scene_asset_id_fkey", ondelete="CASCADE"),
)

outbox = outbox_table(METADATA)

# Responses to requests with an Idempotency-Key. A record is written in the transactions that insert and accept its job,
# so neither a record without its job nor an accepted job without its record can exist. A record is deleted after 24
# hours, or with its job.
idempotency_record = Table(
    "idempotency_record",
    METADATA,
    Column("user_id", Text, nullable=False),
    Column("key", Text, nullable=False),  # the Idempotency-Key header
    Column("digest", LargeBinary, nullable=False),  # SHA-256 of the request that claimed the key
    Column("job_id", Uuid, nullable=False),
    Column("status", Text),  # null: not decided yet
    Column("credits_used", Integer),
    Column("credits_remaining", Integer),
    Column("created_at", MOMENT, nullable=False),
    PrimaryKeyConstraint("user_id", "key", name="idempotency_record_pkey"),
    ForeignKeyConstraint(
        ["job_id"],
        ["job.id"],
        name="idempotency_record_job_id_fkey",
        ondelete="CASCADE",
        deferrable=True,
        initially="DEFERRED",
    ),
    CheckConstraint("num_nulls(status, credits_used, credits_remaining) in (0, 3)", name="idempotency_record_check"),
    Index("idempotency_record_of_job", "job_id"),
    Index("idempotency_record_age", "created_at"),
)

# Jobs that ended before `deleted_until` may have been deleted for their age. One row; none before the first deletion.
retention_mark = Table(
    "retention_mark",
    METADATA,
    Column("singleton", Boolean, nullable=False, server_default=text("true")),
    Column("deleted_until", MOMENT, nullable=False),
    PrimaryKeyConstraint("singleton", name="retention_mark_pkey"),
    CheckConstraint("singleton", name="retention_mark_singleton_check"),
)


def status_is(*statuses: str) -> ColumnElement[bool]:
    """The condition that a job has one of these statuses, as literals."""
    if len(statuses) == 1:
        return job.c.status == inline(statuses[0])
    return in_inline(job.c.status, statuses)


def may_become(target: Status) -> ColumnElement[bool]:
    """The condition that a job has a status from which it may become `target`."""
    return status_is(*allowed_from(target))


# Conditions that statements share with partial indexes.
PENDING = status_is(Status.PENDING)
QUEUED = status_is(Status.QUEUED)
PROCESSING = status_is(Status.PROCESSING)
LIVE = status_is(*LIVE_STATUSES)
TERMINAL = status_is(*TERMINAL_STATUSES)
UNSUCCESSFUL = status_is(*UNSUCCESSFUL_STATUSES)
DUPLICABLE = status_is(*DUPLICABLE_STATUSES)
UNSETTLED = and_(job.c.settle.is_not(None), job.c.settled_at.is_(None))
_WITH_KEY = job.c.idempotency_key.is_not(None)
# True of every job, but the planner does not know it, so only the sweeper's statements read the indexes with these
# conditions. While the last analysis found hardly any live job, all indexes of live jobs cost the planner the same; it
# might then read all live jobs by these two where another statement wants those of one user.
EXPIRES = job.c.expires_at > ALWAYS
IS_DISPATCHED = job.c.dispatch_at > ALWAYS

# One live job per idempotency key of a user: the second of two concurrent requests reuses the first one's job.
Index("job_live_key", job.c.user_id, job.c.idempotency_key, unique=True, postgresql_where=and_(_WITH_KEY, LIVE))
# A dead job is retried at most once.
Index("job_retry_of", job.c.retry_of, unique=True, postgresql_where=job.c.retry_of.is_not(None))
# These indexes hold live, unsettled or dead rows only, so ended jobs do not make them grow.
Index("job_queue", job.c.type, job.c.turn, job.c.id, postgresql_where=QUEUED)
Index("job_queue_of_user", job.c.type, job.c.user_id, job.c.turn, postgresql_where=QUEUED)
Index("job_processing", job.c.type, job.c.user_id, postgresql_where=PROCESSING)
Index("job_live_of_user", job.c.user_id, postgresql_where=LIVE)
Index("job_expiry", job.c.expires_at, postgresql_where=and_(LIVE, EXPIRES))
Index("job_unsettled", job.c.id, postgresql_where=UNSETTLED)
Index("job_dead", job.c.id, postgresql_where=job.c.dead)
# The sweeper looks twice a second for queued jobs to dispatch again and for interrupted submissions.
Index("job_to_dispatch", job.c.dispatch_at, postgresql_where=and_(QUEUED, IS_DISPATCHED))
Index("job_pending", job.c.created_at, postgresql_where=PENDING)
Index("job_of_user", job.c.user_id, job.c.id.desc())
# Few of a user's jobs are unsuccessful. This index finds a page of them without reading the other jobs.
Index("job_unsuccessful_of_user", job.c.user_id, job.c.status, job.c.id.desc(), postgresql_where=UNSUCCESSFUL)
# A request that arrived while the job of its key was live is a duplicate, even if it is decided after the job's end.
# The index holds the ended jobs that duplicates find: those with a key that were completed or canceled.
Index(
    "job_ended_key",
    job.c.user_id,
    job.c.idempotency_key,
    job.c.completed_at,
    postgresql_where=and_(_WITH_KEY, DUPLICABLE),
)
# ListEndedJobs reads jobs in order of their end. A row enters once, at its end.
Index("job_ended", job.c.completed_at, job.c.id, postgresql_where=job.c.completed_at.is_not(None))
# The same for those with an address of their own, which are few where nobody has registered a webhook.
HAS_WEBHOOK_URL = job.c.webhook_url != literal_column("''")
Index(
    "job_ended_with_url",
    job.c.completed_at,
    job.c.id,
    postgresql_where=and_(job.c.completed_at.is_not(None), HAS_WEBHOOK_URL),
)
