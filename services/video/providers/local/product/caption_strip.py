"""Captions of a product film: a strip with the words of a moment, the one that is said marked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.media.colour import Colour
from services.media.text_shaping import shape
from services.media.text_shaping import width as width_of
from services.video.domain import PriceLine
from services.video.product.parts import PRONOUNS, sentences
from services.video.product.shots import cues
from services.video.product.storyboard import Scene
from services.video.providers.local import captions
from services.video.providers.local.product.layers import SAMPLING, painted
from services.video.providers.local.product.lettering import CAP, LEADING, SPACE, drawable, face_for, fitted
from services.video.providers.local.product.looks import DARK, WHITE, Tone
from services.video.providers.local.product.price_tag import about_price
from services.video.providers.local.product.stage import Stage
from services.video.providers.local.strokes import fill, rounded

CAPTION_UNITS: Final = 46.0  # the size of captions
VALUES: Final = frozenset({"price", "offer", "figure", "rating", "contact"})  # what shots show as it is written
STEM_LETTERS: Final = 5  # by which two forms of a word are the same
APOSTROPHE: Final = re.compile("['’]")
TURN_SECONDS: Final = 0.28  # from shot to shot


@dataclass(frozen=True, slots=True, kw_only=True)
class Inks:
    """The colours of a strip: its ground (opacity: 0 to 1), its words, and the patch with the word that is said."""

    ground: Colour
    opacity: float
    text: Colour
    accent: Colour
    lit: Colour


class CaptionStrip:
    """Draws captions over the scenes whose shots do not set the words themselves. tone: of photos, on any ground.
    line: the customer's statement of the price. brand: as it stands in every shot, as text or in its logo."""

    def __init__(
        self,
        stage: Stage,
        scenes: tuple[Scene, ...],
        tone: Tone,
        *,
        wanted: bool,
        line: PriceLine | None = None,
        brand: str = "",
    ) -> None:
        self._stage, self._scenes, self._tone = stage, scenes, tone
        self._names = f"{stage.name} {brand}"
        self._shown: tuple[object, Any] = (None, None)
        self._groups = [
            [group for said in _unshown(scene, line) for group in _new(captions.groups(said), scene, line, self._names)]
            if scene.shot.captions and wanted
            else []
            for scene in scenes
        ]

    def has_words(self, number: int) -> bool:
        """Whether the scene of that number has captions."""
        return bool(self._groups[number])

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
                current = lit_word(group, time)
                if self._shown[0] != (group, current):
                    made = self._picture(group, current, text=self._scenes[number].shot.text)
                    self._shown = (group, current), made
                image, x, y = self._shown[1]
                canvas.drawImage(image, x, y, SAMPLING)
                return

    def draw_beside_name(self, canvas: Any, group: captions.Group, time: float) -> None:
        """Draws the words of a time in seconds in a shot that shows the product with its name, unless they say it."""
        if _says_again(group, set(_bare(self._names))):
            return
        current = lit_word(group, time)
        if self._shown[0] != (group, current):
            self._shown = (group, current), self._picture(group, current, text="name")
        image, x, y = self._shown[1]
        canvas.drawImage(image, x, y, SAMPLING)

    def _picture(self, group: captions.Group, lit: int, *, text: str) -> tuple[Any, int, int]:
        unit, places = self._stage.unit, self._stage.places
        x, y, w, h = places.caption
        if text not in ("name", "price") and not self._stage.wide:
            y, h = places.title[1] + places.title[3] * 0.45, h + places.title[3] * 0.55
        made = words_picture(
            group, lit, family=self._stage.family, unit=unit, width=w, height=h, largest=CAPTION_UNITS * unit, rows=2,
            inks=Inks(ground=DARK, opacity=0.82, text=WHITE, accent=self._tone.accent, lit=self._tone.accent_ink),
        )  # fmt: skip
        return made, round(x), round(y + (h - made.height()) / 2)


def _new(groups: Sequence[captions.Group], scene: Scene, line: PriceLine | None, names: str) -> list[captions.Group]:
    """The groups but those that say again what the shot sets large: its value, or the product's name. Small words count
    for nothing: "It's £26 a jacket" is said by "£26 per jacket". names: of the product and its brand."""
    if scene.shot.text == "name":
        shown = set(_bare(names))
        return [group for group in groups if not _says_again(group, shown)]
    shown, is_value = _shown(scene, line)
    if not is_value or scene.shot.text == "chips":
        return list(groups)
    return [group for group in groups if not _says_again(group, shown)]


