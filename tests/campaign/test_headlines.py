"""Headlines of versions: a later one says something else than those before, if one can be written."""

from __future__ import annotations

import uuid
from typing import Any, cast
from unittest.mock import Mock

import pytest

from services.campaign.calls import HeadlineRequest
from services.campaign.domain import says_something_else
from services.campaign.runner import HEADLINE_TRIES, MAX_TAKEN, Runner

NAME = "Pocket Ledger"


class Writer:
    """Writes these headlines, one after the other."""

    def __init__(self, *texts: str) -> None:
        self.texts = list(texts)
        self.asked: list[HeadlineRequest] = []

    async def headline(self, wanted: HeadlineRequest) -> str:
        self.asked.append(wanted)
        return self.texts[len(self.asked) - 1]


async def written(writer: Writer, *taken: str) -> str:
    runner: Any = Runner(database=Mock(), calls=cast(Any, writer), clock=Mock())
    wanted = HeadlineRequest(
        user_id="u", project_id=uuid.UUID(int=1), product_id=uuid.UUID(int=2), tone="bold", seed="s", taken=taken
    )
    return str(await runner._new_headline(wanted, NAME))


@pytest.mark.parametrize(
    ("headline", "expected"),
    [
        ("Free for 30 days", False),
        ("Pocket Ledger: free for 30 days", False),
        ("For 30 days free!", False),
        ("Pocket Ledger", False),
        ("Snap receipts", True),
        ("Free for 60 days", True),
    ],
)
def test_only_new_words_say_something_else(headline: str, expected: bool) -> None:
    assert says_something_else(headline, ["Free for 30 days"], NAME) is expected


async def test_writer_is_asked_again_and_told_what_it_has_written() -> None:
    writer = Writer("Pocket Ledger: free for 30 days", "Snap receipts")
    assert await written(writer, "Free for 30 days") == "Snap receipts"
    assert list(writer.asked[1].taken) == ["Free for 30 days", "Pocket Ledger: free for 30 days"]
    assert len({wanted.seed for wanted in writer.asked}) == 2


async def test_where_nothing_else_can_be_written_another_wording_is_taken_after_a_few_tries() -> None:
    writer = Writer(*["Free for 30 days"] * (HEADLINE_TRIES - 1), "Pocket Ledger: free for 30 days")
    assert await written(writer, "Free for 30 days") == "Pocket Ledger: free for 30 days"
    assert len(writer.asked) == HEADLINE_TRIES
    assert max(len(wanted.taken) for wanted in writer.asked) <= MAX_TAKEN


async def test_first_version_is_written_once() -> None:
    writer = Writer("Pocket Ledger")
    assert await written(writer) == "Pocket Ledger"
