"""HTTP protocols of the remote scene engines: OpenAI images, Replicate, fal, ComfyUI.

Each requests one image. An engine that returns a task id runs as a remote task, so a restarted attempt polls the task
that is already paid for.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import urlencode

from services.chassis.errors import TransientFault
from services.image.domain import AspectRatio
from services.worker.remote import remote_task
from services.worker.remote.fetcher import Fetcher
from services.worker.remote.provider_client import PAUSE_SECONDS, ProviderClient
from services.worker.remote.provider_queue import FalQueue, ReplicateQueue
from services.worker.remote.provider_responses import failure_of, fetch_state, result_url_of, task_id_of
from services.worker.remote.remote_task import Checkpoints, RemoteTask, TaskFailed

MAX_SCENE_BYTES: Final = 20 * 1024 * 1024
MAX_SCENE_RESPONSE_BYTES: Final = 30 * 1024 * 1024  # the largest scene in base64, with its JSON
SYNCHRONOUS_SECONDS: Final = 150.0  # for a response that is the image itself; below the attempt's 180 s
POLL_SECONDS: Final = 1.0
SCENE_TYPES: Final = ("image/png", "image/jpeg", "image/webp", "application/octet-stream", "binary/octet-stream")


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """URL, key and model of an engine.

    model: OpenAI's model, Replicate's owner/name or owner/name:version, fal's model path. inputs: the model's input
    names with values that contain {prompt}, {ratio}, {width}, {height} or {seed}; for ComfyUI the whole workflow.
    """

    base_url: str
    key: str = field(default="", repr=False)
    model: str = ""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    poll_seconds: float = POLL_SECONDS
    pause_seconds: float = PAUSE_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """The scene to generate. `key` seeds the engine, so different jobs get different images."""

    key: str
    prompt: str
    ratio: AspectRatio

    @property
    def values(self) -> dict[str, str | int]:
        """The values of the placeholders in `EngineSettings.inputs`."""
        width, height = self.ratio.pixels
        seed = int.from_bytes(hashlib.sha256(self.key.encode()).digest()[:4], "big")
        return {"prompt": self.prompt, "ratio": self.ratio.value, "width": width, "height": height, "seed": seed}


class SceneEngine(Protocol):
    """A remote engine that generates scenes.

    generate: writes one scene to `path`, and calls `on_wait` before each pause. Raises InputFault when the engine
    refuses the content, TransientFault when another attempt may succeed.
    """

    name: str

    async def generate(
        self, scene: Scene, path: Path, checkpoints: Checkpoints, on_wait: Callable[[], None]
    ) -> None: ...

    async def close(self) -> None: ...


class OpenAIImages:
    """`POST {base}/images/generations` of OpenAI and compatible servers. The response is the image itself."""

    name = "openai"
    SIZES: Final = {
        AspectRatio.SQUARE: "1024x1024",
        AspectRatio.LANDSCAPE: "1536x1024",
        AspectRatio.PORTRAIT: "1024x1536",
        AspectRatio.STORY: "1024x1536",
        AspectRatio.WIDE: "1536x1024",
        AspectRatio.PIN: "1024x1536",
    }

    def __init__(self, settings: EngineSettings, fetcher: Fetcher | None = None) -> None:
        self._model = settings.model
        self._client = ProviderClient(
            settings.base_url,
            {"authorization": f"Bearer {settings.key}"} if settings.key else {},
            fetcher=fetcher,
            pause_seconds=settings.pause_seconds,
            response_seconds=SYNCHRONOUS_SECONDS,
        )

    async def generate(self, scene: Scene, path: Path, checkpoints: Checkpoints, on_wait: Callable[[], None]) -> None:
        body = {"model": self._model, "prompt": scene.prompt, "n": 1, "size": self.SIZES[scene.ratio]}
        on_wait()
        response = await self._client.request_json(
            "POST", "/images/generations", body=body, at_most_once=True, max_bytes=MAX_SCENE_RESPONSE_BYTES
        )
        entries = response.get("data") if isinstance(response, dict) else None
        entry = entries[0] if isinstance(entries, list) and entries else None
        if isinstance(entry, dict) and isinstance(entry.get("b64_json"), str):
            await asyncio.to_thread(path.write_bytes, _from_base64(entry["b64_json"]))
        else:
            await _download(self._client, result_url_of(entry), path)

    async def close(self) -> None:
        await self._client.close()


class _TaskEngine(ABC):
    """An engine with a task queue: submits one task, polls it, downloads its image."""

    name = ""
    repeatable = False

    def __init__(self, settings: EngineSettings, key_headers: Mapping[str, str], fetcher: Fetcher | None) -> None:
        self._settings = settings
        self._client = ProviderClient(
            settings.base_url, key_headers, fetcher=fetcher, pause_seconds=settings.pause_seconds
        )

    async def generate(self, scene: Scene, path: Path, checkpoints: Checkpoints, on_wait: Callable[[], None]) -> None:
        url = await remote_task.run(
            RemoteTask(
                engine=self.name,
                submit=lambda: self.submit(scene),
                poll=self.poll,
                cancel=self.cancel,
                repeatable=self.repeatable,
                poll_seconds=self._settings.poll_seconds,
            ),
            checkpoints,
            on_wait,
        )
        await _download(self._client, url, path)

    @abstractmethod
    async def submit(self, scene: Scene) -> str: ...

    @abstractmethod
    async def poll(self, task_id: str) -> str | None: ...

    @abstractmethod
    async def cancel(self, task_id: str) -> None: ...

    async def close(self) -> None:
        await self._client.close()


class Replicate(_TaskEngine):
    """Replicate: `POST {base}/v1/models/{owner}/{name}/predictions`, polled, cancelled by `POST …/cancel`."""

    name = "replicate"
    INPUTS: Final = {"prompt": "{prompt}", "aspect_ratio": "{ratio}"}

    def __init__(self, settings: EngineSettings, fetcher: Fetcher | None = None) -> None:
        super().__init__(settings, {"authorization": f"Bearer {settings.key}"}, fetcher)
        self._queue = ReplicateQueue(self._client)

    async def submit(self, scene: Scene) -> str:
        return await self._queue.submit(
            self._settings.model, fill_placeholders(self._settings.inputs or self.INPUTS, scene.values)
        )

    async def poll(self, task_id: str) -> str | None:
        return await self._queue.poll(task_id)

    async def cancel(self, task_id: str) -> None:
        await self._queue.cancel(task_id)


class Fal(_TaskEngine):
    """The fal queue: `POST {base}/{model}`, then the URLs in its response."""

    name = "fal"
    INPUTS: Final = {
        "prompt": "{prompt}",
        "image_size": {"width": "{width}", "height": "{height}"},
        "seed": "{seed}",
        "num_images": 1,
    }

    def __init__(self, settings: EngineSettings, fetcher: Fetcher | None = None) -> None:
        super().__init__(settings, {"authorization": f"Key {settings.key}"}, fetcher)
        self._queue = FalQueue(self._client)

    async def submit(self, scene: Scene) -> str:
        return await self._queue.submit(
            self._settings.model, fill_placeholders(self._settings.inputs or self.INPUTS, scene.values)
        )

    async def poll(self, task_id: str) -> str | None:
        result = await self._queue.poll(task_id)
        if result is None:
            return None
        flags = result.get("has_nsfw_concepts")
        if isinstance(flags, list) and any(flags):  # fal delivers a black image then
            raise failure_of("COMPLETED", "nsfw")
        return result_url_of(result.get("images"))

    async def cancel(self, task_id: str) -> None:
        await self._queue.cancel(task_id)


class ComfyUI(_TaskEngine):
    """A ComfyUI server with the operator's workflow in API format. Self-hosted, so a repeated task costs only time."""

    name = "comfyui"
    repeatable = True

    def __init__(self, settings: EngineSettings, fetcher: Fetcher | None = None) -> None:
        super().__init__(settings, {"authorization": f"Bearer {settings.key}"} if settings.key else {}, fetcher)

    async def submit(self, scene: Scene) -> str:
        body = {"prompt": fill_placeholders(self._settings.inputs, scene.values), "client_id": "adwright"}
        return task_id_of(await self._client.request_json("POST", "/prompt", body=body), "prompt_id")

    async def poll(self, task_id: str) -> str | None:
        entry = await self._entry(task_id)
        if entry is None and not await self._is_queued(task_id):
            entry = await self._entry(task_id)  # it may have finished between the two requests
            if entry is None:
                raise TaskFailed("PROVIDER_GONE", "the engine does not know the task")
        if entry is None:
            return None
        status, outputs = entry.get("status"), entry.get("outputs")
        if isinstance(status, dict) and status.get("status_str") == "error":
            raise TaskFailed("PROVIDER_FAILED", "the engine's workflow failed")
        for node in outputs.values() if isinstance(outputs, dict) else ():
            images = node.get("images") if isinstance(node, dict) else None
            if isinstance(images, list) and images and isinstance(images[0], dict):
                query = {name: str(images[0].get(name, "")) for name in ("filename", "subfolder", "type")}
                return self._client.url(f"/view?{urlencode(query)}")
        raise TaskFailed("PROVIDER_UNINTELLIGIBLE", "the engine's workflow finished without an image")

    async def cancel(self, task_id: str) -> None:
        await self._client.request_json("POST", "/queue", body={"delete": [task_id]})

    async def _entry(self, task_id: str) -> dict[str, Any] | None:
        """Returns the history entry of a task; only finished tasks have one."""
        entry = (await fetch_state(self._client, f"/history/{task_id}")).get(task_id)
        return entry if isinstance(entry, dict) else None

    async def _is_queued(self, task_id: str) -> bool:
        # The response contains all queued workflows, hence the larger limit.
        queue = await fetch_state(self._client, "/queue", max_bytes=MAX_SCENE_RESPONSE_BYTES)
        waiting = [*_listed(queue.get("queue_running")), *_listed(queue.get("queue_pending"))]
        return any(isinstance(item, list) and task_id in item[:2] for item in waiting)


