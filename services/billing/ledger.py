"""The ledger's tables, and the one class that reads and writes them. Statements take whole batches as arrays.

What is tested is tested inside the statement that changes it, or after the account is locked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import LiteralString
from uuid import UUID

from psycopg.errors import UniqueViolation
from psycopg.rows import DictRow

from services.billing import api_keys
from services.billing.accounts import RARE, Account, Posting, lock, post, save
from services.billing.domain import (
    MAX_BALANCE,
    AlreadyRefunded,
    Balance,
    BalanceTooLarge,
    Grant,
    GrantConflict,
    HoldEnd,
    HoldNotFound,
    HoldOrder,
    HoldOutcome,
    HoldResult,
    NotCaptured,
)
from services.chassis.data.database import Connection, fetch_all, fetch_one
from services.chassis.errors import FieldViolation, ValidationFailed

SOON = timedelta(days=7)


class Ledger:
    """Reads and writes the ledger on a connection that the caller has opened; never begins or commits."""

    def __init__(self, prices: Mapping[str, int]) -> None:
        self.prices = prices

    async def place_holds(
        self, connection: Connection, orders: Sequence[HoldOrder], now: datetime
    ) -> list[HoldOutcome]:
        """Sets credits aside, in order, each order by itself: what one user lacks refuses that order only."""
        accounts = await lock(connection, {order.user_id for order in orders}, now)
        known = await self._states(connection, [order.job_id for order in orders])
        fresh: dict[UUID, HoldOrder] = {}
        draws: list[tuple[UUID, str, int]] = []
        allowed = dict(await api_keys.allowances(connection, orders, now))
        over_budget: set[UUID] = set()
        key_ended: set[UUID] = set()
        for order in orders:
            amount = self.prices.get(order.type, 0)
            account = accounts.get(order.user_id)
            if order.job_id in known:
                continue
            if order.key_id is not None and order.key_id not in allowed:
                key_ended.add(order.job_id)  # whatever its owner has: nobody asks in their name any more
                continue
            if not amount or account is None or account.available < amount:
                continue
            if order.key_id is not None:
                left = allowed[order.key_id]
                if left is not None and left < amount:
                    over_budget.add(order.job_id)
                    continue
                allowed[order.key_id] = None if left is None else left - amount
            fresh[order.job_id] = order
            known[order.job_id] = ("held", order.user_id, amount)
            draws += [(order.job_id, grant_id, part) for grant_id, part in account.draw(amount)]
        if fresh:
            await self._insert_holds(connection, list(fresh.values()), draws, now)
            await api_keys.spend(
                connection,
                [
                    (order.job_id, order.key_id, self.prices[order.type])
                    for order in fresh.values()
                    if order.key_id is not None
                ],
            )
            await post(
                connection,
                [
                    Posting(
                        kind="hold",
                        user_id=order.user_id,
                        amount=self.prices[order.type],
                        job_id=order.job_id,
                        job_type=order.type,
                        project_id=order.project_id,
                    )
                    for order in fresh.values()
                ],
                now,
            )
            await save(connection, {order.user_id: accounts[order.user_id] for order in fresh.values()})
        outcomes = []
        for order in orders:
            amount = self.prices.get(order.type, 0)
            account = accounts.get(order.user_id)
            if order.job_id in known:
                # As the first time: by what was held then, whatever it would cost now.
                state, holder, amount = known[order.job_id]
                result = HoldResult.HELD if (state, holder) == ("held", order.user_id) else HoldResult.ENDED
            elif order.job_id in key_ended:
                result = HoldResult.KEY_ENDED
            elif order.job_id in over_budget:
                result = HoldResult.OVER_BUDGET
            else:
                result = HoldResult.INSUFFICIENT if amount else HoldResult.UNPRICED
            outcomes.append(
                HoldOutcome(
                    job_id=order.job_id,
                    result=result,
                    amount=amount,
                    available=account.available if account else 0,
                    held=account.held if account else 0,
                )
            )
        return outcomes

    async def _insert_holds(
        self,
        connection: Connection,
        orders: Sequence[HoldOrder],
        draws: Sequence[tuple[UUID, str, int]],
        now: datetime,
    ) -> None:
        """Raises UniqueViolation when a release has left its mark since the states were read; do it anew."""
        drawn: defaultdict[UUID, int] = defaultdict(int)
        for job_id, _, part in draws:
            drawn[job_id] += part
        # In order of their ids, as releases leave their marks: the two never wait for each other in a circle.
        orders = sorted(orders, key=lambda order: order.job_id)
        await connection.execute(
            """insert into hold (job_id, user_id, type, project_id, amount, drawn, state, created_at, expires_at)
               select job_id, user_id, type, project_id, amount, drawn, 'held', %s, expires_at
                 from unnest(%s::uuid[], %s::text[], %s::text[], %s::uuid[], %s::int[], %s::int[], %s::timestamptz[])
                      as given (job_id, user_id, type, project_id, amount, drawn, expires_at)""",
            [
                now,
                [order.job_id for order in orders],
                [order.user_id for order in orders],
                [order.type for order in orders],
                [order.project_id for order in orders],
                [self.prices[order.type] for order in orders],
                [drawn[order.job_id] for order in orders],
                [order.expires_at for order in orders],
            ],
        )
        if draws:
            await connection.execute(
                """with given as (select * from unnest(%s::uuid[], %s::text[], %s::int[])
                                         as given (job_id, grant_id, amount)),
                        taken as (update lot set remaining = remaining - total
                                    from (select grant_id, sum(amount) as total from given group by grant_id) as sums
                                   where lot.grant_id = sums.grant_id)
                   insert into draw (job_id, grant_id, amount) select * from given""",
                [list(column) for column in zip(*draws, strict=True)],
            )

    async def mark_released(self, connection: Connection, job_ids: Sequence[UUID], now: datetime) -> None:
        """Leaves a mark for jobs that have no hold, so that one still on its way is never placed."""
        await connection.execute(
            """insert into hold (job_id, user_id, type, amount, state, created_at, expires_at, ended_at)
               select job_id, null, '', 0, 'released', %(now)s, %(now)s, %(now)s
                 from unnest(%(ids)s::uuid[]) as given (job_id) on conflict do nothing""",
            {"now": now, "ids": list(job_ids)},
        )

    async def end_holds(
        self, connection: Connection, ends: Mapping[UUID, HoldEnd], now: datetime
    ) -> dict[UUID, tuple[str, int]]:
        """Ends the holds that have not ended; how each of them has ended, by this or before: (state, amount).

        Each hold by itself: one that is placed while the batch waits for the accounts of others is left out.
        """
        owners = await fetch_all(
            connection, "select job_id, user_id from hold where job_id = any(%s) and state = 'held'", [list(ends)]
        )
        # A hold that is placed only now is not among them: its account is not locked, and it is not ended.
        ids = sorted(row["job_id"] for row in owners)
        accounts = await lock(connection, {row["user_id"] for row in owners}, now)
        rows = await fetch_all(
            connection,
            """update hold set state = given.state, ended_at = %s
                 from unnest(%s::uuid[], %s::text[]) as given (job_id, state)
                where hold.job_id = given.job_id and hold.state = 'held'
               returning hold.job_id, user_id, type, project_id, amount, drawn""",
            [now, ids, [ends[job_id].state for job_id in ids]],
        )
        if rows:
            postings = []
            for row in rows:
                end = ends[row["job_id"]]
                account = accounts[row["user_id"]]
                account.held -= row["amount"]
                if end.credit == "available":
                    account.available += row["amount"]
                postings.append(
                    Posting(
                        kind=end.value,
                        user_id=row["user_id"],
                        amount=row["amount"],
                        job_id=row["job_id"],
                        job_type=row["type"],
                        project_id=row["project_id"],
                    )
                )
            back = [row["job_id"] for row in rows if row["drawn"] and ends[row["job_id"]].credit == "available"]
            if back:
                postings += await self._give_back(connection, back, accounts, now)
            await post(connection, postings, now)
            await save(connection, {row["user_id"]: accounts[row["user_id"]] for row in rows})
            await api_keys.give_back(
                connection, [row["job_id"] for row in rows if ends[row["job_id"]].credit == "available"]
            )
        states = await self._states(connection, list(ends))
        return {job_id: (state, amount) for job_id, (state, _, amount) in states.items() if state != "held"}

    async def _give_back(
        self, connection: Connection, job_ids: Sequence[UUID], accounts: Mapping[str, Account], now: datetime
    ) -> list[Posting]:
        """Returns what released holds drew to the lots it came from; what has expired since lapses at once."""
        rows = await fetch_all(
            connection,
            """select job_id, grant_id, user_id, amount, expires_at from draw join lot using (grant_id)
                where job_id = any(%s)""",
            [list(job_ids)],
        )
        lapsed = []
        returned: defaultdict[str, int] = defaultdict(int)
        for row in rows:
            account = accounts[row["user_id"]]
            if row["expires_at"] > now:
                returned[row["grant_id"]] += row["amount"]
                account.expiring += row["amount"]
            else:
                account.available -= row["amount"]
                lapsed.append(
                    Posting(
                        kind="lapse",
                        user_id=row["user_id"],
                        amount=row["amount"],
                        job_id=row["job_id"],
                        grant_id=row["grant_id"],
                    )
                )
        if returned:
            await connection.execute(
                """update lot set remaining = remaining + given.amount
                     from unnest(%s::text[], %s::int[]) as given (grant_id, amount)
                    where lot.grant_id = given.grant_id""",
                [list(returned), list(returned.values())],
            )
        return lapsed

    async def lapse(self, connection: Connection, now: datetime, most: int) -> int:
        """Takes back what is past its last day, of at most so many users; how many users had such credits."""
        rows = await fetch_all(
            connection,
            """select user_id from lot where remaining > 0 and expires_at <= %s
                group by user_id order by min(expires_at) limit %s""",
            [now, most],
        )
        await lock(connection, {row["user_id"] for row in rows}, now)
        return len(rows)

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
        account = (await lock(connection, {grant.user_id}, now))[grant.user_id]
        before = await fetch_one(
            connection,
            """select user_id, amount, reason, grant_type, expires_at from entry
                where grant_id = %s and kind = 'grant'""",
            [grant.grant_id],
        )
        if before is not None:
            if tuple(before.values()) != (
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
            raise BalanceTooLarge
        try:
            await post(
                connection,
                [
                    Posting(
                        kind="grant",
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
            raise GrantConflict from None  # another user's grant of the same id has come in between
        account.available += grant.credits
        if grant.expires_at is not None:
            account.expiring += grant.credits
            await connection.execute(
                "insert into lot (grant_id, user_id, granted, remaining, expires_at) values (%s, %s, %s, %s, %s)",
                [grant.grant_id, grant.user_id, grant.credits, grant.credits, grant.expires_at],
            )
        await save(connection, {grant.user_id: account})
        return account.available

    async def refund(self, connection: Connection, job_id: UUID, reason: str, now: datetime) -> tuple[int, int]:
        """Gives back what the job has captured, once: (amount, available). Raises the refusals of refunds."""
        hold = await fetch_one(connection, "select user_id, amount from hold where job_id = %s", [job_id])
        if hold is None or hold["user_id"] is None:
            raise HoldNotFound
        user, amount = hold["user_id"], hold["amount"]
        account = (await lock(connection, {user}, now))[user]
        state = await fetch_one(
            connection, "select state, refunded_at, type, project_id from hold where job_id = %s for update", [job_id]
        )
        assert state is not None, "holds are never deleted"
        if state["state"] != "captured":
            raise NotCaptured
        if state["refunded_at"] is not None:
            raise AlreadyRefunded
        if account.available + account.held + amount > MAX_BALANCE:
            raise BalanceTooLarge
        await connection.execute("update hold set refunded_at = %s where job_id = %s", [now, job_id])
        await api_keys.give_back(connection, [job_id])
        await post(
            connection,
            [
                Posting(
                    kind="refund",
                    user_id=user,
                    amount=amount,
                    job_id=job_id,
                    job_type=state["type"],
                    project_id=state["project_id"],
                    reason=reason,
                )
            ],
            now,
        )
        account.available += amount
        await save(connection, {user: account})
        return amount, account.available

    async def balances(self, connection: Connection, users: Sequence[str], now: datetime) -> dict[str, Balance]:
        """Of the users that have an account. What is past its last day is not counted, taken back already or not."""
        rows = await fetch_all(
            connection,
            """select account.user_id, available - coalesce(past, 0) as available, held,
                      coalesce(soon, 0) as expiring_soon, next_expiry
                 from account left join lateral (
                   select sum(remaining) filter (where expires_at <= %(now)s)::int as past,
                          sum(remaining) filter (where expires_at > %(now)s and expires_at <= %(soon)s)::int as soon,
                          min(expires_at) filter (where expires_at > %(now)s) as next_expiry
                     from lot where lot.user_id = account.user_id and remaining > 0) as lots on account.expiring > 0
                where account.user_id = any(%(users)s)""",
            {"users": list(users), "now": now, "soon": now + SOON},
        )
        return {row.pop("user_id"): Balance(**row) for row in rows}

    async def usage(self, connection: Connection, user_id: str, since: datetime, until: datetime) -> list[DictRow]:
        """(date, type, jobs, credits, refunded) by day in UTC and type of job, oldest first."""
        return await fetch_all(
            connection,
            """select to_char(created_at at time zone 'UTC', 'YYYY-MM-DD') as date, job_type as type,
                      (count(*) filter (where kind = 'capture'))::int as jobs,
                      coalesce(sum(amount) filter (where kind = 'capture'), 0)::int as credits,
                      coalesce(sum(amount) filter (where kind = 'refund'), 0)::int as refunded
                 from entry
                where user_id = %s and created_at >= %s and created_at < %s and kind in ('capture', 'refund')
                group by 1, 2 order by 1, 2""",
            [user_id, since, until],
        )

    async def entries(
        self,
        connection: Connection,
        *,
        user_id: str,
        size: int,
        before: tuple[datetime, int] | None,
        since: datetime | None,
        until: datetime | None,
        job_id: UUID | None,
        project_id: UUID | None,
        kind: str | None,
    ) -> list[DictRow]:
        """A user's entries, newest first; `before` is (created_at, id) of the last one of the page before."""
        conditions: list[LiteralString] = ["user_id = %(user)s"]
        if before is not None:
            conditions.append("(created_at, id) < (%(before_time)s, %(before_id)s)")
        if since is not None:
            conditions.append("created_at >= %(since)s")
        if until is not None:
            conditions.append("created_at < %(until)s")
        if job_id is not None:
            # In the words of the unique indexes, so that they are used.
            conditions.append(
                """(kind = 'hold' and job_id = %(job)s or kind in ('capture', 'release', 'expire') and job_id = %(job)s
                    or kind = 'refund' and job_id = %(job)s or kind = 'lapse' and job_id = %(job)s
                       and grant_id in (select grant_id from draw where draw.job_id = %(job)s))"""
            )
        if project_id is not None:
            conditions.append("project_id = %(project)s")
        if kind is not None:
            conditions.append("kind = %(kind)s")
            if kind in RARE:
                conditions.append("kind in ('grant', 'lapse', 'refund')")
        return await fetch_all(
            connection,
            "select * from entry where "
            + " and ".join(conditions)
            + " order by created_at desc, id desc limit %(size)s",
            {
                "user": user_id,
                "before_time": before[0] if before else None,
                "before_id": before[1] if before else None,
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

    async def holds_of(self, connection: Connection, job_ids: Sequence[UUID]) -> list[DictRow]:
        """The holds of these jobs, marks left out."""
        return await fetch_all(
            connection, "select * from hold where job_id = any(%s) and user_id is not null", [list(job_ids)]
        )

    async def _states(self, connection: Connection, job_ids: Sequence[UUID]) -> dict[UUID, tuple[str, str | None, int]]:
        """Of the jobs that have a hold or a mark: (state, user, amount)."""
        rows = await fetch_all(
            connection, "select job_id, state, user_id, amount from hold where job_id = any(%s)", [list(job_ids)]
        )
        return {row["job_id"]: (row["state"], row["user_id"], row["amount"]) for row in rows}
