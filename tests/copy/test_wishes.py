"""Custom instructions are judged by what texts say, in whatever words; what cannot be proved is not called applied."""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from services.copy.domain import CopyResult
from services.copy.providers.local import LocalCopyProvider
from services.copy.providers.openai import OpenAICopyProvider
from services.copy.providers.wish_judge import says
from tests.copy.chat_server import completion
from tests.copy.chat_transport import SETTINGS, ChatTransport, in_order
from tests.copy.test_openai import ROWS, request_of_bottle

WISHES = tomllib.loads((Path(__file__).parent / "wishes.toml").read_text(encoding="utf-8"))["wish"]


@pytest.mark.parametrize(("wish", "text"), [(wish["says"], text) for wish in WISHES for text in wish["yes"]])
def test_other_words_for_a_wish_are_recognised(wish: str, text: str) -> None:
    assert says(text, wish)


@pytest.mark.parametrize(("wish", "text"), [(wish["says"], text) for wish in WISHES for text in wish["no"]])
def test_texts_that_say_something_else_are_not(wish: str, text: str) -> None:
    assert not says(text, wish)


async def write(instructions: str, *additions: str) -> tuple[CopyResult, ChatTransport]:
    """Five texts, each with one of the additions (repeated in order), for a request with instructions."""
    rows: list[dict[str, Any]] = [
        {**row, "body": f"{row['body']} {additions[place % len(additions)]}".strip()} for place, row in enumerate(ROWS)
    ]
    transport = ChatTransport(in_order(completion(json.dumps({"variants": rows}))))
    provider = OpenAICopyProvider(SETTINGS, LocalCopyProvider(), transport=transport)
    result = await provider.write(replace(request_of_bottle(), custom_instructions=instructions), "seed")
    await provider.close()
    return result, transport


async def test_wish_is_applied_in_other_words_with_one_call() -> None:
    result, transport = await write(
        "Mention free returns", "Send it back free.", "Returns are free.", "Free to return."
    )
    assert len(transport.payloads) == 1
    assert any("said in every variant" in note for note in result.notes.applied)


async def test_wish_that_one_text_leaves_out_is_corrected() -> None:
    _, transport = await write("Mention free returns", *["Returns are free."] * 4, "")
    assert len(transport.payloads) == 2
    assert "does not say “Free returns.”" in transport.documents()[1]["corrections"][0]


async def test_quoted_words_stay_literal() -> None:
    _, transport = await write("Include the phrase “Made to last”", "It lasts.")
    assert "word for word" in transport.documents()[1]["corrections"][0]


async def test_wish_that_cannot_be_checked_is_named_with_the_true_reason() -> None:
    result, transport = await write("Sound like a pirate", "")
    assert transport.documents()[0]["customer_wishes"] == "Sound like a pirate"
    assert not result.notes.applied
    assert any("cannot be checked" in note for note in result.notes.not_applied)


async def test_price_that_is_not_wanted_is_corrected() -> None:
    _, transport = await write("Do not mention the price", "It costs $49.")
    assert "names a price" in transport.documents()[1]["corrections"][0]


async def test_focus_is_proved_by_the_finished_texts() -> None:
    shown, _ = await write("Focus on the summer sale", "Our summer sale is on.")
    missed, _ = await write("Focus on the summer sale", "")
    assert any("summer sale" in note for note in shown.notes.applied)
    assert any("summer sale" in note for note in missed.notes.not_applied)
