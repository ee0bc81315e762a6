"""An identity provider, over real HTTP, that changes its keys, fails, and publishes entries that are no keys."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from gateway.settings import GatewaySettings
from services.chassis.errors import DependencyUnavailable, Unauthenticated
from services.chassis.rpc import issuer_keys
from services.chassis.rpc.auth import TokenVerifier
from tests.gateway.envoy_process import AUDIENCE, ISSUER, IssuerKeys, running_gateway
from tests.gateway.stub_services import StubServices
from tests.support import until

WAIT_SECONDS = 30.0
Entry = dict[str, Any]


class Provider:
    """Serves the JWKS that a test sets, and counts its fetches."""

    def __init__(self) -> None:
        self.entries: Sequence[Any] = ()
        self.status = 200
        self.fetches = 0
        self.clock = Clock()
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.fetches += 1
                body = json.dumps({"keys": list(provider.entries)}).encode()
                self.send_response(provider.status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                """Logs nothing, to keep the test's output readable."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/jwks.json"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Clock:
    """A clock that a test advances."""

    def __init__(self) -> None:
        self.forward = 0.0

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.forward)

    def monotonic(self) -> float:
        return time.monotonic() + self.forward


@pytest.fixture
def provider() -> Iterator[Provider]:
    found = Provider()
    yield found
    found.stop()


@pytest.fixture
def clock(provider: Provider) -> Clock:
    return provider.clock


@pytest.fixture(scope="module")
def a() -> Any:
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture(scope="module")
def b() -> Any:
    return rsa.generate_private_key(65537, 2048)


def public(key: Any, **changes: Any) -> Entry:
    """The key's entry in a JWKS, for RS256, ES256 or EdDSA; None leaves a member out."""
    kinds: list[tuple[type, Any, str]] = [
        (rsa.RSAPrivateKey, jwt.algorithms.RSAAlgorithm, "RS256"),
        (ec.EllipticCurvePrivateKey, jwt.algorithms.ECAlgorithm, "ES256"),
        (ed25519.Ed25519PrivateKey, jwt.algorithms.OKPAlgorithm, "EdDSA"),
    ]
    algorithm, name = next((found, name) for kind, found, name in kinds if isinstance(key, kind))
    entry = {**algorithm.to_jwk(key.public_key(), as_dict=True), "use": "sig", "alg": name, **changes}
    return {member: value for member, value in entry.items() if value is not None}


def token(keys: IssuerKeys, key: Any, kid: str | None, algorithm: str = "RS256") -> str:
    return keys.token(key=key, algorithm=algorithm, headers={"kid": kid} if kid else {"kid": ""})


def verifier_of(provider: Provider) -> TokenVerifier:
    return TokenVerifier(
        issuer=ISSUER,
        audience=AUDIENCE,
        jwks=provider.url,
        roles_claim="roles",
        service_secret="s" * 32,
        clock=provider.clock,
        monotonic=provider.clock.monotonic,
    )


async def passes(verifier: TokenVerifier, value: str) -> bool:
    try:
        return bool((await verifier.verify(f"Bearer {value}")).user_id)
    except Unauthenticated:
        return False


def odd_entries() -> list[Any]:
    """Entries of a JWKS that are no signature keys."""
    spare = rsa.generate_private_key(65537, 2048)
    return [
        public(spare, kid="encryption", use="enc", alg=None),
        public(spare, kid="oaep", use="enc", alg="RSA-OAEP"),
        public(spare, kid="oaep", use=None, alg="RSA-OAEP-256"),
        {"kty": "oct", "kid": "secret", "k": "c2VjcmV0"},
        {"kty": "EC", "crv": "P-521", "kid": "large", "x": "AA", "y": "AA"},
        {"kty": "EC", "crv": "P-256", "kid": "cut", "x": "AA"},
        {"kty": "RSA", "kid": "number", "n": 5, "e": "AQAB"},
        {"kty": "AKP", "kid": "of tomorrow", "alg": "ML-DSA-44", "pub": "AA"},
        {},
    ]


