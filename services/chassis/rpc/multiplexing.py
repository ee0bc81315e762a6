"""Batching of concurrent calls of one method to another service into one gRPC message.

A gRPC call costs many times the work that it causes. `BatchedChannel` takes the place of a stub's method: each caller
makes its own call, and gets its own response or refusal.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

import grpc
from adwright.batch.v1 import batch_pb2, batch_pb2_grpc
from google.protobuf.message import Message

from services.chassis.data.batcher import Batcher
from services.chassis.errors import Refusal
from services.chassis.observability.tracing import current_traceparent
from services.chassis.rpc.auth import ServiceIdentity
from services.chassis.rpc.interceptors import RpcInterceptor, request_id
from services.chassis.rpc.refusals import refusal_from_rpc_error, refusal_from_status

Response = TypeVar("Response", bound=Message)
Handlers = Mapping[str, Any]  # gRPC's handlers by "/package.Service/Method" or by method name

MAX_BATCH = 256  # calls in one message, as in the proto
MAX_BYTES = 4 * 1024 * 1024  # of requests in one message; the servers accept 12 MiB
MAX_WAITING = 4_000


class BatchedChannel:
    """Calls one service. The method must be open to services in its proto, and must not wait for long."""

    def __init__(
        self, channel: grpc.aio.Channel, identity: ServiceIdentity, *, seconds: float, concurrency: int = 1
    ) -> None:
        """seconds: deadline of a message. concurrency: messages of one method that are sent concurrently; calls that
        arrive meanwhile form the next one."""
        self._stub = batch_pb2_grpc.BatchServiceStub(channel)
        self._identity = identity
        self._seconds = seconds
        self._concurrency = concurrency
        self._batchers: dict[str, Batcher[batch_pb2.Call, bytes]] = {}

    async def __call__(self, method: str, request: Message, response_type: type[Response]) -> Response:
        """Calls "/package.Service/Method" and returns its response.

        Raises the other service's refusal, Overloaded when too many calls wait, and DependencyUnavailable when the
        service cannot be reached within `seconds` after sending.
        """
        batcher = self._batchers.get(method)
        if batcher is None:
            batcher = self._batchers[method] = Batcher(
                lambda calls: self._send(method, calls),
                max_batch=MAX_BATCH,
                max_waiting=MAX_WAITING,
                max_wait_seconds=self._seconds,
                concurrency=self._concurrency,
            )
        call = batch_pb2.Call(
            request=request.SerializeToString(), request_id=request_id(), traceparent=current_traceparent()
        )
        return response_type.FromString(await batcher.submit(call))

    async def _send(self, method: str, calls: Sequence[batch_pb2.Call]) -> list[bytes | Refusal]:
        parts = await asyncio.gather(*(self._message(method, part) for part in _parts(calls)))
        return [outcome for part in parts for outcome in part]

    async def _message(self, method: str, calls: Sequence[batch_pb2.Call]) -> list[bytes | Refusal]:
        try:
            response = await self._stub.CallBatch(
                batch_pb2.CallBatchRequest(method=method, calls=calls),
                metadata=self._identity.metadata(),
                timeout=self._seconds,
            )
        except grpc.aio.AioRpcError as error:
            refusal = refusal_from_rpc_error(error)
            return [refusal for _ in calls]
        return [
            refusal_from_status(outcome.refused) if outcome.HasField("refused") else outcome.response
            for outcome in response.outcomes
        ]


def _parts(calls: Sequence[batch_pb2.Call]) -> Iterator[list[batch_pb2.Call]]:
    """Splits the calls into messages of at most MAX_BYTES."""
    part: list[batch_pb2.Call] = []
    size = 0
    for call in calls:
        if part and size + len(call.request) > MAX_BYTES:
            yield part
            part, size = [], 0
        part.append(call)
        size += len(call.request)
    yield part


class RecordingServer:
    """A server to which servicers are added; records the handlers of their methods.

    Passes only generic handlers on to the real server. With registered handlers grpc.aio waits for each method
    separately: on every call it sets up and removes as many waits as there are methods.
    """

    def __init__(self, server: grpc.aio.Server) -> None:
        self._server = server
        self.handlers: dict[str, Any] = {}

    def add_generic_rpc_handlers(self, handlers: Sequence[grpc.GenericRpcHandler]) -> None:
        self._server.add_generic_rpc_handlers(handlers)

    def add_registered_method_handlers(self, service: str, methods: Handlers) -> None:
        self.handlers.update({f"/{service}/{name}": handler for name, handler in methods.items()})


class BatchServicer(batch_pb2_grpc.BatchServiceServicer):
    """Handles the calls of a batch concurrently, each with its own outcome."""

    def __init__(self, interceptor: RpcInterceptor, handlers: Handlers) -> None:
        self._interceptor = interceptor
        self._handlers = handlers

    async def CallBatch(
        self, request: batch_pb2.CallBatchRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> batch_pb2.CallBatchResponse:
        handler = self._handlers.get(request.method)
        if handler is None or handler.unary_unary is None:
            raise NotImplementedError
        outcomes = await asyncio.gather(
            *(self._interceptor.handle_batched_call(request.method, handler, call) for call in request.calls)
        )
        return batch_pb2.CallBatchResponse(outcomes=outcomes)
