"""The copy providers: the built-in rule engine, and OpenAI-compatible chat endpoints."""

from __future__ import annotations

from typing import Protocol

from services.copy.domain import CopyBrief, CopyResult


class CopyProvider(Protocol):
    """Writes five variants for a brief.

    The built-in engine gives the same result for the same brief and seed. `check` runs before credits are held and
    raises `InputFault` for a brief that cannot be served as it is; so does `write` where that shows only then, and
    `TransientFault` when another attempt may succeed.
    """

    @property
    def name(self) -> str: ...

    def check(self, brief: CopyBrief) -> None: ...

    async def write(self, brief: CopyBrief, seed: str) -> CopyResult: ...

    async def close(self) -> None: ...
