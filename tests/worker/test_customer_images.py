"""Files of customers and of earlier results, as workers read them from the asset storage."""

from __future__ import annotations

from pathlib import Path

from services.chassis.data.assets import AssetStore
from services.worker.remote.customer_images import CustomerImages
from services.worker.remote.fetcher import Fetcher


async def test_earlier_file_that_was_deleted_or_is_not_named_is_left_out(tmp_path: Path) -> None:
    assets = AssetStore(f"file://{tmp_path}/assets")
    images = CustomerImages(assets=assets, fetcher=Fetcher())
    path = tmp_path / "parent"
    await assets.put_bytes("job/ad.png", b"a picture", "image/png")
    assert await images.earlier_file("job/ad.png", path) == path
    assert path.read_bytes() == b"a picture"
    await assets.delete("job/ad.png")
    for key in ("job/ad.png", ""):
        assert await images.earlier_file(key, tmp_path / "none") is None
    assert not (tmp_path / "none").exists()
