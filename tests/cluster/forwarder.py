"""Forwards a port of this machine's loopback into the node's network namespace, as `kubectl port-forward` would.

`python -m tests.cluster.forwarder DESCRIPTOR HOST:PORT` runs inside the namespace. It inherits a socket that listens
outside, which works because a socket stays in the network namespace that it was made in.
"""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from tests.cluster.commands import StepError
from tests.cluster.places import ROOT, RUN

MAX_CONNECTIONS = 500
BLOCK_BYTES = 65_536


def start(port: int, target: str) -> int:
    """Starts a forwarder of a port to HOST:PORT inside; its process id. Raises StepError if the port is taken."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError as error:
            raise StepError(f"127.0.0.1:{port} is needed for the cluster: {error}") from None
        listener.listen(128)
        inside = Path(RUN / "pid").read_text(encoding="utf-8").strip()
        with (RUN / "logs" / f"forwarder-{port}.log").open("ab") as log:
            process = subprocess.Popen(
                ["nsenter", "-t", inside, "-n", "--", sys.executable, "-m", __name__, str(listener.fileno()), target],
                pass_fds=[listener.fileno()],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
    return process.pid


async def forward(listener: socket.socket, host: str, port: int) -> None:
    """Forwards connections until cancelled, at most MAX_CONNECTIONS at a time."""
    limit = asyncio.Semaphore(MAX_CONNECTIONS)

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while block := await reader.read(BLOCK_BYTES):
                writer.write(block)
                await writer.drain()
            if writer.can_write_eof():
                writer.write_eof()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with limit:
            try:
                inner_reader, inner_writer = await asyncio.open_connection(host, port)
            except OSError:
                writer.transport.abort()
                return
            try:
                await asyncio.gather(copy(reader, inner_writer), copy(inner_reader, writer))
            finally:
                inner_writer.close()
                writer.close()

    server = await asyncio.start_server(serve, sock=listener)
    async with server:
        await server.serve_forever()


def main() -> None:
    host, _, port = sys.argv[2].rpartition(":")
    listener = socket.socket(fileno=int(sys.argv[1]))
    asyncio.run(forward(listener, host, int(port)))


if __name__ == "__main__":
    main()
