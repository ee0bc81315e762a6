"""Task queues of Replicate and fal, for the image and the video engines: submit, poll, cancel."""

from __future__ import annotations

import json
from typing import Any

from services.worker.remote.provider_client import ProviderClient, text_of
from services.worker.remote.provider_responses import failure_of, fetch_state, result_url_of, task_id_of
from services.worker.remote.remote_task import TaskFailed, TaskNotAccepted


class ReplicateQueue:
    """Submits by `POST {base}/v1/predictions`, polls the prediction, cancels by `POST …/cancel`."""

    def __init__(self, client: ProviderClient) -> None:
        self._client = client

    async def submit(self, model: str, inputs: Any) -> str:
        """Submits a prediction of owner/name or owner/name:version. Returns its id."""
        body: dict[str, Any] = {"input": inputs}
        model, _, version = model.partition(":")
        path = f"/v1/models/{model}/predictions"
        if version:
            path, body["version"] = "/v1/predictions", version
        return task_id_of(await self._client.request_json("POST", path, body=body, at_most_once=True), "id")

    async def poll(self, task_id: str) -> str | None:
        """Returns the URL of the result, None while there is none. Raises TaskFailed or InputFault (see failure_of)."""
        response = await fetch_state(self._client, f"/v1/predictions/{task_id}")
        status = text_of(response, "status")
        if status in ("starting", "processing"):
            return None
        if status == "succeeded":
            return result_url_of(response.get("output"))
        raise failure_of(status, str(response.get("error") or ""))

    async def cancel(self, task_id: str) -> None:
        await self._client.request_json("POST", f"/v1/predictions/{task_id}/cancel")


class FalQueue:
    """Submits by `POST {base}/{model}`, and then uses the URLs in the response, which must be of the same origin."""

    def __init__(self, client: ProviderClient) -> None:
        self._client = client

    async def submit(self, model: str, body: Any) -> str:
        """Submits a request. Returns its URLs as JSON. Raises TransientFault when they are of another origin."""
        response = await self._client.request_json("POST", model, body=body, at_most_once=True)
        urls = {name: text_of(response, f"{name}_url") for name in ("status", "response", "cancel")}
        for url in urls.values():
            self._client.url(url)  # rejects other origins, since requests to these URLs carry the key
        return json.dumps(urls)

    async def poll(self, task_id: str) -> dict[str, Any] | None:
        """Returns the model's output, None while there is none. Raises TaskFailed or InputFault (see failure_of)."""
        urls = json.loads(task_id)
        response = await fetch_state(self._client, urls["status"])
        status = text_of(response, "status")
        if status in ("IN_QUEUE", "IN_PROGRESS"):
            return None
        if status != "COMPLETED":
            raise failure_of(status, str(response.get("error") or status))
        try:
            return await fetch_state(self._client, urls["response"])
        except TaskNotAccepted as fault:
            if fault.reason == "PROVIDER_REFUSED":  # the status of a failed model is passed on
                raise TaskFailed("PROVIDER_FAILED", fault.message) from None
            raise

    async def cancel(self, task_id: str) -> None:
        await self._client.request_json("PUT", json.loads(task_id)["cancel"])
