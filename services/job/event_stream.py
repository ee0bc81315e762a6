"""Server-Sent Events of jobs: the format of events, and the cursor from which a reconnected stream resumes."""

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

HEARTBEAT_SECONDS = 10.0  # proxies close connections that are silent for 30 to 100 s
RETRY_MILLISECONDS = 3_000
# Replicas' clocks differ a little, and a change becomes visible shortly after its timestamp.
CLOCK_MARGIN = timedelta(seconds=10)
# Ended jobs that an event id lists. With 33 characters each, the header stays far below the limits of proxies.
MAX_LISTED_ENDS = 25
MAX_RESUME_AGE = timedelta(hours=24)  # a client that reconnects within this time after its last event misses nothing

_CURSOR = re.compile(r"(\d{1,16})((?:\.[0-9a-f]{32}){0,25})")


def last_event_id(metadata: Iterable[tuple[str, Any]] | None) -> str:
    """The Last-Event-ID of a request; empty: the client does not resume a stream."""
    return next((str(value) for name, value in metadata or () if name == "last-event-id"), "")


def status_id(status: job_pb2.JobStatus) -> str:
    """The event id of a status; equal statuses of a job have equal ids."""
    parts = (
        status.attempt if status.HasField("attempt") else "",
        status.progress if status.HasField("progress") else "",
        status.queue_position if status.HasField("queue_position") else "",
    )
    return ".".join(map(str, (status.id, status.status, *parts)))


def opening(event_id: str = "") -> httpbody_pb2.HttpBody:
    """The first block of a stream, sent immediately so that the client receives the response headers."""
    return httpbody_pb2.HttpBody(
        content_type="text/event-stream", data=_block(f"retry: {RETRY_MILLISECONDS}", *_id(event_id))
    )


def heartbeat(event_id: str = "") -> httpbody_pb2.HttpBody:
    """A comment, which clients ignore; they store the id, if there is one."""
    return httpbody_pb2.HttpBody(data=_block(":", *_id(event_id)))


def event(status: job_pb2.JobStatus, event_id: str) -> httpbody_pb2.HttpBody:
    """A status in the JSON of GetJobStatus. Without an id, clients retain the previous one."""
    text = json_format.MessageToJson(status, always_print_fields_with_no_presence=True, indent=None, ensure_ascii=False)
    return httpbody_pb2.HttpBody(data=_block(*_id(event_id), f"data: {text}"))


def _id(event_id: str) -> tuple[str, ...]:
    return (f"id: {event_id}",) if event_id else ()


def _block(*lines: str) -> bytes:
    return ("\n".join(lines) + "\n\n").encode()


@dataclass(slots=True)
class Cursor:
    """A client's position in the stream of all jobs of a user.

    The client has received every change before `until`, and the ends of the jobs in `ended` around that time. As an
    event id: `until` in microseconds since 1970, then the ids of ended jobs, joined by dots. If more than
    MAX_LISTED_ENDS jobs end within twice CLOCK_MARGIN, the oldest are sent again to a client that reconnects.
    """

    until: datetime
    ended: dict[UUID, datetime] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str, now: datetime) -> Cursor | None:
        """The cursor that an event id encodes; None: `text` is no such id, or is older than MAX_RESUME_AGE."""
        found = _CURSOR.fullmatch(text)
        if found is None:
            return None
        until = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=int(found[1]))
        if not now - MAX_RESUME_AGE <= until <= now + CLOCK_MARGIN:
            return None
        return cls(until=until, ended={UUID(name): until for name in found[2].split(".")[1:]})

    @property
    def event_id(self) -> str:
        """The cursor as an event id."""
        micros = (self.until - datetime.fromtimestamp(0, UTC)) // timedelta(microseconds=1)
        return ".".join([str(micros), *(job_id.hex for job_id in list(self.ended)[-MAX_LISTED_ENDS:])])

    def advance(self, until: datetime | None) -> None:
        """Records that every change before `until` has been sent."""
        if until is None or until <= self.until:
            return
        self.until = until
        self.ended = {job_id: at for job_id, at in self.ended.items() if at > until - 2 * CLOCK_MARGIN}
