"""The local engine: a neural voice and a drawn or photographed presenter, on the CPU, in a process of its own."""

from __future__ import annotations

import asyncio
import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

from services.media.provenance import Signing
from services.video.domain import MadeVideo, VideoBrief
from services.video.providers import Report, Voice
from services.worker.remote.remote_task import Checkpoints
from services.worker.render_process import RenderProcess

if TYPE_CHECKING:  # the engine is for the process that renders, and for whoever gives it work first: it is large
    from services.video.providers.local.rendering import Rehearsal, RenderOrder

NAME: Final = "local"

MEMORY_LIMIT_BYTES: Final = 8 << 30  # of address space; resident memory stays near a gigabyte
TIME_LIMIT_SECONDS: Final = 900.0  # the longest script takes a few minutes on two cores


class LocalVideoProvider:
    """Renders one video at a time in a child process; cancelling kills it.

    voice: who speaks instead of the local voice. signing: who signs what is made.
    """

    name = NAME

    def __init__(
        self,
        *,
        models: Path,
        voice: Voice | None = None,
        signing: Signing | None = None,
        time_limit_seconds: float = TIME_LIMIT_SECONDS,
    ) -> None:
        self._models = models
        self._voice = voice
        self._signing = signing or Signing()
        self._process = RenderProcess(
            "video", memory_limit_bytes=MEMORY_LIMIT_BYTES, time_limit_seconds=time_limit_seconds
        )

    async def render(self, brief: VideoBrief, folder: Path, report: Report, keeper: Checkpoints) -> MadeVideo:
        """As VideoProvider.render. Nothing is kept: what is interrupted is made anew."""
        from services.video.providers.local.rendering import render

        return await self._process.run(render, await self._order(brief, folder, report), report)

    async def rehearse(self, brief: VideoBrief, folder: Path, report: Report) -> Rehearsal:
        """The speech alone, and what an engine elsewhere needs to make a head speak it."""
        from services.video.providers.local.rendering import rehearse

        order = await self._order(brief, folder, report)
        return await self._process.run(rehearse, order, lambda percent, stage: report(percent * 2 // 3, stage))

    async def perform(
        self,
        brief: VideoBrief,
        folder: Path,
        report: Report,
        rehearsal: Rehearsal,
        *,
        clip: Path | None = None,
        provider: str = NAME,
    ) -> MadeVideo:
        """The ad around what was rehearsed; `clip` is the film of the speaking head."""
        from services.video.providers.local.rendering import RenderOrder, render

        order = RenderOrder(
            brief=brief,
            folder=folder,
            models=self._models,
            speech=rehearsal.speech,
            clip=clip,
            provider=provider,
            signing=self._signing,
        )
        return await self._process.run(render, order, report)

    async def prepare(self) -> None:
        """Starts the render process and loads its models, so that the first job does not wait. Raises ModelMissing."""
        rendering = await asyncio.to_thread(importlib.import_module, "services.video.providers.local.rendering")
        await self._process.run(rendering.load, self._models)

    async def close(self) -> None:
        await self._process.close()
        if self._voice is not None:
            await self._voice.close()

    async def _order(self, brief: VideoBrief, folder: Path, report: Report) -> RenderOrder:
        from services.video.providers.local.rendering import RenderOrder, recited

        order = RenderOrder(brief=brief, folder=folder, models=self._models, signing=self._signing)
        if self._voice is None:
            return order
        report(2, "speaking")
        passages = await self._process.run(recited, order)
        recordings = await self._voice.speak(passages, brief.voice_id, folder)
        return RenderOrder(
            brief=brief, folder=folder, models=self._models, signing=self._signing, recordings=tuple(recordings)
        )
