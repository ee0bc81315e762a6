"""What a customer who cannot pay is told."""

from __future__ import annotations

import pytest

from services.job.domain import AcceptedJob, InsufficientCredits
from tests.job.harness import JobHarness


def numbers(refusal: InsufficientCredits) -> dict[str, int]:
    return {violation.field: int(violation.message) for violation in refusal.fields}


class TestWords:
    def test_price_and_balance_are_said_and_what_to_do(self) -> None:
        refusal = InsufficientCredits(price=40, available=12)
        assert refusal.message == (
            "This costs 40 credits, and 12 credits can be spent. Ask the operator of this service for more credits, or "
            "choose a cheaper request (GET /api/prices)."
        )
        assert numbers(refusal) == {"price": 40, "available": 12}
        assert refusal.retryable is False

    def test_nothing_cheaper_is_proposed_where_nothing_is_left(self) -> None:
        refusal = InsufficientCredits(price=1, available=0)
        assert refusal.message == (
            "This costs 1 credit, and 0 credits can be spent. Ask the operator of this service for more credits."
        )

    @pytest.mark.parametrize(("held", "helps"), [(0, False), (27, False), (28, True), (400, True)])
    def test_what_jobs_hold_is_said_where_it_would_be_enough(self, held: int, helps: bool) -> None:
        refusal = InsufficientCredits(price=40, available=12, held=held)
        assert (f"hold {held} credits" in refusal.message) == helps
        assert ("held" in numbers(refusal)) == helps


class TestNumbers:
    async def test_they_are_the_ledgers(self, harness: JobHarness) -> None:
        await harness.grant("u", 44)
        await harness.submitted(type="video")
        with pytest.raises(InsufficientCredits) as caught:
            await harness.submissions.submit(harness.submission(type="video"))
        assert numbers(caught.value) == {"price": 40, "available": 4, "held": 40}
        await harness.submitted()
        with pytest.raises(InsufficientCredits) as caught:
            await harness.submissions.submit(harness.submission())
        assert numbers(caught.value) == {"price": 3, "available": 1, "held": 43}

    async def test_each_of_a_batch_gets_what_was_there_for_all(self, harness: JobHarness) -> None:
        await harness.grant("u", 4)
        told = await harness.submissions.submit_batch([harness.submission() for _ in range(3)])
        assert [isinstance(answer, AcceptedJob) for answer in told] == [True, False, False]
        refused = [numbers(answer) for answer in told if isinstance(answer, InsufficientCredits)]
        assert refused == [{"price": 3, "available": 1, "held": 3}] * 2
