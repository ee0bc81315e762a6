"""Where processes listen: on ports that no outgoing connection takes before they do."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from local.ports import RANGE, free_ports, take
from local.system import _gateway_port

KERNELS = Path("/proc/sys/net/ipv4/ip_local_port_range")


def test_ports_differ_and_can_be_listened_on() -> None:
    found = free_ports(30)
    assert len(set(found)) == 30
    assert set(found) <= set(RANGE)
    assert [take("127.0.0.1", port) for port in found] == found


def test_a_port_that_something_listens_on_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", free_ports(1)[0]))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setattr("random.randrange", lambda _: RANGE.index(port))
        assert not {port, port + 1} & set(free_ports(5, without=frozenset({port + 1})))
        with pytest.raises(OSError, match="in use"):
            take("127.0.0.1", port)
        with pytest.raises(RuntimeError, match=rf"cannot listen on 127.0.0.1, port {port}: .*in use"):
            _gateway_port("127.0.0.1", port)


@pytest.mark.skipif(not KERNELS.exists(), reason="this kernel does not say from where it takes ports")
def test_the_kernel_takes_none_of_them_for_outgoing_connections() -> None:
    first, last = (int(number) for number in KERNELS.read_text(encoding="ascii").split())
    assert not set(RANGE) & set(range(first, last + 1))


def test_an_address_of_another_machine_is_said_to_be_none_of_this_one() -> None:
    for wanted in (0, 18_080):
        with pytest.raises(RuntimeError, match=r"cannot listen on 203\.0\.113\.9, port \d+: Cannot assign"):
            _gateway_port("203.0.113.9", wanted)
    with pytest.raises(RuntimeError, match=r"ports of 203\.0\.113\.9 can be listened on: Cannot assign"):
        free_ports(1, "203.0.113.9")
