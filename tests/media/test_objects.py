"""A drawing is of the thing that is advertised, or there is none: on 250 briefs that a reader labelled."""

from __future__ import annotations

import tomllib
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from services.catalog.understanding.index import TradeIndex, load_index
from services.catalog.understanding.language import language_of
from services.catalog.understanding.recognition import Recogniser
from services.catalog.understanding.values import ProductTexts
from services.media import drawings, model_files
from services.media.noun_phrases import Role, role_of, words_of
from services.media.objects import LANGUAGES, objects, read_objects
from services.media.trade_drawings import drawing_for, trade_drawings

BRIEFS = Path(__file__).parent / "data" / "object_briefs.toml"
MOST_WRONG = 0.01  # of all briefs
LEAST_SHOWN = 0.78  # of those that a drawing fits
READ = ("trade", "sector", "kind", "confidence", "subject", "language")
FIGURATIVE = {"briefcase", "dove", "droplet", "glowing-star", "party-popper", "red-heart", "sparkles", "two-hearts"}


def briefs() -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = tomllib.loads(BRIEFS.read_text(encoding="utf-8"))["brief"]
    return listed


@pytest.fixture(scope="module")
def index() -> TradeIndex:
    return load_index()


def drawn(brief: dict[str, Any], **read: Any) -> str:
    """The drawing of a brief that was understood so."""
    fields: dict[str, Any] = dict.fromkeys(READ, "") | {"sensitive": ()} | read
    return drawing_for(**fields, name=brief["name"], description=brief["text"], seed="one")


def wrong_and_missed(choices: list[tuple[dict[str, Any], str]]) -> tuple[list[str], list[str]]:
    """The names of briefs with a drawing that does not fit, and of those without one where one does."""
    wrong = [f"{brief['name']}: {drawing}" for brief, drawing in choices if drawing and drawing not in brief["fits"]]
    return wrong, [brief["name"] for brief, drawing in choices if brief["fits"] and not drawing]


class TestBriefs:
    def test_at_most_one_in_a_hundred_is_wrong_and_most_that_a_drawing_fits_show_it(self) -> None:
        wrong, missed = wrong_and_missed([(brief, drawn(brief, **brief["read"])) for brief in briefs()])
        assert len(wrong) <= MOST_WRONG * len(briefs()), wrong
        assert len(missed) <= (1 - LEAST_SHOWN) * sum(bool(brief["fits"]) for brief in briefs()), missed

    @pytest.mark.slow  # reading 250 texts takes 10 s to 90 s
    def test_the_same_holds_for_what_the_catalog_understands_today(self, index: TradeIndex) -> None:
        recogniser, choices = Recogniser(index), []
        for brief in briefs():
            language = language_of(f"{brief['name']}\n{brief['text']}")
            texts = ProductTexts(project="", name=brief["name"], description=brief["text"])
            read = asdict(recogniser.recognise(texts, language)) | {"language": language}
            choices.append((brief, drawn(brief, **{field: read[field] for field in (*READ, "sensitive")})))
        wrong, missed = wrong_and_missed(choices)
        assert len(wrong) <= MOST_WRONG * len(choices), wrong
        assert len(missed) <= (1 - LEAST_SHOWN) * sum(bool(brief["fits"]) for brief in briefs()), missed

    def test_set_is_as_diverse_as_it_says(self) -> None:
        groups = Counter(brief["group"] for brief in briefs())
        assert groups == {
            "plain": 50, "language": 20, "none": 10, "sensitive": 10, "homograph": 10, "held_out": 150
        }  # fmt: skip
        assert {brief.get("language", "en") for brief in briefs()} == set(LANGUAGES)
        known = trade_drawings().names | set(objects().things)
        assert len({name for brief in briefs() for name in brief["fits"]} & known) > 100


def choose(name: str, description: str = "", **changes: Any) -> str:
    fields: dict[str, Any] = {
        "trade": "",
        "sector": "",
        "kind": "",
        "confidence": "not_known",
        "sensitive": (),
        "subject": "",
        "language": "en",
        "seed": "one",
    }
    return drawing_for(**(fields | changes), name=name, description=description)


