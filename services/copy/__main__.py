"""The copy service: `python -m services.copy` serves."""

from __future__ import annotations

import grpc
from adwright.copy.v1 import copy_pb2_grpc
from adwright.job.v1 import job_pb2_grpc

from services.chassis.auth import ServiceIdentity
from services.chassis.config import ServiceSettings, read_settings_or_exit
from services.chassis.server import Server, always_ready, open_channel, start
from services.chassis.submission import Submitter
from services.copy.providers import CopyProvider
from services.copy.providers.local import LocalCopyProvider
from services.copy.servicer import CopyServicer, CopyWriterServicer

SERVICES = ("adwright.copy.v1.CopyService", "adwright.copy.v1.CopyWriterService")


async def serve(settings: ServiceSettings) -> None:
    """Puts the parts together and serves until told to stop."""
    identity = ServiceIdentity("copy", settings.service_secret.get_secret_value())
    catalog, job = open_channel(settings.catalog_address), open_channel(settings.job_address)
    provider: CopyProvider = LocalCopyProvider()
    servicer = CopyServicer(
        submitter=Submitter(catalog=catalog, job=job, identity=identity),
        jobs=job_pb2_grpc.JobWorkerServiceStub(job),
        identity=identity,
        provider=provider,
    )

    def register(server: grpc.aio.Server) -> None:
        copy_pb2_grpc.add_CopyServiceServicer_to_server(servicer, server)
        copy_pb2_grpc.add_CopyWriterServiceServicer_to_server(CopyWriterServicer(), server)

    try:
        await Server(settings, register=register, services=SERVICES, ready=always_ready).run()
    finally:
        await provider.close()
        await catalog.close()
        await job.close()


def main() -> None:
    settings = read_settings_or_exit(ServiceSettings)
    start("copy", settings, serve(settings))


if __name__ == "__main__":
    main()
