"""Portraits that users upload as avatars: owned, deletable, and stored only with consent."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from PIL import Image

from tests.running import Customer, RunningSystem
from tests.support import SCRIPT, error_of


@pytest.fixture(scope="module")
def face(system: RunningSystem) -> bytes:
    """A picture with one face."""
    return picture(system.customer(0).client.get("/api/avatars/finn/preview").content)


def picture(*pasted: bytes, width: int = 800) -> bytes:
    """A grey picture with others pasted side by side."""
    canvas = Image.new("RGB", (width, 800), "#9fb4c8")
    for number, content in enumerate(pasted):
        side = width // len(pasted)
        canvas.paste(Image.open(io.BytesIO(content)).convert("RGB").resize((side, side)), (number * side, 0))
    saved = io.BytesIO()
    canvas.save(saved, "PNG")
    return saved.getvalue()


class TestPortraits:
    def test_portrait_belongs_to_its_owner_from_upload_to_deletion(
        self, system: RunningSystem, customer: Customer, face: bytes
    ) -> None:
        files = system.home.assets / "catalog" / "portraits"
        others = set(files.glob("*"))  # of other tests
        stored = customer.client.post("/api/avatars?name=Ana&consent=1", content=face).json()
        assert (stored["name"], stored["consentVersion"], stored["faces"]) == ("Ana", "1", 1)
        assert not stored.pop("notes", [])
        assert [file.read_bytes() for file in files.iterdir() if file not in others] == [face]
        listed = customer.client.get("/api/avatars").json()
        assert {**listed["avatars"][0], "notes": []} == {**stored, "notes": []}
        assert listed["consent"]["version"] == "1"
        assert customer.client.get(stored["previewUrl"]).content == face

        other = system.customer(100)
        assert stored["id"] not in {avatar["id"] for avatar in other.client.get("/api/avatars").json()["avatars"]}
        body = {**other.ids, "script": SCRIPT, "avatarId": stored["id"]}
        assert error_of(other.client.post("/api/generate/video", json=body), 400)["reason"] == "UNKNOWN_AVATAR"
        assert other.credits["available"] == 100
        assert error_of(other.client.delete(f"/api/avatars/{stored['id']}"), 404)["reason"] == "AVATAR_NOT_FOUND"

        job = customer.client.post("/api/generate/video", json={**body, **customer.ids}).json()
        assert customer.client.post("/api/generate/cancel", json={"jobId": job["jobId"]}).json()["status"] == "canceled"
        spelling = {**body, **customer.ids, "avatarId": stored["id"].replace("-", "")}
        assert error_of(customer.client.post("/api/generate/video", json=spelling), 400)["reason"] == "UNKNOWN_AVATAR"
        assert customer.client.delete(f"/api/avatars/{stored['id']}").status_code == 200
        assert set(files.glob("*")) == others
        assert error_of(customer.client.get(stored["previewUrl"]), 404)["reason"] == "AVATAR_NOT_FOUND"
        assert not customer.client.get("/api/avatars").json()["avatars"][0].get("uploaded")

    @pytest.mark.parametrize("consent", ["", "?consent=0", "?consent=00000000-0000-4000-8000-000000000000"])
    def test_nothing_is_stored_without_consent_to_the_current_text(
        self, system: RunningSystem, face: bytes, consent: str
    ) -> None:
        customer = system.customer(0)
        refused = error_of(customer.client.post(f"/api/avatars{consent}", content=face), 400)
        assert refused["reason"] == "CONSENT_REQUIRED"
        assert refused["fields"][0]["field"] == "consent"
        assert not customer.client.get("/api/avatars").json()["avatars"][0].get("uploaded")

    def test_no_face_and_two_faces_are_named(self, customer: Customer, face: bytes) -> None:
        upload = "/api/avatars?consent=1"
        none = customer.client.post(upload, content=picture()).json()
        assert none["faces"] == 0
        assert none["notes"][0].startswith("No face was found in the portrait")
        two = customer.client.post(upload, content=picture(face, face, width=1600)).json()
        assert two["faces"] == 2
        assert two["notes"] == ["The portrait shows 2 faces; the largest one speaks."]

    def test_what_is_no_portrait_is_refused(self, customer: Customer) -> None:
        for content, reason in ((b"no picture", "IMAGE_UNREADABLE"), (b"", "IMAGE_UNREADABLE")):
            refused = customer.client.post("/api/avatars?consent=1", content=content)
            assert error_of(refused, 400)["reason"] == reason

    def test_user_has_one_upload_checked_at_a_time(self, customer: Customer, face: bytes) -> None:
        def upload(_number: int) -> httpx.Response:
            return customer.client.post("/api/avatars?consent=1", content=face)

        with ThreadPoolExecutor(3) as uploads:
            answers = list(uploads.map(upload, range(3)))
        refused = [answer for answer in answers if answer.status_code != 200]
        assert 1 <= len(refused) <= 2
        assert all(error_of(answer, 503)["retryable"] for answer in refused)
        assert upload(3).status_code == 200
