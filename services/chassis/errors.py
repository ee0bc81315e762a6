"""Base classes of the system's two families of errors: refusals of requests and faults of attempts.

A refusal is raised by a domain rule and reaches the caller: `rpc/refusals.py` turns it into a gRPC status, an ErrorInfo
and the REST body. A fault is raised during an attempt and reaches the job. A service's own refusals stand in its
`errors.py`, or beside the one rule that raises them; protos/errors.toml has all reasons. `services/worker/faults.py`
classifies the exceptions of an attempt.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import ClassVar

from services.chassis.error_table import TABLE


class RefusalKind(Enum):
    """The kind of a refusal, which gives the name of its google.rpc code and the HTTP status of the REST response."""

    INVALID = "INVALID"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    PAYMENT_REQUIRED = "PAYMENT_REQUIRED"
    FORBIDDEN = "FORBIDDEN"
    NOT_FOUND = "NOT_FOUND"
    CONFLICT = "CONFLICT"
    TOO_LARGE = "TOO_LARGE"
    RANGE_NOT_SATISFIABLE = "RANGE_NOT_SATISFIABLE"
    UNPROCESSABLE = "UNPROCESSABLE"
    LIMITED = "LIMITED"
    FAILED = "FAILED"
    UNAVAILABLE = "UNAVAILABLE"
    TIMED_OUT = "TIMED_OUT"

    @property
    def code(self) -> str:
        return TABLE.kinds[self.value].code

    @property
    def http_status(self) -> int:
        return TABLE.kinds[self.value].status

    @property
    def retryable(self) -> bool:
        """Whether the same request may succeed later."""
        return TABLE.kinds[self.value].retryable


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldViolation:
    """A rule that a field of the request breaks. `field` is named as in JSON: "projectId", "brand.colours[1]"."""

    field: str
    message: str


class Refusal(Exception):
    """An error that the caller receives. `message` is product copy.

    Subclasses set the stable `reason`; protos/errors.toml has its kind, its meaning and whether it is retryable.
    """

    reason: str = "INTERNAL"
    kind: RefusalKind = RefusalKind(TABLE.refusals[reason].kind)

    def __init_subclass__(cls) -> None:
        """Reads the kind of a reason of its own. Raises KeyError for a reason that is not in the table."""
        super().__init_subclass__()
        if "reason" in vars(cls):
            cls.kind = RefusalKind(TABLE.refusals[cls.reason].kind)

    def __init__(
        self, message: str, *, fields: Sequence[FieldViolation] = (), retry_after_seconds: int | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.fields = tuple(fields)
        self.retry_after_seconds = retry_after_seconds

    @property
    def retryable(self) -> bool:
        """Whether the same request may succeed later: by its reason, or because retry_after_seconds is set."""
        row = TABLE.refusals.get(self.reason)
        return (row or self.kind).retryable or self.retry_after_seconds is not None


class ForwardedRefusal(Refusal):
    """The refusal of another service, forwarded to this service's caller with its kind and reason."""

    def __init__(
        self,
        message: str,
        *,
        kind: RefusalKind,
        reason: str,
        fields: Sequence[FieldViolation] = (),
        retry_after_seconds: int | None = None,
    ) -> None:
        super().__init__(message, fields=fields, retry_after_seconds=retry_after_seconds)
        self.kind = kind
        self.reason = reason


class ValidationFailed(Refusal):
    reason = "VALIDATION_FAILED"

    def __init__(self, fields: Sequence[FieldViolation]) -> None:
        named = "; ".join(f"{violation.field}: {violation.message}" for violation in fields)
        super().__init__(f"The request is not valid: {named}", fields=fields)


class Unauthenticated(Refusal):
    reason = "UNAUTHENTICATED"


class Forbidden(Refusal):
    reason = "FORBIDDEN"


class Overloaded(Refusal):
    """Too many requests are queued. Nothing was done."""

    reason = "OVERLOADED"


class DependencyUnavailable(Refusal):
    reason = "DEPENDENCY_UNAVAILABLE"


class StorageUnavailable(DependencyUnavailable):
    """The asset storage cannot be reached. The message is for the customer; details go to the log."""

    reason = "STORAGE_UNAVAILABLE"

    def __init__(
        self,
        message: str = "Files cannot be stored or read right now; try again shortly.",
        *,
        retry_after_seconds: int = 5,  # a store that restarts or fails over takes seconds
    ) -> None:
        super().__init__(message, retry_after_seconds=retry_after_seconds)


class StorageFull(StorageUnavailable):
    """The asset storage or the database has no space left. An operator must free some."""

    reason = "STORAGE_FULL"

    def __init__(self) -> None:
        # Longer than for an outage: space is not freed within seconds.
        super().__init__("Nothing can be stored right now; try again later.", retry_after_seconds=30)


class Fault(Exception):
    """A failure of an attempt. `reason` is stable and upper case; `message` is a sentence."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(f"{reason}: {message}")
        self.reason = reason
        self.message = message

    def __reduce__(self) -> tuple[type[Fault], tuple[str, str]]:
        return type(self), (self.reason, self.message)  # faults are pickled between processes


class TransientFault(Fault):
    """A failure that another attempt may not meet. The message is for the operator."""


class DependencyFault(Fault):
    """A dependency of the worker is unavailable or missing. Neither the job nor its input is at fault.

    The reason names the dependency; the message is for the operator."""

    shared: ClassVar[bool] = True
    """Whether other workers lack the dependency too, so that an attempt elsewhere would fail as well."""


class ScratchUnavailable(DependencyFault):
    """The worker's disk for temporary files is full or cannot be written. The reason is SCRATCH_UNAVAILABLE."""

    shared = False


class InputFault(Fault):
    """The customer's input makes every attempt fail. The message is for the customer."""
