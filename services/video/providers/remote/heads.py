"""HTTP protocols of the remote talking-head engines: they animate a portrait to speak a recording.

Uploads are free, so every failure of one is a TaskNotAccepted. The one request that costs money is sent at most once.
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
from services.worker.remote.provider_responses import failure_of, fetch_state, result_url_of, task_id_of
from services.worker.remote.remote_task import TaskNotAccepted

MAX_CLIP_BYTES: Final = 400 * 1024 * 1024
CLIP_TYPES: Final = ("video/mp4", "application/mp4", "application/octet-stream", "binary/octet-stream")
POLL_SECONDS: Final = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadSettings:
    """URL, key and model of an engine.

    model: Replicate's owner/name or owner/name:version, fal's model path. avatar: a HeyGen stock avatar for jobs
    without a photo; without it the image of the drawn presenter is uploaded. upload_url: HeyGen's upload API.
    inputs: the model's input names, with {picture} and {sound} as values.
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
class HeadInputs:
    """A portrait (PNG) and the speech as WAV and as MP3. `picture` is the portrait."""

    key: str
    picture: Path
    sound: Path
    compressed_sound: Path
    is_customer_photo: bool
    width: int
    height: int


class HeadEngine(Protocol):
    """A talking-head engine. `submit`, `poll`, `cancel` and `repeatable` are those of its RemoteTask.

    `poll` returns the URL of the finished clip, which `fetch` downloads.
    """

    name: str
    repeatable: bool
    poll_seconds: float

    async def submit(self, head: HeadInputs) -> str: ...

    async def poll(self, task_id: str) -> str | None: ...

    async def cancel(self, task_id: str) -> None: ...

    async def fetch(self, url: str, path: Path) -> None: ...

    async def close(self) -> None: ...


class _Engine:
    """The client and the download of results, which all engines share."""

    name = ""
    repeatable = False

    def __init__(self, settings: HeadSettings, key_headers: Mapping[str, str], fetcher: Fetcher | None) -> None:
        self._settings = settings
        self._fetcher = fetcher
        self._key_headers = key_headers
        self.poll_seconds = settings.poll_seconds
        self._client = self._client_of(settings.base_url)

    def _client_of(self, url: str) -> ProviderClient:
        return ProviderClient(url, self._key_headers, fetcher=self._fetcher, pause_seconds=self._settings.pause_seconds)

    async def fetch(self, url: str, path: Path) -> None:
        """Downloads the clip into `path`. Raises TransientFault."""
        await self._client.download(url, path, max_bytes=MAX_CLIP_BYTES, accept=CLIP_TYPES)

    async def close(self) -> None:
        await self._client.close()


class SelfHosted(_Engine):
    """A self-hosted engine; services/video/README.md describes its API. It deduplicates submissions by key."""

    name = "machine"
    repeatable = True

    def __init__(self, settings: HeadSettings, fetcher: Fetcher | None = None) -> None:
        super().__init__(settings, {"authorization": f"Bearer {settings.key}"} if settings.key else {}, fetcher)

    async def submit(self, head: HeadInputs) -> str:
        picture, sound = await _read(head.picture, head.sound)
        await self._client.request_json(
            "PUT",
            f"/v1/renders/{head.key}",
            files={
                "picture": ("picture.png", picture, "image/png"),
                "sound": ("sound.wav", sound, "audio/wav"),
                "size": ("size.json", json.dumps({"width": head.width, "height": head.height}).encode(), _JSON),
            },
        )
        return head.key

    async def poll(self, task_id: str) -> str | None:
        response = await fetch_state(self._client, f"/v1/renders/{task_id}")
        status = text_of(response, "status")
        if status in ("queued", "rendering"):
            return None
        if status == "done":
            return self._client.url(f"/v1/renders/{task_id}/video")
        raise failure_of(status, str(response.get("message", "")), refusal=status == "refused")

    async def cancel(self, task_id: str) -> None:
        await self._client.request_bytes("DELETE", f"/v1/renders/{task_id}", limit=65536)


class Replicate(_Engine):
    """Replicate: uploads the files, then `POST {base}/v1/predictions`, polled, cancelled by `POST …/cancel`."""

    name = "replicate"
    INPUTS: Final = {"image": "{picture}", "audio": "{sound}"}

    def __init__(self, settings: HeadSettings, fetcher: Fetcher | None = None) -> None:
        super().__init__(settings, {"authorization": f"Bearer {settings.key}"}, fetcher)
        self._queue = ReplicateQueue(self._client)

    async def submit(self, head: HeadInputs) -> str:
        picture, sound = await _read(head.picture, head.sound)
        values = {
            "{picture}": await self._upload("picture.png", picture, "image/png"),
            "{sound}": await self._upload("sound.wav", sound, "audio/wav"),
        }
        return await self._queue.submit(
            self._settings.model, _fill_placeholders(self._settings.inputs or self.INPUTS, values)
        )

    async def poll(self, task_id: str) -> str | None:
        return await self._queue.poll(task_id)

    async def cancel(self, task_id: str) -> None:
        await self._queue.cancel(task_id)

    async def _upload(self, name: str, content: bytes, content_type: str) -> str:
        response = await _upload(self._client, "/v1/files", files={"content": (name, content, content_type)})
        return text_of(response, "urls", "get")


