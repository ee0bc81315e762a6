"""The NetworkPolicies allow exactly the needed connections, for every pod of Adwright and of the operators."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Iterator
from itertools import product
from typing import Any

import pytest

from tests.platform.manifests import ROOT, Resource, of_kind
from tests.platform.network import Endpoint, Flow, Network, matches

SERVERS = ("catalog", "billing", "job", "copy", "image", "video", "webhook", "campaign")
WORKERS = ("image-worker", "video-worker")
MIGRATIONS = ("catalog-migrate", "billing-migrate", "job-migrate", "webhook-migrate", "campaign-migrate")
DATABASES = ("postgres-1", "postgres-2")
NODES = ("kafka-0", "kafka-1")
KAFKA_TOOLS = ("entity-operator", "kafka-exporter")

API_SERVER = "172.18.0.2"
NAMESPACES = {
    name: {"kubernetes.io/metadata.name": name, **({"adwright.dev/monitoring": "true"} if name == "watch" else {})}
    for name in ("adwright", "kube-system", "cnpg-system", "strimzi", "keda", "envoy-gateway-system", "watch", "other")
}


def operators_pods() -> Iterator[tuple[str, str, dict[str, str]]]:
    """Returns (name, namespace, labels) of pods outside the manifests, with the labels that operators document."""
    cluster = {"cnpg.io/cluster": "adwright-database"}
    yield "postgres-1", "adwright", {**cluster, "cnpg.io/podRole": "instance", "cnpg.io/instanceRole": "primary"}
    yield "postgres-2", "adwright", {**cluster, "cnpg.io/podRole": "instance", "cnpg.io/instanceRole": "replica"}
    yield "postgres-join", "adwright", {**cluster, "cnpg.io/jobRole": "join"}
    kafka = {"strimzi.io/cluster": "adwright", "strimzi.io/kind": "Kafka"}
    for name in NODES:
        roles = {"strimzi.io/pool-name": "brokers", "strimzi.io/broker-role": "true"}
        yield name, "adwright", {**kafka, **roles, "strimzi.io/name": "adwright-kafka"}
    yield "entity-operator", "adwright", {**kafka, "strimzi.io/name": "adwright-entity-operator"}
    yield "kafka-exporter", "adwright", {**kafka, "strimzi.io/name": "adwright-kafka-exporter"}
    yield "acme-solver", "adwright", {"acme.cert-manager.io/http01-solver": "true"}
    yield "stray", "adwright", {"app": "stray"}
    yield "dns", "kube-system", {"k8s-app": "kube-dns"}
    yield "postgres-operator", "cnpg-system", {"app.kubernetes.io/name": "cloudnative-pg"}
    yield "kafka-operator", "strimzi", {"name": "strimzi-cluster-operator", "strimzi.io/kind": "cluster-operator"}
    yield "keda", "keda", {"app": "keda-operator", "name": "keda-operator"}
    gateway = "gateway.envoyproxy.io/owning-gateway-"
    yield "envoy", "envoy-gateway-system", {f"{gateway}name": "adwright", f"{gateway}namespace": "adwright"}
    yield "other-envoy", "envoy-gateway-system", {f"{gateway}name": "adwright", f"{gateway}namespace": "other"}
    yield "prometheus", "watch", {"app.kubernetes.io/name": "prometheus"}
    yield "collector", "watch", {"app.kubernetes.io/name": "otel-collector"}
    # Anybody may set labels: the same ones in another namespace must grant nothing.
    yield "other-job", "other", {"app.kubernetes.io/name": "job", "adwright.dev/role": "server", **cluster}
    yield "other-kafka", "other", {**kafka, "strimzi.io/name": "adwright-kafka"}


def endpoints() -> list[Endpoint]:
    pods = list(operators_pods())
    for workloads in (of_kind("overlays/production", "Deployment"), of_kind("migrations", "Job")):
        for workload in workloads.values():
            labels = workload["spec"]["template"]["metadata"]["labels"]
            pods.append((labels["app.kubernetes.io/name"], "adwright", labels))
    found = [
        Endpoint(name=name, namespace=namespace, labels=labels, address=f"10.244.0.{number}")
        for number, (name, namespace, labels) in enumerate(pods, start=1)
    ]
    outside = {
        "internet": "8.8.8.8",
        "internet6": "2606:4700::1",
        "private": "10.9.8.7",
        "metadata": "169.254.169.254",
        "api-server": API_SERVER,
    }
    return [*found, *(Endpoint(name=name, address=address) for name, address in outside.items())]


def calls_in_code() -> set[tuple[str, str]]:
    """Returns (client, server) of every channel that a service or worker opens."""
    found = set()
    for service in SERVERS:
        text = (ROOT / "services" / service / "__main__.py").read_text(encoding="utf-8")
        serving, *worker = re.split(r"async def run_\w+_worker\(", text)
        found |= {(service, called) for called in re.findall(r"settings\.(\w+)_address\b", serving)}
        if worker:
            found |= {(f"{service}-worker", called) for called in re.findall(r"settings\.(\w+)_address\b", worker[0])}
            found.add((f"{service}-worker", "job"))  # in services/worker/process.py, for every worker
    return found


def flows(sources: Iterable[str], targets: Iterable[str], *ports: int, protocol: str = "TCP") -> set[Flow]:
    return {
        Flow(source=source, target=target, port=port, protocol=protocol)
        for source, target, port in product(sources, targets, ports)
        if source != target
    }


def needed_flows() -> set[Flow]:
    found = {Flow(source=source, target=target, port=7100) for source, target in calls_in_code()}
    found |= flows(["envoy"], SERVERS, 7100) | flows(["envoy"], ["acme-solver"], 8089)
    inside = [endpoint.name for endpoint in endpoints() if endpoint.namespace == "adwright"]
    found |= flows(inside, ["dns"], 53) | flows(inside, ["dns"], 53, protocol="UDP")
    found |= flows(["catalog", "billing", "job", "webhook", "campaign", *MIGRATIONS], DATABASES, 5432)
    found |= flows([*DATABASES, "postgres-join", "postgres-operator"], DATABASES, 5432, 8000)
    found |= flows([*NODES, "kafka-operator"], NODES, 9090, 9091) | flows(["kafka-operator"], NODES, 8443)
    found |= flows(KAFKA_TOOLS, NODES, 9091)
    found |= flows(["job", "webhook", *WORKERS, "keda"], NODES, 9093)
    found |= flows([*DATABASES, "postgres-join", *NODES, "entity-operator"], ["api-server"], 6443)
    found |= flows(["prometheus", "collector"], [*SERVERS, *WORKERS], 9464)  # one label for both of their namespaces
    found |= flows(["prometheus", "collector"], DATABASES, 9187)
    found |= flows(["prometheus", "collector"], [*NODES, "kafka-exporter"], 9404)
    found |= flows([*SERVERS, *WORKERS], ["prometheus", "collector"], 4317)
    # The bucket, the issuer, remote models; for pods that fetch customers' addresses, plain HTTP too.
    internet = ["internet", "internet6"]
    found |= flows([*SERVERS, *WORKERS, *DATABASES, "postgres-join"], internet, 443)
    found |= flows(["copy", *WORKERS], internet, 80)
    return found


def policies() -> list[Resource]:
    """Returns the rendered policies with the API server's address filled in as api-server.yaml describes."""
    found = copy.deepcopy(list(of_kind("overlays/production", "NetworkPolicy").values()))
    for policy in found:
        if policy["metadata"]["name"].endswith("-to-api-server"):
            [rule] = policy["spec"]["egress"]
            rule["to"] = [{"ipBlock": {"cidr": f"{API_SERVER}/32"}}]
            rule["ports"] = [{"port": 6443}]
    return found


