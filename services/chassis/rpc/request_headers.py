"""Parsers of request headers, and the digest that identifies equal requests.

Clients send Idempotency-Key (IETF draft), Prefer: wait=N and Prefer: handling=strict (RFC 7240). The gateway adds the
time of arrival and the fields that the method does not know.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote

from google.protobuf.message import Message

from services.chassis.errors import FieldViolation, ValidationFailed

MAX_KEY_LENGTH = 255
# Set by gateway/request_validation.lua; the gateway removes a client's header of this name. In
# "ratio=aspectRatio,size,+3" names are percent-encoded, the name behind = is the most similar known field, and +3 means
# three more unknown fields.
UNKNOWN_FIELDS_HEADER = "x-adwright-unknown-fields"
MAX_UNKNOWN_FIELDS = 11  # ten names and the count of the others
MAX_FIELD_NAME = 120  # the gateway truncates names to less
MAX_WAIT_SECONDS = 60  # the gateway's timeout for these calls is a little longer
ARRIVAL_TIME_HEADER = "x-adwright-arrived"  # set by the gateway, which removes a client's header of this name
# The body of a request takes at most this long. An older timestamp comes from a wrong clock of another machine.
MAX_TRANSIT = timedelta(seconds=30)
_SECONDS = re.compile(r"\d{1,11}\.\d{3,9}", re.ASCII)
# Visible ASCII without quotes and commas, so that a repeated header, which arrives as a list, is not taken for a key.
_BARE = re.compile(r"[\x21\x23-\x2b\x2d-\x5b\x5d-\x7e]+")
# A string of RFC 8941: printable ASCII with escaped quotes and backslashes.
_QUOTED = re.compile(r'"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])+"')
_WAIT = re.compile(r"wait\s*=\s*\"?(\d{1,9})\"?", re.IGNORECASE)
_HANDLING = re.compile(r"handling\s*=\s*\"?([a-z]+)\"?", re.IGNORECASE)


def idempotency_key(metadata: Iterable[tuple[str, Any]] | None) -> str:
    """Returns the Idempotency-Key of a call; empty when there is none. Raises ValidationFailed for a malformed key."""
    values = [str(value).strip() for name, value in metadata or () if name == "idempotency-key"]
    if not values:
        return ""
    text = values[0]
    quoted = _QUOTED.fullmatch(text) is not None
    key = re.sub(r"\\(.)", r"\1", text[1:-1]) if quoted else text
    if len(values) > 1 or not (quoted or _BARE.fullmatch(text)) or len(key) > MAX_KEY_LENGTH:
        message = f"must be 1-{MAX_KEY_LENGTH} visible ASCII characters, bare or as a quoted string, given once"
        raise ValidationFailed([FieldViolation(field="Idempotency-Key", message=message)])
    return key


def wait_seconds(metadata: Iterable[tuple[str, Any]] | None) -> int:
    """Returns the N of Prefer: wait=N, at most MAX_WAIT_SECONDS; 0 when there is none.

    Ignores malformed preferences, as RFC 7240 requires.
    """
    for name, value in metadata or ():
        if name != "prefer":
            continue
        for preference in str(value).split(","):
            found = _WAIT.fullmatch(preference.partition(";")[0].strip())
            if found is not None:
                return min(int(found[1]), MAX_WAIT_SECONDS)
    return 0


def prefers_strict_handling(metadata: Iterable[tuple[str, Any]] | None) -> bool:
    """Whether the call prefers handling=strict. The first value of a repeated preference counts."""
    for name, value in metadata or ():
        if name != "prefer":
            continue
        for preference in str(value).split(","):
            found = _HANDLING.fullmatch(preference.partition(";")[0].strip())
            if found is not None:
                return found[1].lower() == "strict"
    return False


def unknown_field_notes(metadata: Iterable[tuple[str, Any]] | None) -> list[str]:
    """Returns a note, written for the customer, for each unknown field of the request."""
    notes = []
    for name, value in metadata or ():
        if name != UNKNOWN_FIELDS_HEADER:
            continue
        for entry in str(value).split(",")[:MAX_UNKNOWN_FIELDS]:
            field, _, known = (unquote(part)[:MAX_FIELD_NAME] for part in entry.partition("="))
            if entry.startswith("+"):
                notes.append(f"Further unknown fields that were ignored: {entry[1:]}.")
            else:
                hint = f" Did you mean {known}?" if known else ""
                notes.append(f"The unknown field {field} was ignored.{hint}")
    return notes


def arrival_time(metadata: Iterable[tuple[str, Any]] | None, now: datetime) -> datetime:
    """Returns the time at which the request reached the gateway, in UTC.

    Returns `now` when the gateway's timestamp is missing, in the future or more than MAX_TRANSIT ago.
    """
    timestamps = [str(value) for name, value in metadata or () if name == ARRIVAL_TIME_HEADER]
    if len(timestamps) != 1 or _SECONDS.fullmatch(timestamps[0]) is None:
        return now
    arrived = datetime.fromtimestamp(float(timestamps[0]), UTC)
    return arrived if now - MAX_TRANSIT <= arrived <= now else now


def request_digest(request: Message) -> bytes:
    """Returns the SHA-256 of the message's type and fields. Equal requests have equal digests."""
    content = request.DESCRIPTOR.full_name.encode() + b"\0" + request.SerializeToString(deterministic=True)
    return hashlib.sha256(content).digest()
