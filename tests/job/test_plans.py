"""The cost of a statement does not depend on the number of ended jobs.

Costs are counted in pages that a statement touches, which other load on the machine does not change. `pytest -s` shows
the table; ADWRIGHT_ENDED_JOBS sets the number of ended jobs, ADWRIGHT_PLANS=1 also shows the plans.
"""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import psycopg
import pytest
from rich.console import Console
from rich.table import Table
from sqlalchemy import delete

from services.chassis.data.database import Connection, Database
from services.job import queries, tables
from services.job.domain import FaultKind, Heartbeat, JobFilter, Status
from tests.job.harness import JobHarness, completion, failure

ENDED = int(os.environ.get("ADWRIGHT_ENDED_JOBS", "60000"))
BIG = ("job", "attempt", "asset")
SWEEPERS = {"job_expiry", "job_to_dispatch"}  # in no order that other statements want
# Indexes become one or two levels deeper, and the live jobs, which lie together when there are no others, lie in the
# gaps between ended ones: each queue position of a page of jobs reads the queue's. Reading all ended jobs would touch
# thousands of pages.
MORE_PAGES = 1.3
MORE_PAGES_A_STATEMENT = 25
MORE_PAGES_A_POSITION = 100  # a statement that finds queue positions

FILL = """
  insert into job (id, user_id, type, project_id, product_id, idempotency_key, status, self_made, credits, parameters,
                   expires_at, deadline, attempt, settle, settled_at, created_at, updated_at, completed_at)
  select (substr(time, 1, 8) || '-' || substr(time, 9, 4) || '-7' || substr(noise, 1, 3) || '-a' || substr(noise, 4, 3)
          || '-' || substr(noise, 7, 12))::uuid,
         case when number %% 2 = 0 then 'u' else 'user-' || number %% 1000 end, 'static_ad',
         md5((number %% 10)::text)::uuid, md5('p')::uuid, noise,
         (array['completed', 'completed', 'completed', 'completed', 'failed', 'canceled'])[1 + number %% 6], false, 3,
         convert_to(repeat(noise, 4), 'UTF8'), moment, moment, 1,
         case when number %% 6 < 4 then 'capture' else 'release' end, moment, moment, moment, moment
    from (select number, now() - number * interval '1 second' as moment, md5(number::text) as noise,
                 lpad(to_hex(((extract(epoch from now()) - number) * 1000)::bigint), 12, '0') as time
            from generate_series(%s::int, 1, -1) as number) as numbers
"""
FILL_PARTS = """
  insert into attempt (job_id, number, worker, started_at, ended_at, outcome)
    select id, 1, 'm', created_at, created_at, 'completed' from job where status = 'completed';
  insert into asset (id, job_id, position, type, key, content_type, size_bytes, sha256)
    select gen_random_uuid(), id, 0, 'image', id::text, 'image/png', 1, '' from job where status = 'completed';
"""


Plans = list[tuple[str, dict[str, Any]]]  # statements and their plans


def numbered(query: str, parameters: Mapping[str, Any]) -> str:
    """The statement with PostgreSQL's parameters in place of psycopg's."""
    numbers = {name: f"${number}" for number, name in enumerate(parameters, start=1)}
    casts = {name: "::interval" for name, value in parameters.items() if isinstance(value, timedelta)}
    return re.sub(r"%\((\w+)\)s", lambda found: numbers[found[1]] + casts.get(found[1], ""), query)


class Counted:
    """A connection that explains each statement before running it."""

    def __init__(self, connection: Connection, database: Explained) -> None:
        self._connection = connection
        self._database = database

    async def execute(self, query: Any, parameters: Any = None) -> Any:
        query = query.decode() if isinstance(query, bytes) else query
        if str(query).lstrip().split()[0].lower() in ("select", "insert", "update", "delete", "with"):
            async with self._connection.transaction(force_rollback=True):
                cursor = await self._connection.execute("explain (analyze, buffers, format json) " + query, parameters)
                row = await cursor.fetchone()
                assert row is not None, "an explanation is a row"
                self._database.plans.append((query, row[0][0]["Plan"]))
                cursor = await self._connection.execute(
                    "explain (generic_plan, format json) " + numbered(query, parameters)
                )
                row = await cursor.fetchone()
            assert row is not None, "an explanation is a row"
            self._database.generic_plans.append((query, row[0][0]["Plan"]))
        return await self._connection.execute(query, parameters)


