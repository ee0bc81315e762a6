"""The price, huge: the words before it above, what one price pays for and holds for below, the old price struck out."""

from __future__ import annotations

from typing import Final

from services.video.domain import PriceLine
from services.video.product.parts import JOINT_LETTERS, Part, money_in, without_beginning
from services.video.product.price_line import amounts_of
from services.video.product.shots import cues
from services.video.product.storyboard import Scene
from services.video.providers.local.product.layers import Layer
from services.video.providers.local.product.looks import Tone
from services.video.providers.local.product.stage import (
    ALONE_SECONDS,
    VALUE_GROWS,
    Stage,
    TextRow,
    after_others,
    said_at,
    stacked,
)

HEAD: Final = 0.16  # of the height, for the words before the amount
AMOUNT: Final = 0.42
LESS: Final = 0.36  # for the amount where an old price and words stand below it
BELOW: Final = 0.27
STEM_LETTERS: Final = 5  # by which two forms of a word are the same


def price_layers(stage: Stage, scene: Scene, tone: Tone, line: PriceLine | None, before: str = "") -> list[Layer]:
    """The price of a part. line: the customer's statement, used where it is of the same amount. before: the old price
    as it is written, "" without one."""
    part = scene.part
    head, below = about_price(part, line)
    below = without_beginning(below, cues().additions)
    value = part.value
    if below.startswith("/"):  # "$27.50/hour" is one, and a line does not begin with a stroke
        unit, _, below = below.partition(" ")
        value = f"{value}{unit}"
    at = said_at(scene, part.value, latest=ALONE_SECONDS)
    rows = [
        TextRow(
            text=value, ink=tone.large_ink, largest=240, share=LESS if below and before else AMOUNT, at=at, weight=800,
            enter="pop", grow=VALUE_GROWS,
        )
    ]  # fmt: skip
    if head:
        rows.insert(0, TextRow(text=head, ink=tone.ink, largest=62, share=HEAD, at=0.0, rows=2))
    if before:
        rows.append(TextRow(text=before, ink=tone.ink, largest=60, share=HEAD * 0.9, at=at + 0.1, struck=tone.accent))
    if below:
        said = after_others(scene, below, at + 0.2)
        rows.append(TextRow(text=below, ink=tone.ink, largest=62, share=BELOW, at=said, rows=4))
    return stacked(stage, stage.places.stage, rows)


def about_price(part: Part, line: PriceLine | None) -> tuple[str, str]:
    """What stands above and below the amount of a part that says a price; line: as for `price_layers`."""
    head, below = part.label, part.items[0] if part.items else ""
    if line is not None and amounts_of(line) == next((found.values for found in money_in(part.value)), ()):
        head = line.before or head
        below = line.after.lstrip(",; ") or ("" if _share_a_word(head, below) else below)
    return head, below


def _share_a_word(one: str, other: str) -> bool:
    """Whether two texts have a word in common that tells something, in whichever form: "Adultos", "por adulto"."""
    light = cues().joins | cues().prepositions | cues().per
    stems = [
        {word[:STEM_LETTERS] for word in text.casefold().split() if len(word) > JOINT_LETTERS and word not in light}
        for text in (one, other)
    ]
    return not stems[0].isdisjoint(stems[1])
