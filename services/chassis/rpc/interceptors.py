"""The interceptor of every RPC: authorization, validation, metrics, and the wire format of refusals."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextvars import ContextVar
from typing import Any

import grpc
import protovalidate
import structlog
from adwright.access.v1 import access_pb2
from adwright.batch.v1 import batch_pb2
from adwright.rules.v1 import rules_pb2
from google.protobuf import any_pb2, descriptor_pool
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from services.chassis.errors import (
    DependencyUnavailable,
    FieldViolation,
    Forbidden,
    ForwardedRefusal,
    Kind,
    Refusal,
    Unauthenticated,
    ValidationFailed,
)
from services.chassis.observability.telemetry import CALL_SECONDS, CALLS
from services.chassis.observability.tracing import HEADER, begin_call, mark_refused
from services.chassis.rpc.api_keys import ApiKeyVerifier
from services.chassis.rpc.auth import CallerIdentity, TokenVerifier, caller, set_caller
from services.chassis.rpc.validation import nul_violations

ERROR_DOMAIN = "adwright"
# By default Envoy refuses header blocks over 60 KiB and gRPC metadata over 8 KiB: a refusal must stay well below.
MAX_FIELDS = 15
MAX_FIELD_MESSAGE = 200
MAX_MESSAGE = 800
MAX_REQUEST_ID = 100
# Reasons that concern the end user and not the calling service: they are forwarded although their kind is internal.
END_USER_REASONS = frozenset({"API_KEY_ENDED"})

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
        self._callers: dict[str, frozenset[int]] = {}

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
        _validate(request)

    async def handle_batched_call(self, method: str, handler: Any, call: batch_pb2.Call) -> batch_pb2.Answer:
        """Handles one call of a CallTogether batch as if it had arrived by itself. The caller is the batch's caller."""
        if method not in self._callers:
            self._callers[method] = permitted_callers(method)
        began = time.perf_counter()
        span = begin_call(method, call.traceparent)
        _request_id.set(call.request_id[:MAX_REQUEST_ID] or str(uuid.uuid4()))
        try:
            if not _may_call(caller(), self._callers[method]):
                raise Forbidden(_missing_permission(caller()))
            request = handler.request_deserializer(call.request)
            _validate(request)
            response = handler.response_serializer(await handler.unary_unary(request, None))
        except Exception as error:
            refusal = _record_refusal(method, error)
            kind = refusal.kind
            return batch_pb2.Answer(
                refused=batch_pb2.Refused(
                    code=kind.code,
                    http_status=kind.http_status,
                    body=rest_body(refusal, request_id()),
                    retry_after_seconds=refusal.retry_after_seconds or 0,
                )
            )
        finally:
            CALL_SECONDS.labels(method).observe(time.perf_counter() - began)
            span.end()
        CALLS.labels(method, "OK").inc()
        return batch_pb2.Answer(response=response)


def _headers(context: grpc.aio.ServicerContext[Any, Any]) -> dict[str, str]:
    """Returns the call's text metadata by lower-case name. The last value of a repeated name wins."""
    return {str(key): value for key, value in context.invocation_metadata() or () if isinstance(value, str)}


def _validate(request: Message) -> None:
    """Raises ValidationFailed when the request breaks a rule of the proto."""
    found = [violation_of(request, violation) for violation in protovalidate.collect_violations(request)]
    found += nul_violations(request)
    if found:
        raise ValidationFailed(found)


def permitted_callers(method: str) -> frozenset[int]:
    """Returns the callers that the proto permits for "/package.Service/Method"."""
    service, _, name = method.lstrip("/").partition("/")
    descriptor = descriptor_pool.Default().FindMethodByName(f"{service}.{name}")
    return frozenset(descriptor.GetOptions().Extensions[access_pb2.callers])


def _may_call(identity: CallerIdentity, callers: frozenset[int]) -> bool:
    if identity.service:
        return access_pb2.CALLER_SERVICE in callers
    if access_pb2.CALLER_USER in callers:
        return True
    if identity.api_key_id:
        return False
    return access_pb2.CALLER_TOKEN in callers or (identity.admin and access_pb2.CALLER_ADMIN in callers)


def _missing_permission(identity: CallerIdentity) -> str:
    if identity.api_key_id:
        return "API keys do not open this method; send a token as Authorization: Bearer."
    return "This method is not open to the caller."


def violation_of(request: Message, violation: Any) -> FieldViolation:
    """Converts a violation of protovalidate: the field named as in JSON, the message from the `must_be` option."""
    path = ""
    descriptor: Any = request.DESCRIPTOR
    must_be = ""
    field_path = violation.proto.field  # None for a rule over several fields
    for element in field_path.elements if field_path is not None else ():
        name = element.field_name
        if descriptor is not None and name in descriptor.fields_by_name:
            field = descriptor.fields_by_name[name]
            name, descriptor = field.json_name, field.message_type
            must_be = field.GetOptions().Extensions[rules_pb2.must_be]
        path += ("." if path else "") + name
        subscript = element.subscript
        if subscript is not None:
            path += f"[{json.dumps(subscript.value)}]"
    message = violation.proto.message
    if violation.proto.rule_id == "string.pattern" and must_be:
        message = f"must be {must_be}"
    if not path and ":" in message:  # the message of a rule over several fields starts with the field's name
        path, _, message = (part.strip() for part in message.partition(":"))
    return FieldViolation(field=path or "body", message=message)


