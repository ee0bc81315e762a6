"""The engines behind one Protocol: the rule engine of this service, and any OpenAI-compatible chat endpoint."""

from __future__ import annotations

from typing import Protocol

from services.copy.domain import CopyBrief, CopyResult


class CopyProvider(Protocol):
    """Writes five variants for a brief.

    The same brief and seed give the same answer from the local engine. Raises `InputFault` when the brief cannot be
    served as it is, `TransientFault` when another attempt may succeed.
    """

    @property
    def name(self) -> str: ...

    async def write(self, brief: CopyBrief, seed: str) -> CopyResult: ...

    async def close(self) -> None: ...
