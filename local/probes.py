"""Health probes of the local system's processes."""

from __future__ import annotations

import asyncio
import os
import ssl

import grpc
import httpx
from grpc_health.v1 import health_pb2, health_pb2_grpc

# Envoy's admin address has no TLS. Without this context every client reads the certificates of all public authorities.
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def process_exists(pid: int) -> bool:
    """Whether a process with this id exists, whoever owns it."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # another user's process: PostgreSQL's when the system runs as root
    return True


async def accepts_connections(port: int, host: str = "127.0.0.1") -> bool:
    """Whether something accepts TCP connections on the port."""
    try:
        _, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    writer.close()
    return True


async def is_serving(port: int) -> bool:
    """Whether the gRPC health service on the port reports SERVING within 1 s."""
    if not await accepts_connections(port):  # much cheaper than a channel, for a process that is polled as it starts
        return False
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            response = await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=1)
    except grpc.aio.AioRpcError:
        return False
    return bool(response.status == health_pb2.HealthCheckResponse.SERVING)


async def gateway_ready(admin_port: int) -> bool:
    """Whether Envoy is ready and has fetched the keys that verify tokens, which takes a moment longer."""
    admin = f"http://127.0.0.1:{admin_port}"
    try:
        async with httpx.AsyncClient(timeout=1, trust_env=False, verify=NO_TLS) as client:
            stats = await client.get(f"{admin}/stats?filter=jwks_fetch_success")
            return (await client.get(f"{admin}/ready")).status_code == 200 and "success: 0" not in stats.text
    except httpx.HTTPError:
        return False
