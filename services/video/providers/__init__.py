"""What makes videos, and what speaks, behind one Protocol each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from services.video.domain import MadeVideo, VideoBrief

Report = Callable[[int, str], None]


class VideoProvider(Protocol):
    """An engine that turns a brief into a video."""

    name: str

    async def render(self, brief: VideoBrief, folder: Path, report: Report) -> MadeVideo:
        """Makes the files in `folder`, which exists and is empty. `report(percent, stage)` tells how far it is.

        Raises InputFault when the brief's own input is at fault and TransientFault when another attempt may succeed.
        Cancelling stops the work within two seconds.
        """
        ...

    async def close(self) -> None:
        """Lets go of processes and connections."""
        ...
