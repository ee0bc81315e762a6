"""Envoy's one virtual host: a route for each public method, and error replies for all other requests."""

from __future__ import annotations

import json
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from gateway.clusters import EXTENSION_TYPES
from gateway.lua_filters import REQUEST_FILTER, RESPONSE_FILTER
from gateway.rate_limits import JWT_FILTER, RATE_LIMIT_FILTER, address_limit
from gateway.routes import Route
from gateway.settings import GatewaySettings

DEFAULT_SECONDS = 15
# The generating calls respond within the 60 seconds that `Prefer: wait` may request, plus a margin. Copy responds
# within the time that its language model may take (ADWRIGHT_COPY_OPENAI_SECONDS, at most 120), plus that to submit the
# job and to record the result; tests/copy/test_deadlines.py adds them up.
GENERATE_SECONDS = {
    "GenerateCopy": 180,
    "GenerateStaticAd": 75,
    "GenerateVariant": 75,
    "GenerateVideo": 75,
    "GenerateCampaign": 75,
}
FILE_SECONDS = 60
# A stream may last as long as its job. A client that receives nothing for this long reconnects, as EventSource does.
STREAM_IDLE_SECONDS = 900
# An event stream has a heartbeat every 10 seconds: one that is silent for longer has lost its service or its client.
EVENTS_IDLE_SECONDS = 60
# The listener ends any other stream on which nothing is sent for this long.
LONGEST_SILENCE_SECONDS = 120
RETRIES = 2
GRPC_FRAMING_BYTES = 1 << 16  # Envoy's limit includes the transcoder's framing of a body

# Set by response.lua on a HEAD request, which is sent on as GET.
HEAD_MARKER = "x-adwright-head"
NOT_HEAD = {"name": HEAD_MARKER, "present_match": True, "invert_match": True}
# Matches a HEAD request both before and after response.lua: Envoy decides which filters a route disables before the
# first filter runs.
GET_OR_HEAD = {"name": ":method", "string_match": {"safe_regex": {"regex": "GET|HEAD"}}}

TRANSCODER_FILTER = "envoy.filters.http.grpc_json_transcoder"

DISABLED = {"@type": "type.googleapis.com/envoy.config.route.v3.FilterConfig", "disabled": True}
NO_TOKEN = {JWT_FILTER: {"@type": f"{EXTENSION_TYPES}.filters.http.jwt_authn.v3.PerRouteConfig", "disabled": True}}
# Replies without a service cost nothing, so they need no token and do not count against a user's limit.
NO_TOKEN_NO_LIMIT = {**NO_TOKEN, RATE_LIMIT_FILTER: DISABLED}

API_POLICY = "default-src 'none'; frame-ancestors 'none'"
# A browser shows a directly opened image or video in a page of its own, which may show the file and nothing else.
ASSET_POLICY = "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'"
# The page of the API description runs its bundled script and calls only this gateway.
DOCUMENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' "
    "data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
# The studio shows photos that it fetched with a token (blob:), and hands no text to the browser as HTML or script.
STUDIO_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
    "font-src 'self'; connect-src {connect}; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)


def virtual_host(settings: GatewaySettings, routes: tuple[Route, ...]) -> dict[str, Any]:
    """Builds the virtual host: REST routes, native gRPC routes, documents, and 404 for everything else."""
    found: list[dict[str, Any]] = []
    for path, group in groupby(sorted(routes, key=lambda route: (route.path_pattern, route.verb)), _pattern):
        methods = list(group)
        found += [_rest_route(route, settings) for route in methods]
        found.append(_preflight_route(methods[0]))
        found.append(_method_not_allowed_route(path, methods))
    found += [_grpc_route(route, settings) for route in routes]
    found += [_document_route(path, kind, file, settings) for path, (kind, file) in sorted(settings.documents.items())]
    if "/studio" in settings.documents:
        found.append(_studio_settings_route(settings))
    found.append(
        {
            "name": "nothing-here",
            "match": {"prefix": "/"},
            "direct_response": {"status": 404},
            "typed_per_filter_config": NO_TOKEN_NO_LIMIT,
        }
    )
    return {
        "name": "adwright",
        "domains": ["*"],
        "routes": found,
        "typed_per_filter_config": {"envoy.filters.http.cors": _cors(settings)},
    }


def _pattern(route: Route) -> str:
    return route.path_pattern


