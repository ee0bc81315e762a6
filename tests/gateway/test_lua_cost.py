"""The gateway's work for a request is at most linear in its bytes, for any request."""

from __future__ import annotations

import socket
import threading
from itertools import pairwise

import httpx
import pytest

from gateway.lua_filters import MAX_VALUES
from tests.gateway.envoy_process import IssuerKeys, RunningGateway
from tests.gateway.lua_cost import Filters
from tests.gateway.lua_shapes import (
    LONG_HEADS,
    MANY_BYTES,
    MANY_VALUES,
    RESPONSES,
    Shape,
    body,
    members,
    random_shape,
)
from tests.gateway.stub_services import StubServices

# Twice the size may cause twice the work, plus a margin. LuaJIT doubles its buffers, so memory grows in steps: four
# times the size may take up to eight times the memory. Quadratic code causes four times the work, and takes 16 times
# the memory.
GROWTH = 2.5
GROWTH_OF_MEMORY = 8
# Limits per byte: instructions and bytes scanned; bytes allocated. The most expensive shapes need half of them.
WORK_PER_BYTE = 150
ALLOCATED_PER_BYTE = 200
SEEDS = range(25)
PROJECT = "/api/projects/0b54b4a8-4a1e-4f5e-9c1c-0e8d7f0f2f11"

SHAPES = [
    *((name, shape, 600) for name, shape in MANY_VALUES.items()),
    *((name, shape, 20_000) for name, shape in MANY_BYTES.items()),
    *((name, shape, 1_000) for name, shape in LONG_HEADS.items()),
    *((name, shape, 200) for name, shape in RESPONSES.items()),
]


@pytest.fixture(scope="module")
def filters() -> Filters:
    return Filters()


def assert_linear(filters: Filters, shape: Shape, size: int) -> None:
    exchanges = [shape(size), shape(2 * size), shape(4 * size)]
    costs = [filters.cost(exchange) for exchange in exchanges]
    for less, more in pairwise(costs):
        assert more.work <= GROWTH * less.work, costs
    assert costs[-1].allocated <= GROWTH_OF_MEMORY * costs[0].allocated + 1_000, costs
    assert costs[-1].work <= WORK_PER_BYTE * exchanges[-1].size + 20_000, costs[-1]
    assert costs[-1].allocated <= ALLOCATED_PER_BYTE * exchanges[-1].size + 100_000, costs[-1]


class TestGrowth:
    @pytest.mark.parametrize(("name", "shape", "size"), SHAPES, ids=[name for name, _, _ in SHAPES])
    def test_work_is_linear_in_the_bytes(self, name: str, shape: Shape, size: int, filters: Filters) -> None:
        assert_linear(filters, shape, size)

    @pytest.mark.parametrize("seed", SEEDS)
    def test_work_for_random_members_is_linear_in_the_bytes(self, seed: int, filters: Filters) -> None:
        assert_linear(filters, random_shape(seed), 600)


class TestMeter:
    """The meter detects quadratic work of each of the three kinds."""

    @pytest.mark.parametrize(
        "work",
        [
            # copies the text for each member, as a loop over `..` does
            "for member in text:gmatch('projectId') do text = text:sub(1, 10) .. '_' .. text:sub(12) end",
            # searches for each member from the beginning
            "for place = 1, #text, 16 do assert(not text:find('nowhere', 1, true)) end",
            # compares each member with each other
            "for place = 1, #text, 16 do for other = 1, #text, 16 do assert(place) end end",
        ],
    )
    def test_meter_detects_quadratic_work(self, work: str) -> None:
        source = f"function envoy_on_request(handle) local text = handle:body():getBytes(0, 1e9) {work} end"
        with pytest.raises(AssertionError):
            assert_linear(Filters(request=source), members("m", '"projectId":"%d"'), 600)


class TestCaps:
    def test_too_many_values_are_rejected(self, filters: Filters) -> None:
        for each in ('"x%d":1', '"x%d":[]'):
            fits = filters.cost(members("/adwright.copy.v1.CopyService/GenerateCopy", each)(MAX_VALUES - 1))
            assert fits.status == ""
            over = filters.cost(members("/adwright.copy.v1.CopyService/GenerateCopy", each)(MAX_VALUES))
            assert over.status == "400"
            assert f"The body contains more than {MAX_VALUES} values." in over.refusal

    def test_error_is_short_for_any_request(self, filters: Filters) -> None:
        long = '"' + "é" * 100_000 + '":1'
        for text in (f"{{{long}}}", f'{{"brand":{{{long}}}}}', f'{{"brand":{{"pronunciations":{{{long}}}}}}}'):
            found = filters.cost(body("/adwright.catalog.v1.CatalogService/CreateProject", text))
            assert found.status == "400"
            assert 0 < len(found.refusal) < 2_000
        found = filters.cost(body("/adwright.copy.v1.CopyService/GenerateCopy", f"{{{long}}}"))
        assert 0 < len(found.unknown) < 1_000


class TestAttack:
    """Through Envoy, concurrently: the bodies that once blocked a thread for seconds."""

    BODY = b'{"name":"x"' + b',"projectId":"y"' * 60_000 + b"}"
    ATTACKERS = 4
    EACH = 5

    def test_other_requests_get_responses_during_an_attack(
        self, gateway: RunningGateway, client: httpx.Client, keys: IssuerKeys, services: StubServices
    ) -> None:
        responses: list[httpx.Response] = []
        headers = {"content-type": "application/json", "authorization": f"Bearer {keys.token()}"}

        def attack() -> None:
            with httpx.Client(base_url=gateway.url, headers=headers, timeout=60) as attacker:
                responses.extend(attacker.patch(PROJECT, content=self.BODY) for _ in range(self.EACH))

        attackers = [threading.Thread(target=attack) for _ in range(self.ATTACKERS)]
        for attacker in attackers:
            attacker.start()
        served = 0
        while any(attacker.is_alive() for attacker in attackers):
            assert client.get("/api/prices").status_code == 200
            served += 1
        assert len(responses) == self.ATTACKERS * self.EACH
        assert {response.status_code for response in responses} == {400}
        assert {response.json()["error"]["reason"] for response in responses} == {"MALFORMED_REQUEST"}
        assert served > 0
        assert {call.method for call in services.calls} == {"ListPrices"}

    @pytest.mark.parametrize("credential", ["X-API-Key: adw_x", "Authorization: Bearer a.b.c", "stranger", ""])
    def test_body_is_not_awaited_without_credentials(
        self, credential: str, gateway: RunningGateway, keys: IssuerKeys, services: StubServices
    ) -> None:
        """The response arrives before the body is sent, so the body cannot have been read."""
        if credential == "stranger":
            credential = f"Authorization: Bearer {keys.token(key=keys.stranger)}"
        head = f"PATCH {PROJECT} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n"
        with socket.create_connection(("127.0.0.1", gateway.port), timeout=20) as line:
            line.sendall(f"{head}{credential}{chr(13) + chr(10) if credential else ''}\r\n".encode())
            response = b""
            while not response.rstrip().endswith(b"}"):
                part = line.recv(65536)
                assert part, response
                response += part
        assert response.startswith(b"HTTP/1.1 401")
        assert b'"UNAUTHENTICATED"' in response
        assert services.calls == []
