"""`python -m deploy.sbom`: the software bill of materials of the container image, as CycloneDX 1.6 in JSON.

It lists the Python packages of requirements.lock that the Dockerfile keeps, other projects' software inside them, and
the files of models, voices, music, pictures and fonts: each with version, SHA-256 and licence. Debian's packages are
not in it; scanners read them from the image. The same inputs give the same bytes.
"""

from __future__ import annotations

import argparse
import json
import re
import tomllib
import uuid
from pathlib import Path
from typing import Any, Final

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from deploy.notices import CARRIED, ROOT, licence_of, packages, source_of
from services.media.model_files import (
    DRAWINGS,
    FONT_FILES,
    ICONS,
    MODELS,
    MUSIC_FILES,
    PANORAMA_FILES,
    PICTOGRAMS,
    Model,
)

FILE: Final = ROOT / "out" / "adwright.cdx.json"
NAMESPACE: Final = uuid.UUID("6f3c2c1e-0d0b-5c55-9a54-6a1f0a7f6c11")
LOCKED: Final = re.compile(r"^(?P<name>[a-z0-9][a-z0-9._-]*)==(?P<version>[^ ;\\]+)(?P<rest>(?:.*\\\n)*.*)$", re.M)
DATA_FILES: Final = FONT_FILES | MUSIC_FILES | PANORAMA_FILES | {DRAWINGS, ICONS, PICTOGRAMS}

Component = dict[str, Any]


def removed_packages() -> frozenset[str]:
    """Returns the packages that the Dockerfile removes from the image."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    return frozenset(
        name
        for line in re.findall(r"pip uninstall ([^&\n]*)", text)
        for name in line.split()
        if not name.startswith("--")
    )


def locked() -> dict[str, tuple[str, list[str]]]:
    """Returns the version and the SHA-256 of every archive of the packages in requirements.lock, by name."""
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    return {
        found["name"]: (found["version"], re.findall(r"--hash=sha256:([0-9a-f]{64})", found["rest"]))
        for found in LOCKED.finditer(text)
    }


def image_packages() -> list[str]:
    """Returns the packages of the image, sorted."""
    return [name for name in packages() if name not in removed_packages()]


def licences(text: str) -> list[Component]:
    """Returns a licence as an SPDX expression where it is one, else by its name."""
    try:
        return [{"expression": str(canonicalize_license_expression(re.sub(r" \([^()]*\)$", "", text)))}]
    except InvalidLicenseExpression:
        return [{"license": {"name": text}}]


def _hashes(values: list[str]) -> list[Component]:
    return [{"alg": "SHA-256", "content": value} for value in sorted(values)]


def _package(name: str, version: str, hashes: list[str]) -> Component:
    found: Component = {
        "type": "library",
        "bom-ref": f"pkg:pypi/{name}@{version}",
        "name": name,
        "version": version,
        "hashes": _hashes(hashes),  # of its archives for all platforms, one of which is installed
        "licenses": licences(licence_of(name)),
        "purl": f"pkg:pypi/{name}@{version}",
    }
    carried = [
        {"type": "library", "name": what, "licenses": licences(terms)}
        for owner, what, terms in CARRIED
        if owner == name
    ]
    return found | ({"components": carried} if carried else {})


def _model(model: Model) -> Component:
    return {
        "type": "data" if model.name in DATA_FILES else "machine-learning-model",
        "bom-ref": f"file:{model.name}",
        "name": model.name,
        "hashes": _hashes([model.sha256]),
        "licenses": licences(model.licence),
        "properties": [{"name": "adwright:source", "value": source_of(model)}],
    }


def bill() -> Component:
    """Returns the bill of materials."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    known = locked()
    components = [_package(name, *known[name]) for name in image_packages()]
    components += [_model(MODELS[name]) for name in sorted(MODELS)]
    number = uuid.uuid5(NAMESPACE, json.dumps([project["version"], components]))
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{number}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "container",
                "bom-ref": "adwright",
                "name": "adwright",
                "version": project["version"],
                "licenses": licences("Apache-2.0"),
            }
        },
        "components": components,
        "dependencies": [{"ref": "adwright", "dependsOn": [component["bom-ref"] for component in components]}],
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m deploy.sbom", description=__doc__)
    parser.add_argument("--file", type=Path, default=FILE, help="where to write it")
    file: Path = parser.parse_args().file
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(bill(), indent=1) + "\n", encoding="utf-8")
    print(file)


if __name__ == "__main__":
    main()
