"""The load client: keep-alive HTTP/1.1 sockets and one epoll loop, in a separate process.

The client shares the cores with the measured system, so it does little: requests are bytes prepared beforehand, and of
a response it reads the status and as many bytes as Content-Length says. `python -m tests.bench.client` reads a Load as
JSON from standard input and writes a Result to standard output.

Closed loop: each connection sends the next request when the response to the last one has arrived. Open loop: requests
are due at even intervals, and a request without a free connection waits for one. Its latency counts from its due time,
so requests that a stalled system delays count as slow.
"""

from __future__ import annotations

import gc
import itertools
import json
import re
import select
import socket
import sys
import time
from collections import Counter, deque
from dataclasses import asdict, dataclass, field

KEY_LENGTH = 24
JOB_ID = re.compile(rb'"jobId":"([0-9a-f-]{36})"')
LENGTH = re.compile(rb"\r\ncontent-length: (\d+)\r\n", re.IGNORECASE)


@dataclass(kw_only=True)
class Load:
    """What to send. requests: (before, after) with a new key between the parts, or (whole, None); sent in turn.

    seconds: how long to send. rate: requests a second in an open loop; 0 selects the closed loop. count: the number of
    requests; 0 sends until the time is over. expect: text that every answer contains, else it counts as refused; ""
    accepts all with status 200. keep_jobs: the result contains the ids of the jobs in the responses, with
    the times at which their requests were due and answered.
    """

    port: int
    connections: int
    seconds: float
    requests: list[tuple[str, str | None]]
    rate: float = 0.0
    count: int = 0
    key: str = ""
    keep_jobs: bool = False
    expect: str = ""


@dataclass(kw_only=True)
class Result:
    """The measurements. latencies: sorted, in milliseconds. jobs: (id, due, answered), in seconds since 1970.

    processor: CPU seconds of the client itself.
    """

    answered: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    processor: float = 0.0
    latencies: list[float] = field(default_factory=list)
    jobs: list[tuple[str, float, float]] = field(default_factory=list)
    first_refusal: str = ""


class Connection:
    """One socket: the received part of a response, and the due time of its request."""

    __slots__ = ("buffer", "due", "needed", "socket")

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        self.needed = 0
        self.due = 0.0


def run(load: Load) -> Result:
    """Sends the load and measures the responses."""
    numbers = itertools.count()
    prefix, expected = load.key.encode(), load.expect.encode()
    width = KEY_LENGTH - len(prefix)
    prepared = itertools.cycle(
        [(before.encode(), after.encode() if after is not None else None) for before, after in load.requests]
    )

    def next_request() -> bytes:
        before, after = next(prepared)
        return before if after is None else before + prefix + b"%0*d" % (width, next(numbers)) + after

    poller = select.epoll()
    connections: dict[int, Connection] = {}
    for _ in range(load.connections):
        connection = Connection(load.port)
        connections[connection.socket.fileno()] = connection
        poller.register(connection.socket.fileno(), select.EPOLLIN)
    now = time.monotonic
    offset = time.time() - now()
    result, latencies, refused = Result(), [], Counter[str]()
    began = now()
    end = began + load.seconds
    left = load.count or sys.maxsize
    idle: deque[Connection] = deque(connections.values())
    step = 1 / load.rate if load.rate else 0.0
    due = began

    def send(connection: Connection, moment: float) -> None:
        connection.due = moment
        connection.socket.send(next_request())

    gc.disable()
    in_flight = 0
    if not step:
        while idle and left:
            left -= 1
            in_flight += 1
            send(idle.popleft(), now())
    last = began
    while in_flight or (step and left and due < end):
        if step:
            moment = now()
            while due <= moment and due < end and left and idle:
                left -= 1
                in_flight += 1
                send(idle.popleft(), due)
                due += step
            wait = max(0.0, min(due, end) - moment) if idle and left else 1.0
        else:
            wait = 5.0
        for number, _ in poller.poll(wait):
            connection = connections[number]
            data = connection.socket.recv(65536)
            if not data:
                raise ConnectionError("The gateway closed a connection.")
            if connection.buffer:
                data = connection.buffer + data
            if not connection.needed:
                head = data.find(b"\r\n\r\n")
                length = LENGTH.search(data, 0, head + 2) if head >= 0 else None
                if head >= 0 and length is None:
                    raise ValueError(f"The response has no Content-Length: {data[:head]!r}")
                connection.needed = head + 4 + int(length[1]) if length is not None else 0
            if not connection.needed or len(data) < connection.needed:
                connection.buffer = data
                continue
            last = now()
            good = data[9:12] == b"200" and expected in data
            if not good:
                refused[data[9:12].decode()] += 1
                result.first_refusal = result.first_refusal or data[:3000].decode("utf-8", "replace")
            else:
                latencies.append(last - connection.due)
            if load.keep_jobs and good and (job := JOB_ID.search(data)):
                result.jobs.append((job[1].decode(), connection.due + offset, last + offset))
            connection.buffer, connection.needed = b"", 0
            in_flight -= 1
            if step:
                idle.append(connection)
            elif left and last < end:
                left -= 1
                in_flight += 1
                send(connection, last)
    result.seconds = last - began
    result.processor = time.process_time()
    result.answered = len(latencies)
    result.refused = dict(refused)
    result.latencies = sorted(round(1000 * seconds, 3) for seconds in latencies)
    for connection in connections.values():
        connection.socket.close()
    return result


def main() -> None:
    json.dump(asdict(run(Load(**json.load(sys.stdin)))), sys.stdout)


if __name__ == "__main__":
    main()
