"""`adwright keys rotate` on the whole system while it serves requests."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import pytest

from cli.keys import SETTLE_SECONDS, SecretKind, rotate_secret
from services.chassis.rpc.auth import ServiceIdentity
from services.chassis.rpc.server import CHANNEL_OPTIONS
from tests.running import Customer, RunningSystem
from tests.support import ended, until

CALLERS = 2
PAUSE_SECONDS = 0.2  # between the calls of one caller, so that they do not take all of the machine


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """A rotation of both secrets: what was valid before it, and the status codes of the calls during it."""

    service_secret: str
    asset_job: str
    asset_link: str
    codes: Counter[int]


@pytest.fixture(scope="module")
def owner(system: RunningSystem) -> Customer:
    return system.customer(1000)


@pytest.fixture(scope="module")
def rotation(system: RunningSystem, owner: Customer) -> Rotation:
    """Rotates both secrets concurrently while copies are generated."""
    job = owner.client.post("/api/generate/static-ad", json=owner.ids).json()["jobId"]
    ended(owner, job, status="completed")
    link, before = asset_link(owner, job), system.home.secret("service-secret")
    with calling(owner) as codes, ThreadPoolExecutor() as threads:
        for rotated in [
            threads.submit(rotate_secret, system.home, kind, leaked=False, settle_seconds=SETTLE_SECONDS)
            for kind in SecretKind
        ]:
            rotated.result()
        time.sleep(SETTLE_SECONDS)  # the calls go on while every process reloads the file
    return Rotation(service_secret=before, asset_job=job, asset_link=link, codes=codes)


def asset_link(owner: Customer, job: str) -> str:
    return str(owner.status(job)["assets"][0]["url"])


@contextmanager
def calling(owner: Customer) -> Iterator[Counter[int]]:
    """Generates copies in the background; each one calls catalog, billing and job."""
    stop, codes = threading.Event(), Counter[int]()
    body = {**owner.ids, "platform": "meta", "format": "short", "tone": "bold"}

    def call() -> None:
        while not stop.wait(PAUSE_SECONDS):
            codes[owner.client.post("/api/generate/copy", json=body).status_code] += 1

    threads = [threading.Thread(target=call) for _ in range(CALLERS)]
    for thread in threads:
        thread.start()
    try:
        yield codes
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_service_secret_rotates_without_a_refused_call(system: RunningSystem, rotation: Rotation) -> None:
    assert set(rotation.codes) == {200}
    assert rotation.codes[200] > CALLERS
    assert system.home.secret("service-secret") != rotation.service_secret
    assert _as_service(system, rotation.service_secret) == "UNAUTHENTICATED"
    assert _as_service(system, system.home.secret("service-secret")) != "UNAUTHENTICATED"


def _as_service(system: RunningSystem, secret: str) -> str:
    """The status code of an internal call that carries a token signed with the secret."""
    import grpc
    from adwright.billing.v1 import keys_pb2, keys_pb2_grpc

    with grpc.insecure_channel(f"127.0.0.1:{system.system.ports['billing']}", CHANNEL_OPTIONS) as channel:
        try:
            keys_pb2_grpc.ApiKeyLookupServiceStub(channel).FindApiKey(
                keys_pb2.FindApiKeyRequest(key_hash=b"h" * 32),
                metadata=ServiceIdentity("image", secret).metadata(),
                timeout=10,
            )
        except grpc.RpcError as error:
            return str(error.code().name)
    return "OK"


def test_asset_links_outlive_a_rotation_but_not_a_leaked_secret(
    system: RunningSystem, owner: Customer, rotation: Rotation
) -> None:
    def status(url: str) -> int:
        return httpx.get(url, trust_env=False, timeout=30).status_code

    first, second = rotation.asset_link, asset_link(owner, rotation.asset_job)
    assert _signature(second) != _signature(first)
    assert (status(first), status(second)) == (200, 200)
    rotate_secret(system.home, SecretKind.ASSETS, leaked=True, settle_seconds=0)
    until(lambda: status(second) != 200)
    assert status(first) in (401, 403)
    assert status(asset_link(owner, rotation.asset_job)) == 200


def _signature(url: str) -> str:
    return url.rpartition("signature=")[2]
