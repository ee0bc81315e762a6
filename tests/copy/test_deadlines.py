"""The time that a language model may take fits into every deadline on the way of a request."""

from __future__ import annotations

import re
from typing import Any

import pytest
from pydantic import SecretStr

from cli import api
from gateway.virtual_host import GENERATE_SECONDS
from local.home import ROOT
from services.copy import servicer
from services.copy.__main__ import HEADLINE_SECONDS, LOCAL_MARGIN_SECONDS, CopySettings, create_writers
from services.image.worker import HEADLINE_SECONDS as IMAGE_HEADLINE_SECONDS
from services.job.__main__ import JobSettings, parse_seconds_by_type
from services.worker import submission as submission_calls

LONGEST_MODEL_SECONDS = 120.0
SLOW_TOKENS_PER_SECOND = 10
LONG_COPY_TOKENS = 1_050  # five long texts of about 680 characters, as JSON with the ids of facts


def settings(**values: Any) -> CopySettings:
    return CopySettings(
        listen="127.0.0.1:0", token_issuer="i", token_audience="a", token_jwks="/dev/null",
        service_secret=SecretStr("s" * 32), copy_openai_url="http://127.0.0.1:1/v1", copy_openai_model="m", **values,
    )  # fmt: skip


def test_setting_is_bounded_by_what_the_deadlines_were_made_for() -> None:
    assert settings().copy_openai_seconds == LONGEST_MODEL_SECONDS
    with pytest.raises(ValueError, match="copy_openai_seconds"):
        settings(copy_openai_seconds=LONGEST_MODEL_SECONDS + 1)


def test_slow_model_finishes_by_default() -> None:
    assert settings().copy_openai_seconds * SLOW_TOKENS_PER_SECOND > LONG_COPY_TOKENS


async def test_gateway_job_and_clients_wait_longer_than_the_service() -> None:
    writers = create_writers(settings())
    await writers.copy.close()
    assert writers.write_seconds == LONGEST_MODEL_SECONDS + LOCAL_MARGIN_SECONDS
    pauses = servicer.REPORT_BACKOFF.longest * (servicer.REPORT_ATTEMPTS - 1)
    reports = servicer.REPORT_SECONDS * servicer.REPORT_ATTEMPTS + pauses
    submission = submission_calls.UNDECIDED_SECONDS + submission_calls.SUBMIT_SECONDS  # the last attempt begins in time
    lookups = 2 * submission_calls.LOOKUP_SECONDS  # of the idempotency key and of the brief
    gateway = GENERATE_SECONDS["GenerateCopy"]
    assert lookups + submission + writers.write_seconds + reports < gateway
    assert gateway < api.CALL_SECONDS
    for name in ("attempt_seconds", "total_seconds"):
        limit = parse_seconds_by_type(name, JobSettings.model_fields[name].default)["copy"]
        assert limit.total_seconds() > submission + writers.write_seconds + reports


def test_gateway_drains_its_longest_calls() -> None:
    manifest = (ROOT / "gateway" / "resources" / "gateway.yaml").read_text(encoding="utf-8")
    drain = re.search(r"drainTimeout: (\d+)s", manifest)
    assert drain is not None
    assert int(drain[1]) > GENERATE_SECONDS["GenerateCopy"]


def test_documented_margin_of_proxies_covers_all_but_the_model() -> None:
    margin = GENERATE_SECONDS["GenerateCopy"] - LONGEST_MODEL_SECONDS
    text = (ROOT / "docs" / "proxies.md").read_text(encoding="utf-8")
    cloudflare = re.search(r"ends after (\d+) s \(524\)[^*]*set it to (\d+) or less", text)
    nginx = re.search(r"proxy_read_timeout (\d+)s", text)
    assert cloudflare is not None
    assert nginx is not None
    assert int(cloudflare[2]) + margin <= int(cloudflare[1])
    assert int(nginx[1]) > GENERATE_SECONDS["GenerateCopy"]


def test_stopping_pod_finishes_its_calls() -> None:
    manifest = (ROOT / "deploy" / "base" / "copy.yaml").read_text(encoding="utf-8")
    grace = re.search(r'STOP_GRACE_SECONDS, value: "(\d+)"', manifest)
    assert grace is not None
    assert int(grace[1]) >= GENERATE_SECONDS["GenerateCopy"]


def test_image_worker_waits_longer_than_a_headline_may_take() -> None:
    assert IMAGE_HEADLINE_SECONDS > HEADLINE_SECONDS


def test_without_an_endpoint_the_built_in_engine_keeps_its_short_time() -> None:
    local = settings().model_copy(update={"copy_openai_url": ""})
    assert create_writers(local).write_seconds == servicer.WRITE_SECONDS
