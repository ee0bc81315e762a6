"""The ledger's promises, against a real PostgreSQL."""

from __future__ import annotations

import asyncio
import random
import uuid
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest

from services.billing import hash_chain
from services.billing.audit import verify
from services.billing.domain import (
    MAX_BALANCE,
    AlreadyRefunded,
    Balance,
    BalanceTooLarge,
    GrantConflict,
    HoldEnd,
    HoldResult,
    NotCaptured,
    prices_of,
)
from services.billing.ledger import Ledger
from services.billing.maintenance import Maintenance
from services.billing.servicer import BillingLedgerServicer
from services.chassis.clock import SystemClock
from services.chassis.data.database import IDLE_TRANSACTION_MS, Database, fetch_all
from services.chassis.errors import DependencyUnavailable, ValidationFailed
from tests.billing.harness import LEDGER, NOW, LedgerHarness, order


class TestHolds:
    async def test_one_insufficient_balance_in_a_batch_refuses_that_order_alone(self, harness: LedgerHarness) -> None:
        await harness.grant("rich", 10)
        await harness.grant("poor", 2)
        outcomes = await harness.hold(order("rich", "three"), order("poor", "three"), order("poor"), order("nobody"))
        assert [outcome.result.value for outcome in outcomes] == ["held", "insufficient", "held", "insufficient"]
        assert await harness.balance("rich") == (7, 3)
        assert await harness.balance("poor") == (1, 1)
        assert await harness.complaints() == []

    async def test_a_second_hold_for_a_job_answers_as_the_first(self, harness: LedgerHarness) -> None:
        await harness.grant("u", 10)
        job = order(kind="three")
        assert [outcome.result for outcome in await harness.hold(job, job)] == [HoldResult.HELD] * 2
        assert (await harness.hold(job))[0].result is HoldResult.HELD
        assert await harness.balance() == (7, 3)

    @pytest.mark.parametrize("replicas", [1, 3])
    async def test_a_thousand_holds_on_fifty_credits_make_exactly_fifty(
        self, harness: LedgerHarness, replicas: int
    ) -> None:
        await harness.grant("u", 50)
        databases = [Database(harness.url, pool_size=4) for _ in range(replicas)]
        for database in databases:
            await database.open()
        servicers = [
            BillingLedgerServicer(database=database, ledger=LEDGER, clock=SystemClock()) for database in databases
        ]
        outcomes = await asyncio.gather(
            *(servicers[number % replicas]._holds.submit((order(),)) for number in range(1000))
        )
        for database in databases:
            await database.close()
        assert sum(outcome[0].result is HoldResult.HELD for outcome in outcomes) == 50
        assert await harness.balance() == (0, 50)
        assert await harness.complaints() == []

    async def test_a_hold_ends_once_whatever_races(self, harness: LedgerHarness) -> None:
        await harness.grant("u", 100)
        jobs = [order(kind="three") for _ in range(30)]
        await harness.hold(*jobs)
        ends = [(job.job_id, end) for job in jobs for end in (HoldEnd.CAPTURE, HoldEnd.RELEASE, HoldEnd.EXPIRE)]
        random.Random(1).shuffle(ends)
        answers = await asyncio.gather(*(harness.end(job_id, end) for job_id, end in ends))
        told: dict[uuid.UUID, set[str]] = {}
        for (job_id, _), answer in zip(ends, answers, strict=True):
            told.setdefault(job_id, set()).add(answer)
        assert all(len(states) == 1 for states in told.values())
        captured = sum(states == {"captured"} for states in told.values())
        assert await harness.balance() == (100 - 3 * captured, 0)
        assert await harness.complaints() == []

    async def test_a_second_hold_answers_by_what_was_held_then_and_for_its_own_user(
        self, harness: LedgerHarness
    ) -> None:
        await harness.grant("u", 10)
        job = order(kind="three")
        await harness.hold(job)
        dearer = Ledger({"one": 1, "three": 4})
        async with harness.database.transaction() as connection:
            again = (await dearer.place_holds(connection, [job, replace(job, user_id="v")], NOW))[:2]
        assert [(outcome.result.value, outcome.amount) for outcome in again] == [("held", 3), ("ended", 3)]
        assert await harness.balance() == (7, 3)

    async def test_ending_a_job_without_a_hold_ends_the_others_of_its_batch(self, harness: LedgerHarness) -> None:
        await harness.grant("u", 10)
        job, unknown = order(), uuid.uuid4()
        await harness.hold(job)
        async with harness.database.transaction() as connection:
            ended = await LEDGER.end_holds(connection, {unknown: HoldEnd.CAPTURE, job.job_id: HoldEnd.CAPTURE}, NOW)
        assert ended == {job.job_id: ("captured", 1)}
        assert await harness.balance() == (9, 0)

    async def test_holds_and_marks_in_another_order_do_not_wait_in_a_circle(self, harness: LedgerHarness) -> None:
        """A third one, which has the job in the middle and then goes, makes both wait half-way."""
        await harness.grant("u", 10)
        jobs = sorted((order() for _ in range(3)), key=lambda job: job.job_id)
        servicer = BillingLedgerServicer(database=harness.database, ledger=LEDGER, clock=SystemClock())
        async with await psycopg.AsyncConnection.connect(harness.url) as third:
            await third.execute(
                """insert into hold (job_id, type, amount, state, created_at, expires_at, ended_at)
                   values (%s, '', 0, 'released', now(), now(), now())""",
                [jobs[1].job_id],
            )
            work = [
                asyncio.create_task(servicer._place([tuple(reversed(jobs))])),
                asyncio.create_task(servicer._end([{job.job_id: HoldEnd.RELEASE for job in jobs}])),
            ]
            await harness.waiting_for_locks(2)
            await third.rollback()
        await asyncio.gather(*work)
        assert (await harness.balance())[1] == 0
        assert await harness.complaints() == []

    async def test_a_job_released_before_its_hold_came_is_never_held(self, harness: LedgerHarness) -> None:
        await harness.grant("u", 10)
        job = order()
        async with harness.database.connection() as connection:
            await LEDGER.mark_released(connection, [job.job_id], NOW)
        assert (await harness.hold(job))[0].result is HoldResult.ENDED
        assert await harness.balance() == (10, 0)


