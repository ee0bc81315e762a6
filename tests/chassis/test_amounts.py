"""Amounts of every spelling are read by value, with the currency beside them, in work that grows with the text only."""

from __future__ import annotations

from decimal import Decimal

import pytest

from services.chassis.amounts import MAX_DIGITS, MAX_GROUPS, amounts_in, names, read_amount, values_of, western
from tests.support import calls_in


@pytest.mark.parametrize(("text", "value", "currency"), [
    ("£1,299.00", "1299", "GBP"), ("1.299,00 €", "1299", "EUR"), ("CHF 1'299.-", "1299", "CHF"), ("5,- €", "5", "EUR"),
    ("12 990 kr", "12990", ""), ("1 234 567,89 zł", "1234567.89", "PLN"), ("A$12", "12", "AUD"),
    ("CA$34.00", "34", "CAD"), ("R$ 1.499,90", "1499.90", "BRL"), ("$5", "5", ""), ("₹1,29,999.50", "129999.50", "INR"),
    ("₹2 lakh", "200000", "INR"), ("₹ 2.5 crore", "25000000", "INR"), ("5万円", "50000", "JPY"),
    ("3만원", "30000", "KRW"), ("٣٫٥", "3.5", ""), ("٣٥٠ درهم", "350", "AED"), ("US$ 5k", "5000", "USD"),
    ("0.125", "0.125", ""), ("12,5", "12.5", ""), ("only 20 EUR", "20", "EUR"),
    ("４，８００円", "4800", "JPY"), ("４，８００．５０円", "4800.50", "JPY"), ("£.75", "0.75", "GBP"),
    ("2,5 Mio. EUR", "2500000", "EUR"),
    ("7K display", "7000", ""), ("7 K display", "7", ""),
])  # fmt: skip
def test_an_amount_is_read_by_value_and_currency(text: str, value: str, currency: str) -> None:
    (found,) = amounts_in(text)
    assert found.values[0] == Decimal(value) == read_amount(text)
    assert found.currency == currency
    assert found.is_money is (currency != "" or "kr" in text or "$" in text)


def test_a_figure_that_may_mean_two_values_names_both() -> None:
    assert names("1.299 €", Decimal(1299))
    assert names("1.299 kg", Decimal("1.299"))
    assert not names("1.299,00 €", Decimal("1.299"))
    assert not names("version 1.2.3", Decimal(123))


def test_a_row_of_digits_longer_than_any_amount_is_no_amount() -> None:
    assert list(amounts_in(f"code {'4' * (MAX_DIGITS + 3)}")) == []
    assert len(list(amounts_in("4" * MAX_DIGITS))) == 1


@pytest.mark.parametrize(
    ("figure", "value"), [("2.468,135", "2468.135"), ("2,468.135", "2468.135"), ("2 468,135", "2468.135")]
)
def test_a_figure_with_thousands_may_have_three_decimals(figure: str, value: str) -> None:
    assert values_of(figure) == (Decimal(value),)


def test_words_for_money_count_behind_a_number_only() -> None:
    assert names("lunch for 8 dollars", Decimal(8), as_money=True)
    assert names("just 30 pounds", Decimal(30), as_money=True)
    assert not names("we take pounds: 30 stalls", Decimal(30), as_money=True)
    assert not names("pounds 30", Decimal(30), as_money=True)


def test_numbers_that_spaces_divide_have_places_of_their_own() -> None:
    text = "from 12 1 299 and 24.90"
    assert [(text[found.start : found.end], found.values[0]) for found in amounts_in(text)] == [
        ("12", Decimal(12)), ("1 299", Decimal(1299)), ("24.90", Decimal("24.90")),
    ]  # fmt: skip


def test_money_is_what_a_currency_stands_beside() -> None:
    assert not names("1200 kg", Decimal(1200), as_money=True)
    assert not names("10 krill", Decimal(10), as_money=True)
    assert names("£49£39", Decimal(39), as_money=True)
    text = "from £1,299.00 a year"
    (found,) = amounts_in(text)
    assert f"{text[: found.sign_start]}|{text[found.sign_end :]}" == "from | a year"


def test_digits_of_other_scripts_are_written_as_western_ones() -> None:
    assert western("٣٥٠ / ४२") == "350 / 42"


@pytest.mark.parametrize("unit", ["1 ", "1.", "1", "12 345 ", "£1 ", "1,29,"])
def test_long_rows_of_numbers_take_linear_work(unit: str) -> None:
    short, long = ((unit * 20_000)[:length] for length in (4_000, 8_000))
    assert calls_in(lambda: list(amounts_in(long))) <= 2.2 * calls_in(lambda: list(amounts_in(short))) + 50
    assert all(found.end - found.start <= 16 * (MAX_GROUPS + 1) for found in amounts_in(long))


@pytest.mark.parametrize(("text", "values"), [
    ("€1.2m", ["1200000"]), ("2 mil €", ["2000"]), ("5,5 millones €", ["5500000"]), ("5 m hose", ["5"]),
    ("4 mil sheet", ["4"]), ("99p each", ["0.99"]), ("720p", ["720"]), ("Pack of 3 250 g", ["3", "250"]),
    ("3 250 g", ["3250"]), ("iPhone 15 999 €", ["15", "999"]), ("Preis 15 999 €", ["15999"]),
])  # fmt: skip
def test_millions_pence_packs_and_models_are_read_as_meant(text: str, values: list[str]) -> None:
    assert [found.values[0] for found in amounts_in(text)] == [Decimal(value) for value in values]
