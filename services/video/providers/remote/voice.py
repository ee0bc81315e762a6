"""A voice behind `POST {base}/audio/speech`, as OpenAI and many servers at home have it.

The answer is sound without times; `local/alignment.py` finds them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from services.worker.remote.provider_client import PAUSE_SECONDS, ProviderClient

MAX_SOUND_BYTES: Final = 32 * 1024 * 1024  # two minutes of WAV at 48 kHz and more
ABREAST: Final = 3  # passages asked for at the same time

# Voices of OpenAI for the service's own; a server at home may know others, which the settings name.
OPENAI_VOICES: Final[dict[str, str]] = {
    "male-1": "onyx",
    "male-2": "ash",
    "male-3": "echo",
    "male-4": "fable",
    "male-5": "onyx",
    "male-6": "fable",
    "female-1": "nova",
    "female-2": "coral",
    "female-3": "shimmer",
    "female-4": "sage",
    "female-5": "coral",
    "female-6": "alloy",
    "female-7": "sage",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceSettings:
    """base_url ends in the version ("https://host/v1"). voices: the service's voice to the endpoint's; one that is not
    named is asked for under its own id."""

    base_url: str
    model: str
    key: str = field(default="", repr=False)
    voices: Mapping[str, str] = field(default_factory=lambda: OPENAI_VOICES)
    pause_seconds: float = PAUSE_SECONDS


class SpeechEndpoint:
    """Asks for each passage; an endpoint that fails is asked again, as speech costs little and is made at once."""

    def __init__(self, settings: VoiceSettings) -> None:
        self._settings = settings
        headers = {"authorization": f"Bearer {settings.key}"} if settings.key else {}
        self._endpoint = ProviderClient(settings.base_url, headers, pause_seconds=settings.pause_seconds)

    async def speak(self, passages: Sequence[str], voice_id: str, folder: Path) -> list[Path]:
        """As providers.Voice has it."""
        room = asyncio.Semaphore(ABREAST)

        async def one(number: int, text: str) -> Path:
            async with room:
                sound = await self._endpoint.read(
                    "POST",
                    "audio/speech",
                    limit=MAX_SOUND_BYTES,
                    body={
                        "model": self._settings.model,
                        "voice": self._settings.voices.get(voice_id, voice_id),
                        "input": text,
                        "response_format": "wav",
                    },
                )
            path = folder / f"passage-{number}.sound"
            await asyncio.to_thread(path.write_bytes, sound)
            return path

        asked = [asyncio.ensure_future(one(number, text)) for number, text in enumerate(passages)]
        try:
            return await asyncio.gather(*asked)
        finally:
            for task in asked:  # of several failures one is told, and the rest is not waited for
                task.cancel()

    async def close(self) -> None:
        await self._endpoint.close()
