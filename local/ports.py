"""Chooses free TCP ports for the local system's processes.

The kernel takes the ports of outgoing connections from its ephemeral range: 32768 and up on Linux, 49152 and up on
macOS. Any connection may take such a port before the process that it was chosen for listens on it. Ports are therefore
chosen below that range.
"""

from __future__ import annotations

import errno
import random
import socket

PORT_RANGE: range = range(
    15_000, 30_000
)  # below the ephemeral range and below 30000, where Kubernetes' node ports start
MAX_TRIES = 2_000
PREFERRED_GATEWAY_PORT = 8080


def free_ports(count: int, host: str = "127.0.0.1", *, exclude: frozenset[int] = frozenset()) -> list[int]:
    """`count` free ports of the host, none of them in `exclude`. Raises RuntimeError when there are too few."""
    found: list[int] = []
    reason = ""
    first = random.randrange(len(PORT_RANGE))  # so that systems that start at the same moment choose different ports
    for offset in range(MAX_TRIES):
        if len(found) == count:
            return found
        port = PORT_RANGE[(first + offset) % len(PORT_RANGE)]
        try:
            if port not in exclude:
                found.append(check_port(host, port))
        except OSError as error:
            reason = error.strerror or ""
    raise RuntimeError(f"{count} free ports of {host} could not be found in {MAX_TRIES} tries: {reason}")


def check_port(host: str, port: int) -> int:
    """Binds a port briefly to check that it is free; 0: any. Returns the port number. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))
        return int(probe.getsockname()[1])


def gateway_port(host: str, requested: int) -> int:
    """The requested port; if 0, port 8080 or a free one. Raises RuntimeError when the gateway cannot listen on it."""
    port = requested or PREFERRED_GATEWAY_PORT
    try:
        return check_port(host, port)
    except OSError as error:
        if not requested and error.errno != errno.EADDRNOTAVAIL:
            return free_ports(1, host)[0]
        raise RuntimeError(f"the gateway cannot listen on {host}, port {port}: {error.strerror}") from None
