"""Speech by `POST {base}/audio/speech` of OpenAI and compatible servers.

The response is audio without word timings; `services/video/providers/local/alignment.py` computes them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from services.worker.remote.provider_client import PAUSE_SECONDS, ProviderClient

MAX_SPEECH_BYTES: Final = 32 * 1024 * 1024  # two minutes of WAV at 48 kHz and more
CONCURRENT_PASSAGES: Final = 3  # requests in flight

# The platform's voice ids to OpenAI's. Settings override them for servers with other voices.
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
    "female-es-1": "nova",
    "male-es-1": "onyx",
    "male-es-2": "ash",
    "female-it-1": "nova",
    "male-it-1": "onyx",
    "female-pt-1": "nova",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechSettings:
    """URL, key and model of a speech server.

    base_url: ends in the version, as in "https://host/v1". voices: the platform's voice id to the server's; a voice
    that is missing is requested by its own id.
    """

    base_url: str
    model: str
    key: str = field(default="", repr=False)
    voices: Mapping[str, str] = field(default_factory=lambda: OPENAI_VOICES)
    pause_seconds: float = PAUSE_SECONDS


class OpenAISpeech:
    """Requests each passage separately, with retries, since speech is cheap and takes seconds."""

    def __init__(self, settings: SpeechSettings) -> None:
        self._settings = settings
        headers = {"authorization": f"Bearer {settings.key}"} if settings.key else {}
        self._client = ProviderClient(settings.base_url, headers, pause_seconds=settings.pause_seconds)

    async def speak(self, passages: Sequence[str], voice_id: str, folder: Path, *, speed: float = 1.0) -> list[Path]:
        """Implements SpeechEngine.speak."""
        semaphore = asyncio.Semaphore(CONCURRENT_PASSAGES)
        pace = {} if speed == 1.0 else {"speed": speed}  # left out where it says nothing: not every server knows it

        async def speak_passage(number: int, text: str) -> Path:
            async with semaphore:
                audio = await self._client.request_bytes(
                    "POST",
                    "audio/speech",
                    limit=MAX_SPEECH_BYTES,
                    body={
                        "model": self._settings.model,
                        "voice": self._settings.voices.get(voice_id, voice_id),
                        "input": text,
                        "response_format": "wav",
                        **pace,
                    },
                )
            path = folder / f"passage-{number}.sound"
            await asyncio.to_thread(path.write_bytes, audio)
            return path

        tasks = [asyncio.ensure_future(speak_passage(number, text)) for number, text in enumerate(passages)]
        try:
            return await asyncio.gather(*tasks)
        finally:
            for task in tasks:  # after a failure the remaining requests are not awaited
                task.cancel()

    async def close(self) -> None:
        await self._client.close()
