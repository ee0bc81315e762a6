"""The RPCs of the catalog service: one short method each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import grpc
import structlog
from adwright.catalog.v1 import catalog_pb2, catalog_pb2_grpc
from google.api import httpbody_pb2
from google.protobuf import empty_pb2

from services.catalog import messages
from services.catalog.briefs import Briefs
from services.catalog.catalog_store import CatalogStore
from services.catalog.domain import BriefKey, Product, Project, ProjectKey, type_of_key
from services.catalog.product_photos import MAX_PHOTO_BYTES, checked_logo, checked_photo, uploaded_file
from services.catalog.product_rules import CHECKED_FIELDS, check_product
from services.catalog.understandings import Understandings
from services.chassis.clock import Clock
from services.chassis.data.assets import AssetStore
from services.chassis.data.database import Database
from services.chassis.data.ids import new_id
from services.chassis.errors import DependencyUnavailable, Refusal
from services.chassis.rpc.auth import caller
from services.chassis.rpc.batch_rpcs import outcomes
from services.chassis.rpc.pagination import page_token, parse_page_token

Context = grpc.aio.ServicerContext[Any, Any]
PlacePhoto = Callable[[Product, str, str, datetime], Product]

DEFAULT_PAGE = 50
# The largest photo takes up to 430 MB while it is decoded, beside 330 MB for the reader; the pod has 1 GiB.
CONCURRENT_DECODES = 1
GET_BRIEF = "/adwright.catalog.v1.CatalogLookupService/GetBrief"

log = structlog.get_logger()


class CatalogServicer(catalog_pb2_grpc.CatalogServiceServicer):
    """Creates, lists, changes and deletes the caller's own projects and products."""

    def __init__(
        self,
        *,
        database: Database,
        store: CatalogStore,
        understandings: Understandings,
        assets: AssetStore,
        clock: Clock,
    ) -> None:
        self._database = database
        self._store = store
        self._understandings = understandings
        self._assets = assets
        self._clock = clock
        self._decoding = asyncio.Semaphore(CONCURRENT_DECODES)

    async def CreateProject(self, request: catalog_pb2.CreateProjectRequest, context: Context) -> catalog_pb2.Project:
        now = self._clock.now()
        project = Project(
            id=new_id(now),
            user_id=caller().user_id,
            name=request.name,
            brand=messages.stored_brand(request.brand),
            created_at=now,
            updated_at=now,
        )
        async with self._database.transaction() as connection:
            await self._store.insert_project(connection, project)
        return messages.project_message(project)

    async def ListProjects(
        self, request: catalog_pb2.ListProjectsRequest, context: Context
    ) -> catalog_pb2.ListProjectsResponse:
        size = request.page_size or DEFAULT_PAGE
        before = parse_page_token(request.page_token)
        async with self._database.connection() as connection:
            found = await self._store.projects(connection, caller().user_id, before, size)
        return catalog_pb2.ListProjectsResponse(
            projects=[messages.project_message(project) for project in found],
            next_page_token=page_token(found[-1].id if len(found) == size else None),
        )

    async def GetProject(self, request: catalog_pb2.GetProjectRequest, context: Context) -> catalog_pb2.Project:
        async with self._database.connection() as connection:
            project = await self._store.project(connection, UUID(request.project_id), caller().user_id)
        return messages.project_message(project)

    async def UpdateProject(self, request: catalog_pb2.UpdateProjectRequest, context: Context) -> catalog_pb2.Project:
        async with self._database.transaction() as connection:
            before = await self._store.project(connection, UUID(request.project_id), caller().user_id, lock=True)
            project = replace(
                before,
                name=request.name if request.HasField("name") else before.name,
                brand=messages.stored_brand(request.brand, before.brand) if request.HasField("brand") else before.brand,
                updated_at=self._clock.now(),
            )
            await self._store.update_project(connection, project)
        if project.name != before.name:
            self._understandings.read_later(ProjectKey(project.user_id, project.id))
        return messages.project_message(project)

    async def DeleteProject(self, request: catalog_pb2.DeleteProjectRequest, context: Context) -> empty_pb2.Empty:
        async with self._database.transaction() as connection:
            keys = await self._store.delete_project(connection, UUID(request.project_id), caller().user_id)
        await self._delete_photos(keys)
        return empty_pb2.Empty()

    async def UploadProjectLogo(
        self, request: catalog_pb2.UploadProjectLogoRequest, context: Context
    ) -> catalog_pb2.Project:
        project_id, user_id = UUID(request.project_id), caller().user_id
        async with self._database.connection() as connection:
            await self._store.project(connection, project_id, user_id)
        async with self._decoding:
            content = await asyncio.to_thread(uploaded_file, request.image.data)
            content, content_type, suffix = await asyncio.to_thread(checked_logo, content)
        key = f"catalog/logos/{project_id}/{uuid4()}{suffix}"
        await self._assets.put_bytes(key, content, content_type)
        try:
            before, project = await self._set_logo(project_id, user_id, key)
        except Refusal as refusal:
            if not isinstance(refusal, DependencyUnavailable):  # then the commit may have succeeded, with this logo
                await self._delete_photos([key])
            raise
        await self._delete_photos([before.logo_key] if before.logo_key is not None else [])
        return messages.project_message(project)

    async def GetProjectLogo(
        self, request: catalog_pb2.GetProjectLogoRequest, context: Context
    ) -> httpbody_pb2.HttpBody:
        async with self._database.connection() as connection:
            project = await self._store.project(connection, UUID(request.project_id), caller().user_id)
        key = project.logo()
        content = await self._assets.read_all(key, max_bytes=MAX_PHOTO_BYTES)
        return httpbody_pb2.HttpBody(content_type=type_of_key(key), data=content)

    async def DeleteProjectLogo(
        self, request: catalog_pb2.DeleteProjectLogoRequest, context: Context
    ) -> catalog_pb2.Project:
        before, project = await self._set_logo(UUID(request.project_id), caller().user_id, None)
        await self._delete_photos([before.logo()])
        return messages.project_message(project)

    async def _set_logo(self, project_id: UUID, user_id: str, key: str | None) -> tuple[Project, Project]:
        """Returns the project before and after. Raises ProjectNotFound, and ImageNotFound for nothing to remove."""
        async with self._database.transaction() as connection:
            before = await self._store.project(connection, project_id, user_id, lock=True)
            if key is None:
                before.logo()
            project = replace(before, logo_key=key, updated_at=self._clock.now())
            await self._store.update_project(connection, project)
        return before, project

    async def CreateProduct(self, request: catalog_pb2.CreateProductRequest, context: Context) -> catalog_pb2.Product:
        now = self._clock.now()
        product = messages.new_product(request, product_id=new_id(now), user_id=caller().user_id, now=now)
        check_product(product, CHECKED_FIELDS)
        async with self._database.transaction() as connection:
            await self._store.insert_product(connection, product)
        self._read_later(product)
        return messages.product_message(product)

    async def ListProducts(
        self, request: catalog_pb2.ListProductsRequest, context: Context
    ) -> catalog_pb2.ListProductsResponse:
        size = request.page_size or DEFAULT_PAGE
        before = parse_page_token(request.page_token)
        async with self._database.connection() as connection:
            found = await self._store.products(connection, UUID(request.project_id), caller().user_id, before, size)
        return catalog_pb2.ListProductsResponse(
            products=[messages.product_message(product) for product in found],
            next_page_token=page_token(found[-1].id if len(found) == size else None),
        )

    async def GetProduct(self, request: catalog_pb2.GetProductRequest, context: Context) -> catalog_pb2.Product:
        async with self._database.connection() as connection:
            product = await self._store.product(connection, UUID(request.product_id), caller().user_id)
        return messages.product_message(product)

    async def UpdateProduct(self, request: catalog_pb2.UpdateProductRequest, context: Context) -> catalog_pb2.Product:
        async with self._database.transaction() as connection:
            product = await self._store.product(connection, UUID(request.product_id), caller().user_id, lock=True)
            changes = messages.product_changes(request)
            product = product.changed(changes, self._clock.now())
            check_product(product, changes)
            await self._store.update_product(connection, product)
        self._read_later(product)
        return messages.product_message(product)

    async def GetUnderstanding(
        self, request: catalog_pb2.GetUnderstandingRequest, context: Context
    ) -> catalog_pb2.Understanding:
        return await self._understandings.get(UUID(request.product_id), caller().user_id)

    async def UpdateUnderstanding(
        self, request: catalog_pb2.UpdateUnderstandingRequest, context: Context
    ) -> catalog_pb2.Understanding:
        return await self._understandings.correct(request, caller().user_id)

    async def DeleteProduct(self, request: catalog_pb2.DeleteProductRequest, context: Context) -> empty_pb2.Empty:
        async with self._database.transaction() as connection:
            keys = await self._store.delete_product(connection, UUID(request.product_id), caller().user_id)
        await self._delete_photos(keys)
        return empty_pb2.Empty()

    async def UploadProductImage(
        self, request: catalog_pb2.UploadProductImageRequest, context: Context
    ) -> catalog_pb2.Product:
        return await self._store_photo(UUID(request.product_id), request.image.data, Product.with_main_photo)

    async def AddProductImage(
        self, request: catalog_pb2.AddProductImageRequest, context: Context
    ) -> catalog_pb2.Product:
        return await self._store_photo(UUID(request.product_id), request.image.data, Product.with_further_photo)

    async def GetProductImage(
        self, request: catalog_pb2.GetProductImageRequest, context: Context
    ) -> httpbody_pb2.HttpBody:
        return await self._read_photo(UUID(request.product_id), Product.main_photo)

    async def GetProductImageById(
        self, request: catalog_pb2.GetProductImageByIdRequest, context: Context
    ) -> httpbody_pb2.HttpBody:
        return await self._read_photo(UUID(request.product_id), lambda product: product.photo(UUID(request.image_id)))

    async def DeleteProductImage(
        self, request: catalog_pb2.DeleteProductImageRequest, context: Context
    ) -> catalog_pb2.Product:
        async with self._database.transaction() as connection:
            before = await self._store.product(connection, UUID(request.product_id), caller().user_id, lock=True)
            key = before.photo(UUID(request.image_id))
            product = before.without_photo(UUID(request.image_id), self._clock.now())
            await self._store.update_product(connection, product)
        await self._delete_photos([key])
        return messages.product_message(product)

    async def _read_photo(self, product_id: UUID, key_of: Callable[[Product], str]) -> httpbody_pb2.HttpBody:
        """Returns an uploaded photo. Raises ProductNotFound, ImageNotFound."""
        async with self._database.connection() as connection:
            product = await self._store.product(connection, product_id, caller().user_id)
        key = key_of(product)
        content = await self._assets.read_all(key, max_bytes=MAX_PHOTO_BYTES)
        return httpbody_pb2.HttpBody(content_type=type_of_key(key), data=content)

    async def _store_photo(self, product_id: UUID, content: bytes, placed: PlacePhoto) -> catalog_pb2.Product:
        """Checks and stores an upload, makes it a photo of the product, and deletes photos that it replaces.

        placed: returns the product with a photo, by its asset key, content type and the time.
        Raises ProductNotFound, ImageLimitReached, ImageTooLarge, ImageUnreadable.
        """
        user_id = caller().user_id
        async with self._database.connection() as connection:
            unlocked = await self._store.product(connection, product_id, user_id)
        placed(unlocked, "", "", self._clock.now())  # refuses an excess photo before it is decoded
        async with self._decoding:
            content = await asyncio.to_thread(uploaded_file, content)
            content, content_type, suffix = await asyncio.to_thread(checked_photo, content)
        key = f"catalog/{product_id}/{uuid4()}{suffix}"
        await self._assets.put_bytes(key, content, content_type)
        try:
            async with self._database.transaction() as connection:
                before = await self._store.product(connection, product_id, user_id, lock=True)
                product = placed(before, key, content_type, self._clock.now())
                await self._store.update_product(connection, product)
        except Refusal as refusal:
            if not isinstance(refusal, DependencyUnavailable):  # then the commit may have succeeded, with this photo
                await self._delete_photos([key])
            raise
        await self._delete_photos([former for former in before.image_keys if former not in product.image_keys])
        return messages.product_message(product)

    def _read_later(self, product: Product) -> None:
        self._understandings.read_later(BriefKey(product.user_id, product.project_id, product.id))

    async def _delete_photos(self, keys: Sequence[str]) -> None:
        """Deletes photos that no row refers to. A failure is logged: the photo takes space and does no other harm."""
        for key in keys:
            try:
                await self._assets.delete(key)
            except Refusal as refusal:
                log.warning("photo_not_deleted", key=key, error=refusal.message)


class CatalogLookupServicer(catalog_pb2_grpc.CatalogLookupServiceServicer):
    """Looks up briefs, for the services that generate."""

    def __init__(self, briefs: Briefs) -> None:
        self._briefs = briefs

    async def GetBrief(self, request: catalog_pb2.GetBriefRequest, context: Context) -> catalog_pb2.Brief:
        (brief,) = await self._find([request])
        if isinstance(brief, BaseException):
            raise brief
        return brief

    async def GetBriefs(self, request: catalog_pb2.GetBriefsRequest, context: Context) -> catalog_pb2.GetBriefsResponse:
        return catalog_pb2.GetBriefsResponse(
            outcomes=await outcomes(catalog_pb2.BriefOutcome, GET_BRIEF, request.requests, self._find)
        )

    async def _find(self, requests: Sequence[catalog_pb2.GetBriefRequest]) -> list[catalog_pb2.Brief | BaseException]:
        return await self._briefs.find(
            [BriefKey(entry.user_id, UUID(entry.project_id), UUID(entry.product_id)) for entry in requests]
        )
