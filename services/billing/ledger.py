"""The ledger: reads and writes accounts, holds, grants and entries. Statements take whole batches as arrays.

Every check runs in the statement that makes the change, or after the account is locked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from psycopg.errors import UniqueViolation
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    Text,
    Uuid,
    and_,
    bindparam,
    cast,
    func,
    literal_column,
    null,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from services.billing import api_keys
from services.billing.accounts import Account, NewEntry, insert_entries, lock, save
from services.billing.domain import (
    MAX_BALANCE,
    Balance,
    Book,
    EntryKind,
    Grant,
    HoldEnd,
    HoldOutcome,
    HoldRequest,
    HoldResult,
    HoldState,
)
from services.billing.errors import AlreadyRefunded, BalanceTooLarge, GrantConflict, HoldNotFound, NotCaptured
from services.billing.tables import (
    ACCOUNT,
    DRAW,
    ENDS,
    ENTRY,
    HOLD,
    IS_HELD,
    IS_RARE,
    LOT,
    MOMENT,
    NEWEST_FIRST,
    RARE_KINDS,
    UNSPENT,
    is_kind,
)
from services.chassis.data.database import Connection
from services.chassis.data.sql import among, inline, unnest
from services.chassis.data.statements import fetch_row, fetch_rows, run
from services.chassis.errors import FieldViolation, ValidationFailed

EXPIRING_SOON_PERIOD = timedelta(days=7)

NOW = bindparam("now", type_=MOMENT)
LIMIT = bindparam("limit", type_=BigInteger())
SINCE = bindparam("since", type_=MOMENT)
UNTIL = bindparam("until", type_=MOMENT)
JOB = bindparam("job", type_=Uuid())
USER = bindparam("user", type_=Text())
NO_CREDITS = literal_column("0", Integer)

_HOLDS = unnest(
    "given",
    job_id=Uuid,
    user_id=Text,
    type=Text,
    project_id=Uuid,
    amount=Integer,
    drawn=Integer,
    expires_at=MOMENT,
)
INSERT_HOLDS = insert(HOLD).from_select(
    [*(column.name for column in _HOLDS.c), "state", "created_at"], select(_HOLDS, inline(HoldState.HELD), NOW)
)
# A data-modifying expression that no other part of the statement reads runs all the same.
_DRAWS = select(unnest("given", job_id=Uuid, grant_id=Text, amount=Integer)).cte("drawn")
_DRAW_SUMS = (
    select(_DRAWS.c.grant_id, func.sum(_DRAWS.c.amount).label("total")).group_by(_DRAWS.c.grant_id).subquery("sums")
)
INSERT_DRAWS = (
    insert(DRAW)
    .from_select(["job_id", "grant_id", "amount"], select(_DRAWS))
    .add_cte(
        update(LOT)
        .where(LOT.c.grant_id == _DRAW_SUMS.c.grant_id)
        .values(remaining=LOT.c.remaining - _DRAW_SUMS.c.total)
        .cte("updated")
    )
)
_TOMBSTONES = unnest("given", job_id=Uuid)
INSERT_TOMBSTONES = (
    insert(HOLD)
    .from_select(
        ["job_id", "user_id", "type", "amount", "state", "created_at", "expires_at", "ended_at"],
        select(
            _TOMBSTONES.c.job_id, cast(null(), Text), inline(""), NO_CREDITS, inline(HoldState.RELEASED), NOW, NOW, NOW
        ),
    )
    .on_conflict_do_nothing()
)
HOLDS_OF_JOBS = among(HOLD.c.job_id, "job_ids")
FIND_HELD = select(HOLD.c.job_id, HOLD.c.user_id).where(HOLDS_OF_JOBS, IS_HELD)
_ENDS = unnest("given", job_id=Uuid, state=Text)
END_HOLDS = (
    update(HOLD)
    .where(HOLD.c.job_id == _ENDS.c.job_id, IS_HELD)
    .values(state=_ENDS.c.state, ended_at=NOW)
    .returning(HOLD.c.job_id, HOLD.c.user_id, HOLD.c.type, HOLD.c.project_id, HOLD.c.amount, HOLD.c.drawn)
)
FIND_DRAWS = (
    select(DRAW.c.job_id, DRAW.c.grant_id, LOT.c.user_id, DRAW.c.amount, LOT.c.expires_at)
    .join_from(DRAW, LOT)
    .where(among(DRAW.c.job_id, "job_ids"))
)
_RELEASED = unnest("given", grant_id=Text, amount=Integer)
RELEASE_TO_LOTS = (
    update(LOT).where(LOT.c.grant_id == _RELEASED.c.grant_id).values(remaining=LOT.c.remaining + _RELEASED.c.amount)
)
FIND_LAPSED = (
    select(LOT.c.user_id)
    .where(UNSPENT, LOT.c.expires_at <= NOW)
    .group_by(LOT.c.user_id)
    .order_by(func.min(LOT.c.expires_at))
    .limit(LIMIT)
)
FIND_EXPIRED = select(HOLD.c.job_id).where(IS_HELD, HOLD.c.expires_at < NOW).order_by(HOLD.c.expires_at).limit(LIMIT)
INSERT_ACCOUNT = insert(ACCOUNT).values(user_id=bindparam("user_id")).on_conflict_do_nothing()
FIND_GRANT = select(ENTRY.c.user_id, ENTRY.c.amount, ENTRY.c.reason, ENTRY.c.grant_type, ENTRY.c.expires_at).where(
    ENTRY.c.grant_id == bindparam("grant"), is_kind(EntryKind.GRANT)
)
INSERT_LOT = insert(LOT).values({column: bindparam(column.name) for column in LOT.c})
FIND_HOLD = select(HOLD).where(HOLD.c.job_id == JOB)
LOCK_HOLD = FIND_HOLD.with_for_update()
FIND_HOLD_OF_USER = FIND_HOLD.where(HOLD.c.user_id == USER)
REFUND_HOLD = update(HOLD).where(HOLD.c.job_id == JOB).values(refunded_at=NOW)
IS_PLACED = HOLD.c.user_id.is_not(None)  # not a tombstone
LIST_HOLDS = (
    select(HOLD).where(HOLD.c.job_id > bindparam("after", type_=Uuid()), IS_PLACED).order_by(HOLD.c.job_id).limit(LIMIT)
)
FIND_HOLDS = select(HOLD).where(HOLDS_OF_JOBS, IS_PLACED)
STATES = select(HOLD.c.job_id, HOLD.c.state, HOLD.c.user_id, HOLD.c.amount).where(HOLDS_OF_JOBS)

_SOON = bindparam("soon", type_=MOMENT)
_REMAINING = func.sum(LOT.c.remaining)
_LOTS = (
    select(
        cast(_REMAINING.filter(LOT.c.expires_at <= NOW), Integer).label("past"),
        cast(_REMAINING.filter(LOT.c.expires_at > NOW, LOT.c.expires_at <= _SOON), Integer).label("soon"),
        func.min(LOT.c.expires_at).filter(LOT.c.expires_at > NOW).label("next_expiry"),
    )
    .where(LOT.c.user_id == ACCOUNT.c.user_id, UNSPENT)
    .lateral("lots")
)
BALANCES = (
    select(
        ACCOUNT.c.user_id,
        (ACCOUNT.c.available - func.coalesce(_LOTS.c.past, NO_CREDITS)).label("available"),
        ACCOUNT.c.held,
        func.coalesce(_LOTS.c.soon, NO_CREDITS).label("expiring_soon"),
        _LOTS.c.next_expiry,
    )
    .select_from(ACCOUNT.outerjoin(_LOTS, ACCOUNT.c.expiring > NO_CREDITS))
    .where(among(ACCOUNT.c.user_id, "users"))
)

_DAY = func.to_char(func.timezone(inline("UTC"), ENTRY.c.created_at), inline("YYYY-MM-DD"))


def _credits_of(kind: EntryKind) -> ColumnElement[int]:
    return cast(func.coalesce(func.sum(ENTRY.c.amount).filter(is_kind(kind)), NO_CREDITS), Integer)


USAGE = (
    select(
        _DAY.label("date"),
        ENTRY.c.job_type.label("type"),
        cast(func.count().filter(is_kind(EntryKind.CAPTURE)), Integer).label("jobs"),
        _credits_of(EntryKind.CAPTURE).label("credits"),
        _credits_of(EntryKind.REFUND).label("refunded"),
    )
    .where(
        ENTRY.c.user_id == USER,
        ENTRY.c.created_at >= SINCE,
        ENTRY.c.created_at < UNTIL,
        is_kind(EntryKind.CAPTURE, EntryKind.REFUND),
    )
    .group_by(literal_column("1"), literal_column("2"))
    .order_by(literal_column("1"), literal_column("2"))
)

_OF_JOB = ENTRY.c.job_id == JOB
_DRAWN_BY_JOB = select(DRAW.c.grant_id).where(DRAW.c.job_id == JOB).scalar_subquery()
# By the name of the filter's parameter.
ENTRY_FILTERS: dict[str, ColumnElement[bool]] = {
    "before_id": tuple_(ENTRY.c.created_at, ENTRY.c.id)
    < tuple_(bindparam("before_time", type_=MOMENT), bindparam("before_id", type_=BigInteger())),
    "since": ENTRY.c.created_at >= SINCE,
    "until": ENTRY.c.created_at < UNTIL,
    # Spelled like the conditions of the partial unique indexes; otherwise none of them is used.
    "job": or_(
        and_(is_kind(EntryKind.HOLD), _OF_JOB),
        and_(ENDS, _OF_JOB),
        and_(is_kind(EntryKind.REFUND), _OF_JOB),
        and_(is_kind(EntryKind.LAPSE), _OF_JOB, ENTRY.c.grant_id.in_(_DRAWN_BY_JOB)),
    ),
    "project": ENTRY.c.project_id == bindparam("project", type_=Uuid()),
    "kind": ENTRY.c.kind == bindparam("kind", type_=Text()),
}


@cache
def _statement(filters: tuple[str, ...], rare: bool) -> Select[Any]:
    """Returns the query of entries with these filters. rare: only kinds that the index entry_of_user_rare covers."""
    found = select(ENTRY).where(ENTRY.c.user_id == USER, *(ENTRY_FILTERS[name] for name in filters))
    return (found.where(IS_RARE) if rare else found).order_by(*NEWEST_FIRST).limit(LIMIT)


class HoldStatus(NamedTuple):
    """The state of a job's hold or tombstone; user_id is None for a tombstone. `amount` is in credits."""

    state: HoldState
    user_id: str | None
    amount: int


