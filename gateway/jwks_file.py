"""A JWKS file that may change while Envoy runs: Envoy reads its own `local_jwks` only once, at its start.

Envoy refreshes keys only from addresses, so it serves the file to itself on a Unix socket. One path serves the one
file, whose keys are public.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from gateway.clusters import EXTENSION_TYPES, KEYS_CLUSTER
from gateway.settings import GatewaySettings

JWKS_FILE_CACHE_SECONDS = 2  # the maximum age of keys from a file; reading it costs nothing
PATH_PREFIX = "/keys/"
FILE_SERVER_FILTER = "envoy.filters.http.file_server"


def keys_uri(settings: GatewaySettings) -> str:
    """Returns the address at which Envoy fetches the file."""
    return f"http://localhost{PATH_PREFIX}{_file(settings).name}"


def keys_listener(settings: GatewaySettings) -> dict[str, Any]:
    """Builds the listener that serves the file and nothing else."""
    file = {
        "@type": f"{EXTENSION_TYPES}.filters.http.file_server.v3.FileServerConfig",
        "manager_config": {"thread_pool": {"thread_count": 1}},
        "path_mappings": [{"request_path_prefix": PATH_PREFIX, "file_path_prefix": f"{_file(settings).parent}/"}],
        "default_content_type": "application/json",
    }
    route = {
        "match": {"path": PATH_PREFIX + _file(settings).name},
        "direct_response": {"status": 404},
        "typed_per_filter_config": {FILE_SERVER_FILTER: file},
    }
    manager = {
        "@type": f"{EXTENSION_TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": KEYS_CLUSTER,
        "route_config": {"virtual_hosts": [{"name": KEYS_CLUSTER, "domains": ["*"], "routes": [route]}]},
        "http_filters": [
            # Disabled except on the one route, which names the file.
            {"name": FILE_SERVER_FILTER, "typed_config": {**file, "path_mappings": []}, "disabled": True},
            {
                "name": "envoy.filters.http.router",
                "typed_config": {"@type": f"{EXTENSION_TYPES}.filters.http.router.v3.Router"},
            },
        ],
    }
    return {
        "name": KEYS_CLUSTER,
        "address": _socket(settings),
        "bypass_overload_manager": True,  # tokens must be checked under overload too
        "filter_chains": [
            {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
        ],
    }


def keys_cluster(settings: GatewaySettings) -> dict[str, Any]:
    """Builds the cluster whose endpoint is the listener."""
    return {
        "name": KEYS_CLUSTER,
        "type": "STATIC",
        "connect_timeout": "1s",
        "load_assignment": {
            "cluster_name": KEYS_CLUSTER,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": _socket(settings)}}]}],
        },
    }


def _file(settings: GatewaySettings) -> Path:
    return Path(settings.token_jwks.removeprefix("file://")).resolve()


def _socket(settings: GatewaySettings) -> dict[str, Any]:
    if settings.keys_socket:
        return {"pipe": {"path": settings.keys_socket, "mode": 0o600}}
    gateway = f"{settings.listen} {settings.admin} {_file(settings)}"
    return {"pipe": {"path": f"@adwright-keys-{hashlib.sha256(gateway.encode()).hexdigest()[:16]}"}}
