"""Photos from phones and design tools are accepted by content, or refused with advice."""

from __future__ import annotations

import io
import math
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageCms

from services.catalog.errors import ImageTooLarge, ImageUnreadable
from services.catalog.product_photos import checked_photo
from services.chassis.errors import InputFault
from services.media.photo import (
    MAX_ASPECT,
    MAX_PIXELS,
    MAX_PIXELS_OF,
    MAX_SIDE,
    MIN_SIDE,
    converted_photo,
    decode_photo,
)
from services.video.providers.local.photos import decoded
from tests.media.heic import heic

RED, BLUE = (200, 30, 40), (20, 40, 210)


def encoded(picture: Image.Image, kind: str, **options: Any) -> bytes:
    content = io.BytesIO()
    picture.save(content, kind, **options)
    return content.getvalue()


def plain(colour: tuple[int, ...] = RED, mode: str = "RGB", size: tuple[int, int] = (160, 120)) -> Image.Image:
    return Image.new(mode, size, colour)


def several_in_one() -> bytes:
    """Returns a JPEG with a second image after the first (MPO), as phones write it."""
    return encoded(plain(), "MPO", save_all=True, append_images=[plain(BLUE)])


def turned() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return encoded(plain(size=(160, 120)), "JPEG", exif=exif)


def sixteen_bits() -> bytes:
    return encoded(Image.frombytes("I;16", (160, 120), b"\x00\x80" * (160 * 120)), "PNG")


def with_profile() -> bytes:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return encoded(plain(), "PNG", icc_profile=profile)


def seen(content: bytes, folder: Path) -> list[Image.Image]:
    """Decodes the photo as image jobs and as video jobs do."""
    path = folder / "photo"
    path.write_bytes(content)
    return [decode_photo(path), Image.fromarray(decoded(path, named="avatarUrl"))]


@pytest.mark.parametrize(
    ("make", "kind", "colour", "size"),
    [
        (several_in_one, "image/jpeg", RED, (160, 120)),
        (turned, "image/jpeg", RED, (120, 160)),
        (sixteen_bits, "image/png", (128, 128, 128), (160, 120)),
        (with_profile, "image/png", RED, (160, 120)),
        (lambda: encoded(plain((0, 255, 255, 0), "CMYK"), "JPEG"), "image/jpeg", (254, 0, 0), (160, 120)),
        (lambda: encoded(plain((*RED, 255), "RGBA"), "PNG"), "image/png", RED, (160, 120)),
        (lambda: encoded(plain((*RED, 255), "RGBA"), "WEBP", lossless=True), "image/webp", RED, (160, 120)),
        (lambda: encoded(plain().convert("P", palette=Image.Palette.ADAPTIVE), "PNG"), "image/png", RED, (160, 120)),
        (lambda: encoded(plain((90,), "L"), "JPEG"), "image/jpeg", (90, 90, 90), (160, 120)),
    ],
    ids=["several", "turned", "16 bits", "profile", "CMYK", "RGBA", "WebP", "palette", "grey"],
)
def test_photo_format_is_detected_from_content(
    make: Callable[[], bytes], kind: str, colour: tuple[int, int, int], size: tuple[int, int], tmp_path: Path
) -> None:
    content = make()
    assert checked_photo(content)[1] == kind
    for picture in seen(content, tmp_path):
        assert picture.size == size
        pixel = picture.convert("RGB").getpixel((30, 30))
        assert isinstance(pixel, tuple)
        assert all(abs(got - wanted) <= 6 for got, wanted in zip(pixel, colour, strict=True)), (pixel, colour)


def iso_media(brand: bytes) -> bytes:
    return (24).to_bytes(4, "big") + b"ftyp" + brand + b"\0\0\0\0" + brand + b"mif1" + bytes(400)


