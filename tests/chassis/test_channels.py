"""Channels between services."""

from __future__ import annotations

from typing import Any

import grpc
import pytest

from services.chassis.rpc.server import open_channel


class Echo(grpc.GenericRpcHandler):
    """Answers every method with its request."""

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[bytes, bytes]:
        async def echo(request: bytes, _context: grpc.aio.ServicerContext[bytes, bytes]) -> bytes:
            return request

        return grpc.unary_unary_rpc_method_handler(echo)


async def _call(channel: grpc.aio.Channel, request: bytes) -> bytes:
    method: Any = channel.unary_unary("/echo/Echo")
    return bytes(await method(request))


async def _serve(port: int = 0) -> tuple[grpc.aio.Server, int]:
    server = grpc.aio.server(handlers=[Echo()])
    port = server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    return server, port


async def test_new_channel_reaches_a_restarted_server_while_an_older_one_backs_off() -> None:
    server, port = await _serve()
    async with open_channel(f"127.0.0.1:{port}") as older:
        assert await _call(older, b"1") == b"1"
        await server.stop(0)
        with pytest.raises(grpc.aio.AioRpcError):
            await _call(older, b"2")
        server, _ = await _serve(port)
        async with open_channel(f"127.0.0.1:{port}") as newer:
            assert await _call(newer, b"3") == b"3"
        await server.stop(0)
