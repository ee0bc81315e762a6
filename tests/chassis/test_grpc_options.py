"""gRPC ignores options that it does not know, so their names are compared with those in its library."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from services.chassis.rpc.server import CHANNEL_OPTIONS, OPTIONS


@pytest.mark.parametrize("name", sorted({name for name, _ in (*OPTIONS, *CHANNEL_OPTIONS)}))
def test_option_is_known_to_grpc(name: str) -> None:
    library = find_spec("grpc._cython.cygrpc")
    assert library is not None
    assert library.origin is not None
    assert name.encode() + b"\0" in Path(library.origin).read_bytes()
