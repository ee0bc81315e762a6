"""docs/settings.md and .env.example: every setting of every process, read from the settings classes.

`python -m deploy.settings_reference` writes both files, `… --check` exits with 1 if the committed ones differ.
Descriptions belong to the settings' fields; nothing here repeats them.
"""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import json
import re
import sys
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from annotated_types import Ge, Gt, Le, Lt
from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings

from gateway.settings import Address, GatewaySettings
from services.chassis.config import PREFIX, AssetSettings, DatabaseSettings, KafkaSettings, ServiceSettings

ROOT: Final = Path(__file__).resolve().parents[1]
SETTINGS: Final = ROOT / "docs" / "settings.md"
EXAMPLE: Final = ROOT / ".env.example"
SERVICES: Final = ("catalog", "billing", "job", "copy", "image", "video", "webhook", "campaign")
LINE_CHARACTERS: Final = 118

TITLES: Final[Mapping[str, str]] = {
    "ServiceSettings": "Every service and worker",
    "DatabaseSettings": "Database",
    "KafkaSettings": "Kafka",
    "AssetSettings": "Asset storage",
    "WebhookUrlSettings": "Addresses of webhooks",
    "WorkerSettings": "Every worker",
}

# Variables that are read outside the settings classes: (name, where, meaning).
OTHER: Final = (
    ("ADWRIGHT_HOME", "`adwright`, `make`", "Folder of the one-machine system; `var/` of the checkout by default."),
    (
        "ADWRIGHT_MODELS",
        "`make models`, `adwright`",
        "Folder of the model files; as the workers' setting of this name.",
    ),
    ("ADWRIGHT_URL", "`adwright`", "Gateway that commands use, instead of the system on this machine."),
    ("ADWRIGHT_TOKEN", "`adwright`", "User token that goes with `ADWRIGHT_URL`."),
    ("ADWRIGHT_CERTIFICATE", "`adwright`", "PEM file with the certificate to trust at `ADWRIGHT_URL`."),
    ("ADWRIGHT_ADMIN_TOKEN", "`adwright ledger reconcile`", "Token with the role `admin`, for refunds."),
    ("ADWRIGHT_PROJECT_ID", "`adwright`", "Default of `--project`."),
    ("ADWRIGHT_PRODUCT_ID", "`adwright`", "Default of `--product`."),
    ("ADWRIGHT_TRUSTED_PROXIES", "`adwright up`", "Default of `--trusted-proxies`; see [proxies.md](proxies.md)."),
)

INTRODUCTION: Final = f"""\
# Settings

Generated from the settings classes by `make docs`; change the descriptions there.

A service or worker reads its settings once, at start, from environment variables with the prefix `{PREFIX}`. Invalid
values are refused at start, all of them in one message that does not repeat them. `{PREFIX}<NAME>_FILE` names a file
that holds the value of `{PREFIX}<NAME>`, for mounted secrets; the variable itself takes precedence.
`service_secret` and `asset_signing_secret` are read again when their files change. `make up` sets everything that has
no default; [.env.example](../.env.example) lists the same settings in the form of an env file.

To use what you have already:

| your own | settings | example |
| --- | --- | --- |
| PostgreSQL; a database each for five services | `ADWRIGHT_DATABASE_URL` | `postgresql://…@db/billing` |
| Kafka | `ADWRIGHT_KAFKA_*` | `kafka-1:9092,kafka-2:9092` |
| bucket; credentials from `AWS_…`, `GOOGLE_…`, `AZURE_…` (obstore) | `ADWRIGHT_ASSETS_URL` | `s3://bucket/adwright` |
| OIDC provider | `ADWRIGHT_TOKEN_*` | `https://login.example.com/jwks.json` |
| language model, OpenAI-compatible ([models.md](models.md)) | `ADWRIGHT_COPY_OPENAI_*` | `http://127.0.0.1:11434/v1` |
| image model: OpenAI, Replicate, fal, ComfyUI | `ADWRIGHT_IMAGE_ENGINE*` | `replicate` |
| talking-head model: Replicate, fal, HeyGen, D-ID, a machine of yours | `ADWRIGHT_VIDEO_ENGINE*` | `heygen` |
| speech, OpenAI-compatible | `ADWRIGHT_VOICE_OPENAI_*` | `https://speech.example.com/v1` |
"""


@dataclass(frozen=True, slots=True)
class Section:
    """The settings that one class adds, and the processes that read them."""

    title: str
    processes: tuple[str, ...]
    fields: Mapping[str, FieldInfo]


