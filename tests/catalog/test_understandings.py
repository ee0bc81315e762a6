"""Understandings: made once for the same texts, current for every request, with the corrections of their owner."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from adwright.catalog.v1 import catalog_pb2
from adwright.image.v1 import image_pb2
from adwright.job.v1 import job_pb2
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from services.catalog.domain import BriefKey
from services.catalog.understandings import REREAD_AFTER, Understandings
from services.chassis.data.database import Database
from services.chassis.rotating_secret import RotatingSecret
from services.chassis.rpc.auth import CallerIdentity, ServiceIdentity, set_caller
from services.worker.remote.webhook_urls import WebhookUrls
from services.worker.submission import Submitter
from tests.catalog.harness import (
    LOCK_WAIT_SECONDS,
    SERVICE_SECRET,
    CatalogHarness,
    HarnessReader,
    Refused,
    harness_understandings,
    serving,
)
from tests.running import Postgres
from tests.support import until_async

UNKNOWN = "4be0643f-1d98-473b-97cd-ca98a65347dd"
FEATURES = ["keeps drinks cold", "not for the dishwasher", "made of steel"]


class NoMetadata:
    """The context of a call without metadata."""

    def invocation_metadata(self) -> tuple[tuple[str, str], ...]:
        return ()


async def create(harness: CatalogHarness, name: str = "Steel bottle", **fields: Any) -> tuple[str, str]:
    """Creates a project with one product; returns their ids."""
    project_id = await harness.user().create_project()
    return project_id, await harness.user().create_product(project_id, name, **{"features": FEATURES, **fields})


async def understanding(harness: CatalogHarness, product_id: str, replica: int = 0) -> Any:
    return await harness.user(replica=replica).call("GetUnderstanding", product_id=product_id)


async def correct(harness: CatalogHarness, product_id: str, replica: int = 0, **fields: Any) -> Any:
    return await harness.user(replica=replica).call("UpdateUnderstanding", product_id=product_id, **fields)


def reads(harness: CatalogHarness) -> int:
    """The number of readings on both replicas."""
    return sum(len(reader.read_names) for reader in harness.readers)


@asynccontextmanager
async def third_replica(harness: CatalogHarness, reader: HarnessReader, **limits: int) -> AsyncIterator[Understandings]:
    """Understandings on the harness's database, with limits of their own."""
    database = Database(harness.url, pool_size=4)
    await database.open()
    understandings = harness_understandings(database, reader, harness.clock, **limits)
    try:
        yield understandings
    finally:
        await understandings.close()
        await database.close()


async def until_unread(understandings: Understandings, number: int) -> None:
    """Returns once so many products are being read or wait for the reader."""
    async with asyncio.timeout(LOCK_WAIT_SECONDS):
        while understandings.unread < number:  # noqa: ASYNC110  # polled: the service signals nothing
            await asyncio.sleep(0.001)


async def until_waiting(understandings: Understandings, number: int) -> None:
    """Returns once so many products wait for the reader."""
    async with asyncio.timeout(LOCK_WAIT_SECONDS):
        while understandings.waiting < number:  # noqa: ASYNC110  # polled: the service signals nothing
            await asyncio.sleep(0.001)


