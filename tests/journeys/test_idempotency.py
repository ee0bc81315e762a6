"""Racing duplicates, and callers who hang up, against the whole system."""

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

from tests.journeys.test_races import ledger_complaints, rows
from tests.running import Customer, RunningSystem

COPY = {"platform": "meta", "format": "short", "tone": "bold"}
VIDEO = {"script": "We open at seven, and the first ten guests get a bun."}
PATHS = {"copy": COPY, "static-ad": {}, "video": VIDEO}
PRICES = {"copy": 1, "static-ad": 3, "video": 40}
DUPLICATES = 20
ROUNDS = 5
GIVE_UP_SECONDS = 30.0  # half of what a copy's job may take before it is given up


async def together(
    customer: Customer, path: str, bodies: list[dict[str, Any]], headers: dict[str, str] | None = None
) -> list[httpx.Response]:
    """The answers to requests that are sent at once, each on a connection of its own."""
    async with httpx.AsyncClient(
        base_url=customer.system.system.url,
        headers=dict(customer.client.headers) | (headers or {}),
        timeout=60,
        trust_env=False,
        limits=httpx.Limits(max_connections=len(bodies)),
    ) as client:
        return await asyncio.gather(*(client.post(f"/api/generate/{path}", json=body) for body in bodies))


def hang_up(customer: Customer, path: str, body: dict[str, Any], key: str, after: float, *, reset: bool) -> None:
    """Sends a request and closes its connection `after` seconds, politely or by a reset."""
    content = json.dumps(body).encode()
    head = (
        f"POST /api/generate/{path} HTTP/1.1\r\nhost: adwright\r\ncontent-type: application/json\r\n"
        f"authorization: {customer.client.headers['authorization']}\r\nidempotency-key: {key}\r\n"
        f"content-length: {len(content)}\r\n\r\n"
    )
    host, port = customer.system.system.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(head.encode() + content)
        time.sleep(after)
        if reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def answered(customer: Customer, path: str, body: dict[str, Any], key: str) -> tuple[httpx.Response, float]:
    """The answer to a request that is repeated until there is one, and how long that took in seconds."""
    began = time.monotonic()
    while True:
        answer = customer.client.post(f"/api/generate/{path}", json=body, headers={"Idempotency-Key": key})
        if answer.status_code == 200:
            return answer, time.monotonic() - began
        assert time.monotonic() - began < GIVE_UP_SECONDS, answer.text
        time.sleep(0.05)


class TestRacingDuplicates:
    @pytest.mark.parametrize("path", list(PATHS))
    async def test_of_twenty_with_one_body_key_one_is_charged(self, waiting_system: RunningSystem, path: str) -> None:
        customer = waiting_system.customer(1000)
        for round_ in range(ROUNDS):
            body = {**customer.ids, **PATHS[path], "idempotencyKey": f"race {round_}"}
            answers = await together(customer, path, [body] * DUPLICATES)
            assert {answer.status_code for answer in answers} == {200}
            told = [answer.json() for answer in answers]
            assert len({one["jobId"] for one in told}) == 1
            assert Counter(one["creditsUsed"] for one in told) == {PRICES[path]: 1, 0: DUPLICATES - 1}
            assert Counter(one["status"] == "reused" for one in told) == {False: 1, True: DUPLICATES - 1}
            if path == "copy":
                assert len({json.dumps(one["variants"]) for one in told}) == 1
                assert len(told[0]["variants"]) == 5
                assert customer.credits == {"available": 1000 - round_ - 1, "held": 0}
        assert await ledger_complaints(waiting_system) == []

    @pytest.mark.parametrize("path", list(PATHS))
    async def test_both_keys_at_once_make_one_job_and_one_charge(
        self, waiting_system: RunningSystem, path: str
    ) -> None:
        customer = waiting_system.customer(1000)
        body = {**customer.ids, **PATHS[path], "idempotencyKey": "both"}
        answers = await together(customer, path, [body] * DUPLICATES, {"Idempotency-Key": "both"})
        assert {answer.status_code for answer in answers} <= {200, 409}
        told = [answer.json() for answer in answers if answer.status_code == 200]
        assert len({one["jobId"] for one in told}) == 1
        assert customer.credits["available"] == 1000 - PRICES[path]

    async def test_a_key_is_its_users_own(self, waiting_system: RunningSystem) -> None:
        customers = [waiting_system.customer(10) for _ in range(2)]
        answers = await asyncio.gather(
            *(
                together(customer, "copy", [{**customer.ids, **COPY, "idempotencyKey": "same"}] * 10)
                for customer in customers
            )
        )
        assert len({answer.json()["jobId"] for one in answers for answer in one}) == 2
        assert [customer.credits["available"] for customer in customers] == [9, 9]

    def test_a_request_after_the_answer_makes_a_new_copy(self, waiting_system: RunningSystem) -> None:
        customer = waiting_system.customer(10)
        body = {**customer.ids, **COPY, "idempotencyKey": "again"}
        told = [customer.client.post("/api/generate/copy", json=body).json() for _ in range(5)]
        assert len({one["jobId"] for one in told}) == 5
        assert [one["status"] for one in told] == ["completed"] * 5
        assert customer.credits == {"available": 5, "held": 0}


class TestKeyOfAnotherEndpoint:
    def test_the_live_job_is_the_answer_and_the_notes_say_what_it_is(self, waiting_system: RunningSystem) -> None:
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


class TestHangUps:
    @pytest.mark.parametrize("path", list(PATHS))
    def test_a_repetition_gets_the_answer_whenever_the_caller_hung_up(
        self, waiting_system: RunningSystem, path: str
    ) -> None:
        customer = waiting_system.customer(4000)
        body = {**customer.ids, **PATHS[path]}
        waits = []
        number = 24
        for milliseconds in range(number):
            key = str(uuid.uuid4())
            hang_up(customer, path, body, key, milliseconds * 2.5 / 1000, reset=milliseconds % 2 == 1)
            answer, waited = answered(customer, path, body, key)
            waits.append(waited)
            assert answer.json()["creditsUsed"] == PRICES[path]
        print(f"{path}: the longest wait after {number} hang-ups was {max(waits):.2f} s")
        counted = rows(waiting_system, "job", "select count(*)::int from job where user_id = %s", customer.id)
        assert counted == [(number,)], "one job a key"
        if path == "copy":
            assert customer.credits == {"available": 4000 - number, "held": 0}

    async def test_copies_of_a_killed_service_are_released_in_seconds(self, waiting_system: RunningSystem) -> None:
        """Their first lease runs out, though their deadline is a minute away."""
        customer = waiting_system.customer(100)
        body = {**customer.ids, **COPY}
        keys = [str(uuid.uuid4()) for _ in range(10)]
        for key in keys:
            hang_up(customer, "copy", body, key, 0.004, reset=False)
        os.kill(waiting_system.system.processes["copy"].pid, signal.SIGKILL)
        waits = [answered(customer, "copy", body, key)[1] for key in keys]
        print(f"the longest wait after a kill was {max(waits):.2f} s")
        assert customer.credits == {"available": 90, "held": 0}
        assert await ledger_complaints(waiting_system) == []
