"""Messages about rejected tokens are the same at the gateway and in the services, and reveal no internals."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest

from gateway.routes import Route
from services.chassis.errors import Unauthenticated
from services.chassis.rpc import auth
from services.chassis.rpc.api_keys import WRONG_FORM
from services.chassis.rpc.auth import TokenVerifier
from services.chassis.rpc.issuer_keys import NOT_ISSUERS_KEY
from tests.gateway.envoy_process import AUDIENCE, ISSUER, IssuerKeys
from tests.gateway.stub_services import StubServices

KEY = "adw_" + "k" * 43


@pytest.fixture
def verifier(keys: IssuerKeys, tmp_path: Path) -> TokenVerifier:
    jwks = tmp_path / "jwks.json"
    jwks.write_text(keys.document(), encoding="utf-8")
    return TokenVerifier(issuer=ISSUER, audience=AUDIENCE, jwks=str(jwks), roles_claim="roles", service_secret="s" * 32)


def claimed(keys: IssuerKeys, **changes: Any) -> str:
    """Encodes claims of any type, without PyJWT's checks."""
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "user-1", "iat": now, "exp": now + 600, **changes}
    payload = json.dumps({name: value for name, value in claims.items() if value is not None}).encode()
    return jwt.PyJWS().encode(payload, keys.rsa, algorithm="RS256", headers={"kid": "rsa"})


def authorization(keys: IssuerKeys, case: str) -> str:
    """The headers of a rejected case."""
    good = keys.token()
    header, payload, signature = good.split(".")
    now = int(time.time())
    cases = {
        "API key as a token": f"Bearer {KEY}",
        "API key alone": KEY,
        "no scheme": good,
        "another scheme": "Basic dTpw",
        "scheme alone": "Bearer",
        "quotes": f'Bearer "{good}"',
        "twice": f"Bearer Bearer {good}",
        "opaque": "Bearer 2YotnFZFEjr1zCsicMWpAA",
        "no signature": f"Bearer {header}.{payload}.",
        "not base64": f"Bearer {header}.!.{signature}",
        "no exp": f"Bearer {claimed(keys, exp=None)}",
        "exp is a text": f"Bearer {claimed(keys, exp='tomorrow')}",
        "aud is a number": f"Bearer {claimed(keys, aud=5)}",
        "expired": f"Bearer {claimed(keys, exp=now - 900)}",
        "too early": f"Bearer {claimed(keys, nbf=now + 900)}",
        "another issuer": f"Bearer {claimed(keys, iss='https://other.example')}",
        "another audience": f"Bearer {claimed(keys, aud='other')}",
        "unknown kid": f"Bearer {keys.token(key=keys.stranger, headers={'kid': 'other'})}",
        "another key": f"Bearer {keys.token(key=keys.stranger)}",
        "HMAC": "Bearer " + jwt.encode({"iss": ISSUER, "aud": AUDIENCE, "exp": now + 600}, "k" * 32, algorithm="HS256"),
    }
    return cases[case]


WORDS = {
    "API key as a token": auth.API_KEY_MISPLACED,
    "API key alone": auth.API_KEY_MISPLACED,
    "no scheme": auth.NO_BEARER,
    "another scheme": auth.NO_BEARER,
    "scheme alone": auth.NO_BEARER,
    "quotes": auth.QUOTED,
    "twice": auth.QUOTED,
    "opaque": auth.MALFORMED,
    "no signature": auth.MALFORMED,
    "not base64": auth.UNREADABLE,
    "no exp": "The token has no exp claim.",
    "exp is a text": "The token's exp claim is not a number of seconds since 1970.",
    "aud is a number": "The token's aud claim must be a string or a list of strings.",
    "expired": auth.EXPIRED,
    "too early": auth.NOT_YET,
    "another issuer": auth.WRONG_ISSUER,
    "another audience": auth.WRONG_AUDIENCE,
    "unknown kid": NOT_ISSUERS_KEY,
    "another key": auth.WRONG_SIGNATURE,
    "HMAC": NOT_ISSUERS_KEY,
}


@pytest.mark.parametrize("case", WORDS)
def test_gateway_and_services_have_the_same_messages(
    case: str, anonymous: httpx.Client, verifier: TokenVerifier, keys: IssuerKeys, services: StubServices
) -> None:
    value = authorization(keys, case)
    response = anonymous.get("/api/credits", headers={"authorization": value})
    assert response.status_code == 401
    assert response.json()["error"]["message"] == WORDS[case]
    with pytest.raises(Unauthenticated) as refused:
        asyncio.run(verifier.verify(value))
    assert str(refused.value) == WORDS[case]
    assert services.calls == []


def test_grpc_clients_get_the_same_messages(
    anonymous: httpx.Client, routes: tuple[Route, ...], services: StubServices
) -> None:
    path = next(route.grpc_path for route in routes if not route.public)
    headers = {"authorization": f"Bearer {KEY}", "content-type": "application/grpc"}
    response = anonymous.post(path, headers=headers, content=b"\0\0\0\0\0")
    assert response.headers["grpc-status"] == "16"
    assert response.headers["grpc-message"] == auth.API_KEY_MISPLACED


@pytest.mark.parametrize("form", ["bearer {}", "BEARER {}", "bEaReR {}", "Bearer   {}", "Bearer\t{}"])
def test_scheme_is_accepted_in_any_case_and_spacing(
    form: str, anonymous: httpx.Client, keys: IssuerKeys, services: StubServices
) -> None:
    token = keys.token()
    assert anonymous.get("/api/credits", headers={"authorization": form.format(token)}).status_code == 200
    assert services.last().metadata["authorization"] == f"Bearer {token}"


@pytest.mark.parametrize("key", [f'"{KEY}"', f"'{KEY}'", f"Bearer {KEY}", f"{KEY} {KEY}", "sk-live-1", "{KEY}"])
def test_malformed_key_error_describes_the_right_form(
    key: str, anonymous: httpx.Client, services: StubServices
) -> None:
    response = anonymous.get("/api/credits", headers={"x-api-key": key})
    assert response.status_code == 401
    assert response.json()["error"]["message"] == WRONG_FORM
    assert services.calls == []


def test_two_tokens_are_rejected(anonymous: httpx.Client, keys: IssuerKeys, services: StubServices) -> None:
    good = ("authorization", f"Bearer {keys.token()}")
    for second in (good, ("authorization", f"Bearer {keys.token('user-2')}")):
        assert anonymous.get("/api/credits", headers=[good, second]).status_code == 401
    assert services.calls == []
