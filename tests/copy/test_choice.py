"""How five are chosen: by score, apart from each other, and from sets where taking the best first leads nowhere."""

from __future__ import annotations

import itertools

from services.copy.domain import Format, Tone
from services.copy.providers.local.choice import MAX_SHARED, Candidate, choose, overlap, search
from services.copy.providers.local.library import Frame


def candidate(angle: str, words: str, *, score: float = 1.0, named: bool = False, priced: bool = False) -> Candidate:
    """A text of these words; hook and first words are its own."""
    frame = Frame(
        key=f"{angle}/{words}", angle=angle, hook=words, body="", tones=frozenset(Tone), formats=frozenset(Format),
        kinds=frozenset({"goods"}),
    )  # fmt: skip
    return Candidate(
        frame=frame, hook=words, body=words, closer="", lines=frozenset(), facts=frozenset(), score=score,
        words=frozenset(words.split()), saying=words, heads=(words, f"{angle} {words}"), named=named, listed=False,
        priced=priced,
    )  # fmt: skip


def as_it_is(text: Candidate) -> Candidate:
    return text


APART = [candidate(angle, f"{angle}one {angle}two {angle}three {angle}four") for angle in "abcd"]


def most_shared(texts: list[Candidate]) -> float:
    return max(overlap(one.words, other.words) for one, other in itertools.combinations(texts, 2))


class TestChoose:
    def test_takes_the_best_of_five_angles(self) -> None:
        best = candidate("e", "eone etwo ethree efour", score=2.0)
        chosen = choose([*APART, candidate("e", "eone etwo ethree efive"), best], as_it_is)
        assert chosen[0] is best
        assert {text.frame.angle for text in chosen} == set("abcde")

    def test_never_takes_two_that_share_more_than_the_bound(self) -> None:
        twin = candidate("e", "aone atwo athree afour")
        assert len(choose([*APART, twin], as_it_is, slack=0.5)) == 4

    def test_what_is_refused_at_the_last_is_left_out(self) -> None:
        other = candidate("e", "eone etwo ethree efour", score=0.5)
        refused = candidate("e", "efive esix eseven eeight", score=2.0)
        chosen = choose([*APART, refused, other], lambda text: None if text is refused else text)
        assert other in chosen
        assert refused not in chosen

    def test_names_the_price_in_two_texts_at_most(self) -> None:
        priced = [candidate(angle, f"{angle}five {angle}six {angle}nine", score=2.0, priced=True) for angle in "abcde"]
        plain = [candidate(angle, f"{angle}one {angle}two {angle}three") for angle in "abcde"]
        assert sum(text.priced for text in choose([*priced, *plain], as_it_is)) == 2


class TestSearch:
    def test_finds_the_five_that_taking_the_best_first_misses(self) -> None:
        bait = candidate("a", "bone btwo btree bfour bsix", score=9.0)  # nearly the only text of angle b
        pool = [
            bait,
            *APART[:1],
            candidate("b", "bone btwo btree bfour bfive"),
            *APART[2:],
            candidate("e", "eone etwo eten enine"),
        ]
        assert len(choose(pool, as_it_is, slack=0.3)) < 5
        found = search(pool, as_it_is)
        assert len(found) == 5
        assert most_shared(found) <= MAX_SHARED

    def test_gives_up_where_there_are_no_five(self) -> None:
        alike = [candidate(angle, f"one two three {angle}") for angle in "abcdefgh"]
        assert search(alike, as_it_is) != []  # three of four words are the bound, and not above it
        assert search([candidate(angle, f"one two three four {angle}") for angle in "abcdefgh"], as_it_is) == []
