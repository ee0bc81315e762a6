"""Rejects strings with NUL (U+0000), which PostgreSQL cannot store."""

from __future__ import annotations

from collections.abc import Iterator

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from services.chassis.errors import FieldViolation

NUL = "\0"


def nul_violations(request: Message) -> list[FieldViolation]:
    """Returns a violation for each string of a request, map keys included, that contains U+0000.

    The gateway refuses such JSON, so only requests of gRPC clients fail here.
    """
    if b"\0" not in request.SerializeToString():  # the usual case; a scan is far cheaper than a walk
        return []
    return [
        FieldViolation(field=path, message="must not hold U+0000")
        for path, text in _strings(request, "")
        if NUL in text
    ]


def _strings(message: Message, prefix: str) -> Iterator[tuple[str, str]]:
    for field, value in message.ListFields():
        path = prefix + field.json_name
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            entry = field.message_type.fields_by_name
            for key in value:
                if entry["key"].type == FieldDescriptor.TYPE_STRING:
                    yield path, key
                yield from _value(entry["value"], value[key], f'{path}["{key}"]')
        elif field.is_repeated:
            for index, item in enumerate(value):
                yield from _value(field, item, f"{path}[{index}]")
        else:
            yield from _value(field, value, path)


def _value(field: FieldDescriptor, value: object, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Message):
        yield from _strings(value, path + ".")
    elif field.type == FieldDescriptor.TYPE_STRING:
        yield path, str(value)