class Ledger:
    """Reads and writes the ledger on a connection that the caller has opened; never begins or commits."""

    def __init__(self, prices: Mapping[str, int]) -> None:
        """prices: credits by type of job."""
        self.prices = prices

    async def place_holds(
        self, connection: Connection, requests: Sequence[HoldRequest], now: datetime
    ) -> list[HoldOutcome]:
        """Holds the jobs' prices, in order. A refused request does not affect the others.

        A repeated request for a job returns the first one's outcome. Raises UniqueViolation when one of the jobs was
        released concurrently; the transaction must then be repeated.
        """
        accounts = await lock(connection, {request.user_id for request in requests}, now)
        states = await self._states(connection, [request.job_id for request in requests])
        budgets = dict(await api_keys.remaining_budgets(connection, requests, now))
        placed: dict[UUID, HoldRequest] = {}
        draws: list[tuple[UUID, str, int]] = []
        over_budget: set[UUID] = set()
        key_ended: set[UUID] = set()
        for request in requests:
            amount = self.prices.get(request.type, 0)
            account = accounts.get(request.user_id)
            if request.job_id in states:
                continue
            if request.key_id is not None and request.key_id not in budgets:
                key_ended.add(request.job_id)  # checked before the balance, which an ended key must not reveal
                continue
            if not amount or account is None or account.available < amount:
                continue
            if request.key_id is not None:
                remaining = budgets[request.key_id]
                if remaining is not None and remaining < amount:
                    over_budget.add(request.job_id)
                    continue
                budgets[request.key_id] = None if remaining is None else remaining - amount
            placed[request.job_id] = request
            states[request.job_id] = HoldStatus(HoldState.HELD, request.user_id, amount)
            draws += [(request.job_id, grant_id, part) for grant_id, part in account.draw(amount)]
        if placed:
            await self._record_holds(connection, list(placed.values()), draws, now)
            await save(connection, {request.user_id: accounts[request.user_id] for request in placed.values()})
        outcomes = []
        for request in requests:
            amount = self.prices.get(request.type, 0)
            account = accounts.get(request.user_id)
            if request.job_id in states:
                # The amount is the one that was held; the price may have changed since.
                state, holder, amount = states[request.job_id]
                result = HoldResult.HELD if (state, holder) == (HoldState.HELD, request.user_id) else HoldResult.ENDED
            elif request.job_id in key_ended:
                result = HoldResult.KEY_ENDED
            elif request.job_id in over_budget:
                result = HoldResult.OVER_BUDGET
            else:
                result = HoldResult.INSUFFICIENT if amount else HoldResult.UNPRICED
            outcomes.append(
                HoldOutcome(
                    job_id=request.job_id,
                    result=result,
                    amount=amount,
                    available=account.available if account else 0,
                    held=account.held if account else 0,
                )
            )
        return outcomes

    async def _record_holds(
        self,
        connection: Connection,
        requests: Sequence[HoldRequest],
        draws: Sequence[tuple[UUID, str, int]],
        now: datetime,
    ) -> None:
        """Inserts holds with what they drew from lots, charges their keys' budgets, and inserts the entries.

        Raises UniqueViolation when a release tombstone was inserted after the states were read.
        """
        await self._insert_holds(connection, requests, draws, now)
        await api_keys.charge_budgets(
            connection,
            [
                (request.job_id, request.key_id, self.prices[request.type])
                for request in requests
                if request.key_id is not None
            ],
        )
        await insert_entries(
            connection,
            [
                NewEntry(
                    kind=EntryKind.HOLD,
                    user_id=request.user_id,
                    amount=self.prices[request.type],
                    job_id=request.job_id,
                    job_type=request.type,
                    project_id=request.project_id,
                )
                for request in requests
            ],
            now,
        )

    async def _insert_holds(
        self,
        connection: Connection,
        requests: Sequence[HoldRequest],
        draws: Sequence[tuple[UUID, str, int]],
        now: datetime,
    ) -> None:
        drawn: defaultdict[UUID, int] = defaultdict(int)
        for job_id, _, part in draws:
            drawn[job_id] += part
        # Sorted by job id, as release tombstones are: otherwise the two inserts could deadlock.
        requests = sorted(requests, key=lambda request: request.job_id)
        await run(
            connection,
            INSERT_HOLDS,
            {
                "now": now,
                "given_job_id": [request.job_id for request in requests],
                "given_user_id": [request.user_id for request in requests],
                "given_type": [request.type for request in requests],
                "given_project_id": [request.project_id for request in requests],
                "given_amount": [self.prices[request.type] for request in requests],
                "given_drawn": [drawn[request.job_id] for request in requests],
                "given_expires_at": [request.expires_at for request in requests],
            },
        )
        if draws:
            job_ids, grant_ids, amounts = (list(column) for column in zip(*draws, strict=True))
            await run(
                connection,
                INSERT_DRAWS,
                {"given_job_id": job_ids, "given_grant_id": grant_ids, "given_amount": amounts},
            )

    async def insert_release_tombstones(self, connection: Connection, job_ids: Sequence[UUID], now: datetime) -> None:
        """Inserts a tombstone for each job without a hold, so that a hold request that arrives later is refused."""
        await run(connection, INSERT_TOMBSTONES, {"now": now, "given_job_id": list(job_ids)})

    async def end_holds(
        self, connection: Connection, ends: Mapping[UUID, HoldEnd], now: datetime
    ) -> dict[UUID, tuple[HoldState, int]]:
        """Ends the holds that have not ended yet.

        Returns (state, amount) of every hold that has ended, by this call or an earlier one. A hold that is placed
        while the batch waits for account locks is neither ended nor returned.
        """
        owners = await fetch_rows(connection, FIND_HELD, {"job_ids": list(ends)})
        # Only these are updated: the account of a hold that is placed from now on may not be locked.
        ids = sorted(row.job_id for row in owners)
        accounts = await lock(connection, {row.user_id for row in owners}, now)
        rows = await fetch_rows(
            connection,
            END_HOLDS,
            {"now": now, "given_job_id": ids, "given_state": [ends[job_id].state for job_id in ids]},
        )
        if rows:
            entries = []
            for row in rows:
                end = ends[row.job_id]
                account = accounts[row.user_id]
                account.held -= row.amount
                if end.credit is Book.AVAILABLE:
                    account.available += row.amount
                entries.append(
                    NewEntry(
                        kind=end.kind,
                        user_id=row.user_id,
                        amount=row.amount,
                        job_id=row.job_id,
                        job_type=row.type,
                        project_id=row.project_id,
                    )
                )
            to_available = [row for row in rows if ends[row.job_id].credit is Book.AVAILABLE]
            drawn = [row.job_id for row in to_available if row.drawn]
            if drawn:
                entries += await self._release_drawn_credits(connection, drawn, accounts, now)
            await insert_entries(connection, entries, now)
            await save(connection, {row.user_id: accounts[row.user_id] for row in rows})
            await api_keys.restore_budgets(connection, [row.job_id for row in to_available])
        states = await self._states(connection, list(ends))
        return {job_id: (state, amount) for job_id, (state, _, amount) in states.items() if state is not HoldState.HELD}

    async def _release_drawn_credits(
        self, connection: Connection, job_ids: Sequence[UUID], accounts: Mapping[str, Account], now: datetime
    ) -> list[NewEntry]:
        """Adds what released holds drew to the lots that it came from.

        Returns the entries for credits whose last day has passed since: they lapse instead.
        """
        rows = await fetch_rows(connection, FIND_DRAWS, {"job_ids": list(job_ids)})
        lapsed = []
        released: defaultdict[str, int] = defaultdict(int)
        for row in rows:
            account = accounts[row.user_id]
            if row.expires_at > now:
                released[row.grant_id] += row.amount
                account.expiring += row.amount
            else:
                account.available -= row.amount
                lapsed.append(
                    NewEntry(
                        kind=EntryKind.LAPSE,
                        user_id=row.user_id,
                        amount=row.amount,
                        job_id=row.job_id,
                        grant_id=row.grant_id,
                    )
                )
        if released:
            await run(
                connection,
                RELEASE_TO_LOTS,
                {"given_grant_id": list(released), "given_amount": list(released.values())},
            )
        return lapsed

    async def lapse_credits(self, connection: Connection, now: datetime, limit: int) -> int:
        """Lapses the credits past their last day of at most `limit` users; returns the number of users."""
        rows = await fetch_rows(connection, FIND_LAPSED, {"now": now, "limit": limit})
        await lock(connection, {row.user_id for row in rows}, now)
        return len(rows)

    async def expired_holds(self, connection: Connection, now: datetime, limit: int) -> list[UUID]:
        """Returns the job ids of holds that are past their expiry and have not ended, oldest expiry first."""
        rows = await fetch_rows(connection, FIND_EXPIRED, {"now": now, "limit": limit})
        return [row.job_id for row in rows]

    async def grant(self, connection: Connection, grant: Grant, now: datetime) -> int:
        """Adds the credits, once for a grant id; returns the user's available credits.

        Raises GrantConflict, BalanceTooLarge, and ValidationFailed for an expiry in the past.
        """
        await run(connection, INSERT_ACCOUNT, {"user_id": grant.user_id})
        account = (await lock(connection, {grant.user_id}, now))[grant.user_id]
        before = await fetch_row(connection, FIND_GRANT, {"grant": grant.grant_id})
        if before is not None:
            if before != (
                grant.user_id,
                grant.credits,
                grant.reason,
                grant.type,
                grant.expires_at,
            ):
                raise GrantConflict
            return account.available
        if grant.expires_at is not None and grant.expires_at <= now:
            raise ValidationFailed([FieldViolation(field="expiresAt", message="must be in the future")])
        if account.available + account.held + grant.credits > MAX_BALANCE:
            raise BalanceTooLarge(MAX_BALANCE)
        try:
            await insert_entries(
                connection,
                [
                    NewEntry(
                        kind=EntryKind.GRANT,
                        user_id=grant.user_id,
                        amount=grant.credits,
                        grant_id=grant.grant_id,
                        grant_type=grant.type,
                        reason=grant.reason,
                        expires_at=grant.expires_at,
                    )
                ],
                now,
            )
        except UniqueViolation:
            raise GrantConflict from None  # another user's grant took the id after the check above
        account.available += grant.credits
        if grant.expires_at is not None:
            account.expiring += grant.credits
            await run(
                connection,
                INSERT_LOT,
                {
                    "grant_id": grant.grant_id,
                    "user_id": grant.user_id,
                    "granted": grant.credits,
                    "remaining": grant.credits,
                    "expires_at": grant.expires_at,
                },
            )
        await save(connection, {grant.user_id: account})
        return account.available

    async def refund(self, connection: Connection, job_id: UUID, reason: str, now: datetime) -> tuple[int, int]:
        """Refunds what the job has captured, once; returns (amount, available).

        Raises HoldNotFound, NotCaptured, AlreadyRefunded, BalanceTooLarge.
        """
        hold = await fetch_row(connection, FIND_HOLD, {"job": job_id})
        if hold is None or hold.user_id is None:
            raise HoldNotFound
        user, amount = hold.user_id, hold.amount
        account = (await lock(connection, {user}, now))[user]
        hold = await fetch_row(connection, LOCK_HOLD, {"job": job_id})
        assert hold is not None, "holds are never deleted"
        if hold.state != HoldState.CAPTURED:
            raise NotCaptured
        if hold.refunded_at is not None:
            raise AlreadyRefunded
        if account.available + account.held + amount > MAX_BALANCE:
            raise BalanceTooLarge(MAX_BALANCE)
        await run(connection, REFUND_HOLD, {"job": job_id, "now": now})
        await api_keys.restore_budgets(connection, [job_id])
        await insert_entries(
            connection,
            [
                NewEntry(
                    kind=EntryKind.REFUND,
                    user_id=user,
                    amount=amount,
                    job_id=job_id,
                    job_type=hold.type,
                    project_id=hold.project_id,
                    reason=reason,
                )
            ],
            now,
        )
        account.available += amount
        await save(connection, {user: account})
        return amount, account.available

    async def balances(self, connection: Connection, users: Sequence[str], now: datetime) -> dict[str, Balance]:
        """Returns the balances of the users that have an account. Expired credits do not count, lapsed or not."""
        rows = await fetch_rows(
            connection, BALANCES, {"users": list(users), "now": now, "soon": now + EXPIRING_SOON_PERIOD}
        )
        return {
            row.user_id: Balance(
                available=row.available,
                held=row.held,
                expiring_soon=row.expiring_soon,
                next_expiry=row.next_expiry,
            )
            for row in rows
        }

    async def usage(self, connection: Connection, user_id: str, since: datetime, until: datetime) -> Sequence[Any]:
        """Returns (date, type, jobs, credits, refunded) by day in UTC and type of job, oldest first."""
        return await fetch_rows(connection, USAGE, {"user": user_id, "since": since, "until": until})

    async def entries(
        self,
        connection: Connection,
        *,
        user_id: str,
        limit: int,
        before: tuple[datetime, int] | None,
        since: datetime | None,
        until: datetime | None,
        job_id: UUID | None,
        project_id: UUID | None,
        kind: str | None,
    ) -> Sequence[Any]:
        """Returns a user's entries, newest first; `before` is (created_at, id) of the previous page's last entry."""
        given = {
            "before_id": before[1] if before else None,
            "since": since,
            "until": until,
            "job": job_id,
            "project": project_id,
            "kind": kind,
        }
        filters = tuple(name for name in ENTRY_FILTERS if given[name] is not None)
        return await fetch_rows(
            connection,
            _statement(filters, kind in RARE_KINDS),
            {
                "user": user_id,
                "limit": limit,
                "before_time": before[0] if before else None,
                **{name: given[name] for name in filters},
            },
        )

    async def find_hold(self, connection: Connection, job_id: UUID, user_id: str) -> Any:
        """Returns the hold of a user's job. Raises HoldNotFound."""
        row = await fetch_row(connection, FIND_HOLD_OF_USER, {"job": job_id, "user": user_id})
        if row is None:
            raise HoldNotFound
        return row

    async def list_holds(self, connection: Connection, after: UUID, limit: int) -> Sequence[Any]:
        """Returns holds in order of job id, without tombstones."""
        return await fetch_rows(connection, LIST_HOLDS, {"after": after, "limit": limit})

    async def find_holds(self, connection: Connection, job_ids: Sequence[UUID]) -> Sequence[Any]:
        """Returns the holds of these jobs, without tombstones."""
        return await fetch_rows(connection, FIND_HOLDS, {"job_ids": list(job_ids)})

    async def _states(self, connection: Connection, job_ids: Sequence[UUID]) -> dict[UUID, HoldStatus]:
        """Returns the states of the jobs that have a hold or a tombstone."""
        rows = await fetch_rows(connection, STATES, {"job_ids": list(job_ids)})
        return {row.job_id: HoldStatus(HoldState(row.state), row.user_id, row.amount) for row in rows}
