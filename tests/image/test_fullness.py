"""How much a poster lists, and how large its texts are: as far as its layout has room, and never at the headline's
expense."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import pytest

from services.image.domain import AspectRatio, Style
from services.image.providers.local import fullness
from services.image.providers.local.choice import Choice
from services.image.providers.local.composer import compose
from services.image.providers.local.fullness import BODY_SCALES, HEADLINE_KEPT, HEADLINE_KEPT_BARE, LARGEST_BODY, filled
from services.image.providers.local.geometry import Box
from services.image.providers.local.layouts import layouts
from services.image.providers.local.text_column import Align, Request, Role, Stack
from services.image.providers.local.textstack import AMOUNT_SHARE, SMALL_AMOUNT, solve
from tests.image.briefs import brief

FACTS: Final = ("Open on Sundays", "Parking at the door", "Insured up to a million", "Same two people")
ROOMY: Final = Box(0, 0, 900, 1080)


@pytest.fixture
def choice(monkeypatch: pytest.MonkeyPatch) -> Choice:
    """The choice of a poster before it is filled."""
    found: list[Choice] = []

    def kept(choice: Choice, *_: Any, **__: Any) -> Choice:
        found.append(choice)
        return choice

    with monkeypatch.context() as patch:
        patch.setattr("services.image.providers.local.composer.filled", kept)
        compose(
            brief(
                "unknown",
                style=Style.MODERN,
                aspect_ratio=AspectRatio.SQUARE,
                headline="Dry by noon",
                given=frozenset({"headline"}),
            ),
            photo=None,
        )
    assert found[0].layout.poster
    words = replace(
        found[0].words, subline="", price="", further=FACTS, joined=0, benefits=(), icons=(), rating="", language="en"
    )
    return replace(found[0], words=words, look=replace(found[0].look, stretch=1.0))


def requested(box: Box = ROOMY) -> fullness.Requested:
    def request(choice: Choice) -> Request:
        return Request(
            wording=choice.words,
            look=choice.look,
            box=box,
            align=Align.LEFT,
            unit=8.0,
            spread=True,
            headline_share=0.9,
            is_poster=True,
        )

    return request


def set_with(choice: Choice, box: Box = ROOMY) -> Stack:
    return solve(requested(box)(choice))


class TestList:
    def test_headline_gives_way_to_facts_where_nothing_else_is_said(
        self, choice: Choice, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def listed() -> int:
            boxes = [Box(0, 0, 900, height) for height in range(240, 640, 40)]
            return sum(len(filled(choice, requested(box), with_icons=False).words.benefits) for box in boxes)

        bare = listed()
        monkeypatch.setattr(fullness, "HEADLINE_KEPT_BARE", HEADLINE_KEPT)
        assert listed() < bare

    def test_room_is_filled_with_as_many_facts_as_the_headline_leaves(self, choice: Choice) -> None:
        made = filled(choice, requested(), with_icons=False)
        assert made.words.benefits == FACTS
        assert set_with(made).headline_size >= HEADLINE_KEPT_BARE * 0.84 * set_with(choice).headline_size

    def test_short_box_takes_fewer_facts_or_none(self, choice: Choice) -> None:
        counts = [
            len(filled(choice, requested(Box(0, 0, 900, height)), with_icons=False).words.benefits)
            for height in range(300, 1000, 100)
        ]
        assert counts[0] == 0
        assert max(counts) == len(FACTS)
        assert 1 not in counts  # a list of one item is none

    def test_facts_of_a_subline_go_into_the_list_all_or_none(self, choice: Choice) -> None:
        words = replace(choice.words, subline=" · ".join(FACTS[:3]), joined=3)
        for height in range(300, 1000, 100):
            made = filled(replace(choice, words=words), requested(Box(0, 0, 900, height)), with_icons=False).words
            assert (made.subline == words.subline and not made.benefits) or (
                not made.subline and made.benefits[:3] == FACTS[:3]
            )

    def test_further_facts_leave_a_subline_of_another_kind(self, choice: Choice) -> None:
        words = replace(choice.words, subline="From £60 an hour")
        made = filled(replace(choice, words=words), requested(), with_icons=False)
        assert made.words.subline == "From £60 an hour"
        assert made.words.benefits

    def test_icons_are_taken_only_where_they_are_installed(self, choice: Choice) -> None:
        with_icons, without = (filled(choice, requested(), with_icons=icons) for icons in (True, False))
        assert with_icons.words.icons
        assert not without.words.icons
        assert len(without.notes) > len(with_icons.notes)

    def test_nothing_is_added_where_something_was_left_out(self, choice: Choice) -> None:
        narrow = Box(0, 0, 900, 120)
        assert set_with(choice, narrow).notes
        assert filled(choice, requested(narrow), with_icons=False) == choice


class TestSizes:
    def test_little_text_is_set_larger(self, choice: Choice) -> None:
        words = replace(choice.words, further=(), subline="From £60 an hour")
        made = filled(replace(choice, words=words), requested(), with_icons=False)
        assert made.look.body_scale in BODY_SCALES

    def test_headline_leads_by_far(self, choice: Choice) -> None:
        for height in range(300, 1100, 100):
            box = Box(0, 0, 900, height)
            stack = set_with(filled(choice, requested(box), with_icons=False), box)
            for role in (Role.SUBLINE, Role.BENEFITS):
                text = stack.of(role)
                assert text is None or text.block.size <= LARGEST_BODY * stack.headline_size + 0.01 or height < 500

    def test_layout_without_fields_stays_as_it_is(self, choice: Choice) -> None:
        plain = replace(choice, layout=choice.layout.model_copy(update={"boxes": {}}))
        assert filled(plain, requested(), with_icons=False) is plain


class TestPrice:
    def test_amount_leads_in_a_layout_of_prices_and_stays_below_the_headline_in_all_others(
        self, choice: Choice
    ) -> None:
        words = replace(choice.words, price="£72 the first flue, £48 each further one", further=())
        led = next(layout for layout in layouts() if layout.name == "price in a field")
        others = next(layout for layout in layouts() if layout.name == "type on a field")

        def sizes(layout: Any) -> tuple[float, float]:
            made = filled(replace(choice, layout=layout, words=words), requested(), with_icons=False)
            stack = set_with(made)
            price = stack.of(Role.PRICE)
            assert price is not None
            assert not stack.notes
            return max(line.size for line in price.block.lines), stack.headline_size

        amount, headline = sizes(led)
        assert amount >= fullness.LEAST_LEAD * headline >= fullness.LEAST_LED * 8
        amount, headline = sizes(others)
        assert amount <= max(AMOUNT_SHARE * headline, SMALL_AMOUNT * 8 * max(BODY_SCALES)) + 0.01 < headline * 1.01