def network(found: list[Resource]) -> Network:
    return Network(found, endpoints(), NAMESPACES)


def all_flows() -> set[Flow]:
    """Returns every pair of endpoints that includes one of Adwright's, for every open port."""
    ports = sorted({(flow.port, flow.protocol) for flow in needed_flows()} | {(22, "TCP"), (9092, "TCP")})
    ours = {endpoint.name for endpoint in endpoints() if endpoint.namespace == "adwright"}
    return {
        Flow(source=source.name, target=target.name, port=port, protocol=protocol)
        for source, target in product(endpoints(), repeat=2)
        if source.name != target.name and {source.name, target.name} & ours
        for port, protocol in ports
    }


def described(found: set[Flow]) -> list[str]:
    return sorted(f"{flow.source} -> {flow.target} {flow.protocol} {flow.port}" for flow in found)


def test_exactly_the_needed_connections_are_allowed() -> None:
    evaluated = network(policies())
    allowed = {flow for flow in all_flows() if evaluated.allows(flow)}
    assert described(needed_flows() - allowed) == []
    assert described(allowed - needed_flows()) == []


def test_needed_connections_are_allowed_before_the_api_server_is_filled_in() -> None:
    evaluated = network(list(of_kind("overlays/production", "NetworkPolicy").values()))
    assert described({flow for flow in needed_flows() if not evaluated.allows(flow)}) == []


