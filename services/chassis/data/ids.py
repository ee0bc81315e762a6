"""Ids in order of creation."""

from __future__ import annotations

import os
from datetime import datetime
from uuid import UUID


def new_id(now: datetime, entropy: bytes | None = None) -> UUID:
    """A UUID version 7 (RFC 9562): 48 bits of milliseconds, then random. Rows arrive in the order of the index.

    entropy: 10 bytes; taken from the operating system by default.
    """
    milliseconds = int(now.timestamp() * 1000) & (1 << 48) - 1
    random = int.from_bytes(entropy or os.urandom(10), "big")
    high, low = random >> 68, random & (1 << 62) - 1
    return UUID(int=milliseconds << 80 | 0x7 << 76 | (high & 0xFFF) << 64 | 0b10 << 62 | low)
