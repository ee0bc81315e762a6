"""Values of the video service: formats, voices, avatars, the brief and the rendered video.

Importing this module loads no engine.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from services.chassis.errors import FieldViolation, Refusal

FRAMES_PER_SECOND: Final = 25
DEFAULT_RESOLUTION: Final = "720p"


class AspectRatio(StrEnum):
    """Width to height of a video. The resolution names the shorter side."""

    PORTRAIT = "9:16"
    FEED = "4:5"
    SQUARE = "1:1"
    LANDSCAPE = "16:9"

    def size(self, resolution: str = DEFAULT_RESOLUTION) -> tuple[int, int]:
        """(width, height) in pixels; "1:1" at 720p is 720x720. Raises KeyError for an unknown resolution."""
        return SIZES[resolution][self]


SIZES: Final[dict[str, dict[AspectRatio, tuple[int, int]]]] = {
    "720p": {
        AspectRatio.PORTRAIT: (720, 1280),
        AspectRatio.FEED: (720, 900),
        AspectRatio.SQUARE: (720, 720),
        AspectRatio.LANDSCAPE: (1280, 720),
    },
    "1080p": {
        AspectRatio.PORTRAIT: (1080, 1920),
        AspectRatio.FEED: (1080, 1350),
        AspectRatio.SQUARE: (1080, 1080),
        AspectRatio.LANDSCAPE: (1920, 1080),
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """A voice. `engine_voice` is its name in the local speech model, `language` what it speaks (ISO 639-1)."""

    id: str
    name: str
    accent: str
    style: str
    engine_voice: str
    language: str = "en"


VOICES: Final[dict[str, Voice]] = {
    voice.id: voice
    for voice in (
        Voice(id="male-1", name="Michael", accent="american", style="warm, measured", engine_voice="am_michael"),
        Voice(id="male-2", name="Fenrir", accent="american", style="deep, energetic", engine_voice="am_fenrir"),
        Voice(id="male-3", name="Puck", accent="american", style="bright, casual", engine_voice="am_puck"),
        Voice(id="male-4", name="George", accent="british", style="calm, trustworthy", engine_voice="bm_george"),
        Voice(id="male-5", name="Onyx", accent="american", style="low, serious", engine_voice="am_onyx"),
        Voice(id="male-6", name="Fable", accent="british", style="storytelling", engine_voice="bm_fable"),
        Voice(id="female-1", name="Heart", accent="american", style="warm, natural", engine_voice="af_heart"),
        Voice(id="female-2", name="Bella", accent="american", style="lively, confident", engine_voice="af_bella"),
        Voice(id="female-3", name="Sarah", accent="american", style="friendly, clear", engine_voice="af_sarah"),
        Voice(id="female-4", name="Emma", accent="british", style="poised, clear", engine_voice="bf_emma"),
        Voice(id="female-5", name="Kore", accent="american", style="bright, brisk", engine_voice="af_kore"),
        Voice(id="female-6", name="Aoede", accent="american", style="soft, easygoing", engine_voice="af_aoede"),
        Voice(id="female-7", name="Isabella", accent="british", style="gentle, elegant", engine_voice="bf_isabella"),
        Voice(
            id="female-es-1", name="Dora", accent="european", style="clear, warm", engine_voice="ef_dora", language="es"
        ),
        Voice(
            id="male-es-1", name="Alex", accent="european", style="steady, clear", engine_voice="em_alex", language="es"
        ),
        Voice(
            id="male-es-2", name="Santa", accent="european", style="deep, jolly", engine_voice="em_santa", language="es"
        ),
        Voice(
            id="female-it-1",
            name="Sara",
            accent="italian",
            style="bright, clear",
            engine_voice="if_sara",
            language="it",
        ),
        Voice(
            id="male-it-1",
            name="Nicola",
            accent="italian",
            style="calm, clear",
            engine_voice="im_nicola",
            language="it",
        ),
        Voice(
            id="female-pt-1",
            name="Dora",
            accent="brazilian",
            style="clear, warm",
            engine_voice="pf_dora",
            language="pt",
        ),
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Avatar:
    """A drawn presenter. `presents_as` matches it with voices; `suits` are words of brands and products it suits."""

    id: str
    name: str
    description: str
    presents_as: str
    suits: tuple[str, ...] = ()


AVATARS: Final[dict[str, Avatar]] = {
    avatar.id: avatar
    for avatar in (
        Avatar(
            id="maya",
            name="Maya",
            description="Brown bob, amber eyes, blazer: a friendly consultant in her thirties",
            presents_as="female",
            suits=("business", "finance", "software", "service", "team"),
        ),
        Avatar(
            id="leo",
            name="Leo",
            description="Dark quiff, stubble, crew-neck: a relaxed founder in his late twenties",
            presents_as="male",
            suits=("app", "startup", "tech", "software", "gadget"),
        ),
        Avatar(
            id="amara",
            name="Amara",
            description="Natural afro, gold hoops, bright top: energetic, in her twenties",
            presents_as="female",
            suits=("beauty", "skin", "fashion", "music", "hair", "style"),
        ),
        Avatar(
            id="kenji",
            name="Kenji",
            description="Straight black hair, round glasses, turtleneck: a thoughtful designer",
            presents_as="male",
            suits=("design", "camera", "audio", "home", "desk", "office"),
        ),
        Avatar(
            id="ingrid",
            name="Ingrid",
            description="Long blonde waves, blue eyes, knit jumper: easygoing and outdoorsy",
            presents_as="female",
            suits=("outdoor", "travel", "bottle", "water", "nature", "tea"),
        ),
        Avatar(
            id="omar",
            name="Omar",
            description="Full beard, short black hair, open shirt: a confident coach in his thirties",
            presents_as="male",
            suits=("fitness", "sport", "coffee", "food", "grill", "training"),
        ),
        Avatar(
            id="rosa",
            name="Rosa",
            description="Silver bun, reading glasses, cardigan: an experienced guide in her sixties",
            presents_as="female",
            suits=("garden", "family", "kitchen", "health", "care", "book"),
        ),
        Avatar(
            id="henry",
            name="Henry",
            description="Grey temples, square glasses, suit and tie: a seasoned adviser in his fifties",
            presents_as="male",
            suits=("insurance", "bank", "law", "watch", "car", "luxury"),
        ),
        Avatar(
            id="priya",
            name="Priya",
            description="Long dark hair, mustard top, warm smile: an upbeat teacher in her twenties",
            presents_as="female",
            suits=("course", "learn", "school", "language", "spice", "yoga"),
        ),
        Avatar(
            id="dante",
            name="Dante",
            description="Shaved head, goatee, hoodie: laid-back and direct, in his thirties",
            presents_as="male",
            suits=("gaming", "street", "sneaker", "headphones", "speaker", "bike"),
        ),
        Avatar(
            id="layla",
            name="Layla",
            description="Rose headscarf, long lashes, neat collar: gentle and assured",
            presents_as="female",
            suits=("cosmetics", "gift", "perfume", "candle", "wellness", "mother"),
        ),
        Avatar(
            id="finn",
            name="Finn",
            description="Ginger curls, freckles, green overshirt: cheerful, in his early twenties",
            presents_as="male",
            suits=("snack", "drink", "student", "pet", "toy", "game"),
        ),
        Avatar(
            id="zoe",
            name="Zoe",
            description="Short pixie cut, teal highlights, denim collar: quick and playful",
            presents_as="female",
            suits=("creative", "art", "social", "phone", "accessory", "vegan"),
        ),
        Avatar(
            id="marcus",
            name="Marcus",
            description="Fade haircut, moustache, blazer over a tee: polished, in his forties",
            presents_as="male",
            suits=("agency", "marketing", "real", "estate", "premium", "wine"),
        ),
    )
}


def suitable_avatar(*, voice_id: str, words: str, seed: str) -> Avatar:
    """Chooses the avatar of a brief that names none: one that matches the voice and suits brand and product.

    words: free text (names and description). `seed` decides ties and texts without matching words, so one job always
    gets the same avatar, and one brand gets several.
    """
    presents_as = "female" if voice_id.startswith("female") else "male"
    folded = words.casefold()
    matching = [avatar for avatar in AVATARS.values() if avatar.presents_as == presents_as]
    points = {avatar.id: sum(word in folded for word in avatar.suits) for avatar in matching}
    best = max(points.values())
    tied = [avatar for avatar in matching if points[avatar.id] == best]
    return tied[zlib.crc32(seed.encode()) % len(tied)]


class UnknownVoice(Refusal):
    reason = "UNKNOWN_VOICE"

    def __init__(self, voice_id: str) -> None:
        known = ", ".join(VOICES)
        message = f"Unknown voice {voice_id!r}. The voices are: {known}."
        super().__init__(message, fields=(FieldViolation(field="voiceId", message=f"must be one of {known}"),))


DEFAULT_VOICES: Final = {
    "en": "male-1",
    "es": "female-es-1",
    "it": "female-it-1",
    "pt": "female-pt-1",
}  # of each language


class VoiceOfAnotherLanguage(Refusal):
    """The voice speaks another language than the script is in."""

    reason = "VOICE_LANGUAGE_MISMATCH"

    def __init__(self, voice_id: str, language: str) -> None:
        fitting = ", ".join(voice.id for voice in VOICES.values() if voice.language == language)
        message = f"Voice {voice_id!r} does not speak the script's language ({language}). Voices that do: {fitting}."
        super().__init__(message, fields=(FieldViolation(field="voiceId", message=f"must be one of {fitting}"),))


class UnknownAvatar(Refusal):
    reason = "UNKNOWN_AVATAR"

    def __init__(self, avatar_id: str) -> None:
        known = ", ".join(AVATARS)
        message = f"Unknown avatar {avatar_id!r}. The avatars are: {known}."
        super().__init__(message, fields=(FieldViolation(field="avatarId", message=f"must be one of {known}"),))


class ScriptNotAllowed(Refusal):
    reason = "SCRIPT_NOT_ALLOWED"

    def __init__(self, why: str) -> None:
        super().__init__(f"The script is not allowed. {why}", fields=(FieldViolation(field="script", message=why),))


class ScriptNotSpeakable(Refusal):
    reason = "SCRIPT_NOT_SPEAKABLE"

    def __init__(self, why: str) -> None:
        super().__init__(f"The script cannot be spoken. {why}", fields=(FieldViolation(field="script", message=why),))


class SceneVersionGone(Refusal):
    reason = "SCENE_VERSION_GONE"

    def __init__(self) -> None:
        super().__init__(
            "The engine that made this film is gone, so it cannot be made again exactly. Generate a new film."
        )


class Music(StrEnum):
    """The mood of a film's music, or that it has none."""

    NONE = "none"
    CALM = "calm"
    ENERGETIC = "energetic"
    HAPPY = "happy"
    NOSTALGIC = "nostalgic"
    TENDER = "tender"


