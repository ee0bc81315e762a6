"""HTTP Range requests (RFC 9110, section 14)."""

from __future__ import annotations

import re

from services.chassis.errors import Refusal

_SINGLE_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


class RangeNotSatisfiable(Refusal):
    reason = "RANGE_NOT_SATISFIABLE"


def parse_byte_range(header: str, size: int) -> tuple[int, int] | None:
    """The byte range (start, exclusive end) that a Range header requests of a file of `size` bytes.

    None: the header requests several ranges or another unit, for which a server may send the whole file (section
    14.2). Raises RangeNotSatisfiable.
    """
    match = _SINGLE_RANGE.fullmatch(header.strip())
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if first == "":
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(size, int(last) + 1) if last else size
    if start >= size or end <= start:
        raise RangeNotSatisfiable(f"The file has {size} bytes.")
    return start, end