class Fal(_Engine):
    """The fal queue: `POST {base}/{model}`, then the URLs in its response. Files are sent inline as data URIs."""

    name = "fal"
    INPUTS: Final = {"image_url": "{picture}", "audio_url": "{sound}"}

    def __init__(self, settings: HeadSettings, fetcher: Fetcher | None = None) -> None:
        super().__init__(settings, {"authorization": f"Key {settings.key}"}, fetcher)
        self._queue = FalQueue(self._client)

    async def submit(self, head: HeadInputs) -> str:
        picture, sound = await _read(head.picture, head.compressed_sound)
        values = {"{picture}": _data_uri(picture, "image/png"), "{sound}": _data_uri(sound, "audio/mpeg")}
        return await self._queue.submit(
            self._settings.model, _fill_placeholders(self._settings.inputs or self.INPUTS, values)
        )

    async def poll(self, task_id: str) -> str | None:
        result = await self._queue.poll(task_id)
        return None if result is None else result_url_of(result.get("video"))

    async def cancel(self, task_id: str) -> None:
        await self._queue.cancel(task_id)


class HeyGen(_Engine):
    """HeyGen: `POST {base}/v2/video/generate` with an uploaded photo or a stock avatar, and uploaded speech."""

    name = "heygen"

    def __init__(self, settings: HeadSettings, fetcher: Fetcher | None = None) -> None:
        super().__init__(settings, {"x-api-key": settings.key}, fetcher)
        self._uploads = self._client_of(settings.upload_url or settings.base_url)

    async def submit(self, head: HeadInputs) -> str:
        picture, sound = await _read(head.picture, head.compressed_sound)
        if self._settings.avatar and not head.is_customer_photo:
            character = {"type": "avatar", "avatar_id": self._settings.avatar, "avatar_style": "normal"}
        else:
            photo = await _upload(self._uploads, "/v1/talking_photo", content=picture, content_type="image/png")
            character = {"type": "talking_photo", "talking_photo_id": text_of(photo, "data", "talking_photo_id")}
        asset = await _upload(self._uploads, "/v1/asset", content=sound, content_type="audio/mpeg")
        voice = {"type": "audio", "audio_asset_id": text_of(asset, "data", "id")}
        response = await self._client.request_json(
            "POST",
            "/v2/video/generate",
            body={
                "title": head.key,
                "callback_id": head.key,
                "video_inputs": [{"character": character, "voice": voice}],
                "dimension": {"width": head.width, "height": head.height},
            },
            at_most_once=True,
        )
        return task_id_of(response, "data", "video_id")

    async def poll(self, task_id: str) -> str | None:
        response = await fetch_state(self._client, f"/v1/video_status.get?video_id={task_id}")
        status = text_of(response, "data", "status")
        if status in ("pending", "waiting", "processing"):
            return None
        if status == "completed":
            return text_of(response, "data", "video_url")
        raise failure_of(status, json.dumps(response["data"].get("error")))

    async def cancel(self, task_id: str) -> None:
        await self._client.request_json("DELETE", f"/v1/video.delete?video_id={task_id}")

    async def close(self) -> None:
        await self._uploads.close()
        await super().close()


class DId(_Engine):
    """D-ID: `POST {base}/talks` with an uploaded portrait and uploaded speech."""

    name = "d-id"

    def __init__(self, settings: HeadSettings, fetcher: Fetcher | None = None) -> None:
        super().__init__(settings, {"authorization": f"Basic {settings.key}"}, fetcher)

    async def submit(self, head: HeadInputs) -> str:
        picture, sound = await _read(head.picture, head.sound)
        image = await _upload(self._client, "/images", files={"image": ("picture.png", picture, "image/png")})
        audio = await _upload(self._client, "/audios", files={"audio": ("sound.wav", sound, "audio/wav")})
        response = await self._client.request_json(
            "POST",
            "/talks",
            body={
                "name": head.key,
                "source_url": text_of(image, "url"),
                "script": {"type": "audio", "audio_url": text_of(audio, "url")},
                "config": {"stitch": True},
            },
            at_most_once=True,
        )
        return task_id_of(response, "id")

    async def poll(self, task_id: str) -> str | None:
        response = await fetch_state(self._client, f"/talks/{task_id}")
        status = text_of(response, "status")
        if status in ("created", "started"):
            return None
        if status == "done":
            return text_of(response, "result_url")
        raise failure_of(status, json.dumps(response.get("error")), refusal=status == "rejected")

    async def cancel(self, task_id: str) -> None:
        await self._client.request_json("DELETE", f"/talks/{task_id}")


ENGINES: Final = {engine.name: engine for engine in (SelfHosted, Replicate, Fal, HeyGen, DId)}
_JSON: Final = "application/json"


async def _read(*paths: Path) -> list[bytes]:
    return [await asyncio.to_thread(path.read_bytes) for path in paths]


async def _upload(
    client: ProviderClient,
    path: str,
    *,
    files: Mapping[str, tuple[str, bytes, str]] | None = None,
    content: bytes | None = None,
    content_type: str = "",
) -> Any:
    headers = {"content-type": content_type} if content_type else {}
    try:
        return await client.request_json("POST", path, files=files, content=content, headers=headers)
    except TaskNotAccepted:
        raise
    except TransientFault as fault:
        raise TaskNotAccepted(fault.reason, fault.message) from None


def _fill_placeholders(inputs: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, Any]:
    return {name: values.get(value, value) if isinstance(value, str) else value for name, value in inputs.items()}


def _data_uri(content: bytes, content_type: str) -> str:
    return f"data:{content_type};base64,{base64.b64encode(content).decode()}"
