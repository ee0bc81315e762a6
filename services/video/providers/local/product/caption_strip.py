"""Captions of a product film: a strip with the words of a moment, the one that is said marked."""

from __future__ import annotations

from typing import Any, Final

from services.media.text_shaping import shape, width
from services.video.product.storyboard import Scene
from services.video.providers.local import captions
from services.video.providers.local.product.layers import SAMPLING, painted
from services.video.providers.local.product.lettering import CAP, LEADING, SPACE, drawable, face_for, fitted
from services.video.providers.local.product.looks import DARK, WHITE, Tone
from services.video.providers.local.product.stage import Stage
from services.video.providers.local.strokes import fill, rounded

CAPTION_UNITS: Final = 46.0  # the size of captions
TURN_SECONDS: Final = 0.28  # from shot to shot


class CaptionStrip:
    """Draws captions over the scenes whose shots do not set the words themselves. tone: of photos, on any ground."""

    def __init__(self, stage: Stage, scenes: tuple[Scene, ...], tone: Tone, *, wanted: bool) -> None:
        self._stage, self._scenes, self._tone = stage, scenes, tone
        self._shown: tuple[object, Any] = (None, None)
        self._groups = [
            captions.groups([captions.CaptionWord(text=w.text, start=w.start, end=w.end) for w in scene.part.words])
            if scene.shot.captions and wanted
            else ()
            for scene in scenes
        ]

    def _covered(self, number: int, time: float) -> bool:
        """Whether a shot with a text of its own is still leaving: captions would stand on it."""
        if number == 0 or self._scenes[number].shot.cut == "cut":
            return False
        leaving = self._scenes[number - 1].shot
        return bool(leaving.text) and time - self._scenes[number].start < TURN_SECONDS

    def draw(self, canvas: Any, number: int, time: float, *, alone: bool = False) -> None:
        """Draws the caption of a time in seconds over the scene of that number. alone: no scene leaves before it."""
        if not alone and self._covered(number, time):
            return
        for group in self._groups[number]:
            if group.start - 0.06 <= time < group.end:
                current = max((n for n, word in enumerate(group.words) if word.start <= time + 0.02), default=0)
                if self._shown[0] != (group, current):
                    self._shown = (group, current), self._picture(group, current, self._scenes[number])
                image, x, y = self._shown[1]
                canvas.drawImage(image, x, y, SAMPLING)
                return

    def _picture(self, group: captions.Group, lit: int, scene: Scene) -> tuple[Any, int, int]:
        unit, places = self._stage.unit, self._stage.places
        x, y, w, h = places.caption
        if scene.shot.text != "name" and not self._stage.wide and scene.shot.text != "price":
            y, h = places.title[1] + places.title[3] * 0.45, h + places.title[3] * 0.55
        words = [drawable(word.text) for word in group.words]
        lit_word = sum(1 for word in words[: lit + 1] if word) - 1 if words[lit] else -1
        words = [word for word in words if word]
        text = " ".join(words)
        rows = fitted(
            text,
            self._stage.family,
            800,
            width_px=w - 44 * unit,
            height_px=h - 24 * unit,
            largest=CAPTION_UNITS * unit,
            rows=2,
        )
        if not rows.rows:
            return painted(1, 1, lambda canvas: None), 0, 0
        size, face = rows.size, face_for(text, self._stage.family, 800)
        pad_x, pad_y = 22 * unit, 13 * unit
        wide, tall = rows.width + 2 * pad_x, rows.height + 2 * pad_y
        tone = self._tone

        def draw(canvas: Any) -> None:
            canvas.drawRRect(rounded(0, 0, wide, tall, 20 * unit), fill(DARK, 0.82))
            number = 0
            for row, made in enumerate(rows.rows):
                spoken = made.text.split()
                widths = [width(word, face, size) for word in spoken]
                left = (wide - sum(widths) - SPACE * size * (len(spoken) - 1)) / 2
                baseline = pad_y + (CAP + 0.05 + row * LEADING) * size
                for word, advance in zip(spoken, widths, strict=True):
                    if number == lit_word:
                        patch = rounded(
                            left - 0.13 * size, baseline - (CAP + 0.17) * size, advance + 0.26 * size,
                            (CAP + 0.4) * size, 0.18 * size,
                        )  # fmt: skip
                        canvas.drawRRect(patch, fill(tone.accent))
                    ink = tone.accent_ink if number == lit_word else WHITE
                    canvas.drawTextBlob(shape(word, face, size).blob(), left, baseline, fill(ink))
                    left += advance + SPACE * size
                    number += 1

        image = painted(wide, tall, draw)
        return image, round(x), round(y + (h - tall) / 2)
