"""Locked accounts, and the entries that change them.

Lock order, everywhere: accounts by user id, then holds. An account's lots change under its lock only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.chassis.data.database import Connection, fetch_all

# kind of entry: (account that is debited, account that is credited)
ACCOUNTS_OF_ENTRY = {
    "grant": ("issued", "available"),
    "hold": ("available", "held"),
    "capture": ("held", "revenue"),
    "release": ("held", "available"),
    "expire": ("held", "available"),
    "refund": ("revenue", "available"),
    "lapse": ("available", "issued"),
}
RARE_KINDS = ("grant", "lapse", "refund")  # the index entry_of_user_rare covers them


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEntry:
    """An entry to add. `amount` is in credits and positive."""

    kind: str
    user_id: str
    amount: int
    job_id: UUID | None = None
    job_type: str | None = None
    project_id: UUID | None = None
    grant_id: str | None = None
    grant_type: str | None = None
    reason: str | None = None
    expires_at: datetime | None = None


@dataclass(slots=True)
class Lot:
    """The unspent credits of a grant with a last day: a row of the table `lot`."""

    grant_id: str
    remaining: int
    expires_at: datetime


class Account:
    """A locked account: its balances in credits, as this transaction has changed them."""

    def __init__(self, available: int, held: int, expiring: int) -> None:
        self.available = available
        self.held = held
        self.expiring = expiring  # the part of `available` that has a last day
        self.lots: list[Lot] = []  # those with credits left, in the order in which they are spent

    def draw(self, amount: int) -> list[tuple[str, int]]:
        """Moves credits from available to held, from lots first, those that end first ahead of the others.

        Returns (grant id, credits) of every lot that contributed.
        """
        drawn = []
        left = amount
        for lot in self.lots:
            part = min(left, lot.remaining)
            if part:
                lot.remaining -= part
                left -= part
                drawn.append((lot.grant_id, part))
        self.available -= amount
        self.held += amount
        self.expiring -= amount - left
        return drawn


async def lock(connection: Connection, users: set[str], now: datetime) -> dict[str, Account]:
    """Locks the users' accounts in order of user id, and lapses their credits past their last day.

    Users without an account are left out.
    """
    if not users:
        return {}
    rows = await fetch_all(
        connection,
        """select user_id, available, held, expiring from account
            where user_id = any(%s) order by user_id for update""",
        [sorted(users)],
    )
    accounts = {row["user_id"]: Account(row["available"], row["held"], row["expiring"]) for row in rows}
    with_lots = [user for user, account in accounts.items() if account.expiring]
    if with_lots:
        await _read_lots(connection, with_lots, accounts, now)
    return accounts


async def _read_lots(
    connection: Connection, users: Sequence[str], accounts: Mapping[str, Account], now: datetime
) -> None:
    rows = await fetch_all(
        connection,
        """select user_id, grant_id, remaining, expires_at from lot
            where user_id = any(%s) and remaining > 0 order by expires_at, grant_id""",
        [list(users)],
    )
    lapsed = []
    for row in rows:
        account = accounts[row["user_id"]]
        if row["expires_at"] > now:
            account.lots.append(Lot(row["grant_id"], row["remaining"], row["expires_at"]))
            continue
        account.available -= row["remaining"]
        account.expiring -= row["remaining"]
        lapsed.append(NewEntry(kind="lapse", user_id=row["user_id"], amount=row["remaining"], grant_id=row["grant_id"]))
    if lapsed:
        await connection.execute(
            "update lot set remaining = 0 where grant_id = any(%s)", [[entry.grant_id for entry in lapsed]]
        )
        await insert_entries(connection, lapsed, now)
        await save(connection, {entry.user_id: accounts[entry.user_id] for entry in lapsed})


async def insert_entries(connection: Connection, entries: Sequence[NewEntry], now: datetime) -> None:
    """Inserts entries, in order."""
    await connection.execute(
        """insert into entry (kind, user_id, amount, debit, credit, job_id, job_type, project_id,
                              grant_id, grant_type, reason, expires_at, created_at)
           select given.*, %s
             from unnest(%s::text[], %s::text[], %s::int[], %s::text[], %s::text[], %s::uuid[], %s::text[],
                         %s::uuid[], %s::text[], %s::text[], %s::text[], %s::timestamptz[]) as given""",
        [
            now,
            [entry.kind for entry in entries],
            [entry.user_id for entry in entries],
            [entry.amount for entry in entries],
            [ACCOUNTS_OF_ENTRY[entry.kind][0] for entry in entries],
            [ACCOUNTS_OF_ENTRY[entry.kind][1] for entry in entries],
            [entry.job_id for entry in entries],
            [entry.job_type for entry in entries],
            [entry.project_id for entry in entries],
            [entry.grant_id for entry in entries],
            [entry.grant_type for entry in entries],
            [entry.reason for entry in entries],
            [entry.expires_at for entry in entries],
        ],
    )


async def save(connection: Connection, accounts: Mapping[str, Account]) -> None:
    """Updates the balances of accounts that the caller has locked."""
    await connection.execute(
        """update account set available = given.available, held = given.held, expiring = given.expiring
             from unnest(%s::text[], %s::int[], %s::int[], %s::int[]) as given (user_id, available, held, expiring)
            where account.user_id = given.user_id""",
        [
            list(accounts),
            [account.available for account in accounts.values()],
            [account.held for account in accounts.values()],
            [account.expiring for account in accounts.values()],
        ],
    )
