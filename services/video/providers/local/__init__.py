"""The local engine: a neural voice and a drawn or photographed presenter, on the CPU, in a process of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from services.chassis.render import RenderProcess
from services.video.domain import MadeVideo, VideoBrief
from services.video.providers.local.rendering import NAME, RenderOrder, render

MEMORY_LIMIT_BYTES: Final = 8 << 30  # of address space; resident memory stays near a gigabyte
TIME_LIMIT_SECONDS: Final = 900.0  # the longest script takes a few minutes on two cores


class LocalVideoProvider:
    """Renders one video at a time in a child process; cancelling kills it."""

    name = NAME

    def __init__(self, *, models: Path, time_limit_seconds: float = TIME_LIMIT_SECONDS) -> None:
        self._models = models
        self._process = RenderProcess(
            "video", memory_limit_bytes=MEMORY_LIMIT_BYTES, time_limit_seconds=time_limit_seconds
        )

    async def render(self, brief: VideoBrief, folder: Path, report: Callable[[int, str], None]) -> MadeVideo:
        """As VideoProvider.render."""
        return await self._process.run(render, RenderOrder(brief=brief, folder=folder, models=self._models), report)

    async def close(self) -> None:
        await self._process.close()
