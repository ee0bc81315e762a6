"""Envoy's listener: its connection settings, and the HTTP filters in their order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.clusters import EXTENSION_TYPES, KEYS_CLUSTER, TRACE_CLUSTER, is_remote, socket_address
from gateway.jwks_file import JWKS_FILE_CACHE_SECONDS, keys_uri
from gateway.local_replies import local_reply_config
from gateway.lua_filters import REQUEST_FILTER, RESPONSE_FILTER, request_filter, response_filter
from gateway.rate_limits import HAS_API_KEY, JWT_FILTER, RATE_LIMIT_FILTER, user_limit
from gateway.routes import Route
from gateway.schema import MessageSchema
from gateway.settings import GatewaySettings
from gateway.virtual_host import LONGEST_SILENCE_SECONDS, TRANSCODER_FILTER, default_headers, virtual_host

CONNECTION_IDLE_SECONDS = 300
MAX_HEADERS = 100
MAX_HEADER_KIB = 32  # tokens are at most 16 KiB
CLOCK_SKEW_SECONDS = 60
MAX_DOCUMENT_BYTES = 8 << 20  # Swagger UI's script is the largest document

# Header names that HTTP allows and gRPC aborts a call for ("it's", "a~b"); the API has no such header.
INVALID_GRPC_NAME_PATTERN = r".*[^a-z0-9_.:-].*"
# The gateway generates x-request-id, so that its form is known. Traces start here: a client's traceparent could have
# every request recorded.
DROPPED_HEADERS = ("x-request-id", "traceparent", "tracestate")
# Headers that only the gateway and the services may set: they carry a response's status, a request's time of arrival
# and its unknown fields, and control Envoy's retries and timeouts.
INTERNAL_HEADERS_PATTERN = r"x-(adwright|envoy)-.*"


def listener(
    settings: GatewaySettings, routes: tuple[Route, ...], messages: Mapping[str, MessageSchema]
) -> dict[str, Any]:
    """Builds the one listener, for REST and gRPC clients."""
    chain: dict[str, Any] = {
        "filters": [
            {
                "name": "envoy.filters.network.http_connection_manager",
                "typed_config": _connection_manager(settings, routes, messages),
            }
        ]
    }
    if settings.tls_certificate:
        chain["transport_socket"] = _tls(settings)
        chain["transport_socket_connect_timeout"] = f"{settings.headers_seconds}s"
    return {
        "name": "adwright",
        "address": socket_address(settings.listen),
        "per_connection_buffer_limit_bytes": 1 << 20,
        # Otherwise a second gateway on this port would start without an error and receive part of the requests.
        "enable_reuse_port": False,
        "filter_chains": [chain],
    }


def _connection_manager(
    settings: GatewaySettings, routes: tuple[Route, ...], messages: Mapping[str, MessageSchema]
) -> dict[str, Any]:
    filters = [
        _filter(RESPONSE_FILTER, "lua.v3.Lua", default_source_code={"inline_string": response_filter()}),
        _filter("envoy.filters.http.cors", "cors.v3.Cors"),
        _filter("envoy.filters.http.grpc_web", "grpc_web.v3.GrpcWeb"),
        _jwt_filter(settings),
    ]
    if settings.rate_limit is not None:
        filters.append(
            {"name": RATE_LIMIT_FILTER, "typed_config": user_limit(settings.rate_limit.split(settings.replicas))}
        )
    filters.append(
        _filter(REQUEST_FILTER, "lua.v3.Lua", default_source_code={"inline_string": request_filter(routes, messages)})
    )
    filters.append(_transcoder_filter(settings, routes))
    filters.append(_filter("envoy.filters.http.router", "router.v3.Router", suppress_envoy_headers=True))
    tracing = {} if settings.trace_collector is None else {"tracing": _tracing(settings.trace_share)}
    return {
        **tracing,
        "@type": f"{EXTENSION_TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "adwright",
        "codec_type": "AUTO",
        "use_remote_address": True,
        "xff_num_trusted_hops": settings.trusted_proxies,
        "server_header_transformation": "PASS_THROUGH",
        "generate_request_id": True,
        "always_set_request_id_in_response": True,
        "normalize_path": True,
        "merge_slashes": True,
        "path_with_escaped_slashes_action": "KEEP_UNCHANGED",  # they match no route, or part of an invalid id
        "max_request_headers_kb": MAX_HEADER_KIB,
        "request_headers_timeout": f"{settings.headers_seconds}s",
        "request_timeout": f"{settings.request_seconds}s",
        "stream_idle_timeout": f"{LONGEST_SILENCE_SECONDS}s",
        "common_http_protocol_options": {
            "idle_timeout": f"{CONNECTION_IDLE_SECONDS}s",
            "max_headers_count": MAX_HEADERS,
            "headers_with_underscores_action": "REJECT_REQUEST",
        },
        # Methods unknown to Envoy (such as QUERY) get 405 like others that a path does not support.
        # nginx uses HTTP/1.0 with upstreams by default, and ab always. HTTP/1.0 needs no Host, and no route depends
        # on it.
        "http_protocol_options": {
            "allow_custom_methods": True,
            # Some clients offer another protocol with every request (Upgrade: TLS/1.2); none is supported.
            "ignore_http_11_upgrade": [{"safe_regex": {"regex": ".*"}}],
            "accept_http_10": True,
            "default_host_for_http_10": "localhost",
        },
        "http2_protocol_options": {"max_concurrent_streams": 1_000},
        "early_header_mutation_extensions": [
            {
                "name": "envoy.http.early_header_mutation.header_mutation",
                "typed_config": {
                    "@type": f"{EXTENSION_TYPES}.http.early_header_mutation.header_mutation.v3.HeaderMutation",
                    "mutations": [
                        *({"remove": name} for name in DROPPED_HEADERS),
                        *(
                            {"remove_on_match": {"key_matcher": {"safe_regex": {"regex": names}}}}
                            for names in (INTERNAL_HEADERS_PATTERN, INVALID_GRPC_NAME_PATTERN)
                        ),
                        # The time of the request's first byte, in seconds since 1970. A request that arrived while
                        # the job of its idempotency key was live is a duplicate, whenever a service handles it.
                        {"append": {"header": {"key": "x-adwright-arrived", "value": "%START_TIME(%s.%6f)%"}}},
                    ],
                },
            }
        ],
        "local_reply_config": local_reply_config(),
        "access_log": _access_log(settings),
        "http_filters": filters,
        "route_config": {
            "name": "adwright",
            "max_direct_response_body_size_bytes": MAX_DOCUMENT_BYTES,
            "virtual_hosts": [virtual_host(settings, routes)],
            "response_headers_to_add": default_headers(tls=bool(settings.tls_certificate)),
            "most_specific_header_mutations_wins": False,
        },
    }


def _tracing(share: float) -> dict[str, Any]:
    percent = {"value": share * 100}
    return {
        "provider": {
            "name": "envoy.tracers.opentelemetry",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.config.trace.v3.OpenTelemetryConfig",
                "grpc_service": {"envoy_grpc": {"cluster_name": TRACE_CLUSTER}, "timeout": "1s"},
                "service_name": "gateway",
            },
        },
        "random_sampling": percent,
        "client_sampling": percent,
        "overall_sampling": percent,
        "max_path_tag_length": 200,
        # Replaces Envoy's tag, which has the query with signatures of links and misplaced API keys.
        "custom_tags": [{"tag": "http.url", "value": "%PATH(NQ:ORIG_OR_PATH)%"}],
    }


def _jwt_filter(settings: GatewaySettings) -> dict[str, Any]:
    provider: dict[str, Any] = {
        "issuer": settings.token_issuer,
        "audiences": [settings.token_audience],
        "require_expiration": True,
        "forward": True,  # the services check it again
        "clock_skew_seconds": CLOCK_SKEW_SECONDS,
        "payload_in_metadata": "claims",
        # No jwt_cache_config: Envoy's token cache would accept tokens of a key that the issuer has withdrawn.
        # Explicit, because by default Envoy also accepts ?access_token=, and addresses end up in logs.
        "from_headers": [{"name": "Authorization", "value_prefix": "Bearer "}],
    }
    remote = is_remote(settings.token_jwks)
    provider["remote_jwks"] = {
        "http_uri": {
            "uri": settings.token_jwks if remote else keys_uri(settings),
            "cluster": KEYS_CLUSTER,
            "timeout": "5s",
        },
        "cache_duration": f"{settings.token_keys_seconds if remote else JWKS_FILE_CACHE_SECONDS}s",
        "async_fetch": {"fast_listener": True, "failed_refetch_duration": "2s" if remote else "0.5s"},
    }
    return _filter(
        JWT_FILTER,
        "jwt_authn.v3.JwtAuthentication",
        providers={"issuer": provider},
        # Every path needs a token unless its route disables this filter. Services check values with an API key's
        # form; a token beside one must still be valid.
        rules=[
            {
                "match": {"prefix": "/", "headers": HAS_API_KEY},
                "requires": {"requires_any": {"requirements": [{"provider_name": "issuer"}, {"allow_missing": {}}]}},
            },
            {"match": {"prefix": "/"}, "requires": {"provider_name": "issuer"}},
        ],
    )


def _transcoder_filter(settings: GatewaySettings, routes: tuple[Route, ...]) -> dict[str, Any]:
    return _filter(
        TRANSCODER_FILTER,
        "grpc_json_transcoder.v3.GrpcJsonTranscoder",
        proto_descriptor=str(settings.descriptors.resolve()),
        services=sorted({route.service for route in routes}),
        match_incoming_request_route=True,
        ignore_unknown_query_parameters=False,
        # The transcoder's error body would be google.rpc.Status; response.lua writes the API's.
        convert_grpc_status=False,
        case_insensitive_enum_parsing=False,
        max_request_body_size=settings.max_upload_bytes,
        max_response_body_size=12 << 20,
        print_options={"always_print_primitive_fields": True},
        request_validation_options={"reject_unknown_method": False, "reject_unknown_query_parameters": True},
    )


def _access_log(settings: GatewaySettings) -> list[dict[str, Any]]:
    """Builds an access log with a JSON line for each response, without the query, which has the signatures of links."""
    return [
        {
            "name": "envoy.access_loggers.file",
            "typed_config": {
                "@type": f"{EXTENSION_TYPES}.access_loggers.file.v3.FileAccessLog",
                "path": settings.access_log,
                "log_format": {
                    "json_format": {
                        "at": "%START_TIME%",
                        "method": "%REQUEST_HEADER(X-ENVOY-ORIGINAL-METHOD?:METHOD)%",
                        "path": "%PATH(NQ:ORIG_OR_PATH)%",
                        "route": "%ROUTE_NAME%",
                        "status": "%RESPONSE_CODE%",
                        "details": "%RESPONSE_CODE_DETAILS%",
                        "flags": "%RESPONSE_FLAGS%",
                        "milliseconds": "%DURATION%",
                        "bytesIn": "%BYTES_RECEIVED%",
                        "bytesOut": "%BYTES_SENT%",
                        "user": "%DYNAMIC_METADATA(envoy.filters.http.jwt_authn:claims:sub)%",
                        "from": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
                        "requestId": "%REQUEST_HEADER(X-REQUEST-ID)%",
                        "traceId": "%TRACE_ID%",
                    }
                },
            },
        }
    ]


def _tls(settings: GatewaySettings) -> dict[str, Any]:
    return {
        "name": "tls",
        "typed_config": {
            "@type": f"{EXTENSION_TYPES}.transport_sockets.tls.v3.DownstreamTlsContext",
            "common_tls_context": {
                "tls_params": {"tls_minimum_protocol_version": "TLSv1_2"},
                "alpn_protocols": ["h2", "http/1.1"],
                "tls_certificates": [
                    {
                        "certificate_chain": {"filename": settings.tls_certificate},
                        "private_key": {"filename": settings.tls_private_key},
                    }
                ],
            },
        },
    }


def _filter(name: str, kind: str, **options: Any) -> dict[str, Any]:
    return {"name": name, "typed_config": {"@type": f"{EXTENSION_TYPES}.filters.http.{kind}", **options}}
