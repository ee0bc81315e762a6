"""Photos arrive as clients send them, through the gateway: raw or as forms, under any type, in what phones write."""

from __future__ import annotations

import io
import shutil
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.media.heic import heic
from tests.running import Customer
from tests.support import error_of

SEVERAL_FILES = {"a": ("a.png", b"x"), "b": ("b.png", b"y")}


def photo(kind: str = "JPEG", size: tuple[int, int] = (120, 90), mode: str = "RGB", **options: Any) -> bytes:
    content = io.BytesIO()
    Image.effect_noise(size, 60).convert(mode).save(content, kind, **options)
    return content.getvalue()


def upload(customer: Customer, **body: Any) -> httpx.Response:
    return customer.client.post(f"/api/products/{customer.product_id}/image", **body)


def stored(customer: Customer) -> tuple[str, bytes]:
    response = customer.client.get(f"/api/products/{customer.product_id}/image")
    return response.headers["content-type"], response.content


class TestForms:
    @pytest.mark.parametrize("name", ["image", "file", "photo"])
    def test_file_of_a_form_is_stored_as_it_is(self, customer: Customer, name: str) -> None:
        content = photo("PNG") + b"\r\n--\r\n"  # bytes after the end of a PNG, which look like those of a form
        response = upload(customer, files={name: ("my photo.jpg", content, "image/jpeg")}, data={"note": "main"})
        assert response.status_code == 200, response.text
        assert stored(customer) == ("image/png", content)

    def test_curl_form_is_accepted(self, customer: Customer, tmp_path: Path) -> None:
        curl = shutil.which("curl")
        if curl is None:
            pytest.skip("curl is not installed")
        file = tmp_path / "photo.jpg"
        file.write_bytes(photo())
        client = customer.client
        url = str(client.base_url.join(f"/api/products/{customer.product_id}/image"))
        authorization = f"Authorization: {client.headers['authorization']}"
        command = [curl, "-sS", "--fail-with-body", "-H", authorization, "-F", f"image=@{file}", url]
        subprocess.run(command, check=True, capture_output=True, timeout=30)
        assert stored(customer) == ("image/jpeg", file.read_bytes())

    @pytest.mark.parametrize(
        ("form", "words"), [({"files": SEVERAL_FILES}, "2 files"), ({"files": {"image": (None, b"text")}}, "no file")]
    )
    def test_form_without_exactly_one_file_is_refused_with_advice(
        self, customer: Customer, form: dict[str, Any], words: str
    ) -> None:
        message = error_of(upload(customer, **form), 400, "IMAGE_UNREADABLE")["message"]
        assert words in message
        assert "--data-binary" in message

    def test_truncated_form_is_refused(self, customer: Customer) -> None:
        request = httpx.Request("POST", "http://x", files={"image": ("a.jpg", photo(), "image/jpeg")})
        whole = request.read()
        for end in (60, 150, len(whole) // 2, len(whole) - 30):
            body = {"content": whole[:end], "headers": {"content-type": request.headers["content-type"]}}
            error_of(upload(customer, **body), 400, "IMAGE_UNREADABLE")


class TestTypes:
    @pytest.mark.parametrize(
        "declared",
        [
            "image/jpg",
            "image/pjpeg",
            "image/png",
            "binary/octet-stream",
            "application/octet-stream",
            "application/x-www-form-urlencoded",
            "application/json",
            "multipart/form-data",
            "nonsense",
            "",
            None,
        ],
    )
    def test_format_is_read_from_the_bytes_whatever_type_is_declared(
        self, customer: Customer, declared: str | None
    ) -> None:
        content = photo()
        response = upload(customer, content=content, headers={} if declared is None else {"content-type": declared})
        assert response.status_code == 200, response.text
        assert stored(customer) == ("image/jpeg", content)

    @pytest.mark.parametrize(
        ("content", "kind"),
        [
            (photo("MPO", save_all=True, append_images=[Image.new("RGB", (120, 90))]), "image/jpeg"),
            (photo(mode="CMYK"), "image/jpeg"),
            (photo("PNG", mode="I;16"), "image/png"),
            (photo("PNG", save_all=True, append_images=[Image.new("RGB", (120, 90))]), "image/png"),
            (photo("WEBP", save_all=True, append_images=[Image.new("RGB", (120, 90))]), "image/webp"),
        ],
        ids=["MPO", "CMYK", "16 bits", "animated PNG", "animated WebP"],
    )
    def test_what_phones_and_design_tools_write_is_accepted(
        self, customer: Customer, content: bytes, kind: str
    ) -> None:
        assert upload(customer, content=content, headers={"content-type": kind}).status_code == 200
        assert stored(customer) == (kind, content)

    @pytest.mark.parametrize("content", [photo("AVIF"), heic(Image.new("RGB", (120, 90)))], ids=["AVIF", "HEIC"])
    def test_what_few_browsers_show_is_stored_as_jpeg(self, customer: Customer, content: bytes) -> None:
        assert upload(customer, content=content, headers={}).status_code == 200
        kind, picture = stored(customer)
        assert kind == "image/jpeg"
        assert Image.open(io.BytesIO(picture)).size == (120, 90)


class TestRefusals:
    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (photo(size=(60, 60)), "60 x 60 pixels"),
            (photo(size=(64 * 20 + 1, 64)), "strip"),
            (heic(Image.new("RGB", (60, 60))), "60 x 60 pixels"),
            (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200), "PNG, JPEG or WebP"),
            (photo()[:700], "damaged or incomplete"),
            (b"--", "PNG, JPEG or WebP"),
            (b"--x\r\ncontent-disposition: form-data\r\n", "damaged or incomplete"),
        ],
        ids=["60 pixels", "strip", "small HEIC", "broken HEIC", "truncated", "dashes", "start of a form"],
    )
    def test_unusable_photo_is_refused_at_upload_and_the_former_one_stays(
        self, customer: Customer, content: bytes, words: str
    ) -> None:
        former = photo("PNG")
        upload(customer, content=former)
        response = upload(customer, content=content, headers={"content-type": "image/jpeg"})
        assert words in error_of(response, 400, "IMAGE_UNREADABLE")["message"]
        assert stored(customer) == ("image/png", former)

    def test_64_megapixels_are_accepted_and_more_are_not(self, customer: Customer) -> None:
        large, larger = io.BytesIO(), io.BytesIO()
        Image.new("L", (8_000, 8_000)).save(large, "JPEG")
        Image.new("L", (8_000, 8_001)).save(larger, "JPEG")
        assert upload(customer, content=large.getvalue()).status_code == 200
        error_of(upload(customer, content=larger.getvalue()), 413, "IMAGE_TOO_LARGE")
