"""The wire format of refusals: the rich gRPC status, which services exchange, and the REST body for the gateway."""

from __future__ import annotations

import json
from typing import Any

import grpc
import structlog
from google.rpc import code_pb2, error_details_pb2, status_pb2

from services.chassis.error_table import TABLE
from services.chassis.errors import DependencyUnavailable, FieldViolation, ForwardedRefusal, Refusal, RefusalKind

ERROR_DOMAIN = "adwright"
STATUS_HEADER = "grpc-status-details-bin"
# By default Envoy refuses header blocks over 60 KiB and gRPC metadata over 8 KiB: a refusal must stay well below.
MAX_FIELDS = 15
MAX_FIELD_MESSAGE = 200
MAX_MESSAGE = 800
# Reasons that concern the end user and not the calling service: they are forwarded although their kind is internal.
END_USER_REASONS = frozenset({"API_KEY_ENDED"})

log = structlog.get_logger()


def to_refusal(error: BaseException) -> Refusal | None:
    """Returns the refusal for an exception; None for an unexpected one."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, grpc.aio.AioRpcError):
        return refusal_from_rpc_error(error)
    if isinstance(error, TimeoutError):
        return DependencyUnavailable("The request took too long; try again.", retry_after_seconds=1)
    return None


def refusal_from_rpc_error(error: grpc.aio.AioRpcError | grpc.Call, *, of_users_input: bool = False) -> Refusal:
    """Returns the refusal that another service sent; DependencyUnavailable or INTERNAL for a failure without one.

    of_users_input: the call carried the user's own fields, so that a refusal of invalid input is for the user.
    """
    details = {str(key): value for key, value in error.trailing_metadata() or ()}.get(STATUS_HEADER)
    if isinstance(details, bytes):
        return refusal_from_status(status_pb2.Status.FromString(details), of_users_input=of_users_input)
    if error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED):
        log.warning("dependency_unavailable", code=error.code().name, details=error.details())
        return DependencyUnavailable("Part of the system cannot be reached; try again.", retry_after_seconds=1)
    log.error("internal_call_failed", code=error.code().name, details=error.details())
    return Refusal("Something went wrong on our side.")


def refusal_from_status(status: status_pb2.Status, *, of_users_input: bool = False) -> Refusal:
    """Returns the refusal that another service sent as `rich_status`. of_users_input: as for refusal_from_rpc_error."""
    info, bad, retry = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest(), error_details_pb2.RetryInfo()
    for detail in status.details:
        for part in (info, bad, retry):
            detail.Unpack(part)
    kind = _kind_of(info.reason, status.code)
    is_users = of_users_input and kind is RefusalKind.INVALID
    if (
        is_users
        or info.reason in END_USER_REASONS
        or kind
        not in (
            RefusalKind.UNAUTHENTICATED,
            RefusalKind.FORBIDDEN,
            RefusalKind.INVALID,
            RefusalKind.FAILED,
        )
    ):
        return ForwardedRefusal(
            status.message,
            kind=kind,
            reason=info.reason,
            fields=[FieldViolation(field=item.field, message=item.description) for item in bad.field_violations],
            retry_after_seconds=retry.retry_delay.seconds or None,
        )
    # A defect between the services: the end user neither caused it nor can avoid it.
    log.error("internal_call_refused", code=kind.code, reason=info.reason, message=status.message)
    return Refusal("Something went wrong on our side.")


def _kind_of(reason: str, code: int) -> RefusalKind:
    """The kind of a reason; of a reason that only a newer service knows, a kind with the status's code."""
    if reason in TABLE.refusals:
        return RefusalKind(TABLE.refusals[reason].kind)
    name = code_pb2.Code.Name(code) if code in code_pb2.Code.values() else ""
    return next((kind for kind in RefusalKind if kind.code == name), RefusalKind.FAILED)


def refusal_metadata(refusal: Refusal, request_identifier: str) -> tuple[tuple[str, str | bytes], ...]:
    """Returns the trailing metadata of a refused call.

    The rich gRPC status is for gRPC clients, the other services among them. REST body, HTTP status and retry-after are
    for the gateway, which removes the first two; no service reads them.
    """
    metadata: list[tuple[str, str | bytes]] = [
        ("x-adwright-error", rest_body(refusal, request_identifier)),
        ("x-adwright-status", str(refusal.kind.http_status)),
        (STATUS_HEADER, rich_status(refusal).SerializeToString()),
    ]
    if refusal.retry_after_seconds is not None:
        metadata.append(("retry-after", str(refusal.retry_after_seconds)))
    return tuple(metadata)


def rest_body(refusal: Refusal, request_identifier: str) -> str:
    """Returns the JSON body of a REST refusal, in ASCII because it is sent in a header."""
    error: dict[str, Any] = {
        "reason": refusal.reason,
        "message": _truncated(refusal.message, MAX_MESSAGE),
    }
    if refusal.fields:
        error["fields"] = [
            {
                "field": _truncated(violation.field, MAX_FIELD_MESSAGE),
                "message": _truncated(violation.message, MAX_FIELD_MESSAGE),
            }
            for violation in refusal.fields[:MAX_FIELDS]
        ]
    error["requestId"] = request_identifier
    error["retryable"] = refusal.retryable
    return json.dumps({"error": error}, ensure_ascii=True, separators=(",", ":"))


def rich_status(refusal: Refusal) -> status_pb2.Status:
    """Returns the refusal as google.rpc.Status with ErrorInfo and, where it has them, BadRequest and RetryInfo."""
    status = status_pb2.Status(
        code=code_pb2.Code.Value(refusal.kind.code), message=_truncated(refusal.message, MAX_MESSAGE)
    )
    status.details.add().Pack(error_details_pb2.ErrorInfo(reason=refusal.reason, domain=ERROR_DOMAIN))
    if refusal.fields:
        bad = error_details_pb2.BadRequest()
        for violation in refusal.fields[:MAX_FIELDS]:
            bad.field_violations.add(
                field=_truncated(violation.field, MAX_FIELD_MESSAGE),
                description=_truncated(violation.message, MAX_FIELD_MESSAGE),
            )
        status.details.add().Pack(bad)
    if refusal.retry_after_seconds is not None:
        retry = error_details_pb2.RetryInfo()
        retry.retry_delay.FromSeconds(refusal.retry_after_seconds)
        status.details.add().Pack(retry)
    return status


def _truncated(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
