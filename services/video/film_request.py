"""What a request for a film must fulfil before credits are held, and the script of a request that has none."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Final

from adwright.video.v1 import video_pb2

from services.chassis.errors import FieldViolation, ValidationFailed
from services.media.writing_systems import COMMON, script_of
from services.video.domain import AVATARS, AspectRatio, Music, ScriptNotSpeakable, VideoKind
from services.video.messages import is_spoken, kind_of, music_of
from services.video.product.storyboard import END_SECONDS, silent_seconds
from services.video.product.writing import Material, written_script
from services.video.script.check import why_not_speakable
from services.video.script.language import SPOKEN
from services.video.script.markup import shown, shown_word
from services.video.script.speakable import speakable

SHOWN_SCRIPTS: Final = frozenset({"Latn", "Grek", "Cyrl"})  # whose words captions set one after the other
LETTERS_PER_SECOND: Final = 15.0  # of English speech, spaces included
TOLERANCE: Final = 1.05  # a film may run this much over its length before its script is refused
LONGEST_SECONDS: Final = 150.0  # of a film
MAX_NAMED: Final = 5
SHORTEST_SCRIPT: Final = 10


def check_fields(request: video_pb2.GenerateVideoRequest) -> None:
    """Raises ValidationFailed for fields that the kind of film does not have, and for an avatar without a script.

    What hangs on the script's language is checked once that is known: `check_length`.
    """
    broken: list[FieldViolation] = []
    if kind_of(request) is VideoKind.AVATAR:
        if not request.HasField("script"):
            broken.append(FieldViolation(field="script", message="is required"))
        given = {"seconds": request.HasField("seconds"), "voiceOver": request.HasField("voice_over")}
        message = "applies to product films only"
        broken += [FieldViolation(field=name, message=message) for name, is_given in given.items() if is_given]
        if request.aspect_ratio == AspectRatio.FEED:
            broken.append(FieldViolation(field="aspectRatio", message="4:5 is for product films only"))
    else:
        if request.HasField("avatar_url"):
            message = "does not apply to product films, whose presenters are drawn: give avatarId"
            broken.append(FieldViolation(field="avatarUrl", message=message))
        if request.HasField("avatar_id") and request.avatar_id not in AVATARS:
            message = "must be a drawn avatar in a product film"
            broken.append(FieldViolation(field="avatarId", message=message))
        elif request.HasField("avatar_id") and not is_spoken(request):
            broken.append(FieldViolation(field="avatarId", message="does not apply to a film without a voice"))
        if request.HasField("speed") and not is_spoken(request):
            broken.append(FieldViolation(field="speed", message="does not apply to a film without a voice"))
    if request.HasField("music_volume") and (music_of(request) is Music.NONE or not is_spoken(request)):
        lacking = "a voice" if music_of(request) is not Music.NONE else "music"
        broken.append(FieldViolation(field="musicVolume", message=f"does not apply to a film without {lacking}"))
    if broken:
        raise ValidationFailed(broken)


def check_length(request: video_pb2.GenerateVideoRequest) -> None:
    """Raises ValidationFailed for a script that takes longer than the film's length, or than any film's.

    The request's language is settled: figures are read in it.
    """
    needed = _needed_seconds(request, request.script, request.language or "en")
    limit = request.seconds if request.HasField("seconds") else LONGEST_SECONDS
    if needed <= limit * TOLERANCE:
        return
    words = len(shown(request.script).split())
    room = max(1, round(words * (limit - END_SECONDS) / (needed - END_SECONDS)))
    at_speed = f" at speed {_speed(request):g}" if request.HasField("speed") else ""
    message = f"takes about {needed:.1f} s{at_speed}; a film of {limit:.0f} s has room for about {room} words"
    raise ValidationFailed([FieldViolation(field="script", message=message)])


def _needed_seconds(request: video_pb2.GenerateVideoRequest, script: str, language: str) -> float:
    """The estimated length of a film that says or shows a script, with its end."""
    if not is_spoken(request):
        return silent_seconds(" ".join(shown(script).split()))
    spoken = speakable(script, dict(request.pronunciations), language)
    return len(spoken.text) / (LETTERS_PER_SECOND * _speed(request)) + sum(spoken.pauses.values()) + END_SECONDS


def script_for(request: video_pb2.GenerateVideoRequest, material: Material, pronunciations: Mapping[str, str]) -> str:
    """Writes the script of a product film from its facts. Raises ScriptNotSpeakable when there is nothing to say."""

    def sayable(line: str) -> bool:
        if not is_spoken(request):
            return why_not_shown(line) is None
        return why_not_speakable(line, pronunciations, language) is None

    language = request.language or written_language(material)
    seconds = request.seconds if request.HasField("seconds") else None
    usual = written_script(material, seconds=seconds, sayable=sayable, heard=is_spoken(request))
    script = usual
    if seconds and _speed(request) != 1.0:
        fits = _needed_seconds(request, usual, language) <= seconds * TOLERANCE
        if _speed(request) > 1.0 or not fits:
            scaled = END_SECONDS + (seconds - END_SECONDS) * _speed(request)
            script = written_script(material, seconds=scaled, sayable=sayable, heard=is_spoken(request))
    if len(script) >= SHORTEST_SCRIPT:
        return script
    if len(usual) >= SHORTEST_SCRIPT:
        raise ScriptNotSpeakable(
            f"At speed {_speed(request):g} no fact of the product fits a film of {seconds} s. Choose a higher speed or "
            "a longer film, or send a script."
        )
    if (
        is_spoken(request)
        and material.language.split("-")[0] not in ("", *SPOKEN)
        and any(fact.text for fact in material.facts)
    ):
        raise ScriptNotSpeakable(
            f"The product's texts are in no language that voices speak: {', '.join(SPOKEN.values())}. Send a script, "
            "or set voiceOver to false for a silent film with captions."
        )
    raise ScriptNotSpeakable("The product has no facts that a film could say. Describe the product, or send a script.")


def why_not_renderable(request: video_pb2.GenerateVideoRequest, pronunciations: Mapping[str, str]) -> str | None:
    """Returns a sentence that names what of the script can be neither spoken nor shown, or None."""
    if is_spoken(request):
        return why_not_speakable(request.script, pronunciations, request.language or "en")
    return why_not_shown(request.script)


def written_language(material: Material, voice_language: str = "en") -> str:
    """The language of a script that is written from a product's facts: theirs if voices speak it, else the voice's."""
    language = material.language.split("-")[0]
    return language if language in SPOKEN else voice_language


def _speed(request: video_pb2.GenerateVideoRequest) -> float:
    return request.speed if request.HasField("speed") else 1.0


def why_not_shown(script: str) -> str | None:
    """Names the words whose letters or figures captions cannot show. Emoji and ornaments are left out: no fault."""
    text = shown(script)
    lost = [word for word in text.split() if any(map(_is_lost, shown_word(word)))]
    if not lost:
        return None if any(map(str.isalnum, text)) else "It contains no words to show."
    named = ", ".join(f"“{word[:40]}”" for word in list(dict.fromkeys(lost))[:MAX_NAMED])
    return f"Captions cannot show {named}. Write the script in Latin, Greek or Cyrillic letters and figures."


def _is_lost(character: str) -> bool:
    return unicodedata.category(character)[0] in "LN" and script_of(character) not in SHOWN_SCRIPTS | COMMON
