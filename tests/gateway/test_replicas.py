"""Several gateways share the rate limits: each accepts its share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.settings import GatewaySettings, RateLimit, SettingsError
from tests.gateway.envoy_process import IssuerKeys, running_gateway
from tests.gateway.stub_services import StubServices


def test_one_of_three_gateways_has_a_third_of_each_limit(
    settings: dict[str, Any], keys: IssuerKeys, services: StubServices, tmp_path: Path
) -> None:
    shared = GatewaySettings(**{**settings, "rate_limit": RateLimit(burst=90, per_second=30), "replicas": 3})
    with running_gateway(shared, tmp_path) as found, httpx.Client(base_url=found.url) as client:
        for path, headers in (
            ("/api/prices", {"authorization": f"Bearer {keys.token()}"}),
            ("/api/voices/v-1/sample", {}),
        ):
            assert client.get(path, headers=headers).headers["x-ratelimit-limit"] == "30"


@pytest.mark.parametrize(
    ("limit", "gateways", "part"),
    [((10_000, 1_000), 1, (10_000, 1_000)), ((10_000, 1_000), 3, (3_333, 333)), ((2, 1), 3, (1, 1))],
)
def test_shares_stay_within_the_limit_and_are_never_zero(
    limit: tuple[int, int], gateways: int, part: tuple[int, int]
) -> None:
    found = RateLimit(burst=limit[0], per_second=limit[1]).split(gateways)
    assert (found.burst, found.per_second) == part


def test_zero_gateways_are_rejected(settings: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match="replicas must be at least 1"):
        GatewaySettings(**{**settings, "replicas": 0})
