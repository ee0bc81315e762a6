"""Presenters differ, and their faces do what they are told."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from services.video.domain import AVATARS, VOICES, UnknownAvatar, UnknownVoice, suitable_avatar
from services.video.providers.local.presenters.look import LOOKS
from services.video.providers.local.presenters.pose import Mouth, Pose
from services.video.providers.local.presenters.puppet import Puppet
from services.video.providers.local.strokes import rgb_of, surface_of


def drawn(name: str, pose: Pose | None = None, mouth: Mouth | None = None) -> np.ndarray[Any, np.dtype[np.int16]]:
    pixels = np.zeros((300, 260, 4), np.uint8)
    canvas = surface_of(pixels).getCanvas()
    canvas.translate(130, 130)
    Puppet(LOOKS[name], 0.36).draw(canvas, pose or Pose(), mouth or Mouth())
    return rgb_of(pixels).astype(np.int16)


class TestTable:
    def test_avatars_and_drawn_presenters_match(self) -> None:
        assert set(AVATARS) == set(LOOKS)
        assert len(AVATARS) >= 12

    def test_presenters_are_distinct(self) -> None:
        sheets = {name: drawn(name)[..., :3] for name in LOOKS}
        for one, two in itertools.combinations(sheets, 2):
            assert np.abs(sheets[one] - sheets[two]).mean() > 6, f"{one} and {two}"

    def test_refusals_list_the_valid_ids(self) -> None:
        assert all(name in UnknownVoice("x").message for name in VOICES)
        assert all(name in UnknownAvatar("x").message for name in AVATARS)


class TestFace:
    @pytest.mark.parametrize("name", LOOKS)
    def test_every_presenter_opens_the_mouth(self, name: str) -> None:
        shut, wide = drawn(name), drawn(name, mouth=Mouth(open=0.9, teeth=0.7))
        changed = np.abs(shut - wide).max(axis=-1) > 40
        assert changed[150:215, 80:180].mean() > 0.06
        assert changed[40:100].mean() < 0.02  # the eyes and hair stay where they are

    @pytest.mark.parametrize("name", LOOKS)
    def test_every_presenter_closes_the_eyes(self, name: str) -> None:
        open_eyes, shut = drawn(name)[100:140, 85:175], drawn(name, Pose(blink=1.0))[100:140, 85:175]
        white = [(part[..., :3].min(axis=-1) > 225).sum() for part in (open_eyes, shut)]
        assert white[0] > 60
        assert white[1] < white[0] * 0.35


class TestSuitableAvatar:
    def test_avatar_matches_voice_and_brand_words(self) -> None:
        assert suitable_avatar(voice_id="male-2", words="Premium coffee for the grill", seed="1").id == "omar"
        assert AVATARS[suitable_avatar(voice_id="female-1", words="", seed="1").id].presents_as == "female"

    def test_avatar_is_stable_per_job_and_varies_between_jobs(self) -> None:
        chosen = [suitable_avatar(voice_id="male-1", words="", seed=str(seed)).id for seed in range(40)]
        assert chosen == [suitable_avatar(voice_id="male-1", words="", seed=str(seed)).id for seed in range(40)]
        assert len(set(chosen)) >= 5
