"""What stands in a text and is said in no ad: taken out where the model is sure, kept where it may be a limit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from services.catalog.understanding.encoder import shared_encoder
from services.catalog.understanding.index import load_index
from services.catalog.understanding.learning import Array
from services.catalog.understanding.role_model import CLASSES, RoleModel, read_statements
from services.catalog.understanding.unsaid import (
    DOUBTFUL,
    DOUBTFUL_IF_SHOWN,
    MAY_LIMIT,
    SURE,
    SURE_IF_SHOWN,
    UnsaidStatements,
)
from services.catalog.understanding.values import BESIDE, Fact


@pytest.fixture(scope="module")
def learnt() -> UnsaidStatements:
    return UnsaidStatements(RoleModel(load_index().roles, shared_encoder()))


class Given(RoleModel):
    """A model whose chances are given by text and class; texts are alike as far as their words are."""

    def __init__(self, chances: Mapping[str, Mapping[str, float]]) -> None:
        self._given = chances

    def encoded(self, texts: Sequence[str]) -> Array:
        words = sorted({word for text in texts for word in text.split()})
        found = np.array([[float(word in text.split()) for word in words] for text in texts], np.float32)
        lengths: Array = np.linalg.norm(found, axis=1, keepdims=True)
        return found / lengths

    def chances(self, texts: Sequence[str], vectors: Array | None = None) -> Array:
        return np.array([[self._given.get(text, {}).get(name, 0.0) for name in CLASSES] for text in texts], np.float32)


def fact(text: str, role: str = "feature", source: str = "description") -> Fact:
    return Fact(text=text, role=role, strength=0.6, source=source)


def left(
    chances: Mapping[str, Mapping[str, float]], *facts: Fact, name: str = "Lamp", language: str = "en"
) -> list[Fact]:
    return UnsaidStatements(Given(chances)).without(facts, name, language)


def test_what_is_surely_unsaid_is_taken_out() -> None:
    chances = {"Home > Shop": {"page": SURE + 0.01}, "Oak": {"page": DOUBTFUL - 0.01}}
    assert left(chances, fact("Oak"), fact("Home > Shop")) == [fact("Oak")]


def test_chances_of_the_classes_add_up() -> None:
    assert left({"a": {"page": SURE / 2, "internal": SURE / 2}}, fact("a")) == []


def test_what_words_have_shown_to_sell_needs_a_higher_chance() -> None:
    chances = {
        "a": {"internal": DOUBTFUL_IF_SHOWN - 0.01},
        "b": {"internal": SURE_IF_SHOWN - 0.01},
        "c": {"internal": SURE_IF_SHOWN + 0.01},
    }
    found = left(chances, *(fact(text, role="price") for text in "abc"))
    assert [(kept.text, kept.strength) for kept in found] == [("a", 0.6), ("b", BESIDE)]


def test_what_is_in_doubt_leads_nothing() -> None:
    [kept] = left({"a": {"internal": DOUBTFUL + 0.01}}, fact("a"))
    assert (kept.role, kept.strength) == ("feature", BESIDE)


def test_what_may_be_a_limit_stays_and_leads_nothing() -> None:
    [kept] = left({"a": {"question": SURE + 0.1, "exclusion": MAY_LIMIT + 0.01}}, fact("a"))
    assert (kept.role, kept.strength) == ("feature", BESIDE)


@pytest.mark.parametrize("role", ["legal", "contact"])
def test_legal_lines_and_contacts_are_never_taken_out(role: str) -> None:
    facts = [fact("a", role=role)]
    assert left({"a": {"internal": 1.0}}, *facts) == facts


def test_a_condition_is_taken_out_only_if_it_limits_nothing() -> None:
    note, limit = fact("a", role="condition"), fact("b", role="condition")
    chances = {"a": {"internal": SURE + 0.01}, "b": {"internal": SURE + 0.01, "fee": MAY_LIMIT + 0.01}}
    assert left(chances, note, limit) == [limit]


def test_fields_that_say_what_they_are_stay() -> None:
    facts = [fact("a", role="offer", source="offer")]
    assert left({"a": {"page": 1.0}}, *facts) == facts


@pytest.mark.parametrize("language", ["ja", "und"])
def test_languages_that_were_not_measured_are_left_alone(language: str) -> None:
    facts = [fact("a")]
    assert left({"a": {"page": 1.0}}, *facts, language=language) == facts


def test_a_withdrawal_takes_its_claim_along() -> None:
    claim, other = fact("Gold medal at the show"), fact("Made of oak")
    taken = fact("the medal was for another lamp")
    chances = {taken.text: {"withdrawal": 0.9}}
    assert left(chances, claim, other, taken) == [other]


def test_the_name_does_not_tell_what_is_taken_back() -> None:
    claim, taken = fact("Lamp of oak"), fact("the lamp was in blue")
    assert left({taken.text: {"withdrawal": 0.9}}, claim, taken) == [claim]
    assert left({taken.text: {"withdrawal": 0.9}}, fact("The blue lamp"), taken, name="Oak") == []


def test_a_condition_is_not_taken_back() -> None:
    condition, taken = fact("only blue from March", role="condition"), fact("blue from March is off")
    assert left({taken.text: {"withdrawal": 0.9}}, condition, taken) == [condition]
    assert left({taken.text: {"withdrawal": 0.9}}, fact(condition.text), taken) == []


# None of these is among the labelled statements.
@pytest.mark.parametrize(("language", "unsaid", "selling"), [
    ("en", "Can someone check the heading before this goes to print", "Checked by hand before it leaves the workshop"),
    ("en", "Previous photo · Next photo · Close", "Warm light from a shade of linen"),
    ("de", "Bitte das alte Logo nicht mehr nehmen, Anna weiß Bescheid", "Kein Abo, keine Kündigung, einfach laufen"),
    ("fr", "Merci de garder la photo du bas, pas celle du haut", "Du pain chaud dès six heures"),
    ("es", "Inicio > Catálogo > Ofertas", "Pan caliente desde las seis"),
    ("it", "Accetta tutti i cookie e continua", "Pane caldo dalle sei"),
])  # fmt: skip
def test_unseen_remains_are_taken_out_and_unseen_claims_stay(
    learnt: UnsaidStatements, language: str, unsaid: str, selling: str
) -> None:
    assert not {unsaid, selling} & {statement.text for statement in read_statements()}
    assert learnt.without([fact(unsaid), fact(selling)], "", language) == [fact(selling)]
