"""docs/errors.md: every reason of an error, read from the code that raises it.

`python -m deploy.error_reference` writes the file, `… --check` exits with 1 if the committed one differs. Refusals are
the subclasses of `Refusal` in services/; the gateway's own errors are those of gateway/error_reasons.py; reasons of
failed jobs are the literals that services/ passes to faults. A meaning is the first sentence of a class's docstring.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import services
from gateway.error_reasons import (
    ENVOY_MESSAGE,
    JWKS_UNAVAILABLE,
    NOT_HTTP,
    STATUS_ERRORS,
    UNKNOWN_FROM_ENVOY,
    UNKNOWN_FROM_SERVICE,
    ErrorText,
)
from services.chassis.errors import DependencyFault, Fault, InputFault, Refusal, TransientFault

ROOT: Final = Path(__file__).resolve().parents[1]
ERRORS: Final = ROOT / "docs" / "errors.md"
REASON: Final = re.compile(r"[A-Z][A-Z0-9_]+")
SHARED: Final = ("chassis", "media", "worker", "clients")
# Values with which a refusal is built to see whether it sets a Retry-After, by the annotation of the parameter.
SAMPLES: Final[dict[str, Any]] = {"int": 1, "str": ""}
# Calls by which the job service gives attempts and jobs a reason of its own, and the argument that holds it.
DECISIONS: Final = {"AttemptFailure": "reason", "RetryDecision": "error_reason"}
KINDS: Final[tuple[tuple[type[Fault], str], ...]] = (
    (InputFault, "input"),
    (DependencyFault, "dependency"),
    (TransientFault, "transient"),
)

INTRODUCTION: Final = """\
# Errors

Generated from the code by `make docs`; change the docstrings and messages there.

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

A job that was accepted and then failed has one of these reasons in its `error`. What a fault's kind decides:

* *input*: the job fails immediately; the message is for the customer.
* *transient*: the job is retried, and fails with the reason of its last attempt and a general message. The messages
  below are for operators.
* *dependency*: the worker returns the job and pauses, and the attempt does not count. A job that expires meanwhile
  keeps the reason.
* *job service*: the job service decides it. A job is `GENERATION_FAILED` when its last attempt failed with an
  unforeseen exception; the attempt's own reason is then `UNKNOWN`.

A retryable refusal by another service during an attempt is a dependency or transient fault with the refusal's
reason, see above. A fault from which an engine recovers, such as a language model's when the built-in engine takes
over, is only logged.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobReason:
    """A reason that services/ gives to attempts: the fault's kind, the file, and a message with `…` for its values."""

    reason: str
    kind: str
    path: str
    message: str


def load_services() -> list[ModuleType]:
    """Imports all modules below services/ and returns them, sorted by name."""
    found = pkgutil.walk_packages(services.__path__, "services.")
    return [importlib.import_module(item.name) for item in sorted(found, key=lambda item: item.name)]


def subclasses(kind: type[Any]) -> Iterator[type[Any]]:
    """The subclasses of a class, at every depth, that services/ defines."""
    for child in kind.__subclasses__():
        if child.__module__.startswith("services."):
            yield child
        yield from subclasses(child)


def refusals() -> list[type[Refusal]]:
    """The refusals with a reason of their own, sorted by it; load_services() has to run before."""
    found = {kind for kind in subclasses(Refusal) if "reason" in vars(kind)} | {Refusal}
    return sorted(found, key=lambda kind: (kind.reason, kind.__module__, kind.__qualname__))


def is_retryable(kind: type[Refusal]) -> bool:
    """Whether a refusal is retryable, by its kind or by the Retry-After that its constructor sets."""
    required = [
        (item, SAMPLES.get(str(item.annotation), ()))
        for item in inspect.signature(kind).parameters.values()
        if item.default is inspect.Parameter.empty and item.kind is not inspect.Parameter.VAR_KEYWORD
    ]
    positional = [value for item, value in required if item.kind is not inspect.Parameter.KEYWORD_ONLY]
    named = {item.name: value for item, value in required if item.kind is inspect.Parameter.KEYWORD_ONLY}
    return kind(*positional, **named).retryable


def job_reasons(modules: Iterable[ModuleType]) -> list[JobReason]:
    """The literal reasons of faults and of the job service's decisions, sorted by reason."""
    faults = {kind.__name__: kind for kind in subclasses(Fault)}
    found: set[JobReason] = set()
    for module in modules:
        if module.__file__ is None:
            continue
        path = Path(module.__file__)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            owner = node.name if isinstance(node, ast.ClassDef) and node.name in faults else None
            calls = _constructor_calls(node) if owner else [node] if isinstance(node, ast.Call) else []
            for call in calls:
                name = owner or _name(call.func)
                for reason, message in _reasons(name, call, module, faults):
                    kind = next((text for base, text in KINDS if issubclass(faults.get(name, Fault), base)), "")
                    found.add(
                        JobReason(
                            reason=reason,
                            kind=kind or "job service",
                            path=path.relative_to(ROOT).as_posix(),
                            message=message,
                        )
                    )
    return sorted(found, key=lambda item: (item.reason, item.kind, item.path, item.message))


