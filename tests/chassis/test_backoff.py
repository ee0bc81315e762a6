"""Pauses grow, stay apart and have a limit; the circuit breaker spares what fails and finds its recovery."""

from __future__ import annotations

import pytest

from services.chassis.backoff import Backoff, jittered
from services.chassis.circuit_breaker import CircuitBreaker

PAUSES = Backoff(1.0, 8.0)


class TestBackoff:
    def test_pauses_double_up_to_the_longest(self) -> None:
        assert [PAUSES.seconds(failures, 1.0) for failures in range(1, 7)] == [1, 2, 4, 8, 8, 8]

    def test_pause_after_years_of_failures_is_the_longest(self) -> None:
        assert PAUSES.seconds(10**9, 1.0) == 8

    @pytest.mark.parametrize(("chance", "seconds"), [(0.0, 2.0), (0.5, 3.0), (1.0, 4.0)])
    def test_jitter_takes_up_to_half_away(self, chance: float, seconds: float) -> None:
        assert PAUSES.seconds(3, chance) == seconds

    def test_replicas_pause_for_different_times(self) -> None:
        assert len({PAUSES.seconds(4) for _ in range(10)}) > 1
        assert len({jittered(5.0) for _ in range(10)}) > 1
        assert all(4.0 <= jittered(5.0) <= 6.0 for _ in range(100))


class TestCircuitBreaker:
    def breaker(self, failures: int = 2) -> CircuitBreaker:
        self.now = 0.0
        return CircuitBreaker(PAUSES, failures=failures, clock=lambda: self.now, chance=lambda: 1.0)

    def test_opens_at_the_limit_of_failures_in_a_row(self) -> None:
        breaker = self.breaker()
        breaker.record_failure()
        breaker.record_success()
        breaker.record_failure()
        assert breaker.allows_request()
        breaker.record_failure()
        assert not breaker.allows_request()
        assert breaker.remaining_seconds == 1.0

    def test_lets_one_trial_through_after_the_pause(self) -> None:
        breaker = self.breaker(failures=1)
        breaker.record_failure()
        self.now = 1.0
        assert [breaker.allows_request() for _ in range(3)] == [True, False, False]

    def test_failed_trials_lengthen_the_pause_and_a_success_forgets_them(self) -> None:
        breaker = self.breaker(failures=1)
        pauses = []
        for _ in range(5):
            breaker.record_failure()
            pauses.append(breaker.remaining_seconds)
            self.now += breaker.remaining_seconds
            assert breaker.allows_request()
        assert pauses == [1, 2, 4, 8, 8]
        breaker.record_success()
        assert breaker.allows_request()
        breaker.record_failure()
        assert breaker.remaining_seconds == 1.0
