"""What makes videos, and what speaks, behind one Protocol each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from services.video.domain import MadeVideo, VideoBrief
from services.worker.remote.remote_task import Checkpoints

Report = Callable[[int, str], None]


class VideoProvider(Protocol):
    """An engine that turns a brief into a video."""

    name: str

    async def render(self, brief: VideoBrief, folder: Path, report: Report, keeper: Checkpoints) -> MadeVideo:
        """Makes the files in `folder`, which exists and is empty. `report(percent, stage)` tells how far it is.
        `keeper` keeps what a later attempt at the same job must know.

        Raises InputFault when the brief's own input is at fault and TransientFault when another attempt may succeed.
        Cancelling stops the work within two seconds.
        """
        ...

    async def prepare(self) -> None:
        """Loads what the first video would wait for. Raises DependencyFault when some of it is missing."""
        ...

    async def close(self) -> None:
        """Lets go of processes and connections."""
        ...


class Voice(Protocol):
    """A voice elsewhere, in place of the local one."""

    async def speak(self, passages: Sequence[str], voice_id: str, folder: Path) -> list[Path]:
        """A sound file in `folder` for each passage, said as the service's voice `voice_id` would.

        Raises InputFault when the text is refused and TransientFault when another attempt may succeed.
        """
        ...

    async def close(self) -> None:
        """Lets go of connections."""
        ...
