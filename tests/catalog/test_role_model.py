"""Which statements are limits, where no word says so: learnt from labelled statements, tried on others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from services.catalog.understanding import role_model
from services.catalog.understanding.encoder import shared_encoder
from services.catalog.understanding.engine import doubted_by
from services.catalog.understanding.index import load_index
from services.catalog.understanding.learning import Array
from services.catalog.understanding.role_model import (
    CLASSES,
    DOUBTFUL,
    DOUBTFUL_ELSEWHERE,
    LIMITS,
    LONGEST_RESTORED,
    RESTORED,
    SELLS,
    SURELY_SELLS,
    RoleModel,
    read_statements,
    thresholds,
)
from services.catalog.understanding.values import BESIDE, Fact

FEWEST_SELLING = 100  # of a language whose threshold can be measured


@pytest.fixture(scope="module")
def model() -> RoleModel:
    return RoleModel(load_index().roles, shared_encoder())


def fact(text: str, role: str = "feature", source: str = "features") -> Fact:
    return Fact(text=text, role=role, strength=0.6, source=source)


def test_statements_have_known_roles_and_differ() -> None:
    statements = list(read_statements())
    assert {statement.role for statement in statements} == set(CLASSES)
    texts = [(statement.language, statement.text) for statement in statements]
    assert len(texts) == len(set(texts))


def test_only_languages_with_enough_selling_statements_have_a_threshold() -> None:
    selling = {
        language: sum(
            statement.language == language and statement.role not in {*LIMITS, "logistics"}
            for statement in read_statements()
        )
        for language in thresholds()
    }
    assert selling
    assert min(selling.values()) >= FEWEST_SELLING
    assert all(DOUBTFUL < threshold < 1 for threshold in thresholds().values())


# None of these is among the labelled statements.
@pytest.mark.parametrize(("limit", "selling"), [
    ("Riders over 14 stone can only walk", "You canter along the river at sunrise"),
    ("Turn up sober or you will not be taken out", "The guide has paddled this coast for 20 years"),
    ("Der Kaufbetrag wird in bar mitgebracht", "Abends sitzt man am Feuer und hört die Eulen"),
    ("Les enfants viennent avec un adulte", "Le soir, on dîne sous les étoiles"),
    ("Los menores vienen con un adulto", "Por la noche se cena bajo las estrellas"),
    ("I minori entrano con un adulto", "La sera si cena sotto le stelle"),
    ("Os menores vêm com um adulto", "À noite janta-se à luz das estrelas"),
])  # fmt: skip
def test_limits_are_likelier_limits_than_what_sells(model: RoleModel, limit: str, selling: str) -> None:
    assert not {limit, selling} & {statement.text for statement in read_statements()}
    first, second = model.limits([limit, selling])
    assert first > second + 0.15


class Sure(RoleModel):
    """A model whose chances are given."""

    def __init__(self, **chances: float) -> None:
        self._chances = chances

    def limits(self, texts: Sequence[str], vectors: Array | None = None) -> Array:
        return np.array([self._chances.get(text, 0.0) for text in texts], np.float32)


def test_what_is_surely_a_limit_sells_nothing() -> None:
    found = Sure(a=0.91, b=0.89).applied([fact("a"), fact("b")], "en")
    assert [(each.text, each.role, each.strength) for each in found] == [("b", "feature", 0.6), ("a", "condition", 0.0)]


def test_what_may_be_a_limit_leads_nothing_and_stays_what_it_is() -> None:
    found = Sure(a=DOUBTFUL + 0.01, b=DOUBTFUL - 0.01).doubted([fact("a"), fact("b")], "en")
    assert [(each.text, each.role, each.strength) for each in found] == [
        ("b", "feature", 0.6),
        ("a", "feature", BESIDE),
    ]


def test_a_statement_of_two_words_is_not_doubted() -> None:
    short, longer = fact("They're blunt"), fact("They are all blunt")
    model = Sure(**{short.text: 1.0, longer.text: 1.0})
    assert [each.strength for each in doubted_by(model, [longer, short], "en")] == [0.6, BESIDE]


def test_a_role_that_words_have_shown_needs_a_higher_chance() -> None:
    facts = [fact("a", role="price"), fact("b", role="price")]
    found = Sure(a=0.94, b=0.96).applied(facts, "en")
    assert {each.text: each.role for each in found} == {"a": "price", "b": "condition"}
    assert [each.strength for each in Sure(a=0.94).doubted(facts, "en")] == [0.6, 0.6]


@pytest.mark.parametrize("language", ["ja", "tr", "und", "eo"])
def test_languages_that_were_not_measured_are_left_alone(language: str) -> None:
    assert language not in thresholds()
    facts = [fact("a")]
    assert Sure(a=1.0).applied(facts, language) == facts
    if language not in DOUBTFUL_ELSEWHERE:
        assert Sure(a=1.0).doubted(facts, language) == facts


def test_what_is_surely_a_limit_leads_nothing_in_any_language_of_the_encoder() -> None:
    found = Sure(a=0.91, b=0.89).doubted([fact("a"), fact("b")], "tr")
    assert [(each.text, each.strength) for each in found] == [("b", 0.6), ("a", BESIDE)]


class Chances(RoleModel):
    """A model whose chances to sell are given, as those of benefits."""

    def __init__(self, **chances: float) -> None:
        self._chances = chances

    def chances(self, texts: Sequence[str], vectors: Array | None = None) -> Array:
        return np.array([[self._chances[text] * (name == "benefit") for name in CLASSES] for text in texts], np.float32)


def test_a_condition_by_its_words_that_surely_sells_is_none() -> None:
    model = Chances(a=SELLS - 0.01, b=SELLS + 0.01, c=SURELY_SELLS + 0.01)
    found = model.restored([replace(fact(text, role="condition"), strength=0.0) for text in "abc"], "en")
    assert [(each.role, each.strength) for each in found] == [
        ("condition", 0.0),
        ("benefit", BESIDE),
        ("benefit", RESTORED),
    ]


def test_a_long_condition_stays_one() -> None:
    facts = [fact("a" * (LONGEST_RESTORED + 1), role="condition")]
    assert Chances(**{facts[0].text: 1.0}).restored(facts, "en") == facts


def test_a_condition_that_the_customer_gave_as_one_stays_one() -> None:
    facts = [fact("a", role="condition", source="conditions")]
    assert Chances(a=1.0).restored(facts, "en") == facts


@pytest.mark.parametrize(("limit", "selling"), [
    ("Fuel is not included, and neither is the ferry", "Nobody here asks why you stopped"),
    ("Begleitung nur mit Ausweis", "Bei uns wird niemand gehetzt"),
])  # fmt: skip
def test_unseen_conditions_that_sell_are_restored_and_limits_are_not(
    model: RoleModel, limit: str, selling: str
) -> None:
    assert not {limit, selling} & {statement.text for statement in read_statements()}
    facts = [replace(fact(text, role="condition"), strength=0.0) for text in (limit, selling)]
    kept, restored = model.restored(facts, "de" if "nur" in limit else "en")
    assert kept.role == "condition"
    assert restored.role != "condition"


def test_fields_that_say_what_they_are_are_not_read() -> None:
    facts = [fact("a", role="offer", source="offer")]
    assert Sure(a=1.0).applied(facts, "en") == facts


def test_fit_learns_what_tells_classes_apart() -> None:
    texts = ["must bring a helmet", "must bring a towel", "warm bread at dawn", "warm soup at noon"] * 5
    classes = np.array([CLASSES.index("requirement")] * 2 + [CLASSES.index("benefit")] * 2)
    vectors = np.zeros((20, 512), np.float32)
    learnt = RoleModel(role_model.fit(vectors, texts, np.tile(classes, 5)), shared_encoder())
    must, warm = learnt.limits(["must bring a rope", "warm pie at dusk"], np.zeros((2, 512), np.float32))
    assert must > 0.5 > warm
