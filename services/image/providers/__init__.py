"""The engines behind the image service, all behind one Protocol."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from services.image.domain import ImageBrief, MadeImage

Report = Callable[[int, str], None]


class ImageProvider(Protocol):
    """Makes ad images.

    render: writes into `folder`, an empty folder, and tells `report(percent, stage)` how far it is. Raises InputFault
    when the customer's input is at fault and TransientFault when another attempt may succeed.
    """

    name: str

    async def render(self, brief: ImageBrief, folder: Path, report: Report) -> MadeImage: ...

    async def close(self) -> None: ...
