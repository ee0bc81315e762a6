"""The chart's values: values.yaml, values.schema.json, and the differences that make an overlay."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from deploy.chart.table import FOLDER, Path_, Table, Values
from deploy.settings_reference import processes
from services.chassis.config import PREFIX

Nested = dict[str, Any]

LINE_CHARACTERS: Final = 118
# Sections of values.yaml in order; the others are as chart.toml has them.
FIRST: Final = ("image", "config", "services", "pods", "migrations", "secrets")
OF_SERVICES: Final[Mapping[str, Any]] = {
    "env": [], "nodeSelector": {}, "tolerations": [], "affinity": {}, "podAnnotations": {},
}  # fmt: skip
OF_MIGRATIONS: Final[Mapping[str, Any]] = {"env": [], "nodeSelector": {}, "tolerations": [], "affinity": {}}
OF_PODS: Final[Mapping[str, Any]] = {"nodeSelector": {}, "tolerations": [], "affinity": {}, "annotations": {}}
# Variables that obstore and the HTTP clients read, beside the project's own.
FOREIGN_VARIABLES: Final = r"^((AWS|AZURE|GOOGLE)_[A-Z0-9_]+|(HTTPS?|NO)_PROXY)$"


def nested(values: Values) -> Nested:
    """Returns values by path as maps in maps."""
    found: Nested = {}
    for path, value in values.items():
        inside = found
        for step in path[:-1]:
            inside = inside.setdefault(step, {})
        inside[path[-1]] = value
    return found


def default_values(lifted: Values, config: Mapping[str, str]) -> Nested:
    """Returns what values.yaml says: the manifests' values, and every switch off but the migrations."""
    found = nested(lifted)
    found["image"] |= {"digest": "", "pullPolicy": "", "pullSecrets": []}
    found["config"] = dict(config)
    for service in found["services"].values():
        service |= {name: type(empty)() for name, empty in OF_SERVICES.items()}
    found["pods"] = dict(OF_PODS)
    found["migrations"] = {"enabled": True, **found["migrations"], **OF_MIGRATIONS}
    found["secrets"] = {}
    found["bucket"] = {"access": "none", **found["bucket"]}
    for section in ("postgres", "backup", "assetsBackup", "kafka", "network", "autoscaling", "certificates"):
        found[section] = {"enabled": False, **found[section]}
    for section in ("monitoring", "gateway", "trial"):
        found[section] = {"enabled": False}
    return {name: found[name] for name in (*FIRST, *(name for name in found if name not in FIRST))}


def changes(
    defaults: Values,
    wanted: Values,
    *,
    switches: Sequence[str],
    config: Mapping[str, str],
    secrets: Mapping[str, Any],
    trial: bool,
) -> Nested:
    """Returns the values that differ from the defaults; null removes a key of a default, as Helm reads it."""
    found = nested(
        {path: _patch(defaults[path], value) for path, value in wanted.items() if defaults.get(path) != value}
    )
    for switch in switches:
        if switch in ("credentials", "eks", "gke", "aks"):
            found.setdefault("bucket", {})["access"] = switch
        else:
            found[switch] = {"enabled": True, **found.get(switch, {})}
    found |= {name: dict(value) for name, value in (("config", config), ("secrets", secrets)) if value}
    if trial:
        # The services of a trial migrate their databases themselves.
        found |= {"trial": {"enabled": True}, "migrations": {"enabled": False}}
    return {name: found[name] for name in sorted(found)}


def _patch(old: Any, new: Any) -> Any:
    if not isinstance(old, Mapping) or not isinstance(new, Mapping):
        return new
    changed = {key: _patch(old.get(key), value) for key, value in new.items() if old.get(key) != value}
    return changed | {key: None for key in old if key not in new}


def values_file(values: Nested, comments: Mapping[str, str]) -> str:
    """Returns values as YAML, each with its comment above it."""
    lines = [f"# {comments['']}", ""] if "" in comments else []
    for name, value in values.items():
        lines += _lines(name, value, (), comments)
        lines += [""] if isinstance(value, Mapping) and value else []
    return "\n".join(lines).rstrip("\n") + "\n"


def _lines(name: str, value: Any, above: Path_, comments: Mapping[str, str]) -> list[str]:
    path, indent = (*above, name), "  " * len(above)
    comment = comments.get(".".join(path), "")
    lines = [f"{indent}# {line}" for line in textwrap.wrap(comment, LINE_CHARACTERS - len(indent))]
    if isinstance(value, Mapping) and value:
        lines.append(f"{indent}{name}:")
        for key, inside in value.items():
            lines += _lines(key, inside, path, comments)
    else:
        lines.append(f"{indent}{name}: {json.dumps(value, ensure_ascii=False)}")
    return lines


def schema(values: Nested, table: Table) -> Nested:
    """Returns the JSON Schema of the chart's values; unknown ones are refused, at every level."""
    shapes = json.loads((FOLDER / "files" / "shapes.json").read_text(encoding="utf-8"))
    found = _schema(values, (), table.comments, shapes)
    found["properties"]["config"] |= config_schema()
    found["properties"]["global"] = {"type": "object", "description": "Helm's own."}
    return {"$schema": "http://json-schema.org/draft-07/schema#", "title": "Values of Adwright's chart", **found}


def _schema(value: Any, path: Path_, comments: Mapping[str, str], shapes: Mapping[str, Nested]) -> Nested:
    described = {"description": comment} if (comment := _comment(path, comments)) else {}
    shape = shapes.get(".".join(path)) or shapes.get(path[-1] if path else "")
    if shape is not None:
        return described | shape
    if isinstance(value, Mapping):
        inside = {key: _schema(item, (*path, key), comments, shapes) for key, item in value.items()}
        return described | {"type": "object", "additionalProperties": False, "properties": inside}
    kinds = {bool: "boolean", int: "integer", str: "string"}
    return described | {"type": kinds[type(value)]}


def _comment(path: Path_, comments: Mapping[str, str]) -> str:
    exact = comments.get(".".join(path))
    if exact is not None:
        return exact
    patterns = (name for name in comments if "*" in name)
    found = (name for name in patterns if re.fullmatch(re.escape(name).replace(r"\*", "[^.]+"), ".".join(path)))
    return comments.get(next(found, ""), "")


def config_schema() -> Nested:
    """Returns the schema of `config`: the variables that a process reads, and those of the bucket's library."""
    names = sorted({f"{PREFIX}{name.upper()}" for kind in processes().values() for name in kind.model_fields})
    known: Iterable[str] = (full for name in names for full in (name, f"{name}_FILE"))
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {name: {"type": "string"} for name in known},
        "patternProperties": {FOREIGN_VARIABLES: {"type": "string"}},
    }
