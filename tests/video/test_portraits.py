"""Portraits of customers: each kind has a defined outcome."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from adwright.catalog.v1 import catalog_pb2
from adwright.video.v1 import video_pb2
from PIL import Image

from services.chassis.data.assets import AssetStore
from services.chassis.errors import InputFault, Unauthenticated, ValidationFailed
from services.image.providers.local.studio import read_photo
from services.media import model_files
from services.media.faces import found_faces, mesh
from services.video.domain import AspectRatio, VideoBrief
from services.video.providers.local.editing import NEARNESS
from services.video.providers.local.photos import decoded
from services.video.providers.local.portraits.actor import (
    NO_FACE,
    TURNED,
    PortraitActor,
    Sitter,
    box_within,
    sitter_of,
)
from services.video.providers.local.portraits.warp import CHIN
from services.video.providers.local.presenters.pose import Mouth, Pose
from services.video.providers.local.stage import Stage
from services.video.providers.local.strokes import rgb_of, surface_of
from services.video.servicer import VideoServicer
from services.video.worker import VideoWorker
from services.worker.remote.customer_images import CustomerImages
from tests.image.briefs import photo_of_a_cup
from tests.video.conftest import Render
from tests.video.watching import mesh_opening, pictures

Portrait = Callable[..., Path]


@pytest.fixture(scope="module")
def sitting(
    models: Path, portrait: Portrait, brief: VideoBrief, tmp_path_factory: pytest.TempPathFactory
) -> PortraitActor:
    pixels = decoded(portrait(tmp_path_factory.mktemp("portrait")), named="x")
    sitter = sitter_of(pixels, models)
    assert isinstance(sitter, Sitter)
    return PortraitActor(pixels, sitter, Stage(brief, product=None, logo=None), "seed")


def shown(
    actor: PortraitActor, mouth: Mouth, pose: Pose | None = None
) -> np.ndarray[tuple[int, ...], np.dtype[np.int16]]:
    frame = np.zeros((720, 720, 4), np.uint8)
    actor._mouths, actor._poses = [mouth], [pose or Pose()]
    actor.draw(surface_of(frame).getCanvas(), 0, 0.0, 1.0)
    return rgb_of(frame).astype(np.int16)


class TestOutcomes:
    def test_face_is_animated(self, models: Path, portrait: Portrait, tmp_path: Path) -> None:
        sitter = sitter_of(decoded(portrait(tmp_path), named="x"), models)
        assert isinstance(sitter, Sitter)
        assert sitter.count == 1

    def test_face_with_beard_and_glasses_is_animated(self, models: Path, portrait: Portrait, tmp_path: Path) -> None:
        for look in ("omar", "henry"):
            assert isinstance(sitter_of(decoded(portrait(tmp_path, look), named="x"), models), Sitter)

    def test_largest_of_several_faces_speaks(self, models: Path, portrait: Portrait, tmp_path: Path) -> None:
        sitter = sitter_of(decoded(portrait(tmp_path, faces=2), named="x"), models)
        assert isinstance(sitter, Sitter)
        assert sitter.count == 2
        assert sitter.points[:, 0].max() < 900  # the first, larger one is on the left

    @pytest.mark.parametrize("kind", ["transparent", "16 bits", "CMYK", "turned", "AVIF", "animated"])
    def test_face_is_found_however_the_file_is_made(
        self, models: Path, portrait: Portrait, tmp_path: Path, kind: str
    ) -> None:
        picture = Image.open(portrait(tmp_path)).convert("RGB")
        path = tmp_path / "made"
        if kind == "transparent":  # under transparent pixels there may be anything
            faces = np.asarray(Image.open(portrait(tmp_path, faces=2)).convert("RGBA")).copy()
            faces[:, faces.shape[1] // 2 :, 3] = 0
            Image.fromarray(faces).save(path, "PNG")
        elif kind == "16 bits":
            Image.fromarray(np.asarray(picture.convert("L")).astype(np.uint16) * 257).save(path, "PNG")
        elif kind == "CMYK":
            picture.convert("CMYK").save(path, "JPEG")
        elif kind == "turned":
            exif = Image.Exif()
            exif[0x0112] = 6
            picture.transpose(Image.Transpose.ROTATE_90).save(path, "JPEG", exif=exif)
        elif kind == "AVIF":
            picture.save(path, "AVIF")
        else:
            picture.save(path, "WEBP", save_all=True, append_images=[Image.new("RGB", picture.size)])
        sitter = sitter_of(decoded(path, named="x"), models)
        assert isinstance(sitter, Sitter)
        assert sitter.count == 1

    def test_small_face_is_framed(self, models: Path, portrait: Portrait, tmp_path: Path) -> None:
        small = Image.open(portrait(tmp_path)).resize((150, 200))
        small.save(tmp_path / "small.png")
        outcome = sitter_of(decoded(tmp_path / "small.png", named="x"), models)
        assert isinstance(outcome, str)
        assert "too small" in outcome

    def test_face_in_profile_is_framed(self, models: Path, portrait: Portrait, tmp_path: Path) -> None:
        """Foreshortens the far half of the face, as in a head turned away."""
        straight = Image.open(portrait(tmp_path))
        far = straight.crop((0, 0, 450, 1200)).resize((180, 1200))
        turned = Image.new("RGB", straight.size, straight.getpixel((0, 0)))
        turned.paste(far, (270, 0))
        turned.paste(straight.crop((450, 0, 900, 1200)), (450, 0))
        turned.save(tmp_path / "turned.png")
        assert sitter_of(decoded(tmp_path / "turned.png", named="x"), models) == TURNED

    def test_image_without_face_is_framed_with_note(self, rendered: Render, tmp_path: Path) -> None:
        Image.effect_noise((400, 300), 80).convert("RGB").save(tmp_path / "noise.png")
        made = rendered(script="Try it today.", avatar_photo=tmp_path / "noise.png")
        assert NO_FACE in made.notes

    def test_invalid_image_is_an_input_fault(self, rendered: Render, tmp_path: Path) -> None:
        (tmp_path / "page.html").write_text("<html>")
        with pytest.raises(InputFault, match="PNG, JPEG or WebP"):
            rendered(script="Try it today.", avatar_photo=tmp_path / "page.html")


class Checking:
    """A submitter that only runs the check."""

    async def submit(self, request: Any, context: Any, submission: Any, *, check: Any, **_: Any) -> Any:
        brief = catalog_pb2.Brief(product=catalog_pb2.Product(name="Bottle"))
        await check(brief, "user")
        raise Unauthenticated("the check passed")


class Allowing:
    async def check(self, script: Any) -> None:
        """Allows it."""

    async def close(self) -> None:
        """Holds nothing."""


@pytest.mark.parametrize(
    ("host", "key", "is_refused"),
    [
        ("no.such.host", "", True),
        ("intranet.corp", "", True),  # it exists, inside
        ("pictures.example.org", "", False),
        ("no.such.host", "order-7", False),  # maybe the repeat of a request that was accepted
    ],
)
async def test_address_with_an_unknown_host_is_refused_before_anything_is_submitted(
    host: str, key: str, is_refused: bool
) -> None:
    async def lookup(host: str, port: int) -> Sequence[str]:
        if host == "no.such.host":
            raise socket.gaierror(socket.EAI_NONAME, "no")
        return ["10.1.2.3" if host == "intranet.corp" else "93.184.216.34"]

    submitter: Any = Checking()
    unused: Any = SimpleNamespace(invocation_metadata=lambda: ())
    servicer = VideoServicer(submitter, unused, Allowing(), unused, lookup=lookup)
    request = video_pb2.GenerateVideoRequest(script="Try it today, friends.", avatar_url=f"https://{host}/a.jpg")
    request.idempotency_key = key
    with pytest.raises(ValidationFailed if is_refused else Unauthenticated) as refused:
        await servicer.GenerateVideo(request, unused)
    if isinstance(refused.value, ValidationFailed):
        assert [(each.field, each.message) for each in refused.value.fields] == [
            ("avatarUrl", "names a host that does not exist in the public internet")
        ]


class Shown(Exception):
    """Ends a job with the portrait that its film would show."""


async def test_job_shows_the_uploaded_portrait_and_fails_once_it_is_deleted(tmp_path: Path) -> None:
    async def headline(*_: Any, **__: Any) -> Any:
        return SimpleNamespace(call_to_action="Try it")

    async def render(brief: VideoBrief, *_: Any) -> Any:
        assert brief.avatar_photo is not None
        raise Shown(brief.avatar_photo.read_bytes())

    assets = AssetStore((tmp_path / "assets").as_uri())
    await assets.put_bytes("catalog/portraits/a.png", b"portrait", "image/png")
    fetcher: Any = None
    parts: Any = {
        "provider": SimpleNamespace(render=render),
        "copy": SimpleNamespace(WriteHeadline=headline),
        "identity": SimpleNamespace(metadata=lambda: ()),
    }
    worker = VideoWorker(customer_images=CustomerImages(assets=assets, fetcher=fetcher), **parts)
    parameters = video_pb2.VideoJobParameters(portrait_key="catalog/portraits/a.png").SerializeToString()
    attempt: Any = SimpleNamespace(
        job=SimpleNamespace(parameters=parameters, job_id="j"),
        progress=SimpleNamespace(report=lambda *_: None),
        folder=tmp_path,
    )
    with pytest.raises(Shown, match="portrait"):
        await worker.handle(attempt)
    await assets.delete("catalog/portraits/a.png")
    with pytest.raises(InputFault, match="portrait was deleted"):
        await worker.handle(attempt)


def seated(picture: Path, models: Path, brief: VideoBrief) -> PortraitActor:
    pixels = decoded(picture, named="x")
    sitter = sitter_of(pixels, models)
    assert isinstance(sitter, Sitter)
    return PortraitActor(pixels, sitter, Stage(brief, product=None, logo=None), "seed")


def test_a_close_portrait_comes_nearer_with_its_chin_where_it_was_and_without_a_gap_below(
    models: Path, portrait: Portrait, brief: VideoBrief, tmp_path: Path
) -> None:
    vertical = replace(brief, aspect_ratio=AspectRatio.PORTRAIT)
    actor = seated(portrait(tmp_path, scale=1.5), models, vertical)
    assert actor.nearest >= NEARNESS[1]
    actor._mouths, actor._poses = [Mouth()], [Pose()]
    chins = []
    for nearness in (1.0, NEARNESS[1]):
        frame = np.zeros((1280, 720, 4), np.uint8)
        actor.draw(surface_of(frame).getCanvas(), 0, 0.0, nearness)
        assert frame[..., 3].min() == 255  # the picture covers the frame
        face, *_ = found_faces(rgb_of(frame), models)
        points = mesh(rgb_of(frame), face, models)
        assert points is not None
        chins.append(float(points[CHIN][1]))
    assert chins[1] <= chins[0] + 12


class TestTeeth:
    """A smile keeps its own teeth, closed lips get drawn ones; the image decides, not the mesh."""

    def test_smile_is_distinguished_from_closed_lips(
        self, models: Path, portrait: Portrait, brief: VideoBrief, tmp_path: Path
    ) -> None:
        smile = Mouth(open=0.2, width=0.9, teeth=1.0)
        for look in ("maya", "leo"):
            assert seated(portrait(tmp_path, look, mouth=smile), models, brief)._face.shows_teeth
            assert not seated(portrait(tmp_path, look), models, brief)._face.shows_teeth

    def test_upper_teeth_stay_when_the_jaw_opens(
        self, models: Path, portrait: Portrait, brief: VideoBrief, tmp_path: Path
    ) -> None:
        actor = seated(portrait(tmp_path, mouth=Mouth(open=0.2, width=0.9, teeth=1.0)), models, brief)
        x, y = (int(place) for place in actor.mouth)
        column = shown(actor, Mouth(open=0.9, teeth=0.7))[y - 25 : y + 50, x - 4 : x + 4, :3].mean(axis=1)
        teeth, dark = np.flatnonzero(column.min(axis=-1) > 190), np.flatnonzero(column.max(axis=-1) < 90)
        assert len(teeth) >= 3
        assert len(dark) >= 3
        assert teeth.mean() < dark.mean()

    def test_pressed_lips_show_no_teeth(
        self, models: Path, portrait: Portrait, brief: VideoBrief, tmp_path: Path
    ) -> None:
        actor = seated(portrait(tmp_path, mouth=Mouth(open=0.2, width=0.9, teeth=1.0)), models, brief)
        x, y = (int(place) for place in actor.mouth)
        parts = [shown(actor, mouth)[y - 25 : y + 40, x - 20 : x + 20, :3] for mouth in (Mouth(), Mouth(press=1.0))]
        white = [int((part.min(axis=-1) > 190).sum()) for part in parts]
        assert white[0] > 50
        assert white[1] < 0.1 * white[0]


class TestMovement:
    def test_opening_mouth_shows_dark_and_teeth(self, sitting: PortraitActor) -> None:
        face = sitting._face
        x, y = (int(place) for place in face.centre + np.array([sitting._x, sitting._y]))
        around = (slice(y - 15, y + 35), slice(x - 35, x + 35))
        shut = shown(sitting, Mouth(press=1.0))[around]
        wide = shown(sitting, Mouth(open=0.9, teeth=0.8))[around]
        toothless = shown(sitting, Mouth(open=0.9, teeth=0.0))[around]
        dark = [(part[..., :3].max(axis=-1) < 80).mean() for part in (shut, toothless)]
        assert dark[1] > dark[0] + 0.03
        bright = [(part[..., :3].min(axis=-1) > 165).sum() for part in (toothless, wide)]
        assert bright[1] > bright[0]

    def test_lips_part_far_enough_to_be_read(self, sitting: PortraitActor, models: Path) -> None:
        wide = Mouth(open=0.4, width=0.5)  # as of open vowels
        frames = [shown(sitting, mouth).astype(np.uint8) for mouth in (Mouth(), wide)]
        shut, apart = mesh_opening(np.stack(frames), models)
        assert apart - shut > 0.03

    def test_closing_eyes_changes_nothing_else(self, sitting: PortraitActor) -> None:
        apart, shut = shown(sitting, Mouth()), shown(sitting, Mouth(), Pose(blink=1.0))
        changed = np.abs(apart - shut).max(axis=-1) > 25
        rows = np.flatnonzero(changed.any(axis=1))
        assert len(rows) > 5
        mouth_y = int(sitting._face.centre[1] + sitting._y)
        assert rows.max() < mouth_y - 20

    def test_background_beside_the_face_stays_still(self, sitting: PortraitActor) -> None:
        one = shown(sitting, Mouth(), Pose(x=8, y=5, tilt=2.5, yaw=0.8))
        two = shown(sitting, Mouth(), Pose(x=-8, y=-5, tilt=-2.5, yaw=-0.8))
        left = int(sitting._x)
        assert np.abs(one[:, left : left + 20] - two[:, left : left + 20]).max() <= 4

    def test_video_moves_the_photographed_mouth(self, rendered: Render, portrait: Portrait, tmp_path: Path) -> None:
        made = rendered(script="Papa saw a bomb.", avatar_photo=portrait(tmp_path))
        frames = pictures(made.video)[8:35].astype(np.int16)
        moving = np.abs(np.diff(frames, axis=0)).max(axis=-1).mean(axis=0)
        assert moving.max() > 8


def test_crop_never_leaves_a_picture_of_any_size() -> None:
    chance = np.random.default_rng(5)
    sizes = [(400, 400), (800, 800), (600, 400), *((int(x), int(y)) for x, y in chance.integers(64, 3000, (2000, 2)))]
    panels = [(720, 1280), (360, 446), (461, 446), (720, 720), (1080, 1920)]
    for number, (width, height) in enumerate(sizes):
        wide, tall = panels[number % len(panels)]
        grow = max(wide / width, tall / height)  # no room to spare: where rounding errors leave the picture
        for left, top in ((0.0, 0.0), (-9.0, 1e9), ((width - wide / grow) / 2, (height - tall / grow) * 0.35)):
            box = box_within((width, height), (wide / grow, tall / grow), left, top)
            assert 0 <= box[0] < box[2] <= width
            assert 0 <= box[1] < box[3] <= height


class TestPeopleInProductPhotos:
    def test_person_is_never_cut_out_of_a_photo(self, models: Path, portrait: Portrait, tmp_path: Path) -> None:
        cut_out_model = model_files.model_path(model_files.U2NETP, models)
        photo = read_photo(portrait(tmp_path), cut_out_model, models)
        assert not photo.cut_out
        assert "it shows a person" in photo.note
        thing = read_photo(photo_of_a_cup(tmp_path / "cup.png"), cut_out_model, models)
        assert thing.cut_out
