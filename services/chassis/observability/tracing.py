"""Distributed tracing: one trace for each customer request, from the gateway to the finished asset.

The gateway starts a trace, and every call carries it as a W3C `traceparent` in its metadata. A job stores the
traceparent of its submission, so that its dispatch, attempts and settlement belong to the same trace, whenever and
wherever they happen. Without a collector no spans are recorded, and the traceparent is still propagated. Calls without
a traceparent (lease requests of workers, health checks) start no trace, except for the configured share.
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
TRACEPARENT_LENGTH = 55  # of version 00 of W3C Trace Context
MAX_LINKS = 64  # links to the calls of a batch; the adwright.batch attribute counts all of them
QUEUED_SPANS = 4_096  # spans that wait to be sent; above it spans are dropped, so that calls are never delayed
STOP_MS = 3_000

Attributes = Mapping[str, str | int | float | bool]

_tracer = trace.get_tracer("adwright")
_recording = False
_format = TraceContextTextMapPropagator()


def configure(service: str, *, address: str, share: float) -> None:
    """Sends spans to an OTLP/gRPC collector. Called once in a process.

    address: host:port; empty: no spans are recorded. share: of the calls without a traceparent for which a trace is
    started.
    """
    global _recording  # noqa: PLW0603 - a property of the process, like the tracer provider
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
    """Sends the remaining spans."""
    if not _recording:
        return
    from opentelemetry.sdk.trace import TracerProvider

    provider = trace.get_tracer_provider()
    if isinstance(provider, TracerProvider):
        provider.force_flush(STOP_MS)
        provider.shutdown()


def current_traceparent() -> str:
    """Returns the traceparent of the current span; empty when there is no trace."""
    carrier: dict[str, str] = {}
    _format.inject(carrier)
    return carrier.get(HEADER, "")


def trace_id() -> str:
    """Returns the id of the current trace in hexadecimal; empty when there is none."""
    found = trace.get_current_span().get_span_context()
    return trace.format_trace_id(found.trace_id) if found.is_valid else ""


def _context_of(traceparent: str) -> contexts.Context:
    return _format.extract({HEADER: traceparent} if len(traceparent) == TRACEPARENT_LENGTH else {}, contexts.Context())


def begin_call(method: str, traceparent: str) -> Span:
    """Starts the span of an incoming call and makes it current in the call's task. The caller must end it."""
    if not traceparent and not _recording:
        return trace.INVALID_SPAN
    service, _, name = method.lstrip("/").partition("/")
    span = _tracer.start_span(
        method.lstrip("/"),
        _context_of(traceparent),
        kind=SpanKind.SERVER,
        attributes={"rpc.system": "grpc", "rpc.service": service, "rpc.method": name},
    )
    contexts.attach(trace.set_span_in_context(span))  # each call has its own task and so its own context
    return span


def mark_refused(reason: str, *, fault: bool) -> None:
    """Records the refusal of the call on the current span. fault: whether the system, not the caller, caused it."""
    span = trace.get_current_span()
    span.set_attribute("adwright.reason", reason)
    if fault:
        span.set_status(Status(StatusCode.ERROR, reason))


@contextmanager
def continue_trace(
    traceparent: str, name: str, *, kind: SpanKind = SpanKind.INTERNAL, attributes: Attributes | None = None
) -> Iterator[Span]:
    """Opens a span in the trace of `traceparent`. Runs the block untraced when it is empty."""
    if not traceparent:
        with without_trace():
            yield trace.INVALID_SPAN
        return
    with _tracer.start_as_current_span(name, _context_of(traceparent), kind=kind, attributes=attributes) as span:
        yield span


@contextmanager
def child_span(name: str, attributes: Attributes | None = None, kind: SpanKind = SpanKind.INTERNAL) -> Iterator[None]:
    """Opens a child of the current span. Does nothing when the current span is not recorded."""
    if not trace.get_current_span().is_recording():
        yield
        return
    with _tracer.start_as_current_span(name, kind=kind, attributes=attributes):
        yield


@contextmanager
def without_trace() -> Iterator[None]:
    """Runs the block untraced. Periodic work would flood the traces."""
    token = contexts.attach(contexts.Context())
    try:
        yield
    finally:
        contexts.detach(token)


@contextmanager
def linked_span(name: str, traceparents: Sequence[str]) -> Iterator[None]:
    """Opens a span for work that is done once for several traces: a span of the first trace, linked to the others."""
    present = [traceparent for traceparent in dict.fromkeys(traceparents) if traceparent]
    if not present:
        with without_trace():
            yield
        return
    links = [
        Link(trace.get_current_span(_context_of(traceparent)).get_span_context())
        for traceparent in present[1:MAX_LINKS]
    ]
    with _tracer.start_as_current_span(
        name, _context_of(present[0]), links=links, attributes={"adwright.batch": len(traceparents)}
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
    """Records a span that ends now. began: its start, in seconds since 1970. Does nothing without a traceparent."""
    if traceparent:
        span = _tracer.start_span(
            name, _context_of(traceparent), kind=kind, attributes=attributes, start_time=int(began * 1e9)
        )
        span.end(max(int(time.time() * 1e9), int(began * 1e9)))
