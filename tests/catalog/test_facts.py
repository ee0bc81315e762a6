"""The facts of a product and their roles."""

import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.catalog.understanding.facts import (
    AMENITY,
    ENOUGH,
    MAX_FACTS,
    TELEGRAPHIC,
    about,
    amenities_behind,
    find_facts,
    notes_behind,
)
from services.catalog.understanding.prices import offer_text
from services.catalog.understanding.roles import KINDS, LANGUAGES
from services.catalog.understanding.text import clean
from services.catalog.understanding.values import BESIDE, Fact, Offer, ProductTexts, Proof
from tests.support import calls_in

FOLDER = Path(__file__).resolve().parents[2] / "services" / "catalog" / "understanding" / "data" / "facts"


def facts(description: str = "", *features: str, language: str = "en", name: str = "Lamp") -> list[Fact]:
    return find_facts(ProductTexts(project="Shop", name=name, description=description, features=features), language)


def roles(description: str, language: str = "en") -> dict[str, str]:
    return {fact.text.rstrip("."): fact.role for fact in facts(description, language=language)}


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Not waterproof."),
        ("en", "No dogs."),
        ("en", "No hidden fees no pets"),
        ("en", "No pets no hidden fees"),
        ("en", "We don't deliver to islands."),
        ("en", "Over 18s only."),
        ("en", "Batteries not included."),
        ("en", "Subject to status."),
        ("en", "Hand wash."),
        ("en", "Minimum two nights."),
        ("en", "Bring lunch and water."),
        ("en", "Contains nuts."),
        ("en", "✗ Swimming pool"),
        ("en", "We can't take mattresses, cots or pianos."),
        ("en", "No batteries included."),
        ("en", "Collection only."),
        ("en", "May irritate sensitive skin."),
        ("de", "Wir liefern nicht auf Inseln."),
        ("es", "No apto para menores de 12 años."),
        ("es", "IVA no incluido."),
        ("fr", "Ne convient pas aux enfants."),
        ("fr", "Livré sans piles, pas de chiens."),
        ("de", "Nicht für Kinder geeignet."),
        ("de", "Keine Hunde."),
        ("de", "Kaution erforderlich."),
        ("it", "Non impermeabile."),
        ("it", "Su prenotazione."),
        ("pt", "Não aceitamos animais."),
        ("pt", "Idade mínima 16 anos."),
        ("nl", "Wij bezorgen niet op zondag."),
        ("pl", "Nie wysyłamy za granicę."),
    ],
)
def test_limits_are_conditions_and_never_sell(language: str, text: str) -> None:
    found = facts(text, language=language)
    assert [fact.role for fact in found] == ["condition"]
    assert found[0].strength == 0


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "No hidden fees."),
        ("en", "You don't need a licence."),
        ("en", "No experience needed."),
        ("en", "No added sugar."),
        ("en", "No riding licence is needed."),
        ("es", "Sin permanencia."),
        ("fr", "Aucun frais de dossier."),
        ("fr", "Aucune donnée ne quitte votre téléphone."),
        ("de", "Ohne Bohren."),
        ("de", "Keine versteckten Kosten."),
        ("it", "Nessun costo nascosto, senza attese."),
        ("it", "Non c'è nessun costo nascosto."),
        ("es", "No cobramos ninguna comisión."),
        ("pt", "Sem taxas escondidas."),
    ],
)
def test_welcome_absences_are_benefits(language: str, text: str) -> None:
    assert [fact.role for fact in facts(text, language=language)] == ["benefit"]


@pytest.mark.parametrize(
    ("language", "text", "role"),
    [
        ("en", "Rated 4.7/5 by 312 customers", "proof"),
        ("en", "Since 1987", "proof"),
        ("en", "Five-year guarantee", "proof"),
        ("en", "Bronze medal, County Show 2024", "proof"),
        ("en", "20% off with code WARM20", "offer"),
        ("en", "Buy 2 get 1 free", "offer"),
        ("en", "Free delivery over £60", "offer"),
        ("en", "£45 an hour", "price"),
        ("en", "68p a plant", "price"),
        ("en", "Open Monday to Saturday 9 to 5", "logistics"),
        ("en", "Delivery in 3 working days", "logistics"),
        ("en", "Call 01632 960 111", "contact"),
        ("en", "www.shop.example", "contact"),
        ("en", "Capital at risk.", "legal"),
        ("en", "Registered charity no. 123456", "legal"),
        ("en", "Weighs 2.4 kg", "figure"),
        ("en", "Ring +44 20 7946 0000", "contact"),
        ("en", "Closing 12-04-2027", "logistics"),
        ("en", "It won't wobble", "benefit"),
        ("en", "Keeps your tea hot for the whole walk", "benefit"),
        ("en", "Solid oak top", "feature"),
        ("en", "Gluten-free oats", "feature"),
        ("es", "10 % de descuento con el código SOL", "offer"),
        ("es", "Garantía de dos años", "proof"),
        ("fr", "Devis gratuit", "offer"),
        ("fr", "Ouvert du mardi au samedi", "logistics"),
        ("de", "Meisterbetrieb seit 1962", "proof"),
        ("de", "Erstberatung kostenlos", "offer"),
        ("it", "Spedizione in 48 ore", "logistics"),
        ("it", "Medaglia d'oro 2023", "proof"),
        ("pt", "Primeira aula grátis", "offer"),
        ("pt", "R$ 89,00 por mês", "price"),
        ("sv", "499 kr", "price"),
        ("sv", "-15 %", "offer"),
    ],
)
def test_role_of_a_statement(language: str, text: str, role: str) -> None:
    assert [fact.role for fact in facts("", text, language=language)] == [role]


