"""Whether a script may be spoken: asked before a job is accepted, so that a refusal costs nothing.

Two things are asked: the project's own banned words, and an address of the operator's, which may be anything from a
word list to a moderation model. It gets `POST {"script", "pronunciations", "voiceId", "userId", "projectId"}` and
answers `{"allowed": true}` or `{"allowed": false, "reason": "words for the customer"}`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from services.chassis.banned_words import first_banned
from services.chassis.errors import DependencyUnavailable, Fault
from services.video.domain import ScriptNotAllowed
from services.worker.remote.provider_client import ProviderClient

ANSWER_SECONDS: Final = 5.0  # the customer is waiting


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """What is to be said, by whom and for whom. `pronunciations` count as spoken: they are what is heard."""

    script: str
    pronunciations: Mapping[str, str]
    banned_words: Sequence[str]
    voice_id: str
    user_id: str
    project_id: str


class Policy(Protocol):
    """Raises ScriptNotAllowed, or DependencyUnavailable when it cannot tell: what cannot be checked is not spoken."""

    async def check(self, spoken: Spoken) -> None: ...

    async def close(self) -> None: ...


class BannedWords:
    """The words that no creative of the project may contain, as whole words in any case."""

    async def check(self, spoken: Spoken) -> None:
        heard = " ".join([spoken.script, *spoken.pronunciations.values()])
        word = first_banned(heard, spoken.banned_words)
        if word is not None:
            raise ScriptNotAllowed(f"The project does not allow the word {word!r}.")

    async def close(self) -> None:
        """Nothing is open."""


class PolicyEndpoint:
    """The operator's address."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url
        self._endpoint = ProviderClient(url, {"authorization": f"Bearer {key}"} if key else {}, pause_seconds=0.2)

    async def check(self, spoken: Spoken) -> None:
        body = {
            "script": spoken.script,
            "pronunciations": dict(spoken.pronunciations),
            "voiceId": spoken.voice_id,
            "userId": spoken.user_id,
            "projectId": spoken.project_id,
        }
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                answer: Any = await self._endpoint.json("POST", self._url, body=body)
        except (Fault, TimeoutError) as error:
            raise DependencyUnavailable("The script cannot be checked right now.", retry_after_seconds=5) from error
        allowed = answer.get("allowed") if isinstance(answer, dict) else None
        if not isinstance(allowed, bool):
            raise DependencyUnavailable("The script cannot be checked right now.", retry_after_seconds=5)
        if not allowed:
            reason = answer.get("reason")
            raise ScriptNotAllowed(reason[:300] if isinstance(reason, str) and reason else "It may not be spoken.")

    async def close(self) -> None:
        await self._endpoint.close()


class All:
    """Several policies: the first that objects is the answer."""

    def __init__(self, *policies: Policy) -> None:
        self._policies = policies

    async def check(self, spoken: Spoken) -> None:
        for policy in self._policies:
            await policy.check(spoken)

    async def close(self) -> None:
        for policy in self._policies:
            await policy.close()


def policy_of(url: str, key: str) -> Policy:
    """The project's banned words, and the operator's address when there is one."""
    return All(BannedWords(), PolicyEndpoint(url, key)) if url else BannedWords()
