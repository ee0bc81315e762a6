"""Recorded answers: what a request with an Idempotency-Key was told, and is told again for 24 hours.

A key is claimed in the transaction that makes its job pending, and decided in the one that accepts it; a job that is
not accepted is deleted, and its key with it. So whatever dies half-way, a key stands for a job exactly as long as the
job stands. The key of a job that its submitter made and that failed is free again: nothing was charged.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import LiteralString
from uuid import UUID

from services.chassis.data.database import Connection, fetch_all
from services.chassis.errors import Refusal
from services.job.domain import AcceptedJob, IdempotentRequest, KeyReused, RequestInFlight, Submission

KEPT = timedelta(hours=24)

# Of a record and its job: whether the key may be claimed anew, and whether its request is still under way.
_FREE: LiteralString = """(recorded_answer.created_at <= %(cutoff)s
  or (recorded_answer.status is null and job.status in ('canceled', 'expired'))
  or (recorded_answer.status = 'processing' and job.status in ('failed', 'canceled', 'expired')))"""
_IN_FLIGHT: LiteralString = """(recorded_answer.status is null
  or (recorded_answer.status = 'processing' and job.status = 'processing'))"""


async def recorded(
    connection: Connection, submissions: Sequence[IdempotentRequest], now: datetime
) -> dict[UUID, AcceptedJob | Refusal]:
    """What the keys of these submissions stand for, by the submission's id; a key that is free has no entry."""
    keyed = [entry for entry in submissions if entry.request_key]
    if not keyed:
        return {}
    rows = await fetch_all(
        connection,
        f"""select given.id as submission_id, digest = given.hash as same, {_IN_FLIGHT} as in_flight,
                   recorded_answer.job_id, recorded_answer.status, credits_used, credits_remaining, job.type
              from unnest(%(id)s::uuid[], %(user)s::text[], %(key)s::text[], %(hash)s::bytea[])
                   as given (id, user_id, key, hash)
              join recorded_answer using (user_id, key)
              join job on job.id = recorded_answer.job_id
             where not {_FREE}""",
        {**_columns(keyed), "cutoff": now - KEPT},
    )
    found: dict[UUID, AcceptedJob | Refusal] = {}
    for row in rows:
        if not row["same"]:
            found[row["submission_id"]] = KeyReused()
        elif row["in_flight"]:
            found[row["submission_id"]] = RequestInFlight()
        else:
            found[row["submission_id"]] = AcceptedJob(
                job_id=row["job_id"],
                status="completed" if row["status"] == "processing" else row["status"],
                credits_used=row["credits_used"],
                credits_remaining=row["credits_remaining"],
                replayed=True,
                job_type=row["type"] if row["status"] == "reused" else "",
            )
    return found


async def claim(connection: Connection, submissions: Sequence[Submission], now: datetime) -> set[UUID]:
    """Takes the keys of these submissions, if they are free still; the ids whose keys somebody else has taken."""
    keyed: dict[tuple[str, str], Submission] = {}
    for entry in submissions:
        if entry.request_key:
            keyed.setdefault((entry.user_id, entry.request_key), entry)
    if not keyed:
        return set()
    rows = await fetch_all(
        connection,
        f"""insert into recorded_answer (user_id, key, digest, job_id, created_at)
            select user_id, key, hash, id, %(now)s
              from unnest(%(id)s::uuid[], %(user)s::text[], %(key)s::text[], %(hash)s::bytea[])
                   as given (id, user_id, key, hash)
             order by user_id, key
            on conflict (user_id, key) do update
               set digest = excluded.digest, job_id = excluded.job_id, created_at = excluded.created_at,
                   status = null, credits_used = null, credits_remaining = null
             where exists (select from job where job.id = recorded_answer.job_id and {_FREE})
            returning job_id""",
        {**_columns(list(keyed.values())), "now": now, "cutoff": now - KEPT},
    )
    claimed = {row["job_id"] for row in rows}
    return {entry.job_id for entry in submissions if entry.request_key and entry.job_id not in claimed}


async def reuse(connection: Connection, live: Sequence[tuple[UUID, UUID]]) -> None:
    """The claims of these submissions (submission id, job id) stand for live jobs that they found."""
    await connection.execute(
        """update recorded_answer set job_id = given.job_id, status = 'reused', credits_used = 0, credits_remaining = 0
             from unnest(%s::uuid[], %s::uuid[]) as given (id, job_id) where recorded_answer.job_id = given.id""",
        [[entry for entry, _ in live], [job_id for _, job_id in live]],
    )


async def drop(connection: Connection, submission_ids: Sequence[UUID]) -> None:
    """Gives the keys of submissions up that have not become jobs."""
    await connection.execute("delete from recorded_answer where job_id = any(%s)", [list(submission_ids)])


async def decide(connection: Connection, answers: Sequence[AcceptedJob]) -> None:
    """Records the answers of jobs that are accepted in this transaction, where they have keys."""
    await connection.execute(
        """update recorded_answer
              set status = given.status, credits_used = given.used, credits_remaining = given.remaining
             from unnest(%s::uuid[], %s::text[], %s::int[], %s::int[]) as given (job_id, status, used, remaining)
            where recorded_answer.job_id = given.job_id and recorded_answer.status is null""",
        [
            [answer.job_id for answer in answers],
            [answer.status for answer in answers],
            [answer.credits_used for answer in answers],
            [answer.credits_remaining for answer in answers],
        ],
    )


async def forget(connection: Connection, now: datetime, most: int) -> int:
    """Deletes records whose time is over; how many, at most `most`."""
    rows = await fetch_all(
        connection,
        """delete from recorded_answer where (user_id, key) in (
             select user_id, key from recorded_answer where created_at <= %s
              order by created_at limit %s for update skip locked) returning 1""",
        [now - KEPT, most],
    )
    return len(rows)


def _columns(submissions: Sequence[IdempotentRequest]) -> dict[str, list[object]]:
    return {
        "id": [entry.job_id for entry in submissions],
        "user": [entry.user_id for entry in submissions],
        "key": [entry.request_key for entry in submissions],
        "hash": [entry.request_digest for entry in submissions],
    }
