"""Traces: one for each request of a customer, from the gateway to the finished asset.

A trace begins at the gateway and travels as a W3C `traceparent` in the metadata of every call. A job keeps the one of
the call that submitted it, so that its dispatch, its attempts and its settlement belong to the same trace however much
later and wherever they happen. Without an address to send them to, nothing is recorded and what came in still travels
on. Calls that come without a trace (workers asking for work, health checks) begin none, unless `share` says so.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from opentelemetry import context as contexts
from opentelemetry import trace
from opentelemetry.trace import Link, Span, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

HEADER = "traceparent"
MAX_TRACEPARENT = 55  # as W3C's version 00 writes it
MAX_LINKS = 64  # of the calls that share a batch; the rest is told by the count
QUEUED_SPANS = 4_096  # waiting to be sent; past it spans are dropped, never calls held up
STOP_MS = 3_000

Attributes = Mapping[str, str | int | float | bool]

_tracer = trace.get_tracer("adwright")
_recording = False
_format = TraceContextTextMapPropagator()


def configure(service: str, *, address: str, share: float) -> None:
    """Sends spans to the OTLP/gRPC collector at host:port; empty: none are recorded. Called once by a process."""
    global _recording  # noqa: PLW0603 - of the process, as the tracer provider is
    if not address:
        return
    _recording = True
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

    provider = TracerProvider(
        sampler=ParentBased(TraceIdRatioBased(share)),
        resource=Resource.create({"service.name": service, "service.namespace": "adwright"}),
    )
    exporter = OTLPSpanExporter(endpoint=address, insecure=True, timeout=5)
    provider.add_span_processor(BatchSpanProcessor(exporter, max_queue_size=QUEUED_SPANS, schedule_delay_millis=1_000))
    trace.set_tracer_provider(provider)


def stop() -> None:
    """Sends what is left."""
    if not _recording:
        return
    from opentelemetry.sdk.trace import TracerProvider

    provider = trace.get_tracer_provider()
    if isinstance(provider, TracerProvider):
        provider.force_flush(STOP_MS)
        provider.shutdown()


def current_traceparent() -> str:
    """The traceparent of what is going on now; empty: there is no trace."""
    carrier: dict[str, str] = {}
    _format.inject(carrier)
    return carrier.get(HEADER, "")


def trace_id() -> str:
    """The id of the current trace in hexadecimal; empty: there is none."""
    found = trace.get_current_span().get_span_context()
    return trace.format_trace_id(found.trace_id) if found.is_valid else ""


def _following(traceparent: str) -> contexts.Context:
    return _format.extract({HEADER: traceparent} if len(traceparent) == MAX_TRACEPARENT else {}, contexts.Context())


def begin_call(method: str, traceparent: str) -> Span:
    """The span of a call that is being answered, current from now on in the call's own task; its end ends it."""
    if not traceparent and not _recording:
        return trace.INVALID_SPAN
    service, _, name = method.lstrip("/").partition("/")
    span = _tracer.start_span(
        method.lstrip("/"),
        _following(traceparent),
        kind=SpanKind.SERVER,
        attributes={"rpc.system": "grpc", "rpc.service": service, "rpc.method": name},
    )
    contexts.attach(trace.set_span_in_context(span))  # each call has a task, and so a context, of its own
    return span


def mark_refused(reason: str, *, fault: bool) -> None:
    """Notes on the current span how its call was refused; `fault`: on our side."""
    span = trace.get_current_span()
    span.set_attribute("adwright.reason", reason)
    if fault:
        span.set_status(Status(StatusCode.ERROR, reason))


@contextmanager
def continue_trace(
    traceparent: str, name: str, *, kind: SpanKind = SpanKind.INTERNAL, attributes: Attributes | None = None
) -> Iterator[Span]:
    """A span of the trace that something carried here; without one, nothing is recorded."""
    if not traceparent:
        with without_trace():
            yield trace.INVALID_SPAN
        return
    with _tracer.start_as_current_span(name, _following(traceparent), kind=kind, attributes=attributes) as span:
        yield span


@contextmanager
def child_span(name: str, attributes: Attributes | None = None, kind: SpanKind = SpanKind.INTERNAL) -> Iterator[None]:
    """A span within the current one; where nothing is recorded, nothing is."""
    if not trace.get_current_span().is_recording():
        yield
        return
    with _tracer.start_as_current_span(name, kind=kind, attributes=attributes):
        yield


@contextmanager
def without_trace() -> Iterator[None]:
    """No trace goes along with what is done in here: what repeats for hours would drown the rest."""
    token = contexts.attach(contexts.Context())
    try:
        yield
    finally:
        contexts.detach(token)


@contextmanager
def linked_span(name: str, traceparents: Sequence[str]) -> Iterator[None]:
    """A span for what is done once for many: part of the first one's trace, linked to all the others'."""
    found = [traceparent for traceparent in traceparents if traceparent]
    if not found:
        with without_trace():
            yield
        return
    links = [
        Link(trace.get_current_span(_following(traceparent)).get_span_context()) for traceparent in found[1:MAX_LINKS]
    ]
    with _tracer.start_as_current_span(
        name, _following(found[0]), links=links, attributes={"adwright.batch": len(traceparents)}
    ):
        yield


def record_past_span(
    traceparent: str,
    name: str,
    *,
    began: float,
    kind: SpanKind = SpanKind.INTERNAL,
    attributes: Attributes | None = None,
) -> None:
    """A span for what is over already; `began` in seconds since 1970."""
    if traceparent:
        span = _tracer.start_span(
            name, _following(traceparent), kind=kind, attributes=attributes, start_time=int(began * 1e9)
        )
        span.end(max(int(time.time() * 1e9), int(began * 1e9)))
