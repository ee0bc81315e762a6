"""Fixtures of the video engine's tests: cached models, a brief, one finished video."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytest_asyncio
from PIL import Image

from services.media.model_files import default_folder, fetch_models
from services.video.domain import AspectRatio, RenderedVideo, VideoBrief
from services.video.providers.local import LocalVideoProvider
from services.video.providers.local.kokoro import Speech
from services.video.providers.local.presenters.look import LOOKS
from services.video.providers.local.presenters.pose import Mouth, Pose
from services.video.providers.local.presenters.puppet import Puppet
from services.video.providers.local.rendering import RenderOrder, render, speech_of
from services.video.providers.local.strokes import rgb_of, surface_of

SCRIPT = "Pam moved both boxes by the blue van. Stop wasting money: our app maps your spare time for $9.99 a month!"


@pytest.fixture(scope="session")
def models() -> Path:
    """Returns the folder of the model files, which are downloaded if missing."""
    fetch_models(default_folder(), say=lambda _: None)
    return default_folder()


@pytest.fixture(scope="session")
def brief() -> VideoBrief:
    return VideoBrief(
        script=SCRIPT,
        voice_id="female-1",
        avatar_id="maya",
        avatar_photo=None,
        aspect_ratio=AspectRatio.SQUARE,
        product_name="Mapp",
        description="An app that plans your spare time",
        price="9.99",
        currency="USD",
        brand_name="Mapp",
        brand_colours=("#1d4ed8", "#f59e0b"),
        brand_font="Inter",
        product_photo=None,
        logo=None,
        call_to_action="Try it free",
        seed="a-job",
    )


Render = Callable[..., RenderedVideo]


@pytest.fixture(scope="session")
def rendered(models: Path, brief: VideoBrief, tmp_path_factory: pytest.TempPathFactory) -> Render:
    """Returns a function that renders the brief with changes; `rendered.reports` has the progress of the last call.

    speech: the spoken script, in place of speaking it.
    """

    def make(speech: Speech | None = None, **changes: Any) -> RenderedVideo:
        folder = tmp_path_factory.mktemp("video")
        reports: list[tuple[int, str]] = []
        made = render(
            RenderOrder(brief=replace(brief, **changes), folder=folder, models=models, speech=speech),
            lambda percent, stage: reports.append((percent, stage)),
        )
        make.reports = reports  # type: ignore[attr-defined]
        return made

    return make


@pytest.fixture(scope="session")
def finished(rendered: Render, spoken: Speech) -> RenderedVideo:
    """Returns one vertical video, which many tests share; the presenter is in the middle until the end card: no price
    takes their place."""
    return rendered(speech=spoken, aspect_ratio=AspectRatio.PORTRAIT, price=None)


@pytest.fixture(scope="session")
def spoken(models: Path, brief: VideoBrief) -> Speech:
    """Returns the speech of the finished video, without its opening silence."""
    return speech_of(brief.script, brief.voice_id, {}, models, lambda percent, stage: None)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def provider(models: Path) -> AsyncIterator[LocalVideoProvider]:
    """Returns the local provider, whose render process many tests use; for tests with `loop_scope="session"`."""
    # Beside the renderings of other tests, the default niceness gets a tenth of a core.
    found = LocalVideoProvider(models=models, niceness=0)
    yield found
    await found.close()


@pytest.fixture(scope="session")
def portrait() -> Callable[..., Path]:
    """Returns a function that draws a face into an image file, as a substitute for a customer's photo."""

    def draw(
        folder: Path, look: str = "maya", *, scale: float = 1.0, faces: int = 1, mouth: Mouth | None = None
    ) -> Path:
        pixels = np.zeros((1200, 900 * faces, 4), np.uint8)
        canvas = surface_of(pixels).getCanvas()
        canvas.clear(0xFF9FB4C8)
        for number in range(faces):
            canvas.save()
            canvas.translate(450 + 900 * number, 520)
            Puppet(LOOKS[look], scale * (1 - 0.35 * number)).draw(canvas, Pose(), mouth or Mouth())
            canvas.restore()
        path = folder / f"{look}-{scale}-{faces}.png"
        Image.fromarray(rgb_of(pixels)).save(path)
        return path

    return draw
