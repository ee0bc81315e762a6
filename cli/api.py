"""The REST API as the commands use it."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

POLL_SECONDS = 0.4
JOB_SECONDS = 1800.0
LIVE = ("pending", "queued", "processing")

PICTURE_ENDINGS = {"image/png": (".png",), "image/jpeg": (".jpg", ".jpeg"), "image/webp": (".webp",)}


class ApiError(Exception):
    """The API refused; says why, in its words. status: 0 when no answer has one; retry_after: seconds, 0: not said."""

    def __init__(self, status: int, reason: str, message: str, retry_after: float = 0.0) -> None:
        told = " ".join(filter(None, [str(status) if status else "", reason]))
        super().__init__(f"{message} ({told})" if told else message)
        self.status = status
        self.reason = reason
        self.retry_after = retry_after


class Api:
    """Calls the gateway with one token. certificate: the PEM file of the one to trust; empty: those of the public."""

    def __init__(self, url: str, token: str, certificate: str = "") -> None:
        self._client = httpx.Client(
            base_url=url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=60,
            trust_env=False,
            verify=trust_in(certificate) if certificate else True,
        )

    def call(self, method: str, path: str, body: dict[str, Any] | None = None, **query: Any) -> dict[str, Any]:
        """The answer's JSON. Raises ApiError, also when nothing answers."""
        return self._answered(method, path, json=body, params=query or None)

    def upload(self, path: str, content: bytes) -> dict[str, Any]:
        """As call, with a file as the body."""
        return self._answered("POST", path, content=content, headers={"Content-Type": "application/octet-stream"})

    def _answered(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        try:
            answer = self._client.request(method, path, **request)
        except httpx.HTTPError as error:
            raise ApiError(0, "UNREACHABLE", f"The gateway does not answer: {error}") from None
        try:
            told = answer.json()
            refused = told.get("error", {}) if answer.status_code >= 400 else None
            if refused is None:
                return dict(told)
            reason, message = str(refused.get("reason", "")), str(refused.get("message", answer.text[:200]))
        except (ValueError, TypeError, AttributeError):
            raise ApiError(
                answer.status_code, "", f"What answers at {self._client.base_url} is not an Adwright gateway."
            ) from None
        later = answer.headers.get("Retry-After", "")
        raise ApiError(answer.status_code, reason, message, float(later) if later.isdecimal() else 0.0)

    def wait(self, job_id: str, tell: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
        """The job once it has ended; `tell` gets its status in between. Raises ApiError."""
        give_up = time.monotonic() + JOB_SECONDS
        while time.monotonic() < give_up:
            status = self.call("GET", "/api/generate/status", jobId=job_id)
            tell(status)
            if status["status"] not in LIVE:
                return status
            time.sleep(POLL_SECONDS)
        raise ApiError(0, "TIMED_OUT", f"The job {job_id} has not ended after {JOB_SECONDS / 60:g} minutes.")

    def save(self, url: str, path: Path) -> Path:
        """Saves an asset, whole or not at all; asked of this gateway, whatever name the public has for it. A picture
        gets the ending of the kind that it is sent as.

        Raises ApiError.
        """
        partial = path.with_name(path.name + ".partial")
        link = urlsplit(url)
        try:
            with self._client.stream("GET", f"{link.path}?{link.query}") as answer:
                if answer.status_code != httpx.codes.OK:
                    raise ApiError(answer.status_code, "", f"{path.name} could not be fetched.")
                endings = PICTURE_ENDINGS.get(answer.headers.get("content-type", ""), (path.suffix,))
                path = path if path.suffix in endings else path.with_suffix(endings[0])
                with partial.open("wb") as file:
                    for chunk in answer.iter_bytes():
                        file.write(chunk)
            return partial.replace(path)
        except httpx.HTTPError as error:
            raise ApiError(0, "UNREACHABLE", f"{path.name} could not be fetched: {error}") from None
        except OSError as error:
            raise ApiError(0, "", f"{path} could not be written: {error.strerror}") from None
        finally:
            partial.unlink(missing_ok=True)


def trust_in(certificate: str) -> ssl.SSLContext:
    """Trust in the certificate of this file and in no other, whatever name it is called by. Raises ApiError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    try:
        context.load_verify_locations(cafile=certificate)
    except (OSError, ssl.SSLError) as error:
        raise ApiError(0, "", f"The certificate {certificate} cannot be read: {error}") from None
    return context
