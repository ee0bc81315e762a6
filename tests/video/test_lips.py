"""Synchrony of lips and voice, measured on finished videos: pixels against sound.

Drawn mouths are measured by their dark inside and teeth, photographed ones by the face mesh, the voice by the energy of
its vowels. All are independent of the engine's data. EBU R37 allows sound 40 ms early to 60 ms late.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services.video.domain import AspectRatio, RenderedVideo, VideoBrief
from services.video.providers.local import visemes
from services.video.providers.local.kokoro import Speech
from services.video.providers.local.rendering import END_CARD_SECONDS, speech_of
from tests.video.conftest import SCRIPT, Render
from tests.video.watching import (
    Floats,
    closed_centres,
    followed_opening,
    lag_of_mouth,
    mesh_opening,
    pictures,
    sound,
    voice_energy,
)

LAG_LIMIT = 0.04
CLOSED_LIMIT = 0.95
MESH_SHUT = 0.33  # of the widest opening; frames with closed lips measure up to 0.27


def frames_spoken(made: RenderedVideo) -> int:
    return int((made.duration_seconds - END_CARD_SECONDS) * 25)


@pytest.fixture(scope="module")
def opening(finished: RenderedVideo, brief: VideoBrief, spoken: Speech) -> Floats:
    """Until the end card, which lies where the mouth was."""
    shown = pictures(finished.video)[: frames_spoken(finished)]
    return followed_opening(shown, replace(brief, aspect_ratio=AspectRatio.PORTRAIT), spoken)


class TestDrawnMouth:
    def test_mouth_and_voice_are_in_sync_within_40_ms(self, finished: RenderedVideo, opening: Floats) -> None:
        count = frames_spoken(finished)
        lag, agreement = lag_of_mouth(opening[:count], voice_energy(sound(finished.video), count))
        assert abs(lag) <= LAG_LIMIT
        assert agreement > 0.4

    @pytest.mark.parametrize("shift", [-0.1, 0.1])
    def test_shift_of_100_ms_is_detected(self, finished: RenderedVideo, opening: Floats, shift: float) -> None:
        count = frames_spoken(finished)
        late = np.roll(sound(finished.video), int(shift * 48_000))
        lag, _ = lag_of_mouth(opening[:count], voice_energy(late, count))
        assert abs(lag) > LAG_LIMIT

    def test_lips_close_at_b_m_p(self, spoken: Speech, opening: Floats) -> None:
        closed = closed_centres(opening, spoken.phones, visemes.BILABIALS)
        assert len(closed) >= 10
        assert np.mean(closed) > CLOSED_LIMIT

    @pytest.mark.parametrize("shift", [-0.1, 0.1])
    def test_lip_closures_off_by_100_ms_are_detected(self, spoken: Speech, opening: Floats, shift: float) -> None:
        """The same measure at the times of a shifted video, where the lips should not be closed."""
        moved = np.roll(opening, round(shift * 25))
        assert np.mean(closed_centres(moved, spoken.phones, visemes.BILABIALS)) < CLOSED_LIMIT


@pytest.mark.slow
@pytest.mark.parametrize(
    ("avatar", "voice"),
    [("omar", "male-1"), ("marcus", "male-4"), ("amara", "female-2"), ("rosa", "female-4"), ("kenji", "male-3")],
)
def test_other_avatars_and_voices_are_in_sync(
    rendered: Render, brief: VideoBrief, models: Path, avatar: str, voice: str
) -> None:
    changes: dict[str, Any] = {
        "aspect_ratio": AspectRatio.PORTRAIT,
        "avatar_id": avatar,
        "voice_id": voice,
        "price": None,
    }
    made = rendered(**changes)
    speech = speech_of(SCRIPT, voice, {}, models, lambda percent, stage: None)
    count = frames_spoken(made)
    seen = followed_opening(pictures(made.video)[:count], replace(brief, **changes), speech)
    lag, agreement = lag_of_mouth(seen, voice_energy(sound(made.video), count))
    closed = float(np.mean(closed_centres(seen, speech.phones, visemes.BILABIALS)))
    print(f"{avatar}, {voice}: {lag * 1000:+.0f} ms, r {agreement:.2f}, {closed:.0%} of B M P closed")
    assert abs(lag) <= LAG_LIMIT
    assert agreement > 0.3  # female-2 has 0.38, as its closed vowels are as loud as its open ones
    assert closed > CLOSED_LIMIT


class TestPhotographedMouth:
    """Measured on the finished video by the face mesh, which detects the face in every frame."""

    @pytest.fixture(scope="class")
    def speaking(
        self, rendered: Render, portrait: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
    ) -> RenderedVideo:
        photo = portrait(tmp_path_factory.mktemp("portrait"))
        changes: dict[str, Any] = {"avatar_photo": photo, "product_name": "", "price": None, "burn_captions": False}
        return rendered(aspect_ratio=AspectRatio.PORTRAIT, **changes)

    @pytest.fixture(scope="class")
    def apart(self, speaking: RenderedVideo, models: Path) -> Any:
        return mesh_opening(pictures(speaking.video)[: frames_spoken(speaking)], models)

    @pytest.mark.slow
    def test_mouth_and_voice_are_in_sync_within_40_ms(self, speaking: RenderedVideo, apart: Floats) -> None:
        count = len(apart)
        lag, agreement = lag_of_mouth(apart, voice_energy(sound(speaking.video), count))
        late, _ = lag_of_mouth(apart, voice_energy(np.roll(sound(speaking.video), 4800), count))
        print(f"photograph: {lag * 1000:+.0f} ms, r {agreement:.2f}; 100 ms late: {late * 1000:+.0f} ms")
        assert abs(lag) <= LAG_LIMIT
        assert agreement > 0.4
        assert abs(late) > LAG_LIMIT

    @pytest.mark.slow
    def test_lips_close_at_b_m_p(self, spoken: Speech, apart: Floats) -> None:
        still = np.percentile(apart, 2)  # the mesh measures closed lips slightly apart, with some variation
        closed = closed_centres(apart - still, spoken.phones, visemes.BILABIALS, shut=MESH_SHUT)
        print(f"photograph: {np.mean(closed):.0%} of B M P closed")
        assert np.mean(closed) > CLOSED_LIMIT