class TestGateway:
    @pytest.fixture
    def status(
        self, settings: dict[str, Any], provider: Provider, a: Any, services: StubServices, tmp_path: Path
    ) -> Iterator[Callable[[str], int]]:
        """The status that a token gets at a gateway that fetches keys every second."""
        provider.entries = [public(a, kid="A")]
        often = GatewaySettings(**{**settings, "token_jwks": provider.url, "token_keys_seconds": 1})
        with running_gateway(often, tmp_path) as found, httpx.Client(base_url=found.url) as client:
            yield lambda value: client.get("/api/prices", headers={"authorization": f"Bearer {value}"}).status_code

    def test_new_key_is_accepted_and_withdrawn_key_rejected(
        self, status: Callable[[str], int], provider: Provider, keys: IssuerKeys, a: Any, b: Any
    ) -> None:
        of_a, of_b = token(keys, a, "A"), token(keys, b, "B")
        until(lambda: status(of_a) == 200)
        assert status(of_b) == 401
        provider.entries = [public(a, kid="A"), public(b, kid="B")]
        until(lambda: status(of_b) == 200)
        assert status(of_a) == 200
        provider.entries = [public(b, kid="B")]
        until(lambda: status(of_a) == 401)
        assert status(of_b) == 200

    @pytest.mark.parametrize("fault", ["503", "empty"])
    def test_cached_keys_stay_in_use_while_the_provider_fails(
        self, status: Callable[[str], int], provider: Provider, keys: IssuerKeys, a: Any, fault: str
    ) -> None:
        of_a = token(keys, a, "A")
        until(lambda: status(of_a) == 200)
        if fault == "503":
            provider.status = 503
        else:
            provider.entries = []
        before = provider.fetches
        until(lambda: provider.fetches >= before + 3)  # the cached keys have exceeded their maximum age
        assert status(of_a) == 200

    def test_entries_without_a_signature_key_are_ignored(
        self, status: Callable[[str], int], provider: Provider, keys: IssuerKeys, a: Any
    ) -> None:
        on_curve, edwards = ec.generate_private_key(ec.SECP256R1()), ed25519.Ed25519PrivateKey.generate()
        provider.entries = [
            *odd_entries(),
            public(a, kid=None, alg=None),
            *odd_entries(),
            public(on_curve, kid="curve", alg=None, use=None),
            public(edwards, kid="edwards", alg=None, use=None),
        ]
        until(lambda: status(token(keys, on_curve, "curve", "ES256")) == 200)
        assert status(token(keys, edwards, "edwards", "EdDSA")) == 200
        for kid in ("A", None):
            assert status(token(keys, a, kid)) == 200
        assert status(token(keys, keys.stranger, "A")) == 401

    def test_tokens_get_503_before_the_first_keys_are_fetched(
        self,
        settings: dict[str, Any],
        provider: Provider,
        keys: IssuerKeys,
        a: Any,
        services: StubServices,
        tmp_path: Path,
    ) -> None:
        provider.status = 503
        given = GatewaySettings(**{**settings, "token_jwks": provider.url})
        headers = {"authorization": f"Bearer {token(keys, a, 'A')}"}
        with running_gateway(given, tmp_path, with_keys=False) as found, httpx.Client(base_url=found.url) as client:
            response = client.get("/api/prices", headers=headers)
            assert response.status_code == 503
            assert response.json()["error"]["retryable"] is True
            assert response.json()["error"]["requestId"] == response.headers["x-request-id"]
            provider.status, provider.entries = 200, [public(a, kid="A")]
            until(lambda: client.get("/api/prices", headers=headers).status_code == 200)


