"""The HTTP protocols of engines that make a picture speak a sound.

Uploads cost nothing: whatever goes wrong with them is NotOrdered. The one request that orders is sent once.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

from services.chassis.errors import TransientFault
from services.worker.remote.fetcher import Fetcher
from services.worker.remote.provider_client import PAUSE_SECONDS, ProviderClient, text_of
from services.worker.remote.provider_queue import FalQueue, ReplicateQueue
from services.worker.remote.provider_responses import address_of, failure_of, identity_of, state_of
from services.worker.remote.remote_task import NotOrdered

MAX_CLIP_BYTES: Final = 400 * 1024 * 1024
CLIP_TYPES: Final = ("video/mp4", "application/mp4", "application/octet-stream", "binary/octet-stream")
POLL_SECONDS: Final = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadSettings:
    """Where an engine is and how it is asked.

    model: Replicate's owner/name or owner/name:version, fal's model path. avatar: an engine's own stock avatar (HeyGen)
    for jobs without a photo; without it the drawn presenter's picture is sent. upload_url: HeyGen's second address.
    inputs: the names a model gives its inputs, with {picture} and {sound} as values.
    """

    base_url: str
    key: str = field(default="", repr=False)
    model: str = ""
    avatar: str = ""
    upload_url: str = ""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    poll_seconds: float = POLL_SECONDS
    pause_seconds: float = PAUSE_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What is to speak: a PNG, and the sound as WAV and as MP3. `customers`: the picture is the customer's own."""

    key: str
    picture: Path
    sound: Path
    compressed_sound: Path
    customers: bool
    width: int
    height: int


class HeadEngine(Protocol):
    """One engine; `order`, `look` and `cancel` are as chassis.errand.Errand has them."""

    name: str
    repeatable: bool
    poll_seconds: float

    async def order(self, head: Head) -> str: ...

    async def look(self, order_id: str) -> str | None:
        """The address of the finished clip."""
        ...

    async def cancel(self, order_id: str) -> None: ...

    async def fetch(self, address: str, path: Path) -> None: ...

    async def close(self) -> None: ...


class _Engine:
    """What all engines share: the endpoint, and how results are fetched."""

    name = ""
    repeatable = False

    def __init__(self, settings: HeadSettings, key_headers: Mapping[str, str], fetcher: Fetcher | None) -> None:
        self._settings = settings
        self._fetcher = fetcher
        self._key_headers = key_headers
        self.poll_seconds = settings.poll_seconds
        self._endpoint = self._endpoint_at(settings.base_url)

    def _endpoint_at(self, url: str) -> ProviderClient:
        return ProviderClient(url, self._key_headers, fetcher=self._fetcher, pause_seconds=self._settings.pause_seconds)

    async def fetch(self, address: str, path: Path) -> None:
        """Puts the clip into `path`. Raises TransientFault."""
        await self._endpoint.download(address, path, max_bytes=MAX_CLIP_BYTES, accept=CLIP_TYPES)

    async def close(self) -> None:
        await self._endpoint.close()


class OwnMachine(_Engine):
    """A machine of one's own behind the contract of CONTRACT.md. Ordering twice under one key makes one video."""

    name = "machine"
    repeatable = True

    def __init__(self, settings: HeadSettings, fetcher: Fetcher | None = None) -> None:
        super().__init__(settings, {"authorization": f"Bearer {settings.key}"} if settings.key else {}, fetcher)

    async def order(self, head: Head) -> str:
        picture, sound = await _read(head.picture, head.sound)
        await self._endpoint.json(
            "PUT",
            f"/v1/renders/{head.key}",
            files={
                "picture": ("picture.png", picture, "image/png"),
                "sound": ("sound.wav", sound, "audio/wav"),
                "size": ("size.json", json.dumps({"width": head.width, "height": head.height}).encode(), _JSON),
            },
        )
        return head.key

    async def look(self, order_id: str) -> str | None:
        answer = await state_of(self._endpoint, f"/v1/renders/{order_id}")
        status = text_of(answer, "status")
        if status in ("queued", "rendering"):
            return None
        if status == "done":
            return self._endpoint.url(f"/v1/renders/{order_id}/video")
        raise failure_of(status, str(answer.get("message", "")), refusal=status == "refused")

    async def cancel(self, order_id: str) -> None:
        await self._endpoint.read("DELETE", f"/v1/renders/{order_id}", limit=65536)


class Replicate(_Engine):
    """`POST {base}/v1/predictions` after the files; polled; cancelled by `POST …/cancel`."""

    name = "replicate"
    INPUTS: Final = {"image": "{picture}", "audio": "{sound}"}

    def __init__(self, settings: HeadSettings, fetcher: Fetcher | None = None) -> None:
        super().__init__(settings, {"authorization": f"Bearer {settings.key}"}, fetcher)
        self._queue = ReplicateQueue(self._endpoint)

    async def order(self, head: Head) -> str:
        picture, sound = await _read(head.picture, head.sound)
        values = {
            "{picture}": await self._uploaded("picture.png", picture, "image/png"),
            "{sound}": await self._uploaded("sound.wav", sound, "audio/wav"),
        }
        return await self._queue.order(self._settings.model, _filled(self._settings.inputs or self.INPUTS, values))

    async def look(self, order_id: str) -> str | None:
        return await self._queue.look(order_id)

    async def cancel(self, order_id: str) -> None:
        await self._queue.cancel(order_id)

    async def _uploaded(self, name: str, content: bytes, kind: str) -> str:
        answer = await _upload(self._endpoint, "/v1/files", files={"content": (name, content, kind)})
        return text_of(answer, "urls", "get")


