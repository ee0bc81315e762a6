"""SQL of endpoints. The caller opens the transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Text,
    Uuid,
    and_,
    bindparam,
    case,
    delete,
    func,
    insert,
    select,
    update,
)

from services.chassis.data.database import Connection
from services.chassis.data.statements import CountRow, Query, fetch_row, fetch_rows, run
from services.chassis.webhook_signatures import new_ed25519_key
from services.webhook.domain import MAX_ENDPOINTS
from services.webhook.errors import WebhookLimitReached, WebhookNotFound
from services.webhook.rows import EndpointRow
from services.webhook.tables import ENDPOINT, MOMENT

_USER = bindparam("user", type_=Text())
_NOW = bindparam("now", type_=MOMENT)
_REGISTERED = ENDPOINT.c.of_requests.is_(False)  # those of requests are no webhooks of their users
_ONE = and_(ENDPOINT.c.id == bindparam("row_id", type_=Uuid()), ENDPOINT.c.user_id == _USER, _REGISTERED)
# Serializes a user's inserts while the endpoints are counted.
_LOCK_USER = select(func.pg_advisory_xact_lock(func.hashtextextended(_USER, 2)))
_COUNT = Query(CountRow, select(func.count().label("number")).where(ENDPOINT.c.user_id == _USER, _REGISTERED))
_NEW = ("id", "user_id", "url", "events", "project_id", "secret", "created_at", "ed25519_key")
_INSERT = Query(
    EndpointRow, insert(ENDPOINT).values({ENDPOINT.c[name]: bindparam(name) for name in _NEW}).returning(ENDPOINT)
)
_LIST = Query(
    EndpointRow,
    select(ENDPOINT)
    .where(ENDPOINT.c.user_id == _USER, _REGISTERED)
    .order_by(ENDPOINT.c.id.desc())
    .limit(bindparam("most", type_=BigInteger())),
)
_FIND = Query(EndpointRow, select(ENDPOINT).where(_ONE))
_LOCK = Query(EndpointRow, select(ENDPOINT).where(_ONE).with_for_update())
_FIND_ANY = Query(EndpointRow, select(ENDPOINT).where(ENDPOINT.c.id == bindparam("row_id", type_=Uuid()), _REGISTERED))
_DELETE = delete(ENDPOINT).where(_ONE)
_ENABLED, _ED25519 = bindparam("enabled", type_=Boolean()), bindparam("ed25519", type_=Boolean())
_UPDATE = Query(
    EndpointRow,
    update(ENDPOINT)
    .where(_ONE)
    .values(
        url=func.coalesce(bindparam("new_url", type_=Text()), ENDPOINT.c.url),
        events=func.coalesce(bindparam("new_events", type_=ARRAY(Text)), ENDPOINT.c.events),
        failing_since=case((_ENABLED.is_(True), None), else_=ENDPOINT.c.failing_since),
        disabled_at=case(
            (_ENABLED.is_(True), None),
            (_ENABLED.is_(False), func.coalesce(ENDPOINT.c.disabled_at, _NOW)),
            else_=ENDPOINT.c.disabled_at,
        ),
        disabled_reason=case(
            (_ENABLED.is_(True), None),
            (_ENABLED.is_(False), func.coalesce(ENDPOINT.c.disabled_reason, "It was disabled by its owner.")),
            else_=ENDPOINT.c.disabled_reason,
        ),
        ed25519_key=case(
            (_ED25519.is_(True), func.coalesce(ENDPOINT.c.ed25519_key, bindparam("new_key", type_=Text()))),
            (_ED25519.is_(False), None),
            else_=ENDPOINT.c.ed25519_key,
        ),
        previous_ed25519_key=case((_ED25519.is_(False), None), else_=ENDPOINT.c.previous_ed25519_key),
    )
    .returning(ENDPOINT),
)
_ROTATE = Query(
    EndpointRow,
    update(ENDPOINT)
    .where(_ONE)
    .values(
        previous_secret=ENDPOINT.c.secret,
        previous_secret_until=bindparam("until", type_=MOMENT),
        secret=bindparam("new_secret", type_=Text()),
        previous_ed25519_key=ENDPOINT.c.ed25519_key,
        ed25519_key=case((ENDPOINT.c.ed25519_key.is_not(None), bindparam("new_key", type_=Text())), else_=None),
    )
    .returning(ENDPOINT),
)


async def create(connection: Connection, values: dict[str, Any]) -> EndpointRow:
    """Stores an endpoint and returns its row. Raises WebhookLimitReached."""
    user = {"user": values["user_id"]}
    await run(connection, _LOCK_USER, user)
    [row] = await fetch_rows(connection, _COUNT, user)
    if row.number >= MAX_ENDPOINTS:
        raise WebhookLimitReached(MAX_ENDPOINTS)
    [created] = await fetch_rows(connection, _INSERT, values)
    return created


async def list_endpoints(connection: Connection, user_id: str) -> Sequence[EndpointRow]:
    """The user's endpoints, newest first."""
    return await fetch_rows(connection, _LIST, {"user": user_id, "most": MAX_ENDPOINTS})


async def find(connection: Connection, endpoint_id: UUID, user_id: str, *, lock: bool = False) -> EndpointRow:
    """The user's endpoint. Raises WebhookNotFound, also for an endpoint of somebody else."""
    row = await fetch_row(connection, _LOCK if lock else _FIND, {"row_id": endpoint_id, "user": user_id})
    return _found(row)


async def find_of_anyone(connection: Connection, endpoint_id: UUID) -> EndpointRow:
    """The endpoint, whosever it is. Raises WebhookNotFound."""
    row = await fetch_row(connection, _FIND_ANY, {"row_id": endpoint_id})
    return _found(row)


async def change(
    connection: Connection,
    endpoint_id: UUID,
    user_id: str,
    *,
    url: str | None,
    events: Sequence[str] | None,
    enabled: bool | None,
    ed25519: bool | None,
    now: datetime,
) -> EndpointRow:
    """Changes what is not None and returns the row. Raises WebhookNotFound."""
    parameters = {
        "row_id": endpoint_id,
        "user": user_id,
        "new_url": url,
        "new_events": list(events) if events else None,
        "enabled": enabled,
        "ed25519": ed25519,
        "new_key": new_ed25519_key(),
        "now": now,
    }
    row = await fetch_row(connection, _UPDATE, parameters)
    return _found(row)


async def rotate(connection: Connection, endpoint_id: UUID, user_id: str, secret: str, until: datetime) -> EndpointRow:
    """Replaces the secret, and the Ed25519 key if there is one; those before sign too until `until`. Returns the row.
    Raises WebhookNotFound."""
    parameters = {
        "row_id": endpoint_id,
        "user": user_id,
        "new_secret": secret,
        "new_key": new_ed25519_key(),
        "until": until,
    }
    row = await fetch_row(connection, _ROTATE, parameters)
    return _found(row)


async def remove(connection: Connection, endpoint_id: UUID, user_id: str) -> None:
    """Deletes an endpoint and its deliveries. Raises WebhookNotFound."""
    if not await run(connection, _DELETE, {"row_id": endpoint_id, "user": user_id}):
        raise WebhookNotFound


def _found(row: EndpointRow | None) -> EndpointRow:
    if row is None:
        raise WebhookNotFound
    return row