class TestServices:
    async def test_new_key_is_fetched_when_a_token_names_its_id(
        self, provider: Provider, keys: IssuerKeys, a: Any, b: Any, clock: Clock
    ) -> None:
        verifier = verifier_of(provider)
        provider.entries = [public(a, kid="A")]
        assert await passes(verifier, token(keys, a, "A"))
        provider.entries = [public(a, kid="A"), public(b, kid="B")]
        clock.forward += issuer_keys.MIN_INTERVAL_SECONDS + 1
        assert await passes(verifier, token(keys, b, "B"))
        assert provider.fetches == 2

    async def test_withdrawn_key_is_rejected_after_the_maximum_age(
        self, provider: Provider, keys: IssuerKeys, a: Any, b: Any, clock: Clock
    ) -> None:
        verifier, of_a = verifier_of(provider), token(keys, a, "A")
        provider.entries = [public(a, kid="A"), public(b, kid="B")]
        assert await passes(verifier, token(keys, b, "B"))
        clock.forward += issuer_keys.MAX_AGE_SECONDS - 1
        assert await passes(verifier, of_a)  # cached from now on, at most as long as the keys
        provider.entries = [public(b, kid="B")]
        clock.forward += issuer_keys.MIN_INTERVAL_SECONDS + 2
        assert not await passes(verifier, of_a)
        assert issuer_keys.MAX_AGE_SECONDS + issuer_keys.MIN_INTERVAL_SECONDS < 60

    async def test_many_unknown_key_ids_cause_a_single_fetch(
        self, provider: Provider, keys: IssuerKeys, a: Any, clock: Clock
    ) -> None:
        verifier = verifier_of(provider)
        provider.entries = [public(a, kid="A")]
        assert await passes(verifier, token(keys, a, "A"))
        clock.forward += issuer_keys.MIN_INTERVAL_SECONDS + 1
        junk = [keys.token(key=keys.stranger, headers={"kid": f"K{number}"}, iss="https://x") for number in range(20)]
        junk += [keys.token(key=keys.stranger, headers={"kid": f"K{number}"}, exp=1) for number in range(20)]
        assert not any(await asyncio.gather(*(passes(verifier, value) for value in junk)))
        assert provider.fetches == 1
        unknown = [keys.token(key=keys.stranger, headers={"kid": f"K{number}"}) for number in range(60)]
        assert not any(await asyncio.gather(*(passes(verifier, value) for value in unknown)))
        assert provider.fetches == 2

    @pytest.mark.parametrize("fault", ["503", "empty", "not keys"])
    async def test_cached_keys_stay_in_use_while_the_provider_fails(
        self, provider: Provider, keys: IssuerKeys, a: Any, clock: Clock, fault: str
    ) -> None:
        verifier, of_a = verifier_of(provider), token(keys, a, "A")
        provider.entries = [public(a, kid="A")]
        assert await passes(verifier, of_a)
        if fault == "503":
            provider.status = 503
        else:
            provider.entries = [] if fault == "empty" else [5, "x", None]
        for _ in range(5):
            clock.forward += issuer_keys.MAX_AGE_SECONDS + 1
            assert await passes(
                verifier, keys.token(key=a, headers={"kid": "A"}, exp=int(clock.now().timestamp()) + 60)
            )
        provider.status, provider.entries = 200, [public(keys.rsa, kid="rsa")]
        clock.forward += issuer_keys.MIN_INTERVAL_SECONDS + 1
        withdrawn = keys.token(key=a, headers={"kid": "A"}, exp=int(clock.now().timestamp()) + 86_400)
        async with asyncio.timeout(WAIT_SECONDS):
            while await passes(verifier, withdrawn):
                await asyncio.sleep(0.05)  # a thread fetches the keys
                clock.forward += issuer_keys.MIN_INTERVAL_SECONDS  # a checked token is cached for as long

    async def test_entries_without_a_signature_key_are_ignored(
        self, provider: Provider, keys: IssuerKeys, a: Any
    ) -> None:
        on_curve, edwards = ec.generate_private_key(ec.SECP256R1()), ed25519.Ed25519PrivateKey.generate()
        provider.entries = [
            5,
            *odd_entries(),
            public(a, kid=None, alg=None),
            public(on_curve, kid="curve", alg=None, use=None),
            public(edwards, kid="edwards", alg=None, use=None),
        ]
        verifier = verifier_of(provider)
        assert await passes(verifier, token(keys, on_curve, "curve", "ES256"))
        assert await passes(verifier, token(keys, edwards, "edwards", "EdDSA"))
        for kid in ("A", None):
            assert await passes(verifier, token(keys, a, kid))
        assert not await passes(verifier, token(keys, keys.stranger, "A"))

    async def test_unreachable_provider_gives_503_and_not_401(
        self, provider: Provider, keys: IssuerKeys, a: Any
    ) -> None:
        provider.status = 503
        with pytest.raises(DependencyUnavailable) as refused:
            await verifier_of(provider).verify(f"Bearer {token(keys, a, 'A')}")
        assert refused.value.retryable
