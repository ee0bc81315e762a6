"""API keys at the gateway: only values with a key's form are forwarded to the services."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.settings import GatewaySettings, RateLimit
from tests.gateway.envoy_process import IssuerKeys, running_gateway
from tests.gateway.stub_services import StubServices

KEY = "adw_" + "a" * 43


class TestApiKeys:
    def test_service_receives_the_key_and_checks_it(self, anonymous: httpx.Client, services: StubServices) -> None:
        assert anonymous.get("/api/credits", headers={"x-api-key": KEY}).status_code == 200
        assert services.last().metadata["x-api-key"] == KEY

    @pytest.mark.parametrize(
        "key",
        [
            "",
            "adw_",
            "adw_x",
            f"x{KEY}",
            f"Bearer {KEY}",
            KEY[:-1],
            f"{KEY}a",
            f"{KEY[:-2]} a",
            f"{KEY[:-1]}é",
            f"{KEY[:-1]}.",
            f"{KEY},{KEY}",
            "a" * 47,
        ],
    )
    def test_values_without_a_keys_form_need_a_token(
        self, key: str, anonymous: httpx.Client, services: StubServices
    ) -> None:
        response = anonymous.get("/api/credits", headers=[(b"x-api-key", key.encode())])
        assert response.status_code == 401
        assert services.calls == []

    def test_invalid_token_beside_a_key_is_rejected(
        self, anonymous: httpx.Client, keys: IssuerKeys, services: StubServices
    ) -> None:
        for token in ("a.b.c", keys.token(key=keys.stranger), keys.token(aud="other")):
            headers = {"x-api-key": KEY, "authorization": f"Bearer {token}"}
            assert anonymous.get("/api/credits", headers=headers).status_code == 401
        assert services.calls == []

    def test_each_key_and_each_sending_address_has_a_rate_limit(
        self, settings: dict[str, Any], keys: IssuerKeys, services: StubServices, tmp_path: Path
    ) -> None:
        narrow = GatewaySettings(**{**settings, "rate_limit": RateLimit(burst=5, per_second=1)})
        with running_gateway(narrow, tmp_path) as found, httpx.Client(base_url=found.url) as client:
            guesses = [client.get("/api/prices", headers={"x-api-key": f"adw_{number:043}"}) for number in range(12)]
            assert 429 in {response.status_code for response in guesses}
            token = {"authorization": f"Bearer {keys.token()}"}
            assert client.get("/api/prices", headers=token).status_code == 200

    def test_a_key_has_one_rate_limit_for_all_addresses(
        self, settings: dict[str, Any], services: StubServices, tmp_path: Path
    ) -> None:
        # Half of the requests come from each of two addresses, whose own buckets are large enough for them.
        narrow = GatewaySettings(**{**settings, "rate_limit": RateLimit(burst=50, per_second=1)})
        with running_gateway(narrow, tmp_path) as found:
            lines = [httpx.HTTPTransport(local_address=f"127.0.0.{number}") for number in (1, 2)]
            clients = [httpx.Client(base_url=found.url, transport=line, headers={"x-api-key": KEY}) for line in lines]
            codes = [client.get("/api/prices").status_code for _ in range(49) for client in clients]
            for client in clients:
                client.close()
        assert codes[:50] == [200] * 50
        assert 429 in codes[50:]
