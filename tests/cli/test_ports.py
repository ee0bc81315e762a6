"""Ports are chosen outside the range that the kernel uses for outgoing connections."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from local.ports import PORT_RANGE, check_port, free_ports, gateway_port

EPHEMERAL_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")


def test_free_ports_differ_and_can_be_bound() -> None:
    found = free_ports(30)
    assert len(set(found)) == 30
    assert set(found) <= set(PORT_RANGE)
    assert [check_port("127.0.0.1", port) for port in found] == found


def test_port_in_use_is_skipped_or_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", free_ports(1)[0]))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setattr("random.randrange", lambda _: PORT_RANGE.index(port))
        assert not {port, port + 1} & set(free_ports(5, exclude=frozenset({port + 1})))
        with pytest.raises(OSError, match="in use"):
            check_port("127.0.0.1", port)
        with pytest.raises(RuntimeError, match=rf"cannot listen on 127.0.0.1, port {port}: .*in use"):
            gateway_port("127.0.0.1", port)


@pytest.mark.skipif(not EPHEMERAL_RANGE.exists(), reason="this kernel does not expose its ephemeral port range")
def test_port_range_avoids_the_ephemeral_range() -> None:
    first, last = (int(number) for number in EPHEMERAL_RANGE.read_text(encoding="ascii").split())
    assert not set(PORT_RANGE) & set(range(first, last + 1))


def test_address_of_another_machine_is_refused() -> None:
    for wanted in (0, 18_080):
        with pytest.raises(RuntimeError, match=r"cannot listen on 203\.0\.113\.9, port \d+: Cannot assign"):
            gateway_port("203.0.113.9", wanted)
    with pytest.raises(RuntimeError, match=r"ports of 203\.0\.113\.9 could not be found .*: Cannot assign"):
        free_ports(1, "203.0.113.9")
