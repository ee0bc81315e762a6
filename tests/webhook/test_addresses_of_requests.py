"""The address that a request names as its webhookUrl hears of the job's end, from either source, once."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from typing import Any, cast

import pytest
from adwright.job.v1 import events_pb2
from adwright.webhook.v1 import webhook_pb2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from services.chassis.rpc.auth import CallerIdentity, set_caller
from services.chassis.webhook_signatures import new_ed25519_key
from services.webhook import delivery_store, url_store
from services.webhook.domain import KEPT_FOR, Event
from services.webhook.errors import DeliveryNotFound, WebhookNotFound
from services.webhook.event_feed import EventFeed
from services.webhook.event_messages import EventMessages
from services.webhook.tables import ENDPOINT
from tests.database import column
from tests.support import until_async
from tests.webhook.harness import Receiver, WebhookHarness, receiving

NO_CONTEXT = cast(Any, None)


class Topic:
    """Stands for the reader of the topic of job events."""

    def __init__(self) -> None:
        self.send: Callable[[Sequence[bytes]], None] = lambda _: None

    def start(
        self, on_messages: Callable[[int], None], on_values: Callable[[Sequence[bytes]], None] | None = None
    ) -> None:
        assert on_values is not None
        self.send = on_values

    def allow(self, at_least: int) -> None:
        pass

    async def stop(self) -> None:
        pass


@asynccontextmanager
async def hearing(harness: WebhookHarness, feed: EventFeed) -> AsyncIterator[Topic]:
    """Runs the service's side of the topic."""
    topic = Topic()
    feed.in_use.set()
    messages = EventMessages(reader=topic, feed=feed, clock=harness.clock)
    task = asyncio.create_task(messages.run())
    try:
        yield topic
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@contextmanager
def called_by(user: str) -> Iterator[None]:
    set_caller(CallerIdentity(user_id=user))
    yield


def message_of(harness: WebhookHarness, status: str = "completed", age: timedelta = timedelta(0)) -> bytes:
    """The message of the job that ended last."""
    event = events_pb2.JobEvent(id=str(uuid.uuid4()), job_id=harness.jobs.ended[-1].job_id, status=status)
    event.occurred_at.FromDatetime(harness.clock.now() - age)
    return event.SerializeToString()


async def listed(harness: WebhookHarness, user: str = "u", **fields: Any) -> list[webhook_pb2.Delivery]:
    with called_by(user):
        request = webhook_pb2.ListUrlDeliveriesRequest(**fields)
        return list((await harness.servicer().ListUrlDeliveries(request, NO_CONTEXT)).deliveries)


async def until_delivered(harness: WebhookHarness, count: int) -> None:
    async def delivered() -> bool | None:
        return [found.state for found in await listed(harness)] == ["delivered"] * count

    done: bool = await until_async(delivered)
    assert done


