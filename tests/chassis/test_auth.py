"""Token checks of the services themselves, without the gateway.

The attacks of tests/gateway/test_tokens.py, on the services behind the gateway.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

from services.chassis.errors import Unauthenticated
from services.chassis.rpc import auth, issuer_keys
from services.chassis.rpc.auth import SERVICE_AUDIENCE, SERVICE_ISSUER, ActingFor, ServiceIdentity, TokenVerifier
from tests.chassis.clocks import MovableClock
from tests.gateway.envoy_process import AUDIENCE, ISSUER, IssuerKeys

SECRET = "s" * 32


@pytest.fixture(scope="module")
def keys() -> IssuerKeys:
    return IssuerKeys()


@pytest.fixture
def jwks(keys: IssuerKeys, tmp_path: Path) -> Path:
    file = tmp_path / "jwks.json"
    file.write_text(keys.document(), encoding="utf-8")
    return file


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def verifier(jwks: Path, clock: MovableClock) -> TokenVerifier:
    return TokenVerifier(
        issuer=ISSUER,
        audience=AUDIENCE,
        jwks=str(jwks),
        roles_claim="roles",
        service_secret=SECRET,
        clock=clock,
        monotonic=clock.monotonic,
    )


def segment(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    whole = {"iss": ISSUER, "aud": AUDIENCE, "sub": "user-1", "iat": now, "exp": now + 600, **changes}
    return {name: value for name, value in whole.items() if value is not None}


def signed(secret: bytes, header: dict[str, Any], body: dict[str, Any]) -> str:
    text = f"{segment(header)}.{segment(body)}"
    mac = hmac.new(secret, text.encode(), hashlib.sha256).digest()
    return f"{text}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def issued(keys: IssuerKeys, body: dict[str, Any] | str) -> str:
    """Returns a token with exactly this payload, signed by the issuer."""
    payload = json.dumps(body) if isinstance(body, dict) else body
    head = base64.urlsafe_b64encode(payload.encode()).rstrip(b"=").decode()
    text = f"{segment({'alg': 'RS256', 'kid': 'rsa'})}.{head}"
    signature = keys.rsa.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{text}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def publish(jwks: Path, entries: list[dict[str, Any]]) -> None:
    jwks.write_text(json.dumps({"keys": entries}), encoding="utf-8")


async def refused(verifier: TokenVerifier, token: str) -> str:
    with pytest.raises(Unauthenticated) as caught:
        await verifier.verify(f"Bearer {token}")
    return str(caught.value)


class TestGoodTokens:
    @pytest.mark.parametrize(("kid", "name", "algorithm"), [
        ("rsa", "rsa", "RS256"), ("ec", "ec", "ES256"), ("ed", "ed", "EdDSA"),
    ])  # fmt: skip
    async def test_token_of_each_key_type_is_accepted(
        self, verifier: TokenVerifier, keys: IssuerKeys, kid: str, name: str, algorithm: str
    ) -> None:
        token = keys.token(key=getattr(keys, name), algorithm=algorithm, headers={"kid": kid})
        assert (await verifier.verify(f"Bearer {token}")).user_id == "user-1"

    async def test_only_a_list_with_the_admin_role_makes_an_admin(
        self, verifier: TokenVerifier, keys: IssuerKeys
    ) -> None:
        assert (await verifier.verify(f"Bearer {keys.token(roles=['admin'])}")).admin
        for roles in ("admin", "not-admin", {"admin": True}, ["Admin"], None, 1):
            assert not (await verifier.verify(f"Bearer {keys.token(roles=roles)}")).admin

    async def test_clock_skew_of_half_a_minute_is_tolerated(self, verifier: TokenVerifier, keys: IssuerKeys) -> None:
        now = int(time.time())
        await verifier.verify(f"Bearer {keys.token(exp=now - 30)}")
        await verifier.verify(f"Bearer {keys.token(nbf=now + 30)}")


class TestBadTokens:
    @pytest.mark.parametrize("value", ["", "Basic dTpw", "Bearer", "Bearer ", "Bearer x", "Bearer a.b.c", "x" * 20_000])
    async def test_malformed_token_is_refused(self, verifier: TokenVerifier, value: str) -> None:
        with pytest.raises(Unauthenticated):
            await verifier.verify(value)

    @pytest.mark.parametrize("change", [
        {"exp": 0}, {"exp": None}, {"nbf": 10**10}, {"iss": "https://evil.example"}, {"iss": None}, {"aud": "other"},
        {"aud": None}, {"aud": ["other"]}, {"aud": SERVICE_AUDIENCE}, {"sub": None}, {"sub": ""}, {"sub": "u" * 256},
    ], ids=str)  # fmt: skip
    async def test_wrong_or_missing_claim_is_refused(
        self, verifier: TokenVerifier, keys: IssuerKeys, change: dict[str, Any]
    ) -> None:
        await refused(verifier, jwt.encode(claims(**change), keys.rsa, algorithm="RS256", headers={"kid": "rsa"}))

    @pytest.mark.parametrize(
        "algorithm", ["none", "None", "NONE", "nOnE", "", None, [], {"RS256": 1}, "RS512", "PS256"]
    )
    async def test_alg_none_and_other_unaccepted_algorithms_are_refused(
        self, verifier: TokenVerifier, algorithm: Any
    ) -> None:
        for signature in ("", "AAAA"):
            await refused(verifier, f"{segment({'alg': algorithm, 'kid': 'rsa'})}.{segment(claims())}.{signature}")

    @pytest.mark.parametrize("algorithm", ["RS384", "RS512", "PS256"])
    async def test_issuers_key_verifies_its_own_algorithm_only(
        self, verifier: TokenVerifier, keys: IssuerKeys, algorithm: str
    ) -> None:
        await refused(verifier, keys.token(algorithm=algorithm))

    async def test_public_key_is_not_accepted_as_an_hmac_secret(
        self, verifier: TokenVerifier, keys: IssuerKeys
    ) -> None:
        public = keys.rsa.public_key()
        forms = [
            public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
            public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo),
            public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.PKCS1),
            keys.document().encode(),
        ]
        for secret in forms:
            for body in (claims(), claims(iss=SERVICE_ISSUER, aud=SERVICE_AUDIENCE)):
                await refused(verifier, signed(secret, {"alg": "HS256", "kid": "rsa", "typ": "JWT"}, body))

    async def test_symmetric_key_in_the_jwks_is_ignored(self, keys: IssuerKeys, tmp_path: Path) -> None:
        document = json.loads(keys.document())
        secret = b"public, since it is in the JWKS"
        oct_key = {
            "kty": "oct",
            "kid": "oct",
            "alg": "HS256",
            "k": base64.urlsafe_b64encode(secret).decode().rstrip("="),
        }
        file = tmp_path / "with-oct.json"
        file.write_text(json.dumps({"keys": [*document["keys"], oct_key]}), encoding="utf-8")
        verifier = TokenVerifier(
            issuer=ISSUER, audience=AUDIENCE, jwks=str(file), roles_claim="roles", service_secret=SECRET
        )
        await refused(verifier, signed(secret, {"alg": "HS256", "kid": "oct"}, claims()))
        assert (await verifier.verify(f"Bearer {keys.token()}")).user_id == "user-1"

    async def test_foreign_signature_and_changed_claims_are_refused(
        self, verifier: TokenVerifier, keys: IssuerKeys
    ) -> None:
        await refused(verifier, keys.token(key=keys.stranger))
        head, _, signature = keys.token().split(".")
        await refused(verifier, f"{head}.{segment(claims(sub='user-2'))}.{signature}")

    @pytest.mark.parametrize("kid", ["unknown", "../../../../dev/null", "' OR 1=1 --", "rsa\u0000", "ec", "ed", "oct"])
    async def test_token_with_a_wrong_kid_is_refused(self, verifier: TokenVerifier, keys: IssuerKeys, kid: str) -> None:
        await refused(verifier, keys.token(headers={"kid": kid}))

    async def test_keys_in_the_token_header_are_ignored(self, verifier: TokenVerifier, keys: IssuerKeys) -> None:
        own = jwt.algorithms.RSAAlgorithm.to_jwk(keys.stranger.public_key(), as_dict=True)
        for extra in ({"jwk": own}, {"jku": "http://127.0.0.1:1/jwks.json"}, {"x5u": "http://127.0.0.1:1/"}):
            await refused(verifier, keys.token(key=keys.stranger, headers={**extra, "kid": "rsa"}))

    @pytest.mark.parametrize("text", ["[" * 9_000, '{"alg":' * 1_000, '{"alg":1e999}', '"x"', "5", "\x00"])
    async def test_header_that_breaks_parsers_is_refused(self, verifier: TokenVerifier, text: str) -> None:
        head = base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
        await refused(verifier, f"{head}.{segment(claims())}.AAAA")


class TestServiceTokens:
    async def test_service_token_is_accepted_as_a_service_without_a_user(self, verifier: TokenVerifier) -> None:
        header = dict(ServiceIdentity("image", SECRET).metadata())["authorization"]
        found = await verifier.verify(header)
        assert (found.service, found.user_id, found.admin) == ("image", "", False)

    async def test_service_token_is_valid_for_5_minutes(self) -> None:
        token = dict(ServiceIdentity("image", SECRET).metadata())["authorization"].removeprefix("Bearer ")
        claims_of_token = jwt.decode(token, options={"verify_signature": False})
        assert claims_of_token["exp"] - claims_of_token["iat"] == 300

    @pytest.mark.parametrize("change", [
        {"iss": ISSUER}, {"aud": AUDIENCE}, {"exp": 0}, {"exp": None}, {"nbf": 10**10}, {"sub": None},
    ], ids=str)  # fmt: skip
    async def test_service_token_with_a_wrong_claim_is_refused(
        self, verifier: TokenVerifier, change: dict[str, Any]
    ) -> None:
        body = claims(**{"iss": SERVICE_ISSUER, "aud": SERVICE_AUDIENCE, "sub": "image", **change})
        await refused(verifier, signed(SECRET.encode(), {"alg": "HS256"}, body))

    async def test_service_token_of_another_secret_is_refused(self, verifier: TokenVerifier) -> None:
        body = claims(iss=SERVICE_ISSUER, aud=SERVICE_AUDIENCE, sub="image")
        await refused(verifier, signed(b"t" * 32, {"alg": "HS256"}, body))

    async def test_service_token_signed_by_the_issuer_is_refused(
        self, verifier: TokenVerifier, keys: IssuerKeys
    ) -> None:
        await refused(verifier, keys.token(iss=SERVICE_ISSUER, aud=SERVICE_AUDIENCE))


class TestActingServices:
    """A service that acts for a user after the user's request."""

    OWNER = ActingFor(user_id="user-1", api_key_id="key-1", price_list="list-1")

    async def test_token_names_the_user_the_key_and_the_promised_prices(self, verifier: TokenVerifier) -> None:
        header = dict(ServiceIdentity("campaign", SECRET).metadata(acting_for=self.OWNER))["authorization"]
        found = await verifier.verify(header)
        assert (found.user_id, found.api_key_id, found.price_list) == ("user-1", "key-1", "list-1")
        assert (found.acting_service, found.service, found.admin) == ("campaign", "", False)

    async def test_services_own_token_stays_its_own(self, verifier: TokenVerifier) -> None:
        identity = ServiceIdentity("campaign", SECRET)
        identity.metadata(acting_for=self.OWNER)
        found = await verifier.verify(dict(identity.metadata())["authorization"])
        assert (found.service, found.user_id, found.acting_service) == ("campaign", "", "")

    @pytest.mark.parametrize("user", ["", 7, "u\0", None])
    async def test_token_for_nobody_is_refused(self, verifier: TokenVerifier, user: Any) -> None:
        body = {**claims(iss=SERVICE_ISSUER, aud=SERVICE_AUDIENCE, sub="campaign"), "acting_for": user}
        await refused(verifier, signed(SECRET.encode(), {"alg": "HS256"}, body))

    async def test_claims_in_a_users_token_mean_nothing(self, verifier: TokenVerifier, keys: IssuerKeys) -> None:
        found = await verifier.verify(f"Bearer {keys.token(acting_for='user-2', api_key='k', price_list='l')}")
        assert (found.user_id, found.api_key_id, found.price_list) == ("user-1", "", "")
        assert found.acting_service == ""


