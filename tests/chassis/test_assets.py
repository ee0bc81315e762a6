"""Refusals of a full and of an unavailable asset storage, which must not reveal its location."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from services.chassis.data.assets import AssetStore, ObjectMissing
from services.chassis.errors import RefusalKind, StorageFull, StorageUnavailable
from tests.disks import SmallDisk
from tests.running import free_port

SMALL_DISK_KIB = 256
BUCKET_FULL = (
    b"<?xml version='1.0'?><Error><Code>XMinioStorageFull</Code>"
    b"<Message>Storage backend has reached its minimum free drive threshold.</Message></Error>"
)


@pytest.fixture
def disk() -> Iterator[SmallDisk]:
    with SmallDisk(SMALL_DISK_KIB * 1024) as found:
        yield found


class FullBucket(BaseHTTPRequestHandler):
    """Responds to uploads as a full bucket."""

    protocol_version = "HTTP/1.1"

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.send_response(507)
        self.send_header("content-length", str(len(BUCKET_FULL)))
        self.end_headers()
        self.wfile.write(BUCKET_FULL)

    def log_message(self, *_: object) -> None:
        return


async def refused(call: Callable[[], Awaitable[object]], secret: str) -> StorageUnavailable:
    """Returns the refusal of a call. Checks that only the log names the store."""
    with capture_logs() as lines, pytest.raises(StorageUnavailable) as caught:
        await call()
    assert caught.value.kind is RefusalKind.UNAVAILABLE
    assert caught.value.retryable
    assert secret not in caught.value.message
    assert [line["reason"] for line in lines if line["event"] == "storage_failed"] == [caught.value.reason]
    assert secret in str(lines)
    return caught.value


async def test_full_folder_is_storage_full_and_accepts_writes_when_space_is_freed(disk: SmallDisk) -> None:
    store = AssetStore(f"file://{disk.folder}/assets")
    await store.put_bytes("stored", b"k" * 1_000, "text/plain")
    disk.fill(leave=64 * 1024)
    content = b"n" * 200_000
    refusal = await refused(lambda: store.put_bytes("new", content, "text/plain"), "No space left")
    assert isinstance(refusal, StorageFull)
    assert await store.read_all("stored", max_bytes=2_000) == b"k" * 1_000
    with pytest.raises(ObjectMissing):
        await store.read_all("new", max_bytes=1)
    disk.empty()
    await store.put_bytes("new", content, "text/plain")
    assert await store.read_all("new", max_bytes=300_000) == content


async def test_missing_folder_is_storage_unavailable_and_is_not_created(tmp_path: Path) -> None:
    store = AssetStore(f"file://{tmp_path}/assets")
    await store.put_bytes("a/stored", b"stored", "text/plain")
    (tmp_path / "assets").rename(tmp_path / "away")
    for call in (
        lambda: store.put_bytes("b/new", b"new", "text/plain"),
        lambda: store.read_all("a/stored", max_bytes=10),
        lambda: store.delete("a/stored"),
        lambda: store.delete_all("a/"),
    ):
        refusal = await refused(call, str(tmp_path))
        assert not isinstance(refusal, StorageFull)
    assert not (tmp_path / "assets").exists()
    (tmp_path / "away").rename(tmp_path / "assets")
    assert await store.read_all("a/stored", max_bytes=10) == b"stored"


def use_bucket_at(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    settings = {"ALLOW_HTTP": "true", "ACCESS_KEY_ID": "a", "SECRET_ACCESS_KEY": "b", "REGION": "x"}
    for name, value in {**settings, "ENDPOINT": f"http://127.0.0.1:{port}"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)


async def test_full_bucket_is_storage_full(monkeypatch: pytest.MonkeyPatch) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), FullBucket)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    use_bucket_at(monkeypatch, server.server_port)
    store = AssetStore("s3://a-secret-bucket/prefix")
    refusal = await refused(lambda: store.put_bytes("key", b"content", "text/plain"), "a-secret-bucket")
    assert isinstance(refusal, StorageFull)
    server.shutdown()
    server.server_close()


async def test_unreachable_bucket_is_storage_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    use_bucket_at(monkeypatch, free_port())
    store = AssetStore("s3://a-secret-bucket/prefix")
    refusal = await refused(lambda: store.put_bytes("key", b"content", "text/plain"), "a-secret-bucket")
    assert not isinstance(refusal, StorageFull)
