"""The alerts about the gateway read metrics that Envoy has."""

from __future__ import annotations

import re

import httpx

from tests.gateway.envoy_process import RunningGateway
from tests.platform.prometheus import rules

# Metrics of dynamic configuration, which an Envoy with a configuration file does not have.
DELIVERED = {
    "envoy_listener_manager_lds_update_rejected",
    "envoy_cluster_manager_cds_update_rejected",
    "envoy_http_rds_update_rejected",
}


def test_alerts_use_names_and_labels_that_envoy_writes(gateway: RunningGateway, client: httpx.Client) -> None:
    client.get("/api/prices")
    text = httpx.get(f"{gateway.admin}/stats/prometheus").text
    found = [rule["expr"] for group in rules("dependencies")["groups"] for rule in group["rules"]]
    used = {name for expression in found for name in re.findall(r"\benvoy_\w+(?=\{)", expression)} - DELIVERED
    assert len(used) >= 4
    for name in used:
        samples = [line for line in text.splitlines() if re.match(rf"{name}[{{ ]", line)]
        assert samples, name
        for expression in found:
            for selector in re.findall(rf"\b{name}\{{([^}}]*)\}}", expression):
                for label in re.findall(r"(\w+)=", selector):
                    assert label == "job" or any(f'{label}="' in line for line in samples), (name, label)
