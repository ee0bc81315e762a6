"""Colours of a picture stay in its variants, also where no brand has set them and they came from the picture's seed."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path

import pytest
from adwright.catalog.v1 import catalog_pb2
from adwright.copy.v1 import copy_pb2
from adwright.image.v1 import image_pb2

from services.image import messages
from services.image.domain import ImageBrief, RenderedImage, SceneRecord
from services.image.providers.local.composer import Composed, compose
from services.image.scene_changes import changed_scene, locked_scene
from services.image.scene_messages import brief_of, scene_of
from tests.image.briefs import drawings

HEADLINE = copy_pb2.WriteHeadlineResponse(headline="A calm light", call_to_action="Shop now")
OTHER_HEADLINE = copy_pb2.WriteHeadlineResponse(headline="Read until late", call_to_action="Shop now")
DATE = datetime.date(2026, 3, 9)
FURTHER_JOBS = [f"job-{number}" for number in range(2, 7)]
TONES = 4  # that the files merge
NOTHING = catalog_pb2.Brief()


def drawn(brief: ImageBrief) -> Composed:
    return compose(brief, photo=None, drawings=drawings())


def recorded(
    parameters: image_pb2.ImageJobParameters, brief: ImageBrief, job_id: str, made: Composed
) -> image_pb2.Scene:
    """The scene that the worker stores with the picture."""
    rendered = RenderedImage(
        image=Path("ad.png"),
        thumbnail=Path("thumbnail.webp"),
        content_type="image/png",
        width=1,
        height=1,
        alt_text="",
        notes=(),
        provider="local",
        layout=made.layout,
        scene=SceneRecord(digest=made.digest, png_step=TONES, colours=made.colours, slots=made.slots),
    )
    return image_pb2.Scene.FromString(scene_of(parameters, brief, HEADLINE, rendered, job_id))


def drawn_again(scene: image_pb2.Scene, job_id: str) -> tuple[Composed, image_pb2.Scene]:
    """The picture of a changed scene as another job draws it, and the scene that is stored with that one."""
    headline = scene.headline if scene.HasField("headline") else OTHER_HEADLINE
    brief = brief_of(
        scene, headline=headline, job_id=job_id, today=DATE, photo=None, more_photos=(), logo=None, parent=None
    )
    made = drawn(brief)
    own = image_pb2.ImageJobParameters(request=scene.request, brief=scene.brief, scene=image_pb2.Scene(seed=scene.seed))
    return made, recorded(own, brief, job_id, made)


@pytest.fixture(scope="module")
def first() -> tuple[Composed, image_pb2.Scene]:
    """A picture of a brand without colours, and its scene."""
    product = catalog_pb2.Product(name="Dune Lamp", description="A lamp of paper.", price="80.00", currency="EUR")
    parameters = image_pb2.ImageJobParameters(
        request=image_pb2.GenerateStaticAdRequest(style="bold", aspect_ratio="1:1"),
        brief=catalog_pb2.Brief(product=product),
    )
    brief = messages.image_brief(parameters, seed="job-1", date=DATE, photo=None, logo=None, headline=HEADLINE)
    assert not brief.brand_colours
    made = drawn(brief)
    return made, recorded(parameters, brief, "job-1", made)


def colours(scene: image_pb2.Scene, jobs: Sequence[str] = FURTHER_JOBS) -> set[tuple[str, ...]]:
    """The colours that pictures of a scene have when these jobs draw them."""
    return {drawn_again(scene, job_id)[0].colours for job_id in jobs}


def test_locked_colours_stay_in_every_new_idea(first: tuple[Composed, image_pb2.Scene]) -> None:
    made, scene = first
    assert colours(locked_scene(scene, ["palette"])) == {made.colours}
    assert len(colours(locked_scene(scene, ["headline"]))) > 1  # without the lock they come from the new idea


def test_merged_tones_of_the_file_stay(first: tuple[Composed, image_pb2.Scene]) -> None:
    _, scene = first
    assert scene.png_step == TONES
    changed = changed_scene(scene, image_pb2.PictureChanges(cta="See it"), NOTHING)
    brief = brief_of(
        changed, headline=HEADLINE, job_id="job-2", today=DATE, photo=None, more_photos=(), logo=None, parent=None
    )
    assert brief.changes.png_step == TONES


def test_colours_stay_in_another_shape(first: tuple[Composed, image_pb2.Scene]) -> None:
    made, scene = first
    changed = changed_scene(scene, image_pb2.PictureChanges(aspect_ratio="9:16"), NOTHING)
    assert colours(changed) == {made.colours}


def test_changed_colours_stay_in_further_changes(first: tuple[Composed, image_pb2.Scene]) -> None:
    _, scene = first
    wanted = ("#0a7d3c", "#f4d35e")
    made, scene = drawn_again(changed_scene(scene, image_pb2.PictureChanges(palette=wanted), NOTHING), "job-2")
    assert made.colours == wanted
    other = changed_scene(scene, image_pb2.PictureChanges(cta="See it"), NOTHING)
    again, scene = drawn_again(other, "job-3")  # raises SCENE_CHANGED if the picture came out in other colours
    assert again.colours == wanted
    assert colours(locked_scene(scene, ["palette"])) == {wanted}
    assert colours(changed_scene(scene, image_pb2.PictureChanges(aspect_ratio="4:5"), NOTHING)) == {wanted}
