"""The one table of the errors that the gateway writes itself: reason, message and retryability by HTTP status.

Envoy's local replies (`local_replies.py`), the Lua filter that finishes responses (`lua_filters.py`) and the API
description (`openapi.py`) are all made from it. Errors that a service words itself pass the gateway as they are; their
statuses are those of `RefusalKind` in services/chassis/errors.py, and a test compares the two.
"""

from __future__ import annotations

from dataclasses import dataclass

# Envoy's message ("Jwt is expired", "upstream connect error …"); used only where clients may read it.
ENVOY_MESSAGE = "%LOCAL_REPLY_BODY%"


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorText:
    """What the body of an error says: a stable reason for programs, and a message for people."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusErrors:
    """The errors of one HTTP status.

    The same status may have two reasons, by who gave it: Envoy's 404 means that no route matches (ROUTE_NOT_FOUND), a
    service's 404 that a resource does not exist (NOT_FOUND).
    """

    status: int
    from_envoy: ErrorText | None = None
    """The error where Envoy responds without calling a service; None: Envoy gives no such status."""
    from_service: ErrorText | None = None
    """The error where a service gave a gRPC status without a REST body; None: no gRPC status maps to this one."""
    retryable: bool = False
    """Whether the same request may succeed later."""
    retry_after_seconds: int | None = None
    """The Retry-After header of Envoy's response; None: no header."""
    description: str = ""
    """The API description's text for responses with this status; empty: operations do not list the status."""


BODY_TOO_LARGE = ErrorText(reason="BODY_TOO_LARGE", message="The body is larger than this method accepts.")
BAD_UPSTREAM = ErrorText(reason="BAD_UPSTREAM", message="Part of the system gave an invalid response.")
UNAVAILABLE = ErrorText(reason="UNAVAILABLE", message="Part of the system cannot be reached right now; try again.")
TIMED_OUT = ErrorText(reason="TIMED_OUT", message="The request took too long; try again.")

STATUS_ERRORS = (
    StatusErrors(
        status=400,
        # Envoy gives no message for a few requests; response.lua matches the text before the placeholder.
        from_envoy=ErrorText(reason="MALFORMED_REQUEST", message=f"The request is not valid. {ENVOY_MESSAGE}"),
        from_service=ErrorText(reason="VALIDATION_FAILED", message="The request is not valid."),
        description="The request is not valid; every wrong field is named.",
    ),
    StatusErrors(
        status=401,
        from_envoy=ErrorText(reason="UNAUTHENTICATED", message=ENVOY_MESSAGE),
        from_service=ErrorText(reason="UNAUTHENTICATED", message="A valid token is required."),
        description="The token or API key is missing or not valid.",
    ),
    StatusErrors(status=402, description="Too few credits. Nothing was generated and nothing was charged."),
    StatusErrors(
        status=403,
        from_service=ErrorText(reason="FORBIDDEN", message="You are not allowed to call this method."),
        description="The caller is not allowed to call this method, or the link is no longer valid.",
    ),
    StatusErrors(
        status=404,
        from_envoy=ErrorText(reason="ROUTE_NOT_FOUND", message="There is nothing at this path."),
        from_service=ErrorText(reason="NOT_FOUND", message="The resource does not exist."),
        description="The resource does not exist or is not the caller's.",
    ),
    StatusErrors(
        status=405,
        from_envoy=ErrorText(
            reason="METHOD_NOT_ALLOWED", message="This path does not support the method; see the Allow header."
        ),
    ),
    StatusErrors(
        status=408,
        from_envoy=ErrorText(reason="REQUEST_TIMED_OUT", message="The request did not arrive in time."),
        retryable=True,
    ),
    StatusErrors(
        status=409,
        from_service=ErrorText(reason="CONFLICT", message="The request conflicts with the current state."),
        description="It conflicts with the current state.",
    ),
    StatusErrors(
        status=413,
        from_envoy=BODY_TOO_LARGE,
        from_service=BODY_TOO_LARGE,
        description="The body is too large.",
    ),
    StatusErrors(
        status=415,
        from_envoy=ErrorText(reason="UNSUPPORTED_MEDIA_TYPE", message="The body must be JSON: application/json."),
        description="The body is not JSON.",
    ),
    StatusErrors(status=416),
    StatusErrors(status=422, description="The request is well-formed but cannot be fulfilled as it stands."),
    StatusErrors(
        status=429,
        from_envoy=ErrorText(reason="RATE_LIMITED", message="Too many requests; slow down."),
        from_service=ErrorText(reason="LIMITED", message="Too many concurrent requests; try again."),
        retryable=True,
        description="Too many requests, or too many concurrently; Retry-After gives the delay.",
    ),
    StatusErrors(
        status=431,
        from_envoy=ErrorText(reason="HEADERS_TOO_LARGE", message="The request's headers are too large."),
    ),
    StatusErrors(
        status=500,
        from_service=ErrorText(reason="INTERNAL", message="Something went wrong on our side."),
    ),
    StatusErrors(
        status=501,
        from_service=ErrorText(reason="NOT_PROVIDED", message="This method is not implemented."),
    ),
    StatusErrors(status=502, from_envoy=BAD_UPSTREAM, from_service=BAD_UPSTREAM, retryable=True),
    StatusErrors(
        status=503,
        from_envoy=UNAVAILABLE,
        from_service=UNAVAILABLE,
        retryable=True,
        retry_after_seconds=1,
        description="Part of the system cannot be reached; try again.",
    ),
    StatusErrors(
        status=504,
        from_envoy=TIMED_OUT,
        from_service=TIMED_OUT,
        retryable=True,
        description="The request took too long; try again.",
    ),
)
# Errors of statuses that are not in the table.
UNKNOWN_FROM_ENVOY = ErrorText(reason="REQUEST_FAILED", message="The request failed.")
UNKNOWN_FROM_SERVICE = ErrorText(reason="REQUEST_FAILED", message="Something went wrong on our side.")
# Envoy's 400 for bytes that are not HTTP; no request has been read.
NOT_HTTP = ErrorText(reason="MALFORMED_REQUEST", message="This is not a well-formed HTTP request.")
# A 503 in place of Envoy's 401: the issuer's keys could not be fetched, which is not the token's fault.
JWKS_UNAVAILABLE = ErrorText(
    reason="DEPENDENCY_UNAVAILABLE", message="The token cannot be checked right now; try again."
)
