"""Other texts on a finished picture: outside of their boxes every pixel stays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from services.chassis.errors import InputFault
from services.image.domain import Changes, TextSlot
from services.image.providers.local.geometry import Box, Frame
from services.image.providers.local.text_column import Placed, Role, Stack
from services.image.providers.local.text_drawing import Badge, Lettered, drawn_box
from services.image.providers.local.text_slots import refitted

SCENE_CHANGED: Final = "SCENE_CHANGED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A picture whose texts stand. digest: SHA-256 of its pixels before texts were replaced. changed: boxes outside of
    which replacing them changed no pixel."""

    frame: Frame
    stack: Stack
    badge: Badge | None
    lettered: Lettered
    slots: tuple[TextSlot, ...]
    digest: str
    changed: tuple[Box, ...] = ()

    @property
    def texts(self) -> tuple[Placed, ...]:
        return (*self.stack.placed, *((self.badge.text,) if self.badge else ()))


def with_replaced(page: Page, changes: Changes, letter: Callable[..., Lettered]) -> Page:
    """The page with the texts of `changes` in their slots. `letter` draws all texts over the picture's ground.

    Raises InputFault SCENE_CHANGED when the page is not the picture that the texts were checked against, or has no slot
    for one, and TEXT_TOO_LONG when one does not fit.
    """
    if changes.digest and page.digest != changes.digest:
        raise InputFault(
            SCENE_CHANGED,
            "The picture cannot be drawn again exactly: the product's photo, the logo or the engine has changed since.",
        )
    slots = {slot.element: slot for slot in page.slots}
    texts: dict[Role, Placed] = {}
    for element, text in changes.replaced:
        if element not in slots:
            raise InputFault(SCENE_CHANGED, f"The picture has no {element} that could be replaced.")
        if text == slots[element].text:
            continue  # it may break into other lines in its slot than in the column
        placed = refitted(slots[element], text)
        if placed is None:
            raise InputFault("TEXT_TOO_LONG", f"The {element} is too long for its place in the picture.")
        texts[placed.role] = placed
    if not texts:
        return page
    sticker = page.badge
    if sticker is not None and sticker.text.role in texts:
        sticker = replace(sticker, text=texts[sticker.text.role])
    stack = replace(page.stack, placed=tuple(texts.get(placed.role, placed) for placed in page.stack.placed))
    replaced = frozenset(texts)
    lettered = letter(stack, badge=sticker, kept=page.lettered.inking, replaced=replaced)
    fresh = replace(page, stack=stack, badge=sticker, lettered=lettered)
    boxes = [
        drawn_box(placed, made.lettered.inking, page.frame)
        for made in (page, fresh)
        for placed in made.texts
        if placed.role in replaced
    ]
    shown = tuple(
        replace(slot, text=next((text for element, text in changes.replaced if element == slot.element), slot.text))
        for slot in page.slots
    )
    return replace(fresh, slots=shown, changed=tuple(boxes))
