"""The REST API as OpenAPI 3.1, made from the protos: paths, fields, rules and comments have no second source.

`python -m gateway.openapi` writes it to standard output. Only the examples (examples.json) have another source; a test
validates them against the schemas.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2

from gateway.error_reasons import REASONS, STATUS_ERRORS
from gateway.routes import Route, RouteError, read_descriptors, routes_of
from gateway.schema import Comments, FieldSchema, MessageSchema, Rules, comments_of, messages_of, reachable

FOLDER = Path(__file__).parent
IMAGE = FOLDER.parent / "gen" / "image.binpb"
INT32 = {"minimum": -(2**31), "maximum": 2**31 - 1}
TAG_ORDER = ("copy", "image", "video", "campaign", "job", "webhook", "catalog", "billing")
INTRODUCTION = (
    "Send a token as `Authorization: Bearer …`, or an API key as `X-API-Key`. Operations that cost credits say so. A "
    "request with an `idempotencyKey` whose job is still live returns that job and costs nothing. Unknown fields of a "
    "body are rejected; the calls that generate accept them and name them in `notes`, unless `Prefer: handling=strict` "
    "is sent. Projects and products can be sent back as they were read: fields such as `id` and `createdAt` are then "
    "ignored. `null` is the same as absent. Unknown query parameters are rejected. Every error has the same body."
)
# By the name of a header in access.proto: its HTTP name, the schema of its values, and the response header that
# acknowledges it (empty: none).
HEADERS: Mapping[str, tuple[str, dict[str, Any], str]] = {
    "HEADER_IDEMPOTENCY_KEY": (
        "Idempotency-Key",
        {"type": "string", "minLength": 1, "maxLength": 255, "pattern": r"^[!#-+\--\[\]-~]+$"},
        "Idempotency-Replayed",
    ),
    # No pattern: a server ignores preferences that it does not know (RFC 7240), so any text is valid.
    "HEADER_PREFER_WAIT": ("Prefer", {"type": "string"}, "Preference-Applied"),
    "HEADER_PREFER_HANDLING": ("Prefer", {"type": "string"}, "Preference-Applied"),
    "HEADER_LAST_EVENT_ID": ("Last-Event-ID", {"type": "string"}, ""),
}
# Media types that a photo may be sent as; its format is read from its bytes. Client generators use the first one and
# skip the others.
PHOTO_MEDIA_TYPES = ("application/octet-stream", "image/png", "image/jpeg", "image/webp", "image/avif", "image/heic")
BINARY_SCHEMA: Mapping[str, str] = {"type": "string", "format": "binary"}
DESCRIPTIONS = {row.status: row.description for row in STATUS_ERRORS if row.description}


def openapi(image: descriptor_pb2.FileDescriptorSet, *, version: str = "1.0.0") -> dict[str, Any]:
    """Builds the description from `image`, the content of gen/image.binpb, which includes the protos' comments."""
    comments = comments_of(image)
    messages = messages_of(image, comments)
    routes = tuple(sorted(routes_of(image), key=_sort_key))
    examples = json.loads((FOLDER / "examples.json").read_text(encoding="utf-8"))
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        operation = _operation(route, messages, comments, examples.get(route.method, {}))
        paths.setdefault(_json_path(route.path), {})[route.verb.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Adwright",
            "version": version,
            "summary": "Advertising creatives over an API: copy, images, talking-avatar videos.",
            "description": INTRODUCTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": text} for name, text in _tags(routes, comments).items()],
        "security": [{"bearer": []}, {"apiKey": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            },
            "schemas": {**_schemas(routes, messages), "ErrorResponse": _error_schema()},
        },
    }


def _tags(routes: tuple[Route, ...], comments: Comments) -> dict[str, str]:
    tags: dict[str, str] = {}
    for route in routes:
        tags.setdefault(_tag(route.service), comments.of(route.service))
    return tags


def _sort_key(route: Route) -> tuple[bool, int]:
    """Orders operations of customers first and those of administrators last."""
    return "Admin" in route.service, TAG_ORDER.index(route.upstream) if route.upstream in TAG_ORDER else len(TAG_ORDER)


