"""Corrections: what a request changes of those that hold, and what they change of a reading."""

from __future__ import annotations

from typing import Any

import pytest
from adwright.catalog.v1 import catalog_pb2

from services.catalog.corrections import MAX_FACT_CORRECTIONS, Corrections, changed_corrections, corrected
from services.chassis.errors import ValidationFailed
from tests.catalog.harness import TRADES

READING = catalog_pb2.Understanding(
    confidence="likely",
    kind="good",
    trade="florist",
    trade_name="flower shop",
    sector="retail",
    subject="tulips",
    goal="sell",
    language="en",
    sensitive=["minors"],
    facts=[
        catalog_pb2.Fact(id="f1", text="cut this morning", role="benefit", strength=0.9, source="features"),
        catalog_pb2.Fact(id="f2", text="not on Sundays", role="feature", strength=0.6, source="features"),
        catalog_pb2.Fact(id="f3", text="vase included", role="legal", strength=0.0, source="description"),
    ],
    evidence=[
        catalog_pb2.Evidence(decided="trade", source="name", words="florist", by="name"),
        catalog_pb2.Evidence(decided="kind", source="name", words="florist", by="name"),
        catalog_pb2.Evidence(decided="language", source="name", words="the", by="clue"),
    ],
)


def put(*requests: dict[str, Any], reading: catalog_pb2.Understanding = READING) -> Corrections:
    """Returns the corrections that hold after these requests."""
    held = Corrections()
    for fields in requests:
        request = catalog_pb2.UpdateUnderstandingRequest(**fields)
        held = changed_corrections(held, request, reading=reading, trades=TRADES)
    return held


def result(*requests: dict[str, Any], reading: catalog_pb2.Understanding = READING) -> catalog_pb2.Understanding:
    """Returns the reading with the corrections of these requests."""
    return corrected(reading, put(*requests), TRADES)


def evidence(found: catalog_pb2.Understanding) -> list[tuple[str, str, str]]:
    return [(item.decided, item.words, item.by) for item in found.evidence]


def facts(found: catalog_pb2.Understanding) -> list[tuple[str, str]]:
    return [(fact.id, fact.role) for fact in found.facts]


class TestTrade:
    def test_trade_brings_kind_goal_sensitive_and_regulated_subjects(self) -> None:
        found = result({"trade": "undertaker"})
        assert (found.trade, found.trade_name, found.sector) == ("undertaker", "undertaker", "personal services")
        assert (found.kind, found.goal, list(found.sensitive), list(found.regulated)) == (
            "service", "call", ["death"], [],
        )  # fmt: skip
        assert (found.confidence, list(found.corrected)) == ("sure", ["trade"])

    def test_names_of_the_trade_follow_trade_and_language(self) -> None:
        reading = catalog_pb2.Understanding()
        reading.CopyFrom(READING)
        reading.trade_words.append("florist")
        assert list(result({"trade": "dentist"}, reading=reading).trade_words) == ["dentist", "dental practice"]
        in_french = result({"trade": "dentist", "language": "fr"}, reading=reading)
        assert list(in_french.trade_words) == []

    def test_own_corrections_stay_beside_that_of_the_trade(self) -> None:
        own = {"kind": "cause", "goal": "donate", "sensitive": ["illness"], "regulated": ["credit"]}
        for requests in ([own, {"trade": "undertaker"}], [{"trade": "undertaker"}, own], [{**own, "trade": "dentist"}]):
            found = result(*requests)
            assert (found.kind, found.goal, list(found.sensitive), list(found.regulated)) == (
                "cause", "donate", ["illness"], ["credit"],
            )  # fmt: skip
            assert list(found.corrected) == ["kind", "trade", "goal", "sensitive", "regulated"]

    def test_what_the_products_own_fields_say_stays(self) -> None:
        reading = catalog_pb2.Understanding(kind="event", goal="donate")
        reading.evidence.add(decided="goal", source="goal", words="donate", by="field")
        found = result({"trade": "dentist"}, reading=reading)
        assert (found.kind, found.goal) == ("service", "donate")
        assert ("goal", "donate", "field") in evidence(found)

    def test_trade_that_left_the_taxonomy_holds_no_longer(self) -> None:
        assert corrected(READING, put({"trade": "dentist"}), {}) == READING

    @pytest.mark.parametrize(
        ("trade", "message"),
        [
            ("dentis", "is not a known trade; near ones: dentist"),
            ("Dental Practice", "is not a known trade; near ones: dentist"),
            ("qqq", "is not a known trade"),
            ("", 'must be the id of a trade; to drop the correction, name "trade" in reset'),
        ],
    )
    def test_unknown_trade_is_refused_with_near_ones(self, trade: str, message: str) -> None:
        with pytest.raises(ValidationFailed) as refused:
            put({"trade": trade})
        assert [(item.field, item.message) for item in refused.value.fields] == [("trade", message)]

    def test_at_most_three_near_trades_are_named(self) -> None:
        trades = {f"dentist_{letter}": TRADES["dentist"] for letter in "abcdef"}
        request = catalog_pb2.UpdateUnderstandingRequest(trade="dentist")
        with pytest.raises(ValidationFailed) as refused:
            changed_corrections(Corrections(), request, reading=READING, trades=trades)
        assert refused.value.message.count("dentist_") == 3


