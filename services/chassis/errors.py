"""Refusals and faults: the closed vocabulary in which the system says no.

A refusal is raised by a domain rule and reaches the caller: `interceptors` turns it into a gRPC status, an ErrorInfo
and the REST body, in one place. A fault is raised while making something and reaches the job that is being made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import ClassVar


class Kind(Enum):
    """What a refusal is, as the wire sees it: name of the google.rpc code, and the HTTP status of the REST answer."""

    INVALID = ("INVALID_ARGUMENT", 400)
    UNAUTHENTICATED = ("UNAUTHENTICATED", 401)
    PAYMENT_REQUIRED = ("FAILED_PRECONDITION", 402)
    FORBIDDEN = ("PERMISSION_DENIED", 403)
    NOT_FOUND = ("NOT_FOUND", 404)
    CONFLICT = ("ABORTED", 409)
    TOO_LARGE = ("OUT_OF_RANGE", 413)
    RANGE_NOT_SATISFIABLE = ("OUT_OF_RANGE", 416)
    UNPROCESSABLE = ("FAILED_PRECONDITION", 422)
    LIMITED = ("RESOURCE_EXHAUSTED", 429)
    FAILED = ("INTERNAL", 500)
    UNAVAILABLE = ("UNAVAILABLE", 503)
    TIMED_OUT = ("DEADLINE_EXCEEDED", 504)

    @property
    def code(self) -> str:
        return self.value[0]

    @property
    def http_status(self) -> int:
        return self.value[1]

    @property
    def retryable(self) -> bool:
        """Whether the same request may succeed later without anything being changed."""
        return self in (Kind.LIMITED, Kind.UNAVAILABLE, Kind.TIMED_OUT)


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldViolation:
    """A field, named as in JSON ("projectId", "brand.colours[1]"), and what is wrong with it."""

    field: str
    message: str


class Refusal(Exception):
    """A request that the system declines. Subclasses set `kind` and the stable `reason`."""

    kind: Kind = Kind.FAILED
    reason: str = "INTERNAL"

    def __init__(
        self, message: str, *, fields: Sequence[FieldViolation] = (), retry_after_seconds: int | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.fields = tuple(fields)
        self.retry_after_seconds = retry_after_seconds

    @property
    def retryable(self) -> bool:
        """Whether the same request may succeed later: by its kind, or because it says when."""
        return self.kind.retryable or self.retry_after_seconds is not None


class ForwardedRefusal(Refusal):
    """Another service refused, and its reason is the answer to our caller too."""

    def __init__(
        self,
        message: str,
        *,
        kind: Kind,
        reason: str,
        fields: Sequence[FieldViolation] = (),
        retry_after_seconds: int | None = None,
    ) -> None:
        super().__init__(message, fields=fields, retry_after_seconds=retry_after_seconds)
        self.kind = kind
        self.reason = reason


class ValidationFailed(Refusal):
    """Fields of the request break the rules of the contract."""

    kind = Kind.INVALID
    reason = "VALIDATION_FAILED"

    def __init__(self, fields: Sequence[FieldViolation]) -> None:
        named = "; ".join(f"{violation.field}: {violation.message}" for violation in fields)
        super().__init__(f"The request is not valid: {named}", fields=fields)


class Unauthenticated(Refusal):
    """There is no token, or it is not one to be trusted."""

    kind = Kind.UNAUTHENTICATED
    reason = "UNAUTHENTICATED"


class Forbidden(Refusal):
    """The caller is known, and this method is not for such callers."""

    kind = Kind.FORBIDDEN
    reason = "FORBIDDEN"


class Overloaded(Refusal):
    """More is waiting than can be done in time; nothing has happened."""

    kind = Kind.UNAVAILABLE
    reason = "OVERLOADED"


class DependencyUnavailable(Refusal):
    """Another part of the system cannot be reached right now."""

    kind = Kind.UNAVAILABLE
    reason = "DEPENDENCY_UNAVAILABLE"


class StorageUnavailable(DependencyUnavailable):
    """The asset storage cannot be reached right now. The message is for the customer; details go to the log."""

    reason = "STORAGE_UNAVAILABLE"

    def __init__(
        self,
        message: str = "Files cannot be stored or read right now; try again shortly.",
        *,
        retry_after_seconds: int = 5,  # a store that restarts or fails over takes seconds
    ) -> None:
        super().__init__(message, retry_after_seconds=retry_after_seconds)


class StorageFull(StorageUnavailable):
    """The asset storage or the database has no space left: an operator has to make some."""

    reason = "STORAGE_FULL"

    def __init__(self) -> None:
        # No space appears by itself within seconds.
        super().__init__("Nothing can be stored right now; try again later.", retry_after_seconds=30)


class Fault(Exception):
    """Making something failed. `reason` is stable and upper case; `message` is in words."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(f"{reason}: {message}")
        self.reason = reason
        self.message = message

    def __reduce__(self) -> tuple[type[Fault], tuple[str, str]]:
        return type(self), (self.reason, self.message)  # faults cross process borders


class TransientFault(Fault):
    """Will likely pass: another attempt may succeed. The message is for the operator."""


class DependencyFault(Fault):
    """A part of our own that the attempt needs is away or missing: neither the job nor its input is at fault.

    The reason names the part; the message is for the operator."""

    shared: ClassVar[bool] = True
    """Whether other workers lack it, too, so that another attempt elsewhere would gain nothing."""


class ScratchUnavailable(DependencyFault):
    """The worker's disk of temporary files is full or cannot be written. The reason is SCRATCH_UNAVAILABLE."""

    shared = False


class InputFault(Fault):
    """The customer's input is at fault: no attempt can succeed. The message is for the customer."""
