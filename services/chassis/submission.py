"""How a generating service hands a job in: look the brief up, then submit. Two calls, each with a deadline."""

from __future__ import annotations

import grpc
from adwright.catalog.v1 import catalog_pb2, catalog_pb2_grpc
from adwright.job.v1 import job_pb2, job_pb2_grpc

from services.chassis.auth import ServiceIdentity
from services.chassis.interceptors import request_id

LOOKUP_SECONDS = 5.0
SUBMIT_SECONDS = 15.0  # longer than a duplicate waits in the job service for the first one's outcome


class Submitter:
    """Asks the catalogue and the job service on behalf of the caller. Their refusals are the caller's answer."""

    def __init__(self, *, catalog: grpc.aio.Channel, job: grpc.aio.Channel, identity: ServiceIdentity) -> None:
        self._catalog = catalog_pb2_grpc.CatalogLookupServiceStub(catalog)
        self._jobs = job_pb2_grpc.JobSubmissionServiceStub(job)
        self._identity = identity

    async def brief(self, *, user_id: str, project_id: str, product_id: str) -> catalog_pb2.Brief:
        """The user's project and product as they are now. Refused: PROJECT_NOT_FOUND, PRODUCT_NOT_FOUND."""
        return await self._catalog.GetBrief(
            catalog_pb2.GetBriefRequest(user_id=user_id, project_id=project_id, product_id=product_id),
            metadata=self._identity.metadata(request_id()),
            timeout=LOOKUP_SECONDS,
        )

    async def submit(self, request: job_pb2.SubmitJobRequest) -> job_pb2.SubmitJobResponse:
        """Accepts the job or finds the live one. Refused: INSUFFICIENT_CREDITS, TOO_MANY_LIVE_JOBS and others."""
        return await self._jobs.SubmitJob(
            request, metadata=self._identity.metadata(request_id()), timeout=SUBMIT_SECONDS
        )

    async def outcome(self, *, user_id: str, job_id: str, wait_seconds: int) -> job_pb2.JobOutcome:
        """How the job ended, if it does within `wait_seconds`."""
        return await self._jobs.GetJobOutcome(
            job_pb2.GetJobOutcomeRequest(user_id=user_id, job_id=job_id, wait_seconds=wait_seconds),
            metadata=self._identity.metadata(request_id()),
            timeout=wait_seconds + LOOKUP_SECONDS,
        )
