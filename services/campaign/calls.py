"""Calls of the other services, for the owners of campaigns.

Children are submitted by the services that the owner would call, as the owner: with a service token that names the
user, the API key of the request and the price list that the user was promised.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import grpc
from adwright.billing.v1 import billing_pb2, billing_pb2_grpc
from adwright.catalog.v1 import catalog_pb2, catalog_pb2_grpc
from adwright.copy.v1 import copy_pb2, copy_pb2_grpc
from adwright.image.v1 import image_pb2, image_pb2_grpc
from adwright.job.v1 import job_pb2, job_pb2_grpc
from adwright.video.v1 import video_pb2, video_pb2_grpc
from google.rpc import error_details_pb2, status_pb2

from services.campaign.domain import MAX_CHILDREN, Prices, Product, clean_headline
from services.campaign.planning import ServiceRequest
from services.chassis.errors import DependencyUnavailable, Refusal
from services.chassis.rpc.auth import ActingFor, ServiceIdentity
from services.chassis.rpc.interceptors import request_id
from services.chassis.rpc.refusals import STATUS_HEADER, refusal_from_rpc_error
from services.chassis.rpc.request_headers import request_digest
from services.chassis.tasks import cancel_and_wait

LOOKUP_SECONDS = 5.0
# Copy is written within its call. One that takes longer goes on, and a repetition with the same key gets it.
SUBMIT_SECONDS = 20.0
ASSET_SECONDS = 900.0  # of one file, whose reader may be slow
CONCURRENT_LOOKUPS = 16
PAGE = 100  # products
# The request may succeed later although the kind of its refusal says otherwise.
DEFECT = "INTERNAL"
PASSING_REASONS = frozenset({"REQUEST_IN_FLIGHT", "EARLIER_REQUEST_UNDECIDED", "TOO_MANY_LIVE_JOBS", DEFECT, ""})
PASSING_CODES = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
    }
)


@dataclass(frozen=True, slots=True)
class Channels:
    """Channels to the other services."""

    catalog: grpc.aio.Channel
    billing: grpc.aio.Channel
    job: grpc.aio.Channel
    copy: grpc.aio.Channel
    image: grpc.aio.Channel
    video: grpc.aio.Channel

    async def close(self) -> None:
        for channel in (self.catalog, self.billing, self.job, self.copy, self.image, self.video):
            await channel.close()


class ChildRefused(Exception):
    """A service refused a child's request for good, or for now (`passing`: the request may succeed later)."""

    def __init__(self, reason: str, message: str, *, passing: bool) -> None:
        super().__init__(f"{reason}: {message}")
        self.reason = reason
        self.message = message
        self.passing = passing


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadlineRequest:
    """What a headline is written for. seed: the same one gives the same lines. taken: headlines to differ from."""

    user_id: str
    project_id: UUID
    product_id: UUID
    tone: str
    seed: str
    taken: Sequence[str]


