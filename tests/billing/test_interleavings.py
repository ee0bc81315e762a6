"""Random interleavings of all operations, on several connections, against a sequential model.

Operations are started concurrently. Some sequential order of them must yield the same results and balances in the
model: the ledger is linearizable.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from services.billing import hash_chain
from services.billing.domain import Balance, HoldEnd, Settlement
from services.billing.ledger import EXPIRING_SOON_PERIOD
from services.chassis.data.database import Database
from services.chassis.errors import Refusal
from tests.billing.harness import LEDGER, MIGRATIONS, NOW, LedgerHarness, hold_request
from tests.running import Postgres

USERS, JOBS, GRANTS = 2, 8, 6
KINDS = {"one": 1, "three": 3}
CONCURRENT_OPERATIONS = 4

Operation = tuple[Any, ...]
users = st.integers(0, USERS - 1)
jobs = st.integers(0, JOBS - 1)  # the job's user is its number modulo USERS
kinds = st.tuples(st.sampled_from(list(KINDS)), st.integers(1, 3))  # and how many units of it
ends = st.builds(Settlement, end=st.sampled_from(list(HoldEnd)), delivered=st.integers(0, 4))
operations = st.one_of(
    st.tuples(st.just("grant"), users, st.integers(1, 6), st.integers(0, GRANTS - 1), st.sampled_from([None, 1, 2, 9])),
    st.tuples(st.just("hold"), jobs, kinds),
    st.tuples(st.just("hold"), jobs, kinds),
    st.tuples(
        st.just("holds"), st.lists(st.tuples(jobs, kinds), min_size=2, max_size=4, unique_by=lambda hold: hold[0])
    ),
    st.tuples(st.just("end"), jobs, ends),
    st.tuples(st.just("ends"), st.dictionaries(jobs, ends, min_size=2, max_size=4)),
    st.tuples(st.just("release"), jobs),
    st.tuples(st.just("refund"), jobs),
    st.tuples(st.just("lapse")),
)


@dataclass
class LotModel:
    number: int
    left: int
    expires: datetime


@dataclass
class Held:
    amount: int
    quantity: int = 1
    state: str = "held"
    draws: list[tuple[LotModel, int]] = field(default_factory=list)
    captured: int = 0
    refunded: bool = False


@dataclass
class Account:
    unexpiring: int = 0
    expiring: list[LotModel] = field(default_factory=list)
    held: int = 0


@dataclass
class Model:
    """A ledger for a single caller, in memory."""

    now: datetime = NOW
    accounts: dict[int, Account] = field(default_factory=lambda: {user: Account() for user in range(USERS)})
    jobs: dict[int, Held] = field(default_factory=dict)
    grants: dict[int, tuple[Any, ...]] = field(default_factory=dict)

    def unexpired(self, user: int) -> list[LotModel]:
        grants = [grant for grant in self.accounts[user].expiring if grant.left and grant.expires > self.now]
        return sorted(grants, key=lambda grant: (grant.expires, grant.number))

    def available(self, user: int) -> int:
        return self.accounts[user].unexpiring + sum(grant.left for grant in self.unexpired(user))

    def balance(self, user: int) -> Balance:
        unexpired = self.unexpired(user)
        return Balance(
            available=self.available(user),
            held=self.accounts[user].held,
            expiring_soon=sum(grant.left for grant in unexpired if grant.expires <= self.now + EXPIRING_SOON_PERIOD),
            next_expiry=unexpired[0].expires if unexpired else None,
        )

    def apply(self, operation: Operation) -> Any:
        name, *values = operation
        return getattr(self, name)(*values)

    def grant(self, user: int, amount: int, grant: int, days: int | None) -> Any:
        expires = NOW + timedelta(days=days) if days is not None else None
        if grant in self.grants:
            return self.available(user) if self.grants[grant] == (user, amount, expires) else "GrantConflict"
        if expires is not None and expires <= self.now:
            return "ValidationFailed"
        self.grants[grant] = (user, amount, expires)
        if expires is None:
            self.accounts[user].unexpiring += amount
        else:
            self.accounts[user].expiring.append(LotModel(grant, amount, expires))
        return self.available(user)

    def hold(self, job: int, kind: tuple[str, int]) -> Any:
        name, quantity = kind
        user, amount = job % USERS, KINDS[name] * quantity
        if job in self.jobs:
            result = "held" if self.jobs[job].state == "held" else "ended"
        elif self.available(user) < amount:
            result = "insufficient"
        else:
            held = self.jobs[job] = Held(amount, quantity)
            left = amount
            for grant in self.unexpired(user):
                part = min(left, grant.left)
                if part:
                    grant.left -= part
                    left -= part
                    held.draws.append((grant, part))
            self.accounts[user].unexpiring -= left
            self.accounts[user].held += amount
            result = "held"
        return result, self.available(user)

    def holds(self, requests: list[tuple[int, tuple[str, int]]]) -> Any:
        results = [self.hold(job, kind)[0] for job, kind in requests]
        return [(result, self.available(job % USERS)) for result, (job, _) in zip(results, requests, strict=True)]

    def ends(self, ends: dict[int, Settlement]) -> Any:
        return [self.end(job, end) for job, end in ends.items()]

    def end(self, job: int, settlement: Settlement) -> Any:
        held = self.jobs.get(job)
        if held is None:
            return None
        if held.state == "held":
            held.state = settlement.end.state
            account = self.accounts[job % USERS]
            account.held -= held.amount
            if settlement.end is HoldEnd.CAPTURE:
                units = min(settlement.delivered or held.quantity, held.quantity)
                held.captured = held.amount // held.quantity * units
            left = held.amount - held.captured
            unexpiring = min(left, held.amount - sum(part for _, part in held.draws))
            account.unexpiring += unexpiring
            left -= unexpiring
            for grant, part in reversed(held.draws):  # those that end first stay spent
                back = min(left, part)
                grant.left += back  # without effect once the lot has lapsed
                left -= back
        return held.state

    def release(self, job: int) -> Any:
        self.jobs.setdefault(job, Held(0, state="released"))
        return self.end(job, Settlement(end=HoldEnd.RELEASE))

    def refund(self, job: int) -> Any:
        held = self.jobs.get(job)
        if held is None or not held.amount:
            return "HoldNotFound"
        if held.state != "captured":
            return "NotCaptured"
        if held.refunded:
            return "AlreadyRefunded"
        held.refunded = True
        self.accounts[job % USERS].unexpiring += held.captured
        return held.captured

    def lapse(self) -> None:
        return None


def _linearizable_parts(operations: list[Operation], results: list[Any]) -> Iterator[tuple[Operation, Any]]:
    """Yields the operations that take effect at one point in time each, with their results.

    An operation is one of them, except a batch of ends with unknown jobs. It reads which holds exist before it locks
    the accounts, so its unknown jobs take effect earlier than the rest: a hold that is placed in between is not ended.
    """
    for operation, result in zip(operations, results, strict=True):
        if operation[0] == "ends" and None in result and any(result):
            states = dict(zip(operation[1].items(), result, strict=True))
            for part in (
                {end: state for end, state in states.items() if state is None},
                {end: state for end, state in states.items() if state is not None},
            ):
                yield ("ends", dict(part.keys())), list(part.values())
        else:
            yield operation, result


class Interleavings(RuleBasedStateMachine):
    """Runs one example: a set of users of its own, in a database that all examples share."""

    harness: LedgerHarness
    loop: asyncio.AbstractEventLoop

    @initialize()
    def begin(self) -> None:
        self.mark = uuid.uuid4().hex
        self.job_ids = [uuid.uuid4() for _ in range(JOBS)]
        self.model = Model()
        self.harness.now = NOW
        self.run_concurrently(
            [("grant", 0, 6, GRANTS, 9), ("grant", 0, 4, GRANTS + 1, 2), ("grant", 1, 5, GRANTS + 2, None)]
        )

    @rule(operations=st.lists(operations, min_size=1, max_size=CONCURRENT_OPERATIONS))
    def run_concurrently(self, operations: list[Operation]) -> None:
        results = self.loop.run_until_complete(self._run_all(operations))
        balances = self.loop.run_until_complete(self._balances())
        model = self._linearize(self.model, list(_linearizable_parts(operations, results)), balances)
        assert model is not None, f"{operations} returned {results}, {balances}: no order of them explains it"
        self.model = model

    def _linearize(self, model: Model, left: list[tuple[Operation, Any]], balances: list[Balance]) -> Model | None:
        """Returns the model after an order of the operations that yields these results and balances.

        None: there is no such order.
        """
        if not left:
            return model if [model.balance(user) for user in range(USERS)] == balances else None
        for position, (operation, result) in enumerate(left):
            after = deepcopy(model)
            if after.apply(operation) == result:
                found = self._linearize(after, left[:position] + left[position + 1 :], balances)
                if found is not None:
                    return found
        return None

    @rule(grant=st.integers(0, GRANTS - 1), days=st.sampled_from([None, 9]))
    def grant_one_id_to_all_users(self, grant: int, days: int | None) -> None:
        """Grants the same id to every user concurrently."""
        self.run_concurrently([("grant", user, 3, grant, days) for user in range(USERS)])

    @rule(hours=st.sampled_from([1, 20, 30, 200]))
    def advance_clock(self, hours: int) -> None:
        self.model.now += timedelta(hours=hours)
        self.harness.now = self.model.now
        assert self.loop.run_until_complete(self._balances()) == [self.model.balance(user) for user in range(USERS)]

    @rule()
    def audit(self) -> None:
        assert self.loop.run_until_complete(self.harness.problems()) == []

    def teardown(self) -> None:
        if hasattr(self, "mark"):
            self.loop.run_until_complete(hash_chain.seal(self.harness.database, NOW))
            self.audit()

    async def _run_all(self, operations: list[Operation]) -> list[Any]:
        return list(await asyncio.gather(*(self._run(operation) for operation in operations)))

    async def _balances(self) -> list[Balance]:
        return [await self.harness.credits(self._user(user)) for user in range(USERS)]

    def _user(self, number: int) -> str:
        return f"{self.mark}-{number}"

    async def _run(self, operation: Operation) -> Any:
        name, *values = operation
        try:
            return await getattr(self, f"_{name}")(*values)
        except Refusal as refusal:
            return type(refusal).__name__

    async def _grant(self, user: int, amount: int, grant: int, days: int | None) -> int:
        left = (NOW + timedelta(days=days) - self.harness.now) / timedelta(days=1) if days is not None else None
        return await self.harness.grant(self._user(user), amount, f"{self.mark}-{grant}", days=left)

    async def _hold(self, job: int, kind: tuple[str, int]) -> tuple[str, int]:
        return (await self._holds([(job, kind)]))[0]

    async def _holds(self, requests: list[tuple[int, tuple[str, int]]]) -> list[tuple[str, int]]:
        """Returns (result, available) of each request; available is the balance after the whole batch."""
        outcomes = await self.harness.place_holds(
            *(
                replace(hold_request(self._user(job % USERS), kind, self.job_ids[job]), quantity=quantity)
                for job, (kind, quantity) in requests
            )
        )
        return [(outcome.result.value, outcome.available) for outcome in outcomes]

    async def _end(self, job: int, end: Settlement) -> str | None:
        return (await self._ends({job: end}))[0]

    async def _ends(self, ends: dict[int, Settlement]) -> list[str | None]:
        async with self.harness.database.transaction() as connection:
            found = await LEDGER.end_holds(
                connection, {self.job_ids[job]: end for job, end in ends.items()}, self.harness.now
            )
        states = (found.get(self.job_ids[job]) for job in ends)
        return [hold.state if hold else None for hold in states]

    async def _release(self, job: int) -> str | None:
        async with self.harness.database.connection() as connection:
            await LEDGER.insert_release_tombstones(connection, [self.job_ids[job]], self.harness.now)
        return await self._end(job, Settlement(end=HoldEnd.RELEASE))

    async def _refund(self, job: int) -> int:
        return await self.harness.refund(self.job_ids[job])

    async def _lapse(self) -> None:
        await self.harness.lapse_credits()


def run(postgres: Postgres, examples: int) -> None:
    """Runs so many examples; fewer than 100 are the same ones every time."""
    loop = asyncio.new_event_loop()
    migrated = postgres.migrated(MIGRATIONS)
    url = loop.run_until_complete(migrated.__aenter__())
    database = Database(url, pool_size=CONCURRENT_OPERATIONS * 2)
    loop.run_until_complete(database.open())
    machine = type("Machine", (Interleavings,), {"harness": LedgerHarness(url, database), "loop": loop})
    try:
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=examples,
                stateful_step_count=30,
                deadline=None,
                database=None,
                derandomize=examples < 100,
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        loop.run_until_complete(database.close())
        loop.run_until_complete(migrated.__aexit__(None, None, None))
        loop.close()


def test_concurrent_operations_are_linearizable(postgres: Postgres) -> None:
    run(postgres, 20)


@pytest.mark.slow
@pytest.mark.timeout(1_800)
def test_thousands_of_concurrent_operations_are_linearizable(postgres: Postgres) -> None:
    run(postgres, 400)
