"""Audits the ledger: checks the entries against the hash chain, and recomputes all derived state from the entries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text

from services.billing import hash_chain
from services.chassis.data.database import Connection
from services.chassis.data.statements import Query, fetch_rows


# As text: the full joins and row comparisons are what the audit checks, and Core would say them at twice the length.
class SumRow(NamedTuple):
    name: str
    amount: int


SUMS = Query(
    SumRow,
    text("""select name, sum(amount)::bigint as amount from (
             select credit as name, amount from entry union all select debit, -amount from entry) as sides
           group by name"""),
)


class CountsRow(NamedTuple):
    entries: int
    unsealed: int


COUNTS = Query(
    CountsRow, text("select count(*) as entries, count(*) filter (where id > :newest) as unsealed from entry")
)


class BalanceRow(NamedTuple):
    user_id: str
    available: int
    held: int
    expiring: int
    entries_available: int
    entries_held: int
    lots: int


BALANCES = Query(
    BalanceRow,
    text("""select account.user_id, available, held, expiring,
                  coalesce(entries_available, 0) as entries_available, coalesce(entries_held, 0) as entries_held,
                  coalesce(lots, 0) as lots
             from account
             left join (
               select user_id,
                      sum(case when credit = 'available' then amount when debit = 'available' then -amount
                               else 0 end) as entries_available,
                      sum(case when credit = 'held' then amount when debit = 'held' then -amount
                               else 0 end) as entries_held
                 from entry group by user_id) as sums using (user_id)
             left join (select user_id, sum(remaining) as lots from lot group by user_id) as unspent using (user_id)
            where (available, held, expiring) is distinct from
                  (coalesce(entries_available, 0), coalesce(entries_held, 0), coalesce(lots, 0))
            order by account.user_id"""),
)


class HoldRow(NamedTuple):
    job_id: UUID
    state: str | None
    entries: str | None


HOLDS = Query(
    HoldRow,
    text("""select coalesce(hold.job_id, entry.job_id) as job_id, hold.state,
                  string_agg(entry.kind, ', ' order by entry.id) as entries
             from hold full join (select * from entry where job_id is not null and kind <> 'lapse') as entry
               on entry.job_id = hold.job_id
            where hold.job_id is null or hold.user_id is not null
            group by coalesce(hold.job_id, entry.job_id), hold.state, hold.refunded_at, hold.remainder
           having hold.state is null
               or array_agg(entry.kind order by entry.id) is distinct from
                  (array['hold'] || case hold.state when 'captured' then array['capture']
                   || case when hold.remainder > 0 then array['remainder'] else '{}' end when 'released'
                   then array['release'] when 'expired' then array['expire'] else '{}' end
                   || case when hold.refunded_at is null then '{}' else array['refund'] end)
               or bool_or((entry.user_id, entry.amount) is distinct from (hold.user_id, case
                   when entry.kind in ('capture', 'refund') then hold.amount - hold.remainder
                   when entry.kind = 'remainder' then hold.remainder else hold.amount end))
            order by 1"""),
)


class LotRow(NamedTuple):
    grant_id: str
    remaining: int
    expected: int


LOTS = Query(
    LotRow,
    text("""select lot.grant_id, remaining, granted - coalesce(draws.drawn, 0) - coalesce(lapsed, 0) as expected
             from lot
             left join (select grant_id, sum(draw.amount) as drawn from draw join hold using (job_id)
                         where state in ('held', 'captured') group by grant_id) as draws using (grant_id)
             left join (select grant_id, sum(amount) as lapsed from entry where kind = 'lapse' group by grant_id)
                       as lapses using (grant_id)
            where remaining <> granted - coalesce(draws.drawn, 0) - coalesce(lapsed, 0) order by 1"""),
)


class DrawRow(NamedTuple):
    job_id: UUID
    drawn: int
    expected: int


DRAWS = Query(
    DrawRow,
    text("""select job_id, drawn, coalesce(sum(draw.amount), 0) as expected from hold left join draw using (job_id)
            group by job_id, drawn having drawn <> coalesce(sum(draw.amount), 0) order by 1"""),
)


@dataclass(frozen=True, slots=True)
class AuditResult:
    """The result of an audit. `problems` names every inconsistency; it is empty for a consistent ledger."""

    entries: int
    unsealed: int  # entries since the newest seal
    accounts: dict[str, int]  # credits of all users together: issued (negative), available, held, revenue
    chain: hash_chain.ChainCheck
    problems: tuple[str, ...]


async def verify(connection: Connection, recorded_head: str = "") -> AuditResult:
    """Audits the whole ledger; the caller has opened a repeatable-read transaction, so that it sees one moment.

    recorded_head: a head of the hash chain, in hex, that the chain must contain; empty: any chain will do.
    """
    chain = await hash_chain.check(connection, recorded_head)
    problems = [
        *chain.problems,
        *await _balances(connection),
        *await _holds(connection),
        *await _lots(connection),
    ]
    sums = await fetch_rows(connection, SUMS)
    accounts = {"issued": 0, "available": 0, "held": 0, "revenue": 0} | {row.name: row.amount for row in sums}
    if sum(accounts.values()):
        problems.append(f"the sum over all accounts is {sum(accounts.values())}, not zero")
    [row] = await fetch_rows(connection, COUNTS, {"newest": chain.newest_entry})
    return AuditResult(row.entries, row.unsealed, accounts, chain, tuple(problems))


async def _balances(connection: Connection) -> list[str]:
    """Compares every account with the sums of its entries and of its lots."""
    rows = await fetch_rows(connection, BALANCES)
    return [
        f"user {row.user_id}: the account has {row.available} available ({row.expiring} expiring) and "
        f"{row.held} held, its entries sum to {row.entries_available} ({row.lots}) and {row.entries_held}"
        for row in rows
    ]


async def _holds(connection: Connection) -> list[str]:
    """Checks that every hold has exactly the entries of its state, with its user and amount.

    The capture and the remainder of a hold that was captured in part make its amount together.
    """
    rows = await fetch_rows(connection, HOLDS)
    return [
        f"job {row.job_id}: its hold is {row.state or 'missing'}, its entries are {row.entries or 'none'}"
        for row in rows
    ]


async def _lots(connection: Connection) -> list[str]:
    """Checks that the remainder of every lot is its grant's amount less its draws and what has lapsed of it.

    Only draws of holds that are held or captured count; those of released and expired holds went back to the lot.
    """
    rows = await fetch_rows(connection, LOTS)
    draws = await fetch_rows(connection, DRAWS)
    return [
        *(f"grant {row.grant_id}: {row.remaining} credits remain, its entries make it {row.expected}" for row in rows),
        *(
            f"job {row.job_id}: its hold drew {row.drawn} credits from grants, its draws sum to {row.expected}"
            for row in draws
        ),
    ]
