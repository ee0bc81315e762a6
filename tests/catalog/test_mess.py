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
    "Dogs free - Joan is it 1 or 2 dogs? leaving as 'dogs free' no actually put 1", "its more like 50-60 for vans",
    "Hull paint €90?? or 95", "Moira to confirm no., was 40 on old list", "Ask Moira before it goes up on the site",
    "Been here 12 years or 13.", "labour 6 months (website says 12)", "Put the cert number here when they send it",
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
    "Call to check prices", "Ask us before you buy", "Ask a doctor before it is worn",
    "Ring to confirm with the office",
    "We write and design menus", "Old photos restored by hand", "Logo embroidery from ten pieces",
])  # fmt: skip
def test_statements_that_share_words_with_pages_and_letters_stay(line: str) -> None:
    assert not is_no_statement(line)


@pytest.mark.parametrize(("language", "text"), [
    ("en", "Please do not use with bleach."), ("en", "Please do not call after 8 pm."),
    ("en", "Do not go below 18 °C."),
    ("en", "No dogs inside - sorry"), ("en", "Please don't write on the walls."), ("de", "Bitte keine Schuhe im Saal."),
    ("es", "No poner en secadora."), ("fr", "Ne pas mettre au lave-vaisselle."),
    ("it", "Non mettere in asciugatrice."), ("pt", "Não colocar na máquina."),
])  # fmt: skip
def test_what_a_customer_must_not_do_is_a_condition_and_no_note_to_the_maker(language: str, text: str) -> None:
    assert [(fact.role, fact.text) for fact in facts(text, language=language)] == [("condition", text)]


@pytest.mark.parametrize("text", [
    "Upload your picture and add a caption.", "Please include photos of the roof when you ask for a quote.",
    "The lawyer says yes or no within a day.", "Cabinet d'avocats à Lille.", "Un programma per correggere la voce.",
    "Ink for the printer you have.", "This part is made of ash.", "We hope you like it or send it back.",
])  # fmt: skip
def test_parts_of_ads_that_are_the_customers_own_are_no_note(text: str) -> None:
    assert not is_no_statement(text)


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
    table = "Bed | Width | Colour\nsingle | 90 cm | red\ndouble | 140 cm | grey\nEvery bed is made of ash."
    assert clean(table) == "Every bed is made of ash."
    rows = "sku;name;text;price\nA1;Bed;A bed made of solid ash wood;240\nMade in Kent."
    assert clean(rows).split("\n") == ["A bed made of solid ash wood", "Made in Kent."]


@pytest.mark.parametrize(("text", "stands", "gone"), [
    # a count is corrected where it was said, and no price, age or day of the same number
    ("We bake 45 loaves a day. Tickets are £45. Sorry, it's 40 not 45.", "40 loaves, Tickets are £45", "45 loaves"),
    ("Kids over 12 may come. Classes are £12. Sorry, it's £15 not £12.", "Kids over 12, Classes are £15", "£12"),
    ("Sold from 16. Minimum age 16. Sorry, it's 18 not 16.", "Minimum age 16", "Sold from"),
    ("Room for 30 guests. Thirty metres, or 30 yards, from the sea. Sorry, it's 20 not 30.", "", "Room, yards, 20"),
    # the nearest statement of the same thing, and no other
    ("Deposit £50 per canoe. Ring before you come. Correction: deposit is £20.", "Deposit is £20, Ring", "£50"),
    # what limits the product is not lost to a correction of something else
    ("The hall has 90 seats. No dogs. No wait, the boxes are full.", "90 seats, No dogs", ""),
    ("Our hall has 90 seats. No wait, the boxes are full. Tickets at the door.", "Tickets", "90 seats"),
    # a condition takes the number that corrects it, or is dropped with it
    ("Cancellation fee is £35. Actually, it's £15.", "Cancellation fee is £15", "£35"),
    ("Minimum age 14. Sorry, 12.", "Minimum age 12", "14"),
    ("We mend bikes. Cancellation fee is €35. Sorry, £15.", "mend bikes", "fee, 35, 15"),
    ("No lorries over 3 t. Actually, it's 10 minutes from town.", "No lorries over 3 t", ""),
    # no correction at all
    ("Keys cut in a minute. No wait, just walk in.", "Keys cut, No wait", ""),
    ("Towels of bamboo. Scratch that dry skin no more.", "bamboo, dry skin", ""),
    ("Quiet rooms by the sea. Sorry, 1 car max per room.", "Quiet rooms, 1 car max", "Sorry"),
    ("We mend bikes. Correction fluid dries in a minute.", "mend bikes, Correction fluid", ""),
    ("We mend bikes. Sorry, it's cash only.", "mend bikes, cash only", ""),
    ("We mend bikes. Actually, it's easier than you think.", "mend bikes, easier", ""),
])  # fmt: skip
def test_a_correction_changes_only_the_nearest_statement_of_its_thing(text: str, stands: str, gone: str) -> None:
    found = "\n".join(fact.text for fact in facts(text))
    assert [part for part in filter(None, stands.split(", ")) if part not in found] == []
    assert [part for part in filter(None, gone.split(", ")) if part in found] == []


