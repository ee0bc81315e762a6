"""Validation of requests: the field rules of the protos, and strings with U+0000, which PostgreSQL cannot store."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import protovalidate
from adwright.rules.v1 import rules_pb2
from buf.validate import validate_pb2
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from services.chassis.errors import FieldViolation, ValidationFailed

_rules: Any = validate_pb2  # generated without type stubs

NUL = "\0"
DESCRIBED_RULES = ("string.pattern", "string.uri", "string.uri_empty")  # all described by `must_be`
# Messages of protovalidate, and the same in plain words. gateway/field_validation.lua writes them too.
PLAIN_MESSAGES = tuple(
    (re.compile(message), plain)
    for message, plain in (
        (r"must be in list \[, (.*)\]", r"must be one of \1, or empty"),
        (r"must be in list \[(.*)\]", r"must be one of \1"),
        (r"must be at least 1 characters", "must not be empty"),
        (r"must contain no more than (\d+) item\(s\)", r"may have at most \1 items"),
        (r"must contain at least (\d+) item\(s\)", r"must have at least \1 items"),
        (r"map must be at most (\d+) entries", r"may have at most \1 entries"),
        (r"repeated value must contain unique items", "must not have an item twice"),
        (r"must be greater than or equal to (\S+) and less than or equal to (\S+)", r"must be from \1 to \2"),
        (r"must be greater than or equal to (\S+)", r"must be at least \1"),
        (r"must be less than or equal to (\S+)", r"must be at most \1"),
        (r"value is empty, which is not a valid (\S+)", r"must be a valid \1"),
    )
)


def validate(request: Message) -> None:
    """Raises ValidationFailed when the request breaks a rule of the proto."""
    found = violations(request)
    found += nul_violations(request)
    if found:
        raise ValidationFailed(found)


def violations(request: Message) -> list[FieldViolation]:
    """Returns the rules of the proto that the request breaks, each complaint about a field once."""
    found = (violation_of(request, violation) for violation in protovalidate.collect_violations(request))
    return list(dict.fromkeys(found))


def violation_of(request: Message, violation: Any) -> FieldViolation:
    """Converts a violation of protovalidate: the field named as in JSON, the message in plain words.

    Of a field with the option `must_be`, that is the message about its pattern.
    """
    path = ""
    descriptor: Any = request.DESCRIPTOR
    must_be = ""
    field_path = violation.proto.field  # None for a rule over several fields
    for element in field_path.elements if field_path is not None else ():
        name = element.field_name
        if descriptor is not None and name in descriptor.fields_by_name:
            field = descriptor.fields_by_name[name]
            name, descriptor = field.json_name, field.message_type
            must_be = field.GetOptions().Extensions[rules_pb2.must_be]
        path += ("." if path else "") + name
        subscript = element.subscript
        if subscript is not None:
            path += f"[{json.dumps(subscript.value)}]"
    message = violation.proto.message
    if violation.proto.rule_id in DESCRIBED_RULES and must_be:
        message = f"must be {must_be}"
    for pattern, plain in PLAIN_MESSAGES:
        if pattern.fullmatch(message):
            message = pattern.sub(plain, message)
            break
    if not path and ":" in message:  # the message of a rule over several fields starts with the field's name
        path, _, message = (part.strip() for part in message.partition(":"))
    return FieldViolation(field=path or "body", message=message)


def nul_violations(request: Message) -> list[FieldViolation]:
    """Returns a violation for each string of a request, map keys included, that contains U+0000.

    The gateway refuses such JSON, so only requests of gRPC clients fail here.
    """
    if b"\0" not in request.SerializeToString():  # the usual case; a scan is far cheaper than a walk
        return []
    return [
        FieldViolation(field=path, message="must not contain U+0000")
        for path, text in _strings(request, "")
        if NUL in text
    ]


def _strings(message: Message, prefix: str) -> Iterator[tuple[str, str]]:
    for field, value in message.ListFields():
        if _validated_apart(field):
            continue
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


@cache
def _validated_apart(field: FieldDescriptor) -> bool:
    """Whether the items of a field are validated one by one, as the requests of a batch RPC are."""
    return bool(field.GetOptions().Extensions[_rules.field].repeated.items.ignore == _rules.IGNORE_ALWAYS)


def _value(field: FieldDescriptor, value: object, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Message):
        yield from _strings(value, path + ".")
    elif field.type == FieldDescriptor.TYPE_STRING:
        yield path, str(value)