class TestReading:
    async def test_product_is_read_once_for_all_requests_and_replicas(self, harness: CatalogHarness) -> None:
        project_id, product_id = await create(harness)
        first = await understanding(harness, product_id)
        assert (first.product_id, first.trade, first.trade_name, first.confidence) == (
            product_id, "bottles", "drinking bottle", "likely",
        )  # fmt: skip
        assert [(fact.id, fact.text) for fact in first.facts] == list(zip(("f1", "f2", "f3"), FEATURES, strict=True))
        assert first.version == "t1"
        assert first.made_at.ToDatetime().replace(tzinfo=harness.clock.now().tzinfo) == harness.clock.now()
        for replica in (0, 1):
            assert await understanding(harness, product_id, replica) == first
            assert (await harness.service(replica=replica).brief("u", project_id, product_id)).understanding == first
        assert reads(harness) == 1

    async def test_change_of_a_text_or_of_the_projects_name_is_read_again(self, harness: CatalogHarness) -> None:
        project_id, product_id = await create(harness, "Aid")
        assert (await understanding(harness, product_id)).confidence == "not_known"
        await harness.user().call("UpdateProduct", product_id=product_id, features=["made of tin"])
        assert [fact.text for fact in (await understanding(harness, product_id, 1)).facts] == ["made of tin"]
        await harness.user().call("UpdateProject", project_id=project_id, name="Dentist Ahmed")
        brief = await harness.service().brief("u", project_id, product_id)
        assert (brief.understanding.trade, brief.understanding.brand) == ("dentist", "Dentist Ahmed")
        assert reads(harness) == 3

    async def test_change_of_other_fields_is_not_read_again(self, harness: CatalogHarness) -> None:
        project_id, product_id = await create(harness)
        first = await understanding(harness, product_id)
        await harness.user().call("UpdateProduct", product_id=product_id, landing_page="https://example.com")
        await harness.user().call("UpdateProject", project_id=project_id, brand={"font": "Inter"})
        brief = await harness.service().brief("u", project_id, product_id)
        assert (brief.understanding, brief.product.landing_page) == (first, "https://example.com")
        assert reads(harness) == 1

    async def test_texts_that_make_the_reader_fail_give_an_understanding_in_which_nothing_is_known(
        self, harness: CatalogHarness
    ) -> None:
        project_id, product_id = await create(harness, "Secret words")
        harness.readers[0].fail("Secret words")
        with capture_logs() as logs:
            brief = await harness.service().brief("u", project_id, product_id)
        assert (brief.understanding.confidence, brief.understanding.name) == ("not_known", "Secret words")
        assert "product_not_read" in [event["event"] for event in logs]
        assert "Secret" not in str(logs)
        # Nothing was stored: the other replica, whose reader does not fail, reads the product.
        assert len((await understanding(harness, product_id, 1)).facts) == 3

    async def test_log_names_the_product_and_quotes_no_text(self, harness: CatalogHarness) -> None:
        _, product_id = await create(harness)
        with capture_logs() as logs:
            await understanding(harness, product_id)
        (event,) = [event for event in logs if event["event"] == "product_read"]
        assert (event["product_id"], event["trade"], event["facts"]) == (product_id, "bottles", 3)
        assert not any(text in str(logs) for text in ("Steel bottle", *FEATURES))

    async def test_readings_are_counted_by_confidence_and_timed(self, harness: CatalogHarness) -> None:
        def counted() -> list[float]:
            total, seconds = "adwright_understandings_total", "adwright_understanding_seconds_count"
            labels = [{"confidence": name} for name in ("likely", "not_known", "failed")]
            samples = [(total, label) for label in labels] + [(seconds, {})]
            return [REGISTRY.get_sample_value(name, label) or 0.0 for name, label in samples]

        harness.readers[0].fail("Broken")
        before = counted()
        project_id = await harness.user().create_project()
        for name in ("Bottle", "Aid", "Aid kit", "Broken"):
            await understanding(harness, await harness.user().create_product(project_id, name))
        assert [after - was for after, was in zip(counted(), before, strict=True)] == [1, 2, 1, 3]

    async def test_understanding_is_deleted_with_the_product(self, harness: CatalogHarness) -> None:
        _, product_id = await create(harness)
        await understanding(harness, product_id)
        await harness.user().call("DeleteProduct", product_id=product_id)
        async with harness.lock_rows("select 1") as connection:
            found = await connection.execute("select count(*)::int from understanding")
            assert await found.fetchone() == (0,)


class TestOwnership:
    @pytest.mark.parametrize("method", ["GetUnderstanding", "UpdateUnderstanding"])
    async def test_only_the_owner_reaches_it(self, harness: CatalogHarness, method: str) -> None:
        _, product_id = await create(harness)
        await understanding(harness, product_id)
        for user, wanted in (("stranger", product_id), ("u", UNKNOWN)):
            with pytest.raises(Refused) as refused:
                await harness.user(user).call(method, product_id=wanted)
            assert (refused.value.reason, refused.value.code) == ("PRODUCT_NOT_FOUND", "NOT_FOUND")


