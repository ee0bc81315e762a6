"""A voice to hear and an avatar to see, before a video is paid for."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from services.chassis.errors import InputFault
from services.media.colour import Colour
from services.media.model_files import ModelMissing, use_folder
from services.video.domain import VOICES
from services.video.providers.local import kokoro, loudness
from services.video.providers.local.film import write_sound
from services.video.providers.local.kokoro import SAMPLE_RATE
from services.video.providers.local.phonemes import passages
from services.video.providers.local.presenters.look import LOOKS
from services.video.providers.local.presenters.pose import Mouth, Pose
from services.video.providers.local.presenters.puppet import Puppet
from services.video.providers.local.strokes import along, rgb_of, surface_of
from services.video.script.speakable import speakable

SAMPLE_TEXTS: Final = {
    "en": "Hi, I'm {name}. This is how your next video could sound.",
    "es": "Hola, soy {name}. Así podría sonar tu próximo vídeo.",
    "it": "Ciao, sono {name}. Così potrebbe suonare il tuo prossimo video.",
    "pt": "Olá, eu sou {name}. Assim pode soar o seu próximo vídeo.",
}
PREVIEW_SIZE: Final = (512, 640)
PORTRAIT_SIZE: Final = (1024, 1280)


def no_voices() -> InputFault:
    """For the customer, where the voices were not fetched at set-up: no attempt can succeed."""
    return InputFault(
        "VOICE_NOT_INSTALLED",
        "No voices are installed, so videos cannot be generated. The operator can install them with: make models",
    )


def voice_sample(voice_id: str, models: Path) -> bytes:
    """About four seconds in an MP4 (AAC, 48 kHz, mono, -14 LUFS in stereo terms). Raises KeyError, InputFault."""
    voice = VOICES[voice_id]
    spoken = speakable(SAMPLE_TEXTS[voice.language].format(name=voice.name), language=voice.language)
    use_folder(models)
    try:
        engine = kokoro.engine(models)
        speech = kokoro.joined([engine.speak(part, voice_id) for part in passages(spoken, voice.language)])
    except ModelMissing as error:
        raise no_voices() from error
    sound = loudness.normalised(loudness.to_48k(speech.samples, SAMPLE_RATE))
    buffer = io.BytesIO()
    write_sound(buffer, sound, "aac", bits=96_000)
    return buffer.getvalue()


def avatar_preview(avatar_id: str) -> bytes:
    """The presenter, smiling, on a ground of its clothes' hue: a PNG of PREVIEW_SIZE. Raises KeyError."""
    buffer = io.BytesIO()
    smiling = Pose(tilt=1.2, yaw=0.12, smile=0.9, brow=0.2)
    mouth = Mouth(open=0.16, width=0.8, teeth=1.0)
    Image.fromarray(_portrait(avatar_id, PREVIEW_SIZE, smiling, mouth)).save(buffer, "PNG")
    return buffer.getvalue()


def drawn_portrait(path: Path, avatar_id: str) -> None:
    """The presenter looking into the camera with closed lips, as engines want a portrait: a PNG of PORTRAIT_SIZE."""
    Image.fromarray(_portrait(avatar_id, PORTRAIT_SIZE, Pose(), Mouth())).save(path, "PNG")


def _portrait(avatar_id: str, size: tuple[int, int], pose: Pose, mouth: Mouth) -> NDArray[np.uint8]:
    look = LOOKS[avatar_id]
    width, height = size
    pixels = np.zeros((height, width, 4), np.uint8)
    canvas = surface_of(pixels).getCanvas()
    hue = Colour.of(look.cloth_colour).hue
    canvas.drawPaint(
        along(
            (0, 0), (width, height), [Colour.from_oklch(0.93, 0.035, hue + 40), Colour.from_oklch(0.84, 0.06, hue + 20)]
        )
    )
    canvas.translate(width / 2, height * 0.47)
    Puppet(look, 0.66 * width / PREVIEW_SIZE[0]).draw(canvas, pose, mouth)
    return rgb_of(pixels)