class TestGrantsAndRefunds:
    async def test_a_grant_happens_once_however_often_it_is_sent(self, harness: LedgerHarness) -> None:
        answers = await asyncio.gather(*(harness.grant("u", 5, "welcome") for _ in range(20)))
        assert set(answers) == {5}
        with pytest.raises(GrantConflict):
            await harness.grant("u", 6, "welcome")
        with pytest.raises(GrantConflict):
            await harness.grant("other", 5, "welcome")
        assert await harness.balance("other") == (0, 0)

    async def test_of_two_users_who_race_for_a_grant_id_one_gets_it(self, harness: LedgerHarness) -> None:
        for number in range(20):
            answers = await asyncio.gather(
                *(harness.grant(user, 1, f"gift-{number}") for user in "ab"), return_exceptions=True
            )
            assert sum(isinstance(answer, GrantConflict) for answer in answers) == 1
        assert (await harness.balance("a"))[0] + (await harness.balance("b"))[0] == 20

    async def test_only_what_was_spent_is_refunded_and_once(self, harness: LedgerHarness) -> None:
        await harness.grant("u", 3)
        job = order(kind="three")
        await harness.hold(job)
        with pytest.raises(NotCaptured):
            await harness.refund(job.job_id)
        await harness.end(job.job_id, HoldEnd.CAPTURE)
        answers = await asyncio.gather(*(harness.refund(job.job_id) for _ in range(5)), return_exceptions=True)
        assert sorted(str(answer) if isinstance(answer, int) else type(answer).__name__ for answer in answers) == [
            "3",
            *[AlreadyRefunded.__name__] * 4,
        ]
        assert await harness.balance() == (3, 0)
        assert await harness.complaints() == []

    async def test_a_refund_makes_no_balance_that_cannot_be_told(self, harness: LedgerHarness) -> None:
        await harness.grant("u", 3)
        job = order(kind="three")
        await harness.hold(job)
        await harness.end(job.job_id, HoldEnd.CAPTURE)
        await harness.grant("u", MAX_BALANCE - 2)
        with pytest.raises(BalanceTooLarge):
            await harness.refund(job.job_id)
        assert await harness.balance() == (MAX_BALANCE - 2, 0)


