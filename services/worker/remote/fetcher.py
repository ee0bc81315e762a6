"""The guarded fetcher: the only way in which an address that a customer gave is ever fetched.

It connects to public addresses only. The check is made on the very address that is connected to, after DNS and at
every redirect, so that a name that changes its mind between a check and a connection changes nothing. Size, time,
ports and kinds of content are bounded; nothing is decompressed, no cookie is kept, no proxy is asked.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpcore

from services.chassis.errors import InputFault, TransientFault

MAX_REDIRECTS = 3
CONNECT_SECONDS = 5.0
READ_SECONDS = 10.0
PORTS = frozenset({80, 443})
USER_AGENT = b"Adwright"
REDIRECTS = frozenset({301, 302, 303, 307, 308})
NO_SUCH_NAME = frozenset({socket.EAI_NONAME, socket.EAI_FAIL, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)})
# How servers call what holds a picture, besides its proper type: storages do so for every file, and the file decides.
LOOSE_TYPES = ("application/octet-stream", "binary/octet-stream")
LOOKUP_FAILED = "NAME_LOOKUP_FAILED"
MIB = 1024 * 1024
MAX_TYPE = 100  # characters of a content type that are shown: another's server wrote it
MAX_CAUSES = 10  # of an exception, that are looked at
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052: the last 32 bits are an IPv4 address

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What was fetched."""

    content: bytes
    content_type: str
    url: str


