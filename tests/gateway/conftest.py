from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.routes import Route, read_descriptors, routes_of
from gateway.settings import Address, GatewaySettings
from tests.gateway.envoy_process import ISSUER, IssuerKeys, RunningGateway, running_gateway
from tests.gateway.stub_services import StubServices

DESCRIPTORS = Path(__file__).parents[2] / "gen" / "descriptors.binpb"


@pytest.fixture(scope="session")
def routes() -> tuple[Route, ...]:
    return routes_of(read_descriptors(DESCRIPTORS))


@pytest.fixture(scope="session")
def keys() -> IssuerKeys:
    return IssuerKeys()


@pytest.fixture(scope="session")
def servers(routes: tuple[Route, ...]) -> Iterator[StubServices]:
    found = StubServices(routes)
    found.start()
    yield found
    found.stop()


@pytest.fixture
def services(servers: StubServices) -> StubServices:
    servers.forget()
    return servers


@pytest.fixture(scope="session")
def settings(servers: StubServices, keys: IssuerKeys, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Arguments of GatewaySettings that a test may change."""
    folder = tmp_path_factory.mktemp("gateway")
    jwks = folder / "jwks.json"
    jwks.write_text(keys.document(), encoding="utf-8")
    return {
        "listen": Address(host="127.0.0.1", port=0),
        "admin": Address(host="127.0.0.1", port=0),
        "upstreams": servers.addresses,
        "token_issuer": ISSUER,
        "token_jwks": str(jwks),
        "descriptors": DESCRIPTORS,
        "access_log": str(folder / "access.log"),
    }


@pytest.fixture(scope="session")
def gateway(settings: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    with running_gateway(GatewaySettings(**settings), tmp_path_factory.mktemp("envoy")) as found:
        yield found


@pytest.fixture
def anonymous(gateway: RunningGateway) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=gateway.url, timeout=20) as client:
        yield client


@pytest.fixture
def client(gateway: RunningGateway, keys: IssuerKeys, services: StubServices) -> Iterator[httpx.Client]:
    """A user with a valid token; the stub services have received no call."""
    headers = {"authorization": f"Bearer {keys.token()}"}
    with httpx.Client(base_url=gateway.url, timeout=20, headers=headers) as found:
        yield found
