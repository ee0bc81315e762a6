"""Page tokens and timestamps as every service writes them in its messages."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp

from services.chassis.errors import FieldViolation, ValidationFailed


def timestamp(moment: datetime) -> Timestamp:
    """Converts an aware datetime to a Timestamp in whole milliseconds, the precision of REST clients' date types."""
    message = Timestamp()
    message.FromDatetime(moment.replace(microsecond=moment.microsecond // 1000 * 1000))
    return message


def page_token(last: UUID | None) -> str:
    """Returns the token of the page after this id; empty when there is none."""
    return base64.urlsafe_b64encode(last.bytes).decode().rstrip("=") if last is not None else ""


def parse_page_token(token: str) -> UUID | None:
    """Returns the id in a page token; None for an empty token. Raises ValidationFailed."""
    if not token:
        return None
    try:
        return UUID(bytes=base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except (binascii.Error, ValueError):
        raise ValidationFailed([FieldViolation(field="pageToken", message="is not a valid page token")]) from None
