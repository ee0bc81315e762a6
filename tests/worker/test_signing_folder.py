"""The development signing identity is made where a worker may write: the image has its models in a read-only folder."""

from __future__ import annotations

from pathlib import Path

from pydantic import SecretStr

from services.media.provenance import Signing
from services.worker.process import WorkerSettings, signing_of


def test_development_identity_is_not_created_beside_the_models(tmp_path: Path) -> None:
    settings = WorkerSettings(
        models=tmp_path / "image" / "models",
        token_issuer="https://issuer.example",
        token_jwks="jwks.json",
        service_secret=SecretStr("s" * 32),
        assets_url=f"file://{tmp_path}/assets",
    )
    signing = signing_of(settings)
    assert isinstance(signing, Signing)
    assert signing.folder.is_relative_to(Path.home())
    assert not signing.folder.is_relative_to(tmp_path)
