"""The small line that says how a picture was made, where a request asks for one."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Final

from services.image.providers.local.geometry import Box, Frame
from services.image.providers.local.text_column import Placed, Role, Stack, TypeLook
from services.image.providers.local.text_drawing import Badge
from services.image.providers.local.typesetting import Writing, fit
from services.media.text_shaping import Face

SIZE: Final = 2.6  # units: 21 px of a picture that is 1080 wide
AIR: Final = 3.2  # units to other texts: closer, the line reads as one of them
ROOM: Final = 1.1  # times AIR, where a place has it
ROWS: Final = 40  # heights that are tried between the safe zone's bottom and top
FALLBACK: Final = "en"
OTHER_CODES: Final = {"nb": "no", "nn": "no"}


@cache
def mark_texts() -> Mapping[str, Mapping[str, str]]:
    """The texts by language, of `generated` and `composed` pictures. Raises ValueError for an uneven table."""
    folder = files("services.image.providers.local")
    table = tomllib.loads(folder.joinpath("data/visible_marks.toml").read_text(encoding="utf-8"))
    if set(table) != {"generated", "composed"} or len({frozenset(texts) for texts in table.values()}) != 1:
        raise ValueError("Both kinds of marks need the same languages.")
    return {kind: dict(texts) for kind, texts in table.items()}


def mark_text(language: str, *, generated: bool) -> str:
    """Returns the line in a language (BCP 47), in English where the table lacks it."""
    texts = mark_texts()["generated" if generated else "composed"]
    code = language.partition("-")[0]
    return texts.get(OTHER_CODES.get(code, code), texts[FALLBACK])


def placed_mark(
    frame: Frame,
    stack: Stack,
    look: TypeLook,
    language: str,
    *,
    generated: bool,
    badge: Badge | None,
    product: Box,
) -> Placed:
    """Sets the line in the safe zone, apart from all other texts: in a lower corner if one is free, and beside the
    product rather than on it."""
    text = mark_text(language, generated=generated)
    face = look.text if look.text.covers(text) else Face(family="Inter", weight=500)
    size, air = SIZE * frame.unit, AIR * frame.unit
    block = fit(
        text,
        replace(face, language=language),
        box_width=frame.safe.width,
        box_height=2 * size,
        largest=size,
        smallest=size,
        line_height=1.2,
        most_lines=1,
        writing=Writing(language=language, right_to_left=stack.right_to_left),
    )
    ink = block.lines[0].ink
    taken = [placed.plate or placed.box for placed in stack.placed]
    taken += [stack.mark] if stack.mark is not None else []
    taken += [badge.box] if badge is not None else []
    spots = list(_spots(frame.safe, ink[2] - ink[0], ink[3] - ink[1], mirrored=stack.right_to_left))

    def free(room: float) -> list[Box]:
        return [box for box in spots if not any(box.inset(-room).overlaps(other) for other in taken)]

    roomy, tight = free(ROOM * air), free(air)
    beside = (box for box in (*roomy, *tight) if not box.overlaps(product))
    corner = Box(frame.safe.left, frame.safe.bottom - (ink[3] - ink[1]), frame.safe.left + 1, frame.safe.bottom)
    box = next(beside, None) or next(iter((*roomy, *tight)), corner)
    pen = (box.left - ink[0], box.top - ink[1])
    return Placed(role=Role.MADE_WITH, block=block, pens=(pen,), box=box, text=text)


def _spots(safe: Box, width: float, height: float, *, mirrored: bool) -> Iterator[Box]:
    """Boxes of the line along the safe zone's sides, from the bottom to the top; where texts start last."""
    right, left = safe.right - width, safe.left
    for row in range(ROWS + 1):
        top = safe.bottom - height - (safe.height - height) * row / ROWS
        for x in (left, right) if mirrored else (right, left):
            yield Box(x, top, x + width, top + height)
    for row in range(ROWS + 1):
        top = safe.bottom - height - (safe.height - height) * row / ROWS
        x = safe.centre_x - width / 2
        yield Box(x, top, x + width, top + height)
