"""What the provider writes: files within limits, signed, from photos good and hostile."""

from __future__ import annotations

import struct
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import c2pa
import pytest
import pytest_asyncio
from PIL import Image

from services.chassis import models, photo, provenance
from services.chassis.cutout import TRUSTED, cut_out
from services.chassis.errors import InputFault
from services.image.domain import AspectRatio, MadeImage, Style
from services.image.providers.local import LocalImageProvider
from tests.image.briefs import brief, photo_of_a_cup


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def provider() -> AsyncIterator[LocalImageProvider]:
    made = LocalImageProvider()
    yield made
    await made.close()


@pytest.mark.asyncio(loop_scope="module")
class TestFiles:
    @pytest.mark.parametrize("ratio", list(AspectRatio))
    async def test_a_png_stays_under_the_limit_and_is_signed(
        self, provider: LocalImageProvider, tmp_path: Path, ratio: AspectRatio
    ) -> None:
        steps: list[int] = []
        made = await provider.render(
            brief(style=Style.SEASONAL, aspect_ratio=ratio), tmp_path, lambda percent, stage: steps.append(percent)
        )
        assert made.image.stat().st_size < 1_500_000
        assert steps == sorted(steps)
        with Image.open(made.image) as picture:
            assert picture.size == ratio.pixels == (made.width, made.height)
            assert picture.info.get("icc_profile")
        with Image.open(made.thumbnail) as small:
            assert max(small.size) == 400
        _signed(made)

    @pytest.mark.parametrize("file_format", ["jpeg", "webp"])
    async def test_other_formats_are_signed_too(
        self, provider: LocalImageProvider, tmp_path: Path, file_format: str
    ) -> None:
        made = await provider.render(brief(format=file_format), tmp_path, lambda percent, stage: None)
        assert made.content_type == f"image/{file_format}"
        with Image.open(made.image) as picture:
            assert picture.format == file_format.upper()
        _signed(made)

    async def test_a_picture_that_is_none_fails_in_the_customers_words(
        self, provider: LocalImageProvider, tmp_path: Path
    ) -> None:
        bad = tmp_path / "photo"
        bad.write_text("hello")
        with pytest.raises(InputFault, match="not a picture"):
            await provider.render(brief(photo=bad), tmp_path, lambda percent, stage: None)


def _signed(made: MadeImage) -> None:
    with made.image.open("rb") as content, c2pa.Reader(made.content_type, content) as reader:
        assert reader.get_validation_state() == "Valid"
        assert "digitalsourcetype/compositeSynthetic" in reader.json()


class TestProvenance:
    def test_a_changed_file_is_no_longer_valid(self, tmp_path: Path) -> None:
        path = tmp_path / "ad.png"
        Image.new("RGB", (80, 80), "red").save(path)
        identity = provenance.development_identity(tmp_path / "signing")
        provenance.sign(path, "image/png", identity, title="x", source_type=provenance.COMPOSITE)
        content = bytearray(path.read_bytes())
        content[content.rindex(b"IDAT") + 8] ^= 0xFF
        path.write_bytes(content)
        with path.open("rb") as source, c2pa.Reader("image/png", source) as reader:
            assert reader.get_validation_state() != "Valid"

    def test_the_development_chain_is_made_once(self, tmp_path: Path) -> None:
        assert provenance.development_identity(tmp_path) == provenance.development_identity(tmp_path)


def _claimed_png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


class TestHostilePhotos:
    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (b"", "PHOTO_UNREADABLE"),
            (b"not a picture at all", "PHOTO_UNSUPPORTED"),
            (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "PHOTO_UNSUPPORTED"),
            (_claimed_png(30_000, 30_000), "PHOTO_TOO_LARGE"),
            (_claimed_png(1, 1), "PHOTO_TOO_SMALL"),
            (_claimed_png(900, 900), "PHOTO_DAMAGED"),
        ],
    )
    def test_is_refused_with_a_reason(self, tmp_path: Path, content: bytes, reason: str) -> None:
        path = tmp_path / "photo"
        path.write_bytes(content)
        with pytest.raises(InputFault) as caught:
            photo.decode_photo(path)
        assert caught.value.reason == reason

    @pytest.mark.parametrize("mode", ["CMYK", "L", "P", "1", "RGBA", "LA", "I;16"])
    def test_odd_modes_become_plain_colour(self, tmp_path: Path, mode: str) -> None:
        path = tmp_path / ("photo.tif" if mode in ("CMYK", "I;16") else "photo.png")
        source = Image.linear_gradient("L").resize((300, 200))
        made = Image.frombytes("I;16", (300, 200), b"\x00\x80" * 60_000) if mode == "I;16" else source.convert(mode)
        made.save(path)
        decoded = photo.decode_photo(path)
        assert decoded.mode in ("RGB", "RGBA")
        assert decoded.size == (300, 200)
        if mode == "I;16":
            pixel = decoded.getpixel((5, 5))
            assert isinstance(pixel, tuple)
            assert 120 <= pixel[0] <= 136

    def test_an_animation_gives_its_first_frame(self, tmp_path: Path) -> None:
        path = tmp_path / "photo.gif"
        frames = [Image.new("RGB", (100, 100), colour) for colour in ("red", "blue")]
        frames[0].save(path, save_all=True, append_images=frames[1:])
        pixel = photo.decode_photo(path).convert("RGB").getpixel((50, 50))
        assert isinstance(pixel, tuple)
        assert pixel[0] > 200 > 60 > pixel[2]

    def test_orientation_is_respected(self, tmp_path: Path) -> None:
        path = tmp_path / "photo.jpg"
        exif = Image.Exif()
        exif[0x0112] = 6
        Image.new("RGB", (300, 200), "green").save(path, exif=exif)
        assert photo.decode_photo(path).size == (200, 300)


class TestCutout:
    def test_a_clear_product_is_cut_out_with_confidence(self, tmp_path: Path) -> None:
        try:
            model = models.model_path(models.U2NETP)
        except models.ModelMissing as missing:
            pytest.skip(str(missing))
        cut = cut_out(photo.decode_photo(photo_of_a_cup(tmp_path / "cup.png")), model)
        assert cut.confidence >= TRUSTED
        assert cut.image.size[0] < 700
        assert cut.image.getpixel((0, 0))[3] < 40  # type: ignore[index]

    def test_noise_is_not_taken_for_a_product(self) -> None:
        try:
            model = models.model_path(models.U2NETP)
        except models.ModelMissing as missing:
            pytest.skip(str(missing))
        assert cut_out(Image.effect_noise((500, 500), 90).convert("RGB"), model).confidence < TRUSTED
