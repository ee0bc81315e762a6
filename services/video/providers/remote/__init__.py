"""Remote engines that make a head talk: they get a picture and the speech, and the ad around the head is made here.

Voice, captions, card, end card, loudness and provenance are the same whichever engine moves the mouth. `heads.py` has
the engines' HTTP protocols; `services/worker/remote/remote_task.py` starts and pays for each video once.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from services.video.domain import MadeVideo, VideoBrief
from services.video.providers import Report
from services.video.providers.local import LocalVideoProvider
from services.video.providers.remote.heads import Head, HeadEngine
from services.worker.remote import remote_task
from services.worker.remote.remote_task import Checkpoints, RemoteTask

WAITING_PERCENT: Final = (30, 70)  # of the progress: between the speech and the ad around the head
EXPECTED_LOOKS: Final = 60  # after that many the progress stands at two thirds of the wait


class RemoteVideoProvider:
    """One remote engine, and the local one for everything but the head."""

    def __init__(self, engine: HeadEngine, studio: LocalVideoProvider) -> None:
        self.name = engine.name
        self._engine = engine
        self._studio = studio

    async def render(self, brief: VideoBrief, folder: Path, report: Report, keeper: Checkpoints) -> MadeVideo:
        """As VideoProvider has it. A picture without a usable face is framed locally, and nothing is ordered."""
        engine = self._engine
        rehearsal = await self._studio.rehearse(brief, folder, report)
        if rehearsal.note:
            return await self._studio.perform(brief, folder, report, rehearsal)
        head = Head(
            key=brief.seed,
            picture=rehearsal.picture,
            sound=rehearsal.sound,
            compressed_sound=rehearsal.compressed_sound,
            customers=brief.avatar_photo is not None,
            width=rehearsal.width,
            height=rehearsal.height,
        )
        looks = 0

        def waiting() -> None:
            nonlocal looks
            looks += 1
            low, high = WAITING_PERCENT
            report(low + round((high - low) * looks / (looks + EXPECTED_LOOKS / 2)), "waiting for the engine")

        def around(percent: int, stage: str) -> None:
            report(WAITING_PERCENT[1] + percent * (100 - WAITING_PERCENT[1]) // 100, stage)

        address = await remote_task.run(
            RemoteTask(
                engine=engine.name,
                order=lambda: engine.order(head),
                look=engine.look,
                cancel=engine.cancel,
                repeatable=engine.repeatable,
                poll_seconds=engine.poll_seconds,
            ),
            keeper,
            waiting,
        )
        report(WAITING_PERCENT[1], "fetching")
        clip = folder / "head.mp4"
        await engine.fetch(address, clip)
        try:
            return await self._studio.perform(brief, folder, around, rehearsal, clip=clip, provider=self.name)
        finally:
            clip.unlink(missing_ok=True)

    async def prepare(self) -> None:
        """Loads what the local engine needs."""
        await self._studio.prepare()

    async def close(self) -> None:
        """Ends connections and the local engine's process."""
        await self._engine.close()
        await self._studio.close()
