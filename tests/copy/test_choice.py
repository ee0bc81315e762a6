"""Five variants are chosen by score and difference, also from sets where the greedy choice fails."""

from __future__ import annotations

import itertools

from services.copy.domain import Format, Tone
from services.copy.providers.local.choice import MAX_SHARED, Candidate, choose, overlap, search
from services.copy.providers.local.library import Frame


def candidate(angle: str, words: str, *, score: float = 1.0, named: bool = False, priced: bool = False) -> Candidate:
    """A candidate with these words; its hook and first words are unique."""
    frame = Frame(
        key=f"{angle}/{words}", angle=angle, hook=words, body="", tones=frozenset(Tone), formats=frozenset(Format),
        kinds=frozenset({"goods"}),
    )  # fmt: skip
    return Candidate(
        frame=frame, hook=words, body=words, closer="", lines=frozenset(), facts=frozenset(), score=score,
        words=frozenset(words.split()), saying=words, heads=(words, f"{angle} {words}"), named=named, listed=False,
        priced=priced,
    )  # fmt: skip


def unchanged(text: Candidate) -> Candidate:
    return text


APART = [candidate(angle, f"{angle}one {angle}two {angle}three {angle}four") for angle in "abcd"]


def most_shared(texts: list[Candidate]) -> float:
    return max(overlap(one.words, other.words) for one, other in itertools.combinations(texts, 2))


class TestChoose:
    def test_chooses_the_best_text_of_each_angle(self) -> None:
        best = candidate("e", "eone etwo ethree efour", score=2.0)
        chosen = choose([*APART, candidate("e", "eone etwo ethree efive"), best], unchanged)
        assert chosen[0] is best
        assert {text.frame.angle for text in chosen} == set("abcde")

    def test_never_chooses_texts_that_share_too_many_words(self) -> None:
        twin = candidate("e", "aone atwo athree afour")
        assert len(choose([*APART, twin], unchanged, slack=0.5)) == 4

    def test_text_rejected_by_the_final_check_is_left_out(self) -> None:
        other = candidate("e", "eone etwo ethree efour", score=0.5)
        refused = candidate("e", "efive esix eseven eeight", score=2.0)
        chosen = choose([*APART, refused, other], lambda text: None if text is refused else text)
        assert other in chosen
        assert refused not in chosen

    def test_chooses_at_most_two_texts_with_the_price(self) -> None:
        priced = [candidate(angle, f"{angle}five {angle}six {angle}nine", score=2.0, priced=True) for angle in "abcde"]
        plain = [candidate(angle, f"{angle}one {angle}two {angle}three") for angle in "abcde"]
        assert sum(text.priced for text in choose([*priced, *plain], unchanged)) == 2


class TestSearch:
    def test_finds_five_texts_that_the_greedy_choice_misses(self) -> None:
        bait = candidate("a", "bone btwo btree bfour bsix", score=9.0)  # almost the only text of b
        pool = [
            bait,
            *APART[:1],
            candidate("b", "bone btwo btree bfour bfive"),
            *APART[2:],
            candidate("e", "eone etwo eten enine"),
        ]
        assert len(choose(pool, unchanged, slack=0.3)) < 5
        found = search(pool, unchanged)
        assert len(found) == 5
        assert most_shared(found) <= MAX_SHARED

    def test_returns_nothing_when_no_five_differ(self) -> None:
        alike = [candidate(angle, f"one two three {angle}") for angle in "abcdefgh"]
        assert search(alike, unchanged) != []  # three of four words are at the limit, not above it
        assert search([candidate(angle, f"one two three four {angle}") for angle in "abcdefgh"], unchanged) == []