class TestConcurrency:
    async def test_requests_for_the_same_texts_share_one_reading(self, harness: CatalogHarness) -> None:
        project_id, product_id = await create(harness)
        reader = harness.readers[0]
        with reader.holding("Steel bottle"):
            calls = [asyncio.ensure_future(understanding(harness, product_id)) for _ in range(4)]
            calls += [asyncio.ensure_future(harness.service().brief("u", project_id, product_id)) for _ in range(4)]
            await reader.until_reading("Steel bottle")
        found = await asyncio.gather(*calls)
        assert {item.made_at.seconds for item in found[:4]} == {
            item.understanding.made_at.seconds for item in found[4:]
        }
        assert reads(harness) == 1

    async def test_brief_that_was_looked_up_before_the_reading_was_stored_shares_it(
        self, harness: CatalogHarness
    ) -> None:
        project_id, product_id = await create(harness)
        reader = HarnessReader()
        brief = catalog_pb2.Brief(
            project=await harness.user().call("GetProject", project_id=project_id),
            product=await harness.user().call("GetProduct", product_id=product_id),
        )
        async with third_replica(harness, reader) as understandings:
            inputs = understandings.inputs(BriefKey("u", UUID(project_id), UUID(product_id)), brief)
            assert await understandings.make(inputs) == await understandings.make(inputs)
        assert reader.read_names == ["Steel bottle"]

    async def test_caller_that_leaves_does_not_end_the_reading_of_another(self, harness: CatalogHarness) -> None:
        _, product_id = await create(harness)
        reader = HarnessReader()
        async with third_replica(harness, reader) as understandings:
            with reader.holding("Steel bottle"):
                first = asyncio.ensure_future(understandings.get(UUID(product_id), "u"))
                await reader.until_reading("Steel bottle")
                second = asyncio.ensure_future(understandings.get(UUID(product_id), "u"))
                await asyncio.sleep(0)
                first.cancel()
            assert (await second).trade == "bottles"
        assert reader.read_names == ["Steel bottle"]

    async def test_slow_reading_does_not_replace_that_of_newer_texts(self, harness: CatalogHarness) -> None:
        project_id, product_id = await create(harness, "Steel bottle")
        with harness.readers[0].holding("Steel bottle"):
            slow = asyncio.ensure_future(harness.service().brief("u", project_id, product_id))
            await harness.readers[0].until_reading("Steel bottle")
            await harness.user(replica=1).call("UpdateProduct", product_id=product_id, name="Florist Amal")
            assert (await understanding(harness, product_id, 1)).trade == "florist"
        brief = await slow
        assert (brief.product.name, brief.understanding.trade) == ("Steel bottle", "bottles")
        assert (await understanding(harness, product_id, 0)).trade == "florist"
        assert reads(harness) == 2

    @pytest.mark.parametrize("table", ["product", "project"])
    async def test_reading_waits_for_a_change_that_is_being_committed(
        self, harness: CatalogHarness, table: str
    ) -> None:
        """The reading is stored under the locks of both rows: a change that commits just before makes it outdated."""
        project_id, product_id = await create(harness, "Aid")
        row = product_id if table == "product" else project_id
        async with harness.lock_rows(f"update {table} set name = 'florist' where id = %s", row):
            slow = asyncio.ensure_future(understanding(harness, product_id))
            await harness.until_statements_wait_for_locks(1)
        assert (await slow).trade == ""
        assert (await understanding(harness, product_id)).trade == "florist"

    async def test_product_that_is_deleted_while_it_is_read_is_not_found(self, harness: CatalogHarness) -> None:
        project_id, product_id = await create(harness)
        with harness.readers[0].holding("Steel bottle"):
            calls = [
                asyncio.ensure_future(understanding(harness, product_id)),
                asyncio.ensure_future(harness.service().brief("u", project_id, product_id)),
            ]
            await harness.readers[0].until_reading("Steel bottle")
            await harness.user(replica=1).call("DeleteProject", project_id=project_id)
        for refused in await asyncio.gather(*calls, return_exceptions=True):
            assert isinstance(refused, Refused)
            assert refused.reason in ("PRODUCT_NOT_FOUND", "PROJECT_NOT_FOUND")

    async def test_full_queue_refuses_and_can_be_repeated(self, harness: CatalogHarness) -> None:
        reader = HarnessReader()
        project_id = await harness.user().create_project()
        ids = [UUID(await harness.user().create_product(project_id, name)) for name in ("held", "b", "c")]
        async with third_replica(harness, reader, max_waiting=1) as understandings:
            with reader.holding("held"):
                running = asyncio.ensure_future(understandings.get(ids[0], "u"))
                await reader.until_reading("held")
                calls = [asyncio.ensure_future(understandings.get(one, "u")) for one in ids[1:]]
                done, waiting = await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
                refused = done.pop().exception()
                assert (getattr(refused, "reason", ""), getattr(refused, "retryable", False)) == ("OVERLOADED", True)
            await asyncio.gather(running, *waiting)
            for one in ids:
                assert (await understandings.get(one, "u")).product_id == str(one)

    async def test_product_that_is_being_read_holds_back_no_other_brief(self, harness: CatalogHarness) -> None:
        """Neither in the catalog's batch of lookups, nor in the batch of calls of a service that submits jobs."""
        set_caller(CallerIdentity(user_id="u"))
        project_id = await harness.user().create_project()
        unread, read = [await harness.user().create_product(project_id, name) for name in ("held", "b")]
        await harness.service().brief("u", project_id, read)
        channel, identity = harness.channels[0], ServiceIdentity("image", RotatingSecret(SERVICE_SECRET))
        submitter = Submitter(
            catalog=channel, job=channel, identity=identity, webhook_url_problem=WebhookUrls().problem_of
        )

        async def prepared(product_id: str) -> Any:
            request: Any = image_pb2.GenerateStaticAdRequest(project_id=project_id, product_id=product_id)
            context: Any = NoMetadata()
            found = await submitter.prepare(request, context, lambda brief, user: job_pb2.SubmitJobRequest())
            return found.brief

        with harness.readers[0].holding("held"):
            slow = asyncio.ensure_future(prepared(unread))
            await harness.readers[0].until_reading("held")
            assert (await prepared(read)).product.name == "b"
            assert (await harness.service().brief("u", project_id, read)).product.name == "b"
            assert not slow.done()
        assert (await slow).understanding.name == "held"

    async def test_requests_go_before_products_that_wait_in_the_background(self, harness: CatalogHarness) -> None:
        reader = HarnessReader()
        project_id = await harness.user().create_project()
        names = ("held", "b", "c", "asked for")
        ids = [UUID(await harness.user().create_product(project_id, name)) for name in names]
        async with third_replica(harness, reader) as understandings:
            loop = asyncio.ensure_future(understandings.run())
            with reader.holding("held"):
                for one in ids[:3]:
                    understandings.read_later(BriefKey("u", UUID(project_id), one))
                await reader.until_reading("held")
                asked = asyncio.ensure_future(understandings.get(ids[3], "u"))
                await until_waiting(understandings, 1)
            await asked
            await reader.until_reading("c")
            loop.cancel()
        assert reader.read_names == ["held", "asked for", "b", "c"]