def _says_again(group: captions.Group, shown: set[str]) -> bool:
    """Whether every word that tells something is shown. What denies always tells, and so does a figure."""
    said = set(_bare(" ".join(word.text for word in group.words)))
    light = cues().per | cues().charge_joins | cues().joins | cues().prepositions | cues().copulas | cues().pays
    telling = {word for word in said - light if APOSTROPHE.split(word)[0] not in PRONOUNS}  # "it's" tells nothing
    telling |= said & cues().negations
    return bool(telling) and {word[:STEM_LETTERS] for word in telling} <= {word[:STEM_LETTERS] for word in shown}


def _shown(scene: Scene, line: PriceLine | None) -> tuple[set[str], bool]:
    """The words that a shot sets large, and whether they are a value of the part, or its list."""
    part = scene.part
    about = about_price(part, line) if scene.shot.text == "price" else (part.label, *part.items)
    shown = set(_bare(" ".join((part.value, *about))))
    if part.says == "list" and not part.label:
        return shown | cues().joins, scene.shot.text == "chips"
    return shown, part.says in VALUES and scene.shot.text == part.says


def _unshown(scene: Scene, line: PriceLine | None) -> list[list[captions.CaptionWord]]:
    """The sentences of a part but those whose every word the shot shows large: a caption would say the same twice."""
    part = scene.part
    shown, is_value = _shown(scene, line)
    said = sentences(part.words)
    left = [each for each in said if not (is_value and set(_bare(" ".join(word.text for word in each))) <= shown)]
    left = [part.words] if left == said else left
    return [[captions.CaptionWord(text=word.text, start=word.start, end=word.end) for word in each] for each in left]


def _bare(text: str) -> list[str]:
    return [word.strip(".,;:!?…").casefold() for word in text.split() if word.strip(".,;:!?…")]


def lit_word(group: captions.Group, time: float) -> int:
    """The number of the word that is said at a time in seconds."""
    return max((number for number, word in enumerate(group.words) if word.start <= time + 0.02), default=0)


def words_picture(
    group: captions.Group, lit: int, *, family: str, unit: float, width: float, height: float, largest: float,
    rows: int, inks: Inks,
) -> Any:  # fmt: skip
    """The words of a group on a strip that holds them, a skia.Image of at most width x height pixels; the word of the
    number `lit` stands on a patch. largest: size of the letters in pixels."""
    words = [drawable(word.text) for word in group.words]
    marked = sum(1 for word in words[: lit + 1] if word) - 1 if words[lit] else -1
    words = [word for word in words if word]
    text = " ".join(words)
    pad_x, pad_y = 22 * unit, 13 * unit
    block = fitted(
        text, family, 800, width_px=width - 2 * pad_x, height_px=height - 2 * pad_y, largest=largest, rows=rows
    )
    if not block.rows:
        return painted(1, 1, lambda canvas: None)
    size, face = block.size, face_for(text, family, 800)
    wide, tall = block.width + 2 * pad_x, block.height + 2 * pad_y

    def draw(canvas: Any) -> None:
        canvas.drawRRect(rounded(0, 0, wide, tall, 20 * unit), fill(inks.ground, inks.opacity))
        number = 0
        for row, made in enumerate(block.rows):
            spoken = made.text.split()
            widths = [width_of(word, face, size) for word in spoken]
            left = (wide - sum(widths) - SPACE * size * (len(spoken) - 1)) / 2
            baseline = pad_y + (CAP + 0.05 + row * LEADING) * size
            for word, advance in zip(spoken, widths, strict=True):
                if number == marked:
                    patch = rounded(
                        left - 0.13 * size, baseline - (CAP + 0.17) * size, advance + 0.26 * size, (CAP + 0.4) * size,
                        0.18 * size,
                    )  # fmt: skip
                    canvas.drawRRect(patch, fill(inks.accent))
                ink = inks.lit if number == marked else inks.text
                canvas.drawTextBlob(shape(word, face, size).blob(), left, baseline, fill(ink))
                left += advance + SPACE * size
                number += 1

    return painted(wide, tall, draw)
