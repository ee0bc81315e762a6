"""Remote image engines against stub servers with valid and invalid responses."""

from __future__ import annotations

import asyncio
import base64
import io
import json
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import c2pa
import pytest
import pytest_asyncio
from PIL import Image

from services.chassis.config import read_settings
from services.chassis.errors import InputFault, TransientFault
from services.image.__main__ import ImageWorkerSettings, provider_of
from services.image.domain import AspectRatio
from services.image.providers.local import LocalImageProvider
from services.image.providers.remote import PROMPT_CHARACTERS, RemoteImageProvider, scene_prompt
from services.image.providers.remote import engines as remote
from services.image.providers.remote.engines import (
    ComfyUI,
    EngineSettings,
    Fal,
    OpenAIImages,
    Replicate,
    Scene,
    SceneEngine,
)
from services.worker.remote import provider_client
from services.worker.remote.fetcher import Fetcher
from services.worker.remote.remote_task import MAX_SUBMISSIONS, TaskFailed
from tests.image.briefs import brief
from tests.stub_server import ReceivedRequest, StubResponse, StubServer
from tests.support import until_async
from tests.worker.checkpoints import MemoryCheckpoints

KEY = "a-key-for-tests"
WORKFLOW = {"6": {"inputs": {"text": "photo of {prompt}", "width": "{width}", "seed": "{seed}"}}}
SCENE = Scene(key="job-1", prompt="a beach", ratio=AspectRatio.LANDSCAPE)


def _silent(percent: int = 0, stage: str = "") -> None:
    """Ignores progress."""


def _png(size: tuple[int, int] = (160, 120)) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", size, (30, 90, 140)).save(content, "PNG")
    return content.getvalue()


PICTURE = StubResponse(value=_png(), kind="image/png")


@pytest.fixture
def stub() -> Iterator[StubServer]:
    made = StubServer()
    yield made
    made.close()


def settings(stub: StubServer, **changes: Any) -> EngineSettings:
    made = EngineSettings(base_url=stub.url, key=KEY, model="owner/model", poll_seconds=0.0, pause_seconds=0.0)
    return replace(made, **changes)


async def _made(engine: SceneEngine, folder: Path, checkpoints: MemoryCheckpoints | None = None) -> bytes:
    path = folder / "scene"
    try:
        await engine.generate(SCENE, path, checkpoints or MemoryCheckpoints(), _silent)
    finally:
        await engine.close()
    return path.read_bytes()


