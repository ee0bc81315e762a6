"""The names that documents use, and the names that exist: settings, metrics, commands, files, log events and others.

Nothing is listed here. Names that exist are read from the code: classes of settings, calls of the logger and of the
metrics library, the Makefile, the tree of commands, the route table, the manifests.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import typer
import yaml

from cli.main import app
from deploy.settings_reference import processes
from gateway.routes import read_descriptors, routes_of
from services.chassis.config import PREFIX

ROOT = Path(__file__).resolve().parents[2]
DESCRIPTORS = ROOT / "gen" / "descriptors.binpb"
LOG_METHODS = {"debug", "info", "warning", "error", "exception", "critical"}
METRIC_TYPES = {"Counter", "Gauge", "Histogram"}
METRIC_SUFFIXES = ("", "_bucket", "_count", "_sum")  # the series of a histogram
SOURCE_SUFFIXES = (".py", ".md", ".lua", ".json", ".yaml", ".yml", ".toml", ".lock", ".sql", ".proto", ".env", ".svg")

SPAN = re.compile(r"`([^`\n]+)`")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
SETTING = re.compile(rf"(?<![A-Z_]){PREFIX}(?:[A-Z0-9_]|<[A-Z]+>|\*)+")
SHORT_SETTING = re.compile(r"`(_[A-Z0-9_]+(?:\*)?)(?=[` (])")  # "ADWRIGHT_A, _B" in a table: the prefix is left out
METRIC = re.compile(r"(?<![\w./])adwright_[a-z0-9_]+(?![\w./(])")
MAKE = re.compile(r"(?<![\w-])make ((?:[A-Z]+=\S+ )*)([a-z][a-z0-9-]*)((?: [A-Z]+=\S*)*)")
COMMAND = re.compile(r"(?:^|&& |bin/|\()(?:[A-Z_]+=\S+ )*adwright ((?:\S+)(?: \S+)*)")
MODULE = re.compile(r"python -m ([a-z_]+(?:\.[a-z_]+)*)(?![\w.]*<)")
REST = re.compile(r"(?<![\w/])/api/[A-Za-z0-9/{}_-]*[A-Za-z0-9}]")
ALERT = re.compile(r"\bAdwright[A-Z]\w+")
EVENT = re.compile(r"`([a-z]+(?:_[a-z0-9]+)+)`")
REASON = re.compile(r"`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)`")
LOOP = re.compile(r"\bloop `([a-z_]+)`")
LOGGED = re.compile(r"\b(?:log|logs|logged)\b")
OWNER = re.compile(
    r"(?:\b[A-Z]\w+'s?|\bof [A-Z]\w+) (?:\w+ )?$"
)  # "PostgreSQL's `pg_locks`": a name of another product


OWNER_CHARACTERS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Existing:
    """The names that exist, by their kind."""

    files: frozenset[str]
    settings: frozenset[str]
    metrics: frozenset[str]
    targets: frozenset[str]
    variables: frozenset[str]
    events: frozenset[str]
    log_fields: frozenset[str]
    alerts: frozenset[str]
    paths: frozenset[str]
    words: frozenset[str]
    """Every identifier in files that are not documents."""


def tracked(pattern: str = "") -> list[str]:
    """The repository's files, relative to its root."""
    command = ["git", "ls-files", *([pattern] if pattern else [])]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return [name for name in names if (ROOT / name).is_file()]


def documents() -> list[str]:
    return tracked("*.md")


@cache
def existing() -> Existing:
    """Reads the code."""
    files = frozenset(tracked())
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    settings, metrics, events, fields, words = set[str](), set[str](), set[str](), set[str](), set[str]()
    for kind in processes().values():
        settings |= {f"{PREFIX}{name.upper()}{end}" for name in kind.model_fields for end in ("", "_FILE")}
    for name, text in _sources().items():
        words |= set(re.findall(r"\w+", text))
        if name.endswith(".py") or name == "Makefile" or name.startswith(".ci/"):
            settings |= set(re.findall(rf"\b{PREFIX}[A-Z0-9_]*[A-Z0-9]\b", text))
        if name.endswith(".py") and not name.startswith("tests/"):
            tree = ast.parse(text)
            variables = _variables(tree)
            for node in ast.walk(tree):
                _collect(node, variables, metrics, events, fields)
                if "observability" in name and isinstance(node, ast.Constant) and isinstance(node.value, str):
                    fields.add(node.value)  # fields that every event has
    return Existing(
        files=files,
        settings=frozenset(settings),
        metrics=frozenset(name + end for name in metrics for end in METRIC_SUFFIXES),
        targets=frozenset(" ".join(re.findall(r"^([a-z][^:=\n]*):(?!=)", makefile, re.M)).split()),
        variables=frozenset(re.findall(r"^([A-Z_]+) [?:]=", makefile, re.M)),
        events=frozenset(events),
        log_fields=frozenset(fields),
        alerts=frozenset(_alerts()),
        paths=frozenset(re.sub(r"\{[^}]*\}", "{}", route.path) for route in routes_of(read_descriptors(DESCRIPTORS))),
        words=frozenset(words),
    )


