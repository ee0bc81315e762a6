"""What is advertised: recognised in six languages by the customer's own words, or honestly not known."""

from __future__ import annotations

import pytest

from services.catalog.understanding.cues import subjects_in
from services.catalog.understanding.index import load_index
from services.catalog.understanding.recognition import Recogniser
from services.catalog.understanding.values import NOT_KNOWN, ProductTexts, Recognition
from tests.support import calls_in


@pytest.fixture(scope="module")
def recogniser() -> Recogniser:
    return Recogniser(load_index())


def product(name: str, description: str = "", project: str = "Corvo", **fields: object) -> ProductTexts:
    return ProductTexts(project=project, name=name, description=description, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(("language", "name", "description", "subject"), [
    ("en", "XR7", "This is a 12-litre dehumidifier for basements.", "12-litre dehumidifier"),
    ("en", "M-1188", "The oak bench that seats three. Made in Devon.", "oak bench"),
    ("de", "RT-5", "Ein Wäschetrockner mit Wärmepumpe.", "Wäschetrockner"),
    ("fr", "BX 100", "Un aspirateur sans sac de 800 W.", "aspirateur sans sac"),
    ("en", "BQX", "A kettle for campers.", ""), ("en", "Q-17", "The best soup for miles.", ""),
    ("en", "Q-17", "A neighbour of ours built it.", ""), ("de", "Q-17", "Ein paar Zeilen zum Anfang.", ""),
    ("en", "Zoltan", "This is a way of life.", ""), ("en", "M-1188", "Made in Devon by three people.", ""),
])  # fmt: skip
def test_a_thing_that_has_a_code_for_a_name_is_called_what_its_text_calls_it(
    recogniser: Recogniser, language: str, name: str, description: str, subject: str
) -> None:
    assert recogniser.recognise(product(name, description), language).subject == subject


@pytest.mark.parametrize(("language", "name", "description", "unit", "goal"), [
    ("en", "Two-person canoe", "Green canoe with paddles.", "day", "book"),
    ("en", "Two-person canoe", "Green canoe with paddles.", "", "sell"),
    ("de", "Hochzeitskleid", "Hochzeitskleider mieten statt kaufen, in Größe 36 bis 48.", "", "book"),
    ("en", "Two-person canoe", "The canoe that hire firms choose.", "", "sell"),
])  # fmt: skip
def test_what_is_lent_is_booked_and_never_bought(
    recogniser: Recogniser, language: str, name: str, description: str, unit: str, goal: str
) -> None:
    assert recogniser.recognise(product(name, description, price_per=unit), language).goal == goal
    assert recogniser.recognise(product(name, description, price_per=unit, goal="visit"), language).goal == "visit"


@pytest.mark.parametrize(
    ("language", "name", "description", "trade"),
    [
        ("en", "Merino crew-neck jumper", "Knitted from fine wool, machine washable.", "knitwear"),
        ("en", "Boiler service and repair", "Gas safe engineer, same-day visits.", "heating_engineer"),
        ("en", "Walnut floor lamp", "Linen shade, foot switch, 160 cm tall.", "lighting"),
        ("en", "Piano lessons for adults", "Weekly lessons from beginner to grade 8.", "music_lessons"),
        ("es", "Zapatos de piel para mujer", "Hechos en Elche, suela cosida.", "shoes"),
        ("es", "Clínica dental", "Ortodoncia, implantes y revisiones para toda la familia.", "dentist"),
        ("fr", "Lampe de chevet en céramique", "Abat-jour en lin, ampoule fournie.", "lighting"),
        ("fr", "Cours de conduite accélérés", "Auto-école avec passage du permis en un mois.", "driving_school"),
        ("de", "Esstisch aus Eiche", "Massiv, geölt, für acht Personen.", "furniture"),
        ("de", "Fahrradwerkstatt", "Inspektion, Bremsen, Schaltung, auch für E-Bikes.", "bike_repair"),
        ("it", "Anello in oro giallo", "Fatto a mano, con incisione.", "jewellery"),
        ("it", "Pizzeria con forno a legna", "Impasto a lunga lievitazione, aperti a cena.", "pizzeria"),
        ("pt", "Ração para gatos adultos", "Com salmão, saco de 3 kg.", "cat_food"),
        ("pt", "Academia de musculação", "Aulas de grupo e personal trainer, sem fidelização.", "gym"),
    ],
)
def test_plain_product_is_recognised_in_each_language(
    recogniser: Recogniser, language: str, name: str, description: str, trade: str
) -> None:
    recognition = recogniser.recognise(product(name, description), language)

    assert recognition.trade == trade
    assert recognition.confidence in ("sure", "likely")
    assert recognition.evidence


@pytest.mark.parametrize(
    ("language", "name", "description"),
    [
        ("en", "QT-220 Mk III", ""),
        ("en", "Meridian", "From £40. In stock."),
        ("fr", "Zéphyr 12", "Disponible, 89 €"),
        ("de", "Modell 88-C", "Einzelstück, VB"),
        ("it", "Articolo 5517", ""),
        ("es", "Gama 300", "Consultar precio"),
        ("pt", "Ref. 7719", "pronta entrega"),
        ("und", "¤¤¤", ""),
        ("en", "", ""),
    ],
)
def test_text_that_names_nothing_is_not_known(
    recogniser: Recogniser, language: str, name: str, description: str
) -> None:
    recognition = recogniser.recognise(product(name, description), language)

    assert recognition == Recognition(confidence=NOT_KNOWN)


def test_head_of_the_name_decides_and_not_the_words_beside_it(recogniser: Recogniser) -> None:
    for name, trade in (
        ("Coffee table in solid oak", "furniture"),
        ("Wine glasses, set of six", "drinkware"),
        ("Book shelf for the wall", "storage_furniture"),
        ("Car insurance", "car_insurance"),
    ):
        assert recogniser.recognise(product(name), "en").trade in (trade, ""), name


@pytest.mark.parametrize(
    ("project", "name", "description", "trade"),
    [
        ("Blue Whale Cycles", "Steel touring bicycle", "Hand-built frame with mudguards and rack.", "bicycle"),
        ("The Bakery Studio", "Pilates for beginners", "Mat and reformer classes in small groups.", "pilates"),
        ("Butcher & Sons", "Oak dining chair", "Solid frame, woven seat.", "furniture"),
    ],
)
def test_brand_of_another_trade_does_not_mislead(
    recogniser: Recogniser, project: str, name: str, description: str, trade: str
) -> None:
    assert recogniser.recognise(product(name, description, project), "en").trade == trade


@pytest.mark.parametrize("name", ["Honey", "Sofa"])
def test_description_of_something_else_overrules_the_name(recogniser: Recogniser, name: str) -> None:
    description = (
        f"{name} turns meeting recordings into minutes and tasks for your team, and files them in the project where "
        "they belong."
    )

    alone = recogniser.recognise(product(name), "en")
    recognition = recogniser.recognise(product(name, description), "en")

    assert alone.kind in ("food", "good")
    assert recognition.kind in ("software", "")
    assert recognition.sector in ("software", "")


@pytest.mark.parametrize(
    ("language", "name", "denied"),
    [
        ("en", "Restaurant", "Not a restaurant"),
        ("en", "Taxi", "Instead of a taxi"),
        ("es", "Restaurante", "No es un restaurante"),
        ("fr", "Restaurant", "Pas un restaurant"),
        ("de", "Restaurant", "Kein Restaurant"),
        ("it", "Ristorante", "Non è un ristorante"),
        ("pt", "Restaurante", "Não é um restaurante"),
    ],
)
def test_denied_and_compared_names_are_no_evidence(
    recogniser: Recogniser, language: str, name: str, denied: str
) -> None:
    plain = recogniser.recognise(product(name), language)
    recognition = recogniser.recognise(product(denied), language)

    assert plain.confidence == "sure"
    assert recognition.trade == ""
    assert not [evidence for evidence in recognition.evidence if evidence.by == "name"]


@pytest.mark.parametrize(
    ("language", "name", "description", "thing"),
    [
        (
            "en",
            "Violin hire",
            "Three-quarter and full-size violins with bow and case, by the term.",
            "musical_instrument",
        ),
        ("en", "Mattress disposal", "We collect your old mattress and recycle springs and foam.", "mattresses"),
        ("en", "Chandelier restoration", "We restring crystal chandeliers and rewire brass ones.", "lighting"),
        ("fr", "Réparation de fauteuils", "Sangles, ressorts et tissu neufs.", "sofas"),
        ("es", "Alquiler de vestidos", "De fiesta y de novia, por un fin de semana.", "womenswear"),
    ],
)
def test_service_on_a_thing_does_not_sell_the_thing(
    recogniser: Recogniser, language: str, name: str, description: str, thing: str
) -> None:
    recognition = recogniser.recognise(product(name, description), language)

    assert recognition.kind == "service"
    assert recognition.trade != thing


@pytest.mark.parametrize(
    ("language", "name", "description", "trade"),
    [
        ("en", "From £65", "Seized brakes, noisy clutch, worn exhaust, failed MOT. Courtesy vehicle.", "car_repair"),
        ("fr", "Dès 40 €", "Robinet, chasse, chauffe-eau, fuite sous évier. Urgence dimanche.", "plumber"),
        ("de", "Ab 35 €", "Steckdosen, Sicherungen, Zählerschrank, Wallbox.", "electrician"),
    ],
)
def test_single_words_tell_a_trade_that_no_phrase_names(
    recogniser: Recogniser, language: str, name: str, description: str, trade: str
) -> None:
    assert recogniser.recognise(product(name, description), language).trade == trade


def test_german_compound_is_recognised_by_its_last_part(recogniser: Recogniser) -> None:
    recognition = recogniser.recognise(product("Walnussholzesstisch", "Massiv, 200 x 90 cm, geölt."), "de")

    assert recognition.trade == "furniture"


def test_shop_category_decides_where_the_name_says_nothing(recogniser: Recogniser) -> None:
    silent = recogniser.recognise(product("Kestrel 40"), "en")
    recognition = recogniser.recognise(product("Kestrel 40", category="Home & Garden > Lighting > Lamps"), "en")

    assert silent.trade == ""
    assert recognition.trade == "lighting"
    assert recognition.evidence[0].by == "category"
    assert recognition.evidence[0].source == "category"


def test_customers_kind_and_goal_are_kept(recogniser: Recogniser) -> None:
    unknown = recogniser.recognise(product("QT-220", kind="software", goal="download"), "en")
    known = recogniser.recognise(product("Portrait photographer", kind="service", goal="call"), "en")

    assert (unknown.trade, unknown.kind, unknown.goal) == ("", "software", "download")
    assert {(evidence.decided, evidence.by) for evidence in unknown.evidence} == {("kind", "field"), ("goal", "field")}
    assert (known.kind, known.goal) == ("service", "call")


def test_stated_goal_goes_before_the_usual_one(recogniser: Recogniser) -> None:
    usual = recogniser.recognise(product("Dental practice", "Check-ups and fillings for families."), "en")
    stated = recogniser.recognise(product("Dental practice", "Call us today on 020 7946 0012."), "en")

    assert (usual.goal, stated.goal) == ("book", "call")


@pytest.mark.parametrize(
    ("language", "name", "description", "subject"),
    [
        ("en", "The Hartley – British wool cardigan, navy, M", "", "British wool cardigan"),
        ("en", "Corvo brass desk lamp 40 cm", "", "brass desk lamp"),
        ("es", "Mesa de comedor extensible 180 cm", "", "Mesa de comedor extensible"),
        ("fr", "Chaussures de marche en cuir, taille 42", "", "Chaussures de marche en cuir"),
        ("de", "Esstisch Eiche 200 x 90", "", "Esstisch"),
        ("it", "Lampada da tavolo in ottone", "", "Lampada da tavolo"),
        ("en", "QT-220", "", ""),
    ],
)
def test_subject_is_the_customers_own_noun_phrase(
    recogniser: Recogniser, language: str, name: str, description: str, subject: str
) -> None:
    assert recogniser.recognise(product(name, description), language).subject.startswith(subject)


def test_sensitive_and_regulated_subjects_come_from_the_trade_and_from_the_text(recogniser: Recogniser) -> None:
    funeral = recogniser.recognise(product("Funeral director", "Burials and cremations, day and night."), "en")
    loan = recogniser.recognise(product("Personal loan", "From £1,000. Representative APR 9.9%."), "en")
    flowers = recogniser.recognise(product("Flowers for a funeral", "Wreaths and sprays."), "en")

    assert "death" in funeral.sensitive
    assert "credit" in loan.regulated
    assert "death" in flowers.sensitive


@pytest.mark.parametrize(
    ("name", "description"),
    [
        ("Dead easy tent", "To die for views, debt-free summers, pitched in a minute. Free returns."),
        ("Wine red jumper", "Wool, made in Wales. 30-day returns."),
    ],
)
def test_passing_words_are_no_sensitive_or_regulated_subject(
    recogniser: Recogniser, name: str, description: str
) -> None:
    recognition = recogniser.recognise(product(name, description), "en")

    assert recognition.sensitive == ()
    assert recognition.regulated == ()


def test_tie_is_not_broken_by_the_alphabet(recogniser: Recogniser) -> None:
    recognition = recogniser.recognise(product("Bakery and barber"), "en")

    assert recognition.confidence != "sure"


def test_styled_letters_and_markup_are_read(recogniser: Recogniser) -> None:
    styled = recogniser.recognise(product("𝗪𝗼𝗼𝗹 𝗷𝘂𝗺𝗽𝗲𝗿", "<p>Soft &amp; warm</p>"), "en")

    assert styled.trade == "knitwear"


def test_same_texts_give_the_same_recognition(recogniser: Recogniser) -> None:
    texts = product("Garden design", "Planting plans and patios for small town gardens.")

    assert recogniser.recognise(texts, "en") == recogniser.recognise(texts, "en")


@pytest.mark.parametrize(
    "text",
    [
        "not a " * 4_000,
        "a" * 20_000,
        "lamp, " * 3_000,
        "ß" * 5_000,
        "\n".join("- lamp" for _ in range(3_000)),
        "((((" * 4_000,
    ],
)
def test_adversarial_text_takes_linear_work(recogniser: Recogniser, text: str) -> None:
    def work(share: float) -> int:
        part = text[: int(len(text) * share)]
        brief = product(part[:200], part, features=(part[:500],) * 24)
        return calls_in(lambda: recogniser.recognise(brief, "de"))

    recogniser.recognise(product("Lamp"), "de")  # loads what is loaded once
    assert work(1.0) <= 2.5 * work(0.5) + 2_000


def test_wood_of_ash_is_about_no_death_and_scattering_ashes_is() -> None:
    assert subjects_in("sensitive", "Kiln-dried ash logs", (), "en") == ()
    assert subjects_in("sensitive", "Scattering ashes at sea", (), "en") == ("death",)
