"""The billing service: `python -m services.billing` serves, `… migrate` migrates its database, `… verify` proves it."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import grpc
from adwright.billing.v1 import billing_pb2_grpc
from pydantic import Field

from services.billing.domain import prices_of
from services.billing.measures import MEASURES
from services.billing.servicer import BillingAdminServicer, BillingLedgerServicer, BillingServicer
from services.billing.storage import Ledger, verify
from services.chassis.clock import SystemClock
from services.chassis.config import DatabaseSettings, ServiceSettings, read_settings_or_exit
from services.chassis.database import Database, migrate
from services.chassis.measures import Measures
from services.chassis.server import Server, start

MIGRATIONS = Path(__file__).parent / "migrations"
SERVICES = tuple(
    f"adwright.billing.v1.{name}" for name in ("BillingService", "BillingAdminService", "BillingLedgerService")
)


class BillingSettings(ServiceSettings, DatabaseSettings):
    """What the billing service reads from the environment."""

    prices: str = Field(default="copy=1,static_ad=3,video=40", description="credits by type of job")


async def serve(settings: BillingSettings) -> None:
    """Puts the parts together and serves until told to stop."""
    url = settings.database_url.get_secret_value()
    if settings.auto_migrate:
        await migrate(url, MIGRATIONS)
    try:
        ledger = Ledger(prices_of(settings.prices))
    except ValueError as error:
        raise SystemExit(f"ADWRIGHT_PRICES: {error}") from None
    clock = SystemClock()
    database = Database(url, pool_size=settings.database_pool_size)
    await database.open()
    holds = BillingLedgerServicer(database=database, ledger=ledger, clock=clock)

    def register(server: grpc.aio.Server) -> None:
        billing_pb2_grpc.add_BillingServiceServicer_to_server(BillingServicer(database=database, ledger=ledger), server)
        billing_pb2_grpc.add_BillingAdminServiceServicer_to_server(
            BillingAdminServicer(database=database, ledger=ledger, clock=clock), server
        )
        billing_pb2_grpc.add_BillingLedgerServiceServicer_to_server(holds, server)

    try:
        await Server(
            settings,
            register=register,
            services=SERVICES,
            ready=database.ready,
            loops=[holds.expire_overdue, Measures(database, MEASURES).run],
        ).run()
    finally:
        await database.close()


async def prove(settings: BillingSettings) -> int:
    """Recomputes the ledger; 0 when everything fits."""
    database = Database(settings.database_url.get_secret_value(), pool_size=1)
    await database.open()
    try:
        async with database.connection() as connection:
            wrong = await verify(connection)
    finally:
        await database.close()
    print("\n".join(wrong) if wrong else "The ledger is consistent.")  # the answer to a command
    return 1 if wrong else 0


def main() -> None:
    settings = read_settings_or_exit(BillingSettings)
    if sys.argv[1:] == ["verify"]:
        raise SystemExit(asyncio.run(prove(settings)))
    migrating = sys.argv[1:] == ["migrate"]
    work = migrate(settings.database_url.get_secret_value(), MIGRATIONS) if migrating else serve(settings)
    start("billing", settings, work)


if __name__ == "__main__":
    main()
