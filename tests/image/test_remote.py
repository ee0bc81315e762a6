"""Remote engines against stub servers that speak their protocols, well and badly."""

from __future__ import annotations

import base64
import io
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from services.chassis.errors import InputFault, TransientFault
from services.image.domain import AspectRatio
from services.image.providers import remote
from services.image.providers.local import LocalImageProvider
from services.image.providers.remote import ComfyUI, Fal, OpenAIImages, RemoteImageProvider, RemoteSettings, Replicate
from tests.image.briefs import brief

Answer = tuple[int, Any]
KEY = "a-key-for-tests"


def _silent(percent: int, stage: str) -> None:
    """Progress nobody looks at."""


def _png(size: tuple[int, int] = (160, 120)) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", size, (30, 90, 140)).save(content, "PNG")
    return content.getvalue()


class Stub:
    """An HTTP server whose answers a test writes: (method, path, body) -> (status, JSON or bytes)."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, Any, str]] = []
        self.answer: Callable[[str, str, Any], Answer] = lambda method, path, body: (404, {})
        stub = self

        class Handler(BaseHTTPRequestHandler):
            def _serve(self) -> None:
                length = int(self.headers.get("content-length") or 0)
                body = json.loads(self.rfile.read(length)) if length else None
                stub.asked.append((self.command, self.path, body, self.headers.get("authorization", "")))
                status, value = stub.answer(self.command, self.path, body)
                content = value if isinstance(value, bytes) else json.dumps(value).encode()
                self.send_response(status)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = _serve

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                """Silence."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def settings(self) -> RemoteSettings:
        return RemoteSettings(base_url=self.url, model="owner/model", key=KEY, poll_seconds=0.0, pause_seconds=0.0)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def stub() -> Iterator[Stub]:
    made = Stub()
    yield made
    made.close()


class TestOpenAI:
    async def test_a_scene_comes_back_from_base64(self, stub: Stub) -> None:
        stub.answer = lambda method, path, body: (200, {"data": [{"b64_json": base64.b64encode(_png()).decode()}]})
        source = OpenAIImages(stub.settings())
        assert await source.scene("a beach", AspectRatio.STORY, _silent) == _png()
        method, path, body, authorization = stub.asked[0]
        assert (method, path, authorization) == ("POST", "/images/generations", f"Bearer {KEY}")
        assert body["size"] == "1024x1536"
        await source.close()

    @pytest.mark.parametrize(
        ("answer", "fault", "reason"),
        [
            ((400, {"error": {"code": "moderation_blocked"}}), InputFault, "REFUSED_BY_MODEL"),
            ((401, {"error": "bad key"}), TransientFault, "PROVIDER_REFUSED"),
            ((429, {}), TransientFault, "PROVIDER_BUSY"),
            ((503, {}), TransientFault, "PROVIDER_BUSY"),
            ((200, b"<html>"), TransientFault, "PROVIDER_UNINTELLIGIBLE"),
            ((200, {"data": []}), TransientFault, "PROVIDER_UNINTELLIGIBLE"),
            ((200, {"data": [{"b64_json": "!!"}]}), TransientFault, "PROVIDER_UNINTELLIGIBLE"),
            ((200, {"data": [{"url": "http://10.0.0.1/x.png"}]}), TransientFault, "PROVIDER_UNTRUSTED"),
            ((200, {"data": [{"url": "file:///etc/hostname"}]}), TransientFault, "PROVIDER_UNINTELLIGIBLE"),
        ],
    )
    async def test_each_failure_has_its_reason(
        self, stub: Stub, answer: Answer, fault: type[Exception], reason: str
    ) -> None:
        stub.answer = lambda method, path, body: answer
        source = OpenAIImages(stub.settings())
        with pytest.raises(fault) as caught:
            await source.scene("a beach", AspectRatio.SQUARE, _silent)
        assert getattr(caught.value, "reason", "") == reason
        assert KEY not in str(caught.value)
        assert len(stub.asked) == (remote.TRIES if answer[0] in (429, 503) else 1)
        await source.close()

    async def test_a_passing_trouble_is_asked_again(self, stub: Stub) -> None:
        def answer(method: str, path: str, body: Any) -> Answer:
            if len(stub.asked) == 1:
                return 500, {}
            return 200, {"data": [{"b64_json": base64.b64encode(_png()).decode()}]}

        stub.answer = answer
        source = OpenAIImages(stub.settings())
        assert await source.scene("a beach", AspectRatio.SQUARE, _silent) == _png()
        await source.close()

    async def test_nobody_listening_is_transient(self, stub: Stub) -> None:
        stub.close()
        source = OpenAIImages(stub.settings())
        with pytest.raises(TransientFault, match="could not be reached"):
            await source.scene("a beach", AspectRatio.SQUARE, _silent)
        await source.close()


