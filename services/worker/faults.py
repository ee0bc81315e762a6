"""What a failed attempt is told as: the class, the stable reason and the words."""

from __future__ import annotations

import grpc
from adwright.job.v1 import job_pb2

from services.chassis.data.assets import FULL_ERRNOS
from services.chassis.errors import DependencyFault, Fault, InputFault, Refusal, ScratchUnavailable
from services.chassis.rpc.refusals import refusal_from_rpc_error


def classified(error: Exception) -> tuple[job_pb2.FaultKind.ValueType, str, str]:
    """The class of a failure: (kind, reason, message)."""
    if isinstance(error, InputFault):
        return job_pb2.FAULT_KIND_INPUT, error.reason, error.message
    if isinstance(error, Fault):
        return job_pb2.FAULT_KIND_TRANSIENT, error.reason, error.message
    if isinstance(error, grpc.aio.AioRpcError):
        error = refusal_from_rpc_error(error)
    if isinstance(error, Refusal) and error.kind.retryable:
        return job_pb2.FAULT_KIND_TRANSIENT, error.reason, error.message
    return job_pb2.FAULT_KIND_UNKNOWN, "UNKNOWN", f"{type(error).__name__}: {error}"


def scratch_unavailable(error: OSError) -> ScratchUnavailable:
    """The fault of a worker whose disk of temporary files refuses it with `error`."""
    return ScratchUnavailable("SCRATCH_UNAVAILABLE", str(error))


def dependency_fault(error: BaseException) -> DependencyFault | None:
    """The fault of a part of our own, when that is why an attempt cannot go on; None for everything else."""
    if isinstance(error, DependencyFault):
        return error
    if isinstance(error, OSError) and error.errno in FULL_ERRNOS:
        return scratch_unavailable(error)
    if isinstance(error, grpc.aio.AioRpcError):
        error = refusal_from_rpc_error(error)
    if isinstance(error, Refusal) and error.retryable:
        return DependencyFault(error.reason, error.message)
    return None
