"""The gateway in front of a service on the real chassis: refusals of a servicer as REST clients receive them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from adwright.billing.v1 import billing_pb2, billing_pb2_grpc
from adwright.image.v1 import image_pb2, image_pb2_grpc

from gateway.settings import Address, GatewaySettings
from services.chassis.config import ServiceSettings
from services.chassis.errors import Overloaded, Refusal
from services.chassis.rpc.auth import caller
from services.chassis.rpc.server import CHANNEL_OPTIONS, Server, always_ready
from tests.gateway.envoy_process import ISSUER, IssuerKeys, running_gateway
from tests.gateway.stub_services import StubServices

ID = "4be0643f-1d98-473b-97cd-ca98a65347dd"
START_SECONDS = 15


class InsufficientCredits(Refusal):
    reason = "INSUFFICIENT_CREDITS"


class TooMany(Refusal):
    reason = "TOO_MANY_LIVE_JOBS"


class Image(image_pb2_grpc.ImageServiceServicer):
    """Refuses for certain prompts."""

    async def GenerateStaticAd(self, request: Any, context: Any) -> Any:
        match request.prompt:
            case "poor customer":
                raise InsufficientCredits("This costs 3 credits and you have 0 – “none”.")
            case "busy customer":
                raise TooMany("Too many jobs are under way.", retry_after_seconds=7)
            case "overload":
                raise Overloaded("Too much is waiting.", retry_after_seconds=2)
            case "a mistake":
                raise ValueError("internal secret")
        return image_pb2.GenerateStaticAdResponse(job_id=caller().user_id, status="queued", credits_used=3)

    async def GenerateVariant(self, request: Any, context: Any) -> Any:
        raise NotImplementedError


class Grants(billing_pb2_grpc.BillingAdminServiceServicer):
    async def GrantCredits(self, request: Any, context: Any) -> Any:
        return billing_pb2.GrantCreditsResponse(grant_id=request.grant_id)

    async def RefundJob(self, request: Any, context: Any) -> Any:
        raise NotImplementedError


@pytest.fixture(scope="module")
def url(settings: dict[str, Any], servers: StubServices, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("chassis")
    service = ServiceSettings(
        listen="127.0.0.1:0",
        token_issuer=ISSUER,
        token_jwks=str(settings["token_jwks"]),
        service_secret="s" * 32,  # type: ignore[arg-type]  # pydantic wraps it
    )

    def register(server: grpc.aio.Server) -> None:
        image_pb2_grpc.add_ImageServiceServicer_to_server(Image(), server)
        billing_pb2_grpc.add_BillingAdminServiceServicer_to_server(Grants(), server)

    async def start() -> Server:
        names = ["adwright.image.v1.ImageService", "adwright.billing.v1.BillingService"]
        server = Server(service, register=register, services=names, ready=always_ready)
        await server.start()
        return server

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server = asyncio.run_coroutine_threadsafe(start(), loop).result(START_SECONDS)
    address = Address(host="127.0.0.1", port=server.port)
    upstreams = {**settings["upstreams"], "image": address, "billing": address}
    with running_gateway(GatewaySettings(**{**settings, "upstreams": upstreams}), folder) as found:
        yield found.url
    asyncio.run_coroutine_threadsafe(server.stop(), loop).result(START_SECONDS)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(START_SECONDS)


@pytest.fixture
def user(url: str, keys: IssuerKeys) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url, headers={"authorization": f"Bearer {keys.token('u-7')}"}) as client:
        yield client


def generate(client: httpx.Client, **body: Any) -> httpx.Response:
    return client.post("/api/generate/static-ad", json={"projectId": ID, "productId": ID, **body})


class TestChassisBehindTheGateway:
    def test_caller_is_the_subject_of_the_token(self, user: httpx.Client) -> None:
        response = generate(user, prompt="a good one", style="modern")
        assert response.status_code == 200
        assert response.json() == {"jobId": "u-7", "status": "queued", "creditsUsed": 3, "creditsRemaining": 0}

    @pytest.mark.parametrize("name", ["lf6$hv", "it's", "a~b", "a|b", "#", "100%"])
    def test_header_name_that_grpc_rejects_does_not_fail_the_call(self, user: httpx.Client, name: str) -> None:
        response = user.post("/api/generate/static-ad", json={"projectId": ID, "productId": ID}, headers={name: "x"})
        assert response.status_code == generate(user).status_code == 200

    def test_every_invalid_field_is_named(self, user: httpx.Client) -> None:
        response = user.post("/api/generate/static-ad", json={"projectId": "x", "style": "gothic", "prompt": "äöü"})
        assert response.status_code == 400
        error = response.json()["error"]
        assert error["reason"] == "VALIDATION_FAILED"
        assert [item["field"] for item in error["fields"]] == ["projectId", "productId", "style", "prompt"]
        assert error["requestId"] == response.headers["x-request-id"]

    def test_insufficient_credits_is_402(self, user: httpx.Client) -> None:
        response = generate(user, prompt="poor customer")
        assert response.status_code == 402
        assert response.json() == {
            "error": {
                "reason": "INSUFFICIENT_CREDITS",
                "message": "This costs 3 credits and you have 0 – “none”.",
                "requestId": response.headers["x-request-id"],
                "retryable": False,
            }
        }

    def test_429_has_retry_after(self, user: httpx.Client) -> None:
        response = generate(user, prompt="busy customer")
        assert (response.status_code, response.headers["retry-after"]) == (429, "7")
        assert response.json()["error"]["retryable"] is True

    def test_503_has_retry_after(self, user: httpx.Client) -> None:
        response = generate(user, prompt="overload")
        assert (response.status_code, response.headers["retry-after"]) == (503, "2")

    def test_500_reveals_nothing(self, user: httpx.Client) -> None:
        response = generate(user, prompt="a mistake")
        assert response.status_code == 500
        assert "secret" not in response.text
        assert response.json()["error"]["requestId"] == response.headers["x-request-id"]

    def test_unimplemented_method_is_501(self, user: httpx.Client, keys: IssuerKeys) -> None:
        admin = {"authorization": f"Bearer {keys.token('boss', roles=['admin'])}"}
        response = user.post("/api/admin/refunds", json={"jobId": ID, "reason": "r"}, headers=admin)
        assert (response.status_code, response.json()["error"]["reason"]) == (501, "NOT_PROVIDED")

    def test_nul_in_a_string_of_a_grpc_client_is_named(self, url: str, keys: IssuerKeys) -> None:
        metadata = (("authorization", f"Bearer {keys.token()}"),)
        request = image_pb2.GenerateStaticAdRequest(project_id=ID, product_id=ID, prompt="winter\0wonder")
        with grpc.insecure_channel(url.removeprefix("http://"), CHANNEL_OPTIONS) as channel:
            stub = image_pb2_grpc.ImageServiceStub(channel)
            with pytest.raises(grpc.RpcError) as caught:
                stub.GenerateStaticAd(request, metadata=metadata, timeout=START_SECONDS)
        assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
        assert "prompt: must not contain U+0000" in str(caught.value.details())

    def test_admin_method_refuses_other_users(self, user: httpx.Client, keys: IssuerKeys) -> None:
        body = {"userId": "u", "credits": 5, "grantId": "g-1", "reason": "r"}
        refused = user.post("/api/admin/grants", json=body)
        assert (refused.status_code, refused.json()["error"]["reason"]) == (403, "FORBIDDEN")
        admin = {"authorization": f"Bearer {keys.token('boss', roles=['admin'])}"}
        assert user.post("/api/admin/grants", json=body, headers=admin).json()["grantId"] == "g-1"

    @pytest.mark.parametrize(("key", "algorithm", "kid"), [("ec", "ES256", "ec"), ("ed", "EdDSA", "ed")])
    def test_gateway_and_service_accept_the_same_key_types(
        self, key: str, algorithm: str, kid: str, user: httpx.Client, keys: IssuerKeys
    ) -> None:
        token = keys.token(key=getattr(keys, key), algorithm=algorithm, headers={"kid": kid})
        response = user.post(
            "/api/generate/static-ad",
            json={"projectId": ID, "productId": ID},
            headers={"authorization": f"Bearer {token}"},
        )
        assert response.status_code == 200

    def test_refusal_of_long_values_is_short(self, user: httpx.Client) -> None:
        response = generate(user, prompt="p" * 100_000, style="s" * 100_000)
        assert response.status_code == 400
        assert {item["field"] for item in response.json()["error"]["fields"]} == {"prompt", "style"}
