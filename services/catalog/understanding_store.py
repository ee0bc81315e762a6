"""The table of understandings. The caller has found the products, and has locked those that it writes for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Text, bindparam, cast, literal_column, select
from sqlalchemy.dialects.postgresql import insert

from services.catalog.tables import UNDERSTANDING
from services.chassis.data.database import Connection
from services.chassis.data.sql import among
from services.chassis.data.statements import Query, fetch_rows, run

VERSION = cast(literal_column("understanding.xmin"), Text).label("version")


class ReadingRow(NamedTuple):
    product_id: UUID
    version: str
    inputs_digest: bytes | None
    reading: bytes | None
    made_at: datetime | None
    corrections: bytes


FIND = Query(
    ReadingRow,
    select(
        UNDERSTANDING.c.product_id,
        VERSION,
        UNDERSTANDING.c.inputs_digest,
        UNDERSTANDING.c.reading,
        UNDERSTANDING.c.made_at,
        UNDERSTANDING.c.corrections,
    ).where(among(UNDERSTANDING.c.product_id, "product_ids")),
)
_READING = insert(UNDERSTANDING).values(
    product_id=bindparam("product_id"),
    inputs_digest=bindparam("inputs_digest"),
    reading=bindparam("reading"),
    made_at=bindparam("made_at"),
    corrections=bindparam("corrections"),
)


class CorrectionsRow(NamedTuple):
    corrections: bytes


WRITE_READING = Query(
    CorrectionsRow,
    _READING.on_conflict_do_update(
        index_elements=[UNDERSTANDING.c.product_id],
        set_={name: _READING.excluded[name] for name in ("inputs_digest", "reading", "made_at")},
    ).returning(UNDERSTANDING.c.corrections),
)
_CORRECTIONS = insert(UNDERSTANDING).values(product_id=bindparam("product_id"), corrections=bindparam("corrections"))
WRITE_CORRECTIONS = _CORRECTIONS.on_conflict_do_update(
    index_elements=[UNDERSTANDING.c.product_id], set_={"corrections": _CORRECTIONS.excluded.corrections}
)


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
        rows = await fetch_rows(connection, FIND, {"product_ids": list(product_ids)})
        return {
            row.product_id: StoredUnderstanding(
                row.version, row.inputs_digest or b"", row.reading or b"", row.made_at, row.corrections
            )
            for row in rows
        }

    async def write_reading(
        self, connection: Connection, product_id: UUID, *, inputs_digest: bytes, reading: bytes, made_at: datetime
    ) -> bytes:
        """Stores a reading of a product that the caller has locked; returns the corrections, which stay."""
        [row] = await fetch_rows(
            connection,
            WRITE_READING,
            {
                "product_id": product_id,
                "inputs_digest": inputs_digest,
                "reading": reading,
                "made_at": made_at,
                "corrections": b"",
            },
        )
        return bytes(row.corrections)

    async def write_corrections(self, connection: Connection, product_id: UUID, corrections: bytes) -> None:
        """Stores the corrections of a product that the caller has locked; its reading stays."""
        await run(connection, WRITE_CORRECTIONS, {"product_id": product_id, "corrections": corrections})
