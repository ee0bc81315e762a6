"""The prose of the copy: an independent grammar checker, and a classifier that must recognize tones and formats."""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter, defaultdict

import pytest

from services.copy.domain import Format, Platform, Tone, Variant
from services.copy.providers import content_filters
from services.copy.providers.ad_policy import Subject, forbidden_claim
from services.copy.providers.local import choice, engine, library
from services.copy.providers.local.subject import understand
from tests.copy.products import PRODUCTS, UNMET, Product, brief
from tests.copy.proofreader import marks

MATRIX = list(itertools.product((*PRODUCTS, *UNMET), Platform, Format, Tone))
MIN_RECOGNIZED_TONES = 0.9  # share of results whose tone a classifier recognizes by its words; guessing gives 0.17


def words_of(variants: tuple[Variant, ...], product: Product) -> Counter[str]:
    """The words and punctuation of one result that are not in the brief: the engine's own voice."""
    brief_words = set(
        re.findall(r"[a-z]+", f"{product.name} {product.description} {' '.join(product.features)}".lower())
    )
    text = " ".join(f"{v.hook} {v.body} {v.cta}" for v in variants).lower()
    return Counter(word for word in re.findall(r"[a-z’]+|[?!:…“•]", text) if word not in brief_words)


class TestGrammarChecker:
    """Harper, through harper-py: it shares no code with the engine and finds no errors."""

    def grammar_errors(self, rows: list[tuple[Product, Platform, Format, Tone]]) -> list[str]:
        found: list[str] = []
        for product, platform, format_, tone in rows:
            request = brief(product, platform, format_, tone)
            names = (product.name, understand(request).name, product.brand)
            for variant in engine.write(request, "read").variants:
                text = f"{variant.hook}\n\n{variant.body}"
                found.extend(f"{mark}: {text}" for mark in marks(text, keep=names))
        return found

    def test_sample_has_no_grammar_errors(self) -> None:
        assert self.grammar_errors(MATRIX[::401]) == []

    @pytest.mark.slow
    @pytest.mark.timeout(1200)
    def test_whole_matrix_has_no_grammar_errors(self) -> None:
        assert self.grammar_errors(MATRIX) == []

    def test_checker_finds_errors(self) -> None:
        assert marks("There is bottles that smell. It are a apple.")


class TestRecognizability:
    """A naive Bayes classifier, trained on half of the products and tested on the other half."""

    def test_tones_are_distinguishable_by_their_words(self) -> None:
        learned: dict[Tone, Counter[str]] = defaultdict(Counter)
        for product, tone, format_ in itertools.product(PRODUCTS[::2], Tone, (Format.SHORT, Format.STORY, Format.LONG)):
            request = brief(product, Platform.META, format_, tone)
            learned[tone] += words_of(engine.write(request, "learn").variants, product)
        known = set().union(*learned.values())
        totals = {tone: sum(learned[tone].values()) + len(known) for tone in Tone}
        right, total = 0, 0
        for product, tone, format_ in itertools.product(PRODUCTS[1::2], Tone, (Format.SHORT, Format.LONG)):
            request = brief(product, Platform.META, format_, tone)
            words = words_of(engine.write(request, "ask").variants, product)
            guess = max(
                Tone,
                key=lambda one: sum(
                    count * math.log((learned[one][word] + 1) / totals[one])
                    for word, count in words.items()
                    if word in known
                ),
            )
            right += guess is tone
            total += 1
        assert right / total >= MIN_RECOGNIZED_TONES, f"{right} of {total}"

    @pytest.mark.parametrize("tone", Tone)
    def test_formats_are_distinguishable_by_their_shape(self, tone: Tone) -> None:
        endings = {ending.replace("'", "’") for ending in library.voices()[tone].endings}
        for product in PRODUCTS[::3]:
            if len(understand(brief(product)).facts) < 3:
                continue  # a name and six words allow no long text
            for format_ in Format:
                variants = engine.write(brief(product, Platform.META, format_, tone), "shape").variants
                one_paragraph = sum("\n\n" not in v.body for v in variants)
                ended = sum(any(ending in v.body for ending in endings) for v in variants)
                sentences = sum(len(re.findall(r"[.?!]", v.body)) for v in variants) / 5
                if format_ in {Format.HOOK, Format.SHORT}:
                    assert one_paragraph == 5
                    assert sentences < (3.2 if format_ is Format.HOOK else 5.5), variants
                else:
                    assert one_paragraph == 0
                    assert (ended >= 4) is (format_ is Format.STORY), variants

    def test_hook_is_shortest_and_long_is_2_5_times_as_long_as_short(self) -> None:
        def size(format_: Format) -> float:
            return sum(
                len(v.body) for p in PRODUCTS for v in engine.write(brief(p, Platform.META, format_), "s").variants
            )

        assert size(Format.HOOK) < 0.9 * size(Format.SHORT)
        assert size(Format.LONG) > 2.5 * size(Format.SHORT)

    def test_story_has_a_scene_names_the_product_and_has_an_ending(self) -> None:
        endings = {tone: set(library.voices()[tone].endings) for tone in Tone}
        for product, tone in itertools.product(PRODUCTS, Tone):
            request = brief(product, Platform.META, Format.STORY, tone)
            if len(understand(request).facts) < 2:
                continue
            for variant in engine.write(request, "s").variants:
                scene, *rest = variant.body.split("\n\n")
                last = re.sub(r" \S*$", "", rest[-1]) if rest[-1][-1] not in ".?!”" else rest[-1]
                assert len(rest) >= 2, variant
                assert last.replace("’", "'") in {ending.replace("’", "'") for ending in endings[tone]}, variant
                assert product.name in variant.body or product.name in variant.hook, variant
                assert scene.count(".") + scene.count("?") + scene.count("”") >= 1, variant