def signatures_by(secrets: Sequence[str], headers: dict[str, str], body: bytes) -> str:
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    keys = [base64.b64decode(secret.removeprefix("whsec_")) for secret in secrets]
    return " ".join("v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode() for key in keys)


async def test_an_end_arrives_once_from_both_sources_signed_by_the_users_secrets(harness: WebhookHarness) -> None:
    feed = harness.feed()
    async with receiving(Receiver()) as receiver, harness.dispatching(), hearing(harness, feed) as topic:
        with called_by("u"):
            first = await harness.servicer().GetDefaultSecret(webhook_pb2.GetDefaultSecretRequest(), NO_CONTEXT)
            rotation = webhook_pb2.RotateDefaultSecretRequest(overlap_hours=1)
            second = await harness.servicer().RotateDefaultSecret(rotation, NO_CONTEXT)
        with called_by("v"):
            other = await harness.servicer().GetDefaultSecret(webhook_pb2.GetDefaultSecretRequest(), NO_CONTEXT)
        assert len({first.secret, second.secret, other.secret}) == 3
        await feed.read()
        url = f"{receiver.url}?order=7"
        event_id = harness.end_job(webhook_url=url)
        topic.send([b"no event", message_of(harness), message_of(harness)])
        await until_delivered(harness, 1)
        assert await feed.read() == 0  # the feed finds the same end, and so does another replica
        assert await harness.feed().read() == 0
        [(headers, body)] = receiver.requests
        assert headers["webhook-id"] == event_id
        assert headers["webhook-signature"] == signatures_by([second.secret, first.secret], headers, body)
        [delivery] = await listed(harness, job_id=harness.jobs.ended[0].job_id)
        assert (delivery.url, delivery.event_id, delivery.answer_status) == (url, event_id, 200)
        harness.clock.time += timedelta(hours=1, seconds=1)
        harness.end_job(webhook_url=url)
        await feed.read()
        await until_delivered(harness, 2)
        headers, body = receiver.requests[1]
        assert headers["webhook-signature"] == signatures_by([second.secret], headers, body)


async def test_either_source_delivers_without_the_other(harness: WebhookHarness) -> None:
    feed = harness.feed()
    async with receiving(Receiver()) as receiver, harness.dispatching(), hearing(harness, feed) as topic:
        await harness.endpoint(receiver.url)
        await feed.read()
        harness.jobs.feed_fails = True
        by_feed = harness.end_job()
        lost = [message_of(harness, status="queued"), message_of(harness, age=timedelta(minutes=5))]
        by_message = harness.end_job()
        topic.send([*lost, message_of(harness)])
        await until_async(lambda: len(receiver.requests) == 1)
        harness.jobs.feed_fails = False
        assert await feed.read() == 1
        await until_async(lambda: len(receiver.requests) == 2)
        assert [headers["webhook-id"] for headers, _ in receiver.requests] == [by_message, by_feed]


async def test_a_dead_address_delays_no_other_host_and_is_never_disabled(harness: WebhookHarness) -> None:
    gone = Receiver(reply=b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n")
    async with receiving(gone), receiving(Receiver()) as live, harness.dispatching():
        for _ in range(3):
            harness.end_job(webhook_url=gone.url)
        harness.end_job(webhook_url=live.url)
        await harness.feed().read()
        await until_async(lambda: len(gone.requests) == 3 and len(live.requests) == 1)

        async def ended() -> bool | None:
            return sorted(found.state for found in await listed(harness)) == ["delivered", *["failed"] * 3]

        done: bool = await until_async(ended)
        assert done
        gone.reply = live.reply
        harness.end_job(webhook_url=gone.url)
        await harness.feed().read()
        await until_async(lambda: len(gone.requests) == 4)


async def test_only_the_user_sees_and_repeats_the_deliveries_of_requests(harness: WebhookHarness) -> None:
    async with receiving(Receiver()) as receiver, harness.dispatching():
        event_id = harness.end_job(webhook_url=receiver.url)
        await harness.feed().read()
        await until_delivered(harness, 1)
        assert await listed(harness, user="v") == []
        [delivery] = await listed(harness)
        again = webhook_pb2.RedeliverUrlDeliveryRequest(delivery_id=delivery.id)
        with called_by("v"), pytest.raises(DeliveryNotFound):
            await harness.servicer().RedeliverUrlDelivery(again, NO_CONTEXT)
        with called_by("u"):
            found = await harness.servicer().ListWebhooks(webhook_pb2.ListWebhooksRequest(), NO_CONTEXT)
            assert list(found.webhooks) == []  # what stands for the address is no webhook of the user
            await harness.servicer().RedeliverUrlDelivery(again, NO_CONTEXT)
        await until_async(lambda: len(receiver.requests) == 2)
        assert {headers["webhook-id"] for headers, _ in receiver.requests} == {event_id}


async def test_addresses_are_forgotten_after_their_deliveries_unless_an_event_uses_them(
    harness: WebhookHarness,
) -> None:
    harness.end_job(webhook_url="https://old.example/")
    harness.end_job(webhook_url="https://used.example/")
    feed = harness.feed()
    await feed.read()
    harness.clock.time += KEPT_FOR + timedelta(minutes=2)
    now = harness.clock.now()
    used = Event(
        id=uuid.uuid4(), type="job.completed", job_id=uuid.uuid4(), user_id="u", project_id=uuid.uuid4(),
        occurred_at=now, webhook_url="https://used.example/",
    )  # fmt: skip
    async with harness.database.transaction() as connection:
        origins = await url_store.origins_of(connection, [used], now)
        await feed.delete_old()
        assert await delivery_store.record(connection, [used], origins, now) == 1
    assert [found.url for found in await listed(harness)] == ["https://used.example/"]
    async with harness.database.connection() as connection:
        assert await column(connection, ENDPOINT.c.url) == ["https://used.example"]


async def test_a_webhook_with_a_key_is_signed_by_ed25519_too(harness: WebhookHarness) -> None:
    async with receiving(Receiver()) as receiver, harness.dispatching():
        endpoint = await harness.endpoint(receiver.url, ed25519_key=new_ed25519_key())
        plain = await harness.endpoint(receiver.url, user="v")
        request = webhook_pb2.GetPublicKeyRequest(webhook_id=str(endpoint.id))
        public = (await harness.servicer().GetPublicKey(request, NO_CONTEXT)).public_key
        request.webhook_id = str(plain.id)
        with pytest.raises(WebhookNotFound):
            await harness.servicer().GetPublicKey(request, NO_CONTEXT)
        harness.end_job()
        await harness.feed().read()
        await until_async(lambda: bool(receiver.requests))
        [(headers, body)] = receiver.requests
        hmac_signature, by_key = headers["webhook-signature"].split(" ")
        assert hmac_signature == signatures_by([endpoint.secret], headers, body)
        assert by_key.startswith("v1a,")
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public.removeprefix("whpk_")))
        key.verify(base64.b64decode(by_key.removeprefix("v1a,")), signed)
        with pytest.raises(InvalidSignature):
            key.verify(base64.b64decode(by_key.removeprefix("v1a,")), signed + b" ")
