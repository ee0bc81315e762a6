"""The schemas of Kubernetes and of custom resources, made strict: unknown fields are errors.

The API server also evaluates rules in CEL; kubectl-validate does that, in the slow tests: building it takes minutes.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import yaml

from tests.platform import tools

Resource = dict[str, Any]

KUBERNETES = "1.30"  # the newest that kubectl-validate contains


@cache
def definitions() -> tuple[Path, ...]:
    """Returns the files of the custom resources' definitions, from their projects."""
    envoy = tools.source(tools.ENVOY_GATEWAY) / "charts/gateway-helm/charts/crds/crds"
    keda = tools.source(tools.KEDA) / "config/crd/bases"
    operator = tools.source(tools.PROMETHEUS_OPERATOR) / "example/prometheus-operator-crd"
    postgres = tools.source(tools.CLOUDNATIVE_PG) / "config/crd/bases"
    certificates = tools.source(tools.CERT_MANAGER) / "deploy/crds"
    signatures = tools.source(tools.POLICY_CONTROLLER) / "config"
    return (
        envoy / "gatewayapi-crds.yaml",
        *envoy.glob("generated/*.yaml"),
        *keda.glob("keda.sh_*.yaml"),
        *operator.glob("*_podmonitors.yaml"),
        *operator.glob("*_prometheusrules.yaml"),
        *postgres.glob("postgresql.cnpg.io_*.yaml"),
        certificates / "crd-certificates.yaml",
        certificates / "crd-issuers.yaml",
        signatures / "300-clusterimagepolicy.yaml",
    )


def complaints(resources: list[Resource]) -> list[str]:
    """Returns the errors of the resources."""
    found = []
    for item in resources:
        if item["kind"] == "Secret":  # kustomize folds long values, which only the API server accepts
            item["data"] = {key: value.replace("\n", "") for key, value in item["data"].items()}
        validator = _validator(item["apiVersion"], item["kind"])
        for error in validator.iter_errors(item):
            where = "/".join(str(part) for part in error.instance_path)
            found.append(f"{item['kind']} {item['metadata']['name']}: {where}: {error.message[:300]}")
    return found


@cache
def _validator(version: str, kind: str) -> jsonschema_rs.Validator:
    schema = _custom().get((version, kind)) or _builtin(version, kind)
    assert schema is not None, f"there is no schema of {version} {kind}"
    return jsonschema_rs.Draft4Validator(schema)


def _builtin(version: str, kind: str) -> Resource | None:
    folder = tools.source(tools.KUBECTL_VALIDATE) / "pkg/openapiclient/builtins" / KUBERNETES
    file = folder / ("apis" if "/" in version else "api") / f"{version}.json"
    if not file.exists():
        return None
    components = _strict(json.loads(file.read_text(encoding="utf-8"))["components"])
    group, _, number = version.rpartition("/")
    wanted = {"group": group, "version": number, "kind": kind}
    for name, schema in components["schemas"].items():
        if wanted in schema.get("x-kubernetes-group-version-kind", []):
            return {"$ref": f"#/components/schemas/{name}", "components": components}
    return None


@cache
def _custom() -> dict[tuple[str, str], Resource]:
    found: dict[tuple[str, str], Resource] = {}
    for path in definitions():
        for item in yaml.load_all(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader):
            if not item or item["kind"] != "CustomResourceDefinition":
                continue
            for version in item["spec"]["versions"]:
                schema = version["schema"]["openAPIV3Schema"]
                schema["properties"] |= {"apiVersion": {}, "kind": {}, "metadata": {}}
                key = (f"{item['spec']['group']}/{version['name']}", item["spec"]["names"]["kind"])
                found[key] = _strict(schema)
    return found


def _strict(schema: Any) -> Any:
    """Returns the schema without additional properties."""
    if isinstance(schema, list):
        return [_strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    # Flags inside a pattern are Go's syntax and not JSON Schema's.
    strict = {name: _strict(part) for name, part in schema.items() if name != "pattern" or "(?" not in part}
    closed = isinstance(schema.get("properties"), dict) and "additionalProperties" not in schema
    if closed and "type" in schema and not schema.get("x-kubernetes-preserve-unknown-fields"):
        strict["additionalProperties"] = False
    return strict
