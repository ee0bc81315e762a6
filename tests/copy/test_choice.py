"""Five arguments are chosen by score and difference."""

from __future__ import annotations

import functools
import itertools
from typing import Any

import pytest

from services.copy.providers.local import engine
from services.copy.providers.local.arguments import Argument
from services.copy.providers.local.choice import FAIR, MAX_HOOK_OVERLAP, MOST, choose, overlap
from services.copy.providers.local.material import Material, material_of
from services.copy.providers.local.quotes import Quote, content_words
from tests.copy.products import PRODUCTS, brief

NAMES = ("alder", "birch", "cedar", "dogwood", "elder", "fir", "gorse", "hazel")


@functools.cache
def material() -> Material:
    return material_of(brief(PRODUCTS[0]))


def fact(number: int) -> Quote:
    return Quote(id=f"f{number}", text=f"fact {number}", role="feature", strength=0.5, source="features")


def argument(
    hook: str, *, angle: str = "feature", score: float = 1.0, lead: Quote | None = None, what: bool = False
) -> Argument:
    return Argument(angle=angle, hook=hook, score=score, lead=lead, says_what=what)


APART = [argument(f"{name} {name}leaf", lead=fact(number)) for number, name in enumerate(NAMES[:4])]


class TestChoose:
    def test_takes_the_best(self) -> None:
        best = argument("hazel nuts", score=2.0, lead=fact(8))
        chosen = choose([*APART, argument("gorse hedge", lead=fact(9), score=0.1), best], material())
        assert chosen[0] is best
        assert len(chosen) == 5

    def test_the_name_beside_them_makes_no_two_facts_the_same(self) -> None:
        name = material().what
        beside = [argument(f"{name}: {word}", score=2.0, lead=fact(20 + n)) for n, word in enumerate(NAMES[5:8])]
        assert set(beside) <= set(choose([*APART, *beside], material()))

    def test_hooks_that_say_the_same_are_not_chosen_together(self) -> None:
        twin = argument("alder alderleaf green", score=0.9, lead=fact(9))
        other = argument("hazel nuts", score=FAIR, lead=fact(8))
        chosen = choose([*APART, twin, other], material())
        assert other in chosen
        assert twin not in chosen
        words = [content_words(each.hook, material().words) for each in chosen]
        assert all(overlap(one, two) <= MAX_HOOK_OVERLAP for one, two in itertools.combinations(words, 2))

    def test_each_fact_leads_one_variant(self) -> None:
        again = argument("gorse hedge", score=0.9, lead=fact(0))
        other = argument("hazel nuts", score=FAIR, lead=fact(8))
        assert again not in choose([*APART, again, other], material())

    def test_a_poor_brief_repeats_a_fact_rather_than_having_four_variants(self) -> None:
        again = argument("gorse hedge", lead=fact(0))
        assert again in choose([*APART, again], material())

    def test_never_two_equal_hooks(self) -> None:
        assert len(choose([*APART, argument(APART[0].hook.upper(), lead=fact(9))], material())) == 4

    def test_hooks_for_whom_are_bounded(self) -> None:
        asked = [
            argument(f"{name}?", angle="audience", score=3.0, lead=fact(10 + n)) for n, name in enumerate(NAMES[4:])
        ]
        chosen = choose([*APART, *asked], material())
        assert sum(each.angle == "audience" for each in chosen) == MOST["audience"]

    def test_at_most_three_hooks_say_what_is_sold(self) -> None:
        named = [argument(f"{name} hedge", score=3.0, lead=fact(10 + n), what=True) for n, name in enumerate(NAMES[3:])]
        assert sum(each.says_what for each in choose([*APART, *named], material())) == 3


def test_texts_before_a_refused_one_are_written_once(monkeypatch: pytest.MonkeyPatch) -> None:
    draft, turns = engine._draft, []

    def third_refused_once(argument: Argument, writer: Any, order: Any, turn: int, *, named: bool) -> Any:
        turns.append(turn)
        return None if turns.count(2) == 1 and turn == 2 else draft(argument, writer, order, turn, named=named)

    monkeypatch.setattr(engine, "_draft", third_refused_once)
    assert len(engine.write(brief(PRODUCTS[0]), "seed").variants) == 5
    assert (turns.count(0), turns.count(1)) == (1, 1), turns
    assert turns.count(2) >= 2
