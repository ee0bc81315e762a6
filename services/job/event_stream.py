"""Server-Sent Events of jobs: the ids of events, and the cursor from which a reconnected stream resumes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from adwright.job.v1 import job_pb2

# Replicas' clocks differ a little, and a change becomes visible shortly after its timestamp.
CLOCK_MARGIN = timedelta(seconds=10)
# Ended jobs that an event id lists. With 33 characters each, the header stays far below the limits of proxies.
MAX_LISTED_ENDS = 25
MAX_RESUME_AGE = timedelta(hours=24)  # a client that reconnects within this time after its last event misses nothing

_CURSOR = re.compile(r"(\d{1,16})((?:\.[0-9a-f]{32}){0,25})")


def status_id(status: job_pb2.JobStatus) -> str:
    """The event id of a status; equal statuses of a job have equal ids."""
    parts = (
        status.attempt if status.HasField("attempt") else "",
        status.progress if status.HasField("progress") else "",
        status.queue_position if status.HasField("queue_position") else "",
    )
    return ".".join(map(str, (status.id, status.status, *parts)))


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
