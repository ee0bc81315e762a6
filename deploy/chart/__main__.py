"""Writes the Helm chart: `python -m deploy.chart`, with `--settings` as `python -m gateway.kubernetes`."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from deploy.chart.build import files
from deploy.chart.rendering import ROOT, Manifests, RenderError
from deploy.chart.table import read_table
from gateway.kubernetes import cluster_settings, resources
from gateway.routes import RouteError
from gateway.settings import SettingsError

SETTINGS: Final = ROOT / "gateway" / "resources" / "settings.json"
FOLDER: Final = ROOT / "out" / "chart" / "adwright"


def write(folder: Path, settings: Path = SETTINGS) -> None:
    """Writes the chart into a folder, which is emptied first.

    Raises RenderError, SettingsError, RouteError and OSError.
    """
    with manifests_with(settings) as manifests:
        write_files(folder, files(read_table(), manifests))


@contextmanager
def manifests_with(settings: Path = SETTINGS) -> Iterator[Manifests]:
    """A copy of the manifests with a gateway of these settings. Raises SettingsError, RouteError and OSError."""
    gateway = resources(cluster_settings(settings.read_text(encoding="utf-8")))
    with TemporaryDirectory(prefix="adwright-chart-") as folder:
        yield Manifests(Path(folder), gateway)


def write_files(folder: Path, found: Mapping[str, str]) -> None:
    """Writes texts by their paths into a folder, which is emptied first. Raises OSError."""
    shutil.rmtree(folder, ignore_errors=True)
    for name, text in found.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m deploy.chart", description=__doc__)
    parser.add_argument(
        "--settings", type=Path, default=SETTINGS, help="the gateway's, a JSON file; see gateway/README.md"
    )
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where to write the chart")
    arguments = parser.parse_args()
    try:
        write(arguments.folder, arguments.settings)
    except (RenderError, SettingsError, RouteError, OSError) as error:
        sys.exit(f"chart: {error}")
    print(arguments.folder)


if __name__ == "__main__":
    main()
