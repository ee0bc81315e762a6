"""Server-Sent Events: the blocks of a stream, and the position at which a client resumes one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from google.api import httpbody_pb2
from google.protobuf import json_format
from google.protobuf.message import Message

HEARTBEAT_SECONDS = 10.0  # proxies close connections that are silent for 30 to 100 s
RETRY_MILLISECONDS = 3_000
MAX_STREAM_SECONDS = 3600.0  # an interested client reconnects; an abandoned stream ends
STOP_RECONNECTING = (("x-adwright-status", "204"),)  # initial metadata of the response to a client that has the end


def last_event_id(metadata: Iterable[tuple[str, Any]] | None) -> str:
    """The Last-Event-ID of a request; empty: the client does not resume a stream."""
    return next((str(value) for name, value in metadata or () if name == "last-event-id"), "")


def opening(event_id: str = "") -> httpbody_pb2.HttpBody:
    """The first block of a stream, sent immediately so that the client receives the response headers."""
    return httpbody_pb2.HttpBody(
        content_type="text/event-stream", data=_block(f"retry: {RETRY_MILLISECONDS}", *_id(event_id))
    )


def heartbeat(event_id: str = "") -> httpbody_pb2.HttpBody:
    """A comment, which clients ignore; they store the id, if there is one."""
    return httpbody_pb2.HttpBody(data=_block(":", *_id(event_id)))


def event(message: Message, event_id: str) -> httpbody_pb2.HttpBody:
    """A message in the JSON of responses. Without an id, clients retain the previous one."""
    text = json_format.MessageToJson(
        message, always_print_fields_with_no_presence=True, indent=None, ensure_ascii=False
    )
    return httpbody_pb2.HttpBody(data=_block(*_id(event_id), f"data: {text}"))


def _id(event_id: str) -> tuple[str, ...]:
    return (f"id: {event_id}",) if event_id else ()


def _block(*lines: str) -> bytes:
    return ("\n".join(lines) + "\n\n").encode()
