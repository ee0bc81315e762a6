"""The gRPC server of a service: health, reflection, background loops and a graceful stop."""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, cast

import grpc
import structlog
import uvloop
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection, reflection_pb2_grpc

from services.chassis.clock import Clock, SystemClock
from services.chassis.config import ServiceSettings
from services.chassis.observability import telemetry, tracing
from services.chassis.rpc.api_keys import ApiKeyLookup, ApiKeyVerifier, NoApiKeys
from services.chassis.rpc.auth import TokenVerifier
from services.chassis.rpc.interceptors import RpcInterceptor
from services.chassis.tasks import cancel_and_wait

MAX_MESSAGE_BYTES = 12 * 1024 * 1024  # a 10 MiB photo and the message around it
MAX_CONCURRENT_CALLS = 4_000  # above it gRPC responds RESOURCE_EXHAUSTED immediately, before memory runs out
READINESS_SECONDS = 1.0
GC_THRESHOLD = (700, 10, 10)  # CPython's default; services/__init__.py raises it until a process serves

log = structlog.get_logger()

OPTIONS: list[tuple[str, int]] = [
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    ("grpc.so_reuseport", 0),  # off: otherwise two services could share one port unnoticed
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),  # Envoy pings every 20 s, also in long silences
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.max_metadata_size", 32 * 1024),
    # Clients reconnect and so discover added pods. The grace time is longer than any stream lasts.
    ("grpc.max_connection_age_ms", 300_000),
    ("grpc.max_connection_age_grace_ms", 3_700_000),
]

CHANNEL_OPTIONS: list[tuple[str, int | str]] = [
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_metadata_size", 32 * 1024),
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    # The default of 30 s is longer than a pod's rollout: clients would still call the address of the pod before.
    ("grpc.dns_min_time_between_resolutions_ms", 1_000),
    ("grpc.lb_policy_name", "round_robin"),  # over all addresses of a name; gRPC's default uses one
    ("grpc.enable_retries", 0),  # callers retry themselves, and only calls that are safe to repeat
    # Otherwise channels of a process share their connections, and one to a fresh server at a former one's address
    # begins with the former one's refused connection and its back-off.
    ("grpc.use_local_subchannel_pool", 1),
]


def token_verifier(settings: ServiceSettings, clock: Clock) -> TokenVerifier:
    """Returns the token verifier for the settings."""
    return TokenVerifier(
        issuer=settings.token_issuer,
        audience=settings.token_audience,
        jwks=settings.token_jwks,
        roles_claim=settings.token_roles_claim,
        service_secret=settings.service_secrets(),
        clock=clock,
    )


def open_channel(address: str) -> grpc.aio.Channel:
    """Opens a channel to another service. It reconnects automatically."""
    return grpc.aio.insecure_channel(address, options=CHANNEL_OPTIONS)


class _GenericHandlers:
    """A server to which servicers are added. Passes only their generic handlers on to the real server.

    With registered handlers grpc.aio waits for each method separately: on every call it sets up and removes as many
    waits as there are methods.
    """

    def __init__(self, server: grpc.aio.Server) -> None:
        self._server = server

    def add_generic_rpc_handlers(self, handlers: Sequence[grpc.GenericRpcHandler]) -> None:
        self._server.add_generic_rpc_handlers(handlers)

    def add_registered_method_handlers(self, service: str, methods: object) -> None:
        return