class TestLots:
    """Credits with a last day."""

    async def test_what_expires_first_is_spent_first(self, harness: LedgerHarness) -> None:
        await harness.grant("u", 2, "a: late", days=30)
        await harness.grant("u", 5, "b: never")
        await harness.grant("u", 2, "c: early", days=3)
        assert await harness.credits() == _balance(9, soon=2, days=3)
        await harness.hold(order(kind="three"))
        assert await harness.credits() == _balance(6, held=3, soon=0, days=30)
        await harness.hold(order(kind="three"))
        assert await harness.credits() == _balance(3, held=6)
        assert await harness.complaints() == []

    async def test_expired_credits_leave_by_an_entry_of_their_own(self, harness: LedgerHarness) -> None:
        await harness.grant("u", 4, "gift", days=1, kind="promotional")
        await harness.grant("u", 1)
        harness.now += timedelta(days=2)
        assert await harness.balance() == (1, 0), "what has expired cannot be seen as available"
        assert (await harness.hold(order(kind="three")))[0].result is HoldResult.INSUFFICIENT
        assert await harness.lapse() in (0, 1)  # the hold that looked at the account has taken them back already
        assert await harness.lapse() == 0
        async with harness.database.connection() as connection:
            rows = await fetch_all(connection, "select grant_id, amount, credit from entry where kind = 'lapse'")
        assert rows == [{"grant_id": "gift", "amount": 4, "credit": "issued"}]
        assert await harness.complaints() == []

    async def test_nobody_has_to_look_for_credits_to_lapse(self, harness: LedgerHarness) -> None:
        await harness.grant("u", 4, days=1)
        harness.now += timedelta(days=1)
        assert await harness.lapse() == 1
        with psycopg.connect(harness.url) as connection:
            row = connection.execute("select available, expiring from account").fetchone()
        assert row == (0, 0)
        assert await harness.complaints() == []

    async def test_a_release_gives_back_to_the_grant_it_came_from(self, harness: LedgerHarness) -> None:
        await harness.grant("u", 2, "early", days=3)
        await harness.grant("u", 2)
        job = order(kind="three")
        await harness.hold(job)
        assert await harness.credits() == _balance(1, held=3)
        await harness.end(job.job_id, HoldEnd.RELEASE)
        assert await harness.credits() == _balance(4, soon=2, days=3)
        assert await harness.complaints() == []

    async def test_what_expired_while_it_was_held_lapses_on_release(self, harness: LedgerHarness) -> None:
        await harness.grant("u", 2, "early", days=3)
        await harness.grant("u", 2)
        await harness.grant("u", 2, "other", days=3)
        job = order(kind="three")
        await harness.hold(job)
        harness.now += timedelta(days=4)
        await harness.lapse()
        await harness.end(job.job_id, HoldEnd.RELEASE)
        await harness.lapse()
        assert await harness.credits() == _balance(2)
        assert await harness.complaints() == []

    async def test_held_credits_outlive_their_last_day_when_they_are_spent(self, harness: LedgerHarness) -> None:
        await harness.grant("u", 3, days=3)
        job = order(kind="three")
        await harness.hold(job)
        harness.now += timedelta(days=4)
        await harness.lapse()
        assert await harness.end(job.job_id, HoldEnd.CAPTURE) == "captured"
        assert await harness.credits() == _balance(0)
        assert await harness.complaints() == []

    async def test_a_grant_must_end_in_the_future_but_can_be_repeated_after(self, harness: LedgerHarness) -> None:
        with pytest.raises(ValidationFailed):
            await harness.grant("u", 3, days=-1)
        await harness.grant("u", 3, "gift", days=1)
        harness.now += timedelta(days=2)
        assert await harness.grant("u", 3, "gift", days=-1) == 0  # the same last day, told again

    async def test_many_at_once_never_spend_a_lot_twice(self, harness: LedgerHarness) -> None:
        await harness.grant("u", 20, days=3)
        await harness.grant("u", 30)
        outcomes = await asyncio.gather(*(harness.hold(order()) for _ in range(100)))
        assert sum(outcome[0].result is HoldResult.HELD for outcome in outcomes) == 50
        assert await harness.complaints() == []


def _balance(available: int, *, held: int = 0, soon: int = 0, days: float | None = None) -> Balance:
    return Balance(
        available=available,
        held=held,
        expiring_soon=soon,
        next_expiry=NOW + timedelta(days=days) if days is not None else None,
    )


