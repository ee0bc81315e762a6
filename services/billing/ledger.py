"""The ledger: reads and writes accounts, holds, grants and entries. Statements take whole batches as arrays.

Every check runs in the statement that makes the change, or after the account is locked.
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
from services.billing.accounts import RARE_KINDS, Account, NewEntry, insert_entries, lock, save
from services.billing.domain import MAX_BALANCE, Balance, Grant, HoldEnd, HoldOutcome, HoldRequest, HoldResult
from services.billing.errors import AlreadyRefunded, BalanceTooLarge, GrantConflict, HoldNotFound, NotCaptured
from services.chassis.data.database import Connection, fetch_all, fetch_one
from services.chassis.errors import FieldViolation, ValidationFailed

EXPIRING_SOON_PERIOD = timedelta(days=7)


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
            states[request.job_id] = ("held", request.user_id, amount)
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
                result = HoldResult.HELD if (state, holder) == ("held", request.user_id) else HoldResult.ENDED
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
                    kind="hold",
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
        await connection.execute(
            """insert into hold (job_id, user_id, type, project_id, amount, drawn, state, created_at, expires_at)
               select job_id, user_id, type, project_id, amount, drawn, 'held', %s, expires_at
                 from unnest(%s::uuid[], %s::text[], %s::text[], %s::uuid[], %s::int[], %s::int[], %s::timestamptz[])
                      as given (job_id, user_id, type, project_id, amount, drawn, expires_at)""",
            [
                now,
                [request.job_id for request in requests],
                [request.user_id for request in requests],
                [request.type for request in requests],
                [request.project_id for request in requests],
                [self.prices[request.type] for request in requests],
                [drawn[request.job_id] for request in requests],
                [request.expires_at for request in requests],
            ],
        )
        if draws:
            await connection.execute(
                """with given as (select * from unnest(%s::uuid[], %s::text[], %s::int[])
                                         as given (job_id, grant_id, amount)),
                        updated as (update lot set remaining = remaining - total
                                    from (select grant_id, sum(amount) as total from given group by grant_id) as sums
                                   where lot.grant_id = sums.grant_id)
                   insert into draw (job_id, grant_id, amount) select * from given""",
                [list(column) for column in zip(*draws, strict=True)],
            )

    async def insert_release_tombstones(self, connection: Connection, job_ids: Sequence[UUID], now: datetime) -> None:
        """Inserts a tombstone for each job without a hold, so that a hold request that arrives later is refused."""
        await connection.execute(
            """insert into hold (job_id, user_id, type, amount, state, created_at, expires_at, ended_at)
               select job_id, null, '', 0, 'released', %(now)s, %(now)s, %(now)s
                 from unnest(%(ids)s::uuid[]) as given (job_id) on conflict do nothing""",
            {"now": now, "ids": list(job_ids)},
        )

    async def end_holds(
        self, connection: Connection, ends: Mapping[UUID, HoldEnd], now: datetime
    ) -> dict[UUID, tuple[str, int]]:
        """Ends the holds that have not ended yet.

        Returns (state, amount) of every hold that has ended, by this call or an earlier one. A hold that is placed
        while the batch waits for account locks is neither ended nor returned.
        """
        owners = await fetch_all(
            connection, "select job_id, user_id from hold where job_id = any(%s) and state = 'held'", [list(ends)]
        )
        # Only these are updated: the account of a hold that is placed from now on may not be locked.
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
            entries = []
            for row in rows:
                end = ends[row["job_id"]]
                account = accounts[row["user_id"]]
                account.held -= row["amount"]
                if end.credit == "available":
                    account.available += row["amount"]
                entries.append(
                    NewEntry(
                        kind=end.value,
                        user_id=row["user_id"],
                        amount=row["amount"],
                        job_id=row["job_id"],
                        job_type=row["type"],
                        project_id=row["project_id"],
                    )
                )
            to_available = [row for row in rows if ends[row["job_id"]].credit == "available"]
            drawn = [row["job_id"] for row in to_available if row["drawn"]]
            if drawn:
                entries += await self._release_drawn_credits(connection, drawn, accounts, now)
            await insert_entries(connection, entries, now)
            await save(connection, {row["user_id"]: accounts[row["user_id"]] for row in rows})
            await api_keys.restore_budgets(connection, [row["job_id"] for row in to_available])
        states = await self._states(connection, list(ends))
        return {job_id: (state, amount) for job_id, (state, _, amount) in states.items() if state != "held"}

    async def _release_drawn_credits(
        self, connection: Connection, job_ids: Sequence[UUID], accounts: Mapping[str, Account], now: datetime
    ) -> list[NewEntry]:
        """Adds what released holds drew to the lots that it came from.

        Returns the entries for credits whose last day has passed since: they lapse instead.
        """
        rows = await fetch_all(
            connection,
            """select job_id, grant_id, user_id, amount, expires_at from draw join lot using (grant_id)
                where job_id = any(%s)""",
            [list(job_ids)],
        )
        lapsed = []
        released: defaultdict[str, int] = defaultdict(int)
        for row in rows:
            account = accounts[row["user_id"]]
            if row["expires_at"] > now:
                released[row["grant_id"]] += row["amount"]
                account.expiring += row["amount"]
            else:
                account.available -= row["amount"]
                lapsed.append(
                    NewEntry(
                        kind="lapse",
                        user_id=row["user_id"],
                        amount=row["amount"],
                        job_id=row["job_id"],
                        grant_id=row["grant_id"],
                    )
                )
        if released:
            await connection.execute(
                """update lot set remaining = remaining + given.amount
                     from unnest(%s::text[], %s::int[]) as given (grant_id, amount)
                    where lot.grant_id = given.grant_id""",
                [list(released), list(released.values())],
            )
        return lapsed

    async def lapse_credits(self, connection: Connection, now: datetime, limit: int) -> int:
        """Lapses the credits past their last day of at most `limit` users; returns the number of users."""
        rows = await fetch_all(
            connection,
            """select user_id from lot where remaining > 0 and expires_at <= %s
                group by user_id order by min(expires_at) limit %s""",
            [now, limit],
        )
        await lock(connection, {row["user_id"] for row in rows}, now)
        return len(rows)

    async def expired_holds(self, connection: Connection, now: datetime, limit: int) -> list[UUID]:
        """Returns the job ids of holds that are past their expiry and have not ended, oldest expiry first."""
        rows = await fetch_all(
            connection,
            "select job_id from hold where state = 'held' and expires_at < %s order by expires_at limit %s",
            [now, limit],
        )
        return [row["job_id"] for row in rows]

    async def grant(self, connection: Connection, grant: Grant, now: datetime) -> int:
        """Adds the credits, once for a grant id; returns the user's available credits.

        Raises GrantConflict, BalanceTooLarge, and ValidationFailed for an expiry in the past.
        """
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
            raise BalanceTooLarge(MAX_BALANCE)
        try:
            await insert_entries(
                connection,
                [
                    NewEntry(
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
            raise GrantConflict from None  # another user's grant took the id after the check above
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
        """Refunds what the job has captured, once; returns (amount, available).

        Raises HoldNotFound, NotCaptured, AlreadyRefunded, BalanceTooLarge.
        """
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
            raise BalanceTooLarge(MAX_BALANCE)
        await connection.execute("update hold set refunded_at = %s where job_id = %s", [now, job_id])
        await api_keys.restore_budgets(connection, [job_id])
        await insert_entries(
            connection,
            [
                NewEntry(
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
        """Returns the balances of the users that have an account. Expired credits do not count, lapsed or not."""
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
            {"users": list(users), "now": now, "soon": now + EXPIRING_SOON_PERIOD},
        )
        return {row.pop("user_id"): Balance(**row) for row in rows}

    async def usage(self, connection: Connection, user_id: str, since: datetime, until: datetime) -> list[DictRow]:
        """Returns (date, type, jobs, credits, refunded) by day in UTC and type of job, oldest first."""
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
        limit: int,
        before: tuple[datetime, int] | None,
        since: datetime | None,
        until: datetime | None,
        job_id: UUID | None,
        project_id: UUID | None,
        kind: str | None,
    ) -> list[DictRow]:
        """Returns a user's entries, newest first; `before` is (created_at, id) of the previous page's last entry."""
        conditions: list[LiteralString] = ["user_id = %(user)s"]
        if before is not None:
            conditions.append("(created_at, id) < (%(before_time)s, %(before_id)s)")
        if since is not None:
            conditions.append("created_at >= %(since)s")
        if until is not None:
            conditions.append("created_at < %(until)s")
        if job_id is not None:
            # Spelled like the predicates of the partial unique indexes; otherwise none of them is used.
            conditions.append(
                """(kind = 'hold' and job_id = %(job)s or kind in ('capture', 'release', 'expire') and job_id = %(job)s
                    or kind = 'refund' and job_id = %(job)s or kind = 'lapse' and job_id = %(job)s
                       and grant_id in (select grant_id from draw where draw.job_id = %(job)s))"""
            )
        if project_id is not None:
            conditions.append("project_id = %(project)s")
        if kind is not None:
            conditions.append("kind = %(kind)s")
            if kind in RARE_KINDS:
                conditions.append("kind in ('grant', 'lapse', 'refund')")
        return await fetch_all(
            connection,
            "select * from entry where "
            + " and ".join(conditions)
            + " order by created_at desc, id desc limit %(limit)s",
            {
                "user": user_id,
                "before_time": before[0] if before else None,
                "before_id": before[1] if before else None,
                "since": since,
                "until": until,
                "job": job_id,
                "project": project_id,
                "kind": kind,
                "limit": limit,
            },
        )

    async def find_hold(self, connection: Connection, job_id: UUID, user_id: str) -> DictRow:
        """Returns the hold of a user's job. Raises HoldNotFound."""
        row = await fetch_one(connection, "select * from hold where job_id = %s and user_id = %s", [job_id, user_id])
        if row is None:
            raise HoldNotFound
        return row

    async def list_holds(self, connection: Connection, after: UUID, limit: int) -> list[DictRow]:
        """Returns holds in order of job id, without tombstones."""
        return await fetch_all(
            connection,
            "select * from hold where job_id > %s and user_id is not null order by job_id limit %s",
            [after, limit],
        )

    async def find_holds(self, connection: Connection, job_ids: Sequence[UUID]) -> list[DictRow]:
        """Returns the holds of these jobs, without tombstones."""
        return await fetch_all(
            connection, "select * from hold where job_id = any(%s) and user_id is not null", [list(job_ids)]
        )

    async def _states(self, connection: Connection, job_ids: Sequence[UUID]) -> dict[UUID, tuple[str, str | None, int]]:
        """Returns (state, user, amount) of the jobs that have a hold or a tombstone."""
        rows = await fetch_all(
            connection, "select job_id, state, user_id, amount from hold where job_id = any(%s)", [list(job_ids)]
        )
        return {row["job_id"]: (row["state"], row["user_id"], row["amount"]) for row in rows}
