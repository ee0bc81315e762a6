"""Sends signed requests to customers' addresses, under the rules of the guarded fetcher."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Collection, Mapping
from contextlib import suppress
from urllib.parse import urlsplit

import httpcore

from services.webhook.domain import Answer
from services.webhook.errors import WebhookUrlNotAllowed
from services.worker.remote.fetcher import (
    CONNECT_SECONDS,
    AddressRefused,
    GuardedBackend,
    LookupFailed,
    Resolve,
    resolve,
    resolve_apart,
)
from services.worker.remote.webhook_urls import NOT_PUBLIC, NOT_VALID, WebhookUrls

ANSWER_SECONDS = 15.0  # from the look-up of the name to the answer's status
HEAD_SECONDS = 2.0  # for the body after the status
MAX_HEAD_BYTES = 1_024  # of the answer that is read and kept; the rest is never received


class Sender:
    """Posts bodies to endpoints. Follows no redirects and connects to public addresses only.

    allow_http: also http and any port. allowed: addresses that pass although they are not public. Both are for
    development and tests.
    """

    def __init__(
        self, *, allow_http: bool = False, allowed: Collection[str] = (), lookup: Resolve | None = None
    ) -> None:
        self._urls = WebhookUrls(allow_http=allow_http, allowed=allowed, lookup=lookup or resolve_apart)
        self._backend = GuardedBackend(lookup or resolve, frozenset(allowed))

    async def check(self, url: str) -> None:
        """Checks an address when it is registered, as WebhookUrls does. Raises WebhookUrlNotAllowed."""
        if problem := await self._urls.problem_of(url):
            raise WebhookUrlNotAllowed(problem)

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
            error = NOT_VALID
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
