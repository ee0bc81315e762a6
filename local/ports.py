"""Ports that nothing listens on.

The kernel takes the ports of outgoing connections from a range of its own, 32768 and up on Linux, 49152 and up on
macOS. A port from there may be taken by any connection before the process that it was chosen for listens on it; so
they are taken from below.
"""

from __future__ import annotations

import random
import socket

RANGE = range(15_000, 30_000)  # below the kernel's, and below 30000, where Kubernetes' node ports begin
TRIES = 2_000


def free_ports(count: int, host: str = "127.0.0.1", *, without: frozenset[int] = frozenset()) -> list[int]:
    """`count` ports that nothing listens on, none of them of `without`. Raises RuntimeError when they cannot be had."""
    found: list[int] = []
    reason = ""
    first = random.randrange(len(RANGE))  # lest systems that start at the same moment choose alike
    for offset in range(TRIES):
        if len(found) == count:
            return found
        port = RANGE[(first + offset) % len(RANGE)]
        try:
            if port not in without:
                found.append(take(host, port))
        except OSError as error:
            reason = error.strerror or ""
    raise RuntimeError(f"no {count} of {TRIES} ports of {host} can be listened on: {reason}")


def take(host: str, port: int) -> int:
    """Binds a port for a moment, to see that it can be had; 0: any. The port's number. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        tried.bind((host, port))
        return int(tried.getsockname()[1])
