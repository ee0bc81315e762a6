"""Remote talking-head engines: the engine animates the portrait, the local engine makes the rest of the video.

Voice, captions, product card, end card, loudness and provenance are the same with every engine. `heads.py` contains the
engines' HTTP protocols. `services/worker/remote/remote_task.py` ensures that each clip is paid for once.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from services.video.domain import RenderedVideo, VideoBrief, VideoKind
from services.video.providers.local import LocalVideoProvider
from services.video.providers.remote.heads import HeadEngine, HeadInputs
from services.worker.progress import ReportProgress
from services.worker.remote import remote_task
from services.worker.remote.remote_task import Checkpoints, RemoteTask

WAITING_PERCENT: Final = (30, 70)  # range of the progress that the wait for the clip covers
EXPECTED_POLLS: Final = 60  # after as many polls the progress has covered two thirds of its range


class RemoteVideoProvider:
    """Combines a remote talking head with the local engine, which makes everything else."""

    def __init__(self, engine: HeadEngine, studio: LocalVideoProvider) -> None:
        self.name = engine.name
        self._engine = engine
        self._studio = studio

    async def render(
        self, brief: VideoBrief, folder: Path, report: ReportProgress, checkpoints: Checkpoints
    ) -> RenderedVideo:
        """Implements VideoProvider.render. A portrait without a usable face is framed locally instead."""
        # There is no head in it to animate, or the local engine made it before.
        if brief.kind is VideoKind.PRODUCT or brief.parent is not None:
            return await self._studio.render(brief, folder, report, checkpoints)
        engine = self._engine
        rehearsal = await self._studio.rehearse(brief, folder, report)
        if rehearsal.note:
            return await self._studio.perform(brief, folder, report, rehearsal)
        inputs = HeadInputs(
            key=brief.seed,
            picture=rehearsal.picture,
            sound=rehearsal.sound,
            compressed_sound=rehearsal.compressed_sound,
            is_customer_photo=brief.avatar_photo is not None,
            width=rehearsal.width,
            height=rehearsal.height,
        )
        polls = 0

        def on_wait() -> None:
            nonlocal polls
            polls += 1
            low, high = WAITING_PERCENT
            report(low + round((high - low) * polls / (polls + EXPECTED_POLLS / 2)), "waiting for the engine")

        def report_rest(percent: int, stage: str) -> None:
            report(WAITING_PERCENT[1] + percent * (100 - WAITING_PERCENT[1]) // 100, stage)

        url = await remote_task.run(
            RemoteTask(
                engine=engine.name,
                submit=lambda: engine.submit(inputs),
                poll=engine.poll,
                cancel=engine.cancel,
                repeatable=engine.repeatable,
                poll_seconds=engine.poll_seconds,
            ),
            checkpoints,
            on_wait,
        )
        report(WAITING_PERCENT[1], "fetching")
        clip = folder / "head.mp4"
        await engine.fetch(url, clip)
        try:
            return await self._studio.perform(brief, folder, report_rest, rehearsal, clip=clip, provider=self.name)
        finally:
            clip.unlink(missing_ok=True)

    async def prepare(self) -> None:
        """Prepares the local engine."""
        await self._studio.prepare()

    async def close(self) -> None:
        """Closes connections and the local engine's process."""
        await self._engine.close()
        await self._studio.close()
