"""The messages of the protos as REST clients see them: JSON names, types, validation rules, comments.

The check of request bodies and the API description are both made from these.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from adwright.rules.v1 import rules_pb2
from buf.validate import validate_pb2
from google.protobuf import descriptor_pb2

_validate: Any = validate_pb2  # generated without type stubs
_Type = descriptor_pb2.FieldDescriptorProto
_KINDS = {
    _Type.TYPE_STRING: "string",
    _Type.TYPE_BYTES: "bytes",
    _Type.TYPE_BOOL: "bool",
    _Type.TYPE_ENUM: "enum",
    _Type.TYPE_DOUBLE: "number",
    _Type.TYPE_FLOAT: "number",
    _Type.TYPE_INT32: "int32",
    _Type.TYPE_UINT32: "int32",
    _Type.TYPE_SINT32: "int32",
    _Type.TYPE_INT64: "int64",
    _Type.TYPE_UINT64: "int64",
    _Type.TYPE_SINT64: "int64",
    _Type.TYPE_MESSAGE: "message",
}
# Messages that JSON represents as a string.
TEXT_MESSAGES = {
    "google.protobuf.Timestamp": "timestamp",
    "google.protobuf.Duration": "duration",
    "google.protobuf.FieldMask": "fieldmask",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The protovalidate rules of one value that can be read without running protovalidate."""

    uuid: bool = False
    uri: bool = False
    pattern: str = ""
    one_of: tuple[str, ...] = ()
    min_length: int | None = None
    max_length: int | None = None
    minimum: float | None = None
    maximum: float | None = None
    min_items: int | None = None
    max_items: int | None = None
    required: bool = False
    ignore_empty: bool = False
    """Whether the rules do not apply to an empty value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSchema:
    """One field. For a map, `kind` and `rules` are those of its values."""

    name: str
    """The JSON name."""
    proto_name: str
    kind: str
    message: str = ""
    """The full name of the message; empty unless the kind is `message`."""
    repeated: bool = False
    map: bool = False
    optional: bool = False
    """Whether the proto distinguishes absent from empty, so that rules apply only where it is present."""
    rules: Rules = field(default_factory=Rules)
    container: Rules = field(default_factory=Rules)
    """The rules of the list or map as a whole."""
    must_be: str = ""
    """A description of the accepted values, where the rule is a pattern."""
    accepts_number: bool = False
    """Whether a string field may also be sent as a JSON number."""
    comment: str = ""

    @property
    def needed(self) -> bool:
        """Whether a request without it is rejected."""
        rules = self.rules
        if self.optional or self.repeated or self.map or rules.ignore_empty:
            return rules.required or bool(self.container.min_items)
        empty_allowed = (
            not rules.uuid
            and (not rules.one_of or "" in rules.one_of)
            and not rules.min_length
            and (rules.minimum is None or rules.minimum <= 0)
            and not rules.required
        )
        return not empty_allowed


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageSchema:
    """One message."""

    name: str
    fields: tuple[FieldSchema, ...]
    comment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comments:
    """The protos' comments on services, methods, messages, fields and enum values, by full name."""

    texts: Mapping[str, str] = field(default_factory=dict)

    def of(self, name: str) -> str:
        return self.texts.get(name, "")


def comments_of(descriptors: descriptor_pb2.FileDescriptorSet) -> Comments:
    """Returns the leading comments; empty where the set was compiled without source positions."""
    texts: dict[str, str] = {}
    for file in descriptors.file:
        if not file.package.startswith("adwright."):
            continue
        for location in file.source_code_info.location:
            text = location.leading_comments.strip()
            name = _full_name(file, tuple(location.path)) if text else ""
            if name:
                texts[name] = " ".join(text.split())
    return Comments(texts=texts)


