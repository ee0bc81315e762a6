"""Client of the REST API."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

CALL_SECONDS = 190.0  # above the gateway's longest timeout, that of copy
CONNECT_SECONDS = 60.0
SILENT_SECONDS = 35.0  # streams send a comment every 10 s
IMAGE_SUFFIXES = {"image/png": (".png",), "image/jpeg": (".jpg", ".jpeg"), "image/webp": (".webp",)}


class ApiError(Exception):
    """A refusal of the API, or a call that got no usable response.

    status: the HTTP status; 0: there was no response. reason: the API's stable reason, or empty.
    retry_after_seconds: the server's Retry-After; 0: none.
    """

    def __init__(self, status: int, reason: str, message: str, retry_after_seconds: float = 0.0) -> None:
        code = " ".join(filter(None, [str(status) if status else "", reason]))
        super().__init__(f"{message} ({code})" if code else message)
        self.status = status
        self.reason = reason
        self.retry_after_seconds = retry_after_seconds


class Api:
    """Calls the gateway with one token.

    certificate: path of the only PEM certificate to trust; empty: the public certificate authorities are trusted.
    """

    def __init__(self, url: str, token: str, certificate: str = "") -> None:
        self._client = httpx.Client(
            base_url=url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=httpx.Timeout(CALL_SECONDS, connect=CONNECT_SECONDS),
            trust_env=False,
            verify=trust_for(url, certificate),
        )

    def call(self, method: str, path: str, body: dict[str, Any] | None = None, **query: Any) -> dict[str, Any]:
        """The JSON of the response. Raises ApiError for a refusal and when the gateway does not respond."""
        return self._json(method, path, json=body, params=query or None)

    def upload(self, path: str, content: bytes) -> dict[str, Any]:
        """Posts a file as the request body; otherwise as `call`."""
        return self._json("POST", path, content=content, headers={"Content-Type": "application/octet-stream"})

    def _json(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        try:
            response = self._client.request(method, path, **request)
        except httpx.HTTPError as error:
            raise ApiError(0, "UNREACHABLE", f"The gateway does not respond: {error}") from None
        return self._result(response)

    def _result(self, response: httpx.Response) -> dict[str, Any]:
        try:
            body = response.json()
            error_body = body.get("error", {}) if response.status_code >= 400 else None
            if error_body is None:
                return dict(body)
            reason, message = str(error_body.get("reason", "")), str(error_body.get("message", response.text[:200]))
            named = [(str(item["field"]), str(item["message"])) for item in error_body.get("fields", ())]
            wrong = [f"{field}: {text}" for field, text in named if field not in message]
            message = " ".join([message, "; ".join(wrong)]) if wrong else message
        except (ValueError, TypeError, AttributeError, KeyError):
            raise ApiError(
                response.status_code, "", f"The server at {self._client.base_url} is not an Adwright gateway."
            ) from None
        retry_after = response.headers.get("Retry-After", "")
        raise ApiError(response.status_code, reason, message, float(retry_after) if retry_after.isdecimal() else 0.0)

    def events(self, path: str, last_event_id: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
        """Yields the Server-Sent Events of a stream until it ends: the event's id, and its data as JSON. Comments give
        an empty id and no data, so that a caller sees that the stream lives. Raises ApiError, also for a silent stream.
        """
        headers = {"Accept": "text/event-stream"}
        if last_event_id:
            headers["Last-Event-ID"] = last_event_id
        timeout = httpx.Timeout(SILENT_SECONDS, connect=CONNECT_SECONDS)
        try:
            with self._client.stream("GET", path, headers=headers, timeout=timeout) as response:
                if response.status_code == httpx.codes.NO_CONTENT:
                    return
                if response.status_code != httpx.codes.OK:
                    response.read()
                    self._result(response)
                event_id = ""
                for line in response.iter_lines():
                    name, _, value = line.partition(":")
                    value = value.removeprefix(" ")
                    if name == "id":
                        event_id = value
                    elif name == "data":
                        yield event_id, json.loads(value)
                    elif not line:
                        yield event_id, {}
        except httpx.HTTPError as error:
            raise ApiError(0, "UNREACHABLE", f"The event stream was lost: {error}") from None
        except ValueError:
            raise ApiError(0, "", "The stream holds something that is not JSON.") from None

    def save(self, url: str, path: Path) -> Path:
        """Downloads an asset to `path`, completely or not at all, and returns the path.

        Only the path and query of `url` are used: the asset is fetched from this gateway, whatever its public name.
        The suffix of an image follows the content type of the response. Raises ApiError.
        """
        partial = path.with_name(path.name + ".partial")
        link = urlsplit(url)
        try:
            with self._client.stream("GET", f"{link.path}?{link.query}") as response:
                if response.status_code != httpx.codes.OK:
                    raise ApiError(response.status_code, "", f"{path.name} could not be fetched.")
                suffixes = IMAGE_SUFFIXES.get(response.headers.get("content-type", ""), (path.suffix,))
                path = path if path.suffix in suffixes else path.with_suffix(suffixes[0])
                with partial.open("wb") as file:
                    for chunk in response.iter_bytes():
                        file.write(chunk)
            return partial.replace(path)
        except httpx.HTTPError as error:
            raise ApiError(0, "UNREACHABLE", f"{path.name} could not be fetched: {error}") from None
        except OSError as error:
            raise ApiError(0, "", f"{path} could not be written: {error.strerror}") from None
        finally:
            partial.unlink(missing_ok=True)


def trust_for(url: str, certificate: str) -> ssl.SSLContext | bool:
    """What `verify` of an httpx client needs for the URL; see Api for the certificate. Raises ApiError.

    Reading the certificates of the public authorities takes 40 ms, half of a short command; http needs none.
    """
    if certificate:
        return trust_in(certificate)
    return True if urlsplit(url).scheme == "https" else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def trust_in(certificate: str) -> ssl.SSLContext:
    """A TLS context that trusts this PEM certificate only, under any host name. Raises ApiError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    try:
        context.load_verify_locations(cafile=certificate)
    except (OSError, ssl.SSLError) as error:
        raise ApiError(0, "", f"The certificate {certificate} cannot be read: {error}") from None
    return context
