"""The Protocol that all image engines implement."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from services.image.domain import ImageBrief, RenderedImage
from services.worker.progress import ReportProgress
from services.worker.remote.remote_task import Checkpoints


class ImageProvider(Protocol):
    """An engine that renders ad images.

    render: writes the image into `folder`, which exists and is empty. Raises InputFault when the customer's input is at
    fault, TransientFault when another attempt may succeed. `checkpoints` stores the state of paid remote tasks.
    draw_again: as `render`, of a brief with changes; by the built-in engine alone, since a model's scene is never the
    same.
    prepare: loads models and the like before the first image. Raises as `render`.
    close: ends processes and connections.
    """

    name: str

    async def render(
        self, brief: ImageBrief, folder: Path, report: ReportProgress, checkpoints: Checkpoints
    ) -> RenderedImage: ...

    async def draw_again(self, brief: ImageBrief, folder: Path, report: ReportProgress) -> RenderedImage: ...

    async def prepare(self) -> None: ...

    async def close(self) -> None: ...
