"""The progress of an attempt, and the time of its stages."""

from __future__ import annotations

from services.worker.progress import MAX_TIMED_STAGES, OTHER, Progress


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_stages_are_timed_and_repeated_ones_add_up() -> None:
    clock = Clock()
    progress = Progress(clock=clock)
    for stage, seconds in (("picture 1 of 2: signing", 1.0), ("storing", 0.5), ("picture 2 of 2: signing", 2.0)):
        clock.now += 0.25
        progress.report(50, stage)
        clock.now += seconds
    assert progress.stage_seconds() == {"starting": 0.25, "signing": 3.25, "storing": 0.75} | {"signing": 1.25 + 2.0}
    assert progress.stage == "picture 2 of 2: signing"


def test_begin_does_not_change_what_customers_see() -> None:
    progress = Progress()
    progress.report(40, "drawing")
    progress.begin("storing")
    assert (progress.percent, progress.stage) == (40, "drawing")


def test_time_of_too_many_stages_is_kept_in_one() -> None:
    clock = Clock()
    progress = Progress(clock=clock)
    for number in range(3 * MAX_TIMED_STAGES):
        clock.now += 1.0
        progress.report(1, f"poll {number}")
    found = progress.stage_seconds()
    assert len(found) == MAX_TIMED_STAGES + 1
    assert found[OTHER] == 2 * MAX_TIMED_STAGES
