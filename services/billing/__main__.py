"""The billing service: `python -m services.billing` serves, `… migrate` migrates its database, `… verify` proves it."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import grpc
from adwright.billing.v1 import billing_pb2_grpc, keys_pb2_grpc
from pydantic import Field

from services.billing.audit import verify
from services.billing.domain import prices_of
from services.billing.key_lookup import DatabaseApiKeyLookup
from services.billing.key_servicer import ApiKeyLookupServicer, ApiKeyServicer
from services.billing.ledger import Ledger
from services.billing.maintenance import Maintenance
from services.billing.metrics import GAUGES
from services.billing.servicer import BillingAdminServicer, BillingLedgerServicer, BillingServicer
from services.chassis.clock import SystemClock
from services.chassis.config import DatabaseSettings, ServiceSettings, read_settings_or_exit
from services.chassis.data.database import Database, migrate, prepare
from services.chassis.observability.metrics import SqlGauges
from services.chassis.rpc.server import Server, start

MIGRATIONS = Path(__file__).parent / "migrations"
PROBLEMS_SHOWN = 50
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
    """What the billing service reads from the environment."""

    prices: str = Field(default="copy=1,static_ad=3,video=40", description="credits by type of job")


async def serve(settings: BillingSettings) -> None:
    """Puts the parts together and serves until told to stop."""
    url = settings.database_url.get_secret_value()
    await prepare(url, MIGRATIONS, auto_migrate=settings.auto_migrate)
    try:
        ledger = Ledger(prices_of(settings.prices))
    except ValueError as error:
        raise SystemExit(f"ADWRIGHT_PRICES: {error}") from None
    clock = SystemClock()
    database = Database(url, pool_size=settings.database_pool_size)
    await database.open()
    holds = BillingLedgerServicer(database=database, ledger=ledger, clock=clock)
    upkeep = Maintenance(database=database, ledger=ledger, clock=clock)

    def register(server: grpc.aio.Server) -> None:
        billing_pb2_grpc.add_BillingServiceServicer_to_server(
            BillingServicer(database=database, ledger=ledger, clock=clock), server
        )
        billing_pb2_grpc.add_BillingAdminServiceServicer_to_server(
            BillingAdminServicer(database=database, ledger=ledger, clock=clock), server
        )
        billing_pb2_grpc.add_BillingLedgerServiceServicer_to_server(holds, server)
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
            loops=[upkeep.run, SqlGauges(database, GAUGES).run],
            api_keys=DatabaseApiKeyLookup(database=database, clock=clock),
            clock=clock,
        ).run()
    finally:
        await database.close()


async def prove(settings: DatabaseSettings, noted: str) -> int:
    """Recomputes the ledger and prints what was found; 0 when everything fits. `noted`: as in `proof.verify`."""
    database = Database(settings.database_url.get_secret_value(), pool_size=1)
    await database.open()
    try:
        async with database.transaction() as connection:
            await connection.execute("set transaction isolation level repeatable read, read only")
            await connection.execute("set local statement_timeout = 0")
            proof = await verify(connection, noted)
    finally:
        await database.close()
    for line in proof.wrong[:PROBLEMS_SHOWN]:
        print(line)
    if len(proof.wrong) > PROBLEMS_SHOWN:
        print(f"… and {len(proof.wrong) - PROBLEMS_SHOWN} more")
    print(
        f"{proof.entries} entries ({proof.unsealed} since the last seal), {proof.chain.seals} seals, "
        f"head {proof.chain.head}\n"
        + ", ".join(f"{name} {amount}" for name, amount in proof.accounts.items())
        + "\n"
        + ("The ledger does NOT fit." if proof.wrong else "The ledger is consistent.")
    )
    return 1 if proof.wrong else 0


def main() -> None:
    if sys.argv[1:2] == ["verify"]:
        noted = (sys.argv[2:3] or [""])[0]
        raise SystemExit(asyncio.run(prove(read_settings_or_exit(DatabaseSettings), noted)))
    settings = read_settings_or_exit(BillingSettings)
    migrating = sys.argv[1:] == ["migrate"]
    work = migrate(settings.database_url.get_secret_value(), MIGRATIONS) if migrating else serve(settings)
    start("billing", settings, work)


if __name__ == "__main__":
    main()
