"""Line breaking of headlines, and texts with very long words."""

from __future__ import annotations

import itertools
import unicodedata
from dataclasses import replace
from typing import Any

import pytest

from services.image.domain import AspectRatio, Style, Subject
from services.image.providers.local.ad_text import is_noted, short_name, with_price_of_line, wording
from services.image.providers.local.composer import compose
from services.image.providers.local.geometry import Box
from services.image.providers.local.line_breaking import lines_of, parts_date, pieces_of
from services.image.providers.local.ornaments import figure_of
from services.image.providers.local.prices import amount_and_rest, price_parts, price_text
from services.image.providers.local.text_column import Align, Request, Role, Stack, TypeLook
from services.image.providers.local.text_places import PRICE_APART
from services.image.providers.local.text_rows import stretched_block
from services.image.providers.local.textstack import AMOUNT_SHARE, SMALLEST_TEXT, solve
from services.image.providers.local.typesetting import Writing, fit
from services.media import model_files
from services.media.hyphenation import division_points
from services.media.text_shaping import Face, shape
from services.media.writing_systems import clean_text
from tests.image.briefs import RATIOS, STYLES_AND_RATIOS, brief

FACE = Face(family="Inter", weight=800)
WORDED = "$49 each, post free"  # a price that never takes the headline's place


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("This is Aurora Bottle", ["This is", "Aurora Bottle"]),
        ("Slow mornings, properly poured.", ["Slow mornings,", "properly poured."]),
        ("Everything you need for the road", ["Everything you", "need for the road"]),
        ("Now also for 49,90 € in store", ["Now also", "for 49,90 € in store"]),
    ],
)
def test_lines_are_balanced_and_avoid_trailing_articles(text: str, lines: list[str]) -> None:
    block = fit(
        text, FACE, box_width=950, box_height=300, largest=105, smallest=60, line_height=1.1, most_lines=2
    )  # fmt: skip
    assert [line.text for line in block.lines] == lines


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("One cable. You already own it.", ["One cable.", "You already own it."]),
        ("Carry less. Better.", ["Carry less. Better."]),
        ("Everything you need. Nothing that you do not.", ["Everything you need.", "Nothing that", "you do not."]),
    ],
)
def test_sentence_starts_new_line_if_no_extra_line_is_needed(text: str, lines: list[str]) -> None:
    block = fit(text, FACE, box_width=900, box_height=400, largest=90, smallest=90, line_height=1.1, most_lines=4)
    assert [line.text for line in block.lines] == lines


@pytest.mark.parametrize("width", [300, 420, 560, 700])
def test_no_line_of_a_list_starts_or_ends_with_a_dot(width: float) -> None:
    text = "Cleans itself · Keeps water fresh for 24 hours · Charges over USB-C"
    block = fit(text, FACE, box_width=width, box_height=400, largest=30, smallest=20, line_height=1.1, most_lines=4)
    lines = [line.text for line in block.lines]
    assert not any(line.strip("· ") != line for line in lines)
    assert sorted(" ".join(lines).replace("·", "").split()) == sorted(text.replace("·", "").split())
    if width >= 560:
        assert set(" · ".join(lines).split(" · ")) == set(text.split(" · "))


@pytest.mark.parametrize(
    ("language", "text", "lines"),
    [
        ("ja", "新鮮な珈琲豆をご自宅まで", ["新鮮な珈琲豆を", "ご自宅まで"]),
        ("zh", "每周新鲜烘焙咖啡豆", ["每周新鲜", "烘焙咖啡豆"]),
        ("th", "กาแฟคั่วสดส่งถึงบ้าน", ["กาแฟคั่วสด", "ส่งถึงบ้าน"]),
        ("ko", "오늘만 전 품목 할인", ["오늘만", "전 품목 할인"]),
    ],
)
def test_lines_end_between_words_in_languages_without_spaces(language: str, text: str, lines: list[str]) -> None:
    block = fit(
        text,
        FACE,
        box_width=660,
        box_height=400,
        largest=90,
        smallest=90,
        line_height=1.1,
        most_lines=3,
        writing=Writing(language=language),
    )
    assert [line.text for line in block.lines] == lines


