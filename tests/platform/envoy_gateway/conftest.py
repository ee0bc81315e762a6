"""The fixtures of tests/gateway, with the Envoy that Envoy Gateway would have configured in the place of ours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from gateway.settings import GatewaySettings
from tests.gateway.conftest import anonymous, client, keys, routes, servers, services, settings  # noqa: F401
from tests.gateway.envoy_process import RunningGateway, running_gateway
from tests.platform.envoy_gateway.translation import static, translated


@pytest.fixture(scope="session")
def translated_resources(  # the fixtures of tests/gateway are asked for by their names
    settings: dict[str, Any],  # noqa: F811
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Any]:
    return translated(GatewaySettings(**settings), tmp_path_factory.mktemp("resources"))


@pytest.fixture(scope="session")
def gateway(
    settings: dict[str, Any],  # noqa: F811
    translated_resources: dict[str, Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[RunningGateway]:
    def render(given: GatewaySettings) -> str:
        return static(translated_resources, given)

    with running_gateway(GatewaySettings(**settings), tmp_path_factory.mktemp("envoy"), make=render) as found:
        yield found