def without_one_part(found: list[Resource]) -> Iterator[tuple[str, list[Resource]]]:
    """Yields every variant of the policies without one rule, peer or port."""

    def changed(number: int, path: list[Any], position: int) -> list[Resource]:
        copied = copy.deepcopy(found)
        inside = copied[number]["spec"]
        for step in path:
            inside = inside[step]
        del inside[position]
        return copied

    for number, policy in enumerate(found):
        name = policy["metadata"]["name"]
        for direction, peers in (("ingress", "from"), ("egress", "to")):
            for rule_number, rule in enumerate(policy["spec"].get(direction) or []):
                yield f"{name}: {direction} {rule_number}", changed(number, [direction], rule_number)
                for part in (peers, "ports"):
                    if len(rule.get(part, [])) > 1:  # an empty list would allow everything
                        for position in range(len(rule[part])):
                            yield (
                                f"{name}: {direction} {rule_number} {part} {position}",
                                changed(number, [direction, rule_number, part], position),
                            )


def test_no_rule_peer_or_port_is_superfluous() -> None:
    useless = []
    needed = needed_flows()
    cases = list(without_one_part(policies()))
    for name, found in cases:
        evaluated = network(found)
        if all(evaluated.allows(flow) for flow in needed):
            useless.append(name)
    assert len(cases) >= 50
    assert useless == []


def test_pod_without_rules_is_open_without_default_deny() -> None:
    rest = [policy for policy in policies() if policy["metadata"]["name"] != "default-deny"]
    assert network(rest).allows(Flow(source="other-job", target="stray", port=22))
    assert not network(policies()).allows(Flow(source="other-job", target="stray", port=22))


def test_strimzi_opens_the_listener_to_the_same_clients_as_our_policy() -> None:
    [listener] = of_kind("overlays/production", "Kafka")["adwright"]["spec"]["kafka"]["listeners"]
    [rule] = of_kind("overlays/production", "NetworkPolicy")["kafka-clients"]["spec"]["ingress"]
    assert rule["ports"] == [{"port": listener["port"]}]
    assert rule["from"] == listener["networkPolicyPeers"]


def test_services_reach_no_address_that_the_fetcher_rejects() -> None:
    from services.worker.remote.fetcher import is_public

    private = ["10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "127.0.0.1", "100.64.0.1", "0.0.0.0",
               "198.18.0.1", "224.0.0.1", "255.255.255.255", "192.0.2.1", "::1", "fe80::1", "fc00::1", "ff02::1",
               "2001:db8::1", "64:ff9b::a00:1", "2002:a00:1::"]  # fmt: skip
    public = ["8.8.8.8", "1.1.1.1", "2606:4700::1"]
    addresses = [Endpoint(name=address, address=address) for address in (*private, *public)]
    evaluated = Network(
        list(of_kind("overlays/production", "NetworkPolicy").values()), [*endpoints(), *addresses], NAMESPACES
    )
    for service in (*SERVERS, *WORKERS):
        for address in private:
            assert not is_public(address), address
            for port in (80, 443, 6443):
                assert not evaluated.allows(Flow(source=service, target=address, port=port)), (service, address)
        for address in public:
            assert is_public(address)
            assert evaluated.allows(Flow(source=service, target=address, port=443)), (service, address)


@pytest.mark.parametrize(
    ("operator", "values", "selected"),
    [
        ("In", ["a"], [True, False, False]),
        ("NotIn", ["a"], [False, True, True]),
        ("Exists", None, [True, True, False]),
        ("DoesNotExist", None, [False, False, True]),
    ],
)
def test_selectors_select_as_the_api_server_does(operator: str, values: list[str] | None, selected: list[bool]) -> None:
    item = {"key": "k", "operator": operator, **({"values": values} if values else {})}
    labels: list[dict[str, str]] = [{"k": "a"}, {"k": "b"}, {}]
    assert [matches({"matchExpressions": [item]}, found) for found in labels] == selected


def test_policy_isolates_only_its_directions_and_rules_add_up() -> None:
    web, client = (
        Endpoint(name=name, namespace="n", labels={"app": name}, address=f"10.0.0.{number}")
        for number, name in enumerate(("web", "client"), start=1)
    )

    def policy(spec: dict[str, Any]) -> Resource:
        return {"metadata": {"name": "p", "namespace": "n"}, "spec": spec}

    closed = policy({"podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Ingress"]})
    ports = [{"port": 80, "endPort": 90}]
    rule = policy({"podSelector": {}, "ingress": [{"from": [{"podSelector": {}}], "ports": ports}]})
    everyone = policy({"podSelector": {}, "ingress": [{}]})
    spaces: dict[str, dict[str, str]] = {"n": {}}

    def allowed(found: list[Resource], port: int, source: str = "client", target: str = "web") -> bool:
        return Network(found, [web, client], spaces).allows(Flow(source=source, target=target, port=port))

    assert allowed([], 80)
    assert not allowed([closed], 80)
    assert allowed([closed], 80, "web", "client"), "egress is not isolated"
    assert [allowed([closed, rule], port) for port in (79, 80, 90, 91)] == [False, True, True, False]
    assert allowed([closed, everyone], 22)
