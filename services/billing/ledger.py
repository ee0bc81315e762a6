"""The ledger: reads and writes accounts, holds, grants and entries. Statements take whole batches as arrays.

Every check runs in the statement that makes the change, or after the account is locked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from psycopg.errors import UniqueViolation

from services.billing import api_keys, price_lists
from services.billing import ledger_sql as sql
from services.billing.accounts import Account, NewEntry, lock, record
from services.billing.domain import (
    MAX_BALANCE,
    Balance,
    Book,
    EndedHold,
    EntryKind,
    EntryRow,
    Grant,
    HoldOutcome,
    HoldRequest,
    HoldResult,
    HoldRow,
    HoldState,
    Settlement,
)
from services.billing.errors import AlreadyRefunded, BalanceTooLarge, GrantConflict, HoldNotFound, NotCaptured
from services.billing.tables import RARE_KINDS
from services.chassis.data.database import Connection
from services.chassis.data.statements import fetch_row, fetch_rows, run
from services.chassis.errors import FieldViolation, ValidationFailed

EXPIRING_SOON_PERIOD = timedelta(days=7)


class HoldStatus(NamedTuple):
    """The state of a job's hold or tombstone; user_id is None for a tombstone. `amount` is in credits, and `remainder`
    the part of it that a capture released."""

    state: HoldState
    user_id: str | None
    amount: int
    remainder: int = 0


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
        prices = await price_lists.amounts(connection, requests, self.prices, now)
        budgets = dict(await api_keys.remaining_budgets(connection, requests, now))
        placed: dict[UUID, HoldRequest] = {}
        draws: list[tuple[UUID, str, int]] = []
        over_budget: set[UUID] = set()
        key_ended: set[UUID] = set()
        for request in requests:
            amount = prices[request.job_id]
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
            await self._record_holds(connection, list(placed.values()), prices, draws, accounts, now)
        outcomes = []
        for request in requests:
            amount = prices[request.job_id]
            account = accounts.get(request.user_id)
            if request.job_id in states:
                # The amount is the one that was held; the price may have changed since.
                state, holder, amount, _ = states[request.job_id]
                result = HoldResult.HELD if (state, holder) == (HoldState.HELD, request.user_id) else HoldResult.ENDED
            elif request.job_id in key_ended:
                result = HoldResult.KEY_ENDED
            elif request.job_id in over_budget:
                result = HoldResult.OVER_BUDGET
            elif amount:
                result = HoldResult.INSUFFICIENT
            else:
                result = HoldResult.PRICES_NOT_KEPT if request.price_list else HoldResult.UNPRICED
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
        prices: Mapping[UUID, int],
        draws: Sequence[tuple[UUID, str, int]],
        accounts: Mapping[str, Account],
        now: datetime,
    ) -> None:
        """Inserts holds with what they drew from lots, charges their keys' budgets, inserts the entries, and updates
        the balances.

        prices: of all units, by job id. accounts: locked, by user id. Raises UniqueViolation when a release tombstone
        was inserted after the states were read.
        """
        await self._insert_holds(connection, requests, prices, draws, now)
        await api_keys.charge_budgets(
            connection,
            [
                (request.job_id, request.key_id, prices[request.job_id])
                for request in requests
                if request.key_id is not None
            ],
        )
        await record(
            connection,
            [
                NewEntry(
                    kind=EntryKind.HOLD,
                    user_id=request.user_id,
                    amount=prices[request.job_id],
                    job_id=request.job_id,
                    job_type=request.type,
                    project_id=request.project_id,
                )
                for request in requests
            ],
            {request.user_id: accounts[request.user_id] for request in requests},
            now,
        )

    async def _insert_holds(
        self,
        connection: Connection,
        requests: Sequence[HoldRequest],
        prices: Mapping[UUID, int],
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
            sql.INSERT_HOLDS,
            {
                "now": now,
                "given_job_id": [request.job_id for request in requests],
                "given_user_id": [request.user_id for request in requests],
                "given_type": [request.type for request in requests],
                "given_project_id": [request.project_id for request in requests],
                "given_amount": [prices[request.job_id] for request in requests],
                "given_drawn": [drawn[request.job_id] for request in requests],
                "given_expires_at": [request.expires_at for request in requests],
                "given_quantity": [request.quantity for request in requests],
            },
        )
        if draws:
            job_ids, grant_ids, amounts = (list(column) for column in zip(*draws, strict=True))
            await run(
                connection,
                sql.INSERT_DRAWS,
                {"given_job_id": job_ids, "given_grant_id": grant_ids, "given_amount": amounts},
            )

    async def insert_release_tombstones(self, connection: Connection, job_ids: Sequence[UUID], now: datetime) -> None:
        """Inserts a tombstone for each job without a hold, so that a hold request that arrives later is refused."""
        await run(connection, sql.INSERT_TOMBSTONES, {"now": now, "given_job_id": list(job_ids)})

    async def end_holds(
        self, connection: Connection, settlements: Mapping[UUID, Settlement], now: datetime
    ) -> dict[UUID, EndedHold]:
        """Ends the holds that have not ended yet. The capture of some of a hold's units releases the others.

        Returns every hold that has ended, by this call or an earlier one. A hold that is placed while the batch waits
        for account locks is neither ended nor returned.
        """
        owners = await fetch_rows(connection, sql.FIND_HELD, {"job_ids": list(settlements)})
        # Only these are updated: the account of a hold that is placed from now on may not be locked.
        ids = sorted(row.job_id for row in owners)
        accounts = await lock(connection, {row.user_id for row in owners}, now)
        rows = await fetch_rows(
            connection,
            sql.END_HOLDS,
            {
                "now": now,
                "given_job_id": ids,
                "given_state": [settlements[job_id].end.state for job_id in ids],
                "given_delivered": [settlements[job_id].delivered for job_id in ids],
            },
        )
        if rows:
            entries = []
            released: dict[UUID, int] = {}
            for row in rows:
                end, account = settlements[row.job_id].end, accounts[row.user_id]
                captured = row.amount - row.remainder if end.credit is Book.REVENUE else 0
                account.held -= row.amount
                account.available += row.amount - captured
                parts = [(end.kind, captured or row.amount), (EntryKind.REMAINDER, row.remainder)]
                entries += [
                    NewEntry(
                        kind=kind,
                        user_id=row.user_id,
                        amount=amount,
                        job_id=row.job_id,
                        job_type=row.type,
                        project_id=row.project_id,
                    )
                    for kind, amount in parts
                    if amount
                ]
                if row.amount > captured:
                    released[row.job_id] = row.amount - captured
            drawn = [row for row in rows if row.drawn and row.job_id in released]
            if drawn:
                entries += await self._release_drawn_credits(connection, drawn, accounts, now)
            await record(connection, entries, {row.user_id: accounts[row.user_id] for row in rows}, now)
            partly = {row.job_id: row.remainder for row in rows if row.remainder}
            await api_keys.restore_budgets(connection, [job_id for job_id in released if job_id not in partly])
            await api_keys.reduce_spending(connection, partly)
        states = await self._states(connection, list(settlements))
        return {
            job_id: EndedHold(
                state=status.state,
                amount=status.amount,
                captured=status.amount - status.remainder if status.state is HoldState.CAPTURED else 0,
            )
            for job_id, status in states.items()
            if status.state is not HoldState.HELD
        }

    async def _release_drawn_credits(
        self, connection: Connection, holds: Sequence[sql.EndedHoldRow], accounts: Mapping[str, Account], now: datetime
    ) -> list[NewEntry]:
        """Adds what released and partly captured holds drew to the lots that it came from.

        holds: rows of END_HOLDS. A part that is captured is taken from the lots that end first, so the remainder goes
        to credits without an end, then to the lots that end last. Returns the entries for credits whose last day has
        passed since: they lapse instead.
        """
        left = {row.job_id: max(0, row.remainder - (row.amount - row.drawn)) for row in holds if row.remainder}
        rows = await fetch_rows(connection, sql.FIND_DRAWS, {"job_ids": [row.job_id for row in holds]})
        lapsed = []
        reduced: list[tuple[UUID, str, int]] = []
        released: defaultdict[str, int] = defaultdict(int)
        for row in rows:  # the lots that end last come first
            amount = row.amount
            if row.job_id in left:
                amount = min(amount, left[row.job_id])
                left[row.job_id] -= amount
                reduced.append((row.job_id, row.grant_id, amount))
            if not amount:
                continue
            account = accounts[row.user_id]
            if row.expires_at > now:
                released[row.grant_id] += amount
                account.expiring += amount
            else:
                account.available -= amount
                lapsed.append(
                    NewEntry(
                        kind=EntryKind.LAPSE,
                        user_id=row.user_id,
                        amount=amount,
                        job_id=row.job_id,
                        grant_id=row.grant_id,
                    )
                )
        if reduced:
            job_ids, grant_ids, amounts = (list(column) for column in zip(*reduced, strict=True))
            await run(
                connection,
                sql.REDUCE_DRAWS,
                {"given_job_id": job_ids, "given_grant_id": grant_ids, "given_amount": amounts},
            )
        if released:
            await run(
                connection,
                sql.RELEASE_TO_LOTS,
                {"given_grant_id": list(released), "given_amount": list(released.values())},
            )
        return lapsed

    async def lapse_credits(self, connection: Connection, now: datetime, limit: int) -> int:
        """Lapses the credits past their last day of at most `limit` users; returns the number of users."""
        rows = await fetch_rows(connection, sql.FIND_LAPSED, {"now": now, "limit": limit})
        await lock(connection, {row.user_id for row in rows}, now)
        return len(rows)

    async def expired_holds(self, connection: Connection, now: datetime, limit: int) -> list[UUID]:
        """Returns the job ids of holds that are past their expiry and have not ended, oldest expiry first."""
        rows = await fetch_rows(connection, sql.FIND_EXPIRED, {"now": now, "limit": limit})
        return [row.job_id for row in rows]

    async def grant(self, connection: Connection, grant: Grant, now: datetime) -> int:
        """Adds the credits, once for a grant id; returns the user's available credits.

        Raises GrantConflict, BalanceTooLarge, and ValidationFailed for an expiry in the past.
        """
        await run(connection, sql.INSERT_ACCOUNT, {"user_id": grant.user_id})
        account = (await lock(connection, {grant.user_id}, now))[grant.user_id]
        before = await fetch_row(connection, sql.FIND_GRANT, {"grant": grant.grant_id})
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
        account.available += grant.credits
        if grant.expires_at is not None:
            account.expiring += grant.credits
        try:
            await record(
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
                {grant.user_id: account},
                now,
            )
        except UniqueViolation:
            raise GrantConflict from None  # another user's grant took the id after the check above
        if grant.expires_at is not None:
            await run(
                connection,
                sql.INSERT_LOT,
                {
                    "grant_id": grant.grant_id,
                    "user_id": grant.user_id,
                    "granted": grant.credits,
                    "remaining": grant.credits,
                    "expires_at": grant.expires_at,
                },
            )
        return account.available

    async def refund(self, connection: Connection, job_id: UUID, reason: str, now: datetime) -> tuple[int, int]:
        """Refunds what the job has captured, once; returns (amount, available).

        Raises HoldNotFound, NotCaptured, AlreadyRefunded, BalanceTooLarge.
        """
        hold = await fetch_row(connection, sql.FIND_HOLD, {"job": job_id})
        if hold is None or hold.user_id is None:
            raise HoldNotFound
        user = hold.user_id
        account = (await lock(connection, {user}, now))[user]
        hold = await fetch_row(connection, sql.LOCK_HOLD, {"job": job_id})
        assert hold is not None, "holds are never deleted"
        amount = hold.amount - hold.remainder
        if hold.state != HoldState.CAPTURED:
            raise NotCaptured
        if hold.refunded_at is not None:
            raise AlreadyRefunded
        if account.available + account.held + amount > MAX_BALANCE:
            raise BalanceTooLarge(MAX_BALANCE)
        await run(connection, sql.REFUND_HOLD, {"job": job_id, "now": now})
        await api_keys.restore_budgets(connection, [job_id])
        account.available += amount
        await record(
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
            {user: account},
            now,
        )
        return amount, account.available

    async def balances(self, connection: Connection, users: Sequence[str], now: datetime) -> dict[str, Balance]:
        """Returns the balances of the users that have an account. Expired credits do not count, lapsed or not."""
        rows = await fetch_rows(
            connection, sql.BALANCES, {"users": list(users), "now": now, "soon": now + EXPIRING_SOON_PERIOD}
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

    async def usage(self, connection: Connection, user_id: str, since: datetime, until: datetime) -> list[sql.UsageRow]:
        """Returns (date, type, jobs, credits, refunded) by day in UTC and type of job, oldest first."""
        return await fetch_rows(connection, sql.USAGE, {"user": user_id, "since": since, "until": until})

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
    ) -> list[EntryRow]:
        """Returns a user's entries, newest first; `before` is (created_at, id) of the previous page's last entry."""
        given = {
            "before_id": before[1] if before else None,
            "since": since,
            "until": until,
            "job": job_id,
            "project": project_id,
            "kind": kind,
        }
        filters = tuple(name for name in sql.ENTRY_FILTERS if given[name] is not None)
        return await fetch_rows(
            connection,
            sql.entries_page(filters, kind in RARE_KINDS),
            {
                "user": user_id,
                "limit": limit,
                "before_time": before[0] if before else None,
                **{name: given[name] for name in filters},
            },
        )

    async def find_hold(self, connection: Connection, job_id: UUID, user_id: str) -> HoldRow:
        """Returns the hold of a user's job. Raises HoldNotFound."""
        row = await fetch_row(connection, sql.FIND_HOLD_OF_USER, {"job": job_id, "user": user_id})
        if row is None:
            raise HoldNotFound
        return row

    async def list_holds(self, connection: Connection, after: UUID, limit: int) -> list[HoldRow]:
        """Returns holds in order of job id, without tombstones."""
        return await fetch_rows(connection, sql.LIST_HOLDS, {"after": after, "limit": limit})

    async def find_holds(self, connection: Connection, job_ids: Sequence[UUID]) -> list[HoldRow]:
        """Returns the holds of these jobs, without tombstones."""
        return await fetch_rows(connection, sql.FIND_HOLDS, {"job_ids": list(job_ids)})

    async def _states(self, connection: Connection, job_ids: Sequence[UUID]) -> dict[UUID, HoldStatus]:
        """Returns the states of the jobs that have a hold or a tombstone."""
        rows = await fetch_rows(connection, sql.STATES, {"job_ids": list(job_ids)})
        return {row.job_id: HoldStatus(HoldState(row.state), row.user_id, row.amount, row.remainder) for row in rows}
