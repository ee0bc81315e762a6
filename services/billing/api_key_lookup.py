"""The owners of API keys, read from billing's own database for the verification of keys in this process."""

from __future__ import annotations

from services.billing import api_keys
from services.chassis.clock import Clock
from services.chassis.data.database import Database
from services.chassis.rpc.api_keys import ApiKeyOwner


class DatabaseApiKeyLookup:
    """Finds the owners of API keys in billing's database."""

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def find(self, key_hash: bytes) -> ApiKeyOwner | None:
        """See ApiKeyLookup. Raises DependencyUnavailable when the database cannot be reached."""
        async with self._database.connection() as connection:
            return await api_keys.find_usable(connection, key_hash, self._clock.now())
