"""Refusals between services: only the rich gRPC status counts, and it keeps everything."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2

from services.chassis.error_table import TABLE
from services.chassis.errors import FieldViolation, ForwardedRefusal, Refusal, RefusalKind
from services.chassis.rpc.refusals import (
    STATUS_HEADER,
    refusal_from_rpc_error,
    refusal_from_status,
    refusal_metadata,
    rich_status,
)
from services.chassis.rpc.server import open_channel

INTERNAL = ("UNAUTHENTICATED", "FORBIDDEN", "INVALID", "FAILED")


def sent(reason: str, kind: RefusalKind | None = None) -> Refusal:
    return ForwardedRefusal(
        "What to do.",
        kind=kind or RefusalKind(TABLE.refusals[reason].kind),
        reason=reason,
        fields=[FieldViolation(field="price", message="3")],
        retry_after_seconds=7,
    )


@asynccontextmanager
async def refusing(code: grpc.StatusCode, *metadata: tuple[str, str | bytes]) -> AsyncIterator[grpc.aio.Channel]:
    """A server that refuses every call with this code and trailing metadata; yields a channel to it."""

    async def refuse(request: bytes, context: grpc.aio.ServicerContext[bytes, bytes]) -> bytes:
        await context.abort(code, "no", trailing_metadata=metadata)

    server = grpc.aio.server()
    handlers: dict[str, Any] = {"Call": grpc.unary_unary_rpc_method_handler(refuse)}
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("test.Refusing", handlers)])
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with open_channel(f"127.0.0.1:{port}") as channel:
        yield channel
    await server.stop(None)


async def received(channel: grpc.aio.Channel) -> Refusal:
    call: Any = channel.unary_unary("/test.Refusing/Call")
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call(b"")
    return refusal_from_rpc_error(caught.value)


@pytest.mark.parametrize("reason", sorted(r for r, row in TABLE.refusals.items() if row.kind not in INTERNAL))
def test_every_reason_keeps_all_its_parts(reason: str) -> None:
    before = sent(reason)
    after = refusal_from_status(rich_status(before))
    assert vars(after) == vars(before)
    assert after.retryable == before.retryable


async def test_rest_body_and_status_of_another_service_are_not_read() -> None:
    status = rich_status(sent("TOO_MANY_LIVE_JOBS")).SerializeToString()
    other = (("x-adwright-error", "{ no JSON"), ("x-adwright-status", "402"), ("retry-after", "99"))
    async with refusing(grpc.StatusCode.RESOURCE_EXHAUSTED, (STATUS_HEADER, status), *other) as channel:
        assert vars(await received(channel)) == vars(sent("TOO_MANY_LIVE_JOBS"))
    async with refusing(grpc.StatusCode.RESOURCE_EXHAUSTED, *other) as channel:
        assert (await received(channel)).reason == "INTERNAL"


async def test_refusal_passes_a_call_between_services_unchanged() -> None:
    refusal = sent("INSUFFICIENT_CREDITS")
    async with refusing(grpc.StatusCode.FAILED_PRECONDITION, *refusal_metadata(refusal, "id")) as channel:
        assert vars(await received(channel)) == vars(refusal)


def test_reason_of_a_newer_service_is_forwarded_by_its_code() -> None:
    after = refusal_from_status(rich_status(sent("NOT_YET_KNOWN", RefusalKind.CONFLICT)))
    assert (after.kind, after.reason) == (RefusalKind.CONFLICT, "NOT_YET_KNOWN")


@pytest.mark.parametrize("reason", ["VALIDATION_FAILED", "FORBIDDEN", "UNAUTHENTICATED"])
def test_defects_between_services_are_not_shown_to_the_end_user(reason: str) -> None:
    assert refusal_from_status(rich_status(sent(reason))).reason == "INTERNAL"


@pytest.mark.parametrize("reason", ["VALIDATION_FAILED", "SCRIPT_NOT_SPEAKABLE", "SCRIPT_NOT_ALLOWED"])
def test_refusal_of_fields_that_the_user_wrote_is_forwarded(reason: str) -> None:
    assert vars(refusal_from_status(rich_status(sent(reason)), of_users_input=True)) == vars(sent(reason))
    assert refusal_from_status(rich_status(sent("FORBIDDEN")), of_users_input=True).reason == "INTERNAL"


def test_ended_key_of_the_end_user_is_forwarded() -> None:
    assert refusal_from_status(rich_status(sent("API_KEY_ENDED"))).reason == "API_KEY_ENDED"


def test_grpc_clients_read_the_retry_delay_from_retry_info() -> None:
    retry = error_details_pb2.RetryInfo()
    assert [
        retry.retry_delay.seconds for detail in rich_status(sent("OVERLOADED")).details if detail.Unpack(retry)
    ] == [7]
