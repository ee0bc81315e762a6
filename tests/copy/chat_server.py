"""A hand-written chat endpoint on a free loopback port: it answers what a test lays out for it, and keeps what it was
asked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Answer:
    """One answer of the endpoint: a status and a body; `hang` never answers, `cut` hangs up half-way."""

    status: int = 200
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    hang: bool = False
    cut: bool = False


def says(content: str, *, tokens: tuple[int, int] = (100, 50)) -> Answer:
    """A chat completion with this text."""
    document = {
        "model": "stub-1",
        "choices": [{"message": {"role": "assistant", "content": content}}],
        "usage": {"prompt_tokens": tokens[0], "completion_tokens": tokens[1]},
    }
    return Answer(body=json.dumps(document))


class ChatServer:
    """Answers in the order laid out; the last answer is repeated."""

    def __init__(self, answers: list[Answer]) -> None:
        self._answers = answers
        self.asked: list[dict[str, Any]] = []
        self.headers: list[str] = []
        self.base_url = ""

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            length = next(
                int(line.split(":")[1]) for line in head.lower().splitlines() if line.startswith("content-length")
            )
            body = await reader.readexactly(length)
            self.asked.append(json.loads(body))
            self.headers.append(head)
            answer = self._answers[min(len(self.asked), len(self._answers)) - 1]
            if answer.hang:
                await asyncio.Event().wait()
            payload = answer.body.encode()
            lines = [f"HTTP/1.1 {answer.status} X", f"Content-Length: {len(payload)}", "Connection: close"]
            lines += [f"{name}: {value}" for name, value in answer.headers.items()]
            writer.write(
                ("\r\n".join(lines) + "\r\n\r\n").encode() + (payload[: len(payload) // 2] if answer.cut else payload)
            )
            await writer.drain()
        finally:
            writer.close()


@asynccontextmanager
async def chat_server(*answers: Answer) -> AsyncIterator[ChatServer]:
    """Serves the answers until the block ends."""
    chat = ChatServer(list(answers))
    server = await asyncio.start_server(chat.handle, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    chat.base_url = f"http://127.0.0.1:{port}/v1"
    try:
        yield chat
    finally:
        server.close()
