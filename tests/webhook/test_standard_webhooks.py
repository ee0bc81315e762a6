"""The library `standardwebhooks`, which shares nothing with this project, accepts deliveries and no changed ones."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from deploy.studio import BuildError
from tests.support import until_async
from tests.webhook.harness import Receiver, WebhookHarness, receiving
from tests.webhook.standard_library import REFUSED, Delivery, types_in_javascript, types_in_python

Types = Callable[[str, list[Delivery]], list[str]]


@pytest.mark.parametrize("types", [types_in_python, types_in_javascript])
async def test_the_library_verifies_a_delivery(harness: WebhookHarness, types: Types) -> None:
    async with receiving(Receiver()) as receiver, harness.dispatching():
        endpoint = await harness.endpoint(receiver.url)
        other = await harness.endpoint(receiver.url, user="somebody else")
        await harness.feed().read()
        harness.end_job()
        await harness.feed().read()
        await until_async(lambda: bool(receiver.requests))
    [(headers, body)] = receiver.requests
    sent: list[Delivery] = [
        (headers, body),
        (headers, body.replace(b"completed", b"canceled!")),
        ({**headers, "webhook-id": "evt_other"}, body),
        ({**headers, "webhook-timestamp": "1700000000"}, body),
    ]
    try:
        assert types(endpoint.secret, sent) == ["job.completed", REFUSED, REFUSED, REFUSED]
        assert types(other.secret, sent) == [REFUSED] * len(sent)
    except BuildError as error:
        pytest.skip(f"npm cannot fetch the library: {error}")