class Explained(Database):
    """A database that records the plans of its statements."""

    def __init__(self, url: str) -> None:
        super().__init__(url, pool_size=2)
        self.plans: Plans = []
        self.generic_plans: Plans = []  # as prepared statements have them

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        async with super().transaction() as connection:
            yield cast(Connection, Counted(connection, self))

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        async with super().connection() as connection:
            yield cast(Connection, Counted(connection, self))

    def taken(self) -> tuple[int, Plans]:
        """The pages touched since the last call, and the plans."""
        plans, self.plans = self.plans, []
        return sum(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] for _, plan in plans), plans


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)


def scans_of(plans: Plans) -> list[str]:
    """The statements that read a big table as a whole."""
    return [
        query
        for query, plan in plans
        if any(node["Node Type"] == "Seq Scan" and node["Relation Name"] in BIG for node in nodes(plan))
    ]


def indexes_of(plans: Plans) -> set[str]:
    return {node["Index Name"] for _, plan in plans for node in nodes(plan) if "Index Name" in node}


def is_scan_of(node: dict[str, Any], alias: str) -> bool:
    return node.get("Alias") == alias and "Relation Name" in node


async def partial_indexes(harness: JobHarness) -> set[str]:
    with psycopg.connect(harness.url) as connection:
        found = connection.execute(
            "select indexrelid::regclass::text from pg_index where indpred is not null and not indisunique"
        )
        return {name for (name,) in found}


async def costs(harness: JobHarness) -> tuple[dict[str, tuple[int, Plans]], Plans]:
    """The cost of each operation on jobs, with a few live jobs of several users, and all generic plans."""
    database = Explained(harness.url)
    await database.open()
    explained = replace(harness, database=database)
    replica = explained.replica()
    for user in ("u", "v"):
        await harness.grant(user, 1000)
        for _ in range(10):
            await harness.submitted(user)
    found: dict[str, tuple[int, Plans]] = {}

    async def listed(**filters: Any) -> None:
        async with database.connection() as connection:
            await queries.list_jobs(connection, JobFilter(user_id="u", size=20, **filters))

    try:
        job_id = (await replica.submissions.submit(harness.submission(idempotency_key="k"))).job_id
        found["submit"] = database.taken()
        await replica.submissions.submit(harness.submission(idempotency_key="k"))
        found["submit the same"] = database.taken()
        arrived = harness.clock.now()
        ended = await harness.submissions.submit(harness.submission(idempotency_key="ended"))
        await harness.lifecycle.cancel(ended.job_id, "u")
        await harness.settlement.settle_all()
        again = await replica.submissions.submit(harness.submission(idempotency_key="ended", arrived_at=arrived))
        assert again.job_id == ended.job_id
        found["submit the same, ended"] = database.taken()
        await replica.reader.job(job_id, "u")
        found["status, queued"] = database.taken()
        lease = await replica.leases.lease("static_ad", "m")
        assert lease is not None
        found["lease"] = database.taken()
        await replica.leases.heartbeat(Heartbeat(job_id=lease.job_id, attempt=1, progress=1, stage="", checkpoint=None))
        found["heartbeat"] = database.taken()
        await replica.leases.complete(completion(lease.job_id, 1))
        found["complete"] = database.taken()
        await replica.reader.job(lease.job_id, lease.user_id)
        found["status, completed"] = database.taken()
        assert await replica.settlement.settle_all() == 1
        found["settle"] = database.taken()
        second = await harness.leases.lease("static_ad", "m")
        assert second is not None
        await replica.leases.fail(failure(second.job_id, 1, FaultKind.TRANSIENT))
        found["fail"] = database.taken()
        await replica.lifecycle.cancel(job_id, "u")
        found["cancel"] = database.taken()
        third = await harness.leases.lease("static_ad", "m")
        assert third is not None
        harness.clock.ahead = timedelta(seconds=8)
        for name, step in {
            "sweeper: expire": replica.lifecycle.expire(10),
            "sweeper: lost leases": replica.lifecycle.recover_lost(10),
            "sweeper: dispatch again": replica.lifecycle.dispatch_again(50),
            "sweeper: leftovers": replica.submissions.take_back_leftovers(timedelta(seconds=20), 10),
        }.items():
            await step
            found[name] = database.taken()
        old = harness.clock.now() - timedelta(seconds=min(ENDED, 600) / 2)
        filtered: dict[str, dict[str, Any]] = {
            "list": {},
            "list, queued": {"status": Status.QUEUED},
            "list, failed": {"status": Status.FAILED},
            "list, expired": {"status": Status.EXPIRED},
            "list, until long ago": {"until": harness.clock.now() - timedelta(days=1000)},
            "list, until some time ago": {"until": old},
            "list, since some time ago": {"since": old},
        }
        for name, filters in filtered.items():
            await listed(**filters)
            found[name] = database.taken()
        async with database.connection() as connection:
            await queries.dead_jobs(connection, None, 20)
            found["dead jobs"] = database.taken()
            await queries.settlements(connection, uuid.UUID(int=0), 100)
            found["reconcile, a page"] = database.taken()
            await queries.live_and_recent_jobs(connection, ["u", "v"], job_id)
            found["follow all jobs"] = database.taken()
            await queries.ended_since(connection, "u", harness.clock.now(), job_id)
            await queries.ended_jobs(connection, harness.clock.now(), uuid.UUID(int=0), 100, with_url=False)
            await queries.ended_jobs(connection, harness.clock.now(), uuid.UUID(int=0), 100, with_url=True)
            await queries.ended_among(connection, [uuid.uuid4()], with_url=True)
            found["follow all jobs again"] = database.taken()
    finally:
        await database.close()
        harness.clock.ahead = timedelta(0)
    return found, database.generic_plans


