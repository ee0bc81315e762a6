"""compose.yaml and skaffold.yaml agree with the image, the code and the manifests; neither is run."""

from __future__ import annotations

import json
import re
from typing import Any

import yaml

from deploy.compose import CREATED, DESCRIPTORS, KEYS, configuration, databases
from gateway.settings import SERVICES
from tests.platform.manifests import ROOT, of_kind
from tests.platform.test_image import COMMANDS
from tests.platform.test_manifests import known_settings

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SKAFFOLD: dict[str, Any] = yaml.safe_load((ROOT / "skaffold.yaml").read_text(encoding="utf-8"))
OURS = {name: item for name, item in COMPOSE["services"].items() if item.get("image", "").startswith("adwright:")}


def test_compose_runs_every_command_with_existing_settings() -> None:
    running = {name: item for name, item in OURS.items() if "entrypoint" not in item}
    assert {" ".join(item["command"]) for item in running.values()} == set(COMMANDS)
    assert sum("build" in item for item in running.values()) == 1
    for name, item in running.items():
        assert {key.removesuffix("_FILE") for key in item["environment"]} <= known_settings(), name
        assert item["read_only"] is True
        assert item["cap_drop"] == ["ALL"]


def test_compose_addresses_name_its_services() -> None:
    for item in OURS.values():
        for key, value in item.get("environment", {}).items():
            if key.endswith(("_ADDRESS", "_BOOTSTRAP")):
                assert value.partition(":")[0] in COMPOSE["services"], key
        assert set(item.get("depends_on", {})) <= set(COMPOSE["services"])
        assert set(item.get("secrets", [])) <= set(COMPOSE["secrets"])


def test_compose_creates_the_databases_that_its_services_name() -> None:
    urls = [item["environment"].get("ADWRIGHT_DATABASE_URL", "") for item in OURS.values() if "environment" in item]
    named = {url.rpartition("/")[2] for url in urls if url}
    postgres = COMPOSE["services"]["postgres"]
    assert postgres["environment"]["POSTGRES_DB"] == CREATED
    assert {CREATED, *re.findall(r"create database (\w+);", databases())} == named
    assert "./var/compose/databases.sql:/docker-entrypoint-initdb.d/databases.sql:ro" in postgres["volumes"]


def test_gateway_configuration_names_files_that_compose_mounts() -> None:
    text = json.dumps(json.loads(configuration()))
    mounted = {volume.split(":")[1] for volume in COMPOSE["services"]["gateway"]["volumes"]}
    assert {DESCRIPTORS, KEYS} < mounted
    assert str(ROOT) not in text
    hosts = set(re.findall(r'"address": "([a-z]+)", "port_value": 7100', text))
    assert hosts == set(SERVICES) <= set(COMPOSE["services"])


def test_skaffold_names_existing_files() -> None:
    profiles = [SKAFFOLD, *SKAFFOLD["profiles"]]
    for profile in profiles:
        for path in profile["manifests"]["kustomize"]["paths"]:
            assert (ROOT / path / "kustomization.yaml").exists(), path
    services = of_kind("overlays/dev", "Service")
    for forward in SKAFFOLD["portForward"]:
        assert forward["port"] in [port["port"] for port in services[forward["resourceName"]]["spec"]["ports"]]
    [artifact] = SKAFFOLD["build"]["artifacts"]
    assert (ROOT / artifact["docker"]["dockerfile"]).exists()
    assert artifact["sync"]["manual"] == [{"src": "services/**/*.py", "dest": "/opt/adwright"}]
