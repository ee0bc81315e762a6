"""Unavailable asset storage causes 503 without internal details, charges nothing that is not stored, and recovers.

ADWRIGHT_FAULT_SECONDS sets the duration of the fault; the default is short.
"""

from __future__ import annotations

import asyncio
import os
from urllib.parse import urlsplit

import httpx
import pytest

from tests.faults.harness import EVENT_SECONDS, FaultHarness
from tests.faults.load import FAULT_SECONDS, GRANT, UNRELATED_REASONS, MixedLoad, check_end
from tests.stub_worker import PICTURE
from tests.support import ended, error_of

INTERNAL_DETAILS = ("os error", "Errno", "LocalFileSystem", "Debug source", "assets/")  # texts of exceptions, paths


@pytest.fixture
async def harness(impaired: FaultHarness) -> FaultHarness:
    await impaired.repair({"worker-1": 4})
    return impaired


def check_refusal(harness: FaultHarness, response: httpx.Response) -> None:
    assert error_of(response, 503, "STORAGE_UNAVAILABLE")["retryable"] is True
    assert response.headers["retry-after"] == "5"
    assert not [detail for detail in (*INTERNAL_DETAILS, str(harness.home.folder)) if detail in response.text]


async def test_unavailable_storage_is_503_without_internal_details_and_recovers(harness: FaultHarness) -> None:
    customer = harness.running.customer(GRANT)
    photo = f"/api/products/{customer.product_id}/image"
    png = {"Content-Type": "image/png"}
    assert customer.client.post(photo, content=PICTURE, headers=png).status_code == 200
    body = {**customer.ids, "prompt": "attempts: ok"}
    job_id = str(customer.client.post("/api/generate/static-ad", json=body).json()["jobId"])
    job = await asyncio.to_thread(ended, customer, job_id, seconds=EVENT_SECONDS, status="completed")
    link = urlsplit(job["assets"][0]["url"])
    asset = f"{link.path}?{link.query}"
    folder = harness.home.assets
    moved = folder.with_name("moved")
    async with MixedLoad(harness, customer) as load:
        over = asyncio.Event()
        running = asyncio.create_task(load.run(over))
        await load.warmed_up()
        began = len(load.responses)
        os.rename(folder, moved)
        try:
            check_refusal(harness, customer.client.get(asset))
            check_refusal(harness, customer.client.get(photo))
            check_refusal(harness, customer.client.post(photo, content=PICTURE, headers=png))
            await asyncio.sleep(FAULT_SECONDS)
        finally:
            assert not await asyncio.to_thread(folder.exists), "a service has created an empty storage folder"
            os.rename(moved, folder)
        took = await harness.until(load.writes_succeed)
        over.set()
        await running
        print(f"recovered in {took:.2f} s", load.summary(began))
        refusals = [
            response
            for response in load.responses[began:]
            if response.status != 200 and response.reason not in UNRELATED_REASONS
        ]
        assert refusals == [], "only requests for files need the storage"
        assert customer.client.get(asset).status_code == 200
        assert customer.client.get(photo).content == PICTURE
        assert customer.client.post(photo, content=PICTURE, headers=png).status_code == 200
        await check_end(harness, load, others=1)
    messages = harness.rows("job", "select distinct error_message from job where error_message is not null")
    assert not [
        row
        for row in messages
        for detail in (*INTERNAL_DETAILS, str(harness.home.folder))
        if detail in row["error_message"]
    ]
    statuses = harness.rows("job", "select status, count(*) from job where user_id = %s group by 1", customer.id)
    print({row["status"]: row["count"] for row in statuses})
