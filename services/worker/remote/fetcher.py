"""The guarded fetcher: the only code that fetches URLs given by customers.

It connects to public addresses only. Each connection checks the very address it connects to, after DNS resolution and
at every redirect, so DNS rebinding between check and connection has no effect. Size, time, ports and content types are
limited. Nothing is decompressed, no cookies are stored, no proxy is used.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpcore

from services.chassis.errors import InputFault, TransientFault

MAX_REDIRECTS = 3
CONNECT_SECONDS = 5.0
READ_SECONDS = 10.0
UNKNOWN_HOST_SECONDS = 2.0  # a request waits for it
MOST_LOOKUPS = 8  # of requests, at a time
KNOWN_HOST = "example.com"  # reserved by RFC 2606, and always in the public DNS
PORTS = frozenset({80, 443})
USER_AGENT = b"Adwright"
REDIRECTS = frozenset({301, 302, 303, 307, 308})
CERTAINLY_NO_NAME = frozenset({socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)})
NO_SUCH_NAME = CERTAINLY_NO_NAME | {socket.EAI_FAIL}
# Types that object storages send for any file. The decoder decides what the file is.
GENERIC_TYPES = ("application/octet-stream", "binary/octet-stream")
LOOKUP_FAILED = "NAME_LOOKUP_FAILED"
MIB = 1024 * 1024
MAX_SHOWN_TYPE_CHARACTERS = 100  # a foreign server chose the text
MAX_CAUSE_DEPTH = 10  # of an exception's chain of causes
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052: the last 32 bits are an IPv4 address

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A response: content, content type in lower case without parameters, URL after redirects."""

    content: bytes
    content_type: str
    url: str