@pytest.mark.parametrize(
    ("language", "text", "role"),
    [
        ("es", "Sin comisión de apertura ni manejo", "benefit"),
        ("pt", "Sem comissões de abertura nem de gestão", "benefit"),
        ("es", "Sin perros ni gatos", "condition"),
        ("es", "Lun a vie 9 a 4, sáb 9 a 1", "logistics"),
        ("pt", "Seg a sex das 9 às 17", "logistics"),
        ("en", "Sun and sea for all", "feature"),
        ("en", "Harrow and 15 miles", "logistics"),
        ("fr", "Dans un rayon de 30 km", "logistics"),
        ("es", "En 40 km a la redonda", "logistics"),
        ("en", "Range of 40 km on one charge", "figure"),
        ("en", "Trail and 12 km run", "figure"),
    ],
)
def test_lists_of_what_is_absent_and_spans_of_days(language: str, text: str, role: str) -> None:
    assert [fact.role for fact in facts(text, language=language)][:1] == [role]


@pytest.mark.parametrize(
    "text",
    [
        "Free delivery over £60",
        "£98 each when you buy two",
        "£118, or £98 each when you buy two",
        "Two-year warranty, blades not included",
        "Vegan, but it does contain oats",
        "Free until 30 June if you join today",
        "Served with salsa, beans and rice",
        "£45 an hour, two men, minimum two hours",
        "£95 a day, blades extra",
        "30-day returns, $25 restocking if opened",
        "Free delivery, orders over £40 only",
        "Delivery £14.95, Scotland £22",
        "Free above 90 €; islands included.",
        "Pets welcome (two at most, £5 each; assistance dogs free)",
    ],
)
def test_a_fact_keeps_its_limits(text: str) -> None:
    assert [fact.text for fact in facts(text)] == [text]


def test_a_list_is_divided_where_each_part_stands_alone() -> None:
    assert roles("£45 an hour, tools and van included, closed on Sundays") == {
        "£45 an hour": "price",
        "tools and van included": "benefit",
        "closed on Sundays": "logistics",
    }
    assert roles("We deliver within ten miles, and whoever opens must be over 18.") == {
        "We deliver within ten miles": "logistics",
        "whoever opens must be over 18": "condition",
    }


def test_items_below_an_excluding_heading_are_conditions() -> None:
    found = facts("Not included:\nflights\ntravel insurance\nTwo guides lead the walk.")
    assert {fact.text: fact.role for fact in found}["Not included: flights, travel insurance"] == "condition"
    assert not any(fact.text == "flights" for fact in found)


def test_example_of_credit_is_kept_whole() -> None:
    text = (
        "Representative example: borrow £3,000 over 24 months at 18.0% p.a. (fixed). 24 monthly payments of £149.77. "
        "Total repayable £3,594.48. Representative 19.6% APR."
    )
    assert [(fact.text, fact.role) for fact in facts(text)] == [(text, "legal")]


def test_duplicates_fold_into_the_fuller_one() -> None:
    found = facts("Free repairs for five years. Free repairs for five years from the date on your order.")
    assert [fact.text for fact in found] == ["Free repairs for five years from the date on your order."]


def test_a_feature_stays_beside_the_sentence_that_says_more_unless_that_limits_it() -> None:
    found = facts("Knitted in Leicester from British wool spun in West Yorkshire.", "Knitted in Leicester")
    assert [fact.source for fact in found] == ["features", "description"]
    found = facts("Free delivery in Wales for orders over £40 only.", "Free delivery in Wales")
    assert [fact.text for fact in found] == ["Free delivery in Wales for orders over £40 only."]


def test_a_single_word_is_a_fact_and_a_call_for_attention_is_none() -> None:
    assert [fact.text for fact in facts("Achtung!\nVEGAN", language="de")] == ["VEGAN"]


def test_different_figures_are_no_duplicates() -> None:
    assert len(facts("", "Holds 2 litres of soup", "Holds 3 litres of soup")) == 2


