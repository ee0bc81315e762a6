"""The command `migrate` of a service, as the Jobs of deploy/migrations run it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from services.chassis.config import DatabaseSettings, read_settings_or_exit
from services.chassis.data.migrations import migrate
from services.chassis.observability import telemetry


def run_migrations(name: str, folder: Path) -> None:
    """Migrates the service's database. It needs the database's URL and none of the service's other settings.

    Raises as `migrate`. Exits with a message when the URL is missing.
    """
    settings = read_settings_or_exit(DatabaseSettings)
    telemetry.configure(name, log_format="json", log_level="info", metrics_listen="")
    asyncio.run(migrate(settings.database_url.get_secret_value(), folder))
