"""The HTTP protocols of engines that make scenes: OpenAI images, Replicate, fal, ComfyUI.

Each asks for one picture. Where an engine answers with an id, the id is kept with the job before anything is built on
it, so that a restarted attempt waits for the picture that is paid for.
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
from services.worker.remote.provider_responses import address_of, failure_of, identity_of, state_of
from services.worker.remote.remote_task import Checkpoints, OrderFailed, RemoteTask

MAX_SCENE_BYTES: Final = 20 * 1024 * 1024
MAX_ANSWER_BYTES: Final = 30 * 1024 * 1024  # the largest scene in base64, and the JSON around it
IN_PLACE_SECONDS: Final = 150.0  # a picture that is the answer itself; an attempt may take 180 s
POLL_SECONDS: Final = 1.0
SCENE_TYPES: Final = ("image/png", "image/jpeg", "image/webp", "application/octet-stream", "binary/octet-stream")


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """Where an engine is and how it is asked.

    model: OpenAI's model, Replicate's owner/name or owner/name:version, fal's model path. inputs: the names a model
    gives its inputs, with {prompt}, {ratio}, {width}, {height} and {seed} in the values; ComfyUI's whole workflow.
    """

    base_url: str
    key: str = field(default="", repr=False)
    model: str = ""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    poll_seconds: float = POLL_SECONDS
    pause_seconds: float = PAUSE_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What is wanted. The key varies the picture from one job to another."""

    key: str
    prompt: str
    ratio: AspectRatio

    @property
    def values(self) -> dict[str, str | int]:
        """What placeholders stand for."""
        width, height = self.ratio.pixels
        seed = int.from_bytes(hashlib.sha256(self.key.encode()).digest()[:4], "big")
        return {"prompt": self.prompt, "ratio": self.ratio.value, "width": width, "height": height, "seed": seed}


class SceneEngine(Protocol):
    """Makes one scene into `path`; `waiting` is called before each pause. Raises InputFault when the model refuses,
    TransientFault for anything that may pass."""

    name: str

    async def make(self, scene: Scene, path: Path, keeper: Checkpoints, waiting: Callable[[], None]) -> None: ...

    async def close(self) -> None: ...


class OpenAIImages:
    """`POST {base}/images/generations`, as OpenAI and compatible servers have it: the answer is the picture."""

    name = "openai"
    SIZES: Final = {
        AspectRatio.SQUARE: "1024x1024",
        AspectRatio.LANDSCAPE: "1536x1024",
        AspectRatio.PORTRAIT: "1024x1536",
        AspectRatio.STORY: "1024x1536",
    }

    def __init__(self, settings: EngineSettings, fetcher: Fetcher | None = None) -> None:
        self._model = settings.model
        self._endpoint = ProviderClient(
            settings.base_url,
            {"authorization": f"Bearer {settings.key}"} if settings.key else {},
            fetcher=fetcher,
            pause_seconds=settings.pause_seconds,
            answer_seconds=IN_PLACE_SECONDS,
        )

    async def make(self, scene: Scene, path: Path, keeper: Checkpoints, waiting: Callable[[], None]) -> None:
        body = {"model": self._model, "prompt": scene.prompt, "n": 1, "size": self.SIZES[scene.ratio]}
        waiting()
        answer = await self._endpoint.json(
            "POST", "/images/generations", body=body, once=True, max_bytes=MAX_ANSWER_BYTES
        )
        entries = answer.get("data") if isinstance(answer, dict) else None
        entry = entries[0] if isinstance(entries, list) and entries else None
        if isinstance(entry, dict) and isinstance(entry.get("b64_json"), str):
            await asyncio.to_thread(path.write_bytes, _from_base64(entry["b64_json"]))
        else:
            await _download(self._endpoint, address_of(entry), path)

    async def close(self) -> None:
        await self._endpoint.close()


class _Queue(ABC):
    """What engines with a queue share: an order is made once, looked after, and its picture fetched."""

    name = ""
    repeatable = False

    def __init__(self, settings: EngineSettings, key_headers: Mapping[str, str], fetcher: Fetcher | None) -> None:
        self._settings = settings
        self._endpoint = ProviderClient(
            settings.base_url, key_headers, fetcher=fetcher, pause_seconds=settings.pause_seconds
        )

    async def make(self, scene: Scene, path: Path, keeper: Checkpoints, waiting: Callable[[], None]) -> None:
        address = await remote_task.run(
            RemoteTask(
                engine=self.name,
                order=lambda: self.order(scene),
                look=self.look,
                cancel=self.cancel,
                repeatable=self.repeatable,
                poll_seconds=self._settings.poll_seconds,
            ),
            keeper,
            waiting,
        )
        await _download(self._endpoint, address, path)

    @abstractmethod
    async def order(self, scene: Scene) -> str: ...

    @abstractmethod
    async def look(self, order_id: str) -> str | None: ...

    @abstractmethod
    async def cancel(self, order_id: str) -> None: ...

    async def close(self) -> None:
        await self._endpoint.close()


