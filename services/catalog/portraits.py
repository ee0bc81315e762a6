"""Portraits that users upload as avatars: their rows and files. The video service checks them, and alone calls."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import grpc
import structlog
from adwright.catalog.v1 import catalog_pb2, catalog_pb2_grpc
from google.protobuf import empty_pb2
from sqlalchemy import BigInteger, Text, Uuid, and_, bindparam, delete, func, insert, select

from services.catalog.domain import PHOTO_SUFFIXES, type_of_key
from services.catalog.errors import AvatarLimitReached, AvatarNotFound
from services.catalog.product_photos import MAX_PHOTO_BYTES
from services.catalog.tables import PORTRAIT
from services.chassis.clock import Clock
from services.chassis.data.assets import AssetStore, ObjectMissing
from services.chassis.data.database import Connection, Database
from services.chassis.data.ids import new_id
from services.chassis.data.statements import CountRow, Query, fetch_row, fetch_rows, run
from services.chassis.errors import Refusal

Context = grpc.aio.ServicerContext[Any, Any]

OF_USER = PORTRAIT.c.user_id == bindparam("user", type_=Text())
ONE = and_(PORTRAIT.c.id == bindparam("row_id", type_=Uuid()), OF_USER)
# Serializes a user's inserts: concurrent ones would count the same portraits and exceed the limit.
LOCK_USER = select(func.pg_advisory_xact_lock(func.hashtextextended(bindparam("user", type_=Text()), 1)))


MAX_LISTED = 1_000  # what the limit of a user may be set to: one that was lowered hides no portrait from its owner
COUNT = Query(CountRow, select(func.count().label("number")).where(OF_USER))
INSERT = insert(PORTRAIT).values({column: bindparam(column.name) for column in PORTRAIT.c})


class PortraitRow(NamedTuple):
    id: UUID
    user_id: str
    name: str
    asset_key: str
    created_at: datetime
    consent_version: str
    faces: int | None


LIST = Query(
    PortraitRow,
    select(PORTRAIT).where(OF_USER).order_by(PORTRAIT.c.id.desc()).limit(bindparam("limit", type_=BigInteger())),
)
FIND = Query(PortraitRow, select(PORTRAIT).where(ONE))


class DeletedRow(NamedTuple):
    asset_key: str


DELETE = Query(DeletedRow, delete(PORTRAIT).where(ONE).returning(PORTRAIT.c.asset_key))

log = structlog.get_logger()


class PortraitServicer(catalog_pb2_grpc.PortraitServiceServicer):
    """Stores, lists, returns and deletes the portraits of a user."""

    def __init__(self, *, database: Database, assets: AssetStore, clock: Clock, portraits_per_user: int) -> None:
        self._database = database
        self._assets = assets
        self._clock = clock
        self._limit = portraits_per_user

    async def StorePortrait(self, request: catalog_pb2.StorePortraitRequest, context: Context) -> catalog_pb2.Portrait:
        now = self._clock.now()
        suffix = next(suffix for suffix, kind in PHOTO_SUFFIXES.items() if kind == request.content_type)
        key = f"catalog/portraits/{uuid4()}{suffix}"
        row = {
            "id": new_id(now),
            "user_id": request.user_id,
            "name": request.name,
            "asset_key": key,
            "created_at": now,
            "consent_version": request.consent_version,
            "faces": request.faces if request.HasField("faces") else None,
        }
        async with self._database.transaction() as connection:
            await run(connection, LOCK_USER, {"user": request.user_id})
            await self._check_limit(connection, request.user_id)
            await run(connection, INSERT, row)
        # The row names the file before it exists: whatever ends this call, no picture of a person stays unlisted.
        try:
            await self._assets.put_bytes(key, request.content, request.content_type)
            async with self._database.connection() as connection:
                stored = await self._find(connection, str(row["id"]), request.user_id)
        except BaseException:  # a cancelled upload too
            await asyncio.shield(self._undo(str(row["id"]), key, request.user_id))
            raise
        return _message(stored)

    async def CheckPortraitLimit(
        self, request: catalog_pb2.CheckPortraitLimitRequest, context: Context
    ) -> empty_pb2.Empty:
        async with self._database.connection() as connection:
            await self._check_limit(connection, request.user_id)
        return empty_pb2.Empty()

    async def ListPortraits(
        self, request: catalog_pb2.ListPortraitsRequest, context: Context
    ) -> catalog_pb2.ListPortraitsResponse:
        async with self._database.connection() as connection:
            rows = await fetch_rows(connection, LIST, {"user": request.user_id, "limit": MAX_LISTED})
        return catalog_pb2.ListPortraitsResponse(portraits=[_message(row) for row in rows])

    async def GetPortrait(self, request: catalog_pb2.GetPortraitRequest, context: Context) -> catalog_pb2.Portrait:
        async with self._database.connection() as connection:
            portrait = _message(await self._find(connection, request.portrait_id, request.user_id))
        if request.with_content:
            try:
                portrait.content = await self._assets.read_all(portrait.asset_key, max_bytes=MAX_PHOTO_BYTES)
            except ObjectMissing:  # deleted in this moment
                raise AvatarNotFound from None
            portrait.content_type = type_of_key(portrait.asset_key)
        return portrait

    async def DeletePortrait(self, request: catalog_pb2.DeletePortraitRequest, context: Context) -> empty_pb2.Empty:
        async with self._database.connection() as connection:
            row = await self._find(connection, request.portrait_id, request.user_id)
        await self._remove(request.portrait_id, row.asset_key, request.user_id)
        return empty_pb2.Empty()

    async def _check_limit(self, connection: Connection, user_id: str) -> None:
        [row] = await fetch_rows(connection, COUNT, {"user": user_id})
        if row.number >= self._limit:
            raise AvatarLimitReached(self._limit)

    async def _find(self, connection: Connection, portrait_id: str, user_id: str) -> PortraitRow:
        row = await fetch_row(connection, FIND, {"row_id": UUID(portrait_id), "user": user_id})
        if row is None:
            raise AvatarNotFound
        return row

    async def _undo(self, portrait_id: str, key: str, user_id: str) -> None:
        """Takes a portrait back that was not stored. Where that fails, it stays listed, and its owner can delete it."""
        try:
            await self._remove(portrait_id, key, user_id)
        except Refusal as refusal:
            log.warning("portrait_not_deleted", key=key, error=refusal.message)

    async def _remove(self, portrait_id: str, key: str, user_id: str) -> None:
        """Deletes the file, then the row: while the storage is down, the portrait stays listed and can be deleted."""
        await self._assets.delete(key)
        async with self._database.transaction() as connection:
            await fetch_row(connection, DELETE, {"row_id": UUID(portrait_id), "user": user_id})


def _message(row: PortraitRow) -> catalog_pb2.Portrait:
    portrait = catalog_pb2.Portrait(
        id=str(row.id),
        name=row.name,
        asset_key=row.asset_key,
        consent_version=row.consent_version,
        faces=row.faces,
    )
    portrait.created_at.FromDatetime(row.created_at)
    return portrait
