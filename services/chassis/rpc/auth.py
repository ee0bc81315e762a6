"""Authentication of callers: users' tokens of an OIDC issuer, and the services' own short-lived tokens.

A user's token is checked against the issuer's JWKS, with the algorithm that the key is for. A service token is an
HMAC-SHA256 JWT with its own issuer and audience. The `alg` header only chooses between the two checks, and each check
accepts its own algorithms only, so that a public key can never serve as an HMAC secret.
"""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import jwt
from cachetools import LRUCache

from services.chassis.clock import Clock, SystemClock
from services.chassis.errors import Unauthenticated
from services.chassis.observability.tracing import HEADER, current_traceparent
from services.chassis.rotating_secret import RotatingSecret
from services.chassis.rpc.issuer_keys import ALGORITHMS, NOT_ISSUERS_KEY, IssuerKeys

SERVICE_ISSUER = "adwright-services"
SERVICE_AUDIENCE = "adwright-internal"
# Claims of a service token that acts for a user.
USER_CLAIM = "acting_for"
API_KEY_CLAIM = "api_key"
PRICE_LIST_CLAIM = "price_list"
SERVICE_TOKEN_SECONDS = 300  # short, so that a leaked token is soon worthless; long enough to be reused for many calls
CLOCK_SKEW_SECONDS = 60
CACHED_TOKENS = 10_000  # about 20 MB; the least recently used token is evicted
MAX_TOKEN_LENGTH = 16_384
MAX_SUBJECT_LENGTH = 255
LATEST_TIME = 253_402_300_799  # the end of the year 9999; a later exp is in milliseconds, or means "never"

# The gateway's response.lua holds the same texts.
API_KEY_MISPLACED = "Send API keys in the X-API-Key header, not in Authorization."
NO_BEARER = "The Authorization header must be the word Bearer, a space and the token."
QUOTED = "Send the token in the Authorization header without quotes or spaces."
MALFORMED = (
    "The token is not a signed JSON Web Token: three base64url parts separated by dots, the last of which is the "
    "signature."
)
UNREADABLE = "The token cannot be read: its three parts must be base64url, and the first two JSON."
WRONG_SIGNATURE = "The token's signature is invalid."
WRONG_ALGORITHM = f"The token's algorithm (alg) is not accepted: use {', '.join(ALGORITHMS[:-1])} or {ALGORITHMS[-1]}."
EXPIRED = "The token has expired."
NOT_YET = "The token is not valid yet."
WRONG_ISSUER = "The token's issuer is not trusted."
WRONG_AUDIENCE = "The token is for another audience."


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerIdentity:
    """The caller that a token or API key names. Exactly one of `user_id` and `service` is not empty."""

    user_id: str = ""
    admin: bool = False
    service: str = ""
    api_key_id: str = ""
    """The API key of the call; empty for a token."""
    expires_at: float = 0.0
    """Seconds since 1970."""
    acting_service: str = ""
    """The service that calls for the user after the user's request; empty: the user calls."""
    price_list: str = ""
    """The price list of billing that the user was promised; empty: the current one. Only of an acting service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActingFor:
    """The user for whom a service acts after the user's request. api_key_id, price_list: as in CallerIdentity."""

    user_id: str
    api_key_id: str = ""
    price_list: str = ""


_caller: ContextVar[CallerIdentity | None] = ContextVar("caller", default=None)


def set_caller(identity: CallerIdentity | None) -> None:
    """Sets the caller of the current call. Only the interceptor does this."""
    _caller.set(identity)


def caller() -> CallerIdentity:
    """Returns the caller of the current call. Raises Unauthenticated when there is none."""
    identity = _caller.get()
    if identity is None:
        raise Unauthenticated("A token is required.")
    return identity


