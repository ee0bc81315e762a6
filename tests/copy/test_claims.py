"""Claims are carried by a fact of the same subject, or they are found."""

from __future__ import annotations

import tomllib
from pathlib import Path

from services.copy.providers.claims import ClaimJudge

PRODUCTS = tomllib.loads((Path(__file__).parent / "claims.toml").read_text(encoding="utf-8"))["product"]
INVENTED = [(product, text) for product in PRODUCTS for text in product["invented"]]
TRUE = [(product, text) for product in PRODUCTS for text in product["true"]]
SHARE = 0.9  # of the texts that must be judged rightly


def judge(product: dict[str, list[str]]) -> ClaimJudge:
    return ClaimJudge(product["facts"], [str(product["name"])])


def test_at_least_nine_of_ten_invented_claims_are_found() -> None:
    missed = [text for product, text in INVENTED if judge(product).unsupported(text) is None]
    assert len(missed) <= (1 - SHARE) * len(INVENTED), missed


def test_at_least_nine_of_ten_true_statements_pass() -> None:
    found = {text: judge(product).unsupported(text) for product, text in TRUE}
    stopped = {text: str(claim) for text, claim in found.items() if claim is not None}
    assert len(stopped) <= (1 - SHARE) * len(TRUE), stopped


def test_names_claim_nothing_as_whole_words_in_their_own_capitals() -> None:
    named = ClaimJudge(["Oak tables"], ["Best", "First Aid"])
    assert named.unsupported("Best makes oak tables. BEST does.") is None
    assert named.unsupported("The best tables.") is not None
    assert named.unsupported("The Bestselling tables.") is not None


def test_range_is_no_bound_of_a_price() -> None:
    assert ClaimJudge(["Open from 9 to 5"]).unsupported("Open 9 to 5.") is None
    assert ClaimJudge(["Open from 9am to 5pm"]).unsupported("Open 9am to 5pm.") is None
    assert ClaimJudge(["Tables from £90 to £150"]).unsupported("Tables for £90.") is not None
    assert ClaimJudge(["Ages from 12 up"]).unsupported("For age 12.") is not None


def test_absent_cost_carries_no_other_absent_cost() -> None:
    account = ClaimJudge(["No monthly fee", "Cancel any time"])
    assert account.unsupported("There is no monthly fee.") is None
    assert account.unsupported("Without a monthly fee.") is None
    assert account.unsupported("Cancel any time.") is None
    assert account.unsupported("No joining fee.") is not None


def test_guarantee_of_one_thing_carries_no_guarantee_of_another() -> None:
    drill = ClaimJudge(["2-year guarantee on the motor", "Next-day delivery", "Good results"])
    for text in ("The motor is guaranteed for two years.", "2-year motor guarantee.", "Covered by a 2-year guarantee."):
        assert drill.unsupported(text) is None, text
    for text in ("Guaranteed results.", "Guaranteed next-day delivery.", "The battery is guaranteed for two years."):
        assert drill.unsupported(text) is not None, text