def test_a_price_that_is_struck_out_stands_only_where_the_text_says_that_it_is_the_old_one() -> None:
    assert clean("The ~~old~~ hall") == "The hall"
    assert clean("Was ~~£49~~ now £39") == "Was £49, now £39"
    assert clean("Statt ~~49 €~~ nur 39 €") == "Statt 49 €, nur 39 €"
    assert clean("Now ~~£49~~ £39") == "Now £39"
    assert clean("RRP ~~49~~ 39") == "RRP 49, 39"
    assert clean("Por ~~50 €~~ 40 €") == "Por 50 €, 40 €"
    # of an everyday word's number nothing says that it is a price
    assert clean("Set de ~~8~~ 10 vasos") == "Set de 10 vasos"
    assert clean("Order before ~~11~~ 12 o'clock") == "Order before 12 o'clock"


def test_of_a_tables_rows_the_limits_are_kept() -> None:
    table = "Tour | No dogs | £12\nWalk | 18+ | £9\nBoat | no | £4"
    assert clean(table).split("\n") == ["No dogs", "18+"]


def test_an_offer_stays_with_the_question_that_it_answers() -> None:
    assert "Dead plant? We refund the price for free." in selling(
        facts("Ferns grown here. Dead plant? We refund the price for free.")
    )
    assert "Open on Sunday?" not in selling(facts("Open on Sunday? The shop is in York."))


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
    found = facts("Loans from £500.\nAPR = Annual Percentage Rate\nRegulated by the Central Bank. (Must be in the ad.)")
    assert [fact.text for fact in found if fact.role == "legal"] == ["Regulated by the Central Bank."]


@pytest.mark.parametrize(("language", "text"), [
    ("en", "Payment on the day"), ("en", "At your own expense"), ("en", "Iron on the reverse"),
    ("fr", "Retour à vos frais"),
    ("de", "Waschen bei 30 Grad"), ("es", "Devolver limpia la barca"), ("it", "Contiene solfiti"),
    ("pt", "Devolver limpo"),
    ("en", "£45 call-out fee"), ("de", "Anfahrt 35 €"), ("es", "Fianza 100 €"), ("fr", "Caution 100 €"),
])  # fmt: skip
def test_requirements_care_and_fees_never_sell(language: str, text: str) -> None:
    assert {fact.role for fact in facts(text, language=language)} == {"condition"}


@pytest.mark.parametrize(("language", "texts"), [
    ("en", "Choking hazard: small parts|Supervise children at all times|Flammable|Max weight 100 kg|Ages 8 and up"
           "|Photo ID is checked|Always read the label|Under-16s with an adult|Helmets are worn|Allergens: egg"),
    ("de", "Von Feuer fernhalten|Für Kinder unzugänglich aufbewahren|Helmpflicht|Alkohol erst ab 18|Ausweis nötig"),
    ("fr", "Tenir hors de portée des enfants|Demandez l'avis de votre médecin|Pièce d'identité demandée|Dès 8 ans"),
    ("es", "Mantener fuera del alcance de los niños|Consulte a su médico|Se pide DNI|Casco obligatorio"),
    ("it", "Tenere fuori dalla portata dei bambini|Consultare il medico|Casco obbligatorio|Dai 12 anni"),
    ("pt", "Manter fora do alcance das crianças|Consulte o seu médico|Com supervisão de um adulto"),
])  # fmt: skip
def test_lines_about_safety_and_age_are_conditions_in_every_trade(language: str, texts: str) -> None:
    found = {text: [fact.role for fact in facts(text, language=language)] for text in texts.split("|")}
    assert found == {text: ["condition"] for text in found}