def _rest_route(route: Route, settings: GatewaySettings) -> dict[str, Any]:
    limit = settings.max_upload_bytes if route.raw_request else settings.max_json_bytes
    if route.verb == "GET" and _supports_head(route):
        conditions: list[dict[str, Any]] = [GET_OR_HEAD]
    else:
        conditions = [{"name": ":method", "string_match": {"exact": route.verb}}, NOT_HEAD]
    envoy: dict[str, Any] = {
        "name": route.grpc_path,
        "match": {**_path_match(route.path_pattern), "headers": conditions},
        "route": _route_action(route, idle_seconds=EVENTS_IDLE_SECONDS if route.event else STREAM_IDLE_SECONDS),
        "request_body_buffer_limit": limit + GRPC_FRAMING_BYTES,
        "metadata": {
            # Responses that name unknown fields have `notes`; response.lua removes empty ones.
            "filter_metadata": {
                REQUEST_FILTER: _validation_metadata(route, limit),
                RESPONSE_FILTER: {"notes": route.names_unknown_fields},
            }
        },
        "response_headers_to_add": _response_headers(route),
    }
    if route.public:
        envoy["typed_per_filter_config"] = _public_filters(settings)
    return envoy


def _supports_head(route: Route) -> bool:
    """Reports whether the path supports HEAD. An event stream does not: it would last until the client closes it."""
    return not route.event


def _public_filters(settings: GatewaySettings) -> dict[str, Any]:
    """Builds the filter options of a route that needs no token; it is limited by address, because it has no user."""
    limit = settings.rate_limit
    return NO_TOKEN if limit is None else {**NO_TOKEN, RATE_LIMIT_FILTER: address_limit(limit.split(settings.replicas))}


def _validation_metadata(route: Route, limit: int) -> dict[str, Any]:
    """Metadata of a REST route for request_validation.lua: its method and, where it takes a body, the size limit."""
    return {"method": route.grpc_path, **({"limit": limit} if route.body else {})}


def _grpc_route(route: Route, settings: GatewaySettings) -> dict[str, Any]:
    """Builds the route of a public method for gRPC and gRPC-Web clients, which use its full name."""
    envoy: dict[str, Any] = {
        "name": f"{route.native_path} (gRPC)",
        "match": {
            "path": route.native_path,
            "headers": [
                {"name": ":method", "string_match": {"exact": "POST"}},
                {"name": "content-type", "string_match": {"prefix": "application/grpc"}},
            ],
        },
        "route": _route_action(route, idle_seconds=STREAM_IDLE_SECONDS),
        "request_body_buffer_limit": settings.max_upload_bytes + GRPC_FRAMING_BYTES,
    }
    if route.public:
        envoy["typed_per_filter_config"] = _public_filters(settings)
    return envoy


def _route_action(route: Route, *, idle_seconds: int) -> dict[str, Any]:
    action: dict[str, Any] = {"cluster": route.upstream}
    if route.streaming:
        action |= {"timeout": "0s", "idle_timeout": f"{idle_seconds}s"}
    else:
        # A file takes long to transfer, or is generated on its first request.
        seconds = (
            FILE_SECONDS
            if route.raw_request or route.raw_response
            else GENERATE_SECONDS.get(route.method, DEFAULT_SECONDS)
        )
        action["timeout"] = f"{seconds}s"
        if seconds > LONGEST_SILENCE_SECONDS:
            action["idle_timeout"] = f"{seconds}s"  # a response that is being written is silent for this long
    # After a failed connection or a refused stream, no service has seen the call, so any call may be sent again.
    conditions = ["connect-failure", "refused-stream"]
    if route.idempotent and not route.streaming:
        conditions += ["reset-before-request", "unavailable"]
    action["retry_policy"] = {
        "retry_on": ",".join(conditions),
        "num_retries": RETRIES,
        "retry_back_off": {"base_interval": "0.05s", "max_interval": "0.5s"},
    }
    return action


def _preflight_route(route: Route) -> dict[str, Any]:
    """Builds the route of CORS preflight requests.

    The CORS filter replies for allowed origins, but only on routes with a cluster. Other preflight requests lack a
    token and get 401.
    """
    return {
        "name": f"{route.path} (preflight)",
        "match": {
            **_path_match(route.path_pattern),
            "headers": [
                {"name": ":method", "string_match": {"exact": "OPTIONS"}},
                {"name": "origin", "present_match": True},
                {"name": "access-control-request-method", "present_match": True},
            ],
        },
        "route": {"cluster": route.upstream, "timeout": "5s"},
    }


