"""Text that no database of ours can keep."""

from __future__ import annotations

from collections.abc import Iterator

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from services.chassis.errors import FieldViolation

NUL = "\0"


def nul_violations(request: Message) -> list[FieldViolation]:
    """The strings of a request, keys of maps included, that hold U+0000, which PostgreSQL has no place for.

    The transcoder's clients never get here with one; clients of gRPC do.
    """
    if b"\0" not in request.SerializeToString():  # nearly always: a look at the bytes is cheap, a walk is not
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
            kinds = field.message_type.fields_by_name
            for key in value:
                if kinds["key"].type == FieldDescriptor.TYPE_STRING:
                    yield path, key
                yield from _value(kinds["value"], value[key], f'{path}["{key}"]')
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
