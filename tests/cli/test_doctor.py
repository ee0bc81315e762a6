"""`adwright doctor` finds language model servers on loopback and checks the configured endpoint."""

from __future__ import annotations

import json
import threading
import tomllib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import cli.doctor
from cli.endpoint_check import MAX_REQUESTS, check_endpoint
from cli.main import app
from cli.model_servers import ADDRESSES, find_servers

SHAPES = tomllib.loads((Path(__file__).parent / "model_servers.toml").read_text(encoding="utf-8"))
SERVERS, OTHERS = SHAPES["server"], SHAPES["other"]
Chat = Callable[[dict[str, Any]], tuple[int, str]]
COMPLETION = json.dumps(
    {
        "model": "m",
        "choices": [
            {"index": 0, "message": {"content": '{"lines": ["Blue.", "Bluer.", "Mug."]}'}, "finish_reason": "stop"}
        ],
        "usage": {"prompt_tokens": 30, "completion_tokens": 20},
    }
)


@contextmanager
def served(
    paths: dict[str, str],
    chat: Chat | None = None,
    refusal: tuple[int, str] = (404, '{"error":{"reason":"NOT_FOUND"}}'),
) -> Iterator[int]:
    """Serves JSON at these paths, and chat completions by a function, on a free loopback port.

    refusal: status and body of all other paths.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._send(*((200, paths[self.path]) if self.path in paths else refusal))

        def do_POST(self) -> None:
            payload = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self._send(*(chat(payload) if chat else (404, "{}")))

        def _send(self, status: int, body: str) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (the base class names it)
            return None

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(autouse=True)
def nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """No server of this machine and no setting of its environment is seen."""
    monkeypatch.setattr(cli.doctor, "DEFAULT_PORTS", ())
    for name in ("URL", "MODEL", "KEY", "SECONDS"):
        monkeypatch.delenv(f"ADWRIGHT_COPY_OPENAI_{name}", raising=False)


class TestServers:
    @pytest.mark.parametrize("shape", SERVERS, ids=[shape["name"] for shape in SERVERS])
    def test_servers_are_recognised_on_any_port(self, shape: dict[str, Any]) -> None:
        with served(shape["paths"]) as port:
            (found,) = find_servers([port])
        assert (found.name, found.version, list(found.models)) == (shape["name"], shape["version"], shape["models"])
        assert found.url == f"http://127.0.0.1:{port}/v1"

    @pytest.mark.parametrize("shape", OTHERS, ids=[shape["name"] for shape in OTHERS])
    def test_other_services_are_not(self, shape: dict[str, Any]) -> None:
        with served(shape["paths"]) as port:
            assert find_servers([port]) == []

    @pytest.mark.parametrize("status", [401, 403])
    def test_server_that_wants_a_key_is_told_by_its_error(self, status: int) -> None:
        wanted = '{"error":{"message":"Invalid API Key","type":"authentication_error","code":401}}'
        with served({}, refusal=(status, wanted)) as port:
            (found,) = find_servers([port])
        assert found.key_needed
        for other in (
            "<html>Login</html>",
            '{"error":"Unauthorized"}',
            '{"error":{"message":"x","reason":"NO_TOKEN"}}',
        ):
            with served({}, refusal=(status, other)) as port:
                assert find_servers([port]) == []

    def test_only_loopback_addresses_are_asked(self) -> None:
        assert set(ADDRESSES) == {"127.0.0.1", "[::1]"}

    def test_all_are_found_at_once(self) -> None:
        with ExitStack() as stack:
            ports = [stack.enter_context(served(shape["paths"])) for shape in SERVERS]
            assert [server.name for server in find_servers(ports)] == [shape["name"] for shape in SERVERS]


class TestCheck:
    def check(self, chat: Chat, model: str = "m", paths: dict[str, str] | None = None) -> Any:
        with served(paths or {}, chat) as port:
            return check_endpoint(f"http://127.0.0.1:{port}/v1", model, "secret")

    def test_working_endpoint_tells_what_it_takes(self) -> None:
        found = self.check(lambda _payload: (200, COMPLETION))
        assert (found.problem, found.format, found.tokens, found.usage) == ("", "json_schema", "max_tokens", True)
        assert found.tokens_per_second > 0
        assert found.remarks == []

    def test_refused_parameters_are_left_out(self) -> None:
        def chat(payload: dict[str, Any]) -> tuple[int, str]:
            if "max_tokens" in payload:
                return 400, '{"error":{"message":"Use \'max_completion_tokens\' instead.","param":"max_tokens"}}'
            if "temperature" in payload:
                return 400, '{"error":{"message":"Unsupported value","param":"temperature"}}'
            if payload.get("response_format", {}).get("type") == "json_schema":
                return 400, "{\"error\":\"'response_format.type' must be 'json_object'\"}"
            return 200, COMPLETION

        found = self.check(chat)
        assert (found.problem, found.format, found.tokens, found.temperature) == (
            "", "json_object", "max_completion_tokens", False,
        )  # fmt: skip

    def test_refused_key_and_missing_model_are_explained(self) -> None:
        refused = self.check(lambda _payload: (401, '{"error":{"message":"bad key secret"}}'))
        assert "KEY" in refused.problem
        assert "secret" not in refused.problem
        listed = {"/v1/models": '{"data":[{"id":"llama3.1:8b"}]}'}
        missing = self.check(lambda _payload: (404, '{"error":{"message":"model not found"}}'), paths=listed)
        assert "model not found" in missing.problem
        assert any("llama3.1:8b" in remark for remark in missing.remarks)

    def test_unreachable_endpoint_is_a_problem(self) -> None:
        with served({}) as port:
            pass
        assert "cannot be reached" in check_endpoint(f"http://127.0.0.1:{port}/v1", "m", "").problem
        assert "cannot be reached" in check_endpoint("not an address", "m", "").problem

    @pytest.mark.parametrize(
        ("url", "key"),
        [
            ("http://127.0.0.1:port/v1", ""),
            ("http://[::1/v1", ""),
            ("http://127.0.0.1:1/v1", "kéy"),
            ("http://127.0.0.1:1/v1", "secret\nkey"),
        ],
    )
    def test_url_and_key_that_cannot_be_used_are_a_problem(self, url: str, key: str) -> None:
        problem = check_endpoint(url, "m", key).problem
        assert "ADWRIGHT_COPY_OPENAI_" in problem
        assert "secret" not in problem

    def test_reply_that_ends_in_its_thoughts_is_a_problem(self) -> None:
        document = json.loads(COMPLETION)
        document["choices"][0] |= {"message": {"content": "", "reasoning_content": "hm"}, "finish_reason": "length"}
        assert "wrote nothing" in self.check(lambda _payload: (200, json.dumps(document))).problem

    def test_requests_are_bounded(self) -> None:
        requests = []

        def chat(payload: dict[str, Any]) -> tuple[int, str]:
            requests.append(payload)
            return 400, '{"error":{"message":"max_completion_tokens temperature response_format"}}'

        assert self.check(chat).problem
        assert len(requests) <= MAX_REQUESTS

    def test_model_that_only_thinks_is_remarked(self) -> None:
        document = json.loads(COMPLETION)
        document["choices"][0]["message"] = {"content": None, "reasoning_content": "hm"}
        assert any(
            "MAX_TOKENS" in remark for remark in self.check(lambda _payload: (200, json.dumps(document))).remarks
        )


class TestCommand:
    def run(self, *arguments: str, **variables: str) -> tuple[int, str]:
        environment = {f"ADWRIGHT_COPY_OPENAI_{name}": value for name, value in variables.items()}
        result = CliRunner().invoke(app, ["doctor", *arguments], env=environment)
        return result.exit_code, result.stdout

    def test_line_that_switches_a_server_on_is_printed(self) -> None:
        with served(SERVERS[0]["paths"]) as port:
            code, output = self.run("--port", str(port))
        assert code == 0
        line = f"ADWRIGHT_COPY_OPENAI_URL=http://127.0.0.1:{port}/v1 ADWRIGHT_COPY_OPENAI_MODEL=llama3.1:8b make up"
        assert line in output
        assert "Ollama 0.12.3" in output

    @pytest.mark.parametrize("arguments", [(), ("--json",)])
    @pytest.mark.parametrize("address", ["127.0.0.1:1/v1", "127.0.0.1:port/v1"])
    def test_password_in_the_url_is_never_shown(self, address: str, arguments: tuple[str, ...]) -> None:
        for model in ("m", ""):
            code, output = self.run(*arguments, URL=f"http://ann:hidden@{address}", MODEL=model)
            assert code == 1
            assert "127.0.0.1" in output
            assert "hidden" not in output
            assert "ann" not in output.replace("cannot", "")

    def test_nothing_found_is_exit_status_3(self) -> None:
        code, output = self.run()
        assert code == 3
        assert "built-in engine writes" in output

    def test_configured_endpoint_decides_the_exit_status(self) -> None:
        with served({}, lambda _payload: (200, COMPLETION)) as port:
            works = self.run(URL=f"http://127.0.0.1:{port}/v1", MODEL="m")
        with served({}, lambda _payload: (500, "{}")) as port:
            fails = self.run(URL=f"http://127.0.0.1:{port}/v1", MODEL="m")
        assert works[0] == 0
        assert "response format json_schema" in works[1]
        assert "tokens a second" in works[1]
        assert fails[0] == 1
        assert self.run(URL="http://127.0.0.1:1/v1")[0] == 1, "the model's name is missing"

    def test_json_holds_the_same(self) -> None:
        with served(SERVERS[2]["paths"]) as port:
            code, output = self.run("--json", "--port", str(port))
        document = json.loads(output)
        assert code == 0
        assert document["configured"] is None
        assert document["servers"][0]["name"] == "vLLM"
        assert "Qwen/Qwen2.5-7B-Instruct" in document["servers"][0]["switch_on"]