def _method_not_allowed_route(path: str, methods: list[Route]) -> dict[str, Any]:
    head = {"HEAD"} if any(route.verb == "GET" and _supports_head(route) for route in methods) else set()
    allow = ", ".join(sorted({route.verb for route in methods} | head | {"OPTIONS"}))
    return {
        "name": f"{methods[0].path} (other methods)",
        "match": _path_match(path),
        "direct_response": {"status": 405},
        "response_headers_to_add": [_header("allow", allow)],
        "typed_per_filter_config": NO_TOKEN_NO_LIMIT,
    }


def _document_route(path: str, kind: str, file: Path, settings: GatewaySettings) -> dict[str, Any]:
    return _direct_route(path, kind, {"filename": str(file)}, settings)


def _studio_settings_route(settings: GatewaySettings) -> dict[str, Any]:
    """What /studio reads before anyone has signed in."""
    provider = {
        "issuer": settings.studio_issuer,
        "clientId": settings.studio_client_id,
        "scopes": settings.studio_scopes,
    }
    text = json.dumps(provider if settings.studio_issuer else {})
    return _direct_route("/studio/settings.json", "application/json", {"inline_string": text}, settings)


def _studio_policy(settings: GatewaySettings) -> str:
    """The studio's policy: it may call this gateway and the origin of the identity provider's issuer."""
    issuer = urlsplit(settings.studio_issuer)
    connect = f"'self' {issuer.scheme}://{issuer.netloc}" if settings.studio_issuer else "'self'"
    return STUDIO_POLICY.format(connect=connect)


def _direct_route(path: str, kind: str, body: dict[str, str], settings: GatewaySettings) -> dict[str, Any]:
    policy = _studio_policy(settings) if path.startswith("/studio") else DOCUMENT_POLICY
    return {
        "name": path,
        "match": {"path": path, "headers": [GET_OR_HEAD]},
        "direct_response": {"status": 200, "body": body},
        "response_headers_to_add": [
            {**_header("content-type", kind), "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"},
            _header("content-security-policy", policy),
            _header("cache-control", "no-cache"),
        ],
        "typed_per_filter_config": NO_TOKEN_NO_LIMIT,
    }


def _path_match(pattern: str) -> dict[str, Any]:
    plain = pattern.replace("\\", "")
    if "[^/]+" in pattern:
        return {"safe_regex": {"regex": pattern}}
    return {"path": plain}


def _response_headers(route: Route) -> list[dict[str, Any]]:
    if route.event:
        return [_header("x-accel-buffering", "no")]  # nginx holds responses back until a buffer is full
    if not (route.public and route.raw_response):
        return []
    # Other sites may embed assets, by a link that needs no token.
    return [
        _header("content-security-policy", ASSET_POLICY),
        _header("cross-origin-resource-policy", "cross-origin"),
    ]


def default_headers(*, tls: bool) -> list[dict[str, Any]]:
    """Builds the headers of every response, unless the route or the service sets them."""
    found = [
        _header("x-content-type-options", "nosniff"),
        _header("x-frame-options", "DENY"),
        _header("referrer-policy", "no-referrer"),
        _header("content-security-policy", API_POLICY),
        _header("cross-origin-resource-policy", "same-origin"),
        _header("cache-control", "no-store"),
    ]
    if tls:
        found.append(_header("strict-transport-security", "max-age=31536000"))
    return found


def _header(name: str, value: str) -> dict[str, Any]:
    return {"header": {"key": name, "value": value}, "append_action": "ADD_IF_ABSENT"}


def _cors(settings: GatewaySettings) -> dict[str, Any]:
    everyone = "*" in settings.cors_origins
    matches = [{"safe_regex": {"regex": ".*"}}] if everyone else [{"exact": text} for text in settings.cors_origins]
    return {
        "@type": f"{EXTENSION_TYPES}.filters.http.cors.v3.CorsPolicy",
        "allow_origin_string_match": matches,
        "allow_methods": "GET, POST, PATCH, DELETE",
        "allow_headers": (
            "authorization, content-type, idempotency-key, prefer, range, last-event-id, x-api-key, x-grpc-web, "
            "x-user-agent, grpc-timeout"
        ),
        "expose_headers": (
            "x-request-id, retry-after, x-ratelimit-limit, x-ratelimit-remaining, x-ratelimit-reset, content-range, "
            "accept-ranges, content-disposition, idempotency-replayed, preference-applied, grpc-status, grpc-message"
        ),
        "max_age": "600",
    }
