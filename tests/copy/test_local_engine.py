# ruff: noqa: E501  (rows of examples)
"""The built-in engine's promises for every platform, format, tone and product."""

from __future__ import annotations

import itertools
import re

import pytest

from services.copy.domain import CopyBrief, Format, Platform, Tone, Variant
from services.copy.providers.local import LocalCopyProvider, choice, engine, library
from services.copy.providers.local.choice import overlap
from services.copy.providers.local.facts import content_words
from services.copy.providers.local.subject import understand
from tests.copy.grammar import slips
from tests.copy.products import PRODUCTS, UNMET, Product, brief

MATRIX = list(itertools.product(PRODUCTS, Platform, Format, Tone))
SAMPLE = MATRIX[::37]  # coprime to every dimension, so each platform, format, tone and product occurs
MAX_SHARED = 0.75  # of the smaller text's words without names; reached only if a brief holds one or two facts


def assert_valid(request: CopyBrief, variants: tuple[Variant, ...]) -> None:
    """Checks five variants against everything that is promised for a request."""
    rules = library.platforms()[request.platform]
    layout = rules.layouts[request.format]
    subject = understand(request)
    source = "\n".join(
        [
            request.product_name,
            request.description,
            *request.features,
            request.price or "",
            request.audience,
            request.custom_instructions,
        ]
    ).lower()
    numbers = set(re.findall(r"\d+(?:[.,]\d+)*", source))
    assert len(variants) == 5
    assert len({variant.angle for variant in variants}) == 5
    assert len({variant.hook for variant in variants}) == 5
    for variant in variants:
        where = f"{request.platform}/{request.format}/{request.tone}/{request.product_name}: {variant}"
        text = f"{variant.hook}\n{variant.body}"
        assert 0 < len(variant.hook) <= layout.hook, where
        assert 0 < len(variant.body) <= layout.body, where
        assert len(variant.hook) + 1 + len(variant.body) <= layout.whole, where
        assert 0 < len(variant.cta) <= 40, where
        assert rules.hashtags[0] <= len(variant.hashtags) <= rules.hashtags[1], where
        assert all(re.fullmatch(r"#\w+", tag) for tag in variant.hashtags), where
        assert len(re.findall("[\U0001f300-\U0001faff\u2600-\u27bf]", text)) <= rules.emoji, where
        assert not slips(text, keep=(subject.name, request.product_name)), (slips(text, keep=(subject.name,)), where)
        assert not set(re.findall(r"\d+(?:[.,]\d+)*", text)) - numbers, where
        assert "%" not in text or "%" in source, where
        for word in (
            "best",
            "guarantee",
            "cheapest",
            "number one",
            "award",
            "% off",
            "free trial",
            "free shipping",
            "limited time",
        ):
            assert word not in text.lower() or word in source, (word, where)
        assert "http" not in text, where
        assert "eczema" not in text.lower(), where
        assert subject.name.lower().replace("'", "’") in text.lower(), where
    named = sum(subject.name in variant.hook for variant in variants)
    assert named <= choice.MAX_NAMED_HOOKS
    for one, other in itertools.combinations(variants, 2):
        first, second = (content_words(f"{v.hook} {v.body}") - content_words(subject.name) for v in (one, other))
        assert overlap(first, second) <= MAX_SHARED, (overlap(first, second), one, other)


class TestEveryRequest:
    @pytest.mark.parametrize("tone", Tone)
    @pytest.mark.parametrize("format_", Format)
    def test_variants_are_valid_on_a_sample_of_the_matrix(self, format_: Format, tone: Tone) -> None:
        tried = 0
        for product, platform, shape, voice in SAMPLE:
            if shape is format_ and voice is tone:
                request = brief(product, platform, shape, voice)
                assert_valid(request, engine.write(request, "seed").variants)
                tried += 1
        assert tried >= 3

    @pytest.mark.parametrize("product", UNMET, ids=lambda product: product.name)
    def test_variants_are_valid_for_products_unknown_to_the_authors(self, product: Product) -> None:
        for number, (platform, format_, tone) in enumerate(itertools.product(Platform, Format, Tone)):
            if number % 29 == 0:
                request = brief(product, platform, format_, tone)
                assert_valid(request, engine.write(request, "seed").variants)

    @pytest.mark.slow
    @pytest.mark.parametrize("product", [*PRODUCTS, *UNMET], ids=lambda product: product.name)
    def test_variants_are_valid_on_the_whole_matrix(self, product: Product) -> None:
        for platform, format_, tone in itertools.product(Platform, Format, Tone):
            request = brief(product, platform, format_, tone)
            assert_valid(request, engine.write(request, "seed").variants)


class TestSeed:
    def test_same_brief_and_seed_give_the_same_result(self) -> None:
        request = brief(PRODUCTS[0])
        assert engine.write(request, "a job") == engine.write(request, "a job")

    def test_other_seeds_give_other_hooks(self) -> None:
        request = brief(PRODUCTS[0])
        hooks = {variant.hook for number in range(4) for variant in engine.write(request, f"job {number}").variants}
        assert len(hooks) >= 10