def _variables(tree: ast.Module) -> dict[str, set[str]]:
    """The strings that a module assigns to each variable: a logged event may stand in one."""
    found: dict[str, set[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found.setdefault(node.targets[0].id, set()).update(_strings(node.value))
    return found


def _strings(expression: ast.expr) -> set[str]:
    constants = (item.value for item in ast.walk(expression) if isinstance(item, ast.Constant))
    return {value for value in constants if isinstance(value, str)}


def _collect(
    node: ast.AST, variables: dict[str, set[str]], metrics: set[str], events: set[str], fields: set[str]
) -> None:
    if not isinstance(node, ast.Call) or not node.args:
        return
    first = node.args[0]
    names = variables.get(first.id, set()) if isinstance(first, ast.Name) else _strings(first)
    match node.func:
        case ast.Name(id=name) if name in METRIC_TYPES:
            metrics.update(names)
        case ast.Attribute(value=ast.Name(id="log"), attr=attribute) if attribute in LOG_METHODS:
            events.update(names)
            fields.update(item.arg for item in node.keywords if item.arg)


def _alerts() -> Iterator[str]:
    for name in tracked("deploy/components/monitoring/*.yaml"):
        for resource in yaml.safe_load_all((ROOT / name).read_text(encoding="utf-8")):
            for group in resource.get("spec", {}).get("groups", []) if isinstance(resource, dict) else []:
                yield from (rule["alert"] for rule in group["rules"] if "alert" in rule)


def unknown_names(text: str, document: str) -> list[str]:
    """Returns the names in a document's text that do not exist, each with its kind.

    `document` is the document's path from the root, to which relative files belong.
    """
    prose = FENCE.sub("", text)
    checks: tuple[Callable[[], Iterator[str]], ...] = (
        lambda: _settings(text),
        lambda: _metrics(text),
        lambda: _make(text),
        lambda: _commands(text),
        lambda: _modules(text),
        lambda: _rest_paths(prose),
        lambda: _alert_names(text),
        lambda: _events(prose),
        lambda: _identifiers(prose),
        lambda: _files(prose, document),
    )
    return sorted({complaint for check in checks for complaint in check()})


def _settings(text: str) -> Iterator[str]:
    names = SETTING.findall(text) + [PREFIX.rstrip("_") + name for name in SHORT_SETTING.findall(text)]
    for name in names:
        pattern = re.sub(r"\\?<[A-Z]+\\?>|\\\*", "[A-Z0-9_]*", re.escape(name.rstrip("_")))
        if not any(re.fullmatch(pattern, setting) for setting in existing().settings):
            yield f"setting {name}"


def _metrics(text: str) -> Iterator[str]:
    for name in METRIC.findall(text):
        if name not in existing().metrics:
            yield f"metric {name}"


def _make(text: str) -> Iterator[str]:
    for code in _code(text):
        for before, target, after in MAKE.findall(code):
            if target not in existing().targets:
                yield f"target make {target}"
            for variable in re.findall(r"([A-Z]+)=", before + after):
                if variable not in existing().variables:
                    yield f"variable {variable} of make {target}"


def _code(text: str) -> Iterator[str]:
    """The code spans and the lines of code blocks."""
    for block in FENCE.findall(text):
        yield from block.splitlines()
    yield from SPAN.findall(FENCE.sub("", text))


def _commands(text: str) -> Iterator[str]:
    for code in _code(text):
        for arguments in COMMAND.findall(code):
            yield from _command(re.sub(r"[)\"']+$", "", arguments.partition(" #")[0]).split())


def _command(words: list[str]) -> Iterator[str]:
    commands = [typer.main.get_command(app)]
    for position, word in enumerate(words):
        groups = [getattr(command, "commands", {}) for command in commands]
        if word.startswith("-"):
            if not any(word.partition("=")[0] in _options(command) for command in commands):
                yield f"option {word} of adwright {' '.join(words[:position])}"
        elif any(groups):
            found = [group[name] for name in word.split("|") for group in groups if name in group]
            if len(found) < len(word.split("|")):
                yield f"command adwright {' '.join(words[: position + 1])}"
                return
            commands = found


def _options(command: object) -> set[str]:
    return {"--help"} | {
        option
        for parameter in getattr(command, "params", [])
        for option in (*parameter.opts, *parameter.secondary_opts)
    }


def _modules(text: str) -> Iterator[str]:
    for module in MODULE.findall(text):
        folder = module.replace(".", "/")
        local = (ROOT / folder.split("/")[0]).is_dir()
        if local and not {f"{folder}.py", f"{folder}/__main__.py"} & existing().files:
            yield f"module {module}"


def _rest_paths(text: str) -> Iterator[str]:
    for path in REST.findall(text):
        plain = re.sub(r"\{[^}]*\}", "{}", path)
        shape = re.compile(re.sub(r"\\\{\\\}", r"[^/]+", re.escape(plain)))
        known = existing().paths
        if not any(_fits(plain, other) or shape.fullmatch(other) or other.startswith(f"{plain}/") for other in known):
            yield f"REST path {path}"


def _fits(path: str, template: str) -> bool:
    return re.fullmatch(re.escape(template).replace(r"\{\}", "[^/]+"), path) is not None


def _alert_names(text: str) -> Iterator[str]:
    for name in ALERT.findall(text):
        if name not in existing().alerts and name not in existing().words:
            yield f"alert {name}"


def _sentences(text: str) -> list[str]:
    return re.split(r"(?<=[.:;!?])\s+(?=[A-Z`*(|])|\n\n|\n(?=[|*#])|\. ", text)


def _events(text: str) -> Iterator[str]:
    """Names in sentences about logs, and names of loops."""
    for sentence in _sentences(text):
        if LOGGED.search(sentence.replace("write-ahead log", "").replace("access log", "")):
            for match in EVENT.finditer(sentence):
                name = match[1]
                known = name in existing().events | existing().log_fields | existing().metrics
                if not known and not OWNER.search(sentence[: match.start()]):
                    yield f"log event {name}"
    for name in LOOP.findall(text):
        if name not in existing().words:
            yield f"loop {name}"


def _identifiers(text: str) -> Iterator[str]:
    """Names with an underscore: reasons, settings of the gateway, columns, functions. A quoted one is an example."""
    known = existing().words | existing().metrics | existing().settings
    for pattern in (EVENT, REASON):
        for match in pattern.finditer(text):
            before = text[max(0, match.start() - OWNER_CHARACTERS) : match.start()]
            if match[1] not in known and not before.endswith('"') and not OWNER.search(before):
                yield f"identifier {match[1]}"


def _files(text: str, document: str) -> Iterator[str]:
    folders = {part.as_posix() for name in existing().files for part in Path(name).parents} - {"."}
    here = Path(document).parent
    for span in SPAN.findall(text):
        name = span.partition("::")[0].partition("#")[0]
        if not re.fullmatch(r"[\w.@-]+(?:/[\w.@-]+)*/?", name.replace("*", "")) or name.startswith("-"):
            continue
        plain = name.rstrip("/")
        if plain.startswith("../"):
            plain = os.path.normpath(here / plain)
        first = plain.split("/")[0]
        rooted = "/" in name and (first in folders or (here / first).as_posix() in folders)
        if not rooted and not plain.endswith(SOURCE_SUFFIXES):
            continue
        if plain in folders | existing().files or (here / plain).as_posix() in folders | existing().files:
            continue
        if any(f"/{other}".endswith(f"/{plain}") for other in folders | existing().files):
            continue
        if "*" in plain and any(Path(other).match(plain) for other in existing().files):
            continue
        if not _is_ignored(plain) and not _is_ignored((here / plain).as_posix()) and not _is_written(plain):
            yield f"file {name}"


@cache
def _is_ignored(name: str) -> bool:
    """Reports whether Git ignores the file, because a command writes it."""
    return subprocess.run(["git", "check-ignore", "-q", name], cwd=ROOT, check=False).returncode == 0


def _is_written(name: str) -> bool:
    """Reports whether code names the file, because a command writes it or another program reads it."""
    return "/" not in name and any(name in text for text in _sources().values())


@cache
def _sources() -> dict[str, str]:
    """The texts of the files that are not documents, by name."""
    own = {Path(__file__).relative_to(ROOT).as_posix(), "tests/platform/test_docs.py"}  # their examples do not exist
    found: dict[str, str] = {}
    for name in tracked():
        if not name.endswith(".md") and name not in own:
            with suppress(UnicodeDecodeError):
                found[name] = (ROOT / name).read_text(encoding="utf-8")
    return found
