"""Refusals of the image service."""

from __future__ import annotations

from services.chassis.errors import FieldViolation, Refusal


class AssetWithoutScene(Refusal):
    reason = "ASSET_WITHOUT_SCENE"


class SceneVersionGone(Refusal):
    reason = "SCENE_VERSION_GONE"

    def __init__(self) -> None:
        super().__init__(
            "The engine that drew this picture is gone, so it cannot be drawn again exactly. Generate a new picture."
        )


class TextTooLong(Refusal):
    """`fields` names each text that does not fit."""

    reason = "TEXT_TOO_LONG"

    def __init__(self, elements: list[str]) -> None:
        super().__init__(
            "A text is too long for its place in the picture, even at the smallest size. Shorten it.",
            fields=[
                FieldViolation(field=f"changes.{element}", message="does not fit its place in the picture")
                for element in elements
            ],
        )
