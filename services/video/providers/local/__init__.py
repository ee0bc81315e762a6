"""The local video engine: a neural voice and a drawn or photographed presenter, on the CPU, in a child process."""

from __future__ import annotations

import asyncio
import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

from services.media.provenance import Signing
from services.video.domain import RenderedVideo, VideoBrief
from services.video.providers import SpeechEngine
from services.worker.progress import ReportProgress
from services.worker.remote.remote_task import Checkpoints
from services.worker.render_process import NICENESS, RenderProcess

if TYPE_CHECKING:  # large, so only the render process and its first caller import it
    from services.video.providers.local.rendering import Rehearsal, RenderOrder

NAME: Final = "local"

MEMORY_LIMIT_BYTES: Final = 8 << 30  # of address space; resident memory stays near a gigabyte
TIME_LIMIT_SECONDS: Final = 900.0  # the longest script takes a few minutes on two cores


class LocalVideoProvider:
    """Renders one video at a time in a child process; cancelling kills it.

    voice: a remote speech engine in place of the local voice. signing: the C2PA signing identity.
    """

    name = NAME

    def __init__(
        self,
        *,
        models: Path,
        voice: SpeechEngine | None = None,
        signing: Signing | None = None,
        time_limit_seconds: float = TIME_LIMIT_SECONDS,
        niceness: int = NICENESS,
    ) -> None:
        self._models = models
        self._voice = voice
        self._signing = signing or Signing()
        self._process = RenderProcess(
            "video",
            memory_limit_bytes=MEMORY_LIMIT_BYTES,
            time_limit_seconds=time_limit_seconds,
            niceness=niceness,
        )

    async def render(
        self, brief: VideoBrief, folder: Path, report: ReportProgress, checkpoints: Checkpoints
    ) -> RenderedVideo:
        """Implements VideoProvider.render. No checkpoint is saved, so an interrupted video is rendered again."""
        from services.video.providers.local.rendering import render

        return await self._process.run(render, await self._order(brief, folder, report), report)

    async def rehearse(self, brief: VideoBrief, folder: Path, report: ReportProgress) -> Rehearsal:
        """Renders the speech, and the inputs of a remote talking-head engine."""
        from services.video.providers.local.rendering import rehearse

        order = await self._order(brief, folder, report)
        return await self._process.run(rehearse, order, lambda percent, stage: report(percent * 2 // 3, stage))

    async def perform(
        self,
        brief: VideoBrief,
        folder: Path,
        report: ReportProgress,
        rehearsal: Rehearsal,
        *,
        clip: Path | None = None,
        provider: str = NAME,
    ) -> RenderedVideo:
        """Renders the video around a rehearsal's speech; `clip` is the talking head."""
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
        """Starts the render process and loads its models, so that the first job need not wait. Raises ModelMissing."""
        rendering = await asyncio.to_thread(importlib.import_module, "services.video.providers.local.rendering")
        await self._process.run(rendering.load, self._models)

    async def close(self) -> None:
        await self._process.close()
        if self._voice is not None:
            await self._voice.close()

    async def _order(self, brief: VideoBrief, folder: Path, report: ReportProgress) -> RenderOrder:
        from services.video.providers.local.rendering import RenderOrder, recited

        order = RenderOrder(brief=brief, folder=folder, models=self._models, signing=self._signing)
        if self._voice is None or brief.parent is not None:  # films of a remote voice are not made again
            return order
        report(2, "speaking")
        passages = await self._process.run(recited, order)
        recordings = await self._voice.speak(passages, brief.voice_id, folder, speed=brief.speed)
        return RenderOrder(
            brief=brief, folder=folder, models=self._models, signing=self._signing, recordings=tuple(recordings)
        )
