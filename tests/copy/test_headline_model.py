"""The models of headlines: what they were fitted to, and how well they choose where they were not."""

from __future__ import annotations

import itertools
from pathlib import Path
from statistics import mean

import pytest

from services.copy.providers.local.headline_fit import DECIMALS, MOST, PLACES, GradedProduct, fit, read_graded
from services.copy.providers.local.headline_model import Place, grade, grade_of
from services.copy.providers.local.headline_signs import NAMED, Advertised, Hook, signs_of
from services.copy.providers.local.words import read_data

PRODUCT = Advertised(
    what="Septic tank emptying", subject="", brand="Tubbervane", language="en", kind="service", count=6
)


@pytest.fixture(scope="module")
def graded() -> list[GradedProduct]:
    return list(read_graded())


def hook(text: str, *marks: str, strength: float = 0.6) -> Hook:
    return Hook(text=text, angle="benefit", source="features", strength=strength, behind=0.2, marks=frozenset(marks))


@pytest.mark.parametrize("place", PLACES)
class TestModel:
    def test_weights_are_those_of_the_data(self, place: Place, graded: list[GradedProduct]) -> None:
        fitted = {sign: round(weight, DECIMALS) for sign, weight in fit(graded, place).items()}
        assert fitted == pytest.approx(read_data("headline_model.toml")[place], abs=0.002)

    def test_it_chooses_well_for_products_that_it_has_not_seen(self, place: Place, graded: list[GradedProduct]) -> None:
        """Of the candidates of each product of one half, by a model of the other; readers' best have 2.9 and 2.7."""
        chosen, strongest = [], []
        halves = graded[::2], graded[1::2]
        for seen, unseen in itertools.permutations(halves):
            weights = fit(seen, place)
            for one in unseen:
                short = [each for each in one.headlines if len(each.hook.text) <= MOST[place] - 20]
                if len(short) > 2:
                    best = max(short, key=lambda each: grade(signs_of(each.hook, one.product), weights))
                    chosen.append(best.grades[place])
                    strongest.append(max(short, key=lambda each: each.hook.strength).grades[place])
        assert mean(chosen) >= {"text": 2.25, "picture": 2.1}[place]
        assert mean(chosen) >= mean(strongest) + 0.1


def test_a_headline_that_says_of_what_is_worth_more_above_a_text() -> None:
    plain, named = hook("Free three-year reminder"), hook("Septic tank emptying: free three-year reminder", NAMED)
    assert grade_of(named, PRODUCT, "text") > grade_of(plain, PRODUCT, "text") + 0.3
    assert grade_of(named, PRODUCT, "picture") < grade_of(named, PRODUCT, "text")


def test_a_stronger_fact_and_one_fact_rather_than_two_are_worth_more() -> None:
    assert grade_of(hook("Emptied within two days", strength=0.9), PRODUCT, "text") > grade_of(
        hook("Emptied within two days", strength=0.3), PRODUCT, "text"
    )
    two = hook("Emptied within two days. Dated receipt")
    assert grade_of(two, PRODUCT, "picture") < grade_of(hook("Emptied within two days"), PRODUCT, "picture")


@pytest.mark.parametrize(("field", "value"), [(0, 4), (1, -1), (6, "loud")])
def test_what_is_no_grade_or_mark_is_refused(tmp_path: Path, field: int, value: object) -> None:
    row: list[object] = [3, 2, "benefit", "features", 0.8, 0.0, "named", "Tank emptied"]
    row[field] = value
    line = str(row).replace("'", '"')
    head = 'what = "Tank"\nsubject = ""\nbrand = ""\nkind = "service"\ncount = 1\n'
    (tmp_path / "en.toml").write_text(f"[[product]]\n{head}headlines = [{line}]\n", encoding="utf-8")
    with pytest.raises(ValueError, match="Tank emptied"):
        list(read_graded(tmp_path))
