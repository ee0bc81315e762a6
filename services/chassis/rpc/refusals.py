"""The wire format of refusals: gRPC status, ErrorInfo and REST body, written by one service and read by another."""

from __future__ import annotations

import json
from typing import Any

import grpc
import structlog
from google.protobuf import any_pb2
from google.rpc import error_details_pb2, status_pb2

from services.chassis.errors import DependencyUnavailable, FieldViolation, ForwardedRefusal, Refusal, RefusalKind

ERROR_DOMAIN = "adwright"
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


def refusal_from_rpc_error(error: grpc.aio.AioRpcError | grpc.Call) -> Refusal:
    """Returns the refusal that another service sent; DependencyUnavailable or INTERNAL for a failure without one."""
    metadata = {str(key): value for key, value in error.trailing_metadata() or ()}
    body, status = metadata.get("x-adwright-error"), metadata.get("x-adwright-status")
    if isinstance(body, str):
        retry_after = metadata.get("retry-after")
        return refusal_from_body(
            error.code().name, body, int(str(status)) if status else 0, int(str(retry_after)) if retry_after else 0
        )
    if error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED):
        log.warning("dependency_unavailable", code=error.code().name, details=error.details())
        return DependencyUnavailable("Part of the system cannot be reached; try again.", retry_after_seconds=1)
    log.error("internal_call_failed", code=error.code().name, details=error.details())
    return Refusal("Something went wrong on our side.")


def refusal_from_body(code: str, body: str, http_status: int, retry_after_seconds: int) -> Refusal:
    """Returns the refusal that another service wrote with `rest_body`."""
    error = json.loads(body)["error"]
    kind = next(
        (kind for kind in RefusalKind if kind.code == code and kind.http_status == http_status),
        next((kind for kind in RefusalKind if kind.code == code), RefusalKind.FAILED),
    )
    if error["reason"] in END_USER_REASONS or kind not in (
        RefusalKind.UNAUTHENTICATED,
        RefusalKind.FORBIDDEN,
        RefusalKind.INVALID,
        RefusalKind.FAILED,
    ):
        return ForwardedRefusal(
            error["message"],
            kind=kind,
            reason=error["reason"],
            fields=[FieldViolation(**field) for field in error.get("fields", [])],
            retry_after_seconds=retry_after_seconds or None,
        )
    # A defect between the services: the end user neither caused it nor can avoid it.
    log.error("internal_call_refused", code=code, reason=error["reason"], message=error["message"])
    return Refusal("Something went wrong on our side.")


def refusal_metadata(refusal: Refusal, request_identifier: str) -> tuple[tuple[str, str | bytes], ...]:
    """Returns the trailing metadata of a refused call: REST body, HTTP status, rich gRPC status and retry-after."""
    metadata: list[tuple[str, str | bytes]] = [
        ("x-adwright-error", rest_body(refusal, request_identifier)),
        ("x-adwright-status", str(refusal.kind.http_status)),
        ("grpc-status-details-bin", _rich_status(refusal)),
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


def _rich_status(refusal: Refusal) -> bytes:
    details = []
    info = any_pb2.Any()
    info.Pack(error_details_pb2.ErrorInfo(reason=refusal.reason, domain=ERROR_DOMAIN))
    details.append(info)
    if refusal.fields:
        bad = any_pb2.Any()
        bad.Pack(
            error_details_pb2.BadRequest(
                field_violations=[
                    error_details_pb2.BadRequest.FieldViolation(
                        field=_truncated(violation.field, MAX_FIELD_MESSAGE),
                        description=_truncated(violation.message, MAX_FIELD_MESSAGE),
                    )
                    for violation in refusal.fields[:MAX_FIELDS]
                ]
            )
        )
        details.append(bad)
    code = grpc.StatusCode[refusal.kind.code].value[0]
    return bytes(
        status_pb2.Status(
            code=code, message=_truncated(refusal.message, MAX_MESSAGE), details=details
        ).SerializeToString()
    )


def _truncated(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
