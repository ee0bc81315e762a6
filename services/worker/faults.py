"""Classifies an attempt's exception: fault kind, stable reason, message."""

from __future__ import annotations

import grpc
from adwright.job.v1 import job_pb2

from services.chassis.data.assets import FULL_ERRNOS
from services.chassis.errors import DependencyFault, Fault, InputFault, Refusal, ScratchUnavailable
from services.chassis.rpc.refusals import refusal_from_rpc_error


def classify(error: Exception) -> tuple[job_pb2.FaultKind.ValueType, str, str]:
    """Returns (kind, reason, message) of an attempt's exception; unforeseen exceptions have kind UNKNOWN."""
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
    """Returns the fault of a worker that cannot write its temporary files because of `error`."""
    return ScratchUnavailable("SCRATCH_UNAVAILABLE", str(error))


def dependency_fault(error: BaseException) -> DependencyFault | None:
    """Returns the fault of the platform's own dependency that caused `error`; None for any other cause."""
    if isinstance(error, DependencyFault):
        return error
    if isinstance(error, OSError) and error.errno in FULL_ERRNOS:
        return scratch_unavailable(error)
    if isinstance(error, grpc.aio.AioRpcError):
        error = refusal_from_rpc_error(error)
    if isinstance(error, Refusal) and error.retryable:
        return DependencyFault(error.reason, error.message)
    return None