def test_notes_to_colleagues_are_no_facts() -> None:
    found = facts("Warm light. Do not publish: supplier is cheaper. (Kim add the logo)")
    assert [fact.text for fact in found] == ["Warm light."]


def test_concrete_facts_come_before_praise_and_logistics() -> None:
    found = facts(
        "",
        "High quality and best service",
        "Open Monday to Friday",
        "Keeps soup hot for 9 hours",
        "Not for dishwashers",
    )
    assert found[0].text == "Keeps soup hot for 9 hours"
    assert found[-1].text == "Not for dishwashers"
    assert [fact.strength for fact in found] == sorted((fact.strength for fact in found), reverse=True)


@pytest.mark.parametrize(
    ("language", "price", "offer", "proof"),
    [
        ("en", "£1,099 instead of £1,349", "10% off, code OAK, until 5 March 2027", "4.8 out of 5, 214 reviews, Shop"),
        ("de", "1.099 £ statt 1.349 £", "10% off, Code OAK, bis 5. März 2027", "4,8 von 5, 214 Bewertungen, Shop"),
        ("fr", "1 099 £ au lieu de 1 349 £", "10% off, code OAK, jusqu'au 5 mars 2027", "4,8 sur 5, 214 avis, Shop"),
        ("fi", "£1 099 (£1 349)", "10% off, OAK, – 2027-03-5", "4.8/5, (214), Shop"),
    ],
)
def test_fields_are_written_out(language: str, price: str, offer: str, proof: str) -> None:
    texts = ProductTexts(
        project="Shop",
        name="Table",
        price="1349.00",
        sale_price="1099.00",
        currency="GBP",
        offer=Offer(text="10% off", code="OAK", ends="2027-03-05"),
        proof=Proof(rating="4.8", count=214, source="Shop", award="Design Prize 2026"),
        conditions=("Not for outdoors",),
    )
    found = {(fact.source, fact.text): fact.role for fact in find_facts(texts, language)}
    assert found[("price", price)] == "offer"
    assert found[("offer", offer)] == "offer"
    assert found[("proof", proof)] == "proof"
    assert found[("proof", "Design Prize 2026")] == "proof"
    assert found[("conditions", "Not for outdoors")] == "condition"


def test_prices_of_a_feed_are_one_offer() -> None:
    found = facts("g:price=54.95 EUR | g:sale_price=39.95 EUR", language="de")
    assert [fact.text for fact in found] == ["39,95 € statt 54,95 €"]


def test_a_sale_price_of_some_days_is_not_stated() -> None:
    dated = "g:sale_price=39.95 EUR;g:sale_price_effective_date=2025-03-01/2025-03-31"
    feed = f"Rail tent, 3 m wide.\ng:price=54.95 EUR;{dated}"
    assert not [fact.text for fact in facts(feed) if "39" in fact.text]
    assert any("Rail tent" in fact.text for fact in facts(feed))


@pytest.mark.parametrize(
    "text",
    [
        "If you miss payments the plan may fail.",
        "You could be made bankrupt.",
        "It stays on your credit file for six years.",
        "Your home may be repossessed.",
    ],
)
def test_what_a_borrower_risks_is_a_condition(text: str) -> None:
    assert [fact.role for fact in facts(text)] in (["condition"], ["legal"])


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.toml")), ids=lambda path: path.stem)
def test_cues_are_known_kinds_and_valid_expressions(path: Path) -> None:
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    if path.stem == "safety":
        assert set(data) == set(LANGUAGES)
    elif path.stem != "negations":
        assert set(data) <= {*KINDS, "bound", "joint", "needy", "stop", "numbers"}
    for kind, expressions in data.items():
        if kind in {"stop", "numbers"}:
            continue
        assert len(set(expressions)) == len(expressions)
        for expression in expressions:
            re.compile(expression)
            letters = re.sub(r"\\[A-Za-z]", "", expression)
            assert letters == letters.lower()  # cues are looked for in small letters


def test_price_has_its_unit() -> None:
    texts = ProductTexts(project="Shop", name="Room", price="49.50", currency="EUR", price_per="night")
    assert [fact.text for fact in find_facts(texts, "de")] == ["49,50 € pro Nacht"]


WORDS = st.sampled_from(
    [
        "no",
        "not",
        "free",
        "£9",
        "20%",
        "only",
        "lamp,",
        "wood;",
        "and",
        "until",
        "5",
        "kg.",
        "Open",
        "✗",
        "(if",
        ")",
        ":",
        "!",
        "you",
        "since",
        "1990",
        "a",
        "b",
        "c",
    ]
)


