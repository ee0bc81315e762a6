"""Scenes of finished films as messages: what a film was drawn from, and the parameters that draw it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from adwright.video.v1 import video_pb2

from services.video.domain import FilmRecord, ParentFilm, ScriptChange, VideoBrief

SCENE_VERSION: Final = 8  # raise it with every change of the engine after which films come out differently


def scene_of(
    parameters: video_pb2.VideoJobParameters,
    record: FilmRecord | None,
    *,
    seed: str,
    call_to_action: str,
    files: Mapping[str, str],
) -> bytes:
    """The scene of a film that was drawn from parameters, serialized; empty if it cannot be drawn again.

    record: what the engine tells of the film; None: another engine made a part of it. files: SHA-256, hexadecimal, of
    the customer's files by name.
    """
    if record is None:
        return b""
    scene = video_pb2.FilmScene(
        version=SCENE_VERSION,
        request=parameters.request,
        brief=parameters.brief,
        portrait_key=parameters.portrait_key,
        seed=seed,
        call_to_action=call_to_action,
        changes=parameters.scene.changes,
        speech_digest=record.speech_digest,
        files=[video_pb2.FileDigest(name=name, sha256=digest) for name, digest in sorted(files.items())],
    )
    scene.request.ClearField("webhook_url")
    scene.request.ClearField("idempotency_key")
    return scene.SerializeToString()


def script_of(scene: video_pb2.FilmScene) -> str:
    """The script that the film says, with all changes so far."""
    script = scene.request.script
    for change in scene.changes:
        script = script[: change.start] + change.text + script[change.end :]
    return script


def with_scene(
    brief: VideoBrief, scene: video_pb2.FilmScene, *, changes_before: int, parent: Path | None
) -> VideoBrief:
    """The brief of a film that is drawn again, with its changes. changes_before: how many of the script's changes the
    earlier film has. parent: its file; None: it is not there any more."""
    script, changes = scene.request.script, list[ScriptChange]()
    for change in scene.changes:
        changes.append(ScriptChange(script=script, start=change.start, end=change.end, text=change.text))
        script = changes[-1].changed
    return replace(
        brief,
        script=script,
        changes=tuple(changes),
        parent=ParentFilm(path=parent, speech_digest=scene.speech_digest, changes=changes_before),
    )
