"""Registry of the numbers of PostgreSQL advisory locks. All numbers are distinct, even across databases.

Locks of one user or one key are not listed: they are hashes in the same 64-bit space (`hashtextextended`, with a seed a
use) and stand where they are taken.
"""

from __future__ import annotations

from typing import Final

MIGRATION_LOCK: Final = 7_153_001  # held while a process applies migrations; others wait their turn
RELAY_LOCK: Final = 7_153_002  # held by the one outbox relay that sends; it keeps a key's events in order
CHAIN_SEALERS_LOCK: Final = 7_153_003  # held by the one replica of billing that appends seals to the hash chain
CHAIN_WRITERS_LOCK: Final = 7_153_004  # shared by writers of ledger entries; a trigger of the schema takes it
