"""Remote engines: they make the scene, the compositor sets product, type and button on it.

Image models misspell and cannot keep a price, so no remote picture is ever delivered as it comes. Each source speaks
one public HTTP protocol; `RemoteImageProvider` puts any of them before the local compositor.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import ipaddress
import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import urljoin, urlsplit

import httpx

from services.chassis.errors import InputFault, TransientFault
from services.image.domain import AspectRatio, ImageBrief, MadeImage
from services.image.providers import Report
from services.image.providers.local import LocalImageProvider

CONNECT_SECONDS: Final = 5.0
READ_SECONDS: Final = 90.0  # one generation answered in place
MAX_SCENE_BYTES: Final = 20 * 1024 * 1024
MAX_ANSWER_BYTES: Final = 40 * 1024 * 1024  # base64 of the largest scene, and the JSON around it
TRIES: Final = 3  # of one request; past it the job's own attempts take over
PAUSE_SECONDS: Final = 1.0
POLLS: Final = 150
POLL_SECONDS: Final = 1.0
REFUSED_WORDS: Final = ("safety", "moderation", "content_policy", "nsfw", "policy violation", "blocked")

REFUSED: Final = "The image model refused this picture for safety reasons. Change the prompt or the product's text."


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteSettings:
    """Where a remote engine is and which model to ask. The key never appears in repr, logs or errors."""

    base_url: str
    model: str
    key: str = ""
    poll_seconds: float = POLL_SECONDS
    pause_seconds: float = PAUSE_SECONDS

    def __repr__(self) -> str:
        return f"RemoteSettings(base_url={self.base_url!r}, model={self.model!r})"


class SceneSource(Protocol):
    """Makes one scene. Raises InputFault when the model refuses, TransientFault for anything that may pass."""

    name: str

    async def scene(self, prompt: str, ratio: AspectRatio, report: Report) -> bytes: ...

    async def close(self) -> None: ...


class RemoteImageProvider:
    """A remote scene under the local compositor's product and type."""

    def __init__(self, source: SceneSource, compositor: LocalImageProvider) -> None:
        self.name = source.name
        self._source = source
        self._compositor = compositor

    async def render(self, brief: ImageBrief, folder: Path, report: Report) -> MadeImage:
        """As ImageProvider has it."""
        report(3, "asking for a scene")
        content = await self._source.scene(scene_prompt(brief), brief.aspect_ratio, report)
        path = folder / "scene"
        await asyncio.to_thread(path.write_bytes, content)
        try:
            return await self._compositor.compose(brief, folder, report, scene=path, provider=self.name)
        finally:
            path.unlink(missing_ok=True)

    async def close(self) -> None:
        """Ends connections and the compositor's process."""
        await self._source.close()
        await self._compositor.close()


def scene_prompt(brief: ImageBrief) -> str:
    """What the model is asked for: an empty stage, for product and words come later."""
    parts = [
        f"Empty advertising backdrop for {brief.product_name}, {brief.style.value.replace('_', ' ')} style",
        brief.prompt.strip(),
        f"in tones of {', '.join(brief.brand_colours)}" if brief.brand_colours else "",
        "calm area for text, a free surface for the product, no text, no letters, no logo, no people, no product",
    ]
    return ". ".join(part for part in parts if part)[:1800]


class _Caller:
    """HTTP with bounds: retries on 429, 5xx and broken connections only, answers limited in size."""

    def __init__(self, settings: RemoteSettings, headers: Mapping[str, str]) -> None:
        self.settings = settings
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS), headers=dict(headers), follow_redirects=False
        )

    def url(self, path: str) -> str:
        return self.settings.base_url.rstrip("/") + path

    async def json(self, method: str, url: str, *, body: Any = None, headers: Mapping[str, str] | None = None) -> Any:
        content = await self._bytes(method, url, MAX_ANSWER_BYTES, body=body, headers=headers)
        try:
            return json.loads(content)
        except ValueError:
            raise TransientFault("PROVIDER_UNINTELLIGIBLE", "the image model's answer was not JSON") from None

    async def download(self, url: str) -> bytes:
        """A result. Its address comes from outside: http(s) only, and no private address but the engine's own host."""
        absolute = urljoin(self.settings.base_url, url)
        target, own = urlsplit(absolute), urlsplit(self.settings.base_url)
        if target.scheme not in ("http", "https") or not target.hostname:
            raise TransientFault(
                "PROVIDER_UNINTELLIGIBLE", "the image model's result has no address that can be fetched"
            )
        if target.hostname != own.hostname and _is_inside(target.hostname):
            raise TransientFault("PROVIDER_UNTRUSTED", "the image model's result points into the private network")
        same = (target.scheme, target.hostname, target.port) == (own.scheme, own.hostname, own.port)
        return await self._bytes("GET", absolute, MAX_SCENE_BYTES, keyed=same)

    async def close(self) -> None:
        await self._client.aclose()

    async def _bytes(
        self,
        method: str,
        url: str,
        limit: int,
        *,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        keyed: bool = True,
    ) -> bytes:
        for number in range(1, TRIES + 1):
            try:
                status, content = await self._once(method, url, limit, body, headers, keyed)
            except httpx.HTTPError as error:
                if number == TRIES:
                    raise TransientFault(
                        "PROVIDER_UNREACHABLE", f"the image model could not be reached ({type(error).__name__})"
                    ) from None
            else:
                if status < 300:
                    return content
                if status not in (408, 429) and status < 500:
                    raise _refusal(status, content)
                if number == TRIES:
                    raise TransientFault("PROVIDER_BUSY", f"the image model answered {status} {TRIES} times")
            await asyncio.sleep(self.settings.pause_seconds * number * random.uniform(0.6, 1.4))
        raise AssertionError("the last try returns or raises")

    async def _once(
        self, method: str, url: str, limit: int, body: Any, headers: Mapping[str, str] | None, keyed: bool
    ) -> tuple[int, bytes]:
        request = self._client.build_request(method, url, json=body, headers=dict(headers or {}))
        if not keyed:  # a foreign host is not shown the key
            request.headers.pop("authorization", None)
        response = await self._client.send(request, stream=True)
        try:
            content = bytearray()
            async for part in response.aiter_bytes():
                content += part
                if len(content) > limit:
                    raise TransientFault("PROVIDER_TOO_LARGE", f"the image model sent more than {limit} bytes")
            return response.status_code, bytes(content)
        finally:
            await response.aclose()


