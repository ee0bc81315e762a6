"""Who works on customers' own things sells nothing by a click."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.copy.providers.local.goals import goal_of
from services.copy.providers.local.material import Material, material_of
from services.copy.providers.local.own_work import is_own_work
from services.copy.providers.local.words import LANGUAGES, read_data
from tests.copy.products import PRODUCTS, brief

KINDS = {"verbs", "done", "yours", "phrases", "names"}


def test_every_language_has_words_of_each_kind_once() -> None:
    table = read_data("own_work.toml")
    assert set(table) == set(LANGUAGES)
    for row in table.values():
        assert set(row) - {"workers"} == KINDS
        assert all(len(set(words)) == len(words) and words for words in row.values())
        assert not any(" " in word for kind in ("verbs", "done", "yours") for word in row[kind])


@pytest.mark.parametrize(("language", "written", "is_own"), [
    ("en", "We smoke your trout over alder.", True), ("en", "Your own pears pressed on Saturdays.", True),
    ("en", "I mend your bible.", True), ("en", "Drop off your skates.", True),
    ("en", "Sharpens your knives in seconds.", False), ("en", "We ship your order in a day.", False),
    ("en", "We spin wool from Leicester sheep. Your order comes in a box.", False),
    ("de", "Eure Quitten pressen wir am Samstag.", True), ("de", "Saft aus eigenen Birnen.", True),
    ("de", "Waschen Sie Ihre Hände mit dieser Seife.", False),
    ("fr", "Nous affûtons vos ciseaux.", True), ("fr", "Votre commande part le jour même.", False),
    ("es", "Traed vuestras peras y las prensamos.", True), ("es", "Lava tus manos con este jabón.", False),
    ("it", "Maciniamo le vostre castagne.", True), ("it", "Il vostro ordine parte in un giorno.", False),
    ("pt", "Afiamos as suas tesouras.", True), ("pt", "A sua encomenda chega num dia.", False),
])  # fmt: skip
def test_work_on_own_things_is_told_from_goods_for_you(language: str, written: str, is_own: bool) -> None:
    assert is_own_work("", written, language) is is_own


def test_a_name_can_say_it() -> None:
    assert is_own_work("Skate sharpening", "", "en")
    assert not is_own_work("Skates", "Sharpening comes later.", "en")


def goods(written: str) -> Material:
    plain = material_of(brief(PRODUCTS[0]))
    return replace(plain, full_name="Thing", written=written, kind="good", goal="sell", is_sure=True, language="en")


@pytest.mark.parametrize(("written", "goal"), [
    ("Larch stools. Free delivery.", "sell"),
    ("We press your apples. Postage £4.", ""),
    ("We press your apples. Book your slot.", "book"),
    ("Blinds made to measure.", ""),
    ("Blinds made to measure, free delivery.", "sell"),
])  # fmt: skip
def test_goods_are_bought_unless_they_are_the_customers_own_or_made_to_measure(written: str, goal: str) -> None:
    assert goal_of(goods(written)) == goal


@pytest.mark.parametrize(("kind", "usual", "written", "goal"), [
    ("service", "book", "Haircuts.", "book"), ("service", "book", "Haircuts. Walk-ins welcome.", ""),
    ("service", "book", "Haircuts. No appointment needed.", ""),
    ("software", "sign_up", "A planner for crews.", "sign_up"), ("software", "sign_up", "Open source. No account.", ""),
])  # fmt: skip
def test_who_needs_no_appointment_or_account_is_not_asked_for_one(
    kind: str, usual: str, written: str, goal: str
) -> None:
    assert goal_of(replace(goods(written), kind=kind, goal=usual, is_known=True)) == goal
