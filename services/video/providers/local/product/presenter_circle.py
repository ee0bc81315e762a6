"""The presenter of a product film: a drawn one in a circle, who speaks the script beside what is shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from services.media.skia import skia
from services.video.domain import FRAMES_PER_SECOND
from services.video.product.layouts import Box
from services.video.providers.local import motion, visemes
from services.video.providers.local.presenters.look import LOOKS
from services.video.providers.local.presenters.puppet import Puppet
from services.video.providers.local.product.layers import smooth
from services.video.providers.local.product.looks import DARK, WHITE, Tone
from services.video.providers.local.strokes import along, fill, line
from services.video.providers.local.takes import Take

HEAD: Final = 265.0  # presenter units from the middle of the head to the circle's rim
LOWER: Final = 22.0  # presenter units by which the head is below the middle: hair takes more room than a chin
DEPTH: Final = 420.0  # presenter units that are seen below the middle of the head
RIM: Final = 0.035  # of the circle's width
LEAVING_SECONDS: Final = 0.25


class PresenterCircle:
    """Draws one of the presenters in a circle. place: its box in pixels."""

    def __init__(self, avatar_id: str, place: Box, tone: Tone, seed: str) -> None:
        x, y, side, _ = place
        self._middle, self._radius = (x + side / 2, y + side / 2), side / 2
        self._scale = self._radius / HEAD
        self._puppet = Puppet(LOOKS[avatar_id], self._scale, depth=DEPTH)
        self._ground = (tone.second.lighter(0.12), tone.second)
        self._seed = seed
        self._poses: list[Any] = []
        self._shapes: visemes.Mouths | None = None

    def prepare(self, takes: Sequence[Take], frames: int) -> None:
        """Makes the movement of a film of so many frames ready; up to each change it moves as before the change."""
        for take in takes:
            if take.speech is None:
                raise ValueError("a presenter speaks")
            speech = take.speech
            since = int(take.difference.start * FRAMES_PER_SECOND) if take.difference is not None else 0
            count = max(frames, int(np.ceil(speech.seconds * FRAMES_PER_SECOND)) + 1)
            shapes = visemes.mouths(speech.phones, speech.samples, frames=count, frames_per_second=FRAMES_PER_SECOND)
            poses = motion.poses(speech.phones, shapes, seed=self._seed, frames_per_second=FRAMES_PER_SECOND)
            if self._shapes is not None:
                shapes = np.concatenate([self._shapes[:since], shapes[since:]])
                poses = motion.continued(self._poses, poses, since)
            self._shapes, self._poses = shapes, poses

    def draw(self, canvas: Any, frame: int, leaving: float = 0.0) -> None:
        """Draws one frame; `leaving`: seconds since the film turned to its end card."""
        share = 1 - smooth(leaving / LEAVING_SECONDS)
        if share <= 0 or self._shapes is None:
            return
        x, y = self._middle
        radius = self._radius
        rim = radius * 2 * RIM
        canvas.save()
        canvas.translate(x, y)
        canvas.scale(share, share)
        canvas.drawCircle(0, rim, radius, fill(DARK, 0.16))
        canvas.save()
        canvas.clipPath(skia.Path().addCircle(0, 0, radius - rim / 2), skia.ClipOp.kIntersect, True)
        canvas.drawPaint(along((0, -radius), (0, radius), list(self._ground)))
        canvas.translate(0, LOWER * self._scale)
        self._puppet.draw(canvas, self._poses[frame], motion.mouth_of(self._shapes[frame]))
        canvas.restore()
        canvas.drawCircle(0, 0, radius - rim / 2, line(WHITE, rim))
        canvas.restore()
