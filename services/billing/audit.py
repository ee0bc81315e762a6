"""The proof of the ledger: everything that is derived, recomputed from the entries, and the entries from the chain."""

from __future__ import annotations

from dataclasses import dataclass

from services.billing import hash_chain
from services.chassis.data.database import Connection, fetch_all, fetch_one


@dataclass(frozen=True, slots=True)
class Proof:
    """What was found. `wrong` names what does not fit; it is empty for a sound ledger."""

    entries: int
    unsealed: int
    accounts: dict[str, int]  # issued (negative), available, held, revenue
    chain: hash_chain.Chain
    wrong: tuple[str, ...]


async def verify(connection: Connection, noted: str = "") -> Proof:
    """Reads the whole ledger, as it is at one moment; the caller has opened a repeatable-read transaction. `noted`: a
    head of the chain that must be in it."""
    found = await hash_chain.check(connection, noted)
    wrong = [*found.wrong, *await _balances(connection), *await _holds(connection), *await _lots(connection)]
    sums = await fetch_all(
        connection,
        """select name, sum(amount)::bigint as amount from (
             select credit as name, amount from entry union all select debit, -amount from entry) as sides
           group by name""",
    )
    accounts = {"issued": 0, "available": 0, "held": 0, "revenue": 0} | {row["name"]: row["amount"] for row in sums}
    if sum(accounts.values()):
        wrong.append(f"the sum over all accounts is {sum(accounts.values())}, not zero")
    row = await fetch_one(
        connection,
        "select count(*) as entries, count(*) filter (where id > %s) as unsealed from entry",
        [found.newest_entry],
    )
    assert row is not None, "an aggregate has a row"
    return Proof(row["entries"], row["unsealed"], accounts, found, tuple(wrong))


async def _balances(connection: Connection) -> list[str]:
    rows = await fetch_all(
        connection,
        """select account.user_id, available, held, expiring,
                  coalesce(free, 0) as free, coalesce(aside, 0) as aside, coalesce(lots, 0) as lots
             from account
             left join (
               select user_id,
                      sum(case when credit = 'available' then amount when debit = 'available' then -amount
                               else 0 end) as free,
                      sum(case when credit = 'held' then amount when debit = 'held' then -amount
                               else 0 end) as aside
                 from entry group by user_id) as made using (user_id)
             left join (select user_id, sum(remaining) as lots from lot group by user_id) as left_over using (user_id)
            where (available, held, expiring) is distinct from
                  (coalesce(free, 0), coalesce(aside, 0), coalesce(lots, 0))
            order by account.user_id""",
    )
    return [
        f"user {row['user_id']}: the account says {row['available']} available ({row['expiring']} expiring) and "
        f"{row['held']} held, its entries make {row['free']} ({row['lots']}) and {row['aside']}"
        for row in rows
    ]


async def _holds(connection: Connection) -> list[str]:
    """Every hold has the entries of its state, of its own user and amount, and no others."""
    rows = await fetch_all(
        connection,
        """select coalesce(hold.job_id, entry.job_id) as job_id, hold.state,
                  string_agg(entry.kind, ', ' order by entry.id) as entries
             from hold full join (select * from entry where job_id is not null and kind <> 'lapse') as entry
               on entry.job_id = hold.job_id
            where hold.job_id is null or hold.user_id is not null
            group by coalesce(hold.job_id, entry.job_id), hold.state, hold.refunded_at
           having hold.state is null
               or array_agg(entry.kind order by entry.id) is distinct from
                  (array['hold'] || case hold.state when 'captured' then array['capture'] when 'released'
                   then array['release'] when 'expired' then array['expire'] else '{}' end
                   || case when hold.refunded_at is null then '{}' else array['refund'] end)
               or bool_or((entry.user_id, entry.amount) is distinct from (hold.user_id, hold.amount))
            order by 1""",
    )
    return [
        f"job {row['job_id']}: its hold is {row['state'] or 'missing'}, its entries say {row['entries'] or 'nothing'}"
        for row in rows
    ]


async def _lots(connection: Connection) -> list[str]:
    """Of every lot, what is left is what was granted less what holds keep of it and what has lapsed."""
    rows = await fetch_all(
        connection,
        """select lot.grant_id, remaining, granted - coalesce(kept, 0) - coalesce(lapsed, 0) as made
             from lot
             left join (select grant_id, sum(draw.amount) as kept from draw join hold using (job_id)
                         where state in ('held', 'captured') group by grant_id) as keeping using (grant_id)
             left join (select grant_id, sum(amount) as lapsed from entry where kind = 'lapse' group by grant_id)
                       as lapsing using (grant_id)
            where remaining <> granted - coalesce(kept, 0) - coalesce(lapsed, 0) order by 1""",
    )
    drawn = await fetch_all(
        connection,
        """select job_id, drawn, coalesce(sum(draw.amount), 0) as made from hold left join draw using (job_id)
            group by job_id, drawn having drawn <> coalesce(sum(draw.amount), 0) order by 1""",
    )
    return [
        *(f"grant {row['grant_id']}: {row['remaining']} left, its entries make {row['made']}" for row in rows),
        *(f"job {row['job_id']}: its hold says {row['drawn']} drawn from grants, it is {row['made']}" for row in drawn),
    ]
