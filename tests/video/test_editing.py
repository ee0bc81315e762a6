"""The cut of a presenter's film: where shots end, how near they are, and when the product is seen alone."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from services.video.product.parts import parts_of
from services.video.product.shots import shots as all_shots
from services.video.product.storyboard import silent_words, storyboard
from services.video.providers.local import captions, editing
from services.video.providers.local.captions import CaptionWord
from services.video.providers.local.rendering import _is_captioned, _sayings, _statements

SCRIPT = (
    "Blunt knives at home? Bring them to the stall on Saturday, and leave them with me while you shop. It is four "
    "pounds fifty a knife. The bread knife is six. Wrap them in a towel, please, so that nobody is cut. I am there "
    "from eight until one, beside the clock. Come and find me, and cook with a sharp knife tonight."
)
SECONDS_A_WORD = 0.36
PAUSE = 0.25


def timed(script: str = SCRIPT) -> list[CaptionWord]:
    words, time = [], 0.3
    for text in script.split():
        words.append(CaptionWord(text=text, start=time, end=time + SECONDS_A_WORD))
        time += SECONDS_A_WORD + (PAUSE if text[-1] in ".?!," else 0.02)
    return words


def shots(
    words: list[CaptionWord], seed: str = "a", *, nearest: float = 1.4, named_at: float | None = None
) -> tuple[editing.Shot, ...]:
    return editing.shots(words, words[-1].end, seed=seed, nearest=nearest, named_at=named_at)


@pytest.mark.parametrize("seed", ["a", "b", "c", "d"])
@pytest.mark.parametrize("named", [None, 0, 9, 30])
class TestEveryFilm:
    def test_no_cut_falls_within_a_word(self, seed: str, named: int | None) -> None:
        words = timed()
        made = shots(words, seed, named_at=None if named is None else words[named].start)
        assert len(made) >= 5
        for shot in made[1:]:
            assert not any(word.start < shot.start < word.end - 1e-9 for word in words), shot

    def test_neighbours_differ_and_none_is_a_flash(self, seed: str, named: int | None) -> None:
        words = timed()
        made = shots(words, seed, named_at=None if named is None else words[named].start)
        for before, after in itertools.pairwise(made):
            assert (before.nearness, before.product) != (after.nearness, after.product)
            assert after.start - before.start >= editing.PRODUCT_SECONDS[0] / 2
        assert words[-1].end - made[-1].start >= editing.LAST_SECONDS - 0.5

    def test_the_product_is_never_alone_for_long_and_not_first_or_last(self, seed: str, named: int | None) -> None:
        words = timed()
        made = shots(words, seed, named_at=None if named is None else words[named].start)
        assert not made[0].product
        assert not made[-1].product
        alone = [after.start - shot.start for shot, after in itertools.pairwise(made) if shot.product]
        assert len(alone) == (0 if named is None else 2)
        assert all(length <= editing.PRODUCT_SECONDS[1] + 0.2 for length in alone)


def test_the_product_comes_on_its_name() -> None:
    words = timed()
    named = next(word for word in words if word.text == "please,")  # amid a long sentence
    first = next(shot for shot in shots(words, named_at=named.start) if shot.product)
    assert named.start - 0.2 < first.start <= named.start


def test_the_product_comes_with_the_sentence_when_that_is_near_its_name() -> None:
    words = timed()
    begun = next(word for word in words if word.text == "Wrap")
    named = words[words.index(begun) + 2]
    first = next(shot for shot in shots(words, named_at=named.start) if shot.product)
    assert begun.start - 0.4 < first.start <= begun.start


def test_a_presenter_without_room_stays_where_they_are() -> None:
    words = timed()
    assert {shot.nearness for shot in shots(words, nearest=1.0)} == {1.0}
    assert {shot.nearness for shot in shots(words, nearest=0.8)} == {1.0}
    assert max(shot.nearness for shot in shots(words, nearest=1.2)) == 1.14
    assert max(shot.nearness for shot in shots(words, nearest=1.24)) == 1.24
    for nearest in (1.14, 1.24):
        made = shots(words, nearest=nearest)
        assert all(before.nearness != after.nearness for before, after in itertools.pairwise(made))


def test_a_short_film_is_one_shot() -> None:
    assert len(shots(timed("Come and see."), named_at=0.3)) == 1


def test_beside_the_card_a_presenter_is_no_nearer_than_there_is_room() -> None:
    made = (editing.Shot(start=0), editing.Shot(start=3, nearness=1.28), editing.Shot(start=6, nearness=1.28))
    beside = editing.beside_card(made, [(4.0, 5.5)], 1.15)
    assert [shot.nearness for shot in beside] == [1.0, 1.14, 1.28]
    long = (editing.Shot(start=0, nearness=1.28), editing.Shot(start=6.0))
    beside = editing.beside_card(long, [(2.0, 4.0)], 1.15)
    assert [(shot.start, shot.nearness) for shot in beside] == [(0, 1.28), (2.0, 1.14), (4.0, 1.28), (6.0, 1.0)]


def test_statements_fill_the_picture_between_the_ends_of_a_film_and_before_sights_of_the_product() -> None:
    words = timed()
    seconds = words[-1].end
    middle = next(word.start for word in words if word.start > seconds / 2)
    good = (middle - 0.1, middle + 2.2)
    refused = [(0.5, 2.5), (middle + 4.5, middle + 4.9), (seconds - 0.3, seconds - 0.1)]
    made = editing.shots(words, seconds, seed="a", nearest=1.4, named_at=None, statements=sorted([good, *refused]))
    stated = [shot.start for shot in made if shot.statement]
    assert stated == [good[0]]
    assert not any(good[0] < shot.start < good[1] for shot in made)
    sight = next(shot.start for shot in shots(words, named_at=words[9].start) if shot.product)
    beside = editing.shots(
        words, seconds, seed="a", nearest=1.4, named_at=words[9].start, statements=[(sight + 0.2, sight + 2.4)]
    )
    assert [shot.start for shot in beside if shot.statement] == [sight + 0.2]
    assert not any(shot.product and abs(shot.start - sight) < editing.PRODUCT_SECONDS[1] for shot in beside)


def test_statement_that_a_script_ends_with_stays_until_the_end_card() -> None:
    words = timed()
    seconds = words[-1].end
    made = editing.shots(words, seconds, seed="a", nearest=1.4, named_at=None, statements=[(seconds - 2.0, seconds)])
    assert made[-1].statement
    assert made[-1].start == pytest.approx(seconds - 2.0)


def test_statement_stays_until_the_next_one_that_follows_soon() -> None:
    words = timed()
    seconds = words[-1].end
    statements = [(6.0, 8.0), (8.6, 10.4)]
    made = editing.shots(words, seconds, seed="a", nearest=1.4, named_at=None, statements=statements)
    stated = [shot.start for shot in made if shot.statement]
    assert stated == [6.0, 8.6]
    assert not any(6.0 < shot.start < 8.6 for shot in made)


def test_name_without_a_picture_fills_the_picture_only_where_it_is_said() -> None:
    words = timed()
    seconds, named = words[-1].end, words[9].start

    def sights(*, pictured: bool, statements: list[tuple[float, float]]) -> list[float]:
        made = editing.shots(
            words, seconds, seed="a", nearest=1.4, named_at=named, statements=statements, pictured=pictured
        )
        return [shot.start for shot in made if shot.product]

    assert len(sights(pictured=True, statements=[])) == 2
    assert len(sights(pictured=False, statements=[])) == 1
    price = [(named - 0.5, named + 2.5)]  # shown while the name is said
    assert sights(pictured=True, statements=price)
    assert not sights(pictured=False, statements=price)


def test_a_statement_ends_before_a_short_sentence_that_shares_its_shot() -> None:
    words = silent_words("A first line of it. It is $18 an hour. No car? That is fine with us here.")
    scenes = storyboard(parts_of(words), shows=(), until=words[-1].end, seconds=None, seed="a")
    pay = next(scene for scene in scenes if scene.part.says == "figure")
    joined = replace(pay, part=replace(pay.part, words=words[5:12]), end=words[12].start)
    asked = next(word for word in words if word.text == "No")
    paid = next(word for word in words if word.text == "hour.")
    [(start, end)] = _statements([scenes[0], joined, scenes[-1]])
    assert start == joined.start
    assert paid.end <= end < asked.start


def test_a_long_statement_is_left_before_a_word() -> None:
    words = timed()
    start = words[20].start - 0.1
    made = editing.shots(words, words[-1].end, seed="a", nearest=1.4, named_at=None, statements=[(start, start + 7)])
    (place,) = (number for number, shot in enumerate(made) if shot.statement)
    end = made[place + 1].start
    assert editing.STATED_SECONDS[0] < end - made[place].start <= editing.STATED_SECONDS[1]
    assert not any(word.start < end < word.end - 1e-9 for word in words)


def test_a_long_statement_is_left_at_the_end_of_a_clause_where_there_is_one() -> None:
    words = timed()
    place = next(number for number, word in enumerate(words) if word.text == "home?")
    start = words[place - 3].start - 0.1
    begun = max(start, editing.STATED_FIRST_SECONDS)
    made = editing.shots(words, words[-1].end, seed="a", nearest=1.4, named_at=None, statements=[(begun, begun + 7)])
    (place,) = (number for number, shot in enumerate(made) if shot.statement)
    before = max((word for word in words if word.end <= made[place + 1].start + 1e-9), key=lambda word: word.end)
    assert before.text[-1] in ",.?"


def test_sayings_relieve_a_presenter_who_would_talk_for_long() -> None:
    words = timed()
    seconds = words[-1].end
    sayings = [(time, time + 2.4) for time in np.arange(2.5, seconds - 4, 3.0)]
    made = editing.shots(words, seconds, seed="a", nearest=1.4, named_at=None, sayings=sayings)
    stated = [(shot.start, after.start) for shot, after in itertools.pairwise(made) if shot.statement]
    assert sum(end - start for start, end in stated) <= editing.STATED_SHARE * seconds
    begins, ends = [0.0, *(end for _, end in stated)], [*(start for start, _ in stated), seconds]
    longest = max(end - begin for begin, end in zip(begins, ends, strict=True))
    assert stated
    assert longest <= editing.PRESENTED_SECONDS + 3.0  # as near as these sayings come
    brief = editing.shots(words[:18], 8.0, seed="a", nearest=1.4, named_at=None, sayings=sayings)
    assert not any(shot.statement for shot in brief)
    price = [(5.0, 7.5), (11.0, 13.5)]
    kept = editing.shots(
        words[:40], 16.0, seed="a", nearest=1.4, named_at=None, statements=price, sayings=[(2.0, 4.5), (8.0, 10.5)]
    )
    assert [shot.start for shot in kept if shot.statement] == [5.0, 11.0]


def test_sayings_are_whole_sentences_where_they_are_short_and_else_whole_clauses() -> None:
    words = silent_words(
        "A first line of it. Seen on 171 days, of all the 190. Every second week, the same person tests all of the "
        "water there, empties each basket, and then brushes down the walls beside it."
    )
    parts = [part for part in parts_of(words)[1:] if part.text]
    scenes = storyboard([parts_of(words)[0], *parts], shows=(), until=words[-1].end, seconds=None, seed="a")
    typed = [replace(scene, shot=next(shot for shot in all_shots() if shot.id == "statement")) for scene in scenes[:-1]]
    said = [
        " ".join(word.text for word in words if start <= word.start < end)
        for start, end in _sayings([*typed, scenes[-1]])
    ]
    assert said[0] == "Seen on 171 days, of all the 190."
    assert len(said) > 1
    assert all(text[-1] in ",." for text in said)
    hidden = replace(typed[1], shot=next(shot for shot in all_shots() if shot.id == "figure"))
    assert len(_sayings([typed[0], hidden, *typed[2:], scenes[-1]])) < len(said)


def test_a_caption_is_not_shown_again_behind_the_statement_that_it_was_said_in() -> None:
    words = timed()
    [group, *_] = captions.groups(words)
    after = editing.Shot(start=group.words[-1].end)
    assert not _is_captioned(group, after.start + 0.05, after)
    assert _is_captioned(group, group.words[-1].start, editing.Shot(start=group.words[-1].start))


@pytest.mark.parametrize("seed", ["a", "b", "c", "d"])
def test_no_shot_of_a_presenter_lasts_long_even_without_a_mark_to_cut_at(seed: str) -> None:
    words = timed(" ".join(["steady"] * 60) + ".")
    made = shots(words, seed)
    ends = [*(shot.start for shot in made[1:]), words[-1].end]
    assert max(end - shot.start for shot, end in zip(made, ends, strict=True)) <= 4.0
