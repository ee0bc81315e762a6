"""A substitute for the checkpoints of an attempt."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class MemoryCheckpoints:
    """Checkpoints in memory, for tests of engines without a job."""

    checkpoint: bytes = b""
    cancelled: bool = False

    async def save_checkpoint(self, content: bytes) -> None:
        """Stores the checkpoint until the process ends."""
        self.checkpoint = content
