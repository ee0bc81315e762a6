"""Every event reaches every endpoint that wants it at least once, with the same id, whatever stops in between."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from services.webhook import delivery_store
from services.webhook.dispatcher import LEASE
from services.webhook.domain import DISABLED_AFTER, PAUSES, Answer, Outcome, State, outcome_of
from services.webhook.errors import WebhookUrlNotAllowed
from services.webhook.sender import MAX_HEAD_BYTES, Sender
from tests.database import until_statements_wait_for_locks
from tests.support import until_async
from tests.webhook.harness import Receiver, WebhookHarness, receiving


async def test_an_event_arrives_signed_and_the_feed_read_again_sends_nothing_twice(harness: WebhookHarness) -> None:
    async with receiving(Receiver()) as receiver, harness.dispatching():
        endpoint = await harness.endpoint(receiver.url)
        await harness.endpoint(receiver.url, user="somebody else")
        assert await harness.feed().read() == 0
        event_id = harness.end_job()
        assert await harness.feed().read() == 1
        assert await harness.feed().read() == 0  # another replica, or the overlap
        await until_async(lambda: bool(receiver.requests))
        [(headers, body)] = receiver.requests
        signed = f"{event_id}.{headers['webhook-timestamp']}.".encode() + body
        key = base64.b64decode(endpoint.secret.removeprefix("whsec_"))
        expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        assert headers["webhook-id"] == event_id
        assert headers["webhook-signature"] == f"v1,{expected}"
        content = json.loads(body)
        assert (content["type"], content["data"]["id"]) == ("job.completed", harness.jobs.ended[0].job_id)

        async def delivered() -> bool | None:
            return [found.state for found in await harness.deliveries(endpoint)] == ["delivered"]

        done: bool = await until_async(delivered)
        assert done


async def test_an_end_that_becomes_visible_late_is_still_delivered(harness: WebhookHarness) -> None:
    endpoint = await harness.endpoint("http://127.0.0.1:9/")
    harness.clock.time += timedelta(minutes=5)
    feed = harness.feed()
    await feed.read()
    harness.end_job(later=timedelta(seconds=-25))  # committed after a later end had been read
    assert await feed.read() == 1
    assert len(await harness.deliveries(endpoint)) == 1


async def test_a_sender_killed_between_answer_and_commit_loses_nothing(harness: WebhookHarness) -> None:
    async with receiving(Receiver()) as receiver:
        endpoint = await harness.endpoint(receiver.url)
        event_id = harness.end_job()
        await harness.feed().read()
        answered, locked = asyncio.Event(), asyncio.Event()

        async def answer_when_locked(writer: asyncio.StreamWriter) -> None:
            answered.set()
            await locked.wait()
            writer.write(receiver.reply)
            await writer.drain()

        receiver.answer = answer_when_locked
        async with harness.dispatching() as sender:
            await answered.wait()
            async with harness.database.transaction() as blocking:  # the result cannot be recorded meanwhile
                await blocking.execute("select * from delivery for update")
                locked.set()
                await until_statements_wait_for_locks(harness.database, 1)
                sender.cancel()
                await asyncio.gather(sender, return_exceptions=True)
        assert [found.state for found in await harness.deliveries(endpoint)] == ["pending"]
        receiver.answer = None
        async with harness.dispatching():
            harness.clock.time += LEASE + timedelta(seconds=1)
            await until_async(lambda: len(receiver.requests) == 2)
        assert {headers["webhook-id"] for headers, _ in receiver.requests} == {event_id}


async def test_a_dead_endpoint_with_many_events_does_not_delay_a_live_one(harness: WebhookHarness) -> None:
    released = asyncio.Event()

    async def silent(_: asyncio.StreamWriter) -> None:
        await released.wait()

    async with receiving(Receiver(answer=silent)) as dead, receiving(Receiver()) as live, harness.dispatching():
        await harness.endpoint(dead.url, user="dead")
        await harness.endpoint(live.url, user="live")
        for _ in range(200):  # more than a process tries at a time
            harness.end_job("dead")
        await harness.feed().read()
        await until_async(lambda: len(dead.requests) == delivery_store.SLOTS)
        for _ in range(20):
            harness.end_job("live")
        await harness.feed().read()
        await until_async(lambda: len(live.requests) == 20)
        assert len(dead.requests) == delivery_store.SLOTS
        released.set()


class TestGuard:
    @pytest.mark.parametrize(
        "url",
        [
            "http://example.com/",
            "https://example.com:8443/",
            "https://user:secret@example.com/",
            "https://127.0.0.1/",
            "https://10.0.0.1/",
            "https://169.254.169.254/latest",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://localhost/",
            "ftp://example.com/",
            "https:///path",
        ],
    )
    async def test_addresses_that_are_not_public_are_refused_at_registration(self, url: str) -> None:
        with pytest.raises(WebhookUrlNotAllowed):
            await Sender().check(url)

    async def test_a_name_that_changes_to_a_private_address_is_not_connected_to(self) -> None:
        addresses = iter([["8.8.8.8"], ["127.0.0.1"]])

        async def changing(_host: str, _port: int) -> Sequence[str]:
            return next(addresses)

        async with receiving(Receiver()) as receiver:
            sender = Sender(allow_http=True, lookup=changing)
            url = receiver.url.replace("127.0.0.1", "rebinding.example")
            await sender.check(url)
            answer = await sender.post(url, b"{}", {})
        assert answer.status is None
        assert "not a public" in answer.error
        assert receiver.requests == []

    async def test_redirects_are_not_followed_and_large_or_slow_answers_are_cut(self) -> None:
        async def endless(writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n")
            while True:
                writer.write(b"x" * 65536)
                await writer.drain()

        sender = Sender(allow_http=True, allowed=["127.0.0.1"])
        async with receiving(Receiver()) as target, receiving(Receiver(answer=endless)) as large:
            moved = f"HTTP/1.1 307 Moved\r\nLocation: {target.url}\r\nContent-Length: 0\r\n\r\n".encode()
            async with receiving(Receiver(reply=moved)) as redirecting:
                answer = await sender.post(redirecting.url, b"{}", {})
            assert (answer.status, target.requests) == (307, [])
            assert answer.error
            answer = await sender.post(large.url, b"{}", {})
            assert (answer.status, len(answer.head), answer.error) == (200, MAX_HEAD_BYTES, "")

    async def test_answers_that_drip_or_have_endless_headers_end(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("services.webhook.sender.ANSWER_SECONDS", 0.5)
        monkeypatch.setattr("services.webhook.sender.HEAD_SECONDS", 0.2)

        def repeated(start: bytes, part: bytes, pause: float) -> Receiver:
            async def answer(writer: asyncio.StreamWriter) -> None:
                writer.write(start)
                while True:  # until the sender closes the connection
                    writer.write(part)
                    await writer.drain()
                    await asyncio.sleep(pause)

            return Receiver(answer=answer)

        sender = Sender(allow_http=True, allowed=["127.0.0.1"])
        status = b"HTTP/1.1 200 OK\r\n"
        for receiver, expected in (
            (repeated(status, b"x", 0.05), None),
            (repeated(status, b"a: " + b"b" * 65_536 + b"\r\n", 0), None),
            (repeated(status + b"Content-Length: 100\r\n\r\n", b"x", 0.05), 200),
        ):
            async with receiving(receiver), asyncio.timeout(5):
                answer = await sender.post(receiver.url, b"{}", {})
            assert (answer.status, bool(answer.error)) == (expected, expected is None)


DATE = "Mon, 09 Mar 2026 11:00:00 GMT"


class TestOutcome:
    NOW = datetime(2026, 3, 9, 10, tzinfo=UTC)

    def outcome(self, status: int | None, tries: int = 1, retry_after: str = "", failing_days: float = 0.0) -> Outcome:
        answer = Answer(
            status=status, head="", retry_after=retry_after, error="" if status == 204 else "The endpoint failed."
        )
        since = self.NOW - timedelta(days=failing_days) if failing_days else None
        return outcome_of(answer, tries=tries, failing_since=since, now=self.NOW, chance=1.0)

    def last_try_after(self, retry_after: str) -> timedelta:
        """The longest time from the first to the last try, apart from the tries' own."""
        times = [self.outcome(503, tries=number, retry_after=retry_after).next_try_at for number in range(1, 11)]
        assert self.outcome(503, tries=11, retry_after=retry_after).next_try_at is None
        return sum((moment - self.NOW for moment in times if moment is not None), timedelta(0))

    def test_the_last_try_is_up_to_72_hours_after_the_first(self) -> None:
        assert timedelta(hours=65.5) < sum(PAUSES, timedelta(0)) < timedelta(hours=65.6)
        assert timedelta(hours=72.1) < self.last_try_after("") < timedelta(hours=72.2)
        assert timedelta(hours=124.7) < self.last_try_after("9" * 9) < timedelta(hours=124.9)
        assert self.outcome(500, tries=1).next_try_at == self.NOW + timedelta(seconds=5.5)
        assert self.outcome(500, tries=len(PAUSES) + 1).state == State.FAILED

    def test_410_and_five_days_of_failures_disable(self) -> None:
        assert "410" in self.outcome(410).disable
        assert self.outcome(500, failing_days=4.9).disable == ""
        assert "5 days" in self.outcome(None, failing_days=DISABLED_AFTER.days).disable
        assert self.outcome(204, failing_days=6).state == State.DELIVERED

    def test_retry_after_is_heeded_within_its_bound(self) -> None:
        assert self.outcome(429, retry_after="3600").next_try_at == self.NOW + timedelta(hours=1)
        assert self.outcome(503, retry_after=DATE).next_try_at == self.NOW + timedelta(hours=1)
        assert self.outcome(503, retry_after="9" * 30).next_try_at == self.NOW + timedelta(hours=12)
        assert self.outcome(503, retry_after="soon").next_try_at == self.NOW + timedelta(seconds=5.5)
