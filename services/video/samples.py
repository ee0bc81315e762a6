"""Samples of voices and previews of avatars, rendered by the local video engine on first request and cached."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

from services.chassis.errors import DependencyUnavailable, InputFault, TransientFault
from services.video.domain import Avatar, Voice
from services.worker.progress import ReportProgress
from services.worker.render_process import NICENESS, RenderProcess

MEMORY_LIMIT_BYTES: Final = 6 << 30
TIME_LIMIT_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleRequest:
    """A request to the render process: the sample of a voice or the preview of an avatar, by id."""

    voice_id: str = ""
    avatar_id: str = ""
    models: Path


class Samples:
    """Renders samples one at a time and caches them in memory: a few dozen files of some tens of kilobytes."""

    VOICE_TYPE: ClassVar[str] = "audio/mp4"
    AVATAR_TYPE: ClassVar[str] = "image/png"

    def __init__(self, *, models: Path, niceness: int = NICENESS) -> None:
        self._models = models
        self._process = RenderProcess(
            "samples",
            memory_limit_bytes=MEMORY_LIMIT_BYTES,
            time_limit_seconds=TIME_LIMIT_SECONDS,
            niceness=niceness,
        )
        self._cache: dict[str, bytes] = {}
        self._lock = asyncio.Lock()

    async def voice(self, voice: Voice) -> bytes:
        """Returns a spoken sentence or two, AAC in MP4. Raises DependencyUnavailable when rendering fails."""
        return await self._sample(f"voice {voice.id}", SampleRequest(voice_id=voice.id, models=self._models))

    async def avatar(self, avatar: Avatar) -> bytes:
        """Returns an image of the avatar, PNG. Raises DependencyUnavailable when rendering fails."""
        return await self._sample(f"avatar {avatar.id}", SampleRequest(avatar_id=avatar.id, models=self._models))

    async def close(self) -> None:
        await self._process.close()

    async def _sample(self, key: str, request: SampleRequest) -> bytes:
        cached = self._cache.get(key)
        if cached is not None:
            return cached
        async with self._lock:
            if key not in self._cache:
                try:
                    self._cache[key] = await self._process.run(render_sample, request)
                except InputFault as fault:
                    raise DependencyUnavailable(fault.message) from fault
                except (TransientFault, RuntimeError) as error:
                    raise DependencyUnavailable(
                        "The sample cannot be generated right now; try again.", retry_after_seconds=5
                    ) from error
            return self._cache[key]


def render_sample(request: SampleRequest, report: ReportProgress) -> bytes:
    """Runs in the render process. Raises InputFault without installed voices, KeyError for an unknown id."""
    from services.video.providers.local.previews import avatar_preview, voice_sample

    if request.voice_id:
        return voice_sample(request.voice_id, request.models)
    return avatar_preview(request.avatar_id)
