"""What every service writes the same way on the wire: times, and tokens that continue a list."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp

from services.chassis.errors import FieldViolation, ValidationFailed


def timestamp(moment: datetime) -> Timestamp:
    """An aware datetime as a Timestamp, to the millisecond: what REST clients' date types hold."""
    message = Timestamp()
    message.FromDatetime(moment.replace(microsecond=moment.microsecond // 1000 * 1000))
    return message


def page_token(last: UUID | None) -> str:
    """The token that continues a list after this id; empty after the last page."""
    return base64.urlsafe_b64encode(last.bytes).decode().rstrip("=") if last is not None else ""


def token_id(token: str) -> UUID | None:
    """The id that `page_token` was given. Raises ValidationFailed."""
    if not token:
        return None
    try:
        return UUID(bytes=base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except (binascii.Error, ValueError):
        raise ValidationFailed([FieldViolation(field="pageToken", message="is not one that was given out")]) from None
