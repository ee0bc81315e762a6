"""Lookup of briefs for the services that generate: batched, and cached by row version.

Each lookup reads the versions of the rows; only rows with a new version are read and converted again. A brief is
therefore never older than its request, whichever replica has changed the rows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from adwright.catalog.v1 import catalog_pb2
from cachetools import LRUCache

from services.catalog import messages
from services.catalog.catalog_store import CatalogStore
from services.catalog.domain import BriefKey
from services.catalog.errors import ProductNotFound, ProjectNotFound
from services.catalog.understanding_store import UnderstandingStore
from services.catalog.understandings import Understandings
from services.chassis.data.batcher import Batcher
from services.chassis.data.database import Database
from services.chassis.errors import Refusal

MAX_BATCH = 256
MAX_WAITING = 4_000
MAX_WAIT_SECONDS = 3.0  # shorter than the caller's deadline
MAX_CACHED_BYTES = 64 * 2**20  # of serialized briefs, of 2 to 30 KiB each

Versions = tuple[str, str | None, str | None]  # of the rows of the project, the product and its understanding


class Briefs:
    """Finds briefs by user, project and product."""

    def __init__(
        self,
        *,
        database: Database,
        store: CatalogStore,
        understanding_store: UnderstandingStore,
        understandings: Understandings,
        max_cached_bytes: int = MAX_CACHED_BYTES,
    ) -> None:
        self._database = database
        self._store = store
        self._understanding_store = understanding_store
        self._understandings = understandings
        self._cached: LRUCache[BriefKey, tuple[Versions, catalog_pb2.Brief]] = LRUCache(
            max_cached_bytes, getsizeof=lambda cached: cached[1].ByteSize()
        )
        self._lookups: Batcher[BriefKey, catalog_pb2.Brief] = Batcher(
            self._find_batch, max_batch=MAX_BATCH, max_waiting=MAX_WAITING, max_wait_seconds=MAX_WAIT_SECONDS
        )

    async def find(self, keys: Sequence[BriefKey]) -> list[catalog_pb2.Brief | BaseException]:
        """Returns the current briefs in order, with the products' understandings. A product that was not read yet is
        read first.

        In place of a brief: ProjectNotFound, ProductNotFound, or what failed. Raises Overloaded.
        """
        found = await self._lookups.submit_all(keys)
        unread = [
            (place, brief)
            for place, brief in enumerate(found)
            if isinstance(brief, catalog_pb2.Brief) and not brief.HasField("understanding")
        ]
        if unread:
            read = await asyncio.gather(
                *(self._with_understanding(keys[place], brief) for place, brief in unread), return_exceptions=True
            )
            for (place, _), outcome in zip(unread, read, strict=True):
                found[place] = outcome
        return found

    async def _with_understanding(self, key: BriefKey, brief: catalog_pb2.Brief) -> catalog_pb2.Brief:
        # Outside the batch, which would hold back the briefs of others. The next lookup finds it stored.
        understanding = await self._understandings.make(self._understandings.inputs(key, brief))
        read = catalog_pb2.Brief()
        read.CopyFrom(brief)
        read.understanding.CopyFrom(understanding)
        return read

    async def _find_batch(self, keys: Sequence[BriefKey]) -> list[catalog_pb2.Brief | Refusal]:
        found: dict[BriefKey, catalog_pb2.Brief | Refusal] = {}
        async with self._database.connection() as connection:
            versions = await self._store.versions(connection, list(dict.fromkeys(keys)))
            unread = []
            for key, current in versions.items():
                cached = self._cached.get(key)
                if cached is not None and cached[0] == current:
                    found[key] = cached[1]
                elif current[1] is None:
                    found[key] = ProductNotFound()
                else:
                    unread.append(key)
            if unread:
                briefs = await self._store.briefs(connection, unread)
                stored = await self._understanding_store.find(connection, [key.product_id for key in briefs])
                for key, (version, project, product) in briefs.items():
                    brief = messages.brief_message(project, product)
                    found[key] = brief
                    row = stored.get(key.product_id)
                    understanding = self._understandings.current(self._understandings.inputs(key, brief), row)
                    if understanding is not None and row is not None:
                        brief.understanding.CopyFrom(understanding)
                        if brief.ByteSize() <= self._cached.maxsize:
                            self._cached[key] = ((*version, row.version), brief)
        return [found[key] if key in found else ProjectNotFound() for key in keys]