def to_refusal(error: BaseException) -> Refusal | None:
    """Returns the refusal for an exception; None for an unexpected one."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, grpc.aio.AioRpcError):
        return refusal_from_rpc_error(error)
    if isinstance(error, TimeoutError):
        return DependencyUnavailable("This took too long; try again.", retry_after_seconds=1)
    return None


def refusal_from_rpc_error(error: grpc.aio.AioRpcError | grpc.Call) -> Refusal:
    """Returns the refusal that another service sent; DependencyUnavailable or INTERNAL for a failure without one."""
    metadata = {str(key): value for key, value in error.trailing_metadata() or ()}
    body, status = metadata.get("x-adwright-error"), metadata.get("x-adwright-status")
    if isinstance(body, str):
        retry_after = metadata.get("retry-after")
        return refusal_from_body(
            error.code().name, body, int(str(status)) if status else 0, int(str(retry_after)) if retry_after else 0
        )
    if error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED):
        log.warning("dependency_unavailable", code=error.code().name, details=error.details())
        return DependencyUnavailable("Part of the system cannot be reached; try again.", retry_after_seconds=1)
    log.error("internal_call_failed", code=error.code().name, details=error.details())
    return Refusal("Something went wrong on our side.")


def refusal_from_body(code: str, body: str, http_status: int, retry_after_seconds: int) -> Refusal:
    """Returns the refusal that another service wrote with `rest_body`."""
    error = json.loads(body)["error"]
    kind = next(
        (kind for kind in Kind if kind.code == code and kind.http_status == http_status),
        next((kind for kind in Kind if kind.code == code), Kind.FAILED),
    )
    if error["reason"] in END_USER_REASONS or kind not in (
        Kind.UNAUTHENTICATED,
        Kind.FORBIDDEN,
        Kind.INVALID,
        Kind.FAILED,
    ):
        return ForwardedRefusal(
            error["message"],
            kind=kind,
            reason=error["reason"],
            fields=[FieldViolation(**field) for field in error.get("fields", [])],
            retry_after_seconds=retry_after_seconds or None,
        )
    # A defect between the services: the end user neither caused it nor can avoid it.
    log.error("internal_call_refused", code=code, reason=error["reason"], message=error["message"])
    return Refusal("Something went wrong on our side.")


def _record_refusal(method: str, error: Exception) -> Refusal:
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
        await context.abort(grpc.StatusCode.UNIMPLEMENTED, "The method is not provided.")
    refusal = _record_refusal(method, error)
    kind = refusal.kind
    metadata: list[tuple[str, str | bytes]] = [
        ("x-adwright-error", rest_body(refusal, request_id())),
        ("x-adwright-status", str(kind.http_status)),
        ("grpc-status-details-bin", _rich_status(refusal)),
    ]
    if refusal.retry_after_seconds is not None:
        metadata.append(("retry-after", str(refusal.retry_after_seconds)))
    await context.abort(grpc.StatusCode[kind.code], refusal.message[:MAX_MESSAGE], trailing_metadata=tuple(metadata))


def rest_body(refusal: Refusal, request_identifier: str) -> str:
    """Returns the JSON body of a REST refusal, in ASCII because it is sent in a header."""
    error: dict[str, Any] = {
        "reason": refusal.reason,
        "message": _truncated(refusal.message, MAX_MESSAGE),
    }
    if refusal.fields:
        error["fields"] = [
            {
                "field": _truncated(violation.field, MAX_FIELD_MESSAGE),
                "message": _truncated(violation.message, MAX_FIELD_MESSAGE),
            }
            for violation in refusal.fields[:MAX_FIELDS]
        ]
    error["requestId"] = request_identifier
    error["retryable"] = refusal.retryable
    return json.dumps({"error": error}, ensure_ascii=True, separators=(",", ":"))


def _truncated(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def _rich_status(refusal: Refusal) -> bytes:
    details = []
    info = any_pb2.Any()
    info.Pack(error_details_pb2.ErrorInfo(reason=refusal.reason, domain=ERROR_DOMAIN))
    details.append(info)
    if refusal.fields:
        bad = any_pb2.Any()
        bad.Pack(
            error_details_pb2.BadRequest(
                field_violations=[
                    error_details_pb2.BadRequest.FieldViolation(
                        field=_truncated(violation.field, MAX_FIELD_MESSAGE),
                        description=_truncated(violation.message, MAX_FIELD_MESSAGE),
                    )
                    for violation in refusal.fields[:MAX_FIELDS]
                ]
            )
        )
        details.append(bad)
    code = grpc.StatusCode[refusal.kind.code].value[0]
    return bytes(
        status_pb2.Status(
            code=code, message=_truncated(refusal.message, MAX_MESSAGE), details=details
        ).SerializeToString()
    )


async def cancel_and_wait(*tasks: asyncio.Task[Any]) -> None:
    """Cancels tasks and waits until they have finished. Discards their exceptions."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