class Fal(_Engine):
    """The fal queue: `POST {base}/{model}`, then the addresses it answers with, which are its own."""

    name = "fal"
    INPUTS: Final = {"image_url": "{picture}", "audio_url": "{sound}"}

    def __init__(self, settings: HeadSettings, fetcher: Fetcher | None = None) -> None:
        super().__init__(settings, {"authorization": f"Key {settings.key}"}, fetcher)
        self._queue = FalQueue(self._endpoint)

    async def order(self, head: Head) -> str:
        picture, sound = await _read(head.picture, head.compressed_sound)
        values = {"{picture}": _data_uri(picture, "image/png"), "{sound}": _data_uri(sound, "audio/mpeg")}
        return await self._queue.order(self._settings.model, _filled(self._settings.inputs or self.INPUTS, values))

    async def look(self, order_id: str) -> str | None:
        result = await self._queue.look(order_id)
        return None if result is None else address_of(result.get("video"))

    async def cancel(self, order_id: str) -> None:
        await self._queue.cancel(order_id)


class HeyGen(_Engine):
    """`POST {base}/v2/video/generate` with an uploaded photo or a stock avatar, and an uploaded sound."""

    name = "heygen"

    def __init__(self, settings: HeadSettings, fetcher: Fetcher | None = None) -> None:
        super().__init__(settings, {"x-api-key": settings.key}, fetcher)
        self._uploads = self._endpoint_at(settings.upload_url or settings.base_url)

    async def order(self, head: Head) -> str:
        picture, sound = await _read(head.picture, head.compressed_sound)
        if self._settings.avatar and not head.customers:
            character = {"type": "avatar", "avatar_id": self._settings.avatar, "avatar_style": "normal"}
        else:
            photo = await _upload(self._uploads, "/v1/talking_photo", content=picture, kind="image/png")
            character = {"type": "talking_photo", "talking_photo_id": text_of(photo, "data", "talking_photo_id")}
        asset = await _upload(self._uploads, "/v1/asset", content=sound, kind="audio/mpeg")
        voice = {"type": "audio", "audio_asset_id": text_of(asset, "data", "id")}
        answer = await self._endpoint.json(
            "POST",
            "/v2/video/generate",
            body={
                "title": head.key,
                "callback_id": head.key,
                "video_inputs": [{"character": character, "voice": voice}],
                "dimension": {"width": head.width, "height": head.height},
            },
            once=True,
        )
        return identity_of(answer, "data", "video_id")

    async def look(self, order_id: str) -> str | None:
        answer = await state_of(self._endpoint, f"/v1/video_status.get?video_id={order_id}")
        status = text_of(answer, "data", "status")
        if status in ("pending", "waiting", "processing"):
            return None
        if status == "completed":
            return text_of(answer, "data", "video_url")
        raise failure_of(status, json.dumps(answer["data"].get("error")))

    async def cancel(self, order_id: str) -> None:
        await self._endpoint.json("DELETE", f"/v1/video.delete?video_id={order_id}")

    async def close(self) -> None:
        await self._uploads.close()
        await super().close()


class DId(_Engine):
    """`POST {base}/talks` with an uploaded picture and sound."""

    name = "d-id"

    def __init__(self, settings: HeadSettings, fetcher: Fetcher | None = None) -> None:
        super().__init__(settings, {"authorization": f"Basic {settings.key}"}, fetcher)

    async def order(self, head: Head) -> str:
        picture, sound = await _read(head.picture, head.sound)
        image = await _upload(self._endpoint, "/images", files={"image": ("picture.png", picture, "image/png")})
        audio = await _upload(self._endpoint, "/audios", files={"audio": ("sound.wav", sound, "audio/wav")})
        answer = await self._endpoint.json(
            "POST",
            "/talks",
            body={
                "name": head.key,
                "source_url": text_of(image, "url"),
                "script": {"type": "audio", "audio_url": text_of(audio, "url")},
                "config": {"stitch": True},
            },
            once=True,
        )
        return identity_of(answer, "id")

    async def look(self, order_id: str) -> str | None:
        answer = await state_of(self._endpoint, f"/talks/{order_id}")
        status = text_of(answer, "status")
        if status in ("created", "started"):
            return None
        if status == "done":
            return text_of(answer, "result_url")
        raise failure_of(status, json.dumps(answer.get("error")), refusal=status == "rejected")

    async def cancel(self, order_id: str) -> None:
        await self._endpoint.json("DELETE", f"/talks/{order_id}")


ENGINES: Final = {engine.name: engine for engine in (OwnMachine, Replicate, Fal, HeyGen, DId)}
_JSON: Final = "application/json"


async def _read(*paths: Path) -> list[bytes]:
    return [await asyncio.to_thread(path.read_bytes) for path in paths]


async def _upload(
    endpoint: ProviderClient,
    path: str,
    *,
    files: Mapping[str, tuple[str, bytes, str]] | None = None,
    content: bytes | None = None,
    kind: str = "",
) -> Any:
    headers = {"content-type": kind} if kind else {}
    try:
        return await endpoint.json("POST", path, files=files, content=content, headers=headers)
    except NotOrdered:
        raise
    except TransientFault as fault:
        raise NotOrdered(fault.reason, fault.message) from None


def _filled(inputs: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, Any]:
    return {name: values.get(value, value) if isinstance(value, str) else value for name, value in inputs.items()}


def _data_uri(content: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
