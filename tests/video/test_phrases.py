"""Written phrases as a person reads them aloud: `phrases/*`, each with its right readings."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from services.video.script.speakable import speakable

FOLDER = Path(__file__).parent / "phrases"
LEAST_PHRASES = 900
TABLES = ["developed.txt", "held_out.txt", "everyday.toml"]


def phrases(name: str) -> list[tuple[str, list[str]]]:
    text = (FOLDER / name).read_text(encoding="utf-8")
    if name.endswith(".toml"):
        return [(entry["written"], entry["spoken"]) for entry in tomllib.loads(text)["phrases"]]
    lines = text.splitlines()
    pairs = [line.split(" => ") for line in lines if line and not line.startswith("# ")]
    return [(written, said.split("|")) for written, said in pairs]


def sounds(text: str) -> str:
    """The letters of a text without spaces: the voice spells "UK" as it spells "U K"."""
    return re.sub(r"[^a-z]+", "", text.lower())


@pytest.mark.parametrize("name", TABLES)
def test_phrases_are_read_as_a_person_reads_them(name: str) -> None:
    wrong = [
        f"{written!r} was read {speakable(written).text!r}"
        for written, readings in phrases(name)
        if sounds(speakable(written).text) not in [sounds(reading) for reading in readings]
    ]
    assert not wrong, "\n".join(wrong)


def test_table_is_large_enough_to_mean_something() -> None:
    assert sum(len(phrases(name)) for name in TABLES) >= LEAST_PHRASES


@pytest.mark.parametrize("name", TABLES)
def test_phrases_inside_of_a_sentence_keep_their_way_back(name: str) -> None:
    for written, _ in phrases(name):
        script = f"Look: {written}, now."
        spoken = speakable(script)
        assert len(spoken.text) == len(spoken.origin)
        assert list(spoken.origin) == sorted(spoken.origin), written
        assert {script[place] for place in spoken.origin[:4]} <= set("Look"), written