def is_public(address: str) -> bool:
    """Whether the address is on the public internet. IPv4 addresses embedded in IPv6 (mapped, 6to4, Teredo, NAT64)
    count as the embedded address."""
    try:
        parsed: IPAddress = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address):
        inner = parsed.ipv4_mapped or parsed.sixtofour or (parsed.teredo[1] if parsed.teredo else None)
        if inner is None and parsed in NAT64:
            inner = ipaddress.IPv4Address(int(parsed) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
        if parsed.is_site_local:
            return False
    return parsed.is_global and not parsed.is_multicast and not parsed.is_reserved


async def resolve(host: str, port: int) -> Sequence[str]:
    """Resolves a host to its addresses by the system's resolver."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


_lookups = ThreadPoolExecutor(MOST_LOOKUPS, thread_name_prefix="lookup")
_free_lookups = threading.BoundedSemaphore(MOST_LOOKUPS)


async def resolve_apart(host: str, port: int) -> Sequence[str]:
    """Resolves like `resolve`, in threads of its own: a lookup cannot be ended, and a silent name server must not take
    the threads that the service works with. Raises TimeoutError at once while all of them are busy."""
    if not _free_lookups.acquire(blocking=False):
        raise TimeoutError
    try:
        lookup = _lookups.submit(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    except BaseException:
        _free_lookups.release()
        raise
    lookup.add_done_callback(lambda _: _free_lookups.release())
    return list(dict.fromkeys(str(entry[4][0]) for entry in await asyncio.wrap_future(lookup)))


async def is_unknown_host(url: str, *, lookup: Resolve = resolve_apart) -> bool:
    """Whether the host's name certainly does not exist in the public internet. In doubt, or without an answer in time,
    it may exist.

    Names of the internal network count as unknown, so that customers cannot probe it. An IP address is no name. A
    resolver that does not know KNOWN_HOST either is cut off from the public names, and its word is no evidence.
    """
    host = urlsplit(url).hostname or ""
    if is_ip_address(host):
        return False
    try:
        async with asyncio.timeout(UNKNOWN_HOST_SECONDS):
            return await _is_unknown(host, lookup) and not await _is_unknown(KNOWN_HOST, lookup)
    except TimeoutError:
        return False


async def _is_unknown(host: str, lookup: Resolve) -> bool:
    try:
        addresses = await lookup(host, 443)
    except TimeoutError:
        raise
    except UnicodeError:
        return True  # no name of the DNS has such labels
    except OSError as error:
        return isinstance(error, socket.gaierror) and error.errno in CERTAINLY_NO_NAME
    return not any(is_public(address) for address in addresses)


def is_ip_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


class AddressRefused(Exception):
    """The address is not public, or the name does not exist. One error for both, so that customers cannot probe the
    internal network."""


class LookupFailed(Exception):
    """No resolver responded, so the name may exist."""


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """A network backend that connects only to public and allowed addresses."""

    def __init__(self, lookup: Resolve, allowed: Collection[str]) -> None:
        self._lookup = lookup
        self._allowed = allowed
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                addresses = await self._lookup(host, port)
        except TimeoutError:
            raise httpcore.ConnectTimeout("the DNS lookup timed out") from None
        except OSError as error:
            if isinstance(error, socket.gaierror) and error.errno in NO_SUCH_NAME:
                raise AddressRefused from None
            raise LookupFailed from error
        # All must pass: a name with one private address may resolve to only that one next time.
        if not addresses or not all(address in self._allowed or is_public(address) for address in addresses):
            raise AddressRefused
        return await self._network.connect_tcp(addresses[0], port, timeout=timeout, socket_options=socket_options)

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.AsyncNetworkStream:
        raise AddressRefused

    async def sleep(self, seconds: float) -> None:
        await self._network.sleep(seconds)


class Fetcher:
    """Fetches URLs given by customers.

    allowed: addresses that pass although they are not public, for tests. ports: the allowed ports.
    """

    def __init__(
        self, *, lookup: Resolve = resolve, allowed: Collection[str] = (), ports: Collection[int] = PORTS
    ) -> None:
        self._backend = GuardedBackend(lookup, frozenset(allowed))
        self._ports = ports

    async def fetch(
        self, url: str, *, max_bytes: int, timeout: float, accept: Sequence[str], also: Collection[str] = ()
    ) -> Fetched:
        """Fetches `url`: at most `max_bytes`, within `timeout` seconds including redirects.

        accept: the content types to request. also: further content types to accept. Raises InputFault when the URL or
        its content is unusable, and TransientFault when the host is unavailable or fails.
        """
        content = bytearray()
        fetched = await self.fetch_into(
            content.extend, url, max_bytes=max_bytes, timeout=timeout, accept=accept, also=also
        )
        return Fetched(content=bytes(content), content_type=fetched.content_type, url=fetched.url)

    async def fetch_into(
        self,
        take: Callable[[bytes], object],
        url: str,
        *,
        max_bytes: int,
        timeout: float,
        accept: Sequence[str],
        also: Collection[str] = (),
    ) -> Fetched:
        """Fetches like `fetch`, but passes each chunk to `take` and returns no content, for large files."""
        try:
            async with asyncio.timeout(timeout):
                return await self._follow(url, max_bytes, accept, also, take)
        except TimeoutError:
            raise TransientFault(
                "FETCH_TIMED_OUT", f"The address did not respond within {timeout:g} seconds."
            ) from None
        except AddressRefused:
            raise InputFault("ADDRESS_NOT_PUBLIC", "The address is not a public internet address.") from None
        except LookupFailed:
            raise TransientFault(LOOKUP_FAILED, "The host name cannot be resolved right now.") from None
        except (httpcore.UnsupportedProtocol, httpcore.LocalProtocolError, UnicodeError, ValueError):
            raise InputFault("ADDRESS_NOT_USABLE", "The address is not a valid web address.") from None
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, ssl.SSLError) as error:
            raise _fault_of(error) from None

    async def _follow(
        self,
        url: str,
        max_bytes: int,
        accept: Sequence[str],
        also: Collection[str],
        take: Callable[[bytes], object],
    ) -> Fetched:
        async with httpcore.AsyncConnectionPool(network_backend=self._backend, http2=False, retries=0) as pool:
            for _ in range(MAX_REDIRECTS + 1):
                self._check(url)
                headers = [
                    (b"Host", urlsplit(url).netloc.rpartition("@")[2].encode("ascii")),
                    (b"User-Agent", USER_AGENT),
                    (b"Accept", ", ".join(accept).encode()),
                    (b"Accept-Encoding", b"identity"),
                ]
                timeouts = {"connect": CONNECT_SECONDS, "read": READ_SECONDS, "write": READ_SECONDS, "pool": 1.0}
                async with pool.stream("GET", url, headers=headers, extensions={"timeout": timeouts}) as response:
                    response_headers = {name.lower(): value for name, value in response.headers}
                    if response.status in REDIRECTS and b"location" in response_headers:
                        url = urljoin(url, response_headers[b"location"].decode("latin-1"))
                        continue
                    await self._read(response, response_headers, max_bytes, (*accept, *also), take)
                    return Fetched(content=b"", content_type=_content_type(response_headers), url=url)
        raise InputFault("TOO_MANY_REDIRECTS", f"Too many redirects: at most {MAX_REDIRECTS} are followed.")

    def _check(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InputFault("ADDRESS_NOT_USABLE", "The address must start with http:// or https://.")
        if parts.username is not None or parts.password is not None:
            raise InputFault("ADDRESS_NOT_USABLE", "The address must not contain a user name or password.")
        port = parts.port or (443 if parts.scheme == "https" else 80)
        if port not in self._ports:
            raise InputFault("ADDRESS_NOT_USABLE", "The address must use port 80 or 443.")

    async def _read(
        self,
        response: httpcore.Response,
        headers: dict[bytes, bytes],
        max_bytes: int,
        accept: Sequence[str],
        take: Callable[[bytes], object],
    ) -> None:
        if response.status in (408, 425, 429) or response.status >= 500:
            raise TransientFault("FETCH_FAILED", f"The address responded with status {response.status}.")
        if response.status != 200:
            raise InputFault("ADDRESS_NOT_FOUND", f"The address responded with status {response.status}.")
        content_type = _content_type(headers)
        if content_type not in accept:
            wanted = [name for name in accept if name not in GENERIC_TYPES]
            shown = content_type[:MAX_SHOWN_TYPE_CHARACTERS]
            raise InputFault("CONTENT_NOT_USABLE", f"The content type must be {' or '.join(wanted)}, but is {shown}.")
        if headers.get(b"content-encoding", b"identity").lower() not in (b"", b"identity"):
            raise InputFault("CONTENT_NOT_USABLE", "The response is compressed, which is not supported.")
        limit = InputFault("CONTENT_TOO_LARGE", f"The file may be at most {max_bytes // MIB} MiB.")
        length = headers.get(b"content-length", b"")
        if length.isdigit() and int(length) > max_bytes:
            raise limit
        received = 0
        async for chunk in response.aiter_stream():
            received += len(chunk)
            if received > max_bytes:
                raise limit
            take(chunk)


def _content_type(headers: dict[bytes, bytes]) -> str:
    """Returns the content type in lower case without parameters; application/octet-stream if absent (RFC 9110, 8.3)."""
    stated = headers.get(b"content-type", b"").decode("latin-1").partition(";")[0].strip().lower()
    return stated or GENERIC_TYPES[0]


def _fault_of(error: Exception) -> InputFault | TransientFault:
    """Returns the fault of a failed connection: InputFault for failures that a retry would repeat."""
    tls: BaseException | None = error
    for _ in range(MAX_CAUSE_DEPTH):
        if tls is None or isinstance(tls, ssl.SSLError):
            break
        tls = tls.__cause__ or tls.__context__
    if isinstance(tls, ssl.SSLCertVerificationError):
        return InputFault(
            "ADDRESS_NOT_TRUSTED", f"The TLS certificate of the address is not valid: {tls.verify_message}."
        )
    if isinstance(tls, ssl.SSLError) and not isinstance(tls, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return InputFault("ADDRESS_NOT_TRUSTED", "The TLS handshake with the address failed.")
    if isinstance(error, httpcore.TimeoutException):
        return TransientFault("FETCH_TIMED_OUT", "The address did not respond in time.")
    return TransientFault("FETCH_FAILED", "The address could not be reached, or the connection was lost.")
