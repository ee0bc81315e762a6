"""A finished video: its file, pixels and sound."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, cast

import av
import c2pa
import numpy as np
import pytest
from PIL import Image

from services.chassis.errors import InputFault
from services.media import provenance
from services.video.domain import AspectRatio, RenderedVideo, VideoBrief
from services.video.product.safe_zones import safe_zones
from services.video.providers.local import captions, kokoro, loudness
from services.video.providers.local.kokoro import Speech
from services.video.providers.local.rendering import SPEECH_BEGINS_SECONDS
from services.video.providers.local.stage import layout
from tests.video.conftest import SCRIPT, Render
from tests.video.watching import longest_still, pictures, set_apart, sound

OPENING_FRAMES = 50  # two seconds
LONGEST_STILL = 4.0  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortVideo:
    """A vertical video of a second's speech without captions, whose product photo is broken, and its progress."""

    made: RenderedVideo
    reports: list[tuple[int, str]]


@pytest.fixture(scope="module")
def short(rendered: Render, tmp_path_factory: pytest.TempPathFactory) -> ShortVideo:
    broken = tmp_path_factory.mktemp("photo") / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 64)
    made = rendered(
        script="Try it today.", product_photo=broken, burn_captions=False, aspect_ratio=AspectRatio.PORTRAIT
    )
    return ShortVideo(made=made, reports=rendered.reports)  # type: ignore[attr-defined]


class TestFile:
    def test_video_is_h264_high_and_aac_of_the_requested_size(self, finished: RenderedVideo) -> None:
        with av.open(str(finished.video)) as container:
            video, audio = container.streams.video[0], container.streams.audio[0]
            context = cast(Any, video.codec_context)
            assert (context.name, context.profile, context.pix_fmt) == ("h264", "High", "yuv420p")
            assert (context.width, context.height) == (finished.width, finished.height) == (720, 1280)
            assert context.colorspace == 1  # BT.709
            assert float(video.average_rate or 0) == 25
            assert (audio.codec_context.name, audio.codec_context.sample_rate) == ("aac", 48_000)
            assert abs(float(video.duration or 0) * float(video.time_base or 0) - finished.duration_seconds) < 0.1

    def test_mp4_index_precedes_the_media(self, finished: RenderedVideo) -> None:
        content = finished.video.read_bytes()
        assert 0 < content.index(b"moov") < content.index(b"mdat")

    def test_signed_manifest_marks_video_as_ai_generated(self, finished: RenderedVideo) -> None:
        with c2pa.Reader(str(finished.video)) as reader:
            manifests = json.loads(reader.json())
        manifest = manifests["manifests"][manifests["active_manifest"]]
        assert provenance.SOURCE_MODEL_COMPOSITE in json.dumps(manifest["assertions"])  # drawn, with a model's voice
        assert manifest["signature_info"]["issuer"] == "Adwright development"
        assert {state["code"] for state in manifests.get("validation_status", [])} <= {"signingCredential.untrusted"}

    def test_loudness_is_minus_14_lufs_without_clipping(self, finished: RenderedVideo) -> None:
        heard = sound(finished.video)
        assert loudness.integrated_loudness(heard) + 3.01 == pytest.approx(-14, abs=0.7)
        assert 20 * np.log10(loudness.true_peaks(heard).max()) <= -1.5

    def test_sound_and_frames_have_equal_length(self, finished: RenderedVideo) -> None:
        assert len(sound(finished.video)) / 48_000 == pytest.approx(finished.duration_seconds, abs=0.1)

    def test_poster_has_the_size_of_the_video(self, finished: RenderedVideo) -> None:
        with Image.open(finished.poster) as poster:
            assert (poster.format, poster.size) == ("JPEG", (720, 1280))


class TestCaptions:
    def test_caption_files_contain_the_whole_script(self, finished: RenderedVideo) -> None:
        for path in (finished.captions_srt, finished.captions_vtt):
            text = re.sub(r"<[\d:.]+>|^\d+$|^[\d:,.]+ --> [\d:,.]+$|^WEBVTT$", "", path.read_text(), flags=re.MULTILINE)
            assert " ".join(text.split()) == SCRIPT

    def test_captions_can_be_switched_off(self, short: ShortVideo, finished: RenderedVideo) -> None:
        without = pictures(short.made.video, every=10)[1:5, 720:820, 110:230]
        with_captions = pictures(finished.video, every=10)[1:12, 720:820, 110:230]
        assert (with_captions.min(axis=-1) > 250).any()
        assert not (without.min(axis=-1) > 250).any()

    def test_caption_times_match_word_timings(self, spoken: Speech, brief: VideoBrief, finished: RenderedVideo) -> None:
        first = captions.timed_words(brief.script, spoken.words)[0].start + SPEECH_BEGINS_SECONDS
        shown = re.findall(r"(\d\d):(\d\d):(\d\d),(\d{3}) -->", finished.captions_srt.read_text())[0]
        seconds = int(shown[1]) * 60 + int(shown[2]) + int(shown[3]) / 1000
        loud = np.abs(sound(finished.video)) > 0.02
        assert seconds == pytest.approx(first, abs=0.002)
        assert seconds == pytest.approx(float(np.argmax(loud)) / 48_000, abs=0.08)


