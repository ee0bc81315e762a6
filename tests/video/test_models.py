"""Model files are verified, complete or absent, and available offline."""

from __future__ import annotations

import hashlib
import io
import tarfile
import zipfile
from pathlib import Path

import pytest

import services.chassis.errors
from services.chassis.errors import InputFault
from services.media import model_files, model_packages
from services.media.model_files import (
    KOKORO,
    MODELS,
    DownloadsFailed,
    Installed,
    Model,
    ModelMissing,
    NodePackage,
    SourcePackage,
    Wheel,
    fetch_models,
    model_path,
)
from services.video.providers.local import kokoro
from services.video.providers.local.rendering import speech_of

SOURCE = Path(services.chassis.errors.__file__)


def from_this_package(sha256: str) -> dict[str, Model]:
    source = Installed(parts=(("services.chassis", "errors.py"), ("services.chassis", "errors.py")))
    return {"twice": Model(name="twice", sha256=sha256, licence="Apache-2.0", source=source)}


RIGHT = hashlib.sha256(SOURCE.read_bytes() * 2).hexdigest()


class TestFetching:
    def test_parts_are_joined_in_order_and_cached(self, tmp_path: Path) -> None:
        fetch_models(tmp_path, table=from_this_package(RIGHT), say=lambda _: None)
        assert (tmp_path / "twice").read_bytes() == SOURCE.read_bytes() * 2

    def test_damaged_file_is_replaced_and_correct_one_kept(self, tmp_path: Path) -> None:
        (tmp_path / "twice").write_bytes(b"damaged")
        fetch_models(tmp_path, table=from_this_package(RIGHT), say=lambda _: None)
        before = (tmp_path / "twice").stat().st_mtime_ns
        messages: list[str] = []
        fetch_models(tmp_path, table=from_this_package(RIGHT), say=messages.append)
        assert (tmp_path / "twice").stat().st_mtime_ns == before
        assert "already there" in messages[0]

    def test_file_with_wrong_hash_is_discarded(self, tmp_path: Path) -> None:
        with pytest.raises(ModelMissing, match="was discarded"):
            fetch_models(tmp_path, table=from_this_package("0" * 64), say=lambda _: None)
        assert list(tmp_path.iterdir()) == []

    def test_missing_package_is_named(self, tmp_path: Path) -> None:
        source = Installed(parts=(("no_such_package_here", "part.bin"),))
        table = {"x": Model(name="x", sha256="0" * 64, licence="", source=source)}
        with pytest.raises(ModelMissing, match="no-such-package-here"):
            fetch_models(tmp_path, table=table, say=lambda _: None)

    def test_missing_model_message_names_the_download_command(self, tmp_path: Path) -> None:
        with pytest.raises(ModelMissing, match=r"python -m services\.media\.model_files"):
            model_path(KOKORO, tmp_path)

    def test_speech_without_installed_voices_is_an_input_fault(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(model_files, "_used_folder", [])
        monkeypatch.setattr(kokoro, "_ENGINES", {})
        with pytest.raises(InputFault, match="make models") as caught:
            speech_of("Hello there.", "female-1", {}, tmp_path, lambda percent, stage: None)
        assert caught.value.reason == "VOICE_NOT_INSTALLED"

    def test_every_voice_has_a_model_file(self) -> None:
        from services.video.domain import VOICES

        assert {f"{voice.engine_voice}.bin" for voice in VOICES.values()} <= set(MODELS)


CONTENT = b"a model"
NOWHERE = "http://127.0.0.1:9"  # the port of the discard protocol, where nothing listens


def from_wheel(folder: Path, *, requires_python: str) -> dict[str, Model]:
    """Returns a table with one model from a wheel in the folder."""
    path = folder / "made_here_model-1.0-py3-none-any.whl"
    about = "made_here_model-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("made_here_model/model.bin", CONTENT)
        wheel.writestr(
            f"{about}/METADATA",
            f"Metadata-Version: 2.1\nName: made-here-model\nVersion: 1.0\nRequires-Python: {requires_python}\n",
        )
        wheel.writestr(
            f"{about}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{about}/RECORD", "")
    source = Wheel(
        package="made-here-model",
        version="1.0",
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        member="made_here_model/model.bin",
    )
    return {"m": Model(name="m", sha256=hashlib.sha256(CONTENT).hexdigest(), licence="", source=source)}


def from_source_package(folder: Path) -> dict[str, Model]:
    """Returns a table with one model from a source distribution in the folder."""
    path = folder / "made_here_words-1.0.tar.gz"
    with tarfile.open(path, "w:gz") as package:
        for name, content in (
            ("setup.py", b"import setuptools\nsetuptools.setup(name='made-here-words', version='1.0')\n"),
            ("PKG-INFO", b"Metadata-Version: 2.1\nName: made-here-words\nVersion: 1.0\n"),
            ("made_here_words/words.db", CONTENT),
        ):
            about = tarfile.TarInfo(f"made_here_words-1.0/{name}")
            about.size = len(content)
            package.addfile(about, io.BytesIO(content))
    source = SourcePackage(
        package="made-here-words",
        version="1.0",
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        member="made_here_words-1.0/made_here_words/words.db",
    )
    return {"w": Model(name="w", sha256=hashlib.sha256(CONTENT).hexdigest(), licence="", source=source)}


class TestDownloading:
    def test_file_of_a_source_distribution_is_extracted_without_a_registry(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PIP_NO_INDEX", "1")
        monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
        fetch_models(tmp_path / "models", table=from_source_package(tmp_path), say=lambda _: None)
        assert (tmp_path / "models" / "w").read_bytes() == CONTENT

    def test_wheel_for_another_python_version_is_extracted(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PIP_NO_INDEX", "1")
        monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))  # pip uses its own settings
        fetch_models(tmp_path / "models", table=from_wheel(tmp_path, requires_python="<3"), say=lambda _: None)
        assert (tmp_path / "models" / "m").read_bytes() == CONTENT

    def test_unreachable_registry_is_named_and_stops_no_other_download(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("npm_config_registry", NOWHERE)
        monkeypatch.setenv("PIP_INDEX_URL", f"{NOWHERE}/simple")
        monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
        monkeypatch.setattr(model_packages, "RETRIES", 1)  # pip names the cause with a retry
        voice = NodePackage(package="some-voice", version="1.0.0", sha256="0" * 64, member="package/voice.bin")
        wheel = Wheel(package="some-model", version="1.0", sha256="0" * 64, member="model.bin")
        table = {
            "af_bella.bin": Model(name="af_bella.bin", sha256="0" * 64, licence="", source=voice),
            "other": Model(name="other", sha256="0" * 64, licence="", source=wheel),
            **from_this_package(RIGHT),
        }
        with pytest.raises(DownloadsFailed) as caught:
            fetch_models(tmp_path, table=table, say=lambda _: None)
        lines = str(caught.value).splitlines()
        assert lines[0].startswith("some-voice@1.0.0 could not be downloaded from npm's registry: ")
        assert lines[1].startswith("some-model==1.0 could not be downloaded from the Python package index: ")
        assert "ECONNREFUSED" in lines[0]
        assert "Connection refused" in lines[1]
        assert "Without the voices, no video can be made" in lines[2]
        assert caught.value.missing == ("af_bella.bin", "other")
        assert [path.name for path in tmp_path.iterdir()] == ["twice"]
