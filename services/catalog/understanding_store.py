"""The table of understandings. The caller has found the products, and has locked those that it writes for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from services.chassis.data.database import Connection, fetch_all, fetch_one


class StoredUnderstanding(NamedTuple):
    """A row. `version` changes with every change; `reading` and `corrections` are serialized messages."""

    version: str
    inputs_digest: bytes
    reading: bytes
    made_at: datetime | None
    corrections: bytes


class UnderstandingStore:
    """Reads and writes on a connection that the caller has opened; never begins or commits."""

    async def find(self, connection: Connection, product_ids: Sequence[UUID]) -> dict[UUID, StoredUnderstanding]:
        """Returns the rows by product id; a product that was not read or corrected yet has no entry."""
        rows = await fetch_all(
            connection,
            "select *, xmin::text as version from understanding where product_id = any(%s)",
            [list(product_ids)],
        )
        return {
            row["product_id"]: StoredUnderstanding(
                row["version"],
                bytes(row["inputs_digest"] or b""),
                bytes(row["reading"] or b""),
                row["made_at"],
                bytes(row["corrections"]),
            )
            for row in rows
        }

    async def write_reading(
        self, connection: Connection, product_id: UUID, *, inputs_digest: bytes, reading: bytes, made_at: datetime
    ) -> bytes:
        """Stores a reading of a product that the caller has locked; returns the corrections, which stay."""
        row = await fetch_one(
            connection,
            """insert into understanding (product_id, inputs_digest, reading, made_at, corrections)
               values (%(product)s, %(digest)s, %(reading)s, %(made_at)s, '')
               on conflict (product_id) do update
                  set inputs_digest = excluded.inputs_digest, reading = excluded.reading, made_at = excluded.made_at
               returning corrections""",
            {"product": product_id, "digest": inputs_digest, "reading": reading, "made_at": made_at},
        )
        assert row is not None, "an upsert returns one row"
        return bytes(row["corrections"])

    async def write_corrections(self, connection: Connection, product_id: UUID, corrections: bytes) -> None:
        """Stores the corrections of a product that the caller has locked; its reading stays."""
        await connection.execute(
            """insert into understanding (product_id, corrections) values (%s, %s)
               on conflict (product_id) do update set corrections = excluded.corrections""",
            [product_id, corrections],
        )
