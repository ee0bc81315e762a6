"""The Protocols of video engines and of remote speech engines."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from services.video.domain import RenderedVideo, VideoBrief
from services.worker.progress import ReportProgress
from services.worker.remote.remote_task import Checkpoints


class VideoProvider(Protocol):
    """An engine that renders videos."""

    name: str

    async def render(
        self, brief: VideoBrief, folder: Path, report: ReportProgress, checkpoints: Checkpoints
    ) -> RenderedVideo:
        """Writes the video's files into `folder`, which exists and is empty.

        `report` receives the progress. `checkpoints` stores the state of paid remote tasks for later attempts. Raises
        InputFault when the customer's input is at fault, TransientFault when another attempt may succeed. Cancelling
        stops the work and its processes.
        """
        ...

    async def prepare(self) -> None:
        """Loads models and the like before the first video. Raises DependencyFault when some are missing."""
        ...

    async def close(self) -> None:
        """Ends processes and connections."""
        ...


class SpeechEngine(Protocol):
    """A remote text-to-speech engine, in place of the local voice."""

    async def speak(self, passages: Sequence[str], voice_id: str, folder: Path, *, speed: float = 1.0) -> list[Path]:
        """Writes one audio file a passage into `folder`, in the voice for the platform's `voice_id`. Returns the paths.

        speed: how many times as fast as usual.

        Raises InputFault when the engine refuses the text, TransientFault when another attempt may succeed.
        """
        ...

    async def close(self) -> None:
        """Closes connections."""
        ...
