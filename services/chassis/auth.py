"""Who calls: users' tokens of an OIDC issuer, and the services' own short-lived tokens.

A user's token is checked against the issuer's JWKS, with the algorithm the key is for; a service token is an
HMAC-SHA256 JWT with an issuer and audience of its own. The two never mix: the `alg` header only chooses which of the
two checks is made, and each check accepts its own algorithms only, so that a public key can never serve as a secret.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import OrderedDict
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
import structlog

from services.chassis.errors import Unauthenticated
from services.chassis.tracing import HEADER, carried

USER_ALGORITHMS = ("RS256", "ES256", "EdDSA")
SERVICE_ISSUER = "adwright-services"
SERVICE_AUDIENCE = "adwright-internal"
SERVICE_TOKEN_SECONDS = 300  # short enough that a leaked one is soon worthless, long enough to be reused for many calls
CLOCK_SKEW_SECONDS = 60
CACHED_TOKENS = 10_000  # about 20 MB; the least recently used one goes
JWKS_MAX_AGE_SECONDS = 300
JWKS_MIN_INTERVAL_SECONDS = 10  # a stream of tokens with unknown key ids must not become a stream of fetches
JWKS_TIMEOUT_SECONDS = 5
JWKS_MAX_BYTES = 1_000_000
MAX_TOKEN_LENGTH = 16_384

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerIdentity:
    """Whom the token or API key names. Exactly one of `user_id` and `service` is not empty."""

    user_id: str = ""
    admin: bool = False
    service: str = ""
    api_key_id: str = ""
    """The API key by which the user calls; empty: by a token."""
    expires_at: float = 0.0


_caller: ContextVar[CallerIdentity | None] = ContextVar("caller", default=None)


def set_caller(identity: CallerIdentity | None) -> None:
    """Remembers the caller for the current call. Only the interceptor does this."""
    _caller.set(identity)


def caller() -> CallerIdentity:
    """The caller of the method that is running."""
    identity = _caller.get()
    if identity is None:
        raise Unauthenticated("A token is required.")
    return identity


class ServiceIdentity:
    """Makes the tokens with which this service calls others."""

    def __init__(self, name: str, secret: str) -> None:
        self._name = name
        self._secret = secret
        self._token = ""
        self._renew_at = 0.0

    def metadata(self, request_id: str = "") -> tuple[tuple[str, str], ...]:
        """Metadata for a call to another service; the trace goes along."""
        now = time.time()
        if now >= self._renew_at:
            claims = {
                "iss": SERVICE_ISSUER,
                "aud": SERVICE_AUDIENCE,
                "sub": self._name,
                "iat": int(now),
                "exp": int(now) + SERVICE_TOKEN_SECONDS,
            }
            self._token = "Bearer " + jwt.encode(claims, self._secret, algorithm="HS256")
            self._renew_at = now + SERVICE_TOKEN_SECONDS / 2
        found = [("authorization", self._token)]
        if request_id:
            found.append(("x-request-id", request_id))
        if traceparent := carried():
            found.append((HEADER, traceparent))
        return tuple(found)


class KeySet:
    """The issuer's public keys by key id, read again when they age or an unknown id appears."""

    def __init__(self, location: str) -> None:
        self._location = location
        self._keys: dict[str, jwt.PyJWK] = {}
        self._read_at = 0.0
        self._lock = asyncio.Lock()

    async def key(self, key_id: str, algorithm: str) -> jwt.PyJWK:
        """The key with this id, if it is for this algorithm. Raises Unauthenticated."""
        if time.monotonic() - self._read_at > JWKS_MAX_AGE_SECONDS or key_id not in self._keys:
            await self._refresh(key_id)
        key = self._keys.get(key_id)
        if key is None and key_id == "" and len(self._keys) == 1:
            key = next(iter(self._keys.values()))  # an issuer with one key may leave the id out
        if key is None or key.algorithm_name != algorithm:
            raise Unauthenticated("The token is not signed with a key of the issuer.")
        return key

    async def _refresh(self, key_id: str) -> None:
        async with self._lock:
            age = time.monotonic() - self._read_at
            if self._keys and age < JWKS_MIN_INTERVAL_SECONDS:
                return
            if self._keys and key_id in self._keys and age <= JWKS_MAX_AGE_SECONDS:
                return
            try:
                document = json.loads(await self._read())
                keys = {}
                for entry in document["keys"]:
                    if entry.get("use", "sig") != "sig" or entry.get("kty") == "oct":
                        continue
                    try:
                        key = jwt.PyJWK(entry)
                    except jwt.PyJWTError:
                        continue  # a kind of key that this library does not know cannot have signed our tokens
                    if key.algorithm_name in USER_ALGORITHMS:
                        keys[str(entry.get("kid", ""))] = key
                self._keys = keys
            except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
                log.error("jwks_unreadable", location=self._location, error=repr(error))
            self._read_at = time.monotonic()

    async def _read(self) -> bytes:
        if not self._location.startswith(("http://", "https://")):
            return await asyncio.to_thread(Path(self._location.removeprefix("file://")).read_bytes)
        import httpx

        try:
            async with httpx.AsyncClient(timeout=JWKS_TIMEOUT_SECONDS) as client:
                answer = await client.get(self._location)
                answer.raise_for_status()
        except httpx.HTTPError as error:
            raise OSError(f"the keys cannot be fetched: {error!r}") from error
        if len(answer.content) > JWKS_MAX_BYTES:
            raise ValueError("the JWKS is larger than any honest one")
        return answer.content


