"""Jobs as Server-Sent Events: how an event is written, and from where a client that reconnects goes on."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from adwright.job.v1 import job_pb2
from google.api import httpbody_pb2
from google.protobuf import json_format

HEARTBEAT_SECONDS = 10.0  # proxies cut a connection that is silent for 30 to 100 s
RETRY_MILLISECONDS = 3_000
# Replicas' clocks differ a little, and a change is seen a moment after it is dated.
MARGIN = timedelta(seconds=10)
# Ends that a place lists: with 33 characters each, the header stays far below what proxies take.
MAX_ENDS = 25
MAX_AGE = timedelta(hours=24)  # how long after its last event a client may reconnect and miss nothing

_PLACE = re.compile(r"(\d{1,16})((?:\.[0-9a-f]{32}){0,25})")


def last_event_id(metadata: Iterable[tuple[str, Any]] | None) -> str:
    """The Last-Event-ID of a call; empty: it does not reconnect."""
    return next((str(value) for name, value in metadata or () if name == "last-event-id"), "")


def status_id(status: job_pb2.JobStatus) -> str:
    """The id of a status among all of its job; two without news between them have the same."""
    parts = (
        status.attempt if status.HasField("attempt") else "",
        status.progress if status.HasField("progress") else "",
        status.queue_position if status.HasField("queue_position") else "",
    )
    return ".".join(map(str, (status.id, status.status, *parts)))


def opening(event_id: str = "") -> httpbody_pb2.HttpBody:
    """What a stream begins with, so that the client has the answer's headers at once."""
    return httpbody_pb2.HttpBody(
        content_type="text/event-stream", data=_block(f"retry: {RETRY_MILLISECONDS}", *_id(event_id))
    )


def heartbeat(event_id: str = "") -> httpbody_pb2.HttpBody:
    """A comment, which clients ignore; the id, if there is one, they keep."""
    return httpbody_pb2.HttpBody(data=_block(":", *_id(event_id)))


def event(status: job_pb2.JobStatus, event_id: str) -> httpbody_pb2.HttpBody:
    """A status in the same JSON as GetJobStatus answers with. Without an id, clients keep the one before."""
    text = json_format.MessageToJson(status, always_print_fields_with_no_presence=True, indent=None, ensure_ascii=False)
    return httpbody_pb2.HttpBody(data=_block(*_id(event_id), f"data: {text}"))


def _id(event_id: str) -> tuple[str, ...]:
    return (f"id: {event_id}",) if event_id else ()


def _block(*lines: str) -> bytes:
    return ("\n".join(lines) + "\n\n").encode()


@dataclass(slots=True)
class Place:
    """How far a client has followed all jobs of a user: every change until then, and the ends it knows from about then.

    As an event's id: the time in microseconds since 1970, then the jobs that have ended, joined by dots. Of more than
    MAX_ENDS ends within twice MARGIN the oldest are sent again to a client that reconnects.
    """

    until: datetime
    ended: dict[UUID, datetime] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str, now: datetime) -> Place | None:
        """The place that an event's id names; None for a text that names none, or one older than MAX_AGE."""
        found = _PLACE.fullmatch(text)
        if found is None:
            return None
        until = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=int(found[1]))
        if not now - MAX_AGE <= until <= now + MARGIN:
            return None
        return cls(until=until, ended={UUID(name): until for name in found[2].split(".")[1:]})

    @property
    def event_id(self) -> str:
        micros = (self.until - datetime.fromtimestamp(0, UTC)) // timedelta(microseconds=1)
        return ".".join([str(micros), *(job_id.hex for job_id in list(self.ended)[-MAX_ENDS:])])

    def advance(self, until: datetime | None) -> None:
        """Every change until then has been sent."""
        if until is None or until <= self.until:
            return
        self.until = until
        self.ended = {job_id: at for job_id, at in self.ended.items() if at > until - 2 * MARGIN}
