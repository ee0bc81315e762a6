"""The latency that the gateway adds to a call, as a distribution: `python -m tests.bench.gateway_latency`.

The same call (GetCredits, which reads one indexed row) is sent to billing directly, by gRPC through the gateway, and by
REST through the gateway. In each round the three follow one another in random order on open connections, so that they
meet the same load of the machine. The gRPC client is the same for both routes; REST includes the transcoding and a
client that only writes and reads bytes.
"""

from __future__ import annotations

import argparse
import random
import socket
import statistics
import time
from collections.abc import Callable, Mapping, Sequence

import grpc
from adwright.billing.v1 import billing_pb2, billing_pb2_grpc
from rich.console import Console
from rich.table import Table

from local.system import Options
from tests.running import RunningSystem

ROUNDS = 3_000
WARMUP_ROUNDS = 300  # the first calls open connections, verify the token and plan the query
SHARES = (0.5, 0.9, 0.99, 0.999)
DIRECT, NATIVE, REST = "gRPC to the service", "gRPC through the gateway", "REST through the gateway"
SECONDS = 10


class RestConnection:
    """One HTTP/1.1 connection that repeats the same GET."""

    def __init__(self, port: int, path: str, token: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._request = f"GET {path} HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer {token}\r\n\r\n".encode()

    def call(self) -> None:
        """Sends the request and reads the whole response. Raises RuntimeError unless its status is 200."""
        self._socket.sendall(self._request)
        response = b""
        while b"\r\n\r\n" not in response:
            response += self._receive()
        head, _, body = response.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(head.decode("latin-1"))
        lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        while len(body) < int(lengths[0].partition(b":")[2]):
            body += self._receive()

    def _receive(self) -> bytes:
        data = self._socket.recv(65536)
        if not data:
            raise RuntimeError("The gateway closed the connection.")
        return data

    def close(self) -> None:
        self._socket.close()


def measured(system: RunningSystem, rounds: int = ROUNDS) -> dict[str, list[float]]:
    """Milliseconds of each call by route; the n-th values of all routes belong to the same round."""
    user = "latency"
    token = system.token(user)
    metadata = (("authorization", f"Bearer {token}"),)
    request = billing_pb2.GetCreditsRequest()
    ports = system.system.ports
    direct = grpc.insecure_channel(f"127.0.0.1:{ports['billing']}")
    native = grpc.insecure_channel(f"127.0.0.1:{ports['gateway']}")
    rest = RestConnection(ports["gateway"], "/api/credits", token)

    def by(channel: grpc.Channel) -> Callable[[], object]:
        stub = billing_pb2_grpc.BillingServiceStub(channel)
        return lambda: stub.GetCredits(request, metadata=metadata, timeout=SECONDS)

    routes: Mapping[str, Callable[[], object]] = {DIRECT: by(direct), NATIVE: by(native), REST: rest.call}
    found: dict[str, list[float]] = {name: [] for name in routes}
    order = list(routes)
    chance = random.Random(1)
    for number in range(WARMUP_ROUNDS + rounds):
        chance.shuffle(order)
        for name in order:
            began = time.perf_counter()
            routes[name]()
            took = (time.perf_counter() - began) * 1000
            if number >= WARMUP_ROUNDS:
                found[name].append(took)
    for connection in (direct, native, rest):
        connection.close()
    return found


def percentile(values: Sequence[float], share: float) -> float:
    """A percentile of the values. share: 0.5 for the median."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def rows(found: Mapping[str, Sequence[float]]) -> list[tuple[str, list[float]]]:
    """Name, p50, p90, p99, p99.9 and mean of each route, and of its difference to the direct call of the same round.

    Some differences are negative: in these rounds the direct call had to wait for the machine.
    """

    def row(name: str, values: Sequence[float]) -> tuple[str, list[float]]:
        return name, [*(percentile(values, share) for share in SHARES), statistics.fmean(values)]

    lines = [row(name, values) for name, values in found.items()]
    for name in (NATIVE, REST):
        added = [routed - direct for routed, direct in zip(found[name], found[DIRECT], strict=True)]
        lines.append(row(f"added: {name}", added))
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.gateway_latency", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="calls per route")
    arguments = parser.parse_args()
    system = RunningSystem(Options(workers=False), durable=True)
    try:
        found = measured(system, arguments.rounds)
    finally:
        system.stop()
    table = Table(title=f"GetCredits, one call at a time, {arguments.rounds} rounds, milliseconds", box=None)
    table.add_column("")
    for name in ("p50", "p90", "p99", "p99.9", "mean"):
        table.add_column(name, justify="right")
    for name, values in rows(found):
        table.add_row(name, *(f"{value:.2f}" for value in values))
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
