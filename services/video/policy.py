"""Script policies: decide whether a script may be spoken, before the job is accepted and credits are held.

There are two: the project's banned words, and an optional HTTP service of the operator, from a word list to a
moderation model. The service gets `POST {"script", "pronunciations", "voiceId", "userId", "projectId"}` and responds
with `{"allowed": true}` or `{"allowed": false, "reason": "message for the customer"}`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from services.chassis.banned_words import first_banned_word
from services.chassis.errors import DependencyUnavailable, Fault
from services.video.domain import ScriptNotAllowed
from services.worker.remote.provider_client import ProviderClient

POLICY_TIMEOUT_SECONDS: Final = 5.0  # the request waits for it


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptCheck:
    """A script to check, with its voice, user and project. `pronunciations` are checked too, since they are spoken."""

    script: str
    pronunciations: Mapping[str, str]
    banned_words: Sequence[str]
    voice_id: str
    user_id: str
    project_id: str


class ScriptPolicy(Protocol):
    """Checks scripts. Raises ScriptNotAllowed, and DependencyUnavailable when a script cannot be checked."""

    async def check(self, script: ScriptCheck) -> None: ...

    async def close(self) -> None: ...


class BannedWordsPolicy:
    """Rejects the project's banned words, as whole words in any case."""

    async def check(self, script: ScriptCheck) -> None:
        spoken = " ".join([script.script, *script.pronunciations.values()])
        word = first_banned_word(spoken, script.banned_words)
        if word is not None:
            raise ScriptNotAllowed(f"It contains “{word}”, one of the project's banned words.")

    async def close(self) -> None:
        """Does nothing, as there are no connections."""


class RemotePolicy:
    """Calls the operator's policy service."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url
        self._client = ProviderClient(url, {"authorization": f"Bearer {key}"} if key else {}, pause_seconds=0.2)

    async def check(self, script: ScriptCheck) -> None:
        body = {
            "script": script.script,
            "pronunciations": dict(script.pronunciations),
            "voiceId": script.voice_id,
            "userId": script.user_id,
            "projectId": script.project_id,
        }
        try:
            async with asyncio.timeout(POLICY_TIMEOUT_SECONDS):
                response: Any = await self._client.request_json("POST", self._url, body=body)
        except (Fault, TimeoutError) as error:
            raise DependencyUnavailable(
                "The script cannot be checked right now; try again.", retry_after_seconds=5
            ) from error
        allowed = response.get("allowed") if isinstance(response, dict) else None
        if not isinstance(allowed, bool):
            raise DependencyUnavailable("The script cannot be checked right now; try again.", retry_after_seconds=5)
        if not allowed:
            reason = response.get("reason")
            raise ScriptNotAllowed(
                reason[:300] if isinstance(reason, str) and reason else "It does not comply with the content policy."
            )

    async def close(self) -> None:
        await self._client.close()


class CombinedPolicy:
    """Applies several policies in turn; the first rejection counts."""

    def __init__(self, *policies: ScriptPolicy) -> None:
        self._policies = policies

    async def check(self, script: ScriptCheck) -> None:
        for policy in self._policies:
            await policy.check(script)

    async def close(self) -> None:
        for policy in self._policies:
            await policy.close()


def policy_of(url: str, key: str) -> ScriptPolicy:
    """Builds the policy: the project's banned words, and the operator's policy service if `url` is set."""
    return CombinedPolicy(BannedWordsPolicy(), RemotePolicy(url, key)) if url else BannedWordsPolicy()
