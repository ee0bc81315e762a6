"""Asset storage that is away for a while: 503 that says nothing of where it is, jobs that are not charged for what was
not kept, and all back by itself. ADWRIGHT_FAULT_SECONDS says for how long; the default is short."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from tests.faults.harness import FaultHarness
from tests.faults.load import FAULT_SECONDS, MixedLoad
from tests.faults.test_databases import EXPECTED, GRANT, check_end, writes_succeed
from tests.stub_worker import PICTURE

RAW = ("os error", "Errno", "LocalFileSystem", "Debug source", "assets/")  # of exceptions and paths


@pytest.fixture(scope="module")
def harness() -> Iterator[FaultHarness]:
    system = FaultHarness(("ADWRIGHT_ATTEMPT_SECONDS", "copy=20,static_ad=20,video=60"))
    system.add_worker("worker-1", slots=4)
    yield system
    system.stop()


def check_refusal(harness: FaultHarness, answer: httpx.Response) -> None:
    error = answer.json()["error"]
    assert (answer.status_code, error["reason"], error["retryable"]) == (503, "STORAGE_UNAVAILABLE", True)
    assert answer.headers["retry-after"] == "5"
    assert not [words for words in (*RAW, str(harness.home.folder)) if words in answer.text]


async def test_storage_away_is_503_without_raw_errors_and_comes_back(harness: FaultHarness) -> None:
    customer = harness.running.customer(GRANT)
    photo = f"/api/products/{customer.product_id}/image"
    png = {"Content-Type": "image/png"}
    assert customer.client.post(photo, content=PICTURE, headers=png).status_code == 200
    body = {**customer.ids, "prompt": "attempts: ok"}
    job_id = str(customer.client.post("/api/generate/static-ad", json=body).json()["jobId"])
    await harness.until(lambda: customer.status(job_id)["status"] == "completed")
    link = urlsplit(customer.status(job_id)["assets"][0]["url"])
    asset = f"{link.path}?{link.query}"
    folder = harness.home.assets
    away = folder.with_name("away")
    async with MixedLoad(harness, customer) as load:
        over = asyncio.Event()
        running = asyncio.create_task(load.run(over))
        await asyncio.sleep(1)
        began = len(load.answers)
        os.rename(folder, away)
        try:
            check_refusal(harness, customer.client.get(asset))
            check_refusal(harness, customer.client.get(photo))
            check_refusal(harness, customer.client.post(photo, content=PICTURE, headers=png))
            await asyncio.sleep(FAULT_SECONDS)
        finally:
            assert not await asyncio.to_thread(folder.exists), "the storage was made again, empty"
            os.rename(away, folder)
        took = await harness.until(lambda: writes_succeed(load), 10)
        over.set()
        await running
        print(f"recovered in {took:.2f} s", load.summary(began))
        wrong = [answer for answer in load.answers[began:] if answer.status != 200 and answer.reason not in EXPECTED]
        assert wrong == [], "nothing but files needs the storage"
        assert customer.client.get(asset).status_code == 200
        assert customer.client.get(photo).content == PICTURE
        assert customer.client.post(photo, content=PICTURE, headers=png).status_code == 200
        await check_end(harness, load, others=1)
    messages = harness.rows("job", "select distinct error_message from job where error_message is not null")
    assert not [row for row in messages for words in (*RAW, str(harness.home.folder)) if words in row["error_message"]]
    statuses = harness.rows("job", "select status, count(*) from job where user_id = %s group by 1", customer.id)
    print({row["status"]: row["count"] for row in statuses})
