"""Concurrent duplicates, and callers that disconnect, against the whole system."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import time
import uuid
from collections import Counter
from typing import Any

import httpx
import pytest

from tests.journeys.ledger import ledger_violations, rows
from tests.running import Customer, RunningSystem

COPY = {"platform": "meta", "format": "short", "tone": "bold"}
VIDEO = {"script": "We open at seven, and the first ten guests get a bun."}
PATHS = {"copy": COPY, "static-ad": {}, "video": VIDEO}
PRICES = {"copy": 1, "static-ad": 3, "video": 40}
DUPLICATES = 20
ROUNDS = 2
RETRY_LIMIT_SECONDS = 30.0  # half of the deadline of a copy's job


async def send_concurrently(
    customer: Customer, path: str, bodies: list[dict[str, Any]], headers: dict[str, str] | None = None
) -> list[httpx.Response]:
    """Sends one request per body concurrently, each on its own connection; the responses in the order of the bodies."""
    async with httpx.AsyncClient(
        base_url=customer.system.system.url,
        headers=dict(customer.client.headers) | (headers or {}),
        timeout=60,
        trust_env=False,
        limits=httpx.Limits(max_connections=len(bodies)),
    ) as client:
        return await asyncio.gather(*(client.post(f"/api/generate/{path}", json=body) for body in bodies))


def disconnect(customer: Customer, path: str, body: dict[str, Any], key: str, seconds: float, *, reset: bool) -> None:
    """Sends a request and closes its connection after `seconds`, by FIN or, with reset, by RST."""
    content = json.dumps(body).encode()
    head = (
        f"POST /api/generate/{path} HTTP/1.1\r\nhost: adwright\r\ncontent-type: application/json\r\n"
        f"authorization: {customer.client.headers['authorization']}\r\nidempotency-key: {key}\r\n"
        f"content-length: {len(content)}\r\n\r\n"
    )
    host, port = customer.system.system.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(head.encode() + content)
        time.sleep(seconds)
        if reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def retry(customer: Customer, path: str, body: dict[str, Any], key: str) -> tuple[httpx.Response, float]:
    """Repeats a request until it succeeds; the response and the seconds that this took."""
    began = time.monotonic()
    while True:
        response = customer.client.post(f"/api/generate/{path}", json=body, headers={"Idempotency-Key": key})
        if response.status_code == 200:
            return response, time.monotonic() - began
        assert time.monotonic() - began < RETRY_LIMIT_SECONDS, response.text
        time.sleep(0.05)


class TestConcurrentDuplicates:
    @pytest.mark.parametrize("path", list(PATHS))
    async def test_one_of_twenty_duplicates_by_body_key_is_charged(
        self, waiting_system: RunningSystem, path: str
    ) -> None:
        customer = waiting_system.customer(1000)
        for round_ in range(ROUNDS):
            body = {**customer.ids, **PATHS[path], "idempotencyKey": f"race {round_}"}
            responses = await send_concurrently(customer, path, [body] * DUPLICATES)
            assert {response.status_code for response in responses} == {200}
            bodies = [response.json() for response in responses]
            assert len({one["jobId"] for one in bodies}) == 1
            assert Counter(one["creditsUsed"] for one in bodies) == {PRICES[path]: 1, 0: DUPLICATES - 1}
            assert Counter(one["status"] == "reused" for one in bodies) == {False: 1, True: DUPLICATES - 1}
            if path == "copy":
                assert len({json.dumps(one["variants"]) for one in bodies}) == 1
                assert len(bodies[0]["variants"]) == 5
                assert customer.credits == {"available": 1000 - round_ - 1, "held": 0}
        assert await ledger_violations(waiting_system) == []

    @pytest.mark.parametrize("path", list(PATHS))
    async def test_header_and_body_key_together_make_one_job_and_one_charge(
        self, waiting_system: RunningSystem, path: str
    ) -> None:
        customer = waiting_system.customer(1000)
        body = {**customer.ids, **PATHS[path], "idempotencyKey": "both"}
        responses = await send_concurrently(customer, path, [body] * DUPLICATES, {"Idempotency-Key": "both"})
        assert {response.status_code for response in responses} <= {200, 409}
        assert len({response.json()["jobId"] for response in responses if response.status_code == 200}) == 1
        assert customer.credits["available"] == 1000 - PRICES[path]

    async def test_equal_keys_of_two_users_are_independent(self, waiting_system: RunningSystem) -> None:
        customers = [waiting_system.customer(10) for _ in range(2)]
        responses = await asyncio.gather(
            *(
                send_concurrently(customer, "copy", [{**customer.ids, **COPY, "idempotencyKey": "same"}] * 10)
                for customer in customers
            )
        )
        assert len({response.json()["jobId"] for one in responses for response in one}) == 2
        assert [customer.credits["available"] for customer in customers] == [9, 9]

    def test_body_key_of_a_completed_copy_starts_a_new_copy(self, waiting_system: RunningSystem) -> None:
        customer = waiting_system.customer(10)
        body = {**customer.ids, **COPY, "idempotencyKey": "again"}
        copies = [customer.client.post("/api/generate/copy", json=body).json() for _ in range(5)]
        assert len({one["jobId"] for one in copies}) == 5
        assert [one["status"] for one in copies] == ["completed"] * 5
        assert customer.credits == {"available": 5, "held": 0}


class TestKeyOfAnotherMethod:
    def test_live_job_of_another_type_is_returned_with_a_note(self, waiting_system: RunningSystem) -> None:
        customer = waiting_system.customer(100)
        body = {**customer.ids, "idempotencyKey": "one for all"}
        image = customer.client.post("/api/generate/static-ad", json=body).json()
        for path in ("copy", "video"):
            other = customer.client.post(f"/api/generate/{path}", json={**body, **PATHS[path]}).json()
            assert (other["jobId"], other["status"], other["creditsUsed"]) == (image["jobId"], "reused", 0)
            notes = other["notes"]["general"] if path == "copy" else other["notes"]
            assert len(notes) == 1
            assert "an image" in notes[0]
            assert other.get("variants", []) == []
        again = customer.client.post("/api/generate/static-ad", json=body).json()
        assert "notes" not in again or again["notes"] == []


class TestDisconnects:
    @pytest.mark.parametrize("path", list(PATHS))
    def test_retry_gets_the_response_whenever_the_caller_disconnected(
        self, waiting_system: RunningSystem, path: str
    ) -> None:
        customer = waiting_system.customer(4000)
        body = {**customer.ids, **PATHS[path]}
        waits = []
        number = 24
        for milliseconds in range(number):
            key = str(uuid.uuid4())
            disconnect(customer, path, body, key, milliseconds * 2.5 / 1000, reset=milliseconds % 2 == 1)
            response, waited = retry(customer, path, body, key)
            waits.append(waited)
            assert response.json()["creditsUsed"] == PRICES[path]
        print(f"{path}: the longest retry after {number} disconnects took {max(waits):.2f} s")
        counted = rows(waiting_system, "job", "select count(*)::int from job where user_id = %s", customer.id)
        assert counted == [(number,)], "one job per key"
        if path == "copy":
            assert customer.credits == {"available": 4000 - number, "held": 0}

    async def test_copies_of_a_killed_service_are_retried_within_seconds(self, waiting_system: RunningSystem) -> None:
        """The jobs' first lease expires long before their deadline, which is a minute away."""
        customer = waiting_system.customer(100)
        body = {**customer.ids, **COPY}
        keys = [str(uuid.uuid4()) for _ in range(10)]
        for key in keys:
            disconnect(customer, "copy", body, key, 0.004, reset=False)
        os.kill(waiting_system.system.processes["copy"].pid, signal.SIGKILL)
        waits = [retry(customer, "copy", body, key)[1] for key in keys]
        print(f"the longest retry after a kill took {max(waits):.2f} s")
        assert customer.credits == {"available": 90, "held": 0}
        assert await ledger_violations(waiting_system) == []