@pytest.mark.parametrize(("language", "text"), [
    ("en", "Suitable for all ages."), ("en", "Made for kids who climb."), ("en", "Our doctor answers in a day."),
    ("de", "Ab 20 Euro im Monat."), ("fr", "20 ans d'expérience."), ("es", "Más de 20 años de experiencia."),
    ("it", "Da 30 anni a Torino."), ("pt", "Empresa com mais de 30 anos."),
])  # fmt: skip
def test_ages_of_firms_and_words_of_safety_alone_limit_nothing(language: str, text: str) -> None:
    assert not {fact.role for fact in facts(text, language=language)} & {"condition", "legal"}


def test_a_list_of_requirements_is_one_condition() -> None:
    found = facts("Paid weekly.\nREQUIREMENTS\n- own bike\n- 18 or over\n- lives in Hull\nLunch is on us.")
    assert [fact.text for fact in found if fact.role == "condition"] == [
        "REQUIREMENTS: own bike, 18 or over, lives in Hull"
    ]
    assert "Lunch is on us." in selling(found)


@pytest.mark.parametrize("text", [
    "Test pressure T.P. 90 kPa.", "Abholung kostenlos innerh. 3 Tagen.", "Für Weizen u. dunkle Mehle gebaut.",
    "Spediz. 4,50 in Sicilia.", "Grown in Wayanad, K.L. by hand.", "Mit wirtschaftl. Nutzen.",
])  # fmt: skip
def test_abbreviations_end_no_sentence(text: str) -> None:
    assert segments(text) == [text]


def test_units_and_short_words_end_sentences() -> None:
    assert segments("Only 62 dB. No bags. We pay 79 kr. Kids eat free.") == [
        "Only 62 dB.", "No bags.", "We pay 79 kr.", "Kids eat free.",
    ]  # fmt: skip


@pytest.mark.parametrize(("text", "calmed"), [
    ("YENİ IZGARA TAKIMLARI GELDİ", "Yeni ızgara takımları geldi"), ("İNDİRİMLİ FIRINLAR", "İndirimli fırınlar"),
    ("AS/NZS 1337 TESTED", "AS/NZS 1337 tested"), ("ALL NEW BIKES IN STOCK", "All new bikes in stock"),
])  # fmt: skip
def test_capitals_are_lowered_as_their_language_does(text: str, calmed: str) -> None:
    assert calm(text) == calmed


@pytest.mark.parametrize(("raw", "name"), [
    ("Garden shed - pasted from the old site", "Garden shed"), ("Garden shed (REF GS-0417)", "Garden shed"),
    ("Garden shed *** REPLACE THE OLD PHOTO ***", "Garden shed"), ("Garden shed - 8 x 6", "Garden shed - 8 x 6"),
    ("Photo booth hire (with props)", "Photo booth hire (with props)"),
])  # fmt: skip
def test_a_name_holds_no_notes_and_no_codes(raw: str, name: str) -> None:
    assert clean_name(raw) == name


@pytest.mark.parametrize(("language", "note"), [
    ("en", "Mia, could you swap the photo in the advert before it goes live?"),
    ("en", "Office: confirm the dates before we publish."), ("en", "(Priya - please remove the raffle from the ad)"),
    ("en", "Note to sales team: purchase price 310, not below 450"),
    ("en", "Owen, don't go below 70, cost price is 52"),
    ("de", "Jakob, bitte vor dem Veröffentlichen die Maße prüfen"),
    ("de", "Redaktion: bitte den Namen ändern, bevor wir das veröffentlichen"),
    ("es", "Lucía, revisa el anuncio antes de subirlo."), ("fr", "Inès, peux-tu remplacer le logo de l'annonce ?"),
    ("it", "Paolo, togli il cognome dall'annuncio."), ("pt", "Rita, podes tirar a morada do anúncio?"),
    ("nl", "Sanne, kun je de datum vervangen voordat we publiceren?"), ("en", "Draft v4, kiln prices still open"),
    ("es", "Inicio > Talleres > Vidrio"), ("en", "Sitemap | Legal notice | My account"),
    ("de", "Impressum | AGB | Datenschutzhinweise"), ("fr", "Mentions légales · Plan du site · Mon compte"),
    ("en", "#cycling #hull #weekend"),
])  # fmt: skip
def test_notes_among_staff_and_links_of_pages_are_no_facts(language: str, note: str) -> None:
    assert facts(f"We mend bikes.\n{note}", language=language) == facts("We mend bikes.", language=language)


