"""SQL of the addresses that requests name: their users' secrets, and their deliveries. The caller opens the
transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, Integer, Text, Uuid, and_, bindparam, cast, delete, func, or_, select, true, update
from sqlalchemy.dialects.postgresql import insert

from services.chassis.data.database import Connection
from services.chassis.data.ids import new_id
from services.chassis.data.sql import unnest
from services.chassis.data.statements import Query, fetch_row, fetch_rows, run
from services.chassis.webhook_signatures import new_secret
from services.webhook.domain import Event, State, origin_of
from services.webhook.errors import DeliveryNotFound
from services.webhook.rows import DeliveryRow, SecretRow
from services.webhook.tables import DEFAULT_SECRET, DELIVERY, ENDPOINT, MOMENT

MAX_DELETED = 5_000  # endpoints, in one transaction


class _OriginRow(NamedTuple):
    id: UUID
    user_id: str
    url: str


_NOW = bindparam("now", type_=MOMENT)
_USER = bindparam("user", type_=Text())
_MOST = bindparam("most", type_=Integer())
_given = unnest("given", user_id=Text, secret=Text)
_ADD_SECRETS = (
    insert(DEFAULT_SECRET)
    .from_select(["user_id", "secret"], select(_given.c.user_id, _given.c.secret).order_by(_given.c.user_id))
    .on_conflict_do_nothing()
)
_SECRET = Query(SecretRow, select(DEFAULT_SECRET).where(DEFAULT_SECRET.c.user_id == _USER))
_ROTATE = Query(
    SecretRow,
    update(DEFAULT_SECRET)
    .where(DEFAULT_SECRET.c.user_id == _USER)
    .values(
        previous_secret=DEFAULT_SECRET.c.secret,
        previous_secret_until=bindparam("until", type_=MOMENT),
        secret=bindparam("new_secret", type_=Text()),
    )
    .returning(DEFAULT_SECRET),
)
_origins = unnest("origin", id=Uuid, user_id=Text, url=Text)
_new_origins = insert(ENDPOINT).from_select(
    ["id", "user_id", "url", "events", "secret", "created_at", "of_requests"],
    select(
        _origins.c.id, _origins.c.user_id, _origins.c.url, cast("{}", ARRAY(Text)), cast("", Text), _NOW, true()
    ).order_by(_origins.c.user_id, _origins.c.url),  # the order of locks
)
_ADD_ORIGINS = Query(
    _OriginRow,
    _new_origins.on_conflict_do_update(
        index_elements=[ENDPOINT.c.user_id, ENDPOINT.c.url],
        index_where=ENDPOINT.c.of_requests,
        set_={"created_at": func.greatest(ENDPOINT.c.created_at, _new_origins.excluded.created_at)},
    ).returning(ENDPOINT.c.id, ENDPOINT.c.user_id, ENDPOINT.c.url),
)
_BEFORE, _JOB = bindparam("before", type_=Uuid()), bindparam("job", type_=Uuid())
_OF_USER = and_(DELIVERY.c.user_id == _USER, or_(DELIVERY.c.id < _BEFORE, _BEFORE.is_(None)))
_LIST = Query(DeliveryRow, select(DELIVERY).where(_OF_USER).order_by(DELIVERY.c.id.desc()).limit(_MOST))
_LIST_OF_JOB = Query(
    DeliveryRow,
    select(DELIVERY).where(_OF_USER, DELIVERY.c.job_id == _JOB).order_by(DELIVERY.c.id.desc()).limit(_MOST),
)
_REDELIVER = Query(
    DeliveryRow,
    update(DELIVERY)
    .where(DELIVERY.c.id == bindparam("row_id", type_=Uuid()), DELIVERY.c.user_id == _USER)
    .values(state=State.PENDING.value, tries=0, next_try_at=_NOW, leased_until=None)
    .returning(DELIVERY),
)
# An event locks the row that it uses and moves its `created_at`, so that the deletion passes over it.
_DELETE_UNUSED = delete(ENDPOINT).where(
    ENDPOINT.c.id.in_(
        select(ENDPOINT.c.id)
        .where(ENDPOINT.c.of_requests, ENDPOINT.c.created_at < bindparam("cutoff", type_=MOMENT))
        .limit(_MOST)
        .with_for_update(skip_locked=True)
    ),
)


async def origins_of(connection: Connection, events: Sequence[Event], now: datetime) -> dict[tuple[str, str], UUID]:
    """The endpoints that stand for the addresses of these events, by user and origin. They and their users' secrets
    are made where they are missing. Locks the endpoints."""
    wanted = sorted({(event.user_id, origin_of(event.webhook_url)) for event in events if event.webhook_url})
    if not wanted:
        return {}
    users = sorted({user_id for user_id, _ in wanted})
    await run(connection, _ADD_SECRETS, {"given_user_id": users, "given_secret": [new_secret() for _ in users]})
    parameters = {
        "origin_id": [new_id(now) for _ in wanted],
        "origin_user_id": [user_id for user_id, _ in wanted],
        "origin_url": [url for _, url in wanted],
        "now": now,
    }
    return {(row.user_id, row.url): row.id for row in await fetch_rows(connection, _ADD_ORIGINS, parameters)}


async def default_secret(connection: Connection, user_id: str) -> SecretRow:
    """The user's default secret; it is made at the first call."""
    await run(connection, _ADD_SECRETS, {"given_user_id": [user_id], "given_secret": [new_secret()]})
    [row] = await fetch_rows(connection, _SECRET, {"user": user_id})
    return row


async def rotate(connection: Connection, user_id: str, secret: str, until: datetime) -> SecretRow:
    """Replaces the user's default secret; the one before signs too until `until`."""
    await default_secret(connection, user_id)
    [row] = await fetch_rows(connection, _ROTATE, {"user": user_id, "new_secret": secret, "until": until})
    return row


async def list_deliveries(
    connection: Connection, user_id: str, job_id: UUID | None, before: UUID | None, limit: int
) -> Sequence[DeliveryRow]:
    """Deliveries to the addresses of the user's requests, newest first; before: only older ones than this."""
    parameters = {"user": user_id, "before": before, "most": limit}
    if job_id is None:
        return await fetch_rows(connection, _LIST, parameters)
    return await fetch_rows(connection, _LIST_OF_JOB, {**parameters, "job": job_id})


async def redeliver(connection: Connection, user_id: str, delivery_id: UUID, now: datetime) -> DeliveryRow:
    """Begins a new series of tries and returns the row. Raises DeliveryNotFound."""
    row = await fetch_row(connection, _REDELIVER, {"row_id": delivery_id, "user": user_id, "now": now})
    if row is None:
        raise DeliveryNotFound
    return row


async def delete_unused(connection: Connection, cutoff: datetime) -> int:
    """Deletes endpoints of addresses whose last event was before `cutoff`, with their deliveries; their number."""
    return await run(connection, _DELETE_UNUSED, {"cutoff": cutoff, "most": MAX_DELETED})
