"""Batch RPCs: one message carries concurrent requests of one kind, and each has an outcome of its own.

A gRPC call costs many times the work that it causes. A method `DoThing` that is called often has a sibling `DoThings`:
its request has `requests`, which are validated one by one, and its response has `outcomes` in the same order, each a
`response` or a `refused` (google.rpc.Status).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any, Generic, TypeVar

import grpc
from google.protobuf.message import Message

from services.chassis.data.batcher import Batcher
from services.chassis.errors import Refusal, ValidationFailed
from services.chassis.observability.telemetry import CALLS
from services.chassis.rpc.auth import ServiceIdentity
from services.chassis.rpc.interceptors import record_refusal
from services.chassis.rpc.refusals import refusal_from_rpc_error, refusal_from_status, rich_status
from services.chassis.rpc.validation import validate

Request = TypeVar("Request", bound=Message)
Response = TypeVar("Response", bound=Message)
Outcome = TypeVar("Outcome", bound=Message)

MAX_BATCH = 256  # requests in one message, as in the protos
MAX_BYTES = 4 * 1024 * 1024  # of requests in one message; the servers accept 12 MiB
MAX_WAITING = 4_000


class BatchCalls(Generic[Request, Response]):
    """Calls a method of another service by its batch RPC. A call alone is sent at once; calls that are made while a
    message is under way form the next one."""

    def __init__(
        self,
        *,
        single: Any,
        batch: Any,
        message: Callable[..., Message],
        identity: ServiceIdentity,
        seconds: float,
        concurrency: int = 1,
        beside_after_seconds: float = 0.0,
    ) -> None:
        """single, batch: the stub's methods, such as SubmitJob and SubmitJobs. message: the batch's request, such as
        SubmitJobsRequest. seconds: deadline of a message. concurrency: messages that are under way together.
        beside_after_seconds: see Batcher."""
        self._single = single
        self._batch = batch
        self._message = message
        self._identity = identity
        self._seconds = seconds
        self._batcher: Batcher[Request, Response] = Batcher(
            self._send,
            max_batch=MAX_BATCH,
            max_waiting=MAX_WAITING,
            max_wait_seconds=seconds,
            concurrency=concurrency,
            beside_after_seconds=beside_after_seconds,
        )

    async def __call__(self, request: Request) -> Response:
        """Returns the request's response.

        Raises the other service's refusal, Overloaded when too many calls wait, and DependencyUnavailable when the
        service cannot be reached within `seconds` after sending.
        """
        return await self._batcher.submit(request)

    async def _send(self, requests: Sequence[Request]) -> list[Response | Refusal]:
        parts = await asyncio.gather(*(self._send_part(part) for part in _parts(requests)))
        return [outcome for part in parts for outcome in part]

    async def _send_part(self, requests: Sequence[Request]) -> list[Response | Refusal]:
        try:
            response = await self._batch(
                self._message(requests=requests), metadata=self._identity.metadata(), timeout=self._seconds
            )
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.UNIMPLEMENTED:  # a service of the version before batch RPCs
                return list(await asyncio.gather(*(self._send_single(request) for request in requests)))
            refusal = refusal_from_rpc_error(error)
            return [refusal for _ in requests]
        return [
            refusal_from_status(outcome.refused) if outcome.HasField("refused") else outcome.response
            for outcome in response.outcomes
        ]

    async def _send_single(self, request: Request) -> Response | Refusal:
        try:
            response: Response = await self._single(request, metadata=self._identity.metadata(), timeout=self._seconds)
        except grpc.aio.AioRpcError as error:
            return refusal_from_rpc_error(error)
        return response


def _parts(requests: Sequence[Request]) -> Iterator[list[Request]]:
    """Splits the requests into messages of at most MAX_BYTES."""
    part: list[Request] = []
    size = 0
    for request in requests:
        length = request.ByteSize()
        if part and size + length > MAX_BYTES:
            yield part
            part, size = [], 0
        part.append(request)
        size += length
    yield part


async def outcomes(
    outcome: Callable[..., Outcome],
    method: str,
    requests: Sequence[Request],
    apply: Callable[[Sequence[Request]], Awaitable[Sequence[Message | BaseException]]],
) -> list[Outcome]:
    """Handles the requests of a batch RPC; their outcomes in order. An invalid or refused request affects no other.

    outcome: the message of an outcome, such as SubmitJobOutcome. method: the method that handles one such request,
    under whose name the requests are counted. apply: takes the valid requests, and returns or, for a request that it
    refuses, contains an exception.
    """
    invalid: dict[int, ValidationFailed] = {}
    for place, request in enumerate(requests):
        try:
            validate(request)
        except ValidationFailed as error:
            invalid[place] = error
    valid = [request for place, request in enumerate(requests) if place not in invalid]
    applied = iter(await apply(valid) if valid else ())
    results = [invalid[place] if place in invalid else next(applied) for place in range(len(requests))]
    succeeded = sum(isinstance(result, Message) for result in results)
    CALLS.labels(method, "OK").inc(succeeded)
    return [
        outcome(response=result) if isinstance(result, Message) else outcome(refused=_refused(method, result))
        for result in results
    ]


def _refused(method: str, error: BaseException) -> Any:
    if not isinstance(error, Exception):
        raise error
    return rich_status(record_refusal(method, error))
