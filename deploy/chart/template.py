"""Writes trees as Helm templates."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from itertools import groupby
from typing import Any, Final

from deploy.chart.tree import Branches, Choice, Leaf, Lifted, Node, Part, Raw, When

STEP: Final = 2
PLAIN_KEY: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*")
WORDS_OF_YAML: Final = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null"))


def expression(path: tuple[str, ...]) -> str:
    """Returns the Go expression of a value: `$.Values.postgres.instances`."""
    plain = 0
    while plain < len(path) and re.fullmatch(r"[A-Za-z][A-Za-z0-9]*", path[plain]):
        plain += 1
    front = ".".join(("$.Values", *path[:plain]))
    if plain == len(path):
        return front
    return f"(index {front} {' '.join(json.dumps(step) for step in path[plain:])})"


def escaped(text: str) -> str:
    """Returns a text of which Helm makes the same text."""
    return text.replace("{{", '{{ "{{" }}')


class Writer:
    """Writes trees as lines of a template. `conditions` has the Go expression of every switch."""

    def __init__(self, conditions: Mapping[str, str]) -> None:
        self._conditions = conditions

    def condition(self, when: When) -> str:
        """Returns the Go expression that is true while the switches are as `when` says."""
        found = [self._conditions[switch] if wanted else f"(not {self._conditions[switch]})" for switch, wanted in when]
        return found[0].removeprefix("(").removesuffix(")") if len(found) == 1 else f"and {' '.join(found)}"

    def write(self, node: Node, indent: int = 0) -> list[str]:
        """Returns a mapping or a list as lines, each with `indent` spaces or more before its text."""
        match node:
            case Branches(parts=parts):
                lines = []
                for when, group in groupby(parts, key=lambda part: part.when):
                    inside = [line for part in group for line in self._part(part, indent)]
                    lines += self._guarded(when, inside)
                return lines
            case Choice(switch=switch, then=then, otherwise=otherwise):
                return [
                    f"{{{{- if {self.condition(((switch, True),))} }}}}",
                    *self.write(then, indent),
                    "{{- else }}",
                    *self.write(otherwise, indent),
                    "{{- end }}",
                ]
            case Leaf(plain=plain):
                return [" " * indent + _inline(plain)]
            case Raw(text=text):
                return text.replace("INDENT", str(indent)).splitlines()

    def _guarded(self, when: When, lines: list[str]) -> list[str]:
        return [f"{{{{- if {self.condition(when)} }}}}", *lines, "{{- end }}"] if when else lines

    def _part(self, part: Part, indent: int) -> list[str]:
        if isinstance(part.node, Raw):
            return self.write(part.node, indent)
        if part.key is None:
            return self._item(part.node, indent)
        key = " " * indent + _key(part.key) + ":"
        match part.node:
            case Leaf(plain=plain):
                return _leaf(key, plain, indent)
            case Choice(switch=switch, then=then, otherwise=otherwise):
                return [
                    f"{{{{- if {self.condition(((switch, True),))} }}}}",
                    *self._part(Part(part.key, then), indent),
                    "{{- else }}",
                    *self._part(Part(part.key, otherwise), indent),
                    "{{- end }}",
                ]
        return [key, *self.write(part.node, indent + STEP)]

    def _item(self, node: Node, indent: int) -> list[str]:
        match node:
            case Leaf(plain=plain):
                return _leaf(" " * indent + "-", plain, indent)
            case Choice(switch=switch, then=then, otherwise=otherwise):
                return [
                    f"{{{{- if {self.condition(((switch, True),))} }}}}",
                    *self._item(then, indent),
                    "{{- else }}",
                    *self._item(otherwise, indent),
                    "{{- end }}",
                ]
        first, *others = self.write(node, indent + STEP)
        if first.startswith(" " * (indent + STEP)):
            return [" " * indent + "- " + first[indent + STEP :], *others]
        return [" " * indent + "-", first, *others]


def _key(key: str) -> str:
    plain = PLAIN_KEY.fullmatch(key) and key.lower() not in WORDS_OF_YAML
    return key if plain else escaped(json.dumps(key))


def _inline(plain: Any) -> str:
    if isinstance(plain, Lifted):
        return f"{{{{ {plain.expression or expression(plain.path)} | toJson }}}}"
    return escaped(json.dumps(plain, ensure_ascii=False))


def _leaf(front: str, plain: Any, indent: int) -> list[str]:
    if isinstance(plain, str) and _reads_well_as_block(plain):
        body = plain.removesuffix("\n")
        mark = "|" if body != plain else "|-"
        return [
            f"{front} {mark}",
            *(" " * (indent + STEP) + escaped(line) if line else "" for line in body.split("\n")),
        ]
    return [f"{front} {_inline(plain)}"]


def _reads_well_as_block(text: str) -> bool:
    """Whether YAML's literal block keeps the text as it is."""
    lines = text.removesuffix("\n").split("\n")
    return (
        len(lines) > 1
        and all(line == line.rstrip() and line.isprintable() for line in lines)
        and not lines[0].startswith(" ")
        and bool(lines[0])
        and bool(lines[-1])
    )
