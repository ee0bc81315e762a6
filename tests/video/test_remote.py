"""Remote video engines against stub servers with valid and invalid responses."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
import pytest
import pytest_asyncio

from services.chassis.errors import Fault, InputFault, TransientFault
from services.video.domain import AspectRatio, VideoBrief
from services.video.providers.local import LocalVideoProvider, alignment, film, kokoro
from services.video.providers.local.kokoro import SAMPLE_RATE
from services.video.providers.local.phonemes import passages
from services.video.providers.local.portraits.actor import NO_FACE
from services.video.providers.remote import RemoteVideoProvider
from services.video.providers.remote.heads import (
    DId,
    Fal,
    HeadEngine,
    HeadInputs,
    HeadSettings,
    HeyGen,
    Replicate,
    SelfHosted,
)
from services.video.providers.remote.openai_speech import OpenAISpeech, SpeechSettings
from services.video.script.speakable import speakable
from services.worker.remote import provider_client, remote_task
from services.worker.remote.fetcher import Fetcher
from services.worker.remote.remote_task import TaskFailed, TaskNotAccepted
from tests.stub_server import ReceivedRequest, StubResponse, StubServer
from tests.support import until_async
from tests.video.watching import pictures, sound
from tests.worker.checkpoints import MemoryCheckpoints

KEY = "a-key-for-tests"


@pytest.fixture
def stub() -> Iterator[StubServer]:
    made = StubServer()
    yield made
    made.close()


@pytest.fixture
def head(tmp_path: Path) -> HeadInputs:
    for name in ("head.png", "speech.wav", "speech.mp3"):
        (tmp_path / name).write_bytes(name.encode())
    return HeadInputs(
        key="job-1",
        picture=tmp_path / "head.png",
        sound=tmp_path / "speech.wav",
        compressed_sound=tmp_path / "speech.mp3",
        is_customer_photo=True,
        width=720,
        height=1280,
    )


def settings(stub: StubServer, **changes: Any) -> HeadSettings:
    made = HeadSettings(base_url=stub.url, key=KEY, model="owner/talker", poll_seconds=0.0, pause_seconds=0.0)
    return replace(made, **changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """The protocol of one engine: its requests, and its responses to a submission and to polls."""

    engine: Callable[[HeadSettings], HeadEngine]
    submit_request: tuple[str, str]  # the one request that costs money
    accepted: Callable[[str], Any]  # of the server's URL
    poll_path: str
    waiting: Any
    done: Callable[[str], Any]
    failed: Any
    refused: Any
    cancel_request: tuple[str, str]
    authorization: tuple[str, str]

    def responder(
        self, stub: StubServer, state: Any, *, submission: StubResponse | None = None
    ) -> Callable[[ReceivedRequest], StubResponse]:
        def respond(request: ReceivedRequest) -> StubResponse:
            if (request.method, request.path) == self.submit_request:
                return submission or StubResponse(status=201, value=self.accepted(stub.url))
            if request.method == "GET" and request.path == self.poll_path:
                return state if isinstance(state, StubResponse) else StubResponse(value=state)
            if (request.method, request.path) == self.cancel_request:
                return StubResponse(value={})
            return UPLOADS.get(request.path, StubResponse(value=b"a film", kind="video/mp4"))

        return respond


UPLOADS = {
    "/v1/files": StubResponse(status=201, value={"id": "f", "urls": {"get": "http://files.test/f"}}),
    "/v1/talking_photo": StubResponse(value={"code": 100, "data": {"talking_photo_id": "photo-1"}}),
    "/v1/asset": StubResponse(value={"code": 100, "data": {"id": "sound-1"}}),
    "/images": StubResponse(status=201, value={"id": "i", "url": "s3://images/i"}),
    "/audios": StubResponse(status=201, value={"id": "a", "url": "s3://audios/a"}),
    "/r": StubResponse(value={"video": {"url": "/film.mp4"}}),
}
SCRIPTS = {
    "machine": Script(
        engine=SelfHosted,
        submit_request=("PUT", "/v1/renders/job-1"),
        accepted=lambda url: {"status": "queued"},
        poll_path="/v1/renders/job-1",
        waiting={"status": "rendering"},
        done=lambda url: {"status": "done"},
        failed={"status": "failed", "message": "out of memory"},
        refused={"status": "refused", "message": "not this"},
        cancel_request=("DELETE", "/v1/renders/job-1"),
        authorization=("authorization", f"Bearer {KEY}"),
    ),
    "replicate": Script(
        engine=Replicate,
        submit_request=("POST", "/v1/models/owner/talker/predictions"),
        accepted=lambda url: {"id": "p1", "status": "starting"},
        poll_path="/v1/predictions/p1",
        waiting={"id": "p1", "status": "processing"},
        done=lambda url: {"id": "p1", "status": "succeeded", "output": [f"{url}/film.mp4"]},
        failed={"id": "p1", "status": "failed", "error": "CUDA out of memory"},
        refused={"id": "p1", "status": "failed", "error": "NSFW content detected"},
        cancel_request=("POST", "/v1/predictions/p1/cancel"),
        authorization=("authorization", f"Bearer {KEY}"),
    ),
    "fal": Script(
        engine=Fal,
        submit_request=("POST", "/owner/talker"),
        accepted=lambda url: {"status_url": f"{url}/s", "response_url": f"{url}/r", "cancel_url": f"{url}/c"},
        poll_path="/s",
        waiting={"status": "IN_QUEUE"},
        done=lambda url: {"status": "COMPLETED"},
        failed={"status": "ERROR"},
        refused={"status": "blocked by safety"},
        cancel_request=("PUT", "/c"),
        authorization=("authorization", f"Key {KEY}"),
    ),
    "heygen": Script(
        engine=HeyGen,
        submit_request=("POST", "/v2/video/generate"),
        accepted=lambda url: {"error": None, "data": {"video_id": "v1"}},
        poll_path="/v1/video_status.get?video_id=v1",
        waiting={"code": 100, "data": {"status": "processing"}},
        done=lambda url: {"code": 100, "data": {"status": "completed", "video_url": f"{url}/film.mp4"}},
        failed={"code": 100, "data": {"status": "failed", "error": {"code": 40119, "detail": "render error"}}},
        refused={"code": 100, "data": {"status": "failed", "error": {"detail": "moderation"}}},
        cancel_request=("DELETE", "/v1/video.delete?video_id=v1"),
        authorization=("x-api-key", KEY),
    ),
    "d-id": Script(
        engine=DId,
        submit_request=("POST", "/talks"),
        accepted=lambda url: {"id": "tlk_1", "status": "created"},
        poll_path="/talks/tlk_1",
        waiting={"status": "started"},
        done=lambda url: {"status": "done", "result_url": f"{url}/film.mp4"},
        failed={"status": "error", "error": {"kind": "InternalError"}},
        refused={"status": "rejected", "error": {"kind": "CelebrityRecognized"}},
        cancel_request=("DELETE", "/talks/tlk_1"),
        authorization=("authorization", f"Basic {KEY}"),
    ),
}


@pytest.fixture(params=SCRIPTS)
def script(request: pytest.FixtureRequest) -> Script:
    return SCRIPTS[request.param]


def wanted(engine: HeadEngine, head: HeadInputs) -> remote_task.RemoteTask[str]:
    return remote_task.RemoteTask(
        engine=engine.name,
        submit=lambda: engine.submit(head),
        poll=engine.poll,
        cancel=engine.cancel,
        repeatable=engine.repeatable,
        poll_seconds=0.01,
    )


class TestEveryEngine:
    async def test_task_is_submitted_polled_and_downloaded(
        self, script: Script, stub: StubServer, head: HeadInputs, tmp_path: Path
    ) -> None:
        def respond(request: ReceivedRequest) -> StubResponse:
            polls = stub.paths("GET").count(script.poll_path)
            return script.responder(stub, script.done(stub.url) if polls > 2 else script.waiting)(request)

        stub.respond = respond
        engine = script.engine(settings(stub))
        address = await remote_task.run(wanted(engine, head), MemoryCheckpoints())
        await engine.fetch(address, tmp_path / "film.mp4")
        await engine.close()
        assert (tmp_path / "film.mp4").read_bytes() == b"a film"
        assert [(request.method, request.path) for request in stub.requests].count(script.submit_request) == 1
        name, value = script.authorization
        assert all(request.headers.get(name) == value for request in stub.requests)

    @pytest.mark.parametrize(
        ("submission", "fault", "reason"),
        [
            (StubResponse(status=401, value={"error": "bad key"}), TaskNotAccepted, "PROVIDER_REFUSED"),
            (StubResponse(status=402, value={"error": "no credit"}), TaskNotAccepted, "PROVIDER_REFUSED"),
            (StubResponse(status=429), TaskNotAccepted, "PROVIDER_BUSY"),
            (StubResponse(status=503), TaskNotAccepted, "PROVIDER_BUSY"),
            (StubResponse(status=400, value={"detail": "content_policy"}), InputFault, "REFUSED_BY_PROVIDER"),
            (StubResponse(status=302), TransientFault, "PROVIDER_REFUSED"),
        ],
    )
    async def test_rejected_submission_has_its_reason(
        self,
        script: Script,
        stub: StubServer,
        head: HeadInputs,
        submission: StubResponse,
        fault: type[Fault],
        reason: str,
    ) -> None:
        stub.respond = script.responder(stub, script.waiting, submission=submission)
        engine = script.engine(settings(stub))
        checkpoints = MemoryCheckpoints()
        with pytest.raises(fault) as caught:
            await remote_task.run(wanted(engine, head), checkpoints)
        await engine.close()
        assert caught.value.reason == reason
        assert KEY not in str(caught.value)
        assert json.loads(checkpoints.checkpoint)["step"] == "ended"

    @pytest.mark.parametrize("script", [name for name in SCRIPTS if name != "machine"], indirect=True)
    @pytest.mark.parametrize(
        "submission",
        [
            StubResponse(status=500),
            StubResponse(status=504),
            StubResponse(value=b"<html>"),
            StubResponse(value={"unexpected": True}),
            StubResponse(value={"padding": "x" * 4000}, breaks_off=True),
            StubResponse(value=b"x" * (provider_client.MAX_RESPONSE_BYTES + 1)),
        ],
    )
    async def test_unconfirmed_submission_is_never_repeated(
        self, script: Script, stub: StubServer, head: HeadInputs, submission: StubResponse
    ) -> None:
        stub.respond = script.responder(stub, script.waiting, submission=submission)
        engine = script.engine(settings(stub))
        checkpoints = MemoryCheckpoints()
        for _ in range(3):
            with pytest.raises(InputFault) as caught:
                await remote_task.run(wanted(engine, head), checkpoints)
            assert caught.value.reason == "PROVIDER_UNCONFIRMED"
        await engine.close()
        assert [(request.method, request.path) for request in stub.requests].count(script.submit_request) == 1

    async def test_failure_and_content_refusal_are_distinguished(
        self, script: Script, stub: StubServer, head: HeadInputs
    ) -> None:
        engine = script.engine(settings(stub))
        for response, fault in ((script.failed, TaskFailed), (script.refused, InputFault)):
            stub.respond = script.responder(stub, response)
            with pytest.raises(fault):
                await remote_task.run(wanted(engine, head), MemoryCheckpoints())
        await engine.close()

    async def test_task_the_engine_does_not_know_has_failed(
        self, script: Script, stub: StubServer, head: HeadInputs
    ) -> None:
        stub.respond = script.responder(stub, StubResponse(status=404))
        engine = script.engine(settings(stub))
        with pytest.raises(TaskFailed):
            await remote_task.run(wanted(engine, head), MemoryCheckpoints())
        await engine.close()

    async def test_failing_polls_are_tolerated(self, script: Script, stub: StubServer, head: HeadInputs) -> None:
        trouble = [
            StubResponse(status=500),
            StubResponse(value=b"<html>"),
            StubResponse(value=[]),
            StubResponse(value={"a": 1}),
        ]

        def respond(request: ReceivedRequest) -> StubResponse:
            polls = stub.paths("GET").count(script.poll_path)
            # a request with status 500 is sent three times before the poll fails
            response: Any = (
                trouble[min(polls - 1, 0) if polls < 3 else polls - 3] if polls < 7 else script.done(stub.url)
            )
            return script.responder(stub, response)(request)

        stub.respond = respond
        engine = script.engine(settings(stub))
        assert await remote_task.run(wanted(engine, head), MemoryCheckpoints())
        await engine.close()

    async def test_restart_polls_the_same_task(self, script: Script, stub: StubServer, head: HeadInputs) -> None:
        stub.respond = script.responder(stub, script.waiting)
        engine = script.engine(settings(stub))
        checkpoints = MemoryCheckpoints()
        running = asyncio.ensure_future(remote_task.run(wanted(engine, head), checkpoints))
        await until_async(lambda: script.poll_path in stub.paths("GET"))
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        stub.respond = script.responder(stub, script.done(stub.url))
        assert await remote_task.run(wanted(engine, head), MemoryCheckpoints(checkpoint=checkpoints.checkpoint))
        await engine.close()
        sent = [(request.method, request.path) for request in stub.requests]
        assert sent.count(script.submit_request) == 1
        assert script.cancel_request not in sent

    async def test_canceled_job_cancels_the_task(self, script: Script, stub: StubServer, head: HeadInputs) -> None:
        stub.respond = script.responder(stub, script.waiting)
        engine = script.engine(settings(stub))
        checkpoints = MemoryCheckpoints()
        running = asyncio.ensure_future(remote_task.run(wanted(engine, head), checkpoints))
        await until_async(lambda: script.poll_path in stub.paths("GET"))
        checkpoints.cancelled = True
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        await engine.close()
        assert script.cancel_request in [(request.method, request.path) for request in stub.requests]

    async def test_unreachable_engine_accepts_no_task(self, script: Script, stub: StubServer, head: HeadInputs) -> None:
        engine = script.engine(settings(stub))
        stub.close()
        with pytest.raises(TaskNotAccepted):
            await remote_task.run(wanted(engine, head), MemoryCheckpoints())
        await engine.close()


class TestResults:
    @pytest.mark.parametrize(
        "address", ["http://10.0.0.1/film.mp4", "http://127.0.0.1:1/film.mp4", "file:///etc/hostname", "http://[::1]/x"]
    )
    async def test_result_urls_at_private_addresses_are_rejected(
        self, stub: StubServer, address: str, tmp_path: Path
    ) -> None:
        engine = Replicate(settings(stub))
        with pytest.raises(TransientFault) as caught:
            await engine.fetch(address, tmp_path / "film.mp4")
        await engine.close()
        assert caught.value.reason == "PROVIDER_UNTRUSTED"

    async def test_api_key_is_not_sent_to_other_hosts(self, stub: StubServer, tmp_path: Path) -> None:
        other = StubServer()
        other.respond = lambda request: StubResponse(value=b"a film", kind="video/mp4")
        port = int(other.url.rpartition(":")[2])
        engine = Replicate(settings(stub), Fetcher(allowed={"127.0.0.1"}, ports={port}))
        await engine.fetch(f"{other.url}/film.mp4", tmp_path / "film.mp4")
        await engine.close()
        other.close()
        assert (tmp_path / "film.mp4").read_bytes() == b"a film"
        assert KEY not in str(other.requests[0].headers)

    async def test_download_size_is_limited(self, stub: StubServer, tmp_path: Path) -> None:
        stub.respond = lambda request: StubResponse(value=b"x" * 2000, kind="video/mp4")
        made = provider_client.ProviderClient(stub.url, {})
        with pytest.raises(TransientFault, match="exceeds 1000 bytes"):
            await made.download("/film.mp4", tmp_path / "film.mp4", max_bytes=1000, accept=("video/mp4",))
        await made.close()

    async def test_queue_urls_of_another_origin_are_rejected(self, stub: StubServer, head: HeadInputs) -> None:
        accepted = dict.fromkeys(("status_url", "response_url", "cancel_url"), "http://elsewhere.test/")
        stub.respond = lambda request: StubResponse(value=accepted)
        engine = Fal(settings(stub))
        with pytest.raises(InputFault):
            await remote_task.run(wanted(engine, head), MemoryCheckpoints())
        await engine.close()
        assert len(stub.requests) == 1

    async def test_task_id_with_a_path_is_rejected(self, stub: StubServer, head: HeadInputs) -> None:
        stub.respond = lambda request: UPLOADS.get(request.path, StubResponse(value={"id": "../../account"}))
        engine = DId(settings(stub))
        with pytest.raises(TransientFault, match="cannot be part of a URL"):
            await engine.submit(head)
        await engine.close()


class TestInputs:
    async def test_replicate_uses_model_version_and_input_names(self, stub: StubServer, head: HeadInputs) -> None:
        stub.respond = lambda request: UPLOADS.get(request.path, StubResponse(value={"id": "p1"}))
        inputs = {"source_image": "{picture}", "driven_audio": "{sound}", "still": True}
        engine = Replicate(settings(stub, model="owner/talker:abc123", inputs=inputs))
        assert await engine.submit(head) == "p1"
        await engine.close()
        assert stub.requests[-1].path == "/v1/predictions"
        assert stub.requests[-1].json == {
            "version": "abc123",
            "input": {
                "source_image": "http://files.test/f",
                "driven_audio": "http://files.test/f",
                "still": True,
            },
        }

    async def test_heygen_uses_the_stock_avatar_without_photo(self, stub: StubServer, head: HeadInputs) -> None:
        stub.respond = lambda request: UPLOADS.get(request.path, StubResponse(value={"data": {"video_id": "v"}}))
        engine = HeyGen(settings(stub, avatar="Anna_public"))
        await engine.submit(replace(head, is_customer_photo=False))
        await engine.close()
        assert "/v1/talking_photo" not in stub.paths("POST")
        assert stub.requests[-1].json["video_inputs"][0]["character"]["avatar_id"] == "Anna_public"
        assert stub.requests[-1].json["dimension"] == {"width": 720, "height": 1280}


def talking_film(path: Path, seconds: float) -> bytes:
    """Encodes a clip as an engine would: a face-coloured image that gets lighter, at 30 frames a second."""
    with av.open(str(path), "w", format="mp4") as container:
        stream: Any = container.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = 256, 256, "yuv420p"
        for number in range(int(seconds * 30)):
            pixels = np.full((256, 256, 3), (60 + number, 40, 40), np.uint8)
            for packet in stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path.read_bytes()


@pytest.mark.asyncio(loop_scope="session")
class TestRenderedVideo:
    @pytest_asyncio.fixture(loop_scope="session")
    async def remote(self, stub: StubServer, provider: LocalVideoProvider) -> AsyncIterator[RemoteVideoProvider]:
        """A remote provider around the local one that all tests share, which stays open."""
        engine = SelfHosted(settings(stub))
        yield RemoteVideoProvider(engine, provider)
        await engine.close()

    async def test_video_is_rendered_around_the_remote_clip(
        self, stub: StubServer, brief: VideoBrief, remote: RemoteVideoProvider, tmp_path: Path
    ) -> None:
        content = talking_film(tmp_path / "source.mp4", 2.0)

        def respond(request: ReceivedRequest) -> StubResponse:
            if request.path.endswith("/video"):
                return StubResponse(value=content, kind="video/mp4")
            return StubResponse(value={"status": "done"})

        stub.respond = respond
        folder = tmp_path / "made"
        folder.mkdir()
        reports: list[int] = []
        request = replace(brief, script="Try it today.", aspect_ratio=AspectRatio.PORTRAIT)
        made = await remote.render(request, folder, lambda percent, stage: reports.append(percent), MemoryCheckpoints())
        assert made.provider == "machine"
        assert (made.width, made.height) == (720, 1280)
        assert reports == sorted(reports)
        frames = pictures(made.video)
        middle = frames[:40:10, 640, 300].astype(int)
        assert (np.diff(middle[:, 0]) > 3).all()  # the clip plays
        assert np.abs(sound(made.video)).max() > 0.1
        with av.open(
            io.BytesIO(stub.requests[0].body.partition(b"RIFF")[1] + stub.requests[0].body.partition(b"RIFF")[2])
        ) as sent:
            assert sent.streams.audio[0].codec_context.name == "pcm_s16le"

    async def test_portrait_without_face_submits_no_task(
        self, stub: StubServer, brief: VideoBrief, remote: RemoteVideoProvider, tmp_path: Path
    ) -> None:
        from PIL import Image

        Image.effect_noise((400, 300), 80).convert("RGB").save(tmp_path / "noise.png")
        request = replace(brief, script="Try it today.", avatar_photo=tmp_path / "noise.png")
        made = await remote.render(request, tmp_path, lambda percent, stage: None, MemoryCheckpoints())
        assert NO_FACE in made.notes
        assert stub.requests == []

    async def test_invalid_clip_is_a_transient_fault(
        self, stub: StubServer, brief: VideoBrief, remote: RemoteVideoProvider, tmp_path: Path
    ) -> None:
        stub.respond = lambda request: StubResponse(value={"status": "done"})
        request = replace(brief, script="Try it today.")
        with pytest.raises(TransientFault, match="not a film"):
            await remote.render(request, tmp_path, lambda percent, stage: None, MemoryCheckpoints())

    async def test_closing_ends_the_connections_and_the_local_engine(self) -> None:
        closed: list[str] = []

        class Closing:
            def __init__(self, name: str) -> None:
                self.name = name

            async def close(self) -> None:
                closed.append(self.name)

        await RemoteVideoProvider(cast(Any, Closing("engine")), cast(Any, Closing("local"))).close()
        assert closed == ["engine", "local"]


def speech_as_wav(samples: np.ndarray[Any, np.dtype[np.float32]], path: Path) -> bytes:
    from services.video.providers.local.loudness import to_48k

    film.write_sound(path, to_48k(samples, SAMPLE_RATE), "pcm_s16le")
    return path.read_bytes()


class TestVoice:
    @pytest.mark.parametrize(
        ("answer", "fault"),
        [
            (StubResponse(status=400, value={"error": "content_policy"}), InputFault),
            (StubResponse(status=401), TransientFault),
            (StubResponse(status=500), TransientFault),
            (StubResponse(value=b"RIFF" * 100, breaks_off=True), TransientFault),
        ],
    )
    async def test_failed_responses_become_faults(
        self, stub: StubServer, tmp_path: Path, answer: StubResponse, fault: type[Fault]
    ) -> None:
        stub.respond = lambda request: answer
        voice = OpenAISpeech(SpeechSettings(base_url=f"{stub.url}/v1", model="m", key=KEY, pause_seconds=0.0))
        with pytest.raises(fault):
            await voice.speak(["Hello.", "There."], "male-1", tmp_path)
        await voice.close()

    async def test_every_passage_is_requested_in_the_mapped_voice(self, stub: StubServer, tmp_path: Path) -> None:
        stub.respond = lambda request: StubResponse(value=request.json["input"].encode(), kind="audio/wav")
        voice = OpenAISpeech(SpeechSettings(base_url=f"{stub.url}/v1", model="m", key=KEY, pause_seconds=0.0))
        paths = await voice.speak(["One.", "Two.", "Three.", "Four."], "male-2", tmp_path)
        await voice.close()
        assert [path.read_text() for path in paths] == ["One.", "Two.", "Three.", "Four."]
        assert {request.path for request in stub.requests} == {"/v1/audio/speech"}
        assert all(request.json["voice"] == "ash" for request in stub.requests)
        assert stub.requests[0].headers["authorization"] == f"Bearer {KEY}"

    async def test_speed_is_requested_only_where_it_differs(self, stub: StubServer, tmp_path: Path) -> None:
        stub.respond = lambda request: StubResponse(value=b"RIFF", kind="audio/wav")
        voice = OpenAISpeech(SpeechSettings(base_url=f"{stub.url}/v1", model="m", key=KEY, pause_seconds=0.0))
        for speed in (1.0, 1.25):
            await voice.speak(["One."], "male-2", tmp_path, speed=speed)
        await voice.close()
        assert [request.json.get("speed") for request in stub.requests] == [None, 1.25]

    @pytest.mark.parametrize("content", [b"<html>", b""])
    def test_invalid_audio_is_a_transient_fault(self, content: bytes, tmp_path: Path) -> None:
        (tmp_path / "x").write_bytes(content)
        with pytest.raises(TransientFault) as caught:
            alignment.recorded(tmp_path / "x")
        assert caught.value.reason == "VOICE_UNUSABLE"

    def test_word_timings_are_found_in_a_recording(self, models: Path) -> None:
        """A recording of another voice at another pace, with known word timings."""
        engine = kokoro.engine(models)
        (passage,) = passages(speakable("Pam moved both boxes by the blue van."))
        guide = engine.speak(passage, "female-1")
        other = engine.speak(passage, "male-4", speed=0.85)
        found = alignment.aligned(guide, other.samples)
        off = [abs(one.start - two.start) for one, two in zip(found.words, other.words, strict=True)]
        unaligned = [abs(one.start - two.start) for one, two in zip(guide.words, other.words, strict=True)]
        assert float(np.median(off)) < 0.04
        assert float(np.max(off)) < 0.12
        assert float(np.median(unaligned)) > 0.2

    async def test_video_uses_the_remote_voice(
        self, stub: StubServer, brief: VideoBrief, models: Path, tmp_path: Path
    ) -> None:
        engine = kokoro.engine(models)
        (passage,) = passages(speakable("Try it today."))
        recording = engine.speak(passage, "male-4", speed=0.8)
        content = speech_as_wav(recording.samples, tmp_path / "said.wav")
        stub.respond = lambda request: StubResponse(value=content, kind="audio/wav")
        voice = OpenAISpeech(SpeechSettings(base_url=f"{stub.url}/v1", model="m", pause_seconds=0.0))
        provider = LocalVideoProvider(models=models, voice=voice, niceness=0)
        try:
            made = await provider.render(
                replace(brief, script="Try it today."), tmp_path, lambda percent, stage: None, MemoryCheckpoints()
            )
        finally:
            await provider.close()
        assert stub.requests[0].json["input"] == "Try it today."
        # Between a pause before the voice and the end card; a film takes at least 5 s.
        assert made.duration_seconds == pytest.approx(max(5.0, recording.seconds + 0.32 + 2.6), abs=0.15)
