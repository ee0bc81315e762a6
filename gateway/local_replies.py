"""Envoy's local replies: the responses that it gives without a service, in the one shape of REST errors."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from gateway.error_reasons import (
    ENVOY_MESSAGE,
    NOT_HTTP,
    REASONS,
    STATUS_ERRORS,
    UNKNOWN_FROM_ENVOY,
    ErrorText,
    StatusErrors,
)

NO_REQUEST_ID = {"header_filter": {"header": {"name": "x-request-id", "present_match": True, "invert_match": True}}}


def local_reply_config() -> dict[str, Any]:
    """Builds Envoy's local_reply_config: a mapper for each status of the error table, and one for all other errors.

    Successful local replies (the API documents) are not mapped.
    """
    fallback = {
        "filter": _status_filter(400, "GE"),
        "body_format_override": _body_format(UNKNOWN_FROM_ENVOY, retryable=False),
    }
    mappers = [*(_mapper(row, row.from_envoy) for row in STATUS_ERRORS if row.from_envoy is not None), fallback]
    return {
        "mappers": [
            _not_http_mapper(),
            _wrong_audience_mapper(),
            *(variant for mapper in mappers for variant in (_without_request_id(mapper), mapper)),
        ],
    }


def _without_request_id(mapper: dict[str, Any]) -> dict[str, Any]:
    """Copies a mapper for requests that have no id yet: the JSON field stays a string, an empty one."""
    changed = deepcopy(mapper)
    changed["filter"] = {"and_filter": {"filters": [mapper["filter"], NO_REQUEST_ID]}}
    changed["body_format_override"]["json_format"]["error"]["requestId"] = ""
    return changed


def _not_http_mapper() -> dict[str, Any]:
    malformed = REASONS[NOT_HTTP.reason]
    return _without_request_id(
        {
            "filter": _status_filter(malformed.status),
            "body_format_override": _body_format(NOT_HTTP, retryable=malformed.retryable),
        }
    )


def _wrong_audience_mapper() -> dict[str, Any]:
    """Maps 403 to 401: Envoy gives 403 only for a token of another audience, which the API treats as no token."""
    unauthenticated = REASONS["UNAUTHENTICATED"]
    return {
        "filter": _status_filter(403),
        "status_code": unauthenticated.status,
        "headers_to_add": [
            {
                "header": {"key": "www-authenticate", "value": 'Bearer error="invalid_token"'},
                "append_action": "ADD_IF_ABSENT",
            }
        ],
        "body_format_override": _body_format(
            ErrorText(reason="UNAUTHENTICATED", message=ENVOY_MESSAGE), retryable=unauthenticated.retryable
        ),
    }


def _status_filter(status: int, relation: str = "EQ") -> dict[str, Any]:
    value = {"default_value": status, "runtime_key": f"adwright.error.{relation}.{status}"}
    return {"status_code_filter": {"comparison": {"op": relation, "value": value}}}


def _mapper(row: StatusErrors, text: ErrorText) -> dict[str, Any]:
    mapper: dict[str, Any] = {
        "filter": _status_filter(row.status),
        "body_format_override": _body_format(text, retryable=row.retryable),
    }
    if row.retry_after_seconds is not None:
        mapper["headers_to_add"] = [
            {
                "header": {"key": "retry-after", "value": str(row.retry_after_seconds)},
                "append_action": "ADD_IF_ABSENT",
            }
        ]
    return mapper


def _body_format(text: ErrorText, *, retryable: bool) -> dict[str, Any]:
    return {
        "json_format": {
            "error": {
                "reason": text.reason,
                "message": text.message,
                "requestId": "%REQUEST_HEADER(X-REQUEST-ID)%",
                "retryable": retryable,
            }
        },
        "content_type": "application/json",
    }
