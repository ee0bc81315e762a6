"""Calls to a remote engine's HTTP API, with bounds: time, size, tries, and where results may come from.

The address of the engine is the operator's and may be anywhere. Addresses in its answers are not: a result is fetched
from the engine's own origin, or through the guarded fetcher from the public internet.
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
from services.worker.remote.remote_task import NotOrdered

CONNECT_SECONDS: Final = 5.0
READ_SECONDS: Final = 60.0  # between two pieces of an answer
WHOLE_SECONDS: Final = 120.0  # of one request with its upload and the engine's thinking, unless it is given longer
MAX_ANSWER_BYTES: Final = 1024 * 1024
TRIES: Final = 3  # of one request; past it the caller decides
PAUSE_SECONDS: Final = 1.0
LONGEST_PAUSE_SECONDS: Final = 20.0
DOWNLOAD_SECONDS: Final = 300.0
REFUSED_WORDS: Final = ("safety", "moderation", "content_policy", "nsfw", "policy violation", "celebrity", "blocked")

REFUSED: Final = "The engine refused this for reasons of content. Change the words or the picture."


class ProviderClient:
    """One engine's API. `key_headers` carry the key: they are sent to the engine's own origin only, and are never
    part of a message."""

    def __init__(
        self,
        base_url: str,
        key_headers: Mapping[str, str],
        *,
        fetcher: Fetcher | None = None,
        pause_seconds: float = PAUSE_SECONDS,
        answer_seconds: float | None = None,
    ) -> None:
        """answer_seconds: for engines that make what is asked for before they answer."""
        self.base_url = base_url.rstrip("/")
        self._key_headers = dict(key_headers)
        self._fetcher = fetcher or Fetcher()
        self._pause = pause_seconds
        self._whole = answer_seconds or WHOLE_SECONDS
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(answer_seconds or READ_SECONDS, connect=CONNECT_SECONDS),
            follow_redirects=False,
            trust_env=False,
        )

    def url(self, path: str) -> str:
        """The address of `path`, which is the engine's own or of the same origin."""
        absolute = urljoin(self.base_url + "/", path.lstrip("/")) if "://" not in path else path
        if _origin(absolute) != _origin(self.base_url):
            raise TransientFault("PROVIDER_UNTRUSTED", "the engine's answer points to another host")
        return absolute

    async def json(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        content: bytes | None = None,
        files: Mapping[str, tuple[str, bytes, str]] | None = None,
        headers: Mapping[str, str] | None = None,
        once: bool = False,
        max_bytes: int = MAX_ANSWER_BYTES,
    ) -> Any:
        """The answer's JSON; {} when it is empty. `content` with a content-type header, or `files` (name: file name,
        bytes, type), instead of a JSON `body`.

        once: what is asked for costs money. It is asked again only when the engine cannot have taken it: then
        NotOrdered says so, and any other TransientFault says that nobody knows.
        Raises InputFault when the engine refuses the content, TransientFault for the rest.
        """
        answer = await self.read(
            method, path, limit=max_bytes, body=body, content=content, files=files, headers=headers, once=once
        )
        if not answer:
            return {}
        try:
            return json.loads(answer)
        except (ValueError, RecursionError):
            raise TransientFault("PROVIDER_UNINTELLIGIBLE", "the engine's answer was not JSON") from None

    async def read(
        self,
        method: str,
        path: str,
        *,
        limit: int,
        body: Any = None,
        content: bytes | None = None,
        files: Mapping[str, tuple[str, bytes, str]] | None = None,
        headers: Mapping[str, str] | None = None,
        once: bool = False,
    ) -> bytes:
        """As `json`, unread and of at most `limit` bytes."""
        url = self.url(path)
        asked = {**self._key_headers, **(headers or {})}
        for number in range(1, TRIES + 1):
            pause = self._pause * number * random.uniform(0.6, 1.4)
            request = self._client.build_request(method, url, json=body, content=content, files=files, headers=asked)
            try:
                async with asyncio.timeout(self._whole):
                    status, told, answer = await self._once(request, limit)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                fault: TransientFault | InputFault = NotOrdered(
                    "PROVIDER_UNREACHABLE", f"the engine could not be reached ({type(error).__name__})"
                )
            except (httpx.HTTPError, TimeoutError) as error:
                fault = TransientFault("PROVIDER_UNREACHABLE", f"the engine broke off ({type(error).__name__})")
                if once:
                    raise fault from None
            else:
                if status < 300:
                    return answer
                fault = _fault(status, answer)
                if status not in (408, 425, 429) and status < 500:
                    raise fault
                if once and not isinstance(fault, NotOrdered):
                    raise fault
                pause = max(pause, min(LONGEST_PAUSE_SECONDS, _seconds(told.get("retry-after"))))
            if number == TRIES:
                raise fault from None
            await asyncio.sleep(pause)
        raise AssertionError("the last try returns or raises")

    async def download(
        self, url: str, path: Path, *, max_bytes: int, accept: Sequence[str], seconds: float = DOWNLOAD_SECONDS
    ) -> None:
        """Puts a result into `path`. Raises TransientFault: what an engine answers is not the customer's fault."""
        absolute = urljoin(self.base_url + "/", url)
        with path.open("wb") as file:
            try:
                if _origin(absolute) == _origin(self.base_url):
                    async with asyncio.timeout(seconds):
                        await self._own(absolute, file, max_bytes)
                else:
                    await self._fetcher.fetch_into(
                        file.write, absolute, max_bytes=max_bytes, timeout=seconds, accept=accept
                    )
            except InputFault as fault:
                raise TransientFault("PROVIDER_UNTRUSTED", f"the engine's result: {fault.message}") from None
            except (httpx.HTTPError, TimeoutError) as error:
                raise TransientFault(
                    "PROVIDER_UNREACHABLE", f"the engine's result could not be fetched ({type(error).__name__})"
                ) from None

    async def close(self) -> None:
        """Ends the connections."""
        await self._client.aclose()

    async def _own(self, url: str, file: IO[bytes], max_bytes: int) -> None:
        async with self._client.stream("GET", url, headers=self._key_headers) as answer:
            if answer.status_code != 200:
                raise TransientFault("PROVIDER_FAILED", f"the engine's result answered {answer.status_code}")
            size = 0
            async for part in answer.aiter_bytes():
                size += len(part)
                if size > max_bytes:
                    raise TransientFault("PROVIDER_TOO_LARGE", f"the engine's result is over {max_bytes} bytes")
                file.write(part)

    async def _once(self, request: httpx.Request, limit: int) -> tuple[int, httpx.Headers, bytes]:
        response = await self._client.send(request, stream=True)
        try:
            content = bytearray()
            async for part in response.aiter_bytes():
                content += part
                if len(content) > limit:
                    raise TransientFault("PROVIDER_TOO_LARGE", f"the engine sent more than {limit} bytes")
            return response.status_code, response.headers, bytes(content)
        finally:
            await response.aclose()


