"""The built-in engine: rules and frames, no model. It is the default, and what remote models fall back to."""

from __future__ import annotations

from services.copy.domain import CopyBrief, CopyResult
from services.copy.providers.local import engine
from services.copy.providers.local.headline import write_headline

__all__ = ["LocalCopyProvider", "write_headline"]


class LocalCopyProvider:
    """Writes with the rule engine, in the calling task: it takes milliseconds and holds nothing."""

    name = "local"

    async def write(self, brief: CopyBrief, seed: str) -> CopyResult:
        return engine.write(brief, seed)

    async def close(self) -> None:
        return None