def _tag(service: str) -> str:
    """Returns the service's display name: "Job Admin" for adwright.job.v1.JobAdminService."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", _short(service).removesuffix("Service"))


def _short(name: str) -> str:
    return name.rpartition(".")[2]


def _json_name(name: str) -> str:
    return re.sub(r"_([a-z0-9])", lambda found: found[1].upper(), name)


def _json_path(path: str) -> str:
    return re.sub(r"\{([^}]*)\}", lambda found: "{" + _json_name(found[1]) + "}", path)


def _operation(
    route: Route, messages: Mapping[str, MessageSchema], comments: Comments, example: Mapping[str, Any]
) -> dict[str, Any]:
    text = comments.of(f"{route.service}.{route.method}")
    request = messages[route.request]
    bound = set(route.variables)
    operation: dict[str, Any] = {
        "operationId": route.method[0].lower() + route.method[1:],
        "tags": [_tag(route.service)],
        "summary": text.partition(". ")[0].rstrip("."),
        "description": text,
    }
    parameters = [_parameter(item, "path") for item in request.fields if item.proto_name in bound]
    if not route.body:
        parameters += [_parameter(item, "query") for item in request.fields if item.proto_name not in bound]
    parameters += _header_parameters(route, comments)
    if parameters:
        operation["parameters"] = parameters
    if route.raw_request:
        operation["requestBody"] = {
            "required": True,
            # forms are accepted too, and said in words: generators write broken clients for several kinds of bodies
            "content": {kind: {"schema": BINARY_SCHEMA} for kind in PHOTO_MEDIA_TYPES},
        }
    elif route.body:
        content: dict[str, Any] = {"schema": _body_schema(request, bound)}
        if "request" in example:
            content["example"] = example["request"]
        needed = any(item.needed for item in request.fields if item.proto_name not in bound)
        operation["requestBody"] = {"required": needed, "content": {"application/json": content}}
    operation["responses"] = _responses(route, text, example)
    if route.public:
        operation["security"] = []
    elif not route.keys:
        operation["security"] = [{"bearer": []}]
    return operation


def _parameter(item: FieldSchema, place: str) -> dict[str, Any]:
    parameter: dict[str, Any] = {
        "name": item.name,
        "in": place,
        "required": place == "path" or item.needed,
        "schema": _field_schema(item, request=False),
    }
    if item.comment:
        parameter["description"] = item.comment
    return parameter


def _header_parameters(route: Route, comments: Comments) -> list[dict[str, Any]]:
    """Builds one parameter for each HTTP header; one that carries several preferences joins their descriptions."""
    found: dict[str, dict[str, Any]] = {}
    for name in route.headers:
        header, schema, _ = HEADERS[name]
        text = comments.of(f"adwright.access.v1.Header.{name}")
        if header in found:
            found[header]["description"] += f" {text}"
        else:
            found[header] = {"name": header, "in": "header", "required": False, "schema": schema, "description": text}
    return list(found.values())


def _body_schema(request: MessageSchema, bound: set[str]) -> dict[str, Any]:
    if not bound:
        return _reference(request.name)
    rest = tuple(item for item in request.fields if item.proto_name not in bound)
    return _message_schema(MessageSchema(name=request.name, fields=rest, comment=request.comment), request=True)


def _responses(route: Route, text: str, example: Mapping[str, Any]) -> dict[str, Any]:
    success: dict[str, Any] = {"description": "Done."}
    if route.event:
        success["description"] = "A message for each change, as Server-Sent Events."
        # The schema has an event's fields, as in OpenAPI 3.2; its data is a message in JSON. The fields are patterns
        # and not properties: generators of Python clients would otherwise take the stream for one JSON object.
        data = {"type": "string", "contentMediaType": "application/json", "contentSchema": _reference(route.event)}
        event = {"required": ["id", "data"], "patternProperties": {"^id$": {"type": "string"}, "^data$": data}}
        success["content"] = {"text/event-stream": {"schema": event}}
    elif route.raw_response:
        success["content"] = {"*/*": {}}
    elif route.response == "google.protobuf.Empty":
        success["content"] = {"application/json": {"schema": {"type": "object"}}}
    else:
        content: dict[str, Any] = {"schema": _reference(route.response)}
        if "response" in example:
            content["example"] = example["response"]
        success["content"] = {"application/json": content}
    acknowledged = [HEADERS[name][2] for name in route.headers if HEADERS[name][2]]
    if acknowledged:
        success["headers"] = {name: {"schema": {"type": "string"}} for name in acknowledged}
    responses: dict[str, Any] = {"200": success}
    if re.search(r"\b204\b", text):
        responses["204"] = {"description": "The stream ended before Last-Event-ID; do not reconnect."}
    if re.search(r"\bRange\b", text):
        responses["206"] = {"description": "The part that Range requests.", "content": {"*/*": {}}}
    statuses = {400, 429, 503, 504}
    if not route.public:
        statuses.add(401)
    if route.body:
        statuses |= {413} if route.raw_request else {413, 415}
    statuses |= {REASONS[found].status for found in re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", text) if found in REASONS}
    if route.variables:
        statuses.add(404)
    if not (route.keys or route.public):
        statuses.add(403)
    for status in sorted(statuses):
        responses[str(status)] = _error_response(DESCRIPTIONS.get(status, "The request was refused."))
    responses["default"] = _error_response("Any other error; all have this shape.")
    return responses


def _error_response(description: str) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": _reference("ErrorResponse")}}}


def _schemas(routes: tuple[Route, ...], messages: Mapping[str, MessageSchema]) -> dict[str, Any]:
    requests = reachable(messages, tuple(route.request for route in routes if route.body == "*"))
    responses = reachable(messages, tuple(route.event or route.response for route in routes))
    with_notes = {route.response for route in routes if route.names_unknown_fields}
    found = {
        _short(name): _message_schema(message, request=name in requests, omitted="notes" if name in with_notes else "")
        for name, message in sorted({**requests, **responses}.items())
    }
    if len(found) != len({**requests, **responses}):
        raise RouteError("two messages of the REST API have the same short name")
    return found


def _message_schema(message: MessageSchema, *, request: bool, omitted: str = "") -> dict[str, Any]:
    """Builds a message's schema. `omitted` names a list that the gateway removes from a response where it is empty."""
    required = [
        item.name for item in message.fields if (item.needed if request else not item.optional) and item.name != omitted
    ]
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {item.name: _field_schema(item, request=request) for item in message.fields},
    }
    if required:
        schema["required"] = required
    if message.comment:
        schema["description"] = message.comment
    return schema


