"""Batch RPCs: each request is validated and refused by itself, and counted as if it had arrived by itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import grpc
import pytest
from adwright.catalog.v1 import catalog_pb2, catalog_pb2_grpc
from prometheus_client import REGISTRY

from services.chassis.config import ServiceSettings
from services.chassis.errors import Refusal, RefusalKind
from services.chassis.rpc.auth import ServiceIdentity, caller
from services.chassis.rpc.batch_rpcs import MAX_BATCH, MAX_BYTES, BatchCalls, outcomes
from services.chassis.rpc.server import Server, always_ready, open_channel

ID = "4be0643f-1d98-473b-97cd-ca98a65347dd"
GET_BRIEF = "/adwright.catalog.v1.CatalogLookupService/GetBrief"
SECRET = "s" * 32


class NoSuchProject(Refusal):
    reason = "PROJECT_NOT_FOUND"


class Lookups(catalog_pb2_grpc.CatalogLookupServiceServicer):
    """Returns the caller; refuses and fails for certain user ids. A batch arrives, then waits until `go` is set."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.arrived, self.go = asyncio.Event(), asyncio.Event()
        self.go.set()

    async def GetBrief(self, request: Any, context: Any) -> catalog_pb2.Brief:
        (found,) = await self.find([request])
        if isinstance(found, BaseException):
            raise found
        return found

    async def GetBriefs(self, request: Any, context: Any) -> catalog_pb2.GetBriefsResponse:
        self.batches.append(len(request.requests))
        self.arrived.set()
        await self.go.wait()
        return catalog_pb2.GetBriefsResponse(
            outcomes=await outcomes(catalog_pb2.BriefOutcome, GET_BRIEF, request.requests, self.find)
        )

    async def find(self, requests: Sequence[catalog_pb2.GetBriefRequest]) -> list[catalog_pb2.Brief | BaseException]:
        return [self.brief(request.user_id) for request in requests]

    def brief(self, user: str) -> catalog_pb2.Brief | BaseException:
        if user == "nobody":
            return NoSuchProject("Project not found.", retry_after_seconds=7)
        if user == "broken":
            return ValueError("internal secret")
        return catalog_pb2.Brief(image_key=f"{caller().service} {user}")


class EarlierLookups(Lookups):
    """A service of a version that has no batch RPCs."""

    async def GetBriefs(self, request: Any, context: Any) -> catalog_pb2.GetBriefsResponse:
        raise NotImplementedError


class BatchHarness:
    """A server of the chassis and a client of it."""

    def __init__(self, lookups: Lookups, port: int) -> None:
        self.lookups = lookups
        self.channel = open_channel(f"127.0.0.1:{port}")
        self.stub = catalog_pb2_grpc.CatalogLookupServiceStub(self.channel)
        self.calls: BatchCalls[catalog_pb2.GetBriefRequest, catalog_pb2.Brief] = BatchCalls(
            single=self.stub.GetBrief,
            batch=self.stub.GetBriefs,
            message=catalog_pb2.GetBriefsRequest,
            identity=ServiceIdentity("image", SECRET),
            seconds=5,
        )

    async def brief(self, user: str, project: str = ID) -> catalog_pb2.Brief:
        return await self.calls(catalog_pb2.GetBriefRequest(user_id=user, project_id=project, product_id=ID))


async def serving(tmp_path: Path, lookups: Lookups) -> AsyncIterator[BatchHarness]:
    settings = ServiceSettings(
        listen="127.0.0.1:0",
        token_issuer="https://adwright.local",
        token_jwks=str(tmp_path / "none"),
        service_secret=SECRET,  # type: ignore[arg-type]  # pydantic wraps it
    )

    def register(server: grpc.aio.Server) -> None:
        catalog_pb2_grpc.add_CatalogLookupServiceServicer_to_server(lookups, server)

    names = ["adwright.catalog.v1.CatalogLookupService"]
    server = Server(settings, register=register, services=names, ready=always_ready)
    await server.start()
    harness = BatchHarness(lookups, server.port)
    yield harness
    await harness.channel.close()
    await server.stop()


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[BatchHarness]:
    async for found in serving(tmp_path, Lookups()):
        yield found


