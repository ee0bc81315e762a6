"""SQL of deliveries: recorded once for each endpoint and event, leased to a sender, ended. The caller opens the
transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, Text, Uuid, bindparam, delete, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert

from services.chassis.data.database import Connection
from services.chassis.data.ids import new_id
from services.chassis.data.sql import among, unnest
from services.chassis.data.statements import IdRow, Query, fetch_row, fetch_rows, run
from services.webhook.domain import Answer, Event, Outcome, State, origin_of
from services.webhook.errors import DeliveryNotFound
from services.webhook.rows import DeliveryRow, EndpointRow, LeasedRow, PositionRow
from services.webhook.tables import DELIVERY, ENDPOINT, FEED_POSITION, MOMENT

MAX_REPLAYED = 10_000
MAX_DELETED = 5_000  # deliveries, in one transaction
SLOTS = 4  # tries to one endpoint at a time
FAILING_SLOTS = 1  # while the last try of the endpoint failed

_NOW = bindparam("now", type_=MOMENT)
_ENDPOINT_ID = bindparam("of_endpoint", type_=Uuid())
_MOST = bindparam("most", type_=Integer())
_REGISTERED = ENDPOINT.c.of_requests.is_(False)
_ENDPOINTS_OF = Query(EndpointRow, select(ENDPOINT).where(among(ENDPOINT.c.user_id, "users"), _REGISTERED))
_ANY_ENDPOINT = Query(IdRow, select(ENDPOINT.c.id).where(_REGISTERED).limit(1))
_GIVEN = unnest(
    "given",
    id=Uuid,
    endpoint_id=Uuid,
    event_id=Uuid,
    type=Text,
    job_id=Uuid,
    occurred_at=MOMENT,
    state=Text,
    next_try_at=MOMENT,
    url=Text,
    user_id=Text,
)
_RECORDED = tuple(column.name for column in _GIVEN.c)
_RECORD = (
    insert(DELIVERY)
    .from_select(list(_RECORDED), select(_GIVEN))
    .on_conflict_do_nothing(index_elements=["endpoint_id", "event_id"])
)
# An endpoint's row is locked while its due deliveries are leased, so that two senders cannot exceed its slots together;
# the turns let each endpoint have one try before any has two. Joins, windows and locks of this kind read better as SQL.
_LEASE = Query(
    LeasedRow,
    text(f"""
    with due_endpoint as (
      select id, case when failing_since is null then {SLOTS} else {FAILING_SLOTS} end as slots
        from endpoint
       where disabled_at is null
         and exists (select from delivery
                      where endpoint_id = endpoint.id and state = 'pending' and next_try_at <= :now
                        and (leased_until is null or leased_until <= :now))
         for update skip locked),
    due as (
      select found.id
        from due_endpoint
       cross join lateral (
              select id, next_try_at, row_number() over (order by next_try_at, id) as turn
                from delivery
               where endpoint_id = due_endpoint.id and state = 'pending' and next_try_at <= :now
                 and (leased_until is null or leased_until <= :now)
               order by next_try_at, id
               limit greatest(0, due_endpoint.slots - (
                       select count(*) from delivery
                        where endpoint_id = due_endpoint.id and state = 'pending' and leased_until > :now))) as found
       order by found.turn, found.next_try_at
       limit :most)
    update delivery
       set leased_until = :until, tries = tries + 1, tried_at = :now
      from due, endpoint
      left join default_secret on endpoint.of_requests and default_secret.user_id = endpoint.user_id
     where delivery.id = due.id and endpoint.id = delivery.endpoint_id
    returning delivery.id, delivery.endpoint_id, delivery.event_id, delivery.type, delivery.job_id,
              delivery.occurred_at, delivery.tries, delivery.leased_until, endpoint.user_id,
              coalesce(delivery.url, endpoint.url) as url, coalesce(default_secret.secret, endpoint.secret) as secret,
              endpoint.failing_since,
              case when endpoint.previous_secret_until > :now then endpoint.previous_secret
                   when default_secret.previous_secret_until > :now then default_secret.previous_secret
              end as previous_secret,
              endpoint.of_requests, endpoint.ed25519_key,
              case when endpoint.previous_secret_until > :now then endpoint.previous_ed25519_key
              end as previous_ed25519_key