def test_film_opens_with_words_changes_often_and_keeps_captions_in_every_safe_zone(
    finished: RenderedVideo, rendered: Render, spoken: Speech
) -> None:
    without = rendered(speech=spoken, aspect_ratio=AspectRatio.PORTRAIT, price=None, burn_captions=False)
    shown, bare = pictures(finished.video), pictures(without.video)
    captioned, (left, top, right, bottom) = set_apart(shown, bare)
    zone = safe_zones().zone(AspectRatio.PORTRAIT, "")
    assert zone.left <= left
    assert zone.top <= top
    assert right <= zone.right
    assert bottom <= zone.bottom
    assert longest_still(bare) <= LONGEST_STILL
    assert captioned[:OPENING_FRAMES].all()
    assert bare[1].std() > 20  # and with a picture


def test_brand_card_and_opening_of_presenters_stand_inside_of_every_safe_zone() -> None:
    place = layout(AspectRatio.PORTRAIT, "720p")
    zone = safe_zones().zone(AspectRatio.PORTRAIT, "")
    x, y, width, height = place.card
    assert zone.left <= x / place.width
    assert (x + width) / place.width <= zone.right
    assert (y + height) / place.height <= zone.bottom
    assert place.caption_end / place.height <= zone.bottom
    assert (place.width + place.caption_width) / 2 / place.width <= zone.right


class TestMovementOfPresenters:
    def test_presenter_blinks_and_moves_without_loop(self) -> None:
        from services.video.providers.local import motion

        shapes = np.zeros((25 * 60, 6), np.float32)
        made = motion.poses([kokoro.Phone(symbol="a", start=0, end=59)], shapes, seed="s", frames_per_second=25)
        blinks = np.diff([pose.blink >= 1.0 for pose in made]).sum() / 2
        assert 8 <= blinks <= 40
        tilt = np.array([pose.tilt for pose in made])
        assert 0.4 < tilt.std() < 3
        tilt = tilt - tilt.mean()
        again = [float(np.corrcoef(tilt[:-lag], tilt[lag:])[0, 1]) for lag in range(100, 750, 5)]
        assert max(again) < 0.8

    def test_other_seed_moves_differently(self) -> None:
        from services.video.providers.local import motion

        shapes = np.zeros((100, 6), np.float32)
        one, two = (
            [pose.yaw for pose in motion.poses([], shapes, seed=seed, frames_per_second=25)] for seed in ("a", "b")
        )
        assert not np.allclose(one, two)


class TestOptions:
    @pytest.mark.parametrize(
        ("ratio", "resolution", "size"),
        [
            pytest.param("9:16", "720p", (720, 1280), marks=pytest.mark.slow),  # TestFile proves it, too
            ("16:9", "720p", (1280, 720)),
            pytest.param("9:16", "1080p", (1080, 1920), marks=pytest.mark.slow),
            pytest.param("1:1", "1080p", (1080, 1080), marks=pytest.mark.slow),
            pytest.param("16:9", "1080p", (1920, 1080), marks=pytest.mark.slow),
        ],
    )
    def test_file_has_the_requested_size_and_codecs(
        self, rendered: Render, ratio: str, resolution: str, size: tuple[int, int]
    ) -> None:
        made = rendered(script="Try it today.", aspect_ratio=AspectRatio(ratio), resolution=resolution, avatar_id="leo")
        assert (made.width, made.height) == size
        with av.open(str(made.video)) as container:
            context = cast(Any, container.streams.video[0].codec_context)
            assert (context.name, context.profile, context.pix_fmt) == ("h264", "High", "yuv420p")
            assert container.streams.audio[0].codec_context.name == "aac"
        content = made.video.read_bytes()
        assert 0 < content.index(b"moov") < content.index(b"mdat")
        assert loudness.integrated_loudness(sound(made.video)) + 3.01 == pytest.approx(-14, abs=0.7)
        assert pictures(made.video, every=25)[0].shape == (size[1], size[0], 3)

    def test_progress_increases_to_the_end(self, short: ShortVideo) -> None:
        percents = [percent for percent, _ in short.reports]
        assert percents == sorted(percents)
        assert percents[-1] >= 97
        assert [*dict.fromkeys(stage for _, stage in short.reports)] == ["speaking", "drawing", "finishing"]

    def test_unspeakable_script_is_an_input_fault(self, rendered: Render) -> None:
        with pytest.raises(InputFault, match="no words"):
            rendered(script="🎉 !!! 🎉 ??? 🎉")

    def test_broken_product_photo_is_left_out(self, short: ShortVideo) -> None:
        assert any("photo was left out" in note for note in short.made.notes)
