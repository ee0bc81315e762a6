"""The billing service.

`python -m services.billing` serves, `… migrate` migrates the database, `… verify [HEAD]` audits the ledger.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import grpc
from adwright.billing.v1 import billing_pb2_grpc, keys_pb2_grpc
from pydantic import Field
from sqlalchemy import text

from services.billing.api_key_lookup import DatabaseApiKeyLookup
from services.billing.api_key_servicer import ApiKeyLookupServicer, ApiKeyServicer
from services.billing.audit import verify
from services.billing.domain import prices_of
from services.billing.ledger import Ledger
from services.billing.maintenance import Maintenance
from services.billing.metrics import GAUGES
from services.billing.servicer import BillingAdminServicer, BillingLedgerServicer, BillingServicer
from services.chassis.clock import SystemClock
from services.chassis.config import DatabaseSettings, ServiceSettings, read_settings_or_exit
from services.chassis.data.database import Database
from services.chassis.data.migrate_command import run_migrations
from services.chassis.data.migrations import prepare
from services.chassis.data.sql_gauges import SqlGauges
from services.chassis.data.statements import run
from services.chassis.rpc.server import Server, start

MIGRATIONS = Path(__file__).parent / "migrations"
PROBLEMS_SHOWN = 50
AUDIT_SETTINGS = (  # Core has no `set`
    text("set transaction isolation level repeatable read, read only"),
    text("set local statement_timeout = 0"),
)
SERVICES = tuple(
    f"adwright.billing.v1.{name}"
    for name in (
        "BillingService",
        "BillingAdminService",
        "BillingLedgerService",
        "ApiKeyService",
        "ApiKeyLookupService",
    )
)


class BillingSettings(ServiceSettings, DatabaseSettings):
    """Settings of the billing service, from the environment."""

    prices: str = Field(
        default="copy=1,static_ad=3,video=40,video_product=15,static_ad_variant=1,video_variant=5",
        description="Price of each job type, in credits. A product film is a video with the price video_product; an "
        "image with one thing changed has the price static_ad_variant, a film video_variant.",
    )


async def serve(settings: BillingSettings) -> None:
    """Builds the service and serves until SIGTERM or SIGINT."""
    url = settings.database_url.get_secret_value()
    await prepare(url, MIGRATIONS, auto_migrate=settings.auto_migrate)
    try:
        ledger = Ledger(prices_of(settings.prices))
    except ValueError as error:
        raise SystemExit(f"ADWRIGHT_PRICES: {error}") from None
    clock = SystemClock()
    database = Database(url, pool_size=settings.database_pool_size)
    await database.open()
    maintenance = Maintenance(database=database, ledger=ledger, clock=clock)

    def register(server: grpc.aio.Server) -> None:
        billing_pb2_grpc.add_BillingServiceServicer_to_server(
            BillingServicer(database=database, ledger=ledger, clock=clock), server
        )
        billing_pb2_grpc.add_BillingAdminServiceServicer_to_server(
            BillingAdminServicer(database=database, ledger=ledger, clock=clock), server
        )
        billing_pb2_grpc.add_BillingLedgerServiceServicer_to_server(
            BillingLedgerServicer(database=database, ledger=ledger, clock=clock), server
        )
        keys_pb2_grpc.add_ApiKeyServiceServicer_to_server(ApiKeyServicer(database=database, clock=clock), server)
        keys_pb2_grpc.add_ApiKeyLookupServiceServicer_to_server(
            ApiKeyLookupServicer(database=database, clock=clock), server
        )

    try:
        await Server(
            settings,
            register=register,
            services=SERVICES,
            ready=database.ready,
            loops=[maintenance.run, SqlGauges(database, GAUGES).run],
            api_keys=DatabaseApiKeyLookup(database=database, clock=clock),
            clock=clock,
        ).run()
    finally:
        await database.close()


async def run_audit(settings: DatabaseSettings, recorded_head: str) -> int:
    """Audits the ledger and prints the result; returns the exit status: 0 when the ledger is consistent, else 1.

    recorded_head: as in `audit.verify`.
    """
    database = Database(settings.database_url.get_secret_value(), pool_size=1)
    await database.open()
    try:
        async with database.transaction() as connection:
            for setting in AUDIT_SETTINGS:
                await run(connection, setting)
            found = await verify(connection, recorded_head)
    finally:
        await database.close()
    for line in found.problems[:PROBLEMS_SHOWN]:
        print(line)
    if len(found.problems) > PROBLEMS_SHOWN:
        print(f"… and {len(found.problems) - PROBLEMS_SHOWN} more")
    print(
        f"{found.entries} entries ({found.unsealed} since the newest seal), {found.chain.seals} seals, "
        f"head {found.chain.head}\n"
        + ", ".join(f"{name} {amount}" for name, amount in found.accounts.items())
        + "\n"
        + ("The ledger is NOT consistent." if found.problems else "The ledger is consistent.")
    )
    return 1 if found.problems else 0


def main() -> None:
    """Entry point of the process."""
    if sys.argv[1:2] == ["verify"]:
        recorded_head = (sys.argv[2:3] or [""])[0]
        raise SystemExit(asyncio.run(run_audit(read_settings_or_exit(DatabaseSettings), recorded_head)))
    if sys.argv[1:] == ["migrate"]:
        run_migrations("billing", MIGRATIONS)
        return
    settings = read_settings_or_exit(BillingSettings)
    start("billing", settings, serve(settings))


if __name__ == "__main__":
    main()
