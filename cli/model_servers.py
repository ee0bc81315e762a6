"""Finds language model servers on this machine's loopback address, by asking their HTTP APIs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import httpx

# Default ports: Ollama, llama.cpp's server, vLLM, LM Studio. Any of the servers is recognised on any port.
DEFAULT_PORTS = (11434, 8080, 8000, 1234)
ADDRESSES = ("127.0.0.1", "[::1]")  # loopback only: no other machine is asked
ASK_SECONDS = httpx.Timeout(2.0, connect=0.5)
MAX_BYTES = 1 << 20
MAX_MODELS = 100
_OWNERS = {"llamacpp": "llama.cpp", "vllm": "vLLM", "library": "Ollama", "organization_owner": "LM Studio"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelServer:
    """A server that was found.

    name: Ollama, llama.cpp, vLLM, LM Studio or OpenAI-compatible. url: the base of its OpenAI-compatible API. models:
    names of those that write text, the loaded ones first where the server tells. key_needed: it lists models only to
    those who have its key.
    """

    name: str
    url: str
    version: str = ""
    models: tuple[str, ...] = ()
    key_needed: bool = False


def find_servers(ports: Iterable[int] = DEFAULT_PORTS) -> list[ModelServer]:
    """The servers that answer on these loopback ports, in the order of the ports."""
    return asyncio.run(_find(list(dict.fromkeys(ports))))


async def _find(ports: list[int]) -> list[ModelServer]:
    async with httpx.AsyncClient(timeout=ASK_SECONDS, follow_redirects=False, trust_env=False) as client:
        found = await asyncio.gather(*(_on_port(client, port) for port in ports))
    return [server for server in found if server is not None]


async def _on_port(client: httpx.AsyncClient, port: int) -> ModelServer | None:
    for address in ADDRESSES:
        if server := await _identified(client, f"http://{address}:{port}"):
            return server
    return None


async def _identified(client: httpx.AsyncClient, root: str) -> ModelServer | None:
    status, listed, software = await _get(client, f"{root}/v1/models")
    if status == 0:
        return None
    tags = (await _get(client, f"{root}/api/tags"))[1]
    if isinstance(tags.get("models"), list):
        version = str((await _get(client, f"{root}/api/version"))[1].get("version", ""))
        names = [_text(row, "name") or _text(row, "model") for row in _rows(tags, "models")]
        return _server("Ollama", root, version, names)
    studio = (await _get(client, f"{root}/api/v0/models"))[1]
    if _rows(studio, "data") and all("state" in row for row in _rows(studio, "data")):
        rows = [row for row in _rows(studio, "data") if row.get("type") in ("llm", "vlm")]
        rows.sort(key=lambda row: row.get("state") != "loaded")
        return _server("LM Studio", root, "", [_text(row, "id") for row in rows])
    if status in (401, 403):
        error = listed.get("error")
        if not isinstance(error, dict) or not _text(error, "message") or "type" not in error:
            return None  # any other service that wants a login
        return ModelServer(name="OpenAI-compatible", url=f"{root}/v1", key_needed=True)
    if status != httpx.codes.OK or not isinstance(listed.get("data"), list):
        return None
    rows = _rows(listed, "data")
    owner = _text(rows[0], "owned_by") if rows else ""
    name = "llama.cpp" if software.startswith("llama.cpp") else _OWNERS.get(owner, "OpenAI-compatible")
    version = str((await _get(client, f"{root}/version"))[1].get("version", "")) if name == "vLLM" else ""
    return _server(name, root, version, [_text(row, "id") for row in rows])


def _server(name: str, root: str, version: str, models: list[str]) -> ModelServer:
    texts = [model for model in models if model and "embed" not in model.lower()]
    return ModelServer(name=name, url=f"{root}/v1", version=version[:40], models=tuple(texts[:MAX_MODELS]))


def _rows(document: dict[str, Any], key: str) -> list[dict[str, Any]]:
    rows = document.get(key)
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _text(row: dict[str, Any], key: str) -> str:
    value = row.get(key)
    return value[:200] if isinstance(value, str) else ""


async def _get(client: httpx.AsyncClient, url: str) -> tuple[int, dict[str, Any], str]:
    """Status (0: no HTTP response), the JSON object of the body (empty: none) and the server's name of its software."""
    try:
        async with client.stream("GET", url) as response:
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > MAX_BYTES:
                    return response.status_code, {}, ""
            software = response.headers.get("server", "")
    except (httpx.HTTPError, OSError):
        return 0, {}, ""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        document = {}
    return response.status_code, document if isinstance(document, dict) else {}, software
