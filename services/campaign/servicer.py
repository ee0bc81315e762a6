"""The RPCs of campaigns' owners."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import grpc
import structlog
from adwright.campaign.v1 import campaign_pb2, campaign_pb2_grpc
from adwright.job.v1 import job_pb2
from google.api import httpbody_pb2

from services.campaign import campaign_store, child_store, messages, planning
from services.campaign.calls import Calls, gather_bounded
from services.campaign.campaign_watcher import CampaignWatcher, event_id
from services.campaign.domain import (
    CAPPED_MESSAGE,
    CAPPED_REASON,
    ENDED,
    ESTIMATE_HOLDS_FOR,
    Child,
    ChildState,
    State,
    affordable,
)
from services.campaign.errors import (
    CampaignEnded,
    CampaignHasNoAds,
    CampaignNotFound,
    EstimateExpired,
    EstimateNotFound,
    InsufficientCredits,
)
from services.campaign.pack.stream import stream_pack
from services.campaign.packing import Packer
from services.campaign.rows import CampaignRow, ChildRow
from services.chassis.clock import Clock
from services.chassis.data.database import Connection, Database
from services.chassis.data.ids import new_id
from services.chassis.errors import FieldViolation
from services.chassis.rpc import request_headers, server_sent_events
from services.chassis.rpc.auth import caller
from services.chassis.rpc.pagination import page_token, parse_page_token

Context = grpc.aio.ServicerContext[Any, Any]
Request = campaign_pb2.GenerateCampaignRequest
Response = campaign_pb2.GenerateCampaignResponse

DEFAULT_PAGE = 20
DEFAULT_CHILDREN = 100
WAIT_POLL_SECONDS = 0.3
HEAD_HEADER = "x-adwright-head"  # a HEAD request at the gateway: headers only
WITH_JOB = (ChildState.RUNNING, ChildState.COMPLETED)  # of which the job is read

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A request with its children and their prices."""

    id: UUID
    children: Sequence[Child]
    price_list: str

    @property
    def credits(self) -> int:
        """The sum of the prices."""
        return sum(child.credits for child in self.children)


