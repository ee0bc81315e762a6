"""The reader: which texts reach its parts, and how large an understanding becomes."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from adwright.catalog.v1 import catalog_pb2

from services.catalog.understanding.inputs import inputs_digest, product_texts
from services.catalog.understanding.reading import Reader
from services.catalog.understanding.values import Evidence, Fact, Offer, ProductTexts, Proof, Recognition
from tests.catalog.harness import TRADES

BRIEF = catalog_pb2.Brief(
    project=catalog_pb2.Project(name="Ahmed & Sons"),
    product=catalog_pb2.Product(
        name="Check-up", description="A look at your teeth.", features=["no pain"], price="40.00", currency="EUR",
        audience="families", kind="service", category="Health > Teeth", goal="book", sale_price="30.00",
        old_price="45.00", price_per="visit", conditions=["weekdays only"],
        offer=catalog_pb2.Offer(text="first visit free", code="HELLO", ends="2027-03-31"),
        proof=catalog_pb2.Proof(rating="4.8", count=120, source="Trustpilot", award="Best of 2026"),
    ),
)  # fmt: skip
TEXTS = ProductTexts(
    project="Ahmed & Sons", name="Check-up", description="A look at your teeth.", features=("no pain",),
    audience="families", price="40.00", sale_price="30.00", old_price="45.00", price_per="visit", currency="EUR",
    kind="service", category="Health > Teeth", goal="book", conditions=("weekdays only",),
    offer=Offer(text="first visit free", code="HELLO", ends="2027-03-31"),
    proof=Proof(rating="4.8", count=120, source="Trustpilot", award="Best of 2026"),
)  # fmt: skip


def reader(facts: Sequence[Fact] = (), found: Recognition | None = None, data_version: str = "d") -> Reader:
    return Reader(
        recognise=lambda texts, language, facts: found or Recognition(),
        find_facts=lambda texts, language: facts,
        about=lambda kind, facts, language: facts,
        language_of=lambda text: "en" if "teeth" in text else "und",
        clean_name=lambda raw: raw.strip("!"),
        clean_text=str.strip,
        calm=str,
        calm_name=str,
        trades=TRADES,
        data_version=data_version,
    )


class TestInputs:
    def test_all_texts_of_a_brief_are_read(self) -> None:
        assert product_texts(BRIEF) == TEXTS

    def test_offer_and_proof_that_are_not_there_are_none(self) -> None:
        texts = product_texts(catalog_pb2.Brief(product=catalog_pb2.Product(name="x")))
        assert texts == ProductTexts(project="", name="x")

    def test_digest_changes_with_every_text(self) -> None:
        digests = {inputs_digest(TEXTS)}
        for field, descriptor in catalog_pb2.Product.DESCRIPTOR.fields_by_name.items():
            brief = catalog_pb2.Brief()
            brief.CopyFrom(BRIEF)
            brief.product.ClearField(field)  # type: ignore[arg-type]
            if descriptor.name in ProductTexts.__dataclass_fields__:
                digests.add(inputs_digest(product_texts(brief)))
        brief = catalog_pb2.Brief(product=BRIEF.product)
        digests.add(inputs_digest(product_texts(brief)))
        sent = ProductTexts.__dataclass_fields__.keys() - {"description_as_sent"}
        assert len(digests) == 1 + len(sent)

    def test_texts_do_not_run_into_each_other(self) -> None:
        one = ProductTexts(project="p", name="n", features=("a", "b"))
        other = ProductTexts(project="p", name="n", features=("a b",))
        assert inputs_digest(one) != inputs_digest(other)


class TestReader:
    def test_understanding_holds_what_the_parts_find(self) -> None:
        found = Recognition(
            confidence="sure", kind="service", trade="dentist", sector="health", subject="check-up", goal="book",
            sensitive=("illness",), regulated=("health",),
            evidence=(Evidence(decided="trade", source="description", words="teeth", by="clue"),),
        )  # fmt: skip
        fact = Fact(text="no pain", role="benefit", strength=0.5, source="features")
        made = reader([fact], found).read(product_texts(BRIEF))
        assert made == catalog_pb2.Understanding(
            confidence="sure", kind="service", trade="dentist", trade_name="dental practice", sector="health",
            subject="check-up", name="Check-up", brand="Ahmed & Sons", audience="families", goal="book", language="en",
            sensitive=["illness"], regulated=["health"],
            facts=[catalog_pb2.Fact(id="f1", text="no pain", role="benefit", strength=0.5, source="features")],
            evidence=[catalog_pb2.Evidence(decided="trade", source="description", words="teeth", by="clue")],
            version="6.d", trade_words=["dentist", "dental practice"],
        )  # fmt: skip

    def test_facts_are_numbered_in_the_order_of_the_text_and_listed_by_strength(self) -> None:
        texts = ProductTexts(project="p", name="n", description="First thing. Second thing. Third thing.")
        facts = [
            Fact(text=text, role="feature", strength=strength, source="description")
            for text, strength in (("Second thing.", 0.9), ("Third thing.", 0.5), ("First thing.", 0.1))
        ]
        made = reader([*facts, Fact(text="£40", role="price", strength=0.05, source="price")]).read(texts)
        assert [(fact.id, fact.text) for fact in made.facts] == [
            ("f2", "Second thing."), ("f3", "Third thing."), ("f1", "First thing."), ("f4", "£40"),
        ]  # fmt: skip

    @pytest.mark.parametrize(("description", "roles", "limited"), [
        ("From $95. Strings are extra.", ("price", "condition"), ["f2"]),
        ("Half price. New pupils. Cash.", ("offer", "condition", "condition"), ["f2", "f3"]),
        ("From $95. In the barn. Strings are extra.", ("price", "feature", "condition"), []),
        ("From $95.\nNo dogs.", ("price", "condition"), []),  # on a line of its own, and no fee
        ("From $95.\nCleaning $20.", ("price", "condition"), ["f2"]),
        ("From $95. Pairs $170. Strings are extra.", ("price", "price", "condition"), ["f3"]),
        ("From $95. In the barn. Lessons $95. Strings are extra.", ("price", "feature", "price", "condition"), ["f4"]),
        ("In the barn. No dogs.", ("feature", "condition"), []),
    ])  # fmt: skip
    def test_a_price_names_the_conditions_behind_it(
        self, description: str, roles: tuple[str, ...], limited: list[str]
    ) -> None:
        texts = re.findall(r"[^.]+\.", description.replace("\n", " "))
        facts = [
            Fact(text=text.strip(), role=role, strength=0.5, source="description")
            for text, role in zip(texts, roles, strict=True)
        ]
        made = reader(facts).read(ProductTexts(project="p", name="n", description=description))
        assert list(made.facts[0].limited_by) == limited
        assert not any(fact.limited_by for fact in made.facts[1:] if fact.role != "price")

    def test_a_condition_that_names_the_sum_of_a_price_limits_it_wherever_it_stands(self) -> None:
        texts = ["Switch and get £150.", "No fee.", "You pay in £1,500 a month to get the £150."]
        facts = [
            Fact(text=text, role=role, strength=0.5, source="description")
            for text, role in zip(texts, ("price", "benefit", "condition"), strict=True)
        ]
        made = reader(facts).read(ProductTexts(project="p", name="n", description=" ".join(texts)))
        assert list(made.facts[0].limited_by) == ["f3"]

    def test_a_price_names_few_conditions(self) -> None:
        texts = ["From $95.", *(f"Rule {number}." for number in range(8))]
        facts = [
            Fact(text=text, role="condition" if number else "price", strength=0.5, source="description")
            for number, text in enumerate(texts)
        ]
        made = reader(facts).read(ProductTexts(project="p", name="n", description=" ".join(texts)))
        assert list(made.facts[0].limited_by) == ["f2", "f3", "f4"]

    def test_name_loses_what_its_file_was_called(self) -> None:
        assert reader().read(ProductTexts(project="p", name="Night room - copy v2 DRAFT")).name == "Night room"

    def test_name_of_signs_only_stays_as_it_is(self) -> None:
        assert reader().read(ProductTexts(project="!", name="!!")).name == "!!"

    def test_facts_and_evidence_are_few_and_short(self) -> None:
        texts = ["x" * 601, *(f"fact {number}" for number in range(60))]
        facts = [Fact(text=text, role="feature", strength=0.5, source="description") for text in texts]
        evidence = tuple(Evidence(decided="trade", source="name", words="y" * 900, by="phrase") for _ in range(30))
        made = reader(facts, Recognition(evidence=evidence)).read(TEXTS)
        assert [fact.text for fact in made.facts] == texts[1:41]
        assert [len(item.words) for item in made.evidence] == [120] * 12

    def test_version_changes_with_the_data(self) -> None:
        assert reader(data_version="a").VERSION != reader(data_version="b").VERSION
