# ruff: noqa: E501  (rows of examples)
"""Facts are quoted so that what stands is still true."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.copy.providers.local.quotes import (
    as_line,
    as_sentence,
    content_words,
    halves,
    head_of,
    quote,
    shortened,
    upper_first,
)
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
    def test_only_the_first_letter_and_marks_change(self, text: str) -> None:
        text = text.replace("ı", "i")  # its capital is that of another letter
        assert upper_first(text).casefold() == text.casefold()
        letters, before = ([sign for sign in each.casefold() if sign.isalnum()] for each in (as_sentence(text), text))
        assert letters == before

    def test_words_are_compared_by_their_beginnings(self) -> None:
        assert content_words("The reservations, with 24 hours", EN) & content_words("reservation in 24", EN) == {
            "reserv",
            "24",
        }
        assert not content_words("with that from your", EN)


# Offers and statements whose second half limits, prices or dates the first: written without a look at the word lists.
LIMITED = {
    "en": [
        ("Interest-free credit for a whole year, 29.9% APR representative", "offer"),
        ("Gym pass for twenty pounds a month, 12-month contract", "offer"),
        ("50% off your first month with us, £99 setup", "offer"),
        ("Two-night stay with breakfast and dinner, £180 deposit", "feature"),
        ("Half price on all haircuts and beard trims, Tuesdays", "offer"),
        ("Live jazz and small plates in the cellar bar, Thursdays in March", "feature"),
        ("A lifetime guarantee on every frame that we make, registration required", "feature"),
        ("A sofa bed that sleeps two grown people, mattress sold separately", "feature"),
        ("Swimming, sauna and steam room all included, towels extra", "feature"),
        ("Open seven days a week for coffee and cake, closed in August", "feature"),
        ("Two dishes and a glass of wine for the table, Mon–Fri", "feature"),
        ("Breakfast with fresh bread and our own honey, weekends", "feature"),
        ("Rated five stars by our readers last year, 14 reviews", "proof"),
    ],
    "de": [
        ("Unser Programm lange und gründlich testen, danach 12 € im Monat", "offer"),
        ("Kostenlose Lieferung bis an die Wohnungstür, zzgl. Pfand", "feature"),
        ("Frühstück und Abendessen im Haus inklusive, Kaution 200 €", "feature"),
        ("Halber Preis auf alle Haarschnitte und Farben, dienstags", "offer"),
    ],
    "fr": [
        ("Frais de dossier offerts à toutes les familles, caution 200 €", "feature"),
        ("Une séance d’essai pour toute la famille, puis 45 € par mois", "feature"),
        ("Moitié prix sur toutes les coupes et couleurs, le mardi", "offer"),
    ],
    "es": [
        ("Prueba nuestro gimnasio con toda tu familia, luego 30 € al mes", "feature"),
        ("Mitad de precio en todos los cortes de pelo, los martes", "offer"),
    ],
    "it": [
        ("Prova la palestra con tutta la tua famiglia, poi 30 € al mese", "feature"),
        ("Metà prezzo su tutti i tagli e le pieghe, il martedì", "offer"),
    ],
    "pt": [
        ("Entrega em sua casa em todo o continente, acima de 50 euros", "feature"),
        ("Metade do preço em todos os cortes de cabelo, às terças", "feature"),
        ("Pão quente e café na nossa padaria, fins de semana", "feature"),
    ],
}  # fmt: skip


@pytest.mark.parametrize(("language", "text", "role"), [(lang, *row) for lang, rows in LIMITED.items() for row in rows])
def test_no_limit_price_or_day_is_cut_off(language: str, text: str, role: str) -> None:
    words = words_of(language)
    found = quote(id="f1", text=text, role=role, strength=0.5, source="description", words=words)
    assert found.within(len(text), words) == text
    for limit in range(10, len(text)):
        assert found.within(limit, words) is None, limit


def test_a_text_without_a_limit_is_cut() -> None:
    text = "A lamp of oak and brass, handmade in a small workshop by a river"
    found = quote(id="f1", text=text, role="feature", strength=0.5, source="description", words=EN)
    assert found.within(40, EN) == "A lamp of oak and brass"


@pytest.mark.parametrize(
    ("text", "line"), [("Lahmacun ab 5,-", "Lahmacun ab 5,-"), ("Oak and brass, –", "Oak and brass")]
)
def test_the_dash_of_a_whole_price_stays(text: str, line: str) -> None:
    assert as_line(text) == line


@pytest.mark.parametrize(("text", "prose"), [
    ("We bake every loaf in a wood oven.", True), ("looking after them here, not far away", False),
    ("Free delivery", False), ("High season.", False), ("毎朝六時に窯から出したばかりのパンを並べています。", True),
])  # fmt: skip
def test_prose_is_what_was_written_as_a_sentence(text: str, prose: bool) -> None:
    found = quote(id="f1", text=text, role="feature", strength=0.5, source="description", words=EN)
    assert found.is_prose is prose


def test_no_list_is_cut_between_its_items() -> None:
    words = words_of("en")
    text = "We measure up, check which way the floors span, and send a drawing to the council for you"
    assert head_of(text, 60, words) is None
    assert all(head != "We measure up, check which way the floors span" for head, _ in halves(text, 60, words))


@pytest.mark.parametrize(
    ("text", "leans"),
    [
        ("Most run 12 to 16 inches.", True),
        ("Most trout run 12 to 16 inches.", False),
        ("Some hold 40 litres.", True),
        ("12 months 24 payments", False),
        ("Taken off the bill if you go ahead", True),
        ("Refunded when you bring it back", True),
        ("Taken by two photographers", False),
        ("For everyone else we ask for six litres.", True),
        ("Others ask for six litres, we take one.", False),
    ],
)
def test_what_needs_its_noun_or_fee_before_it_leans_back(text: str, leans: bool) -> None:
    assert quote(id="f1", text=text, role="feature", strength=0.5, source="features", words=EN).dangling is leans
