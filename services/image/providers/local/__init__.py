"""The local image engine: a typographic compositor in a child process, without network access."""

from __future__ import annotations

import asyncio
import datetime
import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

from services.image.domain import AspectRatio, ImageBrief, RenderedImage, Style
from services.media import model_files
from services.media.provenance import Signing
from services.worker.progress import ReportProgress
from services.worker.remote.remote_task import Checkpoints
from services.worker.render_pool import RenderPool
from services.worker.render_process import NICENESS

if TYPE_CHECKING:  # the module is large, and API processes import this one
    from services.image.providers.local.studio import Assignment

# Of the child's address space. Resident memory stays far below, since the runtimes reserve more than they use.
MEMORY_LIMIT_BYTES: Final = 3 * 1024**3
TIME_LIMIT_SECONDS: Final = 150.0  # an image takes about a second; a crowded machine took a minute for the first

TRIAL: Final = ImageBrief(  # drawn by each render process before its first job
    product_name="Bottle",
    description="A steel bottle.",
    features=("Keeps water cold for 24 hours",),
    price="20",
    currency="EUR",
    audience="",
    brand_name="Brand",
    brand_colours=(),
    brand_font="",
    tone_words=(),
    style=Style.PRODUCT_HERO,
    aspect_ratio=AspectRatio.SQUARE,
    prompt="",
    photo=None,
    logo=None,
    headline="Cold water all day",
    subline="",
    call_to_action="Learn more",
    seed="trial",
    date=datetime.date(2000, 1, 1),
)


class LocalImageProvider:
    """Draws ad images on this machine.

    models: folder of the model files; None for the default folder. signing: the C2PA signing identity; None for a
    development chain that is stored beside the models. processes: images that are drawn at a time, each in a process of
    this niceness.
    """

    name = "local"

    def __init__(
        self,
        *,
        models: Path | None = None,
        signing: Signing | None = None,
        processes: int = 1,
        niceness: int = NICENESS,
    ) -> None:
        self._models = models or model_files.default_folder()
        self._signing = signing or Signing()
        self._processes = RenderPool(
            "image",
            size=processes,
            memory_limit_bytes=MEMORY_LIMIT_BYTES,
            time_limit_seconds=TIME_LIMIT_SECONDS,
            niceness=niceness,
        )

    async def render(
        self, brief: ImageBrief, folder: Path, report: ReportProgress, checkpoints: Checkpoints | None = None
    ) -> RenderedImage:
        """Implements ImageProvider.render. No checkpoint is saved."""
        return await self.compose(brief, folder, report)

    async def draw_again(self, brief: ImageBrief, folder: Path, report: ReportProgress) -> RenderedImage:
        """Implements ImageProvider.draw_again."""
        return await self.compose(brief, folder, report)

    async def compose(
        self,
        brief: ImageBrief,
        folder: Path,
        report: ReportProgress,
        *,
        scene: Path | None = None,
        provider: str = "local",
    ) -> RenderedImage:
        """Draws the ad, over the image at `scene` from another engine if there is one."""
        from services.image.providers.local.studio import draw_assignment

        assignment = self._assignment(brief, folder, scene=scene, provider=provider)
        return await self._processes.run(draw_assignment, assignment, report)

    async def prepare(self) -> None:
        """Starts a render process, loads its models and draws a picture, so that the first job need not wait."""
        studio = await asyncio.to_thread(importlib.import_module, "services.image.providers.local.studio")
        await self._processes.prepare(studio.load, self._assignment(TRIAL, Path()))

    async def close(self) -> None:
        """Ends the render processes."""
        await self._processes.close()

    def _assignment(
        self, brief: ImageBrief, folder: Path, *, scene: Path | None = None, provider: str = name
    ) -> Assignment:
        from services.image.providers.local.studio import Assignment

        return Assignment(
            brief=brief,
            folder=folder,
            cut_out_model=_stored(model_files.U2NETP, self._models),
            drawings=_stored(model_files.DRAWINGS, self._models),
            icons=_stored(model_files.ICONS, self._models),
            panoramas=self._models,
            signing_folder=self._signing.folder,
            signing_chain=self._signing.chain,
            signing_key=self._signing.key,
            scene=scene,
            provider=provider,
            models=self._models,
        )


def _stored(name: str, models: Path) -> Path | None:
    try:
        return model_files.model_path(name, models)
    except model_files.ModelMissing:
        return None