def test_right_to_left_line_is_shaped_from_the_right() -> None:
    joined, apart = shape("بيت", FACE, 100), [shape(letter, FACE, 100) for letter in "بيت"]
    alone = {glyph for letter in apart for glyph in letter.glyphs}  # the dots are glyphs of their own
    assert len(set(joined.glyphs) - alone) == 3  # each letter has the form that joins its neighbour
    mixed = shape("خصم 20", FACE, 100)
    turned = shape("20 خصم", FACE, 100, right_to_left=False)
    assert mixed.runs[0].glyphs[:2] == turned.runs[0].glyphs[:2]  # figures are seen on the left, from left to right


@pytest.mark.parametrize(
    ("word", "language", "given", "parts"),
    [
        ("Kraftfahrzeughaftpflichtversicherung", "de", "", "Kraft fahr zeug haft pflicht ver si che rung"),
        ("Segelfliegerschule", "xx", "Segel\u00adflieger\u00adschule", "Segel flieger schule"),
        ("Segelfliegerschule", "xx", "", "Segelfliegerschule"),
    ],
)
def test_words_are_divided_by_their_language_or_at_given_places(
    word: str, language: str, given: str, parts: str
) -> None:
    if language == "de" and not model_files.is_fetched(model_files.HYPHENATION_GERMAN):
        pytest.skip("the German patterns are not fetched")
    places = [0, *division_points(word, language, given), len(word)]
    assert set(places[1:-1]) <= set(itertools.accumulate(len(part) for part in parts.split()))
    assert (len(places) > 2) == (" " in parts)


@pytest.mark.parametrize(
    ("price", "currency", "language", "text"),
    [
        ("129999", "INR", "en", "₹1,29,999"),
        ("49.9", "PLN", "en", "49,90 zł"),
        ("12990", "SEK", "", "12 990 kr"),
        ("1290.50", "JPY", "ja", "¥1,290.50"),
        ("12.5", "CLP", "es", "$12,50"),
        ("12.5", "CLP", "en", "CLP 12,50"),
        ("150.000", "VND", "vi", "150.000 ₫"),
        ("0.004", "USD", "en", "$0.004"),
        ("0,999", "EUR", "de", "0,999 €"),
        ("1299", "AUD", "en", "A$1,299"),
        ("1299", "CAD", "de", "CA$1,299"),
        ("99", "CAD", "fr", "99 $"),
        ("99.90", "MXN", "en", "MX$99.90"),
        ("99.90", "MXN", "es", "$99.90"),
        ("9" * 40, "USD", "en", "9" * 40),
        ("48500", "KRW", "ko", "₩48,500"),
        ("385000", "GBP", "", "£385,000"),
        ("29.9", "EUR", "de", "29,90 €"),
        ("1,299.00", "EUR", "en", "€1,299"),
        ("from $49", "USD", "en", "from $49"),
        ("0", "EUR", "", ""),
    ],
)
def test_prices_are_written_as_in_the_currencys_country(price: str, currency: str, language: str, text: str) -> None:
    assert price_text(price, currency, language).replace("\u00a0", " ") == text


def test_price_and_old_price_have_equal_decimals_and_nothing_is_struck_beside_no_price() -> None:
    both = wording(brief(price="49", old_price="59.99", currency="USD"), {})
    assert (both.price, both.old_price) == ("$49.00", "$59.99")
    free = wording(brief(price="0", old_price="59.99", currency="USD"), {})
    assert (free.price, free.old_price) == ("", "")


def _turned(**fields: Any) -> Stack:
    """The texts of a Hebrew ad with a list, solved in a plain box."""
    words = wording(brief(subject=Subject(language="he"), benefits=("קפה טרי", "משלוח חינם"), **fields), {})
    face = Face(family="Inter", weight=700)
    look = TypeLook(headline=face, text=face, strong=face)
    box = Box(80, 80, 1000, 1000)
    return solve(Request(wording=words, look=look, box=box, align=Align.LEFT, unit=8, spread=False))


@pytest.mark.parametrize("headline", ["קפה טרי בכל בוקר", "USB-C לכל מכשיר", "4.8/5"])
def test_direction_is_that_of_the_language(headline: str) -> None:
    stack = _turned(headline=headline)
    assert stack.right_to_left
    found = stack.of(Role.BENEFITS)
    assert found is not None
    assert found.marks_on_right
    assert found.box.right + found.indent == pytest.approx(1000, abs=1)  # the marks end at the column's right edge


