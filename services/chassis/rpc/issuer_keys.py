"""The public keys of the token issuer, fetched from its JWKS and refreshed.

Keys are fetched again when they are older than MAX_AGE_SECONDS, and when a token names an unknown key, at most once in
MIN_INTERVAL_SECONDS. When the issuer cannot be reached, the known keys stay in use.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jwt
import structlog

from services.chassis.errors import DependencyUnavailable, Unauthenticated

ALGORITHMS = ("RS256", "ES256", "EdDSA")
MAX_AGE_SECONDS = 30.0  # a withdrawn key is accepted for at most this long; the gateway fetches as often
MIN_INTERVAL_SECONDS = 5.0  # bounds the fetches that tokens with unknown key ids can cause
RETRY_SECONDS = 1.0  # between fetches while no key is known, when no token can be checked
FETCH_SECONDS = 3.0  # for the whole fetch, which calls wait for
MAX_BYTES = 1_000_000
MAX_KEYS = 100  # more than any issuer publishes; each candidate costs a signature check
NOT_ISSUERS_KEY = "The token is not signed with one of the issuer's keys."

log = structlog.get_logger()


class IssuerKeys:
    """The issuer's keys, by key id and algorithm."""

    def __init__(self, location: str, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        """location: an http:// or https:// address, or a file's path. monotonic: seconds from an arbitrary start."""
        self._location = location
        self._monotonic = monotonic
        self._keys: tuple[tuple[str, jwt.PyJWK], ...] = ()
        self._read_at = float("-inf")
        self._tried_at = float("-inf")
        self._failing = False
        self._fetching: asyncio.Task[None] | None = None
        self._tls: ssl.SSLContext | None = None

    @property
    def seconds_fresh(self) -> float:
        """Seconds for which the known keys are used before the next fetch; at least MIN_INTERVAL_SECONDS."""
        return max(MIN_INTERVAL_SECONDS, self._read_at + MAX_AGE_SECONDS - self._monotonic())

    async def candidates(self, key_id: str, algorithm: str) -> Sequence[jwt.PyJWK]:
        """Returns the keys that may have signed a token with this `kid` and `alg`: at least one.

        A token or a key without an id matches every id (RFC 7517, section 4.5). Raises Unauthenticated when the
        issuer has no such key and DependencyUnavailable when no key could be fetched yet.
        """
        found = self._matching(key_id, algorithm)
        if not found:
            await self._fetch()
        elif self._monotonic() - self._read_at > MAX_AGE_SECONDS:
            if self._failing:
                self._start_fetch()  # known keys stay in use; calls must not wait for an unavailable issuer
            else:
                await self._fetch()
        found = self._matching(key_id, algorithm)
        if found:
            return found
        if not self._keys:
            raise DependencyUnavailable("The token cannot be checked right now; try again.", retry_after_seconds=1)
        raise Unauthenticated(NOT_ISSUERS_KEY)

    def _matching(self, key_id: str, algorithm: str) -> Sequence[jwt.PyJWK]:
        return [
            key
            for known, key in self._keys
            if key.algorithm_name == algorithm and (known == key_id or not known or not key_id)
        ]

    async def _fetch(self) -> None:
        task = self._start_fetch()
        if task is not None:
            await asyncio.shield(task)

    def _start_fetch(self) -> asyncio.Task[None] | None:
        """Returns the running fetch or a new one; None when the last fetch was too recent."""
        if self._fetching is None:
            if self._monotonic() - self._tried_at < (MIN_INTERVAL_SECONDS if self._keys else RETRY_SECONDS):
                return None
            self._tried_at = self._monotonic()
            self._fetching = asyncio.create_task(self._refresh())
        return self._fetching

    async def _refresh(self) -> None:
        try:
            async with asyncio.timeout(FETCH_SECONDS):
                keys = usable_keys(json.loads(await self._read()))
            # An empty set is treated as an error of the issuer, as the gateway does: the known keys stay in use.
            if not keys:
                raise ValueError("the JWKS contains no signing key")
            self._keys, self._read_at, self._failing = keys, self._monotonic(), False
        except (OSError, ValueError, RecursionError, TimeoutError) as error:
            self._failing = True
            log.error("jwks_unreadable", location=self._location, error=repr(error), known_keys=len(self._keys))
        finally:
            self._fetching = None

    async def _read(self) -> bytes:
        if not self._location.startswith(("http://", "https://")):
            return await asyncio.to_thread(Path(self._location.removeprefix("file://")).read_bytes)
        import httpx

        if self._tls is None:
            self._tls = await asyncio.to_thread(ssl.create_default_context)
        content = bytearray()
        try:
            async with (
                httpx.AsyncClient(timeout=FETCH_SECONDS, verify=self._tls) as client,
                client.stream("GET", self._location) as response,
            ):
                response.raise_for_status()
                async for chunk in response.aiter_bytes():
                    content += chunk
                    if len(content) > MAX_BYTES:
                        raise ValueError(f"the JWKS is larger than {MAX_BYTES} bytes")
        except httpx.HTTPError as error:
            raise OSError(f"the keys cannot be fetched: {error!r}") from error
        return bytes(content)


def usable_keys(document: Any) -> tuple[tuple[str, jwt.PyJWK], ...]:
    """Returns (key id, key) of each signing key in a JWKS; the id of an entry without one is "".

    Skips encryption keys, symmetric keys and entries that cannot be parsed. Raises ValueError when the document is not
    a JWKS.
    """
    if not isinstance(document, dict) or not isinstance(document.get("keys"), list):
        raise ValueError("not a JWKS")  # noqa: TRY004 - the issuer's document is invalid, not an argument's type
    entries = document["keys"]
    found = []
    for entry in entries[:MAX_KEYS]:
        if not isinstance(entry, dict) or entry.get("use", "sig") != "sig" or entry.get("kty") == "oct":
            continue
        operations = entry.get("key_ops", ["verify"])
        if not isinstance(operations, list) or "verify" not in operations:
            continue
        try:
            key = jwt.PyJWK(entry)
        except (jwt.PyJWTError, ValueError, TypeError, KeyError, AttributeError, OverflowError):
            continue  # a key type that PyJWT does not support cannot verify a token
        if key.algorithm_name in ALGORITHMS:
            found.append((str(entry.get("kid", "")), key))
    return tuple(found)