class TestBackground:
    @pytest.fixture
    async def served(self, postgres: Postgres, tmp_path: Path) -> AsyncIterator[CatalogHarness]:
        async with serving(postgres, tmp_path, background=True) as found:
            yield found

    async def test_created_and_changed_products_are_read_without_being_asked_for(self, served: CatalogHarness) -> None:
        project_id, product_id = await create(served, "Bottle")
        await served.readers[0].until_reading("Bottle")
        await served.user().call("UpdateProduct", product_id=product_id, name="Florist")
        await served.readers[0].until_reading("Florist")
        await served.user().call("UpdateProject", project_id=project_id, name="Sunny")
        await served.readers[0].until_reading("Florist", 2)
        assert (await understanding(served, product_id)).brand == "Sunny"
        assert reads(served) == 3

    async def test_reading_by_another_version_is_served_and_read_again(self, served: CatalogHarness) -> None:
        _, product_id = await create(served, "Bottle")
        await served.readers[0].until_reading("Bottle")
        await understanding(served, product_id)
        served.readers[1].VERSION = "t2"
        served.clock.advance(REREAD_AFTER.total_seconds() + 1)
        assert (await understanding(served, product_id, 1)).version == "t1"

        async def renewed() -> str | None:
            found: catalog_pb2.Understanding = await understanding(served, product_id)
            return found.confidence if found.version == "t2" else None

        confidence: str = await until_async(renewed)
        assert confidence == "likely"

    async def test_reading_that_another_version_has_just_made_stays(self, served: CatalogHarness) -> None:
        _, product_id = await create(served, "Bottle")
        await served.readers[0].until_reading("Bottle")
        await understanding(served, product_id)
        served.readers[1].VERSION = "t2"
        assert (await understanding(served, product_id, 1)).version == "t1"
        project_id = await served.user(replica=1).create_project()
        await served.user(replica=1).create_product(project_id, "Florist")
        await served.readers[1].until_reading("Florist")  # the background reads in the order of arrival
        assert served.readers[1].read_names == ["Florist"]

    async def test_changes_above_the_limit_are_left_until_they_are_asked_for(self, harness: CatalogHarness) -> None:
        reader = HarnessReader()
        project_id = await harness.user().create_project()
        ids = [UUID(await harness.user().create_product(project_id, name)) for name in ("a", "b", "c", "d")]
        keys = [BriefKey("u", UUID(project_id), one) for one in ids]
        async with third_replica(harness, reader, max_postponed=2) as understandings:
            for key in keys[:3]:
                understandings.read_later(key)
            loop = asyncio.ensure_future(understandings.run())
            await reader.until_reading("b")
            understandings.read_later(keys[3])
            await reader.until_reading("d")
            assert (await understandings.get(ids[2], "u")).name == "c"
            loop.cancel()
        assert reader.read_names == ["a", "b", "d", "c"]

    async def test_failing_product_does_not_end_the_background(self, harness: CatalogHarness) -> None:
        reader = HarnessReader()
        reader.fail("bad")
        project_id = await harness.user().create_project()
        ids = [UUID(await harness.user().create_product(project_id, name)) for name in ("bad", "good")]
        async with third_replica(harness, reader) as understandings:
            loop = asyncio.ensure_future(understandings.run())
            for one in (UUID(UNKNOWN), *ids):
                understandings.read_later(BriefKey("u", UUID(project_id), one))
            await reader.until_reading("good")
            assert not loop.done()
            loop.cancel()

    async def test_unexpected_error_does_not_end_the_background(self, harness: CatalogHarness) -> None:
        reader = HarnessReader()
        project_id, product_id = await create(harness)
        async with third_replica(harness, reader) as understandings:
            loop = asyncio.ensure_future(understandings.run())
            async with harness.lock_rows("alter table understanding rename to elsewhere"):
                pass
            with capture_logs() as logs:
                understandings.read_later(BriefKey("u", UUID(project_id), UUID(product_id)))
                async with asyncio.timeout(LOCK_WAIT_SECONDS):
                    while not logs and not loop.done():  # noqa: ASYNC110  # logs have no event
                        await asyncio.sleep(0.001)
            assert [event["event"] for event in logs] == ["background_reading_failed"]
            async with harness.lock_rows("alter table elsewhere rename to understanding"):
                pass
            understandings.read_later(BriefKey("u", UUID(project_id), UUID(product_id)))
            await reader.until_reading("Steel bottle")
            loop.cancel()

    async def test_close_gives_up_what_waits_after_the_current_reading(self, harness: CatalogHarness) -> None:
        reader = HarnessReader()
        project_id = await harness.user().create_project()
        ids = [UUID(await harness.user().create_product(project_id, name)) for name in ("held", "b")]
        async with third_replica(harness, reader) as understandings:
            with reader.holding("held"):
                calls = [asyncio.ensure_future(understandings.get(ids[0], "u"))]
                await reader.until_reading("held")
                calls.append(asyncio.ensure_future(understandings.get(ids[1], "u")))
                await until_unread(understandings, 2)
                closing = asyncio.ensure_future(understandings.close())
                await asyncio.wait(calls)
            await closing
        assert all(call.cancelled() for call in calls)
        assert reader.read_names == ["held"]


