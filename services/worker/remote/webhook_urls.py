"""Checks the addresses to which customers have the ends of their jobs posted, when they are given."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Collection
from urllib.parse import urlsplit

from services.worker.remote.fetcher import (
    CERTAINLY_NO_NAME,
    Resolve,
    is_ip_address,
    is_public,
    is_unknown_host,
    resolve_apart,
)

LOOKUP_SECONDS = 2.0
NOT_VALID = "The address is not a valid web address."
NOT_PUBLIC = "The address is not a public internet address."


class WebhookUrls:
    """The rules of webhooks' addresses.

    allow_http: also http and any port. allowed: IP addresses that pass although they are not public. Both are for
    development and tests.
    """

    def __init__(
        self, *, allow_http: bool = False, allowed: Collection[str] = (), lookup: Resolve = resolve_apart
    ) -> None:
        self._allow_http = allow_http
        self._allowed = frozenset(allowed)
        self._lookup = lookup

    async def problem_of(self, url: str) -> str:
        """Why nothing may be posted to the address, for the customer; empty: it may.

        A name that cannot be looked up now passes: each connection is checked again. Takes at most LOOKUP_SECONDS and
        what `is_unknown_host` takes.
        """
        try:
            parts = urlsplit(url)
            port, host = parts.port, parts.hostname or ""
            url.encode("ascii")
        except ValueError:
            return NOT_VALID
        if parts.scheme != "https" and not (self._allow_http and parts.scheme == "http"):
            return "The address must start with https://."
        if not host or any(character.isspace() or not character.isprintable() for character in url):
            return NOT_VALID
        if parts.username is not None or parts.password is not None:
            return "The address must not contain a user name or password."
        if port not in (None, 443) and not self._allow_http:
            return "The address must use port 443."
        return await self._problem_of_host(url, host, port or 443)

    async def _problem_of_host(self, url: str, host: str, port: int) -> str:
        addresses = [host]
        if not is_ip_address(host):
            try:
                async with asyncio.timeout(LOOKUP_SECONDS):
                    addresses = list(await self._lookup(host, port))
            except TimeoutError:
                return ""
            except UnicodeError:
                return NOT_VALID
            except OSError as error:
                if not isinstance(error, socket.gaierror) or error.errno not in CERTAINLY_NO_NAME:
                    return ""
                return NOT_PUBLIC if await is_unknown_host(url, lookup=self._lookup) else ""
        passes = all(address in self._allowed or is_public(address) for address in addresses)
        return "" if passes else NOT_PUBLIC
