"""The provider as the worker uses it: in a process of its own, told of progress, stopped at once."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from pathlib import Path

import pytest

from services.chassis.errors import InputFault
from services.video.domain import AVATARS, VOICES, VideoBrief
from services.video.providers import VideoProvider
from services.video.providers.local import LocalVideoProvider
from services.video.samples import Samples
from services.worker.remote.remote_task import MemoryCheckpoints


class TestLocalVideoProvider:
    async def test_renders_after_a_bad_script_and_reports_progress(
        self, models: Path, brief: VideoBrief, tmp_path: Path
    ) -> None:
        provider: VideoProvider = LocalVideoProvider(models=models)
        reports: list[int] = []
        try:
            with pytest.raises(InputFault):
                await provider.render(
                    replace(brief, script="🎉🎉🎉 🎉🎉🎉 🎉🎉"),
                    tmp_path,
                    lambda percent, stage: None,
                    MemoryCheckpoints(),
                )
            made = await provider.render(
                replace(brief, script="Try it today."),
                tmp_path,
                lambda percent, stage: reports.append(percent),
                MemoryCheckpoints(),
            )
        finally:
            await provider.close()
        assert made.video.stat().st_size > 20_000
        assert made.provider == "local"
        assert len(reports) > 3

    async def test_cancelling_stops_within_two_seconds(self, models: Path, brief: VideoBrief, tmp_path: Path) -> None:
        provider = LocalVideoProvider(models=models)
        drawing = asyncio.Event()
        job = asyncio.ensure_future(
            provider.render(
                brief,
                tmp_path,
                lambda percent, stage: drawing.set() if stage == "drawing" else None,
                MemoryCheckpoints(),
            )
        )
        try:
            await asyncio.wait_for(drawing.wait(), 240)
            began = time.monotonic()
            job.cancel()
            with pytest.raises(asyncio.CancelledError):
                await job
            assert time.monotonic() - began < 2.0
        finally:
            await provider.close()


class TestSamples:
    async def test_samples_are_rendered_once(self, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("services.video.samples.TIME_LIMIT_SECONDS", 600.0)  # so long it may take on a busy machine
        samples = Samples(models=models)
        try:
            voice = await samples.voice(VOICES["male-1"])
            avatar = await samples.avatar(AVATARS["maya"])
            assert await samples.voice(VOICES["male-1"]) is voice
        finally:
            await samples.close()
        assert voice[4:8] == b"ftyp"
        assert avatar[:8] == b"\x89PNG\r\n\x1a\n"