@pytest.mark.parametrize(("language", "text"), [
    # roles in the firm, and what people say
    ("de", "Der Chef kocht selbst, die Chefin backt."), ("en", "Our head chef trained under chef Dumas in Lyon."),
    ("en", "Legal, HR and accounts for small firms."),
    ("en", "Reserved for guests, reserved for members: two lounges."),
    ("en", "The boss says yes and accounts pays you in a day."), ("fr", "Le patron et la patronne servent en salle."),
    ("es", "La jefa y el jefe atienden la barra."), ("en", "Management courses for head office and shop staff."),
    # requests to customers that name a page, a draft, a line or an approval
    ("en", "Please order on our website."), ("es", "Por favor, reserva en la web."),
    ("pt", "Você pode comprar no site."),
    ("it", "Potete prenotare sul sito."), ("en", "Delete the old version with one click."),
    ("de", "Bitte den Entwurf als PDF schicken, wir drucken in drei Tagen."),
    ("en", "Please check the proof before we print."),
    ("fr", "Vérifiez le brouillon avant l'impression, s'il vous plaît."),
    ("en", "Please approve the drawing, then our saw goes live."), ("es", "Puedes borrar el borrador en la web."),
    ("en", "Bring this advert and tea is free."), ("de", "Gäste, bitte diese Anzeige vorzeigen."),
    ("en", "First, check the advert before it goes live."), ("en", "Landlords, update the advert before it goes live."),
    ("en", "Editor: change the ad before it goes live."), ("de", "Kunden bitte die Anzeige mitbringen."),
    # requests beside a role, a limit or a figure
    ("en", "Please tell the chef about allergies."), ("fr", "Notre chef cuisine à vue, s'il vous plaît réservez."),
    ("en", "Please store the wine not below 8 degrees."), ("en", "Tables reserved for groups: please call."),
    ("en", "Gold: buying price £310, never under £300."), ("en", "Please keep the seedlings not under 5 degrees."),
    ("de", "Bitte den Leim nicht unter 10 Grad lagern."), ("en", "Trade price for members, trade counter open to all."),
    # labels that look like names
    ("en", "London – legal advice for tenants."), ("en", "Boston: draft beer and burgers."),
    ("en", "Warning: never below 5 degrees."), ("en", "Marco, our chef, cooks pasta."),
    ("de", "Köln: Entwurf und Bau von Möbeln."), ("de", "Hamburg – Marge und Gewinn im Griff."),
    ("en", "Office: check-in until ten, approved by the council."), ("it", "Torino: bozza di stampa in un'ora."),
    ("en", "Staff: two trainers for every group of six."), ("de", "Personal: zwei Trainer für jede Gruppe."),
    ("es", "Personal: dos monitores por grupo."), ("en", "Intern: a novel about a summer on a paper."),
    ("de", "Nur für Mitarbeiter: zwanzig Prozent auf Räder."), ("en", "Staff only: a fifth off all boots."),
    # phrases of notes, said to customers
    ("en", "Interior paint for internal use only."), ("en", "No sad faces at our parties."),
    ("en", "Draft 2 metres, length 12 metres."), ("en", "Never lead with your left: boxing for beginners."),
    ("en", "Ask Anna if a boat is free."), ("ja", "壁に書かないでください。"),
    ("es", "Esto hay que decirlo con flores."),
    # brackets
    ("en", "We restore portraits (Clients upload the photos on day one)."),
    ("en", "Membership (Members get the price of last year)."),
    ("en", "We make cards (Parents send a photo and a name)."),
    ("en", "Supper club (Guests take home a photo of the menu)."), ("en", "Our shop (( open daily )) sells wool."),
    ("en", "Framing (Artists keep the picture dry in our store)."),
    ("en", "Kennels (( Sundays too )) and a vet next door."),
])  # fmt: skip
def test_sentences_to_customers_are_kept_whole(language: str, text: str) -> None:
    assert [fact.text for fact in facts(text, language=language)] == [text]


