"""Fills the tables by SQL with years of use: millions of ended jobs and their ledger entries."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from tests.bench.harness import BenchHarness

JOBS = 5_000_000
ROWS_PER_STATEMENT = 250_000
OTHER_USERS = 50_000  # users besides those that send requests
CALLER_EVERY = 8  # one job in eight belongs to a user that sends requests, so that the queried lists are long

# One job a second, the newest an hour old. Ids are UUIDs of version 7 in order of creation.
IDS = """
select n,
       (lpad(to_hex((extract(epoch from moment) * 1000)::bigint), 12, '0') || '70008000'
         || lpad(to_hex(n), 12, '0'))::uuid as id,
       moment,
       case when n %% %(share)s = 0 then (%(callers)s::text[])[1 + (n / %(share)s) %% cardinality(%(callers)s::text[])]
            else 'filled-' || n %% %(others)s end as user_id
  from (select n, now() - interval '1 hour' - interval '1 second' * (%(jobs)s - n) as moment
          from generate_series(%(first)s::bigint, %(last)s::bigint) as n) as numbers
"""
JOB_ROWS = f"""
insert into job (id, user_id, type, project_id, product_id, idempotency_key, status, self_made, credits, parameters,
                 attempt, expires_at, deadline, settle, settled_at, created_at, updated_at, completed_at,
                 error_reason, error_message)
select id, user_id, 'static_ad', gen_random_uuid(), gen_random_uuid(), 'filled-' || n, status, false, 3,
       decode(repeat(md5(n::text), 12), 'hex'), 1, moment, moment,
       case status when 'completed' then 'capture' else 'release' end, moment, moment, moment, moment,
       case status when 'failed' then 'GENERATION_FAILED' end,
       case status when 'failed' then 'The creative could not be generated.' end
  from (select ids.*, case when n %% 50 = 0 then 'failed' when n %% 101 = 0 then 'canceled'
                           when n %% 103 = 0 then 'expired' else 'completed' end as status from ({IDS}) as ids) as made
"""
HOLD_ROWS = f"""
insert into hold (job_id, user_id, type, amount, state, created_at, expires_at, ended_at, refunded_at)
select id, user_id, 'static_ad', 3, 'captured', moment, moment, moment, moment from ({IDS}) as ids
"""
# Four entries per job: grant, hold, capture and refund.
ENTRY_ROWS = f"""
insert into entry (kind, user_id, amount, debit, credit, job_id, job_type, grant_id, reason, created_at)
select kind, user_id, 3, debit, credit, case when kind <> 'grant' then id end,
       case when kind <> 'grant' then 'static_ad' end, case when kind = 'grant' then 'filled-' || n end,
       'filled', moment
  from ({IDS}) as ids
 cross join (values ('grant', 'issued', 'available'), ('hold', 'available', 'held'), ('capture', 'held', 'revenue'),
                    ('refund', 'revenue', 'available')) as kinds (kind, debit, credit)
"""
ACCOUNT_ROWS = f"""
insert into account (user_id, available) select user_id, 3 * count(*) from ({IDS}) as ids group by user_id
on conflict (user_id) do update set available = account.available + excluded.available
"""
# One seal covers all rows, so that the hash chain starts after them; sealing them regularly would take many minutes.
SEAL = """
insert into seal (id, ids, digests, previous, hash, sealed_at)
select coalesce(max(seal.id), 0) + 1, array[(select max(id) from entry)], '\\x', '\\x', '\\x66', now() from seal
"""


def fill(harness: BenchHarness) -> float:
    """Fills the databases of job and billing concurrently; the seconds that this took."""
    began = time.monotonic()
    failed: list[Exception] = []

    def fill_database(database: str, statements: Sequence[str]) -> None:
        try:
            _fill(harness, database, statements)
        except Exception as error:
            failed.append(error)

    threads = [
        threading.Thread(target=fill_database, args=("job", [JOB_ROWS])),
        threading.Thread(target=fill_database, args=("billing", [ACCOUNT_ROWS, HOLD_ROWS, ENTRY_ROWS])),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    return time.monotonic() - began


def _fill(harness: BenchHarness, database: str, statements: Sequence[str]) -> None:
    callers = [customer.id for customer in harness.customers]
    with harness.database(database) as connection:
        connection.execute("set synchronous_commit = off")
        connection.execute("set statement_timeout = 0")
        for first in range(1, JOBS + 1, ROWS_PER_STATEMENT):
            parameters = {
                "jobs": JOBS,
                "first": first,
                "last": min(JOBS, first + ROWS_PER_STATEMENT - 1),
                "others": OTHER_USERS,
                "share": CALLER_EVERY,
                "callers": callers,
            }
            for statement in statements:
                connection.execute(statement.encode(), parameters)
        if database == "billing":
            connection.execute(SEAL.encode())
        connection.execute("vacuum (freeze, analyze)")
        connection.execute("checkpoint")
