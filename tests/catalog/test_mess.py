"""Messy texts: what of pasted pages, feeds and letters is a fact, and what prices and limits keep."""

from __future__ import annotations

import pytest

from services.catalog.understanding.facts import find_facts
from services.catalog.understanding.mess import MESSY, is_definition, is_no_statement, share
from services.catalog.understanding.text import calm, clean, clean_name, segments
from services.catalog.understanding.values import Fact, ProductTexts

SELLING = {"benefit", "feature", "figure", "offer", "price", "proof", "logistics"}


def facts(description: str, *features: str, language: str = "en", price: str = "", currency: str = "GBP") -> list[Fact]:
    texts = ProductTexts(
        project="", name="Thing", description=description, features=features, price=price, currency=currency
    )
    return find_facts(texts, language)


def selling(found: list[Fact]) -> str:
    return "\n".join(fact.text for fact in found if fact.role in SELLING)


@pytest.mark.parametrize("line", [
    "Home | About us | Contact", "Impressum. Datenschutz.", "Accept all cookies", "© 2025 Harbour Sails",
    "In den Warenkorb",
    "Dear Sir kindly confirm the order", "Kind regards, Wilma", "Viele Grüße, Jutta", "Merci d'avance",
    "Un saludo, Nuria",
    "please no pictures of old boats", "Please don't mention the flood", "Bitte keine Fotos von Kindern",
    "Bitte den alten Namen weglassen", "Ne pas mettre le prix d'achat", "Non scrivere il cognome",
    "Não colocar o telefone",
    "Por favor, nada de fotos de la fachada", "pasted from the old site", "update prices before sending",
    "As discussed on Monday", "Can you make an ad for this", "Last updated 4 May 2024", "Page 2 of 3", "Zustand: neu",
])  # fmt: skip
def test_what_states_nothing_is_no_fact(line: str) -> None:
    assert is_no_statement(line)
    found = facts(f"Sails are cut and sewn in our loft.\n{line}\nRepairs take two days in winter.")
    assert line not in {fact.text for fact in found}
    assert "Sails are cut and sewn in our loft" in selling(found)


@pytest.mark.parametrize("line", [
    "Home visits in Leeds", "We print photos on canvas", "Please bring two photos",
    "Contact lenses fitted the same day",
    "Thanks to our own kiln we fire in a day", "Best bread in the valley", "Search dogs trained here",
    "Todo incluido en el precio", "Gallery lighting made to measure", "Cookies baked every morning",
    "We write and design menus", "Old photos restored by hand", "Logo embroidery from ten pieces",
])  # fmt: skip
def test_statements_that_share_words_with_pages_and_letters_stay(line: str) -> None:
    assert not is_no_statement(line)


MESS = """BOAT COVERS >> MADE TO MEASURE <<
brand_id: 77 | g:color: navy
Covers are cut from acrylic cloth and last about ten years.
w/ zip + eyelets, approx 3 wks
SIZE / PRICE / STOCK
up to 6 m ..... 240
6-8 m ....... 310,-
incl fitting w/ ropes, 2 mths lead
TODO: Ann to check photo 3
We come to your mooring and measure for free.
PAY: dep. 30% + bal. on del.
No trailers.
>>> see FAQ page 4
"""


def test_of_a_messy_text_only_whole_clean_statements_sell() -> None:
    assert share(segments(MESS)) >= MESSY
    found = facts(MESS)
    assert set(selling(found).split("\n")) == {
        "Covers are cut from acrylic cloth and last about ten years.",
        "We come to your mooring and measure for free.",
    }
    assert ("No trailers.", "condition") in {(fact.text, fact.role) for fact in found}


def test_prose_with_prices_and_numbers_is_not_messy() -> None:
    prose = (
        "We restore accordions in Hohner's old town. A full service takes three weeks and costs from £240. Reeds are "
        "tuned by ear. Bellows get new tape. We collect within 40 miles for £25. Most instruments we see are from 1950 "
        "to 1980. You get a written report with photos. Hire instruments are £18 a month. We are closed in August."
    )
    assert share(segments(prose)) == 0


def test_tables_and_rows_of_csv_are_dropped_and_their_phrases_kept() -> None:
    table = "Bed | Width | Price\nsingle | 90 cm | £240\ndouble | 140 cm | £320\nEvery bed is made of ash."
    assert clean(table) == "Every bed is made of ash."
    rows = "sku;name;text;price\nA1;Bed;A bed made of solid ash wood;240\nMade in Kent."
    assert clean(rows).split("\n") == ["A bed made of solid ash wood", "Made in Kent."]


def test_what_a_writer_withdraws_never_stands() -> None:
    found = selling(facts("We bake 45 loaves a day. Sorry, it's 40 not 45. The oven is from 1931."))
    assert "We bake 40 loaves a day." in found
    assert "45" not in found
    assert "Sorry" not in found
    assert "90 seats" not in selling(
        facts("Our hall has 90 seats. No wait, the boxes are closed. Tickets at the door.")
    )
    assert clean("The ~~old~~ hall") == "The hall"


@pytest.mark.parametrize(("description", "kept"), [
    ("Tours cost from £165 plus VAT a day, minimum two days.", "from £165 plus VAT a day, minimum two days"),
    ("Canoes are £35 a day. Deposit £50 per canoe.", "£35 a day. Deposit £50 per canoe."),
    ("Cleaning is £90. Each extra room is £20.", "£90. Each extra room is £20."),
    ("Yoga is £12 a class; £10 if you book ten.", "£12 a class; £10 if you book ten."),
    ("NOW £40 inc VAT\n(ends 30 June)", "(ends 30 June)"),
])  # fmt: skip
def test_a_price_keeps_its_fees_and_limits(description: str, kept: str) -> None:
    priced = [fact for fact in facts(description) if "£" in fact.text]
    assert [kept in fact.text for fact in priced] == [True]


