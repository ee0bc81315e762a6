"""SQL of idempotency records: the response to a request with an Idempotency-Key, replayed for 24 hours.

A record is claimed in the transaction that inserts its pending job, and decided in the transaction that accepts the
job. A job that is not accepted is deleted together with its record. So, whatever is interrupted, a record exists
exactly as long as its job. The key of a self-made job that failed is free again, because nothing was charged.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import LiteralString
from uuid import UUID

from services.chassis.data.database import Connection, fetch_all
from services.chassis.errors import Refusal
from services.job.domain import AcceptedJob, IdempotentRequest, Submission
from services.job.errors import KeyReused, RequestInFlight

RETENTION = timedelta(hours=24)

# Conditions on a record and its job: the key may be claimed again; the request is still being processed.
_FREE: LiteralString = """(idempotency_record.created_at <= %(cutoff)s
  or (idempotency_record.status is null and job.status in ('canceled', 'expired'))
  or (idempotency_record.status = 'processing' and job.status in ('failed', 'canceled', 'expired')))"""
_IN_FLIGHT: LiteralString = """(idempotency_record.status is null
  or (idempotency_record.status = 'processing' and job.status = 'processing'))"""


async def find(
    connection: Connection, requests: Sequence[IdempotentRequest], now: datetime
) -> dict[UUID, AcceptedJob | Refusal]:
    """The stored responses of these requests' keys, by the request's job id; a key that is free has no entry."""
    keyed = [entry for entry in requests if entry.idempotency_key_header]
    if not keyed:
        return {}
    rows = await fetch_all(
        connection,
        f"""select given.id as submission_id, digest = given.hash as same, {_IN_FLIGHT} as in_flight,
                   idempotency_record.job_id, idempotency_record.status, credits_used, credits_remaining, job.type
              from unnest(%(id)s::uuid[], %(user)s::text[], %(key)s::text[], %(hash)s::bytea[])
                   as given (id, user_id, key, hash)
              join idempotency_record using (user_id, key)
              join job on job.id = idempotency_record.job_id
             where not {_FREE}""",
        {**_columns(keyed), "cutoff": now - RETENTION},
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
    """Claims the keys of these submissions; the ids of those whose keys other requests have claimed."""
    keyed: dict[tuple[str, str], Submission] = {}
    for entry in submissions:
        if entry.idempotency_key_header:
            keyed.setdefault((entry.user_id, entry.idempotency_key_header), entry)
    if not keyed:
        return set()
    rows = await fetch_all(
        connection,
        f"""insert into idempotency_record (user_id, key, digest, job_id, created_at)
            select user_id, key, hash, id, %(now)s
              from unnest(%(id)s::uuid[], %(user)s::text[], %(key)s::text[], %(hash)s::bytea[])
                   as given (id, user_id, key, hash)
             order by user_id, key
            on conflict (user_id, key) do update
               set digest = excluded.digest, job_id = excluded.job_id, created_at = excluded.created_at,
                   status = null, credits_used = null, credits_remaining = null
             where exists (select from job where job.id = idempotency_record.job_id and {_FREE})
            returning job_id""",
        {**_columns(list(keyed.values())), "now": now, "cutoff": now - RETENTION},
    )
    claimed = {row["job_id"] for row in rows}
    return {entry.job_id for entry in submissions if entry.idempotency_key_header and entry.job_id not in claimed}


async def reuse(connection: Connection, live: Sequence[tuple[UUID, UUID]]) -> None:
    """Points claimed keys to the live jobs that their submissions found. live: submission id and job id of each."""
    await connection.execute(
        """update idempotency_record
              set job_id = given.job_id, status = 'reused', credits_used = 0, credits_remaining = 0
             from unnest(%s::uuid[], %s::uuid[]) as given (id, job_id) where idempotency_record.job_id = given.id""",
        [[entry for entry, _ in live], [job_id for _, job_id in live]],
    )


async def drop(connection: Connection, submission_ids: Sequence[UUID]) -> None:
    """Deletes the claims of submissions that made no job."""
    await connection.execute("delete from idempotency_record where job_id = any(%s)", [list(submission_ids)])


async def decide(connection: Connection, accepted: Sequence[AcceptedJob]) -> None:
    """Records the responses of keyed jobs that are accepted in this transaction."""
    await connection.execute(
        """update idempotency_record
              set status = given.status, credits_used = given.used, credits_remaining = given.remaining
             from unnest(%s::uuid[], %s::text[], %s::int[], %s::int[]) as given (job_id, status, used, remaining)
            where idempotency_record.job_id = given.job_id and idempotency_record.status is null""",
        [
            [job.job_id for job in accepted],
            [job.status for job in accepted],
            [job.credits_used for job in accepted],
            [job.credits_remaining for job in accepted],
        ],
    )


async def delete_expired(connection: Connection, now: datetime, limit: int) -> int:
    """Deletes at most `limit` records whose retention is over; their number."""
    rows = await fetch_all(
        connection,
        """delete from idempotency_record where (user_id, key) in (
             select user_id, key from idempotency_record where created_at <= %s
              order by created_at limit %s for update skip locked) returning 1""",
        [now - RETENTION, limit],
    )
    return len(rows)


def _columns(requests: Sequence[IdempotentRequest]) -> dict[str, list[object]]:
    return {
        "id": [entry.job_id for entry in requests],
        "user": [entry.user_id for entry in requests],
        "key": [entry.idempotency_key_header for entry in requests],
        "hash": [entry.request_digest for entry in requests],
    }