def _field_schema(item: FieldSchema, *, request: bool) -> dict[str, Any]:
    value = _reference(item.message) if item.kind == "message" else _value_schema(item.kind, item.rules)
    if item.repeated:
        value = {"type": "array", "items": value}
    elif item.map:
        value = {"type": "object", "additionalProperties": value}
    elif item.accepts_number and request:
        value["type"] = ["string", "number"]
    sizes = ("minItems", "maxItems") if item.repeated else ("minProperties", "maxProperties")
    for name, number in zip(sizes, (item.container.min_items, item.container.max_items), strict=True):
        if number is not None:
            value[name] = number
    if request and not item.needed:  # null is the same as absent
        value = _or_null(value)
    accepted = f"Must be {item.must_be}." if item.must_be else ""
    if item.comment or accepted:
        value["description"] = " ".join(filter(None, (item.comment, accepted)))
    return value


def _or_null(value: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in value:
        return {"anyOf": [value, {"type": "null"}]}
    types = value["type"] if isinstance(value["type"], list) else [value["type"]]
    changed = {**value, "type": [*types, "null"]}
    if "enum" in value:
        changed["enum"] = [*value["enum"], None]
    return changed


def _value_schema(kind: str, rules: Rules) -> dict[str, Any]:
    match kind:
        case "bool":
            return {"type": "boolean"}
        case "int32":
            low = INT32["minimum"] if rules.minimum is None else rules.minimum
            high = INT32["maximum"] if rules.maximum is None else rules.maximum
            return {"type": "integer", "format": "int32", "minimum": low, "maximum": high}
        case "int64":
            return {"type": "string", "pattern": "^-?[0-9]{1,19}$"}
        case "number":
            limits = {"minimum": rules.minimum, "maximum": rules.maximum}
            return {"type": "number", **{name: limit for name, limit in limits.items() if limit is not None}}
        case "timestamp":
            return {"type": "string", "format": "date-time"}
        case "bytes":
            return {"type": "string", "contentEncoding": "base64"}
    schema: dict[str, Any] = {"type": "string"}
    if rules.uuid:
        schema["format"] = "uuid"
    if rules.uri:
        schema["format"] = "uri"
    if rules.pattern:
        schema["pattern"] = rules.pattern
    if rules.one_of:
        schema["enum"] = list(rules.one_of)
    if rules.min_length is not None:
        schema["minLength"] = rules.min_length
    if rules.max_length is not None:
        schema["maxLength"] = rules.max_length
    if rules.ignore_empty:
        schema.pop("type")
        return {"type": "string", "anyOf": [{"maxLength": 0}, schema]}
    return schema


def _reference(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{_short(name)}"}


def _error_schema() -> dict[str, Any]:
    text = {"type": "string"}
    return {
        "type": "object",
        "description": "The body of every error.",
        "required": ["error"],
        "properties": {
            "error": {
                "type": "object",
                "required": ["reason", "message", "requestId", "retryable"],
                "properties": {
                    "reason": {**text, "description": "Stable, for programs.", "examples": sorted(REASONS)},
                    "message": {**text, "description": "For people."},
                    "fields": {
                        "type": "array",
                        "description": "The wrong fields, each with a message.",
                        "items": {
                            "type": "object",
                            "required": ["field", "message"],
                            "properties": {"field": text, "message": text},
                        },
                    },
                    "requestId": {**text, "description": "Quote it when asking for help; also in X-Request-Id."},
                    "retryable": {"type": "boolean", "description": "Whether the same request may succeed later."},
                },
            }
        },
    }


def main() -> None:
    json.dump(openapi(read_descriptors(IMAGE)), sys.stdout, indent=1, ensure_ascii=False)


if __name__ == "__main__":
    main()
