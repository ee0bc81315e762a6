"""Cleaning of customers' texts, and their division into sentences."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.catalog.understanding.product_names import parted, without_codes, without_own_price, without_terms
from services.catalog.understanding.text import calm, calm_name, clean, clean_name, segments, shouting
from tests.support import calls_in


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("<p>Sturdy &amp; light.</p><ul><li>Two pockets</li><li>Zip</ul>", "Sturdy & light.\nTwo pockets\nZip"),
        ("&lt;p&gt;Oak&lt;/p&gt;&lt;p&gt;Ash&lt;/p&gt;", "Oak\nAsh"),
        ("4&amp;nbsp;m &ndash; 6&nbsp;m", "4 m – 6 m"),
        (
            "<table><tr><td>Weight</td><td>2 kg</td></tr><tr><td>A</td><td>B</td><td>C</td></tr>",
            "Weight: 2 kg\nA\nB\nC",
        ),
        ("We <3 dogs, a < b and c > d", "We <3 dogs, a < b and c > d"),
        ("A<!-- hidden -->B<script>var x = 1;</script><style>p {}</style>C", "A\nB\nC"),
        ("Broken <b>bold and <a href='x'>link", "Broken bold and link"),
        ("A 5% <b>bigger</b>boat", "A 5% biggerboat"),
    ],
)
def test_html_becomes_lines(raw: str, cleaned: str) -> None:
    assert clean(raw) == cleaned


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("𝗦𝗼𝗳𝘁 𝓬𝓸𝓽𝓽𝓸𝓷 Ⓑⓘⓖ ＷＩＤＥ", "Soft cotton Big WIDE"),
        ("🅽🅴🆆 ᴀʀʀɪᴠᴀʟ", "NEW arrival"),
        ("½ l, 20 m², Brand™, wait…", "½ l, 20 m², Brand™, wait…"),
        ("Se\u00adgel\u200bschule\ufeff \u202ade\u202c", "Segelschule de"),
        ("cafe\u0301", "café"),
        ("Itâ€™s a cafÃ©", "It’s a café"),
        ("« déjà\u00a0»", "« déjà »"),
        ("می‌خواهم", "می‌خواهم"),
        ("S̶a̶l̶e̶", "Sale"),
    ],
)
def test_letters_become_plain_and_prose_signs_stay(raw: str, cleaned: str) -> None:
    assert clean(raw) == cleaned


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("✅ Wifi ✅ Sauna", "Wifi\nSauna"),
        ("❌ pets 🚫 smoking", "✗ pets\n✗ smoking"),
        ("red; green; blue", "red\ngreen\nblue"),
        ("Sizes 8;10;12", "Sizes 8, 10, 12"),
        ("Open daily; dogs welcome.", "Open daily; dogs welcome."),
        ("Trim | wash | dry", "Trim\nwash\ndry"),
        ("wash // dry", "wash\ndry"),
        ("From 72 → 108 cm", "From 72 → 108 cm"),
        ("Really!!! Sure?! Yes??", "Really! Sure! Yes?"),
        ("**Bold** and *slanted*", "Bold and slanted"),
        ("# Title\n---\ntext", "Title\ntext"),
        ("Oak table\n\n\n   with   leaves", "Oak table\nwith leaves"),
    ],
)
def test_separators_become_line_ends(raw: str, cleaned: str) -> None:
    assert clean(raw) == cleaned


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("Wool socks\ngtin: 4012345678901\nshipping_weight: 0.2 kg", "Wool socks"),
        ("g:id=77 | g:description=Wool socks | g:availability=in_stock", "Wool socks"),
        ("g:sale_price=9.95 EUR", "sale price: 9.95 EUR"),
        ("SKU: A-1 condition: new availability: in stock", ""),
        ("Condition: good, one small scratch", "Condition: good, one small scratch"),
        ("ean 4000000000017", ""),
        ('{{ product.title }} Lamp {% if x %}[gallery ids="1"]', "Lamp"),
        ("Lamp %%badge%%", "Lamp"),
        ("Lorem ipsum dolor sit amet. Real lamp.", "Real lamp."),
        ("Warm light. [TODO: ask Sam for the lumen]", "Warm light."),
        ("Warm light. Internal note: cost is 4.10", "Warm light."),
        ("Glows for 9 hours. Cures colds (delete this, legal)", "Glows for 9 hours."),
        ("Power 9 W??? Dimmable.", "Dimmable."),
        ("Nicer than [competitor]. Solid oak.", "Solid oak."),
        ("Warm light (Kim add the logo).", "Warm light."),
        ("Soup for four (Simply add water). TODO INCLUIDO. Para uso interno.", None),
        ("Internal: 64 GB. Delete your account any time (you can delete it yourself).", None),
        ("Please check with your doctor before use.", None),
    ],
)
def test_feed_fields_template_marks_and_notes_are_dropped(raw: str, cleaned: str | None) -> None:
    assert clean(raw) == (raw if cleaned is None else cleaned)


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("See https://shop.example/a?utm_source=x&b=1.", "See\nhttps://shop.example/a?b=1"),
        ("Write to jo@shop.example", "Write to jo@shop.example"),
    ],
)
def test_addresses_stay_and_lose_tracking(raw: str, cleaned: str) -> None:
    assert clean(raw).rstrip(".\n") == cleaned


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        ("Approx. 4 m. No. 5 St. James.", ["Approx. 4 m.", "No. 5 St. James."]),
        ("Ideal z. B. für Kinder. Ab 1. Dezember geöffnet.", ["Ideal z. B. für Kinder.", "Ab 1. Dezember geöffnet."]),
        ("1. September bis 8. November", ["1. September bis 8. November"]),
        ("P. ej. el lunes. N.º 4.", ["P. ej. el lunes.", "N.º 4."]),
        ("Open 9.30 to 4.30. Closed at 1.5 bar.", ["Open 9.30 to 4.30.", "Closed at 1.5 bar."]),
        ("- one,\n• two;\n3) three", ["one", "two", "three"]),
        ("Départ avant 11 h. Accueil à 9 h.", ["Départ avant 11 h.", "Accueil à 9 h."]),
        ("静かです。軽いです。", ["静かです。", "軽いです。"]),
        ("  ", []),
    ],
)
def test_segments_are_sentences_and_items(raw: str, found: list[str]) -> None:
    assert segments(raw) == found


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("✨𝓞𝓪𝓴 lamp✨ small | warm | dim", "Oak lamp, small, warm, dim"),
        ("BIG SALE!!! Lamp", "BIG SALE! Lamp"),
        ("<b>Lamp</b>\n&quot;Moon&quot;", 'Lamp "Moon"'),
        ("Loan – copy from page pls shorten!!", "Loan"),
        ("SPRING SALE!! coats", "SPRING SALE coats"),
        ("NIPPER 3 wheel trike!!! (the blue one)", "NIPPER 3 wheel trike"),
        ("Trike (the folding model)", "Trike (the folding model)"),
    ],
)
def test_name_is_one_line(raw: str, name: str) -> None:
    assert clean_name(raw) == name


@pytest.mark.parametrize(
    ("text", "calmed"),
    [
        ("WE DELIVER TO YOUR DOOR IN THE UK", "We deliver to your door in the UK"),
        ("Our LED lamp has a USB port", "Our LED lamp has a USB port"),
        ("Dogs are NOT allowed", "Dogs are not allowed"),
        ("MODEL XK-40 WITH GPS", "Model XK-40 with GPS"),
    ],
)
def test_shouted_words_are_lowered_and_acronyms_kept(text: str, calmed: str) -> None:
    assert calm(text) == calmed


def test_shouting_is_told_from_acronyms() -> None:
    assert shouting("BUY OUR LAMPS TODAY")
    assert not shouting("A lamp with USB and GPS")


PIECES = st.sampled_from(
    [
        "<p>",
        "</li>",
        "&amp;",
        "&amp;nbsp;",
        "a",
        "A. ",
        "1.",
        ";",
        " | ",
        "**",
        "(",
        "[x]",
        "gtin: 1",
        "é",
        "Ã©",
        "✅",
        "❌",
        "\n",
        "??",
        "𝗕",
        "..",
        " ",
    ]
)


@given(st.one_of(st.text(max_size=200), st.lists(PIECES, max_size=30).map("".join)))
@settings(max_examples=300, deadline=None)
def test_cleaning_twice_changes_nothing(raw: str) -> None:
    cleaned = clean(raw)
    assert clean(cleaned) == cleaned
    segments(raw)
    clean_name(raw)
    calm(raw)


@pytest.mark.parametrize(
    "unit",
    [
        "<",
        '<a "',
        "[",
        "{{",
        "<!--",
        "&amp;",
        "(",
        "*",
        "* a",
        ";",
        ". ",
        "<script>",
        "Ã",
        "a@",
        " ",
        "\n",
        "<td>",
        "http://",
        "no ",
        ".",
        "1",
        "!",
        "🌱",
    ],
)
def test_hostile_text_takes_linear_work(unit: str) -> None:
    short, long = ((unit * 8_000)[:length] + "x" for length in (4_000, 8_000))
    assert calls_in(lambda: segments(long)) <= 2.5 * calls_in(lambda: segments(short)) + 500


@pytest.mark.parametrize("line", [
    "INTERN: Aktion nur bis 31.08., danach im Shop umstellen!", "Internal note: ask before use",
    "Home > Bins > Bulky waste", "Startseite » Holz » Buche",
])  # fmt: skip
def test_lines_to_colleagues_and_breadcrumbs_are_dropped(line: str) -> None:
    assert clean(f"Made of oak.\n{line}\nTwo drawers.") == "Made of oak.\nTwo drawers."


def test_last_crumb_stays_where_words_follow_it() -> None:
    raw = "Home » Fishing » Rods & Reels » Fly rods: four pieces, with a tube.\nHome > Bait"
    assert clean(raw).split("\n") == ["Fly rods: four pieces, with a tube.", "Home > Bait"]


def test_a_message_in_brackets_is_dropped_and_a_remark_stays() -> None:
    assert clean("Made of oak (Paula: take the slogan out, remove it).") == "Made of oak."
    assert clean("Made of oak (Size: medium).") == "Made of oak (Size: medium)."


def test_a_range_of_german_dates_is_one_sentence() -> None:
    assert segments("Theorie in 7 Tagen, 4.-12. August. Start um neun.") == [
        "Theorie in 7 Tagen, 4.-12. August.",
        "Start um neun.",
    ]


@pytest.mark.parametrize("text", [
    "Our services:\n» Repairs in a day\n» Only by appointment", "Order today > Ships tomorrow > Free returns",
    "Interno: pelle. Consegna gratuita in tutta Italia.", "Internal dimensions: W 40 cm, H 30 cm. Free delivery.",
    "Cake (Delivery: add £5)", "Tent (Colour: change without notice)", "We do not write off old bikes. Nice shop.",
])  # fmt: skip
def test_what_looks_like_a_note_and_is_none_is_kept(text: str) -> None:
    kept = clean(text)
    for word in text.replace("»", " ").split():
        assert word.strip("():.,") in kept, kept


def test_full_stops_of_abbreviations_and_ordinals_end_no_sentence() -> None:
    marked = tomllib.loads((Path(__file__).parent / "data" / "sentences.toml").read_text(encoding="utf-8"))
    texts = [text for group in marked.values() for text in group]
    wrong = {
        text: found
        for text in texts
        if (found := segments(text.replace("¦", ""))) != [part.strip() for part in text.split("¦")]
    }
    assert len(texts) >= 150
    assert wrong == {}


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("PAGA 3 Y LLEVA 4 EN TODO EL TALLER", "Paga 3 y lleva 4 en todo el taller"),
        ("CARS AND SMALL VANS UP TO 3000KG", "Cars and small vans up to 3000KG"),
        ("TESTED TO AS/NZS 4766 AND EN 853", "Tested to AS/NZS 4766 and EN 853"),
    ],
)
def test_shouted_words_before_numbers_are_calmed(raw: str, said: str) -> None:
    assert calm(raw) == said


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("FWD: Re: Dogs for the page", "Dogs for the page"),
        ("WG: Sommerkurs", "Sommerkurs"),
        ("Re:Think lamp", "Re:Think lamp"),
    ],
)
def test_a_name_loses_what_its_mail_was(raw: str, name: str) -> None:
    assert clean_name(raw) == name


def test_marks_of_wide_signs_stay_wide() -> None:
    assert clean("曬足一百八十天，下缸（手工）") == "曬足一百八十天，下缸（手工）"
    assert clean("ＳＡＬＥ，now") == "SALE,now"


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("Drain pump ref. TB-PV-0417 (refurb) fits LVE28", "Drain pump"),
        ("Abstract art B4-7 wall print", "Abstract art B4-7 wall print"),
        ("Garden item 10-12 inch kite", "Garden item 10-12 inch kite"),
        ("Crank arm art. no. 5521", "Crank arm"),
        ("Crank arm - ref: KA-5521", "Crank arm"),
        ("Small digger, dry (+ trailer) v3 FINAL FINAL", "Small digger, dry (+ trailer)"),
        ("Pool service - fortnightly updated JULY v3 FINAL", "Pool service - fortnightly"),
        ("Night room - copy v2 DRAFT", "Night room"),
        ("QRT-7714-B | Slate tiles, boxed", "Slate tiles, boxed"),
        ("QRT-7714-B, Slate tiles, boxed", "Slate tiles, boxed"),
        ("Hard copy V2 scanner", "Hard copy V2 scanner"),
        ("Lamp repair (DRAFT)", "Lamp repair"),
        ("Disco package, (evening)", "Disco package (evening)"),
        ("The Cup Final", "The Cup Final"),
        ("Threadpath Studio 4", "Threadpath Studio 4"),
        ("RB-BLK-1200x1600-GRY | Roller blind grey", "Roller blind grey"),
        ("KX-88210-BL Compat. Ribbon Set", "Compat. Ribbon Set"),
        ("LISTING 3310, 4 Hill Road", "4 Hill Road"),
        ("Lot 12, Hill Road", "Lot 12, Hill Road"),
    ],
)
def test_a_name_loses_article_numbers_drafts_and_versions(name: str, kept: str) -> None:
    assert without_codes(name) == kept


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("From $5 – price list on wall", "From $5"),
        ("Bench, 6 foot (or 8 ft ask)", "Bench, 6 foot"),
        ("Menu on the board. Open daily.", "Open daily."),
        ("Preise ab 5 € (siehe Aushang)", "Preise ab 5 €"),
        ("Tarifs affichés en vitrine", ""),
        ("Precios en la pizarra", ""),
        ("Ask us about delivery", "Ask us about delivery"),
        ("Full price list on our website", "Full price list on our website"),
    ],
)
def test_notes_on_where_to_look_in_a_shop_are_dropped(raw: str, cleaned: str) -> None:
    assert clean(raw) == cleaned


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("Roller shutters!!! $995 FITTED", "Roller shutters"),
        ("Pizza van 4 ur party **40 people minimum**", "Pizza van 4 ur party"),
        ("Key cutting, FROM $4 (most locks)", "Key cutting"),
        ("Costume hire - pirates / gowns (no!! not gowns)", "Costume hire"),
        ("Camp Alder, ages 7 to 12", "Camp Alder, ages 7 to 12"),
        ("Full check, 30 minutes", "Full check, 30 minutes"),
        ("Saver loan £1,000", "Saver loan £1,000"),
    ],
)
def test_price_and_least_number_behind_a_name_are_no_name(name: str, kept: str) -> None:
    assert without_terms(clean_name(parted(name)), "en") == kept


@pytest.mark.parametrize(
    ("name", "price", "kept"),
    [
        ("HULL CLEANING $120", "120.00", "HULL CLEANING"),
        ("HULL CLEANING $120", "140", "HULL CLEANING $120"),
        ("HULL CLEANING from $120", "", "HULL CLEANING from $120"),
        ("Menu €12", "12", "Menu €12"),
    ],
)
def test_the_products_own_price_at_its_end_is_no_part_of_a_name(name: str, price: str, kept: str) -> None:
    assert without_own_price(name, price) == kept


@pytest.mark.parametrize(
    ("name", "calmed"),
    [
        ("FULL CAR CERAMIC TINT", "Full Car Ceramic Tint"),
        ("THE BIG HERON – DRY HIRE", "The Big Heron – Dry Hire"),
        ("LED STRIP WITH USB PLUG", "LED Strip with USB Plug"),
        ("Kiln SNX 900", "Kiln SNX 900"),
    ],
)
def test_short_words_of_a_shouted_name_are_words_unless_they_are_known_acronyms(name: str, calmed: str) -> None:
    assert calm_name(name) == calmed


@pytest.mark.parametrize(
    ("text", "calmed"),
    [
        (
            "Ask for details of the offer. YOUR SHOP MAY BE SOLD IF YOU DO NOT KEEP UP PAYMENTS. We are here to help.",
            "Ask for details of the offer. Your shop may be sold if you do not keep up payments. We are here to help.",
        ),
        (
            "Cash and all cards, from the first of May ON NO ACCOUNT cheques.",
            "Cash and all cards, from the first of May on no account cheques.",
        ),
        ("A course by the RSPB, NHS, TUC and others who know.", "A course by the RSPB, NHS, TUC and others who know."),
    ],
)
def test_short_words_of_a_shouted_phrase_are_calmed_with_the_long_ones(text: str, calmed: str) -> None:
    assert calm(text) == calmed


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("Gutter repairs v2 FINAL", "Gutter repairs"),
        ("Bulk compost - ad copy v3 FINAL", "Bulk compost"),
        ("Sofa clearance UPDATED MAY", "Sofa clearance"),
        ("Winter boots (new price)", "Winter boots"),
        ("Alfombras de lana - precio nuevo", "Alfombras de lana"),
        ("Brand new", "Brand new"),
        ("Version 2", "Version 2"),
        ("NEW", "NEW"),
    ],
)
def test_name_loses_what_its_writer_says_of_the_text(raw: str, name: str) -> None:
    assert clean_name(raw) == name
