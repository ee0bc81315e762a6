"""How one gets a thing, as texts say it."""

from __future__ import annotations

import tomllib

import pytest

from services.catalog.understanding.aims import sure_goal
from services.catalog.understanding.taxonomy import DATA, LANGUAGES
from services.catalog.understanding.ways import WAYS, ways_in


@pytest.mark.parametrize(("language", "text", "said"), [
    ("en", "Ring Nia before noon.", {"ring"}), ("en", "Delivered next day if rung by four.", {"ring"}),
    ("en", "A brass ring, hand-made.", set()), ("en", "No call charges.", set()),
    ("en", "No need to book, just turn up.", {"drop_in"}), ("en", "Book a slot on our site.", {"reserve", "online"}),
    ("en", "We don\N{RIGHT SINGLE QUOTATION MARK}t ship.", {"on_site"}), ("en", "We don't do quotes.", set()),
    ("en", "Not open Sundays, order online.", {"order"}), ("en", "Please don't ring the farm.", set()),
    ("en", "Ethics approved; you may be able to take part in it.", {"eligible"}),
    ("es", "Llámanos y te damos presupuesto.", {"ring", "survey"}), ("es", "Sin cita previa.", {"drop_in"}),
    ("fr", "Appelez-nous.", {"ring"}), ("fr", "Uniquement en magasin, pas d'envoi.", {"on_site"}),
    ("de", "Einfach vorbeikommen, ohne Termin.", {"drop_in"}), ("de", "Versand in zwei Tagen.", {"order"}),
    ("it", "Non spediamo.", {"on_site"}), ("it", "Sopralluogo e preventivo gratuiti.", {"survey"}),
    ("pt", "Ligue para nós.", {"ring"}), ("pt", "É só aparecer.", {"drop_in"}),
])  # fmt: skip
def test_ways_are_read_with_what_refuses_them(language: str, text: str, said: set[str]) -> None:
    assert set(ways_in(text, language)) == said


def test_the_words_of_a_way_are_the_text_s_own() -> None:
    text = "Don\N{RIGHT SINGLE QUOTATION MARK}t wait. Give  us a RING."
    assert ways_in(text, "en") == {"ring": "a RING"}


def test_every_language_of_the_taxonomy_has_words_for_every_way() -> None:
    tables = tomllib.loads((DATA / "ways.toml").read_text(encoding="utf-8"))
    assert set(tables) == set(LANGUAGES)
    assert all(table.keys() == {*WAYS, "negations"} for table in tables.values())
    assert all(phrases for table in tables.values() for phrases in table.values())


def test_a_way_that_leads_to_the_likeliest_goal_makes_it_sure() -> None:
    chances = {"sell": 0.5, "call": 0.3, "visit": 0.2}
    assert sure_goal(chances) == ""
    assert sure_goal(chances, {"order"}) == "sell"
    assert sure_goal(chances, {"ring"}) == ""  # it leads elsewhere
    assert sure_goal({"visit": 0.7, "sell": 0.3}) == ""
    assert sure_goal({"visit": 0.7, "sell": 0.3}, {"drop_in"}) == "visit"
    assert sure_goal({"visit": 0.5, "sell": 0.3}, {"drop_in"}) == ""