def is_public(address: str) -> bool:
    """Whether packets to the address leave for the public internet, through whatever form of it."""
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
    """The addresses of a host, as the system's resolver has them."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class _Refused(Exception):
    """The address may not be connected to, or its name leads nowhere: whoever asks must not learn which."""


class _LookupFailed(Exception):
    """No resolver answered: nothing is known of the name, and the address may be without fault."""


class _GuardedBackend(httpcore.AsyncNetworkBackend):
    """Connects to the addresses that pass the check, and to nothing else."""

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
            raise httpcore.ConnectTimeout("looking the name up took too long") from None
        except OSError as error:
            if isinstance(error, socket.gaierror) and error.errno in NO_SUCH_NAME:
                raise _Refused from None
            raise _LookupFailed from error
        # All of them must pass: a name with one private address is not one to be trusted with the next lookup.
        if not addresses or not all(address in self._allowed or is_public(address) for address in addresses):
            raise _Refused
        return await self._network.connect_tcp(addresses[0], port, timeout=timeout, socket_options=socket_options)

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.AsyncNetworkStream:
        raise _Refused

    async def sleep(self, seconds: float) -> None:
        await self._network.sleep(seconds)


class Fetcher:
    """Fetches what customers point at.

    allowed: addresses that pass without being public, and ports: what may be connected to. Tests set them; so does an
    operator whose pictures lie in the same network.
    """

    def __init__(
        self, *, lookup: Resolve = resolve, allowed: Collection[str] = (), ports: Collection[int] = PORTS
    ) -> None:
        self._backend = _GuardedBackend(lookup, frozenset(allowed))
        self._ports = ports

    async def fetch(
        self, url: str, *, max_bytes: int, timeout: float, accept: Sequence[str], also: Collection[str] = ()
    ) -> Fetched:
        """The content at `url`, of at most `max_bytes`, in at most `timeout` seconds for everything together.

        accept: the content types that are asked for; also: others that will do. Raises InputFault (the address or what
        is there will not do) and TransientFault (the host did not answer, or not well).
        """
        content = bytearray()
        told = await self.fetch_into(
            content.extend, url, max_bytes=max_bytes, timeout=timeout, accept=accept, also=also
        )
        return Fetched(content=bytes(content), content_type=told.content_type, url=told.url)

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
        """As `fetch`, for what is too large for memory: each piece goes to `take`, and `content` stays empty."""
        try:
            async with asyncio.timeout(timeout):
                return await self._follow(url, max_bytes, accept, also, take)
        except TimeoutError:
            raise TransientFault("FETCH_TIMED_OUT", f"The address did not answer within {timeout:g} seconds.") from None
        except _Refused:
            raise InputFault(
                "ADDRESS_NOT_PUBLIC", "The address does not lead to a host on the public internet."
            ) from None
        except _LookupFailed:
            raise TransientFault(LOOKUP_FAILED, "The name of the address cannot be looked up right now.") from None
        except (httpcore.UnsupportedProtocol, httpcore.LocalProtocolError, UnicodeError, ValueError):
            raise InputFault("ADDRESS_NOT_USABLE", "The address is not one that can be fetched.") from None
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
                async with pool.stream("GET", url, headers=headers, extensions={"timeout": timeouts}) as answer:
                    told = {name.lower(): value for name, value in answer.headers}
                    if answer.status in REDIRECTS and b"location" in told:
                        url = urljoin(url, told[b"location"].decode("latin-1"))
                        continue
                    await self._content(answer, told, max_bytes, (*accept, *also), take)
                    return Fetched(content=b"", content_type=_content_type(told), url=url)
        raise InputFault("TOO_MANY_REDIRECTS", f"The address redirects more than {MAX_REDIRECTS} times.")

    def _check(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InputFault("ADDRESS_NOT_USABLE", "The address must begin with http:// or https://.")
        if parts.username is not None or parts.password is not None:
            raise InputFault("ADDRESS_NOT_USABLE", "The address must not hold a user name or password.")
        port = parts.port or (443 if parts.scheme == "https" else 80)
        if port not in self._ports:
            raise InputFault("ADDRESS_NOT_USABLE", "The address must use the usual port of http or https.")

    async def _content(
        self,
        answer: httpcore.Response,
        told: dict[bytes, bytes],
        max_bytes: int,
        accept: Sequence[str],
        take: Callable[[bytes], object],
    ) -> None:
        if answer.status in (408, 425, 429) or answer.status >= 500:
            raise TransientFault("FETCH_FAILED", f"The address answered with status {answer.status}.")
        if answer.status != 200:
            raise InputFault("ADDRESS_NOT_FOUND", f"The address answered with status {answer.status}.")
        kind = _content_type(told)
        if kind not in accept:
            wanted = [name for name in accept if name not in LOOSE_TYPES]
            raise InputFault("CONTENT_NOT_USABLE", f"The address holds {kind[:MAX_TYPE]}, not {', '.join(wanted)}.")
        if told.get(b"content-encoding", b"identity").lower() not in (b"", b"identity"):
            raise InputFault("CONTENT_NOT_USABLE", "The address answers with compressed content only.")
        limit = InputFault("CONTENT_TOO_LARGE", f"The address holds more than {max_bytes // MIB} MiB.")
        length = told.get(b"content-length", b"")
        if length.isdigit() and int(length) > max_bytes:
            raise limit
        length_so_far = 0
        async for chunk in answer.aiter_stream():
            length_so_far += len(chunk)
            if length_so_far > max_bytes:
                raise limit
            take(chunk)


def _content_type(told: dict[bytes, bytes]) -> str:
    """In lower case and without parameters; where the server does not say it, the type of bytes (RFC 9110, 8.3)."""
    stated = told.get(b"content-type", b"").decode("latin-1").partition(";")[0].strip().lower()
    return stated or LOOSE_TYPES[0]


def _fault_of(error: Exception) -> InputFault | TransientFault:
    """The fault of a connection that failed. What the host will answer again in the same way is the address's fault."""
    tls: BaseException | None = error
    for _ in range(MAX_CAUSES):
        if tls is None or isinstance(tls, ssl.SSLError):
            break
        tls = tls.__cause__ or tls.__context__
    if isinstance(tls, ssl.SSLCertVerificationError):
        return InputFault(
            "ADDRESS_NOT_TRUSTED", f"The TLS certificate of the address is not valid: {tls.verify_message}."
        )
    if isinstance(tls, ssl.SSLError) and not isinstance(tls, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return InputFault("ADDRESS_NOT_TRUSTED", "The address does not answer with TLS that can be used.")
    if isinstance(error, httpcore.TimeoutException):
        return TransientFault("FETCH_TIMED_OUT", "The address did not answer in time.")
    return TransientFault("FETCH_FAILED", "The address could not be reached, or its host broke off.")
