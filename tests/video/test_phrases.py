"""Written phrases as a person reads them aloud: `phrases/*.txt`, a line each, right readings parted by "|"."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from services.video.script.speakable import speakable

FOLDER = Path(__file__).parent / "phrases"
LEAST_RIGHT = 0.98
LEAST_PHRASES = 500


def phrases(name: str) -> list[tuple[str, list[str]]]:
    lines = (FOLDER / name).read_text(encoding="utf-8").splitlines()
    pairs = [line.split(" => ") for line in lines if line and not line.startswith("# ")]
    return [(written, said.split("|")) for written, said in pairs]


def words(text: str) -> list[str]:
    return re.sub(r"[^a-z' ]+", " ", text.lower().replace("-", " ")).split()


@pytest.mark.parametrize("name", ["developed.txt", "held_out.txt"])
def test_phrases_are_read_as_a_person_reads_them(name: str) -> None:
    table = phrases(name)
    wrong = [
        f"{written!r} was read {' '.join(words(speakable(written).text))!r}"
        for written, readings in table
        if words(speakable(written).text) not in [words(reading) for reading in readings]
    ]
    assert 1 - len(wrong) / len(table) >= LEAST_RIGHT, "\n".join(wrong)


def test_table_is_large_enough_to_mean_something() -> None:
    assert len(phrases("developed.txt")) + len(phrases("held_out.txt")) >= LEAST_PHRASES


@pytest.mark.parametrize("name", ["developed.txt", "held_out.txt"])
def test_phrases_inside_of_a_sentence_keep_their_way_back(name: str) -> None:
    for written, _ in phrases(name):
        script = f"Look: {written}, now."
        spoken = speakable(script)
        assert len(spoken.text) == len(spoken.origin)
        assert list(spoken.origin) == sorted(spoken.origin), written
        assert {script[place] for place in spoken.origin[:4]} <= set("Look"), written