@pytest.mark.parametrize("row", [
    "Bike with basket | 7 gears | Lights", "Golf cart | Horse cart | Rickshaw", "Cookies | Brownies | Muffins",
    "Wicker basket · handmade · free delivery", "Free parking · Wheelchair accessibility · Café",
    "Aufzug · Parkplatz · Barrierefreiheit", "Sepet | Bambu | El yapımı", "Dark chocolate cookies | €4.50 | box of 12",
    "Panier en osier | Deux anses | Doublé", "Privacy glass | Oak frame | Fitted", "Oak | Brass | Linen",
])  # fmt: skip
def test_a_row_of_features_that_shares_words_with_links_loses_none(row: str) -> None:
    parts = [part.strip() for part in row.replace("·", "|").split("|")]
    assert clean_name(row) == ", ".join(parts)
    assert sorted(fact.text for fact in facts(row)) == sorted(parts)


@pytest.mark.parametrize(("raw", "name"), [
    ("Wicker basket | Large", "Wicker basket, Large"), ("Cookies | Box of 12", "Cookies, Box of 12"),
    ("Privacy screen | Oak", "Privacy screen, Oak"), ("Golf cart · two seats", "Golf cart, two seats"),
    ("Staff: The Game", "Staff: The Game"), ("Personal: a diary", "Personal: a diary"), ("#wool #socks", "wool socks"),
    ("Draft 4 m sailing barge", "Draft 4 m sailing barge"),
])  # fmt: skip
def test_names_keep_words_that_pages_and_notes_have_as_well(raw: str, name: str) -> None:
    assert clean_name(raw) == name


@pytest.mark.parametrize("feature", [
    "Staff: 12 trained nurses", "Wheelchair accessibility", "Personal: two tutors", "Cookies on arrival",
    "Chef on board",
])  # fmt: skip
def test_single_features_keep_words_that_pages_and_notes_have_as_well(feature: str) -> None:
    assert [fact.text for fact in facts("", feature)] == [feature]


@pytest.mark.parametrize(("raw", "cleaned"), [
    ("Wool socks #warm #soft in three colours.", "Wool socks warm soft in three colours."),
    ("Felt hats. #felt #hats", "Felt hats."), ("#lamp #brass", "lamp brass"),
    ("Paints #aabbcc #ddeeff by the tin", "Paints #aabbcc #ddeeff by the tin"),
    ("Size #4 and #6 hooks", "Size #4 and #6 hooks"),
])  # fmt: skip
def test_hashtags_within_a_sentence_are_words(raw: str, cleaned: str) -> None:
    assert clean(raw) == cleaned


@pytest.mark.parametrize(("language", "line"), [
    ("en", "No reviews yet"), ("en", "★★★★★ Rated by 0 customers yet"), ("de", "Noch keine Bewertungen vorhanden"),
    ("es", "Aún no hay valoraciones"), ("fr", "Aucun avis pour le moment"), ("it", "Ancora nessuna recensione"),
    ("pt", "Seja o primeiro a avaliar este produto"), ("pl", "Brak opinii"), ("nl", "Nog geen beoordelingen"),
    ("en", "Customers who viewed this also viewed: Wall hook brass, Pendulum 30 cm"), ("en", "Forwarded many times"),
    ("en", "You might also like: Wall hook £4 · Glass cleaner £5.99"), ("de", "Wird oft zusammen gekauft mit: Haken"),
    ("es", "Los clientes también compraron: gancho 4 €"), ("fr", "Vous aimerez aussi : balancier 30 cm"),
    ("it", "Potrebbe interessarti anche: gancio 4 €"), ("pt", "Produtos relacionados: gancho"), ("pl", "Brak ocen"),
    ("pl", "Klienci kupili również: hak"), ("de", "Weitergeleitet"), ("pt", "Encaminhada com frequência"),
    ("en", "© 2023 Tick Ltd | Café open daily from 9"), ("en", "[Image: clock_v3.jpg] Clock on a white wall"),
    ("en", "[button]Get my quote[/button]"), ("de", "Button: Angebot holen"), ("en", "CLOCK SHOP LEEDS"),
    ("en", "Home | Prices | Areas | Van hire (soon) | Contact"), ("en", "clock mender near me"),
    ("en", "clock mender, clock repair, antique clock, clock shop, cheap clock"), ("de", "Oak clock repair kits"),
    ("en", "Sed ut perspiciatis unde omnis iste natus error"), ("en", "A: You hear it faintly."),
])  # fmt: skip
def test_remains_of_pages_and_messengers_are_no_facts(language: str, line: str) -> None:
    texts = {
        "en": "It runs for eight days.", "de": "Sie läuft acht Tage.", "es": "Funciona ocho días.",
        "fr": "Elle marche huit jours.", "it": "Va per otto giorni.", "pt": "Funciona oito dias.",
        "pl": "Chodzi osiem dni.", "nl": "Loopt acht dagen.",
    }  # fmt: skip
    said = texts[language]
    before = "Q: Is it loud?\n" if line.startswith("A:") else ""
    found = find_facts(ProductTexts(project="Tick", name="Clock shop", description=f"{said}\n{before}{line}"), language)
    assert [fact.text for fact in found] == [said]


