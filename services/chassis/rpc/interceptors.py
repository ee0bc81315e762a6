"""The interceptor of every RPC: authorization, validation, metrics and refusals."""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextvars import ContextVar
from typing import Any

import grpc
import structlog
from adwright.access.v1 import access_pb2
from google.protobuf import descriptor_pool
from google.protobuf.message import Message

from services.chassis.errors import Forbidden, Refusal, Unauthenticated
from services.chassis.observability.telemetry import CALL_SECONDS, CALLS
from services.chassis.observability.tracing import HEADER, begin_call, mark_refused
from services.chassis.rpc.api_keys import ApiKeyVerifier
from services.chassis.rpc.auth import CallerIdentity, TokenVerifier, set_caller
from services.chassis.rpc.refusals import MAX_MESSAGE, refusal_metadata, to_refusal
from services.chassis.rpc.validation import validate

MAX_REQUEST_ID = 100

log = structlog.get_logger()
_request_id: ContextVar[str] = ContextVar("request_id", default="")


def request_id() -> str:
    """Returns the id of the current request, which calls to other services carry."""
    return _request_id.get()


class RpcInterceptor(grpc.aio.ServerInterceptor):  # type: ignore[misc,unused-ignore]
    """Authorizes and validates each call, runs its method, and turns exceptions into refusals. Records metrics.

    The permitted callers stand in the method's `callers` option in the proto. A method without the option is refused
    to everybody.
    """

    def __init__(self, tokens: TokenVerifier, api_keys: ApiKeyVerifier) -> None:
        self._tokens = tokens
        self._api_keys = api_keys
        self._wrapped: dict[str, grpc.RpcMethodHandler[Any, Any]] = {}

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler[Any, Any] | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        method = handler_call_details.method
        if method not in self._wrapped:
            handler = await continuation(handler_call_details)
            if handler is None:  # unknown: gRPC responds UNIMPLEMENTED; not cached, since clients choose the names
                return handler
            self._wrapped[method] = self._wrap(method, handler)
        return self._wrapped[method]

    def _wrap(self, method: str, handler: grpc.RpcMethodHandler[Any, Any]) -> grpc.RpcMethodHandler[Any, Any]:
        if method.startswith(("/grpc.health.", "/grpc.reflection.")):
            return handler
        callers = permitted_callers(method)
        if handler.unary_unary is not None:
            return grpc.unary_unary_rpc_method_handler(
                self._unary(method, callers, handler.unary_unary),
                request_deserializer=handler.request_deserializer,
                response_serializer=handler.response_serializer,
            )
        if handler.unary_stream is not None:
            return grpc.unary_stream_rpc_method_handler(
                self._stream(method, callers, handler.unary_stream),
                request_deserializer=handler.request_deserializer,
                response_serializer=handler.response_serializer,
            )
        raise TypeError(f"{method}: methods with request streams are not supported")

    def _unary(self, method: str, callers: frozenset[int], inner: Any) -> Any:
        seconds = CALL_SECONDS.labels(method)
        succeeded = CALLS.labels(method, "OK")

        async def behaviour(request: Message, context: grpc.aio.ServicerContext[Any, Any]) -> Any:
            began = time.perf_counter()
            headers = _headers(context)
            span = begin_call(method, headers.get(HEADER, ""))
            try:
                await self._authorize(callers, request, headers)
                response = await inner(request, context)
            except Exception as error:
                await _refuse(method, error, context)
                raise  # not reached: abort raises
            finally:
                seconds.observe(time.perf_counter() - began)
                span.end()
            succeeded.inc()
            return response

        return behaviour

    def _stream(self, method: str, callers: frozenset[int], inner: Any) -> Any:
        async def behaviour(request: Message, context: grpc.aio.ServicerContext[Any, Any]) -> AsyncIterator[Any]:
            headers = _headers(context)
            span = begin_call(method, headers.get(HEADER, ""))
            try:
                await self._authorize(callers, request, headers)
                async for response in inner(request, context):
                    yield response
            except Exception as error:
                await _refuse(method, error, context)
            finally:
                span.end()
            CALLS.labels(method, "OK").inc()

        return behaviour

    async def _authorize(self, callers: frozenset[int], request: Message, headers: Mapping[str, str]) -> None:
        authorization, api_key = headers.get("authorization", ""), headers.get("x-api-key", "")
        _request_id.set(headers.get("x-request-id", "")[:MAX_REQUEST_ID] or str(uuid.uuid4()))
        set_caller(None)
        if access_pb2.CALLER_PUBLIC not in callers:
            if authorization and api_key:
                raise Unauthenticated("Send a token or an API key, not both.")
            if not authorization and not api_key:
                raise Unauthenticated("A bearer token or an API key is required.")
            identity = await (self._api_keys.verify(api_key) if api_key else self._tokens.verify(authorization))
            if not _may_call(identity, callers):
                raise Forbidden(_missing_permission(identity))
            set_caller(identity)
        validate(request)


def _headers(context: grpc.aio.ServicerContext[Any, Any]) -> dict[str, str]:
    """Returns the call's text metadata by lower-case name. The last value of a repeated name wins."""
    return {str(key): value for key, value in context.invocation_metadata() or () if isinstance(value, str)}


def permitted_callers(method: str) -> frozenset[int]:
    """Returns the callers that the proto permits for "/package.Service/Method"."""
    service, _, name = method.lstrip("/").partition("/")
    descriptor = descriptor_pool.Default().FindMethodByName(f"{service}.{name}")
    return frozenset(descriptor.GetOptions().Extensions[access_pb2.callers])


def _may_call(identity: CallerIdentity, callers: frozenset[int]) -> bool:
    if identity.acting_service:  # never more than the methods that say so: not all that the user may call
        return access_pb2.CALLER_SERVICE_FOR_USER in callers
    if identity.service:
        return access_pb2.CALLER_SERVICE in callers
    if access_pb2.CALLER_USER in callers:
        return True
    if identity.api_key_id:
        return False
    return access_pb2.CALLER_TOKEN in callers or (identity.admin and access_pb2.CALLER_ADMIN in callers)


def _missing_permission(identity: CallerIdentity) -> str:
    if identity.api_key_id:
        return "API keys cannot call this method. Send a token as Authorization: Bearer."
    return "You are not allowed to call this method."


def record_refusal(method: str, error: Exception) -> Refusal:
    """Returns the refusal for an exception. Counts it, and logs an unexpected exception."""
    refusal = to_refusal(error)
    if refusal is None:
        log.error("call_failed", method=method, request_id=request_id(), exc_info=error)
        refusal = Refusal("Something went wrong on our side.")
    kind = refusal.kind
    CALLS.labels(method, kind.code).inc()
    mark_refused(refusal.reason, fault=kind.http_status >= 500)
    log.debug("call_refused", method=method, reason=refusal.reason, request_id=request_id())
    return refusal


async def _refuse(method: str, error: Exception, context: grpc.aio.ServicerContext[Any, Any]) -> None:
    if isinstance(error, NotImplementedError):
        await context.abort(grpc.StatusCode.UNIMPLEMENTED, "This method is not implemented.")
    refusal = record_refusal(method, error)
    await context.abort(
        grpc.StatusCode[refusal.kind.code],
        refusal.message[:MAX_MESSAGE],
        trailing_metadata=refusal_metadata(refusal, request_id()),
    )