@given(
    st.one_of(st.text(max_size=300), st.lists(WORDS, max_size=40).map(" ".join)),
    st.lists(st.text(max_size=60), max_size=5),
    st.sampled_from(["en", "es", "fr", "de", "it", "pt", "nl", "ja", "und", ""]),
)
@settings(max_examples=200, deadline=None)
def test_facts_of_any_text_are_bounded_and_its_own(description: str, features: list[str], language: str) -> None:
    texts = ProductTexts(project="", name="", description=description, features=tuple(features))
    found = find_facts(texts, language)
    assert len(found) <= MAX_FACTS
    own = "".join("".join(clean(text).split()) for text in (description, *features))
    for fact in found:
        assert 0 <= fact.strength <= 1
        assert len(fact.text) <= 600
        # a joined heading has marks of its own: "Not included: flights, insurance"
        assert all(word.strip(",:;") in own for word in fact.text.split())


@pytest.mark.parametrize(
    ("text", "code", "ends", "said"),
    [
        ("15 % off until March 15", "OFF", "2027-03-01", "15 % off until March 15, code OFF, until 1 March 2027"),
        ("15 % off with OAK until 5 March", "OAK", "2027-03-05", "15 % off with OAK until 5 March"),
    ],
)
def test_offer_names_its_code_and_its_last_day(text: str, code: str, ends: str, said: str) -> None:
    assert offer_text(Offer(text=text, code=code, ends=ends), "en") == said


def test_many_statements_keep_their_conditions() -> None:
    features = [f"Holds {number} apples" for number in range(100, 200)]
    found = facts("Not for outdoors.", *features)
    assert len(found) == MAX_FACTS
    assert any(fact.role == "condition" for fact in found)


@pytest.mark.parametrize(
    "unit", ["<", "no ", "a, ", "; ", "(", "1 ", "£1 ", "a. ", "Not included:\n", "1.", "not free, ", ".", "1"]
)
def test_hostile_text_takes_linear_work(unit: str) -> None:
    facts("warm up the patterns")
    short, long = ((unit * 2_000)[:length] + "x" for length in (1_000, 2_000))
    assert calls_in(lambda: facts(long)) <= 2.5 * calls_in(lambda: facts(short)) + 500


@pytest.mark.parametrize("text", [
    "Tax £20 a year???", "1.? spoons: 5 ml each", "SKU 88213-B EAN 5010000306050",
    "5010000306050 box of ten",
])  # fmt: skip
def test_doubts_and_codes_are_no_facts(text: str) -> None:
    assert [fact.text for fact in facts(f"Made of oak.\n{text}\nTwo drawers.") if fact.text in text] == []


@pytest.mark.parametrize(("text", "role"), [
    ("Registered with the guild (no. 7741)", "proof"), ("Lic# PB-2213", "legal"), ("CNPJ 12.345.678/0001-90", "legal"),
    ("Yufka 7,50", "price"), ("At the buyer's expense", "condition"), ("As long as you need", "benefit"),
    ("Needs a 13-amp socket", "condition"),
])  # fmt: skip
def test_roles_of_numbers_and_needs(text: str, role: str) -> None:
    assert [fact.role for fact in facts(text)] == [role]


def test_units_and_streets_end_sentences_before_capitals() -> None:
    found = {fact.text for fact in facts("Answers in 84 ms. Not for households. Shop 4, 210 Beach Rd. Open daily.")}
    assert {"Answers in 84 ms.", "Not for households.", "Shop 4, 210 Beach Rd.", "Open daily."} <= found


def test_a_heading_in_brackets_keeps_its_words() -> None:
    assert "【UK only】" not in clean("【UK only】Free delivery")
    assert clean("【UK only】Free delivery").split("\n") == ["UK only", "Free delivery"]


@pytest.mark.parametrize(("text", "role"), [
    ("Cookies baked fresh every morning.", None), ("Warning:contains nuts.", "condition"),
    ("Note:not for children under 3.", "condition"), ("Item no longer under guarantee.", "condition"),
    ("No 24-hour reception.", "condition"), ("There's no 3-pin plug in the box.", "condition"),
    ("Registration not included.", "condition"), ("Licence not included.", "condition"),
    ("Oak desk, not for outdoor use (SKU 882-1).", "condition"),
    ("EAN 4006381333931 not for babies under 3", "condition"),
])  # fmt: skip
def test_limits_beside_codes_labels_and_numbers_stay_limits(text: str, role: str | None) -> None:
    found = facts(f"Made in our workshop.\n{text}\nTwo drawers and a shelf.")
    said = [fact for fact in found if fact.text.rstrip(".")[-12:] in text]
    assert said, found
    assert role is None or {fact.role for fact in said} == {role}, said