WIDE = MAX_PIXELS // MAX_SIDE


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"GIF89a", "PNG, JPEG or WebP"),
        (encoded(plain(), "GIF"), "PNG, JPEG or WebP"),
        (b"<!DOCTYPE html><title>404</title>", "web page"),
        (b"%PDF-1.7\n", "PDF"),
        (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
        (iso_media(b"heic"), "PNG, JPEG or WebP"),
        (iso_media(b"avif"), "PNG, JPEG or WebP"),
        (heic(plain())[:-30], "damaged or incomplete"),
        (encoded(plain(), "AVIF")[:-30], "damaged or incomplete"),
        (encoded(plain(size=(800, 600)), "JPEG")[:2000], "damaged or incomplete"),
        (encoded(plain(size=(800, 600)), "PNG", compress_level=0)[:9000], "damaged or incomplete"),
        (several_in_one()[:500], "damaged or incomplete"),
        (encoded(plain(size=(MIN_SIDE - 1, 400)), "PNG"), f"at least {MIN_SIDE}"),
        (encoded(plain(size=(100, 100 * MAX_ASPECT + 1)), "PNG"), f"at most {MAX_ASPECT} times"),
    ],
)
def test_unusable_upload_is_refused_with_advice(content: bytes, words: str) -> None:
    with pytest.raises(ImageUnreadable) as refused:
        checked_photo(content)
    assert words in refused.value.message
    assert "Error" not in refused.value.message


@pytest.mark.parametrize(
    ("make", "kind", "size"),
    [
        (lambda: heic(plain()), "image/jpeg", (160, 120)),
        (lambda: heic(plain(), turned=1), "image/jpeg", (120, 160)),
        (lambda: heic(plain(size=(4000, 3000))), "image/jpeg", (3000, 2250)),
        (lambda: encoded(plain(), "AVIF"), "image/jpeg", (160, 120)),
        (lambda: encoded(plain((*RED, 128), "RGBA"), "AVIF"), "image/webp", (160, 120)),
    ],
    ids=["HEIC", "turned HEIC", "large HEIC", "AVIF", "transparent AVIF"],
)
def test_what_few_browsers_show_is_stored_as_what_all_show(
    make: Callable[[], bytes], kind: str, size: tuple[int, int], tmp_path: Path
) -> None:
    content = make()
    stored, found, _ = checked_photo(content)
    assert found == kind
    with Image.open(io.BytesIO(stored)) as picture:
        assert picture.size == size
        assert (picture.mode == "RGBA") == (kind == "image/webp")
    (tmp_path / "photo").write_bytes(content)  # as imageUrl may give it, unconverted
    pixel = decode_photo(tmp_path / "photo").convert("RGB").getpixel((30, 30))
    assert isinstance(pixel, tuple)
    assert all(abs(got - wanted) <= 8 for got, wanted in zip(pixel, RED, strict=True)), pixel


def test_avif_of_many_pixels_is_refused_before_it_is_decoded() -> None:
    side = math.isqrt(MAX_PIXELS_OF["AVIF"]) + 8
    with pytest.raises(ImageTooLarge, match="24 megapixels"):
        checked_photo(encoded(plain(size=(side, side)), "AVIF", speed=10))


def test_converted_photo_is_never_larger_than_may_be_stored() -> None:
    noise = Image.frombytes("RGBA", (1600, 1600), random.Random(1).randbytes(1600 * 1600 * 4))
    content = encoded(noise, "PNG", compress_level=0)
    whole, _ = converted_photo(content, named="The photo", max_bytes=20_000_000)
    stored, kind = converted_photo(content, named="The photo", max_bytes=len(whole) - 1)
    assert (kind, len(stored) < len(whole)) == ("WEBP", True)
    with pytest.raises(InputFault, match="too much detail"):
        converted_photo(content, named="The photo", max_bytes=1000)


@pytest.mark.parametrize("size", [(MAX_SIDE + 1, 100), (MAX_SIDE, WIDE + 1)])
def test_upload_and_job_refuse_the_same_pixel_counts(size: tuple[int, int], tmp_path: Path) -> None:
    content = encoded(Image.new("1", size), "PNG")
    with pytest.raises(ImageTooLarge) as refused:
        checked_photo(content)
    assert f"{MAX_PIXELS // 1_000_000} megapixels" in refused.value.message
    with pytest.raises(InputFault):
        seen(content, tmp_path)
