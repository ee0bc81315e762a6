"""Asset storage in a folder, S3, Google Cloud Storage or Azure Blob Storage, through obstore."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import obstore
import structlog
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, from_url

from services.chassis.errors import Refusal, StorageFull, StorageUnavailable
from services.chassis.observability.telemetry import STORAGE_ERRORS

CHUNK_BYTES = 256 * 1024
OPERATION_SECONDS = 60.0
# Space that stays free on a folder's disk. PostgreSQL may use the same disk, and stops when it cannot write its log.
RESERVE_BYTES = 128 * 1024 * 1024
RESERVE_SHARE = 50  # on a small disk, a fiftieth of it
# An unavailable store is reported within seconds, and callers retry. The default retry timeout is 3 minutes.
RETRIES: Any = {
    "max_retries": 3,
    "retry_timeout": timedelta(seconds=10),
    "backoff": {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=2), "base": 2},
}
# How stores report that they are full. Folders: the operating system's messages and Rust's name for them. Buckets: HTTP
# 507 and the codes of MinIO (XMinioStorageFull) and Ceph (QuotaExceeded).
FULL_ERRNOS = frozenset({errno.ENOSPC, errno.EDQUOT})
FULL_MESSAGES = (
    "no space left on device",
    "disk quota exceeded",
    "storagefull",
    "quotaexceeded",
    "507 insufficient storage",
)

log = structlog.get_logger()


class ObjectMissing(Refusal):
    reason = "OBJECT_NOT_FOUND"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject:
    """An object that was stored: its key, size and SHA-256 in hexadecimal."""

    key: str
    size_bytes: int
    sha256: str


class AssetStore:
    """Stores objects by key under a folder or bucket prefix.

    The credentials of S3, GCS and Azure come from the environment variables that obstore documents.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._store: ObjectStore
        self._root: Path | None = None
        if parts.scheme == "file":
            self._root = Path(parts.path)
            self._store = LocalStore(prefix=parts.path, mkdir=True, automatic_cleanup=True)
        elif parts.scheme == "memory":
            self._store = from_url(url)
        else:
            self._store = from_url(url, retry_config=RETRIES)

    async def put_file(self, key: str, path: Path, content_type: str) -> StoredObject:
        """Stores a file. Raises StorageUnavailable."""
        digest, size = await asyncio.to_thread(_digest, path)
        await self._put(key, path, content_type)
        return StoredObject(key=key, size_bytes=size, sha256=digest)

    async def put_bytes(self, key: str, content: bytes, content_type: str) -> StoredObject:
        """Stores bytes. Raises StorageUnavailable."""
        await self._put(key, content, content_type)
        return StoredObject(key=key, size_bytes=len(content), sha256=hashlib.sha256(content).hexdigest())

    async def _put(self, key: str, content: Path | bytes, content_type: str) -> None:
        attributes: Any = (
            None if self._root is not None else {"Content-Type": content_type}
        )  # folders store no attributes
        try:
            async with asyncio.timeout(OPERATION_SECONDS):
                await self._check_folder()
                await self._check_space()
                await obstore.put_async(self._store, key, content, attributes=attributes)
        except (BaseError, OSError, TimeoutError) as error:
            raise _failure("write", key, error) from error

    async def _check_folder(self) -> None:
        """Raises OSError when the folder of a local store is missing.

        Otherwise a write would create another folder, a read would find no object, and a delete would seem to succeed.
        """
        if self._root is not None and not await asyncio.to_thread(self._root.is_dir):
            raise NotADirectoryError(f"{self._root} does not exist")

    async def _check_space(self) -> None:
        """Raises OSError when the folder's disk has only its reserve left."""
        if self._root is None:
            return
        usage = await asyncio.to_thread(shutil.disk_usage, self._root)
        if usage.free < min(RESERVE_BYTES, usage.total // RESERVE_SHARE):
            raise OSError(errno.ENOSPC, f"only the reserve of {usage.free} bytes is left", str(self._root))

    async def read(self, key: str, *, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """Yields the bytes from `start` up to, not including, `end`. Raises ObjectMissing, StorageUnavailable."""
        try:
            async with asyncio.timeout(OPERATION_SECONDS):
                await self._check_folder()
                options: Any = {"range": (start, end)} if end is not None else {"range": {"offset": start}}
                result = await obstore.get_async(self._store, key, options=options if start or end else None)
            async for chunk in result.stream(min_chunk_size=CHUNK_BYTES):
                yield bytes(chunk)
        except FileNotFoundError as error:
            raise ObjectMissing("The object does not exist.") from error
        except (BaseError, OSError, TimeoutError) as error:
            raise _failure("read", key, error) from error

    async def read_all(self, key: str, *, max_bytes: int) -> bytes:
        """Returns the whole object. Raises as `read`, and ValueError when it is larger than `max_bytes`."""
        content = bytearray()
        async for chunk in self.read(key):
            content += chunk
            if len(content) > max_bytes:
                raise ValueError(f"the object is larger than {max_bytes} bytes")
        return bytes(content)

    async def delete(self, key: str) -> None:
        """Deletes the object. A missing one is no error. Raises StorageUnavailable."""
        try:
            async with asyncio.timeout(OPERATION_SECONDS):
                await self._check_folder()
                await obstore.delete_async(self._store, key)
        except FileNotFoundError:
            return
        except (BaseError, OSError, TimeoutError) as error:
            raise _failure("delete", key, error) from error

    async def delete_all(self, folder: str) -> None:
        """Deletes every object below `folder`, a key that ends with a slash. Raises StorageUnavailable."""
        try:
            async with asyncio.timeout(OPERATION_SECONDS):
                await self._check_folder()
                async for batch in obstore.list(self._store, prefix=folder):
                    await obstore.delete_async(self._store, [found["path"] for found in batch])
        except FileNotFoundError:
            return  # another process deletes them too; the next call finds the rest
        except (BaseError, OSError, TimeoutError) as error:
            raise _failure("delete", folder, error) from error


def job_folder(job_type: str, job_id: str) -> str:
    """Returns the folder of all files that the attempts of a job made."""
    return f"{job_type}/{job_id}/"


def _storage_refusal(error: BaseException) -> StorageUnavailable:
    """Returns the refusal for a storage error: StorageFull when there is no space left. Hides the error's text."""
    if isinstance(error, OSError) and error.errno in FULL_ERRNOS:
        return StorageFull()
    text = str(error).lower()
    return StorageFull() if any(message in text for message in FULL_MESSAGES) else StorageUnavailable()


def _failure(operation: str, key: str, error: BaseException) -> StorageUnavailable:
    """Logs and counts a storage error, and returns its refusal. Only the log names paths, buckets and hosts."""
    refusal = _storage_refusal(error)
    STORAGE_ERRORS.labels(operation, refusal.reason).inc()
    log.error("storage_failed", operation=operation, key=key, reason=refusal.reason, error=str(error) or repr(error))
    return refusal


def _digest(path: Path) -> tuple[str, int]:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size