@pytest.mark.parametrize(("language", "text"), [
    ("en", "Prices plus VAT."), ("en", "Cancellations within 48 hours are charged at 50%."), ("en", "Skates hire £6."),
    ("en", "Who can join: residents over 60."), ("en", "Everyone over 18 in the house is police checked."),
    ("en", "Hose and clamps extra"), ("en", "Night calls £40 more."), ("en", "Children 6 and up."),
    ("de", "Alle Preise zzgl. MwSt."), ("de", "Absage bis 24 Stunden vorher frei, danach 40 €."),
    ("de", "Jede angefangene Stunde 48 €."), ("fr", "Prix hors TVA."), ("fr", "Autorisation à demander par vous."),
    ("es", "Precios más IVA."), ("es", "Domingos $200 más."), ("it", "Prezzi IVA esclusa."), ("pt", "Preços com IVA."),
    ("ja", "キャンセルは前日まで無料、当日50%。"), ("es", "Anticipo 40%."), ("pt", "Levar toalha."),
])  # fmt: skip
def test_taxes_extras_cancelling_and_who_may_lead_nothing(language: str, text: str) -> None:
    assert {fact.role for fact in facts(text, language=language)} == {"condition"}


@pytest.mark.parametrize(("language", "text"), [
    ("en", "We accept cash, cards and bank transfer."), ("de", "Kartenzahlung möglich."),
    ("es", "Aceptamos tarjeta y efectivo."), ("fr", "Nous acceptons les cartes et les chèques."),
])  # fmt: skip
def test_ways_to_pay_are_logistics(language: str, text: str) -> None:
    assert {fact.role for fact in facts(text, language=language)} == {"logistics"}


@pytest.mark.parametrize("text", [
    "Extra warm lining for cold mornings.", "Free cancellation at any time.", "We tune every piano ourselves.",
    "Weekend course £45.", "Call-out £60, first hour included.", "Large tub £12.",
])  # fmt: skip
def test_what_is_sold_is_no_side_fee(text: str) -> None:
    assert not {fact.role for fact in facts(text)} & {"condition", "legal"}


def test_only_the_row_with_the_products_price_leads() -> None:
    texts = ProductTexts(
        project="", name="Tank", price="385", currency="USD",
        description="Tank 1,000 gal $385.\nTank 1,250 gal $440.\nTank 1,500 gal $495.",
    )  # fmt: skip
    strength = {fact.text: fact.strength for fact in find_facts(texts, "en")}
    assert strength["Tank 1,000 gal $385."] > BESIDE
    assert strength["Tank 1,250 gal $440."] == strength["Tank 1,500 gal $495."] == BESIDE


def test_a_feature_keeps_the_moment_from_which_it_is_true() -> None:
    found = facts("There is a 24-hour line to our own staff once you have a place.", "24-hour line to our own staff")
    assert [fact.text for fact in found] == ["There is a 24-hour line to our own staff once you have a place."]


@pytest.mark.parametrize(("text", "found"), [
    ("Do they bite? Often.", []), ("Dogs allowed? No.", ["Dogs allowed? No."]),
    ("Already on the list? You do not need to apply.", ["Already on the list? You do not need to apply."]),
    ("Tired of rust? We sand and paint gates.", ["We sand and paint gates."]),
    ("Why us? No call-out charge.", ["No call-out charge."]),
    ("What do I get? A loaf and a jar.\nHow long is it? Two hours.",
     ["How long is it? Two hours.", "What do I get? A loaf and a jar."]),
    ("FAQ: Why does my cuckoo only croak? A tear in the paper of the bellows.",
     ["Why does my cuckoo only croak? A tear in the paper of the bellows."]),
    ("Yes, in the yard behind the shop. We mend clocks.", ["We mend clocks."]),
    ("That depends on the wood. We mend clocks.", ["We mend clocks."]),
    ("No, dogs are not allowed.", ["Dogs are not allowed."]),
    ("No call-out charge.", ["No call-out charge."]),
])  # fmt: skip
def test_answers_stay_with_their_questions(text: str, found: list[str]) -> None:
    assert [fact.text for fact in facts(text)] == found


@pytest.mark.parametrize(("language", "text"), [
    ("de", "Ja, auf dem Hof."), ("de", "Kommt darauf an, wie groß."), ("fr", "Oui, dans la cour."),
    ("fr", "Ça dépend du bois."), ("es", "Sí, en el patio."),
    ("it", "Sì, nel cortile."), ("it", "Dipende dal legno."), ("pt", "Sim, no pátio."),
])  # fmt: skip
def test_an_answer_without_its_question_is_no_fact(language: str, text: str) -> None:
    assert facts(text, language=language) == []


@pytest.mark.parametrize(("language", "text"), [
    ("en", "Plus parts."), ("en", "Tax on top."), ("en", "Washing is an additional $3 a pound."),
    ("en", "Add $40 for a queen."), ("de", "Anfahrt kommt dazu."), ("de", "Versand extra."),
    ("fr", "Plus les frais de port."), ("es", "Más gastos de envío."),
    ("it", "Più spese di spedizione."), ("pt", "Acrescem portes de envio."),
])  # fmt: skip
def test_what_is_paid_on_top_of_a_price_is_a_condition(language: str, text: str) -> None:
    assert [fact.role for fact in facts(text, language=language)] == ["condition"]