def show(before: dict[str, Any], after: dict[str, Any]) -> None:
    table = Table(title=f"pages touched with no ended jobs, and with {ENDED:,}")
    for column in ("what", "none", f"{ENDED:,}", "indexes"):
        table.add_column(column, justify="left" if column in ("what", "indexes") else "right")
    for name, (pages, plans) in after.items():
        table.add_row(name, str(before[name][0]), str(pages), ", ".join(sorted(indexes_of(plans))))
    Console(width=160).print(table)


async def show_plans(harness: JobHarness, found: dict[str, Any]) -> None:
    for name, (_, plans) in found.items():
        for query, plan in plans:
            Console(width=160).rule(name)
            print(re.sub(r"\s+", " ", query))
            for node in nodes(plan):
                about = {
                    key: node[key] for key in ("Relation Name", "Index Name", "Index Cond", "Filter") if key in node
                }
                print("   ", node["Node Type"], about, "rows", node["Actual Rows"])


@pytest.mark.timeout(900 + ENDED // 2000)
async def test_statement_costs_do_not_grow_with_ended_jobs(harness: JobHarness) -> None:
    before, _ = await costs(harness)
    await harness.run(delete(tables.job))
    with psycopg.connect(harness.url, autocommit=True) as connection:
        connection.execute(FILL.encode(), [ENDED])
        connection.execute(FILL_PARTS.encode())
        connection.execute("vacuum analyze")
    after, generic = await costs(harness)
    show(before, after)
    if os.environ.get("ADWRIGHT_PLANS"):
        await show_plans(harness, after)
    whole = {name: scans for name, (_, plans) in after.items() if (scans := scans_of(plans))}
    assert whole == {}, "no table is read as a whole"
    assert scans_of(generic) == [], "nor by the plan of a prepared statement, which serves every value"
    missing = {name for _, plans in after.values() for name in indexes_of(plans)} - indexes_of(generic)
    assert missing & await partial_indexes(harness) == set(), "its conditions are literals, so it uses partial indexes"
    strays = {
        name: indexes_of(plans) & SWEEPERS for name, (_, plans) in after.items() if not name.startswith("sweeper")
    }
    assert {name: found for name, found in strays.items() if found} == {}, "the sweeper's indexes serve the sweeper"
    every = [plan for _, plans in after.values() for _, plan in plans] + [plan for _, plan in generic]
    ahead = {node["Index Name"] for plan in every for node in nodes(plan) if is_scan_of(node, "ahead")}
    assert ahead == {"job_queue"}, "a position is counted up to a bound, in the order of the queue"
    allowed = {
        # With any filter, a page of ended jobs costs no more than a page of live jobs.
        name: MORE_PAGES * before["list" if name.startswith("list") else name][0]
        + sum(MORE_PAGES_A_POSITION if "queue_position" in query else MORE_PAGES_A_STATEMENT for query, _ in plans)
        for name, (_, plans) in after.items()
    }
    dearer = {name: (pages, allowed[name]) for name, (pages, _) in after.items() if pages > allowed[name]}
    assert dearer == {}