class TestNamedThings:
    def test_head_of_the_name_goes_before_what_stands_beside_it(self) -> None:
        care = {"sector": "beauty", "kind": "good"}
        assert choose("Goat milk soap", "A bar of soap with goat milk.", **care) == "soap"

    def test_work_is_shown_by_what_it_is_done_with(self) -> None:
        job = {"sector": "jobs", "kind": "job", "trade": "job_driver", "confidence": "sure"}
        assert choose("School bus driver, part-time", "Drive a bus.", **job) == "bus"
        assert choose("Office manager", "Run our office.", **job) == ""

    def test_accessory_of_an_animal_is_shown_by_it_and_that_of_a_watch_is_not(self) -> None:
        assert choose("Leather dog lead", "For your dog.", sector="pets", kind="good") == "dog"
        assert choose("Leather watch strap", "For your watch.", sector="fashion", kind="good") == ""

    def test_noun_with_two_meanings_needs_a_sector_that_has_the_thing(self) -> None:
        assert choose("Bat boxes", "For bats.", sector="garden_diy", kind="good") == "bat"
        assert choose("Bats", "Ash bats and willow bats.", sector="sport", kind="good") == ""

    def test_name_of_a_business_is_not_what_it_sells(self) -> None:
        assert choose("Rabbit Hole Books", "Used books.", sector="media_gifts", brand="Rabbit Hole") == "books"
        assert choose("Swan Motors", "Here since 1970.", sector="vehicles", kind="good", brand="Swan Motors") == ""

    def test_thing_without_a_known_trade_is_said_in_the_description_too(self) -> None:
        described = "We make umbrellas in a former tram shed, with a shaft of ash and eight ribs."
        assert choose("The Wexbury walking umbrella", described) == "umbrella"
        assert choose("The Wexbury walking umbrella", described.replace("umbrellas", "them")) == ""

    def test_whom_a_service_is_for_is_not_shown(self) -> None:
        books = {"sector": "business_services", "kind": "service"}
        assert choose("Bookkeeping for bakers", "We know how bread is made and sold.", **books) == ""

    def test_title_is_not_what_is_sold(self) -> None:
        book = {"sector": "media_gifts", "kind": "good", "trade": "book", "confidence": "sure"}
        assert choose("The Owl at Mill House", "A novel of an owl.", **book) in {"open-book", "books"}

    @pytest.mark.parametrize("subject", ["death", "illness", "debt"])
    def test_beside_grief_and_debt_no_thing_is_shown(self, subject: str) -> None:
        camp = {"sector": "cause", "kind": "cause", "sensitive": (subject,)}
        assert choose("Canoe camp", "Children paddle a canoe.", **camp) == ""

    def test_one_of_a_list_of_occasions_is_not_shown(self) -> None:
        place = {"sector": "culture_events", "kind": "place", "trade": "bowling_arcade", "confidence": "likely"}
        assert choose("Rabbit, hen, birthday packages", "For hens too. Bring the rabbit.", **place) == ""
        assert choose("<h2>RABBIT | DUCK | BIRTHDAY packages</h2>", "Bring the duck and the rabbit.", **place) == ""
        boarding = {"sector": "pets", "kind": "service"}
        assert choose("Rabbit boarding, birthday packages", "We board your rabbit.", **boarding) == "rabbit"

    def test_another_thing_that_has_the_noun_in_its_name_is_not_shown(self) -> None:
        repairs = {"sector": "home_services", "kind": "service", "trade": "glazier", "confidence": "sure"}
        assert choose("Garage door repairs", "Springs and motors.", **repairs, subject="garage door repairs") == ""
        assert choose("Window repairs", "Sashes and panes.", **repairs, subject="window repairs") == "window"
        hire = {"sector": "vehicles", "kind": "service", "trade": "van_hire", "confidence": "likely", "language": "de"}
        assert choose("Autotransporter-Anhänger, Tagesmiete", "Der Autotransporter hat eine Winde.", **hire) == ""

    def test_noun_that_measures_another_thing_is_not_shown(self) -> None:
        work = {"sector": "home_services", "kind": "service", "trade": "plasterer", "confidence": "likely"}
        assert choose("Ceiling skim, three-bed semi", "A three-bed semi takes a day.", **work) == ""
        trailer = {"sector": "vehicles", "kind": "good", "trade": "car_trailer", "confidence": "likely"}
        assert choose("2 horse trailer", "It takes a horse.", **trailer) == ""
        assert choose("Three beds", "Oak beds.", sector="home_goods", kind="good") == "bed"

    def test_equipment_of_an_animal_is_not_the_animal(self) -> None:
        tank = {"sector": "pets", "kind": "good", "trade": "aquarium", "confidence": "sure"}
        assert choose("Heater for a fish tank", "For fish tanks.", **tank, subject="heater") == ""
        assert choose("Fish tank, 60 litres", "A fish tank.", **tank, subject="fish tank") == "tropical-fish"

    def test_phrase_that_a_kind_of_it_rules_out_is_not_shown(self) -> None:
        lessons = {"sector": "learning", "kind": "service", "trade": "music_lessons", "confidence": "sure"}
        assert choose("Guitar lessons", "One guitar, one teacher.", **lessons) == "guitar"
        assert choose("Classical guitar lessons", "One guitar, one teacher.", **lessons) == ""

    @pytest.mark.parametrize(
        ("language", "name", "drawing"),
        [
            ("de", "Erdbeerhof", "strawberry"),
            ("de", "Klappfahrräder", "bicycle"),
            ("fr", "Location de vélos", "bicycle"),
            ("es", "Alquiler de motos", "motorcycle"),
            ("it", "Barche a vela", "sailboat"),
            ("pt", "Caixa de limões", "lemon"),
        ],
    )
    def test_other_languages_name_things_in_their_own_order(self, language: str, name: str, drawing: str) -> None:
        sector = {"strawberry": "food_drink", "lemon": "food_drink"}.get(drawing, "travel")
        assert choose(name, sector=sector, kind="service", language=language) == drawing


