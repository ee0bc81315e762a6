"""The sentence itself, word by word as it is said, in place of captions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from services.media.hyphenation import division_points
from services.media.text_shaping import shape, width
from services.video.product.parts import Word, capital
from services.video.product.shots import cues
from services.video.product.storyboard import Scene
from services.video.providers.local.product.layers import ENTER_SECONDS, Layer, painted
from services.video.providers.local.product.lettering import CAP, LEADING, SPACE, drawable, face_for, fitted
from services.video.providers.local.product.looks import Tone
from services.video.providers.local.product.stage import Stage, placed, text_layer
from services.video.providers.local.strokes import fill, rounded

SIZES: Final = ((4, 168.0), (7, 132.0), (10, 108.0), (99, 92.0))  # the largest size in units, by the number of words
LONG_LETTERS: Final = 14  # of a word that may be divided, where the sentence becomes larger by it
PARTED_GAIN: Final = 1.15  # of its size, at least
KICKER: Final = 0.16  # of the height of the hook's words, for the product's name above them


def word_layers(stage: Stage, scene: Scene, tone: Tone) -> list[Layer]:
    """Each word as it is said, all in one block; the word that weighs most stands on a patch."""
    area = stage.places.aside_words if scene.shot.product == "aside" else stage.places.words
    x, y, w, h = area
    kicker = _kicker(stage, scene, tone)
    if kicker:
        y, h = y + h * KICKER, h * (1 - KICKER)
    spoken = [(drawable(word.text), word) for word in scene.part.words]
    spoken = [(text, word) for text, word in spoken if text]
    if spoken and spoken[0][0].casefold() in cues().joins:  # a shot does not begin like the rest of another
        spoken[0] = (capital(spoken[0][0]), spoken[0][1])
    text = " ".join(each for each, _ in spoken)
    if not text:
        return []
    largest = next(size for most, size in SIZES if len(spoken) <= most) * stage.largest_unit
    pad = 0.14
    rows = fitted(text, stage.family, 800, width_px=w * 0.95, height_px=h * 0.96, largest=largest, rows=7)
    parted = _parted(spoken, stage.language)
    if len(parted) > len(spoken):
        joined = " ".join(each for each, _ in parted)
        larger = fitted(joined, stage.family, 800, width_px=w * 0.95, height_px=h * 0.96, largest=largest, rows=7)
        if larger.size > rows.size * PARTED_GAIN and not any("- " in row.text for row in larger.rows):
            rows, spoken, text = larger, parted, joined
    size = rows.size
    weighty = _weighty([each for each, _ in spoken])
    face = face_for(text, stage.family, 800)
    top = y + max(0.0, (h - rows.height) * (0.5 if stage.wide else 0.35))
    layers = list(kicker)
    number = 0
    for row, made in enumerate(rows.rows):
        count = len(made.text.split())
        words = spoken[number : number + count]
        widths = [width(each, face, size) for each, _ in words]
        left = x
        baseline = top + (CAP + row * LEADING) * size
        counted = weighty - number
        if 0 <= counted < count - 1 and _is_counted(words[counted][0], words[counted + 1][0]):
            words[counted : counted + 2] = [(f"{words[counted][0]} {words[counted + 1][0]}", words[counted][1])]
            widths[counted : counted + 2] = [width(words[counted][0], face, size)]
        for place, ((each, word), advance) in enumerate(zip(words, widths, strict=True)):
            lit = place == counted
            image = _word(each, face, size, advance, tone, lit, pad)
            centre_x = left + advance / 2
            centre_y = baseline - CAP * size / 2
            at = max(-ENTER_SECONDS * 0.6, word.start - scene.start - 0.2)
            if scene.start == 0.0:
                at = min(at, (number + place) * 0.14) - ENTER_SECONDS / 2  # the hook is read within two seconds
            layers.append(placed(image, centre_x, centre_y, enter="pop" if lit else "rise", at=at, far=28 * stage.unit))
            left += advance + SPACE * size
        number += count
    return layers


def _parted(spoken: Sequence[tuple[str, Word]], language: str) -> list[tuple[str, Word]]:
    """The words with each long one in two, of which the first has a hyphen; what is already hyphenated stays."""
    made: list[tuple[str, Word]] = []
    for text, word in spoken:
        bare = text.rstrip(".,;:!?…")
        places = division_points(bare, language) if len(bare) >= LONG_LETTERS and bare.isalpha() else ()
        if places:
            cut = min(places, key=lambda place: abs(place - len(bare) / 2))
            made += [(f"{text[:cut]}-", word), (text[cut:], word)]
        else:
            made.append((text, word))
    return made


def _kicker(stage: Stage, scene: Scene, tone: Tone) -> list[Layer]:
    """The product's name above the words that open a film, where they do not say it: one sees at once what it is of."""
    name = stage.name.casefold()
    said = scene.part.text.casefold()
    if scene.shot.product == "aside" or scene.start > 0.0 or not name or name in said or stage.is_brand:
        return []
    x, y, w, h = stage.places.words
    return [
        text_layer(stage, stage.name, (x, y, w, h * KICKER * 0.8), tone.ink, largest=40, rows=2, enter="fade", at=-1.0)
    ]


def _word(text: str, face: Any, size: float, advance: float, tone: Tone, lit: bool, pad: float) -> Any:
    margin = size * 0.4

    def draw(canvas: Any) -> None:
        baseline = margin + CAP * size
        if lit:
            patch = rounded(
                margin - pad * size, margin - 0.16 * size, advance + 2 * pad * size, (CAP + 0.36) * size, 0.16 * size
            )
            canvas.drawRRect(patch, fill(tone.accent))
        canvas.drawTextBlob(
            shape(text, face, size).blob(), margin, baseline, fill(tone.accent_ink if lit else tone.ink)
        )

    return painted(advance + 2 * margin, CAP * size + 2 * margin, draw)


def _is_counted(figure: str, unit: str) -> bool:
    """Whether a word is what the figure before it counts, so that both stand on one patch: "8 a.m.", "12 months"."""
    bare = unit.rstrip(".,;:!?…")
    if not re.search(r"\d$", figure) or not bare.replace(".", "").isalpha() or not bare.islower():
        return False
    return bare not in cues().joins | cues().prepositions | cues().no_units | cues().per


def _weighty(words: list[str]) -> int:
    """The number of the word that weighs most: one with a figure, else the longest of the second half that only joins
    nothing, the last of those that are equally long."""
    bare = [word.strip(".,!?;:").casefold() for word in words]
    for number, word in enumerate(bare):
        if re.search(r"\d", word):
            return number
    light = cues().joins | cues().prepositions
    half = len(words) // 2
    return max(range(half, len(words)), key=lambda number: (bare[number] not in light, len(bare[number]), number))
