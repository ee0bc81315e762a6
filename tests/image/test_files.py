"""Files of the local image provider: size limits, signatures, valid and hostile photos."""

from __future__ import annotations

import json
import random
import struct
import zlib
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import c2pa
import numpy
import pytest
import pytest_asyncio
from cryptography import x509
from PIL import Image, ImageDraw, ImageFilter

from services.chassis.errors import InputFault
from services.image.domain import AspectRatio, Changes, RenderedImage, Style
from services.image.providers.local import LocalImageProvider, export, studio
from services.image.providers.local.composer import compose
from services.image.providers.local.studio import read_photo
from services.media import model_files, photo, provenance
from services.media.cutout import MIN_CONFIDENCE, Cutout, cut_out, cut_out_by_alpha, opaque
from tests.image.briefs import brief, photo_of_a_cup


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def provider() -> AsyncIterator[LocalImageProvider]:
    made = LocalImageProvider(niceness=0)  # beside the renderings of other tests, 10 would get a tenth of a core
    yield made
    await made.close()


@pytest.mark.asyncio(loop_scope="module")
class TestFiles:
    @pytest.mark.parametrize("ratio", list(AspectRatio))
    async def test_png_is_below_size_limit_and_signed(
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
        _check_text_areas(made)

    @pytest.mark.parametrize("file_format", ["jpeg", "webp"])
    async def test_jpeg_and_webp_are_signed(
        self, provider: LocalImageProvider, tmp_path: Path, file_format: str
    ) -> None:
        made = await provider.render(brief(style=Style.BOLD, format=file_format), tmp_path, lambda percent, stage: None)
        assert made.content_type == f"image/{file_format}"
        with Image.open(made.image) as picture:
            assert picture.format == file_format.upper()
        _signed(made)

    @pytest.mark.parametrize("file_format", ["JPEG", "TIFF"])
    async def test_photo_is_a_capture_and_an_ingredient(
        self, provider: LocalImageProvider, tmp_path: Path, file_format: str
    ) -> None:
        photo_path = tmp_path / "photo"  # stored without a suffix, as the worker does
        Image.new("RGB", (600, 500), (120, 60, 30)).save(photo_path, file_format)
        made = await provider.render(brief(photo=photo_path), tmp_path, lambda percent, stage: None)
        (photo_of_it,) = _signed(made, provenance.SOURCE_PHOTO_COMPOSITE)
        assert (photo_of_it["title"], photo_of_it["relationship"]) == ("Product photo", "componentOf")
        assert photo_of_it["format"] == f"image/{file_format.lower()}"

    @pytest.mark.parametrize("file_format", ["png", "jpeg", "webp"])
    async def test_picture_before_a_change_is_the_parent_in_the_manifest(
        self, provider: LocalImageProvider, tmp_path: Path, file_format: str
    ) -> None:
        folders = [tmp_path / name for name in ("before", "after")]
        for folder in folders:
            folder.mkdir()
        photo = tmp_path / "photo"
        Image.new("RGB", (600, 500), (120, 60, 30)).save(photo, "PNG")
        first = brief(format=file_format, photo=photo)
        before = await provider.render(first, folders[0], lambda percent, stage: None)
        changed = replace(first, parent=before.image, changes=Changes(palette=("#0a7d3c",)))
        after = await provider.draw_again(changed, folders[1], lambda percent, stage: None)
        parent, placed = _signed(after, provenance.SOURCE_PHOTO_COMPOSITE)
        assert (parent["relationship"], placed["relationship"]) == ("parentOf", "componentOf")
        assert parent["format"] == f"image/{file_format}"
        # The parent's own manifest goes along, and names the file that was delivered.
        assert parent["active_manifest"] == _manifest_of(before)
        with after.image.open("rb") as content, c2pa.Reader(after.content_type, content) as reader:
            manifests = json.loads(reader.json())
        assert parent["active_manifest"] in manifests["manifests"]
        actions = _actions(manifests["manifests"][manifests["active_manifest"]])
        assert [action["action"] for action in actions] == ["c2pa.opened", "c2pa.edited", "c2pa.placed"]
        grown = after.image.stat().st_size - before.image.stat().st_size
        assert grown < 60_000, grown

    async def test_file_that_its_parent_makes_too_large_is_signed_without_it(
        self, provider: LocalImageProvider, tmp_path: Path
    ) -> None:
        made = await provider.render(brief(format="jpeg"), tmp_path, lambda percent, stage: None)
        parent = provenance.Ingredient.of(made.image, title="Before")
        assert parent is not None
        identity = provenance.development_identity(tmp_path / "identity")
        found = []
        for room in (60_000, 5_000):
            child = tmp_path / f"child-{room}.jpg"
            Image.new("RGB", (300, 300), "#205080").save(child)
            provenance.sign(
                child, "image/jpeg", identity, title="Child", source_type=provenance.SOURCE_DRAWN, parent=parent,
                parent_limit=child.stat().st_size + room,
            )  # fmt: skip
            with child.open("rb") as content, c2pa.Reader("image/jpeg", content) as reader:
                assert reader.get_validation_state() == "Valid"
                manifests = json.loads(reader.json())
            found.append(len(manifests["manifests"]))
        assert found == [2, 1]

    async def test_picture_drawn_again_merges_as_many_tones_as_before(
        self, provider: LocalImageProvider, tmp_path: Path
    ) -> None:
        folders = [tmp_path / name for name in ("before", "after")]
        for folder in folders:
            folder.mkdir()
        before = await provider.render(brief(), folders[0], lambda percent, stage: None)
        assert before.scene is not None
        assert before.scene.png_step == 1
        changes = Changes(replaced=(("cta", "See it"),), digest=before.scene.digest, png_step=8)
        after = await provider.draw_again(brief(changes=changes), folders[1], lambda percent, stage: None)
        assert after.scene is not None
        assert after.scene.png_step == 8

    async def test_scene_of_a_model_is_marked_as_ai(self, provider: LocalImageProvider, tmp_path: Path) -> None:
        scene = tmp_path / "scene"
        Image.new("RGB", (1080, 1080), (20, 90, 120)).save(scene, "PNG")
        made = await provider.compose(brief(), tmp_path, lambda percent, stage: None, scene=scene, provider="openai")
        assert _signed(made, provenance.SOURCE_MODEL_COMPOSITE) == []

    async def test_operator_certificate_signs_if_configured(self, tmp_path: Path) -> None:
        own = provenance.development_identity(tmp_path / "own")
        chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
        chain.write_bytes(own.chain)
        key.write_bytes(own.key)
        provider = LocalImageProvider(signing=provenance.Signing(chain=chain, key=key), niceness=0)
        made = await provider.render(brief(), tmp_path, lambda percent, stage: None)
        await provider.close()
        with made.image.open("rb") as content, c2pa.Reader(made.content_type, content) as reader:
            manifests = json.loads(reader.json())
        signature = manifests["manifests"][manifests["active_manifest"]]["signature_info"]
        assert int(signature["cert_serial_number"]) == x509.load_pem_x509_certificate(own.chain).serial_number

    async def test_invalid_photo_fails_with_customer_message(
        self, provider: LocalImageProvider, tmp_path: Path
    ) -> None:
        bad = tmp_path / "photo"
        bad.write_text("hello")
        with pytest.raises(InputFault, match="not a supported image"):
            await provider.render(brief(photo=bad), tmp_path, lambda percent, stage: None)


def _check_text_areas(made: RenderedImage) -> None:
    """Checks that ink and ground meet at the edges of every recorded line of type, with the recorded contrast."""
    assert made.text_areas is not None
    assert {"headline", "call_to_action"} <= {area.role for area in made.text_areas}
    with Image.open(made.image) as picture:
        grey = numpy.asarray(picture.convert("L")).astype(int)
    for area in made.text_areas:
        assert area.contrast >= area.contrast_needed, area
        left, right = round(area.left * made.width), round(area.right * made.width)
        top, bottom = round(area.top * made.height), round(area.bottom * made.height)
        inside = grey[top:bottom, left:right]
        for edge in (inside[:4], inside[-4:], inside[:, :4], inside[:, -4:]):
            assert numpy.ptp(edge) > 40, area  # a letter begins here


def _signed(made: RenderedImage, source_type: str = provenance.SOURCE_DRAWN) -> list[dict[str, str]]:
    """Checks that C2PA and XMP name the source type; returns the manifest's ingredients."""
    with made.image.open("rb") as content, c2pa.Reader(made.content_type, content) as reader:
        assert reader.get_validation_state() == "Valid"
        manifests = json.loads(reader.json())
    manifest = manifests["manifests"][manifests["active_manifest"]]
    stated = [action["digitalSourceType"] for action in _actions(manifest) if "digitalSourceType" in action]
    assert stated == [source_type]
    in_xmp, _, alt_text = _xmp_fields(made.image)
    assert in_xmp == source_type
    assert alt_text == made.alt_text
    ingredients: list[dict[str, str]] = manifest.get("ingredients", [])
    return ingredients


def _actions(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    return next(each["data"]["actions"] for each in manifest["assertions"] if "actions" in each["label"])


def _manifest_of(made: RenderedImage) -> str:
    """The label of a file's own manifest."""
    with made.image.open("rb") as content, c2pa.Reader(made.content_type, content) as reader:
        return str(json.loads(reader.json())["active_manifest"])


def _xmp_fields(path: Path) -> tuple[str, str, str]:
    """Returns digital source type, title and alternative text of a file's XMP."""
    core, rdf = "{http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/}", "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
    with Image.open(path) as picture:
        packet = picture.info.get("xmp") or picture.info["XML:com.adobe.xmp"].encode()
    about = ElementTree.fromstring(packet).find(f"{rdf}RDF/{rdf}Description")
    assert about is not None
    source = about.get("{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}DigitalSourceType", "")
    title = about.findtext(f"{{http://purl.org/dc/elements/1.1/}}title/{rdf}Alt/{rdf}li", "")
    return source, title, about.findtext(f"{core}AltTextAccessibility/{rdf}Alt/{rdf}li", "")


class TestFileLimits:
    @pytest.mark.parametrize(
        "ratio",
        # The largest picture stands for all; make test-all has the others.
        [pytest.param(ratio, marks=[] if ratio is AspectRatio.STORY else pytest.mark.slow) for ratio in AspectRatio],
    )
    def test_png_of_noise_is_below_size_limit(self, tmp_path: Path, ratio: AspectRatio) -> None:
        width, height = ratio.pixels
        noise = numpy.random.default_rng(1).integers(0, 256, (height, width, 4), dtype=numpy.uint8)
        export.write_image(noise, tmp_path / "ad.png", "png")
        assert (tmp_path / "ad.png").stat().st_size <= export.PNG_LIMIT

    def test_special_characters_do_not_break_xmp(self, tmp_path: Path) -> None:
        words = 'Tom & Jerry\'s <b>"best"</b> ]]> ☕'
        packet = export.xmp_packet(source_type="x", title=words, alt_text=words)
        grey = numpy.full((80, 80, 4), 90, dtype=numpy.uint8)
        for file_format in export.SUFFIXES:
            export.write_image(grey, tmp_path / "ad", file_format, packet=packet)
            assert _xmp_fields(tmp_path / "ad") == ("x", words, words)


class TestProvenance:
    def test_changed_file_fails_validation(self, tmp_path: Path) -> None:
        path = tmp_path / "ad.png"
        Image.new("RGB", (80, 80), "red").save(path)
        identity = provenance.development_identity(tmp_path / "signing")
        provenance.sign(path, "image/png", identity, title="x", source_type=provenance.SOURCE_DRAWN)
        content = bytearray(path.read_bytes())
        content[content.rindex(b"IDAT") + 8] ^= 0xFF
        path.write_bytes(content)
        with path.open("rb") as source, c2pa.Reader("image/png", source) as reader:
            assert reader.get_validation_state() != "Valid"

    def test_development_chain_is_created_once(self, tmp_path: Path) -> None:
        assert provenance.development_identity(tmp_path) == provenance.development_identity(tmp_path)
        assert (tmp_path / provenance.DEVELOPMENT_FILE).stat().st_mode & 0o077 == 0

    def test_concurrent_workers_share_one_development_chain(self, tmp_path: Path) -> None:
        for number in range(12):
            folder = tmp_path / str(number)
            with ThreadPoolExecutor(8) as pool:
                made = set(pool.map(provenance.development_identity, [folder] * 8))
            assert len(made) == 1
            assert [path.name for path in folder.iterdir()] == [provenance.DEVELOPMENT_FILE]


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
    def test_hostile_photo_is_refused_with_reason(self, tmp_path: Path, content: bytes, reason: str) -> None:
        path = tmp_path / "photo"
        path.write_bytes(content)
        with pytest.raises(InputFault) as caught:
            photo.decode_photo(path)
        assert caught.value.reason == reason

    @pytest.mark.parametrize("mode", ["CMYK", "L", "P", "1", "RGBA", "LA", "I;16"])
    def test_unusual_colour_modes_become_rgb(self, tmp_path: Path, mode: str) -> None:
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

    def test_animation_yields_first_frame(self, tmp_path: Path) -> None:
        path = tmp_path / "photo.gif"
        frames = [Image.new("RGB", (100, 100), colour) for colour in ("red", "blue")]
        frames[0].save(path, save_all=True, append_images=frames[1:])
        pixel = photo.decode_photo(path).convert("RGB").getpixel((50, 50))
        assert isinstance(pixel, tuple)
        assert pixel[0] > 200 > 60 > pixel[2]

    def test_exif_orientation_is_applied(self, tmp_path: Path) -> None:
        path = tmp_path / "photo.jpg"
        exif = Image.Exif()
        exif[0x0112] = 6
        Image.new("RGB", (300, 200), "green").save(path, exif=exif)
        assert photo.decode_photo(path).size == (200, 300)


def _bottle(size: tuple[int, int] = (400, 600), alpha: int = 255) -> Image.Image:
    """Draws a blue bottle on a transparent background whose hidden colour is pink."""
    picture = Image.new("RGBA", size, (255, 0, 160, 0))
    width, height = size
    ImageDraw.Draw(picture).rounded_rectangle(
        (width * 0.3, height * 0.1, width * 0.7, height * 0.9), width * 0.1, fill=(20, 60, 200, alpha)
    )
    return picture


def _dot() -> Image.Image:
    picture = Image.new("RGBA", (500, 500), (0, 0, 0, 0))
    picture.paste((200, 30, 30, 255), (240, 240, 260, 260))
    return picture


def _palette(picture: Image.Image) -> Image.Image:
    """Returns the bottle in palette mode, with entry 0 transparent."""
    made = Image.new("P", picture.size, 0)
    made.putpalette([255, 0, 160, 20, 60, 200])
    made.paste(1, mask=picture.getchannel("A").point(lambda value: 255 if value > 127 else 0))
    made.info["transparency"] = 0
    return made


def _colour_key(picture: Image.Image) -> Image.Image:
    """Returns the bottle in RGB, with one colour declared transparent."""
    made = Image.new("RGB", picture.size, (255, 0, 160))
    made.paste(picture, mask=picture.getchannel("A"))
    made.info["transparency"] = (255, 0, 160)
    return made


class TestTransparentPhotos:
    @pytest.mark.parametrize(
        "make",
        [
            _bottle,
            lambda: _bottle().convert("LA"),
            lambda: _palette(_bottle()),
            lambda: _colour_key(_bottle()),
            lambda: _palette(_bottle((2800, 4200))),
            lambda: _colour_key(_bottle((2800, 4200))),
        ],
        ids=["RGBA", "grey", "palette", "colour key", "large palette", "large colour key"],
    )
    def test_transparency_defines_product_outline(self, tmp_path: Path, make: Callable[[], Image.Image]) -> None:
        made = make()
        made.save(tmp_path / "photo.png")
        decoded = photo.decode_photo(tmp_path / "photo.png")
        cut = cut_out_by_alpha(decoded)
        assert cut is not None
        width, height = decoded.size
        assert abs(cut.image.width - width * 0.4) < 4
        assert abs(cut.image.height - height * 0.8) < 4
        pixels = numpy.asarray(cut.image).astype(int)
        seen = pixels[pixels[..., 3] > 100]
        assert (abs(seen[:, 0] - seen[:, 1]) < 60).all(), "what was under the transparent pixels shows"

    def test_rounded_corners_are_not_a_cut_out(self, tmp_path: Path) -> None:
        made = Image.new("RGB", (500, 500), (120, 160, 90)).convert("RGBA")
        mask = Image.new("L", made.size, 0)
        ImageDraw.Draw(mask).rounded_rectangle((0, 0, 499, 499), 40, fill=255)
        made.putalpha(mask)
        assert cut_out_by_alpha(made) is None
        corner = opaque(made).getpixel((0, 0))
        assert corner == (255, 255, 255)

    @pytest.mark.parametrize(
        "made",
        [
            Image.new("RGBA", (500, 500), (200, 30, 30, 0)),
            Image.new("LA", (500, 500), (90, 0)),
            Image.new("RGBA", (500, 500), (200, 30, 30, 12)),
            _bottle(alpha=30),
            _dot(),
        ],
        ids=["nothing", "grey nothing", "a breath", "faint", "tiny"],
    )
    async def test_fully_transparent_photo_is_an_input_fault(self, tmp_path: Path, made: Image.Image) -> None:
        made.save(tmp_path / "photo.png")
        with pytest.raises(InputFault) as caught:
            read_photo(tmp_path / "photo.png", None)
        assert caught.value.reason == "PHOTO_EMPTY"

    @pytest.mark.parametrize("ratio", [AspectRatio.SQUARE, AspectRatio.STORY])
    def test_glass_keeps_its_transparency(self, ratio: AspectRatio, tmp_path: Path) -> None:
        _bottle(alpha=110).save(tmp_path / "photo.png")
        made = compose(brief(aspect_ratio=ratio), photo=read_photo(tmp_path / "photo.png", None))
        assert any("transparency" in note for note in made.notes)

    @pytest.mark.parametrize("size", [(1800, 64), (64, 1800)])
    def test_very_narrow_product_is_placed(self, size: tuple[int, int], tmp_path: Path) -> None:
        Image.new("RGB", size, (120, 60, 30)).save(tmp_path / "photo.png")
        for ratio in AspectRatio:
            made = compose(brief(aspect_ratio=ratio), photo=read_photo(tmp_path / "photo.png", None))
            assert made.proof.product is not None
            assert made.proof.frame.whole.contains(made.proof.product, 1.0)

    def test_soft_shadow_goes_and_a_pair_stays(self) -> None:
        made = Image.new("RGBA", (600, 600), (0, 0, 0, 0))
        pen = ImageDraw.Draw(made)
        pen.ellipse((60, 420, 560, 520), fill=(0, 0, 0, 90))  # a shadow baked into the file
        pen.rectangle((100, 80, 240, 460), fill=(200, 40, 40, 255))
        pen.rectangle((320, 80, 460, 460), fill=(200, 40, 40, 255))
        pen.rectangle((540, 20, 560, 40), fill=(10, 10, 10, 255))  # a speck
        cut = cut_out_by_alpha(made)
        assert cut is not None
        assert cut.stands
        assert abs(cut.image.width - 361) <= 8
        assert abs(cut.image.height - 381) <= 8
        assert float((numpy.asarray(cut.image)[..., 3] > 40).mean()) < 0.85  # the gap between the two is open

    @pytest.mark.parametrize(("gap", "kept"), [(8, True), (90, False)])
    def test_solid_piece_beside_the_product_stays_and_one_apart_from_it_goes(self, gap: int, kept: bool) -> None:
        made = Image.new("RGBA", (600, 600), (0, 0, 0, 0))
        pen = ImageDraw.Draw(made)
        pen.rectangle((100, 100, 340, 500), fill=(200, 40, 40, 255))
        pen.rectangle((340 + gap, 200, 370 + gap, 400), fill=(160, 30, 30, 255))  # a handle, or something else
        pen.rectangle((100, 505, 106, 508), fill=(10, 10, 10, 255))  # a speck
        cut = cut_out_by_alpha(made)
        assert cut is not None
        assert abs(cut.image.width - (271 + gap if kept else 241)) <= 8
        assert abs(cut.image.height - 401) <= 8

    def test_old_background_does_not_stay_as_a_rim(self) -> None:
        made = _bottle()
        pen = ImageDraw.Draw(made)
        pen.rounded_rectangle((120, 60, 280, 540), 40, outline=(255, 0, 255, 160), width=2)
        cut = cut_out_by_alpha(made)
        assert cut is not None
        pixels = numpy.asarray(cut.image).astype(int)
        seen = pixels[pixels[..., 3] > 40]
        assert (seen[:, 0] < 60).all()

    @pytest.mark.parametrize("kind", ["photo with a margin", "ghost"])
    def test_transparency_that_outlines_no_product_is_not_trusted(self, kind: str, tmp_path: Path) -> None:
        made = Image.new("RGBA", (600, 500), (0, 0, 0, 0))
        if kind == "ghost":
            ImageDraw.Draw(made).ellipse((100, 100, 500, 400), fill=(40, 60, 200, 70))
        else:
            made.paste((90, 120, 60, 255), (0, 80, 600, 420))
        assert cut_out_by_alpha(made) is None
        made.save(tmp_path / "photo.png")
        read = read_photo(tmp_path / "photo.png", None)
        assert not read.cut_out
        assert "kept its background" in read.note

    def test_things_seen_from_above_do_not_stand(self) -> None:
        made = Image.new("RGBA", (600, 600), (0, 0, 0, 0))
        ImageDraw.Draw(made).ellipse((50, 50, 550, 550), fill=(180, 160, 140, 255))
        plate, bottle = cut_out_by_alpha(made), cut_out_by_alpha(_bottle())
        assert plate is not None
        assert bottle is not None
        assert not plate.stands
        assert bottle.stands


@pytest.fixture(scope="module")
def cup(tmp_path_factory: pytest.TempPathFactory) -> tuple[Image.Image, Cutout]:
    """The photo of a cup, and what is cut out of it."""
    try:
        model = model_files.model_path(model_files.U2NETP)
    except model_files.ModelMissing as missing:
        pytest.skip(str(missing))
    picture = photo.decode_photo(photo_of_a_cup(tmp_path_factory.mktemp("cup") / "cup.png"))
    return picture, cut_out(picture, model)


class TestCutout:
    @pytest.mark.parametrize("side", ["bottom", "left"])
    def test_product_that_runs_off_the_photo_is_not_cut_out(
        self, cup: tuple[Image.Image, Cutout], tmp_path: Path, side: str
    ) -> None:
        whole, cut = cup
        assert cut.trusted
        box = (0, 0, whole.width, 560) if side == "bottom" else (420, 0, whole.width, whole.height)
        whole.crop(box).save(tmp_path / "cropped.png")
        read = read_photo(tmp_path / "cropped.png", model_files.model_path(model_files.U2NETP))
        assert not read.cut_out
        assert side in read.note

    def test_clear_product_is_cut_out_with_high_confidence(self, cup: tuple[Image.Image, Cutout]) -> None:
        _, cut = cup
        assert cut.confidence >= MIN_CONFIDENCE
        assert 480 < cut.image.size[0] < 700  # with its handle
        assert cut.image.getpixel((0, 0))[3] < 40  # type: ignore[index]

    @pytest.mark.parametrize(
        ("seed", "doubt"),
        [
            (13, ""),
            (2, "its outline is not certain"),  # the mirror image gives another mask, the nearer part the same
            (19, "its outline is not certain"),  # the nearer part gives another mask, the mirror image the same
        ],
    )
    def test_cut_out_is_trusted_if_mirror_image_and_nearer_part_give_the_same_mask(self, seed: int, doubt: str) -> None:
        try:
            model = model_files.model_path(model_files.U2NETP)
        except model_files.ModelMissing as missing:
            pytest.skip(str(missing))
        cut = cut_out(_shapes(seed), model)
        assert cut.confidence >= 0.75  # sure by itself
        assert cut.doubt == doubt

    def test_noise_has_low_cut_out_confidence(self) -> None:
        try:
            model = model_files.model_path(model_files.U2NETP)
        except model_files.ModelMissing as missing:
            pytest.skip(str(missing))
        assert cut_out(Image.effect_noise((500, 500), 90).convert("RGB"), model).confidence < MIN_CONFIDENCE


def _shapes(seed: int) -> Image.Image:
    """Returns a picture of two to four plain shapes beside or upon each other."""
    draw = random.Random(seed)
    picture = Image.new("RGB", (480, 480), tuple(draw.randrange(140, 235) for _ in range(3)))
    pen = ImageDraw.Draw(picture)
    for _ in range(draw.randrange(2, 5)):
        x, y = draw.randrange(90, 300), draw.randrange(90, 300)
        wide, high = draw.randrange(50, 160), draw.randrange(50, 160)
        colour = tuple(draw.randrange(20, 230) for _ in range(3))
        kind = draw.choice(["ellipse", "rectangle", "polygon", "line"])
        if kind == "ellipse":
            pen.ellipse((x, y, x + wide, y + high), fill=colour)
        elif kind == "rectangle":
            pen.rectangle((x, y, x + wide, y + high), fill=colour)
        elif kind == "polygon":
            pen.polygon([(x, y), (x + wide, y + high // 3), (x + wide // 2, y + high)], fill=colour)
        else:
            pen.line((x, y, x + wide, y + high), fill=colour, width=draw.randrange(10, 30))
    return picture.filter(ImageFilter.GaussianBlur(1))


def test_photo_of_further_pictures_is_not_cut_out_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures of a set show the same photo, and another one in its place is seen."""
    model, seen = tmp_path / "model", list[tuple[int, int]]()

    def counted(image: Image.Image, path: Path) -> Cutout:
        seen.append(image.size)
        return Cutout(image=image.convert("RGBA"), confidence=1.0)

    monkeypatch.setattr(studio, "cut_out", counted)
    path = tmp_path / "photo.png"
    for side in (300, 300, 301, 302, 300):
        Image.new("RGB", (side, side), "teal").save(path)
        assert read_photo(path, model).image.width() == side
    assert [width for width, _ in seen] == [300, 301, 302, 300]  # the last two are kept