class TestClaims:
    @pytest.mark.parametrize("subject", ["u\0", "a\nb", "\x7f", "\x85", "\ud800", "   ", "u" * 256, "", 7, ["u"], None])
    async def test_subject_that_cannot_be_stored_is_refused(
        self, verifier: TokenVerifier, keys: IssuerKeys, subject: Any
    ) -> None:
        assert "sub claim" in await refused(verifier, issued(keys, claims(sub=subject)))

    @pytest.mark.parametrize("subject", ["Jörg", "auth0|5f7", "a b", "用户", "u" * 255, "\U0001f600"])
    async def test_subject_with_printable_text_is_accepted(
        self, verifier: TokenVerifier, keys: IssuerKeys, subject: str
    ) -> None:
        assert (await verifier.verify(f"Bearer {issued(keys, claims(sub=subject))}")).user_id == subject

    @pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
    @pytest.mark.parametrize(
        "value", ["1e400", "Infinity", "NaN", "true", '"1999999999"', "[1]", "{}", "-1", "1" * 400, "1e300", "1e13"]
    )
    async def test_malformed_time_claim_is_named(
        self, verifier: TokenVerifier, keys: IssuerKeys, name: str, value: str
    ) -> None:
        body = json.dumps(claims(**{name: "HERE"})).replace('"HERE"', value)
        assert await refused(verifier, issued(keys, body)) == (
            f"The token's {name} claim is not a number of seconds since 1970."
        )

    @pytest.mark.parametrize("payload", ["[]", '"x"', "{", "[" * 5000, "\x00"])
    async def test_payload_that_is_not_an_object_is_refused(
        self, verifier: TokenVerifier, keys: IssuerKeys, payload: str
    ) -> None:
        assert await refused(verifier, issued(keys, payload)) == auth.UNREADABLE


