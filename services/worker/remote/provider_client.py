"""HTTP client of a remote engine, with limits on time, size, retries and on the origin of results.

The operator chooses the engine's URL, so it may have any host. URLs in the engine's responses are not trusted: a
result is downloaded from the engine's own origin, or through the guarded fetcher from the public internet.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO, Any, Final, TypeVar
from urllib.parse import urljoin, urlsplit

import httpx

from services.chassis.backoff import Backoff
from services.chassis.errors import Fault, InputFault, TransientFault
from services.worker.remote.fetcher import Fetcher
from services.worker.remote.remote_task import TaskNotAccepted

CONNECT_SECONDS: Final = 5.0
READ_SECONDS: Final = 60.0  # between two chunks of a response
REQUEST_SECONDS: Final = 120.0  # of one request including its upload, unless response_seconds is given
MAX_RESPONSE_BYTES: Final = 1024 * 1024
TRIES: Final = 3  # of one request; afterwards the caller decides
PAUSE_SECONDS: Final = 1.0
MAX_PAUSE_SECONDS: Final = 20.0  # also of one that the engine asks for
ASK_FOR_REPETITION: Final = frozenset({408, 425, 429})  # RFC 9110, RFC 8470, RFC 6585
DOWNLOAD_SECONDS: Final = 300.0
CONTENT_REFUSAL_MARKERS: Final = (
    "safety",
    "moderation",
    "content_policy",
    "nsfw",
    "policy violation",
    "celebrity",
    "blocked",
)

CONTENT_REFUSED_MESSAGE: Final = "The engine refused the content. Please change the text or the image."

Result = TypeVar("Result")


class TryAgain(Exception):
    """Asks `ProviderClient.repeat` for another try.

    fault: is raised when there is none. at_least_seconds: of the pause, as the engine asks. tries: limit of the request
    from now on, where this failure allows fewer than others.
    """

    def __init__(self, fault: Fault, *, at_least_seconds: float = 0.0, tries: int | None = None) -> None:
        super().__init__(str(fault))
        self.fault = fault
        self.at_least_seconds = at_least_seconds
        self.tries = tries


class ProviderClient:
    """Client of one engine's API.

    key_headers: carry the API key. They are sent to the engine's own origin only, and never appear in a message.
    """

    def __init__(
        self,
        base_url: str,
        key_headers: Mapping[str, str],
        *,
        fetcher: Fetcher | None = None,
        pause_seconds: float = PAUSE_SECONDS,
        response_seconds: float | None = None,
        connect_seconds: float = CONNECT_SECONDS,
        tries: int = TRIES,
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """response_seconds: the limit of a request, for engines whose response is the result itself. tries: of one
        request. transport, sleep, chance: the network, the pauses, and what draws their jitter (0 to 1)."""
        self.base_url = base_url.rstrip("/")
        self._key_headers = dict(key_headers)
        self._fetcher = fetcher or Fetcher()
        self._pauses = Backoff(pause_seconds, MAX_PAUSE_SECONDS)
        self._tries = tries
        self._sleep = sleep
        self._chance = chance
        self._request_seconds = response_seconds or REQUEST_SECONDS
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(response_seconds or READ_SECONDS, connect=connect_seconds),
            transport=transport,
            follow_redirects=False,
            trust_env=False,
        )

    def url(self, path: str) -> str:
        """Returns the absolute URL of a path or URL. Raises TransientFault when its origin is not the engine's."""
        absolute = urljoin(self.base_url + "/", path.lstrip("/")) if "://" not in path else path
        if _origin(absolute) != _origin(self.base_url):
            raise TransientFault("PROVIDER_UNTRUSTED", "the engine's response refers to another host")
        return absolute

    async def request_json(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        content: bytes | None = None,
        files: Mapping[str, tuple[str, bytes, str]] | None = None,
        headers: Mapping[str, str] | None = None,
        at_most_once: bool = False,
        max_bytes: int = MAX_RESPONSE_BYTES,
    ) -> Any:
        """Sends a request and returns the JSON of the response, {} when it is empty.

        body: sent as JSON. content: raw bytes instead, with their content-type in `headers`. files: a multipart form
        instead, as name: (file name, bytes, content type).
        at_most_once: for requests that cost money. The request is repeated only when the engine cannot have accepted
        it; TaskNotAccepted then states that, and any other TransientFault means that the outcome is unknown.
        Raises InputFault when the engine refuses the content, TransientFault for all other failures.
        """
        raw = await self.request_bytes(
            method,
            path,
            limit=max_bytes,
            body=body,
            content=content,
            files=files,
            headers=headers,
            at_most_once=at_most_once,
        )
        if not raw:
            return {}
        try:
            return json.loads(raw)
        except (ValueError, RecursionError):
            raise TransientFault("PROVIDER_UNINTELLIGIBLE", "the engine's response is not JSON") from None

    async def request_bytes(
        self,
        method: str,
        path: str,
        *,
        limit: int,
        body: Any = None,
        content: bytes | None = None,
        files: Mapping[str, tuple[str, bytes, str]] | None = None,
        headers: Mapping[str, str] | None = None,
        at_most_once: bool = False,
    ) -> bytes:
        """Sends a request like `request_json` and returns the raw response of at most `limit` bytes."""

        async def attempt() -> bytes:
            try:
                async with (
                    asyncio.timeout(self._request_seconds),
                    self.response(method, path, body=body, content=content, files=files, headers=headers) as response,
                ):
                    status, asked = response.status_code, retry_after_seconds(response.headers)
                    found = await read_limited(response, limit)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                name = type(error).__name__
                unreachable = TaskNotAccepted("PROVIDER_UNREACHABLE", f"the engine could not be reached ({name})")
                raise TryAgain(unreachable) from None
            except (httpx.HTTPError, TimeoutError) as error:
                name = type(error).__name__
                lost = TransientFault("PROVIDER_UNREACHABLE", f"the connection to the engine failed ({name})")
                raise lost if at_most_once else TryAgain(lost) from None
            if status < 300:
                return found
            fault = _fault_of_status(status, found)
            if not is_retryable(status) or (at_most_once and not isinstance(fault, TaskNotAccepted)):
                raise fault
            raise TryAgain(fault, at_least_seconds=min(MAX_PAUSE_SECONDS, asked or 0.0))

        return await self.repeat(attempt)

    async def repeat(self, attempt: Callable[[], Awaitable[Result]]) -> Result:
        """Returns the attempt's result. Repeats it after growing pauses while it raises TryAgain, up to the limit of
        tries; then raises the fault of the last one. Other exceptions pass unchanged."""
        limit, number = self._tries, 1
        while True:
            try:
                return await attempt()
            except TryAgain as again:
                limit = min(limit, again.tries or limit)
                if number >= limit:
                    raise again.fault from None
                pause = max(self._pauses.seconds(number, self._chance()), again.at_least_seconds)
            await self._sleep(pause)
            number += 1

    @asynccontextmanager
    async def response(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        content: bytes | None = None,
        files: Mapping[str, tuple[str, bytes, str]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> AsyncIterator[httpx.Response]:
        """Sends one request to the engine's own origin and yields the response, whose body is not read yet.

        The caller sets the deadline and bounds what it reads. Raises httpx.HTTPError and TransientFault.
        """
        request = self._client.build_request(
            method,
            self.url(path),
            json=body,
            content=content,
            files=files,
            headers={**self._key_headers, **(headers or {})},
        )
        response = await self._client.send(request, stream=True)
        try:
            yield response
        finally:
            await response.aclose()

    async def download(
        self, url: str, path: Path, *, max_bytes: int, accept: Sequence[str], seconds: float = DOWNLOAD_SECONDS
    ) -> None:
        """Downloads a result into `path`. Raises TransientFault only, as no result is the customer's fault."""
        absolute = urljoin(self.base_url + "/", url)
        with path.open("wb") as file:
            try:
                if _origin(absolute) == _origin(self.base_url):
                    async with asyncio.timeout(seconds):
                        await self._download_from_engine(absolute, file, max_bytes)
                else:
                    await self._fetcher.fetch_into(
                        file.write, absolute, max_bytes=max_bytes, timeout=seconds, accept=accept
                    )
            except InputFault as fault:
                raise TransientFault("PROVIDER_UNTRUSTED", f"the engine's result: {fault.message}") from None
            except (httpx.HTTPError, TimeoutError) as error:
                raise TransientFault(
                    "PROVIDER_UNREACHABLE", f"the engine's result could not be downloaded ({type(error).__name__})"
                ) from None

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.aclose()

    async def _download_from_engine(self, url: str, file: IO[bytes], max_bytes: int) -> None:
        async with self._client.stream("GET", url, headers=self._key_headers) as response:
            if response.status_code != 200:
                raise TransientFault("PROVIDER_FAILED", f"the engine's result has status {response.status_code}")
            size = 0
            async for part in response.aiter_bytes():
                size += len(part)
                if size > max_bytes:
                    raise TransientFault("PROVIDER_TOO_LARGE", f"the engine's result exceeds {max_bytes} bytes")
                file.write(part)


async def read_limited(response: httpx.Response, limit: int) -> bytes:
    """Reads a body of at most `limit` bytes. Raises httpx.HTTPError, and TransientFault when it is larger."""
    content = bytearray()
    async for part in response.aiter_bytes():
        content += part
        if len(content) > limit:
            raise TransientFault("PROVIDER_TOO_LARGE", f"the engine's response exceeds {limit} bytes")
    return bytes(content)


def is_retryable(status: int) -> bool:
    """Whether a request that got this status may succeed when it is sent again: 429, failures of the server, and the
    two statuses that ask for it (408, 425)."""
    return status in ASK_FOR_REPETITION or (status >= 500 and status != 501)


def retry_after_seconds(headers: httpx.Headers) -> float | None:
    """The seconds of a Retry-After header; None without one, and for a date."""
    try:
        return max(0.0, float(headers["retry-after"])) if "retry-after" in headers else None
    except ValueError:
        return None


def text_of(response: Any, *names: str) -> str:
    """Returns the text at a path of names in a JSON response. Raises TransientFault when there is none."""
    value = response
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    if not isinstance(value, str) or not value or len(value) > 4096:
        raise TransientFault("PROVIDER_UNINTELLIGIBLE", f"the engine's response lacks {'.'.join(names)}")
    return value


def is_content_refusal(message: str) -> bool:
    """Whether an engine's error message says that it refuses the content, so that retries are pointless."""
    folded = message[:4000].casefold()
    return any(marker in folded for marker in CONTENT_REFUSAL_MARKERS)


def _fault_of_status(status: int, response: bytes) -> TransientFault | InputFault:
    if status in (400, 403, 422, 451) and is_content_refusal(response[:4000].decode("utf-8", "replace")):
        return InputFault("REFUSED_BY_PROVIDER", CONTENT_REFUSED_MESSAGE)
    if status in (404, 410):
        return TaskNotAccepted("PROVIDER_GONE", f"the engine responded with status {status}")
    if status in (429, 503):  # RFC 6585 and RFC 9110: the request was not processed
        return TaskNotAccepted("PROVIDER_BUSY", f"the engine responded with status {status}")
    if status < 500 and status not in (408, 409, 425):
        return TaskNotAccepted("PROVIDER_REFUSED", f"the engine responded with status {status}")
    return TransientFault("PROVIDER_FAILED", f"the engine responded with status {status}")


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"https": 443, "http": 80}.get(parts.scheme)
