"""Sends signed requests to customers' addresses, under the rules of the guarded fetcher."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Collection, Mapping
from contextlib import suppress
from urllib.parse import urlsplit

import httpcore

from services.webhook.domain import Answer
from services.webhook.errors import WebhookUrlNotAllowed
from services.worker.remote.fetcher import (
    CERTAINLY_NO_NAME,
    CONNECT_SECONDS,
    AddressRefused,
    GuardedBackend,
    LookupFailed,
    Resolve,
    is_ip_address,
    is_public,
    is_unknown_host,
    resolve,
    resolve_apart,
)

ANSWER_SECONDS = 15.0  # from the look-up of the name to the answer's status
HEAD_SECONDS = 2.0  # for the body after the status
MAX_HEAD_BYTES = 1_024  # of the answer that is read and kept; the rest is never received
LOOKUP_SECONDS = 2.0  # of the check at registration
NOT_PUBLIC = "The address is not a public internet address."


class Sender:
    """Posts bodies to endpoints. Follows no redirects and connects to public addresses only.

    allow_http: also http and any port. allowed: addresses that pass although they are not public. Both are for
    development and tests.
    """

    def __init__(
        self, *, allow_http: bool = False, allowed: Collection[str] = (), lookup: Resolve | None = None
    ) -> None:
        self._allow_http = allow_http
        self._allowed = frozenset(allowed)
        self._lookup = lookup or resolve_apart
        self._backend = GuardedBackend(lookup or resolve, self._allowed)

    async def check(self, url: str) -> None:
        """Checks an address when it is registered. Raises WebhookUrlNotAllowed. A name that cannot be looked up now
        passes: each connection is checked again."""
        try:
            parts = urlsplit(url)
            port, host = parts.port, parts.hostname or ""
            url.encode("ascii")
        except ValueError:
            raise WebhookUrlNotAllowed("The address is not a valid web address.") from None
        if parts.scheme != "https" and not (self._allow_http and parts.scheme == "http"):
            raise WebhookUrlNotAllowed("The address must start with https://.")
        if not host or any(character.isspace() or not character.isprintable() for character in url):
            raise WebhookUrlNotAllowed("The address is not a valid web address.")
        if parts.username is not None or parts.password is not None:
            raise WebhookUrlNotAllowed("The address must not contain a user name or password.")
        if port not in (None, 443) and not self._allow_http:
            raise WebhookUrlNotAllowed("The address must use port 443.")
        if is_ip_address(host):
            addresses = [host]
        else:
            try:
                async with asyncio.timeout(LOOKUP_SECONDS):
                    addresses = list(await self._lookup(host, port or 443))
            except TimeoutError:
                return
            except UnicodeError:
                raise WebhookUrlNotAllowed("The address is not a valid web address.") from None
            except OSError as error:
                if not isinstance(error, socket.gaierror) or error.errno not in CERTAINLY_NO_NAME:
                    return
                if await is_unknown_host(url, lookup=self._lookup):
                    raise WebhookUrlNotAllowed(NOT_PUBLIC) from None
                return
        if not all(address in self._allowed or is_public(address) for address in addresses):
            raise WebhookUrlNotAllowed(NOT_PUBLIC)

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Posts once. Never raises for what the address does: the answer tells it."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await self._post(url, body, headers)
        except TimeoutError:
            error = f"No answer within {ANSWER_SECONDS:g} seconds."
        except AddressRefused:
            error = NOT_PUBLIC
        except LookupFailed:
            error = "The host name cannot be resolved right now."
        except (httpcore.UnsupportedProtocol, httpcore.LocalProtocolError, UnicodeError, ValueError):
            error = "The address is not a valid web address."
        except httpcore.TimeoutException:
            error = "The address did not respond in time."
        except (httpcore.NetworkError, httpcore.ProtocolError, ssl.SSLError):
            error = "The address could not be reached, its certificate is not valid, or the connection was lost."
        return Answer(status=None, head="", retry_after="", error=error)

    async def _post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        sent = [
            (b"Host", urlsplit(url).netloc.encode("ascii")),
            (b"User-Agent", b"Adwright-Webhooks"),
            (b"Content-Type", b"application/json"),
            (b"Content-Length", str(len(body)).encode()),
            *((name.encode(), value.encode()) for name, value in headers.items()),
        ]
        timeouts = {"connect": CONNECT_SECONDS, "read": ANSWER_SECONDS, "write": ANSWER_SECONDS, "pool": 1.0}
        async with (
            httpcore.AsyncConnectionPool(network_backend=self._backend, http2=False, retries=0) as pool,
            pool.stream("POST", url, headers=sent, content=body, extensions={"timeout": timeouts}) as response,
        ):
            head = bytearray()
            # The status has arrived, and it alone decides.
            with suppress(TimeoutError, httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError):
                async with asyncio.timeout(HEAD_SECONDS):
                    async for chunk in response.aiter_stream():
                        head += chunk[: MAX_HEAD_BYTES - len(head)]
                        if len(head) >= MAX_HEAD_BYTES:
                            break
            named = {name.lower(): value for name, value in response.headers}
            return Answer(
                status=response.status,
                head=head.decode("utf-8", "replace").replace("\0", "�"),
                retry_after=named.get(b"retry-after", b"").decode("latin-1"),
                error=_error_of(response.status),
            )


def _error_of(status: int) -> str:
    if 200 <= status < 300:
        return ""
    if 300 <= status < 400:
        return f"The endpoint answered {status}; redirects are not followed."
    return f"The endpoint answered {status}."
