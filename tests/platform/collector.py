"""An OTLP collector that stores the spans that it receives."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc

from tests.support import until


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A received span."""

    service: str
    name: str
    trace: str
    id: str
    parent: str
    began: int
    ended: int
    failed: bool
    attributes: dict[str, Any] = field(default_factory=dict)


class Collector(trace_service_pb2_grpc.TraceServiceServicer):
    """Listens on a free port of this machine."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spans: list[Seen] = []
        self._server = grpc.server(ThreadPoolExecutor(2))
        trace_service_pb2_grpc.add_TraceServiceServicer_to_server(self, self._server)  # type: ignore[no-untyped-call]
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()

    def Export(self, request: Any, context: Any) -> trace_service_pb2.ExportTraceServiceResponse:
        found = []
        for resource in request.resource_spans:
            about = {item.key: item.value.string_value for item in resource.resource.attributes}
            for scope in resource.scope_spans:
                found += [
                    Seen(
                        service=about.get("service.name", ""),
                        name=span.name,
                        trace=span.trace_id.hex(),
                        id=span.span_id.hex(),
                        parent=span.parent_span_id.hex(),
                        began=span.start_time_unix_nano,
                        ended=span.end_time_unix_nano,
                        failed=span.status.code == 2,
                        attributes={
                            item.key: getattr(item.value, item.value.WhichOneof("value") or "string_value")
                            for item in span.attributes
                        },
                    )
                    for span in scope.spans
                ]
        with self._lock:
            self._spans += found
        return trace_service_pb2.ExportTraceServiceResponse()

    def spans(self) -> list[Seen]:
        with self._lock:
            return list(self._spans)

    def wait_for(self, enough: Callable[[list[Seen]], bool], seconds: float = 60.0) -> list[Seen]:
        """Returns all spans, once `enough` accepts them or after `seconds`."""
        with suppress(AssertionError):
            until(lambda: enough(self.spans()), seconds=seconds)
        return self.spans()

    def stop(self) -> None:
        self._server.stop(None)
