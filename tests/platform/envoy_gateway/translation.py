"""Envoy Gateway's translation of the resources, by its own program, as a configuration for Envoy."""

from __future__ import annotations

import base64
import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from gateway.kubernetes import resources
from gateway.settings import GatewaySettings
from local.certificate import write_certificate
from tests.platform import tools
from tests.platform.manifests import ROOT

KINDS = {"Gateway", "GatewayClass", "EnvoyProxy", "ClientTrafficPolicy", "BackendTrafficPolicy", "HTTPRoute"}


def translated(settings: GatewaySettings, folder: Path) -> dict[str, Any]:
    """Returns Envoy Gateway's translation and conditions of the resources, with the settings' addresses of services."""
    documents = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "adwright"}},
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "adwright-tls", "namespace": "adwright"},
            "type": "kubernetes.io/tls",
            "data": _certificate(folder),
        },
    ]
    for path in sorted((ROOT / "gateway" / "resources").glob("*.yaml")):
        if path.name == "generated.yaml":  # rendered below from the settings of the tests
            continue
        for item in yaml.safe_load_all(path.read_text(encoding="utf-8")):
            if item["kind"] in KINDS:
                if item["kind"] != "GatewayClass":
                    item["metadata"]["namespace"] = "adwright"
                documents.append(item)
    for item in resources(settings):
        if item["kind"] == "HTTPRoute":
            [rule] = item["spec"]["rules"]
            [backend] = rule["backendRefs"]
            address = settings.upstreams[backend["name"]]
            documents.append(_service(backend["name"], address.host, address.port))
            backend["port"] = address.port
        documents.append(item)
    file = folder / "resources.yaml"
    file.write_text(yaml.safe_dump_all(documents), encoding="utf-8")
    egctl = tools.program(tools.ENVOY_GATEWAY, "cmd/egctl")
    done = subprocess.run(
        [egctl, "x", "translate", "--from", "gateway-api", "--to", "xds,gateway-api", "-o", "json", "-f", file],
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(json.loads(done.stdout))


def _service(name: str, host: str, port: int) -> dict[str, Any]:
    ports = [{"name": "grpc", "port": port, "appProtocol": "kubernetes.io/h2c"}]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "adwright"},
        "spec": {"clusterIP": host, "ports": ports},
    }


def _certificate(folder: Path) -> dict[str, str]:
    certificate, key = write_certificate(folder, ("localhost",), datetime.now(UTC))
    return {
        name: base64.b64encode(path.read_bytes()).decode()
        for name, path in (("tls.crt", certificate), ("tls.key", key))
    }


def static(translation: dict[str, Any], settings: GatewaySettings) -> str:
    """Returns the configuration that Envoy Gateway would send to Envoy, with static sources instead of dynamic ones.

    The certificate is left out: it would come from Envoy Gateway's own server.
    """
    parts = {item["@type"].rsplit(".", 1)[-1]: item for item in translation["xds"]["adwright/adwright"]["configs"]}
    listeners = [item["activeState"]["listener"] for item in parts["ListenersConfigDump"]["dynamicListeners"]]
    [found] = [item for item in listeners if item["name"] == "adwright/adwright/https"]
    tables = [item["routeConfig"] for item in parts["RoutesConfigDump"]["dynamicRouteConfigs"]]
    [table] = [item for item in tables if item["name"] == "adwright/adwright/https"]
    [chain] = found["filterChains"]
    del chain["transportSocket"]
    manager = chain["filters"][-1]["typedConfig"]
    del manager["rds"]
    del table["@type"]
    manager["routeConfig"] = table
    found["address"]["socketAddress"] = {"address": "127.0.0.1", "portValue": 0}
    endpoints = {
        item["endpointConfig"]["clusterName"]: item["endpointConfig"]
        for item in parts["EndpointsConfigDump"]["dynamicEndpointConfigs"]
    }
    clusters = [item["cluster"] for item in parts["ClustersConfigDump"]["dynamicActiveClusters"]]
    for item in (*clusters, found):
        item.pop("@type")
    for cluster in clusters:
        if cluster.get("type") == "EDS":
            cluster["type"] = "STATIC"
            del cluster["edsClusterConfig"]
            cluster["loadAssignment"] = {
                key: value for key, value in endpoints[cluster["name"]].items() if key != "@type"
            }
    assert settings.admin is not None
    return json.dumps(
        {
            "admin": {"address": {"socket_address": {"address": settings.admin.host, "port_value": 0}}},
            "static_resources": {"listeners": [found], "clusters": clusters},
        }
    )
