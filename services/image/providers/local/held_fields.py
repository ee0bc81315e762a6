"""Fields of a poster cut to the texts that they hold, so that none is empty and all margins are equal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from services.image.providers.local.arrangement import Arrangement
from services.image.providers.local.geometry import Box, Frame
from services.image.providers.local.layouts import PlacedField
from services.image.providers.local.posters import Holds, Shape
from services.image.providers.local.text_column import Role, Stack

MARGIN: Final = 7.0  # units between a field's edge and the texts in it
RULE_GAP: Final = 4.4  # units between a rule and the texts below it
FOLDED: Final = frozenset({Shape.TICKET})  # with a line between the column and the foot
ROOM_FOR_RULE: Final = 3.0  # units between a rule and what stands above it, at least


@dataclass(frozen=True, slots=True)
class _Texts:
    """The boxes of texts, buttons included, by where they stand. head: the brand."""

    foot: tuple[Box, ...]
    head: tuple[Box, ...]
    column: tuple[Box, ...]

    @property
    def lowest(self) -> float:
        return max(box.bottom for box in (*self.foot, *self.head, *self.column))


def held(
    fields: Sequence[PlacedField], frame: Frame, arrangement: Arrangement, stack: Stack
) -> tuple[PlacedField, ...]:
    """Returns the fields with those that hold texts cut to them; those whose texts are missing are left out."""
    boxes = {placed.role: placed.plate or placed.box for placed in stack.placed if placed.role is not Role.MADE_WITH}
    mark = (stack.mark,) if stack.mark is not None else ()
    foot = tuple(box for role, box in boxes.items() if role in stack.foot)
    brand, eyebrow = boxes.get(Role.BRAND), boxes.get(Role.EYEBROW)
    beside = brand is not None and eyebrow is not None and brand.bottom > eyebrow.centre_y  # on one line
    heads = {Role.BRAND, Role.EYEBROW} if beside else {Role.BRAND}
    head = (*mark, *(box for role, box in boxes.items() if role in heads))
    column = tuple(box for role, box in boxes.items() if role not in heads and role not in stack.foot)
    texts = _Texts(foot, head, column)
    return tuple(cut for field in fields for cut in [_held(field, frame, arrangement, texts)] if cut is not None)


def _held(field: PlacedField, frame: Frame, arrangement: Arrangement, texts: _Texts) -> PlacedField | None:
    margin = MARGIN * frame.unit
    if field.shape is Shape.ORNAMENT or field.holds is Holds.BELOW:
        top = max(field.box.top, texts.lowest + margin)
        return replace(field, box=replace(field.box, top=top)) if field.box.bottom - top > 3 * margin else None
    if field.shape in FOLDED:
        return replace(field, fold=_fold(texts, margin))
    if field.holds is None:
        return field
    members = texts.foot if field.holds in (Holds.FOOT, Holds.TIGHT) else texts.column
    if field.holds is Holds.ALL:
        members = (*texts.head, *texts.column, *texts.foot)
    if not members or (field.holds is Holds.TIGHT and len(members) < 2):
        return None
    if field.shape is Shape.RULE:
        box = _rule(field.box, members, frame, texts)
    else:
        box = _around(field, members, frame, texts, brand_apart=arrangement.brand is not None)
    return None if box is None else replace(field, box=box)


def _joined(boxes: Sequence[Box]) -> Box:
    whole = boxes[0]
    for box in boxes[1:]:
        whole = whole.joined(box)
    return whole


def _around(
    field: PlacedField, members: Sequence[Box], frame: Frame, texts: _Texts, *, brand_apart: bool
) -> Box | None:
    box, margin, whole = field.box, MARGIN * frame.unit, _joined(members)
    left, top, right, bottom = box.left, whole.top - margin, box.right, whole.bottom + margin
    if field.holds is Holds.REST:
        top = max(one.bottom for one in texts.head) + margin if texts.head and brand_apart else box.top
        bottom = min(one.top for one in texts.foot) - margin if texts.foot else box.bottom
    if field.holds is Holds.TIGHT:
        left, right = whole.left - margin, whole.right + margin
    return Box(
        left if box.left > 0 else box.left,
        top if box.top > 0 else box.top,
        right if box.right < frame.width else box.right,
        bottom if box.bottom < frame.height else box.bottom,
    )


def _rule(box: Box, members: Sequence[Box], frame: Frame, texts: _Texts) -> Box | None:
    """A rule over the texts; None where it would come near to what stands above it."""
    first = min(one.top for one in members)
    bottom = first - RULE_GAP * frame.unit
    above = (*texts.head, *(texts.column if members is texts.foot else ()))
    lowest = max((one.bottom for one in above if one.bottom <= first), default=0.0)
    room = bottom - box.height - lowest
    return Box(box.left, bottom - box.height, box.right, bottom) if room >= ROOM_FOR_RULE * frame.unit else None


def _fold(texts: _Texts, margin: float) -> tuple[float, float] | None:
    """Where a ticket's perforation runs: between the column and the foot beside or below it."""
    others = (*texts.column, *texts.head)
    if not texts.foot or not others:
        return None
    foot, rest = _joined(texts.foot), _joined(others)
    if foot.left >= rest.right:
        return (foot.left - margin, 0.0)
    return (0.0, foot.top - margin) if foot.top - margin > rest.bottom else None