class ServiceIdentity:
    """Issues the tokens with which this service calls others."""

    def __init__(self, name: str, secret: str | RotatingSecret, *, clock: Clock | None = None) -> None:
        """name: the service's name, the subject of its tokens. clock: the machine's by default."""
        self._name = name
        self._clock = clock or SystemClock()
        self._secrets = RotatingSecret(secret) if isinstance(secret, str) else secret
        self._secret = ""
        self._token = ""
        self._renew_at = 0.0

    def metadata(self, request_id: str = "", *, acting_for: ActingFor | None = None) -> tuple[tuple[str, str], ...]:
        """Returns the metadata of a call to another service: token, request id and trace context.

        acting_for: the user for whom the service calls a method that permits CALLER_SERVICE_FOR_USER; None: it calls
        for itself.
        """
        now = self._clock.now().timestamp()
        if acting_for is not None:
            authorization = self._issue(now, self._secrets.signing(), acting_for)
        else:
            if now >= self._renew_at or self._secret != self._secrets.signing():
                self._secret = self._secrets.signing()
                self._token = self._issue(now, self._secret)
                self._renew_at = now + SERVICE_TOKEN_SECONDS / 2
            authorization = self._token
        metadata = [("authorization", authorization)]
        if request_id:
            metadata.append(("x-request-id", request_id))
        if traceparent := current_traceparent():
            metadata.append((HEADER, traceparent))
        return tuple(metadata)

    def _issue(self, now: float, secret: str, acting_for: ActingFor | None = None) -> str:
        claims: dict[str, Any] = {
            "iss": SERVICE_ISSUER,
            "aud": SERVICE_AUDIENCE,
            "sub": self._name,
            "iat": int(now),
            "exp": int(now) + SERVICE_TOKEN_SECONDS,
        }
        if acting_for is not None:
            claims |= {
                USER_CLAIM: acting_for.user_id,
                API_KEY_CLAIM: acting_for.api_key_id,
                PRICE_LIST_CLAIM: acting_for.price_list,
            }
        return "Bearer " + jwt.encode(claims, secret, algorithm="HS256")


