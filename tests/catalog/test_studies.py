"""An invitation to a clinical study says who may take part and what is studied, and payment comes last."""

from __future__ import annotations

import pytest

from services.catalog.understanding.engine import load_engine
from services.catalog.understanding.studies import PAYMENT, is_study, with_legal_lines
from services.catalog.understanding.values import Fact, ProductTexts
from services.copy.domain import Format, Platform, Tone
from services.copy.providers.local import engine
from tests.copy.products import Product, brief_of, catalog_brief

WHO = "You may be able to take part if you are 30 to 60 and have had migraine for a year."
ASKS = "We are looking for adults with migraine to take part in a study of a nasal spray that is not yet licensed."
DESCRIPTION = (
    f"{ASKS} It was reviewed by a research ethics committee.\n\n{WHO} Half of the people use the spray and half a"
    " placebo.\n\nWe pay £25 for each visit. Visits take an hour."
)


@pytest.mark.parametrize(
    ("language", "said", "is_one"),
    [
        ("en", f"The TERN study\n{DESCRIPTION}", True),
        ("de", "Die TERN-Studie sucht Teilnehmer. Die Ethikkommission stimmt zu, die Hälfte hat ein Placebo.", True),
        ("es", "Estudio TERN: buscamos participantes; placebo al azar; aprobado por el comité ético.", True),
        ("en", "Free trial of our study app. Take part in a quiz.", False),
        ("en", "Hearing aid trial: four weeks at home. No side effects.", False),
        ("xx", f"The TERN study\n{DESCRIPTION}", False),
    ],
)  # fmt: skip
def test_study_is_told_from_other_trials(language: str, said: str, is_one: bool) -> None:
    assert is_study(said, language) is is_one


def test_who_may_take_part_and_what_is_studied_are_legal_and_payment_comes_last() -> None:
    facts = [
        Fact(text="£25 for each visit", role="price", strength=0.8, source="features"),
        Fact(text="Visits take an hour.", role="feature", strength=0.5, source="description"),
        Fact(text=WHO, role="condition", strength=0.0, source="description"),
        Fact(text=ASKS, role="condition", strength=0.0, source="description"),
    ]
    found = {fact.text: (fact.role, fact.strength) for fact in with_legal_lines(facts, "en")}
    assert found[WHO][0] == found[ASKS][0] == "legal"
    assert found["£25 for each visit"] == ("price", PAYMENT)
    assert found["Visits take an hour."] == ("feature", 0.5)


def test_every_text_of_a_study_says_who_may_take_part() -> None:
    made = load_engine().reader.read(ProductTexts(project="p", name="The TERN study", description=DESCRIPTION))
    assert "health" in made.regulated
    features = (
        "Six visits over 24 weeks",
        "Reviewed by an ethics committee",
        "Leave at any time",
        "Nurses you can ring",
    )
    product = Product(name="The TERN study", brand="Merrow Unit", description=DESCRIPTION, features=features)
    for platform, form in ((Platform.META, Format.SHORT), (Platform.LINKEDIN, Format.LONG)):
        result = engine.write(brief_of(catalog_brief(product), platform, form, Tone.PROFESSIONAL), "study")
        for variant in result.variants:
            text = f"{variant.hook}\n{variant.body}"
            assert "30 to 60" in text
            assert "nasal spray" in text
        assert "£25" not in result.variants[0].hook


def test_study_whose_line_a_platform_refuses_has_texts_without_it() -> None:
    refused = WHO.replace("if you are 30", "if you are aged 30")
    product = Product(name="The TERN study", brand="Merrow Unit", description=DESCRIPTION.replace(WHO, refused))
    result = engine.write(brief_of(catalog_brief(product), Platform.META, Format.SHORT, Tone.PROFESSIONAL), "study")
    assert all("aged 30" not in variant.body and "nasal spray" in variant.body for variant in result.variants)
    assert any("aged 30" in note for note in result.notes.filtered)
