"""Envoy's clusters: the eight services, and where configured the identity provider's JWKS and the trace collector."""

from __future__ import annotations

import ipaddress
from typing import Any
from urllib.parse import urlsplit

from gateway.routes import Route
from gateway.settings import Address, GatewaySettings, SettingsError

EXTENSION_TYPES = "type.googleapis.com/envoy.extensions"
KEYS_CLUSTER = "token_keys"
TRACE_CLUSTER = "trace_collector"

# Streams count as requests while they last, so the bound is far above any burst. It keeps a hanging service from
# exhausting the gateway's memory and is not a rate limit.
MAX_REQUESTS = 20_000
# The share of concurrent requests that may be retries, so that a failing service does not get a multiple of its load.
RETRY_BUDGET_PERCENT = 20
MIN_RETRIES = 10


def clusters(settings: GatewaySettings, routes: tuple[Route, ...]) -> list[dict[str, Any]]:
    """Builds the clusters of the routes. Raises SettingsError for a JWKS address without a host."""
    found = [
        _service_cluster(name, address, settings, next(route.service for route in routes if route.upstream == name))
        for name, address in sorted(settings.upstreams.items())
        if any(route.upstream == name for route in routes)
    ]
    if is_remote(settings.token_jwks):
        found.append(_jwks_cluster(settings.token_jwks))
    if settings.trace_collector is not None:
        found.append(_trace_cluster(settings.trace_collector))
    return found


def is_remote(location: str) -> bool:
    """Reports whether the JWKS is at an address, and not in a file."""
    return location.startswith(("http://", "https://"))


def _service_cluster(name: str, address: Address, settings: GatewaySettings, readiness: str) -> dict[str, Any]:
    cluster: dict[str, Any] = {
        "name": name,
        **_endpoint(name, address),
        "connect_timeout": "1s",
        "per_connection_buffer_limit_bytes": 1 << 20,
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": f"{EXTENSION_TYPES}.upstreams.http.v3.HttpProtocolOptions",
                "explicit_http_config": {
                    "http2_protocol_options": {
                        "max_concurrent_streams": 2_000,
                        "initial_stream_window_size": 1 << 20,
                        "initial_connection_window_size": 8 << 20,
                        "connection_keepalive": {"interval": "20s", "timeout": "5s"},
                    }
                },
                "common_http_protocol_options": {"idle_timeout": "300s"},
            }
        },
        "circuit_breakers": {
            "thresholds": [
                {
                    "max_connections": 64,
                    "max_pending_requests": MAX_REQUESTS,
                    "max_requests": MAX_REQUESTS,
                    "retry_budget": {
                        "budget_percent": {"value": RETRY_BUDGET_PERCENT},
                        "min_retry_concurrency": MIN_RETRIES,
                    },
                }
            ]
        },
        # An unhealthy service gets no requests: callers receive 503 immediately instead of waiting for the timeout.
        "common_lb_config": {"healthy_panic_threshold": {"value": 0}},
    }
    if settings.health_checks:
        cluster["health_checks"] = [
            {
                "timeout": "2s",
                "interval": "2s",
                "no_traffic_interval": "2s",
                "unhealthy_interval": "0.5s",
                "unhealthy_threshold": 2,
                "healthy_threshold": 1,
                # The service's name queries readiness; the empty name would only query liveness.
                "grpc_health_check": {"service_name": readiness},
            }
        ]
    return cluster


def _jwks_cluster(location: str) -> dict[str, Any]:
    parts = urlsplit(location)
    if not parts.hostname:
        raise SettingsError(f"token_jwks: {location!r} has no host")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    cluster: dict[str, Any] = {
        "name": KEYS_CLUSTER,
        **_endpoint(KEYS_CLUSTER, Address(host=parts.hostname, port=port)),
        "connect_timeout": "3s",
    }
    if parts.scheme == "https":
        cluster["transport_socket"] = {
            "name": "tls",
            "typed_config": {
                "@type": f"{EXTENSION_TYPES}.transport_sockets.tls.v3.UpstreamTlsContext",
                "sni": parts.hostname,
                "auto_sni_san_validation": True,
                "common_tls_context": {
                    "validation_context": {"trusted_ca": {"filename": "/etc/ssl/certs/ca-certificates.crt"}}
                },
            },
        }
    return cluster


def _trace_cluster(address: Address) -> dict[str, Any]:
    return {
        "name": TRACE_CLUSTER,
        **_endpoint(TRACE_CLUSTER, address),
        "connect_timeout": "1s",
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": f"{EXTENSION_TYPES}.upstreams.http.v3.HttpProtocolOptions",
                "explicit_http_config": {"http2_protocol_options": {}},
            }
        },
    }


def _endpoint(name: str, address: Address) -> dict[str, Any]:
    try:
        ipaddress.ip_address(address.host)
        kind = "STATIC"
    except ValueError:
        kind = "STRICT_DNS"
    return {
        "type": kind,
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": socket_address(address)}}]}],
        },
    }


def socket_address(address: Address) -> dict[str, Any]:
    """Returns the address in Envoy's form."""
    return {"socket_address": {"address": address.host, "port_value": address.port}}