class TestFields:
    @pytest.mark.parametrize(
        ("name", "value"),
        [("kind", "food"), ("subject", "a bunch"), ("audience", "neighbours"), ("goal", "visit"), ("language", "nl")],
    )
    def test_field_is_corrected_listed_and_reset(self, name: str, value: str) -> None:
        found = result({name: value})
        assert (getattr(found, name), list(found.corrected), found.confidence) == (value, [name], "likely")
        for reset in (name, "all"):
            assert result({name: value}, {"reset": [reset]}) == READING

    def test_reset_goes_before_the_corrections_of_the_same_request(self) -> None:
        found = result({"subject": "a", "audience": "b"}, {"reset": ["all"], "subject": "c"})
        assert (found.subject, list(found.corrected)) == ("c", ["subject"])

    def test_text_can_be_corrected_to_nothing(self) -> None:
        found = result({"subject": " "})
        assert (found.subject, list(found.corrected)) == ("", ["subject"])

    def test_language_code_is_written_in_the_usual_case(self) -> None:
        assert result({"language": "PT-br"}).language == "pt-BR"

    def test_empty_list_is_corrected_only_where_the_mask_names_it(self) -> None:
        assert list(result({"sensitive": []}).sensitive) == ["minors"]
        found = result({"update_mask": {"paths": ["sensitive"]}}, {"subject": "tulips"})
        assert (list(found.sensitive), list(found.corrected)) == ([], ["subject", "sensitive"])
        assert result({"update_mask": {"paths": ["sensitive"]}}, {"reset": ["sensitive"]}) == READING

    def test_evidence_of_a_corrected_field_is_the_correction(self) -> None:
        assert evidence(result({"kind": "food", "language": "nl"})) == [
            ("kind", "food", "correction"),
            ("language", "nl", "correction"),
            ("trade", "florist", "name"),
        ]
        assert evidence(result({"trade": "dentist"})) == [
            ("trade", "dentist", "correction"),
            ("language", "the", "clue"),
        ]


class TestFacts:
    def test_role_is_matched_by_text_whatever_its_case_and_space(self) -> None:
        found = result({"facts": [{"text": " NOT  on sundays", "role": "condition"}]})
        assert facts(found) == [("f1", "benefit"), ("f2", "condition"), ("f3", "legal")]
        assert list(found.corrected) == ["facts"]

    def test_condition_comes_last_and_a_fact_that_sells_before_it(self) -> None:
        roles = [("cut this morning", "condition"), ("vase included", "offer")]
        found = result({"facts": [{"text": text, "role": role} for text, role in roles]})
        assert facts(found) == [("f2", "feature"), ("f3", "offer"), ("f1", "condition")]

    def test_price_names_no_limit_that_is_corrected_away(self) -> None:
        reading = catalog_pb2.Understanding(
            facts=[
                catalog_pb2.Fact(id="f1", text="From £9.", role="price", limited_by=["f2", "f3"]),
                catalog_pb2.Fact(id="f2", text="Strings extra.", role="condition"),
                catalog_pb2.Fact(id="f3", text="Adults.", role="condition"),
            ]
        )
        held = put({"facts": [{"text": "Adults.", "role": "feature"}]}, reading=reading)
        limits = {fact.id: list(fact.limited_by) for fact in corrected(reading, held, TRADES).facts}
        assert limits == {"f1": ["f2"], "f2": [], "f3": []}

    def test_unused_fact_is_gone_and_can_come_back(self) -> None:
        unused = {"facts": [{"text": "cut this morning", "role": "unused"}]}
        assert facts(result(unused)) == [("f2", "feature"), ("f3", "legal")]
        again = {"facts": [{"text": "Cut this morning", "role": "feature"}]}
        assert facts(result(unused, again)) == [("f1", "feature"), ("f2", "feature"), ("f3", "legal")]
        assert facts(result(unused, {"reset": ["facts"]})) == facts(READING)

    def test_correction_waits_while_its_fact_is_gone(self) -> None:
        held = put({"facts": [{"text": "vase included", "role": "offer"}]})
        without = catalog_pb2.Understanding(facts=READING.facts[:2])
        assert corrected(without, held, TRADES) == without
        assert ("f3", "offer") in facts(corrected(READING, held, TRADES))

    def test_text_that_is_no_fact_is_refused_and_quoted(self) -> None:
        with pytest.raises(ValidationFailed) as refused:
            put({"facts": [{"text": "vase included", "role": "offer"}, {"text": "x" * 500, "role": "offer"}]})
        (violation,) = refused.value.fields
        assert (violation.field, violation.message) == ("facts[1].text", f'"{"x" * 80}…" is no fact of the product')

    def test_oldest_corrections_without_a_fact_leave_above_the_limit(self) -> None:
        def reading(texts: list[str]) -> catalog_pb2.Understanding:
            return catalog_pb2.Understanding(facts=[catalog_pb2.Fact(text=text) for text in texts])

        held = Corrections()
        for texts in ([f"a{number}" for number in range(40)], [f"b{number}" for number in range(40)]):
            request = catalog_pb2.UpdateUnderstandingRequest(
                facts=[catalog_pb2.FactCorrection(text=text, role="unused") for text in texts]
            )
            held = changed_corrections(held, request, reading=reading(texts), trades=TRADES)
        kept = [fact.text for fact in held.facts]
        assert len(kept) == MAX_FACT_CORRECTIONS
        assert kept == [*(f"a{number}" for number in range(20, 40)), *(f"b{number}" for number in range(40))]
