"""Calls to another service that are made at the same moment travel in one message, and so do their answers.

A gRPC call costs many times what there is to do for it. `Calls` is used where a stub's method would be: each caller has
a call of its own, waits for its own answer, and is refused by itself.
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
from services.chassis.rpc.interceptors import RpcInterceptor, refusal_from_body, refusal_from_rpc_error, request_id

Answer = TypeVar("Answer", bound=Message)
Handlers = Mapping[str, Any]  # gRPC's own, by "/package.Service/Method" or by name

MAX_TOGETHER = 256  # as the proto has it
MAX_BYTES = 4 * 1024 * 1024  # of requests in one message; gRPC takes 12 MiB
MAX_WAITING = 4_000


class BatchedChannel:
    """Calls to one service. The method must be one that its proto opens to services, and must not wait for long.

    seconds: the longest that a message may take. concurrency: how many are under way at a time, of one method; what
    comes meanwhile makes the next one.
    """

    def __init__(
        self, channel: grpc.aio.Channel, identity: ServiceIdentity, *, seconds: float, concurrency: int = 1
    ) -> None:
        self._stub = batch_pb2_grpc.BatchServiceStub(channel)
        self._identity = identity
        self._seconds = seconds
        self._concurrency = concurrency
        self._batchers: dict[str, Batcher[batch_pb2.Call, bytes]] = {}

    async def __call__(self, method: str, request: Message, answer: type[Answer]) -> Answer:
        """The answer to a call of "/package.Service/Method". Raises the other service's refusal; Overloaded when too
        many wait, DependencyUnavailable when it cannot be reached within `seconds` of being sent."""
        batcher = self._batchers.get(method)
        if batcher is None:
            batcher = self._batchers[method] = Batcher(
                lambda calls: self._send(method, calls),
                max_batch=MAX_TOGETHER,
                max_waiting=MAX_WAITING,
                max_wait_seconds=self._seconds,
                concurrency=self._concurrency,
            )
        call = batch_pb2.Call(
            request=request.SerializeToString(), request_id=request_id(), traceparent=current_traceparent()
        )
        return answer.FromString(await batcher.submit(call))

    async def _send(self, method: str, calls: Sequence[batch_pb2.Call]) -> list[bytes | Refusal]:
        parts = await asyncio.gather(*(self._message(method, part) for part in _parts(calls)))
        return [outcome for part in parts for outcome in part]

    async def _message(self, method: str, calls: Sequence[batch_pb2.Call]) -> list[bytes | Refusal]:
        try:
            told = await self._stub.CallTogether(
                batch_pb2.CallTogetherRequest(method=method, calls=calls),
                metadata=self._identity.metadata(),
                timeout=self._seconds,
            )
        except grpc.aio.AioRpcError as error:
            refusal = refusal_from_rpc_error(error)
            return [refusal for _ in calls]
        return [
            refusal_from_body(
                answer.refused.code,
                answer.refused.body,
                answer.refused.http_status,
                answer.refused.retry_after_seconds,
            )
            if answer.HasField("refused")
            else answer.response
            for answer in told.answers
        ]


def _parts(calls: Sequence[batch_pb2.Call]) -> Iterator[list[batch_pb2.Call]]:
    """The calls in messages that are not too large."""
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
    """Stands in for a server where servicers are added to it, and remembers their methods.

    The server is given the generic handlers only. With registered ones as well, which are of use to other servers,
    grpc.aio waits for each method by itself: on every call it sets up and takes down as many waits as it has methods.
    """

    def __init__(self, server: grpc.aio.Server) -> None:
        self._server = server
        self.handlers: dict[str, Any] = {}

    def add_generic_rpc_handlers(self, handlers: Sequence[grpc.GenericRpcHandler]) -> None:
        self._server.add_generic_rpc_handlers(handlers)

    def add_registered_method_handlers(self, service: str, methods: Handlers) -> None:
        self.handlers.update({f"/{service}/{name}": handler for name, handler in methods.items()})


class BatchServicer(batch_pb2_grpc.BatchServiceServicer):
    """Answers calls that came together, each by itself and all at the same time."""

    def __init__(self, gate: RpcInterceptor, handlers: Handlers) -> None:
        self._gate = gate
        self._handlers = handlers

    async def CallTogether(
        self, request: batch_pb2.CallTogetherRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> batch_pb2.CallTogetherResponse:
        handler = self._handlers.get(request.method)
        if handler is None or handler.unary_unary is None:
            raise NotImplementedError
        answers = await asyncio.gather(*(self._gate.answer(request.method, handler, call) for call in request.calls))
        return batch_pb2.CallTogetherResponse(answers=answers)
