"""docs/errors.md: every reason of an error, from protos/errors.toml.

`python -m deploy.error_reference` writes the file, `… --check` exits with 1 if the committed one differs.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from gateway.error_reasons import (
    ENVOY_MESSAGE,
    JWKS_UNAVAILABLE,
    NOT_HTTP,
    REASONS,
    STATUS_ERRORS,
    UNKNOWN_FROM_ENVOY,
    UNKNOWN_FROM_SERVICE,
    ErrorText,
)
from services.chassis.error_table import TABLE

ROOT: Final = Path(__file__).resolve().parents[1]
ERRORS: Final = ROOT / "docs" / "errors.md"

INTRODUCTION: Final = """\
# Errors

Generated from [protos/errors.toml](../protos/errors.toml) by `make docs`; services and gateway read the same table.

Every REST error is `{"error": {"reason", "message", "fields", "requestId", "retryable"}}`; between services the same
reason is in the `ErrorInfo` of the gRPC status. Programs decide by `reason` and `retryable`; messages may be reworded.

## Refusals of the services

A service refuses a request with one of these reasons. *Retryable*: the same request may succeed later, after
`Retry-After` where there is one. A refusal of `shared` code can come from any service. Some reach workers and other
services only, such as `STALE_ATTEMPT`.
"""
GATEWAY: Final = """\
## The gateway's own errors

Envoy responds without a service, or a service gave a gRPC status without an error body.
[gateway/README.md](../gateway/README.md#errors) says when. A `…` in a message stands for
Envoy's or the filter's explanation.
"""
JOBS: Final = """\
## Reasons of failed jobs and attempts

A job that was accepted and then failed has one of these reasons in its `error`, with a message that says more where
the customer can change something. What a fault's kind decides:

* *input*: the job fails immediately; the message is for the customer.
* *transient*: the job is retried, and fails with the reason of its last attempt and a general message.
* *dependency*: the worker returns the job and pauses, and the attempt does not count. A job that expires meanwhile
  keeps the reason.
* *job service*: the job service decides it. A job is `GENERATION_FAILED` when its last attempt failed with an
  unforeseen exception; the attempt's own reason is then `UNKNOWN`.

A retryable refusal by another service during an attempt is a dependency or transient fault with the refusal's
reason, see above. A fault from which an engine recovers, such as a language model's when the built-in engine takes
over, is only logged.
"""


def _gateway_errors() -> Iterator[tuple[str, ErrorText, bool]]:
    for row in STATUS_ERRORS:
        for text in (row.from_envoy, row.from_service):
            if text is not None:
                yield str(row.status), text, row.retryable
    for text in (NOT_HTTP, JWKS_UNAVAILABLE):
        yield str(REASONS[text.reason].status), text, REASONS[text.reason].retryable
    yield "other", UNKNOWN_FROM_ENVOY, False
    yield "other", UNKNOWN_FROM_SERVICE, False


def _row(*cells: str) -> str:
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [_row(*header), _row(*["---"] * len(header)), *(_row(*row) for row in rows)]
    return "\n".join([*dict.fromkeys(lines), ""])


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def render() -> str:
    """The text of docs/errors.md."""
    refused = [
        (
            f"`{reason}`",
            str(TABLE.kinds[row.kind].status),
            f"`{TABLE.kinds[row.kind].code}`",
            _yes(row.retryable),
            row.service,
            row.meaning,
        )
        for reason, row in sorted(TABLE.refusals.items())
    ]
    own = [
        (f"`{text.reason}`", status, _yes(retryable), text.message.replace(ENVOY_MESSAGE, "…"))
        for status, text, retryable in _gateway_errors()
    ]
    failed = [(f"`{reason}`", ", ".join(row.kinds), row.meaning) for reason, row in sorted(TABLE.faults.items())]
    return "\n".join(
        [
            INTRODUCTION,
            _table(("reason", "HTTP status", "gRPC code", "retryable", "service", "meaning"), refused),
            GATEWAY,
            _table(("reason", "HTTP status", "retryable", "message"), own),
            JOBS,
            _table(("reason", "kind", "meaning"), failed),
        ]
    )


def main(arguments: list[str] | None = None) -> int:
    text = render()
    if (sys.argv[1:] if arguments is None else arguments) == ["--check"]:
        current = ERRORS.exists() and ERRORS.read_text(encoding="utf-8") == text
        if not current:
            print(f"{ERRORS.name}: not what protos/errors.toml says; run: make docs", file=sys.stderr)
        return 0 if current else 1
    ERRORS.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
