"""Trees of YAML whose parts depend on switches, grown by comparing two renderings.

`grow` makes a tree of plain values. `change` compares a rendering without a switch to one with it, and marks what the
switch adds, removes or replaces. `value` returns what the tree is for a set of switches.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

When = tuple[tuple[str, bool], ...]  # switches and what each must be
ALWAYS: Final[When] = ()


@dataclass(frozen=True, slots=True)
class Lifted:
    """A value that the chart's values give: its path in them ("postgres", "instances"), or a Go expression."""

    path: tuple[str, ...]
    expression: str = ""


@dataclass(slots=True)
class Leaf:
    """A scalar, an empty collection, or a lifted value."""

    plain: Any


@dataclass(frozen=True, slots=True)
class Raw:
    """Lines of a template in a mapping or list; `INDENT` in it becomes the number of spaces before a line."""

    text: str


@dataclass(slots=True)
class Part:
    """An entry of a mapping (with a key) or of a list (without), present while its switches are as `when` says."""

    key: str | None
    node: Node
    when: When = ALWAYS


@dataclass(slots=True)
class Branches:
    """A mapping or a list."""

    is_list: bool
    parts: list[Part] = field(default_factory=list)


@dataclass(slots=True)
class Choice:
    """One of two nodes, by a switch."""

    switch: str
    then: Node
    otherwise: Node


Node = Leaf | Raw | Branches | Choice


def grow(plain: Any) -> Node:
    """Returns the tree of plain values, without switches."""
    if isinstance(plain, Mapping) and plain:
        return Branches(is_list=False, parts=[Part(str(key), grow(item)) for key, item in plain.items()])
    if isinstance(plain, list) and plain:
        return Branches(is_list=True, parts=[Part(None, grow(item)) for item in plain])
    return Leaf(plain)


def holds(when: When, enabled: frozenset[str]) -> bool:
    """Whether a part is present with these switches on."""
    return all((switch in enabled) == wanted for switch, wanted in when)


def value(node: Node, enabled: frozenset[str]) -> Any:
    """Returns the plain values of a tree with these switches on, without its raw parts."""
    match node:
        case Leaf(plain=plain):
            return plain
        case Raw():
            return None
        case Choice(switch=switch, then=then, otherwise=otherwise):
            return value(then if switch in enabled else otherwise, enabled)
        case Branches(is_list=is_list, parts=parts):
            present = [
                (part.key, value(part.node, enabled))
                for part in parts
                if holds(part.when, enabled) and not isinstance(part.node, Raw)
            ]
            return [item for _, item in present] if is_list else dict(present)


def change(node: Node, old: Any, new: Any, switch: str, enabled: frozenset[str]) -> Node:
    """Returns the tree in which `switch` turns `old` into `new`, where `old` is its value with `enabled` on."""
    if old == new:
        return node
    if isinstance(node, Choice):
        if node.switch in enabled:
            node.then = change(node.then, old, new, switch, enabled)
        else:
            node.otherwise = change(node.otherwise, old, new, switch, enabled)
        return node
    if isinstance(node, Branches) and isinstance(old, Mapping) and isinstance(new, Mapping) and set(old) & set(new):
        _change_mapping(node, old, new, switch, enabled)
        return node
    if isinstance(node, Branches) and isinstance(old, list) and isinstance(new, list) and _aligned(old, new):
        _change_list(node, old, new, switch, enabled)
        return node
    return Choice(switch, then=grow(new), otherwise=node)


def _change_mapping(
    node: Branches, old: Mapping[str, Any], new: Mapping[str, Any], switch: str, enabled: frozenset[str]
) -> None:
    for part in node.parts:
        if part.key is not None and part.key in old and holds(part.when, enabled):
            if part.key in new:
                part.node = change(part.node, old[part.key], new[part.key], switch, enabled)
            else:
                part.when = (*part.when, (switch, False))
    for key in new:
        if key not in old:
            later = [number for number, part in enumerate(node.parts) if part.key is not None and part.key > key]
            node.parts.insert(later[0] if later else len(node.parts), Part(key, grow(new[key]), ((switch, True),)))


def _identity(item: Any) -> str:
    """What makes an item of a list the same in two renderings: its name, or all of it."""
    if isinstance(item, Mapping) and "name" in item:
        return str(item["name"])
    return json.dumps(item, sort_keys=True, default=repr)


def _aligned(old: Sequence[Any], new: Sequence[Any]) -> bool:
    """Whether two lists have items in common, in the same order, and no item twice."""
    before, after = [_identity(item) for item in old], [_identity(item) for item in new]
    if len(set(before)) < len(before) or len(set(after)) < len(after):
        return False
    common = [name for name in before if name in after]
    return bool(common) and common == [name for name in after if name in before]


def _change_list(node: Branches, old: Sequence[Any], new: Sequence[Any], switch: str, enabled: frozenset[str]) -> None:
    present = [part for part in node.parts if holds(part.when, enabled) and not isinstance(part.node, Raw)]
    parts = {_identity(item): part for item, part in zip(old, present, strict=True)}
    before = {_identity(item): item for item in old}
    after = {_identity(item): item for item in new}
    for name, part in parts.items():
        if name in after:
            part.node = change(part.node, before[name], after[name], switch, enabled)
        else:
            part.when = (*part.when, (switch, False))
    position = 0
    for name, item in after.items():
        if name in parts:
            position = next(number for number, part in enumerate(node.parts) if part is parts[name]) + 1
        else:
            node.parts.insert(position, Part(None, grow(item), ((switch, True),)))
            position += 1


def at(node: Node, path: Sequence[str | int]) -> Branches:
    """Returns the mapping or list at a path of keys and positions that no switch changes. Raises TypeError."""
    for step in path:
        if not isinstance(node, Branches):
            raise TypeError(path)
        if isinstance(step, int):
            node = node.parts[step].node
        else:
            node = next(part.node for part in node.parts if part.key == step)
    if not isinstance(node, Branches):
        raise TypeError(path)
    return node


def replaced(plain: Any, path: Sequence[str | int], by: Callable[[Any], Any]) -> Any:
    """Returns plain values with the one at a path replaced, or unchanged values where the path does not exist."""
    if not path:
        return by(plain)
    step, *rest = path
    if isinstance(plain, Mapping) and step in plain:
        return {**plain, step: replaced(plain[step], rest, by)}
    if isinstance(plain, list) and isinstance(step, int) and step < len(plain):
        return [*plain[:step], replaced(plain[step], rest, by), *plain[step + 1 :]]
    return plain
