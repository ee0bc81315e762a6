"""The catalog: `python -m services.catalog` serves, `python -m services.catalog migrate` migrates its database."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import grpc
from adwright.catalog.v1 import catalog_pb2_grpc
from pydantic import Field

from services.catalog.briefs import Briefs
from services.catalog.catalog_store import CatalogStore
from services.catalog.portraits import PortraitServicer
from services.catalog.servicer import CatalogLookupServicer, CatalogServicer
from services.catalog.understanding.engine import load_engine
from services.catalog.understanding_store import UnderstandingStore
from services.catalog.understandings import Understandings
from services.chassis.clock import SystemClock
from services.chassis.config import AssetSettings, DatabaseSettings, ServiceSettings, read_settings_or_exit
from services.chassis.data.assets import AssetStore
from services.chassis.data.database import Database
from services.chassis.data.migrate_command import run_migrations
from services.chassis.data.migrations import prepare
from services.chassis.rpc.auth import ServiceIdentity
from services.chassis.rpc.server import Server, start
from services.clients.billing_keys import BillingApiKeyLookup

MIGRATIONS = Path(__file__).parent / "migrations"
SERVICES = (
    "adwright.catalog.v1.CatalogService",
    "adwright.catalog.v1.CatalogLookupService",
    "adwright.catalog.v1.PortraitService",
)


class CatalogSettings(ServiceSettings, DatabaseSettings, AssetSettings):
    """Settings of the catalog service, from the environment."""

    projects_per_user: int = Field(default=1_000, ge=1, description="Limit of projects of a user.")
    products_per_project: int = Field(default=1_000, ge=1, description="Limit of products of a project.")
    portraits_per_user: int = Field(default=100, ge=1, le=1_000, description="Limit of uploaded portraits of a user.")


async def serve(settings: CatalogSettings) -> None:
    """Builds the service and serves until SIGTERM or SIGINT."""
    url = settings.database_url.get_secret_value()
    engine = await asyncio.to_thread(load_engine)
    await prepare(url, MIGRATIONS, auto_migrate=settings.auto_migrate)
    database = Database(url, pool_size=settings.database_pool_size)
    await database.open()
    store = CatalogStore(
        projects_per_user=settings.projects_per_user, products_per_project=settings.products_per_project
    )
    assets = AssetStore(settings.assets_url)
    clock = SystemClock()
    understanding_store = UnderstandingStore()
    understandings = Understandings(
        database=database,
        catalog_store=store,
        store=understanding_store,
        reader=engine.reader,
        trades=engine.trades,
        clock=clock,
    )
    briefs = Briefs(
        database=database, store=store, understanding_store=understanding_store, understandings=understandings
    )
    api_keys = BillingApiKeyLookup(settings.billing_address, ServiceIdentity("catalog", settings.service_secrets()))

    def register(server: grpc.aio.Server) -> None:
        catalog_pb2_grpc.add_CatalogServiceServicer_to_server(
            CatalogServicer(database=database, store=store, understandings=understandings, assets=assets, clock=clock),
            server,
        )
        catalog_pb2_grpc.add_CatalogLookupServiceServicer_to_server(CatalogLookupServicer(briefs), server)
        catalog_pb2_grpc.add_PortraitServiceServicer_to_server(
            PortraitServicer(
                database=database, assets=assets, clock=clock, portraits_per_user=settings.portraits_per_user
            ),
            server,
        )

    try:
        await Server(
            settings,
            register=register,
            services=SERVICES,
            ready=database.ready,
            loops=[understandings.run],
            api_keys=api_keys,
            clock=clock,
        ).run()
    finally:
        await understandings.close()
        await api_keys.close()
        await database.close()


def main() -> None:
    """Entry point of the process."""
    if sys.argv[1:] == ["migrate"]:
        run_migrations("catalog", MIGRATIONS)
        return
    settings = read_settings_or_exit(CatalogSettings)
    start("catalog", settings, serve(settings))


if __name__ == "__main__":
    main()
