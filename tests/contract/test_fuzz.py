"""Random and hostile requests, by the API's own description: no 5xx, and no answer outside the description."""

from __future__ import annotations

import pytest

from tests.contract.fuzzing import fuzz
from tests.running import RunningSystem


class TestAnyRequest:
    @pytest.mark.timeout(600)
    def test_a_thousand_find_nothing(self, waiting_system: RunningSystem) -> None:
        outcome = fuzz(waiting_system, 2, seed=1)
        assert outcome.passed, outcome.report
        assert outcome.cases > 1_000

    @pytest.mark.slow
    @pytest.mark.timeout(3_600)
    def test_many_thousands_find_nothing(self, waiting_system: RunningSystem) -> None:
        outcome = fuzz(waiting_system, 150)
        assert outcome.passed, outcome.report
        assert outcome.cases > 5_000