@pytest.mark.parametrize(
    "text", ["A cherry on top.", "Plus sizes up to 28.", "Extra virgin olive oil.", "Add colour to a grey wall."]
)
def test_words_of_fees_elsewhere_are_none(text: str) -> None:
    assert all(fact.role != "condition" for fact in facts(text))


def test_a_word_behind_a_comma_stays_with_what_it_is_said_of() -> None:
    assert [fact.text for fact in facts("Probesitzen im Laden, 20 Minuten, kostenlos.", language="de")] == [
        "Probesitzen im Laden, 20 Minuten, kostenlos."
    ]
    (price,) = facts("48 €/Std., jede angefangene Stunde zählt.", language="de")
    assert price.role == "price"


def test_an_advertisement_of_a_job_has_no_prices_but_pay() -> None:
    found = facts("Gehalt 2.400 € brutto im Monat.\nTageskarte ab 29,50 €.", language="de")
    assert [fact.text for fact in about("job", found, "de") if fact.role == "price"] == [
        "Gehalt 2.400 € brutto im Monat."
    ]
    assert about("good", found, "de") == found


@pytest.mark.parametrize("feature", [
    "Egzamin na pr. jazdy w cenie", "Obsługa w jęz. Angielskim i niemieckim", "Kurs od podst. Do matury",
    "Führerschein Kl. B in 8 Wochen", "Permis cat. C financé à 100 %", "Entrega na reg. Norte em 24 h",
    "Masaż 60 min. Pleców i karku", "Gratis parkeren t.o. Hal 3",
    "Ehliyet sınıf. B 4 haftada", "Impianto cat. A+++ con sopralluogo",
])  # fmt: skip
def test_a_short_feature_stays_whole_at_its_abbreviations(feature: str) -> None:
    found = facts("We have been in town for years.", feature)
    assert feature in {fact.text for fact in found}


def test_a_feature_of_two_sentences_is_two_facts() -> None:
    found = facts("", "We mend clocks at your home. Dogs are not allowed in the shop.")
    assert len(found) == 2


@pytest.mark.parametrize(("language", "text"), [
    ("en", "An adult stays with the group"), ("en", "Each family does two shifts a term"), ("en", "Zip 15 extra"),
    ("en", "Everyone completes a short briefing first"), ("en", "We look first and may decline"),
    ("en", "Clocks above 30 yrs we check first, we may say no"),
    ("en", "Store in a cool place"), ("en", "All sales are final"), ("en", "Carriage is paid by the customer"),
    ("en", "Paint left by the last tenant may be used free"), ("en", "Joining is voluntary and there is a fee"),
    ("en", "Isle of Man: please ask"), ("de", "Ein Elternteil bleibt dabei"), ("de", "Inseln auf Anfrage"),
    ("de", "Trocken und dunkel lagern"), ("de", "Fracht zahlt der Kunde"), ("de", "Vom Umtausch ausgeschlossen"),
    ("fr", "Un parent reste sur place"), ("fr", "Corse et îles sur demande"), ("fr", "À conserver au frais"),
    ("fr", "Port à la charge de l'acheteur"), ("fr", "La laine craint la chaleur"),
    ("es", "Canarias y Baleares preguntar"), ("es", "Flete a cuenta del cliente"), ("es", "Sin devoluciones"),
    ("es", "Cada familia hace dos turnos"), ("it", "Isole su richiesta"), ("it", "Nessun reso"),
    ("it", "Trasporto a carico del cliente"), ("pt", "Açores sob consulta"), ("pt", "Frete por conta do cliente"),
    ("pt", "Um adulto fica até ao fim"), ("pl", "Przechowywać w suchym miejscu"), ("pl", "Wymagania: 24 lata"),
    ("tr", "Serin yerde saklayın"), ("tr", "Kargo alıcıya aittir"), ("nl", "Koel en donker bewaren"),
    ("ja", "送料はお客様負担です"), ("ja", "直射日光を避けて保管してください"),
])  # fmt: skip
def test_duties_refusals_storage_freight_and_returns_never_sell(language: str, text: str) -> None:
    assert set(roles(text, language).values()) == {"condition"}


@pytest.mark.parametrize(("language", "text"), [
    ("en", "A nurse stays with you all day"), ("en", "Every family gets its own cabin"), ("en", "Up to 4 dogs"),
    ("en", "Lasts for 60 washes"), ("en", "We pay the freight"), ("en", "You store your bike indoors"),
    ("de", "Jede Familie bekommt ein eigenes Zelt"), ("de", "Versand zahlen wir"), ("es", "Hasta 6 personas"),
    ("es", "Envío a cargo nuestro"), ("fr", "Chaque enfant reçoit un casque"), ("it", "Resta caldo 12 ore"),
    ("pt", "Cada criança recebe um capacete"), ("pl", "Każde dziecko dostaje kask"), ("fr", "Frais de port offerts"),
    ("tr", "Her çocuğa kask veriyoruz"), ("nl", "Elk kind krijgt een helm"),
])  # fmt: skip
def test_what_a_seller_does_for_customers_sells(language: str, text: str) -> None:
    (fact,) = facts(text, language=language)
    assert fact.role not in {"condition", "legal"}
    assert fact.strength > BESIDE