class Calls:
    """Calls the other services. Every call has a deadline."""

    def __init__(self, channels: Channels, identity: ServiceIdentity) -> None:
        self._identity = identity
        self._products = catalog_pb2_grpc.CatalogServiceStub(channels.catalog)
        self._briefs = catalog_pb2_grpc.CatalogLookupServiceStub(channels.catalog)
        self._ledger = billing_pb2_grpc.BillingLedgerServiceStub(channels.billing)
        self._jobs = job_pb2_grpc.JobServiceStub(channels.job)
        self._submissions = job_pb2_grpc.JobSubmissionServiceStub(channels.job)
        self._feed = job_pb2_grpc.JobFeedServiceStub(channels.job)
        self._writer = copy_pb2_grpc.CopyWriterServiceStub(channels.copy)
        self._video = video_pb2_grpc.VideoServiceStub(channels.video)
        self._generate: dict[type[ServiceRequest], Any] = {
            copy_pb2.GenerateCopyRequest: copy_pb2_grpc.CopyServiceStub(channels.copy).GenerateCopy,
            image_pb2.GenerateStaticAdRequest: image_pb2_grpc.ImageServiceStub(channels.image).GenerateStaticAd,
            video_pb2.GenerateVideoRequest: self._video.GenerateVideo,
        }

    async def prices(self) -> Prices:
        """The current prices. Raises Refusal."""
        found = await _refusing(
            self._ledger.GetPriceList(
                billing_pb2.GetPriceListRequest(),
                metadata=self._identity.metadata(request_id()),
                timeout=LOOKUP_SECONDS,
            )
        )
        return Prices(id=found.id, credits={price.type: price.credits for price in found.prices})

    async def available(self, user_id: str) -> int:
        """The credits that the user can spend. Raises Refusal."""
        found = await _refusing(
            self._ledger.GetBalances(
                billing_pb2.GetBalancesRequest(user_ids=[user_id]),
                metadata=self._identity.metadata(request_id()),
                timeout=LOOKUP_SECONDS,
            )
        )
        return int(found.balances[0].available)

    async def products(self, user_id: str, project_id: str, product_ids: Sequence[str]) -> list[Product]:
        """The named products of the user's project, in order; all of them, oldest first, without ids.

        Stops after MAX_CHILDREN + 1. Raises PROJECT_NOT_FOUND, PRODUCT_NOT_FOUND.
        """
        metadata = self._acting(ActingFor(user_id=user_id))
        if not product_ids:
            return await self._all_products(project_id, metadata)

        async def named(product_id: str) -> catalog_pb2.Product:
            found: catalog_pb2.Product = await _refusing(
                self._products.GetProduct(
                    catalog_pb2.GetProductRequest(product_id=product_id), metadata=metadata, timeout=LOOKUP_SECONDS
                )
            )
            return found

        found = await gather_bounded([(named, product_id) for product_id in product_ids])
        for product in found:
            if product.project_id != project_id.lower():
                raise ProductNotFound(product.id)
        return [Product(id=UUID(product.id), name=product.name) for product in found]

    async def _all_products(self, project_id: str, metadata: Any) -> list[Product]:
        products: list[Product] = []
        token = ""
        while len(products) <= MAX_CHILDREN:
            found = await _refusing(
                self._products.ListProducts(
                    catalog_pb2.ListProductsRequest(project_id=project_id, page_size=PAGE, page_token=token),
                    metadata=metadata,
                    timeout=LOOKUP_SECONDS,
                )
            )
            products += [Product(id=UUID(product.id), name=product.name) for product in found.products]
            token = found.next_page_token
            if not token:
                break
        return products[::-1]

    async def voices(self, user_id: str) -> set[str]:
        """The ids of all voices. Raises Refusal."""
        found = await _refusing(
            self._video.ListVoices(
                video_pb2.ListVoicesRequest(), metadata=self._acting(ActingFor(user_id=user_id)), timeout=LOOKUP_SECONDS
            )
        )
        return {voice.id for voice in found.voices}

    async def submit(self, request: ServiceRequest, key: str, owner: ActingFor, *, last: bool) -> UUID:
        """Submits a child as its owner; a repetition with the same key finds the same job. Returns the job's id.

        last: a defect of the service that makes it counts as a refusal for good. Raises ChildRefused.
        """
        call = self._generate[type(request)]
        metadata = (*self._acting(owner), ("idempotency-key", key))
        try:
            response = await call(request, metadata=metadata, timeout=SUBMIT_SECONDS)
        except grpc.aio.AioRpcError as error:
            refused = refused_child(error)
            refused.passing &= not (last and refused.reason == DEFECT)
            if not refused.passing:
                job_id = await self._accepted_job(request, key, owner.user_id)
                if job_id is not None:
                    return job_id  # its status says how the job ended
            raise refused from error
        return UUID(response.job_id)

    async def _accepted_job(self, request: ServiceRequest, key: str, user_id: str) -> UUID | None:
        """The job that was accepted for a request that then failed, as copy does that cannot be written."""
        try:
            found = await self._submissions.FindIdempotencyRecord(
                job_pb2.FindIdempotencyRecordRequest(
                    user_id=user_id, idempotency_key_header=key, request_digest=request_digest(request)
                ),
                metadata=self._identity.metadata(),
                timeout=LOOKUP_SECONDS,
            )
        except grpc.aio.AioRpcError as error:
            raise ChildRefused("DEPENDENCY_UNAVAILABLE", str(error.details()), passing=True) from error
        return UUID(found.response.job_id) if found.HasField("response") else None

    async def headline(self, wanted: HeadlineRequest) -> str:
        """Writes a headline for a product's images; empty if none that an image accepts can be written.

        Raises Refusal while a service cannot be reached.
        """
        try:
            brief = await self._briefs.GetBrief(
                catalog_pb2.GetBriefRequest(
                    user_id=wanted.user_id, project_id=str(wanted.project_id), product_id=str(wanted.product_id)
                ),
                metadata=self._identity.metadata(),
                timeout=LOOKUP_SECONDS,
            )
            written = await self._writer.WriteHeadline(
                copy_pb2.WriteHeadlineRequest(brief=brief, tone=wanted.tone, seed=wanted.seed, taken=wanted.taken),
                metadata=self._identity.metadata(),
                timeout=SUBMIT_SECONDS,
            )
        except grpc.aio.AioRpcError as error:
            if refused_child(error).passing:
                raise DependencyUnavailable("A headline cannot be written right now.") from error
            return ""  # the image's own request says why
        return clean_headline(written.headline)

    async def brief(self, user_id: str, project_id: UUID, product_id: UUID) -> catalog_pb2.Brief | None:
        """The current brief of a product; None if it was deleted. Raises Refusal."""
        request = catalog_pb2.GetBriefRequest(user_id=user_id, project_id=str(project_id), product_id=str(product_id))
        try:
            brief: catalog_pb2.Brief = await self._briefs.GetBrief(
                request, metadata=self._identity.metadata(request_id()), timeout=LOOKUP_SECONDS
            )
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.NOT_FOUND:
                return None
            raise refusal_from_rpc_error(error) from error
        return brief

    async def languages(self, user_id: str, project_id: UUID, products: Sequence[Product]) -> dict[UUID, str]:
        """The languages of the products' texts, as BCP 47; "und": not known. Raises Refusal."""

        async def language(product: Product) -> str:
            brief = await self.brief(user_id, project_id, product.id)
            return brief.understanding.language if brief is not None else ""

        found = await gather_bounded([(language, product) for product in products])
        return {product.id: known for product, known in zip(products, found, strict=True)}

    async def asset(self, request: job_pb2.GetAssetRequest) -> AsyncIterator[bytes]:
        """The content of an asset, in pieces, by its signed link. Raises Refusal."""
        call = self._jobs.GetAsset(request, metadata=self._identity.metadata(request_id()), timeout=ASSET_SECONDS)
        try:
            async for part in call:
                yield part.data
        except grpc.aio.AioRpcError as error:
            raise refusal_from_rpc_error(error) from error
        finally:
            call.cancel()

    async def settlements(self, job_ids: Sequence[UUID]) -> dict[UUID, job_pb2.JobSettlement]:
        """Status and charge of jobs; one that no longer exists is missing. Raises Refusal."""
        if not job_ids:
            return {}
        found = await _refusing(
            self._submissions.ListSettlements(
                job_pb2.ListSettlementsRequest(job_ids=[str(job_id) for job_id in job_ids], page_size=len(job_ids)),
                metadata=self._identity.metadata(),
                timeout=LOOKUP_SECONDS,
            )
        )
        return {UUID(job.job_id): job for job in found.jobs}

    async def job(self, job_id: UUID, user_id: str) -> job_pb2.JobStatus | None:
        """The user's job as its owner sees it, with fresh links; None if it no longer exists. Raises Refusal."""
        try:
            status: job_pb2.JobStatus = await self._feed.GetUserJob(
                job_pb2.GetUserJobRequest(job_id=str(job_id), user_id=user_id),
                metadata=self._identity.metadata(request_id()),
                timeout=LOOKUP_SECONDS,
            )
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.NOT_FOUND:
                return None
            raise refusal_from_rpc_error(error) from error
        return status

    async def cancel(self, job_id: UUID, owner: ActingFor) -> None:
        """Cancels a job as its owner; one that has ended stays as it is. Raises Refusal."""
        try:
            await self._jobs.CancelJob(
                job_pb2.CancelJobRequest(job_id=str(job_id)), metadata=self._acting(owner), timeout=LOOKUP_SECONDS
            )
        except grpc.aio.AioRpcError as error:
            refused = refused_child(error)
            if refused.reason not in ("JOB_ENDED", "JOB_NOT_FOUND"):
                raise refusal_from_rpc_error(error) from error

    def _acting(self, owner: ActingFor) -> tuple[tuple[str, str], ...]:
        return self._identity.metadata(request_id(), acting_for=owner)


