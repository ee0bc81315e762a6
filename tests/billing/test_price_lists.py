"""Prices that were quoted are held for a time although prices change; no other amount can be held."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from services.billing import price_lists
from services.billing.domain import HoldResult
from services.billing.price_lists import KEPT_FOR
from tests.billing.harness import LedgerHarness, hold_request

BEFORE = {"one": 5, "three": 9}  # the prices before those of the harness


async def quoted(harness: LedgerHarness) -> str:
    async with harness.transaction() as connection:
        return await price_lists.quote(connection, BEFORE, harness.now)


async def test_quoted_price_is_held_beside_the_current_one(harness: LedgerHarness) -> None:
    await harness.grant("u", 20)
    old = replace(hold_request(), price_list=await quoted(harness), quantity=2)
    outcomes = await harness.place_holds(old, hold_request())
    assert [(outcome.result, outcome.amount) for outcome in outcomes] == [(HoldResult.HELD, 10), (HoldResult.HELD, 1)]
    assert await harness.balance() == (9, 11)
    assert await harness.problems() == []


@pytest.mark.parametrize("case", ["never quoted", "quoted too long ago"])
async def test_list_that_is_not_kept_holds_nothing(harness: LedgerHarness, case: str) -> None:
    await harness.grant("u", 20)
    list_id = await quoted(harness)
    if case == "never quoted":
        list_id = "0" * 32
    else:
        harness.now += KEPT_FOR + timedelta(seconds=1)
    [outcome] = await harness.place_holds(replace(hold_request(), price_list=list_id))
    assert outcome.result is HoldResult.PRICES_NOT_KEPT
    assert await harness.balance() == (20, 0)


async def test_quote_again_keeps_the_list_longer_under_the_same_id(harness: LedgerHarness) -> None:
    await harness.grant("u", 20)
    first = await quoted(harness)
    harness.now += KEPT_FOR
    assert await quoted(harness) == first
    harness.now += KEPT_FOR - timedelta(minutes=1)
    [outcome] = await harness.place_holds(replace(hold_request(), price_list=first))
    assert (outcome.result, outcome.amount) == (HoldResult.HELD, 5)
