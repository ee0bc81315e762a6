"""Promises of every ad image, over styles, aspect ratios and products."""

from __future__ import annotations

import itertools
import random
import re

import numpy
import pytest

from services.chassis.errors import InputFault
from services.image.domain import AspectRatio, Style, Subject
from services.image.providers.local import scenery
from services.image.providers.local.arrangement import Plan, arrange
from services.image.providers.local.composer import Composed, compose
from services.image.providers.local.geometry import Box, Frame
from services.image.providers.local.scene_context import Set
from services.image.providers.local.text_column import Role
from services.image.providers.local.text_drawing import measured
from services.image.providers.local.visible_mark import mark_text, mark_texts
from services.media.colour import Harmony, Mood, palette
from services.media.skia import skia
from services.media.text_shaping import unsupported_characters
from tests.image.briefs import PRODUCTS, brief, drawings

SAMPLE = [  # each style in two ratios and each ratio in two styles; make test-all has each style in each ratio
    pytest.param(
        style,
        ratio,
        tuple(PRODUCTS)[index % len(PRODUCTS)],
        marks=[] if (index // len(AspectRatio) + index) % len(AspectRatio) in (0, 3) else pytest.mark.slow,
    )
    for index, (style, ratio) in enumerate(itertools.product(Style, AspectRatio))
]


def promises_hold(made: Composed, product: str) -> None:
    proof = made.proof
    frame = proof.frame
    for text in proof.texts:
        reading = measured(made.pixels, text)
        assert reading.passes, f"{text.role} reads with {reading.ratio:.2f}, wants {reading.needed}"
        outer = text.plate or text.box
        assert frame.safe.contains(text.box, 1.5), f"{text.role} leaves the safe zone: {text.box}"
        assert frame.whole.contains(outer, 0.5), f"{text.role}'s plate leaves the picture: {outer}"
        drawn = "".join(line.text for line in text.block.lines)  # without spaces and the dots where lines end
        if text.block.complete and not text.block.broken:
            assert "".join(re.findall(r"[^\s·]", drawn)) == "".join(re.findall(r"[^\s·]", text.text))
    for one, other in itertools.combinations(proof.texts, 2):
        assert not (one.plate or one.box).overlaps(other.plate or other.box, 1.0), f"{one.role} lies on {other.role}"
    if proof.product is not None:
        face = proof.product.inset(proof.product.width * 0.2, proof.product.height * 0.12)
        for text in proof.texts:
            assert not face.overlaps(text.plate or text.box), f"{text.role} stands on the product ({product})"
    assert made.alt_text
    assert {Role.HEADLINE, Role.CALL_TO_ACTION} <= {text.role for text in proof.texts}


class TestEveryImage:
    @pytest.mark.parametrize(("style", "ratio", "product"), SAMPLE)
    def test_texts_are_legible_disjoint_and_complete(self, style: Style, ratio: AspectRatio, product: str) -> None:
        promises_hold(
            compose(brief(product, style=style, aspect_ratio=ratio), photo=None, drawings=drawings()), product
        )

    @pytest.mark.slow
    @pytest.mark.parametrize("product", PRODUCTS)
    def test_every_combination_is_legible_disjoint_and_complete(self, product: str) -> None:
        for style, ratio, seed in itertools.product(Style, AspectRatio, ("one", "two", "three")):
            made = compose(brief(product, style=style, aspect_ratio=ratio, seed=seed), photo=None, drawings=drawings())
            promises_hold(made, f"{product} {style} {ratio} {seed}")


MARKED = [  # each style with a product of its own, in one ratio; make test-all has all ratios
    pytest.param(
        number, style, ratio, product, marks=[] if (number + place) % len(AspectRatio) == 0 else pytest.mark.slow
    )
    for number, (style, product) in enumerate(
        zip(Style, ("bottle", "long name", "accents", "dentist", "unknown", "hospice"), strict=True)
    )
    for place, ratio in enumerate(AspectRatio)
]


class TestVisibleMark:
    @pytest.mark.parametrize(("number", "style", "ratio", "product"), MARKED)
    def test_line_keeps_every_promise_of_texts(
        self, number: int, style: Style, ratio: AspectRatio, product: str
    ) -> None:
        request = brief(product, style=style, aspect_ratio=ratio, seed=str(number), visible_mark=True)
        made = compose(request, photo=None, drawings=drawings())
        promises_hold(made, f"{product} {style}")
        line = next(text for text in made.proof.texts if text.role is Role.MADE_WITH)
        assert line.text == "Ad made with software"
        assert line.block.size < min(text.block.size for text in made.proof.texts if text.role is Role.HEADLINE)
        assert any("Ad made with software" in note for note in made.notes)

    @pytest.mark.parametrize(
        "turn", [0, pytest.param(1, marks=pytest.mark.slow), pytest.param(2, marks=pytest.mark.slow)]
    )
    def test_line_is_not_read_as_one_of_the_other_texts(self, turn: int) -> None:
        """turn: which product is in which ratio."""
        products = ("bottle", "unknown", "dentist")
        for place, (style, ratio) in enumerate(zip(Style, AspectRatio, strict=True)):
            product = products[(place + turn) % len(products)]
            request = brief(product, style=style, aspect_ratio=ratio, seed=f"g{place}", visible_mark=True)
            texts = compose(request, photo=None, drawings=drawings()).proof.texts
            line = next(text for text in texts if text.role is Role.MADE_WITH)
            around = line.box.inset(-1.2 * line.block.size)
            near = [text.text for text in texts if text is not line and around.overlaps(text.plate or text.box)]
            assert not near, (product, ratio)

    def test_nothing_else_of_the_picture_moves_and_without_the_option_there_is_none(self) -> None:
        plain, marked = (compose(brief(visible_mark=asked), photo=None, drawings=drawings()) for asked in (False, True))
        texts = [(text.role, text.pens) for text in marked.proof.texts if text.role is not Role.MADE_WITH]
        assert [(text.role, text.pens) for text in plain.proof.texts] == texts
        assert plain.proof.product == marked.proof.product

    def test_line_says_which_pictures_a_model_made_in_the_language_of_the_ad(self) -> None:
        for kind, texts in mark_texts().items():
            for language, text in texts.items():
                assert mark_text(f"{language}-XX", generated=kind == "generated") == text
                assert not unsupported_characters(text, language)
        assert mark_text("xx", generated=True) == "Made with AI"
        scene = skia.Image.fromarray(numpy.full((1080, 1080, 4), 255, numpy.uint8), colorType=skia.kRGBA_8888_ColorType)
        made = compose(brief(visible_mark=True), photo=None, drawings=drawings(), scene=scene)
        assert next(text for text in made.proof.texts if text.role is Role.MADE_WITH).text == "Made with AI"


class TestVariation:
    def test_same_brief_gives_same_image(self) -> None:
        one, other = (compose(brief(style=Style.MODERN), photo=None, drawings=drawings()).pixels for _ in range(2))
        assert numpy.array_equal(one, other)

    @pytest.mark.parametrize("product", ["dentist", "unknown"])
    def test_other_seeds_give_other_compositions(self, product: str) -> None:
        made = [compose(brief(product, seed=str(number)), photo=None, drawings=drawings()) for number in range(12)]
        assert len({each.proof.composition for each in made}) >= 3


class TestScenes:
    def test_summer_has_several_scenes(self) -> None:
        places = {
            compose(
                brief(style=Style.SEASONAL, prompt="in summer", seed=str(number)), photo=None, drawings=drawings()
            ).alt_text.partition(" Headline")[0]
            for number in range(8)
        }
        assert len(places) >= 3

    @pytest.mark.parametrize("top", [600, 700, 780, 830])
    def test_table_edge_crosses_no_text(self, top: float) -> None:
        frame = Frame.of(AspectRatio.SQUARE)
        scene = Set(
            canvas=None,
            frame=frame,
            palette=palette((), mood=Mood.LIGHT, harmony=Harmony.ANALOGOUS),
            arrangement=arrange(Plan.SIDE, frame, 0.5),
            product=Box(600, 200, 900, 900),
            draw=random.Random(1),
            stands=True,
            written=(Box(70, top, 500, top + 60), Box(70, top + 66, 500, top + 90)),
        )
        edge = scenery.surface_top(scene)
        assert scene.product.centre_y < edge < scene.product.bottom
        for box in scene.written:
            assert not box.top < edge < box.bottom


class TestPrompt:
    def test_applied_prompt_words_are_listed_in_the_notes(self) -> None:
        made = compose(
            brief(prompt="Dark background with confetti, and a unicorn", style=Style.MODERN),
            photo=None,
            drawings=drawings(),
        )
        notes = " ".join(made.notes)
        assert "confetti (pattern)" in notes
        assert "unicorn" in notes
        assert made.pixels[..., :3].mean() < 110

    def test_quoted_text_is_set_verbatim(self) -> None:
        made = compose(
            brief(prompt='Headline "Drink the SUN, twice" please', style=Style.BOLD), photo=None, drawings=drawings()
        )
        headline = next(text for text in made.proof.texts if text.role is Role.HEADLINE)
        assert headline.text == "Drink the SUN, twice"

    def test_prompt_moves_text_to_the_right(self) -> None:
        request = brief("dentist", prompt="text right, please", aspect_ratio=AspectRatio.LANDSCAPE)
        made = compose(request, photo=None, drawings=drawings())
        headline = next(text for text in made.proof.texts if text.role is Role.HEADLINE)
        assert made.proof.product is not None
        assert headline.box.left > made.proof.product.right

    def test_prompt_moves_type_alone_to_the_right(self) -> None:
        request = brief("unknown", prompt="text right, please", aspect_ratio=AspectRatio.LANDSCAPE)
        made = compose(request, photo=None, drawings=drawings())
        headline = next(text for text in made.proof.texts if text.role is Role.HEADLINE)
        frame = made.proof.frame
        assert frame.width - headline.box.right < headline.box.left

    def test_setting_incompatible_with_style_is_listed_in_the_notes(self) -> None:
        made = compose(brief(prompt="at the beach", style=Style.MINIMAL), photo=None, drawings=drawings())
        assert any("Not applied" in note and "beach" in note for note in made.notes)


class TestScripts:
    def test_characters_without_glyph_are_left_out_with_note(self) -> None:
        made = compose(
            brief(headline="Fresh 🚀 water ទឹក", given=frozenset({"headline"})), photo=None, drawings=drawings()
        )
        headline = next(text for text in made.proof.texts if text.role is Role.HEADLINE)
        assert headline.text == "Fresh water"
        assert any("🚀" in note for note in made.notes)

    def test_headline_without_any_glyph_is_an_input_fault_that_names_the_script(self) -> None:
        with pytest.raises(InputFault, match="Khmer"):
            compose(brief(headline="ទឹកថ្មី"), photo=None, drawings=drawings())

    @pytest.mark.parametrize(
        ("language", "text"),
        [
            ("ar", "خصم ٢٠٪ على كل شيء"),
            ("he", "שישי משפחתי 18:00"),
            ("th", "ลดราคาวันนี้เท่านั้น"),
            ("hi", "ताज़ी कॉफ़ी, हर सुबह"),
            ("ja", "新鮮な珈琲豆、毎週届く。"),
            ("zh", "全场八折，仅限今天"),
            ("ko", "오늘만 전 품목 20% 할인"),
        ],
    )
    def test_texts_of_other_scripts_are_set_without_missing_glyphs(self, language: str, text: str) -> None:
        made = compose(
            brief("unknown", headline=text, brand_name=f"2 {text}", subject=Subject(language=language)),
            photo=None,
            drawings=None,
        )
        assert not any("left out" in note for note in made.notes)
        placed = {each.role: each for each in made.proof.texts}
        for role in (Role.HEADLINE, Role.BRAND):
            glyphs = [glyph for line in placed[role].block.lines for glyph in line.glyphs]
            assert glyphs
            assert 0 not in glyphs  # .notdef, the box
