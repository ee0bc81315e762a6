"""How request headers are read."""

from __future__ import annotations

import pytest
from adwright.copy.v1 import copy_pb2
from adwright.image.v1 import image_pb2

from services.chassis.errors import ValidationFailed
from services.chassis.headers import MAX_KEY_LENGTH, digest, idempotency_key, wait_seconds


class TestIdempotencyKey:
    @pytest.mark.parametrize(
        ("text", "key"),
        [
            ("8e03978e-40d5-43dd-bc93-6894a57f9324", "8e03978e-40d5-43dd-bc93-6894a57f9324"),
            ('"8e03978e-40d5"', "8e03978e-40d5"),
            ('"a \\"b\\" \\\\ c"', 'a "b" \\ c'),
            ("a" * MAX_KEY_LENGTH, "a" * MAX_KEY_LENGTH),
        ],
    )
    def test_bare_and_quoted_keys_are_read(self, text: str, key: str) -> None:
        assert idempotency_key([("other", "x"), ("idempotency-key", text)]) == key

    @pytest.mark.parametrize(
        "text", ["", '""', '"', "a b", "a,b", '"a', 'a"', '"a\\b"', "é", '"é"', "a" * (MAX_KEY_LENGTH + 1), '"a", "b"']
    )
    def test_what_is_none_is_refused_by_the_headers_name(self, text: str) -> None:
        with pytest.raises(ValidationFailed) as caught:
            idempotency_key([("idempotency-key", text)])
        assert [violation.field for violation in caught.value.fields] == ["Idempotency-Key"]

    def test_two_are_refused_and_none_is_none(self) -> None:
        with pytest.raises(ValidationFailed):
            idempotency_key([("idempotency-key", "a"), ("idempotency-key", "a")])
        assert idempotency_key(None) == ""


class TestWait:
    @pytest.mark.parametrize(
        ("text", "seconds"),
        [
            ("wait=10", 10),
            ("respond-async, Wait = 7", 7),
            ('wait="5"; foo=1', 5),
            ("wait=100000", 60),
            ("wait=-1", 0),
            ("wait", 0),
            ("wait=1e9", 0),
            ("waiting=3", 0),
            ("", 0),
        ],
    )
    def test_it_is_read_and_bounded_and_rubbish_is_ignored(self, text: str, seconds: int) -> None:
        assert wait_seconds([("prefer", text)]) == seconds


class TestDigest:
    def test_only_the_same_request_has_the_same(self) -> None:
        one = image_pb2.GenerateStaticAdRequest(project_id="a", product_id="b")
        assert digest(one) == digest(image_pb2.GenerateStaticAdRequest(product_id="b", project_id="a"))
        others = [
            image_pb2.GenerateStaticAdRequest(project_id="b", product_id="a"),
            image_pb2.GenerateStaticAdRequest(project_id="a", product_id="b", style=""),
            copy_pb2.GenerateCopyRequest(project_id="a", product_id="b"),
        ]
        assert len({digest(one), *map(digest, others)}) == 4