class TestReplicate:
    async def test_a_prediction_is_polled_to_its_end(self, stub: Stub) -> None:
        def answer(method: str, path: str, body: Any) -> Answer:
            if path == "/v1/models/owner/model/predictions":
                return 201, {"id": "p1", "status": "starting"}
            if path == "/v1/predictions/p1":
                return 200, {"id": "p1", "status": "succeeded", "output": [f"{stub.url}/out.png"]}
            return 200, _png()

        stub.answer = answer
        source = Replicate(stub.settings())
        assert await source.scene("a beach", AspectRatio.SQUARE, _silent) == _png()
        await source.close()

    @pytest.mark.parametrize(
        ("error", "fault"), [("NSFW content detected", InputFault), ("out of memory", TransientFault)]
    )
    async def test_a_failed_prediction_is_told_apart(self, stub: Stub, error: str, fault: type[Exception]) -> None:
        stub.answer = lambda method, path, body: (201, {"id": "p1", "status": "failed", "error": error})
        source = Replicate(stub.settings())
        with pytest.raises(fault):
            await source.scene("a beach", AspectRatio.SQUARE, _silent)
        await source.close()

    async def test_waiting_has_an_end(self, stub: Stub) -> None:
        stub.answer = lambda method, path, body: (200, {"id": "p1", "status": "processing"})
        source = Replicate(stub.settings())
        with pytest.raises(TransientFault, match="in time"):
            await source.scene("a beach", AspectRatio.SQUARE, _silent)
        assert len(stub.asked) == remote.POLLS + 1
        await source.close()


class TestFal:
    async def test_the_queue_is_followed(self, stub: Stub) -> None:
        def answer(method: str, path: str, body: Any) -> Answer:
            if method == "POST":
                return 200, {"status_url": f"{stub.url}/s", "response_url": f"{stub.url}/r"}
            if path == "/s":
                return 200, {"status": "COMPLETED" if len(stub.asked) > 3 else "IN_PROGRESS"}
            return (200, {"images": [{"url": f"{stub.url}/out.png"}]}) if path == "/r" else (200, _png())

        stub.answer = answer
        source = Fal(stub.settings())
        assert await source.scene("a beach", AspectRatio.SQUARE, _silent) == _png()
        await source.close()

    async def test_a_queue_elsewhere_is_not_shown_the_key(self, stub: Stub) -> None:
        stub.answer = lambda method, path, body: (200, {"status_url": "http://elsewhere.test/", "response_url": "x"})
        source = Fal(stub.settings())
        with pytest.raises(TransientFault, match="another host"):
            await source.scene("a beach", AspectRatio.SQUARE, _silent)
        assert len(stub.asked) == 1
        await source.close()

    async def test_a_blackened_picture_is_a_refusal(self, stub: Stub) -> None:
        def answer(method: str, path: str, body: Any) -> Answer:
            if method == "POST":
                return 200, {"status_url": f"{stub.url}/s", "response_url": f"{stub.url}/r"}
            return (200, {"status": "COMPLETED"}) if path == "/s" else (200, {"has_nsfw_concepts": [True]})

        stub.answer = answer
        source = Fal(stub.settings())
        with pytest.raises(InputFault, match="safety"):
            await source.scene("a beach", AspectRatio.SQUARE, _silent)
        await source.close()


class TestComfyUI:
    async def test_the_workflow_is_filled_and_its_picture_fetched(self, stub: Stub) -> None:
        def answer(method: str, path: str, body: Any) -> Answer:
            if path == "/prompt":
                return 200, {"prompt_id": "w1"}
            if path == "/history/w1":
                image = {"filename": "a.png", "subfolder": "", "type": "output"}
                return 200, {"w1": {"outputs": {"9": {"images": [image]}}}} if len(stub.asked) > 2 else {}
            return 200, _png()

        stub.answer = answer
        source = ComfyUI(stub.settings(), '{"6": {"inputs": {"text": "photo of {prompt}", "width": "{width}"}}}')
        assert await source.scene("a beach", AspectRatio.LANDSCAPE, _silent) == _png()
        assert stub.asked[0][2]["prompt"]["6"]["inputs"] == {"text": "photo of a beach", "width": 1920}
        assert stub.asked[-1][1].startswith("/view?filename=a.png")
        await source.close()

    async def test_a_failed_workflow_is_transient(self, stub: Stub) -> None:
        def answer(method: str, path: str, body: Any) -> Answer:
            if path == "/prompt":
                return 200, {"prompt_id": "w1"}
            return 200, {"w1": {"status": {"status_str": "error"}}}

        stub.answer = answer
        source = ComfyUI(stub.settings(), "{}")
        with pytest.raises(TransientFault):
            await source.scene("a beach", AspectRatio.SQUARE, _silent)
        await source.close()


class TestComposed:
    async def test_words_and_product_stand_on_the_remote_scene(self, stub: Stub, tmp_path: Path) -> None:
        stub.answer = lambda method, path, body: (200, {"data": [{"b64_json": base64.b64encode(_png()).decode()}]})
        provider = RemoteImageProvider(OpenAIImages(stub.settings()), LocalImageProvider())
        made = await provider.render(brief(aspect_ratio=AspectRatio.PORTRAIT), tmp_path, _silent)
        assert made.provider == "openai"
        with Image.open(made.image) as picture:
            assert picture.size == AspectRatio.PORTRAIT.pixels
            corner = picture.convert("RGB").getpixel((6, 6))
        assert isinstance(corner, tuple)
        assert abs(corner[0] - 30) < 8
        assert abs(corner[2] - 140) < 8
        assert not (tmp_path / "scene").exists()
        await provider.close()
