"""The build of /studio: it fails when the API loses what the page uses, and keeps the last build without npm."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from deploy import studio
from gateway.api_docs import write_documents
from gateway.openapi import openapi


@pytest.fixture(scope="module")
def packages() -> Path:
    """The folder of npm's packages, those for checks included."""
    try:
        return studio.install(everything=True)
    except studio.BuildError as error:
        pytest.skip(f"npm's packages cannot be fetched: {error}")


def copy_of_sources(folder: Path) -> Path:
    """A copy of studio/ without packages and without a build."""
    return Path(
        shutil.copytree(studio.STUDIO, folder / "studio", ignore=shutil.ignore_patterns("node_modules", "dist"))
    )


def test_page_that_uses_what_the_api_has_lost_is_refused(
    packages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = copy_of_sources(tmp_path)
    (folder / "node_modules").symlink_to(packages)

    def without_queue_position(descriptors: Any) -> dict[str, Any]:
        found = openapi(descriptors)
        del found["components"]["schemas"]["JobStatus"]["properties"]["queuePosition"]
        return found

    monkeypatch.setattr(studio, "openapi", without_queue_position)
    with pytest.raises(studio.BuildError, match="queuePosition"):
        studio.check(folder)


def test_build_without_npm_registry_fails_and_keeps_what_was_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = copy_of_sources(tmp_path)
    (folder / "dist").mkdir()
    (folder / "dist" / "studio.js").write_text("an earlier build", encoding="utf-8")
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9/")
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "cache"))
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    with pytest.raises(studio.BuildError, match="127\\.0\\.0\\.1"):
        studio.build(folder)
    assert (folder / "dist" / "studio.js").read_text(encoding="utf-8") == "an earlier build"


def test_gateway_without_a_built_page_says_how_to_build_it(tmp_path: Path) -> None:
    documents = write_documents(tmp_path / "documents", studio=tmp_path / "nowhere")
    paths = sorted(path for path in documents if path.startswith("/studio"))
    assert paths == ["/studio", "/studio/"]
    assert "make studio" in documents["/studio"][1].read_text(encoding="utf-8")
    assert "/docs" in documents
