"""Locked accounts, and the entries that change them.

Lock order, everywhere: accounts by user id, then holds. An account's lots change under its lock only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Integer, Text, bindparam, insert, literal_column, select, update

from services.billing.domain import ACCOUNTS_OF_ENTRY, EntryKind
from services.billing.tables import ACCOUNT, ENTRY, LOT, MOMENT, UNSPENT
from services.chassis.data.database import Connection
from services.chassis.data.sql import among, unnest
from services.chassis.data.statements import Query, fetch_rows, run


class AccountRow(NamedTuple):
    user_id: str
    available: int
    held: int
    expiring: int


LOCK_ACCOUNTS = Query(
    AccountRow, select(ACCOUNT).where(among(ACCOUNT.c.user_id, "users")).order_by(ACCOUNT.c.user_id).with_for_update()
)


class LotRow(NamedTuple):
    user_id: str
    grant_id: str
    remaining: int
    expires_at: datetime


READ_LOTS = Query(
    LotRow,
    (
        select(LOT.c.user_id, LOT.c.grant_id, LOT.c.remaining, LOT.c.expires_at)
        .where(among(LOT.c.user_id, "users"), UNSPENT)
        .order_by(LOT.c.expires_at, LOT.c.grant_id)
    ),
)
EMPTY_LOTS = update(LOT).where(among(LOT.c.grant_id, "grant_ids")).values(remaining=literal_column("0"))
_BALANCES = unnest("balance", user_id=Text, available=Integer, held=Integer, expiring=Integer)
_NEW_COLUMNS = [column for column in ENTRY.c if column.name not in ("id", "created_at")]
_ENTRIES = unnest("given", ordinality=None, **{column.name: column.type for column in _NEW_COLUMNS})
# A data-modifying expression that no other part of the statement reads runs all the same.
RECORD = (
    insert(ENTRY)
    .from_select([*_NEW_COLUMNS, ENTRY.c.created_at], select(_ENTRIES, bindparam("now", type_=MOMENT)))
    .add_cte(
        update(ACCOUNT)
        .where(ACCOUNT.c.user_id == _BALANCES.c.user_id)
        .values({name: _BALANCES.c[name] for name in ("available", "held", "expiring")})
        .cte("saved")
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEntry:
    """An entry to add. `amount` is in credits and positive."""

    kind: EntryKind
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
    rows = await fetch_rows(connection, LOCK_ACCOUNTS, {"users": sorted(users)})
    accounts = {row.user_id: Account(row.available, row.held, row.expiring) for row in rows}
    with_lots = [user for user, account in accounts.items() if account.expiring]
    if with_lots:
        await _read_lots(connection, with_lots, accounts, now)
    return accounts


async def _read_lots(
    connection: Connection, users: Sequence[str], accounts: Mapping[str, Account], now: datetime
) -> None:
    rows = await fetch_rows(connection, READ_LOTS, {"users": list(users)})
    lapsed = []
    for row in rows:
        account = accounts[row.user_id]
        if row.expires_at > now:
            account.lots.append(Lot(row.grant_id, row.remaining, row.expires_at))
            continue
        account.available -= row.remaining
        account.expiring -= row.remaining
        lapsed.append(NewEntry(kind=EntryKind.LAPSE, user_id=row.user_id, amount=row.remaining, grant_id=row.grant_id))
    if lapsed:
        await run(connection, EMPTY_LOTS, {"grant_ids": [entry.grant_id for entry in lapsed]})
        await record(connection, lapsed, {entry.user_id: accounts[entry.user_id] for entry in lapsed}, now)


async def record(
    connection: Connection, entries: Sequence[NewEntry], accounts: Mapping[str, Account], now: datetime
) -> None:
    """Inserts entries, in order, and updates the balances of the accounts that they change.

    entries: at least one. accounts: by user id; the caller has locked them.
    """
    debited, credited = zip(*(ACCOUNTS_OF_ENTRY[entry.kind] for entry in entries), strict=True)
    columns: dict[str, list[Any]] = {
        f"given_{field.name}": [getattr(entry, field.name) for entry in entries] for field in fields(NewEntry)
    }
    await run(
        connection,
        RECORD,
        {
            **columns,
            "given_debit": list(debited),
            "given_credit": list(credited),
            "now": now,
            "balance_user_id": list(accounts),
            "balance_available": [account.available for account in accounts.values()],
            "balance_held": [account.held for account in accounts.values()],
            "balance_expiring": [account.expiring for account in accounts.values()],
        },
    )