class TestUnderstanding:
    @pytest.mark.parametrize("product", [*PRODUCTS, *UNMET], ids=lambda product: product.name)
    def test_category_of_every_product_is_found(self, product: Product) -> None:
        assert understand(brief(product)).category.name == product.category

    def test_name_and_six_words_are_enough(self) -> None:
        bare = Product(name="Nimbus Pillow", brand="Nimbus", category="bedding", description="")
        for format_ in Format:
            assert_valid(brief(bare, format_=format_), engine.write(brief(bare, format_=format_), "s").variants)

    def test_name_alone_is_enough(self) -> None:
        unknown = Product(name="Zorvax", brand="Zorvax", category="goods", description="")
        for format_, platform in itertools.product(Format, Platform):
            request = brief(unknown, platform, format_)
            assert len(engine.write(request, "s").variants) == 5

    def test_description_of_two_thousand_characters_gives_valid_variants(self) -> None:
        long = Product(
            name="Trailwind Running Shoes", brand="Trailwind", category="footwear", description=" ".join([PRODUCTS[5].description] + [
                f"The {part} is made of {material} and lasts." for part in ("heel", "tongue", "toe cap", "insole", "collar", "lace", "lug", "midsole")
                for material in ("recycled nylon", "natural rubber", "cork", "woven hemp")
            ])[:2000], features=PRODUCTS[5].features, price="135.00", currency="GBP",
        )  # fmt: skip
        request = brief(long, Platform.LINKEDIN, Format.LONG, Tone.PROFESSIONAL)
        assert_valid(request, engine.write(request, "s").variants)

    def test_very_long_names_are_shortened_to_fit(self) -> None:
        named = Product(
            name="The Original Extra Strong Ergonomic Office Chair With Lumbar Support And Adjustable Armrests",
            brand="Sit",
            category="furniture",
            description="mesh back, adjustable armrests",
        )
        for platform, format_ in itertools.product(Platform, Format):
            assert len(engine.write(brief(named, platform, format_), "s").variants) == 5


class TestOptions:
    def test_tones_and_formats_change_every_text(self) -> None:
        by_tone = {tone: {v.hook for v in engine.write(brief(PRODUCTS[0], tone=tone), "s").variants} for tone in Tone}
        for one, other in itertools.combinations(Tone, 2):
            assert len(by_tone[one] & by_tone[other]) <= 1

    def test_long_is_longer_than_short_and_hook_is_shortest(self) -> None:
        def length(format_: Format) -> float:
            return sum(
                len(v.body) for p in PRODUCTS for v in engine.write(brief(p, Platform.META, format_), "s").variants
            )

        assert length(Format.HOOK) < length(Format.SHORT) < length(Format.LONG)

    def test_story_has_a_beginning_and_an_end(self) -> None:
        for variant in engine.write(brief(PRODUCTS[0], Platform.META, Format.STORY, Tone.CASUAL), "s").variants:
            assert len(re.findall(r"[.!?](?:\s|$)", variant.body)) >= 4
            assert "\n\n" in variant.body

    def test_google_headlines_hold_no_exclamation_mark_and_no_hashtags(self) -> None:
        for tone in Tone:
            for variant in engine.write(brief(PRODUCTS[3], Platform.GOOGLE, Format.SHORT, tone), "s").variants:
                assert "!" not in variant.hook
                assert variant.hashtags == ()


class TestBrandVoice:
    def test_banned_words_appear_in_no_variant(self) -> None:
        for format_ in Format:
            request = brief(PRODUCTS[0], format_=format_, banned_words=("easy", "steel", "bottle up", "today", "shop"))
            for variant in engine.write(request, "s").variants:
                text = f"{variant.hook} {variant.body} {variant.cta} {' '.join(variant.hashtags)}"
                assert not re.search(r"\b(?:easy|steel|today|shop)", text, re.I), text

    def test_calm_brands_get_neither_emoji_nor_exclamation_marks(self) -> None:
        request = brief(PRODUCTS[0], tone=Tone.PLAYFUL, tone_words=("calm",))
        for variant in engine.write(request, "s").variants:
            assert not re.search("[!\U0001f300-\U0001faff\u2600-\u27bf]", variant.hook + variant.body)

    def test_brand_spelling_is_used_in_every_variant(self) -> None:
        british = brief(PRODUCTS[4], format_=Format.LONG, spelling="british")
        american = brief(PRODUCTS[4], format_=Format.LONG, spelling="american")
        seeds = [str(number) for number in range(6)]
        source = " ".join(v.body for seed in seeds for v in engine.write(british, seed).variants)
        american_text = " ".join(v.body for seed in seeds for v in engine.write(american, seed).variants)
        assert "fibre" in source.lower()
        assert "fiber" not in source.lower()
        assert "fiber" in american_text.lower()
        assert "fibre" not in american_text.lower()


class TestProvider:
    async def test_local_provider_writes_through_the_provider_protocol(self) -> None:
        provider = LocalCopyProvider()
        result = await provider.write(brief(PRODUCTS[1]), "s")
        await provider.close()
        assert provider.name == result.provider == "local"
        assert result.usage is None
