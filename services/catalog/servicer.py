"""The RPCs of the catalogue: one short method each."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import grpc
import structlog
from adwright.catalog.v1 import catalog_pb2, catalog_pb2_grpc
from google.api import httpbody_pb2
from google.protobuf import empty_pb2

from services.catalog import messages
from services.catalog.briefs import Briefs
from services.catalog.domain import (
    IMAGE_TYPES,
    MAX_IMAGE_BYTES,
    BriefKey,
    ImageNotFound,
    ImageTooLarge,
    ImageUnreadable,
    Project,
)
from services.catalog.storage import CatalogStorage
from services.chassis.clock import Clock
from services.chassis.data.assets import AssetStore
from services.chassis.data.database import Database
from services.chassis.data.ids import new_id
from services.chassis.errors import DependencyUnavailable, InputFault, Refusal
from services.chassis.rpc.auth import caller
from services.chassis.rpc.pagination import page_token, token_id
from services.media.photo import photo_format

Context = grpc.aio.ServicerContext[Any, Any]

DEFAULT_PAGE = 50
DECODED_AT_ONCE = 1  # the largest photo takes 256 MB while it is decoded, and a pod has 512

log = structlog.get_logger()


class CatalogServicer(catalog_pb2_grpc.CatalogServiceServicer):
    """Projects and products of the caller."""

    def __init__(self, *, database: Database, storage: CatalogStorage, assets: AssetStore, clock: Clock) -> None:
        self._database = database
        self._storage = storage
        self._assets = assets
        self._clock = clock
        self._decoding = asyncio.Semaphore(DECODED_AT_ONCE)

    async def CreateProject(self, request: catalog_pb2.CreateProjectRequest, context: Context) -> catalog_pb2.Project:
        now = self._clock.now()
        project = Project(
            id=new_id(now),
            user_id=caller().user_id,
            name=request.name,
            brand=request.brand.SerializeToString(),
            created_at=now,
            updated_at=now,
        )
        async with self._database.transaction() as connection:
            await self._storage.insert_project(connection, project)
        return messages.project_message(project)

    async def ListProjects(
        self, request: catalog_pb2.ListProjectsRequest, context: Context
    ) -> catalog_pb2.ListProjectsResponse:
        size = request.page_size or DEFAULT_PAGE
        before = token_id(request.page_token)
        async with self._database.connection() as connection:
            found = await self._storage.projects(connection, caller().user_id, before, size)
        return catalog_pb2.ListProjectsResponse(
            projects=[messages.project_message(project) for project in found],
            next_page_token=page_token(found[-1].id if len(found) == size else None),
        )

    async def GetProject(self, request: catalog_pb2.GetProjectRequest, context: Context) -> catalog_pb2.Project:
        async with self._database.connection() as connection:
            project = await self._storage.project(connection, UUID(request.project_id), caller().user_id)
        return messages.project_message(project)

    async def UpdateProject(self, request: catalog_pb2.UpdateProjectRequest, context: Context) -> catalog_pb2.Project:
        async with self._database.transaction() as connection:
            project = await self._storage.project(connection, UUID(request.project_id), caller().user_id, lock=True)
            project = replace(
                project,
                name=request.name if request.HasField("name") else project.name,
                brand=request.brand.SerializeToString() if request.HasField("brand") else project.brand,
                updated_at=self._clock.now(),
            )
            await self._storage.update_project(connection, project)
        return messages.project_message(project)

    async def DeleteProject(self, request: catalog_pb2.DeleteProjectRequest, context: Context) -> empty_pb2.Empty:
        async with self._database.transaction() as connection:
            keys = await self._storage.delete_project(connection, UUID(request.project_id), caller().user_id)
        await self._forget(keys)
        return empty_pb2.Empty()

    async def CreateProduct(self, request: catalog_pb2.CreateProductRequest, context: Context) -> catalog_pb2.Product:
        now = self._clock.now()
        product = messages.new_product(request, product_id=new_id(now), user_id=caller().user_id, now=now)
        async with self._database.transaction() as connection:
            await self._storage.insert_product(connection, product)
        return messages.product_message(product)

    async def ListProducts(
        self, request: catalog_pb2.ListProductsRequest, context: Context
    ) -> catalog_pb2.ListProductsResponse:
        size = request.page_size or DEFAULT_PAGE
        before = token_id(request.page_token)
        async with self._database.connection() as connection:
            found = await self._storage.products(connection, UUID(request.project_id), caller().user_id, before, size)
        return catalog_pb2.ListProductsResponse(
            products=[messages.product_message(product) for product in found],
            next_page_token=page_token(found[-1].id if len(found) == size else None),
        )

    async def GetProduct(self, request: catalog_pb2.GetProductRequest, context: Context) -> catalog_pb2.Product:
        async with self._database.connection() as connection:
            product = await self._storage.product(connection, UUID(request.product_id), caller().user_id)
        return messages.product_message(product)

    async def UpdateProduct(self, request: catalog_pb2.UpdateProductRequest, context: Context) -> catalog_pb2.Product:
        async with self._database.transaction() as connection:
            product = await self._storage.product(connection, UUID(request.product_id), caller().user_id, lock=True)
            product = product.changed(messages.product_changes(request), self._clock.now())
            await self._storage.update_product(connection, product)
        return messages.product_message(product)

    async def DeleteProduct(self, request: catalog_pb2.DeleteProductRequest, context: Context) -> empty_pb2.Empty:
        async with self._database.transaction() as connection:
            key = await self._storage.delete_product(connection, UUID(request.product_id), caller().user_id)
        await self._forget([key] if key else [])
        return empty_pb2.Empty()

    async def UploadProductImage(
        self, request: catalog_pb2.UploadProductImageRequest, context: Context
    ) -> catalog_pb2.Product:
        product_id, user_id = UUID(request.product_id), caller().user_id
        async with self._database.connection() as connection:
            await self._storage.product(connection, product_id, user_id)
        async with self._decoding:
            content_type, suffix = await asyncio.to_thread(picture_type, request.image.data)
        key = f"catalog/{product_id}/{uuid4()}{suffix}"
        await self._assets.put_bytes(key, request.image.data, content_type)
        try:
            async with self._database.transaction() as connection:
                before = await self._storage.product(connection, product_id, user_id, lock=True)
                product = replace(before, image_key=key, image_type=content_type, updated_at=self._clock.now())
                await self._storage.update_product(connection, product)
        except Refusal as refusal:
            if not isinstance(refusal, DependencyUnavailable):  # else the row may have been committed with this photo
                await self._forget([key])
            raise
        await self._forget([before.image_key] if before.image_key else [])
        return messages.product_message(product)

    async def GetProductImage(
        self, request: catalog_pb2.GetProductImageRequest, context: Context
    ) -> httpbody_pb2.HttpBody:
        async with self._database.connection() as connection:
            product = await self._storage.product(connection, UUID(request.product_id), caller().user_id)
        if product.image_key is None:
            raise ImageNotFound
        content = await self._assets.read_all(product.image_key, max_bytes=MAX_IMAGE_BYTES)
        return httpbody_pb2.HttpBody(content_type=product.image_type or "", data=content)

    async def _forget(self, keys: Sequence[str]) -> None:
        """Deletes photos that no row names any more; one that cannot be deleted now costs space, nothing else."""
        for key in keys:
            try:
                await self._assets.delete(key)
            except Refusal as refusal:
                log.warning("photo_not_deleted", key=key, error=refusal.message)


class CatalogLookupServicer(catalog_pb2_grpc.CatalogLookupServiceServicer):
    """What the generating services ask."""

    def __init__(self, briefs: Briefs) -> None:
        self._briefs = briefs

    async def GetBrief(self, request: catalog_pb2.GetBriefRequest, context: Context) -> catalog_pb2.Brief:
        return await self._briefs.find(BriefKey(request.user_id, UUID(request.project_id), UUID(request.product_id)))


def picture_type(content: bytes) -> tuple[str, str]:
    """(content type, file suffix) of a picture that jobs can use. Raises ImageTooLarge, ImageUnreadable."""
    if len(content) > MAX_IMAGE_BYTES:
        raise ImageTooLarge(f"Photos may be at most {MAX_IMAGE_BYTES // 1024 // 1024} MiB.")
    try:
        kind = photo_format(content, named="The photo", formats=tuple(IMAGE_TYPES))
    except InputFault as fault:
        kind_of_refusal = ImageTooLarge if fault.reason == "PHOTO_TOO_LARGE" else ImageUnreadable
        raise kind_of_refusal(fault.message) from None
    return IMAGE_TYPES[kind]
