"""The local engine: a compositor with real typography, in a process of its own, without any network."""

from __future__ import annotations

import asyncio
import importlib
from pathlib import Path
from typing import Final

from services.image.domain import ImageBrief, MadeImage
from services.image.providers import Report
from services.media import model_files
from services.worker.remote.remote_task import Checkpoints
from services.worker.render_process import RenderProcess

# Of the child's address space. Resident it stays far below; the runtimes reserve more than they touch.
MEMORY_LIMIT_BYTES: Final = 3 * 1024**3
TIME_LIMIT_SECONDS: Final = 60.0  # a picture takes about a second; on a machine ten times as busy it still ends


class LocalImageProvider:
    """Draws ad images on this machine.

    models: folder of model files, the standard cache when None. signing_chain, signing_key: the operator's own C2PA
    certificate chain and key (PEM); without them a development chain is made beside the models.
    """

    name = "local"

    def __init__(
        self, models: Path | None = None, *, signing_chain: Path | None = None, signing_key: Path | None = None
    ) -> None:
        self._models = models or model_files.default_folder()
        self._signing = (signing_chain, signing_key)
        self._process = RenderProcess(
            "image", memory_limit_bytes=MEMORY_LIMIT_BYTES, time_limit_seconds=TIME_LIMIT_SECONDS
        )

    async def render(
        self, brief: ImageBrief, folder: Path, report: Report, keeper: Checkpoints | None = None
    ) -> MadeImage:
        """As ImageProvider has it; nothing is ordered, nothing needs keeping."""
        return await self.compose(brief, folder, report)

    async def compose(
        self, brief: ImageBrief, folder: Path, report: Report, *, scene: Path | None = None, provider: str = "local"
    ) -> MadeImage:
        """Draws over `scene`, a picture some other engine made, when there is one."""
        # Large, and for the process that draws; this one holds it from the first job on.
        from services.image.providers.local.studio import Assignment, draw_assignment

        chain, key = self._signing
        assignment = Assignment(
            brief=brief,
            folder=folder,
            cut_out_model=_cut_out_model(self._models),
            signing_folder=self._models.parent / "signing",
            signing_chain=chain,
            signing_key=key,
            scene=scene,
            provider=provider,
        )
        return await self._process.run(draw_assignment, assignment, report)

    async def prepare(self) -> None:
        """Starts the render process and loads its models, so that the first job does not wait for it."""
        studio = await asyncio.to_thread(importlib.import_module, "services.image.providers.local.studio")
        await self._process.run(studio.load, _cut_out_model(self._models))

    async def close(self) -> None:
        """Ends the render process."""
        await self._process.close()


def _cut_out_model(models: Path) -> Path | None:
    try:
        return model_files.model_path(model_files.U2NETP, models)
    except model_files.ModelMissing:
        return None
