"""How much a poster says: a list of further facts, and larger texts, as far as its layout has room for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from services.image.providers.local.ad_text import Wording
from services.image.providers.local.choice import MOST_IN_A_LIST, Choice, with_icons_of
from services.image.providers.local.text_column import Request, Role, Stack
from services.image.providers.local.textstack import solve, solve_whole

FEWEST_IN_A_LIST: Final = 2
HEADLINE_KEPT: Final = 0.78  # of the headline's size, at least, beside a list that is added
HEADLINE_KEPT_BARE: Final = 0.66  # likewise, where nothing else is said beside it
HEADLINE_KEPT_BY_SIZE: Final = 0.84  # likewise, beside larger texts
BODY_SCALES: Final = (1.75, 1.5, 1.25, 1.12)
PRICE_SHARES: Final = (1.0, 0.85, 0.7, 0.55, 0.42)  # of the size that an amount has at most where it leads
LEAST_LED: Final = 7.5  # units of a headline beside it, in the frame of a square
LEAST_LEAD: Final = 1.3  # times the headline's size, below which an amount does not lead
LARGEST_BODY: Final = 0.6  # of the headline's size, that a text below it has

Requested = Callable[[Choice], Request]


def filled(choice: Choice, requested: Requested, *, with_icons: bool) -> Choice:
    """Returns the choice with as many facts, and texts as large, as leave the headline and all other texts.

    requested: what sets the texts of a choice. with_icons: whether icons are installed.
    """
    if not choice.layout.poster:
        return choice
    if choice.layout.price:
        choice = _led_by_price(choice, requested)
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


def _led_by_price(choice: Choice, requested: Requested) -> Choice:
    """The choice with the largest amount that leaves all other texts, and a headline of LEAST_LED."""
    for share in PRICE_SHARES:
        look = replace(choice.look, price_largest=choice.layout.price * choice.look.text_scale**0.5 * share)
        led = replace(choice, look=look)
        request = requested(led)
        stack = solve(request)
        price = stack.of(Role.PRICE)
        if price is None or stack.notes or stack.headline_size < LEAST_LED * look.text_scale * request.unit:
            continue
        if max(line.size for line in price.block.lines) >= LEAST_LEAD * stack.headline_size:
            return led
        # a headline as large as the amount would be a second voice
        smaller = replace(look, headline_largest=max(look.headline_smallest, look.price_largest / LEAST_LEAD))
        return replace(led, look=smaller)
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
