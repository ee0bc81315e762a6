"""Drawn stand-ins for products without a photo, found by the words of the product."""

from __future__ import annotations

import re
from typing import Any, Final

from services.image.providers.local.objects import containers, devices, home, table, wear
from services.image.providers.local.objects.sculptor import HEIGHT, Materials, ObjectKind, Sculptor
from services.media.skia import skia

KINDS: Final[tuple[ObjectKind, ...]] = (*containers.KINDS, *table.KINDS, *devices.KINDS, *wear.KINDS, *home.KINDS)
BY_NAME: Final[dict[str, ObjectKind]] = {kind.name: kind for kind in KINDS}
FALLBACK: Final = BY_NAME["carton"]

NAME_WEIGHT: Final = 6.0  # a word in the product's name says more than one in its description
DESCRIPTION_WEIGHT: Final = 1.0
LAST_WORD_BONUS: Final = 2.0  # English puts the thing last: "leather watch strap box" is a box


def kind_for(name: str, description: str) -> tuple[ObjectKind, bool]:
    """The object whose words fit the product best, and whether any did (otherwise it is the plain carton)."""
    heading, body = name.casefold(), description.casefold()
    best, best_score = FALLBACK, 0.0
    for kind in KINDS:
        score = 0.0
        for word in kind.words:
            if word not in heading and word not in body:  # expressions cost more than the whole drawing
                continue
            pattern = re.compile(rf"(?<![\w-]){re.escape(word)}(?:s|es)?(?![\w-])")
            weight = 1.0 + 0.25 * word.count(" ") + 0.02 * len(word)  # longer words are more particular
            found = list(pattern.finditer(heading))
            if found:
                last = found[-1].end() >= len(heading.rstrip(" .!"))
                score = max(score, weight * (NAME_WEIGHT + (LAST_WORD_BONUS if last else 0.0)))
            elif pattern.search(body):
                score = max(score, weight * DESCRIPTION_WEIGHT)
        if score > best_score:
            best, best_score = kind, score
    return best, best_score > 0


def picture_of(kind: ObjectKind, materials: Materials) -> Any:
    """The object as a skia.Picture, HEIGHT high and HEIGHT * aspect wide."""
    recorder = skia.PictureRecorder()
    width = HEIGHT * kind.aspect
    # A margin around, for glows and steam that reach past the object's own box.
    canvas = recorder.beginRecording(skia.Rect.MakeLTRB(-HEIGHT, -HEIGHT, width + HEIGHT, 2 * HEIGHT))
    kind.draw(Sculptor(canvas, width, materials))
    return recorder.finishRecordingAsPicture()