def test_items_below_a_label_of_other_goods_are_dropped_and_sentences_kept() -> None:
    text = "It runs for eight days.\nRelated products\n- Pine clock\n* Hook £4\nHook £6\nOak from the next valley."
    assert {fact.text for fact in facts(text)} == {"It runs for eight days.", "Oak from the next valley."}


@pytest.mark.parametrize(("raw", "kept"), [
    ('Testimonial: "Best clock I ever had" – Ann B., Hull', '"Best clock I ever had" – Ann B., Hull'),
    ("Kundenstimme: „Läuft nie nach“ – Jörg M., Halle", "„Läuft nie nach“ – Jörg M., Halle"),
    ("Avis client : « Elle ne retarde jamais » – Odile P.", "« Elle ne retarde jamais » – Odile P."),
])  # fmt: skip
def test_a_quotation_with_its_name_is_proof_without_its_label(raw: str, kept: str) -> None:
    assert {fact.text: fact.role for fact in facts(raw)} == {kept: "proof"}


@pytest.mark.parametrize(("language", "note"), [
    ("en", "Lunch is included (ask Tina if it's still true)."), ("en", "Eight places (double check w/ Sam)."),
    ("en", "Five places a day, check with Rosa if that holds."), ("en", "Rob reckons it was 105 last year."),
    ("en", "Course £95 <<< old price?? Rob thinks 105."), ("de", "Material dabei – Chefin fragen, ob das noch stimmt."),
    ("de", "Acht Plätze (muss Rolf noch bestätigen)."), ("es", "Desde 14 años (por confirmar con el seguro)."),
    ("es", "Material incluido – preguntar a Luis si sigue."), ("fr", "Dès 14 ans (à voir avec l'assurance)."),
    ("it", "Pranzo incluso – chiedere a Gino se vale ancora."), ("pt", "Desde 14 anos (a confirmar com o seguro)."),
    ("pl", "Obiad w cenie – spytać Anię, czy aktualne."),
    ("en", "(for the web guy: don't use blue. Just write clocks.)"),
    ("fr", "Pour le graphiste – logo plus grand"), ("en", 'Just Kev to reword: "bring nothing but a smile"'),
    ("en", "The raffle is separate so don't mention it in the ads."),
])  # fmt: skip
def test_what_a_writer_leaves_to_be_checked_is_no_fact(language: str, note: str) -> None:
    said = {"en": "The course lasts two days.", "de": "Der Kurs dauert zwei Tage."}.get(language, "2026 · 14 kg")
    found = find_facts(ProductTexts(project="Tick", name="Kurs", description=f"{said}\n{note}"), language)
    assert all(fact.text == said or fact.text in said for fact in found)


def test_only_the_doubt_in_brackets_goes_where_something_else_is_said_there() -> None:
    found = facts("Requirements: 24 years (or 21 with the full test – check with Rosa), licence B.")
    assert [fact.text for fact in found] == ["Requirements: 24 years, licence B."]


@pytest.mark.parametrize("line", [
    "You check with Home Affairs, we give payslips.", "Safety check with written report £60",
    "Delivered 24 hours a day",
    "Ask Tina about her bees", "Photos: 40 edited pictures", "Frisch | regional | ohne Plastik",
])  # fmt: skip
def test_statements_that_look_like_notes_or_remains_stay(line: str) -> None:
    words = " ".join(fact.text for fact in facts(f"It runs for eight days.\n{line}"))
    assert line.split(" | ", maxsplit=1)[0].rstrip(".") in words