""").bindparams(  # the numbers are constants
        bindparam("now", type_=MOMENT), bindparam("until", type_=MOMENT), bindparam("most", type_=Integer())
    ),
)
_END_TRY = (
    update(DELIVERY)
    .where(DELIVERY.c.id == bindparam("row_id"), DELIVERY.c.leased_until == bindparam("lease", type_=MOMENT))
    .values(
        state=bindparam("new_state", type_=Text()),
        next_try_at=bindparam("next", type_=MOMENT),
        leased_until=None,
        request_body=bindparam("body", type_=Text()),
        answer_status=bindparam("status", type_=Integer()),
        answer_head=bindparam("head", type_=Text()),
        error=bindparam("new_error", type_=Text()),
    )
)
_RETURN = (
    update(DELIVERY)
    .where(DELIVERY.c.id == bindparam("row_id"), DELIVERY.c.leased_until == bindparam("lease", type_=MOMENT))
    .values(tries=DELIVERY.c.tries - 1, next_try_at=bindparam("next", type_=MOMENT), leased_until=None)
)
_SUCCEEDED = (update(ENDPOINT).where(ENDPOINT.c.id == _ENDPOINT_ID, ENDPOINT.c.failing_since.is_not(None))).values(
    failing_since=None
)
_FAILED = (
    update(ENDPOINT).where(ENDPOINT.c.id == _ENDPOINT_ID, ENDPOINT.c.failing_since.is_(None)).values(failing_since=_NOW)
)
_DISABLE = (
    update(ENDPOINT)
    .where(ENDPOINT.c.id == _ENDPOINT_ID, ENDPOINT.c.disabled_at.is_(None))
    .values(disabled_at=_NOW, disabled_reason=bindparam("reason", type_=Text()))
)
_END_PENDING = (
    update(DELIVERY)
    .where(DELIVERY.c.endpoint_id == _ENDPOINT_ID, DELIVERY.c.state == State.PENDING.value)
    .values(state=State.SKIPPED.value, next_try_at=None, leased_until=None)
)
_LIST = Query(
    DeliveryRow,
    select(DELIVERY)
    .where(
        DELIVERY.c.endpoint_id == _ENDPOINT_ID,
        or_(DELIVERY.c.id < bindparam("before", type_=Uuid()), bindparam("before", type_=Uuid()).is_(None)),
    )
    .order_by(DELIVERY.c.id.desc())
    .limit(_MOST),
)
_AGAIN = {
    "state": State.PENDING.value,
    "tries": 0,
    "next_try_at": _NOW,
    "leased_until": None,
}
_REDELIVER = Query(
    DeliveryRow,
    update(DELIVERY)
    .where(DELIVERY.c.id == bindparam("row_id", type_=Uuid()), DELIVERY.c.endpoint_id == _ENDPOINT_ID)
    .values(_AGAIN)
    .returning(DELIVERY),
)
_SINCE = (
    select(DELIVERY.c.id)
    .where(
        DELIVERY.c.endpoint_id == _ENDPOINT_ID,
        DELIVERY.c.occurred_at >= bindparam("since", type_=MOMENT),
        DELIVERY.c.job_id.is_not(None),
        DELIVERY.c.state != State.PENDING.value,
    )
    .order_by(DELIVERY.c.occurred_at)
    .limit(_MOST)
    .with_for_update()
)
_REPLAY = update(DELIVERY).where(DELIVERY.c.id.in_(_SINCE)).values(_AGAIN)
_OLD = (
    select(DELIVERY.c.id)
    .where(DELIVERY.c.occurred_at < bindparam("cutoff", type_=MOMENT))
    .limit(_MOST)
    .with_for_update(skip_locked=True)
)
_DELETE_OLD = delete(DELIVERY).where(DELIVERY.c.id.in_(_OLD))
_POSITION = Query(PositionRow, select(FEED_POSITION.c.ended_at))
_moved = insert(FEED_POSITION).values(ended_at=bindparam("ended_at", type_=MOMENT))
_MOVE_POSITION = _moved.on_conflict_do_update(
    index_elements=[FEED_POSITION.c.singleton],
    set_={"ended_at": func.greatest(FEED_POSITION.c.ended_at, _moved.excluded.ended_at)},
)


async def record(
    connection: Connection, events: Sequence[Event], origins: Mapping[tuple[str, str], UUID], now: datetime
) -> int:
    """Records a delivery for each endpoint that wants an event, and for the address that its job's request named, once
    however often it is called; returns the new ones.

    origins: the endpoints of such addresses (url_store.origins_of). An endpoint that is disabled gets the delivery as
    skipped, so that a replay finds it.
    """
    if not events:
        return 0
    events = sorted(events, key=lambda event: event.id)  # concurrent recorders wait for each other in this order
    endpoints = await fetch_rows(connection, _ENDPOINTS_OF, {"users": list({event.user_id for event in events})})
    rows: list[tuple[Any, ...]] = [
        (
            new_id(now),
            endpoint.id,
            event.id,
            event.type,
            event.job_id,
            event.occurred_at,
            (State.PENDING if endpoint.disabled_at is None else State.SKIPPED).value,
            now if endpoint.disabled_at is None else None,
            None,
            None,
        )
        for event in events
        for endpoint in endpoints
        if endpoint.user_id == event.user_id
        and event.type in endpoint.events
        and endpoint.project_id in (None, event.project_id)
        and endpoint.created_at <= event.occurred_at
    ]
    rows += [
        (
            new_id(now),
            origins[event.user_id, origin_of(event.webhook_url)],
            event.id,
            event.type,
            event.job_id,
            event.occurred_at,
            State.PENDING.value,
            now,
            event.webhook_url,
            event.user_id,
        )
        for event in events
        if event.webhook_url
    ]
    return await _insert(connection, rows)


async def record_test(
    connection: Connection, endpoint_id: UUID, event_id: UUID, kind: str, now: datetime
) -> DeliveryRow:
    """Records the delivery of a test event and returns its row."""
    delivery_id = new_id(now)
    await _insert(
        connection, [(delivery_id, endpoint_id, event_id, kind, None, now, State.PENDING.value, now, None, None)]
    )
    [row] = await fetch_rows(
        connection, _LIST, {"of_endpoint": endpoint_id, "before": UUID(int=delivery_id.int + 1), "most": 1}
    )
    return row


async def _insert(connection: Connection, rows: Sequence[tuple[Any, ...]]) -> int:
    if not rows:
        return 0
    columns = zip(*rows, strict=True)
    return await run(
        connection, _RECORD, {f"given_{name}": list(column) for name, column in zip(_RECORDED, columns, strict=True)}
    )


async def any_endpoint(connection: Connection) -> bool:
    """Whether anybody has registered an endpoint."""
    return await fetch_row(connection, _ANY_ENDPOINT) is not None


async def lease(connection: Connection, now: datetime, until: datetime, limit: int) -> Sequence[LeasedRow]:
    """Leases due deliveries to the caller until `until`; their endpoints' addresses and secrets come along."""
    return await fetch_rows(connection, _LEASE, {"now": now, "until": until, "most": limit})


