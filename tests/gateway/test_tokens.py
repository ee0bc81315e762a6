"""Accepted and rejected tokens, and the paths that need one."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization

from gateway.routes import Route
from tests.gateway.envoy_process import AUDIENCE, ISSUER, IssuerKeys
from tests.gateway.stub_services import StubServices

PATH = "/api/credits"


def get(client: httpx.Client, token: str) -> httpx.Response:
    return client.get(PATH, headers={"authorization": f"Bearer {token}"})


def refused(response: httpx.Response, services: StubServices) -> dict[str, Any]:
    assert response.status_code == 401
    assert services.calls == []
    assert response.headers["www-authenticate"].startswith("Bearer")
    error: dict[str, Any] = response.json()["error"]
    assert set(error) == {"reason", "message", "requestId", "retryable"}
    assert error["reason"] == "UNAUTHENTICATED"
    assert error["requestId"] == response.headers["x-request-id"]
    assert error["retryable"] is False
    return error


def segment(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def claims() -> dict[str, Any]:
    return {"iss": ISSUER, "aud": AUDIENCE, "sub": "user-1", "iat": int(time.time()), "exp": int(time.time()) + 600}


class TestGoodTokens:
    def test_rs256_token_is_accepted_and_forwarded(
        self, anonymous: httpx.Client, keys: IssuerKeys, services: StubServices
    ) -> None:
        token = keys.token()
        assert get(anonymous, token).status_code == 200
        assert services.last().metadata["authorization"] == f"Bearer {token}"

    def test_es256_token_is_accepted(self, anonymous: httpx.Client, keys: IssuerKeys, services: StubServices) -> None:
        token = keys.token(key=keys.ec, algorithm="ES256", headers={"kid": "ec"})
        assert get(anonymous, token).status_code == 200

    def test_eddsa_token_is_accepted(self, anonymous: httpx.Client, keys: IssuerKeys, services: StubServices) -> None:
        token = keys.token(key=keys.ed, algorithm="EdDSA", headers={"kid": "ed"})
        assert get(anonymous, token).status_code == 200

    def test_clock_skew_of_half_a_minute_is_accepted(
        self, anonymous: httpx.Client, keys: IssuerKeys, services: StubServices
    ) -> None:
        now = int(time.time())
        assert get(anonymous, keys.token(exp=now - 30)).status_code == 200
        assert get(anonymous, keys.token(nbf=now + 30)).status_code == 200


class TestBadTokens:
    def test_missing_token_is_401(self, anonymous: httpx.Client, services: StubServices) -> None:
        assert refused(anonymous.get(PATH), services)["message"] == "A bearer token is required."

    @pytest.mark.parametrize("value", ["Basic dTpw", "Bearer", "Bearer x", "Bearer a.b.c", "bearer-token"])
    def test_value_that_is_not_a_token_is_401(
        self, value: str, anonymous: httpx.Client, services: StubServices
    ) -> None:
        refused(anonymous.get(PATH, headers={"authorization": value}), services)

    def test_token_in_the_address_is_401(
        self, anonymous: httpx.Client, keys: IssuerKeys, services: StubServices
    ) -> None:
        refused(anonymous.get(PATH, params={"access_token": keys.token()}), services)

    def test_expired_token_is_401(self, anonymous: httpx.Client, keys: IssuerKeys, services: StubServices) -> None:
        error = refused(get(anonymous, keys.token(exp=int(time.time()) - 120)), services)
        assert error["message"] == "The token has expired."

    def test_token_of_the_future_is_401(
        self, anonymous: httpx.Client, keys: IssuerKeys, services: StubServices
    ) -> None:
        refused(get(anonymous, keys.token(nbf=int(time.time()) + 120)), services)

    def test_token_without_exp_is_401(self, anonymous: httpx.Client, keys: IssuerKeys, services: StubServices) -> None:
        refused(get(anonymous, keys.token(exp=None)), services)

    @pytest.mark.parametrize("issuer", ["https://evil.example", "", None, ISSUER + "/"])
    def test_wrong_issuer_is_401(
        self, issuer: str | None, anonymous: httpx.Client, keys: IssuerKeys, services: StubServices
    ) -> None:
        refused(get(anonymous, keys.token(iss=issuer)), services)

    @pytest.mark.parametrize("audience", ["other", "", None, ["other"], "adwright-internal"])
    def test_wrong_audience_is_401(
        self, audience: Any, anonymous: httpx.Client, keys: IssuerKeys, services: StubServices
    ) -> None:
        error = refused(get(anonymous, keys.token(aud=audience)), services)
        assert error["message"] == "The token is for another audience."

    def test_wrong_key_is_401(self, anonymous: httpx.Client, keys: IssuerKeys, services: StubServices) -> None:
        refused(get(anonymous, keys.token(key=keys.stranger)), services)

    @pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", ""])
    def test_alg_none_is_401(self, algorithm: str, anonymous: httpx.Client, services: StubServices) -> None:
        for signature in ("", "AAAA"):
            token = f"{segment({'alg': algorithm, 'typ': 'JWT'})}.{segment(claims())}.{signature}"
            refused(get(anonymous, token), services)

    def test_public_key_is_not_accepted_as_an_hmac_secret(
        self, anonymous: httpx.Client, keys: IssuerKeys, services: StubServices
    ) -> None:
        public = keys.rsa.public_key()
        forms = [
            public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
            public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo),
            public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.PKCS1),
            keys.document().encode(),
        ]
        for secret in forms:
            signed = f"{segment({'alg': 'HS256', 'kid': 'rsa', 'typ': 'JWT'})}.{segment(claims())}"
            mac = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
            token = f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"
            refused(get(anonymous, token), services)

    @pytest.mark.parametrize(
        "header",
        [
            {"kid": "unknown"},
            {"kid": "../../../../dev/null"},
            {"kid": "' OR 1=1 --"},
            {"kid": "rsa\u0000"},
            {"kid": "ec"},
        ],
    )
    def test_unknown_kid_is_401(
        self, header: dict[str, str], anonymous: httpx.Client, keys: IssuerKeys, services: StubServices
    ) -> None:
        refused(get(anonymous, keys.token(headers=header)), services)

    def test_keys_inside_the_token_are_not_used(
        self, anonymous: httpx.Client, keys: IssuerKeys, services: StubServices
    ) -> None:
        own = jwt.algorithms.RSAAlgorithm.to_jwk(keys.stranger.public_key(), as_dict=True)
        for extra in ({"jwk": own}, {"jku": "http://127.0.0.1:1/jwks.json"}, {"x5u": "http://127.0.0.1:1/"}):
            refused(get(anonymous, keys.token(key=keys.stranger, headers={**extra, "kid": "rsa"})), services)

    def test_service_token_is_rejected(self, anonymous: httpx.Client, keys: IssuerKeys, services: StubServices) -> None:
        secret = "s" * 32
        token = jwt.encode(
            {**claims(), "iss": "adwright-services", "aud": "adwright-internal"}, secret, algorithm="HS256"
        )
        refused(get(anonymous, token), services)

    def test_changed_claims_invalidate_the_signature(
        self, anonymous: httpx.Client, keys: IssuerKeys, services: StubServices
    ) -> None:
        head, _, signature = keys.token().split(".")
        refused(get(anonymous, f"{head}.{segment({**claims(), 'sub': 'user-2'})}.{signature}"), services)


class TestPathsThatNeedAToken:
    def test_every_non_public_path_needs_a_token(
        self, routes: tuple[Route, ...], anonymous: httpx.Client, services: StubServices
    ) -> None:
        private = [route for route in routes if not route.public]
        assert len(private) > 20
        for route in private:
            response = anonymous.request(route.verb, route.path.replace("{", "").replace("}", ""))
            assert response.status_code == 401, route.path
        assert services.calls == []

    def test_public_paths_need_no_token(
        self, routes: tuple[Route, ...], anonymous: httpx.Client, services: StubServices
    ) -> None:
        public = [route for route in routes if route.public]
        found = {route.method for route in public}
        assert found == {"GetAsset", "GetVoiceSample", "GetAvatarPreview", "GetPublicKey"}
        for route in public:
            anonymous.request(route.verb, route.path.replace("{", "").replace("}", ""))
        assert [call.method for call in services.calls] == [route.method for route in public]

    @pytest.mark.parametrize(
        "path",
        ["/api/assets/../credits", "/api/assets/x/../../credits", "//api//credits", "/api/%63redits", "/api/credits/."],
    )
    def test_other_spellings_of_a_path_need_a_token(self, path: str, gateway: Any, services: StubServices) -> None:
        with httpx.Client() as client:
            response = client.send(client.build_request("GET", f"{gateway.url}/", extensions={"target": path.encode()}))
        assert response.status_code in (400, 401, 404)
        assert services.calls == []