@pytest.mark.parametrize(("language", "text"), [
    ("en", "Home composting costs nothing"), ("en", "You can also borrow one free from the library"),
    ("de", "Wer selbst zum Wertstoffhof fährt, zahlt nichts"), ("pt", "Pode deixar 15 % em vez de pagar"),
    ("fr", "Durée de vie habituelle 6 à 12 mois"),
])  # fmt: skip
def test_what_people_can_do_instead_and_usual_lives_lead_nothing(language: str, text: str) -> None:
    assert all(fact.strength <= BESIDE for fact in facts(text, language=language))


@pytest.mark.parametrize("text", [
    "Season 3 May – 27 Sept", "5 April 2027 to 31 March 2028", "Campanha 11 out – 18 dez", "Sezon 1 maja – 30 września",
    "Lift to the first floor", "Parkplatz im Hof", "Paiement par carte", "14 partner agencies", "Closed for lunch 1–2",
])  # fmt: skip
def test_seasons_and_what_a_house_has_are_logistics(text: str) -> None:
    (fact,) = facts("", text)
    assert fact.role == "logistics"


def test_what_a_house_has_leads_nothing() -> None:
    lift = Fact(text="Lift to the first floor", role="logistics", strength=0.9, source="features")
    roof = Fact(text="Roof mended in one visit", role="benefit", strength=0.6, source="features")
    weighed = amenities_behind([lift, roof], "en")
    assert [fact.text for fact in weighed] == [roof.text, lift.text]
    assert weighed[1].strength <= AMENITY


@pytest.mark.parametrize(
    "text",
    ["Free parking, step-free entrance", "Cash in the tin", "Dogs are fine", "Parking gratuit derrière la mairie"],
)
def test_what_a_house_has_stands_beside_where_enough_else_is_known(text: str) -> None:
    house = Fact(text=text, role="offer", strength=0.9, source="features")
    others = [Fact(text=f"Roof {at}", role="benefit", strength=0.5, source="features") for at in range(ENOUGH)]
    assert amenities_behind([house, *others], "fr" if "gratuit" in text else "en")[-1].strength == BESIDE
    assert amenities_behind([house, *others[1:]], "fr" if "gratuit" in text else "en")[-1].strength == AMENITY


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Lead pipe is usually safe while nobody touches it"),
        ("en", "Most patients take a week off"),
        ("en", "You may shower the same evening"),
        ("en", "For everyone else the limit is ten"),
        ("en", "Whoever signs is called the guarantor."),
        ("en", "Most run to a foot"),
        ("de", "Die meisten wiegen unter zwei Kilo"),
        ("en", "You keep the gain, and you bear any loss"),
        ("de", "Bleirohr ist meist ungefährlich"),
        ("fr", "Le plomb est en général sans danger"),
        ("pl", "Przechowywać w lodówce"),
        ("fi", "Säilytä jääkaapissa"),
    ],
)
def test_what_goes_for_all_things_of_a_kind_leads_nothing(language: str, text: str) -> None:
    found = find_facts(ProductTexts(project="", name="Zinc", features=(text,)), language)
    assert all(fact.strength <= BESIDE for fact in found)


@pytest.mark.parametrize(
    "text", ["Our vans are usually here by noon", "You may be surprised", "Hand-sewn, mostly at night"]
)
def test_what_a_business_says_of_itself_may_lead(text: str) -> None:
    [fact] = find_facts(ProductTexts(project="", name="Zinc", features=(text,)), "en")
    assert fact.strength > BESIDE


@pytest.mark.parametrize(
    "text",
    ["As with any surgery there can be pain", "Infection occurs in 1–2 in 100", "Side effects include tiredness"],
)
def test_a_risk_is_a_condition(text: str) -> None:
    assert {fact.role for fact in facts(f"{text}.")} == {"condition"}


def test_a_row_of_a_price_list_for_something_else_leads_nothing() -> None:
    texts = ProductTexts(
        project="", name="Saddle repair", features=("Saddle repair $90", "bridle $40", "Six for $200"), price="90"
    )
    strengths = {fact.text: fact.strength for fact in find_facts(texts, "en")}
    assert strengths["bridle $40"] == BESIDE
    assert strengths["Six for $200"] > BESIDE


def test_a_feature_is_not_given_up_for_a_sentence_of_notes() -> None:
    note = "Bridle repair $40 (was 35 last yr, sorry everything went up) HALF DOWN no exceptions!!!"
    texts = ProductTexts(project="", name="Tack", description=note, features=("Bridle repair $40",))
    assert "Bridle repair $40" in {fact.text for fact in find_facts(texts, "en")}


