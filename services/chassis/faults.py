"""What a failed attempt is told as: the class, the stable reason and the words."""

from __future__ import annotations

import grpc
from adwright.job.v1 import job_pb2

from services.chassis.assets import FULL_ERRNOS
from services.chassis.errors import Fault, InputFault, Refusal, StorageFull
from services.chassis.interceptors import forwarded


def classified(error: Exception) -> tuple[job_pb2.FaultKind.ValueType, str, str]:
    """The class of a failure: (kind, reason, message)."""
    if isinstance(error, InputFault):
        return job_pb2.FAULT_KIND_INPUT, error.reason, error.message
    if isinstance(error, Fault):
        return job_pb2.FAULT_KIND_TRANSIENT, error.reason, error.message
    if isinstance(error, grpc.aio.AioRpcError):
        error = forwarded(error)
    if isinstance(error, Refusal) and error.stated_kind().retryable:
        return job_pb2.FAULT_KIND_TRANSIENT, error.stated_reason(), error.message
    if isinstance(error, OSError) and error.errno in FULL_ERRNOS:  # the disk of the temporary files
        return job_pb2.FAULT_KIND_TRANSIENT, StorageFull.reason, str(error)
    return job_pb2.FAULT_KIND_UNKNOWN, "UNKNOWN", f"{type(error).__name__}: {error}"
