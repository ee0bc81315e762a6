"""The library `standardwebhooks`, which shares nothing with this project, accepts deliveries and no changed ones."""

from __future__ import annotations

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from tests.support import until_async
from tests.webhook.harness import Receiver, WebhookHarness, receiving


async def test_the_library_verifies_a_delivery(harness: WebhookHarness) -> None:
    async with receiving(Receiver()) as receiver, harness.dispatching():
        endpoint = await harness.endpoint(receiver.url)
        other = await harness.endpoint(receiver.url, user="somebody else")
        await harness.feed().read()
        harness.end_job()
        await harness.feed().read()
        await until_async(lambda: bool(receiver.requests))
    [(headers, body)] = receiver.requests
    assert Webhook(endpoint.secret).verify(body, headers)["type"] == "job.completed"
    refused = {
        "another body": (endpoint.secret, headers, body.replace(b"completed", b"canceled!")),
        "another user's secret": (other.secret, headers, body),
        "another id": (endpoint.secret, {**headers, "webhook-id": "evt_other"}, body),
        "an old time": (endpoint.secret, {**headers, "webhook-timestamp": "1700000000"}, body),
    }
    for what, (secret, sent, content) in refused.items():
        with pytest.raises(WebhookVerificationError):
            pytest.fail(f"accepted {what}: {Webhook(secret).verify(content, sent)}")