def _constructor_calls(node: ast.AST) -> list[ast.Call]:
    """The calls of `super().__init__` in a class: a fault with one reason of its own passes it there."""
    return [call for call in ast.walk(node) if isinstance(call, ast.Call) and _name(call.func) == "__init__"]


def _reasons(
    name: str, call: ast.Call, module: ModuleType, faults: dict[str, type[Fault]]
) -> Iterator[tuple[str, str]]:
    if name in DECISIONS:
        values = [item.value for item in call.keywords if item.arg == DECISIONS[name]]
        message = next(
            (_text(item.value, module) for item in call.keywords if (item.arg or "").endswith("message")), ""
        )
    elif name in faults and call.args:
        values = [call.args[0]]
        message = _text(call.args[1], module) if len(call.args) > 1 else ""
        if not message and faults[name] not in dict(KINDS):
            message = _first_sentence(faults[name])
    else:
        return
    for value in values:
        for part in (value.body, value.orelse) if isinstance(value, ast.IfExp) else (value,):
            reason = _value(part, module)
            if isinstance(reason, str) and REASON.fullmatch(reason):
                yield reason, message


def _value(node: ast.expr, module: ModuleType) -> object:
    """The value of a literal, a module's constant or a class's attribute; None for what only a call knows."""
    match node:
        case ast.Constant():
            return node.value
        case ast.Name():
            return vars(module).get(node.id)
        case ast.Attribute():
            return getattr(_value(node.value, module), node.attr, None)
    return None


def _text(node: ast.expr, module: ModuleType) -> str:
    """A message as the source words it, with `…` for each value in it; empty if only a call knows it."""
    match node:
        case ast.JoinedStr():
            return "".join(_text(part, module) for part in node.values)
        case ast.FormattedValue():
            return "…"
    text = _value(node, module)
    return text if isinstance(text, str) else ""


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _gateway_errors() -> Iterator[tuple[str, ErrorText, bool]]:
    for row in STATUS_ERRORS:
        for text in (row.from_envoy, row.from_service):
            if text is not None:
                yield str(row.status), text, row.retryable
    yield "400", NOT_HTTP, False
    yield "503", JWKS_UNAVAILABLE, True
    yield "other", UNKNOWN_FROM_ENVOY, False
    yield "other", UNKNOWN_FROM_SERVICE, False


def _row(*cells: str) -> str:
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [_row(*header), _row(*["---"] * len(header)), *(_row(*row) for row in rows)]
    return "\n".join([*dict.fromkeys(lines), ""])


def _first_sentence(kind: type[Any]) -> str:
    text = " ".join((kind.__doc__ or "").split())
    return re.split(r"(?<=[.!?])\s(?=[A-Z`])", text, maxsplit=1)[0]


def _service(kind: type[Any]) -> str:
    name = kind.__module__.split(".")[1]
    return "shared" if name in SHARED else name


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def render() -> str:
    """The text of docs/errors.md."""
    modules = load_services()
    refused = [
        (
            f"`{kind.reason}`",
            str(kind.kind.http_status),
            f"`{kind.kind.code}`",
            _yes(is_retryable(kind)),
            _service(kind),
            "An exception that the service did not foresee." if kind is Refusal else _first_sentence(kind),
        )
        for kind in refusals()
    ]
    own = [
        (f"`{text.reason}`", status, _yes(retryable), text.message.replace(ENVOY_MESSAGE, "…"))
        for status, text, retryable in _gateway_errors()
    ]
    grouped: dict[tuple[str, str], list[JobReason]] = {}
    for item in job_reasons(modules):
        grouped.setdefault((item.reason, item.kind), []).append(item)
    failed = [
        (
            f"`{reason}`",
            kind,
            next((item.message for item in items if item.message), ""),
            ", ".join(dict.fromkeys(f"`{item.path}`" for item in items)),
        )
        for (reason, kind), items in grouped.items()
    ]
    return "\n".join(
        [
            INTRODUCTION,
            _table(("reason", "HTTP status", "gRPC code", "retryable", "service", "meaning"), refused),
            GATEWAY,
            _table(("reason", "HTTP status", "retryable", "message"), own),
            JOBS,
            _table(("reason", "kind", "message, or one of them", "raised in"), failed),
        ]
    )


def main(arguments: list[str] | None = None) -> int:
    text = render()
    if (sys.argv[1:] if arguments is None else arguments) == ["--check"]:
        current = ERRORS.exists() and ERRORS.read_text(encoding="utf-8") == text
        if not current:
            print(f"{ERRORS.name}: not what the code says; run: make docs", file=sys.stderr)
        return 0 if current else 1
    ERRORS.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
