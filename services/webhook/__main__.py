"""The webhook service: `python -m services.webhook` serves, `python -m services.webhook migrate` migrates its
database."""

from __future__ import annotations

import sys
from pathlib import Path

import grpc
from adwright.job.v1 import job_pb2_grpc
from adwright.webhook.v1 import webhook_pb2_grpc

from services.chassis.clock import SystemClock
from services.chassis.config import (
    DatabaseSettings,
    KafkaSettings,
    ServiceSettings,
    WebhookUrlSettings,
    read_settings_or_exit,
)
from services.chassis.data.database import Database
from services.chassis.data.kafka import TopicReader
from services.chassis.data.migrate_command import run_migrations
from services.chassis.data.migrations import prepare
from services.chassis.rpc.auth import ServiceIdentity
from services.chassis.rpc.server import Server, open_channel, start
from services.clients.billing_keys import BillingApiKeyLookup
from services.webhook.dispatcher import Dispatcher
from services.webhook.event_feed import EventFeed
from services.webhook.event_messages import GROUP, TOPIC, EventMessages
from services.webhook.sender import Sender
from services.webhook.servicer import WebhookServicer

MIGRATIONS = Path(__file__).parent / "migrations"
SERVICES = ("adwright.webhook.v1.WebhookService",)


class WebhookSettings(ServiceSettings, DatabaseSettings, KafkaSettings, WebhookUrlSettings):
    """Settings of the webhook service, from the environment."""


async def serve(settings: WebhookSettings) -> None:
    """Builds the service and serves until SIGTERM or SIGINT."""
    url = settings.database_url.get_secret_value()
    await prepare(url, MIGRATIONS, auto_migrate=settings.auto_migrate)
    database = Database(url, pool_size=settings.database_pool_size)
    await database.open()
    clock = SystemClock()
    identity = ServiceIdentity("webhook", settings.service_secrets())
    api_keys = BillingApiKeyLookup(settings.billing_address, identity)
    channel = open_channel(settings.job_address)
    jobs = job_pb2_grpc.JobFeedServiceStub(channel)
    sender = Sender(allow_http=settings.webhook_allow_http, allowed=settings.allowed_addresses())
    dispatcher = Dispatcher(database=database, jobs=jobs, identity=identity, sender=sender, clock=clock)
    feed = EventFeed(database=database, jobs=jobs, identity=identity, clock=clock, recorded=dispatcher.wake)

    reader = TopicReader(settings, topic=TOPIC, group=GROUP, values=True, from_start=False)
    messages = EventMessages(reader=reader, feed=feed, clock=clock)

    def register(server: grpc.aio.Server) -> None:
        webhook_pb2_grpc.add_WebhookServiceServicer_to_server(
            WebhookServicer(database=database, sender=sender, clock=clock, wake=dispatcher.wake), server
        )

    try:
        await Server(
            settings,
            register=register,
            services=SERVICES,
            ready=database.ready,
            loops=[feed.run, messages.run, dispatcher.run],
            api_keys=api_keys,
            clock=clock,
        ).run()
    finally:
        await channel.close()
        await api_keys.close()
        await database.close()


def main() -> None:
    """Entry point of the process."""
    if sys.argv[1:] == ["migrate"]:
        run_migrations("webhook", MIGRATIONS)
        return
    settings = read_settings_or_exit(WebhookSettings)
    start("webhook", settings, serve(settings))


if __name__ == "__main__":
    main()