@pytest.mark.parametrize(("description", "price", "currency", "found", "beside"), [
    ("BOATS | HOURS | SEATS | PRICE\nCanoe | 3 | 2 | £28\nBarge | 3 | 4 | £36", "28.00", "GBP",
     "Canoe: 3 hours, 2 seats, £28", "Barge: 3 hours, 4 seats, £36"),
    ("Größe | Tage | Preis\nKlein | 7 | 149 €\nGroß | 7 | 239 €", "149.00", "EUR", "Klein: 7 tage, 149 €", "Groß"),
    ("FEES\n1st dog $45\n2nd dog $30", "45.00", "USD", "1st dog $45", "2nd dog"),
])  # fmt: skip
def test_the_row_with_the_products_price_has_what_it_is_for(
    description: str, price: str, currency: str, found: str, beside: str
) -> None:
    prices = {fact.text: fact for fact in facts(description, price=price, currency=currency)}
    assert prices[found].role == "price"
    assert all(fact.strength < prices[found].strength for said, fact in prices.items() if said.startswith(beside))


def test_the_products_price_stays_in_a_messy_text() -> None:
    text = "cotton / georgette Rs.250\nsilk / kanchi Rs.350\n" + "\n".join(f"pls chk col {n} -> u" for n in range(9))
    assert "cotton / georgette Rs.250" in {fact.text for fact in facts(text, price="250", currency="INR")}


@pytest.mark.parametrize(("language", "line"), [
    ("en", "Tractor rides cancelled this year."), ("en", "The sauna is closed until further notice."),
    ("en", "We no longer do cats."), ("en", "The web version is coming in autumn."), ("en", "Sold out."),
    ("de", "Die Abendtour wurde abgesagt."), ("fr", "La visite est annulée."), ("es", "La cena ha sido cancelada."),
    ("it", "La seconda edizione non si farà."), ("pt", "A oficina foi cancelada."),
    ("nl", "De rondleiding gaat niet door."),
])  # fmt: skip
def test_what_is_not_offered_any_more_is_no_fact(language: str, line: str) -> None:
    assert line not in {fact.text for fact in facts(f"Quokka 7 km.\n{line}", language=language)}


@pytest.mark.parametrize("line", [
    "Suspended from a brass rod.", "Cancelled bookings are refunded within 5 days.",
    "Last year's show sold out in 2 hours.",
    "Lamps coming from our own workshop.", "Closed on Mondays.",
])  # fmt: skip
def test_words_of_ending_that_end_nothing_are_kept(line: str) -> None:
    assert line in {fact.text for fact in facts(line)}


def test_a_thing_that_is_withdrawn_is_taken_out_of_what_was_said_before() -> None:
    found = facts("Bake bread with us. £85 per person including lunch.\nUpdate: lunch is no longer included from May.")
    assert "£85 per person" in {fact.text for fact in found}
    assert "lunch" not in selling(found)
    assert "rides" not in selling(
        facts("Tractor rides £2. Pick a pumpkin with us. Tractor rides are cancelled this year.")
    )


@pytest.mark.parametrize("note", [
    "The web version is in the works (do not mention yet!).", "A sauna by the lake, remove from ad.",
    "Die Sauna am See (noch nicht erwähnen).", "La sauna du lac (ne pas mentionner).",
])  # fmt: skip
def test_a_note_that_forbids_a_statement_takes_it_out(note: str) -> None:
    found = facts(f"Lake view from every bed.\n{note}")
    assert not any("sauna" in fact.text.casefold() or "web version" in fact.text for fact in found)


def test_a_greeting_is_no_part_of_the_sentence_behind_it() -> None:
    assert "We come to your home in our van." in {fact.text for fact in facts("Hi, we come to your home in our van.")}


@pytest.mark.parametrize("line", ["Menu Search Accessibility Sign in", "Loading", "Subject: FW: ad text"])
def test_remains_of_pages_and_letters_are_no_fact(line: str) -> None:
    assert is_no_statement(line)


def test_an_answer_that_names_what_it_prices_stands_without_its_question() -> None:
    found = facts("FAQ\nQ: How much is it? A: Initial assessment £70, follow-up £55.\nQ: Do I need a referral? A: No.")
    assert any(fact.role == "price" and fact.text.startswith("Initial assessment £70") for fact in found)


def test_fields_of_a_feed_and_bare_codes_are_no_facts() -> None:
    found = facts("price: 61.50 USD sale_price: 49.50 USD", "KX-T21-3B", "Raised lip")
    assert {fact.text for fact in found if fact.role != "condition"} == {"Raised lip"}
