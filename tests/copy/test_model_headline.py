"""The lines of pictures come from the model, judged as copy is, or else from the built-in engine."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection
from dataclasses import replace
from typing import Any, cast

import pytest
from adwright.catalog.v1 import catalog_pb2
from adwright.copy.v1 import copy_pb2

from services.copy.domain import CopyBrief, Headline
from services.copy.providers.chat_client import OpenAISettings
from services.copy.providers.local import write_headline
from services.copy.providers.openai import OpenAICopyProvider
from services.copy.servicer import CopyWriterServicer
from tests.copy.chat_server import Response, completion
from tests.copy.chat_transport import SETTINGS, Answer, ChatTransport, in_order
from tests.copy.test_model_facts import understood

LINES = {
    "facts": ["f1"],
    "headline": "Tea in three minutes.",
    "subline": "A litre, boiled in brushed steel.",
    "cta": "Shop now",
}
GOOD = Headline(headline="Tea in three minutes", subline="A litre, boiled in brushed steel.", cta="Shop now")


def reply(**changes: Any) -> Response:
    return completion(json.dumps(LINES | changes))


async def write(
    answer: Answer, brief: CopyBrief | None = None, settings: OpenAISettings = SETTINGS
) -> tuple[Headline, ChatTransport]:
    transport = ChatTransport(answer)
    provider = OpenAICopyProvider(settings, transport=transport)
    headline = await provider.headlines.write(brief or understood(), "seed")
    await provider.close()
    return headline, transport


async def test_model_writes_the_lines_from_the_facts() -> None:
    headline, transport = await write(in_order(reply()))
    assert headline == GOOD
    document = transport.documents()[0]
    assert [fact["id"] for fact in document["facts"]] == ["f1", "f2", "f3", "price"]
    assert document["rules"]["headline_characters_max"] == 48
    assert transport.payloads[0]["response_format"]["json_schema"]["name"] == "ad_headline"


@pytest.mark.parametrize(
    "bad",
    [
        {"headline": "The best kettle in town"},
        {"headline": "Tea " * 20},
        {"subline": "Half the usual price."},
        {"subline": "x" * 100},
        {"headline": "Not suitable for induction hobs"},
        {"headline": ""},
    ],
)
async def test_lines_that_may_not_go_out_are_corrected_once(bad: dict[str, str]) -> None:
    headline, transport = await write(in_order(reply(**bad), reply()))
    assert headline == GOOD
    assert len(transport.payloads) == 2
    assert transport.documents()[1]["corrections"]


@pytest.mark.parametrize("bad", [reply(headline="The best kettle"), completion("Sorry, no."), Response(status=401)])
async def test_built_in_engine_writes_where_the_model_does_not(bad: Response) -> None:
    headline, transport = await write(in_order(bad))
    assert headline == write_headline(understood(), "seed")
    assert len(transport.payloads) <= 2


async def test_built_in_engine_writes_when_the_time_ends() -> None:
    async def answer(_payload: dict[str, Any]) -> Response:
        await asyncio.Event().wait()
        raise AssertionError

    headline, _ = await write(answer, settings=replace(SETTINGS, headline_seconds=0.2))
    assert headline == write_headline(understood(), "seed")


async def test_repeated_attempt_of_a_job_is_not_paid_for_again() -> None:
    transport = ChatTransport(in_order(reply()))
    provider = OpenAICopyProvider(SETTINGS, transport=transport)
    for _ in range(3):
        assert await provider.headlines.write(understood(), "job-1") == GOOD
    assert len(transport.payloads) == 1
    await provider.headlines.write(understood(), "job-2")
    assert len(transport.payloads) == 2
    await provider.close()


async def test_offers_of_the_instructions_are_said_on_the_picture() -> None:
    brief = replace(understood(), custom_instructions="Mention free returns")
    headline, transport = await write(in_order(reply(), reply(subline="Send it back free.")), brief)
    assert headline.subline == "Send it back free."
    assert len(transport.payloads) == 2


async def test_call_to_action_alone_asks_no_model() -> None:
    asked: list[str] = []

    class Writer:
        async def write(self, brief: CopyBrief, seed: str, taken: Collection[str] = ()) -> Headline:
            asked.append(seed)
            return GOOD

    servicer = CopyWriterServicer(Writer())
    product = catalog_pb2.Product(name="Alder Kettle", description="Boils a litre in three minutes.")
    request = copy_pb2.WriteHeadlineRequest(
        brief=catalog_pb2.Brief(project=catalog_pb2.Project(name="Alder"), product=product), seed="s"
    )
    assert (await servicer.WriteHeadline(request, cast(Any, None))).headline == GOOD.headline
    request.call_to_action_only = True
    assert (await servicer.WriteHeadline(request, cast(Any, None))).call_to_action
    request.product_texts.extend(["Cures cancer in a week", "Free parking"])
    assert list((await servicer.WriteHeadline(request, cast(Any, None))).forbidden_texts) == ["Cures cancer in a week"]
    assert asked == ["s"]
