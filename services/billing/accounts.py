"""Accounts under lock, and the entries that change them.

Lock order, everywhere: accounts by user id, then holds. An account's lots change under its lock only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.chassis.data.database import Connection, fetch_all

# kind of entry: (account it comes from, account it goes to)
MOVES = {
    "grant": ("issued", "available"),
    "hold": ("available", "held"),
    "capture": ("held", "revenue"),
    "release": ("held", "available"),
    "expire": ("held", "available"),
    "refund": ("revenue", "available"),
    "lapse": ("available", "issued"),
}
RARE = ("grant", "lapse", "refund")


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """An entry to add."""

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
    """What is left of a grant that has a last day."""

    grant_id: str
    remaining: int
    expires_at: datetime


class Account:
    """A locked account: what it has, and what this transaction does to it."""

    def __init__(self, available: int, held: int, expiring: int) -> None:
        self.available = available
        self.held = held
        self.expiring = expiring
        self.lots: list[Lot] = []  # those with something left, in the order in which they are spent

    def draw(self, amount: int) -> list[tuple[str, int]]:
        """Takes what expires first; (grant id, credits) of the lots that gave some."""
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
    """Locks the accounts that exist, in order, and takes back what of theirs is past its last day."""
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
    past = []
    for row in rows:
        account = accounts[row["user_id"]]
        if row["expires_at"] > now:
            account.lots.append(Lot(row["grant_id"], row["remaining"], row["expires_at"]))
            continue
        account.available -= row["remaining"]
        account.expiring -= row["remaining"]
        past.append(Posting(kind="lapse", user_id=row["user_id"], amount=row["remaining"], grant_id=row["grant_id"]))
    if past:
        await connection.execute(
            "update lot set remaining = 0 where grant_id = any(%s)", [[posting.grant_id for posting in past]]
        )
        await post(connection, past, now)
        await save(connection, {posting.user_id: accounts[posting.user_id] for posting in past})


async def post(connection: Connection, postings: Sequence[Posting], now: datetime) -> None:
    """Adds entries, in order."""
    await connection.execute(
        """insert into entry (kind, user_id, amount, debit, credit, job_id, job_type, project_id,
                              grant_id, grant_type, reason, expires_at, created_at)
           select given.*, %s
             from unnest(%s::text[], %s::text[], %s::int[], %s::text[], %s::text[], %s::uuid[], %s::text[],
                         %s::uuid[], %s::text[], %s::text[], %s::text[], %s::timestamptz[]) as given""",
        [
            now,
            [posting.kind for posting in postings],
            [posting.user_id for posting in postings],
            [posting.amount for posting in postings],
            [MOVES[posting.kind][0] for posting in postings],
            [MOVES[posting.kind][1] for posting in postings],
            [posting.job_id for posting in postings],
            [posting.job_type for posting in postings],
            [posting.project_id for posting in postings],
            [posting.grant_id for posting in postings],
            [posting.grant_type for posting in postings],
            [posting.reason for posting in postings],
            [posting.expires_at for posting in postings],
        ],
    )


async def save(connection: Connection, accounts: Mapping[str, Account]) -> None:
    """Writes down what the accounts have now; the caller has locked them."""
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