def test_latin_ad_is_read_from_the_left() -> None:
    words = wording(brief(headline="קפה", subject=Subject(language="en")), {})
    assert words.right_to_left  # no letter of the language is there
    assert not wording(brief(headline="4.8/5", product_name="Coffee"), {}).right_to_left


def test_signs_that_are_not_seen_are_printed_nowhere() -> None:
    name = "Zürich\u00adsee Segel\u200bschule Cafe\u0301 4&nbsp;you \u202eabc"
    made = compose(brief("unknown", product_name=name, brand_name=name, headline=name), photo=None)
    texts = [made.alt_text, *(text.text for text in made.proof.texts)]
    assert all("Zürichsee Segelschule Café 4\u00a0you abc" in text for text in texts[:1])
    assert not any(unicodedata.category(sign) in ("Cf", "Mn") for text in texts for sign in text)


@pytest.mark.parametrize("style", [Style.LIFESTYLE, Style.PRODUCT_HERO, Style.BOLD, Style.SEASONAL])
@pytest.mark.parametrize("seed", ["1", "2", "3"])
def test_headline_shrinks_before_sentences_are_split(style: Style, seed: str) -> None:
    made = compose(brief("watch", style=style, seed=seed), photo=None)
    headline = next(text for text in made.proof.texts if text.role is Role.HEADLINE)
    lines = [line.text for line in headline.block.lines]
    assert not any(". " in line for line in lines) or len(lines) == 1, lines


class TestLongWords:
    """Texts without space are left out by priority; a long word displaces no other text."""

    @pytest.mark.parametrize(("style", "ratio"), STYLES_AND_RATIOS)
    def test_long_brand_name_displaces_no_other_text(self, style: Style, ratio: AspectRatio) -> None:
        name = "The Wolkenkuckucksheim Company of Bottle Makers, Glass Blowers and Purveyors of Fine Drinking Water"
        made = compose(brief("bottle", style=style, aspect_ratio=ratio, brand_name=name, price=WORDED), photo=None)
        roles = {text.role for text in made.proof.texts}
        assert {Role.EYEBROW, Role.SUBLINE, Role.PRICE} <= roles

    @pytest.mark.parametrize("ratio", RATIOS)
    def test_word_wider_than_its_line_is_broken(self, ratio: AspectRatio) -> None:
        word = "Donaudampfschifffahrtsgesellschaftskapitänsmütze"
        language = Subject(confidence="not_known", language="de")
        made = compose(
            brief(
                "bottle", aspect_ratio=ratio, headline=f"{word} today", price=WORDED, style=Style.BOLD, subject=language
            ),
            photo=None,
        )
        texts = {text.role: text for text in made.proof.texts}
        headline = texts[Role.HEADLINE].block
        assert headline.broken
        assert headline.complete
        assert sum(line.text.endswith("-") for line in headline.lines) <= 2
        drawn = "".join(line.text for line in headline.lines).replace("-", "").replace(" ", "")
        assert drawn.casefold() == f"{word}today".casefold()
        assert {Role.SUBLINE, Role.PRICE, Role.CALL_TO_ACTION} <= set(texts)
        assert any("had to be broken" in note for note in made.notes)

    def test_only_text_without_space_is_left_out_with_note(self) -> None:
        face = Face(family="Inter", weight=700)
        stack = solve(
            Request(
                wording=wording(brief("bottle", price=WORDED), {}),
                look=TypeLook(headline=face, text=face, strong=face),
                box=Box(0, 0, 420, 360),
                align=Align.LEFT,
                unit=8,
                spread=False,
            )
        )
        assert stack.of(Role.HEADLINE)
        assert stack.of(Role.CALL_TO_ACTION)
        left_out = [role for role in (Role.EYEBROW, Role.SUBLINE, Role.PRICE) if not stack.of(role)]
        assert 0 < len(left_out) < 3
        for role in left_out:
            assert any(f"no room for the {role.value.replace('_', ' ')}" in note for note in stack.notes)


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ("Larch Stool (copy from last year, shorten)", "Larch Stool"),
        ("LARCH STOOL *** UPDATE PRICE *** ", "LARCH STOOL"),
        ("Larch Stool – three-legged, oiled, for kitchens and baths", "Larch Stool"),
        ("Tischler (m/w/d)", "Tischler (m/w/d)"),
        ("Larch Stool, oiled", "Larch Stool, oiled"),
        ("Loan £1,000–£7,500", "Loan £1,000–£7,500"),
        ("(all of it is a remark)", "(all of it is a remark)"),
        ("Larch Stool Oiled 450MM X 300MM Round Seat Kitchen Bath Garden", "Larch Stool Oiled"),
    ],
)
def test_line_above_the_headline_is_what_a_name_says_first(name: str, printed: str) -> None:
    words = wording(brief(product_name=name, headline="Sit well", brand_name="Holm"), {})
    assert words.eyebrow == printed
    assert words.product_name == clean_text(name)


