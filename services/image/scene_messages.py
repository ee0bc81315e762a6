"""Scenes of finished pictures as messages: what a picture was drawn from, and the brief that draws it again."""

from __future__ import annotations

import datetime
from dataclasses import replace
from pathlib import Path
from typing import Final

from adwright.copy.v1 import copy_pb2
from adwright.image.v1 import image_pb2

from services.image import messages
from services.image.domain import Changes, ImageBrief, RenderedImage, Taken, TextSlot

SCENE_VERSION: Final = 11  # raise it with every change of the engine after which pictures come out differently


def scene_of(
    parameters: image_pb2.ImageJobParameters,
    brief: ImageBrief,
    headline: copy_pb2.WriteHeadlineResponse,
    rendered: RenderedImage,
    job_id: str,
) -> bytes:
    """The scene of a picture that was drawn from a brief, serialized; empty if it cannot be drawn again."""
    record = rendered.scene
    if record is None:
        return b""
    changes = brief.changes
    scene = image_pb2.Scene(
        version=SCENE_VERSION,
        request=parameters.request,
        brief=parameters.brief,
        headline=headline,
        seed=parameters.scene.seed or job_id,
        date=brief.date.isoformat(),
        taken_headlines=brief.taken.headlines,
        taken_layouts=brief.taken.layouts,
        texts=_texts(changes.texts),
        replaced=_texts(changes.replaced),
        digest=record.digest,
        palette=changes.palette,
        layout=changes.layout,
        png_step=record.png_step,
        slots=[slot_message(slot) for slot in record.slots],
        colours=record.colours,
        drawn_layout=rendered.layout,
    )
    scene.request.ClearField("webhook_url")
    scene.request.ClearField("idempotency_key")
    return scene.SerializeToString()


def brief_of(
    scene: image_pb2.Scene,
    *,
    headline: copy_pb2.WriteHeadlineResponse,
    job_id: str,
    today: datetime.date,
    photo: Path | None,
    more_photos: tuple[Path, ...],
    logo: Path | None,
    parent: Path | None,
) -> ImageBrief:
    """The brief that draws a scene again, with its changes. parent: the file of the picture as it was."""
    brief = messages.image_brief(
        image_pb2.ImageJobParameters(request=scene.request, brief=scene.brief),
        seed=scene.seed or job_id,
        date=datetime.date.fromisoformat(scene.date) if scene.date else today,
        photo=photo,
        more_photos=more_photos,
        logo=logo,
        headline=headline,
        taken=Taken(headlines=tuple(scene.taken_headlines), layouts=tuple(scene.taken_layouts)),
    )
    changes = Changes(
        texts=tuple((text.element, text.text) for text in scene.texts),
        replaced=tuple((text.element, text.text) for text in scene.replaced),
        digest=scene.digest,
        palette=tuple(scene.palette),
        layout=scene.layout,
        png_step=max(scene.png_step, 1),
    )
    return replace(brief, changes=changes, parent=parent)


def _texts(texts: tuple[tuple[str, str], ...]) -> list[image_pb2.PrintedText]:
    return [image_pb2.PrintedText(element=element, text=text) for element, text in texts]


def slot_message(slot: TextSlot) -> image_pb2.PrintedSlot:
    """The message of a slot."""
    return image_pb2.PrintedSlot(**{name: getattr(slot, name) for name in TextSlot.__dataclass_fields__})


def slot_of(message: image_pb2.PrintedSlot) -> TextSlot:
    """The slot of a message."""
    values = {name: getattr(message, name) for name in TextSlot.__dataclass_fields__}
    return TextSlot(**{**values, **{name: tuple(values[name]) for name in ("row", "room", "margins")}})
