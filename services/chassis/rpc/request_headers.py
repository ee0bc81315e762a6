"""Request headers that methods heed: Idempotency-Key (IETF draft), Prefer: wait=N and handling=strict (RFC 7240), and
what the gateway says of a request: its time of arrival and the fields that the method does not know."""

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
# Written by gateway/request.lua; the gateway drops what clients send of this name. In "ratio=aspectRatio,size,+3" names
# are percent-encoded, behind = stands the field that a name comes closest to, and +3 means three more.
UNKNOWN_FIELDS = "x-adwright-unknown-fields"
MAX_UNKNOWN_FIELDS = 11  # ten names and the number of the rest
MAX_FIELD_NAME = 120  # the gateway cuts names before
MAX_WAIT_SECONDS = 60  # the gateway's time-out for these calls is a little longer
ARRIVED = "x-adwright-arrived"  # the gateway sets it, and removes what a client sends under this name
# A request's body may take this long. An older stamp is another machine's wrong clock.
MAX_TRANSIT = timedelta(seconds=30)
_SECONDS = re.compile(r"\d{1,11}\.\d{3,9}", re.ASCII)
# Visible ASCII; without what would make a list or a string of it, so that a header sent twice is no key.
_BARE = re.compile(r"[\x21\x23-\x2b\x2d-\x5b\x5d-\x7e]+")
# A string of RFC 8941: printable ASCII, quotes and backslashes escaped.
_QUOTED = re.compile(r'"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])+"')
_WAIT = re.compile(r"wait\s*=\s*\"?(\d{1,9})\"?", re.IGNORECASE)
_HANDLING = re.compile(r"handling\s*=\s*\"?([a-z]+)\"?", re.IGNORECASE)


def idempotency_key(metadata: Iterable[tuple[str, Any]] | None) -> str:
    """The Idempotency-Key of a call; empty: none. Raises ValidationFailed for what is not one."""
    given = [str(value).strip() for name, value in metadata or () if name == "idempotency-key"]
    if not given:
        return ""
    text = given[0]
    quoted = _QUOTED.fullmatch(text) is not None
    key = re.sub(r"\\(.)", r"\1", text[1:-1]) if quoted else text
    if len(given) > 1 or not (quoted or _BARE.fullmatch(text)) or len(key) > MAX_KEY_LENGTH:
        message = f"must be 1-{MAX_KEY_LENGTH} visible ASCII characters, bare or as a quoted string, given once"
        raise ValidationFailed([FieldViolation(field="Idempotency-Key", message=message)])
    return key


def wait_seconds(metadata: Iterable[tuple[str, Any]] | None) -> int:
    """How long Prefer: wait=N asks to wait, at most MAX_WAIT_SECONDS; 0: it does not. What cannot be read is ignored,
    as RFC 7240 has it."""
    for name, value in metadata or ():
        if name != "prefer":
            continue
        for preference in str(value).split(","):
            found = _WAIT.fullmatch(preference.partition(";")[0].strip())
            if found is not None:
                return min(int(found[1]), MAX_WAIT_SECONDS)
    return 0


def is_strict(metadata: Iterable[tuple[str, Any]] | None) -> bool:
    """Whether Prefer: handling=strict is asked for; of a preference that is given twice, the first counts."""
    for name, value in metadata or ():
        if name != "prefer":
            continue
        for preference in str(value).split(","):
            found = _HANDLING.fullmatch(preference.partition(";")[0].strip())
            if found is not None:
                return found[1].lower() == "strict"
    return False


def unknown_field_notes(metadata: Iterable[tuple[str, Any]] | None) -> list[str]:
    """A note for each field of the request that the method does not know; in words for the customer."""
    notes = []
    for name, value in metadata or ():
        if name != UNKNOWN_FIELDS:
            continue
        for entry in str(value).split(",")[:MAX_UNKNOWN_FIELDS]:
            field, _, known = (unquote(part)[:MAX_FIELD_NAME] for part in entry.partition("="))
            if entry.startswith("+"):
                notes.append(f"{entry[1:]} more fields are not known and were ignored.")
            else:
                hint = f" Did you mean {known}?" if known else ""
                notes.append(f"The field {field} is not known and was ignored.{hint}")
    return notes


def arrived_at(metadata: Iterable[tuple[str, Any]] | None, now: datetime) -> datetime:
    """When the request reached the gateway, in UTC; `now` where the gateway does not say, or where its time is in the
    future or more than MAX_TRANSIT ago."""
    stamps = [str(value) for name, value in metadata or () if name == ARRIVED]
    if len(stamps) != 1 or _SECONDS.fullmatch(stamps[0]) is None:
        return now
    arrived = datetime.fromtimestamp(float(stamps[0]), UTC)
    return arrived if now - MAX_TRANSIT <= arrived <= now else now


def digest(request: Message) -> bytes:
    """What makes two requests the same one: SHA-256 over the kind and the fields of the message."""
    content = request.DESCRIPTOR.full_name.encode() + b"\0" + request.SerializeToString(deterministic=True)
    return hashlib.sha256(content).digest()