class TestHeader:
    @pytest.mark.parametrize("form", ["bearer {}", "BEARER {}", "Bearer   {}", "Bearer\t{}", " Bearer {} "])
    async def test_scheme_is_accepted_in_any_case_and_spacing(
        self, verifier: TokenVerifier, keys: IssuerKeys, form: str
    ) -> None:
        assert (await verifier.verify(form.format(keys.token()))).user_id == "user-1"

    @pytest.mark.parametrize(
        ("value", "message"),
        [
            ("Bearer adw_" + "a" * 43, auth.API_KEY_MISPLACED),
            ("adw_" + "a" * 43, auth.API_KEY_MISPLACED),
            ("bearer 'adw_x'", auth.API_KEY_MISPLACED),
            ("", auth.NO_BEARER),
            ("Bearer", auth.NO_BEARER),
            ("Basic dTpw", auth.NO_BEARER),
            ("a.b.c", auth.NO_BEARER),
            ('Bearer "a.b.c"', auth.QUOTED),
            ("Bearer Bearer a.b.c", auth.QUOTED),
            ("Bearer a.b", auth.MALFORMED),
            ("Bearer e30.e30.", auth.MALFORMED),
            ("Bearer a.b.c", auth.UNREADABLE),
        ],
    )
    async def test_refusal_names_the_mistake(self, verifier: TokenVerifier, value: str, message: str) -> None:
        with pytest.raises(Unauthenticated) as refusal:
            await verifier.verify(value)
        assert str(refusal.value) == message


