"""The RPCs of webhooks' owners."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, timedelta
from typing import Any
from uuid import UUID, uuid4

import grpc
import structlog
from adwright.webhook.v1 import webhook_pb2, webhook_pb2_grpc
from google.protobuf import empty_pb2

from services.chassis.clock import Clock
from services.chassis.data.database import Connection, Database
from services.chassis.data.ids import new_id
from services.chassis.rpc.auth import caller
from services.chassis.rpc.pagination import page_token, parse_page_token
from services.chassis.webhook_signatures import new_ed25519_key, new_secret, public_key_of
from services.webhook import delivery_store, endpoint_store, url_store
from services.webhook.domain import EVENT_TYPES, TEST_EVENT
from services.webhook.errors import WebhookDisabled, WebhookNotFound
from services.webhook.messages import default_secret_message, delivery_message, webhook_message
from services.webhook.rows import DeliveryRow, EndpointRow
from services.webhook.sender import Sender

Context = grpc.aio.ServicerContext[Any, Any]

DEFAULT_PAGE = 20
DEFAULT_OVERLAP_HOURS = 24

log = structlog.get_logger()


class WebhookServicer(webhook_pb2_grpc.WebhookServiceServicer):
    """Registers endpoints, and shows and repeats their deliveries."""

    def __init__(self, *, database: Database, sender: Sender, clock: Clock, wake: Callable[[], object]) -> None:
        """wake: called when there is something to send."""
        self._database = database
        self._sender = sender
        self._clock = clock
        self._wake = wake

    async def CreateWebhook(
        self, request: webhook_pb2.CreateWebhookRequest, context: Context
    ) -> webhook_pb2.CreateWebhookResponse:
        await self._sender.check(request.url)
        now, secret = self._clock.now(), new_secret()
        values = {
            "id": new_id(now),
            "user_id": caller().user_id,
            "url": request.url,
            "events": list(request.events or EVENT_TYPES),
            "project_id": UUID(request.project_id) if request.HasField("project_id") else None,
            "secret": secret,
            "created_at": now,
            "ed25519_key": new_ed25519_key() if request.ed25519 else None,
        }
        async with self._database.transaction() as connection:
            row = await endpoint_store.create(connection, values)
        log.info("webhook_created", webhook_id=str(row.id), user_id=row.user_id)
        return webhook_pb2.CreateWebhookResponse(secret=secret, webhook=webhook_message(row, now))

    async def ListWebhooks(
        self, request: webhook_pb2.ListWebhooksRequest, context: Context
    ) -> webhook_pb2.ListWebhooksResponse:
        async with self._database.connection() as connection:
            rows = await endpoint_store.list_endpoints(connection, caller().user_id)
        now = self._clock.now()
        return webhook_pb2.ListWebhooksResponse(webhooks=[webhook_message(row, now) for row in rows])

    async def GetWebhook(self, request: webhook_pb2.GetWebhookRequest, context: Context) -> webhook_pb2.Webhook:
        async with self._database.connection() as connection:
            row = await endpoint_store.find(connection, UUID(request.webhook_id), caller().user_id)
        return webhook_message(row, self._clock.now())

    async def UpdateWebhook(self, request: webhook_pb2.UpdateWebhookRequest, context: Context) -> webhook_pb2.Webhook:
        if request.HasField("url"):
            await self._sender.check(request.url)
        now = self._clock.now()
        async with self._database.transaction() as connection:
            row = await endpoint_store.change(
                connection,
                UUID(request.webhook_id),
                caller().user_id,
                url=request.url if request.HasField("url") else None,
                events=request.events,
                enabled=request.enabled if request.HasField("enabled") else None,
                ed25519=request.ed25519 if request.HasField("ed25519") else None,
                now=now,
            )
            if row.disabled_at is not None:
                await delivery_store.skip_pending(connection, row.id)
        return webhook_message(row, now)

    async def DeleteWebhook(self, request: webhook_pb2.DeleteWebhookRequest, context: Context) -> empty_pb2.Empty:
        async with self._database.transaction() as connection:
            await endpoint_store.remove(connection, UUID(request.webhook_id), caller().user_id)
        log.info("webhook_deleted", webhook_id=request.webhook_id, user_id=caller().user_id)
        return empty_pb2.Empty()

    async def RotateWebhookSecret(
        self, request: webhook_pb2.RotateWebhookSecretRequest, context: Context
    ) -> webhook_pb2.RotateWebhookSecretResponse:
        now, secret = self._clock.now(), new_secret()
        async with self._database.transaction() as connection:
            row = await endpoint_store.rotate(
                connection, UUID(request.webhook_id), caller().user_id, secret, now + _overlap_of(request)
            )
        log.info("webhook_secret_rotated", webhook_id=request.webhook_id, user_id=row.user_id)
        return webhook_pb2.RotateWebhookSecretResponse(secret=secret, webhook=webhook_message(row, now))

    async def TestWebhook(self, request: webhook_pb2.TestWebhookRequest, context: Context) -> webhook_pb2.Delivery:
        async with self._database.transaction() as connection:
            endpoint = await self._enabled(connection, request.webhook_id)
            row = await delivery_store.record_test(connection, endpoint.id, uuid4(), TEST_EVENT, self._clock.now())
        self._wake()
        return delivery_message(row)

    async def ListDeliveries(
        self, request: webhook_pb2.ListDeliveriesRequest, context: Context
    ) -> webhook_pb2.ListDeliveriesResponse:
        size = request.page_size or DEFAULT_PAGE
        before = parse_page_token(request.page_token)
        async with self._database.connection() as connection:
            endpoint = await endpoint_store.find(connection, UUID(request.webhook_id), caller().user_id)
            rows = await delivery_store.list_deliveries(connection, endpoint.id, before, size)
        return _page(rows, size)

    async def RedeliverDelivery(
        self, request: webhook_pb2.RedeliverDeliveryRequest, context: Context
    ) -> webhook_pb2.Delivery:
        async with self._database.transaction() as connection:
            endpoint = await self._enabled(connection, request.webhook_id)
            row = await delivery_store.redeliver(connection, endpoint.id, UUID(request.delivery_id), self._clock.now())
        self._wake()
        return delivery_message(row)

    async def ReplayWebhook(
        self, request: webhook_pb2.ReplayWebhookRequest, context: Context
    ) -> webhook_pb2.ReplayWebhookResponse:
        since = request.since.ToDatetime(tzinfo=UTC)
        async with self._database.transaction() as connection:
            endpoint = await self._enabled(connection, request.webhook_id)
            count = await delivery_store.replay(connection, endpoint.id, since, self._clock.now())
        self._wake()
        return webhook_pb2.ReplayWebhookResponse(count=count)

    async def GetDefaultSecret(
        self, request: webhook_pb2.GetDefaultSecretRequest, context: Context
    ) -> webhook_pb2.DefaultSecret:
        async with self._database.transaction() as connection:
            row = await url_store.default_secret(connection, caller().user_id)
        return default_secret_message(row, self._clock.now())

    async def RotateDefaultSecret(
        self, request: webhook_pb2.RotateDefaultSecretRequest, context: Context
    ) -> webhook_pb2.DefaultSecret:
        now = self._clock.now()
        async with self._database.transaction() as connection:
            row = await url_store.rotate(connection, caller().user_id, new_secret(), now + _overlap_of(request))
        log.info("default_secret_rotated", user_id=row.user_id)
        return default_secret_message(row, now)

    async def ListUrlDeliveries(
        self, request: webhook_pb2.ListUrlDeliveriesRequest, context: Context
    ) -> webhook_pb2.ListDeliveriesResponse:
        size = request.page_size or DEFAULT_PAGE
        before = parse_page_token(request.page_token)
        job_id = UUID(request.job_id) if request.HasField("job_id") else None
        async with self._database.connection() as connection:
            rows = await url_store.list_deliveries(connection, caller().user_id, job_id, before, size)
        return _page(rows, size)

    async def RedeliverUrlDelivery(
        self, request: webhook_pb2.RedeliverUrlDeliveryRequest, context: Context
    ) -> webhook_pb2.Delivery:
        async with self._database.transaction() as connection:
            row = await url_store.redeliver(connection, caller().user_id, UUID(request.delivery_id), self._clock.now())
        self._wake()
        return delivery_message(row)

    async def GetPublicKey(self, request: webhook_pb2.GetPublicKeyRequest, context: Context) -> webhook_pb2.PublicKey:
        async with self._database.connection() as connection:
            endpoint = await endpoint_store.find_of_anyone(connection, UUID(request.webhook_id))
        if not endpoint.ed25519_key:
            raise WebhookNotFound
        return webhook_pb2.PublicKey(public_key=public_key_of(endpoint.ed25519_key))

    async def _enabled(self, connection: Connection, webhook_id: str) -> EndpointRow:
        """The caller's endpoint, locked. Raises WebhookNotFound and WebhookDisabled."""
        endpoint = await endpoint_store.find(connection, UUID(webhook_id), caller().user_id, lock=True)
        if endpoint.disabled_at is not None:
            raise WebhookDisabled
        return endpoint


def _overlap_of(
    request: webhook_pb2.RotateWebhookSecretRequest | webhook_pb2.RotateDefaultSecretRequest,
) -> timedelta:
    return timedelta(hours=request.overlap_hours if request.HasField("overlap_hours") else DEFAULT_OVERLAP_HOURS)


def _page(rows: Sequence[DeliveryRow], size: int) -> webhook_pb2.ListDeliveriesResponse:
    return webhook_pb2.ListDeliveriesResponse(
        deliveries=[delivery_message(row) for row in rows],
        next_page_token=page_token(rows[-1].id if len(rows) == size else None),
    )