@pytest.mark.parametrize(
    ("headline", "printed"),
    [
        ("LS-450-OAK: three oiled legs", "Three oiled legs"),
        ("PROM nights diff price call us", "Larch Stool"),
        ("Oak: three oiled legs", "Oak: three oiled legs"),
    ],
)
def test_headline_is_no_code_and_no_chat(headline: str, printed: str) -> None:
    request = brief(product_name="Larch Stool", headline=headline, brand_name="Holm")
    assert wording(request, {}).headline == printed
    assert wording(replace(request, given=frozenset({"headline"})), {}).headline == headline


class TestPrices:
    @pytest.mark.parametrize(
        ("price", "parts"),
        [
            ("£118, or £98 each when you buy two", ("£118", "or £98 each when you buy two")),
            ("€ 1.349,-, vergelijkbaar nieuw circa € 2.700", ("€ 1.349,-", "vergelijkbaar nieuw circa € 2.700")),
            ("From $149/month billed annually", ("From $149/month", "billed annually")),
            ("16,50 € la nuit à deux", ("16,50 €", "la nuit à deux")),
            ("$149 2 car driveway", ("$149", "2 car driveway")),
            ("$1 299 per month", None),  # one figure
            ("£1,000–£7,500 over 12–60 months", None),  # a range is one thing
            ("1 bed from $1,385, 2 bed from $1,740", None),
            ("A cremation without a service costs £1,290", None),
        ],
    )
    def test_amount_that_begins_a_price_is_found(self, price: str, parts: tuple[str, str] | None) -> None:
        assert amount_and_rest(price) == parts

    @pytest.mark.parametrize(
        ("price", "parts"),
        [
            ("The 8 kg paper sack is €17.50", ("The 8 kg paper sack is", "€17.50", "")),
            ("Le tarif est de 240 € pour douze séances", ("Le tarif est de", "240 €", "pour douze séances")),
            ("from 1 299 kr per month", ("from", "1 299 kr", "per month")),
            ("61p of every £1 to the hospice", None),
            ("1 bed from $1,385, 2 bed from $1,740", None),
        ],
    )
    def test_amount_within_a_price_is_found(self, price: str, parts: tuple[str, str, str] | None) -> None:
        assert price_parts(price) == parts

    def test_sub_line_that_says_the_price_is_set_as_one(self) -> None:
        eggs = wording(brief("unknown", price=None, subline="Half a dozen £2."), {})
        priced = with_price_of_line(eggs, "good")
        assert (priced.price, priced.subline) == ("Half a dozen £2", "")
        assert with_price_of_line(eggs, "job") == eggs
        for line in (
            "From £2. Over 16s only.",
            "£165 on weekdays and £210 on Sundays",
            "Open until six",
            "We also take the old one away for £20",
        ):
            kept = replace(eggs, subline=line)
            assert with_price_of_line(kept, "good") == kept

    @pytest.mark.parametrize("price", ["£58 first chimney, £45 each extra", "$4.25 a litre", "68"])
    @pytest.mark.parametrize("style", [Style.BOLD, Style.MINIMAL])
    def test_price_is_the_second_largest_text_at_least(self, style: Style, price: str) -> None:
        made = compose(
            brief("unknown", style=style, price=price, currency="GBP", subline="Smoke test included"), photo=None
        )
        sizes = {text.role: max(line.size for line in text.block.lines) for text in made.proof.texts}
        price_size = sizes.pop(Role.PRICE, None) or sizes[Role.HEADLINE]  # a figure may lead
        assert price_size > max(size for role, size in sizes.items() if role is not Role.HEADLINE)

    def test_rest_of_a_price_stays_legible_below_its_amount(self) -> None:
        made = compose(brief("unknown", price="£58 first chimney, £45 each extra"), photo=None)
        (price,) = (text for text in made.proof.texts if text.role is Role.PRICE)
        first, *rest = price.block.lines
        assert first.text == "£58"
        assert " ".join(line.text for line in rest) == "first chimney, £45 each extra"
        assert all(SMALLEST_TEXT * 8 <= line.size < first.size / 1.5 for line in rest)

    def test_figure_may_lead_a_picture_of_type(self) -> None:
        headlines: set[str] = set()
        for number in range(40):
            made = compose(brief("unknown", price="68", currency="USD", seed=str(number)), photo=None)
            headlines.add(next(text.text for text in made.proof.texts if text.role is Role.HEADLINE))
            if "$68" in headlines and len(headlines) > 1:
                return
        raise AssertionError(f"the price leads no picture of 40, or each: {headlines}")