def processes() -> dict[str, type[BaseSettings]]:
    """The settings class of every process, by the process's name: `job`, `image worker`, …"""
    found: dict[str, type[BaseSettings]] = {}
    for name in SERVICES:
        module = importlib.import_module(f"services.{name}.__main__")
        found[name] = ServiceSettings
        for value in vars(module).values():
            if inspect.isclass(value) and issubclass(value, BaseSettings) and value.__module__ == module.__name__:
                found[f"{name} worker" if "Worker" in value.__name__ else name] = value
    return found


def sections() -> list[Section]:
    """The settings, grouped by the class that defines them; those of all processes first."""
    readers: dict[type[BaseSettings], list[str]] = {}
    for name, kind in processes().items():
        for base in kind.__mro__:
            if issubclass(base, BaseSettings) and _own_fields(base):
                readers.setdefault(base, []).append(name)
    shared = [ServiceSettings, DatabaseSettings, KafkaSettings, AssetSettings]
    order = [kind for kind in shared if kind in readers]
    order += sorted((kind for kind in readers if kind not in shared), key=lambda kind: -len(readers[kind]))
    return [
        Section(TITLES.get(kind.__name__, _title(readers[kind])), tuple(readers[kind]), _own_fields(kind))
        for kind in order
    ]


def _title(names: Iterable[str]) -> str:
    return " and ".join(names)


def _own_fields(kind: type[BaseSettings]) -> dict[str, FieldInfo]:
    return {name: info for name, info in kind.model_fields.items() if name in inspect.get_annotations(kind)}


def type_of(annotation: Any) -> str:
    """A setting's type in a reader's words."""
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return type_of(next(part for part in typing.get_args(annotation) if part is not type(None)))
    if typing.get_origin(annotation) is dict:
        return "JSON object"
    names = {str: "text", SecretStr: "secret", int: "integer", float: "number", bool: "true/false", Path: "path"}
    return names.get(annotation, str(annotation))


def default_of(info: FieldInfo) -> str | None:
    """The default as it would stand in the environment; None: the setting is required."""
    value = info.get_default(call_default_factory=True, validated_data={})
    if value is PydanticUndefined:
        return None
    if value is None:
        return ""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return json.dumps(value)
    if isinstance(value, Path):
        return str(value).replace(str(Path.home()), "~", 1)
    return f"{value:g}" if isinstance(value, float) else str(value)


def bounds_of(info: FieldInfo) -> str:
    """The values that are taken, where a rule limits them."""
    for rule in info.metadata:
        pattern = getattr(rule, "pattern", None)
        if pattern:
            choices = re.fullmatch(r"\^\(([^()]*)\)\$", pattern)
            return ", ".join(f"`{part}`" for part in choices[1].split("|") if part) if choices else f"`{pattern}`"
    low = high = ""
    for rule in info.metadata:
        match rule:
            case Ge():
                low = f"≥ {rule.ge}"
            case Gt():
                low = f"> {rule.gt}"
            case Le():
                high = f"≤ {rule.le}"
            case Lt():
                high = f"< {rule.lt}"
    return ", ".join(part for part in (low, high) if part)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _row(*cells: str) -> str:
    return "| " + " | ".join(_cell(cell) for cell in cells) + " |"


def render_settings() -> str:
    """The text of docs/settings.md."""
    parts = [INTRODUCTION]
    for section in sections():
        lines = [f"## {section.title[0].upper()}{section.title[1:]}", ""]
        if section.title != _title(section.processes) and section.title != TITLES["ServiceSettings"]:
            lines += [f"Read by: {', '.join(section.processes)}.", ""]
        lines += [_row("variable", "type", "default", "values", "meaning"), _row(*["---"] * 5)]
        for name, info in section.fields.items():
            default = default_of(info)
            shown = "**required**" if default is None else _code(default)
            lines.append(
                _row(
                    f"`{PREFIX}{name.upper()}`",
                    type_of(info.annotation),
                    shown,
                    bounds_of(info),
                    sentence(info.description or ""),
                )
            )
        parts.append("\n".join([*lines, ""]))
    parts.append(_gateway())
    parts.append(
        "\n".join(
            [
                "## Commands",
                "",
                "Variables that are read outside the services.",
                "",
                _row("variable", "read by", "meaning"),
                _row(*["---"] * 3),
                *(_row(f"`{name}`", where, meaning) for name, where, meaning in OTHER),
                "",
            ]
        )
    )
    return "\n".join(parts)