class TestWhatIsSaidToWhoeverMakesTheAd:
    SHARES = "We sell shares in a shop. You could lose the money that you invest."

    @pytest.mark.parametrize(
        "order",
        [
            "For adverts: always say capital is at risk.",
            "Must keep: capital is at risk.",
            "In all advertising, please state that capital is at risk.",
        ],
    )
    def test_the_line_that_an_ad_must_have_is_said_without_the_order(self, order: str) -> None:
        said = " ".join(fact.text for fact in facts(f"{self.SHARES} {order}"))
        assert "apital is at risk" in said
        assert not re.search(r"(?i)advert|always|please|must keep", said)

    @pytest.mark.parametrize(
        "order",
        [
            "Any advert that mentions a rate must carry the APR with no less prominence.",
            "Don't put '20 mins' in ads after last time.",
            "Jede Anzeige muss den Zinssatz nennen.",
        ],
    )
    def test_other_orders_are_not_said(self, order: str) -> None:
        assert not [fact for fact in facts(f"{self.SHARES} {order}") if fact.text.startswith(order[:12])]

    def test_customers_are_spoken_to_as_before(self) -> None:
        text = "We always say hello to our guests."
        assert text in [fact.text for fact in facts(f"{self.SHARES} {text}")]


def test_a_footnote_of_the_features_stays_with_the_one_that_has_its_star() -> None:
    found = [fact.text for fact in facts("", "Free range", "Free glaze w/ whole leg*", "*while stocks last")]
    assert "Free glaze with whole leg, while stocks last" in found
    apart = [fact.text for fact in facts("", "Glaze*", "Ham*", "*while stocks last")]  # whose is it?
    assert not any("," in text for text in apart)


def test_asides_are_no_facts() -> None:
    found = " ".join(
        fact.text for fact in facts("We wash and fold. Stains – we do our best like. We do our best to be early.")
    )
    assert "Stains" not in found
    assert "early" in found


def test_a_list_behind_a_price_is_one_with_it() -> None:
    text = "Le stage coûte 168 € la semaine, combinaison, gilet et goûter compris."
    assert text.rstrip(".") in {fact.text.rstrip(".") for fact in facts(text, language="fr")}


def test_notes_of_a_few_signs_lead_nothing() -> None:
    facts = [
        Fact(text=text, role="feature", strength=0.6, source="features")
        for text in ("groove x4", "$25/10", "Fits 4 x 6 m rooms")
    ]
    assert [(fact.text, fact.strength) for fact in notes_behind(facts)] == [
        ("Fits 4 x 6 m rooms", 0.6),
        ("groove x4", TELEGRAPHIC),
        ("$25/10", TELEGRAPHIC),
    ]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "The study is called Harbour."),
        ("de", "Die Studie heißt Hafen."),
        ("es", "El estudio se llama Puerto."),
        ("en", "UFH:Y(water)"),
    ],
)
def test_what_a_thing_is_called_in_the_house_and_keys_of_a_feed_are_no_facts(language: str, text: str) -> None:
    texts = ProductTexts(project="p", name="n", description=f"Wool from our farm.\n{text}")
    assert [fact.text for fact in find_facts(texts, language)] == ["Wool from our farm."]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Keeps nine days in the fridge"),
        ("en", "In the fridge, in its box, it's good for a month."),
        ("en", "Wash by hand, dry flat."),
        ("en", "Free rebooking if fog stops us"),
        ("en", "If the wind is over 20 knots we cancel and you choose another day."),
        ("de", "Im Kühlschrank eine Woche haltbar."),
        ("fr", "Se conserve trois mois au frais."),
        ("es", "Si llueve, te devolvemos el dinero."),
        ("it", "Conservare in luogo asciutto."),
        ("pt", "Em caso de chuva, remarcamos a visita."),
    ],
)
def test_storage_care_and_bad_weather_lead_nothing(language: str, text: str) -> None:
    found = facts(text, language=language)
    assert {fact.role for fact in found} <= {"logistics", "condition"}
    assert all(fact.strength <= BESIDE for fact in found)


def test_dispatch_and_delivery_areas_are_no_stronger_than_a_lift() -> None:
    found = [
        Fact(text=text, role=role, strength=0.6, source="features")
        for text, role in (
            ("Delivered within 90 km", "logistics"),
            ("Fitted in three days", "logistics"),
            ("Shipping free over $20", "offer"),
        )
    ]
    assert {fact.text: fact.strength for fact in amenities_behind(found, "en")} == {
        "Delivered within 90 km": AMENITY,
        "Fitted in three days": 0.6,
        "Shipping free over $20": 0.6,
    }


def test_a_guarantee_that_does_not_cover_something_is_no_proof() -> None:
    assert {fact.role for fact in facts("The guarantee does not cover the blades.")} == {"condition"}
