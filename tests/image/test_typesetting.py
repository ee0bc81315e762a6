"""Headlines break where a reader would take a breath, and long words cost the others nothing."""

from __future__ import annotations

import pytest

from services.image.domain import AspectRatio, Style
from services.image.providers.local.composer import compose
from services.image.providers.local.textstack import Role
from services.image.providers.local.typesetting import fit
from services.media.text_shaping import Face
from tests.image.briefs import brief

FACE = Face(family="Inter", weight=800)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("This is Aurora Bottle", ["This is", "Aurora Bottle"]),
        ("Slow mornings, properly poured.", ["Slow mornings,", "properly poured."]),
        ("Everything you need for the road", ["Everything you", "need for the road"]),
    ],
)
def test_lines_are_balanced_and_avoid_trailing_articles(text: str, lines: list[str]) -> None:
    block = fit(
        text, FACE, box_width=950, box_height=300, largest=105, smallest=60, line_height=1.1, most_lines=2
    )  # fmt: skip
    assert [line.text for line in block.lines] == lines


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("One cable. You already own it.", ["One cable.", "You already own it."]),
        ("Carry less. Better.", ["Carry less. Better."]),
        ("Everything you need. Nothing that you do not.", ["Everything you need.", "Nothing that", "you do not."]),
    ],
)
def test_sentence_starts_new_line_if_no_extra_line_is_needed(text: str, lines: list[str]) -> None:
    block = fit(text, FACE, box_width=900, box_height=400, largest=90, smallest=90, line_height=1.1, most_lines=4)
    assert [line.text for line in block.lines] == lines


@pytest.mark.parametrize("width", [300, 420, 560, 700])
def test_list_items_stay_whole_and_lines_do_not_start_with_a_dot(width: float) -> None:
    text = "Cleans itself · Keeps water fresh for 24 hours · Charges over USB-C"
    block = fit(text, FACE, box_width=width, box_height=400, largest=30, smallest=20, line_height=1.1, most_lines=4)
    lines = [line.text for line in block.lines]
    assert " ".join(lines) == text
    assert not any(line.startswith("·") for line in lines)
    if width >= 560:
        assert all(line.endswith("·") for line in lines[:-1])


@pytest.mark.parametrize("style", [Style.LIFESTYLE, Style.PRODUCT_HERO, Style.BOLD, Style.SEASONAL])
@pytest.mark.parametrize("seed", ["1", "2", "3"])
def test_headline_shrinks_before_sentences_are_split(style: Style, seed: str) -> None:
    made = compose(brief("watch", style=style, seed=seed), photo=None)
    headline = next(text for text in made.proof.texts if text.role is Role.HEADLINE)
    lines = [line.text for line in headline.block.lines]
    assert not any(". " in line for line in lines) or len(lines) == 1, lines


class TestLongWords:
    """What has no room gives way by priority; one long word does not take the others with it."""

    @pytest.mark.parametrize("ratio", list(AspectRatio))
    @pytest.mark.parametrize("style", list(Style))
    def test_long_brand_name_displaces_no_other_text(self, style: Style, ratio: AspectRatio) -> None:
        name = "The Wolkenkuckucksheim Company of Bottle Makers, Glass Blowers and Purveyors of Fine Drinking Water"
        made = compose(brief("bottle", style=style, aspect_ratio=ratio, brand_name=name), photo=None)
        roles = {text.role for text in made.proof.texts}
        assert {Role.EYEBROW, Role.SUBLINE, Role.PRICE} <= roles

    @pytest.mark.parametrize("ratio", list(AspectRatio))
    def test_word_wider_than_its_line_is_broken(self, ratio: AspectRatio) -> None:
        word = "Donaudampfschifffahrtsgesellschaftskapitänsmütze"
        made = compose(brief("bottle", aspect_ratio=ratio, headline=f"{word} today", style=Style.BOLD), photo=None)
        texts = {text.role: text for text in made.proof.texts}
        headline = texts[Role.HEADLINE].block
        assert headline.broken
        assert headline.complete
        drawn = "".join(line.text for line in headline.lines).replace("-", "").replace(" ", "")
        assert drawn.casefold() == f"{word}today".casefold()
        assert {Role.SUBLINE, Role.PRICE, Role.CALL_TO_ACTION} <= set(texts)
        assert any("had to be broken" in note for note in made.notes)

    def test_only_text_without_space_is_left_out_with_note(self) -> None:
        words = "Everything that a long day needs and nothing that it does not, in one small bag that opens wide, "
        made = compose(
            brief("bottle", style=Style.BOLD, aspect_ratio=AspectRatio.LANDSCAPE, headline=words * 3), photo=None
        )
        roles = {text.role for text in made.proof.texts}
        assert {Role.HEADLINE, Role.CALL_TO_ACTION} <= roles
        left_out = {Role.EYEBROW, Role.SUBLINE, Role.PRICE} - roles
        for role in left_out:
            assert any(f"no room for the {role.value.replace('_', ' ')}" in note for note in made.notes)
