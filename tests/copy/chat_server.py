"""A chat endpoint on a free loopback port: it sends the responses of a test and records the requests."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Response:
    """One HTTP response.

    hang: never respond. cut: close the connection after half of the body.
    """

    status: int = 200
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    hang: bool = False
    cut: bool = False


def completion(content: str, *, tokens: tuple[int, int] = (100, 50)) -> Response:
    """A chat completion with this text; tokens: of prompt and completion."""
    document = {
        "model": "stub-1",
        "choices": [{"message": {"role": "assistant", "content": content}}],
        "usage": {"prompt_tokens": tokens[0], "completion_tokens": tokens[1]},
    }
    return Response(body=json.dumps(document))


class ChatServer:
    """Sends the responses in order and repeats the last one."""

    def __init__(self, responses: list[Response]) -> None:
        self._responses = responses
        self.requests: list[dict[str, Any]] = []
        self.headers: list[str] = []
        self.base_url = ""

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            length = next(
                int(line.split(":")[1]) for line in head.lower().splitlines() if line.startswith("content-length")
            )
            body = await reader.readexactly(length)
            self.requests.append(json.loads(body))
            self.headers.append(head)
            response = self._responses[min(len(self.requests), len(self._responses)) - 1]
            if response.hang:
                await asyncio.Event().wait()
            payload = response.body.encode()
            lines = [f"HTTP/1.1 {response.status} X", f"Content-Length: {len(payload)}", "Connection: close"]
            lines += [f"{name}: {value}" for name, value in response.headers.items()]
            writer.write(
                ("\r\n".join(lines) + "\r\n\r\n").encode() + (payload[: len(payload) // 2] if response.cut else payload)
            )
            await writer.drain()
        finally:
            writer.close()


@asynccontextmanager
async def chat_server(*responses: Response) -> AsyncIterator[ChatServer]:
    """Serves the responses while the block runs."""
    chat = ChatServer(list(responses))
    server = await asyncio.start_server(chat.handle, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    chat.base_url = f"http://127.0.0.1:{port}/v1"
    try:
        yield chat
    finally:
        server.close()
