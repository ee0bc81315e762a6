"""The gateway's part of protos/errors.toml, the one table of errors: its own reasons, by HTTP status.

Envoy's local replies (`local_replies.py`), the Lua filters (`lua_filters.py`) and the API description (`openapi.py`)
are all made from it. Errors that a service words itself pass the gateway as they are; the services read their reasons
and statuses from the same file.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILE = Path(__file__).parents[1] / "protos" / "errors.toml"
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonStatus:
    """The HTTP status of a reason, and whether the same request may succeed later."""

    status: int
    retryable: bool


def _text(data: Mapping[str, Any], reason: str, column: str = "message") -> ErrorText:
    return ErrorText(reason=reason, message=data["gateway"][reason][column].replace("…", ENVOY_MESSAGE))


def _status_errors(data: Mapping[str, Any]) -> tuple[StatusErrors, ...]:
    return tuple(
        StatusErrors(
            **{
                **{name: value for name, value in row.items() if name not in ("envoy", "service")},
                "status": int(status),
                "from_envoy": _text(data, row["envoy"]) if "envoy" in row else None,
                "from_service": _text(data, row["service"], "service_message") if "service" in row else None,
            }
        )
        for status, row in sorted(data["status"].items())
    )


def _reasons(data: Mapping[str, Any]) -> dict[str, ReasonStatus]:
    """The status of every reason with which a request can be refused, by a service or by the gateway."""
    found: dict[str, ReasonStatus] = {}
    for status, row in data["status"].items():
        for column in ("envoy", "service"):
            if column in row:
                found[row[column]] = ReasonStatus(status=int(status), retryable=row.get("retryable", False))
    for reason, row in data["refusal"].items():
        status = data["kind"][row["kind"]]["status"]
        retryable = row.get("retryable", data["status"][str(status)].get("retryable", False))
        found[reason] = ReasonStatus(status=status, retryable=retryable)
    return found


_DATA = tomllib.loads(FILE.read_text(encoding="utf-8"))
STATUS_ERRORS = _status_errors(_DATA)
REASONS = _reasons(_DATA)
# Errors of statuses that are not in the table.
UNKNOWN_FROM_ENVOY = _text(_DATA, "REQUEST_FAILED")
UNKNOWN_FROM_SERVICE = _text(_DATA, "REQUEST_FAILED", "service_message")
# Envoy's 400 for bytes that are not HTTP; no request has been read.
NOT_HTTP = _text(_DATA, "MALFORMED_REQUEST", "not_http_message")
# In place of Envoy's 401: the issuer's keys could not be fetched, which is not the token's fault.
JWKS_UNAVAILABLE = _text(_DATA, "DEPENDENCY_UNAVAILABLE")
