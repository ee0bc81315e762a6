"""Parsing of request headers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from adwright.copy.v1 import copy_pb2
from adwright.image.v1 import image_pb2

from services.chassis.errors import ValidationFailed
from services.chassis.rpc.request_headers import (
    ARRIVAL_TIME_HEADER,
    MAX_KEY_LENGTH,
    MAX_TRANSIT,
    arrival_time,
    idempotency_key,
    request_digest,
    wait_seconds,
)


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
    def test_malformed_key_is_refused_with_the_name_of_the_header(self, text: str) -> None:
        with pytest.raises(ValidationFailed) as caught:
            idempotency_key([("idempotency-key", text)])
        assert [violation.field for violation in caught.value.fields] == ["Idempotency-Key"]

    def test_two_keys_are_refused_and_no_key_is_empty(self) -> None:
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
    def test_wait_is_parsed_and_bounded_and_malformed_values_are_ignored(self, text: str, seconds: int) -> None:
        assert wait_seconds([("prefer", text)]) == seconds


class TestArrival:
    NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)

    @pytest.mark.parametrize("age", [timedelta(0), timedelta(milliseconds=29), MAX_TRANSIT])
    def test_gateways_timestamp_is_parsed(self, age: timedelta) -> None:
        stamp = f"{(self.NOW - age).timestamp():.6f}"
        assert arrival_time([("other", "x"), (ARRIVAL_TIME_HEADER, stamp)], self.NOW) == self.NOW - age

    @pytest.mark.parametrize("seconds", [0.001, 3600, -MAX_TRANSIT.total_seconds() - 0.001, -86_400.0])
    def test_future_or_old_timestamp_is_ignored(self, seconds: float) -> None:
        assert arrival_time([(ARRIVAL_TIME_HEADER, f"{self.NOW.timestamp() + seconds:.6f}")], self.NOW) == self.NOW

    @pytest.mark.parametrize("text", ["", "now", "1e9", "-1.000", "1767.٣٣٣", "1" * 400 + ".000", "nan", "1767225600"])
    def test_malformed_timestamp_is_ignored(self, text: str) -> None:
        assert arrival_time([(ARRIVAL_TIME_HEADER, text)], self.NOW) == self.NOW

    def test_repeated_or_missing_timestamp_is_ignored(self) -> None:
        stamp = f"{self.NOW.timestamp() - 1:.6f}"
        assert arrival_time([(ARRIVAL_TIME_HEADER, stamp), (ARRIVAL_TIME_HEADER, stamp)], self.NOW) == self.NOW
        assert arrival_time(None, self.NOW) == self.NOW


class TestDigest:
    def test_only_equal_requests_have_equal_digests(self) -> None:
        one = image_pb2.GenerateStaticAdRequest(project_id="a", product_id="b")
        assert request_digest(one) == request_digest(image_pb2.GenerateStaticAdRequest(product_id="b", project_id="a"))
        others = [
            image_pb2.GenerateStaticAdRequest(project_id="b", product_id="a"),
            image_pb2.GenerateStaticAdRequest(project_id="a", product_id="b", style=""),
            copy_pb2.GenerateCopyRequest(project_id="a", product_id="b"),
        ]
        assert len({request_digest(one), *map(request_digest, others)}) == 4
