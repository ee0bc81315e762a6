"""What a request for a film must fulfil before credits are held, and the script of a request that has none."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Final

from adwright.video.v1 import video_pb2

from services.chassis.errors import FieldViolation, ValidationFailed
from services.media.writing_systems import COMMON, script_of
from services.video.domain import AspectRatio, ScriptNotSpeakable, VideoKind
from services.video.messages import kind_of
from services.video.product.storyboard import END_SECONDS, silent_seconds
from services.video.product.writing import Material, written_script
from services.video.script.check import why_not_speakable
from services.video.script.markup import shown, shown_word
from services.video.script.speakable import speakable

SHOWN_SCRIPTS: Final = frozenset({"Latn", "Grek", "Cyrl"})  # whose words captions set one after the other
LETTERS_PER_SECOND: Final = 15.0  # of English speech, spaces included
TOLERANCE: Final = 1.05  # a film may run this much over its length before its script is refused
LONGEST_SECONDS: Final = 150.0  # of a film
MAX_NAMED: Final = 5
SHORTEST_SCRIPT: Final = 10


def check_fields(request: video_pb2.GenerateVideoRequest) -> None:
    """Raises ValidationFailed for fields that the kind of film does not have, and for an avatar without a script."""
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
        given = {"avatarId": request.HasField("avatar_id"), "avatarUrl": request.HasField("avatar_url")}
        message = "does not apply to product films, which have no presenter"
        broken += [FieldViolation(field=name, message=message) for name, is_given in given.items() if is_given]
        if request.script:
            broken += _too_long(request)
    if broken:
        raise ValidationFailed(broken)


def _too_long(request: video_pb2.GenerateVideoRequest) -> list[FieldViolation]:
    """A violation for a script that takes longer than the film's length, or than any film's."""
    text = " ".join(shown(request.script).split())
    if _spoken(request):
        spoken = speakable(request.script, dict(request.pronunciations))
        needed = len(spoken.text) / LETTERS_PER_SECOND + sum(spoken.pauses.values()) + END_SECONDS
    else:
        needed = silent_seconds(text)
    limit = request.seconds if request.HasField("seconds") else LONGEST_SECONDS
    if needed <= limit * TOLERANCE:
        return []
    room = max(1, round(len(text.split()) * (limit - END_SECONDS) / (needed - END_SECONDS)))
    message = f"takes about {needed:.1f} s; a film of {limit:.0f} s has room for about {room} words"
    return [FieldViolation(field="script", message=message)]


def script_for(request: video_pb2.GenerateVideoRequest, material: Material, pronunciations: Mapping[str, str]) -> str:
    """Writes the script of a product film from its facts. Raises ScriptNotSpeakable when there is nothing to say."""

    def sayable(line: str) -> bool:
        if not _spoken(request):
            return _not_shown(line) is None
        return why_not_speakable(line, pronunciations) is None

    seconds = request.seconds if request.HasField("seconds") else None
    script = written_script(material, seconds=seconds, sayable=sayable)
    if len(script) >= SHORTEST_SCRIPT:
        return script
    if _spoken(request) and material.language not in ("", "en") and any(fact.text for fact in material.facts):
        raise ScriptNotSpeakable(
            "The product's texts are not in English, which the voices speak. Send a script, or set voiceOver to false "
            "for a silent film with captions."
        )
    raise ScriptNotSpeakable("The product has no facts that a film could say. Describe the product, or send a script.")


def why_not_renderable(request: video_pb2.GenerateVideoRequest, pronunciations: Mapping[str, str]) -> str | None:
    """Returns a sentence that names what of the script can be neither spoken nor shown, or None."""
    if _spoken(request):
        return why_not_speakable(request.script, pronunciations)
    return _not_shown(request.script)


def _spoken(request: video_pb2.GenerateVideoRequest) -> bool:
    return kind_of(request) is VideoKind.AVATAR or not request.HasField("voice_over") or request.voice_over


def _not_shown(script: str) -> str | None:
    """Names the words whose letters or figures captions cannot show. Emoji and ornaments are left out: no fault."""
    text = shown(script)
    lost = [word for word in text.split() if any(map(_is_lost, shown_word(word)))]
    if not lost:
        return None if any(map(str.isalnum, text)) else "It contains no words to show."
    named = ", ".join(f"“{word[:40]}”" for word in list(dict.fromkeys(lost))[:MAX_NAMED])
    return f"Captions cannot show {named}. Write the script in Latin, Greek or Cyrillic letters and figures."


def _is_lost(character: str) -> bool:
    return unicodedata.category(character)[0] in "LN" and script_of(character) not in SHOWN_SCRIPTS | COMMON
