"""Strings with U+0000 are found anywhere in a request."""

from __future__ import annotations

import pytest
from adwright.catalog.v1 import catalog_pb2
from adwright.job.v1 import job_pb2
from adwright.video.v1 import video_pb2
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message

from services.chassis.rpc.validation import nul_violations


class TestNul:
    @pytest.mark.parametrize(
        ("request_", "fields"),
        [
            (catalog_pb2.CreateProjectRequest(name="a\0b"), ["name"]),
            (catalog_pb2.CreateProjectRequest(name="a", brand=catalog_pb2.Brand(font="\0")), ["brand.font"]),
            (
                catalog_pb2.CreateProjectRequest(brand=catalog_pb2.Brand(tone_words=["a", "\0", "b\0"])),
                ["brand.toneWords[1]", "brand.toneWords[2]"],
            ),
            (catalog_pb2.UpdateProductRequest(update_mask=FieldMask(paths=["a\0"])), ["updateMask.paths[0]"]),
            (video_pb2.GenerateVideoRequest(pronunciations={"a\0": "b"}), ["pronunciations"]),
            (video_pb2.GenerateVideoRequest(pronunciations={"a": "\0"}), ['pronunciations["a"]']),
            (
                job_pb2.CompleteJobRequest(assets=[job_pb2.StoredAsset(id="x"), job_pb2.StoredAsset(key="\0")]),
                ["assets[1].key"],
            ),
        ],
        ids=lambda value: type(value).__name__ if isinstance(value, Message) else "",
    )
    def test_nul_is_found_in_any_string(self, request_: Message, fields: list[str]) -> None:
        assert [violation.field for violation in nul_violations(request_)] == fields

    def test_bytes_and_numbers_may_contain_zeros(self) -> None:
        assert nul_violations(job_pb2.SubmitJobRequest(user_id="u", parameters=b"\0\0")) == []
        assert nul_violations(video_pb2.GenerateVideoRequest(script="ok", captions=False)) == []
