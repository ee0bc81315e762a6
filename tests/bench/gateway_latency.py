"""What the gateway adds to a call, as a distribution: `python -m tests.bench.gateway_latency`.

The same call (GetCredits: one indexed row) is made to billing directly, by gRPC through the gateway, and by REST
through the gateway, one after the other in random order on connections that stay open, so that each round compares them
on the same machine at the same moment. The gRPC client is the same for both ways; what REST takes holds the
transcoding, and a client that does nothing but send bytes and read them.
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
WARMING = 300  # the first calls open connections, check the token and plan the query
SHARES = (0.5, 0.9, 0.99, 0.999)
DIRECT, NATIVE, REST = "gRPC to the service", "gRPC through the gateway", "REST through the gateway"
SECONDS = 10


class RestLine:
    """One HTTP/1.1 connection on which the same GET is sent again and again."""

    def __init__(self, port: int, path: str, token: str) -> None:
        self._line = socket.create_connection(("127.0.0.1", port), timeout=SECONDS)
        self._line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._request = f"GET {path} HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer {token}\r\n\r\n".encode()

    def call(self) -> None:
        """Sends it and reads the whole answer. Raises RuntimeError when it is not 200."""
        self._line.sendall(self._request)
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self._part()
        head, _, body = answer.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(head.decode("latin-1"))
        lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        while len(body) < int(lengths[0].partition(b":")[2]):
            body += self._part()

    def _part(self) -> bytes:
        part = self._line.recv(65536)
        if not part:
            raise RuntimeError("the gateway has closed the connection")
        return part

    def close(self) -> None:
        self._line.close()


def measured(system: RunningSystem, rounds: int = ROUNDS) -> dict[str, list[float]]:
    """Milliseconds of each call, by way; the n-th of each way were measured together."""
    user = "latency"
    token = system.token(user)
    metadata = (("authorization", f"Bearer {token}"),)
    request = billing_pb2.GetCreditsRequest()
    ports = system.system.ports
    direct = grpc.insecure_channel(f"127.0.0.1:{ports['billing']}")
    native = grpc.insecure_channel(f"127.0.0.1:{ports['gateway']}")
    rest = RestLine(ports["gateway"], "/api/credits", token)

    def by(channel: grpc.Channel) -> Callable[[], object]:
        stub = billing_pb2_grpc.BillingServiceStub(channel)
        return lambda: stub.GetCredits(request, metadata=metadata, timeout=SECONDS)

    ways: Mapping[str, Callable[[], object]] = {DIRECT: by(direct), NATIVE: by(native), REST: rest.call}
    found: dict[str, list[float]] = {name: [] for name in ways}
    order = list(ways)
    chance = random.Random(1)
    for number in range(WARMING + rounds):
        chance.shuffle(order)
        for name in order:
            began = time.perf_counter()
            ways[name]()
            took = (time.perf_counter() - began) * 1000
            if number >= WARMING:
                found[name].append(took)
    for line in (direct, native, rest):
        line.close()
    return found


def share(values: Sequence[float], part: float) -> float:
    """The value that so large a part of them does not exceed."""
    return sorted(values)[min(len(values) - 1, int(part * len(values)))]


def rows(found: Mapping[str, Sequence[float]]) -> list[tuple[str, list[float]]]:
    """Name, and p50, p90, p99, p99.9 and mean: of each way, and of what it took longer than the direct call beside it.

    Of a difference some are below zero: where the direct call was the one that had to wait for the machine.
    """

    def row(name: str, values: Sequence[float]) -> tuple[str, list[float]]:
        return name, [*(share(values, part) for part in SHARES), statistics.fmean(values)]

    lines = [row(name, values) for name, values in found.items()]
    for name in (NATIVE, REST):
        added = [through - beside for through, beside in zip(found[name], found[DIRECT], strict=True)]
        lines.append(row(f"added: {name}", added))
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.gateway_latency", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="calls each way")
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