def _full_name(file: descriptor_pb2.FileDescriptorProto, path: tuple[int, ...]) -> str:
    match path:
        case (4, message):
            return f"{file.package}.{file.message_type[message].name}"
        case (4, message, 2, number):
            owner = file.message_type[message]
            return f"{file.package}.{owner.name}.{owner.field[number].name}"
        case (5, enum, 2, number):
            return f"{file.package}.{file.enum_type[enum].name}.{file.enum_type[enum].value[number].name}"
        case (6, service):
            return f"{file.package}.{file.service[service].name}"
        case (6, service, 2, method):
            owner_service = file.service[service]
            return f"{file.package}.{owner_service.name}.{owner_service.method[method].name}"
    return ""


def messages_of(
    descriptors: descriptor_pb2.FileDescriptorSet, comments: Comments | None = None
) -> dict[str, MessageSchema]:
    """Returns Adwright's messages by full name."""
    known_comments = comments or Comments()
    return {
        f"{file.package}.{message.name}": _message(f"{file.package}.{message.name}", message, known_comments)
        for file in descriptors.file
        if file.package.startswith("adwright.")
        for message in file.message_type
    }


def reachable(messages: Mapping[str, MessageSchema], roots: tuple[str, ...]) -> dict[str, MessageSchema]:
    """Returns the given messages and all messages that they contain."""
    found: dict[str, MessageSchema] = {}
    waiting = [name for name in roots if name in messages]
    while waiting:  # terminates: each message enters `found` once
        name = waiting.pop()
        if name in found:
            continue
        found[name] = messages[name]
        waiting += [item.message for item in messages[name].fields if item.message in messages]
    return found


def _message(name: str, message: descriptor_pb2.DescriptorProto, comments: Comments) -> MessageSchema:
    entries = {f".{name}.{nested.name}": nested for nested in message.nested_type if nested.options.map_entry}
    return MessageSchema(
        name=name,
        fields=tuple(_field(name, item, entries, comments) for item in message.field),
        comment=comments.of(name),
    )


def _field(
    owner: str,
    item: descriptor_pb2.FieldDescriptorProto,
    entries: Mapping[str, descriptor_pb2.DescriptorProto],
    comments: Comments,
) -> FieldSchema:
    constraints = item.options.Extensions[_validate.field]
    entry = entries.get(item.type_name)
    repeated = entry is None and item.label == _Type.LABEL_REPEATED
    value, inner, container = item, constraints, Rules()
    if entry is not None:
        value, inner = entry.field[1], constraints.map.values
        pairs = constraints.map
        container = Rules(
            min_items=pairs.min_pairs if pairs.HasField("min_pairs") else None,
            max_items=pairs.max_pairs if pairs.HasField("max_pairs") else None,
        )
    elif repeated:
        inner = constraints.repeated.items
        items = constraints.repeated
        container = Rules(
            min_items=items.min_items if items.HasField("min_items") else None,
            max_items=items.max_items if items.HasField("max_items") else None,
        )
    message = value.type_name.lstrip(".") if value.type == _Type.TYPE_MESSAGE else ""
    kind = TEXT_MESSAGES.get(message, _KINDS.get(value.type, "other"))
    return FieldSchema(
        name=item.json_name,
        proto_name=item.name,
        kind=kind,
        message=message if kind == "message" else "",
        repeated=repeated,
        map=entry is not None,
        optional=item.proto3_optional or (kind == "message" and not repeated) or message in TEXT_MESSAGES,
        rules=_rules(inner),
        container=container,
        must_be=item.options.Extensions[rules_pb2.must_be],
        accepts_number=item.options.Extensions[rules_pb2.accepts_number],
        comment=comments.of(f"{owner}.{item.name}"),
    )


def _rules(constraints: Any) -> Rules:
    text = constraints.string
    number = constraints.double if constraints.HasField("double") else constraints.int32
    return Rules(
        uuid=text.uuid,
        uri=text.uri,
        pattern=text.pattern,
        one_of=tuple(getattr(text, "in")),
        min_length=text.min_len if text.HasField("min_len") else None,
        max_length=text.max_len if text.HasField("max_len") else None,
        minimum=number.gte if number.HasField("gte") else None,
        maximum=number.lte if number.HasField("lte") else None,
        required=constraints.required,
        ignore_empty=constraints.ignore == _validate.IGNORE_IF_ZERO_VALUE,
    )
