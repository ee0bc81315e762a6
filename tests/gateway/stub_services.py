"""Stubs of the eight services: real gRPC servers that respond as a test configures, and record their calls."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import grpc

# Imported for the side effect: their messages are registered by name.
from adwright.billing.v1 import billing_pb2, keys_pb2  # noqa: F401
from adwright.campaign.v1 import campaign_pb2  # noqa: F401
from adwright.catalog.v1 import catalog_pb2  # noqa: F401
from adwright.copy.v1 import copy_pb2  # noqa: F401
from adwright.image.v1 import image_pb2  # noqa: F401
from adwright.job.v1 import job_pb2
from adwright.video.v1 import video_pb2  # noqa: F401
from adwright.webhook.v1 import webhook_pb2  # noqa: F401
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.message import Message
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from gateway.routes import Route
from gateway.settings import SERVICES, Address

START_SECONDS = 10
MAX_MESSAGE_BYTES = 12 << 20

Unary = Callable[[Any, Any], Awaitable[Message]]
Stream = Callable[[Any, Any], AsyncIterator[Message]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call that reached a stub service."""

    method: str
    request: Any
    metadata: Mapping[str, Any]


def message_class(name: str) -> Any:
    return message_factory.GetMessageClass(descriptor_pool.Default().FindMessageTypeByName(name))


def refusing(code: grpc.StatusCode, *metadata: tuple[str, str | bytes], details: str = "no") -> Unary:
    """A handler that aborts with this status and trailing metadata, like the chassis."""

    async def respond(request: Any, context: Any) -> Message:
        await context.abort(code, details, trailing_metadata=metadata)
        raise AssertionError("aborting raises")

    return respond


def _internal(calls: list[Call]) -> Any:
    """A method for services only. The stub serves it, so only the gateway keeps clients from reaching it."""

    async def lease(request: Any, context: Any) -> Any:
        calls.append(Call(method="LeaseJob", request=request, metadata={}))
        return job_pb2.LeaseJobResponse()

    handler = grpc.unary_unary_rpc_method_handler(
        lease,
        request_deserializer=job_pb2.LeaseJobRequest.FromString,
        response_serializer=job_pb2.LeaseJobResponse.SerializeToString,
    )
    return grpc.method_handlers_generic_handler("adwright.job.v1.JobWorkerService", {"LeaseJob": handler})


class StubServices:
    """Six servers on free ports, in their own event loop."""

    def __init__(self, routes: tuple[Route, ...]) -> None:
        self._routes = routes
        self.calls: list[Call] = []
        self.unary: dict[str, Unary] = {}
        self.stream: dict[str, Stream] = {}
        self.addresses: dict[str, Address] = {}
        self._servers: list[grpc.aio.Server] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def start(self) -> None:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(START_SECONDS)

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(START_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(START_SECONDS)

    def forget(self) -> None:
        """Removes recorded calls and configured responses; runs before each test."""
        self.calls.clear()
        self.unary.clear()
        self.stream.clear()

    def last(self) -> Call:
        return self.calls[-1]

    async def _start(self) -> None:
        for name in SERVICES:
            server = grpc.aio.server(options=[("grpc.max_receive_message_length", MAX_MESSAGE_BYTES)])
            known = [route for route in self._routes if route.upstream == name]
            for service in {route.service for route in known}:
                methods = {route.method: self._handler(route) for route in known if route.service == service}
                methods |= {
                    route.events_of: self._handler(replace(route, method=route.events_of, response=route.event))
                    for route in known
                    if route.service == service and route.events_of
                }
                server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, methods),))
            if name == "job":
                server.add_generic_rpc_handlers((_internal(self.calls),))
            healthy = health.aio.HealthServicer()
            for route in known:
                await healthy.set(route.service, health_pb2.HealthCheckResponse.SERVING)
            health_pb2_grpc.add_HealthServicer_to_server(healthy, server)
            self.addresses[name] = Address(host="127.0.0.1", port=server.add_insecure_port("127.0.0.1:0"))
            await server.start()
            self._servers.append(server)

    async def _stop(self) -> None:
        for server in self._servers:
            await server.stop(None)

    def _note(self, route: Route, request: Any, context: Any) -> None:
        metadata = dict(context.invocation_metadata() or ())
        self.calls.append(Call(method=route.method, request=request, metadata=metadata))

    def _handler(self, route: Route) -> Any:
        response = message_class(route.response)

        async def unary(request: Any, context: Any) -> Any:
            self._note(route, request, context)
            planned = self.unary.get(route.method)
            return response() if planned is None else await planned(request, context)

        async def stream(request: Any, context: Any) -> AsyncIterator[Any]:
            self._note(route, request, context)
            planned = self.stream.get(route.method)
            if planned is None:
                yield response()
                return
            async for message in planned(request, context):
                yield message

        make = grpc.unary_stream_rpc_method_handler if route.streaming else grpc.unary_unary_rpc_method_handler
        return make(
            stream if route.streaming else unary,
            request_deserializer=message_class(route.request).FromString,
            response_serializer=response.SerializeToString,
        )
