"""HTTP client of a remote engine, with limits on time, size, retries and on the origin of results.

The operator chooses the engine's URL, so it may have any host. URLs in the engine's responses are not trusted: a
result is downloaded from the engine's own origin, or through the guarded fetcher from the public internet.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Final
from urllib.parse import urljoin, urlsplit

import httpx

from services.chassis.errors import InputFault, TransientFault
from services.worker.remote.fetcher import Fetcher
from services.worker.remote.remote_task import TaskNotAccepted

CONNECT_SECONDS: Final = 5.0
READ_SECONDS: Final = 60.0  # between two chunks of a response
REQUEST_SECONDS: Final = 120.0  # of one request including its upload, unless response_seconds is given
MAX_RESPONSE_BYTES: Final = 1024 * 1024
TRIES: Final = 3  # of one request; afterwards the caller decides
PAUSE_SECONDS: Final = 1.0
MAX_PAUSE_SECONDS: Final = 20.0
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
    ) -> None:
        """response_seconds: the limit of a request, for engines whose response is the result itself."""
        self.base_url = base_url.rstrip("/")
        self._key_headers = dict(key_headers)
        self._fetcher = fetcher or Fetcher()
        self._pause = pause_seconds
        self._request_seconds = response_seconds or REQUEST_SECONDS
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(response_seconds or READ_SECONDS, connect=CONNECT_SECONDS),
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
        url = self.url(path)
        all_headers = {**self._key_headers, **(headers or {})}
        for number in range(1, TRIES + 1):
            pause = self._pause * number * random.uniform(0.6, 1.4)
            request = self._client.build_request(
                method, url, json=body, content=content, files=files, headers=all_headers
            )
            try:
                async with asyncio.timeout(self._request_seconds):
                    status, response_headers, response = await self._send(request, limit)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                fault: TransientFault | InputFault = TaskNotAccepted(
                    "PROVIDER_UNREACHABLE", f"the engine could not be reached ({type(error).__name__})"
                )
            except (httpx.HTTPError, TimeoutError) as error:
                fault = TransientFault(
                    "PROVIDER_UNREACHABLE", f"the connection to the engine failed ({type(error).__name__})"
                )
                if at_most_once:
                    raise fault from None
            else:
                if status < 300:
                    return response
                fault = _fault_of_status(status, response)
                if status not in (408, 425, 429) and status < 500:
                    raise fault
                if at_most_once and not isinstance(fault, TaskNotAccepted):
                    raise fault
                pause = max(pause, min(MAX_PAUSE_SECONDS, _retry_after_seconds(response_headers.get("retry-after"))))
            if number == TRIES:
                raise fault from None
            await asyncio.sleep(pause)
        raise AssertionError("the last try returns or raises")

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

    async def _send(self, request: httpx.Request, limit: int) -> tuple[int, httpx.Headers, bytes]:
        response = await self._client.send(request, stream=True)
        try:
            content = bytearray()
            async for part in response.aiter_bytes():
                content += part
                if len(content) > limit:
                    raise TransientFault("PROVIDER_TOO_LARGE", f"the engine's response exceeds {limit} bytes")
            return response.status_code, response.headers, bytes(content)
        finally:
            await response.aclose()


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


def _retry_after_seconds(value: str | None) -> float:
    try:
        return max(0.0, float(value)) if value is not None else 0.0
    except ValueError:
        return 0.0
