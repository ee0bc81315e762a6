"""Runs the main job through the generated Python client: python main_job.py URL TOKEN PHOTO.

Prints its observations as one JSON object. test_clients.py generates the client beside this file, type-checks both and
runs it.
"""

from __future__ import annotations

import json
import sys
import time
import uuid
from io import BytesIO
from pathlib import Path
from typing import TypeVar

from adwright_client import AuthenticatedClient
from adwright_client.api.billing import get_credits
from adwright_client.api.catalog import create_product, create_project, upload_product_image
from adwright_client.api.copy import generate_copy
from adwright_client.api.image import generate_static_ad
from adwright_client.api.job import get_job_status, list_jobs
from adwright_client.models import (
    CreateProductBody,
    CreateProjectRequest,
    ErrorResponse,
    GenerateCopyRequest,
    GenerateCopyRequestFormat,
    GenerateCopyRequestPlatform,
    GenerateCopyRequestTone,
    GenerateStaticAdRequest,
    JobStatus,
    JobStatusStatus,
    JobStatusType,
)
from adwright_client.types import File

TERMINAL = {JobStatusStatus.COMPLETED, JobStatusStatus.FAILED, JobStatusStatus.CANCELED, JobStatusStatus.EXPIRED}
JOB_SECONDS = 120.0

Response = TypeVar("Response")


def unwrap(response: Response | ErrorResponse | None) -> Response:
    """Returns the response; fails when it is an error."""
    assert response is not None
    assert not isinstance(response, ErrorResponse), response
    return response


def ended(client: AuthenticatedClient, job_id: uuid.UUID) -> JobStatus:
    deadline = time.monotonic() + JOB_SECONDS
    while time.monotonic() < deadline:
        status = unwrap(get_job_status.sync(client=client, job_id=job_id))
        if status.status in TERMINAL:
            return status
        time.sleep(0.3)
    raise AssertionError(f"The job {job_id} is not terminal after {JOB_SECONDS:g} s")


def main(url: str, token: str, photo_file: str) -> None:
    client = AuthenticatedClient(base_url=url, token=token, httpx_args={"trust_env": False})
    project = unwrap(create_project.sync(client=client, body=CreateProjectRequest(name="Client")))
    product_body = CreateProductBody(name="Lamp", description="A lamp that follows the sun.")
    product = unwrap(create_product.sync(project.id, client=client, body=product_body))
    photo = File(payload=BytesIO(Path(photo_file).read_bytes()))
    pictured = unwrap(upload_product_image.sync(product.id, client=client, body=photo))
    copy_body = GenerateCopyRequest(
        project_id=project.id,
        product_id=product.id,
        platform=GenerateCopyRequestPlatform.META,
        format_=GenerateCopyRequestFormat.SHORT,
        tone=GenerateCopyRequestTone.BOLD,
    )
    written = unwrap(generate_copy.sync(client=client, body=copy_body, idempotency_key=str(uuid.uuid4())))
    again = unwrap(get_job_status.sync(client=client, job_id=written.job_id))
    assert again.type_ is JobStatusType.COPY
    ad_body = GenerateStaticAdRequest(project_id=project.id, product_id=product.id)
    accepted = unwrap(generate_static_ad.sync(client=client, body=ad_body))
    ad = ended(client, accepted.job_id)
    listed = unwrap(list_jobs.sync(client=client))
    credits_ = unwrap(get_credits.sync(client=client))
    refusal = generate_copy.sync(
        client=client,
        body=GenerateCopyRequest(
            project_id=project.id,
            product_id=uuid.uuid4(),
            platform=GenerateCopyRequestPlatform.META,
            format_=GenerateCopyRequestFormat.SHORT,
            tone=GenerateCopyRequestTone.BOLD,
        ),
    )
    assert isinstance(refusal, ErrorResponse)
    seen = {
        "pictured": pictured.has_image,
        "hooks": [variant.hook for variant in written.variants],
        "hooksAgain": [variant.hook for variant in again.variants],
        "ad": ad.status.value,
        "assets": sorted(asset.type_.value for asset in ad.assets),
        "jobs": {job.job_id for job in listed.jobs} == {written.job_id, accepted.job_id},
        "available": credits_.available,
        "refused": refusal.error.reason,
    }
    print(json.dumps(seen))


main(*sys.argv[1:])
