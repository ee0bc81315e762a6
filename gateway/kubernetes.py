"""The same gateway for a cluster: `python -m gateway.kubernetes --settings FILE` writes resources for Envoy Gateway.

Envoy Gateway finds the services' pods, holds the certificate and runs Envoy. It has no field for transcoding, for the
bodies of local replies by status, or for the route metadata of the two Lua filters. An EnvoyPatchPolicy therefore puts
the filters and routes of `gateway.listener` into the Envoy that it configures, so that both gateways behave the same.
"""

from __future__ import annotations

import argparse
import base64
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from gateway.clusters import KEYS_CLUSTER, TRACE_CLUSTER, clusters, is_remote
from gateway.listener import listener
from gateway.routes import Route, RouteError, read_descriptors, routes_of
from gateway.schema import messages_of
from gateway.settings import SERVICES, GatewaySettings, SettingsError

NAMESPACE = "adwright"
GATEWAY = "adwright"
LISTENER = "https"
SERVICE_PORT = 7100
# A JSONPath, because other network filters, such as the connection limit, may precede the connection manager.
CONNECTION_MANAGER = (
    "$.filter_chains[*].filters[?(@.name=='envoy.filters.network.http_connection_manager')].typed_config"
)
MAX_MATCHES = 64  # per rule, a limit of the Gateway API

# Fields of the connection manager that Envoy Gateway sets, from resources/policies.yaml or always; all others are
# patched.
SET_BY_ENVOY_GATEWAY = (
    "@type",
    "stat_prefix",
    "codec_type",
    "use_remote_address",
    "normalize_path",
    "merge_slashes",
    "http2_protocol_options",
    "route_config",
)


def cluster_name(service: str) -> str:
    """Returns Envoy Gateway's name for the endpoints of the one rule of a service's HTTPRoute."""
    return f"httproute/{NAMESPACE}/{service}/rule/0"


def resources(settings: GatewaySettings) -> list[dict[str, Any]]:
    """Builds the HTTPRoutes and the EnvoyPatchPolicy. Raises SettingsError and RouteError.

    `listen`, `upstreams`, `tls_*` and `admin` of the settings are ignored: the cluster determines them.
    """
    descriptors = read_descriptors(settings.descriptors)
    routes = routes_of(descriptors)
    found = [_http_route(name, [route for route in routes if route.upstream == name]) for name in SERVICES]
    # Envoy Gateway holds the certificate, but response headers must be those of a gateway with TLS.
    single_machine = listener(
        replace(settings, tls_certificate="elsewhere", tls_private_key="elsewhere"), routes, messages_of(descriptors)
    )
    manager = single_machine["filter_chains"][0]["filters"][0]["typed_config"]
    _inline_files(manager, settings)
    table = manager["route_config"]
    for host in table["virtual_hosts"]:
        for route in host["routes"]:
            if "route" in route:
                route["route"]["cluster"] = cluster_name(route["route"]["cluster"])
    return [*found, _patch_policy(manager, table, settings, routes)]


def _http_route(service: str, routes: list[Route]) -> dict[str, Any]:
    """Builds a service's HTTPRoute: its REST paths, and its methods' full names for gRPC clients."""
    matches: list[dict[str, Any]] = []
    for route in routes:
        if route.variables:
            path = {"type": "RegularExpression", "value": route.path_pattern}
        else:
            path = {"type": "Exact", "value": route.path}
        matches.append({"path": path, "method": route.verb})
        matches.append({"path": {"type": "Exact", "value": route.native_path}, "method": "POST"})
    if len(matches) > MAX_MATCHES:
        raise RouteError(f"{service} has more methods than one rule of an HTTPRoute can hold")
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": service, "namespace": NAMESPACE},
        "spec": {
            "parentRefs": [{"name": GATEWAY, "sectionName": LISTENER}],
            "rules": [{"matches": matches, "backendRefs": [{"name": service, "port": SERVICE_PORT}]}],
        },
    }


