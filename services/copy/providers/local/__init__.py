"""The built-in engine: rules and quotations, no model. It is the default, and what remote models fall back to."""

from __future__ import annotations

from services.copy.domain import CopyBrief, CopyResult
from services.copy.providers.local import engine
from services.copy.providers.local.headline import write_headline
from services.copy.providers.local.picture_price import picture_price
from services.copy.providers.local.words import read_all

__all__ = ["LocalCopyProvider", "picture_price", "read_all", "write_headline"]


class LocalCopyProvider:
    """Writes with the rule engine, in the calling task: it takes milliseconds and holds nothing."""

    name = "local"

    def check(self, brief: CopyBrief) -> None:
        engine.check(brief)

    async def write(self, brief: CopyBrief, seed: str) -> CopyResult:
        return engine.write(brief, seed)

    async def close(self) -> None:
        return None
