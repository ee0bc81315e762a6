"""The local video provider: rendering in a child process, progress, cancellation."""

from __future__ import annotations

import asyncio
import multiprocessing
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from local.home import ROOT
from services.chassis.errors import InputFault
from services.video.domain import AVATARS, VOICES, VideoBrief
from services.video.providers import VideoProvider
from services.video.providers.local import LocalVideoProvider
from services.video.samples import Samples
from tests.worker.checkpoints import MemoryCheckpoints


class TestLocalVideoProvider:
    @pytest.mark.asyncio(loop_scope="session")
    async def test_renders_after_a_bad_script_and_reports_progress(
        self, provider: VideoProvider, brief: VideoBrief, tmp_path: Path
    ) -> None:
        reports: list[int] = []
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
        assert made.video.stat().st_size > 20_000
        assert made.provider == "local"
        assert len(reports) > 3

    async def test_cancelling_ends_the_rendering_and_its_process(
        self, models: Path, brief: VideoBrief, tmp_path: Path
    ) -> None:
        before = set(multiprocessing.active_children())
        provider = LocalVideoProvider(models=models, niceness=0)
        drawing = asyncio.Event()
        job = asyncio.ensure_future(
            provider.render(
                replace(brief, script="Try it today.", resolution="1080p"),  # takes seconds to draw
                tmp_path,
                lambda percent, stage: drawing.set() if stage == "drawing" else None,
                MemoryCheckpoints(),
            )
        )
        try:
            await asyncio.wait_for(drawing.wait(), 240)
            (process,) = set(multiprocessing.active_children()) - before
            job.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asyncio.wait_for(job, 60)
            assert not process.is_alive()
            assert not (tmp_path / "captions.srt").exists()  # the files are written at the end
        finally:
            await provider.close()


def test_worker_prepares_without_the_libraries_of_its_render_process() -> None:
    """They take a second and 50 MB."""
    program = (
        "import sys, services.video.providers.local.rendering\n"
        "assert not {'scipy.signal', 'scipy.stats', 'onnxruntime'} & sys.modules.keys(), sorted(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


class TestSamples:
    async def test_samples_are_rendered_once(self, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("services.video.samples.TIME_LIMIT_SECONDS", 600.0)  # a busy machine may take that long
        samples = Samples(models=models, niceness=0)
        try:
            voice = await samples.voice(VOICES["male-1"])
            avatar = await samples.avatar(AVATARS["maya"])
            assert await samples.voice(VOICES["male-1"]) is voice
        finally:
            await samples.close()
        assert voice[4:8] == b"ftyp"
        assert avatar[:8] == b"\x89PNG\r\n\x1a\n"
