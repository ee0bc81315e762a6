"""Scripts that the voice cannot speak are refused with the words in question, and leave no charge and no hold."""

from __future__ import annotations

from typing import Any

import pytest

from tests.running import RunningSystem
from tests.support import error_of

SPANISH = "Descubre la crema que cuida tu piel toda la noche, por muy poco dinero."


@pytest.mark.parametrize(
    ("script", "named"),
    [
        ("Our new tea is 珍珠奶茶 and it is lovely.", "珍珠奶茶"),
        (SPANISH, "Spanish"),
        ("🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉", "no words"),
        ("!!!!!!!!!! ?????", "no words"),
    ],
)
def test_unspeakable_script_is_refused_before_a_hold(waiting_system: RunningSystem, script: str, named: str) -> None:
    customer = waiting_system.customer(100)
    response = customer.client.post("/api/generate/video", json=customer.ids | {"script": script})
    error = error_of(response, 400, "SCRIPT_NOT_SPEAKABLE")
    assert error["retryable"] is False
    assert named in error["message"]
    assert customer.client.get("/api/generate/jobs").json()["jobs"] == []
    assert customer.credits == {"available": 100, "held": 0}


def test_pronunciation_makes_the_script_acceptable(waiting_system: RunningSystem) -> None:
    customer = waiting_system.customer(100)
    body: dict[str, Any] = {
        "script": "Our new tea is 珍珠奶茶 and it is lovely.",
        "pronunciations": {"珍珠奶茶": "bubble tea"},
    }
    assert customer.client.post("/api/generate/video", json=customer.ids | body).status_code == 200