class TestOpenAI:
    async def test_scene_is_read_from_base64(self, stub: StubServer, tmp_path: Path) -> None:
        stub.respond = lambda request: StubResponse(value={"data": [{"b64_json": base64.b64encode(_png()).decode()}]})
        assert await _made(OpenAIImages(settings(stub)), tmp_path) == _png()
        request = stub.requests[0]
        assert (request.method, request.path) == ("POST", "/images/generations")
        assert request.headers["authorization"] == f"Bearer {KEY}"
        assert request.json["size"] == "1536x1024"

    async def test_scene_is_downloaded_from_url(self, stub: StubServer, tmp_path: Path) -> None:
        stub.respond = lambda request: (
            PICTURE if request.method == "GET" else StubResponse(value={"data": [{"url": "/a.png"}]})
        )
        assert await _made(OpenAIImages(settings(stub)), tmp_path) == _png()

    @pytest.mark.parametrize(
        ("answer", "fault", "reason"),
        [
            (
                StubResponse(status=400, value={"error": {"code": "moderation_blocked"}}),
                InputFault,
                "REFUSED_BY_PROVIDER",
            ),
            (StubResponse(status=401, value={"error": "bad key"}), TransientFault, "PROVIDER_REFUSED"),
            (StubResponse(status=429, value={}), TransientFault, "PROVIDER_BUSY"),
            (StubResponse(status=503, value={}), TransientFault, "PROVIDER_BUSY"),
            (StubResponse(status=500, value={}), TransientFault, "PROVIDER_FAILED"),
            (StubResponse(value=b"<html>"), TransientFault, "PROVIDER_UNINTELLIGIBLE"),
            (StubResponse(value=b"[" * 100_000), TransientFault, "PROVIDER_UNINTELLIGIBLE"),
            (StubResponse(value=[1]), TransientFault, "PROVIDER_UNINTELLIGIBLE"),
            (StubResponse(value={"data": []}), TransientFault, "PROVIDER_UNINTELLIGIBLE"),
            (StubResponse(value={"data": [{"b64_json": "!!"}]}), TransientFault, "PROVIDER_UNINTELLIGIBLE"),
            (StubResponse(value={"data": [{"b64_json": "é"}]}), TransientFault, "PROVIDER_UNINTELLIGIBLE"),
            (StubResponse(value={"data": [{"url": "http://10.0.0.1/x.png"}]}), TransientFault, "PROVIDER_UNTRUSTED"),
            (StubResponse(value={"data": [{"url": "file:///etc/hostname"}]}), TransientFault, "PROVIDER_UNTRUSTED"),
            (StubResponse(value={"data": [1, 2]}, breaks_off=True), TransientFault, "PROVIDER_UNREACHABLE"),
        ],
    )
    async def test_each_failure_has_its_reason(
        self, stub: StubServer, answer: StubResponse, fault: type[Exception], reason: str, tmp_path: Path
    ) -> None:
        stub.respond = lambda request: answer
        with pytest.raises(fault) as caught:
            await _made(OpenAIImages(settings(stub)), tmp_path)
        assert getattr(caught.value, "reason", "") == reason
        assert KEY not in str(caught.value)
        # Only a rejected request is repeated, since a second image would be paid for twice.
        assert len(stub.requests) == (provider_client.TRIES if answer.status in (429, 503) else 1)

    async def test_oversized_response_is_rejected(self, stub: StubServer, tmp_path: Path) -> None:
        stub.respond = lambda request: StubResponse(value=b"x" * (remote.MAX_SCENE_RESPONSE_BYTES + 1))
        with pytest.raises(TransientFault, match="exceeds"):
            await _made(OpenAIImages(settings(stub)), tmp_path)

    async def test_unreachable_engine_is_a_transient_fault(self, stub: StubServer, tmp_path: Path) -> None:
        stub.close()
        with pytest.raises(TransientFault, match="could not be reached"):
            await _made(OpenAIImages(settings(stub)), tmp_path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """The protocol of one queue: its paths, and its responses to a submission and to polls."""

    engine: Callable[[EngineSettings], SceneEngine]
    submit_path: str  # the one request that costs money
    accepted: Callable[[str], Any]  # of the server's URL
    poll_path: str
    waiting: Any
    done: Any
    failed: Any
    refused: Any
    cancel_request: tuple[str, str]
    authorization: str
    more: dict[str, Any]  # responses of further paths

    def responder(self, stub: StubServer, *states: Any) -> Callable[[ReceivedRequest], StubResponse]:
        """Returns the server's behaviour: successive polls get `states` in turn, and the last one repeatedly."""
        left = list(states)

        def respond(request: ReceivedRequest) -> StubResponse:
            path = request.path.partition("?")[0]
            if request.method == "POST" and path == self.submit_path:
                return StubResponse(value=self.accepted(stub.url))
            if request.method == "GET" and path == self.poll_path:
                state = left.pop(0) if len(left) > 1 else left[0]
                return state if isinstance(state, StubResponse) else StubResponse(value=state)
            if (request.method, path) == self.cancel_request:
                return StubResponse(value={})
            if path in self.more:
                return StubResponse(value=self.more[path])
            return PICTURE if path in ("/a.png", "/view") else StubResponse(status=404)

        return respond


SCRIPTS = {
    "replicate": Script(
        engine=Replicate,
        submit_path="/v1/models/owner/model/predictions",
        accepted=lambda url: {"id": "p1", "status": "starting"},
        poll_path="/v1/predictions/p1",
        waiting={"status": "processing"},
        done={"status": "succeeded", "output": ["/a.png"]},
        failed={"status": "failed", "error": "out of memory"},
        refused={"status": "failed", "error": "NSFW content detected"},
        cancel_request=("POST", "/v1/predictions/p1/cancel"),
        authorization=f"Bearer {KEY}",
        more={},
    ),
    "fal": Script(
        engine=Fal,
        submit_path="/owner/model",
        accepted=lambda url: {f"{name}_url": f"{url}/{name}" for name in ("status", "response", "cancel")},
        poll_path="/status",
        waiting={"status": "IN_PROGRESS"},
        done={"status": "COMPLETED"},
        failed={"status": "ERROR", "error": "out of memory"},
        refused={"status": "ERROR", "error": "content_policy_violation"},
        cancel_request=("PUT", "/cancel"),
        authorization=f"Key {KEY}",
        more={"/response": {"images": [{"url": "/a.png"}], "has_nsfw_concepts": [False]}},
    ),
    "comfyui": Script(
        engine=lambda made: ComfyUI(replace(made, inputs=WORKFLOW)),
        submit_path="/prompt",
        accepted=lambda url: {"prompt_id": "w1"},
        poll_path="/history/w1",
        waiting={},
        done={"w1": {"outputs": {"8": {"text": ["x"]}, "9": {"images": [{"filename": "a.png", "type": "output"}]}}}},
        failed={"w1": {"status": {"status_str": "error"}, "outputs": {}}},
        refused=None,
        cancel_request=("POST", "/queue"),
        authorization=f"Bearer {KEY}",
        more={"/queue": {"queue_running": [[1, "w1", {}, {}, []]], "queue_pending": []}},
    ),
}


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
class TestQueues:
    async def test_task_is_polled_until_its_image_is_ready(
        self, script: Script, stub: StubServer, tmp_path: Path
    ) -> None:
        stub.respond = script.responder(stub, script.waiting, script.waiting, script.done)
        assert await _made(script.engine(settings(stub)), tmp_path) == _png()
        assert stub.paths("POST") == [script.submit_path]
        assert stub.requests[0].headers["authorization"] == script.authorization

    async def test_restarted_attempt_polls_the_paid_task(
        self, script: Script, stub: StubServer, tmp_path: Path
    ) -> None:
        stub.respond = script.responder(stub, script.waiting)
        checkpoints, engine = MemoryCheckpoints(), script.engine(settings(stub))
        first = asyncio.ensure_future(engine.generate(SCENE, tmp_path / "scene", checkpoints, _silent))
        await until_async(lambda: script.poll_path in stub.paths("GET"))
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        await engine.close()
        stub.respond = script.responder(stub, script.done)
        assert await _made(script.engine(settings(stub)), tmp_path, checkpoints) == _png()
        assert stub.paths("POST") == [script.submit_path]

    async def test_failed_task_is_submitted_once_more(self, script: Script, stub: StubServer, tmp_path: Path) -> None:
        stub.respond = script.responder(stub, script.failed)
        checkpoints = MemoryCheckpoints()
        for _ in range(MAX_SUBMISSIONS):
            with pytest.raises(TaskFailed):
                await _made(script.engine(settings(stub)), tmp_path, checkpoints)
        with pytest.raises(TransientFault, match="failed 2 tasks"):
            await _made(script.engine(settings(stub)), tmp_path, checkpoints)
        assert len(stub.paths("POST")) == MAX_SUBMISSIONS

    async def test_content_refusal_reaches_the_customer(self, script: Script, stub: StubServer, tmp_path: Path) -> None:
        if script.refused is None:
            return  # workflows report no refusals
        stub.respond = script.responder(stub, script.refused)
        with pytest.raises(InputFault, match="change the text"):
            await _made(script.engine(settings(stub)), tmp_path)

    async def test_canceled_job_cancels_the_task(self, script: Script, stub: StubServer, tmp_path: Path) -> None:
        stub.respond = script.responder(stub, script.waiting)
        checkpoints, engine = MemoryCheckpoints(), script.engine(settings(stub))
        running = asyncio.ensure_future(engine.generate(SCENE, tmp_path / "scene", checkpoints, _silent))
        await until_async(lambda: script.poll_path in stub.paths("GET"))
        checkpoints.cancelled = True
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        await engine.close()
        assert script.cancel_request in [(request.method, request.path) for request in stub.requests]

    @pytest.mark.parametrize(
        "garbage", [StubResponse(value=b"<html>"), StubResponse(value=[1]), StubResponse(status=500, value={})]
    )
    async def test_poll_with_invalid_response_is_repeated(
        self, script: Script, stub: StubServer, garbage: StubResponse, tmp_path: Path
    ) -> None:
        stub.respond = script.responder(stub, garbage, garbage, garbage, script.done)
        assert await _made(script.engine(settings(stub)), tmp_path) == _png()
        assert stub.paths("POST") == [script.submit_path]

    async def test_task_unknown_to_the_engine_has_failed(
        self, script: Script, stub: StubServer, tmp_path: Path
    ) -> None:
        stub.respond = script.responder(stub, StubResponse(status=404, value={}))
        with pytest.raises(TaskFailed, match="does not know"):
            await _made(script.engine(settings(stub)), tmp_path)


class TestResults:
    async def test_api_key_is_not_sent_to_other_hosts(self, stub: StubServer, tmp_path: Path) -> None:
        other = StubServer()
        other.respond = lambda request: PICTURE
        stub.respond = SCRIPTS["replicate"].responder(stub, {"status": "succeeded", "output": f"{other.url}/b.png"})
        fetcher = Fetcher(allowed={"127.0.0.1"}, ports={int(other.url.rpartition(":")[2])})
        assert await _made(Replicate(settings(stub), fetcher), tmp_path) == _png()
        other.close()
        assert KEY not in str(other.requests[0].headers)

    async def test_result_at_private_address_is_not_downloaded(self, stub: StubServer, tmp_path: Path) -> None:
        async def lookup(host: str, port: int) -> list[str]:
            return ["10.0.0.7"]

        stub.respond = SCRIPTS["replicate"].responder(
            stub, {"status": "succeeded", "output": "https://pictures.example/b.png"}
        )
        with pytest.raises(TransientFault) as caught:
            await _made(Replicate(settings(stub), Fetcher(lookup=lookup)), tmp_path)
        assert caught.value.reason == "PROVIDER_UNTRUSTED"

    async def test_queue_urls_of_another_origin_are_rejected(self, stub: StubServer, tmp_path: Path) -> None:
        accepted = dict.fromkeys(("status_url", "response_url", "cancel_url"), stub.url.replace("http:", "https:"))
        stub.respond = lambda request: StubResponse(value=accepted)
        with pytest.raises(InputFault, match="did not confirm"):
            await _made(Fal(settings(stub)), tmp_path)
        assert len(stub.requests) == 1

    async def test_nsfw_flag_is_a_content_refusal(self, stub: StubServer, tmp_path: Path) -> None:
        script = replace(SCRIPTS["fal"], more={"/response": {"images": [], "has_nsfw_concepts": [True]}})
        stub.respond = script.responder(stub, script.done)
        with pytest.raises(InputFault, match="content"):
            await _made(Fal(settings(stub)), tmp_path)

    async def test_workflow_lost_by_restarted_server_has_failed(self, stub: StubServer, tmp_path: Path) -> None:
        script = replace(SCRIPTS["comfyui"], more={"/queue": {"queue_running": [], "queue_pending": "?"}})
        stub.respond = script.responder(stub, script.waiting)
        with pytest.raises(TaskFailed, match="does not know"):
            await _made(script.engine(settings(stub)), tmp_path)


class TestInputs:
    async def test_workflow_placeholders_are_filled_and_image_downloaded(
        self, stub: StubServer, tmp_path: Path
    ) -> None:
        script = SCRIPTS["comfyui"]
        stub.respond = script.responder(stub, script.done)
        await _made(script.engine(settings(stub)), tmp_path)
        inputs = stub.requests[0].json["prompt"]["6"]["inputs"]
        assert (inputs["text"], inputs["width"]) == ("photo of a beach", 1920)
        assert isinstance(inputs["seed"], int)
        assert stub.requests[-1].path == "/view?filename=a.png&subfolder=&type=output"

    def test_placeholders_in_customer_text_are_not_replaced(self) -> None:
        values: dict[str, str | int] = {"prompt": "a {width} of {mood}", "width": 5}
        assert remote.fill_placeholders({"t": ["{prompt}, {width}"]}, values) == {"t": ["a {width} of {mood}, 5"]}

    async def test_replicate_uses_model_version_and_input_names(self, stub: StubServer, tmp_path: Path) -> None:
        script = replace(SCRIPTS["replicate"], submit_path="/v1/predictions")
        stub.respond = script.responder(stub, script.done)
        made = settings(stub, model="owner/model:abc", inputs={"text": "{prompt}", "w": "{width}", "steps": 4})
        await _made(Replicate(made), tmp_path)
        assert stub.requests[0].json == {"version": "abc", "input": {"text": "a beach", "w": 1920, "steps": 4}}

    def test_long_prompt_keeps_the_exclusions(self) -> None:
        prompt = scene_prompt(brief(prompt="palm trees " * 200))
        assert len(prompt) == PROMPT_CHARACTERS
        assert "no text, no letters" in prompt
        assert "palm trees" in prompt


@pytest_asyncio.fixture(scope="class", loop_scope="class")
async def local() -> AsyncIterator[LocalImageProvider]:
    """The local provider, whose render process the tests of a class share."""
    made = LocalImageProvider(niceness=0)
    yield made
    await made.close()


@pytest.mark.asyncio(loop_scope="class")
class TestComposed:
    @pytest_asyncio.fixture(loop_scope="class")
    async def provider(self, stub: StubServer, local: LocalImageProvider) -> AsyncIterator[RemoteImageProvider]:
        engine = OpenAIImages(settings(stub))
        yield RemoteImageProvider(engine, local)
        await engine.close()

    async def test_text_and_product_are_drawn_on_the_remote_scene(
        self, stub: StubServer, provider: RemoteImageProvider, tmp_path: Path
    ) -> None:
        stub.respond = lambda request: StubResponse(value={"data": [{"b64_json": base64.b64encode(_png()).decode()}]})
        made = await provider.render(brief(aspect_ratio=AspectRatio.PORTRAIT), tmp_path, _silent, MemoryCheckpoints())
        assert made.provider == "openai"
        with Image.open(made.image) as picture:
            assert picture.size == AspectRatio.PORTRAIT.pixels
            corner = picture.convert("RGB").getpixel((6, 6))
        assert isinstance(corner, tuple)
        assert abs(corner[0] - 30) < 8
        assert abs(corner[2] - 140) < 8
        with made.image.open("rb") as content, c2pa.Reader(made.content_type, content) as reader:
            assert "digitalsourcetype/compositeWithTrainedAlgorithmicMedia" in reader.json()
        assert not (tmp_path / "scene").exists()

    @pytest.mark.parametrize("content", [b"no picture", _png((2, 2)), _png((9000, 70))[:400]])
    async def test_invalid_scene_is_a_transient_fault(
        self, stub: StubServer, provider: RemoteImageProvider, content: bytes, tmp_path: Path
    ) -> None:
        stub.respond = lambda request: StubResponse(value={"data": [{"b64_json": base64.b64encode(content).decode()}]})
        with pytest.raises(TransientFault) as caught:
            await provider.render(brief(), tmp_path, _silent, MemoryCheckpoints())
        assert caught.value.reason == "PROVIDER_UNINTELLIGIBLE"
        assert not (tmp_path / "scene").exists()

    async def test_scene_of_any_shape_is_cropped(
        self, stub: StubServer, provider: RemoteImageProvider, tmp_path: Path
    ) -> None:
        stub.respond = lambda request: StubResponse(
            value={"data": [{"b64_json": base64.b64encode(_png((9000, 70))).decode()}]}
        )
        made = await provider.render(brief(aspect_ratio=AspectRatio.STORY), tmp_path, _silent, MemoryCheckpoints())
        with Image.open(made.image) as picture:
            assert picture.size == AspectRatio.STORY.pixels


class TestSettings:
    def _settings(self, monkeypatch: pytest.MonkeyPatch, **changes: str) -> ImageWorkerSettings:
        needed = {
            "SERVICE_SECRET": "x" * 40,
            "TOKEN_ISSUER": "https://issuer.example/",
            "TOKEN_JWKS": "jwks.json",
            "ASSETS_URL": "memory:///",
        }
        for name, value in {**needed, **changes}.items():
            monkeypatch.setenv(f"ADWRIGHT_{name}", value)
        return read_settings(ImageWorkerSettings)

    @pytest.mark.parametrize(
        ("changes", "name"),
        [
            ({}, "local"),
            ({"IMAGE_ENGINE": "openai", "IMAGE_ENGINE_MODEL": "m", "IMAGE_ENGINE_KEY": KEY}, "openai"),
            ({"IMAGE_ENGINE": "replicate", "IMAGE_ENGINE_MODEL": "a/b", "IMAGE_ENGINE_KEY": KEY}, "replicate"),
            ({"IMAGE_ENGINE": "fal", "IMAGE_ENGINE_MODEL": "a/b", "IMAGE_ENGINE_KEY": KEY}, "fal"),
        ],
    )
    async def test_engine_is_chosen_by_name(
        self, monkeypatch: pytest.MonkeyPatch, changes: dict[str, str], name: str
    ) -> None:
        made = self._settings(monkeypatch, **changes)
        provider = provider_of(made)
        assert provider.name == name
        assert KEY not in repr(made)
        assert KEY not in repr(settings_with_key())
        await provider.close()

    @pytest.mark.parametrize(
        ("changes", "complaint"),
        [
            ({"IMAGE_ENGINE": "fal"}, "IMAGE_ENGINE_MODEL"),
            ({"IMAGE_ENGINE": "comfyui"}, "IMAGE_ENGINE_URL"),
            ({"IMAGE_ENGINE": "comfyui", "IMAGE_ENGINE_URL": "http://gpu:8188"}, "IMAGE_ENGINE_WORKFLOW"),
        ],
    )
    def test_missing_setting_is_named(
        self, monkeypatch: pytest.MonkeyPatch, changes: dict[str, str], complaint: str
    ) -> None:
        with pytest.raises(SystemExit, match=complaint):
            provider_of(self._settings(monkeypatch, **changes))

    async def test_workflow_is_read_from_file(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        path = tmp_path / "workflow.json"
        changes = {
            "IMAGE_ENGINE": "comfyui",
            "IMAGE_ENGINE_URL": "http://gpu:8188",
            "IMAGE_ENGINE_WORKFLOW": str(path),
        }
        path.write_text("{")
        with pytest.raises(SystemExit, match="cannot be read"):
            provider_of(self._settings(monkeypatch, **changes))
        path.write_text('{"6": {"inputs": {"text": "a cat"}}}')
        with pytest.raises(SystemExit, match="does not contain"):
            provider_of(self._settings(monkeypatch, **changes))
        path.write_text(json.dumps(WORKFLOW))
        provider = provider_of(self._settings(monkeypatch, **changes))
        assert provider.name == "comfyui"
        await provider.close()


def settings_with_key() -> EngineSettings:
    return EngineSettings(base_url="http://x", key=KEY)