@pytest.fixture
async def earlier(tmp_path: Path) -> AsyncIterator[BatchHarness]:
    async for found in serving(tmp_path, EarlierLookups()):
        yield found


def counted(code: str) -> float:
    return REGISTRY.get_sample_value("adwright_calls_total", {"method": GET_BRIEF, "code": code}) or 0


class TestCalls:
    async def test_each_caller_gets_its_own_response(self, harness: BatchHarness) -> None:
        responses = await asyncio.gather(*(harness.brief(f"u{number}") for number in range(700)))
        assert [response.image_key for response in responses] == [f"image u{number}" for number in range(700)]
        assert sum(harness.lookups.batches) == 700
        assert max(harness.lookups.batches) <= MAX_BATCH
        assert len(harness.lookups.batches) < 10

    async def test_call_alone_is_sent_at_once_and_the_next_ones_together(self, harness: BatchHarness) -> None:
        harness.lookups.go.clear()
        first = asyncio.create_task(harness.brief("first"))
        await harness.lookups.arrived.wait()
        others = [asyncio.create_task(harness.brief(f"u{number}")) for number in range(20)]
        await asyncio.sleep(0)
        harness.lookups.go.set()
        await asyncio.gather(first, *others)
        assert harness.lookups.batches == [1, 20]

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

    @pytest.mark.parametrize(("user", "project"), [("a", "no id"), ("", ID), ("a\0b", ID)])
    async def test_invalid_request_affects_no_other_call(self, harness: BatchHarness, user: str, project: str) -> None:
        wrong, fine = await asyncio.gather(harness.brief(user, project), harness.brief("a"), return_exceptions=True)
        assert isinstance(wrong, Refusal)
        assert not isinstance(fine, BaseException)
        assert harness.lookups.batches == [2]

    async def test_every_request_is_counted_by_its_own_outcome(self, harness: BatchHarness) -> None:
        codes = ("OK", "NOT_FOUND", "INTERNAL", "INVALID_ARGUMENT")
        before = [counted(code) for code in codes]
        users = ("a", "b", "c", "nobody", "nobody", "broken", "")
        await asyncio.gather(*(harness.brief(user) for user in users), return_exceptions=True)
        assert [counted(code) - start for code, start in zip(codes, before, strict=True)] == [3, 2, 1, 1]

    async def test_large_requests_are_split_into_several_messages(self, harness: BatchHarness) -> None:
        responses = await asyncio.gather(*(harness.brief(f"{n}" + "x" * (MAX_BYTES // 3)) for n in range(8)))
        assert [response.image_key.split()[1][0] for response in responses] == [str(n) for n in range(8)]

    async def test_only_services_can_send_batches(self, harness: BatchHarness) -> None:
        request = catalog_pb2.GetBriefsRequest(requests=[catalog_pb2.GetBriefRequest()])
        stranger = ServiceIdentity("image", "t" * 32).metadata()
        for metadata in ((), stranger):
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await harness.stub.GetBriefs(request, metadata=metadata)
            assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED

    async def test_empty_and_oversized_batches_are_refused(self, harness: BatchHarness) -> None:
        for number in (0, MAX_BATCH + 1):
            request = catalog_pb2.GetBriefsRequest(requests=[catalog_pb2.GetBriefRequest()] * number)
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await harness.stub.GetBriefs(request, metadata=ServiceIdentity("image", SECRET).metadata())
            assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT

    async def test_unreachable_service_is_unavailable(self, tmp_path: Path) -> None:
        with pytest.raises(Refusal) as refused:
            await BatchHarness(Lookups(), 1).brief("a")
        assert refused.value.kind is RefusalKind.UNAVAILABLE


class TestUpgrade:
    async def test_service_without_batch_rpcs_gets_single_calls(self, earlier: BatchHarness) -> None:
        first, refused, second = await asyncio.gather(
            earlier.brief("a"), earlier.brief("nobody"), earlier.brief("b"), return_exceptions=True
        )
        assert [found.image_key for found in (first, second) if isinstance(found, catalog_pb2.Brief)] == [
            "image a",
            "image b",
        ]
        assert isinstance(refused, Refusal)
        assert refused.reason == "PROJECT_NOT_FOUND"
