"""The campaign service: `python -m services.campaign` serves, `python -m services.campaign migrate` migrates its
database."""

from __future__ import annotations

import sys
from pathlib import Path

import grpc
from adwright.campaign.v1 import campaign_pb2_grpc
from pydantic import Field

from services.campaign.calls import Calls, Channels
from services.campaign.campaign_watcher import CampaignWatcher
from services.campaign.runner import Runner
from services.campaign.servicer import CampaignServicer
from services.chassis.clock import SystemClock
from services.chassis.config import DatabaseSettings, ServiceSettings, read_settings_or_exit
from services.chassis.data.database import Database
from services.chassis.data.migrate_command import run_migrations
from services.chassis.data.migrations import prepare
from services.chassis.rpc.auth import ServiceIdentity
from services.chassis.rpc.server import Server, open_channel, start
from services.clients.billing_keys import BillingApiKeyLookup

MIGRATIONS = Path(__file__).parent / "migrations"
SERVICES = ("adwright.campaign.v1.CampaignService",)


class CampaignSettings(ServiceSettings, DatabaseSettings):
    """Settings of the campaign service, from the environment."""

    image_address: str = Field(default="127.0.0.1:7105", description="gRPC address of the image service.")
    video_address: str = Field(default="127.0.0.1:7106", description="gRPC address of the video service.")


async def serve(settings: CampaignSettings) -> None:
    """Builds the service and serves until SIGTERM or SIGINT."""
    url = settings.database_url.get_secret_value()
    await prepare(url, MIGRATIONS, auto_migrate=settings.auto_migrate)
    database = Database(url, pool_size=settings.database_pool_size)
    await database.open()
    clock = SystemClock()
    identity = ServiceIdentity("campaign", settings.service_secrets())
    api_keys = BillingApiKeyLookup(settings.billing_address, identity)
    channels = Channels(
        catalog=open_channel(settings.catalog_address),
        billing=open_channel(settings.billing_address),
        job=open_channel(settings.job_address),
        copy=open_channel(settings.copy_address),
        image=open_channel(settings.image_address),
        video=open_channel(settings.video_address),
    )
    calls = Calls(channels, identity)
    watcher = CampaignWatcher(database)
    runner = Runner(database=database, calls=calls, clock=clock)

    def register(server: grpc.aio.Server) -> None:
        campaign_pb2_grpc.add_CampaignServiceServicer_to_server(
            CampaignServicer(database=database, calls=calls, watcher=watcher, clock=clock, wake=runner.wake), server
        )

    try:
        await Server(
            settings,
            register=register,
            services=SERVICES,
            ready=database.ready,
            loops=[runner.run, watcher.run],
            closing=[watcher.close],
            api_keys=api_keys,
            clock=clock,
        ).run()
    finally:
        await channels.close()
        await api_keys.close()
        await database.close()


def main() -> None:
    """Entry point of the process."""
    if sys.argv[1:] == ["migrate"]:
        run_migrations("campaign", MIGRATIONS)
        return
    settings = read_settings_or_exit(CampaignSettings)
    start("campaign", settings, serve(settings))


if __name__ == "__main__":
    main()