class CampaignServicer(campaign_pb2_grpc.CampaignServiceServicer):
    """Estimates, begins, shows and cancels campaigns."""

    def __init__(
        self,
        *,
        database: Database,
        calls: Calls,
        watcher: CampaignWatcher,
        clock: Clock,
        wake: Callable[[], object],
    ) -> None:
        """wake: called when a campaign has something to do."""
        self._database = database
        self._calls = calls
        self._watcher = watcher
        self._packer = Packer(calls)
        self._clock = clock
        self._wake = wake

    async def GenerateCampaign(self, request: Request, context: Context) -> Response:
        began = asyncio.get_running_loop().time()
        metadata = context.invocation_metadata()
        key, seconds = request_headers.idempotency_key(metadata), request_headers.wait_seconds(metadata)
        digest = request_headers.request_digest(request)
        response = await self._stored(key, digest)
        replayed = response is not None
        if response is None:
            planning.check_request(request)
            planned = None if request.HasField("estimate_id") else await self._plan(request)
            response, replayed = await self._record(request, planned, key, digest)
        headers = [("idempotency-replayed", "true")] if replayed else []
        if seconds:
            headers.append(("preference-applied", f"wait={seconds}"))
            if request.mode == "execute":
                await self._wait_for_end(response, began + seconds)
        if headers:
            await context.send_initial_metadata(tuple(headers))
        return response

    async def ListCampaigns(
        self, request: campaign_pb2.ListCampaignsRequest, context: Context
    ) -> campaign_pb2.ListCampaignsResponse:
        size = request.page_size or DEFAULT_PAGE
        before = parse_page_token(request.page_token)
        async with self._database.connection() as connection:
            rows = await campaign_store.list_campaigns(connection, caller().user_id, before, size)
        return campaign_pb2.ListCampaignsResponse(
            campaigns=[messages.campaign_message(row) for row in rows],
            next_page_token=page_token(rows[-1].id if len(rows) == size else None),
        )

    async def GetCampaign(self, request: campaign_pb2.GetCampaignRequest, context: Context) -> campaign_pb2.Campaign:
        size = request.page_size or DEFAULT_CHILDREN
        after = parse_page_token(request.page_token)
        user_id = caller().user_id
        async with self._database.connection() as connection:
            row = await campaign_store.find_begun(connection, UUID(request.campaign_id), user_id)
            rows = await child_store.page(connection, row.id, min(after.int, row.children) if after else 0, size)

        async def shown(child: ChildRow) -> campaign_pb2.Child:
            job: job_pb2.JobStatus | None = None
            if child.job_id is not None and child.state in WITH_JOB:
                job = await self._calls.job(child.job_id, user_id)
            return messages.child_message(child, job)

        children = await gather_bounded([(shown, child) for child in rows])
        message = messages.campaign_message(row, children)
        if rows and rows[-1].number < row.children:
            message.next_page_token = page_token(UUID(int=rows[-1].number))
        return message

    async def CancelCampaign(
        self, request: campaign_pb2.CancelCampaignRequest, context: Context
    ) -> campaign_pb2.Campaign:
        user_id, now = caller().user_id, self._clock.now()
        async with self._database.transaction() as connection:
            row = await campaign_store.find_begun(connection, UUID(request.campaign_id), user_id)
            locked = await campaign_store.lock(connection, row.id)
            if locked.state in ENDED:
                raise CampaignEnded(locked.state)
            await campaign_store.cancel(connection, row.id, now)
            await child_store.end_untried(connection, row.id, ChildState.CANCELED)
            row = await campaign_store.find(connection, row.id, user_id)
        log.info("campaign_canceled", campaign_id=request.campaign_id, user_id=user_id)
        self._wake()
        return messages.campaign_message(row)

    async def WatchCampaign(
        self, request: campaign_pb2.WatchCampaignRequest, context: Context
    ) -> AsyncIterator[campaign_pb2.Campaign]:
        stream = self._watcher.stream(UUID(request.campaign_id), caller().user_id, "")
        async with aclosing(stream) as states:
            async for state in states:
                if state is not None:
                    yield state[0]

    async def StreamCampaignEvents(
        self, request: campaign_pb2.StreamCampaignEventsRequest, context: Context
    ) -> AsyncIterator[httpbody_pb2.HttpBody]:
        campaign_id, user_id = UUID(request.campaign_id), caller().user_id
        seen = server_sent_events.last_event_id(context.invocation_metadata())
        async with self._database.connection() as connection:
            row = await campaign_store.find_begun(connection, campaign_id, user_id)
        if row.state in ENDED and seen == event_id(row):
            await context.send_initial_metadata(server_sent_events.STOP_RECONNECTING)
            return
        started = False
        async with aclosing(self._watcher.stream(campaign_id, user_id, seen)) as states:
            async for state in states:
                if not started:
                    yield server_sent_events.opening()
                    started = True
                yield server_sent_events.heartbeat() if state is None else server_sent_events.event(*state)

    async def GetCampaignPack(
        self, request: campaign_pb2.GetCampaignPackRequest, context: Context
    ) -> AsyncIterator[httpbody_pb2.HttpBody]:
        user_id = caller().user_id
        async with self._database.connection() as connection:
            row = await campaign_store.find_begun(connection, UUID(request.campaign_id), user_id)
            children = await child_store.page(connection, row.id, 0, row.children)
        pack = await self._packer.collect(row, children)
        if not pack.entries:
            raise CampaignHasNoAds
        headers = [
            ("content-disposition", f'attachment; filename="campaign-{row.id}.zip"'),
            ("cache-control", "no-store"),
        ]
        await context.send_initial_metadata(tuple(headers))
        yield httpbody_pb2.HttpBody(content_type="application/zip")
        if HEAD_HEADER in {str(key) for key, _ in context.invocation_metadata() or ()}:
            return
        pieces = stream_pack(pack.manifest, pack.entries, lambda asset_id: self._packer.open(pack, user_id, asset_id))
        async with aclosing(pieces):
            async for piece in pieces:
                yield httpbody_pb2.HttpBody(data=piece)

    # -- a new campaign

    async def _stored(self, key: str, digest: bytes) -> Response | None:
        if not key:
            return None
        async with self._database.connection() as connection:
            found = await campaign_store.find_record(connection, caller().user_id, key, digest, self._clock.now())
        return None if found is None else Response.FromString(found)

    async def _plan(self, request: Request) -> Planned:
        """The children of a request. Raises the catalog's refusals, ValidationFailed."""
        user_id = caller().user_id
        if any(video.voice_ids for video in request.videos):
            planning.check_voices(request, await self._calls.voices(user_id))
        products = await self._calls.products(user_id, request.project_id, request.product_ids)
        planning.check_number(request, len(products))
        prices = await self._calls.prices()
        campaign_id = new_id(self._clock.now())
        languages: dict[UUID, str] = {}
        if planning.names_languages(request):
            languages = await self._calls.languages(user_id, UUID(request.project_id), products)
        children = planning.plan(request, products, prices, campaign_id, languages)
        return Planned(id=campaign_id, children=children, price_list=prices.id)

    async def _record(
        self, request: Request, planned: Planned | None, key: str, digest: bytes
    ) -> tuple[Response, bool]:
        """Stores the estimate or begins the campaign, with the response for its key; whether an earlier request with
        the key had done so."""
        user_id, now = caller().user_id, self._clock.now()
        available = await self._calls.available(user_id) if request.mode == "execute" else 0
        async with self._database.transaction() as connection:
            await campaign_store.lock_user(connection, user_id)
            if key:
                found = await campaign_store.find_record(connection, user_id, key, digest, now)
                if found is not None:
                    return Response.FromString(found), True
            if request.mode == "estimate":
                assert planned is not None
                response = await self._estimate(connection, request, planned, now)
            else:
                response = await self._execute(connection, request, planned, available, now)
            if key:
                await campaign_store.record(connection, user_id, key, digest, response.SerializeToString(), now)
        log.info("campaign_recorded", campaign_id=response.campaign_id, user_id=user_id, status=response.status)
        self._wake()
        return response, False

    async def _estimate(self, connection: Connection, request: Request, planned: Planned, now: datetime) -> Response:
        await campaign_store.check_limits(connection, caller().user_id, now, estimate=True)
        expires_at = now + ESTIMATE_HOLDS_FOR
        await self._create(connection, request, planned, now, expires_at=expires_at)
        return messages.estimate_response(str(planned.id), planned.credits, expires_at, planned.children)

    async def _execute(
        self, connection: Connection, request: Request, planned: Planned | None, available: int, now: datetime
    ) -> Response:
        user_id = caller().user_id
        if request.idempotency_key:
            live = await campaign_store.find_live(connection, user_id, request.idempotency_key)
            if live is not None:
                return _response(await campaign_store.find(connection, live, user_id), "reused")
        if planned is None:
            campaign_id = UUID(request.estimate_id)
            row = await self._estimated(connection, campaign_id, now)
            if row.state != State.ESTIMATED:
                return _response(row, "reused")
            prices = [child.credits for child in await child_store.prices(connection, campaign_id)]
        else:
            campaign_id = planned.id
            prices = [child.credits for child in planned.children]
        paid = affordable(prices, request.max_credits) if request.HasField("max_credits") else len(prices)
        first = next(number for number, price in enumerate(prices) if price)  # those that are refused cost nothing
        _check_first(prices[first], available, paid > first)
        await campaign_store.check_limits(connection, user_id, now, estimate=False)
        if planned is None:
            await campaign_store.begin(
                connection,
                campaign_id,
                api_key_id=caller().api_key_id,
                max_credits=request.max_credits if request.HasField("max_credits") else None,
                idempotency_key=request.idempotency_key,
                now=now,
            )
        else:
            await self._create(connection, request, planned, now, expires_at=None)
        if paid < len(prices):
            await child_store.end_untried(
                connection,
                campaign_id,
                ChildState.SKIPPED,
                after=paid,
                reason=CAPPED_REASON,
                message=CAPPED_MESSAGE,
            )
        return _response(await campaign_store.find(connection, campaign_id, user_id), State.ADMITTING.value)

    async def _estimated(self, connection: Connection, campaign_id: UUID, now: datetime) -> CampaignRow:
        """The caller's estimate, or the campaign that it has become. Raises EstimateNotFound, EstimateExpired."""
        try:
            row = await campaign_store.find(connection, campaign_id, caller().user_id)
        except CampaignNotFound:
            raise EstimateNotFound from None
        if row.state == State.ESTIMATED and row.expires_at is not None and row.expires_at <= now:
            raise EstimateExpired
        return row

    async def _create(
        self, connection: Connection, request: Request, planned: Planned, now: datetime, *, expires_at: datetime | None
    ) -> None:
        is_estimate = expires_at is not None
        values = {
            "id": planned.id,
            "user_id": caller().user_id,
            "api_key_id": caller().api_key_id,
            "project_id": UUID(request.project_id),
            "name": request.name,
            "state": (State.ESTIMATED if is_estimate else State.ADMITTING).value,
            "variant_axis": request.variant_axis if request.variants > 1 else None,
            "max_credits": request.max_credits if request.HasField("max_credits") else None,
            "price_list": planned.price_list,
            "credits_estimated": planned.credits,
            "children": len(planned.children),
            "tone": request.copy[0].tone if request.copy else "",
            "idempotency_key": "" if is_estimate else request.idempotency_key,
            "created_at": now,
            "expires_at": expires_at,
            "begun_at": None if is_estimate else now,
            "next_step_at": None if is_estimate else now,
        }
        await campaign_store.create(connection, values)
        await child_store.create(connection, planned.id, planned.children)

    async def _wait_for_end(self, response: Response, until: float) -> None:
        """Fills in the ended campaign, if it ends in time."""
        loop, user_id = asyncio.get_running_loop(), caller().user_id
        while True:
            async with self._database.connection() as connection:
                row = await campaign_store.find(connection, UUID(response.campaign_id), user_id)
            if row.state in ENDED:
                response.status = row.state
                response.campaign.CopyFrom(messages.campaign_message(row))
                return
            if loop.time() + WAIT_POLL_SECONDS > until:
                return
            await asyncio.sleep(WAIT_POLL_SECONDS)


def _response(row: CampaignRow, status: str) -> Response:
    return Response(
        campaign_id=str(row.id), status=status, credits_estimated=row.credits_estimated, children_total=row.children
    )


def _check_first(price: int, available: int, paid: bool) -> None:
    """Raises InsufficientCredits if not even the first child can be paid. paid: whether maxCredits pays for it."""
    numbers = {"price": price, "available": available}
    fields = [FieldViolation(field=name, message=str(number)) for name, number in numbers.items()]
    if not paid:
        raise InsufficientCredits(f"maxCredits does not pay for the first ad, which costs {price}.", fields=fields)
    if price > available:
        raise InsufficientCredits(
            f"The first ad of the campaign costs {price} credits, and {available} can be spent.", fields=fields
        )
