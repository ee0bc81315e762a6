"""The queues of Replicate and fal, as engines for pictures and for talking heads use them: order, look, cancel."""

from __future__ import annotations

import json
from typing import Any

from services.worker.remote.provider_client import ProviderClient, text_of
from services.worker.remote.provider_responses import address_of, failure_of, identity_of, state_of
from services.worker.remote.remote_task import NotOrdered, OrderFailed


class ReplicateQueue:
    """`POST {base}/v1/predictions`; polled; cancelled by `POST …/cancel`."""

    def __init__(self, endpoint: ProviderClient) -> None:
        self._endpoint = endpoint

    async def order(self, model: str, inputs: Any) -> str:
        """The id of an order of owner/name or owner/name:version."""
        body: dict[str, Any] = {"input": inputs}
        model, _, version = model.partition(":")
        path = f"/v1/models/{model}/predictions"
        if version:
            path, body["version"] = "/v1/predictions", version
        return identity_of(await self._endpoint.json("POST", path, body=body, once=True), "id")

    async def look(self, order_id: str) -> str | None:
        """The result's address; None while there is none. Raises what `ended` says of an order without one."""
        answer = await state_of(self._endpoint, f"/v1/predictions/{order_id}")
        status = text_of(answer, "status")
        if status in ("starting", "processing"):
            return None
        if status == "succeeded":
            return address_of(answer.get("output"))
        raise failure_of(status, str(answer.get("error") or ""))

    async def cancel(self, order_id: str) -> None:
        await self._endpoint.json("POST", f"/v1/predictions/{order_id}/cancel")


class FalQueue:
    """`POST {base}/{model}`, then the addresses it answers with, which are its own."""

    def __init__(self, endpoint: ProviderClient) -> None:
        self._endpoint = endpoint

    async def order(self, model: str, body: Any) -> str:
        """The addresses of an order, as JSON. Raises TransientFault when they are not the queue's own."""
        answer = await self._endpoint.json("POST", model, body=body, once=True)
        kept = {name: text_of(answer, f"{name}_url") for name in ("status", "response", "cancel")}
        for address in kept.values():
            self._endpoint.url(address)  # refused when it is not the queue's own: the key goes along
        return json.dumps(kept)

    async def look(self, order_id: str) -> dict[str, Any] | None:
        """The model's answer; None while there is none. Raises what `ended` says of an order without one."""
        addresses = json.loads(order_id)
        answer = await state_of(self._endpoint, addresses["status"])
        status = text_of(answer, "status")
        if status in ("IN_QUEUE", "IN_PROGRESS"):
            return None
        if status != "COMPLETED":
            raise failure_of(status, str(answer.get("error") or status))
        try:
            return await state_of(self._endpoint, addresses["response"])
        except NotOrdered as fault:
            if fault.reason == "PROVIDER_REFUSED":  # the queue answers with the model's own error
                raise OrderFailed("PROVIDER_FAILED", fault.message) from None
            raise

    async def cancel(self, order_id: str) -> None:
        await self._endpoint.json("PUT", json.loads(order_id)["cancel"])
