"""Envoy Gateway takes every resource, and what it makes of them is the gateway of one machine."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.kubernetes import cluster_name, resources
from gateway.listener import listener
from gateway.routes import Route, read_descriptors
from gateway.schema import messages_of
from gateway.settings import GatewaySettings
from tests.platform import tools

pytestmark = [pytest.mark.slow, pytest.mark.timeout(tools.BUILD_SECONDS + 300)]


def test_envoy_gateway_accepts_every_resource(translated_resources: dict[str, Any]) -> None:
    for kind in ("httpRoutes", "envoyPatchPolicies", "clientTrafficPolicies", "backendTrafficPolicies"):
        for item in translated_resources[kind]:
            for parent in item["status"].get("parents", item["status"].get("ancestors")):
                conditions = {condition["type"]: condition["status"] for condition in parent["conditions"]}
                assert conditions["Accepted"] == "True", item["metadata"]["name"]
                assert conditions.get("ResolvedRefs", "True") == "True", item["metadata"]["name"]
    [gateway] = translated_resources["gateways"]
    attached = {item["name"]: item["attachedRoutes"] for item in gateway["status"]["listeners"]}
    assert attached == {"https": 6, "http": 1}


def test_http_only_redirects_to_https(translated_resources: dict[str, Any]) -> None:
    parts = {
        item["@type"].rsplit(".", 1)[-1]: item for item in translated_resources["xds"]["adwright/adwright"]["configs"]
    }
    tables = [item["routeConfig"] for item in parts["RoutesConfigDump"]["dynamicRouteConfigs"]]
    [table] = [item for item in tables if item["name"] == "adwright/adwright/http"]
    [route] = [route for host in table["virtualHosts"] for route in host["routes"]]
    assert route["match"] == {"prefix": "/"}
    assert route["redirect"]["responseCode"] == "PERMANENT_REDIRECT"
    assert route["redirect"]["schemeRedirect"] == "https"


def test_routes_and_filters_equal_those_of_the_single_machine(
    settings: dict[str, Any],
    routes: tuple[Route, ...],
) -> None:
    given = GatewaySettings(**settings)
    messages = messages_of(read_descriptors(given.descriptors))
    chain = listener(given, routes, messages)["filter_chains"][0]["filters"][0]["typed_config"]
    [policy] = [item for item in resources(given) if item["kind"] == "EnvoyPatchPolicy"]
    patched = {item["operation"]["path"]: item["operation"]["value"] for item in policy["spec"]["jsonPatches"]}
    names = [item["name"] for item in chain["http_filters"]]
    assert [item["name"] for item in patched["/http_filters"]] == names
    ours = chain["route_config"]["virtual_hosts"][0]["routes"]
    theirs = patched["/virtual_hosts"][0]["routes"]
    for one, other in zip(ours, theirs, strict=True):
        if "route" in one:
            one["route"]["cluster"] = cluster_name(one["route"]["cluster"])
        assert one == other


def test_http_routes_have_exactly_the_public_methods(
    settings: dict[str, Any],
    routes: tuple[Route, ...],
) -> None:
    found = {
        (match["path"]["value"], match["method"], item["spec"]["rules"][0]["backendRefs"][0]["name"])
        for item in resources(GatewaySettings(**settings))
        if item["kind"] == "HTTPRoute"
        for match in item["spec"]["rules"][0]["matches"]
    }
    rest = {(route.path_pattern if route.variables else route.path, route.verb, route.upstream) for route in routes}
    native = {(route.native_path, "POST", route.upstream) for route in routes}
    assert found == rest | native
