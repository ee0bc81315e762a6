"""Evaluates NetworkPolicies by the rules of the Kubernetes API, without a cluster.

Policies add up. A pod that a policy selects for a direction is isolated in it: what no rule allows is denied. A
connection needs both its source's egress and its target's ingress. Answers to a connection need no rule.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any

Resource = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A pod, or, without a namespace, an address outside the cluster."""

    name: str
    address: str
    namespace: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """A connection from one endpoint to a port of another, both by name."""

    source: str
    target: str
    port: int
    protocol: str = "TCP"


class Network:
    """Policies, their endpoints, and the labels of the endpoints' namespaces."""

    def __init__(
        self,
        policies: Sequence[Resource],
        endpoints: Sequence[Endpoint],
        namespaces: Mapping[str, Mapping[str, str]],
    ) -> None:
        self._policies = policies
        self._endpoints = {endpoint.name: endpoint for endpoint in endpoints}
        self._namespaces = namespaces

    def allows(self, flow: Flow) -> bool:
        source, target = self._endpoints[flow.source], self._endpoints[flow.target]
        return self._side_allows(source, target, flow, "Egress") and self._side_allows(target, source, flow, "Ingress")

    def _side_allows(self, subject: Endpoint, peer: Endpoint, flow: Flow, direction: str) -> bool:
        isolated = False
        for policy in self._policies:
            spec = policy["spec"]
            if policy["metadata"]["namespace"] != subject.namespace or direction not in _directions(spec):
                continue
            if not matches(spec["podSelector"], subject.labels):
                continue
            isolated = True
            for rule in spec.get(direction.lower()) or []:
                if self._rule_allows(rule, peer, flow, policy["metadata"]["namespace"], direction):
                    return True
        return not isolated

    def _rule_allows(self, rule: Resource, peer: Endpoint, flow: Flow, namespace: str, direction: str) -> bool:
        ports = rule.get("ports")
        if ports and not any(_port_matches(port, flow) for port in ports):
            return False
        peers = rule.get("from" if direction == "Ingress" else "to")
        return not peers or any(self._peer_matches(item, peer, namespace) for item in peers)

    def _peer_matches(self, item: Resource, peer: Endpoint, namespace: str) -> bool:
        if "ipBlock" in item:
            block = item["ipBlock"]
            address = ip_address(peer.address)
            return address in ip_network(block["cidr"]) and not any(
                address in ip_network(part) for part in block.get("except", [])
            )
        if not peer.namespace:
            return False
        if "namespaceSelector" in item:
            if not matches(item["namespaceSelector"], self._namespaces[peer.namespace]):
                return False
        elif peer.namespace != namespace:
            return False
        return matches(item.get("podSelector", {}), peer.labels)


def _directions(spec: Resource) -> list[str]:
    return list(spec.get("policyTypes") or ["Ingress", *(["Egress"] if spec.get("egress") else [])])


def _port_matches(port: Resource, flow: Flow) -> bool:
    if port.get("protocol", "TCP") != flow.protocol:
        return False
    first = port.get("port")
    assert first is None or isinstance(first, int), "named ports need the ports of the pods"
    return first is None or first <= flow.port <= port.get("endPort", first)


def matches(selector: Resource, labels: Mapping[str, str]) -> bool:
    """Reports whether a label selector matches these labels; an empty one matches all."""
    if any(labels.get(key) != value for key, value in selector.get("matchLabels", {}).items()):
        return False
    for item in selector.get("matchExpressions", []):
        value = labels.get(item["key"])
        found = {
            "In": value is not None and value in item.get("values", []),
            "NotIn": value is None or value not in item.get("values", []),
            "Exists": value is not None,
            "DoesNotExist": value is None,
        }[item["operator"]]
        if not found:
            return False
    return True