class Replicate(_Queue):
    """`POST {base}/v1/models/{owner}/{name}/predictions`, polled; cancelled by `POST …/cancel`."""

    name = "replicate"
    INPUTS: Final = {"prompt": "{prompt}", "aspect_ratio": "{ratio}"}

    def __init__(self, settings: EngineSettings, fetcher: Fetcher | None = None) -> None:
        super().__init__(settings, {"authorization": f"Bearer {settings.key}"}, fetcher)
        self._queue = ReplicateQueue(self._endpoint)

    async def order(self, scene: Scene) -> str:
        return await self._queue.order(self._settings.model, filled(self._settings.inputs or self.INPUTS, scene.values))

    async def look(self, order_id: str) -> str | None:
        return await self._queue.look(order_id)

    async def cancel(self, order_id: str) -> None:
        await self._queue.cancel(order_id)


class Fal(_Queue):
    """The fal queue: `POST {base}/{model}`, then the addresses it answers with, which are its own."""

    name = "fal"
    INPUTS: Final = {
        "prompt": "{prompt}",
        "image_size": {"width": "{width}", "height": "{height}"},
        "seed": "{seed}",
        "num_images": 1,
    }

    def __init__(self, settings: EngineSettings, fetcher: Fetcher | None = None) -> None:
        super().__init__(settings, {"authorization": f"Key {settings.key}"}, fetcher)
        self._queue = FalQueue(self._endpoint)

    async def order(self, scene: Scene) -> str:
        return await self._queue.order(self._settings.model, filled(self._settings.inputs or self.INPUTS, scene.values))

    async def look(self, order_id: str) -> str | None:
        result = await self._queue.look(order_id)
        if result is None:
            return None
        flags = result.get("has_nsfw_concepts")
        if isinstance(flags, list) and any(flags):  # the picture is there, and black
            raise failure_of("COMPLETED", "nsfw")
        return address_of(result.get("images"))

    async def cancel(self, order_id: str) -> None:
        await self._queue.cancel(order_id)


class ComfyUI(_Queue):
    """A ComfyUI server with the operator's workflow (API format). It is one's own: asking twice costs only time."""

    name = "comfyui"
    repeatable = True

    def __init__(self, settings: EngineSettings, fetcher: Fetcher | None = None) -> None:
        super().__init__(settings, {"authorization": f"Bearer {settings.key}"} if settings.key else {}, fetcher)

    async def order(self, scene: Scene) -> str:
        body = {"prompt": filled(self._settings.inputs, scene.values), "client_id": "adwright"}
        return identity_of(await self._endpoint.json("POST", "/prompt", body=body), "prompt_id")

    async def look(self, order_id: str) -> str | None:
        entry = await self._entry(order_id)
        if entry is None and not await self._is_queued(order_id):
            entry = await self._entry(order_id)  # it may have ended between the two questions
            if entry is None:
                raise OrderFailed("PROVIDER_GONE", "the engine does not know the order")
        if entry is None:
            return None
        status, outputs = entry.get("status"), entry.get("outputs")
        if isinstance(status, dict) and status.get("status_str") == "error":
            raise OrderFailed("PROVIDER_FAILED", "the engine's workflow failed")
        for node in outputs.values() if isinstance(outputs, dict) else ():
            images = node.get("images") if isinstance(node, dict) else None
            if isinstance(images, list) and images and isinstance(images[0], dict):
                query = {name: str(images[0].get(name, "")) for name in ("filename", "subfolder", "type")}
                return self._endpoint.url(f"/view?{urlencode(query)}")
        raise OrderFailed("PROVIDER_UNINTELLIGIBLE", "the engine's workflow ended without a picture")

    async def cancel(self, order_id: str) -> None:
        await self._endpoint.json("POST", "/queue", body={"delete": [order_id]})

    async def _entry(self, order_id: str) -> dict[str, Any] | None:
        """What the history holds of an order: it knows only what has ended."""
        entry = (await state_of(self._endpoint, f"/history/{order_id}")).get(order_id)
        return entry if isinstance(entry, dict) else None

    async def _is_queued(self, order_id: str) -> bool:
        queue = await state_of(self._endpoint, "/queue", max_bytes=MAX_ANSWER_BYTES)  # with all their workflows
        waiting = [*_listed(queue.get("queue_running")), *_listed(queue.get("queue_pending"))]
        return any(isinstance(item, list) and order_id in item[:2] for item in waiting)


ENGINES: Final[dict[str, Callable[[EngineSettings], SceneEngine]]] = {
    engine.name: engine for engine in (OpenAIImages, Replicate, Fal, ComfyUI)
}


def filled(node: Any, values: Mapping[str, str | int]) -> Any:
    """The JSON with each {placeholder} of its texts in place; one alone in its text keeps its type."""
    if isinstance(node, Mapping):
        return {key: filled(value, values) for key, value in node.items()}
    if isinstance(node, list):
        return [filled(value, values) for value in node]
    if not isinstance(node, str):
        return node
    alone = re.fullmatch(r"\{(\w+)\}", node)
    if alone and alone[1] in values:
        return values[alone[1]]
    return re.sub(r"\{(\w+)\}", lambda match: str(values.get(match[1], match[0])), node)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


async def _download(endpoint: ProviderClient, address: str, path: Path) -> None:
    await endpoint.download(address, path, max_bytes=MAX_SCENE_BYTES, accept=SCENE_TYPES, seconds=IN_PLACE_SECONDS)


def _from_base64(text: str) -> bytes:
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise TransientFault("PROVIDER_UNINTELLIGIBLE", "the engine's picture is not base64") from None
    if len(content) > MAX_SCENE_BYTES:
        raise TransientFault("PROVIDER_TOO_LARGE", f"the engine's result is over {MAX_SCENE_BYTES} bytes")
    return content
