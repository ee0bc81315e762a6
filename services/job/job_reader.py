"""Reads jobs by id. Reads of single jobs that arrive concurrently share a query."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from services.chassis.data.batcher import Batcher
from services.chassis.data.database import Database
from services.chassis.errors import Refusal
from services.job import queries
from services.job.batching import MAX_BATCH, MAX_WAITING
from services.job.domain import Job, JobNotFound


class JobReader:
    """Reads jobs as their owners see them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._batcher: Batcher[UUID, Job | None] = Batcher(
            self._read_batch, max_batch=MAX_BATCH, max_waiting=MAX_WAITING
        )

    async def job(self, job_id: UUID, user_id: str) -> Job:
        """The user's job. Raises JobNotFound, also for a job of somebody else."""
        found = await self._batcher.submit(job_id)
        if found is None or found.user_id != user_id:
            raise JobNotFound
        return found

    async def jobs(self, job_ids: Sequence[UUID]) -> list[Job]:
        """Those of these jobs that exist, in order, whoever owns them."""
        async with self._database.connection() as connection:
            found = await queries.jobs_by_id(connection, job_ids)
        return [found[job_id] for job_id in job_ids if job_id in found]

    async def _read_batch(self, job_ids: Sequence[UUID]) -> list[Job | Refusal | None]:
        async with self._database.connection() as connection:
            found = await queries.jobs_by_id(connection, list(dict.fromkeys(job_ids)))
        return [found.get(job_id) for job_id in job_ids]