class ProductNotFound(Refusal):
    """A product of another project of the user."""

    reason = "PRODUCT_NOT_FOUND"

    def __init__(self, product_id: str) -> None:
        super().__init__(f"The project has no product {product_id}.")


def refused_child(error: grpc.aio.AioRpcError) -> ChildRefused:
    """The refusal of a call that was made for a user: unlike among services, its reason is the user's to see."""
    details = {str(key): value for key, value in error.trailing_metadata() or ()}.get(STATUS_HEADER)
    info, message = error_details_pb2.ErrorInfo(), "Part of the system cannot be reached; try again."
    if isinstance(details, bytes):
        status = status_pb2.Status.FromString(details)
        message = status.message
        for detail in status.details:
            detail.Unpack(info)
    passing = info.reason in PASSING_REASONS or error.code() in PASSING_CODES
    return ChildRefused(info.reason or "DEPENDENCY_UNAVAILABLE", message, passing=passing)


async def gather_bounded(work: Iterable[tuple[Callable[[Any], Awaitable[Any]], Any]]) -> list[Any]:
    """Calls each function with its argument, CONCURRENT_LOOKUPS at a time; the results in order. Raises the first
    error."""
    slots = asyncio.Semaphore(CONCURRENT_LOOKUPS)

    async def one(function: Callable[[Any], Awaitable[Any]], argument: Any) -> Any:
        async with slots:
            return await function(argument)

    tasks = [asyncio.create_task(one(function, argument)) for function, argument in work]
    try:
        return await asyncio.gather(*tasks)
    finally:
        await cancel_and_wait(*tasks)


async def _refusing(call: Any) -> Any:
    try:
        return await call
    except grpc.aio.AioRpcError as error:
        raise refusal_from_rpc_error(error) from error