class Server:
    """A gRPC server for a service's servicers, with background loops that run while it serves."""

    def __init__(
        self,
        settings: ServiceSettings,
        *,
        register: Callable[[grpc.aio.Server], None],
        services: Sequence[str],
        ready: Callable[[], Awaitable[bool]],
        loops: Sequence[Callable[[], Coroutine[Any, Any, None]]] = (),
        closing: Sequence[Callable[[], None]] = (),
        api_keys: ApiKeyLookup | None = None,
        verifier: TokenVerifier | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Creates the server and binds its port.

        register: adds the servicers. services: their full proto names, for health and reflection. ready: whether the
        service can do its work now. loops: run from start to stop; one that returns or raises ends the server.
        closing: called first at a stop, to end streams; other calls have the grace time. api_keys: finds the owners
        of API keys; by default the server refuses every key. verifier: of tokens; by default the settings' own. clock:
        the machine's by default.
        """
        self._settings = settings
        self._ready = ready
        self._loops = loops
        self._closing = closing
        self._services = services
        clock = clock or SystemClock()
        interceptor = RpcInterceptor(
            verifier or token_verifier(settings, clock), ApiKeyVerifier(api_keys or NoApiKeys(), clock=clock)
        )
        self._server = grpc.aio.server(
            interceptors=[interceptor],
            options=OPTIONS,
            maximum_concurrent_rpcs=MAX_CONCURRENT_CALLS,
        )
        server = cast(grpc.aio.Server, _GenericHandlers(self._server))
        register(server)
        self._health = health.aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        names = [*services, health.SERVICE_NAME, reflection.SERVICE_NAME]
        reflection_pb2_grpc.add_ServerReflectionServicer_to_server(reflection.aio.ReflectionServicer(names), server)
        self.port = self._server.add_insecure_port(settings.listen)
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Starts serving and the loops. Health reports SERVING once `ready` returns true."""
        gc.freeze()  # modules and models live as long as the process: the collector need not scan them
        gc.set_threshold(*GC_THRESHOLD)
        await self._server.start()
        log.info("serving", address=self._settings.listen, port=self.port)
        await self._set_health(await self._ready())
        self._tasks = [asyncio.create_task(self._watch_readiness())]
        self._tasks += [asyncio.create_task(loop()) for loop in self._loops]

    async def stop(self) -> None:
        """Accepts no new calls, waits for running calls for the grace time, then stops the loops."""
        await self._health.enter_graceful_shutdown()
        for close in self._closing:
            close()
        await self._server.stop(self._settings.stop_grace_seconds)
        await cancel_and_wait(*self._tasks)

    async def run(self) -> None:
        """Serves until SIGTERM or SIGINT. Raises the error of a loop that fails, RuntimeError for one that returns."""
        stopping = stop_event()
        await self.start()
        wait = asyncio.create_task(stopping.wait())
        try:
            done, _ = await asyncio.wait([wait, *self._tasks], return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                if task is not wait:
                    task.result()
                    raise RuntimeError("a background loop of the service has returned")
        finally:
            wait.cancel()
            log.info("stopping")
            await self.stop()
            log.info("stopped")

    async def _watch_readiness(self) -> None:
        while True:
            await asyncio.sleep(READINESS_SECONDS)
            try:
                ready = await self._ready()
            except Exception as error:
                log.warning("readiness_check_failed", error=repr(error))
                ready = False
            await self._set_health(ready)

    async def _set_health(self, ready: bool) -> None:
        # The empty name is liveness: the process responds. The services' names are readiness: it can do its work.
        await self._health.set("", health_pb2.HealthCheckResponse.SERVING)
        status = health_pb2.HealthCheckResponse.SERVING if ready else health_pb2.HealthCheckResponse.NOT_SERVING
        for service in self._services:
            await self._health.set(service, status)


def stop_event() -> asyncio.Event:
    """Returns an event that SIGTERM and SIGINT set."""
    event = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, event.set)
    return event


async def always_ready() -> bool:
    """The readiness of a service without state: it can do its work whenever it responds."""
    return True


def start(name: str, settings: ServiceSettings, main: Coroutine[Any, Any, Any]) -> None:
    """Configures logs, metrics and traces of a process and runs its main coroutine on uvloop."""
    telemetry.configure(
        name, log_format=settings.log_format, log_level=settings.log_level, metrics_listen=settings.metrics_listen
    )
    tracing.configure(name, address=settings.trace_address, share=settings.trace_share)
    try:
        uvloop.run(main)
    finally:
        tracing.stop()