class OpenAIImages:
    """`POST {base}/images/generations`, as OpenAI and compatible servers have it."""

    name = "openai"
    SIZES: Final = {
        AspectRatio.SQUARE: "1024x1024",
        AspectRatio.LANDSCAPE: "1536x1024",
        AspectRatio.PORTRAIT: "1024x1536",
        AspectRatio.STORY: "1024x1536",
    }

    def __init__(self, settings: RemoteSettings) -> None:
        self._caller = _Caller(settings, {"authorization": f"Bearer {settings.key}"})

    async def scene(self, prompt: str, ratio: AspectRatio, report: Report) -> bytes:
        body = {"model": self._caller.settings.model, "prompt": prompt, "n": 1, "size": self.SIZES[ratio]}
        answer = await self._caller.json("POST", self._caller.url("/images/generations"), body=body)
        entry = _first(answer.get("data") if isinstance(answer, dict) else None)
        if isinstance(entry, dict) and isinstance(entry.get("b64_json"), str):
            return _from_base64(entry["b64_json"])
        if isinstance(entry, dict) and isinstance(entry.get("url"), str):
            return await self._caller.download(entry["url"])
        raise TransientFault("PROVIDER_UNINTELLIGIBLE", "the image model's answer holds no picture")

    async def close(self) -> None:
        await self._caller.close()


class Replicate:
    """`POST {base}/v1/models/{owner}/{name}/predictions`, then polled until it ends."""

    name = "replicate"

    def __init__(self, settings: RemoteSettings) -> None:
        self._caller = _Caller(settings, {"authorization": f"Bearer {settings.key}"})

    async def scene(self, prompt: str, ratio: AspectRatio, report: Report) -> bytes:
        settings = self._caller.settings
        answer = await self._caller.json(
            "POST",
            self._caller.url(f"/v1/models/{settings.model}/predictions"),
            body={"input": {"prompt": prompt, "aspect_ratio": ratio.value}},
        )
        identity = _text(answer, "id")
        for number in range(POLLS):
            status = _text(answer, "status")
            if status == "succeeded":
                output = answer.get("output")
                link = output if isinstance(output, str) else _first(output)
                if isinstance(link, str):
                    return await self._caller.download(link)
                raise TransientFault("PROVIDER_UNINTELLIGIBLE", "the image model's answer holds no picture")
            if status in ("failed", "canceled"):
                raise _failure(str(answer.get("error") or status))
            report(min(18, 4 + number), "waiting for the scene")
            await asyncio.sleep(settings.poll_seconds)
            answer = await self._caller.json("GET", self._caller.url(f"/v1/predictions/{identity}"))
        raise TransientFault("PROVIDER_TIMED_OUT", "the image model did not finish in time")

    async def close(self) -> None:
        await self._caller.close()