def _inline_files(manager: dict[str, Any], settings: GatewaySettings) -> None:
    """Replaces file names by the files' contents, because the files exist on this machine only."""
    for item in manager["http_filters"]:
        options = item["typed_config"]
        if "proto_descriptor" in options:
            content = Path(options.pop("proto_descriptor")).read_bytes()
            options["proto_descriptor_bin"] = base64.b64encode(content).decode("ascii")
        for provider in options.get("providers", {}).values():
            if not is_remote(settings.token_jwks):  # new keys need `make manifests`
                keys = Path(settings.token_jwks.removeprefix("file://")).read_text(encoding="utf-8")
                del provider["remote_jwks"]
                provider["local_jwks"] = {"inline_string": keys}
    for host in manager["route_config"]["virtual_hosts"]:
        for route in host["routes"]:
            body = route.get("direct_response", {}).get("body", {})
            if "filename" in body:
                body["inline_bytes"] = base64.b64encode(Path(body.pop("filename")).read_bytes()).decode("ascii")


def _patch_policy(
    manager: dict[str, Any], table: dict[str, Any], settings: GatewaySettings, routes: tuple[Route, ...]
) -> dict[str, Any]:
    name = f"{NAMESPACE}/{GATEWAY}/{LISTENER}"
    patches = [
        _add_operation("listener.v3.Listener", name, f"/{part}", value, inside=CONNECTION_MANAGER)
        for part, value in manager.items()
        if part not in SET_BY_ENVOY_GATEWAY
    ]
    kind = "route.v3.RouteConfiguration"
    patches += [
        # One virtual host for all names: the gateway's listener decides which names it serves.
        _add_operation(kind, name, "/virtual_hosts", table["virtual_hosts"]),
        _add_operation(kind, name, "/response_headers_to_add", table["response_headers_to_add"]),
        _add_operation(
            kind, name, "/max_direct_response_body_size_bytes", table["max_direct_response_body_size_bytes"]
        ),
    ]
    for cluster in clusters(settings, routes):
        if cluster["name"] in (KEYS_CLUSTER, TRACE_CLUSTER):
            patches.append(_add_operation("cluster.v3.Cluster", cluster["name"], "", cluster))
    return {
        "apiVersion": "gateway.envoyproxy.io/v1alpha1",
        "kind": "EnvoyPatchPolicy",
        "metadata": {"name": "adwright", "namespace": NAMESPACE},
        "spec": {
            "targetRef": {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": GATEWAY},
            "type": "JSONPatch",
            "jsonPatches": patches,
        },
    }


def _add_operation(kind: str, name: str, path: str, value: Any, inside: str = "") -> dict[str, Any]:
    # In a JSON patch, "add" replaces an existing member.
    operation = {"op": "add", "path": path, "value": value}
    if inside:
        operation["jsonPath"] = inside
    return {"type": f"type.googleapis.com/envoy.config.{kind}", "name": name, "operation": operation}


def cluster_settings(text: str) -> GatewaySettings:
    """Reads the same JSON as the gateway of one machine, with defaults for addresses that the cluster determines."""
    try:
        given = json.loads(text)
    except ValueError as error:
        raise SettingsError(f"not JSON: {error}") from None
    if isinstance(given, dict):
        given.setdefault("listen", "0.0.0.0:443")
        given.setdefault("upstreams", {name: f"{name}:{SERVICE_PORT}" for name in SERVICES})
    return GatewaySettings.from_json(json.dumps(given))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m gateway.kubernetes", description=__doc__)
    parser.add_argument("--settings", type=Path, required=True, help="a JSON file; see gateway/README.md")
    arguments = parser.parse_args()
    try:
        found = resources(cluster_settings(arguments.settings.read_text(encoding="utf-8")))
    except (SettingsError, RouteError, OSError) as error:
        sys.exit(f"gateway: {error}")
    print("\n---\n".join(json.dumps(resource, indent=1) for resource in found))


if __name__ == "__main__":
    main()