class TokenVerifier:
    """Turns a bearer token into a caller. Caches verified tokens until they expire."""

    def __init__(
        self,
        *,
        issuer: str,
        audience: str,
        jwks: str,
        roles_claim: str,
        service_secret: str | RotatingSecret,
        clock: Clock | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """clock: the machine's by default. monotonic: seconds from an arbitrary start, for the age of the keys."""
        self._clock = clock or SystemClock()
        self._issuer = issuer
        self._audience = audience
        self._roles_claim = roles_claim
        self._secrets = RotatingSecret(service_secret) if isinstance(service_secret, str) else service_secret
        self._accepted = self._secrets.accepted()
        self._keys = IssuerKeys(jwks, monotonic=monotonic)
        self._verified: LRUCache[str, tuple[CallerIdentity, float]] = LRUCache(CACHED_TOKENS)

    async def verify(self, authorization: str) -> CallerIdentity:
        """Returns the caller of an Authorization header. Raises Unauthenticated, DependencyUnavailable."""
        accepted = self._secrets.accepted()
        if accepted is not self._accepted:
            self._accepted = accepted
            self._verified.clear()  # tokens of a removed secret must not stay valid by the cache
        now = self._clock.now().timestamp()
        cached = self._verified.get(authorization)
        if cached is not None:
            if cached[1] > now:
                return cached[0]
            del self._verified[authorization]
        token = bearer_token(authorization)
        parts = token.split(".")
        if len(parts) != 3 or not all(parts):
            raise Unauthenticated(MALFORMED)
        try:
            header = jwt.get_unverified_header(token)
            claims = jwt.decode(token, options={"verify_signature": False})
        except (jwt.PyJWTError, ValueError, RecursionError):
            raise Unauthenticated(UNREADABLE) from None
        if header.get("alg") == "HS256":
            identity = self._verify_service(token, claims, now)
            cached_until = identity.expires_at
        else:
            identity = await self._verify_user(token, header, claims, now)
            # Cached no longer than the keys: the token of a withdrawn key must not stay valid by the cache.
            cached_until = min(identity.expires_at, self._clock.now().timestamp() + self._keys.seconds_fresh)
        self._verified[authorization] = (identity, cached_until)
        return identity

    def _verify_service(self, token: str, claims: Mapping[str, Any], now: float) -> CallerIdentity:
        for secret in self._accepted:
            if _signed(token, secret, "HS256"):
                break
        else:
            raise Unauthenticated(NOT_ISSUERS_KEY)
        _check_claims(claims, SERVICE_ISSUER, SERVICE_AUDIENCE, now)
        if USER_CLAIM not in claims:
            return CallerIdentity(service=str(claims["sub"]), expires_at=float(claims["exp"]))
        if not _is_subject(claims[USER_CLAIM]):
            raise Unauthenticated(f"The token's {USER_CLAIM} claim is not the id of a user.")
        return CallerIdentity(
            user_id=claims[USER_CLAIM],
            api_key_id=str(claims.get(API_KEY_CLAIM, "")),
            price_list=str(claims.get(PRICE_LIST_CLAIM, "")),
            acting_service=str(claims["sub"]),
            expires_at=float(claims["exp"]),
        )

    async def _verify_user(
        self, token: str, header: Mapping[str, Any], claims: Mapping[str, Any], now: float
    ) -> CallerIdentity:
        algorithm = header.get("alg")
        if algorithm not in ALGORITHMS:
            raise Unauthenticated(WRONG_ALGORITHM)
        # Before the keys: a token with invalid claims must never cause a fetch of the keys.
        _check_claims(claims, self._issuer, self._audience, now)
        keys = await self._keys.candidates(str(header.get("kid", "")), algorithm)
        if not any(_signed(token, key, algorithm) for key in keys):
            raise Unauthenticated(WRONG_SIGNATURE)
        roles = claims.get(self._roles_claim, [])
        admin = isinstance(roles, list) and "admin" in roles
        return CallerIdentity(user_id=claims["sub"], admin=admin, expires_at=float(claims["exp"]) + CLOCK_SKEW_SECONDS)


def bearer_token(authorization: str) -> str:
    """Returns the token of an Authorization header, whose scheme is case-insensitive (RFC 9110, section 11.1).

    Raises Unauthenticated.
    """
    scheme, *rest = authorization.split(None, 1) or [""]
    token = rest[0].strip() if rest else ""
    if (token or scheme).lstrip("\"'").startswith("adw_"):
        raise Unauthenticated(API_KEY_MISPLACED)
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated(NO_BEARER)
    if any(character.isspace() or character in "\"'" for character in token):
        raise Unauthenticated(QUOTED)
    if len(token) > MAX_TOKEN_LENGTH:
        raise Unauthenticated(f"The token is longer than {MAX_TOKEN_LENGTH} characters.")
    return token


def _signed(token: str, key: jwt.PyJWK | str, algorithm: str) -> bool:
    """Whether the key signed the token with exactly this algorithm. Does not check the claims."""
    checks = ("verify_exp", "verify_nbf", "verify_iat", "verify_aud", "verify_iss", "verify_sub", "verify_jti")
    try:
        jwt.decode(token, key, algorithms=[algorithm], options=dict.fromkeys(checks, False))  # type: ignore[arg-type]
    except (jwt.PyJWTError, ValueError):
        return False
    return True


def _check_claims(claims: Mapping[str, Any], issuer: str, audience: str, now: float) -> None:
    """Raises Unauthenticated, naming the claim that is missing, malformed or wrong. now: seconds since 1970."""
    for name in ("exp", "iss", "aud", "sub"):
        if claims.get(name) is None:
            raise Unauthenticated(f"The token has no {name} claim.")
    for name in ("exp", "nbf", "iat"):
        if not _is_time(claims.get(name, 0)):
            raise Unauthenticated(f"The token's {name} claim is not a number of seconds since 1970.")
    if not isinstance(claims["iss"], str):
        raise Unauthenticated("The token's iss claim must be a string.")
    if claims["iss"] != issuer:
        raise Unauthenticated(WRONG_ISSUER)
    audiences = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    if not all(isinstance(item, str) for item in audiences):
        raise Unauthenticated("The token's aud claim must be a string or a list of strings.")
    if audience not in audiences:
        raise Unauthenticated(WRONG_AUDIENCE)
    if claims["exp"] <= now - CLOCK_SKEW_SECONDS:
        raise Unauthenticated(EXPIRED)
    if max(claims.get("nbf", 0), claims.get("iat", 0)) > now + CLOCK_SKEW_SECONDS:
        raise Unauthenticated(NOT_YET)
    if not _is_subject(claims["sub"]):
        raise Unauthenticated(
            f"The token's sub claim must be a string of 1 to {MAX_SUBJECT_LENGTH} characters without control "
            "characters."
        )


def _is_time(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return 0 <= value <= LATEST_TIME  # false for NaN and Infinity


def _is_subject(value: object) -> bool:
    if not isinstance(value, str) or not 1 <= len(value) <= MAX_SUBJECT_LENGTH or not value.strip():
        return False
    # Cc: control characters such as U+0000, which PostgreSQL cannot store. Cs: half of a surrogate pair.
    return not any(unicodedata.category(character) in ("Cc", "Cs") for character in value)
