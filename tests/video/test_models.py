"""Model files: verified, whole or absent, found offline."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

import services.chassis.errors
from services.chassis.models import KOKORO, MODELS, Installed, Model, ModelMissing, fetch_models, model_path

SOURCE = Path(services.chassis.errors.__file__)


def from_this_package(sha256: str) -> dict[str, Model]:
    source = Installed(parts=(("services.chassis", "errors.py"), ("services.chassis", "errors.py")))
    return {"twice": Model(name="twice", sha256=sha256, licence="Apache-2.0", source=source)}


RIGHT = hashlib.sha256(SOURCE.read_bytes() * 2).hexdigest()


class TestFetching:
    def test_parts_are_joined_in_order_and_kept(self, tmp_path: Path) -> None:
        fetch_models(tmp_path, table=from_this_package(RIGHT), say=lambda _: None)
        assert (tmp_path / "twice").read_bytes() == SOURCE.read_bytes() * 2

    def test_a_damaged_file_is_replaced_and_a_right_one_left_alone(self, tmp_path: Path) -> None:
        (tmp_path / "twice").write_bytes(b"damaged")
        fetch_models(tmp_path, table=from_this_package(RIGHT), say=lambda _: None)
        before = (tmp_path / "twice").stat().st_mtime_ns
        said: list[str] = []
        fetch_models(tmp_path, table=from_this_package(RIGHT), say=said.append)
        assert (tmp_path / "twice").stat().st_mtime_ns == before
        assert "there" in said[0]

    def test_what_does_not_hash_as_promised_is_not_kept(self, tmp_path: Path) -> None:
        with pytest.raises(ModelMissing, match="was not kept"):
            fetch_models(tmp_path, table=from_this_package("0" * 64), say=lambda _: None)
        assert list(tmp_path.iterdir()) == []

    def test_a_package_that_is_not_installed_is_named(self, tmp_path: Path) -> None:
        source = Installed(parts=(("no_such_package_here", "part.bin"),))
        table = {"x": Model(name="x", sha256="0" * 64, licence="", source=source)}
        with pytest.raises(ModelMissing, match="no-such-package-here"):
            fetch_models(tmp_path, table=table, say=lambda _: None)

    def test_a_missing_model_says_how_to_get_it(self, tmp_path: Path) -> None:
        with pytest.raises(ModelMissing, match=r"python -m services\.chassis\.models"):
            model_path(KOKORO, tmp_path)

    def test_every_voice_of_the_service_has_its_file(self) -> None:
        from services.video.domain import VOICES

        assert {f"{voice.engine_voice}.bin" for voice in VOICES.values()} <= set(MODELS)
