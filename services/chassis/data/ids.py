"""Ids that sort by time of creation."""

from __future__ import annotations

import os
from datetime import datetime
from uuid import UUID


def new_id(now: datetime, entropy: bytes | None = None) -> UUID:
    """Returns a UUID version 7 (RFC 9562): 48 bits of milliseconds, then random bits. New rows append to the index.

    entropy: 10 bytes; by default from the operating system.
    """
    milliseconds = int(now.timestamp() * 1000) & (1 << 48) - 1
    random = int.from_bytes(entropy or os.urandom(10), "big")
    high, low = random >> 68, random & (1 << 62) - 1
    return UUID(int=milliseconds << 80 | 0x7 << 76 | (high & 0xFFF) << 64 | 0b10 << 62 | low)