class TestLocks:
    async def test_a_replica_that_was_frozen_in_a_transaction_lets_go_of_its_locks(
        self, harness: LedgerHarness
    ) -> None:
        """As when its host is gone: nobody ends its transaction. The server does, and the others go on."""
        await harness.grant("u", 2)
        frozen = Database(harness.url, pool_size=1)
        await frozen.open()

        async def freeze() -> None:
            async with frozen.transaction() as connection:
                limit = await fetch_all(connection, "show idle_in_transaction_session_timeout")
                assert limit == [{"idle_in_transaction_session_timeout": f"{IDLE_TRANSACTION_MS // 1000}s"}]
                await connection.execute("set local idle_in_transaction_session_timeout = '200ms'")
                await LEDGER.place_holds(connection, [order()], NOW)
                assert (await harness.hold(order()))[0].result is HoldResult.HELD, "the account is free again"
                await connection.execute("select 1")

        with pytest.raises(DependencyUnavailable):
            await freeze()
        await frozen.close()
        assert await harness.balance() == (1, 1)


class TestProof:
    @pytest.mark.parametrize(
        "statement",
        ["update entry set amount = amount + 1", "delete from entry", "truncate entry"],
    )
    async def test_the_schema_refuses_to_change_an_entry(self, harness: LedgerHarness, statement: str) -> None:
        await harness.grant("u", 5)
        with psycopg.connect(harness.url) as connection, pytest.raises(psycopg.errors.RaiseException):
            connection.execute(statement.encode())

    @pytest.mark.parametrize(
        "statement",
        [
            "update account set available = -1",
            "insert into entry (kind, user_id, amount, debit, credit, grant_id, created_at)"
            " values ('grant', 'u', 5, 'revenue', 'available', 'g', now())",
            "insert into entry (kind, user_id, amount, debit, credit, grant_id, created_at)"
            " values ('grant', 'u', 0, 'issued', 'available', 'g', now())",
        ],
    )
    async def test_the_schema_refuses_what_the_rules_exclude(self, harness: LedgerHarness, statement: str) -> None:
        await harness.grant("u", 5)
        with psycopg.connect(harness.url) as connection, pytest.raises(psycopg.errors.CheckViolation):
            connection.execute(statement.encode())

    async def test_verify_names_an_account_that_does_not_fit(self, harness: LedgerHarness) -> None:
        await harness.grant("u", 5)
        with psycopg.connect(harness.url) as connection:
            connection.execute("update account set available = 6 where user_id = 'u'")
        assert "user u" in (await harness.complaints())[0]

    async def test_verify_names_a_hold_whose_entry_is_missing(self, harness: LedgerHarness) -> None:
        await harness.grant("u", 5)
        job = order()
        await harness.hold(job)
        with psycopg.connect(harness.url) as connection:
            connection.execute("alter table entry disable trigger all")
            connection.execute("delete from entry where kind = 'hold'")
        complaints = await harness.complaints()
        assert any(str(job.job_id) in complaint for complaint in complaints)

    async def test_everything_is_sealed_and_the_chain_fits(self, harness: LedgerHarness) -> None:
        await _some_entries(harness)
        proof = await harness.proof()
        assert (proof.unsealed, proof.wrong) == (0, ())
        assert proof.chain.seals == 3
        assert sum(proof.accounts.values()) == 0

    @pytest.mark.parametrize(
        ("statement", "named"),
        [
            ("update entry set reason = 'other' where id = 3", "entry 3: was changed"),
            (
                "update entry set created_at = created_at + interval '1 microsecond' where id = 4",
                "entry 4: was changed",
            ),
            ("delete from entry where id = 2", "entry 2: missing"),
            ("update entry set id = 1000000 + id where id = 3", "entry 3: missing"),
            (
                "update entry set job_id = (select other.job_id from entry as other where other.id = 9 - entry.id)"
                " where id in (4, 5)",
                "entry 4: was changed",
            ),
            ("update seal set hash = sha256(hash) where id = 2", "seal 2 (entries"),
            ("delete from seal where id = 1", "seal 1: missing"),
        ],
    )
    async def test_what_was_tampered_with_is_named_first(
        self, harness: LedgerHarness, statement: str, named: str
    ) -> None:
        await _some_entries(harness)
        with psycopg.connect(harness.url) as connection:
            for index in ("entry_of_hold", "entry_of_end"):
                connection.execute(f"drop index {index}".encode())
            for table in ("entry", "seal"):
                connection.execute(f"alter table {table} disable trigger user".encode())
            if "set id" in statement:
                connection.execute("alter table entry alter id set generated by default")
            changed = connection.execute(statement.encode())
            assert changed.rowcount >= 1
        assert (await harness.complaints())[0].startswith(named)

    async def test_a_chain_that_was_cut_short_or_made_anew_lacks_the_head_that_was_noted(
        self, harness: LedgerHarness
    ) -> None:
        """Whoever can change the database can change its chain too, but no head that lies elsewhere."""
        await _some_entries(harness)
        noted = (await harness.proof()).chain.head
        await harness.grant("u", 1)
        await hash_chain.seal(harness.database, NOW)
        async with harness.database.connection() as connection:
            assert (await verify(connection, noted)).wrong == ()
        with psycopg.connect(harness.url) as connection:
            for table in ("entry", "seal"):
                connection.execute(f"alter table {table} disable trigger user".encode())
            connection.execute("update entry set reason = 'other' where id = 1")
            connection.execute("delete from seal")
        await hash_chain.seal(harness.database, NOW)
        assert await harness.complaints() == []
        async with harness.database.connection() as connection:
            assert noted in (await verify(connection, noted)).wrong[0]

    async def test_entries_that_come_between_the_sealed_ones_are_named(self, harness: LedgerHarness) -> None:
        """Ids of a transaction that went are gaps; nobody may fill one later."""
        await harness.grant("u", 5)
        with psycopg.connect(harness.url) as connection:
            connection.execute("select setval(pg_get_serial_sequence('entry', 'id'), 10)")
        await harness.grant("u", 5)
        await hash_chain.seal(harness.database, NOW)
        with psycopg.connect(harness.url) as connection:
            connection.execute(
                "insert into entry (id, kind, user_id, amount, debit, credit, grant_id, created_at)"
                " overriding system value values (7, 'grant', 'u', 5, 'issued', 'available', 'g', now())"
            )
        assert (await harness.complaints())[0] == "entry 7: was never sealed"

    async def test_a_seal_waits_for_who_has_taken_a_lower_id(self, harness: LedgerHarness) -> None:
        """Without it the late writer's entry would stand between sealed ones."""
        await harness.grant("u", 1)
        async with await psycopg.AsyncConnection.connect(harness.url) as late:
            await late.execute(
                "insert into entry (kind, user_id, amount, debit, credit, grant_id, created_at)"
                " values ('grant', 'u', 1, 'issued', 'available', 'late', now())"
            )
            await late.execute("update account set available = available + 1")
            sealing = asyncio.create_task(hash_chain.seal(harness.database, NOW))
            await asyncio.sleep(0.3)
            assert not sealing.done()
            await late.commit()
            assert await sealing == 2
        assert await harness.complaints() == []

    async def test_many_sealers_and_writers_make_one_chain(self, harness: LedgerHarness) -> None:
        await harness.grant("u", 500)
        others = [Maintenance(database=harness.database, ledger=LEDGER, clock=SystemClock()) for _ in range(3)]

        async def write() -> None:
            for _ in range(20):
                await harness.hold(order(), order())

        async def sealed() -> None:
            for _ in range(10):
                await asyncio.gather(*(other.seal() for other in others))

        await asyncio.gather(write(), write(), sealed())
        await others[0].seal()
        proof = await harness.proof()
        assert (proof.unsealed, proof.wrong) == (0, ())


async def _some_entries(harness: LedgerHarness) -> None:
    """Nine entries in three seals."""
    await harness.grant("u", 9)
    await harness.grant("u", 2, days=1)
    jobs = [order() for _ in range(3)]
    await hash_chain.seal(harness.database, NOW)
    await harness.hold(*jobs)
    await hash_chain.seal(harness.database, NOW)
    await harness.end(jobs[0].job_id, HoldEnd.CAPTURE)
    await harness.end(jobs[1].job_id, HoldEnd.RELEASE)
    await harness.refund(jobs[0].job_id)
    await harness.grant("other", 1)
    await hash_chain.seal(harness.database, NOW)


class TestPrices:
    def test_every_type_has_one(self) -> None:
        assert prices_of("copy=1, static_ad=3,video=40") == {"copy": 1, "static_ad": 3, "video": 40}

    @pytest.mark.parametrize(
        "text", ["copy=1", "copy=1,static_ad=3,video=0", "copy=1,static_ad=3,video=40,vidoe=1", "copy=1,static_ad=x"]
    )
    def test_what_could_not_be_sold_is_refused_at_the_start(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"is not like|does not name"):
            prices_of(text)
