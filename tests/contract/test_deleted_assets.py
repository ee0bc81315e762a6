"""Deleting a file of an ended job: its links stop, its job and its price stay."""

from __future__ import annotations

from typing import Any

from tests.running import Customer, RunningSystem
from tests.support import ended, error_of


def made(customer: Customer) -> dict[str, Any]:
    """A completed picture's status."""
    accepted = customer.client.post("/api/generate/static-ad", json=customer.ids).json()
    return ended(customer, accepted["jobId"])


def test_deleted_file_is_gone_and_its_price_stays(customer: Customer, system: RunningSystem) -> None:
    job = made(customer)
    spent = customer.credits
    picture, thumbnail = job["assets"]
    files = list((system.home.folder / "assets").rglob(f"*{picture['id']}*"))
    assert files
    assert customer.client.get(picture["url"]).status_code == 200
    for _ in range(2):  # a repetition is no error
        assert customer.client.delete(f"/api/assets/{picture['id']}").json() == {}
    assert error_of(customer.client.get(picture["url"]))["reason"] == "ASSET_NOT_FOUND"
    assert not any(file.exists() for file in files)
    after = customer.client.get(f"/api/generate/status?jobId={job['id']}").json()
    assert after["status"] == "completed"
    assert [asset["id"] for asset in after["assets"]] == [thumbnail["id"]]
    [deleted] = after["deletedAssets"]
    assert (deleted["id"], deleted["type"]) == (picture["id"], "image")
    assert customer.client.get(thumbnail["url"]).status_code == 200
    assert customer.credits == spent


def test_only_the_owner_deletes(customer: Customer, system: RunningSystem) -> None:
    job = made(customer)
    picture = job["assets"][0]
    stranger = system.customer(0)
    admin = system.client("admin", admin=True)
    for client in (stranger.client, admin):
        refused = client.delete(f"/api/assets/{picture['id']}")
        assert (refused.status_code, error_of(refused)["reason"]) == (404, "ASSET_NOT_FOUND")
    signed = customer.client.delete(picture["url"], headers={"authorization": ""})  # a link reads, it does not delete
    assert signed.status_code == 401
    assert customer.client.get(picture["url"]).status_code == 200
