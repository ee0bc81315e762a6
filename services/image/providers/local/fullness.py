"""How much a poster says: a list of further facts, and larger texts, as far as its layout has room for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from services.image.providers.local.ad_text import Wording
from services.image.providers.local.choice import MOST_IN_A_LIST, Choice, with_icons_of
from services.image.providers.local.textstack import Request, Role, Stack, solve, solve_whole

FEWEST_IN_A_LIST: Final = 2
HEADLINE_KEPT: Final = 0.72  # of the headline's size, at least, beside a list that is added
HEADLINE_KEPT_BARE: Final = 0.45  # likewise, where nothing else is said beside it
HEADLINE_KEPT_BY_SIZE: Final = 0.84  # likewise, beside larger texts
BODY_SCALES: Final = (1.75, 1.5, 1.25, 1.12)
LARGEST_BODY: Final = 0.6  # of the headline's size, that a text below it has

Requested = Callable[[Choice], Request]


def filled(choice: Choice, requested: Requested, *, with_icons: bool) -> Choice:
    """Returns the choice with as many facts, and texts as large, as leave the headline and all other texts.

    requested: what sets the texts of a choice. with_icons: whether icons are installed.
    """
    if not choice.layout.poster:
        return choice
    stack = solve(requested(choice))
    if stack.notes:  # something was left out already
        return choice
    is_bare = not choice.words.subline and not choice.words.benefits
    for words in _richer(choice.words):
        listed, ticks_only = with_icons_of(words, installed=with_icons)
        richer = replace(choice, words=listed, notes=(*choice.notes, *ticks_only))
        tried = solve_whole(requested(richer), stack, HEADLINE_KEPT_BARE if is_bare else HEADLINE_KEPT)
        if tried is not None:
            choice, stack = richer, tried
            break
    for scale in BODY_SCALES:
        larger = replace(choice, look=replace(choice.look, body_scale=scale))
        tried = solve_whole(requested(larger), stack, HEADLINE_KEPT_BY_SIZE)
        if tried is not None and _is_led(tried, stack):
            return larger
    return choice


def _richer(words: Wording) -> list[Wording]:
    """The words with a list, the longest first. The facts of a sub-line go into it, all or none."""
    lists = []
    for count in range(min(MOST_IN_A_LIST, len(words.further)), FEWEST_IN_A_LIST - 1, -1):
        if words.joined <= count:
            subline = "" if words.joined else words.subline
            lists.append(replace(words, benefits=words.further[:count], subline=subline))
    return lists


def _is_led(larger: Stack, stack: Stack) -> bool:
    """Whether the headline leads: no text below it comes near its size. The button stays on as many lines."""
    below = (larger.of(role) for role in (Role.SUBLINE, Role.BENEFITS))
    buttons = [text for text in (larger.of(Role.CALL_TO_ACTION), stack.of(Role.CALL_TO_ACTION)) if text is not None]
    return all(text is None or text.block.size <= LARGEST_BODY * larger.headline_size for text in below) and (
        len({len(button.block.lines) for button in buttons}) <= 1
    )