async def end_try(
    connection: Connection, leased: LeasedRow, body: str, answer: Answer, outcome: Outcome, now: datetime
) -> bool:
    """Records what came of a leased try. False: the lease was lost, and the result with it."""
    parameters = {
        "row_id": leased.id,
        "lease": leased.leased_until,
        "new_state": outcome.state.value,
        "next": outcome.next_try_at,
        "body": body,
        "status": answer.status,
        "head": answer.head,
        "new_error": answer.error,
    }
    # The endpoint's row first, as a lease takes it: the order of locks.
    if not answer.error:
        await run(connection, _SUCCEEDED, {"of_endpoint": leased.endpoint_id})
    else:
        await run(connection, _FAILED, {"of_endpoint": leased.endpoint_id, "now": now})
    disabled = 0
    if outcome.disable:
        disabled = await run(
            connection, _DISABLE, {"of_endpoint": leased.endpoint_id, "now": now, "reason": outcome.disable}
        )
    kept = bool(await run(connection, _END_TRY, parameters))
    if disabled:
        await run(connection, _END_PENDING, {"of_endpoint": leased.endpoint_id})
    return kept


async def return_lease(connection: Connection, leased: LeasedRow, next_try_at: datetime) -> None:
    """Returns a delivery that could not be tried; it does not count as a try."""
    await run(connection, _RETURN, {"row_id": leased.id, "lease": leased.leased_until, "next": next_try_at})


async def skip_pending(connection: Connection, endpoint_id: UUID) -> None:
    """Ends what waits for an endpoint that was disabled; a replay finds it."""
    await run(connection, _END_PENDING, {"of_endpoint": endpoint_id})


async def list_deliveries(
    connection: Connection, endpoint_id: UUID, before: UUID | None, limit: int
) -> Sequence[DeliveryRow]:
    """Deliveries to an endpoint, newest first; before: only older ones than this."""
    return await fetch_rows(connection, _LIST, {"of_endpoint": endpoint_id, "before": before, "most": limit})


async def redeliver(connection: Connection, endpoint_id: UUID, delivery_id: UUID, now: datetime) -> DeliveryRow:
    """Begins a new series of tries and returns the row. Raises DeliveryNotFound."""
    row = await fetch_row(connection, _REDELIVER, {"row_id": delivery_id, "of_endpoint": endpoint_id, "now": now})
    if row is None:
        raise DeliveryNotFound
    return row


async def replay(connection: Connection, endpoint_id: UUID, since: datetime, now: datetime) -> int:
    """Begins new series of tries for ended deliveries of events since a time; their number, at most MAX_REPLAYED."""
    parameters = {"of_endpoint": endpoint_id, "since": since, "now": now, "most": MAX_REPLAYED}
    return await run(connection, _REPLAY, parameters)


async def delete_old(connection: Connection, cutoff: datetime) -> int:
    """Deletes deliveries of events before `cutoff`, MAX_DELETED at most; their number."""
    return await run(connection, _DELETE_OLD, {"cutoff": cutoff, "most": MAX_DELETED})


async def position(connection: Connection) -> datetime | None:
    """Up to where job's feed has been read; None: never."""
    row = await fetch_row(connection, _POSITION)
    return None if row is None else row.ended_at


async def move_position(connection: Connection, ended_at: datetime) -> None:
    """Records up to where job's feed has been read; an earlier time changes nothing."""
    await run(connection, _MOVE_POSITION, {"ended_at": ended_at})
