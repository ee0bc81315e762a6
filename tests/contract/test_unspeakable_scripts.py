"""Scripts that the voice cannot speak are refused with the words in question, and leave no charge and no hold."""

from __future__ import annotations

from typing import Any

import pytest

from tests.running import RunningSystem
from tests.support import error_of

GERMAN = "Unser neuer Rucksack hält jeden Regen aus und wiegt nur ein Kilo."
SPANISH = "Descubre la crema que cuida tu piel toda la noche, por muy poco dinero."
ITALIAN = "Scopri la crema che si prende cura della tua pelle tutta la notte, per pochi euro."


@pytest.mark.parametrize(
    ("script", "named"),
    [
        ("Our new tea is 珍珠奶茶 and it is lovely.", "珍珠奶茶"),
        (GERMAN, "German"),
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


@pytest.mark.parametrize(
    ("script", "language", "name"), [(SPANISH, "es", "Spanish"), (ITALIAN, "it", "Italian")], ids=["es", "it"]
)
def test_voice_of_another_language_is_refused_before_a_hold(
    waiting_system: RunningSystem, script: str, language: str, name: str
) -> None:
    customer = waiting_system.customer(100)
    body = customer.ids | {"script": script, "voiceId": "male-1"}
    error = error_of(customer.client.post("/api/generate/video", json=body), 400, "VOICE_LANGUAGE_MISMATCH")
    assert f"female-{language}-1" in error["message"]
    assert customer.credits == {"available": 100, "held": 0}
    voices = customer.client.get("/api/voices").json()["voices"]
    assert f"female-{language}-1" in {voice["id"] for voice in voices if voice["language"] == language}
    named = customer.client.post("/api/generate/video", json=customer.ids | {"script": script, "language": "en"})
    assert name in error_of(named, 400, "SCRIPT_NOT_SPEAKABLE")["message"]
    assert customer.credits == {"available": 100, "held": 0}
    quick = customer.ids | {"script": script, "speed": 1.2}
    assert customer.client.post("/api/generate/video", json=quick).status_code == 200


@pytest.mark.parametrize("fields", [{}, {"speed": 1.25}, {"kind": "product", "voiceOver": False}])
def test_script_that_takes_minutes_is_refused_before_a_hold(
    waiting_system: RunningSystem, fields: dict[str, Any]
) -> None:
    customer = waiting_system.customer(100)
    figures = ("Only £1,234,567.89 and 999,999 on 12/12/2029. " if "kind" not in fields else "! a 1 " * 400) * 50
    body = customer.ids | fields | {"script": figures[:2000]}
    error = error_of(customer.client.post("/api/generate/video", json=body), 400, "VALIDATION_FAILED")
    (broken,) = error["fields"]
    assert broken["field"] == "script"
    assert "a film of 150 s has room for about" in broken["message"]
    assert customer.credits == {"available": 100, "held": 0}


def test_pronunciation_makes_the_script_acceptable(waiting_system: RunningSystem) -> None:
    customer = waiting_system.customer(100)
    body: dict[str, Any] = {
        "script": "Our new tea is 珍珠奶茶 and it is lovely.",
        "pronunciations": {"珍珠奶茶": "bubble tea"},
    }
    assert customer.client.post("/api/generate/video", json=customer.ids | body).status_code == 200
