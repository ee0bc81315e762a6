"""The literal reasons that the code of services/ gives to faults, attempts and jobs, read from its syntax trees."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import services
from services.chassis.errors import DependencyFault, Fault, InputFault, TransientFault

REASON = re.compile(r"[A-Z][A-Z0-9_]+")
# Calls by which the job service gives attempts and jobs a reason of its own, and the argument that holds it.
DECISIONS = {"AttemptFailure": "reason", "RetryDecision": "error_reason"}
KINDS: tuple[tuple[type[Fault], str], ...] = (
    (InputFault, "input"),
    (DependencyFault, "dependency"),
    (TransientFault, "transient"),
)


def load_services() -> list[ModuleType]:
    """Imports all modules below services/."""
    return [importlib.import_module(item.name) for item in pkgutil.walk_packages(services.__path__, "services.")]


def subclasses(kind: type[Any]) -> Iterator[type[Any]]:
    """The subclasses of a class, at every depth, that services/ defines."""
    for child in kind.__subclasses__():
        if child.__module__.startswith("services."):
            yield child
        yield from subclasses(child)


def fault_kinds() -> dict[str, set[str]]:
    """The kinds of faults by the reason that the code gives them."""
    modules = load_services()
    faults = {kind.__name__: kind for kind in subclasses(Fault)}
    found: dict[str, set[str]] = {}
    for module in modules:
        tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            owner = node.name if isinstance(node, ast.ClassDef) and node.name in faults else ""
            # A fault with one reason of its own passes it to super().__init__.
            inner = ast.walk(node) if owner else [node]
            calls = [call for call in inner if isinstance(call, ast.Call)]
            for call in calls:
                name = owner or _name(call.func)
                if owner and _name(call.func) != "__init__":
                    continue
                kind = next((text for base, text in KINDS if issubclass(faults.get(name, Fault), base)), "job service")
                for value in _arguments(name, call, faults):
                    reason = _value(value, module)
                    if isinstance(reason, str) and REASON.fullmatch(reason):
                        found.setdefault(reason, set()).add(kind)
    return found


def _arguments(name: str, call: ast.Call, faults: dict[str, type[Fault]]) -> Iterator[ast.expr]:
    if name in DECISIONS:
        values = [item.value for item in call.keywords if item.arg == DECISIONS[name]]
    else:
        values = call.args[:1] if name in faults else []
    for value in values:
        yield from (value.body, value.orelse) if isinstance(value, ast.IfExp) else (value,)


def _value(node: ast.expr, module: ModuleType) -> object:
    """The value of a literal, a module's constant or a class's attribute; None for what only a call knows."""
    match node:
        case ast.Constant():
            return node.value
        case ast.Name():
            return vars(module).get(node.id)
        case ast.Attribute():
            return getattr(_value(node.value, module), node.attr, None)
    return None


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
