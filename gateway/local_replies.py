"""The answers that Envoy gives by itself, in the one shape that every REST error has."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

# What Envoy says in its own words ("Jwt is expired", "upstream connect error …"); only used where clients may read it.
OWN_WORDS = "%LOCAL_REPLY_BODY%"
NO_ID = {"header_filter": {"header": {"name": "x-request-id", "present_match": True, "invert_match": True}}}


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnError:
    """What a status means when Envoy gives it without asking a service."""

    status: int
    reason: str
    message: str
    retryable: bool = False
    retry_after_seconds: int | None = None


OWN_ERRORS = (
    # The words before Envoy's own are for the few requests of which it says nothing; response.lua knows them.
    OwnError(status=400, reason="MALFORMED_REQUEST", message=f"The request is not valid. {OWN_WORDS}"),
    OwnError(status=401, reason="UNAUTHENTICATED", message=OWN_WORDS),
    OwnError(status=404, reason="ROUTE_NOT_FOUND", message="There is nothing at this path."),
    OwnError(status=405, reason="METHOD_NOT_ALLOWED", message="This path has no such method; see the Allow header."),
    OwnError(status=408, reason="REQUEST_TIMED_OUT", message="The request did not arrive in time.", retryable=True),
    OwnError(status=413, reason="BODY_TOO_LARGE", message="The body is larger than this method takes."),
    OwnError(status=415, reason="UNSUPPORTED_MEDIA_TYPE", message="The body must be JSON: application/json."),
    OwnError(status=429, reason="RATE_LIMITED", message="Too many requests; slow down.", retryable=True),
    OwnError(status=431, reason="HEADERS_TOO_LARGE", message="The request's headers are too large."),
    OwnError(status=502, reason="BAD_UPSTREAM", message="Part of the system gave no usable answer.", retryable=True),
    OwnError(
        status=503,
        reason="UNAVAILABLE",
        message="Part of the system cannot be reached right now; try again.",
        retryable=True,
        retry_after_seconds=1,
    ),
    OwnError(status=504, reason="TIMED_OUT", message="This took too long; try again.", retryable=True),
)


def local_reply_config() -> dict[str, Any]:
    """Envoy's local_reply_config: a mapper for each status, and one for errors that nobody foresaw.

    What Envoy answers with success (documents) is left as it is.
    """
    unforeseen = {
        "filter": _with_status(400, "GE"),
        "body_format_override": _format("REQUEST_FAILED", "The request could not be answered.", retryable=False),
    }
    mappers = [*(_mapper(error) for error in OWN_ERRORS), unforeseen]
    return {
        "mappers": [
            _unreadable(),
            _wrong_audience(),
            *(found for mapper in mappers for found in (_nameless(mapper), mapper)),
        ],
    }


def _nameless(mapper: dict[str, Any]) -> dict[str, Any]:
    """The same for a request that is answered before it has got an id: the field is a text all the same."""
    changed = deepcopy(mapper)
    changed["filter"] = {"and_filter": {"filters": [mapper["filter"], NO_ID]}}
    changed["body_format_override"]["json_format"]["error"]["requestId"] = ""
    return changed


def _unreadable() -> dict[str, Any]:
    """What is not HTTP as it should be."""
    body = _format("MALFORMED_REQUEST", "This is not a well-formed HTTP request.", retryable=False)
    return _nameless({"filter": _with_status(400), "body_format_override": body})


def _wrong_audience() -> dict[str, Any]:
    """Envoy answers 403 for a token of another audience, and for nothing else; to the contract that is no token."""
    return {
        "filter": _with_status(403),
        "status_code": 401,
        "headers_to_add": [
            {
                "header": {"key": "www-authenticate", "value": 'Bearer error="invalid_token"'},
                "append_action": "ADD_IF_ABSENT",
            }
        ],
        "body_format_override": _format("UNAUTHENTICATED", OWN_WORDS, retryable=False),
    }


def _with_status(status: int, relation: str = "EQ") -> dict[str, Any]:
    value = {"default_value": status, "runtime_key": f"adwright.error.{relation}.{status}"}
    return {"status_code_filter": {"comparison": {"op": relation, "value": value}}}


def _mapper(error: OwnError) -> dict[str, Any]:
    mapper: dict[str, Any] = {
        "filter": _with_status(error.status),
        "body_format_override": _format(error.reason, error.message, retryable=error.retryable),
    }
    if error.retry_after_seconds is not None:
        mapper["headers_to_add"] = [
            {
                "header": {"key": "retry-after", "value": str(error.retry_after_seconds)},
                "append_action": "ADD_IF_ABSENT",
            }
        ]
    return mapper


def _format(reason: str, message: str, *, retryable: bool) -> dict[str, Any]:
    return {
        "json_format": {
            "error": {
                "reason": reason,
                "message": message,
                "requestId": "%REQUEST_HEADER(X-REQUEST-ID)%",
                "retryable": retryable,
            }
        },
        "content_type": "application/json",
    }
