"""The price list names every type of job, each with a price that can be charged."""

from __future__ import annotations

import pytest

from services.billing.domain import prices_of


class TestPrices:
    def test_price_list_is_parsed(self) -> None:
        listed = {
            "copy": 1,
            "static_ad": 3,
            "video": 40,
            "video_product": 20,
            "static_ad_variant": 2,
            "video_variant": 7,
        }
        text = "copy=1, static_ad=3,video=40,video_product=20,static_ad_variant=2,video_variant=7"
        assert prices_of(text) == listed

    def test_price_list_from_before_a_type_existed_has_its_default(self) -> None:
        listed = {
            "copy": 1,
            "static_ad": 3,
            "video": 40,
            "video_product": 15,
            "static_ad_variant": 1,
            "video_variant": 5,
        }
        assert prices_of("copy=1, static_ad=3,video=40") == listed

    @pytest.mark.parametrize(
        "text", ["copy=1", "copy=1,static_ad=3,video=0", "copy=1,static_ad=3,video=40,vidoe=1", "copy=1,static_ad=x"]
    )
    def test_incomplete_or_malformed_price_list_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"must have the form|must name"):
            prices_of(text)