class Fal:
    """The fal queue: `POST {base}/{model}`, then the addresses it answers with."""

    name = "fal"
    SIZES: Final = {
        AspectRatio.SQUARE: "square_hd",
        AspectRatio.LANDSCAPE: "landscape_16_9",
        AspectRatio.PORTRAIT: "portrait_4_3",
        AspectRatio.STORY: "portrait_16_9",
    }

    def __init__(self, settings: RemoteSettings) -> None:
        self._caller = _Caller(settings, {"authorization": f"Key {settings.key}"})

    async def scene(self, prompt: str, ratio: AspectRatio, report: Report) -> bytes:
        settings = self._caller.settings
        answer = await self._caller.json(
            "POST",
            self._caller.url(f"/{settings.model}"),
            body={"prompt": prompt, "image_size": self.SIZES[ratio], "num_images": 1},
        )
        status_url, response_url = (self._own(_text(answer, name)) for name in ("status_url", "response_url"))
        for number in range(POLLS):
            status = _text(await self._caller.json("GET", status_url), "status")
            if status == "COMPLETED":
                break
            if status not in ("IN_QUEUE", "IN_PROGRESS"):
                raise _failure(status)
            report(min(18, 4 + number), "waiting for the scene")
            await asyncio.sleep(settings.poll_seconds)
        else:
            raise TransientFault("PROVIDER_TIMED_OUT", "the image model did not finish in time")
        result = await self._caller.json("GET", response_url)
        if any(result.get("has_nsfw_concepts") or ()):
            raise InputFault("REFUSED_BY_MODEL", REFUSED)
        return await self._caller.download(_text(_first(result.get("images")), "url"))

    def _own(self, url: str) -> str:
        """The queue's addresses carry the key, so they must be the queue's own."""
        if urlsplit(url).hostname != urlsplit(self._caller.settings.base_url).hostname:
            raise TransientFault("PROVIDER_UNTRUSTED", "the image model's queue points to another host")
        return url

    async def close(self) -> None:
        await self._caller.close()


class ComfyUI:
    """A ComfyUI server with the operator's workflow (API format), whose texts may hold {prompt}, {width}, {height}."""

    name = "comfyui"

    def __init__(
        self, settings: RemoteSettings, workflow: str, *, number: Callable[[], int] = lambda: random.getrandbits(32)
    ) -> None:
        self._caller = _Caller(settings, {})
        self._workflow = json.loads(workflow)
        self._number = number

    async def scene(self, prompt: str, ratio: AspectRatio, report: Report) -> bytes:
        width, height = ratio.pixels
        values = {"{prompt}": prompt, "{width}": width, "{height}": height, "{seed}": self._number()}
        answer = await self._caller.json(
            "POST",
            self._caller.url("/prompt"),
            body={"prompt": _filled(self._workflow, values), "client_id": "adwright"},
        )
        identity = _text(answer, "prompt_id")
        for number in range(POLLS):
            history = await self._caller.json("GET", self._caller.url(f"/history/{identity}"))
            entry = history.get(identity) if isinstance(history, dict) else None
            if isinstance(entry, dict):
                if entry.get("status", {}).get("status_str") == "error":
                    raise _failure("the workflow failed")
                images = [image for node in entry.get("outputs", {}).values() for image in node.get("images", ())]
                if images:
                    query = httpx.QueryParams(
                        {key: str(images[0].get(key, "")) for key in ("filename", "subfolder", "type")}
                    )
                    return await self._caller.download(self._caller.url(f"/view?{query}"))
            report(min(18, 4 + number), "waiting for the scene")
            await asyncio.sleep(self._caller.settings.poll_seconds)
        raise TransientFault("PROVIDER_TIMED_OUT", "the image model did not finish in time")

    async def close(self) -> None:
        await self._caller.close()


def _filled(node: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(node, dict):
        return {key: _filled(value, values) for key, value in node.items()}
    if isinstance(node, list):
        return [_filled(value, values) for value in node]
    if isinstance(node, str):
        if node in values:  # alone in its field a number stays a number
            return values[node]
        for name, value in values.items():
            node = node.replace(name, str(value))
    return node


def _first(values: Any) -> Any:
    return values[0] if isinstance(values, list) and values else None


def _text(answer: Any, name: str) -> str:
    value = answer.get(name) if isinstance(answer, dict) else None
    if not isinstance(value, str) or not value:
        raise TransientFault("PROVIDER_UNINTELLIGIBLE", f"the image model's answer lacks {name}")
    return value


def _from_base64(text: str) -> bytes:
    try:
        content = base64.b64decode(text, validate=True)
    except binascii.Error:
        raise TransientFault("PROVIDER_UNINTELLIGIBLE", "the image model's picture is not base64") from None
    if len(content) > MAX_SCENE_BYTES:
        raise TransientFault("PROVIDER_TOO_LARGE", f"the image model sent more than {MAX_SCENE_BYTES} bytes")
    return content


def _refusal(status: int, content: bytes) -> InputFault | TransientFault:
    words = content[:4000].decode("utf-8", "replace").casefold()
    if status in (400, 403, 422) and any(word in words for word in REFUSED_WORDS):
        return InputFault("REFUSED_BY_MODEL", REFUSED)
    return TransientFault("PROVIDER_REFUSED", f"the image model answered {status}")


def _failure(words: str) -> InputFault | TransientFault:
    if any(word in words.casefold() for word in REFUSED_WORDS):
        return InputFault("REFUSED_BY_MODEL", REFUSED)
    return TransientFault("PROVIDER_FAILED", f"the image model failed: {words[:200]}")


def _is_inside(host: str) -> bool:
    if host == "localhost" or host.endswith((".localhost", ".local", ".internal")):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return not address.is_global
