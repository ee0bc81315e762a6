"""Makes the chart's files from kustomize's renderings."""

from __future__ import annotations

import base64
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from deploy.chart.rendering import NAMESPACE, ROOT, Key, Manifests, Rendering
from deploy.chart.table import FOLDER, Table, Values
from deploy.chart.template import Writer
from deploy.chart.tree import ALWAYS, Branches, Node, Part, Raw, When, at, change, grow
from deploy.chart.values import changes, default_values, schema, values_file

CONFIG: Final[Key] = ("ConfigMap", "adwright")
TRIAL: Final = "trial"
MIGRATIONS: Final = "migrations"
# Not in the chart: Helm keeps its records in the namespace, which therefore precedes the chart; Secrets are values.
LEFT_OUT: Final = ("Namespace", "Secret")
OVERLAYS: Final = {"dev": "values-dev.yaml", "production": "values-production.yaml"}
POD: Final = ("spec", "template", "spec")

LABELS: Final = '{{- include "adwright.labels" $ | nindent INDENT }}'
RELEASE_LABELS: Final = '{{- include "adwright.release-labels" $ | nindent INDENT }}'
ENVIRONMENT: Final = """\
{{- with OWN.env }}
{{- toYaml . | nindent INDENT }}
{{- end }}"""
POD_SETTINGS: Final = """\
{{- with include "adwright.pod" (list $ OWN) | trim }}
{{- . | nindent INDENT }}
{{- end }}"""
PULL_POLICY: Final = """\
{{- with $.Values.image.pullPolicy }}
{{ printf "imagePullPolicy: %s" . | indent INDENT }}
{{- end }}"""
ANNOTATIONS: Final = '{{- include "adwright.annotations" (list $ OWN) | nindent INDENT }}'
HOOK: Final = """\
{{- if $.Release.IsUpgrade }}
{{- include "adwright.hook" $ | nindent INDENT }}
{{- end }}"""


@dataclass(slots=True)
class Planned:
    """A resource of the chart: the file that it stands in, its tree, and when it exists."""

    file: str
    tree: Node
    when: When = ALWAYS


@dataclass(slots=True)
class Plan:
    """The resources, values and variables that the renderings have."""

    resources: dict[Key, Planned] = field(default_factory=dict)
    defaults: Values = field(default_factory=dict)
    config: dict[str, str] = field(default_factory=dict)  # of base
    added_config: dict[str, dict[str, str]] = field(default_factory=dict)  # by switch


def plan(table: Table, manifests: Manifests) -> Plan:
    """Compares the renderings of every switch with those without it."""
    made = Plan()
    base, made.defaults = table.lift(manifests.of_components(()))
    made.config = base[CONFIG]["data"]
    for key, resource in base.items():
        if key[0] not in LEFT_OUT and key != CONFIG:
            made.resources[key] = Planned(key[1], grow(resource))
    for switch in table.switches:
        enabled = frozenset(switch.context)
        before, _ = table.lift(manifests.of_components(table.components(enabled)))
        after, values = table.lift(manifests.of_components(table.components({*enabled, switch.name})))
        made.defaults = {**values, **made.defaults}
        made.added_config[switch.name] = _added(before[CONFIG]["data"], after[CONFIG]["data"])
        _compare(made, before, after, switch.name, enabled)
    components = manifests.components_of("dev")
    enabled = frozenset(switch.name for switch in table.switches if switch.component in components)
    before, _ = table.lift(manifests.of_components(table.components(enabled)))
    after, _ = table.lift(manifests.of_overlay("dev"))
    _compare(made, before, after, TRIAL, enabled)
    jobs, values = table.lift(manifests.migrations())
    made.defaults = {**values, **made.defaults}
    for key, job in jobs.items():
        made.resources[key] = Planned(MIGRATIONS, grow(job), ((MIGRATIONS, True),))
    return made