class TestPhrases:
    @pytest.mark.parametrize(
        ("text", "noun", "language", "role"),
        [
            ("wool socks from Dentdale", "socks", "en", Role.HEAD),
            ("night tram driver", "tram", "en", Role.MODIFIER),
            ("a box of lemons", "lemons", "en", Role.HEAD),
            ("stories of the lion", "lion", "en", Role.COMPLEMENT),
            ("payroll for bakers", "bakers", "en", Role.PURPOSE),
            ("Zelte mieten", "zelte", "de", Role.HEAD),
            ("alquiler de motos", "motos", "es", Role.COMPLEMENT),
            ("le vélo pliant", "vélo", "fr", Role.HEAD),
        ],
    )
    def test_noun_has_its_place_in_the_phrase(self, text: str, noun: str, language: str, role: Role) -> None:
        words = words_of(text)
        at = next(number for number, word in enumerate(words) if word.text == noun)
        assert role_of(words, at, at, language, objects().portions) is role


class TestTable:
    def test_sectors_and_titled_trades_are_those_of_the_taxonomy(self, index: TradeIndex) -> None:
        sectors = {trade.sector for trade in index.trades}
        assert objects().open_sectors <= sectors
        assert {sector for thing in objects().things.values() for sector in thing.sectors} <= sectors
        assert objects().titled <= {trade.id for trade in index.trades}

    def test_every_thing_has_a_drawing_in_both_packages(self) -> None:
        for file in (model_files.DRAWINGS, model_files.PICTOGRAMS):
            try:
                path = model_files.model_path(file)
            except model_files.ModelMissing as missing:
                pytest.skip(str(missing))
            assert set(objects().things) <= drawings.drawing_file(path).names

    def test_nothing_stands_for_a_trade_that_only_reminds_of_it(self) -> None:
        assert not trade_drawings().names & FIGURATIVE
        assert not set(objects().things) & (FIGURATIVE - {"briefcase"})  # a briefcase for sale is one

    @pytest.mark.parametrize(
        ("entry", "message"),
        [
            ('cat = { en = "Cat" }', "small letters"),
            ('cat = { en = "cat" }\ndog = { en = "cat" }', "twice"),
            ('cat = { en = "cat", sector = "pets" }', "unknown"),
        ],
    )
    def test_table_that_breaks_its_schema_is_refused(self, entry: str, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            read_objects(f'open = []\ntitled = []\nportions = []\n[pet]\nsectors = ["pets"]\n{entry}\n')