class TestFiguresInLines:
    @pytest.mark.parametrize(
        ("text", "limit", "torn"),
        [
            ("Borrow over 12–60 months", 16, "12–"),
            ("Repairs free for 5 years", 19, "5"),
            ("A mile from the pier", 12, "the"),
        ],
    )
    def test_no_line_ends_within_a_range_or_after_a_figure_or_article(self, text: str, limit: int, torn: str) -> None:
        lines = lines_of(pieces_of(text, "en"), len, limit, most_lines=4, language="en")
        assert lines is not None
        assert len(lines) > 1
        assert not any(line.endswith(torn) for line in lines[:-1])


@pytest.mark.parametrize(
    "text", ["Hiiii, I am Jo", "Sell ur bike", "Works??", "<b>New</b>", "Guards refitted +$40", "NULL", "n/a"]
)
def test_notes_and_chat_are_not_printed(text: str) -> None:
    assert is_noted(text, "en")
    made = wording(brief(headline="Oak bench", subline=text, benefits=(text, "Oak from Kent")), {})
    assert (made.subline, made.benefits) == ("", ("Oak from Kent",))


@pytest.mark.parametrize(
    "text", ["Free delivery!", "Mind the gap?", "R&D tax relief", "Cool off in the pool", "+49 30 12"]
)
def test_plain_lines_are_printed(text: str) -> None:
    assert not is_noted(text, "en")
    assert not is_noted("Nu ook voor u", "nl")


def test_names_are_printed_without_former_ones_and_search_words() -> None:
    assert wording(brief(brand_name="Oakley Removals (trading as Oakley Bros Ltd)"), {}).brand == "Oakley Removals"
    listing = "OX-12 Bench Grinder 150mm Twin Wheel Workshop Sharpener 240V Quiet?? Motor New Boxed"
    assert short_name(listing, "bench grinder") == "Bench grinder"


@pytest.mark.parametrize(
    ("text", "language", "torn"),
    [
        ("Baleias em 186 de 203 viagens do ano", "pt", ("186|de", "186 de|203")),
        ("Trained for 150 hours and more", "en", ("150|hours",)),
        ("Booked for 4 of 5 Saturdays in June", "en", ("4|of", "of|5")),
        ("Innlevert før 1. mars: ferdig til 17. mai", "nb", ("1.|mars", "17.|mai")),
    ],
)
def test_no_figure_is_parted_from_what_it_counts(text: str, language: str, torn: tuple[str, ...]) -> None:
    for width in range(540, 900, 40):
        block = fit(
            text, FACE, box_width=width, box_height=900, largest=60, smallest=60, line_height=1.1, most_lines=6,
            writing=Writing(language=language),
        )  # fmt: skip
        set_text = "|".join(line.text for line in block.lines)
        assert not any(part in set_text for part in torn), set_text


def test_joiner_alone_is_not_the_largest_line() -> None:
    face = replace(FACE, language="en")
    block = fit(
        "TONNES WITH WEEK", face, box_width=300, box_height=900, largest=60, smallest=60, line_height=1.0, most_lines=6
    )
    assert [line.text for line in block.lines] == ["TONNES", "WITH", "WEEK"]
    sizes = {line.text: line.size for line in stretched_block(block, 900.0, 4.0)[0].lines}
    assert sizes["WITH"] <= min(sizes["TONNES"], sizes["WEEK"])
    assert sizes["WEEK"] > sizes["TONNES"]  # a short word that says something fills its line