def _added(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str]:
    if any(after.get(name) != text for name, text in before.items()):
        raise ValueError("a component may add variables to the ConfigMap and not change those of base")
    return {name: text for name, text in after.items() if name not in before}


def _compare(made: Plan, before: Rendering, after: Rendering, switch: str, enabled: frozenset[str]) -> None:
    for key, resource in after.items():
        if key[0] in LEFT_OUT or key == CONFIG:
            continue
        if key not in before:
            made.resources[key] = Planned(switch, grow(resource), ((switch, True),))
        else:
            planned = made.resources[key]
            planned.tree = change(planned.tree, before[key], resource, switch, enabled)
    for key in set(before) - set(after):
        planned = made.resources[key]
        planned.when = (*planned.when, (switch, False))


def overlay_values(table: Table, manifests: Manifests, name: str, made: Plan) -> dict[str, Any]:
    """Returns the values with which the chart is overlays/NAME."""
    rendering = manifests.of_overlay(name)
    _, values = table.lift(rendering)
    components = manifests.components_of(name)
    switches = [switch.name for switch in table.switches if switch.component in components]
    added = {key: text for switch in switches for key, text in made.added_config[switch].items()}
    config = {
        key: text
        for key, text in rendering[CONFIG]["data"].items()
        if added.get(key) != text and made.config.get(key) != text
    }
    secrets = {
        name: {"type": item["type"], "data": _decoded(item["data"])}
        for (kind, name), item in rendering.items()
        if kind == "Secret"
    }
    return changes(made.defaults, values, switches=switches, config=config, secrets=secrets, trial=name == "dev")


def _decoded(data: Mapping[str, str]) -> dict[str, str]:
    return {key: base64.b64decode(text).decode("utf-8") for key, text in data.items()}


def files(table: Table, manifests: Manifests) -> dict[str, str]:
    """Returns the chart's files: their texts by their paths in its folder."""
    made = plan(table, manifests)
    writer = Writer(table.conditions() | {MIGRATIONS: "$.Values.migrations.enabled"})
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    defaults = default_values(made.defaults, made.config)
    found = {
        "Chart.yaml": _description(project),
        "values.yaml": values_file(defaults, table.comments),
        "values.schema.json": json.dumps(schema(defaults, table), indent=1) + "\n",
        "templates/_helpers.tpl": (FOLDER / "files" / "_helpers.tpl").read_text(encoding="utf-8"),
        "templates/_config.tpl": _config(table, made, writer),
        "templates/checks.yaml": _checks(table),
        "templates/NOTES.txt": (FOLDER / "files" / "NOTES.txt").read_text(encoding="utf-8"),
        "templates/configmap.yaml": (FOLDER / "files" / "configmap.yaml").read_text(encoding="utf-8"),
        "templates/secrets.yaml": (FOLDER / "files" / "secrets.yaml").read_text(encoding="utf-8"),
    }
    for name, file in OVERLAYS.items():
        wanted = overlay_values(table, manifests, name, made)
        found[file] = values_file(wanted, {"": f"What overlays/{name} is, in values of this chart."})
    texts: dict[str, list[str]] = {}
    for planned in made.resources.values():
        texts.setdefault(planned.file, []).append(_text(planned, writer))
    found |= {f"templates/{name}.yaml": "".join(parts) for name, parts in texts.items()}
    return found


def _description(project: Mapping[str, Any]) -> str:
    version = json.dumps(project["version"])
    return (
        "apiVersion: v2\n"
        "name: adwright\n"
        f"description: {json.dumps(project['description'])}\n"
        "type: application\n"
        f"version: {version}\n"
        f"appVersion: {version}\n"
        'kubeVersion: ">=1.30.0-0"\n'
    )


def _text(planned: Planned, writer: Writer) -> str:
    tree = planned.tree
    if not isinstance(tree, Branches):
        raise TypeError(f"a switch replaces all of a resource in {planned.file}")
    [kind] = [part.node.plain for part in tree.parts if part.key == "kind" and hasattr(part.node, "plain")]
    _prepare(tree, kind, planned.file)
    lines = ["---", *writer.write(tree)]
    if planned.when:
        lines = [f"{{{{- if {writer.condition(planned.when)} }}}}", *lines, "{{- end }}"]
    return "\n".join(lines) + "\n"


