"""The ledger's tables, and the one class that reads and writes them. Statements take whole batches as arrays.

Lock order, everywhere: accounts by user id, then holds. What is tested is tested inside the statement that changes
it, or after the account is locked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import LiteralString
from uuid import UUID

from psycopg.rows import DictRow

from services.billing.domain import (
    MAX_BALANCE,
    AlreadyRefunded,
    BalanceTooLarge,
    End,
    Grant,
    GrantConflict,
    HoldNotFound,
    HoldOrder,
    HoldOutcome,
    HoldResult,
    NotCaptured,
)
from services.chassis.database import Connection, fetch_all, fetch_one


class Ledger:
    """Reads and writes the ledger on a connection that the caller has opened; never begins or commits."""

    def __init__(self, prices: Mapping[str, int]) -> None:
        self.prices = prices

    async def place_holds(
        self, connection: Connection, orders: Sequence[HoldOrder], now: datetime
    ) -> list[HoldOutcome]:
        """Sets credits aside, in order, each order by itself: what one user lacks refuses that order only."""
        available = await self._lock(connection, {order.user_id for order in orders})
        present = await self._holds(connection, [order.job_id for order in orders])
        wanted: dict[UUID, HoldOrder] = {}
        left = dict(available)
        for order in orders:
            amount = self.prices.get(order.type, 0)
            if order.job_id in present or order.job_id in wanted or not amount:
                continue
            if left.get(order.user_id, 0) >= amount:
                left[order.user_id] -= amount
                wanted[order.job_id] = order
        placed = await self._insert_holds(connection, list(wanted.values()), now) if wanted else set()
        if placed:
            fresh = [order for job_id, order in wanted.items() if job_id in placed]
            await self._post(
                connection,
                "hold",
                [
                    (order.user_id, self.prices[order.type], order.job_id, order.type, order.project_id)
                    for order in fresh
                ],
                now,
            )
            spent: Counter[str] = Counter()
            for order in fresh:
                spent[order.user_id] += self.prices[order.type]
            await self._change(connection, {user: (-amount, amount) for user, amount in spent.items()})
            for user, amount in spent.items():
                available[user] -= amount
        outcomes = []
        for order in orders:
            amount = self.prices.get(order.type, 0)
            if order.job_id in placed or present.get(order.job_id) == "held":
                result = HoldResult.HELD
            elif order.job_id in present or order.job_id in wanted:
                result = HoldResult.ENDED
            else:
                result = HoldResult.INSUFFICIENT if amount else HoldResult.UNPRICED
            outcomes.append(
                HoldOutcome(
                    job_id=order.job_id, result=result, amount=amount, available=available.get(order.user_id, 0)
                )
            )
        return outcomes

    async def _insert_holds(self, connection: Connection, orders: Sequence[HoldOrder], now: datetime) -> set[UUID]:
        """The job ids whose holds are new; a mark that a release has left in the meantime wins."""
        rows = await fetch_all(
            connection,
            """insert into hold (job_id, user_id, type, project_id, amount, state, created_at, expires_at)
               select job_id, user_id, type, project_id, amount, 'held', %s, expires_at
                 from unnest(%s::uuid[], %s::text[], %s::text[], %s::uuid[], %s::int[], %s::timestamptz[])
                      as given (job_id, user_id, type, project_id, amount, expires_at)
               on conflict do nothing returning job_id""",
            [
                now,
                [order.job_id for order in orders],
                [order.user_id for order in orders],
                [order.type for order in orders],
                [order.project_id for order in orders],
                [self.prices[order.type] for order in orders],
                [order.expires_at for order in orders],
            ],
        )
        return {row["job_id"] for row in rows}

    async def mark_released(self, connection: Connection, job_ids: Sequence[UUID], now: datetime) -> None:
        """Leaves a mark for jobs that have no hold, so that one still on its way is never placed."""
        await connection.execute(
            """insert into hold (job_id, user_id, type, amount, state, created_at, expires_at, ended_at)
               select job_id, null, '', 0, 'released', %(now)s, %(now)s, %(now)s
                 from unnest(%(ids)s::uuid[]) as given (job_id) on conflict do nothing""",
            {"now": now, "ids": list(job_ids)},
        )

    async def end_holds(
        self, connection: Connection, ends: Mapping[UUID, End], now: datetime
    ) -> dict[UUID, tuple[str, int]]:
        """Ends the holds that have not ended; how each of them has ended, by this or before: (state, amount)."""
        ids = sorted(ends)
        owners = await fetch_all(
            connection, "select distinct user_id from hold where job_id = any(%s) and user_id is not null", [ids]
        )
        await self._lock(connection, {row["user_id"] for row in owners})
        rows = await fetch_all(
            connection,
            """update hold set state = given.state, ended_at = %s
                 from unnest(%s::uuid[], %s::text[]) as given (job_id, state)
                where hold.job_id = given.job_id and hold.state = 'held'
               returning hold.job_id, user_id, type, project_id, amount""",
            [now, ids, [ends[job_id].state for job_id in ids]],
        )
        changes: dict[str, tuple[int, int]] = {}
        for end in End:
            ended = [row for row in rows if ends[row["job_id"]] is end]
            if not ended:
                continue
            await self._post(
                connection,
                end.value,
                [(row["user_id"], row["amount"], row["job_id"], row["type"], row["project_id"]) for row in ended],
                now,
            )
            for row in ended:
                free, held = changes.get(row["user_id"], (0, 0))
                back = row["amount"] if end.credit == "available" else 0
                changes[row["user_id"]] = (free + back, held - row["amount"])
        await self._change(connection, changes)
        states = await fetch_all(connection, "select job_id, state, amount from hold where job_id = any(%s)", [ids])
        return {row["job_id"]: (row["state"], row["amount"]) for row in states}

    async def overdue(self, connection: Connection, now: datetime, most: int) -> list[UUID]:
        """Holds whose own time is over."""
        rows = await fetch_all(
            connection,
            "select job_id from hold where state = 'held' and expires_at < %s order by expires_at limit %s",
            [now, most],
        )
        return [row["job_id"] for row in rows]

    async def grant(self, connection: Connection, grant: Grant, now: datetime) -> int:
        """Adds the credits, once for a grant id; what is available then. Raises GrantConflict, BalanceTooLarge."""
        await connection.execute("insert into account (user_id) values (%s) on conflict do nothing", [grant.user_id])
        available = (await self._lock(connection, {grant.user_id}))[grant.user_id]
        before = await fetch_one(
            connection,
            "select user_id, amount, reason, grant_type from entry where grant_id = %s and kind = 'grant'",
            [grant.grant_id],
        )
        if before is None:
            if available + grant.credits > MAX_BALANCE:
                raise BalanceTooLarge
            row = await fetch_one(
                connection,
                """insert into entry (kind, user_id, amount, debit, credit, grant_id, grant_type, reason, created_at)
                   values ('grant', %s, %s, 'issued', 'available', %s, %s, %s, %s)
                   on conflict do nothing returning id""",
                [grant.user_id, grant.credits, grant.grant_id, grant.type, grant.reason, now],
            )
            if row is None:
                raise GrantConflict  # another user's grant of the same id has come in between
            await self._change(connection, {grant.user_id: (grant.credits, 0)})
            return available + grant.credits
        if (before["user_id"], before["amount"], before["reason"], before["grant_type"]) != (
            grant.user_id,
            grant.credits,
            grant.reason,
            grant.type,
        ):
            raise GrantConflict
        return available

    async def refund(self, connection: Connection, job_id: UUID, reason: str, now: datetime) -> tuple[int, int]:
        """Gives back what the job has captured, once: (amount, available). Raises the refusals of refunds."""
        hold = await fetch_one(connection, "select user_id, amount from hold where job_id = %s", [job_id])
        if hold is None or hold["user_id"] is None:
            raise HoldNotFound
        user, amount = hold["user_id"], hold["amount"]
        available = (await self._lock(connection, {user}))[user]
        state = await fetch_one(
            connection, "select state, refunded_at, type, project_id from hold where job_id = %s for update", [job_id]
        )
        assert state is not None, "holds are never deleted"
        if state["state"] != "captured":
            raise NotCaptured
        if state["refunded_at"] is not None:
            raise AlreadyRefunded
        await connection.execute("update hold set refunded_at = %s where job_id = %s", [now, job_id])
        await self._post(
            connection, "refund", [(user, amount, job_id, state["type"], state["project_id"])], now, reason
        )
        await self._change(connection, {user: (amount, 0)})
        return amount, available + amount

    async def balances(self, connection: Connection, users: Sequence[str]) -> dict[str, tuple[int, int]]:
        """(available, held) of the users that have an account."""
        rows = await fetch_all(
            connection, "select user_id, available, held from account where user_id = any(%s)", [list(users)]
        )
        return {row["user_id"]: (row["available"], row["held"]) for row in rows}

    async def entries(
        self,
        connection: Connection,
        *,
        user_id: str,
        size: int,
        before: int | None,
        since: datetime | None,
        until: datetime | None,
        job_id: UUID | None,
        project_id: UUID | None,
        kind: str | None,
    ) -> list[DictRow]:
        """A user's entries, newest first."""
        conditions: list[LiteralString] = ["user_id = %(user)s"]
        if before is not None:
            conditions.append("id < %(before)s")
        if since is not None:
            conditions.append("created_at >= %(since)s")
        if until is not None:
            conditions.append("created_at < %(until)s")
        if job_id is not None:
            conditions.append("job_id = %(job)s")
        if project_id is not None:
            conditions.append("project_id = %(project)s")
        if kind is not None:
            conditions.append("kind = %(kind)s")
        return await fetch_all(
            connection,
            "select * from entry where " + " and ".join(conditions) + " order by id desc limit %(size)s",
            {
                "user": user_id,
                "before": before,
                "since": since,
                "until": until,
                "job": job_id,
                "project": project_id,
                "kind": kind,
                "size": size,
            },
        )

    async def hold(self, connection: Connection, job_id: UUID, user_id: str) -> DictRow:
        """A user's hold. Raises HoldNotFound."""
        row = await fetch_one(connection, "select * from hold where job_id = %s and user_id = %s", [job_id, user_id])
        if row is None:
            raise HoldNotFound
        return row

    async def holds_after(self, connection: Connection, after: UUID, size: int) -> list[DictRow]:
        """Holds in order of job id, marks left out."""
        return await fetch_all(
            connection,
            "select * from hold where job_id > %s and user_id is not null order by job_id limit %s",
            [after, size],
        )

    async def _lock(self, connection: Connection, users: set[str]) -> dict[str, int]:
        """Locks the accounts that exist, in order; what each has available."""
        if not users:
            return {}
        rows = await fetch_all(
            connection,
            "select user_id, available from account where user_id = any(%s) order by user_id for update",
            [sorted(users)],
        )
        return {row["user_id"]: row["available"] for row in rows}

    async def _holds(self, connection: Connection, job_ids: Sequence[UUID]) -> dict[UUID, str]:
        rows = await fetch_all(connection, "select job_id, state from hold where job_id = any(%s)", [list(job_ids)])
        return {row["job_id"]: row["state"] for row in rows}

    async def _post(
        self,
        connection: Connection,
        kind: str,
        postings: Sequence[tuple[str, int, UUID, str, UUID | None]],
        now: datetime,
        reason: str | None = None,
    ) -> None:
        """Adds entries of one kind (user, amount, job id, job type, project id)."""
        debit, credit = {
            "hold": ("available", "held"),
            "capture": ("held", "revenue"),
            "release": ("held", "available"),
            "expire": ("held", "available"),
            "refund": ("revenue", "available"),
        }[kind]
        await connection.execute(
            """insert into entry
                      (kind, user_id, amount, debit, credit, job_id, job_type, project_id, reason, created_at)
               select %s, user_id, amount, %s, %s, job_id, job_type, project_id, %s, %s
                 from unnest(%s::text[], %s::int[], %s::uuid[], %s::text[], %s::uuid[])
                      as given (user_id, amount, job_id, job_type, project_id)""",
            [kind, debit, credit, reason, now, *(list(column) for column in zip(*postings, strict=True))],
        )

    async def _change(self, connection: Connection, changes: Mapping[str, tuple[int, int]]) -> None:
        """Adds (available, held) to the accounts, which the caller has locked."""
        if changes:
            await connection.execute(
                """update account set available = available + given.free, held = held + given.aside
                     from unnest(%s::text[], %s::int[], %s::int[]) as given (user_id, free, aside)
                    where account.user_id = given.user_id""",
                [
                    list(changes),
                    [free for free, _ in changes.values()],
                    [aside for _, aside in changes.values()],
                ],
            )