def text_of(answer: Any, *names: str) -> str:
    """The text at a path of names in a JSON answer. Raises TransientFault when there is none."""
    value = answer
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    if not isinstance(value, str) or not value or len(value) > 4096:
        raise TransientFault("PROVIDER_UNINTELLIGIBLE", f"the engine's answer lacks {'.'.join(names)}")
    return value


def refused(words: str) -> bool:
    """Whether an engine's words say that it will not make this, however often it is asked."""
    told = words[:4000].casefold()
    return any(word in told for word in REFUSED_WORDS)


def _fault(status: int, answer: bytes) -> TransientFault | InputFault:
    if status in (400, 403, 422, 451) and refused(answer[:4000].decode("utf-8", "replace")):
        return InputFault("REFUSED_BY_PROVIDER", REFUSED)
    if status in (404, 410):
        return NotOrdered("PROVIDER_GONE", f"the engine answered {status}")
    if status in (429, 503):  # RFC 6585 and RFC 9110: not handled now
        return NotOrdered("PROVIDER_BUSY", f"the engine answered {status}")
    if status < 500 and status not in (408, 409, 425):
        return NotOrdered("PROVIDER_REFUSED", f"the engine answered {status}")
    return TransientFault("PROVIDER_FAILED", f"the engine answered {status}")


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"https": 443, "http": 80}.get(parts.scheme)


def _seconds(value: str | None) -> float:
    try:
        return max(0.0, float(value)) if value is not None else 0.0
    except ValueError:
        return 0.0
