"""Refusals of customers with insufficient credits."""

from __future__ import annotations

import pytest

from services.job.domain import AcceptedJob
from services.job.errors import InsufficientCredits
from tests.job.harness import JobHarness


def numbers(refusal: InsufficientCredits) -> dict[str, int]:
    return {violation.field: int(violation.message) for violation in refusal.fields}


class TestMessages:
    def test_message_states_price_and_balance_and_advice(self) -> None:
        refusal = InsufficientCredits(price=40, available=12)
        assert refusal.message == (
            "This request costs 40 credits, and 12 credits can be spent. "
            "Ask the operator of this service for more credits, or choose a cheaper request (GET /api/prices)."
        )
        assert numbers(refusal) == {"price": 40, "available": 12}
        assert refusal.retryable is False

    def test_cheaper_request_is_not_suggested_without_credits(self) -> None:
        refusal = InsufficientCredits(price=1, available=0)
        assert refusal.message == (
            "This request costs 1 credit, and 0 credits can be spent. "
            "Ask the operator of this service for more credits."
        )

    @pytest.mark.parametrize(("held", "helps"), [(0, False), (27, False), (28, True), (400, True)])
    def test_held_credits_are_mentioned_only_if_they_would_suffice(self, held: int, helps: bool) -> None:
        refusal = InsufficientCredits(price=40, available=12, held=held)
        assert (f"hold {held} credits" in refusal.message) == helps
        assert ("held" in numbers(refusal)) == helps


class TestNumbers:
    async def test_numbers_match_the_ledger(self, harness: JobHarness) -> None:
        await harness.grant("u", 44)
        await harness.submitted(type="video")
        with pytest.raises(InsufficientCredits) as caught:
            await harness.submissions.submit(harness.submission(type="video"))
        assert numbers(caught.value) == {"price": 40, "available": 4, "held": 40}
        await harness.submitted()
        with pytest.raises(InsufficientCredits) as caught:
            await harness.submissions.submit(harness.submission())
        assert numbers(caught.value) == {"price": 3, "available": 1, "held": 43}

    async def test_refusals_of_a_batch_report_the_same_balance(self, harness: JobHarness) -> None:
        await harness.grant("u", 4)
        outcomes = await harness.submissions.submit_batch([harness.submission() for _ in range(3)])
        assert [isinstance(answer, AcceptedJob) for answer in outcomes] == [True, False, False]
        refused = [numbers(answer) for answer in outcomes if isinstance(answer, InsufficientCredits)]
        assert refused == [{"price": 3, "available": 1, "held": 3}] * 2