def sentence(text: str) -> str:
    """The text with a capital letter and a full stop; a name or a literal at the start keeps its case."""
    if not text:
        return ""
    first = text.split(maxsplit=1)[0]
    plain = (
        first.rstrip(",;").isalpha()
        and first.islower()
        and first not in ("iss", "aud", "comfyui", "fal", "heygen", "replicate")
    )
    shown = text[0].upper() + text[1:] if plain else text
    address = "://" in shown.split()[-1] or "host:port" in shown.split()[-1]  # a full stop would become a part of it
    return shown if address or shown.endswith((".", "…")) else f"{shown}."


def _gateway() -> str:
    """The gateway's settings: fields of a JSON file, with the docstrings that stand below them in the source."""
    described = _attribute_docstrings(GatewaySettings)
    lines = [
        "## Gateway",
        "",
        "Fields of the JSON file that `python -m gateway.render --settings FILE` and `make manifests SETTINGS=FILE`",
        "read; see [gateway/README.md](../gateway/README.md). Times are in seconds, sizes in bytes, addresses are",
        "`host:port`.",
        "",
        _row("field", "default", "meaning"),
        _row(*["---"] * 3),
    ]
    lines += [
        _row(f"`{item.name}`", _gateway_default(item), described.get(item.name, ""))
        for item in dataclasses.fields(GatewaySettings)
    ]
    return "\n".join([*lines, ""])


def _gateway_default(item: dataclasses.Field[Any]) -> str:
    if item.default is not dataclasses.MISSING:
        value = item.default
    elif item.default_factory is not dataclasses.MISSING:
        value = item.default_factory()
    else:
        return "**required**"
    if dataclasses.is_dataclass(value) and not isinstance(value, (Address, type)):
        return _code(json.dumps(dataclasses.asdict(value)))
    if value is None or value in ("", {}):
        return ""
    if isinstance(value, (bool, tuple)):
        return _code(json.dumps(value))
    return _code(str(value))


def _attribute_docstrings(kind: type) -> dict[str, str]:
    """The string literals that follow a class's annotated attributes, by attribute."""
    tree = ast.parse(inspect.getsource(kind)).body[0]
    assert isinstance(tree, ast.ClassDef)
    found: dict[str, str] = {}
    for before, after in zip(tree.body, tree.body[1:], strict=False):
        if (
            isinstance(before, ast.AnnAssign)
            and isinstance(before.target, ast.Name)
            and isinstance(after, ast.Expr)
            and isinstance(after.value, ast.Constant)
        ):
            found[before.target.id] = " ".join(str(after.value.value).split())
    return found


def render_example() -> str:
    """The text of .env.example: every setting as a comment, with its default."""
    lines = [
        "# Settings of Adwright's services and workers, with their defaults; docs/settings.md explains them.",
        "# Generated by `make docs`. `make up` needs none of them. Put secrets into files, named by <NAME>_FILE.",
    ]
    for section in sections():
        lines += ["", f"# -- {section.title} --"]
        for name, info in section.fields.items():
            if name.removesuffix("_file") in section.fields and name.endswith("_file"):
                continue  # named in place of the secret itself
            default = default_of(info)
            note = sentence(info.description or "")
            if default is None:
                note = f"{note} Required." if note else "Required."
            lines += [f"# {line}" for line in _wrapped(note)]
            variable = f"{PREFIX}{name.upper()}"
            secret = f"{name}_file" in section.fields
            file = f"_FILE=/run/secrets/{name.replace('_', '-')}"
            lines.append(f"#{variable}{file if secret else f'={default or str()}'}")
    return "\n".join([*lines, ""])


def _wrapped(text: str) -> list[str]:
    lines: list[str] = []
    for word in text.split():
        if lines and len(lines[-1]) + len(word) < LINE_CHARACTERS:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def main(arguments: list[str] | None = None) -> int:
    wanted = {SETTINGS: render_settings(), EXAMPLE: render_example()}
    if (sys.argv[1:] if arguments is None else arguments) == ["--check"]:
        differing = [path.name for path, text in wanted.items() if path.read_text(encoding="utf-8") != text]
        if differing:
            print(f"{', '.join(differing)}: not what the settings classes say; run: make docs", file=sys.stderr)
        return 1 if differing else 0
    for path, text in wanted.items():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
