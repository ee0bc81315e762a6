"""Voices to hear and avatars to see: made on first asking by the same engine that makes the videos, then kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

from services.chassis.errors import DependencyUnavailable, InputFault, TransientFault
from services.video.domain import Avatar, Voice
from services.worker.render_process import RenderProcess

MEMORY_LIMIT_BYTES: Final = 6 << 30
TIME_LIMIT_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleOrder:
    """What the render process is asked for: a voice's sample or an avatar's preview, by id."""

    voice_id: str = ""
    avatar_id: str = ""
    models: Path


class Samples:
    """Keeps what it has made: a few dozen files of some tens of kilobytes. One is made at a time."""

    VOICE_TYPE: ClassVar[str] = "audio/mp4"
    AVATAR_TYPE: ClassVar[str] = "image/png"

    def __init__(self, *, models: Path) -> None:
        self._models = models
        self._process = RenderProcess(
            "samples", memory_limit_bytes=MEMORY_LIMIT_BYTES, time_limit_seconds=TIME_LIMIT_SECONDS
        )
        self._made: dict[str, bytes] = {}
        self._lock = asyncio.Lock()

    async def voice(self, voice: Voice) -> bytes:
        """A sentence or two in this voice, AAC in MP4. Raises DependencyUnavailable when it cannot be made now."""
        return await self._sample(f"voice {voice.id}", SampleOrder(voice_id=voice.id, models=self._models))

    async def avatar(self, avatar: Avatar) -> bytes:
        """A picture of this avatar, PNG. Raises DependencyUnavailable when it cannot be made now."""
        return await self._sample(f"avatar {avatar.id}", SampleOrder(avatar_id=avatar.id, models=self._models))

    async def close(self) -> None:
        await self._process.close()

    async def _sample(self, key: str, order: SampleOrder) -> bytes:
        known = self._made.get(key)
        if known is not None:
            return known
        async with self._lock:
            if key not in self._made:
                try:
                    self._made[key] = await self._process.run(make_sample, order)
                except InputFault as fault:
                    raise DependencyUnavailable(fault.message) from fault
                except (TransientFault, RuntimeError) as error:
                    raise DependencyUnavailable(
                        "The sample cannot be made right now.", retry_after_seconds=5
                    ) from error
            return self._made[key]


def make_sample(order: SampleOrder, report: Callable[[int, str], None]) -> bytes:
    """Runs in the render process. Raises InputFault without voices, KeyError for an unknown id."""
    from services.video.providers.local.previews import avatar_preview, voice_sample

    if order.voice_id:
        return voice_sample(order.voice_id, order.models)
    return avatar_preview(order.avatar_id)
