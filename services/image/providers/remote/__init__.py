"""Remote engines: they make the scene, the compositor sets product, type and button on it.

Image models misspell and cannot keep a price, so no remote picture is ever delivered as it comes. `engines.py` has the
engines' HTTP protocols; `services/worker/remote/remote_task.py` sees to it that a scene is paid for once.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from services.image.domain import ImageBrief, MadeImage
from services.image.providers import Report
from services.image.providers.local import LocalImageProvider
from services.image.providers.remote.engines import Scene, SceneEngine
from services.worker.remote.remote_task import Checkpoints

PROMPT_CHARACTERS: Final = 1800
WAITING_PERCENT: Final = (3, 18)  # of the progress: before the compositor begins
EXPECTED_LOOKS: Final = 20  # after that many the progress stands at two thirds of the wait


class RemoteImageProvider:
    """A remote scene under the local compositor's product and type."""

    def __init__(self, engine: SceneEngine, compositor: LocalImageProvider) -> None:
        self.name = engine.name
        self._engine = engine
        self._compositor = compositor

    async def render(self, brief: ImageBrief, folder: Path, report: Report, keeper: Checkpoints) -> MadeImage:
        """As ImageProvider has it."""
        low, high = WAITING_PERCENT
        looks = 0

        def waiting() -> None:
            nonlocal looks
            looks += 1
            report(low + round((high - low) * looks / (looks + EXPECTED_LOOKS / 2)), "waiting for the scene")

        report(low, "asking for a scene")
        path = folder / "scene"
        scene = Scene(key=brief.seed, prompt=scene_prompt(brief), ratio=brief.aspect_ratio)
        try:
            await self._engine.make(scene, path, keeper, waiting)
            return await self._compositor.compose(brief, folder, report, scene=path, provider=self.name)
        finally:
            path.unlink(missing_ok=True)

    async def prepare(self) -> None:
        """Loads what the compositor needs."""
        await self._compositor.prepare()

    async def close(self) -> None:
        """Ends connections and the compositor's process."""
        await self._engine.close()
        await self._compositor.close()


def scene_prompt(brief: ImageBrief) -> str:
    """What the model is asked for: an empty stage, for product and words come later."""
    parts = [
        f"Empty advertising backdrop for {brief.product_name}, {brief.style.value.replace('_', ' ')} style",
        f"in tones of {', '.join(brief.brand_colours)}" if brief.brand_colours else "",
        "calm area for text, a free surface for the product, no text, no letters, no logo, no people, no product",
        brief.prompt.strip(),
    ]
    return ". ".join(part for part in parts if part)[:PROMPT_CHARACTERS]
