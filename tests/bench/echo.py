"""The baseline for requests: a bare grpc.aio service on uvloop that returns constant responses.

    python -m tests.bench.echo PORT

It does what every service behind this gateway must do: read the request and write a response of the usual size. It
verifies no token (the gateway does), stores nothing and calls no other service.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import uvloop
from adwright.copy.v1 import copy_pb2
from adwright.image.v1 import image_pb2
from adwright.job.v1 import job_pb2

JOB = "0199d0a4-1111-7222-8333-444455556666"
VARIANT = copy_pb2.Variant(hook="Clean water, always.", body="b" * 160, cta="Shop now", hashtags=["#Aurora", "#Water"])

Behaviour = Callable[[Any, Any], Awaitable[Any]]


def _returning(response: Any) -> Behaviour:
    async def behaviour(request: Any, context: Any) -> Any:
        return response

    return behaviour


def _handler(request: Any, response: Any) -> grpc.RpcMethodHandler[Any, Any]:
    return grpc.unary_unary_rpc_method_handler(
        _returning(response),
        request_deserializer=request.FromString,
        response_serializer=type(response).SerializeToString,
    )


def services() -> dict[str, dict[str, grpc.RpcMethodHandler[Any, Any]]]:
    """The measured methods by service."""
    return {
        "adwright.image.v1.ImageService": {
            "GenerateStaticAd": _handler(
                image_pb2.GenerateStaticAdRequest,
                image_pb2.GenerateStaticAdResponse(job_id=JOB, status="queued", credits_used=3, credits_remaining=100),
            )
        },
        "adwright.copy.v1.CopyService": {
            "GenerateCopy": _handler(
                copy_pb2.GenerateCopyRequest,
                copy_pb2.GenerateCopyResponse(
                    job_id=JOB, status="completed", credits_used=1, credits_remaining=100, variants=[VARIANT] * 5
                ),
            )
        },
        "adwright.job.v1.JobService": {
            "GetJobStatus": _handler(
                job_pb2.GetJobStatusRequest, job_pb2.JobStatus(id=JOB, type="static_ad", status="queued")
            )
        },
    }


async def serve(port: int) -> None:
    server = grpc.aio.server()
    for name, methods in services().items():
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(name, methods),))
    server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