class VideoKind(StrEnum):
    """An avatar who speaks the script, or shots of the product, beside which an avatar may speak in a circle."""

    AVATAR = "avatar"
    PRODUCT = "product"


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceLine:
    """A statement of one price: the amount as it is written, and the words before and behind it."""

    amount: str
    before: str = ""
    after: str = ""

    @property
    def text(self) -> str:
        """The whole statement, without a full stop."""
        space = "" if self.after[:1] in ("", "/", ",", ";") else " "
        return f"{self.before} {self.amount}{space}{self.after}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductFacts:
    """What the catalog understood of the product, as far as films use it; empty where nothing is known.

    trade to language: fields of adwright.catalog.v1.Understanding. old_price: what was paid before `price`, as a
    decimal number. price_line: the customer's statement of the price with its unit and conditions, None where there is
    no more than the amount. offer_code: what buyers enter. small_print: lines that the brief obliges ads to show.
    """

    trade: str = ""
    trade_name: str = ""
    sector: str = ""
    kind: str = ""
    confidence: str = ""
    subject: str = ""
    language: str = ""
    sensitive: frozenset[str] = frozenset()
    old_price: str | None = None
    price_line: PriceLine | None = None
    offer_code: str = ""
    small_print: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptChange:
    """A change of a finished film's script: the characters from `start` to before `end` of `script` become `text`."""

    script: str
    start: int
    end: int
    text: str

    @property
    def changed(self) -> str:
        """The script after the change."""
        return self.script[: self.start] + self.text + self.script[self.end :]

    @property
    def longer(self) -> int:
        """By how many characters the script has become longer."""
        return len(self.text) - (self.end - self.start)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Where a film differs from the one before a change, in seconds: from `start` on, until `end_before` in that one
    and until `end` in this one."""

    start: float
    end_before: float
    end: float

    def moved(self, time: float) -> float:
        """When this film has what the one before has at a time behind the change."""
        return time - self.end_before + self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class ParentFilm:
    """The film that another one is a changed version of.

    path: its file, None: it is not there any more. speech_digest: SHA-256 of its speech, "" of a silent film; drawing
    fails where another comes out. changes: how many of the script's changes it has.
    """

    path: Path | None
    speech_digest: str
    changes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmRecord:
    """What drawing a film again needs besides its brief. speech_digest: as in ParentFilm."""

    speech_digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoBrief:
    """The brief of one video.

    avatar_id: one of AVATARS, or "" to choose a suitable one. avatar_photo: a downloaded portrait, which takes
    precedence over avatar_id. product_photo, logo: downloaded files, not yet decoded. brand_colours: "#rrggbb", most
    important first. pronunciations: written words to English respellings. seed: seeds all random choices. seconds: the
    wanted length of a product film, None for as long as the script. voice_over: whether a product film is spoken.
    speed: how many times as fast as usual the voice speaks, 0.8 to 1.25.
    music_volume: 0.1 to 1, where 1 is the loudest that leaves the voice clear.
    changes: those of the script since the film was first made, in order; `script` has them all. parent: the film as it
    was before the last change, None: the film is new.
    """

    script: str
    voice_id: str
    avatar_id: str
    avatar_photo: Path | None
    aspect_ratio: AspectRatio
    resolution: str = DEFAULT_RESOLUTION
    product_name: str
    description: str
    price: str | None
    currency: str | None
    brand_name: str
    brand_colours: tuple[str, ...]
    brand_font: str
    product_photo: Path | None
    logo: Path | None
    call_to_action: str
    burn_captions: bool = True
    pronunciations: Mapping[str, str] = field(default_factory=dict)
    seed: str
    kind: VideoKind = VideoKind.AVATAR
    seconds: int | None = None
    voice_over: bool = True
    speed: float = 1.0
    music: Music = Music.NONE
    music_volume: float = 0.5
    facts: ProductFacts = field(default_factory=ProductFacts)
    changes: tuple[ScriptChange, ...] = ()
    parent: ParentFilm | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedVideo:
    """The files of a finished video. `notes` describe deviations from the request to the customer. record: None:
    another engine made a part of it, and it cannot be drawn again."""

    video: Path
    poster: Path
    captions_srt: Path
    captions_vtt: Path
    width: int
    height: int
    duration_seconds: float
    notes: tuple[str, ...]
    provider: str
    origin: str = ""
    """The IPTC's digital source type of the manifest, a URL."""
    record: FilmRecord | None = None