class TokenVerifier:
    """Turns a bearer token into a caller, or refuses it. Verified tokens are remembered until they expire."""

    def __init__(self, *, issuer: str, audience: str, jwks: str, roles_claim: str, service_secret: str) -> None:
        self._issuer = issuer
        self._audience = audience
        self._roles_claim = roles_claim
        self._service_secret = service_secret
        self._keys = KeySet(jwks)
        self._verified: OrderedDict[str, tuple[CallerIdentity, float]] = OrderedDict()

    async def verify(self, authorization: str) -> CallerIdentity:
        """The caller of an Authorization header. Raises Unauthenticated."""
        remembered = self._verified.get(authorization)
        if remembered is not None:
            if remembered[1] > time.time():
                self._verified.move_to_end(authorization)
                return remembered[0]
            del self._verified[authorization]
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token or len(token) > MAX_TOKEN_LENGTH:
            raise Unauthenticated("A bearer token is required.")
        try:
            header = jwt.get_unverified_header(token)
            if header.get("alg") == "HS256":
                identity = self._verify_service(token)
            else:
                identity = await self._verify_user(token, header)
        except jwt.ExpiredSignatureError:
            raise Unauthenticated("The token has expired.") from None
        except jwt.PyJWTError as error:
            raise Unauthenticated(f"The token is not valid: {error}.") from None
        # Looked at again as often as the keys are: the token of a withdrawn key must not live on in memory.
        until = min(identity.expires_at, time.time() + JWKS_MAX_AGE_SECONDS)
        self._verified[authorization] = (identity, until)
        if len(self._verified) > CACHED_TOKENS:
            self._verified.popitem(last=False)
        return identity

    def _verify_service(self, token: str) -> CallerIdentity:
        claims = jwt.decode(
            token,
            self._service_secret,
            algorithms=["HS256"],
            issuer=SERVICE_ISSUER,
            audience=SERVICE_AUDIENCE,
            leeway=CLOCK_SKEW_SECONDS,
            options={"require": ["exp", "iat", "sub", "iss", "aud"]},
        )
        return CallerIdentity(service=str(claims["sub"]), expires_at=float(claims["exp"]))

    async def _verify_user(self, token: str, header: Mapping[str, Any]) -> CallerIdentity:
        algorithm = header.get("alg")
        if algorithm not in USER_ALGORITHMS:
            raise Unauthenticated("The token's algorithm is not accepted.")
        key = await self._keys.key(str(header.get("kid", "")), algorithm)
        claims = jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            issuer=self._issuer,
            audience=self._audience,
            leeway=CLOCK_SKEW_SECONDS,
            options={"require": ["exp", "sub", "iss", "aud"]},
        )
        subject = claims["sub"]
        if not isinstance(subject, str) or not 1 <= len(subject) <= 255:
            raise Unauthenticated("The token's subject is not usable.")
        roles = claims.get(self._roles_claim, [])
        admin = isinstance(roles, list) and "admin" in roles
        return CallerIdentity(user_id=subject, admin=admin, expires_at=float(claims["exp"]) + CLOCK_SKEW_SECONDS)