@pytest.mark.parametrize(("language", "price", "text", "is_bare"), [
    ("en", "165", "Bird control from £165 + VAT per visit", False), ("de", "1349", "Ab 1.349,00 € netto", False),
    ("fr", "2480", "À partir de 2 480 € hors taxe", False), ("ja", "120000", "1平方メートル12万円から", False),
    ("ar", "350", "تنظيف الخزان من ٣٥٠ درهم", False), ("und", "49.50", "Vanaf 49,50 excl. btw", False),
    ("en", "89", "Thing | £104 | £89", False),
    ("en", "24.90", "Price: £24.90", True), ("en", "24.90", "Made in Hull.", True),
    ("en", "12", "Grows to 12 m in ten years.", True),
])  # fmt: skip
def test_the_field_is_no_price_by_itself_where_the_text_says_more(
    language: str, price: str, text: str, is_bare: bool
) -> None:
    found = facts(text, language=language, price=price, currency="EUR")
    assert any(fact.source == "price" for fact in found) is is_bare


@pytest.mark.parametrize(("language", "text"), [
    ("en", "Authorised and regulated by the Financial Conduct Authority."), ("en", "Not for sale to under 18s."),
    ("en", "18+"), ("en", "Energy rating C"), ("de", "Energieausweis: Klasse B"),
    ("de", "Kein Verkauf an Minderjährige."),
    ("fr", "Vente interdite aux mineurs."), ("es", "Prohibida la venta a menores."), ("it", "Classe energetica A2"),
    ("pt", "Licença AMI 4021"), ("en", "Warning: If you do not repay, your account goes into arrears."),
])  # fmt: skip
def test_mandatory_lines_are_legal(language: str, text: str) -> None:
    assert [fact.role for fact in facts(text, language=language)] == ["legal"]


def test_definitions_are_dropped_and_a_mandatory_line_loses_only_its_note() -> None:
    assert is_definition("APR = annual percentage rate")
    assert not is_definition("LED = a brighter shop")
    found = facts("Loans from £500.\nAPR = Annual Percentage Rate\nRegulated by the Central Bank. (Has to be in.)")
    assert [fact.text for fact in found if fact.role == "legal"] == ["Regulated by the Central Bank."]


@pytest.mark.parametrize(("language", "text"), [
    ("en", "Payment on the day"), ("en", "At your own expense"), ("en", "Iron medium on the back"),
    ("fr", "Retour à vos frais"),
    ("de", "Waschen bei 30 Grad"), ("es", "Devolver limpia la barca"), ("it", "Contiene solfiti"),
    ("pt", "Devolver limpo"),
    ("en", "£45 call-out fee"), ("de", "Anfahrt 35 €"), ("es", "Fianza 100 €"), ("fr", "Caution 100 €"),
])  # fmt: skip
def test_requirements_care_and_fees_never_sell(language: str, text: str) -> None:
    assert {fact.role for fact in facts(text, language=language)} == {"condition"}


def test_a_list_of_requirements_is_one_condition() -> None:
    found = facts("Paid weekly.\nREQUIREMENTS\n- own bike\n- 18 or over\n- lives in Hull\nLunch is on us.")
    assert [fact.text for fact in found if fact.role == "condition"] == [
        "REQUIREMENTS: own bike, 18 or over, lives in Hull"
    ]
    assert "Lunch is on us." in selling(found)


@pytest.mark.parametrize("text", [
    "Working pressure W.P. 275 bar.", "Nachpassen kostenlos innerh. 6 Wochen.", "Für Mineralöl u. hyd. oils gebaut.",
    "Spediz. 8,90 in Italia.", "Woven in Chanderi, M.P. by hand.", "Mit wirtschaftl. Aufzahlung.",
])  # fmt: skip
def test_abbreviations_end_no_sentence(text: str) -> None:
    assert segments(text) == [text]


def test_units_and_short_words_end_sentences() -> None:
    assert segments("Only 62 dB. No bags. We pay 79 kr. Kids eat free.") == [
        "Only 62 dB.", "No bags.", "We pay 79 kr.", "Kids eat free.",
    ]  # fmt: skip


@pytest.mark.parametrize(("text", "calmed"), [
    ("YENİ IZGARA TAKIMLARI GELDİ", "Yeni ızgara takımları geldi"), ("İNDİRİMLİ FIRINLAR", "İndirimli fırınlar"),
    ("AS/NZS 4766 TESTED", "AS/NZS 4766 tested"), ("ALL NEW BIKES IN STOCK", "All new bikes in stock"),
])  # fmt: skip
def test_capitals_are_lowered_as_their_language_does(text: str, calmed: str) -> None:
    assert calm(text) == calmed


@pytest.mark.parametrize(("raw", "name"), [
    ("Garden shed - pasted from the old site", "Garden shed"), ("Garden shed (REF GS-0417)", "Garden shed"),
    ("Garden shed *** COPY OF LAST YEARS AD ***", "Garden shed"), ("Garden shed - 8 x 6", "Garden shed - 8 x 6"),
    ("Photo booth hire (with props)", "Photo booth hire (with props)"),
])  # fmt: skip
def test_a_name_holds_no_notes_and_no_codes(raw: str, name: str) -> None:
    assert clean_name(raw) == name
