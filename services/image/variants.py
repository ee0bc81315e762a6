"""The state of a job of several variants that its checkpoint holds: what is taken, and their remote tasks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from services.image.domain import RenderedImage, Taken
from services.worker.remote.remote_task import Checkpoints


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantState:
    """Headlines and layouts of the finished variants, and the paid remote tasks of those that are not, by number.

    A task is kept until its variant is stored, whatever fails meanwhile: forgotten, it would be paid for again.
    """

    taken: Taken = field(default_factory=Taken)
    tasks: Mapping[int, bytes] = field(default_factory=dict)

    @classmethod
    def read(cls, checkpoint: bytes) -> VariantState:
        """The state that a checkpoint of `to_bytes` holds; that of a job without one for an empty checkpoint."""
        if not checkpoint:
            return cls()
        values = json.loads(checkpoint)
        return cls(
            taken=Taken(headlines=tuple(values["headlines"]), layouts=tuple(values["layouts"])),
            tasks={int(number): task.encode() for number, task in values["tasks"].items()},
        )

    def to_bytes(self) -> bytes:
        """The state as a checkpoint."""
        taken = {"headlines": self.taken.headlines, "layouts": self.taken.layouts}
        return json.dumps({**taken, "tasks": {number: task.decode() for number, task in self.tasks.items()}}).encode()

    def with_task(self, number: int, task: bytes) -> VariantState:
        """The state when this variant's remote task has come so far."""
        return replace(self, tasks={**self.tasks, number: task})

    def after(self, number: int, image: RenderedImage) -> VariantState:
        """The state when this variant is finished.

        A layout that repeats shows that no other was left. The next pictures avoid only those since then, so that all
        layouts are used about equally often.
        """
        earlier = () if image.layout in self.taken.layouts else self.taken.layouts
        return VariantState(
            taken=Taken(headlines=(*self.taken.headlines, image.headline), layouts=(*earlier, image.layout)),
            tasks={other: task for other, task in self.tasks.items() if other != number},
        )


class VariantCheckpoints:
    """The checkpoints of one variant's remote task, within those of the attempt."""

    def __init__(self, attempt: Checkpoints, state: VariantState, number: int) -> None:
        self._attempt = attempt
        self._state = state
        self._number = number
        self.checkpoint = state.tasks.get(number, b"")

    @property
    def cancelled(self) -> bool:
        """Whether no attempt will need the result."""
        return self._attempt.cancelled

    async def save_checkpoint(self, content: bytes) -> None:
        """Stores the state of the remote task. Raises as the attempt's method."""
        await self._attempt.save_checkpoint(self._state.with_task(self._number, content).to_bytes())
        self.checkpoint = content
