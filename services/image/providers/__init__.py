"""The engines behind the image service, all behind one Protocol."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from services.image.domain import ImageBrief, MadeImage
from services.worker.remote.remote_task import Checkpoints

Report = Callable[[int, str], None]


class ImageProvider(Protocol):
    """Makes ad images.

    prepare: loads what the first picture would wait for. Raises as `render`.
    render: writes into `folder`, an empty folder, and tells `report(percent, stage)` how far it is. Raises InputFault
    when the customer's input is at fault and TransientFault when another attempt may succeed. `keeper` keeps what was
    ordered from somebody else's engine, for the attempts after this one.
    """

    name: str

    async def render(self, brief: ImageBrief, folder: Path, report: Report, keeper: Checkpoints) -> MadeImage: ...

    async def prepare(self) -> None: ...

    async def close(self) -> None: ...