async def verify(connection: Connection) -> list[str]:
    """Recomputes every balance and every hold's end from the entries; what does not fit, in words."""
    wrong = [
        f"user {row['user_id']}: the account says {row['available']} available and {row['held']} held, "
        f"its entries make {row['free']} and {row['aside']}"
        for row in await fetch_all(
            connection,
            """select account.user_id, available, held, coalesce(free, 0) as free, coalesce(aside, 0) as aside
                 from account left join (
                   select user_id,
                          sum(case when credit = 'available' then amount when debit = 'available' then -amount
                                   else 0 end) as free,
                          sum(case when credit = 'held' then amount when debit = 'held' then -amount
                                   else 0 end) as aside
                     from entry group by user_id) as made using (user_id)
                where (available, held) is distinct from (coalesce(free, 0), coalesce(aside, 0))""",
        )
    ]
    wrong += [
        f"job {row['job_id']}: its hold is {row['state']}, its entries say {row['entries'] or 'nothing'}"
        for row in await fetch_all(
            connection,
            """select hold.job_id, state, string_agg(kind, ', ' order by entry.id) as entries
                 from hold left join entry on entry.job_id = hold.job_id
                where hold.user_id is not null group by hold.job_id, state, refunded_at
               having array_agg(kind order by entry.id) is distinct from
                      (array['hold'] || case state when 'captured' then array['capture'] when 'released'
                       then array['release'] when 'expired' then array['expire'] else '{}' end
                       || case when refunded_at is null then '{}' else array['refund'] end)""",
        )
    ]
    return wrong