class TestVariety:
    def test_hooks_rarely_repeat_between_products(self) -> None:
        for tone in Tone:
            hooks = Counter(
                variant.hook
                for product in PRODUCTS
                for variant in engine.write(brief(product, tone=tone), "s").variants
            )
            repeated = sum(count - 1 for count in hooks.values())
            assert repeated <= 0.25 * sum(hooks.values()), (tone, hooks.most_common(8))

    def test_40_percent_of_hooks_are_specific_to_trade_or_feature(self) -> None:
        made = {frame.hook.rstrip(".") for rows in library.hooks().values() for frame in rows} | {
            frame.hook.rstrip(".") for payoff in library.payoffs() for frame in payoff.hooks
        }
        variants = [
            v for product in PRODUCTS for tone in Tone for v in engine.write(brief(product, tone=tone), "s").variants
        ]
        own = sum(variant.hook.rstrip(".").replace("’", "'") in made for variant in variants)
        assert own >= 0.4 * len(variants)

    def test_lines_of_the_same_meaning_are_not_combined(self) -> None:
        cottage = next(product for product in PRODUCTS if product.name == "Seabright Cottage")
        for number in range(12):
            request = brief(cottage, Platform.PINTEREST, Format.LONG, Tone.PROFESSIONAL)
            assert len({variant.hook for variant in engine.write(request, str(number)).variants}) == 5

    def test_hooks_of_a_result_differ(self) -> None:
        for product, tone, format_ in itertools.product(PRODUCTS[::3], Tone, Format):
            variants = engine.write(brief(product, format_=format_, tone=tone), "s").variants
            assert len({variant.hook for variant in variants}) == 5
            assert sum("\n•" in variant.body for variant in variants) <= choice.MAX_LISTS


class TestTables:
    def test_number_of_frames_and_categories(self) -> None:
        assert len(library.frames()) + len(library.stories()) >= 300
        assert len(library.categories()) >= 25
        assert set(library.hooks()) == set(library.categories())

    def test_every_tone_has_eight_angles_for_every_kind_of_goods(self) -> None:
        for tone, kind in itertools.product(Tone, {category.kind for category in library.categories().values()}):
            angles = {frame.angle for frame in library.frames() if tone in frame.tones and kind in frame.kinds}
            assert len(angles) >= 8, (tone, kind, angles)

    def test_every_platform_has_a_source_and_its_date(self) -> None:
        for platform, rules in library.platforms().items():
            assert rules.source, platform
            assert re.search(r"\d{4}-\d{2}-\d{2}", rules.read_on), platform

    def test_no_line_of_the_tables_is_rejected_by_the_filters(self) -> None:
        """Such a line could never be delivered; it would only take draws from the others."""
        rules = content_filters.request_rules(brief(Product(name="N", brand="", category="", description="")))
        lines = [re.sub(r"\{\w+\}", "N", line) for line in own_lines()]
        assert [line for line in lines if content_filters.unsupported_claim(line, rules)] == []
        assert [line for line in lines if forbidden_claim(line, subject=Subject())] == []


def own_lines() -> list[str]:
    """Every line of the engine's tables that may appear in copy."""
    lines = [
        text for frame in (*library.frames(), *library.stories()) for text in (frame.hook, frame.opening, frame.body)
    ]
    lines += [frame.hook for rows in library.hooks().values() for frame in rows]
    for payoff in library.payoffs():
        lines += [frame.hook for frame in payoff.hooks]
        lines += [line.text for rows in payoff.lines.values() for line in rows]
    for bridges in library.bridges().values():
        lines += [*bridges.bridges, *bridges.bare, *bridges.long, *bridges.moments]
    for voice in library.voices().values():
        lines += [
            *voice.closers,
            *voice.endings,
            *voice.openers,
            *(call for calls in voice.cta.values() for call in calls),
        ]
    for category in library.categories().values():
        for rows in (
            category.pains,
            category.moments,
            category.people,
            category.truths,
            category.steps,
        ):
            lines += [line.text for line in rows]
        lines += [text for first, then in (*category.scenes, *category.doubts) for text in (first.text, then)]
    return lines