def test_price_stands_apart_from_the_button_beside_it() -> None:
    words = replace(wording(brief(price="$92"), {}), price="$92", subline="", call_to_action="Shop")
    look = TypeLook(headline=FACE, text=FACE, strong=FACE)
    box = Box(0, 0, 900, 900)
    stack = solve(Request(wording=words, look=look, box=box, align=Align.LEFT, unit=8, spread=True))
    button, price = stack.of(Role.CALL_TO_ACTION), stack.of(Role.PRICE)
    assert button is not None
    assert button.plate is not None
    assert price is not None
    assert price.box.left - button.plate.right >= PRICE_APART * 8 - 1 >= 50


def _poster(headline: str, box: Box, **changes: Any) -> Stack:
    words = replace(wording(brief("bottle", headline=headline), {}), **({"price": "", "subline": ""} | changes))
    look = TypeLook(headline=FACE, text=FACE, strong=FACE, headline_largest=30.0)
    return solve(Request(wording=words, look=look, box=box, align=Align.LEFT, unit=8, spread=True, is_poster=True))


def test_name_of_the_product_stands_on_the_senders_line_where_it_has_room() -> None:
    named = {"brand": "Aurora", "eyebrow": "Steel bottle"}
    long = "Cold for a day and a night, and warm for half a day on the way home from the hills"
    for headline, width, on_one_line in ((long, 900, True), (long, 420, False), ("Cold for a day", 900, False)):
        stack = _poster(headline, Box(0, 0, width, 420 if on_one_line else 900), **named)
        brand, eyebrow = stack.of(Role.BRAND), stack.of(Role.EYEBROW)
        assert brand is not None
        assert eyebrow is not None
        assert (eyebrow.pens[0][1] == brand.pens[0][1]) is on_one_line
        if on_one_line:
            assert eyebrow.box.right == pytest.approx(width, abs=1)


def test_amount_below_a_headline_does_not_come_near_its_size() -> None:
    price = "£72 the first flue, £48 each further one"
    words = replace(wording(brief("bottle", headline="Swept by noon"), {}), price=price, subline="", eyebrow="")
    look = TypeLook(headline=FACE, text=FACE, strong=FACE, headline_largest=10.0)
    box = Box(0, 0, 900, 900)
    stack = solve(Request(wording=words, look=look, box=box, align=Align.LEFT, unit=8, spread=True, is_poster=True))
    amount = stack.of(Role.PRICE)
    assert amount is not None
    sizes = [line.size for line in amount.block.lines]
    assert max(sizes) > 1.2 * min(sizes)  # it is larger than its terms
    assert max(sizes) <= AMOUNT_SHARE * stack.headline_size + 0.01


def test_price_and_button_of_a_poster_stand_at_both_ends_of_their_line() -> None:
    stack = _poster("Cold for a day", Box(0, 0, 900, 900), price="£24")
    price, button = stack.of(Role.PRICE), stack.of(Role.CALL_TO_ACTION)
    assert price is not None
    assert button is not None
    assert button.plate is not None
    assert price.box.left == pytest.approx(0, abs=8)
    assert button.plate.right == pytest.approx(900)


@pytest.mark.parametrize(
    ("line", "following", "language", "parted"),
    [
        ("open to 31", "October", "en", True),
        ("έως 31", "Οκτωβρίου", "el", True),
        ("we have 31", "Octopuses", "en", False),
    ],
)
def test_day_is_not_parted_from_its_month(line: str, following: str, language: str, parted: bool) -> None:
    assert parts_date(line, following, language) is parted


def test_description_stands_below_no_headline_that_was_written() -> None:
    note = {"description": "Hi Kim this is for the ad. It keeps cold.", "subline": "", "benefits": ("Keeps cold",)}
    assert wording(brief("bottle", headline="Cold for a day", **note), {}).subline == "Keeps cold"
    assert "Hi Kim" in wording(brief("bottle", headline="", **note), {}).subline


@pytest.mark.parametrize(
    ("headline", "price", "figure"),
    [("Cold", "Flat £385 each", "£385"), ("15% off today", "", "15%"), ("Open at 7.30", "", ""), ("Cold", "", "")],
)
def test_figure_is_the_price_or_one_of_the_headline(headline: str, price: str, figure: str) -> None:
    words = replace(wording(brief("bottle", headline=headline), {}), price=price)
    assert figure_of(words) == figure
