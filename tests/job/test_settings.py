"""Settings that have a value for each type of job."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.job.__main__ import JobSettings, parse_seconds_by_type


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("video=90", {"copy": 180, "static_ad": 180, "video": 90}), ("", {"copy": 180, "static_ad": 180, "video": 1800})],
)
def test_unnamed_type_has_the_settings_default(text: str, seconds: dict[str, int]) -> None:
    assert parse_seconds_by_type("attempt_seconds", text) == {
        name: timedelta(seconds=number) for name, number in seconds.items()
    }


@pytest.mark.parametrize("text", ["video", "video=0", "video=-1", "vidoe=5", "video=nan", "video=1e99", "video=x"])
def test_invalid_setting_by_type_is_named_in_the_error(text: str) -> None:
    with pytest.raises(SystemExit, match="ADWRIGHT_ATTEMPT_SECONDS"):
        parse_seconds_by_type("attempt_seconds", text)


def test_four_failed_attempts_fail_a_job_by_default() -> None:
    assert JobSettings.model_fields["attempt_failures"].default == 4
