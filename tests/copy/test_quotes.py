# ruff: noqa: E501  (rows of examples)
"""Facts are quoted so that what stands is still true."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.copy.providers.local.quotes import as_line, as_sentence, content_words, shortened, upper_first
from services.copy.providers.local.words import LANGUAGES, words_of

EN = words_of("en")


class TestShortened:
    @pytest.mark.parametrize(("text", "limit", "kept"), [
        ("A lamp of oak and brass, handmade in a small workshop in Bergen", 30, "A lamp of oak and brass"),
        ("A cotton bag with two pockets (one with a zip)", 40, None),  # what stands in parentheses may limit it
        ("If you come by train, we meet you at the station", 30, None),
        ("Oil from Leccino, Frantoio and Moraiolo olives, pressed cold", 20, None),
        ("Fast charging over USB-C – and a case that folds", 30, None),  # "and" belongs to what stands before it
        ("It fits", 30, "It fits"),
        ("Free delivery on every lamp, on orders over £40", 30, None),
        ("Free delivery on every lamp (UK only)", 30, None),
        ("Cancel your plan any time, except in the first year", 30, None),
        ("Open every day of the week, but closed in August", 30, None),
        ("Two dinners and two nights, from £240 per person", 30, None),
        ("Half price on all lamps, until Sunday", 30, None),
        ("Not made for the oven, the grill, the open fire", 26, None),  # what stands behind may be part of the "not"
        ("Does not scratch the hob, the pan or the table", 30, None),  # a list behind "not" has no end to cut at
        ("No fee for the first year, the second or the third", 30, None),
        ("Oak", 2, None),
        ("The bag has (two pockets, a zip and a strap) inside of it", 25, None),
        ("Lamps, chairs and tables for small rooms in old houses", 25, None),  # one word is no statement
        ("A word that goes on without any comma at all", 20, None),
    ])  # fmt: skip
    def test_cases(self, text: str, limit: int, kept: str | None) -> None:
        assert shortened(text, limit, EN) == kept

    @pytest.mark.parametrize(("language", "text"), [
        ("es", "Envío gratis a toda España, desde 50 euros"), ("fr", "Livraison offerte partout, dès 50 euros d’achat"),
        ("de", "Kostenloser Versand nach Hause, ab 50 Euro"), ("it", "Spedizione gratuita a casa, da 50 euro in su"),
        ("pt", "Entrega grátis em todo o país, a partir de 50 euros"), ("es", "Todo el año y toda la semana, salvo en agosto"),
        ("fr", "Ouvert toute la semaine, sauf le lundi matin"), ("de", "Die ganze Woche geöffnet, außer am Montag"),
        ("it", "Aperto tutta la settimana, escluso il lunedì"), ("pt", "Aberto toda a semana, exceto às segundas"),
    ])  # fmt: skip
    def test_limits_stay_in_every_language(self, language: str, text: str) -> None:
        assert shortened(text, len(text) - 5, words_of(language)) is None

    @settings(max_examples=300, deadline=None)
    @given(
        language=st.sampled_from(LANGUAGES),
        data=st.data(),
        limit=st.integers(3, 90),
    )
    def test_a_cut_text_is_a_beginning_that_loses_no_guard_word(
        self, language: str, data: st.DataObject, limit: int
    ) -> None:
        words = words_of(language)
        plain = ["lamp", "wood", "warm", "small", "garden", "12", "blue", "house", "Sunday", "£40"]
        small = [*_literal(words.guards), *_literal(words.negations), *sorted(words.joints), *sorted(words.open_end)]
        parts = data.draw(st.lists(st.sampled_from([*plain, *plain, *small]), min_size=1, max_size=14))
        marks = data.draw(
            st.lists(st.sampled_from([" ", " ", " ", ", ", "; ", ": ", " – ", " ("]), min_size=14, max_size=14)
        )
        text = "".join(part + mark for part, mark in zip(parts, marks, strict=False)).strip(" ,;:–(")
        kept = shortened(text, limit, words)
        if kept is None or kept == text:
            return
        assert len(kept) <= limit
        assert text.startswith(kept)
        dropped = text[len(kept) :]
        assert re.match(r"[,;:]\s|\s[–—-]\s|\s\(|\s*\(", dropped), (kept, dropped)
        assert not words.guards.search(dropped), (kept, dropped)
        assert not words.negations.search(kept) or dropped.lstrip().startswith("("), (kept, dropped)


def _literal(pattern: re.Pattern[str]) -> list[str]:
    """The words of a pattern of whole words."""
    found = [part.replace("\\", "") for part in re.findall(r"\(\?<!\\w\)(.*?)(?:\(\?!|\\w\*)", pattern.pattern)]
    assert found
    return found


class TestSentences:
    @pytest.mark.parametrize(("text", "sentence", "line"), [
        ("made by hand", "Made by hand.", "Made by hand"), ("Made by hand.", "Made by hand.", "Made by hand"),
        ("iPhone case in cork", "iPhone case in cork.", "iPhone case in cork"), ("12 cups", "12 cups.", "12 cups"),
        ("Ready?", "Ready?", "Ready?"), ("“Made to last.”", "“Made to last.”", "“Made to last.”"),
        ("oak, brass,", "Oak, brass.", "Oak, brass"), ("Call us. We answer.", "Call us. We answer.", "Call us. We answer."),
        ("élan", "Élan.", "Élan"), ("Wait…", "Wait…", "Wait…"),
    ])  # fmt: skip
    def test_a_fact_becomes_a_sentence_or_a_line(self, text: str, sentence: str, line: str) -> None:
        assert as_sentence(text) == sentence
        assert as_line(text) == line

    @settings(max_examples=200, deadline=None)
    @given(st.text(max_size=60))
    def test_only_the_first_letter_and_the_end_change(self, text: str) -> None:
        assert upper_first(text).casefold() == text.casefold()
        bare = as_sentence(text).rstrip(".。।").casefold()
        assert bare in text.casefold() or bare == text.strip().rstrip(",;:–—- .。।").casefold()

    def test_words_are_compared_by_their_beginnings(self) -> None:
        assert content_words("The reservations, with 24 hours", EN) & content_words("reservation in 24", EN) == {
            "reserv",
            "24",
        }
        assert not content_words("with that from your", EN)