class TestTwoServiceSecrets:
    async def test_tokens_of_every_accepted_secret_are_accepted(self, jwks: Path) -> None:
        old, new, other = "o" * 32, "n" * 32, "x" * 32
        verifier = TokenVerifier(
            issuer=ISSUER, audience=AUDIENCE, jwks=str(jwks), roles_claim="roles", service_secret=f"{new}\n{old}",
        )  # fmt: skip
        for secret in (old, new):
            header = dict(ServiceIdentity("image", secret).metadata())["authorization"]
            assert (await verifier.verify(header)).service == "image"
        await refused(verifier, dict(ServiceIdentity("image", other).metadata())["authorization"].split()[1])


class TestCachedTokens:
    async def test_token_of_a_withdrawn_key_is_refused_after_the_next_fetch(
        self, verifier: TokenVerifier, keys: IssuerKeys, jwks: Path, clock: MovableClock
    ) -> None:
        token = keys.token(exp=int(time.time()) + 100_000)
        await verifier.verify(f"Bearer {token}")
        document = json.loads(keys.document())
        remaining = [entry for entry in document["keys"] if entry["kid"] != "rsa"]
        publish(jwks, remaining)
        clock.forward = issuer_keys.MAX_AGE_SECONDS + 1  # cached tokens expire with the keys
        await refused(verifier, token)

    async def test_token_of_a_new_key_is_accepted_without_a_restart(
        self, verifier: TokenVerifier, keys: IssuerKeys, jwks: Path, clock: MovableClock
    ) -> None:
        await verifier.verify(f"Bearer {keys.token()}")
        token = keys.token(key=keys.stranger, headers={"kid": "new"})
        await refused(verifier, token)
        entry = jwt.algorithms.RSAAlgorithm.to_jwk(keys.stranger.public_key(), as_dict=True)
        document = json.loads(keys.document())
        document["keys"].append({**entry, "kid": "new", "alg": "RS256", "use": "sig"})
        publish(jwks, document["keys"])
        clock.forward = issuer_keys.MIN_INTERVAL_SECONDS + 1
        assert (await verifier.verify(f"Bearer {token}")).user_id == "user-1"

    async def test_cached_token_is_refused_when_it_expires(
        self, verifier: TokenVerifier, keys: IssuerKeys, clock: MovableClock
    ) -> None:
        lifetime = 600 + auth.CLOCK_SKEW_SECONDS
        token = keys.token(exp=int(time.time()) + 600)
        await verifier.verify(f"Bearer {token}")
        clock.forward = lifetime - 5  # checked again and cached: for less time than the keys are fresh
        await verifier.verify(f"Bearer {token}")
        clock.forward = lifetime + 1
        with pytest.raises(Unauthenticated, match="The token has expired"):
            await verifier.verify(f"Bearer {token}")
