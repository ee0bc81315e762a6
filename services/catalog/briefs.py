"""Briefs for the services that generate: what is asked together is looked up together, and kept as long as it is true.

Each look-up asks the database for the versions of the rows, and only rows that have changed are read and put into words
again. So a brief is never older than the question, whoever changed it and on whichever replica.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from adwright.catalog.v1 import catalog_pb2

from services.catalog import messages
from services.catalog.domain import BriefKey, ProductNotFound, ProjectNotFound
from services.catalog.storage import CatalogStorage
from services.chassis.data.batcher import Batcher
from services.chassis.data.database import Database
from services.chassis.errors import Refusal

MAX_BATCH = 256
MAX_WAITING = 4_000
MAX_WAIT_SECONDS = 3.0  # less than who asks will wait
MAX_KEPT = 10_000  # of a few KiB each

Versions = tuple[str, str]  # of the project's row and of the product's


class Briefs:
    """Finds briefs by their owner, project and product."""

    def __init__(self, *, database: Database, storage: CatalogStorage) -> None:
        self._database = database
        self._storage = storage
        self._kept: OrderedDict[BriefKey, tuple[Versions, catalog_pb2.Brief]] = OrderedDict()
        self._asked: Batcher[BriefKey, catalog_pb2.Brief] = Batcher(
            self._find, max_batch=MAX_BATCH, max_waiting=MAX_WAITING, max_wait_seconds=MAX_WAIT_SECONDS
        )

    async def find(self, key: BriefKey) -> catalog_pb2.Brief:
        """The brief as it is now. Raises ProjectNotFound, ProductNotFound."""
        return await self._asked.submit(key)

    async def _find(self, keys: Sequence[BriefKey]) -> list[catalog_pb2.Brief | Refusal]:
        found: dict[BriefKey, catalog_pb2.Brief | Refusal] = {}
        async with self._database.connection() as connection:
            versions = await self._storage.versions(connection, list(dict.fromkeys(keys)))
            unread = []
            for key, now in versions.items():
                kept = self._kept.get(key)
                if kept is not None and kept[0] == now:
                    self._kept.move_to_end(key)
                    found[key] = kept[1]
                elif now[1] is None:
                    found[key] = ProductNotFound()
                else:
                    unread.append(key)
            if unread:
                for key, (read, project, product) in (await self._storage.briefs(connection, unread)).items():
                    brief = messages.brief_message(project, product)
                    found[key] = brief
                    self._kept[key] = (read, brief)
                    if len(self._kept) > MAX_KEPT:
                        self._kept.popitem(last=False)
        return [found[key] if key in found else ProjectNotFound() for key in keys]
