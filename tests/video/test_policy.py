"""Script policies, pronunciations, and the choice of engines by settings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from adwright.catalog.v1 import catalog_pb2
from adwright.video.v1 import video_pb2

from services.chassis.errors import DependencyUnavailable, Refusal
from services.video import messages
from services.video.__main__ import VideoWorkerSettings, provider_of
from services.video.domain import ScriptNotAllowed
from services.video.policy import ScriptCheck, ScriptPolicy, policy_of
from services.video.providers.local import LocalVideoProvider
from services.video.providers.remote import RemoteVideoProvider
from tests.stub_server import StubResponse, StubServer


@pytest.fixture
def stub() -> Iterator[StubServer]:
    made = StubServer()
    yield made
    made.close()


def script_check(script: str, banned: tuple[str, ...] = (), **pronunciations: str) -> ScriptCheck:
    return ScriptCheck(
        script=script,
        pronunciations=pronunciations,
        banned_words=banned,
        voice_id="male-1",
        user_id="u",
        project_id="p",
    )


async def checked(policy: ScriptPolicy, script: ScriptCheck) -> Refusal | None:
    try:
        await policy.check(script)
    except Refusal as refusal:
        return refusal
    finally:
        await policy.close()
    return None


class TestBannedWords:
    async def test_banned_words_match_whole_words_in_any_case(self) -> None:
        refusal = await checked(policy_of("", ""), script_check("The CHEAPEST one!", ("cheapest",)))
        assert isinstance(refusal, ScriptNotAllowed)
        assert refusal.fields[0].field == "script"
        assert await checked(policy_of("", ""), script_check("A cheap bottle.", ("cheapest", "heap"))) is None

    async def test_banned_words_are_found_in_pronunciations(self) -> None:
        assert await checked(policy_of("", ""), script_check("Try X.", ("cheapest",), X="the cheapest")) is not None


class TestRemotePolicy:
    async def test_rejection_reason_reaches_the_customer(self, stub: StubServer) -> None:
        stub.respond = lambda request: StubResponse(value={"allowed": False, "reason": "No promises of healing."})
        refusal = await checked(policy_of(f"{stub.url}/check", "k"), script_check("It heals."))
        assert isinstance(refusal, ScriptNotAllowed)
        assert "No promises of healing." in refusal.message
        assert stub.requests[0].json["script"] == "It heals."
        assert stub.requests[0].headers["authorization"] == "Bearer k"

    async def test_allowed_script_passes(self, stub: StubServer) -> None:
        stub.respond = lambda request: StubResponse(value={"allowed": True})
        assert await checked(policy_of(f"{stub.url}/check", ""), script_check("Hello there.")) is None

    @pytest.mark.parametrize(
        "answer",
        [
            StubResponse(status=500),
            StubResponse(status=404),
            StubResponse(value=b"yes"),
            StubResponse(value={}),
            StubResponse(value={"allowed": 1}),
        ],
    )
    async def test_script_that_cannot_be_checked_is_refused(self, stub: StubServer, answer: StubResponse) -> None:
        stub.respond = lambda request: answer
        refusal = await checked(policy_of(f"{stub.url}/check", ""), script_check("Hello there."))
        assert isinstance(refusal, DependencyUnavailable)


class TestPronunciations:
    def test_request_pronunciations_take_precedence(self) -> None:
        brief = catalog_pb2.Brief()
        brief.project.brand.pronunciations.update({"Nguyen": "win", "Mapp": "map"})
        request = video_pb2.GenerateVideoRequest(pronunciations={"nguyen": "noo yen"})
        assert messages.pronunciations(request, brief) == {"Mapp": "map", "nguyen": "noo yen"}


class TestSettings:
    def settings(self, tmp_path: Path, **changes: Any) -> VideoWorkerSettings:
        needed = {"token_issuer": "i", "token_jwks": "j", "service_secret": "s" * 32, "assets_url": "file:///tmp"}
        return VideoWorkerSettings(**{**needed, "models": tmp_path, **changes})

    async def test_default_is_the_local_engine(self, tmp_path: Path) -> None:
        provider = provider_of(self.settings(tmp_path))
        assert isinstance(provider, LocalVideoProvider)
        await provider.close()

    @pytest.mark.parametrize("name", ["machine", "replicate", "fal", "heygen", "d-id"])
    async def test_each_engine_can_be_chosen(self, tmp_path: Path, name: str) -> None:
        changes = {"video_engine": name, "video_engine_url": "http://127.0.0.1:1", "video_engine_model": "a/b"}
        provider = provider_of(self.settings(tmp_path, **changes))
        assert isinstance(provider, RemoteVideoProvider)
        assert provider.name == name
        await provider.close()

    @pytest.mark.parametrize(
        "changes",
        [
            {"video_engine": "machine"},
            {"video_engine": "replicate"},
            {"voice_openai_url": "http://127.0.0.1:1/v1"},
            {"signing_chain": Path("/x")},
        ],
    )
    def test_missing_setting_is_named(self, tmp_path: Path, changes: dict[str, Any]) -> None:
        with pytest.raises(SystemExit, match="ADWRIGHT_"):
            provider_of(self.settings(tmp_path, **changes))
