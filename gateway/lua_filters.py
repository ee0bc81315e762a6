"""The source of the two Lua filters, with the data of the protos and of the error table that they need."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gateway.error_reasons import (
    JWKS_UNAVAILABLE,
    REASONS,
    STATUS_ERRORS,
    UNKNOWN_FROM_SERVICE,
    ErrorText,
    ReasonStatus,
)
from gateway.routes import Route
from gateway.schema import FieldSchema, MessageSchema, reachable

FOLDER = Path(__file__).parent
# The filters' names, which are also the keys of their route metadata.
RESPONSE_FILTER = "adwright.response"
REQUEST_FILTER = "adwright.request"
REQUEST_FILES = ("json_parser.lua", "field_validation.lua", "request_validation.lua")  # concatenated in this order
# No request of the API nests deeper than 3; the transcoder fails at 100.
MAX_DEPTH = 32
# Objects, lists, strings and numbers in one body, including those of unknown fields. The largest useful request has
# about 200. Each costs the gateway's thread about a microsecond and 200 bytes, while its other requests wait.
MAX_VALUES = 5_000


def response_filter() -> str:
    """Builds the filter that finishes responses: response.lua below the error table's rows for services."""
    errors = {
        row.status: {**_error_table(row.from_service), "retryable": row.retryable}
        for row in STATUS_ERRORS
        if row.from_service is not None
    }
    unavailable = REASONS[JWKS_UNAVAILABLE.reason]
    retry_after = next(row.retry_after_seconds or 1 for row in STATUS_ERRORS if row.status == unavailable.status)
    head = (
        f"local ERRORS = {to_lua(errors)}\n"
        f"local UNKNOWN_ERROR = {to_lua({**_error_table(UNKNOWN_FROM_SERVICE), 'retryable': False})}\n"
        f"local JWKS_UNAVAILABLE = {to_lua({**_error_table(JWKS_UNAVAILABLE), **_reason_table(unavailable)})}\n"
        f"local RETRY_AFTER = {to_lua(str(retry_after))}\n{_reasons()}"
    )
    return head + (FOLDER / "response.lua").read_text(encoding="utf-8")


def _reasons() -> str:
    """Builds the Lua table of the reasons that the filters give themselves, with status and retryability."""
    given = {row.from_envoy.reason for row in STATUS_ERRORS if row.from_envoy} | {"VALIDATION_FAILED"}
    return f"local REASONS = {to_lua({reason: _reason_table(REASONS[reason]) for reason in sorted(given)})}\n"


def _reason_table(row: ReasonStatus) -> dict[str, Any]:
    return {"status": str(row.status), "retryable": row.retryable}


def _error_table(text: ErrorText) -> dict[str, Any]:
    return {"reason": text.reason, "message": text.message}


def request_filter(routes: tuple[Route, ...], messages: Mapping[str, MessageSchema]) -> str:
    """Builds the filter that validates requests: its Lua files below the schemas of the messages in request bodies."""
    roots = tuple(route.request for route in routes if route.body == "*")
    schema = {
        name: [_field_table(item) for item in message.fields]
        for name, message in sorted(reachable(messages, roots).items())
    }
    methods = {route.grpc_path: _method_table(route, messages) for route in routes}
    head = (
        f"local MAX_DEPTH = {MAX_DEPTH}\nlocal MAX_VALUES = {MAX_VALUES}\n"
        f"local SCHEMA = {to_lua(schema)}\nlocal METHODS = {to_lua(methods)}\n{_reasons()}"
    )
    return head + "\n".join((FOLDER / name).read_text(encoding="utf-8") for name in REQUEST_FILES)


def _method_table(route: Route, messages: Mapping[str, MessageSchema]) -> dict[str, Any]:
    """Builds the table of a method: the location (path, query or body) of each field of its request."""
    request = messages[route.request]
    fields: dict[str, dict[str, Any]] = {}
    parameters: list[str] = []
    for item in request.fields:
        location = "path" if item.proto_name in route.variables else "query"
        if location == "query" and route.body in ("*", item.proto_name):
            location = "body"
        for name, proto_name, repeated in _query_parameters(item, messages) if location == "query" else [_names(item)]:
            fields[name] = fields[proto_name] = {"name": name, "location": location, "repeated": repeated}
            if location == "query":
                parameters.append(name)
    facts: dict[str, Any] = {
        "verb": route.verb,
        "fields": fields,
        "parameters": parameters,
        "path": dict.fromkeys(route.variables, True),
        "names_unknown": route.names_unknown_fields,
        "read_only": dict.fromkeys(_read_only_names(route, messages), True),
    }
    if route.body == "*":
        facts["message"] = route.request
    return facts


def _read_only_names(route: Route, messages: Mapping[str, MessageSchema]) -> list[str]:
    """Returns the JSON and proto names of fields that only the response has, if the method ignores those."""
    if not route.ignores_read_only_fields:
        return []
    accepted = {item.proto_name for item in messages[route.request].fields}
    return [
        name
        for item in messages[route.response].fields
        if item.proto_name not in accepted
        for name in (item.name, item.proto_name)
    ]


def _names(item: FieldSchema) -> tuple[str, str, bool]:
    return item.name, item.proto_name, item.repeated


def _query_parameters(item: FieldSchema, messages: Mapping[str, MessageSchema]) -> list[tuple[str, str, bool]]:
    """Returns the query parameters of a field: itself, or the fields of its message as `field.inner`."""
    if item.message not in messages:
        return [_names(item)]
    return [
        (f"{item.name}.{name}", f"{item.proto_name}.{proto_name}", repeated or item.repeated)
        for inner in messages[item.message].fields
        for name, proto_name, repeated in _query_parameters(inner, messages)
    ]


def _field_table(item: FieldSchema) -> dict[str, Any]:
    facts: dict[str, Any] = {"name": item.name, "proto_name": item.proto_name, "kind": item.kind}
    for name in ("message", "repeated", "map", "accepts_number"):
        if getattr(item, name):
            facts[name] = getattr(item, name)
    return facts


def to_lua(value: Any) -> str:
    """Formats a value as a Lua literal. Raises TypeError for values of other types."""
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():  # as Python writes finite numbers, Lua reads them
            return str(value)
        case str():
            return '"' + "".join(_escape_byte(byte) for byte in value.encode()) + '"'
        case list() | tuple():
            return "{" + ",".join(to_lua(item) for item in value) + "}"
        case dict():
            return "{" + ",".join(f"[{to_lua(key)}]={to_lua(item)}" for key, item in value.items()) + "}"
    raise TypeError(f"{value!r} has no Lua literal")


def _escape_byte(byte: int) -> str:
    plain = 32 <= byte < 127 and byte not in b'"\\'
    return chr(byte) if plain else f"\\{byte:03d}"
