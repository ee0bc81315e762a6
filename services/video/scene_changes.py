"""Changes of a finished film's scene: what may be changed, and the scene that makes it so."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

from adwright.video.v1 import video_pb2

from services.chassis.banned_words import first_banned_word
from services.chassis.errors import FieldViolation, Refusal, ValidationFailed
from services.video.domain import SceneVersionGone, ScriptNotSpeakable
from services.video.film_request import SHORTEST_SCRIPT, check_length, why_not_renderable, why_not_shown
from services.video.messages import pronunciations
from services.video.product.parts import END_MARKS, sentences
from services.video.scene_messages import SCENE_VERSION, script_of
from services.video.script.markup import shown, shown_word

LONGEST_SCRIPT: Final = 2000  # as of a request
MOST_CHANGES: Final = 20  # of one script: each is spoken again with every film after it
QUOTED_CHARACTERS: Final = 60  # of a sentence that a message names
QUOTES: Final = "\"')”’»"
SENTENCE: Final = "changes.sentence"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Placed:
    """A word of a script, and between which characters it stands; what sentences are made of elsewhere are times."""

    text: str
    start: int
    end: int


def sentence_spans(script: str) -> list[tuple[int, int]]:
    """Where each sentence of a script stands, as (start, end) in characters. They are those that films are cut by."""
    words = [
        _Placed(text=shown_word(found[0]), start=found.start(), end=found.end())
        for found in re.finditer(r"\S+", shown(script))
    ]
    return [(int(sentence[0].start), int(sentence[-1].end)) for sentence in sentences(words)]


def changed_scene(request: video_pb2.ChangeFilmRequest) -> video_pb2.FilmScene:
    """The scene of a film with the changes that a request names.

    Raises SceneVersionGone, ValidationFailed, and ScriptNotSpeakable for what the voice or the captions cannot render.
    """
    scene = request.scene
    if scene.version != SCENE_VERSION:
        raise SceneVersionGone
    if not request.sentence and not request.cta:
        raise ValidationFailed([FieldViolation(field="changes", message="must name at least one thing to change")])
    own = video_pb2.FilmScene()
    own.CopyFrom(scene)
    if request.cta:
        _check_label(request.cta, request.brief.project.brand.banned_words)
        own.call_to_action = request.cta
    if request.sentence:
        own.changes.append(_script_change(script_of(scene), request))
        if len(own.changes) > MOST_CHANGES:
            raise _wrong(SENTENCE, f"the script was changed {MOST_CHANGES} times; generate a new film with it")
        _check_script(own)
    return own


def with_script(scene: video_pb2.FilmScene) -> video_pb2.GenerateVideoRequest:
    """The request for a new film that says what the scene's does."""
    order = video_pb2.GenerateVideoRequest()
    order.CopyFrom(scene.request)
    order.script = script_of(scene)
    return order


@contextmanager
def about_the_sentence() -> Iterator[None]:
    """Lets refusals of a script name the changed sentence as the field at fault."""
    try:
        yield
    except ValidationFailed as refusal:
        raise ValidationFailed(_renamed(refusal)) from None
    except Refusal as refusal:
        refusal.fields = tuple(_renamed(refusal))
        raise


def _renamed(refusal: Refusal) -> list[FieldViolation]:
    return [
        replace(violation, field=f"{SENTENCE}.text") if violation.field == "script" else violation
        for violation in refusal.fields
    ]


def _wrong(field: str, message: str) -> ValidationFailed:
    return ValidationFailed([FieldViolation(field=field, message=message)])


def _check_label(label: str, banned: Sequence[str]) -> None:
    word = first_banned_word(label, banned)
    if word is not None:
        raise _wrong("changes.cta", f"must not contain “{word}”, one of the project's banned words")
    if not any(map(str.isalnum, label)):
        raise _wrong("changes.cta", "must contain a letter or a digit")
    if (lost := why_not_shown(label)) is not None:
        raise _wrong("changes.cta", lost)


def _script_change(script: str, request: video_pb2.ChangeFilmRequest) -> video_pb2.ScriptChange:
    spans = sentence_spans(script)
    start, end = _found(script, spans, request)
    old, text = script[start:end], request.sentence.strip()
    mark = old.rstrip(QUOTES)[-1:]
    if text.rstrip(QUOTES)[-1:] not in END_MARKS and mark in END_MARKS:
        text += mark
    if text == old:
        raise _wrong(f"{SENTENCE}.text", "stands there already")
    if len(sentence_spans(script[:start] + text + script[end:])) != len(spans):
        raise _wrong(f"{SENTENCE}.text", "must be one sentence, with a mark at its end")
    return video_pb2.ScriptChange(start=start, end=end, text=text)


def _found(script: str, spans: Sequence[tuple[int, int]], request: video_pb2.ChangeFilmRequest) -> tuple[int, int]:
    if request.sentence_number:
        if request.sentence_number > len(spans):
            raise _wrong(f"{SENTENCE}.number", f"is too high: {_listed(script, spans)}")
        return spans[request.sentence_number - 1]
    wanted = " ".join(request.replaces.split())
    same = [span for span in spans if " ".join(script[slice(*span)].split()) == wanted]
    if not same:
        raise _wrong(f"{SENTENCE}.replaces", f"is no sentence of the script: {_listed(script, spans)}")
    if len(same) > 1:
        raise _wrong(f"{SENTENCE}.replaces", f"stands {len(same)} times in the script; name it by its number")
    return same[0]


def _listed(script: str, spans: Sequence[tuple[int, int]]) -> str:
    named = [" ".join(script[slice(*span)].split()) for span in spans]
    cut = [text if len(text) <= QUOTED_CHARACTERS else f"{text[:QUOTED_CHARACTERS]}…" for text in named]
    return "its sentences are " + ", ".join(f"{number}: “{text}”" for number, text in enumerate(cut, start=1))


def _check_script(scene: video_pb2.FilmScene) -> None:
    order = with_script(scene)
    if not SHORTEST_SCRIPT <= len(order.script) <= LONGEST_SCRIPT:
        message = f"makes the script {len(order.script)} characters long; it may have {SHORTEST_SCRIPT} to "
        raise _wrong(f"{SENTENCE}.text", f"{message}{LONGEST_SCRIPT}")
    alone = video_pb2.GenerateVideoRequest()
    alone.CopyFrom(order)
    alone.script = scene.changes[-1].text
    with about_the_sentence():
        check_length(order)
        for request in (alone, order):  # alone: a sentence of signs only would leave a gap
            if (unspeakable := why_not_renderable(request, pronunciations(request, scene.brief))) is not None:
                raise ScriptNotSpeakable(unspeakable)
