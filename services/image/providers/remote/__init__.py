"""Remote image engines: the engine generates the scene, the local compositor adds product, text and button.

Image models misspell text and change prices, so no remote image is delivered as it is. `engines.py` contains the
engines' HTTP protocols. `services/worker/remote/remote_task.py` ensures that a scene is paid for once.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from services.image.domain import ImageBrief, RenderedImage
from services.image.providers.local import LocalImageProvider
from services.image.providers.remote.engines import Scene, SceneEngine
from services.worker.progress import ReportProgress
from services.worker.remote.remote_task import Checkpoints

PROMPT_CHARACTERS: Final = 1800
WAITING_PERCENT: Final = (3, 18)  # range of the progress that the wait for the scene covers
EXPECTED_POLLS: Final = 20  # after as many polls the progress has covered two thirds of its range


class RemoteImageProvider:
    """Combines a remote scene with the local compositor."""

    def __init__(self, engine: SceneEngine, compositor: LocalImageProvider) -> None:
        self.name = engine.name
        self._engine = engine
        self._compositor = compositor

    async def render(
        self, brief: ImageBrief, folder: Path, report: ReportProgress, checkpoints: Checkpoints
    ) -> RenderedImage:
        """Implements ImageProvider.render."""
        low, high = WAITING_PERCENT
        polls = 0

        def on_wait() -> None:
            nonlocal polls
            polls += 1
            report(low + round((high - low) * polls / (polls + EXPECTED_POLLS / 2)), "waiting for the scene")

        report(low, "asking for a scene")
        path = folder / "scene"
        scene = Scene(key=brief.seed, prompt=scene_prompt(brief), ratio=brief.aspect_ratio)
        try:
            await self._engine.generate(scene, path, checkpoints, on_wait)
            return await self._compositor.compose(brief, folder, report, scene=path, provider=self.name)
        finally:
            path.unlink(missing_ok=True)

    async def draw_again(self, brief: ImageBrief, folder: Path, report: ReportProgress) -> RenderedImage:
        """Implements ImageProvider.draw_again: by the compositor, without a scene of the engine."""
        return await self._compositor.compose(brief, folder, report)

    async def prepare(self) -> None:
        """Prepares the compositor."""
        await self._compositor.prepare()

    async def close(self) -> None:
        """Closes connections and the compositor's process."""
        await self._engine.close()
        await self._compositor.close()


def scene_prompt(brief: ImageBrief) -> str:
    """Returns the prompt of an empty scene, since the compositor adds product and text."""
    parts = [
        f"Empty advertising backdrop for {brief.product_name}, {brief.style.value.replace('_', ' ')} style",
        f"in tones of {', '.join(brief.brand_colours)}" if brief.brand_colours else "",
        "calm area for text, a free surface for the product, no text, no letters, no logo, no people, no product",
        brief.prompt.strip(),
    ]
    return ". ".join(part for part in parts if part)[:PROMPT_CHARACTERS]