def _prepare(tree: Branches, kind: str, file: str) -> None:
    """Adds to a resource what Helm and its users expect: labels, and the settings of pods."""
    metadata = at(tree, ("metadata",))
    for part in metadata.parts:
        if part.key == "namespace":
            part.node = Raw(" " * 2 + "namespace: {{ $.Release.Namespace }}")
    labels = [part for part in metadata.parts if part.key == "labels"]
    if not labels:
        labels = [Part("labels", Branches(is_list=False))]
        metadata.parts.append(labels[0])
    holder = labels[0].node
    if not isinstance(holder, Branches):
        raise TypeError(f"a switch replaces all labels of a resource in {file}")
    holder.parts.append(Part(None, Raw(RELEASE_LABELS if kind == "Deployment" else LABELS)))
    if kind in ("Deployment", "Job"):
        own = f'(index $.Values.services "{file}")' if kind == "Deployment" else "$.Values.migrations"
        _prepare_pods(tree, own, is_job=kind == "Job")


def _prepare_pods(tree: Branches, own: str, *, is_job: bool) -> None:
    def raw(text: str) -> Part:
        return Part(None, Raw(text.replace("OWN", own)))

    at(tree, POD).parts.append(raw(POD_SETTINGS))
    at(tree, (*POD, "containers", 0)).parts.append(raw(PULL_POLICY))
    at(tree, (*POD, "containers", 0, "env")).parts.append(raw(ENVIRONMENT))
    if is_job:
        at(tree, ("metadata", "annotations")).parts.append(raw(HOOK))
    else:
        annotations = Branches(is_list=False, parts=[raw(ANNOTATIONS)])
        at(tree, ("spec", "template", "metadata")).parts.append(Part("annotations", annotations))


def _config(table: Table, made: Plan, writer: Writer) -> str:
    lines = ['{{- define "adwright.config" -}}', "{{- $config := deepCopy $.Values.config }}"]
    for switch in table.switches:
        added = made.added_config[switch.name]
        if added:
            pairs = " ".join(f"{json.dumps(name)} {json.dumps(text)}" for name, text in added.items())
            lines.append(f"{{{{- if {writer.condition(((switch.name, True),))} }}}}")
            lines.append(f"{{{{- $config = merge $config (dict {pairs}) }}}}")
            lines.append("{{- end }}")
    lines += ["{{- range $name, $text := $config }}", "{{ $name }}: {{ $text | toJson }}", "{{- end }}", "{{- end }}"]
    return "\n".join(lines) + "\n"


def _checks(table: Table) -> str:
    """Returns a template without resources that refuses values that make no sense together."""
    by_name = {switch.name: switch for switch in table.switches}
    lines = ["{{- /* Values that make no sense together. */}}"]

    def refuse(condition: str, message: str) -> None:
        lines.extend((f"{{{{- if {condition} }}}}", f"{{{{- fail {json.dumps(message)} }}}}", "{{- end }}"))

    for switch in table.switches:
        for name in switch.needs:
            refuse(
                f"and {switch.when} (not {by_name[name].when})",
                f"{_said(switch.when)} needs {_said(by_name[name].when)}",
            )
        if switch.namespace:
            refuse(
                f'and {switch.when} (ne $.Release.Namespace "{NAMESPACE}")',
                f"resources of {_said(switch.when)} name a namespace: install with --namespace {NAMESPACE}",
            )
    return "\n".join(lines) + "\n"


def _said(when: str) -> str:
    """Returns a switch's expression as a reader of values says it."""
    words = when.strip("()").replace("$.Values.", "").split(" ")
    return f"{words[1]}={words[2]}".replace('"', "") if words[0] == "eq" else words[0]
