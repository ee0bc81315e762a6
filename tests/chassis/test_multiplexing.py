"""Calls that travel together: each is admitted, checked and refused as if it had come by itself."""

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
from services.chassis.errors import Kind, Refusal
from services.chassis.rpc.auth import ServiceIdentity, caller
from services.chassis.rpc.interceptors import request_id
from services.chassis.rpc.multiplexing import MAX_BYTES, MAX_TOGETHER, BatchedChannel
from services.chassis.rpc.server import Server, always_ready, open_channel

ID = "4be0643f-1d98-473b-97cd-ca98a65347dd"
GET_BRIEF = "/adwright.catalog.v1.CatalogLookupService/GetBrief"
SECRET = "s" * 32


class NoSuchProject(Refusal):
    kind = Kind.NOT_FOUND
    reason = "PROJECT_NOT_FOUND"


class Lookups(catalog_pb2_grpc.CatalogLookupServiceServicer):
    """Tells who asks; refuses and breaks as the user's name says."""

    def __init__(self) -> None:
        self.under_way = 0
        self.most_under_way = 0

    async def GetBrief(self, request: Any, context: Any) -> catalog_pb2.Brief:
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        await asyncio.sleep(0)
        self.under_way -= 1
        if request.user_id == "nobody":
            raise NoSuchProject("There is no such project.", retry_after_seconds=7)
        if request.user_id == "broken":
            raise ValueError("secret of the house")
        return catalog_pb2.Brief(image_key=f"{caller().service} {request.user_id} {request_id()}")


class Images(image_pb2_grpc.ImageServiceServicer):
    """A method for users."""

    async def GenerateStaticAd(self, request: Any, context: Any) -> Any:
        return image_pb2.GenerateStaticAdResponse(job_id=ID)


class House:
    """A server of the chassis, and a way to call it."""

    def __init__(self, lookups: Lookups, port: int) -> None:
        self.lookups = lookups
        self.channel = open_channel(f"127.0.0.1:{port}")
        self.calls = BatchedChannel(self.channel, ServiceIdentity("image", SECRET), seconds=5)

    async def brief(self, user: str, project: str = ID) -> catalog_pb2.Brief:
        asked = catalog_pb2.GetBriefRequest(user_id=user, project_id=project, product_id=ID)
        return await self.calls(GET_BRIEF, asked, catalog_pb2.Brief)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
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
    house = House(lookups, server.port)
    yield house
    await house.channel.close()
    await server.stop()


class TestCalls:
    async def test_each_caller_gets_its_own_answer(self, house: House) -> None:
        answers = await asyncio.gather(*(house.brief(f"u{number}") for number in range(700)))
        assert [answer.image_key.split()[:2] for answer in answers] == [["image", f"u{n}"] for n in range(700)]

    async def test_what_comes_together_is_answered_at_the_same_time(self, house: House) -> None:
        await asyncio.gather(*(house.brief("u") for _ in range(100)))
        assert house.lookups.most_under_way > 50

    async def test_a_refusal_is_its_callers_only_and_arrives_whole(self, house: House) -> None:
        first, refused, second = await asyncio.gather(
            house.brief("a"), house.brief("nobody"), house.brief("b"), return_exceptions=True
        )
        assert not isinstance(first, BaseException)
        assert not isinstance(second, BaseException)
        assert isinstance(refused, Refusal)
        assert (refused.kind, refused.reason) == (Kind.NOT_FOUND, "PROJECT_NOT_FOUND")
        assert (refused.message, refused.retry_after_seconds) == ("There is no such project.", 7)

    async def test_an_accident_tells_nothing_and_harms_no_other(self, house: House) -> None:
        broken, fine = await asyncio.gather(house.brief("broken"), house.brief("a"), return_exceptions=True)
        assert isinstance(broken, Refusal)
        assert broken.kind is Kind.FAILED
        assert "secret" not in broken.message
        assert not isinstance(fine, BaseException)

    async def test_an_invalid_request_is_refused_by_itself(self, house: House) -> None:
        wrong, fine = await asyncio.gather(house.brief("a", "no id"), house.brief("a"), return_exceptions=True)
        assert isinstance(wrong, Refusal)
        assert not isinstance(fine, BaseException)

    async def test_large_requests_travel_in_several_messages(self, house: House) -> None:
        answers = await asyncio.gather(*(house.brief(f"{n}" + "x" * (MAX_BYTES // 3)) for n in range(8)))
        assert [answer.image_key.split()[1][0] for answer in answers] == [str(n) for n in range(8)]

    async def test_a_method_for_users_is_not_open_to_services(self, house: House) -> None:
        method = "/adwright.image.v1.ImageService/GenerateStaticAd"
        asked = image_pb2.GenerateStaticAdRequest(project_id=ID, product_id=ID)
        with pytest.raises(Refusal):
            await house.calls(method, asked, image_pb2.GenerateStaticAdResponse)

    async def test_nobody_but_a_service_can_call_together(self, house: House) -> None:
        stub = batch_pb2_grpc.BatchServiceStub(house.channel)
        request = batch_pb2.CallTogetherRequest(method=GET_BRIEF, calls=[batch_pb2.Call()])
        stranger = ServiceIdentity("image", "t" * 32).metadata()
        for metadata in ((), stranger):
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await stub.CallTogether(request, metadata=metadata)
            assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED

    async def test_neither_nothing_nor_too_much_can_be_asked(self, house: House) -> None:
        stub = batch_pb2_grpc.BatchServiceStub(house.channel)
        for number in (0, MAX_TOGETHER + 1):
            request = batch_pb2.CallTogetherRequest(method=GET_BRIEF, calls=[batch_pb2.Call()] * number)
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await stub.CallTogether(request, metadata=ServiceIdentity("image", SECRET).metadata())
            assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT

    async def test_a_service_that_is_away_is_told_as_such(self, house: House) -> None:
        nowhere = BatchedChannel(open_channel("127.0.0.1:1"), ServiceIdentity("image", SECRET), seconds=1)
        with pytest.raises(Refusal) as refused:
            await nowhere(GET_BRIEF, catalog_pb2.GetBriefRequest(), catalog_pb2.Brief)
        assert refused.value.kind is Kind.UNAVAILABLE
