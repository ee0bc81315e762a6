"""Batched calls: each is authorized, validated and refused as if it had arrived by itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from adwright.batch.v1 import batch_pb2, batch_pb2_grpc
from adwright.catalog.v1 import catalog_pb2, catalog_pb2_grpc
from adwright.image.v1 import image_pb2, image_pb2_grpc

from services.chassis.config import ServiceSettings
from services.chassis.errors import Refusal, RefusalKind
from services.chassis.rpc.auth import ServiceIdentity, caller
from services.chassis.rpc.interceptors import request_id
from services.chassis.rpc.multiplexing import MAX_BATCH, MAX_BYTES, BatchedChannel
from services.chassis.rpc.server import Server, always_ready, open_channel

ID = "4be0643f-1d98-473b-97cd-ca98a65347dd"
GET_BRIEF = "/adwright.catalog.v1.CatalogLookupService/GetBrief"
SECRET = "s" * 32


class NoSuchProject(Refusal):
    reason = "PROJECT_NOT_FOUND"


class Lookups(catalog_pb2_grpc.CatalogLookupServiceServicer):
    """Returns the caller; refuses and fails for certain user ids."""

    def __init__(self) -> None:
        self.running = 0
        self.most_running = 0

    async def GetBrief(self, request: Any, context: Any) -> catalog_pb2.Brief:
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        await asyncio.sleep(0)
        self.running -= 1
        if request.user_id == "nobody":
            raise NoSuchProject("Project not found.", retry_after_seconds=7)
        if request.user_id == "broken":
            raise ValueError("internal secret")
        return catalog_pb2.Brief(image_key=f"{caller().service} {request.user_id} {request_id()}")


class Images(image_pb2_grpc.ImageServiceServicer):
    """A method that only users may call."""

    async def GenerateStaticAd(self, request: Any, context: Any) -> Any:
        return image_pb2.GenerateStaticAdResponse(job_id=ID)


class BatchHarness:
    """A server of the chassis and a batching client of it."""

    def __init__(self, lookups: Lookups, port: int) -> None:
        self.lookups = lookups
        self.channel = open_channel(f"127.0.0.1:{port}")
        self.calls = BatchedChannel(self.channel, ServiceIdentity("image", SECRET), seconds=5)

    async def brief(self, user: str, project: str = ID) -> catalog_pb2.Brief:
        request = catalog_pb2.GetBriefRequest(user_id=user, project_id=project, product_id=ID)
        return await self.calls(GET_BRIEF, request, catalog_pb2.Brief)


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[BatchHarness]:
    settings = ServiceSettings(
        listen="127.0.0.1:0",
        token_issuer="https://adwright.local",
        token_jwks=str(tmp_path / "none"),
        service_secret=SECRET,  # type: ignore[arg-type]  # pydantic wraps it
    )
    lookups = Lookups()

    def register(server: grpc.aio.Server) -> None:
        catalog_pb2_grpc.add_CatalogLookupServiceServicer_to_server(lookups, server)
        image_pb2_grpc.add_ImageServiceServicer_to_server(Images(), server)

    names = ["adwright.catalog.v1.CatalogLookupService"]
    server = Server(settings, register=register, services=names, ready=always_ready)
    await server.start()
    harness = BatchHarness(lookups, server.port)
    yield harness
    await harness.channel.close()
    await server.stop()


class TestCalls:
    async def test_each_caller_gets_its_own_response(self, harness: BatchHarness) -> None:
        responses = await asyncio.gather(*(harness.brief(f"u{number}") for number in range(700)))
        assert [response.image_key.split()[:2] for response in responses] == [["image", f"u{n}"] for n in range(700)]

    async def test_calls_of_a_batch_are_handled_concurrently(self, harness: BatchHarness) -> None:
        await asyncio.gather(*(harness.brief("u") for _ in range(100)))
        assert harness.lookups.most_running > 50

    async def test_refusal_reaches_only_its_own_caller_and_is_complete(self, harness: BatchHarness) -> None:
        first, refused, second = await asyncio.gather(
            harness.brief("a"), harness.brief("nobody"), harness.brief("b"), return_exceptions=True
        )
        assert not isinstance(first, BaseException)
        assert not isinstance(second, BaseException)
        assert isinstance(refused, Refusal)
        assert (refused.kind, refused.reason) == (RefusalKind.NOT_FOUND, "PROJECT_NOT_FOUND")
        assert (refused.message, refused.retry_after_seconds) == ("Project not found.", 7)

    async def test_exception_reveals_nothing_and_affects_no_other_call(self, harness: BatchHarness) -> None:
        broken, fine = await asyncio.gather(harness.brief("broken"), harness.brief("a"), return_exceptions=True)
        assert isinstance(broken, Refusal)
        assert broken.kind is RefusalKind.FAILED
        assert "secret" not in broken.message
        assert not isinstance(fine, BaseException)

    async def test_invalid_request_affects_no_other_call(self, harness: BatchHarness) -> None:
        wrong, fine = await asyncio.gather(harness.brief("a", "no id"), harness.brief("a"), return_exceptions=True)
        assert isinstance(wrong, Refusal)
        assert not isinstance(fine, BaseException)

    async def test_large_requests_are_split_into_several_messages(self, harness: BatchHarness) -> None:
        responses = await asyncio.gather(*(harness.brief(f"{n}" + "x" * (MAX_BYTES // 3)) for n in range(8)))
        assert [response.image_key.split()[1][0] for response in responses] == [str(n) for n in range(8)]

    async def test_method_for_users_is_closed_to_services(self, harness: BatchHarness) -> None:
        method = "/adwright.image.v1.ImageService/GenerateStaticAd"
        request = image_pb2.GenerateStaticAdRequest(project_id=ID, product_id=ID)
        with pytest.raises(Refusal):
            await harness.calls(method, request, image_pb2.GenerateStaticAdResponse)

    async def test_only_services_can_send_batches(self, harness: BatchHarness) -> None:
        stub = batch_pb2_grpc.BatchServiceStub(harness.channel)
        request = batch_pb2.CallBatchRequest(method=GET_BRIEF, calls=[batch_pb2.Call()])
        stranger = ServiceIdentity("image", "t" * 32).metadata()
        for metadata in ((), stranger):
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await stub.CallBatch(request, metadata=metadata)
            assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED

    async def test_empty_and_oversized_batches_are_refused(self, harness: BatchHarness) -> None:
        stub = batch_pb2_grpc.BatchServiceStub(harness.channel)
        for number in (0, MAX_BATCH + 1):
            request = batch_pb2.CallBatchRequest(method=GET_BRIEF, calls=[batch_pb2.Call()] * number)
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await stub.CallBatch(request, metadata=ServiceIdentity("image", SECRET).metadata())
            assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT

    async def test_unreachable_service_is_unavailable(self, harness: BatchHarness) -> None:
        unreachable = BatchedChannel(open_channel("127.0.0.1:1"), ServiceIdentity("image", SECRET), seconds=1)
        with pytest.raises(Refusal) as refused:
            await unreachable(GET_BRIEF, catalog_pb2.GetBriefRequest(), catalog_pb2.Brief)
        assert refused.value.kind is RefusalKind.UNAVAILABLE