ENGINES: Final[dict[str, Callable[[EngineSettings], SceneEngine]]] = {
    engine.name: engine for engine in (OpenAIImages, Replicate, Fal, ComfyUI)
}


def fill_placeholders(node: Any, values: Mapping[str, str | int]) -> Any:
    """Returns the JSON with {placeholders} replaced. A text that is one placeholder takes the value's type."""
    if isinstance(node, Mapping):
        return {key: fill_placeholders(value, values) for key, value in node.items()}
    if isinstance(node, list):
        return [fill_placeholders(value, values) for value in node]
    if not isinstance(node, str):
        return node
    alone = re.fullmatch(r"\{(\w+)\}", node)
    if alone and alone[1] in values:
        return values[alone[1]]
    return re.sub(r"\{(\w+)\}", lambda match: str(values.get(match[1], match[0])), node)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


async def _download(client: ProviderClient, url: str, path: Path) -> None:
    await client.download(url, path, max_bytes=MAX_SCENE_BYTES, accept=SCENE_TYPES, seconds=SYNCHRONOUS_SECONDS)


def _from_base64(text: str) -> bytes:
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise TransientFault("PROVIDER_UNINTELLIGIBLE", "the engine's image is not base64") from None
    if len(content) > MAX_SCENE_BYTES:
        raise TransientFault("PROVIDER_TOO_LARGE", f"the engine's result exceeds {MAX_SCENE_BYTES} bytes")
    return content
