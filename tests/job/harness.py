"""A job service without its server, on a real PostgreSQL and a real billing service."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import grpc
from adwright.billing.v1 import billing_pb2_grpc
from sqlalchemy import ColumnElement, Executable, select

from services.billing.audit import verify
from services.billing.domain import Balance, Grant
from services.billing.ledger import Ledger
from services.billing.servicer import BillingLedgerServicer
from services.chassis.clock import SystemClock
from services.chassis.data.database import Database
from services.chassis.data.ids import new_id
from services.chassis.data.kafka import Producer, Record
from services.chassis.data.outbox import Relay
from services.chassis.data.statements import Query, fetch_rows, run
from services.chassis.rpc.auth import ServiceIdentity
from services.chassis.rpc.server import open_channel
from services.job.credits import BillingClient
from services.job.domain import AttemptFailure, Completion, FaultKind, JobPolicy, Limits, Submission
from services.job.job_reader import JobReader
from services.job.leases import Leases
from services.job.lifecycle import Lifecycle
from services.job.loops.settlement import Settlement
from services.job.settlement_queue import SettlementQueue
from services.job.submission import Submissions
from services.job.submission_store import SubmissionStore
from services.job.tables import attempt, job
from tests.database import column, until_statements_wait_for_locks
from tests.running import Postgres

SERVICES = Path(__file__).resolve().parents[2] / "services"
IDENTITY = ServiceIdentity("job", "s" * 32)
PRICES = {"copy": 1, "static_ad": 3, "video": 40, "video_product": 15, "static_ad_variant": 1, "video_variant": 5}


class JobRow(NamedTuple):
    """What tests look at of a job."""

    id: uuid.UUID
    status: str
    attempt: int
    failures: int
    worker: str | None
    progress: int
    checkpoint: bytes | None
    settle: str | None
    dead: bool
    error_reason: str | None
    completed_at: datetime | None
    settled_at: datetime | None


class AttemptRow(NamedTuple):
    """What tests look at of an attempt."""

    number: int
    outcome: str | None
    cause: str


class LaterClock:
    """The system clock plus `ahead`."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def now(self) -> datetime:
        return SystemClock().now() + self.ahead


class NoBroker(Producer):
    """A producer without a broker: no record is ever acknowledged."""

    def __init__(self) -> None:
        return

    async def send(self, records: Sequence[Record]) -> int:
        return 0


@dataclass
class Replica:
    """The engines of one replica."""

    submissions: Submissions
    leases: Leases
    lifecycle: Lifecycle
    reader: JobReader
    settlement: Settlement
    ended: SettlementQueue


@dataclass
class JobHarness(Replica):
    """A replica, its billing service and their databases."""

    database: Database
    ledger_database: Database
    clock: LaterClock
    billing: grpc.aio.Server
    stub: Any
    policy: JobPolicy
    url: str

    @property
    def submission_store(self) -> SubmissionStore:
        return SubmissionStore(self.policy)

    def replica(self, stub: Any = None) -> Replica:
        """Another replica on the same database, with another stub of billing if one is given."""
        return replica_of(self.database, stub or self.stub, self.policy, self.clock)

    def with_policy(self, **changes: Any) -> JobHarness:
        """A harness on the same databases whose policy has other values."""
        policy = replace(self.policy, **changes)
        return replace(self, **vars(replica_of(self.database, self.stub, policy, self.clock)), policy=policy)

    async def grant(self, user: str, amount: int) -> None:
        grant = Grant(grant_id=str(uuid.uuid4()), user_id=user, credits=amount, reason="test", type="paid")
        async with self.ledger_database.transaction() as connection:
            await Ledger(PRICES).grant(connection, grant, self.clock.now())

    def submission(self, user: str = "u", **changes: Any) -> Submission:
        values: dict[str, Any] = {
            "job_id": new_id(self.clock.now()),
            "user_id": user,
            "type": "static_ad",
            "project_id": uuid.uuid4(),
            "product_id": uuid.uuid4(),
            "idempotency_key": "",
            "parameters": b"parameters",
            **changes,
        }
        return Submission(**values)

    async def submitted(self, user: str = "u", **changes: Any) -> uuid.UUID:
        return (await self.submissions.submit(self.submission(user, **changes))).job_id

    async def balance(self, user: str = "u") -> tuple[int, int]:
        async with self.ledger_database.connection() as connection:
            assert (await verify(connection)).problems == ()
            found = (await Ledger(PRICES).balances(connection, [user], self.clock.now())).get(user, Balance())
            return found.available, found.held

    async def jobs(self, *where: ColumnElement[bool]) -> list[JobRow]:
        """The jobs with these conditions, the oldest first."""
        found = select(*(job.c[name] for name in JobRow._fields)).where(*where).order_by(job.c.id)
        async with self.database.connection() as connection:
            return await fetch_rows(connection, Query(JobRow, found))

    async def job(self, job_id: uuid.UUID) -> JobRow:
        [found] = await self.jobs(job.c.id == job_id)
        return found

    async def attempts(self, *where: ColumnElement[bool]) -> list[AttemptRow]:
        """The attempts with these conditions, of one job after the other."""
        found = select(*(attempt.c[name] for name in AttemptRow._fields)).where(*where)
        async with self.database.connection() as connection:
            return await fetch_rows(connection, Query(AttemptRow, found.order_by(attempt.c.job_id, attempt.c.number)))

    async def column(self, of: ColumnElement[Any], *where: ColumnElement[bool]) -> list[Any]:
        """The values of a column in the rows with these conditions, in ascending order."""
        async with self.database.connection() as connection:
            return await column(connection, of, *where)

    async def run(self, statement: Executable) -> None:
        """Changes rows behind the back of the service."""
        async with self.database.connection() as connection:
            await run(connection, statement)

    async def until_statements_wait_for_locks(self, number: int) -> None:
        """Returns once exactly so many statements wait for locks."""
        await until_statements_wait_for_locks(self.database, number)


