# ruff: noqa: E501  (rows of examples)
"""The advertising rules: what must not run is found by the right rule, ordinary words are not, and nothing is lost."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from importlib.resources import files

import pytest
from adwright.catalog.v1 import catalog_pb2
from adwright.copy.v1 import copy_pb2

from services.ad_policy import (
    Subject,
    allowed_text,
    dropped_line,
    forbidden_claim,
    review,
    sentences_without_offences,
)
from services.ad_policy.rules import LANGUAGES, rules
from services.ad_policy.sentences import split_sentences
from services.ad_policy.subject import NO_SUBJECT
from services.ad_policy.wording import BadWordingError, compile_wording
from services.copy import messages
from services.copy.domain import BriefUnderstanding, Variant
from services.copy.providers import content_filters
from services.copy.providers.local import engine
from tests.copy.policy import scoring
from tests.copy.products import Product, brief

JOBS = Subject(regulated=frozenset({"jobs"}), kind="job")
CREDIT = Subject(regulated=frozenset({"credit"}), kind="finance")
HEALTH = Subject(regulated=frozenset({"health"}), kind="service", trade="dentist", sector="health")


class TestLists:
    @pytest.mark.parametrize("name", ["first", "second", "third", "fourth"])
    def test_offences_are_caught_by_the_right_rule(self, name: str) -> None:
        result = scoring.score(name)
        assert result.caught >= 0.9, result.missed

    @pytest.mark.parametrize("name", ["first", "second", "third", "fourth"])
    def test_ordinary_sentences_are_not_flagged(self, name: str) -> None:
        result = scoring.score(name)
        assert result.false_alarms <= 0.02, result.flagged

    def test_every_subject_and_language_is_in_the_lists(self) -> None:
        rows = scoring.rows("first", "offences")
        assert len(rows) >= 80
        assert len(scoring.rows("first", "ordinary")) >= 120
        found = {rule for _, (_, wanted) in rows for rule in wanted.split("|")}
        groups = {rule.group for rule in rules() if rule.id in found}
        assert groups == {rule.group for rule in rules()}

    @pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.id)
    def test_every_rule_finds_its_own_example(self, rule: object) -> None:
        assert isinstance(rule, type(rules()[0]))
        subject = Subject(regulated=frozenset(sorted(rule.subjects)[:1]))
        assert rule.id in {finding.rule for finding in review(rule.example, subject=subject)}, rule.example


class TestSubjects:
    @pytest.mark.parametrize(
        "text", ["Ideal for young professionals.", "No children.", "Native speakers only.", "Ideal for Christians."]
    )
    def test_fairness_rules_hold_for_their_subjects_only(self, text: str) -> None:
        assert forbidden_claim(text, subject=JOBS)
        assert forbidden_claim(text, subject=NO_SUBJECT) is None

    @pytest.mark.parametrize(("text", "subject", "offends"), [
        ("It cures in 24 hours.", NO_SUBJECT, False), ("It cures in 24 hours.", HEALTH, True),
        ("We treat gum disease gently.", HEALTH, False), ("We treat asthma.", NO_SUBJECT, False),
        ("The lamp treats asthma.", Subject(kind="good"), True),
        ("Nurse Kit treats asthma.", Subject(kind="service"), False),
        ("Earn £120 a day.", Subject(regulated=frozenset({"jobs"})), False),
        ("Earn £120 a day.", NO_SUBJECT, True), ("Earn £120 a day.", JOBS, False),
    ])  # fmt: skip
    def test_words_mean_what_the_subject_makes_of_them(self, text: str, subject: Subject, offends: bool) -> None:
        assert bool(forbidden_claim(text, subject=subject)) is offends

    @pytest.mark.parametrize(("text", "subject", "offends"), [
        ("See before and after photos of our kitchens.", NO_SUBJECT, False), ("See the before and after photos.", Subject(trade="kitchen_fitter"), False), ("See the before and after photos.", NO_SUBJECT, True),
        ("See the before and after photos.", HEALTH, True), ("See the before and after photos.", Subject(trade="gym"), True),
        ("Your skin before and after.", NO_SUBJECT, True),
        ("Skinny jeans in black.", NO_SUBJECT, False), ("This bike is 3 kg lighter.", NO_SUBJECT, False),
        ("Be 3 kg lighter.", Subject(trade="personal_trainer"), True),
        ("Drop 5 kg from your backpack.", NO_SUBJECT, False), ("Drop 5 kg in a week.", NO_SUBJECT, True),
        ("We talk to the people you owe about your debts.", CREDIT, False), ("We talk about your debts.", NO_SUBJECT, True),
        ("Are you in debt?", CREDIT, True), ("Click here.", NO_SUBJECT, False), ("Your phone is infected.", NO_SUBJECT, True),
    ])  # fmt: skip
    def test_claims_about_bodies_debts_and_buttons_are_told_from_ordinary_words(
        self, text: str, subject: Subject, offends: bool
    ) -> None:
        assert bool(forbidden_claim(text, subject=subject)) is offends

    def test_click_here_is_noted(self) -> None:
        assert {finding.rule for finding in review("Click here.", subject=NO_SUBJECT)} == {"click-here"}

    def test_trade_and_sector_put_a_product_under_its_rules(self) -> None:
        text = "Erases wrinkles overnight."
        assert forbidden_claim(text, subject=Subject(trade="skin_care"))
        assert forbidden_claim(text, subject=Subject(trade="carpenter")) is None

    def test_words_that_offend_in_one_language_only(self) -> None:
        text = "Every bite counts. A bite of joy."
        assert forbidden_claim(text, subject=Subject(language="en")) is None
        assert forbidden_claim("Quelle bite.", subject=Subject(language="fr-CA"))

    def test_subject_comes_from_the_understanding(self) -> None:
        request = copy_pb2.WriteHeadlineRequest(brief=catalog_pb2.Brief())
        assert messages.headline_brief(request).subject == NO_SUBJECT
        understanding = request.brief.understanding
        understanding.regulated.append("jobs")
        understanding.sensitive.append("minors")
        understanding.kind, understanding.trade, understanding.language = "job", "nurse", "en"
        assert messages.headline_brief(request).subject == Subject(
            regulated=frozenset({"jobs"}), sensitive=frozenset({"minors"}), kind="job", trade="nurse", language="en"
        )


class TestDisguises:
    @pytest.mark.parametrize(("text", "quoted"), [
        ("𝐂𝐮𝐫𝐞𝐬 𝐞𝐜𝐳𝐞𝐦𝐚 in days", "𝐂𝐮𝐫𝐞𝐬 𝐞𝐜𝐳𝐞𝐦𝐚"), ("It ｂｕｒｎｓ ｆａｔ fast", "ｂｕｒｎｓ ｆａｔ"), ("Melts f\u200bat", "Melts f\u200bat"),
        ("It c u r e s acne", "c u r e s acne"), ("It c.u.r.e.s acne", "c.u.r.e.s acne"), ("It cur3s acn3!", "cur3s acn3"),
        ("It сurеs аcnе", "сurеs аcnе"), ("cu\u00adres acne", "cu\u00adres acne"), ("Cuuures acne", "Cuuures acne"),
        ("cu\u0336res acne", "cu\u0336res acne"), ("ⒸⓊⓇⒺⓈ acne", "ⒸⓊⓇⒺⓈ acne"), ("It c u r e s  a c n e now", "c u r e s  a c n e"),
        ("✨Gu\u200bérit l’acné✨", "Gu\u200bérit l’acné"),
    ])  # fmt: skip
    def test_a_disguised_claim_is_found_and_quoted_as_written(self, text: str, quoted: str) -> None:
        finding = forbidden_claim(text, subject=NO_SUBJECT)
        assert finding
        assert finding.words == quoted

    @pytest.mark.parametrize(
        "text",
        [
            "6mm drop, 4x4, B2B, H2O, mp3",
            "S M L X XL",
            "Mon-Fri 9-5, e. g. by tram",
            "a b c d e f g",
            "Привет, кот и сок",
        ],
    )
    def test_ordinary_signs_are_no_disguise(self, text: str) -> None:
        assert review(text, subject=NO_SUBJECT) == []


class TestSentences:
    def test_whole_sentences_are_left_out_and_quoted(self) -> None:
        text = (
            "A kind serum. Softens skin, heals eczema and smells of roses at 7.30. No. 1 Mill Lane.\nVegan; cures acne!"
        )
        kept = sentences_without_offences(text, subject=NO_SUBJECT)
        assert kept.text == "A kind serum. No. 1 Mill Lane.\nVegan;"
        assert [part.text for part in kept.left_out] == [
            "Softens skin, heals eczema and smells of roses at 7.30.", "cures acne!",
        ]  # fmt: skip
        assert kept.left_out[0].note.startswith("Left out: “Softens skin, heals eczema and smells of roses at 7.30.”. ")

    def test_a_text_without_offences_stays_letter_for_letter(self) -> None:
        text = "  Two  spaces, • a bullet…  Dr. Lee; 1.\nEnd "
        assert sentences_without_offences(text, subject=NO_SUBJECT).text == text
        assert "".join(sentence + gap for sentence, gap in split_sentences(text)) == text

    def test_features_are_left_out_whole(self) -> None:
        allowed = allowed_text("Tea.", ("Cures diabetes, and tastes of mint", "Vegan"), subject=NO_SUBJECT)
        assert allowed.features == ("Vegan",)
        assert "“Cures diabetes, and tastes of mint”" in allowed.removed[0]

    def test_notes_of_the_engine_quote_what_was_left_out(self) -> None:
        sentence = "Lose 8 kg in three weeks with 60 capsules."
        product = Product(name="Leaf", brand="", description=f"Green tea capsules. {sentence} Made in Ohio.")
        result = engine.write(brief(product), "s")
        assert any(f"“{sentence}”" in note for note in result.notes.filtered)
        assert not any("8 kg" in f"{variant.hook} {variant.body}" for variant in result.variants)


class TestVariants:
    def test_a_rate_keeps_its_representative_apr(self) -> None:
        source = "Loans at 4.9% fixed. Representative 9.9% APR."
        assert dropped_line("Loans at 4.9% fixed.", source, subject=CREDIT)
        assert dropped_line("Loans at 4.9% fixed (9.9% APR representative).", source, subject=CREDIT) is None
        assert dropped_line("Loans at 4.9% fixed.", "Loans at 4.9% fixed.", subject=CREDIT) is None

    @pytest.mark.parametrize(("body", "part"), [
        ("Loans at 4.9% fixed.", "9.9"), ("Guaranteed approval for you.", "must not run"),
    ])  # fmt: skip
    def test_variants_that_offend_are_rejected(self, body: str, part: str) -> None:
        product = Product(
            name="Loan",
            brand="",
            description="Loans at 4.9% fixed for you. Representative 9.9% APR. Approval in a day.",
        )
        order = replace(brief(product), understanding=BriefUnderstanding(kind="finance", regulated=("credit",)))
        variant = Variant(angle="a", hook="Borrow with care", body=body, cta="Apply", hashtags=())
        reason = content_filters.rejection_reason(variant, order, content_filters.request_rules(order))
        assert reason
        assert ("APR" if part == "9.9" else part) in reason


class TestData:
    def test_every_rule_has_its_source_and_date(self) -> None:
        assert all(rule.sources and rule.why.endswith(".") for rule in rules())
        assert all("20" in source or "1991" in source for rule in rules() for source in rule.sources)
        assert len({rule.id for rule in rules()}) == len(rules())

    def test_every_rule_is_written_in_all_languages(self) -> None:
        tables = [entry for entry in files("services.ad_policy.data").iterdir() if entry.name.endswith(".toml")]
        assert len(tables) > 10
        for entry in tables:
            for row in tomllib.loads(entry.read_text("utf-8")).get("rule", []):
                if "shape" not in row:
                    assert tuple(row["wordings"]) == LANGUAGES, row["id"]

    @pytest.mark.parametrize("wording", ["{nothing} cures", "# #%", "..3", "a|- b"])
    def test_wordings_that_cannot_be_compiled_are_refused(self, wording: str) -> None:
        with pytest.raises(BadWordingError):
            compile_wording(wording, {})

    def test_all_wordings_compile(self) -> None:
        for rule in rules():
            for wording in (*(wording for _, wording in rule.wordings), *rule.unless, *rule.satisfied):
                assert wording.pattern
