"""The one route table: every public method with its REST path, read from the compiled protos.

The single-machine configuration, the resources for a cluster and the API description are made from it. Nothing else
determines which methods can be reached from outside.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from adwright.access.v1 import access_pb2
from google.api import annotations_pb2
from google.protobuf import descriptor_pb2

VERBS = ("get", "post", "put", "patch", "delete")


class RouteError(ValueError):
    """A method of the protos cannot or must not be routed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One public method: its REST path, and its options for the gateway."""

    service: str
    """The proto service, such as adwright.job.v1.JobService."""
    method: str
    verb: str
    """GET, POST, …"""
    path: str
    """The proto's path template, such as /api/projects/{project_id}."""
    body: str
    """Empty: no body; "*": the whole message; otherwise the name of the field that the body fills."""
    request: str
    """The request message's full name."""
    response: str
    public: bool
    """Whether it needs no token."""
    keys: bool
    """Whether an API key is enough."""
    safe: bool
    """Whether the proto says that it has no side effects."""
    idempotent: bool
    """Whether the proto says that a repetition is harmless; safe methods are idempotent."""
    streaming: bool
    raw_request: bool
    """Whether the body is a file (google.api.HttpBody) and not JSON."""
    raw_response: bool
    headers: tuple[str, ...]
    """The names in access.proto of the request headers that the method applies."""
    names_unknown_fields: bool
    """Whether unknown fields of a JSON body are named in the response instead of rejected."""
    ignores_read_only_fields: bool
    """Whether fields of a JSON body that only the response has are ignored instead of rejected."""
    events_of: str
    """The method whose stream it serves as Server-Sent Events; empty: it has no events."""
    event: str
    """The full name of the message in an event's data; empty: it has no events."""

    @property
    def upstream(self) -> str:
        """The name of the Adwright service that handles the method, such as job."""
        return self.service.split(".")[1]

    @property
    def grpc_path(self) -> str:
        return f"/{self.service}/{self.method}"

    @property
    def native_path(self) -> str:
        """The gRPC path of the method, or of the method whose stream it serves as events."""
        return f"/{self.service}/{self.events_of or self.method}"

    @property
    def path_pattern(self) -> str:
        """A regular expression for the whole path, with one non-empty segment for each variable."""
        return "".join(
            "[^/]+" if part.startswith("{") else re.escape(part) for part in re.split(r"(\{[^}]*\})", self.path)
        )

    @property
    def variables(self) -> tuple[str, ...]:
        return tuple(re.findall(r"\{([^}=]*)", self.path))


def read_descriptors(path: Path) -> descriptor_pb2.FileDescriptorSet:
    """Reads the compiled protos of `make protos`. Raises RouteError when the file is not a descriptor set."""
    try:
        return descriptor_pb2.FileDescriptorSet.FromString(path.read_bytes())
    except Exception as error:
        raise RouteError(f"{path} is not a descriptor set: {error}") from None


def routes_of(descriptors: descriptor_pb2.FileDescriptorSet) -> tuple[Route, ...]:
    """Returns the public methods in the order of the files. Raises RouteError when the options of one contradict."""
    messages = {
        f".{file.package}.{message.name}": message for file in descriptors.file for message in file.message_type
    }
    routes = [
        _route(f"{file.package}.{service.name}", service, method, messages)
        for file in descriptors.file
        if file.package.startswith("adwright.")
        for service in file.service
        for method in service.method
        if method.options.HasExtension(annotations_pb2.http)
    ]
    seen: dict[tuple[str, str], Route] = {}
    for route in routes:
        other = seen.setdefault((route.verb, route.path_pattern), route)
        if other is not route:
            raise RouteError(f"{route.grpc_path} and {other.grpc_path} have the same path")
    return tuple(routes)


def _route(
    service: str,
    described: descriptor_pb2.ServiceDescriptorProto,
    method: descriptor_pb2.MethodDescriptorProto,
    messages: dict[str, descriptor_pb2.DescriptorProto],
) -> Route:
    name = f"{service}/{method.name}"
    callers = set(method.options.Extensions[access_pb2.callers])
    if not callers or access_pb2.CALLER_UNSPECIFIED in callers:
        raise RouteError(f"{name} has a path but does not say who may call it")
    if access_pb2.CALLER_SERVICE in callers:
        raise RouteError(f"{name} is for services only and must have no path")
    if method.client_streaming:
        raise RouteError(f"{name} streams its request, which REST cannot")
    rule = method.options.Extensions[annotations_pb2.http]
    verb = str(rule.WhichOneof("pattern"))
    if verb not in VERBS or rule.additional_bindings:
        raise RouteError(f"{name} has a path of a kind that the gateway does not route")
    level = method.options.idempotency_level
    safe = level == descriptor_pb2.MethodOptions.NO_SIDE_EFFECTS
    body_type = ""
    if rule.body not in ("", "*"):
        body_type = next(item.type_name for item in messages[method.input_type].field if item.name == rule.body)
    unknown_fields = method.options.Extensions[access_pb2.unknown_fields]
    events_of = method.options.Extensions[access_pb2.events_of]
    event = next((item.output_type for item in described.method if item.name == events_of), "").lstrip(".")
    if events_of and not event:
        raise RouteError(f"{name} serves events of {events_of}, which its service does not have")
    return Route(
        service=service,
        method=method.name,
        verb=verb.upper(),
        path=getattr(rule, verb),
        body=rule.body,
        request=method.input_type.lstrip("."),
        response=method.output_type.lstrip("."),
        public=access_pb2.CALLER_PUBLIC in callers,
        keys=access_pb2.CALLER_USER in callers,
        safe=safe,
        idempotent=safe or level == descriptor_pb2.MethodOptions.IDEMPOTENT,
        streaming=method.server_streaming,
        raw_request=body_type == ".google.api.HttpBody",
        raw_response=method.output_type == ".google.api.HttpBody",
        headers=tuple(access_pb2.Header.Name(header) for header in method.options.Extensions[access_pb2.headers]),
        names_unknown_fields=unknown_fields == access_pb2.UNKNOWN_FIELDS_NAMED,
        ignores_read_only_fields=unknown_fields == access_pb2.UNKNOWN_FIELDS_READ_ONLY_IGNORED,
        events_of=events_of,
        event=event,
    )
