"""The registry of advisory locks."""

from __future__ import annotations

from services.chassis.data import locks


def test_lock_numbers_differ() -> None:
    numbers = [value for name, value in vars(locks).items() if name.endswith("_LOCK")]
    assert len(numbers) >= 4
    assert len(set(numbers)) == len(numbers)