class TestCorrections:
    async def test_correction_outlives_changes_of_the_product_until_it_is_reset(self, harness: CatalogHarness) -> None:
        project_id, product_id = await create(harness)
        made = await correct(harness, product_id, trade="dentist", facts=[{"text": FEATURES[1], "role": "condition"}])
        assert (made.trade, made.trade_name, made.kind, made.goal, made.confidence) == (
            "dentist", "dental practice", "service", "book", "sure",
        )  # fmt: skip
        assert list(made.corrected) == ["trade", "facts"]
        await harness.user().call("UpdateProduct", product_id=product_id, name="Florist Amal")
        await harness.user().call("UpdateProject", project_id=project_id, name="Sunny")
        brief = await harness.service().brief("u", project_id, product_id)
        assert (brief.understanding.trade, brief.understanding.name) == ("dentist", "Florist Amal")
        assert [fact.role for fact in brief.understanding.facts] == ["feature", "feature", "condition"]
        reset = await correct(harness, product_id, reset=["trade"])
        assert (reset.trade, list(reset.corrected)) == ("florist", ["facts"])
        assert await understanding(harness, product_id) == reset

    async def test_next_brief_of_every_replica_holds_a_correction(self, harness: CatalogHarness) -> None:
        project_id, product_id = await create(harness)
        for replica in (0, 1, 0, 1):  # the second lookup of each finds the cache filled
            await harness.service(replica=replica).brief("u", project_id, product_id)
        for number in range(4):
            await correct(harness, product_id, replica=number % 2, subject=f"subject {number}")
            for replica in (0, 1):
                brief = await harness.service(replica=replica).brief("u", project_id, product_id)
                assert brief.understanding.subject == f"subject {number}"
        assert reads(harness) == 1

    async def test_correction_before_the_first_reading_reads_the_product(self, harness: CatalogHarness) -> None:
        _, product_id = await create(harness)
        made = await correct(harness, product_id, facts=[{"text": "Made  of STEEL", "role": "unused"}])
        assert [fact.text for fact in made.facts] == FEATURES[:2]
        assert await understanding(harness, product_id, 1) == made
        assert reads(harness) == 1

    async def test_concurrent_corrections_are_all_kept(self, harness: CatalogHarness) -> None:
        _, product_id = await create(harness)
        await asyncio.gather(
            *(
                correct(harness, product_id, number % 2, **fields)
                for number, fields in enumerate(
                    [{"trade": "florist"}, {"subject": "tulips"}, {"language": "nl"}, {"goal": "visit"}] * 2
                )
            )
        )
        found = await understanding(harness, product_id)
        assert (found.trade, found.subject, found.language, found.goal) == ("florist", "tulips", "nl", "visit")

    async def test_correction_is_judged_by_the_facts_of_its_own_time(self, harness: CatalogHarness) -> None:
        """The product is changed after the correction has looked its facts up, and before it is stored."""
        _, product_id = await create(harness)
        await understanding(harness, product_id)
        statement = "update product set features = '{made of tin}' where id = %s"
        async with harness.lock_rows(statement, product_id):
            call = asyncio.ensure_future(correct(harness, product_id, facts=[{"text": FEATURES[0], "role": "benefit"}]))
            await harness.until_statements_wait_for_locks(1)
        with pytest.raises(Refused) as refused:
            await call
        assert refused.value.fields == {"facts[0].text": f'"{FEATURES[0]}" is no fact of the product'}

    async def test_reading_keeps_a_correction_that_was_made_meanwhile(self, harness: CatalogHarness) -> None:
        _, product_id = await create(harness)
        with harness.readers[0].holding("Steel bottle"):
            slow = asyncio.ensure_future(understanding(harness, product_id))
            await harness.readers[0].until_reading("Steel bottle")
            await correct(harness, product_id, 1, subject="flask")
        assert (await slow).subject == (await understanding(harness, product_id)).subject == "flask"

    async def test_refusals_name_the_field_and_near_trades(self, harness: CatalogHarness) -> None:
        _, product_id = await create(harness)
        for fields, expected in (
            ({"trade": "dentists"}, {"trade": "is not a known trade; near ones: dentist"}),
            ({"trade": "Flower shop"}, {"trade": "is not a known trade; near ones: florist"}),
            ({"trade": "zzz"}, {"trade": "is not a known trade"}),
            (
                {"facts": [{"text": "floats", "role": "benefit"}]},
                {"facts[0].text": '"floats" is no fact of the product'},
            ),
        ):
            with pytest.raises(Refused) as refused:
                await correct(harness, product_id, subject="never stored", **fields)
            assert (refused.value.reason, refused.value.fields) == ("VALIDATION_FAILED", expected)
        assert list((await understanding(harness, product_id)).corrected) == []