def replica_of(database: Database, stub: Any, policy: JobPolicy, clock: LaterClock) -> Replica:
    billing, relay, ended = BillingClient(stub, IDENTITY), Relay(database, NoBroker()), SettlementQueue()
    return Replica(
        submissions=Submissions(database=database, billing=billing, relay=relay, policy=policy, clock=clock),
        leases=Leases(database=database, relay=relay, policy=policy, clock=clock, ended=ended),
        lifecycle=Lifecycle(database=database, relay=relay, policy=policy, clock=clock, ended=ended),
        reader=JobReader(database),
        settlement=Settlement(database=database, billing=billing, clock=clock, ended=ended),
        ended=ended,
    )


@asynccontextmanager
async def opened(postgres: Postgres) -> AsyncIterator[JobHarness]:
    """A harness on fresh databases."""
    async with (
        postgres.migrated(SERVICES / "billing" / "migrations") as ledger_url,
        postgres.migrated(SERVICES / "job" / "migrations") as url,
        _serving(ledger_url, url) as harness,
    ):
        yield harness


@asynccontextmanager
async def _serving(ledger_url: str, url: str) -> AsyncIterator[JobHarness]:
    clock = LaterClock()
    ledger_database, database = Database(ledger_url, pool_size=4), Database(url, pool_size=4)
    await ledger_database.open()
    await database.open()
    server = grpc.aio.server()
    billing_pb2_grpc.add_BillingLedgerServiceServicer_to_server(
        BillingLedgerServicer(database=ledger_database, ledger=Ledger(PRICES), clock=clock), server
    )
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    limits = Limits(start=timedelta(hours=1), attempt=timedelta(minutes=5), total=timedelta(hours=2), failures=3)
    policy = JobPolicy(
        limits={"copy": limits, "static_ad": limits, "video": limits}, live_jobs_per_user=50, processing_jobs_per_user=4
    )
    async with open_channel(f"127.0.0.1:{port}") as channel:
        stub = billing_pb2_grpc.BillingLedgerServiceStub(channel)
        yield JobHarness(
            **vars(replica_of(database, stub, policy, clock)),
            database=database,
            ledger_database=ledger_database,
            clock=clock,
            billing=server,
            stub=stub,
            policy=policy,
            url=url,
        )
    await server.stop(None)
    await database.close()
    await ledger_database.close()


def completion(job_id: uuid.UUID, attempt: int) -> Completion:
    return Completion(job_id=job_id, attempt=attempt, assets=(), result=b"", notes=())


def failure(job_id: uuid.UUID, attempt: int, kind: FaultKind) -> AttemptFailure:
    return AttemptFailure(job_id=job_id, attempt=attempt, kind=kind, reason="R", message="message")
